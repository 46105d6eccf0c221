//! From a kubeconfig to one connection: which context, what takes precedence, and the result
//! (KC-41…KC-51, KC-62…KC-73, UA-1…UA-11).

use super::connect::Connection;
use super::entries::{ClusterEntry, Kubeconfig, UserEntry};
use super::overrides::Overrides;
use super::validate::{Report, check_cluster, check_user, title};
use crate::environment::Environment;
use crate::profile::problem::{ConfigError, EmptyReason, Problem, ProblemKind, entry};
use crate::profile::{Namespace, Notice, Origin, Profile, Provenance};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

impl Kubeconfig {
    /// The settings of the connection that the current context, or the one that `overrides` name,
    /// stands for.
    ///
    /// # Errors
    /// Everything that is wrong with what was selected, in the order: context, user, cluster. What
    /// was not selected is not looked at.
    ///
    /// ```
    /// use kubecred_core::kubeconfig::{Kubeconfig, Overrides};
    /// use kubecred_core::{Authorization, Environment, Secret};
    ///
    /// let config = Kubeconfig::from_bytes(br#"
    /// current-context: prod
    /// contexts: [{name: prod, context: {cluster: east, user: ann, namespace: shop}}]
    /// clusters: [{name: east, cluster: {server: "https://east.example"}}]
    /// users: [{name: ann, user: {token: t0ken}}]
    /// "#)?;
    /// let profile = config.select(&Overrides::default(), &Environment::default())?;
    /// assert_eq!(profile.cluster.server, "https://east.example");
    /// assert_eq!(profile.authentication.authorization, Authorization::Token(Secret::from("t0ken")));
    /// assert_eq!(profile.namespace.name, "shop");
    ///
    /// let overrides = Overrides { user: "bob".into(), ..Overrides::default() };
    /// let error = config.select(&overrides, &Environment::default()).unwrap_err();
    /// assert_eq!(error.to_string(), r#"user "bob" does not exist (asked for by --user)"#);
    /// # Ok::<(), kubecred_core::kubeconfig::ConfigError>(())
    /// ```
    pub fn select(
        &self,
        overrides: &Overrides,
        environment: &Environment,
    ) -> Result<Profile, ConfigError> {
        let selection = Selection::new(self, overrides);
        selection.check_names()?;
        let (notices, problems) = selection.check(environment);
        ConfigError::check(problems)?;
        let (profile, problems) = Connection::new(&selection, environment).profile(notices);
        ConfigError::check(problems)?;
        Ok(profile)
    }
}

impl Kubeconfig {
    /// Whether these overrides select nothing that could be connected to, for want of a server and
    /// for no other reason (KC-77, KC-78). Other overrides do not matter, where in client-go some
    /// hide the lack of a server (KC-79).
    pub(crate) fn is_unconfigured(
        &self,
        overrides: &Overrides,
        selected: Result<(), &ConfigError>,
    ) -> bool {
        let for_want_of_a_server = match selected {
            Ok(()) => true,
            Err(error) => error.problems().iter().all(|problem| {
                matches!(problem.kind, ProblemKind::EmptyConfig(_) | ProblemKind::NoServer)
            }),
        };
        for_want_of_a_server && Selection::new(self, overrides).lacks_server()
    }
}

/// What was selected, overrides laid over.
pub(super) struct Selection<'a> {
    pub(super) config: &'a Kubeconfig,
    pub(super) overrides: &'a Overrides,
    pub(super) context_name: &'a str,
    pub(super) cluster_name: &'a str,
    pub(super) user_name: &'a str,
    pub(super) cluster: ClusterEntry,
    pub(super) user: UserEntry,
    /// The namespace as the context has it.
    namespace: &'a str,
}

