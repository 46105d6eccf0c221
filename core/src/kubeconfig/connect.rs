//! From checked entries to a profile: what is sent, what is withheld, and what a person should know
//! about it.

use super::auth_provider;
use super::select::Selection;
use super::validate::{Report, interactive_mode};
use crate::content::header_text;
use crate::environment::Environment;
use crate::profile::problem::{Problem, ProblemKind};
use crate::profile::{
    Authentication, Authorization, ClientCertificate, Cluster, Exec, ExecApiVersion, ExecCluster,
    Impersonation, Material, Notice, Oidc, Origin, Profile, Provenance, Proxy, Roots, Token,
};
use crate::redact;
use crate::secret::Secret;
use crate::source::exec;
use crate::url::Server;
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The name of the cluster extension that exec plugins are shown (EX-34).
const EXEC_EXTENSION: &str = "client.authentication.k8s.io/exec";

/// A profile in the making.
pub(super) struct Connection<'a> {
    selection: &'a Selection<'a>,
    environment: &'a Environment,
    problems: Vec<Problem>,
    notices: Vec<Notice>,
    provenance: Vec<Provenance>,
}

impl<'a> Connection<'a> {
    pub(super) fn new(selection: &'a Selection<'a>, environment: &'a Environment) -> Self {
        let (problems, notices, provenance) = (Vec::new(), Vec::new(), Vec::new());
        Self { selection, environment, problems, notices, provenance }
    }

    /// The profile, and what client-go would say against it when it connects (EX-1, OI-1, OI-2,
    /// OI-30…OI-32, UA-5, UA-6, UA-31). It is of use only if that is nothing.
    pub(super) fn profile(mut self, notices: Vec<Notice>) -> (Profile, Vec<Problem>) {
        self.notices = notices;
        let Selection { context_name, overrides, .. } = *self.selection;
        if !context_name.is_empty() {
            self.trace("context", self.selection.context_name_origin());
        }
        let server = Server::parse(&self.selection.cluster.server);
        let server = server.unwrap_or_else(|| self.bad_server());
        let (https, named) = (server.https, server.user.clone());
        let cluster = self.cluster(server);
        if !self.selection.user_name.is_empty() {
            self.trace("user", self.selection.context_origin("user"));
        }
        let (authorization, certificate) = if https {
            let certificate = self.certificate();
            let known = self.provenance.len();
            let mut authorization = self.authorization(&cluster, certificate.is_some());
            if let Some(user) = named {
                self.provenance.truncate(known);
                authorization = self.basic_of_the_server(user);
            }
            (authorization, certificate)
        } else {
            self.withhold(&cluster.server, named.is_some());
            (Authorization::Anonymous, None)
        };
        let impersonation = self.impersonation();
        let user = self.selection.user_name.to_owned();
        let service_account = None;
        let authentication =
            Authentication { user, authorization, certificate, impersonation, service_account };
        let (namespace, origin) = self.selection.namespace();
        self.provenance.push(origin);
        if overrides.timeout.is_some() {
            self.trace("request-timeout", Origin::Override("request-timeout".to_owned()));
        }
        let profile = Profile {
            context: (!context_name.is_empty()).then(|| context_name.to_owned()),
            cluster,
            authentication,
            namespace,
            timeout: overrides.timeout,
            provenance: self.provenance,
            notices: self.notices,
        };
        (profile, self.problems)
    }

    /// What is no server is not HTTPS either (KC-71, KC-72).
    fn bad_server(&mut self) -> Server {
        let origin = self.selection.cluster_origin("server");
        let problem = Problem::new(ProblemKind::BadServer).of(&self.selection.cluster_title());
        self.problems.push(problem.from(&origin, "server"));
        Server { url: self.selection.cluster.server.clone(), https: false, user: None }
    }

