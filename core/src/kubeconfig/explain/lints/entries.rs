//! Entries that are odd in a way that only their files show.

use super::Evidence;
use crate::kubeconfig::entries::{EntryOrigin, Kubeconfig};
use crate::kubeconfig::explain::explanation::{Lint, Source};
use crate::profile::problem::entry;
use crate::profile::{Bearer, Namespace, Origin};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

impl Evidence<'_> {
    pub(super) fn entries_of_files(&self, lints: &mut Vec<Lint>) {
        if self.source == Source::ServiceAccount {
            return;
        }
        let selection = self.selection;
        self.masked("context", selection.context_name, |c| &c.contexts, |e| &e.origin, lints);
        self.masked("cluster", selection.cluster_name, |c| &c.clusters, |e| &e.origin, lints);
        self.masked("user", selection.user_name, |c| &c.users, |e| &e.origin, lints);
        self.namespace(lints);
        self.plugin(lints);
    }

    /// Entries of the same name in other files (KC-32).
    fn masked<E>(
        &self,
        kind: &str,
        name: &str,
        of: impl Fn(&Kubeconfig) -> &BTreeMap<String, E>,
        origin: impl Fn(&E) -> &EntryOrigin,
        lints: &mut Vec<Lint>,
    ) {
        let each = self.survey.files.each.iter();
        let mut places = each.filter_map(|file| of(file).get(name)).map(origin);
        let Some(counts) = places.next() else { return };
        for masked in places {
            let title = entry(kind, name);
            let text = format!("{title} is not used: the one in {} goes before it", counts.path);
            let origin =
                Origin::File { path: masked.path.clone(), entry: title, line: masked.line };
            let lint = Lint::note("masked-entry", "KC-32", text).at(origin);
            lints.push(lint.advise("Rename one of them if both are meant."));
        }
    }

    fn namespace(&self, lints: &mut Vec<Lint>) {
        let Namespace { name, .. } = &self.profile.namespace;
        let origin = self.origin(&["namespace"]);
        if origin == Origin::Default && self.problems.is_empty() {
            let text = "no namespace is chosen; it is \"default\"";
            let place = self.selection.context_origin("namespace");
            lints.push(Lint::note("no-namespace", "KC-83", text).at(place));
        } else if !crate::kubeconfig::validate::is_dns_label(name) {
            let text = format!("{name:?} is no name of a namespace, and no server knows it");
            lints.push(
                Lint::warning("bad-namespace", "KC-83", text).at(origin).advise(
                    "A namespace has at most 63 of a-z, 0-9 and -, with no - at either end.",
                ),
            );
        }
    }

    /// What a plugin's entry shows that the plugin's settings do not.
    fn plugin(&self, lints: &mut Vec<Lint>) {
        let Some(user) = self.selection.config.users.get(self.selection.user_name) else { return };
        let (Some(exec), None) = (&user.exec, &self.selection.overrides.exec) else { return };
        let place = |field| user.origin.of_field(&self.selection.user_title(), field);
        if !user.origin.has("exec.interactiveMode") && !exec.interactive_mode.is_empty() {
            let text =
                format!("{:?} is what counts without interactiveMode", exec.interactive_mode);
            let advice = "Say Never, IfAvailable or Always: v1 demands it.";
            let lint = Lint::note("interactive-mode-missing", "KC-30", text);
            lints.push(lint.at(place("exec")).advise(advice));
        }
        let paths = self.survey.environment.paths;
        if !matches!(self.profile.authentication.bearer, Bearer::Exec(_)) {
            return;
        }
        if let Some(written) = self.survey.files.written.get(self.selection.user_name) {
            let text = format!(
                "{written:?} is taken from the folder of the kubeconfig: it is {}",
                exec.command
            );
            let lint = Lint::note("relative-plugin", "KC-39", text).at(place("exec.command"));
            lints.push(match written.strip_prefix("./") {
                Some(name) if !paths.has_separator(name) => lint.advise(format!(
                    "kubectl config writes such a path back as {name:?}, which is then looked up \
                     on PATH (KC-90). Use an absolute path."
                )),
                _ => lint.advise("It goes where the kubeconfig goes. Or use an absolute path."),
            });
        }
    }
}
