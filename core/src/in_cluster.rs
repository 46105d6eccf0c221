//! The account that a pod has: two variables and three files make a profile (IC-1…IC-8).

use crate::certificate;
use crate::environment::Environment;
use crate::kubeconfig::{
    ClusterEntry, ConfigError, ContextEntry, Kubeconfig, Overrides, Problem, ProblemKind, UserEntry,
};
use crate::profile::{Namespace, Notice, Origin, Profile, Provenance};
use crate::protocol::Failure;
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

const HOST: &str = "KUBERNETES_SERVICE_HOST";
const PORT: &str = "KUBERNETES_SERVICE_PORT";
const POD_NAMESPACE: &str = "POD_NAMESPACE";

/// Where a pod's account is found. The default is right in every pod; the rest is for sidecars and
/// tests.
///
/// ```
/// use kubecred_core::{Environment, Failure, FailureKind, InCluster, Overrides, Secret};
///
/// let environment = Environment::new([
///     ("KUBERNETES_SERVICE_HOST", "fd00::1"),
///     ("KUBERNETES_SERVICE_PORT", "443"),
/// ]);
/// let pod = InCluster::default();
/// assert!(pod.is_possible(&environment));
///
/// // The host reads `pod.paths()`: token, CA, namespace.
/// let no_ca = Failure::new(FailureKind::NotFound, "no such file");
/// let reads = [Ok(Secret::from("t0ken")), Err(no_ca), Ok(Secret::from("shop\n"))];
/// let profile = pod.profile(&environment, reads, &Overrides::default())?;
/// assert_eq!(profile.cluster.server, "https://[fd00::1]:443");
/// assert_eq!(profile.namespace.name, "shop");
/// assert_eq!(profile.notices[0].rule, "IC-5");
/// # Ok::<(), kubecred_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "struct update from a default is how one is made")]
pub struct InCluster {
    /// Empty: `KUBERNETES_SERVICE_HOST`.
    pub host: String,
    /// Empty: `KUBERNETES_SERVICE_PORT`.
    pub port: String,
    /// The file of the token, which the kubelet keeps fresh.
    pub token: String,
    /// The file of the API server's CA.
    pub certificate_authority: String,
    /// The file of the pod's namespace.
    pub namespace: String,
}

impl Default for InCluster {
    fn default() -> Self {
        let file = |name| ["/var/run/secrets/kubernetes.io/serviceaccount/", name].concat();
        Self {
            host: String::new(),
            port: String::new(),
            token: file("token"),
            certificate_authority: file("ca.crt"),
            namespace: file("namespace"),
        }
    }
}

impl InCluster {
    /// Whether the variables are those of a pod. It also takes a token file that is there (IC-2),
    /// which is for the host to find out.
    pub fn is_possible(&self, environment: &Environment) -> bool {
        self.address(environment).is_some()
    }

    /// The files to read for [`InCluster::profile`]: token, CA, namespace.
    pub fn paths(&self) -> [&str; 3] {
        [&self.token, &self.certificate_authority, &self.namespace]
    }

    /// The settings of a connection with the pod's account, from what reading the
    /// [paths](InCluster::paths) gave.
    ///
    /// Overrides for server, token and CA file replace what the pod has (KC-80). So do the others,
    /// which client-go ignores here.
    ///
    /// # Errors
    /// When this is no pod ([`ConfigError::is_not_in_cluster`]); when the token cannot be read; when
    /// the CA cannot be used and `overrides` are strict (otherwise the system's roots are trusted,
    /// and a notice says so: IC-5); when the overrides make no sense.
    pub fn profile(
        &self,
        environment: &Environment,
        reads: [Result<Secret, Failure>; 3],
        overrides: &Overrides,
    ) -> Result<Profile, ConfigError> {
        let [token, roots, namespace] = reads;
        let config = self.kubeconfig(environment, token, roots, overrides)?;
        let mut profile = config.select(overrides, environment)?;
        for Provenance { setting, origin } in &mut profile.provenance {
            // What came from no file and no override came from the pod.
            if matches!(origin, Origin::File { .. }) {
                *origin = self.origin(setting);
            }
        }
        if !profile.namespace.overridden {
            profile.set_namespace(self.namespace(environment, namespace));
        }
        Ok(profile)
    }