    fn cluster(&mut self, server: Server) -> Cluster {
        let selection = self.selection;
        let entry = &selection.cluster;
        if !selection.cluster_name.is_empty() {
            self.trace("cluster", selection.context_origin("cluster"));
        }
        self.of_cluster("server", true);
        let mut cluster = Cluster {
            name: selection.cluster_name.to_owned(),
            server: server.url,
            disable_compression: entry.disable_compression,
            ..Cluster::default()
        };
        if server.https {
            let roots =
                Material::choose(&entry.certificate_authority_data, &entry.certificate_authority);
            match roots {
                Some(_) if entry.insecure_skip_tls_verify => self.roots_and_insecure(),
                Some(Material::Data(pem)) => cluster.roots = Roots::Pem(pem),
                Some(Material::File(path)) => cluster.roots = Roots::File(path),
                None => {}
            }
            self.of_cluster("certificate-authority", !entry.certificate_authority.is_empty());
            let has_data = !entry.certificate_authority_data.is_empty();
            self.of_cluster("certificate-authority-data", has_data);
            let name = &entry.tls_server_name;
            cluster.tls_server_name = (!name.is_empty()).then(|| name.clone());
            self.of_cluster("tls-server-name", !name.is_empty());
            cluster.insecure_skip_tls_verify = entry.insecure_skip_tls_verify;
            self.of_cluster("insecure-skip-tls-verify", entry.insecure_skip_tls_verify);
        }
        if !entry.proxy_url.is_empty() {
            cluster.proxy = Proxy::Url(entry.proxy_url.clone());
            self.of_cluster("proxy-url", true);
        }
        self.of_cluster("disable-compression", entry.disable_compression);
        cluster
    }

    fn roots_and_insecure(&mut self) {
        let data = !self.selection.cluster.certificate_authority_data.is_empty();
        let field = if data { "certificate-authority-data" } else { "certificate-authority" };
        let selection = self.selection;
        let origin = |field| selection.cluster_origin(field);
        let title = selection.cluster_title();
        Report { title, origin: &origin, problems: &mut self.problems }
            .entry(field, ProblemKind::RootsAndInsecure(field));
    }

    /// The client certificate, which goes with any header (UA-2).
    fn certificate(&mut self) -> Option<ClientCertificate> {
        let user = &self.selection.user;
        let certificate = Material::choose(&user.client_certificate_data, &user.client_certificate);
        let key = Material::choose(&user.client_key_data, &user.client_key);
        let (certificate, key) = match (certificate, key) {
            (Some(certificate), Some(key)) => (certificate, key),
            (None, Some(_)) => {
                let text = "has a client key without a client certificate; it is not used";
                self.notice("KC-56", text);
                return None;
            }
            _ => return None,
        };
        self.of_user("client-certificate", !user.client_certificate.is_empty());
        self.of_user("client-certificate-data", !user.client_certificate_data.is_empty());
        self.of_user("client-key", !user.client_key.is_empty());
        self.of_user("client-key-data", !user.client_key_data.is_empty());
        Some(ClientCertificate { certificate, key })
    }

