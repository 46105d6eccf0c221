//! What a filter needs of the proxy that it runs in.

use kubecred_core::protocol::HttpResponse;
use kubecred_core::{Now, Secret};
use std::time::Duration;

/// The proxy, as one of its threads sees it. Streams are HTTP requests, by the proxy's number.
///
/// What is written, and the mailboxes, are the same for all threads; so is the clock.
pub trait Host {
    /// Both clocks. A proxy has one for both.
    fn now(&self) -> Now;

    /// Says something to the operator.
    fn log(&self, level: Level, line: &str);

    /// Counts one.
    fn count(&self, counter: Counter);

    /// Shows when the credential ends, in seconds since 1970; 0: not known, or never.
    fn show_expiry(&self, seconds: u64);

    /// Sends a request; the answer comes later, under the number that this returns. Not from
    /// within a stream's event, whose end would be the call's.
    ///
    /// # Errors
    /// Why it cannot be sent.
    fn call(&self, call: &Call<'_>) -> Result<u32, Unsent>;

    /// Asks for [`Filter::on_tick`](crate::Filter::on_tick) after this time; `None`: never.
    fn wake_in(&self, time: Option<Duration>);

    /// What is written under this name, and its version, which every writing changes.
    fn read(&self, name: &str) -> Option<(Secret, u32)>;

    /// Writes. With a version: only over that version. Says whether it did.
    fn write(&self, name: &str, value: &[u8], over: Option<u32>) -> bool;

    /// Makes this filter the one that gets what is sent to the mailbox.
    fn open_mailbox(&self, name: &str);

    /// The mailbox of this name, if a thread has opened it.
    fn find_mailbox(&self, name: &str) -> Option<u32>;

    /// Puts a message into a mailbox.
    fn send(&self, mailbox: u32, message: &[u8]);

    /// Takes a message out of a mailbox.
    fn receive(&self, mailbox: u32) -> Option<Vec<u8>>;

    /// The names of a request's headers, in lower case.
    fn header_names(&self, stream: u32) -> Vec<String>;

    /// Takes all headers of this name away.
    fn remove_header(&self, stream: u32, name: &str);

    /// Adds a header.
    fn add_header(&self, stream: u32, name: &str, value: &Secret);

    /// Lets a request go on that was held.
    fn resume(&self, stream: u32);

    /// Answers a request in the upstream's place.
    fn respond(&self, stream: u32, status: u16, text: &str);

    /// Nothing is in flight any more: the filter may be taken down.
    fn finished(&self);
}

/// How important a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A person has to do something.
    Error,
    /// All is well.
    Info,
    /// Something did not work; it will be tried again.
    Warn,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    /// Calls to a token issuer that could not be sent, or had no answer.
    CallsFailed,
    /// Calls to a token issuer.
    CallsSent,
    /// Headers with which a client wanted to impersonate, taken away.
    ImpersonationRemoved,
    /// Times that one of the threads began to lead.
    Leads,
    /// Credentials that the upstream refused while they were in use.
    Rejected,
    /// Attempts to get a credential that failed.
    RefreshesFailed,
    /// Attempts to get a credential that succeeded.
    RefreshesSucceeded,
    /// Requests that went on with the credential.
    RequestsForwarded,
    /// Requests that had to wait for a credential.
    RequestsHeld,
    /// Requests refused because too many were waiting.
    RequestsRefusedFull,
    /// Requests refused because they had waited for too long.
    RequestsRefusedLate,
    /// Requests refused because the last attempt to get a credential had failed.
    RequestsRefusedUnavailable,
    /// Answers with status 401 to requests with the credential.
    ResponsesUnauthorized,
}

impl Counter {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::CallsFailed,
        Self::CallsSent,
        Self::ImpersonationRemoved,
        Self::Leads,
        Self::Rejected,
        Self::RefreshesFailed,
        Self::RefreshesSucceeded,
        Self::RequestsForwarded,
        Self::RequestsHeld,
        Self::RequestsRefusedFull,
        Self::RequestsRefusedLate,
        Self::RequestsRefusedUnavailable,
        Self::ResponsesUnauthorized,
    ];

    /// Its name among the proxy's statistics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CallsFailed => "kubecred.calls_failed",
            Self::CallsSent => "kubecred.calls_sent",
            Self::ImpersonationRemoved => "kubecred.impersonation_removed",
            Self::Leads => "kubecred.leads",
            Self::Rejected => "kubecred.rejected",
            Self::RefreshesFailed => "kubecred.refreshes_failed",
            Self::RefreshesSucceeded => "kubecred.refreshes_succeeded",
            Self::RequestsForwarded => "kubecred.requests_forwarded",
            Self::RequestsHeld => "kubecred.requests_held",
            Self::RequestsRefusedFull => "kubecred.requests_refused_full",
            Self::RequestsRefusedLate => "kubecred.requests_refused_late",
            Self::RequestsRefusedUnavailable => "kubecred.requests_refused_unavailable",
            Self::ResponsesUnauthorized => "kubecred.responses_unauthorized",
        }
    }
}

/// A request to send to one of the proxy's clusters.
#[derive(Debug)]
pub struct Call<'a> {
    /// The proxy's name of it.
    pub cluster: &'a str,
    /// GET or POST.
    pub method: &'static str,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// The host, and the port if the URL has one.
    pub authority: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// The rest of the headers.
    pub headers: &'a [kubecred_core::Header],
    /// The body; empty for none.
    pub body: &'a Secret,
    /// After this time the answer is not waited for any more.
    pub timeout: Duration,
}

/// Why a call could not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent(pub String);

/// What came of a call.
#[derive(Debug)]
pub enum Answer {
    /// There is none: no connection, no answer in time.
    None,
    /// A status, the headers that the machine may need, and the body.
    Http(HttpResponse),
    /// A body of more bytes than these was not read.
    TooLarge(usize),
}
