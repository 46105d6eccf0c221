//! What a provider says of itself, for a person who sets a login up. Asked anew: no cache answers.

use super::{Goal, Login, Step, wrong_reply};
use crate::login::outcome::Success;

impl Login {
    pub(super) fn inspect(&mut self) -> Step {
        self.limit_run();
        self.set_goal(Goal::Inspect)
    }

    /// Discovery has been read; the keys are still to be.
    pub(super) fn inspected(&mut self) -> Step {
        let Some(provider) = &self.provider else { return wrong_reply() };
        if provider.keys.is_none() {
            return self.fetch_keys();
        }
        let facts = provider.facts();
        self.end(Ok(Success::Provider(facts)));
        Ok(())
    }
}
