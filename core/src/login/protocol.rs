//! The wire of a login: what it asks of a host, and what a host tells it.
//!
//! The same grammar as [`crate::protocol`], with other words, since an authenticator's host can do
//! none of these jobs: `handle_input` cannot fail, `poll_action` is called until it gives nothing,
//! a job wants exactly one completion, ids rise, an early [`Input::Tick`] is harmless.
//!
//! The host carries out and escapes; the machine decides. A cached run is two actions,
//! [`Action::ReadEntry`] and [`Action::Finish`]: no lock, no network, no keyring.
//!
//! An answer given to another kind of machine does not compile:
//!
//! ```compile_fail,E0308
//! use kubecred_core::login::{EntryBytes, LoginWire, ReadEntry};
//! use kubecred_core::{Authenticator, Now, protocol::Job};
//!
//! fn misdirected(machine: &mut Authenticator, job: Job<ReadEntry, LoginWire>, now: Now) {
//!     machine.handle_input(now, job.done(Ok(EntryBytes(None))));
//! }
//! ```
//!
//! `done` gives the input of the machine that asked:
//!
//! ```
//! use kubecred_core::login::{EntryBytes, Input, LoginWire, ReadEntry};
//! use kubecred_core::protocol::Job;
//!
//! fn answer(job: Job<ReadEntry, LoginWire>) -> Input {
//!     job.done(Ok(EntryBytes(None)))
//! }
//! ```

use super::outcome::{Event, Outcome};
use super::page::Page;
use crate::credential::Header;
use crate::protocol::{
    ActionId, Completion, FileBytes, HttpResponse, Job, ReadFile, Request, SendRequest, Wire,
    sealed,
};
use crate::secret::Secret;
use crate::time::Instant;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

/// The wire of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "it names a wire and has no values")]
pub enum LoginWire {}

impl sealed::Wire for LoginWire {}

impl Wire for LoginWire {
    type Input = Input;
    type Reply = Reply;
}

impl From<Completion<LoginWire>> for Input {
    fn from(completion: Completion<LoginWire>) -> Self {
        Self::Complete(completion)
    }
}

/// What can happen to a login.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Input {
    /// The beginning: what the host knows of its surroundings. Once, before anything else.
    Start(HostFacts),
    /// The answer to a job.
    Complete(Completion<LoginWire>),
    /// A request has come to the address of [`Listen`]. It wants exactly one [`Respond`].
    Arrived(Exchange),
    /// The time of [`Action::RefreshAt`] has come. Always harmless; an early one is answered with
    /// a fresh [`Action::RefreshAt`].
    Tick,
    /// The user or the system wants this process to end (SIGINT, SIGTERM, SIGHUP; LG-10). The
    /// machine stops listening, unlocks, and finishes with
    /// [`LoginError::Interrupted`](super::LoginError::Interrupted).
    Interrupt,
    /// The end, without an outcome: secrets are wiped, whatever comes later is ignored.
    Close,
}

