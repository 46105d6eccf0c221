//! A scenario as data.

use crate::{Content, Faults, Http, OpenId, Run};
use serde::{Deserialize, Serialize};

/// One thing that a world can be told. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Time passes, and whatever is due happens.
    Pass(u64),
    /// Somebody sets the wall clock, this far forward or back.
    JumpWall(i64),
    /// The host sleeps: only the wall clock goes on.
    Suspend(u64),
    /// The monotonic clock steps back.
    RewindMonotonic(u64),
    /// A file is there from now on, with this content.
    File {
        /// Its path.
        path: String,
        /// What it holds.
        content: Content,
    },
    /// A file is there no more.
    Remove(String),
    /// Files answer, or do not (a dead mount).
    SlowFiles(bool),
    /// A program is there, and its runs go like this; the last one is repeated.
    Program {
        /// Its name.
        name: String,
        /// Its runs.
        runs: Vec<Run>,
    },
    /// The OpenID provider behaves like this from now on.
    OpenId(OpenId),
    /// The next requests for this URL are answered like this.
    Answers {
        /// The URL.
        url: String,
        /// In order.
        answers: Vec<Http>,
    },
    /// The server refuses the token or certificate with this name from now on; `*`: all.
    Revoke(String),
    /// The server forgets what it was told to refuse.
    Unrevoke,
    /// The faults changes.
    Faults(Faults),
    /// A tick that nobody asked for.
    Tick,
    /// Somebody is about to send a request.
    Demand,
    /// Somebody is about to connect for a request that brings its own `authorization`.
    DemandConnection,
    /// The server refuses this generation; 0: the current one.
    Reject(u64),
    /// This many callers at once want to send a request, and wait for a credential.
    Request(u32),
    /// The end.
    Close,
}
