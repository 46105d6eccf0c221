//! Why a configuration means what it means: every setting with its source and with what it masks,
//! which credential goes out and which do not, and everything that is wrong or odd.
//!
//! Nothing here decides anything. The connection explained is the one that [`detect`] finds, its
//! credential the one that an [`Authenticator`](crate::Authenticator) would send: both are run on
//! what the host has read.
//!
//! The host reads files twice, and looks programs up:
//!
//! ```
//! use kubecred_core::kubeconfig::explain::{FileFacts, explain};
//! use kubecred_core::{Environment, Failure, FailureKind, Overrides, Secret, UnixTime};
//!
//! let read = |path: &String| match path.as_str() {
//!     "/home/me/.kube/config" => Ok(FileFacts { mode: Some(0o600), contents: Secret::from(r#"
//! current-context: dev
//! contexts: [{name: dev, context: {cluster: here, user: me, namespace: shop}}]
//! clusters: [{name: here, cluster: {server: "127.0.0.1:6443"}}]
//! users: [{name: me, user: {token: t0ken}}]
//! "#)}),
//!     _ => Err(Failure::new(FailureKind::NotFound, "no such file")),
//! };
//! let environment = Environment::new([("HOME", "/home/me")]);
//! let request = explain(None, Overrides::default(), &environment);
//! let files: Vec<_> = request.paths().iter().map(read).collect();
//! let inputs = request.open(files);
//! let files: Vec<_> = inputs.paths().iter().map(read).collect();
//! let programs = inputs.programs().iter().map(|name| Ok(format!("/usr/bin/{name}"))).collect();
//! let explanation = inputs.finish(files, programs, UnixTime::from_secs(1_700_000_000));
//!
//! let token = &explanation.credentials[0];
//! assert_eq!((token.name.as_str(), token.used, token.rule.as_str()), ("token", false, "KC-71"));
//! assert_eq!(explanation.lints[0].code, "credentials-withheld");
//! ```

mod connection;
mod explanation;
mod field;
mod layers;
mod lints;
mod reason;
mod rules;
mod settings;

pub use connection::{ConnectionPart, ConnectionProblem};
pub use explanation::{
    Explanation, ExplanationVersion, FileState, Lint, Masked, Searched, SearchedFile, Setting,
    Severity, Source,
};

pub use lints::CODES;
pub use lints::nearest::nearest;
pub use reason::Reason;
pub use rules::RULES;

use super::decode::decode;
use super::entries::Kubeconfig;
use super::kuberc::KubercPolicy;
use super::overrides::Overrides;
use super::search::{Found, Reason as NamedBy, Search, home_files, search};
use super::select::Selection;
use crate::detect::{Detection, DetectionStep, detect};
use crate::environment::Environment;
use crate::in_cluster::InCluster;
use crate::profile::problem::{ConfigError, Problem};
use crate::profile::{Authorization, Exec, Material, Origin, PluginPolicy, Profile, Roots};
use crate::protocol::{Failure, FailureKind};
use crate::secret::Secret;
use crate::source::exec;
use crate::time::UnixTime;
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// What a host knows of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "hosts make them")]
pub struct FileFacts {
    /// All that is in it.
    pub contents: Secret,
    /// Who may do what with it, as Unix has it; `None` where there is no such thing.
    pub mode: Option<u32>,
}

/// Asks how `explicit` (the `--kubeconfig` flag), the overrides and the environment lead to a
/// connection, as [`detect`] does.
pub fn explain(
    explicit: Option<&str>,
    overrides: Overrides,
    environment: &Environment,
) -> ExplainRequest {
    ExplainRequest {
        search: search(explicit, environment),
        detection: detect(explicit, overrides.clone(), environment),
        overrides,
        environment: environment.clone(),
        kuberc: KubercPolicy::default(),
    }
}

/// An explanation that wants kubeconfigs.
#[derive(Clone, Debug)]
#[must_use = "it has explained nothing yet"]
pub struct ExplainRequest {
    search: Search,
    detection: Detection,
    overrides: Overrides,
    environment: Environment,
    kuberc: KubercPolicy,
}

impl ExplainRequest {
    /// With what kuberc says of plugins.
    pub fn with_kuberc(self, kuberc: KubercPolicy) -> Self {
        Self { kuberc, ..self }
    }

    /// The kubeconfig files to read.
    pub fn paths(&self) -> &[String] {
        self.search.paths()
    }

