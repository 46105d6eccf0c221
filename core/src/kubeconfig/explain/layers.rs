//! All the places that may set a field, in order of precedence.

use super::LintContext;
use super::explanation::{Masked, Source};
use super::field;
use crate::kubeconfig::entries::{ClusterEntry, ContextEntry, EntryOrigin, Kubeconfig, UserEntry};
use crate::kubeconfig::setting::Entry;
use crate::kubeconfig::validate::title;
use crate::profile::Origin;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// One kind of entry, in all the files.
pub(super) struct Layers<'a, E> {
    /// What the flags say, as an entry.
    flags: E,
    /// Entries of the name that is selected: the one that is used, and then those that it masks.
    entries: Vec<(&'a E, &'a EntryOrigin)>,
    title: String,
}

impl<E: Entry> Layers<'_, E> {
    /// The places that say something for a setting, each heard if those before it were not there.
    /// An entry without it ends them: it is taken whole (KC-32).
    pub(super) fn of(&self, key: &'static str, known: &LintContext<'_>) -> Vec<Masked> {
        let overrides = &known.inputs.overrides;
        let flag = overrides.flag(key).and_then(|flag| {
            let origin = Origin::Override(flag.to_owned());
            Some(Masked { value: field::shown(&self.flags, key)?, origin })
        });
        let entries = self.entries.iter().map_while(|entry| self.shown(*entry, key, known));
        flag.into_iter().chain(entries).collect()
    }

    /// The places in entries that are masked as a whole.
    pub(super) fn buried(&self, key: &'static str, known: &LintContext<'_>) -> Vec<Masked> {
        let masked = self.entries.iter().skip(1);
        masked.filter_map(|entry| self.shown(*entry, key, known)).collect()
    }

    fn shown(
        &self,
        (entry, origin): (&E, &EntryOrigin),
        key: &'static str,
        known: &LintContext<'_>,
    ) -> Option<Masked> {
        let value = field::shown(entry, key)?;
        let origin = match known.source {
            Source::ServiceAccount => known.inputs.in_cluster.origin(key),
            _ => origin.of_field(&self.title, key),
        };
        Some(Masked { value, origin })
    }

    /// Whether the entry that is used has a setting.
    pub(super) fn counts(&self, key: &str) -> bool {
        self.entries.first().is_some_and(|(entry, _)| field::shown(*entry, key).is_some())
    }
}

impl<'a> LintContext<'a> {
    pub(super) fn cluster_layers(&self) -> Layers<'a, ClusterEntry> {
        let name = self.selection.cluster_name;
        let entries = self.entries(name);
        Layers {
            flags: self.selection.overrides.over_cluster(None),
            entries,
            title: title("cluster", name),
        }
    }

    pub(super) fn user_layers(&self) -> Layers<'a, UserEntry> {
        let name = self.selection.user_name;
        let entries = self.entries(name);
        Layers {
            flags: self.selection.overrides.over_user(None),
            entries,
            title: title("user", name),
        }
    }

    pub(super) fn context_layers(&self) -> Layers<'a, ContextEntry> {
        let name = self.selection.context_name;
        let overrides = self.selection.overrides;
        let flags = ContextEntry {
            cluster: overrides.cluster.clone(),
            user: overrides.user.clone(),
            namespace: overrides.namespace.clone(),
            ..ContextEntry::default()
        };
        let entries = self.entries(name);
        Layers { flags, entries, title: title("context", name) }
    }

    /// Every place that says which context to use.
    pub(super) fn context_names(&self) -> Vec<Masked> {
        let flag = self.selection.overrides.flag("context").map(|flag| Masked {
            value: self.selection.overrides.context.clone(),
            origin: Origin::Override(flag.to_owned()),
        });
        let files = self.inputs.files.each.iter().filter(|file| !file.current_context.is_empty());
        let files = files.map(|file| Masked {
            value: file.current_context.clone(),
            origin: file.current_context_origin.of_field("", "current-context"),
        });
        flag.into_iter().chain(files).collect()
    }

    fn entries<E: Entry>(&self, name: &str) -> Vec<(&'a E, &'a EntryOrigin)> {
        let known = |config: &'a Kubeconfig| E::of(config).get(name).map(|e| (e, e.origin()));
        match self.source {
            Source::ServiceAccount => known(self.selection.config).into_iter().collect(),
            _ => self.inputs.files.each.iter().filter_map(known).collect(),
        }
    }
}
