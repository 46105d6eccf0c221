//! Placeholders that were not replaced: templates, variables, and `~` for the home directory.

use super::LintContext;
use crate::kubeconfig::explain::explanation::{FileState, Lint};
use crate::profile::{Authorization, Origin};
use crate::redact::quoted;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

impl LintContext<'_> {
    pub(super) fn templates(&self, lints: &mut Vec<Lint>) {
        let states = self.inputs.files.states.iter();
        for (path, state) in self.inputs.search.paths().iter().zip(states) {
            let contents = self.content(path).and_then(|contents| contents.expose_str());
            if let (FileState::Broken, Some(text)) = (state, contents) {
                self.broken_file(path, text, lints);
            }
        }
        let server = &self.selection.cluster.server;
        if is_template(server) {
            let text = "server contains a placeholder that was never replaced";
            let lint = Lint::warning("unrendered-template", "", text);
            let origin = self.selection.cluster_origin("server");
            lints.push(lint.at(origin).advise("Render the template, or write the value."));
        }
        self.paths(lints);
    }

    /// A template is hardly ever YAML: `{{ x }}` is a mapping whose key is one.
    fn broken_file(&self, path: &str, text: &str, lints: &mut Vec<Lint>) {
        let Some((line, _)) = (1..).zip(text.lines()).find(|(_, line)| is_template(line)) else {
            return;
        };
        let origin = Origin::File { path: path.into(), entry: String::new(), line };
        let text = "this looks like a template that was never rendered";
        let lint = Lint::warning("unrendered-template", "", text).at(origin);
        lints.push(lint.advise("Render it, and use what comes out."));
    }

    /// Paths are taken as they are written (KC-36). One that is there is meant.
    fn paths(&self, lints: &mut Vec<Lint>) {
        let command = match &self.profile.authentication.authorization {
            Authorization::Exec(plugin) => Some(plugin.command.as_str()),
            _ => None,
        };
        let found = |path: &str| match self.inputs.facts.get(path) {
            Some(read) => read.is_ok(),
            None => self.programs.get(path).is_some_and(Result::is_ok),
        };
        let files = self.profile.files().map(|(role, path)| (self.place_of_role(role), path));
        let command = command.map(|path| (self.selection.user_origin("exec.command"), path));
        for (origin, path) in files.chain(command) {
            if is_unexpanded(path) && !found(path) {
                let text = format!(
                    "{} is taken as it is written: ~ and variables are not expanded",
                    quoted(path)
                );
                let lint = Lint::warning("unexpanded-path", "KC-36", text);
                lints.push(lint.at(origin).advise("Write the whole path."));
            }
        }
    }
}

/// `{{ … }}` and `${…}`. JSON has no two braces in a row, and YAML makes nothing of them.
fn is_template(text: &str) -> bool {
    [("{{", "}}"), ("${", "}"), ("<%", "%>")]
        .iter()
        .any(|(open, close)| text.split_once(open).is_some_and(|(_, rest)| rest.contains(close)))
}

fn is_unexpanded(path: &str) -> bool {
    let first = |part: &str| {
        part.starts_with('~') || part.starts_with('$') || part.starts_with("%USERPROFILE%")
    };
    path.split(['/', '\\']).any(first)
}
