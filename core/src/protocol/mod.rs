//! The protocol between a host and the machine: the inputs that a host passes in, and the actions
//! that it carries out. It is plain data.
//!
//! [`Input`], [`Action`] and [`Reply`] are exhaustive: when an action is added, a host that does
//! not carry it out stops compiling. With the `serde` feature all types serialise, with secrets in
//! clear text, since the other side needs them.

mod event;
mod http;

use crate::credential::{Generation, Header};
use crate::secret::Secret;
use crate::time::{Instant, UnixTime};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

pub use crate::failure::{Failure, FailureKind};
pub use crate::profile::EnvVar;
pub use event::{Event, SlotName};
pub use http::{HttpResponse, Method, SendRequest, Tls, TrustAnchors};

#[cfg(feature = "serde")]
use crate::secret::{exposed, exposed_option};

/// What can happen to the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Input {
    /// The time of [`Action::RefreshAt`] has come. An early tick is harmless; it is answered with
    /// another [`Action::RefreshAt`].
    Tick,
    /// A request needs the credential. The first demand starts the first fetch.
    Demand,
    /// A request that has its own `authorization` header needs a connection. Only the trusted roots
    /// and the client certificate are fetched; no plugin runs. See
    /// [`Authenticator::connection`](crate::Authenticator::connection).
    DemandConnection,
    /// The answer to a job.
    Complete(Completion),
    /// The server answered 401 to a request that carried this generation. If there is a newer one
    /// already, nothing happens.
    Reject(Generation),
    /// Shut down: running jobs are cancelled and secrets wiped. Later inputs are ignored.
    Close,
}

/// The protocol of one kind of machine. Each has its own ids, replies and inputs, so that passing
/// an answer to another kind of machine does not compile.
pub trait Wire: Copy + fmt::Debug + Eq + sealed::Wire {
    /// The machine's inputs; the answer to a job is one of them.
    type Input: From<Completion<Self>>;
    /// The results of its jobs.
    type Reply: Clone + fmt::Debug + Eq;
}

/// The protocol of the [`Authenticator`](crate::Authenticator): [`Input`], [`Action`], [`Reply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "it names a wire and has no values")]
pub enum AuthWire {}

impl Wire for AuthWire {
    type Input = Input;
    type Reply = Reply;
}

impl From<Completion> for Input {
    fn from(completion: Completion) -> Self {
        Self::Complete(completion)
    }
}

/// The answer to one job.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound(serialize = "W::Reply: serde::Serialize")))]
#[cfg_attr(feature = "serde", serde(bound(deserialize = "W::Reply: serde::Deserialize<'de>")))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Completion<W: Wire = AuthWire> {
    /// The job's id.
    pub id: ActionId<W>,
    /// The result.
    pub outcome: Result<W::Reply, Failure>,
}

/// The result of a job: one variant for each kind of job.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Reply {
    /// The result of [`ReadFile`].
    File(FileBytes),
    /// The result of [`RunCommand`].
    Exit(Exit),
    /// The result of [`SendRequest`].
    Http(HttpResponse),
    /// The result of [`WriteFile`].
    Written(Written),
    /// The result of [`Provide`].
    Provided(Provided),
}

/// The whole content of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct FileBytes(#[cfg_attr(feature = "serde", serde(with = "exposed"))] pub Secret);

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Exit {
    /// The exit code; -1 if a signal ended it (EX-41).
    pub code: i32,
    /// All of its standard output.
    #[cfg_attr(feature = "serde", serde(with = "exposed"))]
    pub stdout: Secret,
}

/// A token that the program gave.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Provided {
    /// The token, as it stands in the header after `Bearer `.
    #[cfg_attr(feature = "serde", serde(with = "exposed"))]
    pub token: Secret,
    /// When the token expires; `None`: unknown.
    pub expires: Option<UnixTime>,
}

/// The whole file has been written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Written;