impl<'a> Selection<'a> {
    pub(super) fn new(config: &'a Kubeconfig, overrides: &'a Overrides) -> Self {
        let first = |over: &'a str, under: &'a str| if over.is_empty() { under } else { over };
        let context_name = first(&overrides.context, &config.current_context);
        let context = config.contexts.get(context_name);
        let of_context = |field: fn(&super::ContextEntry) -> &String| {
            context.map_or("", |context| field(context).as_str())
        };
        let cluster_name = first(&overrides.cluster, of_context(|context| &context.cluster));
        let user_name = first(&overrides.user, of_context(|context| &context.user));
        Self {
            config,
            overrides,
            context_name,
            cluster_name,
            user_name,
            cluster: overrides.over_cluster(config.clusters.get(cluster_name)),
            user: overrides.over_user(config.users.get(user_name)),
            namespace: of_context(|context| &context.namespace),
        }
    }

    /// What was asked for by name exists (KC-43).
    fn check_names(&self) -> Result<(), ConfigError> {
        let Self { config, overrides, .. } = self;
        let missing = |kind: &'static str, name: &str, exists: bool| {
            let problem = || Problem::new(ProblemKind::NoSuchEntry(kind)).of(&entry(kind, name));
            if name.is_empty() || exists { Ok(()) } else { Err(ConfigError::from(problem())) }
        };
        missing("user", &overrides.user, config.users.contains_key(&overrides.user))?;
        missing("context", &overrides.context, config.contexts.contains_key(&overrides.context))?;
        missing("cluster", &overrides.cluster, config.clusters.contains_key(&overrides.cluster))
    }

    /// Whether neither a file nor an override names a server. A default does not count.
    fn lacks_server(&self) -> bool {
        self.overrides.server.is_empty() && !self.config.clusters.contains_key(self.cluster_name)
    }

    #[cfg(feature = "explain")]
    /// What [`Kubeconfig::select`] gives or refuses, the latter as far as it goes, with all that it
    /// would object to at one stage or another.
    pub(super) fn attempt(&self, environment: &Environment) -> (Profile, Vec<Problem>) {
        let names = self.check_names();
        let (notices, checks) = self.check(environment);
        let (profile, rest) = Connection::new(self, environment).profile(notices);
        if let Err(error) = names {
            // What does not exist has no faults.
            return (profile, error.into_problems());
        }
        let mut problems = checks;
        for problem in rest {
            // That there is no server has been said.
            let said = problem.kind == ProblemKind::BadServer && self.cluster.server.is_empty();
            if !said && !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        (profile, problems)
    }

    /// Everything of KC-48…KC-60 about the selected entries.
    fn check(&self, environment: &Environment) -> (Vec<Notice>, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut notices = self.config.notices.clone();
        let config = self.config;
        let has_context = config.contexts.contains_key(self.context_name);
        if !self.context_name.is_empty() && !has_context {
            problems.push(config.context_not_found());
        }
        if !self.user_name.is_empty() && !config.users.contains_key(self.user_name) {
            notices.extend(self.dangling_user(&mut problems));
        }
        let user_origin = |field| self.user_origin(field);
        let title = self.user_title();
        let mut report = Report { title, origin: &user_origin, problems: &mut problems };
        check_user(&self.user, &mut report);
        if self.user.exec.is_some()
            && let Err(problem) = environment.plugin_policy.check(environment.paths)
        {
            report.entry("exec", ProblemKind::PluginPolicy(problem));
        }
        self.check_cluster(&mut problems);
        (notices, problems)
    }

    fn check_cluster(&self, problems: &mut Vec<Problem>) {
        let exists = self.config.clusters.contains_key(self.cluster_name);
        if self.overrides.strict && !exists && !self.cluster_name.is_empty() {
            problems.push(self.dangling("cluster", self.cluster_name));
        } else if !self.cluster.is_empty() {
            let cluster_origin = |field| self.cluster_origin(field);
            let title = self.cluster_title();
            let mut report = Report { title, origin: &cluster_origin, problems };
            check_cluster(&self.cluster, &mut report);
        } else if problems.is_empty() {
            problems.push(Problem::new(ProblemKind::EmptyConfig(self.empty_reason())));
        } else if self.config.contexts.contains_key(self.context_name) {
            // With a missing context it goes without saying.
            problems.push(Problem::new(ProblemKind::NoServer).of(&self.cluster_title()));
        }
    }

    fn empty_reason(&self) -> EmptyReason {
        if self.config.is_empty() {
            self.config.empty_reason()
        } else if self.context_name.is_empty() {
            EmptyReason::NoContext
        } else {
            let (context, cluster) = (self.context_name.to_owned(), self.cluster_name.to_owned());
            EmptyReason::NoCluster { context, cluster }
        }
    }

    /// The context's user does not exist: anonymous, or an error if strict (KC-44).
    fn dangling_user(&self, problems: &mut Vec<Problem>) -> Option<Notice> {
        let problem = self.dangling("user", self.user_name);
        if self.overrides.strict {
            problems.push(problem);
            return None;
        }
        let text = alloc::format!("{problem}; requests are sent without its credentials");
        Some(Notice { rule: "KC-44".to_owned(), text })
    }

    fn dangling(&self, kind: &'static str, target: &str) -> Problem {
        let title = entry("context", self.context_name);
        let problem = Problem::new(ProblemKind::Dangling(entry(kind, target))).of(&title);
        problem.from(&self.context_origin(kind), kind)
    }

    pub(super) fn user_title(&self) -> String {
        title("user", self.user_name)
    }

    pub(super) fn cluster_title(&self) -> String {
        title("cluster", self.cluster_name)
    }

    /// Where a field of the user came from.
    pub(super) fn user_origin(&self, field: &'static str) -> Origin {
        match (self.overrides.flag(field), self.config.users.get(self.user_name)) {
            (Some(flag), _) => Origin::Override(flag.to_owned()),
            (None, Some(user)) => user.origin.of_field(&self.user_title(), field),
            (None, None) => Origin::Default,
        }
    }

    fn has_default_server(&self, entry: &ClusterEntry) -> bool {
        entry.server.is_empty() && !self.overrides.default_server.is_empty()
    }

    /// Where a field of the cluster came from.
    pub(super) fn cluster_origin(&self, field: &'static str) -> Origin {
        match (self.overrides.flag(field), self.config.clusters.get(self.cluster_name)) {
            (Some(flag), _) => Origin::Override(flag.to_owned()),
            (None, Some(cluster)) if field != "server" || !self.has_default_server(cluster) => {
                cluster.origin.of_field(&self.cluster_title(), field)
            }
            _ => Origin::Default,
        }
    }

    /// Where the context's choice of a cluster, a user or a namespace came from.
    pub(super) fn context_origin(&self, field: &'static str) -> Origin {
        match (self.overrides.flag(field), self.config.contexts.get(self.context_name)) {
            (Some(flag), _) => Origin::Override(flag.to_owned()),
            (None, Some(context)) => {
                context.origin.of_field(&title("context", self.context_name), field)
            }
            (None, None) => Origin::Default,
        }
    }

    /// The namespace for requests that name none (KC-82, KC-83).
    pub(super) fn namespace(&self) -> (Namespace, Provenance) {
        let overridden = !self.overrides.namespace.is_empty();
        let (name, origin) = match (overridden, self.namespace.is_empty()) {
            (true, _) => (self.overrides.namespace.as_str(), self.context_origin("namespace")),
            (false, false) => (self.namespace, self.context_origin("namespace")),
            (false, true) => ("default", Origin::Default),
        };
        let provenance = Provenance { setting: "namespace".to_owned(), origin };
        (Namespace { name: name.to_owned(), overridden }, provenance)
    }

    /// Where the name of the context came from.
    pub(super) fn context_name_origin(&self) -> Origin {
        match self.overrides.flag("context") {
            Some(flag) => Origin::Override(flag.to_owned()),
            None => self.config.current_context_origin.of_field("", "current-context"),
        }
    }
}