/// What a login wants done.
///
/// The jobs come first; each wants one [`Input::Complete`]. After [`Action::Finish`] comes nothing
/// but what the last page takes: [`Action::Respond`], [`Action::RefreshAt`],
/// [`Action::StopListening`].
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Action {
    /// Read a file that the settings name.
    ReadFile(Job<ReadFile, LoginWire>),
    /// Send an HTTP request to the provider.
    SendRequest(Job<SendRequest, LoginWire>),
    /// Read an entry of the cache.
    ReadEntry(Job<ReadEntry, LoginWire>),
    /// Write an entry of the cache.
    WriteEntry(Job<WriteEntry, LoginWire>),
    /// Remove an entry of the cache.
    DeleteEntry(Job<DeleteEntry, LoginWire>),
    /// Read an item of the keyring.
    KeyringGet(Job<KeyringGet, LoginWire>),
    /// Write an item of the keyring.
    KeyringSet(Job<KeyringSet, LoginWire>),
    /// Remove an item of the keyring.
    KeyringDelete(Job<KeyringDelete, LoginWire>),
    /// Take the lock of a cache key.
    Lock(Job<Lock, LoginWire>),
    /// Get bytes from the system's cryptographic source.
    RandomBytes(Job<RandomBytes, LoginWire>),
    /// Begin to listen for the browser.
    Listen(Job<Listen, LoginWire>),
    /// Open a URL in the user's browser.
    OpenBrowser(Job<OpenBrowser, LoginWire>),
    /// Ask the user for a line on the terminal.
    Prompt(Job<Prompt, LoginWire>),
    /// Stop this job; its answer is not waited for any more. A prompt or a lock must really end.
    Cancel(ActionId<LoginWire>),
    /// The answer to one [`Input::Arrived`].
    Respond(Respond),
    /// Close the listener of [`Listen`]. Responses that have been given are still delivered.
    StopListening,
    /// Give the lock of [`Lock`] back.
    Unlock,
    /// Send an [`Input::Tick`] at this time; replaces what an earlier one said.
    RefreshAt(Instant),
    /// Tell the user (on standard error, never standard output; LG-4).
    Report(Event),
    /// The outcome, to be printed at once. The lock has been given back. A listener may stay open
    /// for at most 500 ms more, so that the browser gets its last page: the host goes on until
    /// [`Login::is_done`](super::Login::is_done).
    Finish(Outcome),
}

impl Action {
    /// The id of a job; `None` for the actions that want no answer.
    pub fn job_id(&self) -> Option<ActionId<LoginWire>> {
        Some(match self {
            Self::ReadFile(job) => job.id,
            Self::SendRequest(job) => job.id,
            Self::ReadEntry(job) => job.id,
            Self::WriteEntry(job) => job.id,
            Self::DeleteEntry(job) => job.id,
            Self::KeyringGet(job) => job.id,
            Self::KeyringSet(job) => job.id,
            Self::KeyringDelete(job) => job.id,
            Self::Lock(job) => job.id,
            Self::RandomBytes(job) => job.id,
            Self::Listen(job) => job.id,
            Self::OpenBrowser(job) => job.id,
            Self::Prompt(job) => job.id,
            Self::Cancel(_)
            | Self::Respond(_)
            | Self::StopListening
            | Self::Unlock
            | Self::RefreshAt(_)
            | Self::Report(_)
            | Self::Finish(_) => return None,
        })
    }
}

macro_rules! replies {
    ($($request:ident => $reply:ident as $variant:ident: $doc:literal;)*) => {
        /// What a job of a login gives when it succeeds.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[expect(clippy::exhaustive_enums, reason = "the wire")]
        pub enum Reply {
            $(#[doc = $doc] $variant($reply),)*
        }
        $(
            impl From<$reply> for Reply {
                fn from(reply: $reply) -> Self {
                    Self::$variant(reply)
                }
            }
        )*
    };
}

replies! {
    ReadFile => FileBytes as File: "To [`ReadFile`].";
    SendRequest => HttpResponse as Http: "To [`SendRequest`].";
    ReadEntry => EntryBytes as Entry: "To [`ReadEntry`].";
    KeyringGet => KeyringItem as Item: "To [`KeyringGet`].";
    WriteEntry => Stored as Stored: "To [`WriteEntry`], [`DeleteEntry`], [`KeyringSet`] and [`KeyringDelete`].";
    Lock => Locked as Locked: "To [`Lock`].";
    RandomBytes => Random as Random: "To [`RandomBytes`].";
    Listen => Listening as Listening: "To [`Listen`].";
    OpenBrowser => Opened as Opened: "To [`OpenBrowser`].";
    Prompt => Typed as Typed: "To [`Prompt`].";
}

macro_rules! requests {
    ($($request:ident => $reply:ident;)*) => {
        $(impl Request<LoginWire> for $request { type Reply = $reply; })*
    };
}

requests! {
    ReadFile => FileBytes;
    SendRequest => HttpResponse;
    ReadEntry => EntryBytes;
    WriteEntry => Stored;
    DeleteEntry => Stored;
    KeyringGet => KeyringItem;
    KeyringSet => Stored;
    KeyringDelete => Stored;
    Lock => Locked;
    RandomBytes => Random;
    Listen => Listening;
    OpenBrowser => Opened;
    Prompt => Typed;
}

macro_rules! sealed {
    ($($request:ident)*) => { $(impl sealed::Sealed for $request {})* };
}

sealed! {
    ReadEntry WriteEntry DeleteEntry KeyringGet KeyringSet KeyringDelete
    Lock RandomBytes Listen OpenBrowser Prompt
}

/// Read an entry of the cache. There is none if the file is missing, or is not to be used: a link,
/// another owner (LG-92).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct ReadEntry {
    /// Lower-case letters, digits and `-`: a file name as it is.
    pub key: String,
    /// The most bytes that will be taken; a longer entry is none.
    pub limit: u64,
}

