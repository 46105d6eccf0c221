//! The auth-provider of a user: the only one left is `oidc` (OI-1, OI-2, OI-30…OI-33).

use super::entries::AuthProvider;
use super::shape::decode_base64;
use super::validate::Report;
use crate::profile::problem::{AuthProviderProblem, ProblemKind};
use crate::profile::{KubeconfigUser, Oidc, Origin, Roots};
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::string::String;

/// The provider that the entry describes, if it can be used.
pub(super) fn lookup(provider: &AuthProvider, user: &str, report: &mut Report<'_>) -> Option<Oidc> {
    let problem = match provider.name.as_str() {
        "oidc" => return oidc(provider, user, report),
        "gcp" => AuthProviderProblem::Gcp,
        "azure" => AuthProviderProblem::Azure,
        name => AuthProviderProblem::Unknown(name.to_owned()),
    };
    report.field("auth-provider", ProblemKind::AuthProvider(problem));
    None
}

/// Whether the entry asks for scopes. They are chosen at login, which does not happen here (OI-1).
pub(super) fn asks_for_scopes(provider: &AuthProvider) -> bool {
    provider.name == "oidc" && provider.config.contains_key("extra-scopes")
}

fn oidc(provider: &AuthProvider, user: &str, report: &mut Report<'_>) -> Option<Oidc> {
    let secret = |key: &str| provider.config.get(key).filter(|value| !value.is_empty());
    let text = |key: &str| secret(key).and_then(Secret::expose_str).map(ToOwned::to_owned);
    let mut required = |key: &'static str| -> Option<String> {
        let value = text(key);
        if value.is_none() {
            let problem = AuthProviderProblem::Missing(key);
            report.field("auth-provider", ProblemKind::AuthProvider(problem));
        }
        value
    };
    let (issuer, client_id) = (required("idp-issuer-url"), required("client-id"));
    // Data takes precedence over a file, which is found from the working directory (OI-1, OI-2).
    let roots = match (secret("idp-certificate-authority-data"), text("idp-certificate-authority"))
    {
        (Some(data), _) => match decode_base64(data.expose()) {
            Ok(pem) => Some(Roots::Pem(pem)),
            Err(at) => {
                const FIELD: &str = "auth-provider.config.idp-certificate-authority-data";
                report.field(FIELD, ProblemKind::Base64(at));
                None
            }
        },
        (None, Some(path)) => Some(Roots::File(path)),
        (None, None) => Some(Roots::System),
    };
    Some(Oidc {
        issuer: issuer?,
        client_id: client_id?,
        client_secret: secret("client-secret").cloned(),
        id_token: secret("id-token").cloned(),
        refresh_token: secret("refresh-token").cloned(),
        roots: roots?,
        origin: match (report.origin)("auth-provider") {
            Origin::File { path, .. } if !path.is_empty() => {
                Some(KubeconfigUser { path, user: user.to_owned() })
            }
            _ => None,
        },
    })
}
