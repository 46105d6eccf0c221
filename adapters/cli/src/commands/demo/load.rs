//! The requests: workers that send one after another for as long as the demo lasts.

use super::login::Login;
use super::timeline::{Timeline, Who};
use super::world::Tallies;
use kubecred_tokio::Client;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What a worker does with an answer before it sends the next request: there is other work on a
/// machine than this.
const THOUGHT: Duration = Duration::from_millis(10);

/// All workers of all logins.
#[derive(Default)]
pub(crate) struct Load {
    workers: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Load {
    /// Sets `count` workers to work with one login.
    pub(crate) fn add(
        &mut self,
        login: Login,
        count: u32,
        client: Client,
        timeline: &Timeline,
        tallies: &Tallies,
    ) {
        for _ in 0..count {
            let worker = Worker {
                login,
                client: client.clone(),
                timeline: timeline.clone(),
                tallies: Arc::clone(tallies),
            };
            self.workers.spawn(worker.work(self.stop.subscribe()));
        }
    }

    /// Returns when every worker has seen the end of its last request.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.workers.join_next().await.is_some() {}
    }
}

struct Worker {
    login: Login,
    client: Client,
    timeline: Timeline,
    tallies: Tallies,
}

impl Worker {
    async fn work(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let start = Instant::now();
            let failure = self.request().await.err();
            let tally = &self.tallies[self.login as usize];
            tally.request(start.elapsed(), failure.is_none());
            if let Some(failure) = failure {
                self.timeline.mark(Who::Worker(self.login), format!("a request failed: {failure}"));
            }
            tokio::select! {
                () = sleep(THOUGHT) => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn request(&self) -> Result<(), String> {
        let response = self.client.get(self.login.path()).await.map_err(|e| e.to_string())?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(format!("the server answered {status}")),
        }
    }
}