    /// The one way to make the header: a token or basic authentication, then an auth-provider or a
    /// plugin (UA-2…UA-10).
    fn authorization(&mut self, cluster: &Cluster, has_certificate: bool) -> Authorization {
        let user = &self.selection.user;
        let (has_token, has_file) = (!user.token.is_empty(), !user.token_file.is_empty());
        let has_basic = !user.username.is_empty();
        if has_basic && has_file {
            self.problem(|report| {
                report.entry("tokenFile", ProblemKind::SeveralMethods("tokenFile"));
            });
        }
        let is_static = has_token || has_file || has_basic;
        let oidc = self.auth_provider(is_static);
        let exec = self.exec(cluster);
        if exec.is_some() && (is_static || has_certificate) {
            let method = match (has_token, has_file, has_basic) {
                (true, ..) => "token",
                (_, true, _) => "tokenFile",
                (_, _, true) => "username",
                _ => "client certificate",
            };
            self.notice("UA-3", &format!("has a {method}, so its exec plugin is not run"));
        }
        self.of_user("token", has_token);
        self.of_user("tokenFile", has_file);
        self.of_user("username", has_basic);
        if has_file {
            let fallback = has_token.then(|| Token(user.token.clone()));
            return Authorization::TokenFile { path: user.token_file.clone(), fallback };
        }
        if has_token {
            return Authorization::Token(user.token.clone());
        }
        if has_basic {
            self.of_user("password", !user.password.is_empty());
            let (username, password) = (user.username.clone(), user.password.clone());
            return Authorization::Basic { username, password };
        }
        if !user.password.is_empty() {
            self.notice("UA-10", "has a password without a username; it is not used");
        }
        match (oidc, exec) {
            (Some(oidc), _) => {
                self.of_user("auth-provider", true);
                Authorization::Oidc(Box::new(oidc))
            }
            (None, Some(exec)) if !has_certificate => {
                self.of_user("exec", true);
                Authorization::Exec(Box::new(exec))
            }
            _ => Authorization::Anonymous,
        }
    }

    /// A name in the server's URL takes precedence over everything the user has, as if a caller had
    /// set the header (UA-1).
    fn basic_of_the_server(&mut self, (username, password): (String, Secret)) -> Authorization {
        let title = self.selection.cluster_title();
        let what =
            " has a user name in its server's URL, which takes precedence over the user entry";
        self.notices.push(Notice { rule: "UA-1".to_owned(), text: [&title, what].concat() });
        let origin = || self.selection.cluster_origin("server");
        let (name, secret) = (origin(), (!password.is_empty()).then(origin));
        self.trace("username", name);
        secret.into_iter().for_each(|origin| self.trace("password", origin));
        Authorization::Basic { username, password }
    }

    /// An auth-provider is looked up even where a token takes precedence (UA-4, OI-33).
    fn auth_provider(&mut self, is_static: bool) -> Option<Oidc> {
        let provider = self.selection.user.auth_provider.as_ref()?;
        let user = self.selection.user_name;
        let mut oidc = None;
        self.problem(|report| oidc = auth_provider::lookup(provider, user, report));
        if oidc.is_some() && is_static {
            self.notice("UA-4", "has an auth-provider, which its token overrides");
        }
        if auth_provider::asks_for_scopes(provider) {
            self.notice("OI-1", "has extra-scopes, which have no effect: they are for logging in");
        }
        oidc
    }

    /// The plugin, whether or not it will be run: its version is checked anyway (EX-1).
    fn exec(&mut self, cluster: &Cluster) -> Option<Exec> {
        let entry = self.selection.user.exec.as_ref()?;
        let Some(api_version) = ExecApiVersion::parse(&entry.api_version) else {
            let kind = ProblemKind::ExecApiVersion(entry.api_version.clone());
            self.problem(|report| report.field("exec.apiVersion", kind));
            return None;
        };
        Some(Exec {
            command: entry.command.clone(),
            args: entry.args.clone(),
            env: entry.env.clone(),
            api_version,
            install_hint: exec::readable(&entry.install_hint),
            interactive_mode: interactive_mode(&entry.interactive_mode)?,
            cluster: entry.provide_cluster_info.then(|| self.exec_cluster(cluster)),
            stdin: self.environment.stdin.clone(),
            policy: self.environment.plugin_policy.clone(),
        })
    }

    /// What the plugin may know of the cluster, with its extension (EX-34).
    fn exec_cluster(&self, cluster: &Cluster) -> ExecCluster {
        let extension = self.selection.cluster.extensions.get(EXEC_EXTENSION);
        let config = extension.map(|extension| extension.as_json().to_owned());
        ExecCluster { config, ..ExecCluster::from(cluster) }
    }

