//! The handle that a program holds.

use crate::Builder;
use crate::capability::Embedder;
use crate::driver::Driver;
use crate::perform::Host;
use http::HeaderMap;
use kubecred_core::{Authenticator, Event, Generation, Input, Policy, Profile, Stats};
use kubecred_host::availability::Unavailable;
use kubecred_host::headers::impersonation;
use kubecred_host::{AuthError, Clock, Credential};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// The credentials of one profile, kept fresh. Cheap to clone; all clones share one machine.
///
/// Nothing runs until a credential is asked for, and nothing runs but in a call. When the last clone is dropped,
/// or one is closed, secrets are wiped.
#[derive(Clone)]
pub struct Auth {
    inner: Rc<Inner>,
}

struct Inner {
    driver: RefCell<Driver>,
    clock: Clock,
    embedder: Embedder,
    impersonation: Result<HeaderMap, AuthError>,
    /// Why there will never be a credential.
    invalid: Option<AuthError>,
    profile: Profile,
}

impl Auth {
    /// Everything that can be chosen.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// For a profile that is at hand.
    pub fn from_profile(profile: Profile) -> Self {
        Self::builder().profile(profile)
    }

    pub(crate) fn start(profile: Profile, policy: Policy, jitter_seed: u64, host: Host) -> Self {
        let clock = Clock::start();
        let embedder = host.embedder.clone();
        let machine = Authenticator::new(&profile, policy, jitter_seed);
        let driver = RefCell::new(Driver::new(machine, clock, host));
        let impersonation = impersonation(&profile, clock.now());
        let invalid = profile.check().err().map(AuthError::Profile);
        let inner = Inner { driver, clock, embedder, impersonation, invalid, profile };
        Self { inner: Rc::new(inner) }
    }

    /// What to put on a request now. Waits while it is being fetched.
    ///
    /// # Errors
    /// When the last attempt failed and the pause after it is not over, or after
    /// [`Auth::close`].
    pub fn credential(&self) -> Result<Credential, AuthError> {
        self.check()?;
        let mut driver = self.inner.driver.borrow_mut();
        driver.work();
        match driver.ask() {
            Ok(credential) => return Ok(credential),
            // Somebody asks; the pause after a failure may be over.
            Err(Unavailable::Failed(_) | Unavailable::Pending) => driver.feed(Input::Demand),
            Err(Unavailable::Closed | Unavailable::Invalid(_)) => {}
        }
        settled(&mut driver)
    }

    /// What can be put on a request at this moment; `None` while it is being fetched. Never waits
    /// for an answer to a request of its own, and starts the fetching like [`Auth::credential`].
    ///
    /// # Errors
    /// As [`Auth::credential`].
    pub fn try_credential(&self) -> Result<Option<Credential>, AuthError> {
        self.check()?;
        let mut driver = self.inner.driver.borrow_mut();
        driver.work();
        if let Err(Unavailable::Failed(_) | Unavailable::Pending) = &driver.ask() {
            driver.feed(Input::Demand);
        }
        driver.ask().map(Some).or_else(|lack| lack.error().map_or(Ok(None), Err))
    }

    /// Tells that the server answered 401 to a request with this generation, and waits for what
    /// comes of it. `true`: a newer credential is at hand, so sending the request again is useful.
    pub fn unauthorized(&self, refused: Generation) -> bool {
        if self.check().is_err() {
            return false;
        }
        let newer = |credential: &Credential| credential.generation() > refused;
        let mut driver = self.inner.driver.borrow_mut();
        driver.work();
        if driver.ask().is_ok_and(|credential| newer(&credential)) {
            return true;
        }
        driver.feed(Input::Reject(refused));
        // A rejection fetches another credential only if one is wanted, and the request wants one.
        if let Err(Unavailable::Pending) = driver.ask() {
            driver.feed(Input::Demand);
        }
        settled(&mut driver).is_ok_and(|credential| newer(&credential))
    }

    /// Does what is due, without waiting for an answer to a request of its own. Returns how long
    /// there is nothing to do, unless an answer comes in; `None`: until somebody asks for a
    /// credential. For guests with a loop of their own; others need not call it.
    pub fn work(&self) -> Option<Duration> {
        let mut driver = self.inner.driver.borrow_mut();
        driver.work();
        driver.until_tick()
    }

    /// Waits for refreshed tokens to be written back, if they are to be, and wipes secrets. From then
    /// on there is only [`AuthError::Closed`].
    pub fn close(&self) {
        let mut driver = self.inner.driver.borrow_mut();
        while driver.machine.is_saving() {
            driver.wait();
        }
        driver.feed(Input::Close);
    }

    /// The settings in use.
    pub fn profile(&self) -> &Profile {
        &self.inner.profile
    }

    /// What happened since this was last asked, for logs and counters: the latest 256 events.
    pub fn take_events(&self) -> Vec<Event> {
        self.inner.driver.borrow_mut().events.drain(..).collect()
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        self.inner.driver.borrow().machine.stats()
    }

    pub(crate) fn embedder(&self) -> &Embedder {
        &self.inner.embedder
    }

    pub(crate) fn clock(&self) -> Clock {
        self.inner.clock
    }

    /// Whether the profile makes sense.
    pub(crate) fn check(&self) -> Result<(), AuthError> {
        self.inner.invalid.clone().map_or(Ok(()), Err)
    }

    /// The headers of the profile's impersonation, which need no credential.
    pub(crate) fn impersonation(&self) -> Result<&HeaderMap, AuthError> {
        self.inner.impersonation.as_ref().map_err(Clone::clone)
    }
}

/// Waits until the machine has made up its mind.
fn settled(driver: &mut Driver) -> Result<Credential, AuthError> {
    loop {
        match driver.ask() {
            Ok(credential) => return Ok(credential),
            Err(lack) => match lack.error() {
                Some(error) => return Err(error),
                None => {
                    // What was held may have ended while it was waited for: nothing is fetched
                    // unless it is wanted.
                    driver.feed(Input::Demand);
                    if let Err(Unavailable::Pending) = driver.ask() {
                        driver.wait();
                    }
                }
            },
        }
    }
}

/// The server and the user's name; no secrets.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("cluster", &self.inner.profile.cluster)
            .field("user", &self.inner.profile.authentication.user)
            .finish_non_exhaustive()
    }
}
