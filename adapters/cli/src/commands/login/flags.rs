//! Flags and variables that say which provider to log in to, and how: kubelogin's names and
//! meanings, kubekey's variables, and a few of our own.

use crate::connection_flags::{go_bool, key_value};
use crate::report::{Exit, Report, warn};
use clap::{Args, ValueEnum};
use kubecred_login::login::KeyringChoice;
use std::time::Duration;

/// The heading over the flags that kubelogin does not have.
const OWN: &str = "Flags that kubelogin does not have";

/// In place of a file of `--certificate-authority`: the system's certificate authorities.
pub(super) const SYSTEM_ROOTS: &str = "system";

/// Which provider, which client, which flow.
#[derive(Args, Clone, Default, PartialEq, Eq)]
pub(crate) struct LoginFlags {
    /// URL of the OpenID provider [env: KUBECRED_ISSUER_URL, IDP_ISSUER_URL]
    #[arg(long, value_name = "URL")]
    pub(super) oidc_issuer_url: Option<String>,
    /// Client ID that is registered at the provider [env: KUBECRED_CLIENT_ID, CLIENT_ID]
    #[arg(long, value_name = "ID")]
    pub(super) oidc_client_id: Option<String>,
    /// Client secret, if the client has one. Other users of this machine can see it in the process
    /// list; use --oidc-client-secret-file [env: KUBECRED_CLIENT_SECRET, CLIENT_SECRET]
    #[arg(long, value_name = "SECRET")]
    pub(super) oidc_client_secret: Option<String>,
    /// Redirect URL that is registered at the provider. If it has no port, the port of
    /// --listen-address is added
    #[arg(long, value_name = "URL")]
    pub(super) oidc_redirect_url: Option<String>,
    /// Scope to request in addition to openid; may be repeated
    #[arg(long, value_name = "SCOPE", value_delimiter = ',')]
    pub(super) oidc_extra_scope: Vec<String>,
    /// Print the access token instead of the ID token
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    pub(super) oidc_use_access_token: Option<bool>,
    /// Header for every request to the provider; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) oidc_request_header: Vec<(String, String)>,
    /// Parameter of the authorization request; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = key_value)]
    pub(super) oidc_auth_request_extra_params: Vec<(String, String)>,
    /// PKCE method; auto means S256
    #[arg(long, value_enum, value_name = "METHOD")]
    pub(super) oidc_pkce_method: Option<Pkce>,
    /// The same as --oidc-pkce-method=S256
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, hide = true,
          default_missing_value = "true", value_parser = go_bool)]
    pub(super) oidc_use_pkce: Option<bool>,
    /// Flow to log in with; see below [default: auto]
    #[arg(long, value_enum, value_name = "TYPE")]
    pub(super) grant_type: Option<GrantType>,
    /// Address on which to wait for the browser; may be repeated, and the first free one is used
    /// [default: 127.0.0.1:8000 and 127.0.0.1:18000; with the variables above, any free port]
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub(super) listen_address: Vec<String>,
    /// Print the address to open, instead of opening a browser
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    pub(super) skip_open_browser: Option<bool>,
    /// Program to open the browser with; it gets the address as its last argument
    #[arg(long, value_name = "PROGRAM")]
    pub(super) browser_command: Option<String>,
    /// Time limit for a login [default: 180; 900 with a device code]
    #[arg(long, value_name = "SECONDS")]
    pub(super) authentication_timeout_sec: Option<u32>,
    /// Certificate (PEM file) for --listen-address, which then uses https
    #[arg(long, value_name = "FILE")]
    pub(super) local_server_cert: Option<String>,
    /// Key of that certificate (PEM file)
    #[arg(long, value_name = "FILE")]
    pub(super) local_server_key: Option<String>,
    /// URL that the browser shows after a login, instead of a built-in page
    #[arg(long, value_name = "URL")]
    pub(super) open_url_after_authentication: Option<String>,
    /// Folder for cached tokens [env: KUBECACHEDIR] [default: ~/.kube/cache]
    #[arg(long, value_name = "FOLDER")]
    pub(super) token_cache_dir: Option<String>,
    /// Where to keep tokens. auto: the refresh token in the keyring if there is one, the rest on
    /// disk [default: auto]
    #[arg(long, value_enum, value_name = "STORAGE")]
    pub(super) token_cache_storage: Option<CacheStorage>,
    /// CA bundle used to verify the provider (PEM file), instead of the system's; may be repeated.
    /// `system` keeps the system's beside it
    #[arg(long, value_name = "FILE")]
    pub(super) certificate_authority: Vec<String>,
    /// CA bundle used to verify the provider (PEM in base64); may be repeated
    #[arg(long, value_name = "BASE64")]
    pub(super) certificate_authority_data: Vec<String>,
    /// Do not verify the provider's certificate
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    pub(super) insecure_skip_tls_verify: Option<bool>,
    /// No effect: there is no renegotiation in this TLS
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, value_name = "BOOL",
          default_missing_value = "true", value_parser = go_bool)]
    pub(super) tls_renegotiation_once: Option<bool>,
    /// No effect: there is no renegotiation in this TLS
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, value_name = "BOOL",
          default_missing_value = "true", value_parser = go_bool)]
    pub(super) tls_renegotiation_freely: Option<bool>,
    /// User name for the grant type password
    #[arg(long, value_name = "NAME")]
    pub(super) username: Option<String>,
    /// Password. Other users of this machine can see it in the process list; use --password-file
    #[arg(long, value_name = "PASSWORD")]
    pub(super) password: Option<String>,
    /// Refresh the token even if the cached one has not expired
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    pub(super) force_refresh: Option<bool>,
    /// Log level; 1 and above show the browser's standard error
    #[arg(short, long = "v", value_name = "LEVEL", num_args = 0..=1, default_missing_value = "1")]
    pub(super) verbosity: Option<u8>,
    #[command(flatten)]
    pub(super) own: OwnFlags,
    #[command(flatten)]
    klog: KlogFlags,
}

