//! `kubecred demo`: logins that expire, are refused, fail and rotate under load, on loopback.
//!
//! [`world`] is what the logins meet, [`plan`] what goes wrong, [`load`] the requests, [`tally`]
//! and [`timeline`] what comes of them, [`outcome`] what is told in the end. [`openid`] and [`front`]
//! are demos of their own: `kubecred demo login` and `kubecred demo proxy`.

mod ending;
mod front;
mod issuer;
mod load;
mod login;
mod openid;
mod outcome;
mod plan;
mod plugin;
mod progress;
mod random;
mod table;
mod tally;
mod timeline;
mod world;

pub(crate) use openid::DemoBrowser;
pub(crate) use plugin::DemoPlugin;

use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::event_formatter::EventFormatter;
use crate::report::{Exit, Report};
use crate::verbose_log::VerboseLog;
use crate::{settings, signals};
use clap::Args;
use kubecred_core::policy::Backoff;
use kubecred_core::{Event, Generation, Policy, Profile, Proxy, StdinState};
use kubecred_tokio::{Auth, Client, PluginStderr};
use load::Load;
use login::Login;
use outcome::Outcome;
use plan::Incident;
use progress::Progress;
use std::sync::Arc;
use std::time::Duration;
use tally::{Counts, Tally};
use timeline::{Timeline, Who};
use tokio::time::sleep;
use world::{Tallies, World};

/// By which the demo's kubeconfig gives its plugin the identity provider's secret.
const PLUGIN_SECRET: &str = "KUBECRED_DEMO_SECRET";

/// How long after its time a demo goes on if something planned has not come about yet.
const EXTRA_TIME: Duration = Duration::from_secs(10);

/// How long after a revocation that went unnoticed there is another.
const AGAIN: Duration = Duration::from_millis(500);

/// A request that takes longer than this has failed.
const TOO_LONG: Duration = Duration::from_secs(10);

/// How often to look whether it has.
const GLANCE: Duration = Duration::from_millis(50);

const HELP: &str = "\
Examples:
  kubecred demo
  kubecred demo --seconds 60 --workers 200
  kubecred demo --json | jq .logins
  kubecred demo login
  kubecred demo proxy

Starts an API server with TLS on loopback, writes a kubeconfig for it to a temporary directory, and
sends requests under load with three logins: an exec plugin whose tokens expire after three seconds,
client certificate files, and a token file. Meanwhile the server revokes a token, the plugin fails
once, and certificate and token are replaced on disk. It needs no other program and no network, and
leaves no files behind.

Exit codes: 0 no request failed and every planned event happened; 1 otherwise; 2 invalid command
line; 7 output; 129, 130, 143 signals.";

/// Demonstrate credentials that expire, are revoked and rotate under load, with a local server
#[derive(Args, Clone, Debug)]
#[command(after_help = HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct Demo {
    /// Duration of the load
    #[arg(long, value_name = "N", default_value_t = 15,
          value_parser = clap::value_parser!(u32).range(6..=3600))]
    seconds: u32,
    /// Number of workers; each sends one request at a time
    #[arg(long, value_name = "N", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(3..=1000))]
    workers: u32,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    other: Option<OtherDemo>,
}

/// What else there is to see.
#[derive(clap::Subcommand, Clone, Debug)]
enum OtherDemo {
    Login(openid::DemoLogin),
    Proxy(front::DemoProxy),
}

impl Demo {
    /// How long to keep up the load.
    fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }
}

impl Run for Demo {
    fn run(self, _before: ConnectionFlags) -> Result<(), Report> {
        match &self.other {
            Some(OtherDemo::Login(login)) => login.run(),
            Some(OtherDemo::Proxy(proxy)) => proxy.run(),
            None => ending::play(self.json, play(&self)),
        }
    }
}

async fn play(demo: &Demo) -> Result<Outcome, Report> {
    let (timeline, tallies) = (Timeline::start(), Tallies::default());
    let certificate_life = plan::certificate_life(demo.duration());
    let world = World::start(&timeline, &tallies, certificate_life);
    let world = world.await.map_err(ending::failed)?;
    let mut load = Load::default();
    let mut auths = Vec::new();
    for login in Login::ALL {
        let auth = log_in(login, &world, &timeline, &tallies)?;
        let client = Client::new(auth.clone()).map_err(|error| {
            Report::new(Exit::ErrorStatus, format_args!("{}: {error}", login.name()))
        })?;
        load.add(login, login.share(demo.workers), client, &timeline, &tallies);
        auths.push(auth);
    }
    let mut progress = Progress::start(
        demo.seconds,
        &format!(
            "API server at {}, {} workers, {} seconds; kubeconfig (while it lasts): {}",
            world.server.url(),
            demo.workers,
            demo.seconds,
            world.kubeconfig().display()
        ),
    );
    let interrupted = tokio::select! {
        () = conduct(demo, &world, &tallies, &timeline) => false,
        never = progress.show(&timeline, || so_far(&tallies, &world)) => match never {},
        _ = signals::ended() => true,
    };
    load.stop().await;
    for auth in auths {
        auth.close().await;
    }
    progress.end();
    Ok(Outcome::new(demo, &world, &tallies, &timeline, interrupted))
}

