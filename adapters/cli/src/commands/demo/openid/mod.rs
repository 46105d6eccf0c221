//! `kubecred demo login`: a login with an OpenID provider from its beginning to its end, on loopback.
//!
//! [`place`] is what it needs, [`browser`] the browser if nobody is there, [`outcome`] what is told
//! in the end.

mod browser;
mod outcome;
mod place;

pub(crate) use browser::DemoBrowser;

use super::ending::{self, failed};
use super::timeline::{Timeline, Who};
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use crate::verbose_log::VerboseLog;
use crate::{settings, signals};
use clap::Args;
use kubecred_core::{Profile, Proxy, StdinState};
use kubecred_tokio::{Auth, Client, PluginStderr};
use outcome::{Counts, Outcome};
use place::Place;
use std::io::Write;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How many times the token shall end and be refreshed.
const REFRESHES: usize = 2;

/// How long that may take. A token lives for a few seconds.
const TOO_LONG: Duration = Duration::from_secs(60);

/// The pause between one request and the next.
const PAUSE: Duration = Duration::from_millis(700);

/// What is asked for.
const PATH: &str = "/api/v1/namespaces/default/pods";

const HELP: &str = "\
Examples:
  kubecred demo login
  kubecred demo login --headless

Starts an OpenID provider and an API server on loopback, and writes a kubeconfig whose user runs
kubecred get-token to a temporary directory. The first request opens your browser: log in there.
Then requests go on, each as a run of kubectl would make it: the token ends after a few seconds, and
is refreshed without you. At last the demo logs out, and the provider revokes what it had given. A
timeline says who did what. It needs nothing else and leaves nothing behind.

Exit codes: 0 one login, the token was refreshed, no request failed, and nothing is left after the
logout; 1 otherwise; 2 invalid command line; 7 output; 129, 130, 143 signals.";

/// Show a login with an OpenID provider: browser, refresh, logout, on this machine
#[derive(Args, Clone, Debug)]
#[command(after_help = HELP)]
pub(crate) struct DemoLogin {
    /// Let a small scripted browser log in, instead of you in yours
    #[arg(long)]
    headless: bool,
    /// Print the address to open, instead of opening it
    #[arg(long, conflicts_with = "headless")]
    skip_open_browser: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl DemoLogin {
    /// Plays the demo and tells what came of it.
    pub(super) fn run(&self) -> Result<(), Report> {
        ending::play(self.json, self.play())
    }

    async fn play(&self) -> Result<Outcome, Report> {
        let timeline = Timeline::start();
        let place = Place::start(self, &timeline).await.map_err(failed)?;
        say(&format!(
            "identity provider at {}, API server at {}; kubeconfig (while it lasts): {}",
            place.provider.issuer(),
            place.server.url(),
            place.kubeconfig().display()
        ));
        let mut counts = Counts::default();
        let played = tokio::select! {
            played = self.acts(&place, &timeline, &mut counts) => Some(played),
            _ = signals::ended() => None,
        };
        let interrupted = played.is_none();
        if let Some(Err(report)) = played {
            return Err(report);
        }
        Ok(Outcome::new(&place, counts, &timeline, interrupted))
    }

    /// Login, requests until the token has been refreshed, logout.
    async fn acts(
        &self,
        place: &Place,
        timeline: &Timeline,
        counts: &mut Counts,
    ) -> Result<(), Report> {
        if !self.headless {
            say("the first request needs you: log in in the browser");
        }
        // A login that fails has been said, and there is no sense in going on.
        if !request(place, timeline, counts).await? {
            return Ok(());
        }
        say("logged in; requests go on until the token has been refreshed twice");
        let begin = Instant::now();
        while place.heard.refreshes() < REFRESHES && begin.elapsed() < TOO_LONG {
            sleep(PAUSE).await;
            request(place, timeline, counts).await?;
        }
        say("logging out");
        let logout = place.program(&["logout", "--revoke"]).await.map_err(failed)?;
        timeline.mark(Who::Program, format!("logout --revoke: {}", logout.said()));
        let status = place.program(&["status"]).await.map_err(failed)?;
        counts.logged_out = logout.code == Some(0) && status.code == Some(3);
        timeline.mark(Who::Program, format!("status: {}", status.said()));
        Ok(())
    }
}

/// One request, as a run of kubectl makes it: the kubeconfig is read, the plugin runs. Says whether
/// it was answered well.
async fn request(place: &Place, timeline: &Timeline, counts: &mut Counts) -> Result<bool, Report> {
    let begin = Instant::now();
    // What the plugin says goes to the terminal at once: it may be the address to open.
    let auth = Auth::builder().plugin_stderr(PluginStderr::Inherit).profile(profile(place)?);
    let client = Client::new(auth.clone())
        .map_err(|error| Report::new(Exit::ErrorStatus, format_args!("demo: {error}")))?;
    let answer = client.get(PATH).await;
    auth.close().await;
    counts.requests += 1;
    let (good, text) = match answer {
        Ok(response) => (response.status().is_success(), response.status().as_u16().to_string()),
        Err(error) => (false, error.to_string()),
    };
    counts.failed += usize::from(!good);
    let took = begin.elapsed().as_millis();
    timeline.mark(Who::Kubectl, format!("GET {PATH}: {text} ({took} ms)"));
    Ok(good)
}

fn profile(place: &Place) -> Result<Profile, Report> {
    let flags = ConnectionFlags {
        kubeconfig: Some(place.kubeconfig().to_string_lossy().into_owned()),
        ..ConnectionFlags::default()
    };
    let mut profile = settings::profile(&flags, StdinState::default(), VerboseLog::new(false))?;
    profile.cluster.proxy = Proxy::Direct; // no proxy leads to this machine's loopback
    Ok(profile)
}

/// On standard error: the outcome goes to standard output.
fn say(text: &str) {
    let text = format!("{}\n", kubecred_core::printable(text));
    // Nobody has to watch.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
