//! The requests: workers that send one after another, through the proxy or the gate, and do what
//! client libraries do when they are told to come back.

use super::stage::{Stage, Token};
use super::way::Way;
use super::{PATH, Tallies};
use crate::commands::demo::timeline::{Timeline, Who};
use bytes::Bytes;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{Request, StatusCode};
use http_body_util::Full;
use kubecred_tokio::client::Upstream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What a worker does with an answer before it sends the next request.
const THOUGHT: Duration = Duration::from_millis(10);

/// The pause before a request is sent again whose answer was cut off.
const CUT_PAUSE: Duration = Duration::from_millis(100);

/// A request that was told to come back so often has failed.
const MOST_TRIES: u32 = 20;

/// All workers of all ways.
pub(super) struct Load {
    stage: Arc<Stage>,
    timeline: Timeline,
    tallies: Tallies,
    workers: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Load {
    pub(super) fn new(stage: &Arc<Stage>, timeline: &Timeline, tallies: &Tallies) -> Self {
        Self {
            stage: Arc::clone(stage),
            timeline: timeline.clone(),
            tallies: Arc::clone(tallies),
            workers: JoinSet::new(),
            stop: watch::Sender::new(false),
        }
    }

    /// Sets `count` workers to work.
    pub(super) fn add(&mut self, way: Way, count: u32, entrance: &Upstream) {
        let notices = Arc::new(Notices::default());
        for _ in 0..count {
            let worker = Worker {
                way,
                entrance: entrance.clone(),
                token: self.stage.token(way),
                stage: Arc::clone(&self.stage),
                timeline: self.timeline.clone(),
                tallies: Arc::clone(&self.tallies),
                notices: Arc::clone(&notices),
            };
            self.workers.spawn(worker.work(self.stop.subscribe()));
        }
    }

    /// Returns when every worker has seen the end of its last request.
    pub(super) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.workers.join_next().await.is_some() {}
    }
}

/// What is told once for all workers of a way.
#[derive(Default)]
struct Notices {
    waits: AtomicBool,
    goes_on: AtomicBool,
    refused: AtomicBool,
}

/// What came of sending a request once.
enum Answer {
    Good,
    /// It may be sent again after this time.
    Later(Duration),
    Refused,
    /// There is none, or it broke off.
    Broken(String),
    Bad(String),
}

struct Worker {
    way: Way,
    entrance: Upstream,
    token: Option<Token>,
    stage: Arc<Stage>,
    timeline: Timeline,
    tallies: Tallies,
    notices: Arc<Notices>,
}

impl Worker {
    async fn work(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(failure) = self.request().await {
                self.mark(format!("a request failed: {failure}"));
            }
            tokio::select! {
                () = sleep(THOUGHT) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// One request to its end: sent again when the answer says so.
    async fn request(&mut self) -> Result<(), String> {
        for _ in 0..MOST_TRIES {
            if self.token.as_ref().is_some_and(Token::is_old) {
                self.token = self.stage.token(self.way);
            }
            let start = Instant::now();
            let answer = self.send().await;
            let took = start.elapsed();
            let is_excused = self.stage.outage.excuses(start);
            let tally = &self.tallies[self.way as usize];
            let pause = match answer {
                Answer::Good if self.way == Way::Revoked && self.was_refused() => {
                    tally.request(took, false);
                    return Err("a token that was refused was let in again".into());
                }
                Answer::Good => {
                    tally.request(took, true);
                    if self.stage.outage.is_over() && self.notices.waits.load(Ordering::Relaxed) {
                        self.once(&self.notices.goes_on, "has an answer again");
                    }
                    return Ok(());
                }
                Answer::Later(pause) if is_excused => {
                    self.once(&self.notices.waits, "is told to come back (503, Retry-After)");
                    pause
                }
                Answer::Broken(_) if is_excused => CUT_PAUSE,
                Answer::Refused if self.way == Way::Revoked => {
                    tally.request(took, true);
                    tally.refusal();
                    self.once(&self.notices.refused, "is refused from now on");
                    return Ok(());
                }
                // It ended on the way.
                Answer::Refused if self.token.as_ref().is_some_and(Token::has_ended) => continue,
                Answer::Refused => return fail(tally, took, "401 for a good token"),
                Answer::Later(_) => return fail(tally, took, "told to come back for no reason"),
                Answer::Broken(problem) | Answer::Bad(problem) => {
                    return fail(tally, took, &problem);
                }
            };
            tally.wait();
            sleep(pause).await;
        }
        let tally = &self.tallies[self.way as usize];
        fail(tally, Duration::ZERO, "told to come back again and again")
    }

    /// Sends it once.
    async fn send(&self) -> Answer {
        let mut request = Request::get(PATH);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.text));
        }
        let Ok(request) = request.body(Full::<Bytes>::default()) else {
            return Answer::Bad("the request cannot be made".into());
        };
        let response = match self.entrance.send(request).await {
            Ok(response) => response,
            Err(error) => return Answer::Broken(error.to_string()),
        };
        let status = response.status();
        let again = response.headers().get(RETRY_AFTER).and_then(|again| again.to_str().ok());
        let again = again.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let body = match response.into_body().bytes().await {
            Ok(body) => body,
            Err(error) => return Answer::Broken(format!("the answer broke off: {error}")),
        };
        match (status, again) {
            (StatusCode::OK, _) if self.is_for_me(&body) => Answer::Good,
            (StatusCode::OK, _) => Answer::Bad("the application took it for another's".into()),
            (StatusCode::UNAUTHORIZED, _) => Answer::Refused,
            (StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE, Some(again)) => {
                Answer::Later(again)
            }
            _ => Answer::Bad(format!("the answer is {status}")),
        }
    }

    /// Behind the gate the application says whose request it was.
    fn is_for_me(&self, body: &[u8]) -> bool {
        self.way == Way::Proxy || body == self.way.user().as_bytes()
    }

    fn was_refused(&self) -> bool {
        self.notices.refused.load(Ordering::Relaxed)
    }

    fn once(&self, told: &AtomicBool, what: &str) {
        if !told.swap(true, Ordering::Relaxed) {
            self.mark(what.to_owned());
        }
    }

    fn mark(&self, what: String) {
        self.timeline.mark(Who::Caller(self.way), what);
    }
}

fn fail(
    tally: &crate::commands::demo::tally::Tally,
    took: Duration,
    problem: &str,
) -> Result<(), String> {
    tally.request(took, false);
    Err(problem.to_owned())
}
