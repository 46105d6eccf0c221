//! The tokens of an auth-provider `oidc`, in the kubeconfig that they came from: others write there
//! as well, and what a refresh brings is written back (OI-26, OI-27, KC-91).

use super::edit::with_auth_provider;
use super::{AuthProvider, Kubeconfig, decode};
use crate::profile::{KubeconfigUser, Oidc};
use crate::protocol::WriteFile;
use crate::secret::Secret;
use crate::store::{Store, Tokens};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

/// One user entry of one kubeconfig, for as long as it is about the same client of the same provider.
#[derive(Clone, Debug)]
pub(crate) struct KubeconfigStore {
    origin: KubeconfigUser,
    issuer: String,
    client_id: String,
}

impl KubeconfigStore {
    /// Where these tokens came from, if that is a kubeconfig.
    pub(crate) fn of(oidc: &Oidc) -> Option<Self> {
        let Oidc { issuer, client_id, origin, .. } = oidc;
        let (issuer, client_id) = (issuer.clone(), client_id.clone());
        Some(Self { origin: origin.clone()?, issuer, client_id })
    }

    fn decoded(&self, content: &Secret) -> Result<Kubeconfig, String> {
        decode(&self.origin.path, content.expose()).map_err(|error| error.to_string())
    }

    /// The auth-provider of the user entry, if it is still about the same login.
    fn provider<'a>(&self, kubeconfig: &'a Kubeconfig) -> Option<&'a AuthProvider> {
        let user = kubeconfig.users.get(&self.origin.user)?;
        let provider = user.auth_provider.as_ref().filter(|provider| provider.name == "oidc")?;
        let same = |name: &str, value: &str| {
            let setting = provider.config.get(name);
            setting.is_some_and(|setting| setting.expose() == value.as_bytes())
        };
        let ours = same("idp-issuer-url", &self.issuer) && same("client-id", &self.client_id);
        ours.then_some(provider)
    }
}

impl Store for KubeconfigStore {
    fn origin(&self) -> &str {
        &self.origin.path
    }

    fn adopt(&self, content: &Secret) -> Result<Option<Tokens>, String> {
        let kubeconfig = self.decoded(content)?;
        let provider = self.provider(&kubeconfig);
        Ok(provider.map(|provider| {
            let setting = |name: &str| provider.config.get(name);
            Tokens::new(setting("id-token"), setting("refresh-token"))
        }))
    }

    fn edit(&self, content: Secret, tokens: &Tokens) -> Result<Option<WriteFile>, String> {
        let kubeconfig = self.decoded(&content)?;
        let Some(before) = self.provider(&kubeconfig) else { return Ok(None) };
        let mut after = before.clone();
        lay_over(tokens, &mut after.config);
        let KubeconfigUser { path, user } = &self.origin;
        let contents = with_auth_provider(path, &content, user, before, &after)
            .map_err(|error| error.to_string())?;
        let (path, replaces) = (path.clone(), Some(content));
        Ok(Some(WriteFile { path, contents, mode: 0o600, replaces }))
    }
}

/// What is there replaces what was there (OI-26).
fn lay_over(tokens: &Tokens, settings: &mut BTreeMap<String, Secret>) {
    for (name, token) in [("id-token", &tokens.id), ("refresh-token", &tokens.refresh)] {
        if let Some(token) = token {
            settings.insert(name.into(), token.clone());
        }
    }
}
