//! The decisions of a cache for exec plugins, shared by processes: which runs may share an answer
//! ([`KeyInput`]), how it is kept ([`Entry`]), and whether to print it or to run the plugin
//! ([`decide`]). No I/O: a host reads and writes the files, and runs the plugin.
//!
//! A client keeps a plugin's credential in memory, so every `kubectl` runs the plugin once. `aws
//! eks get-token` takes most of a second for that, for a token that is good for 14 minutes.

mod answer;
mod decide;
mod entry;
mod key;

pub use answer::{Answer, accept, printed};
pub use decide::{Asker, Decision, Failed, Grant, RunReason, decide, margin};
pub use entry::Entry;
pub use key::{KeyInput, VOLATILE};
