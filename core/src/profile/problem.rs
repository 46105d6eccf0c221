//! What is wrong with a configuration: every problem, each with its file, line, entry and field.

use super::Origin;
use crate::failure::{Failure, FailureKind};
use crate::redact::{self, quoted};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Everything that is wrong with a configuration. Never empty, and without any secret.
///
/// `Debug` is a line for each problem: a `main` that returns a `Result` prints that.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError(Vec<Problem>);

impl ConfigError {
    /// Fails if there are problems.
    pub(crate) fn check(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self(problems)) }
    }

    /// The problems, in the order in which client-go checks; of a file the first hundred.
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }

    /// The problems, to be joined with others.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.0
    }

    /// There is no configuration at all: no file, or nothing chosen in it (KC-45, KC-47, KC-60). A
    /// pod's own account may be used then.
    pub fn is_empty_config(&self) -> bool {
        matches!(self.0.as_slice(), [Problem { kind: ProblemKind::EmptyConfig(_), .. }])
    }

    /// The file that was asked for by name is not there (KC-7).
    pub fn is_not_found(&self) -> bool {
        self.0.iter().any(|problem| match &problem.kind {
            ProblemKind::Unreadable(failure) => failure.kind == FailureKind::NotFound,
            _ => false,
        })
    }

    /// The current context does not exist (KC-46). One that was asked for by name is not meant
    /// (KC-43).
    pub fn is_context_not_found(&self) -> bool {
        self.0.iter().any(|problem| problem.kind == ProblemKind::ContextNotFound)
    }

    /// Files were read, and what they say is not usable (KC-48).
    pub fn is_invalid(&self) -> bool {
        self.0.iter().any(|problem| problem.kind.is_invalid())
    }

    /// The program does not run in a pod (IC-3).
    pub fn is_not_in_cluster(&self) -> bool {
        self.0.iter().any(|problem| problem.kind == ProblemKind::NotInCluster)
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self([problem].into())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_invalid() && !self.is_empty_config() {
            f.write_str("invalid configuration: ")?;
        }
        for (nth, problem) in self.0.iter().enumerate() {
            if nth > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [problem] => fmt::Display::fmt(problem, f),
            problems => problems.iter().try_for_each(|problem| write!(f, "\n  {problem}")),
        }
    }
}

impl core::error::Error for ConfigError {}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The file as it was named; empty if it is not about one.
    pub file: String,
    /// Counted from 1; 0 if unknown.
    pub line: u32,
    /// The entry: `user "dev"`; empty if it is not about one.
    pub entry: String,
    /// The field by its kubeconfig name, or the flag or variable; empty if it is not about one.
    pub field: String,
    /// What is wrong.
    pub kind: ProblemKind,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind) -> Self {
        Self { file: String::new(), line: 0, entry: String::new(), field: String::new(), kind }
    }

    pub(crate) fn in_file(self, file: &str, line: u32) -> Self {
        Self { file: file.to_owned(), line, ..self }
    }

    pub(crate) fn of(self, entry: &str) -> Self {
        Self { entry: entry.to_owned(), ..self }
    }

    pub(crate) fn field(self, field: &str) -> Self {
        Self { field: field.to_owned(), ..self }
    }

    /// About a field that came from `origin`.
    pub(crate) fn from(self, origin: &Origin, field: &str) -> Self {
        match origin {
            Origin::File { path, line, .. } => self.in_file(path, *line).field(field),
            Origin::Override(flag) => self.field(&["--", flag].concat()),
            Origin::Variable(name) => self.field(&["$", name].concat()),
            _ => self.field(field),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (redact::text(&self.file).as_ref(), self.line) {
            ("", 0) => {}
            ("", line) => write!(f, "line {line}: ")?,
            (file, 0) => write!(f, "{file}: ")?,
            (file, line) => write!(f, "{file}:{line}: ")?,
        }
        WithoutPlace(self).fmt(f)
    }
}

/// A problem without its file and line, where those are shown beside it.
pub(crate) struct WithoutPlace<'a>(pub(crate) &'a Problem);

