//! The auth-provider `oidc`: id-tokens of an OpenID provider.

use super::Roots;
use crate::redact;
use crate::secret::Secret;
use alloc::string::String;
use core::fmt;

#[cfg(feature = "serde")]
use crate::secret::exposed_option;

/// An id-token, and how to get another from its provider (OI-1…OI-27). No person is asked to log in:
/// that has happened before.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct Oidc {
    /// The URL of the provider. Not `https`: only on a loopback address, since secrets are sent.
    pub issuer: String,
    /// The client that the tokens were issued to.
    pub client_id: String,
    /// Its secret; `None` for a public client.
    #[cfg_attr(feature = "serde", serde(with = "exposed_option"))]
    pub client_secret: Option<Secret>,
    /// Used until shortly before its end, without asking anybody.
    #[cfg_attr(feature = "serde", serde(with = "exposed_option"))]
    pub id_token: Option<Secret>,
    /// What brings another id-token. Many providers accept it once, and give another with it.
    #[cfg_attr(feature = "serde", serde(with = "exposed_option"))]
    pub refresh_token: Option<Secret>,
    /// Whom to trust when talking to the provider.
    pub roots: Roots,
    /// Where the tokens came from, and where those that replace them are written (OI-27). `None`:
    /// nowhere.
    pub origin: Option<KubeconfigUser>,
}

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oidc")
            .field("issuer", &redact::url(&self.issuer))
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("id_token", &self.id_token)
            .field("refresh_token", &self.refresh_token)
            .field("roots", &self.roots)
            .field("origin", &self.origin)
            .finish()
    }
}

/// A user entry of a kubeconfig file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "a place")]
pub struct KubeconfigUser {
    /// The file.
    pub path: String,
    /// The entry's name.
    pub user: String,
}
