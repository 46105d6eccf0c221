//! The settings of a login, which the host takes from flags, variables and files.

use super::protocol::{ListenAddress, ListenHost, ListenTls};
use crate::credential::Header;
use crate::profile::{ExecApiVersion, Proxy, Roots};
use crate::protocol::{Tls, TrustAnchors};
use crate::secret::Secret;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

/// What to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host chooses one")]
pub enum Operation {
    /// A credential for kubectl: from the cache, by a refresh, or by a login.
    #[default]
    Token,
    /// A login now, even if the cache has a token, and during a pause (LG-99).
    Login,
    /// Remove what is stored under this key from every store (LG-115).
    Logout {
        /// Ask the provider to revoke the tokens first (LG-116).
        revoke: bool,
        /// Open the provider's own logout page (LG-117).
        end_session: bool,
    },
    /// Report what is stored, without tokens, and without a request (LG-118).
    Status,
    /// Say what the provider offers, without a login and without the cache.
    Inspect,
}

/// The settings of a login. [`Settings::new`] fills in the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a host fills it in")]
pub struct Settings {
    /// URL of the provider; `https`, or `http` to a loopback address (LG-18).
    pub issuer: String,
    /// The client that is registered there.
    pub client_id: String,
    /// How the client authenticates.
    pub client_credential: ClientCredential,
    /// Which flow logs in.
    pub grant: Grant,
    /// Scopes in addition to `openid`, in this order (LG-32).
    pub extra_scopes: Vec<String>,
    /// Request the scope `openid`. Without it there is no ID token, so `token` must be
    /// [`TokenKind::Access`].
    pub openid: bool,
    /// Request `offline_access`; `None`: if the discovery document lists it (LG-33).
    pub offline_access: Option<bool>,
    /// Send `prompt=consent` with `offline_access` (LG-33).
    pub consent: bool,
    /// Which token becomes the credential.
    pub token: TokenKind,
    /// Additional parameters of the authorization request (LG-34). They are also sent with client
    /// credentials and token exchange.
    pub extra_params: BTreeMap<String, String>,
    /// Use PKCE with S256. Set `false` only for providers that do not accept it; there is a warning
    /// then (LG-29).
    pub pkce: bool,
    /// Push the authorization request (RFC 9126) even if discovery does not require it (LG-35).
    pub pushed: bool,
    /// Request the response as a form (`response_mode=form_post`; LG-44).
    pub form_post: bool,
    /// Addresses on which to wait for the browser; the first free one is used (LG-38, LG-39).
    pub listen: Vec<ListenAddress>,
    /// Certificate and key for TLS with the browser (LG-56).
    pub listen_tls: Option<ListenTls>,
    /// The redirect URI as registered at the provider. If its port is 0 or missing, the port of
    /// `listen` is used; the path is used as given (LG-44). `None`:
    /// `http://127.0.0.1:PORT/callback`. The paste flow requires it.
    pub redirect_uri: Option<String>,
    /// Whether to open a browser (LG-7).
    pub browser: BrowserMode,
    /// The program, with arguments, that opens the browser; empty: the system's default.
    pub browser_command: Vec<String>,
    /// The `http` or `https` URL that the browser shows after a login, instead of the built-in
    /// page.
    pub url_after_login: Option<String>,
    /// The time limit of a login, from the first question to the user (LG-11).
    pub timeout: Duration,
    /// The time limit of the device flow, unless the provider's is shorter (LG-11).
    pub device_timeout: Duration,
    /// Where tokens are kept.
    pub storage: Storage,
    /// Keeps several accounts of one client apart, and is sent as `login_hint` (LG-119).
    pub account: Option<String>,
    /// The user name of the password flow. If it is set, [`Grant::Auto`] uses that flow (LG-12).
    pub username: Option<String>,
    /// Where the password comes from (LG-110).
    pub password: PasswordSource,
    /// The subject token of a token exchange (LG-109).
    pub exchange: Option<TokenExchange>,
    /// Endpoints that discovery leaves out (LG-23).
    pub endpoints: ExtraEndpoints,
    /// Headers on every request to the provider.
    pub request_headers: Vec<Header>,
    /// Whom to trust when connecting to the provider. A file is read when the network is needed.
    pub roots: Roots,
    /// Do not verify the provider at all.
    pub insecure_skip_verify: bool,
    /// How to get to the provider (LG-121).
    pub proxy: Proxy,
    /// Refresh even if the cached token is still good.
    pub force_refresh: bool,
    /// The version of the `ExecCredential` if `KUBERNETES_EXEC_INFO` is not set (LG-2).
    pub api_version: ExecApiVersion,
    /// The service under which keyring items are kept.
    pub keyring_service: String,
    /// Take the token that kubekey has left in the keyring, if there is none here and it is still
    /// good: its users are logged in already.
    pub kubekey: bool,
}

