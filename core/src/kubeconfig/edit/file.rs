//! One file: what it is to hold, and its text for that.

use super::chain::{File, FileChange};
use super::entry;
use super::error::EditError;
use super::field::{Fields, Fill, NotText};
use super::named;
use crate::kubeconfig::decode::decode;
use crate::kubeconfig::entries::{
    ClusterEntry, ContextEntry, EntryOrigin, Kubeconfig, Preferences, UserEntry,
};
use crate::kubeconfig::setting::Entry;
use crate::profile::problem;
use crate::secret::Secret;
use crate::yaml::patch::{self, Rewritten, Tree};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

/// A file and what it is to hold.
pub(super) struct Edits<'f> {
    file: &'f File,
    pub(super) config: Kubeconfig,
}

impl<'f> Edits<'f> {
    pub(super) fn new(file: &'f File) -> Self {
        Self { file, config: file.config.clone() }
    }

    pub(super) fn path(&self) -> &'f str {
        &self.file.path
    }

    /// The change, if there is one. It has been read back, and holds what was wanted.
    pub(super) fn finish(self) -> Option<Result<FileChange, EditError>> {
        let wanted = bare(&self.config);
        (wanted != bare(&self.file.config)).then(|| self.write(&wanted))
    }

    fn write(&self, wanted: &Kubeconfig) -> Result<FileChange, EditError> {
        let path = self.path();
        let bytes = self.file.bytes.as_ref();
        let (contents, rewritten) = match bytes.map(Secret::expose) {
            Some(bytes) if !bytes.trim_ascii().is_empty() => self.patch(bytes)?,
            _ => (wanted.to_yaml()?, Rewritten::Fields),
        };
        match decode(path, contents.expose()) {
            Ok(read) if bare(&read) == *wanted => {
                let (path, replaces) = (path.into(), bytes.cloned());
                Ok(FileChange { path, contents, replaces, rewritten })
            }
            _ => Err(EditError::Mismatch { file: path.into() }),
        }
    }

    fn patch(&self, bytes: &[u8]) -> Result<(Secret, Rewritten), EditError> {
        let file = || self.path().into();
        let document =
            patch::open(bytes).map_err(|error| EditError::Malformed { file: file(), error })?;
        let mut root = document.root().map(Tree::of).unwrap_or_default();
        let before = &self.file.config;
        self.entries::<ClusterEntry>(before, &mut root)?;
        self.entries::<UserEntry>(before, &mut root)?;
        self.entries::<ContextEntry>(before, &mut root)?;
        let mut fields = Fields { body: &mut root, fill: Fill::Nothing };
        fields.text("current-context", &before.current_context, &self.config.current_context);
        fields.extensions(&before.extensions, &self.config.extensions);
        preferences(&mut fields, &before.preferences, &self.config.preferences);
        patch::apply(bytes, &document, &root).map_err(|_| EditError::Mismatch { file: file() })
    }

    fn entries<'t, E: Entry>(
        &'t self,
        before: &Kubeconfig,
        root: &mut Tree<'t>,
    ) -> Result<(), EditError> {
        let (before, after) = (E::of(before), E::of(&self.config));
        let moved = moved(before, after);
        let was = |name: &String| before.get_key_value(name).or_else(|| moved.get(name).copied());
        let is_changed = |(name, entry): &(&String, &E)| {
            was(name).is_none_or(|(known, was)| known != *name || !entry::is_like(was, entry))
        };
        let mut changed = after.iter().filter(is_changed).peekable();
        if changed.peek().is_none() && before.len() == after.len() {
            return Ok(());
        }
        let renamed: BTreeSet<&str> = moved.values().map(|(known, _)| known.as_str()).collect();
        let stays = |name: &str| after.contains_key(name) || renamed.contains(name);
        let none = E::default();
        let mut written = Ok(());
        root.entry(E::LIST, |list| {
            named::keep(list, stays);
            let places = named::Places::of(list);
            written = changed.try_for_each(|(name, entry)| {
                let (known, was) = was(name).unwrap_or((name, &none));
                let change = |body: &mut Tree<'t>, new| {
                    let fill = if new { Fill::Required } else { Fill::Nothing };
                    entry::write(entry, was, Fields { body, fill })
                };
                let written = places.change(list, (known, name), E::KIND, change);
                written.map_err(|field| not_text(E::KIND, name, field))
            });
        });
        written
    }
}

/// Entries that have another name now, with the one that they had: their origin went with them.
fn moved<'c, E: Entry>(
    before: &'c BTreeMap<String, E>,
    after: &'c BTreeMap<String, E>,
) -> BTreeMap<&'c String, (&'c String, &'c E)> {
    let mut gone: BTreeMap<u32, Vec<(&String, &E)>> = BTreeMap::new();
    for known in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
        gone.entry(known.1.origin().line).or_default().push(known);
    }
    let mut moved = BTreeMap::new();
    for (name, entry) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        let Some(gone) = gone.get_mut(&entry.origin().line) else { continue };
        let from_there = |known: &(&String, &E)| entry::stand_in_one_place(entry, known.1);
        // Several may stand on one line.
        let same =
            gone.iter().position(|known| from_there(known) && entry::is_like(entry, known.1));
        if let Some(place) = same.or_else(|| gone.iter().position(from_there)) {
            moved.insert(name, gone.swap_remove(place));
        }
    }
    moved
}

pub(super) fn not_text(kind: &str, name: &str, NotText(field): NotText) -> EditError {
    EditError::NotText { entry: problem::entry(kind, name), field }
}

pub(super) fn preferences<'t>(
    fields: &mut Fields<'_, 't>,
    before: &Preferences,
    after: &'t Preferences,
) {
    if before == after {
        return;
    }
    if *after == Preferences::default() {
        return fields.body.remove("preferences");
    }
    fields.body.entry("preferences", |body| {
        let mut fields = Fields { body, fill: Fill::Nothing };
        fields.flag("colors", before.colors, after.colors);
        fields.extensions(&before.extensions, &after.extensions);
    });
}

/// What a configuration says, and not where.
fn bare(config: &Kubeconfig) -> Kubeconfig {
    fn strip<E: Entry>(config: &mut Kubeconfig) {
        for entry in E::of_mut(config).values_mut() {
            *entry.origin_mut() = EntryOrigin::default();
        }
    }
    let mut bare = config.clone();
    strip::<ClusterEntry>(&mut bare);
    strip::<UserEntry>(&mut bare);
    strip::<ContextEntry>(&mut bare);
    bare.current_context_origin = EntryOrigin::default();
    bare.files.clear();
    bare.missing.clear();
    bare.notices.clear();
    bare
}
