//! Writes what a refresh brought back to where it came from, while requests go on (OI-26, OI-27).
//!
//! ```text
//!         other tokens than             the content
//!         the store holds               as it is                   it is written
//!  idle ─────────────────▶ reading ─────────────────▶ writing ─────────────────────▶ idle
//!   ▲                        │  │                       │
//!   │   the entry is gone,   │  │ a failure, or another │ pause over
//!   └── or has newer tokens ─┘  └─ process was quicker ─┴──────▶ paused ──▶ reading
//! ```
//!
//! The credential is in use before any of this begins, and nothing of this can take it away (in
//! client-go it can). After a few attempts it rests until other tokens come.

use super::flight::Flight;
use crate::cx::Cx;
use crate::error::{Error, SaveProblem};
use crate::protocol::{Action, ActionId, Failure, FailureKind, Reply};
use crate::source::JobRequest;
use crate::store::{Edit, StoredTokens, Tokens};
use crate::time::{Instant, Now, Seconds};
use alloc::format;
use alloc::string::String;
use core::time::Duration;

/// How often the same tokens are tried.
const ATTEMPTS: u32 = 5;

/// At most one job in flight, beside those of the slots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Saving {
    flight: Flight,
    /// What the job in flight is for.
    step: Step,
    /// The tokens that are, or were last, being saved.
    tokens: Option<Tokens>,
    /// Attempts that failed with them.
    failures: u32,
    /// Nothing more is to be done about these tokens.
    settled: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Step {
    #[default]
    Read,
    Write,
}

/// What came of an input, for the machine to pass on.
#[derive(Debug)]
pub(crate) enum SaveOutcome {
    /// It wants this job done.
    Ask(Action),
    /// The store holds them.
    Saved { path: String },
    /// It failed.
    NotSaved { error: Error, retry_at: Option<Instant> },
    /// There was nothing to save.
    Nothing,
}

impl Saving {
    /// Whether there is something that a host that ends now loses.
    pub(crate) const fn is_busy(&self) -> bool {
        !matches!(self.flight, Flight::Idle)
    }

    /// When to be asked again.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.flight.deadline()
    }

    /// The job that has reached its time limit and is to be cancelled; [`Self::advance`] goes on
    /// from there.
    pub(crate) fn overdue(&self, now: Now) -> Option<ActionId> {
        self.flight.overdue(now).map(|(id, _)| id)
    }

    /// Notices what time and the source have done, one thing at a time.
    pub(crate) fn advance(
        &mut self,
        cx: &mut Cx<'_>,
        stored: &mut StoredTokens,
    ) -> Option<SaveOutcome> {
        if let Some(error) = stored.take_unsupported() {
            return Some(SaveOutcome::NotSaved { error, retry_at: None });
        }
        if let Some((_, limit)) = self.flight.overdue(cx.now) {
            return Some(self.fail(cx, too_late(limit), stored));
        }
        if self.flight.is_in_flight() {
            return None;
        }
        let Some(tokens) = stored.unsaved() else {
            (self.flight, self.settled) = (Flight::Idle, false);
            return None;
        };
        if self.tokens.as_ref() != Some(tokens) {
            *self = Self { tokens: Some(tokens.clone()), ..Self::default() };
        }
        if self.settled || self.flight.is_paused(cx.now) {
            return None;
        }
        let request = stored.read(cx.policy.max_reply)?;
        Some(self.ask(cx, Step::Read, JobRequest::Read(request)))
    }

    /// Whether it waits for the answer to this job.
    pub(crate) fn is_waiting_for(&self, job: ActionId) -> bool {
        self.flight.is_waiting_for(job)
    }

    /// Takes the answer to the job in flight.
    pub(crate) fn complete(
        &mut self,
        cx: &mut Cx<'_>,
        outcome: Result<Reply, Failure>,
        stored: &mut StoredTokens,
    ) -> SaveOutcome {
        match (self.step, outcome) {
            (_, Err(failure)) => self.fail(cx, failure, stored),
            (Step::Read, Ok(Reply::File(bytes))) => match stored.edit(bytes.0) {
                Ok(Edit::Write(request)) => self.ask(cx, Step::Write, JobRequest::Write(request)),
                Ok(Edit::Leave) => {
                    self.settle();
                    SaveOutcome::Nothing
                }
                Err(error) => self.give_up(error),
            },
            (Step::Write, Ok(Reply::Written(_))) => {
                self.flight = Flight::Idle;
                stored.mark_stored(self.tokens.take().unwrap_or_default());
                SaveOutcome::Saved { path: stored.path().into() }
            }
            _ => self.give_up(stored.not_saved(SaveProblem::WrongReply)),
        }
    }

    /// Stops; the job to cancel, if one was in flight.
    pub(crate) fn cancel(&mut self) -> Option<ActionId> {
        let id = self.flight.cancel();
        *self = Self::default();
        id
    }

    fn ask(&mut self, cx: &mut Cx<'_>, step: Step, request: JobRequest) -> SaveOutcome {
        self.step = step;
        SaveOutcome::Ask(self.flight.launch(cx, request))
    }

    fn fail(&mut self, cx: &mut Cx<'_>, failure: Failure, stored: &StoredTokens) -> SaveOutcome {
        let passing = matches!(
            failure.kind,
            FailureKind::Conflict | FailureKind::Other | FailureKind::TimedOut
        );
        let error = stored.not_saved(match self.step {
            Step::Read => SaveProblem::NotRead(failure),
            Step::Write => SaveProblem::NotWritten(failure),
        });
        let pause = cx.policy.backoff.pause(self.failures, cx.jitter);
        self.failures += 1;
        if !passing || self.failures >= ATTEMPTS {
            return self.give_up(error);
        }
        let until = cx.now.monotonic.saturating_add(pause);
        self.flight = Flight::Paused { until };
        SaveOutcome::NotSaved { error, retry_at: Some(until) }
    }

    fn give_up(&mut self, error: Error) -> SaveOutcome {
        self.settle();
        SaveOutcome::NotSaved { error, retry_at: None }
    }

    fn settle(&mut self) {
        (self.flight, self.settled) = (Flight::Idle, true);
    }
}

fn too_late(limit: Duration) -> Failure {
    Failure::new(FailureKind::TimedOut, format!("no answer within {} s", Seconds(limit)))
}
