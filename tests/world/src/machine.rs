//! What a world runs: the native machine, or one behind a boundary that speaks the same protocol.

use kubecred_core::{
    Action, Authenticator, Generation, Header, Identity, Input, Instant, Now, Unavailable, UnixTime,
};

/// A machine, wherever it lives.
pub trait Machine {
    /// Something happened.
    fn handle_input(&mut self, now: Now, input: Input);
    /// What it wants done next.
    fn poll_action(&mut self) -> Option<Action>;
    /// When it wants a tick.
    fn poll_timeout(&mut self) -> Option<Instant>;
    /// What to put on a request.
    ///
    /// # Errors
    /// Why there is nothing now.
    fn credential(&mut self, now: Now) -> Result<Served, Refusal>;
}

/// A credential, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Which one it is.
    pub generation: Generation,
    /// All headers.
    pub headers: Vec<Header>,
    /// The client certificate.
    pub identity: Option<Identity>,
    /// The roots as PEM.
    pub roots: Option<Vec<u8>>,
    /// Its end.
    pub expires: Option<UnixTime>,
    /// Until when a copy may be used, by the monotonic clock.
    pub good_until: Option<Instant>,
    /// Whether the machine wants to hear of its use.
    pub demand: bool,
}

impl Served {
    /// Headers and nothing else.
    pub fn new(generation: Generation, headers: Vec<Header>) -> Self {
        let (identity, roots, expires, good_until, demand) = (None, None, None, None, false);
        Self { generation, headers, identity, roots, expires, good_until, demand }
    }
}

/// Why there is no credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The machine is closed.
    Closed,
    /// The last attempt failed, in these words.
    Failed(String),
    /// Wait.
    Pending,
}

impl Machine for Authenticator {
    fn handle_input(&mut self, now: Now, input: Input) {
        self.handle_input(now, input);
    }

    fn poll_action(&mut self) -> Option<Action> {
        self.poll_action()
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        Self::poll_timeout(self)
    }

    fn credential(&mut self, now: Now) -> Result<Served, Refusal> {
        match Self::credential(self, now) {
            Ok(lent) => Ok(Served {
                generation: lent.generation,
                headers: lent.headers.to_vec(),
                identity: lent.identity.cloned(),
                roots: lent.roots.map(<[u8]>::to_vec),
                expires: lent.expires,
                good_until: lent.good_until,
                demand: lent.demand,
            }),
            Err(Unavailable::Closed) => Err(Refusal::Closed),
            Err(Unavailable::Failed(error)) => Err(Refusal::Failed(error.to_string())),
            Err(Unavailable::Pending) => Err(Refusal::Pending),
        }
    }
}

impl Machine for Box<dyn Machine> {
    fn handle_input(&mut self, now: Now, input: Input) {
        (**self).handle_input(now, input);
    }

    fn poll_action(&mut self) -> Option<Action> {
        (**self).poll_action()
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        (**self).poll_timeout()
    }

    fn credential(&mut self, now: Now) -> Result<Served, Refusal> {
        (**self).credential(now)
    }
}
