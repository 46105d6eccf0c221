//! The sources of credentials, one file each: which jobs a fetch takes, and how their results are
//! read. The slot decides when to fetch.
//!
//! A source is a state machine: [`Source::begin`] starts a fetch and returns its first job,
//! [`Source::accept`] takes the job's result and [`Source::recover`] its failure. Each returns the
//! next job or the end of the fetch. Its [`Lifecycle`] tells the slot when to refresh. To add a
//! source, write its file, a variant of [`Authorization`](crate::profile::Authorization), and a line in
//! `machine/slots.rs`.

mod certificate_files;
pub(crate) mod constant;
pub mod exec;
mod oidc;
mod provided;
mod roots_file;
mod token_file;
mod token_request;

use crate::credential::Identity;
use crate::cx::Cx;
use crate::error::Error;
use crate::policy::{Policy, Reload, Renewal};
use crate::protocol::{
    Action, ActionId, Failure, FailureKind, Job, Provide, ReadFile, Reply, RunCommand, SendRequest,
    Stdin, WriteFile,
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
pub(crate) use provided::ProvidedSource;
pub(crate) use roots_file::RootsFile;
pub(crate) use token_file::TokenFile;
pub(crate) use token_request::{BootstrapCredential, TokenRequestSource};

/// Fetches a part of the credential, as often as needed.
pub(crate) trait Source: Send + Sync {
    /// Starts a fetch. A fetch in progress is abandoned.
    fn begin(&mut self, cx: &Cx<'_>) -> Result<Progress, Error>;

    /// Takes the result of the job in flight.
    fn accept(&mut self, cx: &Cx<'_>, reply: Reply) -> Result<Progress, Error>;

    /// Takes the failure of the job in flight: an error or, if the fetch can do without this job,
    /// the next job.
    fn recover(&mut self, cx: &Cx<'_>, job: JobFailure) -> Result<Progress, Error>;

    /// When its value must be refreshed. It may change from one fetch to the next.
    fn lifecycle(&self, policy: &Policy) -> Lifecycle;

    /// The value to use until the first fetch succeeds.
    fn fallback(&self) -> Option<CredentialParts> {
        None
    }

    /// Passes in the bootstrap credential for the next fetch, if the source needs one.
    fn lend(&mut self, _: BootstrapCredential) {}

    /// Turns the failure of the bootstrap login into an error of this source.
    fn bootstrap_failed(&self, error: Error) -> Error {
        error
    }

    /// Whether a server has rejected the bootstrap credential since the last call.
    fn take_bootstrap_rejection(&mut self) -> bool {
        false
    }

    /// The tokens to write back after a refresh, if the source has any.
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

/// The result of a fetch. Which parts it has depends on the source.
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

    /// Whether requests and connections would be the same with both.
    pub(crate) fn same_bytes(&self, other: &Self) -> bool {
        self.authorization == other.authorization
            && self.identity == other.identity
            && self.roots == other.roots
    }
}

/// When a source's value must be refreshed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifecycle {
    /// The fetch may ask the user something, so only a request starts it, not a timer.
    pub(crate) interactive: bool,
    /// How often to fetch a value that has no expiry, such as a file.
    pub(crate) reload: Option<Reload>,
    /// When to refresh a value that has an expiry.
    pub(crate) renewal: Renewal,
    /// How long before the expiry requests begin to wait for the refresh.
    pub(crate) leeway: Option<Duration>,
    /// Whether to fetch again after a 401.
    pub(crate) refetch_on_401: bool,
    /// The age after which a value is refreshed, even if it expires much later.
    pub(crate) max_age: Option<Duration>,
    /// The last failure is permanent, so the next attempt waits for the longest pause.
    pub(crate) retry_slowly: bool,
}

impl Lifecycle {
    /// Refreshed as the policy says, and fetched again after a 401.
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

    /// The same for a file, which is read again at intervals.
    pub(crate) const fn reloaded(policy: &Policy, reload: Reload) -> Self {
        Self { reload: Some(reload), ..Self::renewed(policy) }
    }
}

/// The next step of a fetch.
#[derive(Debug)]
pub(crate) enum Progress {
    /// The fetch has succeeded.
    Done(CredentialParts),
    /// Carry out this job.
    Request(JobRequest),
}

/// A job without its id.
#[derive(Debug)]
pub(crate) enum JobRequest {
    Read(ReadFile),
    Run(RunCommand),
    Send(SendRequest),
    Write(WriteFile),
    Provide(Provide),
}

impl JobRequest {
    pub(crate) fn into_action(self, id: ActionId) -> Action {
        match self {
            Self::Read(request) => Action::ReadFile(Job { id, request }),
            Self::Run(request) => Action::RunCommand(Job { id, request }),
            Self::Send(request) => Action::SendRequest(Job { id, request }),
            Self::Write(request) => Action::WriteFile(Job { id, request }),
            Self::Provide(request) => Action::Provide(Job { id, request }),
        }
    }

    /// Its time limit; `None`: no limit.
    pub(crate) const fn limit(&self, policy: &Policy) -> Option<Duration> {
        match self {
            Self::Read(_) | Self::Write(_) => Some(policy.file_timeout),
            // The user may be typing.
            Self::Run(RunCommand { stdin: Stdin::Inherit, .. }) => None,
            Self::Run(_) | Self::Provide(_) => policy.command_timeout,
            Self::Send(_) => Some(policy.request_timeout),
        }
    }
}

/// The failure of a job.
#[derive(Debug)]
pub(crate) struct JobFailure {
    pub(crate) failure: Failure,
    /// The time limit, if the machine cancelled the job because of it.
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
