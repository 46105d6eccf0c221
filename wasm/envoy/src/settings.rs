//! The plugin configuration, as JSON or YAML, and what a filter makes of it.
//!
//! ```
//! let settings = kubecred_envoy::settings::Settings::read(br#"
//! kubeconfig: |
//!   current-context: here
//!   contexts: [{name: here, context: {cluster: east, user: ann}}]
//!   clusters: [{name: east, cluster: {server: "https://east.example"}}]
//!   users: [{name: ann, user: {tokenFile: /run/token}}]
//! files:
//!   /run/token: t0ken
//! "#).unwrap();
//! assert_eq!(settings.profile.cluster.server, "https://east.example");
//! ```

mod capability;

use kubecred_core::yaml::{self, Limits, Node};
use kubecred_core::{
    Authenticator, DetectionStep, Environment, Failure, FailureKind, Instant, Now, Overrides,
    Policy, Profile, Secret, ServiceAccount, Unavailable, UnixTime, detect,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// What the kubeconfig of the configuration is called in messages.
pub const KUBECONFIG: &str = "kubeconfig";

const FIELDS: [&str; 9] = [
    "clientImpersonation",
    "clusters",
    "connections",
    "context",
    "environment",
    "files",
    "hold",
    "kubeconfig",
    "serviceAccount",
];

/// What a filter is to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Which server, and who we are. Without what only concerns connections, which are the
    /// proxy's.
    pub profile: Profile,
    /// The files there are, by their paths.
    pub files: BTreeMap<String, Secret>,
    /// The proxy's clusters by the authority that a URL names.
    pub clusters: BTreeMap<String, String>,
    /// Whose business TLS and proxies are.
    pub connections: Connections,
    /// How many requests may wait for a credential, and for how long.
    pub hold: Hold,
    /// What becomes of `Impersonate-*` headers of clients.
    pub client_impersonation: ClientImpersonation,
    /// What an operator should know, a line each.
    pub notices: Vec<String>,
    /// Tells one configuration from another.
    pub fingerprint: u64,
}

/// Whose business TLS and proxies are, of the upstream and of issuers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Connections {
    /// Envoy's: its clusters are set up for what the kubeconfig says of connections.
    Envoy,
    /// Of no use here, so the kubeconfig must not have any.
    #[default]
    #[serde(skip)]
    Unsaid,
}

/// How many requests may wait for a credential, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hold {
    /// On each thread of the proxy.
    pub requests: usize,
    /// After that they are answered with 503.
    pub time: Duration,
}

/// What becomes of `Impersonate-*` headers of clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ClientImpersonation {
    /// They go on, and the upstream decides. Not if the kubeconfig impersonates itself.
    Keep,
    /// They are taken away: the right to use the proxy is no right to impersonate.
    #[default]
    Remove,
}

/// Where a URL leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) cluster: &'a str,
    pub(crate) scheme: String,
    pub(crate) authority: &'a str,
    pub(crate) path: String,
}

/// Everything that is wrong with a configuration, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub Vec<String>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Refusal {}

