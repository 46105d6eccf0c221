//! The files of a search with what they hold, and which of them takes which change (KC-88, KC-89).

use super::entry;
use super::error::EditError;
use super::file::Edits;
use super::path::Folder;
use crate::kubeconfig::decode::decode;
use crate::kubeconfig::entries::{ClusterEntry, ContextEntry, Kubeconfig, UserEntry};
use crate::kubeconfig::extension::Extension;
use crate::kubeconfig::search::{Reason, Search};
use crate::kubeconfig::setting::Entry;
use crate::path::PathFlavour;
use crate::profile::problem::{ConfigError, Problem, ProblemKind};
use crate::protocol::{Failure, FailureKind, WriteFile};
use crate::secret::Secret;
use crate::yaml::patch::Rewritten;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// The files of a [`Search`] and what they hold, ready to be changed.
///
/// While they are, the host holds kubectl's locks: it takes them, reads the files, makes this of
/// them, writes what [`changes`](Chain::changes) says, and gives the locks back (KC-87).
#[derive(Clone, Debug)]
pub struct Chain {
    files: Vec<File>,
    config: Kubeconfig,
    flavour: PathFlavour,
    working_directory: String,
    as_given: bool,
}

/// A file of the chain; there may be none of that name.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: Option<Secret>,
    /// Of this file alone, with paths as they are written.
    pub(super) config: Kubeconfig,
}

/// A file that a change needs written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileChange {
    /// The file as it was named.
    pub path: String,
    /// All that is to be in it.
    pub contents: Secret,
    /// What is in it now; `None`: there is no such file.
    pub replaces: Option<Secret>,
    /// How much of it had to be written anew.
    pub rewritten: Rewritten,
}

impl From<FileChange> for WriteFile {
    fn from(change: FileChange) -> Self {
        let FileChange { path, contents, replaces, .. } = change;
        // KC-86: a new file is its owner's alone, an old one stays whose it is.
        Self { path, contents, mode: 0o600, replaces }
    }
}

impl Search {
    /// Decodes what reading the files gave, one result for each of the [paths](Search::paths) in
    /// their order, to change it.
    ///
    /// # Errors
    /// Everything that is wrong with every file: what cannot be read whole is not changed.
    pub fn open(
        &self,
        reads: impl IntoIterator<Item = Result<Secret, Failure>>,
    ) -> Result<Chain, ConfigError> {
        self.check()?;
        let mut problems = Vec::new();
        let mut files: Vec<File> = Vec::new();
        let mut reads = reads.into_iter();
        for path in self.paths() {
            let unanswered = || Err(Failure::new(FailureKind::Other, "the host did not read it"));
            let mut file = File { path: path.clone(), bytes: None, config: Kubeconfig::default() };
            match reads.next().unwrap_or_else(unanswered) {
                // Even one that was asked for by name may be made.
                Err(failure) if failure.kind == FailureKind::NotFound => {}
                Err(failure) => {
                    let problem = Problem::new(ProblemKind::Unreadable(failure));
                    problems.push(problem.in_file(path, 0));
                }
                Ok(bytes) => match decode(path, bytes.expose()) {
                    Ok(config) => (file.config, file.bytes) = (config, Some(bytes)),
                    Err(error) => problems.extend(error.into_problems()),
                },
            }
            let found = file.bytes.is_some();
            files.push(file);
            // On Windows the first home that has a file is the one (KC-15).
            if self.reason() == Reason::Home && found {
                break;
            }
        }
        ConfigError::check(problems)?;
        let mut config = Kubeconfig::default();
        for file in &files {
            match file.bytes {
                Some(_) => config.files.push(file.path.clone()),
                None => config.missing.push(file.path.clone()),
            }
            config.merge(file.config.clone());
        }
        Ok(Chain {
            files,
            config,
            flavour: self.flavour(),
            working_directory: self.working_directory().to_owned(),
            as_given: false,
        })
    }
}