/// How it is getting on, in a line.
fn so_far(tallies: &Tallies, world: &World) -> String {
    let counts = Login::ALL.map(|login| tallies[login as usize].read());
    let sum: Counts = counts.into_iter().sum();
    format!(
        "{} requests, {} failed, {} sent again; plugin runs {}, rotations {}",
        table::count(sum.requests),
        sum.failed,
        sum.refused,
        world.issuer.asked(),
        sum.rotations,
    )
}

/// Makes things go wrong in time, then waits until the time is up and all of it has come about.
async fn conduct(demo: &Demo, world: &World, tallies: &Tallies, timeline: &Timeline) {
    for (incident, at) in plan::plan(demo.duration()) {
        sleep(at.saturating_sub(timeline.elapsed())).await;
        if let Err(error) = incident.happen(world) {
            timeline.mark(Who::Disk, format!("{incident:?} could not be made to happen: {error}"));
        }
    }
    sleep(demo.duration().saturating_sub(timeline.elapsed())).await;
    let latest = demo.duration() + EXTRA_TIME;
    while timeline.elapsed() < latest
        && Incident::ALL.iter().any(|incident| !incident.came_about(world, tallies))
    {
        // A token that was being renewed in that very moment was refused to nobody.
        if !Incident::Revocation.came_about(world, tallies) {
            world.revoke_plugin_token();
            sleep(AGAIN).await;
        }
        sleep(GLANCE).await;
    }
}

fn log_in(
    login: Login,
    world: &World,
    timeline: &Timeline,
    tallies: &Tallies,
) -> Result<Auth, Report> {
    let (tallies, mut held) = (Arc::clone(tallies), None);
    Ok(log_in_with(profile(login, world)?, Who::Kubecred(login), timeline, move |event| {
        count(event, &mut held, &tallies[login as usize]);
    }))
}

/// A login whose events, and what its plugin says, are on the timeline.
fn log_in_with(
    profile: Profile,
    who: Who,
    timeline: &Timeline,
    mut see: impl FnMut(&Event) + Send + 'static,
) -> Auth {
    let said = {
        let timeline = timeline.clone();
        move |text: &[u8]| {
            for line in String::from_utf8_lossy(text).lines() {
                timeline.mark(Who::Plugin, line);
            }
        }
    };
    let auth = Auth::builder()
        .policy(policy())
        .plugin_stderr(PluginStderr::Capture(Arc::new(said)))
        .profile(profile);
    let (mut events, timeline) = (auth.events(), timeline.clone());
    tokio::spawn(async move {
        let mut formatter = EventFormatter::default();
        while let Some(event) = events.next().await {
            timeline.mark(who, formatter.format(&event));
            see(&event);
        }
    });
    auth
}

fn profile(login: Login, world: &World) -> Result<Profile, Report> {
    let flags = ConnectionFlags {
        kubeconfig: Some(world.kubeconfig().to_string_lossy().into_owned()),
        context: Some(login.name().into()),
        ..ConnectionFlags::default()
    };
    let mut profile = settings::profile(&flags, StdinState::default(), VerboseLog::new(false))?;
    profile.cluster.proxy = Proxy::Direct; // no proxy leads to this machine's loopback
    profile.timeout = Some(TOO_LONG);
    Ok(profile)
}

/// As everywhere, but for the pause after a failure: a second is long in the life of a token that
/// has three.
fn policy() -> Policy {
    let backoff = Backoff { initial: Duration::from_millis(250), max: Duration::from_secs(2) };
    Policy { backoff, ..Policy::default() }
}

fn count(event: &Event, held: &mut Option<Generation>, tally: &Tally) {
    match event {
        Event::Renewed { generation, .. } => {
            let before = held.replace(*generation);
            if before.is_some_and(|before| before != *generation) {
                tally.rotation();
            }
        }
        Event::Failed { .. } => tally.failure_to_renew(),
        _ => {}
    }
}