/// Flags that kubelogin does not have.
#[derive(Args, Clone, Default, PartialEq, Eq)]
#[command(next_help_heading = OWN)]
pub(crate) struct OwnFlags {
    /// URL of the OpenID provider; with kubecred's own defaults: any free port, and the redirect URL
    /// http://127.0.0.1:PORT/callback
    #[arg(long, value_name = "URL", conflicts_with = "oidc_issuer_url")]
    pub(super) issuer: Option<String>,
    /// Client ID that is registered there
    #[arg(long, value_name = "ID", conflicts_with = "oidc_client_id")]
    pub(super) client_id: Option<String>,
    /// Whether to open a browser [default: auto, if there is a desktop]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub(super) browser: Option<Browser>,
    /// Argument for --browser-command, put before the address; may be repeated
    #[arg(long, value_name = "ARGUMENT", allow_hyphen_values = true)]
    pub(super) browser_arg: Vec<String>,
    /// File with the client secret
    #[arg(long, value_name = "FILE", conflicts_with = "oidc_client_secret")]
    pub(super) oidc_client_secret_file: Option<String>,
    /// File with the password
    #[arg(long, value_name = "FILE", conflicts_with = "password")]
    pub(super) password_file: Option<String>,
    /// Which keyring to use: the system's, or the keys of the Linux kernel, which are gone at a restart
    #[arg(long, value_enum, value_name = "KEYRING", default_value_t)]
    pub(super) keyring: Keyring,
    /// Account name, to keep the tokens of several accounts of one client; sent as login_hint
    #[arg(long, value_name = "NAME")]
    pub(super) account: Option<String>,
    /// Request offline_access, which gives a refresh token [default: if the provider supports it]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    pub(super) offline_access: Option<bool>,
    /// Send prompt=consent, without which some providers give no refresh token
    #[arg(long)]
    pub(super) consent: bool,
    /// Ask for the answer as a form (response_mode=form_post)
    #[arg(long)]
    pub(super) form_post: bool,
    /// Device authorization endpoint, if the provider's discovery document has none
    #[arg(long, value_name = "URL")]
    pub(super) device_endpoint: Option<String>,
    /// Revocation endpoint, if the provider's discovery document has none
    #[arg(long, value_name = "URL")]
    pub(super) revocation_endpoint: Option<String>,
    /// Version of the ExecCredential if KUBERNETES_EXEC_INFO is not set [default: v1beta1, as
    /// kubelogin]
    #[arg(long, value_enum, value_name = "VERSION")]
    pub(super) api_version: Option<ApiVersion>,
    /// Whether to show a QR code with a device code
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    pub(super) qr: Qr,
    /// Print only errors and what you have to do on standard error
    #[arg(short, long)]
    pub(super) quiet: bool,
}