    /// Goes on with what reading them gave, one result for each, in their order.
    pub fn open(
        self,
        reads: impl IntoIterator<Item = Result<FileFacts, Failure>>,
    ) -> ExplainInputs {
        let Self { search, detection, overrides, environment, kuberc } = self;
        let mut reads: Vec<_> = reads.into_iter().collect();
        reads.resize_with(search.paths().len(), || Err(unanswered()));
        let in_cluster = detection.in_cluster().clone();
        let step = detection.feed(reads.iter().map(contents).collect());

        let mut files = Files::default();
        let mut missing = Vec::new();
        let problems = search.decode_all(reads.iter().map(contents), |found| {
            files.states.push(match found {
                Found::Entries(file) => {
                    files.config.merge((*file).clone());
                    files.each.push(*file);
                    FileState::Read
                }
                Found::Missing(path) => {
                    missing.push(path.to_owned());
                    FileState::Missing
                }
                Found::Broken => FileState::Broken,
            });
        });
        search.note_missing(&mut files.config, missing);
        files.note_commands(&search, &reads);

        let facts = search.paths().iter().cloned().zip(reads).collect();
        let (mut profile, _) = Selection::new(&files.config, &overrides).attempt(&environment);
        // Whether it can be applied is looked at in the end.
        let _ = kuberc.clone().apply(&mut profile);
        let wanted = Wanted::of(&profile, &overrides, step.as_ref().ok(), &facts);
        ExplainInputs {
            search,
            overrides,
            environment,
            kuberc,
            in_cluster,
            files,
            problems,
            step,
            facts,
            wanted,
            proxy: None,
        }
    }
}

fn contents(read: &Result<FileFacts, Failure>) -> Result<Secret, Failure> {
    read.as_ref().map(|facts| facts.contents.clone()).map_err(Clone::clone)
}

fn unanswered() -> Failure {
    Failure::new(FailureKind::Other, "the host did not read it")
}

/// The kubeconfigs, decoded.
#[derive(Clone, Debug, Default)]
struct Files {
    /// Merged, as far as they could be read.
    config: Kubeconfig,
    /// Those that could be read, by themselves, in order of precedence.
    each: Vec<Kubeconfig>,
    /// What became of the first ones; the rest was not looked at.
    states: Vec<FileState>,
    /// The plugins' commands as they are written, by user, where they are relative paths.
    written: BTreeMap<String, String>,
}

impl Files {
    fn note_commands(&mut self, search: &Search, reads: &[Result<FileFacts, Failure>]) {
        for (path, read) in search.paths().iter().zip(reads) {
            let Ok(file) = read else { continue };
            let Ok(file) = decode(path, file.contents.expose()) else { continue };
            for (name, user) in file.users {
                let counts = self.config.users.get(&name);
                let counts = counts.filter(|counts| counts.origin == user.origin);
                let (Some(exec), Some(counts)) = (user.exec, counts) else { continue };
                if counts.exec.as_ref().is_some_and(|counts| counts.command != exec.command) {
                    self.written.insert(name, exec.command);
                }
            }
        }
    }
}

/// What the host is asked for besides kubeconfigs.
#[derive(Clone, Debug)]
struct Wanted {
    paths: Vec<String>,
    programs: Vec<String>,
    server: String,
}

impl Wanted {
    fn of(
        profile: &Profile,
        overrides: &Overrides,
        step: Option<&DetectionStep>,
        known: &Facts,
    ) -> Self {
        let pod = match step {
            Some(DetectionStep::Read(detection)) => detection.reads(),
            _ => &[],
        };
        let mut paths: Vec<String> = Vec::new();
        let files = profile.files().map(|(_, path)| path);
        for path in files.chain(overrides.paths()).chain(pod.iter().map(String::as_str)) {
            if !known.contains_key(path) && !paths.iter().any(|known| known == path) {
                paths.push(path.to_owned());
            }
        }
        let mut programs = Vec::new();
        if let Authorization::Exec(plugin) = &profile.authentication.authorization {
            programs.push(exec::clean(&plugin.command));
            programs.extend(kubectl_plugin(plugin).map(|(_, file)| file));
            if let PluginPolicy::Allowlist(list) = &plugin.policy {
                programs.extend(list.iter().cloned());
            }
        }
        Self { paths, programs, server: profile.cluster.server.clone() }
    }
}

