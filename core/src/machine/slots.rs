//! The slots of a profile.

use super::refreshed::{Refreshed, SlotOutcome};
use super::slot::{Slot, SlotState};
use crate::cx::Cx;
use crate::error::Error;
use crate::profile::{Authentication, Authorization, Material, Profile, Roots};
use crate::protocol::{ActionId, SlotName};
use crate::source::{
    self, BootstrapCredential, CertificateFiles, CredentialParts, ExecPlugin, OidcSource,
    ProvidedSource, RootsFile, TokenFile, TokenRequestSource,
};
use crate::store::{Store, StoredTokens, Tokens};
use crate::time::{Now, UnixTime};
use alloc::boxed::Box;

/// The slots of a machine, in the order in which failures are reported.
pub(super) const ALL: [SlotName; 5] = [
    SlotName::Roots,
    SlotName::Identity,
    SlotName::BootstrapIdentity,
    SlotName::BootstrapAuthorization,
    SlotName::Authorization,
];

/// Whether it is a part of the login that another one is made with.
pub(super) const fn is_bootstrap(slot: SlotName) -> bool {
    matches!(slot, SlotName::BootstrapIdentity | SlotName::BootstrapAuthorization)
}

/// The slots of a machine; `None` where the profile needs none.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// The trusted roots.
    roots: Option<Slot>,
    /// The client certificate.
    identity: Option<Slot>,
    /// The `Authorization` header; a plugin may bring a client certificate with it.
    authorization: Option<Slot>,
    /// With a service account: the credential of the TokenRequests that fill `authorization`. It is not
    /// sent with other requests.
    bootstrap: Option<Box<Bootstrap>>,
}

/// The bootstrap login: the credential with which tokens of a service account are requested.
#[derive(Debug)]
struct Bootstrap {
    identity: Option<Slot>,
    authorization: Option<Slot>,
}

impl Bootstrap {
    fn iter(&self) -> impl Iterator<Item = &Slot> {
        [&self.identity, &self.authorization].into_iter().flatten()
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        [&mut self.identity, &mut self.authorization].into_iter().flatten()
    }

    /// Its credential; `None` while it is being fetched.
    fn state(&self, now: Now) -> Result<Option<BootstrapCredential>, &Error> {
        let mut credential = BootstrapCredential::default();
        let mut pending = false;
        for slot in self.iter() {
            match slot.state(now) {
                SlotState::Ready(parts) => {
                    let CredentialParts { authorization, identity, .. } = parts.clone();
                    credential.authorization = credential.authorization.or(authorization);
                    credential.identity = credential.identity.or(identity);
                }
                SlotState::Failed(error) => return Err(error),
                SlotState::Pending => pending = true,
            }
        }
        Ok((!pending).then_some(credential))
    }
}

impl Slots {
    /// The slots of a profile. There are none if the server is not `https`, since it gets nothing
    /// but impersonation (KC-71, UA-25).
    pub(super) fn new(profile: &Profile, store: Option<Box<dyn Store>>) -> Self {
        if !profile.cluster.is_https() {
            return Self::default();
        }
        let authentication = &profile.authentication;
        let roots = roots(&profile.cluster.roots, &authentication.user);
        let (identity, authorization) =
            (identity(authentication), authorization(authentication, store));
        let Some(account) = &authentication.service_account else {
            return Self { roots, identity, authorization, bootstrap: None };
        };
        let bootstrap = Bootstrap {
            identity: identity.map(Slot::into_bootstrap),
            authorization: authorization.map(Slot::into_bootstrap),
        };
        let authorization = match TokenRequestSource::new(profile, account) {
            Ok(source) => Slot::refreshed(source),
            Err(error) => Slot::invalid(error),
        };
        let bootstrap = Some(Box::new(bootstrap));
        Self { roots, identity: None, authorization: Some(authorization), bootstrap }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        [&self.roots, &self.identity, &self.authorization].into_iter().flatten()
    }

    /// Those that a connection takes, whatever the `Authorization` header is.
    pub(super) fn connection(&self) -> impl Iterator<Item = &Slot> {
        [&self.roots, &self.identity].into_iter().flatten()
    }

    pub(super) const fn authorization(&self) -> Option<&Slot> {
        self.authorization.as_ref()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        [&mut self.roots, &mut self.identity, &mut self.authorization].into_iter().flatten()
    }

    pub(super) fn get_mut(&mut self, name: SlotName) -> Option<&mut Slot> {
        match name {
            SlotName::Roots => self.roots.as_mut(),
            SlotName::Identity => self.identity.as_mut(),
            SlotName::Authorization => self.authorization.as_mut(),
            SlotName::BootstrapIdentity => self.bootstrap.as_mut()?.identity.as_mut(),
            SlotName::BootstrapAuthorization => self.bootstrap.as_mut()?.authorization.as_mut(),
        }
    }

    /// Every slot that a source fills, those of the bootstrap login too.
    pub(super) fn refreshed(&self) -> impl Iterator<Item = &Refreshed> {
        let bootstrap = self.bootstrap.iter().flat_map(|bootstrap| bootstrap.iter());
        self.iter().chain(bootstrap).filter_map(Slot::as_refreshed)
    }