impl Chain {
    /// One file by itself. Paths stay as they are given, as the folder is not known.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn of_file(path: impl Into<String>, bytes: Secret) -> Result<Self, ConfigError> {
        let path = path.into();
        let config = decode(&path, bytes.expose())?;
        Ok(Self {
            files: [File { path, bytes: Some(bytes), config: config.clone() }].into(),
            config,
            flavour: PathFlavour::Unix,
            working_directory: String::new(),
            as_given: false,
        })
    }

    /// Writes paths as they are given, relative to whatever they are: for single values that
    /// a person spells out (KB-11).
    #[must_use]
    pub fn with_paths_as_given(self) -> Self {
        Self { as_given: true, ..self }
    }

    /// All of them as one, to make a changed copy of. Paths are as they are written (KB-1).
    pub fn config(&self) -> &Kubeconfig {
        &self.config
    }

    /// The file that takes what is new (KC-88): the one that was asked for by name; of those in
    /// `KUBECONFIG` the first that is there, or else the last; the one in the home directory.
    pub fn default_file(&self) -> Option<&str> {
        self.default().and_then(|place| self.files.get(place)).map(|file| file.path.as_str())
    }

    /// What to write so that reading the files gives `wanted`.
    ///
    /// Changed and deleted entries are so in the file that they came from; what is new goes to the
    /// file that its origin names, if that is one of these, else to the
    /// [default file](Chain::default_file) (KC-88). A deleted entry that a later file has as well
    /// comes to light, and so does a `current-context` (KC-89).
    ///
    /// Paths that are new or changed count as relative to the folder of their file, and are written
    /// so if they lead into it, else absolute (KC-90). `./plugin` stays `./plugin`.
    ///
    /// # Errors
    /// When a change cannot be written. Nothing is to be written then.
    pub fn changes(&self, wanted: &Kubeconfig) -> Result<Vec<FileChange>, EditError> {
        let mut edits: Vec<Edits<'_>> = self.files.iter().map(Edits::new).collect();
        self.entries::<ClusterEntry>(wanted, &mut edits)?;
        self.entries::<UserEntry>(wanted, &mut edits)?;
        self.entries::<ContextEntry>(wanted, &mut edits)?;
        self.current_context(wanted, &mut edits)?;
        self.extensions(
            wanted,
            &mut edits,
            |config| &config.extensions,
            |config| &mut config.extensions,
        )?;
        self.extensions(
            wanted,
            &mut edits,
            |config| &config.preferences.extensions,
            |config| &mut config.preferences.extensions,
        )?;
        self.colors(wanted, &mut edits)?;
        edits.into_iter().filter_map(Edits::finish).collect()
    }

    fn default(&self) -> Option<usize> {
        let exists = self.files.iter().position(|file| file.bytes.is_some());
        exists.or_else(|| self.files.len().checked_sub(1))
    }

    fn default_place(&self) -> Result<usize, EditError> {
        self.default().ok_or(EditError::NoFile)
    }

    fn place(&self, path: &str) -> Option<usize> {
        self.files.iter().position(|file| file.path == path)
    }

    fn entries<E: Entry>(
        &self,
        wanted: &Kubeconfig,
        edits: &mut [Edits<'_>],
    ) -> Result<(), EditError> {
        let (before, after) = (E::of(&self.config), E::of(wanted));
        for (name, entry) in after {
            let was = before.get(name);
            if was.is_some_and(|was| entry::is_like(was, entry)) {
                continue;
            }
            let origin = &was.unwrap_or(entry).origin().path;
            let place = match self.place(origin) {
                Some(place) => place,
                None => self.default_place()?,
            };
            let edit = edit(edits, place)?;
            let folder = self.folder(edit.path());
            let mut entry = entry.clone();
            let none = E::default();
            let folder = Folder { path: &folder, flavour: self.flavour, as_given: self.as_given };
            entry::settle(&mut entry, was.unwrap_or(&none), &folder);
            E::of_mut(&mut edit.config).insert(name.clone(), entry);
        }
        for (name, entry) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
            if let Some(place) = self.place(&entry.origin().path) {
                E::of_mut(&mut edit(edits, place)?.config).remove(name);
            }
        }
        Ok(())
    }

    fn folder(&self, path: &str) -> String {
        let folder = self.flavour.parent(path);
        self.flavour.absolute(&folder, &self.working_directory)
    }

    fn current_context(
        &self,
        wanted: &Kubeconfig,
        edits: &mut [Edits<'_>],
    ) -> Result<(), EditError> {
        let wanted = &wanted.current_context;
        if *wanted == self.config.current_context {
            return Ok(());
        }
        let sets = |file: &File| !file.config.current_context.is_empty();
        let place = match self.files.iter().position(sets).filter(|_| wanted.is_empty()) {
            Some(place) => place,
            None => self.default_place()?,
        };
        edit(edits, place)?.config.current_context.clone_from(wanted);
        Ok(())
    }

    /// They are on if any file says so (KC-33).
    fn colors(&self, wanted: &Kubeconfig, edits: &mut [Edits<'_>]) -> Result<(), EditError> {
        match (self.config.preferences.colors, wanted.preferences.colors) {
            (false, true) => {
                let place = self.default_place()?;
                edit(edits, place)?.config.preferences.colors = true;
            }
            (true, false) => {
                edits.iter_mut().for_each(|edit| edit.config.preferences.colors = false);
            }
            _ => {}
        }
        Ok(())
    }

    /// Extensions of the file and of its preferences: each is changed where it was found first.
    fn extensions(
        &self,
        wanted: &Kubeconfig,
        edits: &mut [Edits<'_>],
        of: impl Fn(&Kubeconfig) -> &BTreeMap<String, Extension>,
        of_mut: impl Fn(&mut Kubeconfig) -> &mut BTreeMap<String, Extension>,
    ) -> Result<(), EditError> {
        let (before, after) = (of(&self.config), of(wanted));
        let place =
            |name: &String| self.files.iter().position(|file| of(&file.config).contains_key(name));
        for (name, extension) in after {
            if before.get(name) != Some(extension) {
                let place = match place(name) {
                    Some(place) => place,
                    None => self.default_place()?,
                };
                of_mut(&mut edit(edits, place)?.config).insert(name.clone(), extension.clone());
            }
        }
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            if let Some(place) = place(name) {
                of_mut(&mut edit(edits, place)?.config).remove(name);
            }
        }
        Ok(())
    }
}

fn edit<'e, 'f>(edits: &'e mut [Edits<'f>], place: usize) -> Result<&'e mut Edits<'f>, EditError> {
    edits.get_mut(place).ok_or(EditError::NoFile)
}
