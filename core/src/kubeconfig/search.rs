//! Which files to read, in which order, and why (KC-1…KC-17).

use super::decode::decode;
use super::entries::Kubeconfig;
use crate::environment::Environment;
use crate::path::PathFlavour;
use crate::profile::Notice;
use crate::profile::problem::{ConfigError, Problem, ProblemKind};
use crate::protocol::{Failure, FailureKind};
use crate::redact;
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// Says which kubeconfig files to read: `explicit` (the `--kubeconfig` flag) and nothing else, or
/// those of `KUBECONFIG` and nothing else, or `~/.kube/config`.
///
/// The host reads [`Search::paths`] and hands what it got to [`Search::load`]:
///
/// ```
/// use kubecred_core::kubeconfig::search;
/// use kubecred_core::{Environment, Failure, FailureKind, Secret};
///
/// let environment = Environment::new([("KUBECONFIG", "/etc/a::/etc/b"), ("HOME", "/home/me")]);
/// let search = search(None, &environment);
/// assert_eq!(search.paths(), ["/etc/a", "/etc/b"]);
///
/// let config = search.load([
///     Err(Failure::new(FailureKind::NotFound, "no such file")),
///     Ok(Secret::from("clusters: [{name: c, cluster: {certificate-authority: ca.crt}}]")),
/// ])?;
/// assert_eq!(config.clusters["c"].certificate_authority, "/etc/ca.crt");
/// assert_eq!(config.missing, ["/etc/a"]);
/// # Ok::<(), kubecred_core::kubeconfig::ConfigError>(())
/// ```
///
/// An empty `explicit` is none, as an empty flag is. Where a variable that names the files is not
/// UTF-8, there are none, and [`Search::load`] says so. Not done: moving kubectl's file of before 2015
/// to where it is now (KC-16, KC-17); reading must not write.
pub fn search(explicit: Option<&str>, environment: &Environment) -> Search {
    let content = |field| {
        let hint = "write it to a file, and give the file's path";
        ConfigError::from(Problem::new(ProblemKind::ContentNotPath(hint)).field(field))
    };
    if let Some(path) = explicit.filter(|path| !path.is_empty()) {
        if redact::is_content(path) {
            return Search::failed(content("--kubeconfig"), Reason::Explicit, environment);
        }
        return Search::new([path.to_owned()].into(), Reason::Explicit, environment);
    }
    let flavour = environment.paths;
    let list = match environment.text("KUBECONFIG") {
        Ok(list) => list,
        Err(error) => return Search::failed(error, Reason::Variable, environment),
    };
    if let Some(list) = list {
        if redact::is_content(list) {
            return Search::failed(content("$KUBECONFIG"), Reason::Variable, environment);
        }
        let mut paths: Vec<String> = Vec::new();
        for path in flavour.split_list(list) {
            if !path.is_empty() && !paths.contains(&path) {
                paths.push(path);
            }
        }
        return Search::new(paths, Reason::Variable, environment);
    }
    match home_files(environment) {
        Ok(paths) => Search::new(paths, Reason::Home, environment),
        Err(error) => Search::failed(error, Reason::Home, environment),
    }
}

/// The files that are read if neither the flag nor the variable names one.
///
/// # Errors
/// When a variable that names a home directory is not UTF-8.
pub(super) fn home_files(environment: &Environment) -> Result<Vec<String>, ConfigError> {
    let flavour = environment.paths;
    let file = flavour.join(".kube", "config");
    Ok(environment.homes()?.iter().map(|home| flavour.join(home, &file)).collect())
}

/// The files to read, and why these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    paths: Vec<String>,
    reason: Reason,
    flavour: PathFlavour,
    working_directory: String,
    /// Why it is not known which files to read.
    problem: Option<ConfigError>,
}

/// Who named the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The caller: one file, which must be there (KC-1, KC-7).
    Explicit,
    /// Nothing did: the file in the home directory, which may be missing. On Windows there are up to
    /// three such directories, and the first that has the file counts (KC-15).
    Home,
    /// `KUBECONFIG`: any of them may be missing (KC-2, KC-8).
    Variable,
}

/// What became of one file of a search.
pub(super) enum Found<'a> {
    /// What is in it, relative paths resolved.
    Entries(Box<Kubeconfig>),
    /// It is not there, and need not be.
    Missing(&'a str),
    /// It cannot be read or decoded.
    Broken,
}

