//! The error for a plugin that could not be run.

use crate::error::{Error, PluginProblem};
pub(crate) use crate::printable::readable;
use crate::profile::{Exec, PluginPolicy};
use crate::protocol::{Failure, FailureKind};
use alloc::format;
use alloc::string::String;
use core::time::Duration;

/// Turns a host's failure to run a plugin into an error.
///
/// With an allowlist, a host may report [`FailureKind::Denied`] only for a program that the list
/// does not allow; if the operating system does not allow it, that is [`FailureKind::Other`].
///
/// `waited` is the time limit that was reached, and `limit` the largest size of the output. If the
/// program is missing, the error has the kubeconfig's `installHint` (EX-42), also for a path
/// (client-go shows it for names only, EX-43).
#[must_use]
pub fn explain(
    exec: &Exec,
    user: &str,
    failure: Failure,
    waited: Option<Duration>,
    limit: u64,
) -> Error {
    let allowlist = matches!(exec.policy, PluginPolicy::Allowlist(_));
    let problem = match failure.kind {
        FailureKind::NotFound => PluginProblem::NotFound,
        FailureKind::TimedOut => match waited {
            Some(waited) => PluginProblem::TimedOut(waited),
            None => PluginProblem::NotRun(failure),
        },
        FailureKind::TooLarge => PluginProblem::TooLarge(limit),
        FailureKind::Denied if allowlist => PluginProblem::NotAllowed(failure.detail),
        FailureKind::Conflict
        | FailureKind::Denied
        | FailureKind::Network
        | FailureKind::Other
        | FailureKind::Unsupported => PluginProblem::NotRun(failure),
    };
    let hint = (problem == PluginProblem::NotFound).then(|| hint(&exec.install_hint));
    Error::Plugin { user: user.into(), command: exec.command.clone(), problem, hint }
}

/// What an exec plugin is, and the kubeconfig's `installHint`.
fn hint(install_hint: &str) -> String {
    const ABOUT: &str = "This kubeconfig logs in through a credential plugin, which seems not to \
        be installed here. About such plugins: https://kubernetes.io/docs/reference/\
        access-authn-authz/authentication/#client-go-credential-plugins";
    match install_hint {
        "" => ABOUT.into(),
        hint => format!("{ABOUT}\n\n{}", readable(hint)),
    }
}
