//! The end of a run: the last write to the cache, the browser's page, the lock, the outcome.

use super::browser::DELIVERY;
use super::{Deadline, Flow, Goal, Login, Outcome, Stage};
use crate::login::entry::{Failed, Pause};
use crate::login::outcome::{LoginError, Success};
use crate::login::page::{Page, SuccessPage};
use crate::login::protocol::Action;
use crate::login::settings::Operation;
use crate::oauth;
use crate::redact;
use alloc::string::{String, ToString};
use core::time::Duration;

/// How long the last write of a run that has failed may take.
const LAST_WRITE: Duration = Duration::from_secs(5);

impl Login {
    /// Ends the run. A failed login is first recorded in the cache, for the processes that wait for
    /// it and for later runs (LG-98, LG-99).
    pub(super) fn end(&mut self, outcome: Outcome) {
        if self.stage != Stage::Running {
            return;
        }
        self.stage = Stage::Ending;
        self.cancel_jobs();
        self.deadline = None;
        if let Err(error) = &outcome {
            self.note_failure(&error.clone());
        }
        self.outcome = Some(outcome);
        let interrupted = matches!(self.outcome, Some(Err(LoginError::Interrupted)));
        if self.entry_changed && self.keeps_anything() && !interrupted {
            // The run finishes when the entry has been written, or after this time.
            let (limit, flag) = (LAST_WRITE, "");
            let at = self.now.monotonic.saturating_add(limit);
            self.deadline = Some(Deadline { at, limit, flag });
            if self.store().is_err() {
                self.finish();
            }
        } else {
            self.finish();
        }
    }

    fn note_failure(&mut self, error: &LoginError) {
        // After a logout there is no login that could have failed.
        let is_login = self.flow.is_interactive() && self.goal != Goal::EndSession;
        if !is_login || matches!(error, LoginError::Interrupted) {
            return;
        }
        let now = self.now.wall;
        let reason = error.to_string();
        let refused = matches!(error, LoginError::Refused { code, .. } if code == "access_denied");
        if refused || matches!(error, LoginError::TimedOut { .. }) {
            self.entry.pause = Some(Pause::after(self.entry.pause.as_ref(), now, reason.clone()));
        }
        self.entry.issuer.clone_from(&self.settings.issuer);
        self.entry.client_id.clone_from(&self.settings.client_id);
        self.entry.failed = Some(Failed { at: now, reason });
        self.entry_changed = true;
    }

    fn cancel_jobs(&mut self) {
        let jobs = core::mem::take(&mut self.jobs);
        self.actions.extend(jobs.into_keys().map(Action::Cancel));
    }

    /// Stops listening, unlocks, and gives the outcome. If the browser has not fetched its last
    /// page, listens 500 ms longer (LG-55).
    pub(super) fn finish(&mut self) {
        let Some(outcome) = self.outcome.clone() else { return };
        self.cancel_jobs();
        let shown = self.show_results();
        let (listens, answered) = match &self.flow {
            Flow::Code(code) => (code.is_listening(), code.is_answered()),
            _ => (false, false),
        };
        let expects_page = listens && answered && !shown;
        if listens && !expects_page {
            self.actions.push_back(Action::StopListening);
        }
        if core::mem::take(&mut self.locked) {
            self.actions.push_back(Action::Unlock);
        }
        self.actions.push_back(Action::Finish(outcome));
        self.stage = if expects_page {
            Stage::Delivering(self.now.monotonic.saturating_add(DELIVERY))
        } else {
            Stage::Done
        };
        if self.stage == Stage::Done {
            self.wipe();
        }
    }

    /// The last page has been fetched, or the time for it is over.
    pub(super) fn stop_delivering(&mut self) {
        self.actions.push_back(Action::StopListening);
        self.stage = Stage::Done;
        self.wipe();
    }

    /// Drops secrets and other data that a run does not need after its end.
    fn wipe(&mut self) {
        self.flow = Flow::None;
        self.call = None;
        self.received = None;
        self.refresh_token = None;
        self.presented = None;
        self.files = super::Files::default();
        self.entry = super::Entry::default();
        self.drawn.clear();
        self.outcome = None;
    }

    /// The page for the outcome.
    pub(super) fn result_page(&self) -> Page {
        match &self.outcome {
            Some(Ok(Success::Credential(_))) => {
                let claims = self.entry.claims(self.settings.token);
                let page = claims.map(|claims| SuccessPage {
                    name: oauth::description(&claims.name, &[]),
                    picture: claims.picture,
                });
                Page::Success(page.unwrap_or_default())
            }
            Some(Ok(_)) => Page::Success(SuccessPage::default()),
            Some(Err(error)) => Page::Failure { message: error.to_string() },
            None => Page::Failure { message: String::from("the login is still running") },
        }
    }

    /// The HTTP status of the failure page: 502 if the provider's response was at fault, 400 if the
    /// browser's request was.
    pub(super) const fn failure_status(&self) -> u16 {
        match &self.outcome {
            Some(Err(LoginError::NotSent { .. } | LoginError::Status { .. })) => 502,
            Some(Err(LoginError::Malformed { .. } | LoginError::Token(_))) => 502,
            _ => 400,
        }
    }

    /// The issuer's URL, without a password.
    pub fn issuer(&self) -> String {
        redact::url(&self.settings.issuer)
    }

    /// The operation of this run.
    pub const fn operation(&self) -> Operation {
        self.operation
    }
}
