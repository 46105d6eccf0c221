//! Profiles made by hand: whether they make sense, and what they will want read.

use super::problem::{ConfigError, Problem, ProblemKind, ProxyProblem};
use super::{
    Authorization, Cluster, Exec, ExecCluster, Impersonation, Material, PluginPolicy, Profile,
    Proxy, Roots,
};
use crate::content::FileRole;
use crate::path::PathFlavour;
use crate::url::{Server, Url};
use alloc::string::String;
use alloc::vec::Vec;

impl Profile {
    /// Checks what a kubeconfig's profile is checked for on its way: for one made by hand, before
    /// it is used. [`Authenticator::new`](crate::Authenticator::new) takes what it is given.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    ///
    /// ```
    /// use kubecred_core::{Authentication, Exec, Profile, Roots};
    ///
    /// let mut profile = Profile::new("https://api.example:6443");
    /// profile.cluster.roots = Roots::File("/etc/kubernetes/ca.crt".into());
    /// profile.authentication = Authentication::exec(Exec::new("gke-gcloud-auth-plugin"));
    /// assert_eq!(profile.check(), Ok(()));
    ///
    /// profile.cluster.server = "http://api.example".into();
    /// profile.cluster.insecure_skip_tls_verify = true;
    /// let error = profile.check().unwrap_err();
    /// assert_eq!(error.problems().len(), 2);
    /// ```
    pub fn check(&self) -> Result<(), ConfigError> {
        let mut problems = Problems(Vec::new());
        let has_credentials = self.authentication.authorization != Authorization::Anonymous
            || self.authentication.certificate.is_some();
        match Server::parse(&self.cluster.server) {
            Some(server) if server.url.len() != self.cluster.server.len() && !server.https => {
                // `host:port` is for kubeconfigs; a profile's server is a URL.
                problems.add("server", ProblemKind::BadServer);
            }
            Some(server) if has_credentials && !server.https => {
                problems.add("server", ProblemKind::InClear);
            }
            Some(_) => {}
            None => problems.add("server", ProblemKind::BadServer),
        }
        if self.cluster.roots != Roots::System && self.cluster.insecure_skip_tls_verify {
            let kind = ProblemKind::RootsAndInsecure("certificate-authority");
            problems.add("", kind);
        }
        if let Proxy::Url(url) = &self.cluster.proxy {
            match check_proxy(url) {
                Some(problem) => problems.add("proxy-url", ProblemKind::BadProxy(problem)),
                None => problems.full("proxy-url", url.is_empty()),
            }
        }
        problems.authorization(&self.authentication.authorization);
        if let Some(pair) = &self.authentication.certificate {
            problems.full("client-certificate", pair.certificate.is_empty());
            problems.full("client-key", pair.key.is_empty());
            if matches!(self.authentication.authorization, Authorization::Exec(_)) {
                problems.add("", ProblemKind::CertificateAndExec);
            }
        }
        if let Some(account) = &self.authentication.service_account {
            problems.full("service account: namespace", account.namespace.is_empty());
            problems.full("service account: name", account.name.is_empty());
        }
        let Impersonation { user, uid, groups, extra } = &self.authentication.impersonation;
        if user.is_empty() && !(uid.is_empty() && groups.is_empty() && extra.is_empty()) {
            problems.add("", ProblemKind::ImpersonationWithoutUser);
        }
        ConfigError::check(problems.0)
    }

    /// The files that the connection will want read. A kubeconfig is decoded without a look at
    /// them, so a host that would rather fail early than late tries them now (KC-54, KC-56, UA-8).
    /// A token file that has a fallback may be missing (UA-8).
    pub fn files(&self) -> impl Iterator<Item = (FileRole, &str)> {
        let roots = match &self.cluster.roots {
            Roots::File(path) => Some((FileRole::Roots, path.as_str())),
            Roots::Pem(_) | Roots::System => None,
        };
        let pair = self.authentication.certificate.as_ref();
        let certificate = pair.and_then(|pair| pair.certificate.path());
        let key = pair.and_then(|pair| pair.key.path());
        let token = match &self.authentication.authorization {
            Authorization::TokenFile { path, .. } => Some((FileRole::Token, path.as_str())),
            _ => None,
        };
        [
            roots,
            certificate.map(|path| (FileRole::ClientCertificate, path)),
            key.map(|path| (FileRole::ClientKey, path)),
            token,
        ]
        .into_iter()
        .flatten()
    }
}

/// What a plugin may know of this cluster; without a configuration of its own (EX-32…EX-36).
impl From<&Cluster> for ExecCluster {
    fn from(cluster: &Cluster) -> Self {
        Self {
            server: cluster.server.clone(),
            tls_server_name: cluster.tls_server_name.clone().unwrap_or_default(),
            insecure_skip_tls_verify: cluster.insecure_skip_tls_verify,
            certificate_authority: cluster.roots.clone(),
            proxy_url: match &cluster.proxy {
                Proxy::Url(url) => Url::rewritten(url),
                Proxy::Direct | Proxy::Environment => String::new(),
            },
            disable_compression: cluster.disable_compression,
            config: None,
        }
    }
}