impl Search {
    fn new(paths: Vec<String>, reason: Reason, environment: &Environment) -> Self {
        let working_directory = environment.working_directory.clone();
        Self { paths, reason, flavour: environment.paths, working_directory, problem: None }
    }

    fn failed(error: ConfigError, reason: Reason, environment: &Environment) -> Self {
        Self { problem: Some(error), ..Self::new(Vec::new(), reason, environment) }
    }

    /// Fails if it is not known which files to read: a variable that names them is not UTF-8.
    ///
    /// # Errors
    /// As said.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.problem.clone().map_or(Ok(()), Err)
    }

    /// The files, in order of precedence. A relative one is relative to the working directory.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Who named them.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Decodes and merges what reading the files gave, one result for each of the
    /// [paths](Search::paths) in their order.
    ///
    /// # Errors
    /// Everything that is wrong with every file: a missing one only if it was asked for by name.
    pub fn load(
        &self,
        reads: impl IntoIterator<Item = Result<Secret, Failure>>,
    ) -> Result<Kubeconfig, ConfigError> {
        let mut config = Kubeconfig::default();
        let mut missing = Vec::new();
        let problems = self.decode_all(reads, |found| match found {
            Found::Entries(file) => config.merge(*file),
            Found::Missing(path) => missing.push(path.to_owned()),
            Found::Broken => {}
        });
        ConfigError::check(problems)?;
        self.note_missing(&mut config, missing);
        Ok(config)
    }

    /// Decodes every file and hands it over with its path. The answer is what is wrong with them.
    pub(super) fn decode_all(
        &self,
        reads: impl IntoIterator<Item = Result<Secret, Failure>>,
        mut each: impl FnMut(Found<'_>),
    ) -> Vec<Problem> {
        let mut problems: Vec<Problem> =
            self.problem.clone().map(ConfigError::into_problems).unwrap_or_default();
        let mut reads = reads.into_iter();
        for path in &self.paths {
            let unanswered = || Err(Failure::new(FailureKind::Other, "the host did not read it"));
            let read = reads.next().unwrap_or_else(unanswered);
            match read {
                Err(failure) if self.may_miss(&failure) => {
                    each(Found::Missing(path));
                    continue;
                }
                Err(failure) => {
                    let problem = Problem::new(ProblemKind::Unreadable(failure));
                    problems.push(problem.in_file(path, 0));
                    each(Found::Broken);
                }
                Ok(bytes) => match self.decode(path, bytes.expose()) {
                    Ok(file) => each(Found::Entries(Box::new(file))),
                    Err(error) => {
                        problems.extend(error.into_problems());
                        each(Found::Broken);
                    }
                },
            }
            if self.reason == Reason::Home {
                break;
            }
        }
        problems
    }

    /// Remembers which files are not there, and says so if that leaves nothing (KC-8).
    pub(super) fn note_missing(&self, config: &mut Kubeconfig, missing: Vec<String>) {
        if self.reason == Reason::Variable && config.files.is_empty() && !missing.is_empty() {
            let text = ["KUBECONFIG: no file found: ", &missing.join(", ")].concat();
            config.notices.push(Notice { rule: "KC-8".to_owned(), text });
        }
        config.missing = missing;
    }

    /// A file's entries, their relative paths taken from the file's folder as it was named, links
    /// not followed (KC-37).
    fn decode(&self, path: &str, bytes: &[u8]) -> Result<Kubeconfig, ConfigError> {
        let mut config = decode(path, bytes)?;
        config.files.push(path.to_owned());
        let folder = self.flavour.parent(path);
        let base = self.flavour.absolute(&folder, &self.working_directory);
        config.resolve_paths(&base, self.flavour);
        Ok(config)
    }

    #[cfg(feature = "edit")]
    pub(super) fn flavour(&self) -> PathFlavour {
        self.flavour
    }

    #[cfg(feature = "edit")]
    pub(super) fn working_directory(&self) -> &str {
        &self.working_directory
    }

    fn may_miss(&self, failure: &Failure) -> bool {
        self.reason != Reason::Explicit && failure.kind == FailureKind::NotFound
    }
}