impl From<String> for Refusal {
    fn from(line: String) -> Self {
        Self(vec![line])
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Written {
    client_impersonation: Option<ClientImpersonation>,
    clusters: BTreeMap<String, String>,
    connections: Option<Connections>,
    context: String,
    environment: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    hold: WrittenHold,
    service_account: Option<WrittenAccount>,
    #[serde(rename = "kubeconfig")]
    _kubeconfig: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct WrittenAccount {
    namespace: String,
    name: String,
    seconds: Option<u32>,
}

impl From<WrittenAccount> for ServiceAccount {
    fn from(written: WrittenAccount) -> Self {
        let WrittenAccount { namespace, name, seconds } = written;
        Self { namespace, name, lifetime: seconds.map(|s| Duration::from_secs(s.into())) }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WrittenHold {
    requests: Option<u32>,
    milliseconds: Option<u32>,
}

impl Settings {
    /// Reads a configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it, and everything in it that a filter cannot do.
    pub fn read(configuration: &[u8]) -> Result<Self, Refusal> {
        let wrong = |error: yaml::Error| Refusal::from(format!("configuration: {error}"));
        let document = yaml::parse(configuration, &Limits::default()).map_err(wrong)?;
        let root = document.root().filter(|root| !root.is_null());
        let root = root.ok_or_else(|| "configuration: it is empty".to_owned())?;
        check_names("", root, &FIELDS)?;
        if let Some(hold) = root.get("hold") {
            check_names("hold.", hold, &["milliseconds", "requests"])?;
        }
        if let Some(account) = root.get("serviceAccount") {
            check_names("serviceAccount.", account, &["name", "namespace", "seconds"])?;
        }
        let written: Written = root.deserialize().map_err(wrong)?;

        let secret = |(path, text): (String, String)| (path, Secret::from(text));
        let mut files: BTreeMap<_, _> = written.files.into_iter().map(secret).collect();
        let kubeconfig = root.get("kubeconfig").filter(|node| !node.is_null());
        if let Some(kubeconfig) = kubeconfig {
            files.insert(KUBECONFIG.to_owned(), text_of(kubeconfig).map_err(wrong)?);
        }
        let explicit = kubeconfig.map(|_| KUBECONFIG);
        let overrides =
            Overrides { context: written.context, strict: true, ..Overrides::default() };
        let environment = Environment::new(written.environment);
        let mut profile = find(explicit, overrides, &environment, &files)?;
        profile.authentication.service_account = written.service_account.map(Into::into);

        let mut hasher = DefaultHasher::new();
        configuration.hash(&mut hasher);
        let mut settings = Self {
            notices: profile.notices.iter().map(|notice| notice.text.clone()).collect(),
            profile,
            files,
            clusters: written.clusters,
            connections: written.connections.unwrap_or_default(),
            hold: Hold {
                requests: written.hold.requests.map_or(1000, |requests| requests as usize),
                time: Duration::from_millis(written.hold.milliseconds.unwrap_or(10_000).into()),
            },
            client_impersonation: written.client_impersonation.unwrap_or_default(),
            fingerprint: hasher.finish(),
        };
        settings.check(&environment)?;
        Ok(settings)
    }

    /// Where a URL leads to.
    pub(crate) fn target<'a>(&'a self, url: &'a str) -> Result<Target<'a>, String> {
        let no_url = || format!("{url:?} is no URL");
        let (scheme, rest) = url.split_once("://").ok_or_else(no_url)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.is_empty() || authority.contains('@') {
            return Err("a URL with user information, or without a host, leads nowhere".to_owned());
        }
        let scheme = scheme.to_ascii_lowercase();
        let port = if scheme == "https" { ":443" } else { ":80" };
        let other = match authority.strip_suffix(port) {
            Some(host) => host.to_owned(),
            None => [authority, port].concat(),
        };
        let named = |(name, _): &(&String, &String)| {
            name.eq_ignore_ascii_case(authority) || name.eq_ignore_ascii_case(&other)
        };
        let cluster = self.clusters.iter().find(named).map(|(_, cluster)| cluster.as_str());
        let cluster = cluster.ok_or_else(|| {
            format!("clusters: none is named for {authority:?}: say to which cluster of Envoy its requests go")
        })?;
        let path = path.split('#').next().unwrap_or_default();
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Target { cluster, scheme, authority, path: [slash, path].concat() })
    }

    /// Refuses what a filter cannot do, and takes out of the profile what it leaves to the proxy.
    fn check(&mut self, environment: &Environment) -> Result<(), Refusal> {
        let problems = capability::problems(self, environment);
        if !problems.is_empty() {
            return Err(Refusal(problems));
        }
        capability::leave_connections(&mut self.profile);
        let now = Now { monotonic: Instant::default(), wall: UnixTime::default() };
        match Authenticator::new(&self.profile, Policy::default(), 0).credential(now) {
            Err(Unavailable::Failed(error)) => Err(Refusal::from(error.to_string())),
            _ => Ok(()),
        }
    }
}

/// No field is overlooked because of a slip of the pen.
fn check_names(path: &str, node: Node<'_>, known: &[&str]) -> Result<(), Refusal> {
    let unknown = node.entries().filter(|(name, _)| !known.contains(name));
    let complain = |(name, value): (&str, Node<'_>)| {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let name = if plain && name.len() <= 40 { name } else { "?" };
        let known = known.join(", ");
        format!(
            "configuration: line {}: {path}{name}: unknown field; there are: {known}",
            value.line()
        )
    };
    let problems: Vec<String> = unknown.map(complain).collect();
    if problems.is_empty() { Ok(()) } else { Err(Refusal(problems)) }
}

/// A kubeconfig is a text or, written out in the configuration, a mapping.
fn text_of(node: Node<'_>) -> Result<Secret, yaml::Error> {
    match node.as_str() {
        Some(text) => Ok(Secret::from(text)),
        None => {
            let value: BTreeMap<String, serde_json::Value> = node.deserialize()?;
            Ok(Secret::new(serde_json::to_vec_pretty(&value).unwrap_or_default()))
        }
    }
}

/// Finds a profile as kubectl does, in a world that has only these files.
fn find(
    explicit: Option<&str>,
    overrides: Overrides,
    environment: &Environment,
    files: &BTreeMap<String, Secret>,
) -> Result<Profile, Refusal> {
    let missing =
        || Failure::new(FailureKind::NotFound, "not among the files of the configuration");
    let mut detection = detect(explicit, overrides, environment);
    loop {
        let read = |path: &String| files.get(path).cloned().ok_or_else(missing);
        let reads = detection.reads().iter().map(read).collect();
        let step = detection
            .feed(reads)
            .map_err(|error| Refusal(error.problems().iter().map(ToString::to_string).collect()))?;
        match step {
            DetectionStep::Read(next) => detection = *next,
            DetectionStep::Done(profile) => return Ok(*profile),
        }
    }
}
