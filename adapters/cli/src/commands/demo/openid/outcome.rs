//! What came of the demo, for people and for machines.

use super::REFRESHES;
use super::place::Place;
use crate::commands::demo::ending::Ending;
use crate::commands::demo::timeline::{self, Entry, Timeline};
use crate::report::{Exit, Report};
use kubecred_core::printable;
use serde_json::json;

/// What was counted while it ran.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) requests: usize,
    pub(super) failed: usize,
    /// The logout went well, and nobody is logged in after it.
    pub(super) logged_out: bool,
}

/// Everything that is told in the end.
pub(super) struct Outcome {
    counts: Counts,
    logins: usize,
    refreshes: usize,
    revocations: usize,
    /// Refresh tokens that could still be used.
    left: usize,
    interrupted: bool,
    timeline: Vec<Entry>,
}

impl Outcome {
    pub(super) fn new(
        place: &Place,
        counts: Counts,
        timeline: &Timeline,
        interrupted: bool,
    ) -> Self {
        Self {
            counts,
            logins: place.heard.logins(),
            refreshes: place.heard.refreshes(),
            revocations: place.heard.revocations(),
            left: place.provider.refresh_tokens(),
            interrupted,
            timeline: timeline.entries(),
        }
    }
}

impl Ending for Outcome {
    fn verdict(&self) -> Result<(), Report> {
        if self.interrupted {
            return Err(Report::new(Exit::Interrupted, "interrupted"));
        }
        let problems = [
            (self.logins != 1, "there was not exactly one login"),
            (self.counts.failed > 0, "a request failed"),
            (self.refreshes < REFRESHES, "the token was not refreshed as often as it should be"),
            (self.revocations != 1 || self.left > 0, "the provider revoked no refresh token"),
            (!self.counts.logged_out, "a login is left after the logout"),
        ];
        let problems: Vec<&str> =
            problems.into_iter().filter(|(is, _)| *is).map(|(_, text)| text).collect();
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Report::new(Exit::ErrorStatus, problems.join("; "))
                .advise("The timeline says why.")),
        }
    }

    fn text(&self) -> String {
        let Self { counts, logins, refreshes, revocations, .. } = self;
        printable(&format!(
            "{}\nlogins in the browser   {logins}\nrefreshes without you   {refreshes}\n\
             requests                {}, {} failed\nrevoked at the logout   {revocations}\n",
            timeline::render(&self.timeline),
            counts.requests,
            counts.failed,
        ))
    }

    fn json(&self) -> String {
        let whole = json!({
            "logins": self.logins,
            "refreshes": self.refreshes,
            "requests": self.counts.requests,
            "failed": self.counts.failed,
            "revocations": self.revocations,
            "loggedOut": self.counts.logged_out,
            "interrupted": self.interrupted,
            "timeline": timeline::json(&self.timeline),
        });
        format!("{whole:#}\n")
    }
}
