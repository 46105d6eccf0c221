//! Taking the entries of one kubeconfig into another.

use super::entry::is_like;
use crate::kubeconfig::entries::{ClusterEntry, ContextEntry, EntryOrigin, Kubeconfig, UserEntry};
use crate::kubeconfig::setting::Entry;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What to do with an entry whose name another entry has, with other content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a name is kept, changed or given up")]
pub enum OnConflict {
    /// Nothing: it is an [`ImportOutcome::Conflict`].
    #[default]
    Report,
    /// Give it the first free name of `NAME-2`, `NAME-3` and so on; contexts that come with it use
    /// that name.
    Rename,
    /// Replace the other entry.
    Overwrite,
    /// Leave it out, and with it contexts that would use the other entry in its place.
    Skip,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// `cluster`, `user` or `context`.
    pub kind: &'static str,
    /// Its name in the file that it comes from.
    pub name: String,
    /// What was done.
    pub outcome: ImportOutcome,
}

/// What was done with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportOutcome {
    /// It is new.
    Added,
    /// There is one of this name with the same content.
    Unchanged,
    /// It is new, and has this name.
    Renamed(String),
    /// It replaces another entry.
    Overwritten,
    /// It was left out.
    Skipped,
    /// It was left out, and the import is not to be written: another entry, which stands here, has
    /// its name, and differs in these fields.
    Conflict {
        /// Where the other entry stands.
        with: EntryOrigin,
        /// The fields by their kubeconfig names.
        fields: Vec<&'static str>,
    },
}

impl Kubeconfig {
    /// Takes in the clusters, users and contexts of another configuration, whose paths should be
    /// absolute, and says what became of each. `current-context` is taken over if there is none.
    ///
    /// ```
    /// use kubecred_core::Kubeconfig;
    /// use kubecred_core::kubeconfig::edit::{ImportOutcome, OnConflict};
    ///
    /// let mut config = Kubeconfig::from_bytes(b"users: [{name: ann, user: {token: old}}]")?;
    /// let other = Kubeconfig::from_bytes(b"users: [{name: ann, user: {token: new}}]")?;
    /// let done = config.import(other, OnConflict::Rename);
    /// assert_eq!(done[0].outcome, ImportOutcome::Renamed("ann-2".into()));
    /// assert_eq!(config.users["ann-2"].token, "new".into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn import(&mut self, mut other: Self, on_conflict: OnConflict) -> Vec<Imported> {
        let mut done = Vec::new();
        let current = core::mem::take(&mut other.current_context);
        let clusters = take::<ClusterEntry>(self, &mut other, on_conflict, &mut done);
        let users = take::<UserEntry>(self, &mut other, on_conflict, &mut done);
        let mut contexts = core::mem::take(&mut other.contexts);
        contexts.retain(|name, context| {
            let uses = [(&clusters, &mut context.cluster), (&users, &mut context.user)];
            let kept = uses.into_iter().all(|(taken, used)| match taken.get(used.as_str()) {
                Some(Some(name)) => {
                    used.clone_from(name);
                    true
                }
                Some(None) => false,
                // The file does not have it: the context is as incomplete as it was.
                None => true,
            });
            if !kept {
                let outcome = ImportOutcome::Skipped;
                done.push(Imported { kind: ContextEntry::KIND, name: name.clone(), outcome });
            }
            kept
        });
        other.contexts = contexts;
        let contexts = take::<ContextEntry>(self, &mut other, on_conflict, &mut done);
        if let (true, Some(Some(name))) = (self.current_context.is_empty(), contexts.get(&current))
        {
            self.current_context.clone_from(name);
        }
        done
    }
}

/// Takes in the entries of one kind. Gives the name that each has now; `None`: it was left out.
fn take<E: Entry>(
    config: &mut Kubeconfig,
    other: &mut Kubeconfig,
    on_conflict: OnConflict,
    done: &mut Vec<Imported>,
) -> BTreeMap<String, Option<String>> {
    let theirs = core::mem::take(E::of_mut(other));
    let names: Vec<String> = theirs.keys().cloned().collect();
    let mut taken = BTreeMap::new();
    for (name, mut entry) in theirs {
        // It is new in whatever file it will stand.
        *entry.origin_mut() = EntryOrigin::default();
        let ours = E::of_mut(config);
        let (outcome, now) = match (ours.get(&name), on_conflict) {
            (None, _) => (ImportOutcome::Added, Some(name.clone())),
            (Some(was), _) if is_like(was, &entry) => {
                (ImportOutcome::Unchanged, Some(name.clone()))
            }
            (Some(was), OnConflict::Report) => {
                let (with, fields) = (was.origin().clone(), differences(was, &entry));
                (ImportOutcome::Conflict { with, fields }, Some(name.clone()))
            }
            (Some(_), OnConflict::Overwrite) => (ImportOutcome::Overwritten, Some(name.clone())),
            (Some(_), OnConflict::Skip) => (ImportOutcome::Skipped, None),
            (Some(_), OnConflict::Rename) => {
                let free = |name: &String| !ours.contains_key(name) && !names.contains(name);
                let mut numbered = (2_u32..).map(|number| format!("{name}-{number}"));
                match numbered.find(free) {
                    Some(free) => (ImportOutcome::Renamed(free.clone()), Some(free)),
                    None => (ImportOutcome::Skipped, None),
                }
            }
        };
        match &outcome {
            ImportOutcome::Added | ImportOutcome::Overwritten => {
                ours.insert(name.clone(), entry);
            }
            ImportOutcome::Renamed(now) => {
                ours.insert(now.to_owned(), entry);
            }
            _ => {}
        }
        done.push(Imported { kind: E::KIND, name: name.clone(), outcome });
        taken.insert(name, now);
    }
    taken
}

/// The fields that are not the same.
fn differences<E: Entry>(one: &E, other: &E) -> Vec<&'static str> {
    let differs = E::SETTINGS.iter().filter(|setting| (setting.get)(one) != (setting.get)(other));
    differs.map(|setting| setting.key).collect()
}
