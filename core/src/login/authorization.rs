//! The authorization request: what is asked of the provider through the browser (LG-27…LG-37).

use super::settings::Settings;
use crate::oauth::PLAIN;
use crate::secret::Secret;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use percent_encoding::utf8_percent_encode;
use sha2::{Digest, Sha256};

/// Bytes of entropy in each of state, nonce and verifier (LG-27).
pub(super) const ENTROPY: usize = 32;

/// Parameters that belong to the flow, and that no setting may replace (LG-34).
const RESERVED: [&str; 11] = [
    "client_assertion",
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "request_uri",
    "response_type",
    "scope",
    "state",
];

/// The name of an extra parameter that is not allowed.
pub(super) fn reserved(settings: &Settings) -> Option<&str> {
    let mut names = settings.extra_params.keys().map(String::as_str);
    names.find(|name| RESERVED.contains(name))
}

/// The secrets of one login (LG-27). Each is 43 characters of base64url, as RFC 7636, 4.1 wants of
/// a verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Secrets {
    pub(super) state: Secret,
    pub(super) nonce: Secret,
    pub(super) verifier: Secret,
    /// The path of the start address, and of the page at the end (LG-36, LG-53).
    pub(super) path: Secret,
}

impl Secrets {
    /// How many bytes of entropy they take.
    pub(super) const BYTES: usize = 4 * ENTROPY;

    /// From that many bytes; `None` if there are not exactly so many.
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != Self::BYTES {
            return None;
        }
        let mut parts = bytes.chunks_exact(ENTROPY).map(|bytes| {
            let mut text = vec![0; 43];
            let written = BASE64_URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).ok();
            written.filter(|size| *size == text.len()).map(|_| Secret::from(text))
        });
        Some(Self {
            state: parts.next()??,
            nonce: parts.next()??,
            verifier: parts.next()??,
            path: parts.next()??,
        })
    }

    /// `code_challenge` of the method S256 (RFC 7636, 4.2).
    pub(super) fn challenge(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose()))
    }
}

/// The scopes of a request: `openid`, then the extra ones in their order, each once (LG-32).
pub(super) fn scope(settings: &Settings, offline_access: bool) -> String {
    let mut scopes: Vec<&str> = Vec::new();
    let openid = settings.openid.then_some("openid");
    let offline = offline_access.then_some("offline_access");
    for scope in openid
        .into_iter()
        .chain(settings.extra_scopes.iter().map(String::as_str))
        .chain(offline)
        .filter(|scope| settings.offline_access != Some(false) || *scope != "offline_access")
    {
        if !scope.is_empty() && !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes.join(" ")
}

/// What a request of one login depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'r> {
    pub(super) settings: &'r Settings,
    pub(super) secrets: &'r Secrets,
    pub(super) redirect_uri: &'r str,
    pub(super) scope: &'r str,
    /// Ask for consent, so that `offline_access` brings a refresh token (LG-33).
    pub(super) consent: bool,
}

impl Request<'_> {
    /// The parameters in order: the flow's own, then the extra ones sorted by name.
    pub(super) fn parameters(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        let settings = self.settings;
        let text = |secret: &'_ Secret| String::from(secret.expose_str().unwrap_or_default());
        let mut parameters: Vec<(Cow<'_, str>, Cow<'_, str>)> = vec![
            ("response_type".into(), "code".into()),
            ("client_id".into(), (&*settings.client_id).into()),
            ("redirect_uri".into(), self.redirect_uri.into()),
            ("scope".into(), self.scope.into()),
            ("state".into(), text(&self.secrets.state).into()),
        ];
        if settings.openid {
            parameters.push(("nonce".into(), text(&self.secrets.nonce).into()));
        }
        if settings.pkce {
            parameters.push(("code_challenge".into(), self.secrets.challenge().into()));
            parameters.push(("code_challenge_method".into(), "S256".into()));
        }
        if settings.form_post {
            parameters.push(("response_mode".into(), "form_post".into()));
        }
        let is_given = |name: &str| settings.extra_params.contains_key(name);
        if self.consent && !is_given("prompt") {
            parameters.push(("prompt".into(), "consent".into()));
        }
        let google = settings.issuer.trim_end_matches('/') == "https://accounts.google.com";
        if google && settings.offline_access != Some(false) && !is_given("access_type") {
            parameters.push(("access_type".into(), "offline".into()));
        }
        if let Some(account) = settings.account.as_deref().filter(|_| !is_given("login_hint")) {
            parameters.push(("login_hint".into(), account.into()));
        }
        let extra = settings.extra_params.iter();
        parameters.extend(extra.map(|(name, value)| ((&**name).into(), (&**value).into())));
        parameters
    }
}