impl fmt::Display for WithoutPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(problem) = self;
        match (redact::text(&problem.entry).as_ref(), problem.field.as_str()) {
            ("", "") => {}
            ("", field) => write!(f, "{field} ")?,
            (entry, "") => write!(f, "{entry} ")?,
            (entry, field) => write!(f, "{entry}: {field} ")?,
        }
        problem.kind.fmt(f)
    }
}

/// What is wrong. Texts follow on the name of the thing at fault: `user "dev": token is empty`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    // Reading and decoding.
    /// A variable whose value is not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// What belongs into a file stands where its path belongs. Holds what to do.
    #[error("must be a path, but holds content; {0}")]
    ContentNotPath(&'static str),
    /// The file cannot be read (KC-7, KC-9).
    #[error("cannot be read: {0}")]
    Unreadable(Failure),
    /// It is not such YAML, or a value has the wrong type (KC-18, KC-24). Holds no value.
    #[error("{0}")]
    Malformed(String),
    /// It is not standard base64 with padding, from this byte on (KC-28).
    #[error("is not standard base64 with padding (at byte {0})")]
    Base64(usize),
    /// It is PEM itself, where base64 of it belongs (KC-28).
    #[error(
        "holds PEM; it must hold base64 of it (base64 -w0 FILE), or name the file in the field \
         without -data"
    )]
    PemNotBase64,
    /// `apiVersion` and `kind` are not those of a kubeconfig (KC-22).
    #[error(
        "is not a kubeconfig of a known version: apiVersion {} and kind {}, where \"v1\" and \
         \"Config\" are expected",
        quoted(api_version),
        quoted(kind)
    )]
    UnknownVersion {
        /// What the file says, or the default.
        api_version: String,
        /// What the file says, or the default.
        kind: String,
    },
    /// The same name twice in one file's list (KC-27).
    #[error("is in this file twice; remove or rename one")]
    Duplicate,

    // Selecting.
    /// Nothing is configured (KC-60).
    #[error("no configuration has been provided: {0}")]
    EmptyConfig(EmptyReason),
    /// Something asked for by name does not exist (KC-43).
    #[error("does not exist (asked for by --{0})")]
    NoSuchEntry(&'static str),
    /// The current context does not exist (KC-46).
    #[error("is the current context and does not exist")]
    ContextNotFound,
    /// Nothing is selected (KC-61).
    #[error("no context is chosen: set current-context, or name one")]
    NoContextChosen,
    /// A name that a context must give is empty (KC-61).
    #[error("is not set")]
    NotSet,
    /// A context names an entry that does not exist (KC-44, KC-45, KC-61).
    #[error("names {}, which does not exist", redact::text(.0))]
    Dangling(String),
    /// A namespace is no DNS label (KC-61).
    #[error(
        "{} is not a DNS label: at most 63 of a-z, 0-9 and -, with no - at either end",
        quoted(.0)
    )]
    Namespace(String),
    /// An entry whose name is empty (KC-61).
    #[error("has an empty name")]
    EmptyName,

    // Clusters.
    /// No server (KC-51).
    #[error("has no server")]
    NoServer,
    /// A server that is neither a URL nor `host:port` (KC-72).
    #[error("must be an http or https URL or host:port")]
    BadServer,
    /// A proxy that cannot be used (KC-52).
    #[error("{0}")]
    BadProxy(ProxyProblem),
    /// Two forms of the same thing (KC-53, KC-56).
    #[error("has both {0} and {0}-data; remove one")]
    FileAndData(&'static str),
    /// A CA and no verification (UA-31).
    #[error("has both {0} and insecure-skip-tls-verify; remove one")]
    RootsAndInsecure(&'static str),

    // Users.
    /// Half a pair (KC-56).
    #[error("has a client certificate without client-key or client-key-data")]
    CertificateWithoutKey,
    /// Two ways to make one header (KC-57, UA-5).
    #[error("has more than one authentication method: {0} and username/password; remove one")]
    SeveralMethods(&'static str),
    /// Both (KC-58, UA-6).
    #[error("has both auth-provider and exec; remove one")]
    ExecAndAuthProvider,
    /// A field without which a plugin cannot be run (KC-58).
    #[error("must be set to use an exec plugin")]
    ExecIncomplete,
    /// No such version (EX-1).
    #[error(
        "{} is not supported: it must be client.authentication.k8s.io/v1 or \
         client.authentication.k8s.io/v1beta1",
        quoted(.0)
    )]
    ExecApiVersion(String),
    /// No such mode (KC-58).
    #[error("{} is not Never, IfAvailable or Always", quoted(.0))]
    InteractiveMode(String),
    /// The plugin policy makes no sense (EX-80…EX-82).
    #[error("plugin policy: {0}")]
    PluginPolicy(PolicyProblem),
    /// Whom to pass for is missing (KC-59).
    #[error("impersonates a uid, groups or extra without as, the user to impersonate")]
    ImpersonationWithoutUser,
    /// A value that is sent in a header, and cannot be (UA-21).
    #[error("contains a character that an HTTP header cannot carry (a line break?)")]
    NotForAHeader,
    /// An auth-provider that is not to be had (OI-30…OI-32).
    #[error("{0}")]
    AuthProvider(AuthProviderProblem),

    // Profiles made by hand.
    /// A certificate, with which client-go would not run the plugin (UA-3).
    #[error("has both a client certificate and an exec plugin; remove one")]
    CertificateAndExec,
    /// Something that must hold a value.
    #[error("is empty")]
    Empty,
    /// Credentials that would go in clear (KC-71).
    #[error("would send credentials in clear text: use an https server, or no credentials")]
    InClear,

    // Pods.
    /// This is no pod (IC-3).
    #[error(
        "not running in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not both set"
    )]
    NotInCluster,
    /// A `ca.crt` without a certificate (IC-5).
    #[error("contains no certificate that can be parsed")]
    NoCertificate,

    // kuberc.
    /// A file is named, and there is to be none (KB-60).
    #[error("names a file, but {0} is off; remove one of the two")]
    KubercOff(&'static str),
    /// A document is no Preference of a known version (KB-61).
    #[error("is no Preference of kubectl.config.k8s.io/v1beta1 or kubectl.config.k8s.io/v1alpha1")]
    NoPreference,
    /// A policy in another document than the one that counts (KB-61).
    #[error(
        "sets a policy for exec plugins, but only the first valid Preference of the file is used; \
         move the policy there"
    )]
    PolicyPassedOver,
    /// A policy in a version that has none (KB-61).
    #[error("needs apiVersion kubectl.config.k8s.io/v1beta1")]
    PolicyVersion,
    /// What kuberc says of exec plugins cannot be told (KB-60).
    #[error(
        "the file may forbid exec plugins, so none is run; correct it, or set KUBERC=off to ignore \
         it"
    )]
    PolicyUnknown,
    /// A condition on exec plugins that is not known (KB-61).
    #[error("is an unknown field, which may forbid exec plugins; correct or remove it")]
    UnknownPolicyField,

    // Command lines.
    /// A request timeout that is none (KC-69).
    #[error(
        "is not a timeout: give a whole number of seconds, or numbers with units, like 1s, 2m or 1h30m"
    )]
    Timeout,
}

