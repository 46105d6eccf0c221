//! The state machine behind [`Authenticator`]: it turns inputs into actions.
//!
//! ```text
//!   Input ──▶ authenticator ──▶ slots: roots · identity · authorization ──▶ Action
//!                │                each is a constant; or a source, with the value that it gave
//!                │                (`held`) and the job that it waits for (`flight`)
//!                ├── saving       writes refreshed tokens back; its jobs are a `flight`, too
//!                ├── lend         what requests and connections can have now
//!                ├── snapshot     the same, owned, and for how long it holds
//!                └── outbox       merges the slots into one set of headers, and queues the actions
//! ```
//!
//! Each step gets the same context, [`Cx`](crate::cx::Cx): the time, the policy, random delays and
//! job ids.

mod authenticator;
mod flight;
mod held;
mod lend;
mod outbox;
mod refreshed;
mod saving;
mod slot;
mod slots;
mod snapshot;
mod stats;
mod timeline;

pub use authenticator::Authenticator;
pub use snapshot::{Availability, Snapshot};
pub use stats::Stats;
