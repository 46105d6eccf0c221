//! The resolved settings of one connection: which server, how to authenticate, and where each
//! value came from.
//!
//! A profile comes from a kubeconfig, from a pod's service account, or from code:
//!
//! ```
//! use kubecred_core::{Authentication, Authorization, Profile, Roots};
//!
//! let mut profile = Profile::new("https://api.example:6443");
//! profile.cluster.roots = Roots::File("/etc/kubernetes/ca.crt".into());
//! profile.authentication = Authentication::token_file("/run/token");
//! assert!(matches!(profile.authentication.authorization, Authorization::TokenFile { .. }));
//! ```

pub(crate) mod check;
mod oidc;
mod plugin_policy;
#[cfg_attr(not(feature = "kubeconfig"), expect(dead_code, reason = "for kubeconfigs"))]
pub(crate) mod problem;

pub use oidc::{KubeconfigUser, Oidc};
pub use problem::{
    AuthProviderProblem, ConfigError, EmptyReason, PolicyProblem, Problem, ProblemKind,
    ProxyProblem,
};

use crate::redact;
use crate::secret::Secret;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

#[cfg(feature = "serde")]
use crate::secret::exposed;

/// Everything needed to connect and authenticate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct Profile {
    /// The kubeconfig context it was selected by.
    pub context: Option<String>,
    /// The server, and how to reach it.
    pub cluster: Cluster,
    /// The credentials to send.
    pub authentication: Authentication,
    /// The namespace for requests that name none.
    pub namespace: Namespace,
    /// The time limit of a request, including the exec plugin; `None`: no limit.
    pub timeout: Option<Duration>,
    /// Where each value came from, in the order of the fields.
    pub provenance: Vec<Provenance>,
    /// Warnings for the user: credentials that are not sent, values that are ignored.
    pub notices: Vec<Notice>,
}

impl Profile {
    /// An anonymous profile for a server, to be filled in by hand.
    pub fn new(server: impl Into<String>) -> Self {
        Self { cluster: Cluster { server: server.into(), ..Cluster::default() }, ..Self::default() }
    }
}

/// The server, and how to reach it.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct Cluster {
    /// The kubeconfig entry's name; empty if there is none.
    pub name: String,
    /// The base URL; its path is a prefix of every API path (KC-72).
    pub server: String,
    /// The CA bundle used to verify the server.
    pub roots: Roots,
    /// The name for SNI and verification; `None`: the host of `server` (UA-30).
    pub tls_server_name: Option<String>,
    /// Do not verify the server at all.
    pub insecure_skip_tls_verify: bool,
    /// How to connect: directly or through a proxy.
    pub proxy: Proxy,
    /// Do not request compressed responses.
    pub disable_compression: bool,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("name", &self.name)
            .field("server", &format_args!("{:?}", redact::url(&self.server)))
            .field("roots", &self.roots)
            .field("tls_server_name", &self.tls_server_name)
            .field("insecure_skip_tls_verify", &self.insecure_skip_tls_verify)
            .field("proxy", &self.proxy)
            .field("disable_compression", &self.disable_compression)
            .finish()
    }
}

impl Cluster {
    /// Whether the scheme of `server` is `https`, in upper or lower case. Any other server gets no
    /// credentials (KC-71), only impersonation.
    pub fn is_https(&self) -> bool {
        self.server
            .split_once("://")
            .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https"))
    }
}

/// The certificate authorities used to verify the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Roots {
    /// Those in this PEM file, which is read again every five minutes ([`Policy`](crate::Policy)).
    /// With an empty file no server is trusted.
    File(String),
    /// These, as PEM.
    Pem(#[cfg_attr(feature = "serde", serde(with = "exposed"))] Secret),
    /// Those of the operating system.
    #[default]
    System,
}

/// How to connect to the server.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Proxy {
    /// Without a proxy, even if the environment names one.
    Direct,
    /// As `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` of the host's environment say (KC-73).
    #[default]
    Environment,
    /// Through this `http`, `https` or `socks5` URL. It may hold a password; `Debug` hides it.
    Url(String),
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("Direct"),
            Self::Environment => f.write_str("Environment"),
            Self::Url(url) => f.debug_tuple("Url").field(&redact::url(url)).finish(),
        }
    }
}