impl ProblemKind {
    fn is_invalid(&self) -> bool {
        !matches!(
            self,
            Self::Unreadable(_)
                | Self::Malformed(_)
                | Self::ContentNotPath(_)
                | Self::Base64(_)
                | Self::PemNotBase64
                | Self::UnknownVersion { .. }
                | Self::Duplicate
                | Self::NoSuchEntry(_)
                | Self::NoContextChosen
                | Self::NotInCluster
                | Self::NoCertificate
                | Self::KubercOff(_)
                | Self::NoPreference
                | Self::PolicyPassedOver
                | Self::PolicyVersion
                | Self::PolicyUnknown
                | Self::UnknownPolicyField
                | Self::Timeout
        )
    }
}

/// Why there is nothing to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmptyReason {
    /// There is no kubeconfig. Holds the files that were looked for and are not there.
    NoFile(Vec<String>),
    /// There are these files, and nothing is in them.
    EmptyFiles(Vec<String>),
    /// Nothing is selected: no current-context, and no context or server asked for (KC-47).
    NoContext,
    /// The selected context names a cluster that does not exist (KC-45).
    NoCluster {
        /// The context.
        context: String,
        /// The cluster that it names; may be empty.
        cluster: String,
    },
}

impl fmt::Display for EmptyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile(files) if files.is_empty() => {
                f.write_str("no kubeconfig was named or found")
            }
            Self::NoFile(files) => write!(f, "there is no {}", list(files, ", no ")),
            Self::EmptyFiles(files) => write!(f, "nothing is in {}", list(files, ", ")),
            Self::NoContext => {
                f.write_str("current-context is not set; set it, or name a context or a server")
            }
            Self::NoCluster { context, cluster } if cluster.is_empty() => {
                write!(f, "context {} names no cluster", quoted(context))
            }
            Self::NoCluster { context, cluster } => {
                let (context, cluster) = (quoted(context), quoted(cluster));
                write!(f, "context {context} names cluster {cluster}, which does not exist")
            }
        }
    }
}