/// What a host must do. The first five are jobs: the host answers each with exactly one
/// [`Input::Complete`]. The others have no answer.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Action {
    /// Read a file.
    ReadFile(Job<ReadFile>),
    /// Run a program.
    RunCommand(Job<RunCommand>),
    /// Send an HTTP request.
    SendRequest(Job<SendRequest>),
    /// Write a file.
    WriteFile(Job<WriteFile>),
    /// Ask the program for a token.
    Provide(Job<Provide>),
    /// Stop this job. The machine ignores its answer from now on.
    Cancel(ActionId),
    /// Send these headers with requests from now on, instead of those of the last `SetHeaders`.
    SetHeaders(SetHeaders),
    /// Pass in an [`Input::Tick`] at this time. It replaces the last `RefreshAt`.
    RefreshAt(Instant),
    /// An event for logs and counters.
    Report(Event),
}

impl Action {
    /// The id of a job; `None` for actions that have no answer.
    pub fn job_id(&self) -> Option<ActionId> {
        match self {
            Self::ReadFile(job) => Some(job.id),
            Self::RunCommand(job) => Some(job.id),
            Self::SendRequest(job) => Some(job.id),
            Self::WriteFile(job) => Some(job.id),
            Self::Provide(job) => Some(job.id),
            Self::Cancel(_) | Self::SetHeaders(_) | Self::RefreshAt(_) | Self::Report(_) => None,
        }
    }
}

/// The id of a job, unique within one machine. When a host replaces a machine, it must forget the
/// jobs of the old one: the new machine's ids begin at the start again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent, bound = ""))]
pub struct ActionId<W = AuthWire>(u64, PhantomData<W>);

impl<W> ActionId<W> {
    /// From its number.
    pub const fn from_u64(id: u64) -> Self {
        Self(id, PhantomData)
    }

    /// Its number.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// A request to the host, and the id of its answer. [`Job::done`] consumes the job, so that it is
/// answered once, and accepts only the reply type of this request.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound(serialize = "R: serde::Serialize")))]
#[cfg_attr(feature = "serde", serde(bound(deserialize = "R: serde::Deserialize<'de>")))]
#[must_use = "the machine waits for an answer"]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Job<R, W = AuthWire> {
    /// The id for the answer.
    pub id: ActionId<W>,
    /// What to do.
    pub request: R,
}

impl<R: Request<W>, W: Wire> Job<R, W> {
    /// The answer, as an input for the machine.
    pub fn done(self, outcome: Result<R::Reply, Failure>) -> W::Input {
        Completion { id: self.id, outcome: outcome.map(Into::into) }.into()
    }
}

/// A request that a [`Job`] of this protocol can carry, with its reply type.
pub trait Request<W: Wire = AuthWire>: sealed::Sealed {
    /// What the host gives back.
    type Reply: Into<W::Reply>;
}

pub(crate) mod sealed {
    /// Only this crate defines machines.
    pub trait Wire {}
    impl Wire for super::AuthWire {}

    pub trait Sealed {}
    impl Sealed for super::ReadFile {}
    impl Sealed for super::RunCommand {}
    impl Sealed for super::SendRequest {}
    impl Sealed for super::WriteFile {}
    impl Sealed for super::Provide {}
}

impl Request for ReadFile {
    type Reply = FileBytes;
}
impl Request for RunCommand {
    type Reply = Exit;
}
impl Request for SendRequest {
    type Reply = HttpResponse;
}
impl Request for WriteFile {
    type Reply = Written;
}
impl Request for Provide {
    type Reply = Provided;
}

impl From<FileBytes> for Reply {
    fn from(reply: FileBytes) -> Self {
        Self::File(reply)
    }
}
impl From<Exit> for Reply {
    fn from(reply: Exit) -> Self {
        Self::Exit(reply)
    }
}
impl From<HttpResponse> for Reply {
    fn from(reply: HttpResponse) -> Self {
        Self::Http(reply)
    }
}
impl From<Written> for Reply {
    fn from(reply: Written) -> Self {
        Self::Written(reply)
    }
}
impl From<Provided> for Reply {
    fn from(reply: Provided) -> Self {
        Self::Provided(reply)
    }
}