/// kubelogin's logging library has these; they are accepted without effect.
#[derive(Args, Clone, Default, PartialEq, Eq)]
struct KlogFlags {
    #[arg(long = "add_dir_header", hide = true, num_args = 0..=1, require_equals = true)]
    add_dir_header: Option<Option<String>>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true)]
    alsologtostderr: Option<Option<String>>,
    #[arg(long = "log_backtrace_at", hide = true)]
    log_backtrace_at: Option<String>,
    #[arg(long = "log_dir", hide = true)]
    log_dir: Option<String>,
    #[arg(long = "log_file", hide = true)]
    log_file: Option<String>,
    #[arg(long = "log_file_max_size", hide = true)]
    log_file_max_size: Option<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true)]
    logtostderr: Option<Option<String>>,
    #[arg(long = "one_output", hide = true, num_args = 0..=1, require_equals = true)]
    one_output: Option<Option<String>>,
    #[arg(long = "skip_headers", hide = true, num_args = 0..=1, require_equals = true)]
    skip_headers: Option<Option<String>>,
    #[arg(long = "skip_log_headers", hide = true, num_args = 0..=1, require_equals = true)]
    skip_log_headers: Option<Option<String>>,
    #[arg(long, hide = true)]
    stderrthreshold: Option<String>,
    #[arg(long, hide = true)]
    vmodule: Option<String>,
}

/// kubelogin's grant types, and one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GrantType {
    // No doc comments: they would become part of the help, and blow it up.
    Auto,
    Authcode,
    AuthcodeKeyboard,
    Password,
    DeviceCode,
    ClientCredentials,
}

/// kubelogin's PKCE methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pkce {
    Auto,
    No,
    #[value(name = "S256")]
    S256,
}

/// Where tokens are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CacheStorage {
    Auto,
    Disk,
    Keyring,
    None,
}

/// Which keyring to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Keyring {
    #[default]
    System,
    Kernel,
}

/// Whether to open a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Browser {
    Auto,
    Never,
    Always,
}

/// Whether to show a QR code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Qr {
    #[default]
    Auto,
    Never,
}

/// The versions of ExecCredential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ApiVersion {
    V1,
    V1beta1,
}

impl LoginFlags {
    /// Whether the system's certificate authorities are trusted beside those of the flags (LG-26).
    pub(super) fn trusts_system(&self) -> bool {
        self.certificate_authority.iter().any(|file| file == SYSTEM_ROOTS)
    }

    /// The limit of a login, if one is given.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.authentication_timeout_sec.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// The client, if a flag names it.
    pub(super) fn client_id(&self) -> Option<String> {
        let flag = self.own.client_id.as_ref().or(self.oidc_client_id.as_ref());
        flag.filter(|client| !client.is_empty()).cloned()
    }

    /// Which keyring is used.
    pub(super) fn keyring(&self) -> KeyringChoice {
        match self.own.keyring {
            Keyring::System => KeyringChoice::System,
            Keyring::Kernel => KeyringChoice::Kernel,
        }
    }

    /// Warns of flags that have no effect or show a secret to other users.
    pub(super) fn warn(&self) {
        if self.own.quiet {
            return;
        }
        if self.tls_renegotiation_once == Some(true) || self.tls_renegotiation_freely == Some(true)
        {
            warn("--tls-renegotiation-… has no effect: renegotiation is not supported");
        }
        let visible = [
            (
                "--oidc-client-secret",
                "--oidc-client-secret-file",
                self.oidc_client_secret.is_some(),
            ),
            ("--password", "--password-file", self.password.is_some()),
        ];
        for (flag, better, _) in visible.iter().filter(|(.., given)| *given) {
            warn(&format!("other users can see {flag} in the process list; use {better}"));
        }
    }
}

/// A problem with a flag's value.
pub(super) fn wrong(flag: &str, what: impl std::fmt::Display) -> Report {
    Report::new(Exit::Usage, format_args!("{flag}: {what}"))
}