    /// Whom to impersonate, on any server (UA-20, UA-25).
    fn impersonation(&mut self) -> Impersonation {
        let user = &self.selection.user;
        if user.impersonate_user.is_empty() {
            return Impersonation::default();
        }
        self.of_user("as", true);
        self.of_user("as-uid", !user.impersonate_uid.is_empty());
        self.of_user("as-groups", !user.impersonate_groups.is_empty());
        self.of_user("as-user-extra", !user.impersonate_extra.is_empty());
        self.check_impersonation();
        Impersonation {
            user: user.impersonate_user.clone(),
            uid: user.impersonate_uid.clone(),
            groups: user.impersonate_groups.clone(),
            extra: user.impersonate_extra.clone().into_iter().collect(),
        }
    }

    /// Refuses what no header can carry before a plugin is run for it (UA-21).
    fn check_impersonation(&mut self) {
        let user = &self.selection.user;
        let one = |value: &String| header_text(value.as_bytes()).is_err();
        let groups = user.impersonate_groups.iter().any(one);
        let extra = user.impersonate_extra.values().flatten().any(one);
        for (field, bad) in [
            ("as", one(&user.impersonate_user)),
            ("as-uid", one(&user.impersonate_uid)),
            ("as-groups", groups),
            ("as-user-extra", extra),
        ] {
            if bad {
                self.problem(|report| report.field(field, ProblemKind::NotForAHeader));
            }
        }
    }

    /// Says what a plain HTTP server does not get (KC-71).
    fn withhold(&mut self, server: &str, names_a_user: bool) {
        let (user, cluster) = (&self.selection.user, &self.selection.cluster);
        let withheld: Vec<&str> = [
            ("token", !user.token.is_empty()),
            ("tokenFile", !user.token_file.is_empty()),
            ("username", !user.username.is_empty()),
            ("password", !user.password.is_empty()),
            ("exec", user.exec.is_some()),
            ("auth-provider", user.auth_provider.is_some()),
            ("the user name in the server's URL", names_a_user),
            ("client-certificate", !user.client_certificate.is_empty()),
            ("client-certificate-data", !user.client_certificate_data.is_empty()),
            ("certificate-authority", !cluster.certificate_authority.is_empty()),
            ("certificate-authority-data", !cluster.certificate_authority_data.is_empty()),
            ("insecure-skip-tls-verify", cluster.insecure_skip_tls_verify),
            ("tls-server-name", !cluster.tls_server_name.is_empty()),
        ]
        .into_iter()
        .filter_map(|(setting, given)| given.then_some(setting))
        .collect();
        if !withheld.is_empty() {
            let text = format!(
                "{} not used, because the server {} is plain HTTP; put https:// before the server",
                withheld.join(", "),
                redact::url(server),
            );
            self.notices.push(Notice { rule: "KC-71".to_owned(), text });
        }
    }

    fn problem(&mut self, report: impl FnOnce(&mut Report<'_>)) {
        let selection = self.selection;
        let origin = |field| selection.user_origin(field);
        let title = selection.user_title();
        report(&mut Report { title, origin: &origin, problems: &mut self.problems });
    }

    /// Something about the user.
    fn notice(&mut self, rule: &str, text: &str) {
        let text = [&self.selection.user_title(), " ", text].concat();
        self.notices.push(Notice { rule: rule.to_owned(), text });
    }

    fn of_cluster(&mut self, setting: &'static str, given: bool) {
        if given {
            self.trace(setting, self.selection.cluster_origin(setting));
        }
    }

    fn of_user(&mut self, setting: &'static str, given: bool) {
        if given {
            self.trace(setting, self.selection.user_origin(setting));
        }
    }

    fn trace(&mut self, setting: &'static str, origin: Origin) {
        self.provenance.push(Provenance { setting: setting.to_owned(), origin });
    }
}

impl Material {
    /// Data takes precedence over a file (UA-11).
    fn choose(data: &Secret, file: &str) -> Option<Self> {
        if !data.is_empty() {
            Some(Self::Data(data.clone()))
        } else if !file.is_empty() {
            Some(Self::File(file.to_owned()))
        } else {
            None
        }
    }
}
