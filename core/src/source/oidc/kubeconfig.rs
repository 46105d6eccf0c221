//! The tokens in the kubeconfig that the source came from: others write there as well, and what a
//! refresh brings is written back (OI-26, OI-27, KC-91).

use super::{OidcSource, Tokens};
use crate::error::{Error, SaveProblem};
use crate::kubeconfig::edit::with_auth_provider;
use crate::kubeconfig::{Kubeconfig, decode};
use crate::profile::{KubeconfigUser, Oidc};
use crate::protocol::WriteFile;
use crate::secret::Secret;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

/// What is to be done about a kubeconfig that has been read for writing tokens back.
#[derive(Debug)]
pub(crate) enum Edit {
    /// Nothing: it holds them, the entry is gone or about something else (KC-91), or somebody has
    /// put newer ones there.
    Leave,
    /// This is to be written.
    Write(WriteFile),
}

impl OidcSource {
    /// Takes over what somebody else has put into the kubeconfig: a login, or a refresh that used
    /// up the refresh token in hand.
    pub(super) fn look(&mut self, kubeconfig: &Secret) {
        let found = Kubeconfig::from_bytes(kubeconfig.expose()).ok();
        let Some(found) = found.and_then(|found| self.tokens_of(&found)) else { return };
        if self.is_ours(&found) {
            return;
        }
        if found.refresh != self.tokens.refresh {
            self.refused = None;
        }
        if found.id != self.tokens.id {
            self.served = false;
        }
        self.filed = found.clone();
        self.tokens = found;
        self.tried = None;
    }

    /// The tokens that the kubeconfig does not hold yet.
    pub(crate) fn unsaved(&self) -> Option<&Tokens> {
        let differ = self.config.origin.is_some() && self.tokens != self.filed;
        differ.then_some(&self.tokens)
    }

    /// Where tokens are written back to.
    pub(crate) fn origin(&self) -> Option<&KubeconfigUser> {
        self.config.origin.as_ref()
    }

    /// The kubeconfig has been read. What must be written for it to hold the tokens in hand?
    pub(crate) fn edit(&mut self, kubeconfig: Secret) -> Result<Edit, Error> {
        let Some(origin) = &self.config.origin else { return Ok(Edit::Leave) };
        let wrong = |text| self.unsavable(SaveProblem::NotEdited(text));
        let now =
            decode(&origin.path, kubeconfig.expose()).map_err(|error| wrong(error.to_string()))?;
        let Some(found) = self.tokens_of(&now) else { return Ok(Edit::Leave) };
        if found == self.tokens {
            self.saved(found);
            return Ok(Edit::Leave);
        }
        if !self.is_ours(&found) {
            return Ok(Edit::Leave);
        }
        let user = now.users.get(&origin.user);
        let Some(was) = user.and_then(|user| user.auth_provider.as_ref()) else {
            return Ok(Edit::Leave);
        };
        let mut wanted = was.clone();
        self.tokens.lay_over(&mut wanted.config);
        let path = origin.path.clone();
        let contents = with_auth_provider(&path, &kubeconfig, &origin.user, was, &wanted)
            .map_err(|error| wrong(error.to_string()))?;
        self.tried = Some(self.tokens.clone());
        Ok(Edit::Write(WriteFile { path, contents, mode: 0o600, replaces: Some(kubeconfig) }))
    }

    /// The kubeconfig holds these tokens by now.
    pub(crate) fn saved(&mut self, tokens: Tokens) {
        self.filed = tokens;
        self.tried = None;
    }

    pub(crate) fn unsavable(&self, problem: SaveProblem) -> Error {
        let path = self.config.origin.as_ref().map(|origin| origin.path.clone());
        Error::NotSaved { user: self.user.clone(), path: path.unwrap_or_default(), problem }
    }

    /// Whether this machine has put them there, or may have, or found them there before.
    fn is_ours(&self, found: &Tokens) -> bool {
        *found == self.filed || *found == self.tokens || self.tried.as_ref() == Some(found)
    }

    /// The tokens of the user entry, if it is still about the same client of the same provider.
    fn tokens_of(&self, kubeconfig: &Kubeconfig) -> Option<Tokens> {
        let Oidc { issuer, client_id, origin, .. } = &self.config;
        let user = kubeconfig.users.get(&origin.as_ref()?.user)?;
        let provider = user.auth_provider.as_ref().filter(|provider| provider.name == "oidc")?;
        let setting = |name: &str| provider.config.get(name);
        let same = |name: &str, value: &str| {
            setting(name).is_some_and(|setting| setting.expose() == value.as_bytes())
        };
        let ours = same("idp-issuer-url", issuer) && same("client-id", client_id);
        ours.then(|| Tokens::new(setting("id-token"), setting("refresh-token")))
    }
}

impl Tokens {
    /// What is there replaces what was there (OI-26).
    fn lay_over(&self, settings: &mut BTreeMap<String, Secret>) {
        for (name, token) in [("id-token", &self.id), ("refresh-token", &self.refresh)] {
            if let Some(token) = token {
                settings.insert(name.into(), token.clone());
            }
        }
    }
}
