//! The sources of credentials, one file each: what to ask a host for, and what its answer means.
//! When to ask is the slot's affair.
//!
//! A source is a state machine of its own: [`Source::begin`] asks for the first job of an
//! acquisition, [`Source::accept`] takes the answer and [`Source::recover`] a failure; each says what
//! comes next. Its [`Lifecycle`] is a record that the slot goes by. To add a source, write its file,
//! and give it a variant of [`Bearer`](crate::profile::Bearer) and a line in `machine/slots.rs`.

mod certificate_files;
pub(crate) mod constant;
pub mod exec;
mod oidc;
mod roots_file;
mod token_file;
mod token_request;

use crate::credential::Identity;
use crate::cx::Cx;
use crate::error::Error;
use crate::policy::{Policy, Reload, Renewal};
use crate::protocol::{
    Action, ActionId, Failure, FailureKind, Job, ReadFile, Reply, RunCommand, SendRequest, Stdin,
    WriteFile,
};
use crate::secret::Secret;
use crate::store::StoredTokens;
use crate::time::{Seconds, UnixTime};
use alloc::format;
use core::fmt;
use core::time::Duration;

pub(crate) use certificate_files::CertificateFiles;
pub(crate) use exec::ExecPlugin;
pub(crate) use oidc::OidcSource;
pub(crate) use roots_file::RootsFile;
pub(crate) use token_file::TokenFile;
pub(crate) use token_request::{BootstrapCredential, TokenRequestSource};

/// One way to get a part of the credential, again and again.
pub(crate) trait Source: Send + Sync {
    /// Starts an acquisition. One that was under way is given up.
    fn begin(&mut self, cx: &Cx<'_>) -> Result<Progress, Error>;

    /// What the answer to the job in flight means.
    fn accept(&mut self, cx: &Cx<'_>, reply: Reply) -> Result<Progress, Error>;

    /// What follows from the failure of the job in flight: an error or, if the job was only worth a
    /// try, what comes next.
    fn recover(&mut self, cx: &Cx<'_>, job: JobFailure) -> Result<Progress, Error>;

    /// How what it gives is kept fresh, as things are now.
    fn lifecycle(&self, policy: &Policy) -> Lifecycle;

    /// What to serve while nothing has ever been fetched.
    fn fallback(&self) -> Option<CredentialParts> {
        None
    }

    /// Hands over what the next acquisition is made with, if it takes another login.
    fn lend(&mut self, _: BootstrapCredential) {}

    /// The error that the other login's failure is for this source.
    fn bootstrap_failed(&self, error: Error) -> Error {
        error
    }

    /// Whether a server has refused what was lent, since this was asked last.
    fn take_bootstrap_rejection(&mut self) -> bool {
        false
    }

    /// The tokens that a refresh replaces, to be written back.
    fn stored_tokens(&mut self) -> Option<&mut StoredTokens> {
        None
    }
}

/// What it holds is not shown: `Debug` of each source would be a part of every program.
impl fmt::Debug for dyn Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

/// What a source gave. Which of the parts there are depends on the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CredentialParts {
    pub(crate) authorization: Option<Secret>,
    pub(crate) identity: Option<Identity>,
    pub(crate) roots: Option<Secret>,
    pub(crate) expires: Option<UnixTime>,
}

impl CredentialParts {
    /// `Authorization: Bearer <token>`.
    pub(crate) fn bearer(token: &[u8]) -> Self {
        let authorization = Some(Secret::new([b"Bearer ", token].concat()));
        Self { authorization, ..Self::default() }
    }

    /// Whether a request or connection would look the same.
    pub(crate) fn same_bytes(&self, other: &Self) -> bool {
        self.authorization == other.authorization
            && self.identity == other.identity
            && self.roots == other.roots
    }
}

/// How what a source gives is kept fresh.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifecycle {
    /// A person may be asked something: then only a request starts it, and no timer.
    pub(crate) interactive: bool,
    /// How often to fetch again what has no end of its own.
    pub(crate) reload: Option<Reload>,
    /// When to renew what has an end.
    pub(crate) renewal: Renewal,
    /// How long before its end what is held is not used any more, if there can be another.
    pub(crate) leeway: Option<Duration>,
    /// Whether a 401 is a reason to fetch again.
    pub(crate) refetch_on_401: bool,
    /// What is older than this is renewed, whatever its life.
    pub(crate) max_age: Option<Duration>,
    /// The last failure will not pass by itself: the longest pause is right.
    pub(crate) retry_slowly: bool,
}

impl Lifecycle {
    /// Renewed as the policy says, and fetched again after a 401.
    pub(crate) const fn renewed(policy: &Policy) -> Self {
        Self {
            interactive: false,
            reload: None,
            renewal: policy.renewal,
            leeway: None,
            refetch_on_401: true,
            max_age: None,
            retry_slowly: false,
        }
    }

    /// The same for files: read again every so often.
    pub(crate) const fn reloaded(policy: &Policy, reload: Reload) -> Self {
        Self { reload: Some(reload), ..Self::renewed(policy) }
    }
}

/// What comes next in an acquisition.
#[derive(Debug)]
pub(crate) enum Progress {
    /// It is over.
    Done(CredentialParts),
    /// It takes this job.
    Request(JobRequest),
}

/// A job without its id.
#[derive(Debug)]
pub(crate) enum JobRequest {
    Read(ReadFile),
    Run(RunCommand),
    Send(SendRequest),
    Write(WriteFile),
}

impl JobRequest {
    pub(crate) fn into_action(self, id: ActionId) -> Action {
        match self {
            Self::Read(request) => Action::ReadFile(Job { id, request }),
            Self::Run(request) => Action::RunCommand(Job { id, request }),
            Self::Send(request) => Action::SendRequest(Job { id, request }),
            Self::Write(request) => Action::WriteFile(Job { id, request }),
        }
    }

    /// How long it may take; `None`: as long as it likes.
    pub(crate) const fn limit(&self, policy: &Policy) -> Option<Duration> {
        match self {
            Self::Read(_) | Self::Write(_) => Some(policy.file_timeout),
            // A person may be typing.
            Self::Run(RunCommand { stdin: Stdin::Inherit, .. }) => None,
            Self::Run(_) => policy.command_timeout,
            Self::Send(_) => Some(policy.request_timeout),
        }
    }
}

/// Why a job brought nothing.
#[derive(Debug)]
pub(crate) struct JobFailure {
    pub(crate) failure: Failure,
    /// For how long it was waited for, if the machine itself called the job off.
    pub(crate) waited: Option<Duration>,
}

impl JobFailure {
    /// The failure, or that the file was not read in time.
    pub(crate) fn of_file(self) -> Failure {
        self.within("not read")
    }

    /// The failure, or that no answer came in time.
    pub(crate) fn of_request(self) -> Failure {
        self.within("no answer")
    }

    fn within(self, what: &str) -> Failure {
        match self.waited {
            Some(limit) => {
                let detail = format!("{what} within {} s", Seconds(limit));
                Failure::new(FailureKind::TimedOut, detail)
            }
            None => self.failure,
        }
    }
}

/// The whole content of a file.
pub(crate) fn read(path: &str, cx: &Cx<'_>) -> Progress {
    Progress::Request(JobRequest::Read(ReadFile { path: path.into(), limit: cx.policy.max_reply }))
}
