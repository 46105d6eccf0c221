//! A machine that lives in a component.

use crate::convert::{Lift, Lower};
use crate::lift::describe;
use crate::wit::credentials as wit;
use crate::{Instance, instantiate};
use kubecred_core::{Action, Input, Instant, Now, Policy, Profile, Stats};
use native_world::{Connected, Machine, Refusal, Served};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use wasmtime::component::ResourceAny;

/// An authenticator in an instance of its own.
pub struct Guest {
    instance: RefCell<Instance>,
    authenticator: ResourceAny,
    actions: VecDeque<Action>,
    timeout: Option<Instant>,
}

const TRAP: &str = "the component traps";

impl Guest {
    /// As [`kubecred_core::Authenticator::new`].
    pub fn new(profile: &Profile, policy: &Policy, seed: u64) -> Self {
        let mut instance = instantiate();
        let (profile, policy) = (profile.clone().lower(), policy.clone().lower());
        let Instance { store, exports } = &mut instance;
        let connections = exports.kubecred_auth_settings().connection();
        let connection = connections.call_constructor(&mut *store, &profile).expect(TRAP);
        let authenticators = exports.kubecred_auth_credentials().authenticator();
        let authenticator = authenticators
            .call_constructor(&mut *store, connection, Some(policy), seed)
            .expect(TRAP);
        connection.resource_drop(store).expect(TRAP);
        let instance = RefCell::new(instance);
        Self { instance, authenticator, actions: VecDeque::new(), timeout: None }
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        let Instance { store, exports } = &mut *self.instance.borrow_mut();
        let resource = exports.kubecred_auth_credentials();
        Lift::lift(resource.authenticator().call_stats(store, self.authenticator).expect(TRAP))
    }

    /// Whether the end has come.
    pub fn is_closed(&self) -> bool {
        let Instance { store, exports } = &mut *self.instance.borrow_mut();
        let resource = exports.kubecred_auth_credentials();
        resource.authenticator().call_is_closed(store, self.authenticator).expect(TRAP)
    }

    /// Whether refreshed tokens are still to be written back.
    pub fn is_saving(&self) -> bool {
        let Instance { store, exports } = &mut *self.instance.borrow_mut();
        let resource = exports.kubecred_auth_credentials();
        resource.authenticator().call_is_saving(store, self.authenticator).expect(TRAP)
    }

    /// What to put on a request.
    ///
    /// # Errors
    /// Why there is nothing now.
    pub fn credential(&self, now: Now) -> Result<Served, Refusal> {
        let Instance { store, exports } = &mut *self.instance.borrow_mut();
        let resource = exports.kubecred_auth_credentials();
        let credential =
            resource.authenticator().call_credential(store, self.authenticator, now.lower());
        match credential.expect(TRAP) {
            Ok(credential) => Ok(Served {
                generation: Lift::lift(credential.generation),
                headers: Lift::lift(credential.headers),
                identity: Lift::lift(credential.identity),
                roots: credential.roots,
                expires: Lift::lift(credential.expires),
                good_until: Lift::lift(credential.good_until),
                demand: credential.demand,
            }),
            Err(unavailable) => Err(refusal(unavailable)),
        }
    }

    /// What TLS needs, for a request that brings its own `authorization`.
    ///
    /// # Errors
    /// Why there is nothing now.
    pub fn connection(&self, now: Now) -> Result<Connected, Refusal> {
        let Instance { store, exports } = &mut *self.instance.borrow_mut();
        let resource = exports.kubecred_auth_credentials();
        let connection =
            resource.authenticator().call_connection(store, self.authenticator, now.lower());
        match connection.expect(TRAP) {
            Ok(connection) => Ok(Connected {
                identity: Lift::lift(connection.identity),
                roots: connection.roots,
                expires: Lift::lift(connection.expires),
                good_until: Lift::lift(connection.good_until),
                demand: connection.demand,
            }),
            Err(unavailable) => Err(refusal(unavailable)),
        }
    }

    /// How much memory the instance has.
    pub fn memory(&self) -> usize {
        self.instance.borrow().store.data().memory
    }
}

fn refusal(unavailable: wit::Unavailable) -> Refusal {
    match unavailable {
        wit::Unavailable::Closed => Refusal::Closed,
        wit::Unavailable::Failed(error) => Refusal::Failed(describe(error)),
        wit::Unavailable::Pending => Refusal::Pending,
    }
}

impl Machine for Guest {
    fn handle_input(&mut self, now: Now, input: Input) {
        let Instance { store, exports } = self.instance.get_mut();
        let resource = exports.kubecred_auth_credentials();
        let (now, input) = (now.lower(), input.lower());
        let step = resource
            .authenticator()
            .call_handle(store, self.authenticator, now, &input)
            .expect(TRAP);
        self.actions.extend(step.actions.into_iter().map(Action::lift));
        self.timeout = Lift::lift(step.timeout);
    }

    fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.timeout
    }

    fn credential(&mut self, now: Now) -> Result<Served, Refusal> {
        Self::credential(self, now)
    }

    fn connection(&mut self, now: Now) -> Result<Connected, Refusal> {
        Self::connection(self, now)
    }
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest")
            .field("actions", &self.actions)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
