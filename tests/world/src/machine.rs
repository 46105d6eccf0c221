//! What a world runs: the native machine, or one behind a boundary that speaks the same protocol.

use kubecred_core::{
    Action, Authenticator, ConnectionParts, Credential, Generation, Header, Identity, Input,
    Instant, Now, Unavailable, UnixTime,
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
    /// What TLS needs, for a request that brings its own `authorization`. A machine that tells no
    /// such requests from others has it with the credential.
    ///
    /// # Errors
    /// Why there is nothing now.
    fn connection(&mut self, now: Now) -> Result<Connected, Refusal> {
        let Served { identity, roots, expires, good_until, demand, .. } = self.credential(now)?;
        Ok(Connected { identity, roots, expires, good_until, demand })
    }
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

impl From<Credential<'_>> for Served {
    fn from(lent: Credential<'_>) -> Self {
        Self {
            generation: lent.generation,
            headers: lent.headers.to_vec(),
            identity: lent.identity.cloned(),
            roots: lent.roots.map(<[u8]>::to_vec),
            expires: lent.expires,
            good_until: lent.good_until,
            demand: lent.demand,
        }
    }
}

/// What a connection takes, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The client certificate.
    pub identity: Option<Identity>,
    /// The roots as PEM.
    pub roots: Option<Vec<u8>>,
    /// The end of the client certificate.
    pub expires: Option<UnixTime>,
    /// Until when a copy may be used, by the monotonic clock.
    pub good_until: Option<Instant>,
    /// Whether the machine wants to hear of its use.
    pub demand: bool,
}

impl From<ConnectionParts<'_>> for Connected {
    fn from(lent: ConnectionParts<'_>) -> Self {
        Self {
            identity: lent.identity.cloned(),
            roots: lent.roots.map(<[u8]>::to_vec),
            expires: lent.expires,
            good_until: lent.good_until,
            demand: lent.demand,
        }
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

impl From<Unavailable<'_>> for Refusal {
    fn from(unavailable: Unavailable<'_>) -> Self {
        match unavailable {
            Unavailable::Closed => Self::Closed,
            Unavailable::Failed(error) => Self::Failed(error.to_string()),
            Unavailable::Pending => Self::Pending,
        }
    }
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
        Ok(Self::credential(self, now)?.into())
    }

    fn connection(&mut self, now: Now) -> Result<Connected, Refusal> {
        Ok(Self::connection(self, now)?.into())
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

    fn connection(&mut self, now: Now) -> Result<Connected, Refusal> {
        (**self).connection(now)
    }
}
