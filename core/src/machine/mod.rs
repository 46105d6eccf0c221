//! The heart: from inputs to actions.
//!
//! ```text
//!   Input ──▶ authenticator ──▶ slots: roots · identity · bearer ──▶ Action
//!                │                each: a constant, or a source with what it gave (held)
//!                │                      and what it is doing (flight)
//!                ├── saving       writes refreshed tokens back, by the same kind of flight
//!                └── outbox       merges the slots into one header set, and queues the actions
//! ```
//!
//! A step gets one context, [`Cx`](crate::cx::Cx): the time, the policy, jitter and ids.

mod authenticator;
mod flight;
mod held;
mod outbox;
mod refreshed;
mod saving;
mod slot;
mod slots;
mod stats;
mod timeline;

pub use authenticator::Authenticator;
pub use stats::Stats;
