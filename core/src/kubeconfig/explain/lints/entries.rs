//! Entries that are odd in a way that only their files show.

use super::LintContext;
use crate::kubeconfig::entries::{ClusterEntry, ContextEntry, UserEntry};
use crate::kubeconfig::explain::explanation::{Lint, Severity, Source};
use crate::kubeconfig::setting::Entry;
use crate::profile::problem::entry;
use crate::profile::{Namespace, Origin};
use crate::redact::{self, quoted};
use alloc::format;
use alloc::vec::Vec;

impl LintContext<'_> {
    pub(super) fn entries_of_files(&self, lints: &mut Vec<Lint>) {
        if self.source == Source::ServiceAccount {
            return;
        }
        let selection = self.selection;
        self.masked::<ContextEntry>(selection.context_name, lints);
        self.masked::<ClusterEntry>(selection.cluster_name, lints);
        self.masked::<UserEntry>(selection.user_name, lints);
        self.namespace(lints);
    }

    /// Entries of the same name in other files (KC-32).
    fn masked<E: Entry>(&self, name: &str, lints: &mut Vec<Lint>) {
        let each = self.inputs.files.each.iter();
        let mut places = each.filter_map(|file| E::of(file).get(name)).map(E::origin);
        let Some(counts) = places.next() else { return };
        let context = self.selection.config.contexts.get(self.selection.context_name);
        for masked in places {
            let title = entry(E::KIND, name);
            let used = redact::text(&counts.path);
            let text = format!("{title} is not used; the one in {used} is");
            // The context meant the entry beside it, and gets another one.
            let severity = match context {
                Some(context) if E::KIND != "context" && context.origin.path == masked.path => {
                    Severity::Warning
                }
                _ => Severity::Note,
            };
            let origin =
                Origin::File { path: masked.path.clone(), entry: title, line: masked.line };
            let lint = Lint::new(severity, "masked-entry", "KC-32", text).at(origin);
            lints.push(lint.advise("Rename one of them to use both."));
        }
    }

    fn namespace(&self, lints: &mut Vec<Lint>) {
        let Namespace { name, .. } = &self.profile.namespace;
        if crate::kubeconfig::validate::is_dns_label(name) {
            return;
        }
        let text = format!("{} is not a valid namespace, so no server has it", quoted(name));
        let lint = Lint::warning("bad-namespace", "KC-83", text).at(self.origin(&["namespace"]));
        lints.push(lint.advise(
            "Use at most 63 of a-z, 0-9 and -, starting and ending with a letter or a digit.",
        ));
    }
}