/// The credentials of a user: an `Authorization` header, a client certificate, or both (UA-2), and
/// the identity to impersonate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct Authentication {
    /// The kubeconfig entry's name; empty if there is none. Errors quote it.
    pub user: String,
    /// How to make the `Authorization` header.
    pub authorization: Authorization,
    /// The TLS client certificate. An exec plugin may provide one instead.
    pub certificate: Option<ClientCertificate>,
    /// The identity to impersonate.
    pub impersonation: Impersonation,
    /// Act as this service account. The fields above are then the *bootstrap* credentials: they are
    /// sent only with the TokenRequests that get the account's tokens (TR-21).
    #[cfg_attr(feature = "serde", serde(default))]
    pub service_account: Option<ServiceAccount>,
}

/// A service account to act as, with tokens that the API server issues (TR-1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct ServiceAccount {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The lifetime to request for each token, in whole seconds; `None`: an hour. The server
    /// requires at least ten minutes, and may grant a shorter lifetime (TR-2).
    pub lifetime: Option<Duration>,
}

impl Authentication {
    /// As a service account. Its tokens are requested with the credentials `bootstrap`, which must
    /// be allowed to `create` `serviceaccounts/token`, and are refreshed.
    ///
    /// ```
    /// use kubecred_core::{Authentication, Exec};
    ///
    /// let me = Authentication::exec(Exec::new("gke-gcloud-auth-plugin"));
    /// let deployer = Authentication::service_account("prod", "deployer", me);
    /// assert_eq!(deployer.service_account.unwrap().name, "deployer");
    /// ```
    pub fn service_account(
        namespace: impl Into<String>,
        name: impl Into<String>,
        bootstrap: Self,
    ) -> Self {
        let (namespace, name) = (namespace.into(), name.into());
        let account = ServiceAccount { namespace, name, lifetime: None };
        Self { service_account: Some(account), ..bootstrap }
    }

    /// With a token that never changes.
    pub fn token(token: impl Into<Secret>) -> Self {
        Self { authorization: Authorization::Token(token.into()), ..Self::default() }
    }

    /// With a token from a file, which is read again every minute.
    pub fn token_file(path: impl Into<String>) -> Self {
        Self {
            authorization: Authorization::TokenFile { path: path.into(), fallback: None },
            ..Self::default()
        }
    }

    /// With a user name and a password.
    pub fn basic(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        let (username, password) = (username.into(), password.into());
        Self { authorization: Authorization::Basic { username, password }, ..Self::default() }
    }

    /// With the credential that an exec plugin prints.
    pub fn exec(exec: Exec) -> Self {
        Self { authorization: Authorization::Exec(Box::new(exec)), ..Self::default() }
    }

    /// With the id-token of an OpenID provider.
    pub fn oidc(oidc: Oidc) -> Self {
        Self { authorization: Authorization::Oidc(Box::new(oidc)), ..Self::default() }
    }

    /// With tokens that the program itself gives, from the provider of this name.
    pub fn provided(provider: impl Into<String>) -> Self {
        Self { authorization: Authorization::Provided(provider.into()), ..Self::default() }
    }

    /// Whether another credential can come of a 401: whether any of it is fetched, and not given
    /// outright.
    pub fn is_refreshable(&self) -> bool {
        let from_file = |material: &Material| material.path().is_some();
        let constant = matches!(
            self.authorization,
            Authorization::Anonymous | Authorization::Basic { .. } | Authorization::Token(_)
        );
        let pair = self.certificate.as_ref();
        !constant
            || self.service_account.is_some()
            || pair.is_some_and(|pair| from_file(&pair.certificate) || from_file(&pair.key))
    }

    /// With a client certificate.
    pub fn certificate(certificate: Material, key: Material) -> Self {
        Self { certificate: Some(ClientCertificate { certificate, key }), ..Self::default() }
    }
}

/// How the `Authorization` header is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Authorization {
    /// No header.
    #[default]
    Anonymous,
    /// `Basic`, from a user name and a password.
    Basic {
        /// Not empty (UA-10).
        username: String,
        /// May be empty.
        #[cfg_attr(feature = "serde", serde(with = "exposed"))]
        password: Secret,
    },
    /// What an exec plugin prints.
    Exec(Box<Exec>),
    /// The id-token of an OpenID provider.
    Oidc(Box<Oidc>),
    /// A token that the program gives when it is asked for one ([`Action::Provide`](crate::Action)),
    /// from the provider of this name; empty if there is only one. No kubeconfig says this.
    Provided(String),
    /// A literal token.
    Token(#[cfg_attr(feature = "serde", serde(with = "exposed"))] Secret),
    /// A token file, which another program replaces before the token expires (TK-1…TK-9).
    TokenFile {
        /// Its path.
        path: String,
        /// A token to use until the file has been read once (UA-7, TK-6).
        fallback: Option<Token>,
    },
}

