//! The exec plugin as a source. If it gets the cluster, the cluster's CA file is read first; then
//! the plugin runs.

use super::{accept, explain, request};
use crate::content::FileRole;
use crate::cx::Cx;
use crate::error::{Error, PluginProblem};
use crate::policy::Policy;
use crate::profile::{Exec, InteractiveMode, Roots};
use crate::protocol::Reply;
use crate::source::{CredentialParts, JobFailure, JobRequest, Lifecycle, Progress, Source, read};
use alloc::boxed::Box;
use alloc::string::String;
use core::mem;

/// The exec plugin of a kubeconfig user.
#[derive(Debug)]
pub(crate) struct ExecPlugin {
    user: String,
    exec: Box<Exec>,
    state: State,
}

/// What the job in flight is for.
#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    ReadingRoots,
    Running,
}

impl ExecPlugin {
    pub(crate) fn new(user: &str, exec: &Exec) -> Self {
        Self { user: user.into(), exec: Box::new(exec.clone()), state: State::Idle }
    }

    fn run(&mut self, roots: Option<&[u8]>, cx: &Cx<'_>) -> Result<Progress, Error> {
        let command = request(&self.exec, roots, cx.policy.max_reply);
        let command = command.map_err(|problem| self.failed(problem))?;
        self.state = State::Running;
        Ok(Progress::Request(JobRequest::Run(command)))
    }

    fn roots_path(&self) -> Option<&String> {
        match &self.exec.cluster.as_ref()?.certificate_authority {
            Roots::File(path) => Some(path),
            Roots::Pem(_) | Roots::System => None,
        }
    }

    fn failed(&self, problem: PluginProblem) -> Error {
        let (user, command) = (self.user.clone(), self.exec.command.clone());
        Error::Plugin { user, command, problem, hint: None }
    }
}

impl Source for ExecPlugin {
    fn begin(&mut self, cx: &Cx<'_>) -> Result<Progress, Error> {
        if let Some(path) = self.roots_path() {
            let progress = read(path, cx);
            self.state = State::ReadingRoots;
            return Ok(progress);
        }
        let given =
            self.exec.cluster.as_ref().and_then(|cluster| match &cluster.certificate_authority {
                Roots::Pem(pem) => Some(pem.clone()),
                Roots::File(_) | Roots::System => None,
            });
        self.run(given.as_ref().map(|pem| pem.expose()), cx)
    }

    fn accept(&mut self, cx: &Cx<'_>, reply: Reply) -> Result<Progress, Error> {
        match (mem::replace(&mut self.state, State::Idle), reply) {
            (State::ReadingRoots, Reply::File(bytes)) => self.run(Some(bytes.0.expose()), cx),
            (State::Running, Reply::Exit(exit)) => {
                let printed = accept(&self.exec, &exit).map_err(|problem| self.failed(problem))?;
                let parts = printed.token.map(|token| CredentialParts::bearer(token.expose()));
                Ok(Progress::Done(CredentialParts {
                    identity: printed.identity,
                    expires: printed.expires,
                    ..parts.unwrap_or_default()
                }))
            }
            _ => Err(Error::WrongReply),
        }
    }

    fn recover(&mut self, cx: &Cx<'_>, job: JobFailure) -> Result<Progress, Error> {
        match (mem::replace(&mut self.state, State::Idle), self.roots_path()) {
            (State::ReadingRoots, Some(path)) => {
                let (role, path) = (FileRole::Roots, path.clone());
                Err(Error::File { role, path, failure: job.of_file() })
            }
            _ => {
                let JobFailure { failure, waited } = job;
                Err(explain(&self.exec, &self.user, failure, waited, cx.policy.max_reply))
            }
        }
    }

    fn lifecycle(&self, policy: &Policy) -> Lifecycle {
        let stdin = &self.exec.stdin;
        let interactive = self.exec.interactive_mode != InteractiveMode::Never
            && stdin.terminal
            && stdin.unavailable.is_none();
        Lifecycle { interactive, ..Lifecycle::renewed(policy) }
    }
}
