//! `kubecred demo proxy`: the proxy and the gate under load, while what they depend on fails.
//!
//! [`stage`] is where it happens, made of [`servers`]; [`plan`] what goes wrong, and [`outage`] who
//! may notice the worst of it; [`way`] and [`load`] are the requests, [`outcome`] what is told in the
//! end.

mod load;
mod outage;
mod outcome;
mod plan;
mod servers;
mod stage;
mod way;

pub(crate) use way::Way;

use super::ending::{self, failed};
use super::progress::Progress;
use super::table::count;
use super::tally::{Counts, Tally};
use super::timeline::{Timeline, Who};
use super::{AGAIN, EXTRA_TIME, GLANCE};
use crate::report::Report;
use crate::signals;
use clap::Args;
use kubecred_core::{Profile, Proxy};
use kubecred_tokio::Auth;
use kubecred_tokio::client::{Upstream, UpstreamOptions};
use load::Load;
use outcome::Outcome;
use plan::Incident;
use stage::Stage;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Counters by way.
type Tallies = Arc<[Tally; Way::ALL.len()]>;

/// What callers ask for.
const PATH: &str = "/api/v1/namespaces/default/pods";

const HELP: &str = "\
Examples:
  kubecred demo proxy
  kubecred demo proxy --seconds 60 --workers 200
  kubecred demo proxy --json | jq .through

Starts an API server, kubecred proxy, kubecred gate and an application on loopback, and sends
requests: through the proxy without a credential, whose login is an exec plugin with tokens of three
seconds; and through the gate, with a long-lived token, with tokens of three seconds, and with one
that is revoked. Meanwhile the API server refuses the proxy's token, the plugin fails once, and the
API server is down for three seconds. It needs no other program and no network, and leaves no files
behind.

While the API server is down, requests may be told to come back (503 with Retry-After), and do; the
gate goes on with tokens that it has seen (as with --stale 5s). Any other failure is one that need
not have been.

Exit codes: 0 no request failed that need not have, and every planned event happened; 1 otherwise;
2 invalid command line; 7 output; 129, 130, 143 signals.";

/// Show proxy and gate under load, while logins expire and the API server goes down
#[derive(Args, Clone, Debug)]
#[command(after_help = HELP)]
pub(crate) struct DemoProxy {
    /// Duration of the load
    #[arg(long, value_name = "N", default_value_t = 15,
          value_parser = clap::value_parser!(u32).range(8..=3600))]
    seconds: u32,
    /// Number of workers; each sends one request at a time
    #[arg(long, value_name = "N", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(5..=1000))]
    workers: u32,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl DemoProxy {
    /// Plays the demo and tells what came of it.
    pub(super) fn run(&self) -> Result<(), Report> {
        ending::play(self.json, self.play())
    }

    async fn play(&self) -> Result<Outcome, Report> {
        let (timeline, tallies) = (Timeline::start(), Tallies::default());
        let stage = Arc::new(Stage::start(&timeline, &tallies).await?);
        let [proxy, gate] = &stage.entrances;
        let mut load = Load::new(&stage, &timeline, &tallies);
        let entrances = [entrance(proxy)?, entrance(gate)?];
        for way in Way::ALL {
            let [proxy, gate] = &entrances;
            let entrance = if way == Way::Proxy { proxy } else { gate };
            load.add(way, way.share(self.workers), entrance);
        }
        let mut progress = Progress::start(
            self.seconds,
            &format!(
                "API server at {}, proxy at {proxy}, gate at {gate}, {} workers, {} seconds; \
                 kubeconfig of the proxy (while it lasts): {}",
                stage.server_url(),
                self.workers,
                self.seconds,
                stage.kubeconfig().display()
            ),
        );
        let interrupted = tokio::select! {
            () = self.conduct(&stage, &tallies, &timeline) => false,
            never = progress.show(&timeline, || so_far(&tallies, &stage)) => match never {},
            _ = signals::ended() => true,
        };
        load.stop().await;
        let outcome = Outcome::new(self, &stage, &tallies, &timeline, interrupted);
        stage.end().await;
        progress.end();
        Ok(outcome)
    }

    /// Makes things go wrong in time, then waits until the time is up and all of it has come about.
    async fn conduct(&self, stage: &Stage, tallies: &Tallies, timeline: &Timeline) {
        let duration = Duration::from_secs(self.seconds.into());
        for (incident, at) in plan::plan(duration) {
            sleep(at.saturating_sub(timeline.elapsed())).await;
            if let Err(error) = incident.happen(stage).await {
                let what = format!("{incident:?} could not be made to happen: {error}");
                timeline.mark(Who::Server, what);
            }
        }
        sleep(duration.saturating_sub(timeline.elapsed())).await;
        let latest = duration + EXTRA_TIME;
        while timeline.elapsed() < latest
            && Incident::ALL.iter().any(|incident| !incident.came_about(stage, tallies))
        {
            // A token that was being renewed in that very moment was refused to nobody.
            if !Incident::LoginRevoked.came_about(stage, tallies) {
                stage.revoke_login();
                sleep(AGAIN).await;
            }
            sleep(GLANCE).await;
        }
    }
}

/// How it is getting on, in a line.
fn so_far(tallies: &Tallies, stage: &Stage) -> String {
    let counts = Way::ALL.map(|way| tallies[way as usize].read());
    let sum: Counts = counts.into_iter().sum();
    format!(
        "{} requests, {} failed, {} told to wait; plugin runs {}, token reviews {}",
        count(sum.requests),
        sum.failed,
        count(sum.told_to_wait),
        stage.issuer.asked(),
        stage.reviews(),
    )
}

/// Connections to the proxy or the gate, without a login.
fn entrance(url: &str) -> Result<Upstream, Report> {
    let mut profile = Profile::new(url);
    profile.cluster.proxy = Proxy::Direct;
    Upstream::new(Auth::from_profile(profile), UpstreamOptions::default()).map_err(failed)
}