/// A literal token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "a name for a secret")]
pub struct Token(#[cfg_attr(feature = "serde", serde(with = "exposed"))] pub Secret);

/// A client certificate and its key, each inline or in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct ClientCertificate {
    /// PEM, leaf first.
    pub certificate: Material,
    /// PEM.
    pub key: Material,
}

/// PEM inline, or in a file that is read again every five minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Material {
    /// The bytes.
    Data(#[cfg_attr(feature = "serde", serde(with = "exposed"))] Secret),
    /// Where they are.
    File(String),
}

/// The identity to impersonate (UA-20…UA-25); none if all fields are empty. If only the user name
/// is empty, it is sent empty, which servers refuse (UA-24).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct Impersonation {
    /// The user name.
    pub user: String,
    /// The uid; empty for none.
    pub uid: String,
    /// Groups, in order.
    pub groups: Vec<String>,
    /// Extra keys with their values, in order of the keys.
    pub extra: Vec<(String, Vec<String>)>,
}

/// How to run an exec plugin (`client.authentication.k8s.io`).
///
/// `Debug` shows the command and the names of variables, not arguments, values or cluster
/// configuration (KC-95).
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct Exec {
    /// The program: a path if it contains a path separator, otherwise a name to look up in PATH.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables to add to the host's environment.
    pub env: Vec<EnvVar>,
    /// The version of ExecCredential that it must print (EX-52).
    pub api_version: ExecApiVersion,
    /// What to print if the program is not installed.
    pub install_hint: String,
    /// Whether it may read standard input.
    pub interactive_mode: InteractiveMode,
    /// The cluster to describe in `KUBERNETES_EXEC_INFO` (`provideClusterInfo`); `None`: none.
    pub cluster: Option<ExecCluster>,
    /// The state of the host's standard input.
    pub stdin: StdinState,
    /// Which programs may be run.
    pub policy: PluginPolicy,
}

impl Exec {
    /// A plugin of version `v1` that is never interactive, with defaults for the rest.
    pub fn new(command: impl Into<String>) -> Self {
        Self { command: command.into(), ..Self::default() }
    }
}

impl fmt::Debug for Exec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exec")
            .field("command", &self.command)
            .field("args", &format_args!("[{} hidden]", self.args.len()))
            .field("env", &self.env)
            .field("api_version", &self.api_version)
            .field("install_hint", &self.install_hint)
            .field("interactive_mode", &self.interactive_mode)
            .field("cluster", &self.cluster)
            .field("stdin", &self.stdin)
            .field("policy", &self.policy)
            .finish()
    }
}

/// A variable of a process. `Debug` hides its value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Its value.
    #[cfg_attr(feature = "serde", serde(with = "exposed"))]
    pub value: Secret,
}

/// The versions of ExecCredential that may be configured (EX-1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_enums, reason = "v1 is final, v1alpha1 is gone")]
pub enum ExecApiVersion {
    /// `client.authentication.k8s.io/v1`.
    #[default]
    #[cfg_attr(feature = "serde", serde(rename = "client.authentication.k8s.io/v1"))]
    V1,
    /// `client.authentication.k8s.io/v1beta1`.
    #[cfg_attr(feature = "serde", serde(rename = "client.authentication.k8s.io/v1beta1"))]
    V1Beta1,
}

impl ExecApiVersion {
    /// The group and version, as `apiVersion` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "client.authentication.k8s.io/v1",
            Self::V1Beta1 => "client.authentication.k8s.io/v1beta1",
        }
    }

    /// The version that an `apiVersion` names; exact (EX-1).
    pub fn parse(api_version: &str) -> Option<Self> {
        [Self::V1, Self::V1Beta1].into_iter().find(|v| v.as_str() == api_version)
    }
}