/// What a [`ReadEntry`] found; `None`: there is no such entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct EntryBytes(pub Option<Secret>);

/// Write an entry of the cache: a file of mode 0600 in a folder of mode 0700, both made if
/// missing, through a temporary file, `fsync` and a rename (LG-92, LG-93).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct WriteEntry {
    /// As in [`ReadEntry`].
    pub key: String,
    /// All of the new content.
    pub contents: Secret,
}

/// Remove an entry of the cache. One that is not there has been removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct DeleteEntry {
    /// As in [`ReadEntry`].
    pub key: String,
}

/// The entry or item is as it should be now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Stored;

/// Read an item of the keyring.
///
/// The host gives up after `timeout` with [`FailureKind::TimedOut`](crate::FailureKind::TimedOut),
/// and without a keyring answers [`FailureKind::Unsupported`](crate::FailureKind::Unsupported).
/// It splits and joins items that are larger than the store takes (LG-96).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct KeyringGet {
    /// The item's service.
    pub service: String,
    /// The item's account.
    pub account: String,
    /// The limit of this call (2 s; LG-96).
    pub timeout: Duration,
}

/// What a [`KeyringGet`] found; `None`: there is no such item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct KeyringItem(pub Option<Secret>);

/// Write an item of the keyring. Limits and splitting as in [`KeyringGet`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct KeyringSet {
    /// The item's service.
    pub service: String,
    /// The item's account.
    pub account: String,
    /// The new content.
    pub secret: Secret,
    /// The limit of this call.
    pub timeout: Duration,
}

/// Remove an item of the keyring, with all its parts. One that is not there has been removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct KeyringDelete {
    /// The item's service.
    pub service: String,
    /// The item's account.
    pub account: String,
    /// The limit of this call.
    pub timeout: Duration,
}

/// Take the advisory lock of a cache key, on a file of its own that is never removed (LG-97).
///
/// Held by another process for longer than `timeout` (zero: asked once) it is a
/// [`FailureKind::Conflict`](crate::FailureKind::Conflict), with the holder's note as its detail.
/// Where no lock can be had (a read-only or network disk) it is any other failure, and the login
/// goes on without.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Lock {
    /// As in [`ReadEntry`].
    pub key: String,
    /// What others may read of the holder. The host adds its process id and the time.
    pub note: String,
    /// How long to wait for it.
    pub timeout: Duration,
}

/// The lock is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Locked;

/// Get bytes from the system's cryptographic source. Asked only when a login really starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct RandomBytes {
    /// Exactly this many.
    pub count: usize,
}

/// The bytes of a [`RandomBytes`]. Bytes that this machine has had before, or another number of
/// them, end the login (LG-28).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Random(pub Secret);

/// Begin to listen for HTTP requests of the browser.
///
/// The addresses are tried in order; all taken is a failure that says so of each. The port must
/// not be shared with another program: no `SO_REUSEADDR`, no `SO_REUSEPORT`, on Windows
/// `SO_EXCLUSIVEADDRUSE` (LG-41). After the completion each request is an [`Input::Arrived`] until
/// [`Action::StopListening`]. The host keeps the limits of LG-51: 16 KiB of head, 64 KiB of body,
/// 5 s, 16 connections, one request each.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Listen {
    /// Where to listen, the first that is free.
    pub addresses: Vec<ListenAddress>,
    /// Files of the certificate chain and key to speak TLS with; `None`: plain HTTP (LG-56).
    pub tls: Option<ListenTls>,
}

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct ListenAddress {
    /// The interface.
    pub host: ListenHost,
    /// The port; 0: any that is free.
    pub port: u16,
}

