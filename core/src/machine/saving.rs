//! Writes refreshed tokens back to the kubeconfig that they came from, in the background (OI-26,
//! OI-27).
//!
//! ```text
//!         tokens differ                 content
//!         from the store's              was read                   written
//!  idle ─────────────────▶ reading ─────────────────▶ writing ─────────────────────▶ idle
//!   ▲                        │  │                       │
//!   │   the entry is gone,   │  │ a failure, or another │             pause over
//!   └── or has newer tokens ─┘  └─ process wrote first ─┴──────▶ paused ──────────▶ reading
//! ```
//!
//! Requests use the new tokens before they are saved, and also if saving fails (unlike client-go).
//! After a few failures it gives up, until the next refresh.

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

/// The number of attempts to save the same tokens.
const ATTEMPTS: u32 = 5;

/// The progress of saving, with at most one job in flight.
#[derive(Clone, Debug, Default)]
pub(crate) struct Saving {
    flight: Flight,
    /// What the job in flight is for.
    step: Step,
    /// The tokens that are being saved, or were saved last.
    tokens: Option<Tokens>,
    /// The number of failed attempts to save them.
    failures: u32,
    /// These tokens need no further attempt.
    settled: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Step {
    #[default]
    Read,
    Write,
}

/// The outcome of a step, for the machine to pass on.
#[derive(Debug)]
pub(crate) enum SaveOutcome {
    /// Carry out this job.
    Ask(Action),
    /// The tokens are saved.
    Saved { path: String },
    /// It failed.
    NotSaved { error: Error, retry_at: Option<Instant> },
    /// There was nothing to save.
    Nothing,
}

impl Saving {
    /// Whether tokens would be lost if the host exited now.
    pub(crate) const fn is_busy(&self) -> bool {
        !matches!(self.flight, Flight::Idle)
    }

    /// When [`Self::advance`] must be called next.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.flight.deadline()
    }

    /// The job that has reached its time limit, to be cancelled before [`Self::advance`].
    pub(crate) fn overdue(&self, now: Now) -> Option<ActionId> {
        self.flight.overdue(now).map(|(id, _)| id)
    }

    /// Takes the next step that the time or new tokens require. Call it until it returns `None`.
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

    /// Stops, and returns the job to cancel, if one was in flight.
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