/// Paths, one after the other.
fn list(paths: &[String], between: &str) -> String {
    let paths: Vec<_> = paths.iter().map(|path| redact::text(path)).collect();
    paths.join(between)
}

/// What is wrong with a proxy (KC-52).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyProblem {
    /// It is no URL.
    #[error("is not a URL")]
    NotAUrl,
    /// It is for something else. `host:3128` has the scheme `host`.
    #[error("has the scheme {}; it must be http, https or socks5", quoted(.0))]
    Scheme(String),
}

/// What is wrong with a plugin policy (EX-80…EX-82).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyProblem {
    /// There is no such policy.
    #[error("{} is none of AllowAll, DenyAll and Allowlist", quoted(.0))]
    Unknown(String),
    /// A list that another policy would ignore.
    #[error("there is an allowlist, but the policy is {}, not \"Allowlist\"", quoted(.0))]
    ListWithout(String),
    /// No list where one is needed.
    #[error("it is \"Allowlist\", but there is no allowlist")]
    NoList,
    /// A list that allows nothing.
    #[error("the allowlist is empty; use \"DenyAll\" instead")]
    EmptyList,
    /// An entry, counted from 1, that names nothing.
    #[error("entry {0} of the allowlist is empty")]
    EmptyEntry(usize),
    /// An entry, counted from 1, that names two things (KB-62).
    #[error("entry {0} of the allowlist has another name than command; keep command")]
    TwoNames(usize),
    /// A flag that is no entry (KB-64).
    #[error("{} is no entry of an allowlist; write command=PROGRAM", quoted(.0))]
    BadEntry(String),
    /// A path that is not in its shortest form.
    #[error("{} in the allowlist is not normalised; write {}", quoted(path), quoted(clean))]
    NotClean {
        /// As given.
        path: String,
        /// As it should be.
        clean: String,
    },
}

/// Why an `auth-provider` cannot be used (OI-30…OI-33).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthProviderProblem {
    /// `gcp` is gone (OI-31).
    #[error(
        "\"gcp\" has been removed from Kubernetes clients; use the exec plugin \
         gke-gcloud-auth-plugin instead, see \
         https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke"
    )]
    Gcp,
    /// `azure` is gone (OI-32).
    #[error(
        "\"azure\" has been removed from Kubernetes clients; use the exec plugin \
         https://github.com/Azure/kubelogin instead, see \
         https://kubernetes.io/docs/reference/access-authn-authz/authentication/\
         #client-go-credential-plugins"
    )]
    Azure,
    /// A setting without which `oidc` cannot be used (OI-1).
    #[error("\"oidc\" has no {0} in its config")]
    Missing(&'static str),
    /// There is no such provider (OI-30).
    #[error("{} is not known; no auth-provider has that name", quoted(.0))]
    Unknown(String),
}

/// Adds a problem, unless there are enough: a hostile file can have one in every byte.
pub(crate) fn add(problems: &mut Vec<Problem>, problem: Problem) {
    const MOST: usize = 100;
    if problems.len() < MOST {
        problems.push(problem);
    }
}

/// `user "dev"`: an entry's name in full.
pub(crate) fn entry(kind: &str, name: &str) -> String {
    format!("{kind} {name:?}")
}