impl Settings {
    /// The defaults for a public client of this provider.
    #[must_use]
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            client_credential: ClientCredential::Public,
            grant: Grant::Auto,
            extra_scopes: Vec::new(),
            openid: true,
            offline_access: None,
            consent: false,
            token: TokenKind::Id,
            extra_params: BTreeMap::new(),
            pkce: true,
            pushed: false,
            form_post: false,
            listen: vec![ListenAddress { host: ListenHost::Loopback, port: 0 }],
            listen_tls: None,
            redirect_uri: None,
            browser: BrowserMode::Auto,
            browser_command: Vec::new(),
            url_after_login: None,
            timeout: Duration::from_secs(180),
            device_timeout: Duration::from_secs(15 * 60),
            storage: Storage::Auto,
            account: None,
            username: None,
            password: PasswordSource::Prompt,
            exchange: None,
            endpoints: ExtraEndpoints::default(),
            request_headers: Vec::new(),
            roots: Roots::System,
            insecure_skip_verify: false,
            proxy: Proxy::Environment,
            force_refresh: false,
            api_version: ExecApiVersion::V1,
            keyring_service: String::from("kubecred"),
            kubekey: false,
        }
    }

    /// TLS as these settings say, but for a file of roots, which is to be read first.
    pub(super) fn tls(&self) -> Tls {
        let roots = match &self.roots {
            Roots::Pem(pem) => TrustAnchors::Pem(pem.clone()),
            Roots::File(_) | Roots::System => TrustAnchors::System,
        };
        Tls { roots, insecure_skip_verify: self.insecure_skip_verify, ..Tls::default() }
    }
}

/// How a client authenticates to the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host chooses one")]
pub enum ClientCredential {
    /// Not at all: a public client.
    #[default]
    Public,
    /// By this secret.
    Secret(Secret),
    /// By the secret in this file, without its last line break.
    SecretFile(String),
    /// By the JWT in this file, read anew each time (RFC 7523, 2.2; LG-25).
    AssertionFile(String),
}

/// Which flow logs in. If you choose one, no other is tried (LG-14).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a host chooses one")]
pub enum Grant {
    /// The password flow if a user name is set; otherwise the browser if one can be opened;
    /// otherwise a device code (LG-12).
    #[default]
    Auto,
    /// Authorization code, received on a loopback address.
    AuthorizationCode,
    /// Authorization code, pasted by the user.
    Paste,
    /// Device code (RFC 8628).
    Device,
    /// Resource owner password; should not be used (LG-17).
    Password,
    /// Client credentials.
    ClientCredentials,
    /// Token exchange (RFC 8693).
    TokenExchange,
}

/// Which token becomes the credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a host chooses one")]
pub enum TokenKind {
    /// The ID token, which API servers verify.
    #[default]
    Id,
    /// The access token (LG-80).
    Access,
}

/// Whether to open a browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a host chooses one")]
pub enum BrowserMode {
    /// If one is usable here (LG-13).
    #[default]
    Auto,
    /// The address is printed instead.
    Never,
    /// Try it, whatever the surroundings look like.
    Always,
}

/// Where tokens are kept (LG-95).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a host chooses one")]
pub enum Storage {
    /// The refresh token in the keyring, the rest in the cache folder, so that a run with a valid
    /// token does not need the keyring. Without a keyring, the refresh token is in the cache folder
    /// too.
    #[default]
    Auto,
    /// Both in the keyring.
    Keyring,
    /// Both in the cache folder.
    Disk,
    /// Nowhere.
    None,
}

/// Where a password comes from (LG-110).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host chooses one")]
pub enum PasswordSource {
    /// From the user, without echo.
    #[default]
    Prompt,
    /// Given.
    Value(Secret),
    /// From this file, without its last line break.
    File(String),
}

/// What to exchange, and for what (RFC 8693, 2.1). Audience, resource and the like go to
/// [`Settings::extra_params`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a host fills it in")]
pub struct TokenExchange {
    /// File with the subject token, read anew each time.
    pub subject_token_file: String,
    /// Its type, such as `urn:ietf:params:oauth:token-type:jwt`.
    pub subject_token_type: String,
    /// The type that is asked for; `None`: the type that [`Settings::token`] stands for.
    pub requested_token_type: Option<String>,
}

/// Endpoints that discovery leaves out. They go before discovery's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a host fills it in")]
pub struct ExtraEndpoints {
    /// `device_authorization_endpoint`.
    pub device_authorization: Option<String>,
    /// `revocation_endpoint`.
    pub revocation: Option<String>,
    /// `end_session_endpoint`.
    pub end_session: Option<String>,
}
