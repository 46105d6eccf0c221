//! What would become of a request now: the machine that makes credentials is asked for one, with
//! the files that were read and no way to run or to send anything.

use super::LintContext;
use super::certificates::{AUTHORITY, CERTIFICATE};
use crate::credential::Unavailable;
use crate::error::{ContentProblem, Error, FileRole, PluginProblem};
use crate::kubeconfig::explain::explanation::{Lint, Severity};
use crate::kubeconfig::explain::{contents, unanswered};
use crate::machine::Authenticator;
use crate::policy::Policy;
use crate::profile::{Authorization, Origin};
use crate::protocol::{Action, Event, Failure, FailureKind, FileBytes, Input, Job, RunCommand};
use crate::source::exec;
use crate::time::{Instant, Now};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

/// More than any login takes without running or sending something.
const STEPS: usize = 100;

impl LintContext<'_> {
    pub(super) fn dry_run(&self, lints: &mut Vec<Lint>) {
        let now = Now { monotonic: Instant::from_millis(0), wall: self.now };
        let mut machine = Authenticator::new(self.profile, Policy::default(), 0);
        machine.handle_input(now, Input::Demand);
        let mut failures: Vec<(Error, bool)> = Vec::new();
        for _ in 0..STEPS {
            match machine.poll_action() {
                Some(Action::ReadFile(job)) => {
                    let read = self.inputs.facts.get(&job.request.path);
                    let read = read.map_or_else(|| Err(unanswered()), contents);
                    machine.handle_input(now, job.done(read.map(FileBytes)));
                }
                Some(Action::RunCommand(job)) => {
                    if let Some(input) = self.run(job) {
                        machine.handle_input(now, input);
                    }
                }
                Some(Action::Report(Event::Failed { error, serving, .. })) => {
                    failures.push((error, serving));
                }
                Some(_) => {}
                None => break,
            }
        }
        if let Err(Unavailable::Failed(error)) = machine.credential(now)
            && !failures.iter().any(|(known, _)| known == error)
        {
            failures.push((error.clone(), false));
        }
        lints.extend(failures.iter().map(|(error, serving)| self.failure(error, *serving)));
    }

    /// Whether a plugin could be run; if not, how that would end.
    fn run(&self, job: Job<RunCommand>) -> Option<Input> {
        let RunCommand { program, allowlist, .. } = &job.request;
        let found = |name: &str| self.programs.get(name).cloned();
        let mut resolve = |name: &str| found(name).and_then(Result::ok);
        let failure = match exec::permit(program, allowlist.as_deref(), &mut resolve) {
            Ok(Some(_)) => return None,
            Ok(None) => match found(program) {
                Some(Err(failure)) => failure,
                _ => Failure::new(FailureKind::NotFound, "no such program"),
            },
            Err(text) => Failure::new(FailureKind::Denied, text),
        };
        Some(job.done(Err(failure)))
    }

    fn failure(&self, error: &Error, serving: bool) -> Lint {
        let (code, rule) = name(error);
        let severity = match error {
            // At another terminal it works.
            Error::Plugin { problem: PluginProblem::NotATerminal, .. } => Severity::Note,
            _ if serving || self.has_fallback(error) => Severity::Warning,
            _ => Severity::Error,
        };
        let text = match error {
            // It is the cluster's, not the user's.
            Error::Data { role: FileRole::Roots, problem, .. } => {
                let title = self.selection.cluster_title();
                format!("{title}: certificate-authority-data {problem}")
            }
            error => error.to_string(),
        };
        Lint::new(severity, code, rule, text).at(self.place(error))
    }

    /// A token file that cannot be read is made up for by a token beside it (UA-8).
    fn has_fallback(&self, error: &Error) -> bool {
        let fallback = matches!(
            self.profile.authentication.authorization,
            Authorization::TokenFile { fallback: Some(_), .. }
        );
        fallback && matches!(error, Error::File { role: FileRole::Token, .. })
    }

    fn place(&self, error: &Error) -> Origin {
        let role = match error {
            Error::File { role: FileRole::Token, .. }
            | Error::FileContent { role: FileRole::Token, .. } => {
                return self.origin(&["tokenFile"]);
            }
            Error::File { role, .. }
            | Error::FileContent { role, .. }
            | Error::Data { role, .. } => role,
            Error::Plugin { .. } => return self.selection.user_origin("exec.command"),
            Error::Oidc { .. } => return self.selection.user_origin("auth-provider"),
            _ => return Origin::Default,
        };
        match role {
            FileRole::Token => self.origin(&["token"]),
            role => self.place_of_role(*role),
        }
    }

    /// Where the setting stands that names a file.
    pub(super) fn place_of_role(&self, role: FileRole) -> Origin {
        match role {
            FileRole::ClientCertificate => self.origin(&CERTIFICATE),
            FileRole::ClientKey => self.origin(&["client-key", "client-key-data"]),
            FileRole::Roots => self.origin(&AUTHORITY),
            FileRole::Token => self.origin(&["tokenFile"]),
            FileRole::Basic => self.origin(&["username", "password"]),
            FileRole::Impersonation => self.origin(&["as"]),
        }
    }
}

fn name(error: &Error) -> (&'static str, &'static str) {
    match error {
        Error::File { role: FileRole::Roots, .. } => ("unreadable-file", "KC-54"),
        Error::File { role: FileRole::Token, .. } => ("unreadable-file", "UA-8"),
        Error::File { .. } => ("unreadable-file", "KC-56"),
        Error::FileContent { role, problem, .. } | Error::Data { role, problem, .. } => {
            match (problem, role) {
                (ContentProblem::Empty, _) => ("empty-credential", "TK-3"),
                (ContentProblem::NotHeaderText, _) => ("bad-header-text", "HT-4"),
                (ContentProblem::PairMismatch, _) => ("certificate-key-mismatch", "UA-34"),
                (ContentProblem::BadKey, _) => ("bad-key", "UA-34"),
                (_, FileRole::Roots) => ("bad-authority", "UA-32"),
                _ => ("bad-certificate", "UA-34"),
            }
        }
        Error::Plugin { problem, .. } => match problem {
            PluginProblem::NotFound => ("plugin-not-found", "EX-42"),
            PluginProblem::NotAllowed(_) => ("plugin-not-allowed", "EX-83"),
            PluginProblem::NotATerminal | PluginProblem::StdinUnavailable(_) => {
                ("plugin-needs-terminal", "EX-20")
            }
            _ => ("plugin-cannot-run", ""),
        },
        Error::Oidc { .. } => ("oidc", "OI-11"),
        _ => ("no-credential", ""),
    }
}
