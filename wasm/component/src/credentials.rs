//! The functions and the resource of `credentials.wit`.

use crate::Component;
use crate::convert::{Lift, Lower};
use crate::wit::credentials as wit;
use crate::wit::settings::ConnectionBorrow;
use core::cell::RefCell;
use kubecred_core::{Input, Now, Policy, Profile};

impl wit::Guest for Component {
    type Authenticator = Authenticator;

    fn default_policy() -> wit::Policy {
        Policy::default().lower()
    }

    fn client_go_policy() -> wit::Policy {
        Policy::client_go().lower()
    }
}

/// [`kubecred_core::Authenticator`]. Nothing in here calls back, so it is never borrowed twice.
#[derive(Debug)]
pub(crate) struct Authenticator(RefCell<kubecred_core::Authenticator>);

impl wit::GuestAuthenticator for Authenticator {
    fn new(
        connection: ConnectionBorrow<'_>,
        policy: Option<wit::Policy>,
        jitter_seed: u64,
    ) -> Self {
        let policy = policy.map(Policy::lift).unwrap_or_default();
        let profile = connection.get::<Profile>();
        let machine = kubecred_core::Authenticator::new(profile, policy, jitter_seed);
        Self(RefCell::new(machine))
    }

    fn handle(&self, now: wit::Now, input: wit::Input) -> wit::Step {
        let mut machine = self.0.borrow_mut();
        machine.handle_input(Now::lift(now), Input::lift(input));
        let actions = core::iter::from_fn(|| machine.poll_action()).map(Lower::lower).collect();
        wit::Step { actions, timeout: machine.poll_timeout().lower() }
    }

    fn credential(&self, now: wit::Now) -> Result<wit::Credential, wit::Unavailable> {
        self.0.borrow().credential(Now::lift(now)).map(Lower::lower).map_err(Lower::lower)
    }

    fn connection(&self, now: wit::Now) -> Result<wit::ConnectionParts, wit::Unavailable> {
        self.0.borrow().connection(Now::lift(now)).map(Lower::lower).map_err(Lower::lower)
    }

    fn is_saving(&self) -> bool {
        self.0.borrow().is_saving()
    }

    fn stats(&self) -> wit::Stats {
        self.0.borrow().stats().lower()
    }

    fn is_closed(&self) -> bool {
        self.0.borrow().is_closed()
    }
}