/// The plugin of kubectl that `kubectl NAME` runs: the name, and the file that kubectl looks for on
/// PATH (`oidc-login`, `kubectl-oidc_login`). `None` for kubectl's own commands.
fn kubectl_plugin(plugin: &Exec) -> Option<(&str, String)> {
    const OWN: [&str; 8] =
        ["auth", "config", "create", "exec", "get", "options", "proxy", "version"];
    let name = plugin.command.rsplit(['/', '\\']).next()?;
    let argument = plugin.args.first()?.as_str();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_name = argument.starts_with(|c: char| c.is_ascii_alphabetic())
        && argument.chars().all(is_plain)
        && !OWN.contains(&argument);
    let is_kubectl = matches!(name, "kubectl" | "kubectl.exe");
    (is_kubectl && is_name).then(|| (argument, ["kubectl-", &argument.replace('-', "_")].concat()))
}

type Facts = BTreeMap<String, Result<FileFacts, Failure>>;

/// An explanation that wants to know of other files, and of programs.
#[derive(Debug)]
#[must_use = "it has explained nothing yet"]
pub struct ExplainInputs {
    search: Search,
    overrides: Overrides,
    environment: Environment,
    kuberc: KubercPolicy,
    in_cluster: InCluster,
    files: Files,
    /// What is wrong with the files themselves.
    problems: Vec<Problem>,
    /// What `detect` made of the kubeconfigs.
    step: Result<DetectionStep, ConfigError>,
    facts: Facts,
    wanted: Wanted,
    proxy: Option<ProxyAnswer>,
}

/// Whether requests go through the proxy that the variables name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "they do or they do not")]
pub enum ProxyAnswer {
    /// They do.
    Used,
    /// They do not, and why: `NO_PROXY has ".internal"`.
    NotUsed(String),
}

impl ExplainInputs {
    /// The files to read: authorities, certificates, keys, tokens, and what a pod has.
    pub fn paths(&self) -> &[String] {
        &self.wanted.paths
    }

    /// The programs to look up as if to run them: names along PATH, paths as they stand.
    pub fn programs(&self) -> &[String] {
        &self.wanted.programs
    }

    /// The server, for [`with_proxy`](ExplainInputs::with_proxy). Empty if there is none.
    pub fn server(&self) -> &str {
        &self.wanted.server
    }

    /// With what the host's own connections would do about `HTTPS_PROXY` and `NO_PROXY` for this
    /// [server](ExplainInputs::server). Without, nothing is said of them.
    pub fn with_proxy(self, proxy: Option<ProxyAnswer>) -> Self {
        Self { proxy, ..self }
    }

    /// Explains, with one result for each of the [paths](ExplainInputs::paths) and for each of the
    /// [programs](ExplainInputs::programs), in their order. A program is found as a file.
    pub fn finish(
        self,
        reads: impl IntoIterator<Item = Result<FileFacts, Failure>>,
        programs: Vec<Result<String, Failure>>,
        now: UnixTime,
    ) -> Explanation {
        self.finish_with(reads, programs, now, |_| Vec::new())
    }

    /// As [`finish`](ExplainInputs::finish), with what keeps the host's own connections from being
    /// made: what `check` finds, which a host answers by the functions with which it connects.
    ///
    /// The profile that `check` is given is the one to connect with. Its certificates and keys are
    /// data, and paths only where they could not be read. It is not called for a configuration of
    /// which no profile comes.
    pub fn finish_with(
        mut self,
        reads: impl IntoIterator<Item = Result<FileFacts, Failure>>,
        programs: Vec<Result<String, Failure>>,
        now: UnixTime,
        check: impl FnOnce(&Profile) -> Vec<ConnectionProblem>,
    ) -> Explanation {
        let mut reads = reads.into_iter();
        for path in core::mem::take(&mut self.wanted.paths) {
            let read = reads.next().unwrap_or_else(|| Err(unanswered()));
            self.facts.insert(path, read);
        }
        let (outcome, source) = self.outcome();
        let pod = (source == Source::ServiceAccount).then(|| {
            let [token, roots, _] = self.in_cluster.paths().map(|path| self.contents(path));
            self.in_cluster.kubeconfig(&self.environment, token, roots, &self.overrides)
        });
        let pod = pod.and_then(Result::ok);
        let selection = Selection::new(pod.as_ref().unwrap_or(&self.files.config), &self.overrides);
        let (attempt, objections) = selection.attempt(&self.environment);
        let (mut profile, problems) = match outcome {
            Ok(profile) => (*profile, Vec::new()),
            Err(_) if !self.problems.is_empty() => (attempt, self.problems.clone()),
            Err(error) if source == Source::ServiceAccount => (attempt, error.into_problems()),
            Err(_) => (attempt, objections),
        };
        let kuberc = match self.kuberc.clone().apply(&mut profile) {
            Ok(()) => Vec::new(),
            Err(error) => error.into_problems(),
        };
        let programs = self.wanted.programs.iter().cloned().zip(programs).collect();
        let is_usable = source != Source::Nothing && problems.is_empty() && kuberc.is_empty();
        let connection = match is_usable {
            true => check(&self.with_files(&profile)),
            false => Vec::new(),
        };
        let known = LintContext {
            inputs: &self,
            selection: &selection,
            profile: &profile,
            problems: &problems,
            kuberc: &kuberc,
            connection: &connection,
            source,
            programs,
            now,
        };
        let (settings, credentials) = known.settings();
        let (search, lints) = (known.searched(), known.lints());
        Explanation { search, settings, credentials, lints, ..Explanation::default() }
    }

