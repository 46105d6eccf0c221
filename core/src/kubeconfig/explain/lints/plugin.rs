//! The exec plugin: where it is found, and what it needs besides.

use super::LintContext;
use crate::kubeconfig::explain::explanation::Lint;
use crate::kubeconfig::explain::kubectl_plugin;
use crate::profile::Authorization;
use crate::redact::quoted;
use alloc::format;
use alloc::vec::Vec;

impl LintContext<'_> {
    pub(super) fn plugin(&self, lints: &mut Vec<Lint>) {
        let Authorization::Exec(plugin) = &self.profile.authentication.authorization else {
            return;
        };
        self.relative(lints);
        if let Some((argument, file)) = kubectl_plugin(plugin)
            && self.is_found(&plugin.command)
            && !self.is_found(&file)
        {
            let text =
                format!("kubectl has no plugin {}: there is no {file} on PATH", quoted(argument));
            let lint = Lint::error("kubectl-plugin-not-found", "EX-42", text);
            let advice = match argument {
                "oidc-login" => "Install it: kubectl krew install oidc-login.",
                _ => "Install it, or use a command that needs no kubectl.",
            };
            lints.push(lint.at(self.selection.user_origin("exec.command")).advise(advice));
        }
    }

    fn is_found(&self, name: &str) -> bool {
        self.programs.get(name).is_some_and(Result::is_ok)
    }

    /// A command that is a path relative to the kubeconfig (KC-39).
    fn relative(&self, lints: &mut Vec<Lint>) {
        let selection = self.selection;
        let Some(user) = selection.config.users.get(selection.user_name) else { return };
        let (Some(exec), None) = (&user.exec, &selection.overrides.exec) else { return };
        let Some(written) = self.inputs.files.written.get(selection.user_name) else { return };
        let text = format!(
            "{} is relative to the folder of the kubeconfig: it is {}",
            quoted(written),
            quoted(&exec.command)
        );
        let place = user.origin.of_field(&selection.user_title(), "exec.command");
        let lint = Lint::note("relative-plugin", "KC-39", text).at(place);
        let paths = self.inputs.environment.paths;
        lints.push(match written.strip_prefix("./") {
            Some(name) if !paths.has_separator(name) => lint.advise(format!(
                "kubectl config writes such a path back as {}, which is then looked up on PATH. \
                 Use an absolute path.",
                quoted(name)
            )),
            _ => lint.advise("It moves with the kubeconfig. Or use an absolute path."),
        });
    }
}
