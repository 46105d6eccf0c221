//! The slots that a profile needs, by name.

use super::refreshed::Refreshed;
use super::slot::Slot;
use crate::profile::{Authentication, Bearer, Material, Profile, Roots};
use crate::protocol::ActionId;
use crate::source::{self, CertificateFiles, ExecPlugin, OidcSource, RootsFile, TokenFile};
use crate::store::{Store, StoredTokens, Tokens};
use crate::time::{Now, UnixTime};
use alloc::boxed::Box;

/// A slot of a machine. In the order in which failures are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlotName {
    Roots,
    Identity,
    Bearer,
}

impl SlotName {
    pub(super) const ALL: [Self; 3] = [Self::Roots, Self::Identity, Self::Bearer];
}

/// The parts of a credential, each where it is needed.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// The trusted roots.
    roots: Option<Slot>,
    /// The client certificate.
    identity: Option<Slot>,
    /// The `Authorization` header; a plugin may bring a client certificate with it.
    bearer: Option<Slot>,
}

impl Slots {
    /// The slots of a profile. To a server that is not `https` nothing but impersonation is sent
    /// (KC-71, UA-25): there are none then.
    pub(super) fn new(profile: &Profile, store: Option<Box<dyn Store>>) -> Self {
        if !profile.cluster.is_https() {
            return Self::default();
        }
        let authentication = &profile.authentication;
        Self {
            roots: roots(&profile.cluster.roots, &authentication.user),
            identity: identity(authentication),
            bearer: bearer(authentication, store),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        [&self.roots, &self.identity, &self.bearer].into_iter().flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        [&mut self.roots, &mut self.identity, &mut self.bearer].into_iter().flatten()
    }

    pub(super) fn get_mut(&mut self, name: SlotName) -> Option<&mut Slot> {
        match name {
            SlotName::Roots => self.roots.as_mut(),
            SlotName::Identity => self.identity.as_mut(),
            SlotName::Bearer => self.bearer.as_mut(),
        }
    }

    /// The slot that waits for the answer to this job.
    pub(super) fn waiting_for(&mut self, job: ActionId) -> Option<&mut Refreshed> {
        let mut slots = self.iter_mut().filter_map(Slot::as_refreshed_mut);
        slots.find(|slot| slot.is_waiting_for(job))
    }

    /// The tokens to write back, if a source has such.
    pub(super) fn stored_tokens(&mut self) -> Option<&mut StoredTokens> {
        self.iter_mut().filter_map(Slot::as_refreshed_mut).find_map(|slot| slot.stored_tokens())
    }

    /// Whether every slot holds something.
    pub(super) fn is_complete(&self) -> bool {
        self.iter().all(|slot| slot.held().is_some())
    }

    /// Whether one of them can never hold anything.
    pub(super) fn is_permanently_failed(&self) -> bool {
        self.iter().any(Slot::is_permanently_failed)
    }

    /// Whether something that is held has ended.
    pub(super) fn is_expired(&self, now: Now) -> bool {
        self.iter().any(|slot| slot.is_expired(now))
    }

    /// The first end among what is held.
    pub(super) fn expires(&self) -> Option<UnixTime> {
        self.iter().filter_map(Slot::expires).min()
    }
}

fn roots(roots: &Roots, user: &str) -> Option<Slot> {
    match roots {
        Roots::System => None,
        Roots::Pem(pem) => Some(Slot::constant(source::constant::roots(user, pem))),
        Roots::File(path) => Some(Slot::refreshed(RootsFile::new(path))),
    }
}

fn identity(authentication: &Authentication) -> Option<Slot> {
    let pair = authentication.certificate.as_ref()?;
    Some(match (&pair.certificate, &pair.key) {
        (Material::Data(certificate), Material::Data(key)) => {
            Slot::constant(source::constant::pair(&authentication.user, certificate, key))
        }
        _ => Slot::refreshed(CertificateFiles::new(pair)),
    })
}

fn bearer(authentication: &Authentication, store: Option<Box<dyn Store>>) -> Option<Slot> {
    let user = authentication.user.as_str();
    Some(match &authentication.bearer {
        Bearer::Anonymous => return None,
        Bearer::Basic { username, password } => {
            Slot::constant(Ok(source::constant::basic(username, password)))
        }
        Bearer::Token(token) => Slot::constant(source::constant::token(user, token)),
        Bearer::TokenFile { path, fallback } => {
            let fallback = fallback.as_ref().map(|token| source::constant::token(user, &token.0));
            Slot::refreshed(TokenFile::new(path, fallback.and_then(Result::ok)))
        }
        Bearer::Exec(exec) => Slot::refreshed(ExecPlugin::new(user, exec)),
        Bearer::Oidc(oidc) => {
            let tokens = Tokens::new(oidc.id_token.as_ref(), oidc.refresh_token.as_ref());
            let path = oidc.origin.as_ref().map(|origin| origin.path.as_str());
            let stored = StoredTokens::new(user, tokens, path, store);
            Slot::refreshed(OidcSource::new(user, oidc, stored))
        }
    })
}
