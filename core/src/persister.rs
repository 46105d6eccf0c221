//! Writes what a refresh brought back to where it came from, beside the requests (OI-26, OI-27).
//!
//! ```text
//!         other tokens than             the file
//!         the file holds                as it is                   it is written
//!  idle ─────────────────▶ reading ─────────────────▶ writing ─────────────────────▶ idle
//!   ▲                        │  │                       │
//!   │   the entry is gone,   │  │ failures, or somebody │ pause over
//!   └── somebody put newer ──┘  └─ else was quicker ────┴──────▶ paused ──▶ reading
//!       tokens there
//! ```
//!
//! The credential is in use before any of this begins, and nothing of this can take it away (in
//! client-go it can). After a few attempts it rests until other tokens come.

use crate::error::{Error, SaveProblem};
use crate::policy::{Jitter, Policy};
use crate::protocol::{ActionId, Failure, FailureKind, ReadFile, Reply};
use crate::source::{Edit, OidcSource, Tokens, Work};
use crate::time::{Instant, Now};
use alloc::format;
use alloc::string::String;

/// How often the same tokens are tried.
const ATTEMPTS: u32 = 5;

/// At most one job in flight, beside those of the slots.
#[derive(Clone, Debug)]
pub(crate) struct Persister {
    doing: Doing,
    /// The tokens that are, or were last, being saved.
    tokens: Option<Tokens>,
    /// Attempts that failed with them.
    failures: u32,
}

#[derive(Clone, Debug)]
enum Doing {
    Flight {
        id: ActionId,
        step: Step,
        until: Instant,
    },
    Idle,
    Paused {
        until: Instant,
    },
    /// Nothing more is to be done about these tokens.
    Settled,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Read,
    Write,
}

/// What came of an input, for the machine to pass on.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It wants this job done, under the id that it was given.
    Ask(Work),
    /// The file holds them.
    Saved { path: String },
    /// It failed.
    NotSaved { error: Error, retry_at: Option<Instant> },
    /// There was nothing to save.
    Nothing,
}

impl Persister {
    pub(crate) const fn new() -> Self {
        Self { doing: Doing::Idle, tokens: None, failures: 0 }
    }

    /// Whether there is something that a host that ends now loses.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.doing, Doing::Flight { .. } | Doing::Paused { .. })
    }

    /// When to be asked again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.doing {
            Doing::Flight { until, .. } | Doing::Paused { until } => Some(until),
            Doing::Idle | Doing::Settled => None,
        }
    }

    /// Notices what time and the source have done, one thing at a time. `id` is for the job, if one
    /// is asked for. The first value is a job to call off.
    pub(crate) fn advance(
        &mut self,
        now: Now,
        id: ActionId,
        oidc: &OidcSource,
        policy: &Policy,
        jitter: &mut Jitter,
    ) -> Option<(Option<ActionId>, Outcome)> {
        if let Doing::Flight { id: late, step, until } = self.doing {
            if now.monotonic < until {
                return None;
            }
            let waited = format!("no answer within {} s", policy.file_timeout.as_secs_f32());
            let failure = Failure::new(FailureKind::TimedOut, waited);
            return Some((Some(late), self.fail(now, step, failure, oidc, policy, jitter)));
        }
        let (Some(tokens), Some(origin)) = (oidc.unsaved(), oidc.origin()) else {
            self.doing = Doing::Idle;
            return None;
        };
        if self.tokens.as_ref() != Some(tokens) {
            *self = Self { doing: Doing::Idle, tokens: Some(tokens.clone()), failures: 0 };
        }
        match self.doing {
            Doing::Idle => {}
            Doing::Paused { until } if now.monotonic >= until => {}
            _ => return None,
        }
        let request = ReadFile { path: origin.path.clone(), limit: policy.max_reply };
        Some((None, self.ask(now, id, Step::Read, Work::Read(request), policy)))
    }

    /// Takes the answer to the job `answered`, if that is the one in flight; `None` otherwise.
    /// `id` is for the next job, if there is one.
    #[expect(clippy::too_many_arguments, reason = "as the slots have it, and the source")]
    pub(crate) fn complete(
        &mut self,
        now: Now,
        answered: ActionId,
        outcome: &mut Option<Result<Reply, Failure>>,
        id: ActionId,
        oidc: &mut OidcSource,
        policy: &Policy,
        jitter: &mut Jitter,
    ) -> Option<Outcome> {
        let Doing::Flight { id: flying, step, .. } = self.doing else { return None };
        if flying != answered {
            return None;
        }
        Some(match (step, outcome.take()?) {
            (_, Err(failure)) => self.fail(now, step, failure, oidc, policy, jitter),
            (Step::Read, Ok(Reply::File(bytes))) => match oidc.edit(bytes.0) {
                Ok(Edit::Write(request)) => {
                    self.ask(now, id, Step::Write, Work::Write(request), policy)
                }
                Ok(Edit::Leave) => {
                    self.doing = Doing::Settled;
                    Outcome::Nothing
                }
                Err(error) => self.give_up(error),
            },
            (Step::Write, Ok(Reply::Written(_))) => {
                self.doing = Doing::Idle;
                oidc.saved(self.tokens.take().unwrap_or_default());
                let path = oidc.origin().map(|origin| origin.path.clone()).unwrap_or_default();
                Outcome::Saved { path }
            }
            _ => self.give_up(oidc.unsavable(SaveProblem::WrongReply)),
        })
    }

    /// Stops; says which job to call off.
    pub(crate) fn close(&mut self) -> Option<ActionId> {
        let id = match self.doing {
            Doing::Flight { id, .. } => Some(id),
            _ => None,
        };
        *self = Self::new();
        id
    }

    fn ask(&mut self, now: Now, id: ActionId, step: Step, work: Work, policy: &Policy) -> Outcome {
        let until = now.monotonic.saturating_add(policy.file_timeout);
        self.doing = Doing::Flight { id, step, until };
        Outcome::Ask(work)
    }

    fn fail(
        &mut self,
        now: Now,
        step: Step,
        failure: Failure,
        oidc: &OidcSource,
        policy: &Policy,
        jitter: &mut Jitter,
    ) -> Outcome {
        let passing = matches!(
            failure.kind,
            FailureKind::Conflict | FailureKind::Other | FailureKind::TimedOut
        );
        let error = oidc.unsavable(match step {
            Step::Read => SaveProblem::NotRead(failure),
            Step::Write => SaveProblem::NotWritten(failure),
        });
        let pause = policy.backoff.pause(self.failures, jitter);
        self.failures += 1;
        if !passing || self.failures >= ATTEMPTS {
            return self.give_up(error);
        }
        let until = now.monotonic.saturating_add(pause);
        self.doing = Doing::Paused { until };
        Outcome::NotSaved { error, retry_at: Some(until) }
    }

    fn give_up(&mut self, error: Error) -> Outcome {
        self.doing = Doing::Settled;
        Outcome::NotSaved { error, retry_at: None }
    }
}