/// A URL with these parameters behind its own query, if it has one.
pub(super) fn with_query(url: &str, parameters: &[(Cow<'_, str>, Cow<'_, str>)]) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let mut text = String::from(url);
    let mut joint = if url.contains('?') { '&' } else { '?' };
    for (name, value) in parameters {
        text.push(joint);
        text.extend(utf8_percent_encode(name, PLAIN));
        text.push('=');
        text.extend(utf8_percent_encode(value, PLAIN));
        joint = '&';
    }
    text
}

/// Where the browser comes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redirect {
    /// As it goes to the provider, byte for byte the same both times (LG-31).
    pub(super) uri: String,
    /// Its path, which is the one that is answered (LG-44).
    pub(super) path: String,
    /// What a request's `Host` may be (LG-43).
    pub(super) hosts: Vec<String>,
    /// Scheme, host and port for the addresses of this machine.
    pub(super) origin: String,
}

impl Redirect {
    /// For the port that is listened on. `None`: the configured URI is not `http` or `https`.
    pub(super) fn new(settings: &Settings, port: u16) -> Option<Self> {
        let tls = settings.listen_tls.is_some();
        let own_scheme = if tls { "https" } else { "http" };
        let Some(uri) = &settings.redirect_uri else {
            let origin = alloc::format!("{own_scheme}://127.0.0.1:{port}");
            let uri = [&origin, "/callback"].concat();
            return Some(Self { uri, path: "/callback".into(), hosts: hosts(None, port), origin });
        };
        let (scheme, rest) = uri.split_once("://")?;
        if !matches!(scheme, "http" | "https") || uri.contains('#') {
            return None;
        }
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(at)?;
        let (host, given) = split_port(authority)?;
        let uri = match given {
            // A port of its own may be that of a container's or proxy's front.
            Some(given) if given != 0 => uri.clone(),
            _ => alloc::format!("{scheme}://{host}:{port}{path}"),
        };
        let path = path.split('?').next().unwrap_or_default();
        let path = if path.is_empty() { "/" } else { path };
        let mut hosts = hosts(Some(host), port);
        if let Some(given) = given.filter(|given| *given != 0) {
            hosts.push(alloc::format!("{host}:{given}"));
        }
        let origin = match given {
            Some(given) if given != 0 => alloc::format!("{scheme}://{host}:{given}"),
            _ => alloc::format!("{own_scheme}://{host}:{port}"),
        };
        Some(Self { uri, path: path.into(), hosts, origin })
    }
}

/// Host and port of an authority. A port that is no number is none of a URL.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            if port.is_empty() {
                Some((host, None))
            } else {
                Some((host, Some(port.parse().ok()?)))
            }
        }
        _ => Some((authority, None)),
    }
}

fn hosts(own: Option<&str>, port: u16) -> Vec<String> {
    let names = ["127.0.0.1", "[::1]", "localhost"].into_iter().chain(own);
    let mut hosts: Vec<String> = names.map(|name| alloc::format!("{name}:{port}")).collect();
    hosts.dedup();
    hosts
}