    /// The profile with what is in its certificate files, as far as they could be read.
    fn with_files(&self, profile: &Profile) -> Profile {
        let mut profile = profile.clone();
        if let Roots::File(path) = &profile.cluster.roots
            && let Ok(pem) = self.contents(path)
        {
            profile.cluster.roots = Roots::Pem(pem);
        }
        if let Some(pair) = &mut profile.authentication.certificate {
            for material in [&mut pair.certificate, &mut pair.key] {
                if let Material::File(path) = material
                    && let Ok(pem) = self.contents(path)
                {
                    *material = Material::Data(pem);
                }
            }
        }
        profile
    }

    fn contents(&self, path: &str) -> Result<Secret, Failure> {
        self.facts.get(path).map_or_else(|| Err(unanswered()), contents)
    }

    /// What `detect` finds, and what it is made of.
    fn outcome(&self) -> (Result<Box<Profile>, ConfigError>, Source) {
        let named = match self.files.states.iter().any(|state| *state != FileState::Missing) {
            true => Source::Kubeconfig,
            false => Source::Flags,
        };
        let (mut step, mut source) = (self.step.clone(), named);
        loop {
            let detection = match step {
                Ok(DetectionStep::Done(profile)) => return (Ok(profile), source),
                Err(error) if error.is_empty_config() => return (Err(error), Source::Nothing),
                Err(error) => return (Err(error), source),
                Ok(DetectionStep::Read(detection)) => detection,
            };
            let reads: Vec<_> = detection.reads().iter().map(|path| self.contents(path)).collect();
            let token = reads.first().and_then(|read| read.as_ref().err());
            let is_there = token.is_none_or(|failure| failure.kind != FailureKind::NotFound);
            if detection.wants_account() && is_there {
                source = Source::ServiceAccount;
            }
            step = detection.feed(reads);
        }
    }
}

/// Everything that is known, for those who make something of it.
struct LintContext<'a> {
    inputs: &'a ExplainInputs,
    selection: &'a Selection<'a>,
    /// The connection, or as much as there is of one.
    profile: &'a Profile,
    problems: &'a [Problem],
    /// What is wrong with kuberc.
    kuberc: &'a [Problem],
    /// What the host cannot connect with.
    connection: &'a [ConnectionProblem],
    source: Source,
    programs: BTreeMap<String, Result<String, Failure>>,
    now: UnixTime,
}

impl LintContext<'_> {
    fn searched(&self) -> Searched {
        let ExplainInputs { search, files, .. } = self.inputs;
        let named_by = match search.reason() {
            NamedBy::Explicit => Origin::Override("kubeconfig".to_owned()),
            NamedBy::Variable => Origin::Variable("KUBECONFIG".to_owned()),
            NamedBy::Home => Origin::Default,
        };
        let states = files.states.iter().copied().chain(core::iter::repeat(FileState::Skipped));
        let files = search.paths().iter().zip(states);
        let files = files.map(|(path, state)| SearchedFile { path: path.clone(), state }).collect();
        let found = self.inputs.files.states.iter().any(|state| *state != FileState::Missing);
        let (rule, reason) = match self.source {
            Source::Kubeconfig => reason::files(search.reason(), self.names_home()),
            source => reason::source(source, found, !self.selection.overrides.server.is_empty()),
        };
        Searched {
            named_by,
            files,
            source: self.source,
            rule: rule.into(),
            reason: reason.as_str().into(),
        }
    }

    /// Whether `KUBECONFIG` names the file that would be read without it.
    fn names_home(&self) -> bool {
        let environment = &self.inputs.environment;
        let homes = home_files(environment).unwrap_or_default();
        self.inputs.search.paths().iter().any(|path| homes.contains(path))
    }

    /// Where a setting that is used came from; nowhere, if it is not used.
    fn origin(&self, names: &[&str]) -> Origin {
        let known = self.profile.provenance.iter().find(|p| names.contains(&p.setting.as_str()));
        known.map_or(Origin::Default, |known| known.origin.clone())
    }
}