    /// The same, to change them.
    pub(super) fn refreshed_mut(&mut self) -> impl Iterator<Item = &mut Refreshed> {
        let Self { roots, identity, authorization, bootstrap } = self;
        let bootstrap = bootstrap.iter_mut().flat_map(|bootstrap| bootstrap.iter_mut());
        let own = [roots, identity, authorization].into_iter().flatten();
        own.chain(bootstrap).filter_map(Slot::as_refreshed_mut)
    }

    /// Demands the bootstrap credential, if the token is due and cannot be fetched without it.
    pub(super) fn wake_bootstrap(&mut self, cx: &Cx<'_>) {
        let authorization = self.authorization.as_ref().and_then(Slot::as_refreshed);
        if let (Some(authorization), Some(bootstrap)) = (authorization, &mut self.bootstrap)
            && authorization.wants_to_start(cx)
        {
            bootstrap.iter_mut().filter_map(Slot::as_refreshed_mut).for_each(|s| s.demand(cx));
        }
    }

    /// Passes the bootstrap credential, or its failure, on to the token's slot, if the token is due.
    pub(super) fn lend_bootstrap(&mut self, cx: &mut Cx<'_>) -> Option<SlotOutcome> {
        let Self { roots, authorization, bootstrap: Some(bootstrap), .. } = self else {
            return None;
        };
        let authorization = authorization.as_mut().and_then(Slot::as_refreshed_mut)?;
        authorization.set_blocked(false);
        if !authorization.wants_to_start(cx) {
            return None;
        }
        let parts = roots.as_ref().map(Slot::held);
        match (bootstrap.state(cx.now), parts) {
            (Err(error), _) => Some(authorization.fail_bootstrap(cx, error.clone())),
            (Ok(None), _) | (_, Some(None)) => {
                authorization.set_blocked(true);
                None
            }
            (Ok(Some(credential)), parts) => {
                let roots = parts.flatten().and_then(|parts| parts.roots.clone());
                authorization.lend(BootstrapCredential { roots, ..credential });
                None
            }
        }
    }

    /// Passes a 401 to a TokenRequest on to the bootstrap login, if there was one.
    pub(super) fn reject_bootstrap(&mut self, cx: &mut Cx<'_>) {
        let Self { authorization, bootstrap: Some(bootstrap), .. } = self else { return };
        let authorization = authorization.as_mut().and_then(Slot::as_refreshed_mut);
        if authorization.is_some_and(Refreshed::take_bootstrap_rejection) {
            for slot in bootstrap.iter_mut().filter_map(Slot::as_refreshed_mut) {
                slot.reject(cx);
            }
        }
    }

    /// The slot that waits for the answer to this job.
    pub(super) fn waiting_for(&mut self, job: ActionId) -> Option<SlotName> {
        ALL.into_iter().find(|name| {
            let slot = self.get_mut(*name).and_then(Slot::as_refreshed_mut);
            slot.is_some_and(|slot| slot.is_waiting_for(job))
        })
    }

    /// The tokens to write back, if a source has any.
    pub(super) fn stored_tokens(&mut self) -> Option<&mut StoredTokens> {
        self.refreshed_mut().find_map(Refreshed::stored_tokens)
    }

    /// Whether every slot has a value.
    pub(super) fn is_complete(&self) -> bool {
        self.iter().all(|slot| slot.held().is_some())
    }

    /// Whether one of them will never have a value.
    pub(super) fn is_permanently_failed(&self) -> bool {
        self.iter().any(Slot::is_permanently_failed)
    }

    /// Whether a value has expired.
    pub(super) fn is_expired(&self, now: Now) -> bool {
        self.iter().any(|slot| slot.is_expired(now))
    }

    /// The earliest expiry of the values.
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

fn authorization(authentication: &Authentication, store: Option<Box<dyn Store>>) -> Option<Slot> {
    let user = authentication.user.as_str();
    Some(match &authentication.authorization {
        Authorization::Anonymous => return None,
        Authorization::Basic { username, password } => {
            Slot::constant(Ok(source::constant::basic(username, password)))
        }
        Authorization::Token(token) => Slot::constant(source::constant::token(user, token)),
        Authorization::TokenFile { path, fallback } => {
            let fallback = fallback.as_ref().map(|token| source::constant::token(user, &token.0));
            Slot::refreshed(TokenFile::new(path, fallback.and_then(Result::ok)))
        }
        Authorization::Exec(exec) => Slot::refreshed(ExecPlugin::new(user, exec)),
        Authorization::Provided(provider) => Slot::refreshed(ProvidedSource::new(provider)),
        Authorization::Oidc(oidc) => {
            let tokens = Tokens::new(oidc.id_token.as_ref(), oidc.refresh_token.as_ref());
            let path = oidc.origin.as_ref().map(|origin| origin.path.as_str());
            let stored = StoredTokens::new(user, tokens, path, store);
            Slot::refreshed(OidcSource::new(user, oidc, stored))
        }
    })
}