    /// The pod's account as a kubeconfig would have it. Names cannot be empty in one that works, so
    /// these cannot be anybody's.
    pub(crate) fn kubeconfig(
        &self,
        environment: &Environment,
        token: Result<Secret, Failure>,
        roots: Result<Secret, Failure>,
        overrides: &Overrides,
    ) -> Result<Kubeconfig, ConfigError> {
        self.check(environment)?;
        let Some(server) = self.address(environment) else {
            return Err(Problem::new(ProblemKind::NotInCluster).into());
        };
        let token = token.map_err(|failure| {
            Problem::new(ProblemKind::Unreadable(failure)).in_file(&self.token, 0)
        })?;
        let mut config = Kubeconfig::default();
        let mut cluster = ClusterEntry { server, ..ClusterEntry::default() };
        match self.check_roots(roots) {
            Ok(()) => cluster.certificate_authority.clone_from(&self.certificate_authority),
            Err(problem) if overrides.strict => return Err(problem),
            Err(problem) => {
                let text = format!("{problem}; trusting the system's certificate authorities");
                config.notices.push(Notice { rule: "IC-5".to_owned(), text });
            }
        }
        let user = UserEntry {
            token: token.trimmed(),
            token_file: self.token.clone(),
            ..UserEntry::default()
        };
        config.clusters.insert(String::new(), cluster);
        config.users.insert(String::new(), user);
        config.contexts.insert(String::new(), ContextEntry::default());
        Ok(config)
    }

    /// Fails if a variable that is needed for the pod's account is not UTF-8.
    pub(crate) fn check(&self, environment: &Environment) -> Result<(), ConfigError> {
        if self.host.is_empty() {
            environment.check(&[HOST])?;
        }
        if self.port.is_empty() {
            environment.check(&[PORT])?;
        }
        environment.check(&[POD_NAMESPACE])
    }

    /// The pod's namespace: `POD_NAMESPACE`, else the file's, else `default` (IC-8).
    pub(crate) fn namespace(
        &self,
        environment: &Environment,
        read: Result<Secret, Failure>,
    ) -> (String, Origin) {
        if let Some(name) = environment.variable(POD_NAMESPACE) {
            return (name.to_owned(), Origin::Variable(POD_NAMESPACE.to_owned()));
        }
        let file = read.ok().and_then(|bytes| Some(bytes.expose_str()?.trim().to_owned()));
        match file.filter(|name| !name.is_empty()) {
            Some(name) => (name, Origin::ServiceAccount(self.namespace.clone())),
            None => ("default".to_owned(), Origin::Default),
        }
    }

    /// `https://host:port`. An IPv6 address gets its brackets; one that has them keeps them, where
    /// client-go gives it a second pair (IC-4).
    fn address(&self, environment: &Environment) -> Option<String> {
        let or = |given: &'_ str, name| match given {
            "" => environment.variable(name).map(ToOwned::to_owned),
            given => Some(given.to_owned()),
        };
        let (host, port) = (or(&self.host, HOST)?, or(&self.port, PORT)?);
        Some(if host.contains(':') && !host.starts_with('[') {
            format!("https://[{host}]:{port}")
        } else {
            format!("https://{host}:{port}")
        })
    }

    fn check_roots(&self, read: Result<Secret, Failure>) -> Result<(), ConfigError> {
        let problem = match read {
            Err(failure) => ProblemKind::Unreadable(failure),
            Ok(pem) if pem.is_empty() || certificate::check_roots(pem.expose()).is_err() => {
                ProblemKind::NoCertificate
            }
            Ok(_) => return Ok(()),
        };
        Err(Problem::new(problem).in_file(&self.certificate_authority, 0).into())
    }

    /// Where a setting of a pod comes from.
    pub(crate) fn origin(&self, setting: &str) -> Origin {
        match setting {
            "server" if self.host.is_empty() => Origin::Variable(HOST.to_owned()),
            "certificate-authority" => Origin::ServiceAccount(self.certificate_authority.clone()),
            "token" | "tokenFile" => Origin::ServiceAccount(self.token.clone()),
            _ => Origin::Default,
        }
    }
}

impl Profile {
    /// Replaces a namespace that was not set.
    pub(crate) fn set_namespace(&mut self, (name, origin): (String, Origin)) {
        self.namespace = Namespace { name, overridden: false };
        for provenance in &mut self.provenance {
            if provenance.setting == "namespace" {
                provenance.origin = origin;
                return;
            }
        }
    }
}

impl Secret {
    /// Without the white space around it (TK-3).
    fn trimmed(&self) -> Self {
        Self::new(self.expose().trim_ascii())
    }
}