/// What is wrong with an explicit proxy, if anything (KC-52). An empty one is none.
pub(crate) fn check_proxy(proxy_url: &str) -> Option<ProxyProblem> {
    if proxy_url.is_empty() {
        return None;
    }
    let Some(url) = Url::parse(proxy_url) else { return Some(ProxyProblem::NotAUrl) };
    let known = ["http", "https", "socks5"].iter().any(|s| url.scheme.eq_ignore_ascii_case(s));
    match known {
        // Before the colon may be a user name, or the start of a password.
        false if url.scheme.len() > 16 => Some(ProxyProblem::NotAUrl),
        false => Some(ProxyProblem::Scheme(url.scheme.to_ascii_lowercase())),
        true if url.host.is_empty() => Some(ProxyProblem::NotAUrl),
        true => None,
    }
}

struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, field: &str, kind: ProblemKind) {
        let entry = if field.is_empty() { "profile" } else { "" };
        self.0.push(Problem::new(kind).of(entry).field(field));
    }

    fn full(&mut self, field: &str, is_empty: bool) {
        if is_empty {
            self.add(field, ProblemKind::Empty);
        }
    }

    fn authorization(&mut self, authorization: &Authorization) {
        match authorization {
            Authorization::Anonymous | Authorization::Provided(_) => {}
            Authorization::Basic { username, .. } => self.full("username", username.is_empty()),
            Authorization::Exec(exec) => self.exec(exec),
            Authorization::Oidc(oidc) => {
                self.full("idp-issuer-url", oidc.issuer.is_empty());
                self.full("client-id", oidc.client_id.is_empty());
            }
            Authorization::Token(token) => self.full("token", token.is_empty()),
            Authorization::TokenFile { path, .. } => self.full("tokenFile", path.is_empty()),
        }
    }

    fn exec(&mut self, exec: &Exec) {
        self.full("exec.command", exec.command.is_empty());
        self.full("exec.env: name", exec.env.iter().any(|variable| variable.name.is_empty()));
        let windows = match &exec.policy {
            PluginPolicy::Allowlist(list) => list.iter().any(|path| path.contains('\\')),
            PluginPolicy::AllowAll | PluginPolicy::DenyAll => false,
        };
        let paths = if windows { PathFlavour::Windows } else { PathFlavour::Unix };
        if let Err(problem) = exec.policy.check(paths) {
            self.add("", ProblemKind::PluginPolicy(problem));
        }
    }
}

impl Material {
    pub(super) fn path(&self) -> Option<&str> {
        match self {
            Self::Data(_) => None,
            Self::File(path) => Some(path),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Data(data) => data.is_empty(),
            Self::File(path) => path.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Authentication, ClientCertificate};
    use crate::secret::Secret;
    use alloc::string::ToString;

    fn problems(profile: &Profile) -> Vec<ProblemKind> {
        match profile.check() {
            Ok(()) => Vec::new(),
            Err(error) => error.problems().iter().map(|problem| problem.kind.clone()).collect(),
        }
    }

    #[test]
    fn a_profile_by_hand_is_told_everything_that_is_wrong_with_it() {
        let mut profile = Profile::new("api:6443");
        assert_eq!(problems(&profile), [ProblemKind::BadServer]);
        profile.cluster.server = "http://api".into();
        assert_eq!(problems(&profile), []);
        profile.authentication = Authentication::token("");
        assert_eq!(problems(&profile), [ProblemKind::InClear, ProblemKind::Empty]);
        profile.cluster.server = "https://api?q".into();
        profile.authentication = Authentication::basic("", "hush");
        profile.authentication.impersonation.uid = "1".into();
        let kinds = [ProblemKind::Empty, ProblemKind::ImpersonationWithoutUser];
        assert_eq!(problems(&profile), kinds);
        assert!(!profile.check().unwrap_err().to_string().contains("hush"));
        profile.authentication = Authentication::exec(Exec {
            policy: PluginPolicy::Allowlist(Vec::new()),
            ..Exec::default()
        });
        assert_eq!(problems(&profile).len(), 2);
    }

    /// I: client-go says nothing, and does not run the plugin.
    #[test]
    fn ua_3_a_profile_by_hand_has_a_certificate_or_a_plugin() {
        let mut profile = Profile::new("https://api");
        let file = |path: &str| Material::File(path.into());
        profile.authentication = Authentication::certificate(file("/crt"), file("/key"));
        assert_eq!(problems(&profile), []);
        profile.authentication.authorization =
            Authentication::exec(Exec::new("login")).authorization;
        assert_eq!(problems(&profile), [ProblemKind::CertificateAndExec]);
        profile.authentication.authorization = Authentication::token("t").authorization;
        assert_eq!(problems(&profile), []);
    }

    #[test]
    fn kc_54_kc_56_the_files_of_a_profile() {
        let mut profile = Profile::new("https://api");
        profile.cluster.roots = Roots::File("/ca".into());
        profile.authentication = Authentication::token_file("/token");
        profile.authentication.certificate = Some(ClientCertificate {
            certificate: Material::File("/crt".into()),
            key: Material::Data(Secret::from("key")),
        });
        let files: Vec<_> = profile.files().collect();
        assert_eq!(
            files,
            [
                (FileRole::Roots, "/ca"),
                (FileRole::ClientCertificate, "/crt"),
                (FileRole::Token, "/token")
            ]
        );
    }
}