/// Whether an exec plugin reads standard input (EX-20).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_enums, reason = "the API has three")]
pub enum InteractiveMode {
    /// It must have a terminal. Without one it is not run, and that is an error.
    Always,
    /// It gets the terminal if there is one.
    IfAvailable,
    /// It does not read standard input.
    #[default]
    Never,
}

/// The state of the host's standard input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct StdinState {
    /// It is a terminal.
    pub terminal: bool,
    /// `Some`: the program reads it itself, so a plugin cannot. The text is the reason for the
    /// error message, and may be empty. `None`: a plugin may read it.
    pub unavailable: Option<String>,
}

/// The cluster as an exec plugin gets it: `spec.cluster` of ExecCredential (EX-32).
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct ExecCluster {
    /// The server's URL.
    pub server: String,
    /// The name for SNI and verification; empty: the host of `server`.
    pub tls_server_name: String,
    /// Do not verify the server.
    pub insecure_skip_tls_verify: bool,
    /// The CA bundle. The plugin gets its content, so a file is read before the plugin runs
    /// (EX-35).
    pub certificate_authority: Roots,
    /// The kubeconfig's proxy; empty for none. Proxies of the environment are not passed (EX-36).
    pub proxy_url: String,
    /// Do not ask for compressed answers.
    pub disable_compression: bool,
    /// The cluster's extension `client.authentication.k8s.io/exec`, as compact JSON (EX-34).
    pub config: Option<String>,
}

impl fmt::Debug for ExecCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecCluster")
            .field("server", &redact::url(&self.server))
            .field("tls_server_name", &self.tls_server_name)
            .field("insecure_skip_tls_verify", &self.insecure_skip_tls_verify)
            .field("certificate_authority", &self.certificate_authority)
            .field("proxy_url", &redact::url(&self.proxy_url))
            .field("disable_compression", &self.disable_compression)
            .field("config", &self.config.as_ref().map(|_| Hidden))
            .finish()
    }
}

/// Which exec plugins may be run (EX-80).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the API has three")]
pub enum PluginPolicy {
    /// All.
    #[default]
    AllowAll,
    /// These: names or absolute, normalised paths (EX-82, EX-84). Not empty.
    Allowlist(Vec<String>),
    /// None.
    DenyAll,
}

/// The namespace for requests that name none (KC-82…KC-84).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// It was set by a flag (`--namespace`), not by the kubeconfig.
    pub overridden: bool,
}

impl Default for Namespace {
    fn default() -> Self {
        Self { name: "default".into(), overridden: false }
    }
}

/// Where one setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Provenance {
    /// The setting by its kubeconfig name: `server`, `token`, `namespace` …
    pub setting: String,
    /// Its source.
    pub origin: Origin,
}

/// A source of settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Origin {
    /// The default; the setting is in no file and no flag.
    #[default]
    Default,
    /// A kubeconfig.
    File {
        /// The file as it was named; empty for bytes without a file.
        path: String,
        /// The entry: `cluster "prod"`; empty at top level.
        entry: String,
        /// Counted from 1; 0 if unknown.
        line: u32,
    },
    /// A command line flag or its equivalent in code, by the flag's name without dashes.
    Override(String),
    /// The pod's service account folder, or the variables that go with it.
    ServiceAccount(String),
    /// An environment variable.
    Variable(String),
}

/// A warning for the user about how the settings were understood.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Notice {
    /// The id of the rule behind it, such as `KC-71`.
    pub rule: String,
    /// The text, without secrets.
    pub text: String,
}

struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hidden")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn kc_95_debug_hides_passwords_in_urls_arguments_and_values() {
        let mut profile = Profile::new("https://me:hush@api/x@y");
        profile.cluster.proxy = Proxy::Url("http://me:hush@proxy:3128".into());
        let mut exec = Exec::new("login");
        exec.args = alloc::vec!["--secret=hush".into()];
        exec.env = alloc::vec![EnvVar { name: "KEY".into(), value: "hush".into() }];
        exec.cluster = Some(ExecCluster {
            proxy_url: "http://me:hush@proxy".into(),
            config: Some(r#"{"k":"hush"}"#.into()),
            ..ExecCluster::default()
        });
        profile.authentication = Authentication::exec(exec);
        let shown = format!("{profile:?}");
        assert!(!shown.contains("hush"), "{shown}");
        // A password may hold a slash and an at sign: what stands before the last one is hidden.
        assert!(shown.contains("https://***@y"), "{shown}");
    }
}
