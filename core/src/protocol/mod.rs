//! The whole wire: what a host tells the machine, and what the machine asks of a host.
//!
//! Plain data. [`Input`], [`Action`] and [`Reply`] are exhaustive on purpose: a new action must
//! break every host at compile time, not at three in the morning. With the `serde` feature all of
//! it serialises; secrets go in clear then, since the other side needs them.

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
    /// Time has passed. Always harmless; an early one is answered with a fresh
    /// [`Action::RefreshAt`].
    Tick,
    /// Someone wants to send a request. The first one starts the first acquisition.
    Demand,
    /// The answer to a job.
    Complete(Completion),
    /// The server answered 401 to a request that carried this generation. An old generation is a
    /// no-op: somebody has rotated already.
    Reject(Generation),
    /// The end: running jobs are cancelled, secrets wiped; whatever comes later is ignored.
    Close,
}

/// The language between one kind of machine and its hosts. Each has its own ids, replies and
/// inputs, so that an answer given to the wrong machine does not compile.
pub trait Wire: Copy + fmt::Debug + Eq + sealed::Wire {
    /// What happens to the machine; the answer to a job is one of these.
    type Input: From<Completion<Self>>;
    /// What its jobs give when they succeed.
    type Reply: Clone + fmt::Debug + Eq;
}

/// The wire of the [`Authenticator`](crate::Authenticator): [`Input`], [`Action`], [`Reply`].
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
    /// What came of it.
    pub outcome: Result<W::Reply, Failure>,
}

/// What a job gives when it succeeds: one form for each kind of job.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Reply {
    /// To [`ReadFile`].
    File(FileBytes),
    /// To [`RunCommand`].
    Exit(Exit),
    /// To [`SendRequest`].
    Http(HttpResponse),
    /// To [`WriteFile`].
    Written(Written),
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

/// The file is on disk, whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Written;

/// What the machine wants done. The first four are jobs: each wants exactly one
/// [`Input::Complete`]. The rest want no answer.
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
    /// Stop this job; nobody waits for its answer any more.
    Cancel(ActionId),
    /// From now on requests carry these headers, and none that an earlier one named.
    SetHeaders(SetHeaders),
    /// Send a [`Input::Tick`] at this time; replaces what an earlier one said.
    RefreshAt(Instant),
    /// Something an operator may like to know.
    Report(Event),
}

impl Action {
    /// The id of a job; `None` for the actions that want no answer.
    pub fn job_id(&self) -> Option<ActionId> {
        match self {
            Self::ReadFile(job) => Some(job.id),
            Self::RunCommand(job) => Some(job.id),
            Self::SendRequest(job) => Some(job.id),
            Self::WriteFile(job) => Some(job.id),
            Self::Cancel(_) | Self::SetHeaders(_) | Self::RefreshAt(_) | Self::Report(_) => None,
        }
    }
}

/// Names one job of one machine. Rises, is never used again. A host that replaces a machine must
/// forget the old one's jobs: the new one counts from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent, bound = ""))]
pub struct ActionId<W = AuthWire>(u64, PhantomData<W>);

impl<W> ActionId<W> {
    /// From its number, as a wire carries it.
    pub const fn from_u64(id: u64) -> Self {
        Self(id, PhantomData)
    }

    /// Its number.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// A piece of work and the id under which to answer. [`Job::done`] takes it by value, so that an
/// answer is given once, and takes the reply that belongs to the request.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(bound(serialize = "R: serde::Serialize")))]
#[cfg_attr(feature = "serde", serde(bound(deserialize = "R: serde::Deserialize<'de>")))]
#[must_use = "the machine waits for an answer"]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Job<R, W = AuthWire> {
    /// Under which to answer.
    pub id: ActionId<W>,
    /// What to do.
    pub request: R,
}

impl<R: Request<W>, W: Wire> Job<R, W> {
    /// The one answer, as an input for the machine that asked.
    pub fn done(self, outcome: Result<R::Reply, Failure>) -> W::Input {
        Completion { id: self.id, outcome: outcome.map(Into::into) }.into()
    }
}

/// A request that a [`Job`] of this wire can carry, with the reply that belongs to it.
pub trait Request<W: Wire = AuthWire>: sealed::Sealed {
    /// What the host gives back.
    type Reply: Into<W::Reply>;
}

pub(crate) mod sealed {
    /// Machines are this crate's alone.
    pub trait Wire {}
    impl Wire for super::AuthWire {}

    pub trait Sealed {}
    impl Sealed for super::ReadFile {}
    impl Sealed for super::RunCommand {}
    impl Sealed for super::SendRequest {}
    impl Sealed for super::WriteFile {}
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

/// Read a whole regular file. Following links is right (kubelet swaps them); a directory, FIFO or
/// device is a [`FailureKind::Other`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct ReadFile {
    /// As the host's file system spells it; a relative one is relative to the working directory.
    pub path: String,
    /// The most bytes that will be taken; more is [`FailureKind::TooLarge`].
    pub limit: u64,
}

/// Run a program without a shell, collect its standard output, wait for its end. The working
/// directory and standard error are the host's own (EX-15, EX-22).
///
/// `Debug` shows the program and the names of variables, not arguments or values.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct RunCommand {
    /// With a path separator: a path. Without: a name to find on the *host's* PATH, whatever
    /// `env` says (EX-12); a hit through a relative PATH element does not count (EX-13).
    pub program: String,
    /// Its arguments, without the program's own name.
    pub args: Vec<String>,
    /// Variables to lay over the host's environment, in order; a later one wins (EX-30).
    pub env: Vec<EnvVar>,
    /// What the program reads from.
    pub stdin: Stdin,
    /// `None`: any program may run. Otherwise only one of these: see [`crate::exec::permit`],
    /// which a host calls with its own PATH look-up.
    pub allowlist: Option<Vec<String>>,
    /// The most bytes of output that will be taken; more is [`FailureKind::TooLarge`].
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
    /// The host's own: a person may be typing, so there is no time limit.
    Inherit,
    /// The null device.
    Null,
}

/// Write a whole file so that a reader, or a crash, sees the old content or the new (a temporary
/// file renamed into place). An existing file keeps its mode, a link stays a link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct WriteFile {
    /// As the host's file system spells it.
    pub path: String,
    /// All of the new content.
    #[cfg_attr(feature = "serde", serde(with = "exposed"))]
    pub contents: Secret,
    /// Unix permission bits for a new file.
    pub mode: u32,
    /// Only if the file still holds this: otherwise [`FailureKind::Conflict`]. While it compares
    /// and renames, the host holds `<path>.lock`, as kubectl does (KC-87), so that nobody's change
    /// is lost; a lock that others do not give back is a conflict too.
    #[cfg_attr(feature = "serde", serde(with = "exposed_option"))]
    pub replaces: Option<Secret>,
}

/// The push form of the credential, for hosts that keep a copy of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct SetHeaders {
    /// To quote in [`Input::Reject`] when a request that carried these gets a 401.
    pub generation: Generation,
    /// The complete set, in order; a name may occur more than once.
    pub headers: Vec<Header>,
    /// When the credential ends by the wall clock, if that is known.
    pub expires: Option<UnixTime>,
    /// The client certificate or the trusted roots changed: connections made before this must not
    /// be used again, and the new ones are to be had from
    /// [`Authenticator::credential`](crate::Authenticator::credential).
    pub reconnect: bool,
}