/// Read a whole regular file. Symbolic links are followed (the kubelet replaces them when it
/// updates a volume). A directory, FIFO or device is a [`FailureKind::Other`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct ReadFile {
    /// The path; a relative path starts at the host's working directory.
    pub path: String,
    /// The largest size, in bytes; a larger file is [`FailureKind::TooLarge`].
    pub limit: u64,
}

/// Run a program without a shell, collect its standard output, and wait until it exits. It inherits
/// the host's working directory and standard error (EX-15, EX-22).
///
/// `Debug` shows the program and the names of variables, not arguments or values.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct RunCommand {
    /// A path if it contains a path separator, otherwise a name to look up in the *host's* PATH,
    /// even if `env` has another PATH (EX-12). Relative elements of PATH are skipped (EX-13).
    pub program: String,
    /// Its arguments, without the program's own name.
    pub args: Vec<String>,
    /// Variables to add to the host's environment. Of equal names the last one is used (EX-30).
    pub env: Vec<EnvVar>,
    /// The program's standard input.
    pub stdin: Stdin,
    /// The programs that may be run; `None`: all. The host checks it with [`crate::exec::permit`],
    /// to which it passes its own PATH look-up.
    pub allowlist: Option<Vec<String>>,
    /// The largest size of the output, in bytes; more is [`FailureKind::TooLarge`].
    pub limit: u64,
}

impl fmt::Debug for RunCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunCommand")
            .field("program", &self.program)
            .field("args", &format_args!("[{} hidden]", self.args.len()))
            .field("env", &self.env)
            .field("stdin", &self.stdin)
            .field("allowlist", &self.allowlist)
            .field("limit", &self.limit)
            .finish()
    }
}

/// Where a program's standard input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Stdin {
    /// The host's standard input. The user may be typing, so there is no time limit.
    Inherit,
    /// The null device.
    Null,
}

/// Replace a file by renaming a temporary file over it, so that after a crash, and for every
/// reader, it has the old content or the new. An existing file keeps its mode; a symbolic link is
/// kept, and its target is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct WriteFile {
    /// The path.
    pub path: String,
    /// The whole new content.
    #[cfg_attr(feature = "serde", serde(with = "exposed"))]
    pub contents: Secret,
    /// Unix permission bits for a new file.
    pub mode: u32,
    /// The expected old content: if the file has another, fail with [`FailureKind::Conflict`].
    /// While it compares and renames, the host holds the lock file `<path>.lock`, as kubectl does
    /// (KC-87), so that no other program's change is lost. A lock that is not released in time is a
    /// conflict too.
    #[cfg_attr(feature = "serde", serde(with = "exposed_option"))]
    pub replaces: Option<Secret>,
}

/// Ask the program that the host is a part of for a token: the SDK of a cloud, a vault. A host whose
/// program has no token provider answers [`FailureKind::Unsupported`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Provide {
    /// The name of the provider, from the profile; may be empty if there is only one.
    pub provider: String,
    /// The largest token in bytes; a larger one is [`FailureKind::TooLarge`].
    pub limit: u64,
}

/// The headers to send from now on, for hosts that keep a copy of them. (Other hosts call
/// [`Authenticator::credential`](crate::Authenticator::credential) for each request.)
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct SetHeaders {
    /// The generation to pass in with [`Input::Reject`] when a request with these headers gets a
    /// 401.
    pub generation: Generation,
    /// All headers, in order; a name may occur more than once.
    pub headers: Vec<Header>,
    /// When the credential expires, by the wall clock; `None`: not known.
    pub expires: Option<UnixTime>,
    /// The client certificate or the trusted roots have changed. Get the new ones from
    /// [`Authenticator::credential`](crate::Authenticator::credential), and send no further request
    /// on an old connection.
    pub reconnect: bool,
}