/// An interface to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum ListenHost {
    /// 127.0.0.1 and ::1 on one port; if this system has only one of the families, that one
    /// (LG-38). A port that is taken on one of two families is not free (LG-40).
    Loopback,
    /// This address alone.
    Address(IpAddr),
}

/// Where the listener's certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct ListenTls {
    /// PEM file with the chain.
    pub certificate: String,
    /// PEM file with the private key.
    pub key: String,
}

/// The listener is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Listening {
    /// Which of [`Listen::addresses`] it is.
    pub address: usize,
    /// The port, never 0.
    pub port: u16,
}

/// Open a URL in the user's browser, with the null device as its stdin and stdout (LG-5). No
/// browser or launcher is a [`FailureKind::NotFound`](crate::FailureKind::NotFound).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct OpenBrowser {
    /// A start address on the loopback interface, or a provider's device page. It holds no secret:
    /// arguments of processes are public (LG-36).
    pub url: String,
    /// The program and its arguments to open it with, the URL being the last; empty: the host's
    /// own way.
    pub command: Vec<String>,
}

/// The launcher has been started, and has not failed at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Opened;

/// Ask the user for a line, on the terminal itself. Where that cannot be it is
/// [`FailureKind::Denied`](crate::FailureKind::Denied).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Prompt {
    /// What to ask for. A password is not echoed.
    pub what: PromptFor,
}

/// What a [`Prompt`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum PromptFor {
    /// A user name.
    UserName,
    /// A password; without echo.
    Password,
    /// The address of the page that the browser ended at, or the code that is shown there.
    Code,
}

/// What was typed, without the line break.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Typed(pub Secret);

/// Names one request of the browser. The host chooses; never twice for one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct ExchangeId(pub u64);

/// A request that came to the address of [`Listen`], parsed as HTTP and not judged in any way.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Exchange {
    /// To answer under.
    pub id: ExchangeId,
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, as they came. Holds codes.
    pub target: Secret,
    /// All header fields in order, names in lower case.
    pub headers: Vec<Header>,
    /// The body; empty if there is none.
    pub body: Secret,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("id", &self.id).field("method", &self.method).finish()
    }
}

/// The answer to one [`Exchange`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Respond {
    /// Which.
    pub exchange: ExchangeId,
    /// The HTTP status.
    pub status: u16,
    /// All header fields beside `content-length` and `content-type`, which follow from the body.
    pub headers: Vec<Header>,
    /// What the page shows.
    pub body: ResponseBody,
}

/// The body of a [`Respond`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum ResponseBody {
    /// Nothing.
    Empty,
    /// A plain text, `text/plain; charset=utf-8`.
    Text(&'static str),
    /// A page to be rendered as HTML, from the built-in template or the user's own, with every
    /// value escaped for its place (LG-111…LG-113).
    Page(Page),
}

/// What the host knows of its surroundings: facts, not variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct HostFacts {
    /// The value of `KUBERNETES_EXEC_INFO`, if it is set (LG-1).
    pub exec_info: Option<String>,
    /// A line can be asked for: there is a terminal, and nothing else reads from it (LG-6).
    pub can_prompt: bool,
    /// Where a browser would be opened.
    pub desktop: Desktop,
}

/// What decides whether a browser is usable (LG-13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Desktop {
    /// macOS or Windows, which have a display unless they are used by SSH.
    pub always_has_display: bool,
    /// `DISPLAY` or `WAYLAND_DISPLAY` is set, or `BROWSER`, or this is WSL.
    pub has_display: bool,
    /// This is an SSH session.
    pub ssh: bool,
    /// The SSH session has a forwarded display.
    pub forwarded_display: bool,
    /// A launcher was found.
    pub launcher: bool,
}

impl Desktop {
    /// Whether a browser can be opened for the person who waits for this login.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        if self.always_has_display {
            return !self.ssh;
        }
        self.has_display && self.launcher && (!self.ssh || self.forwarded_display)
    }
}
