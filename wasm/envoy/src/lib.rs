//! A proxy-wasm filter: the proxy is the host. It puts the credential of a kubeconfig on every
//! request to an upstream API server, and keeps it fresh.
//!
//! - [`settings`]: from the plugin configuration to what to do, or to every reason why not.
//! - [`Filter`]: what happens on a request, an answer, a timer. It knows the proxy as a [`Host`],
//!   so that all of it runs, and is tested, without one.
//! - `leader.rs`: the machine of `kubecred-core`, and its jobs as calls to the proxy's clusters.
//! - `leader_state.rs`: what the proxy's threads, each with a filter of its own, tell each other.
//! - `proxy.rs`: the `Host` that a proxy is; there for WebAssembly only.
//!
//! ```text
//!   requests            ┌───────── worker ─────────┐         ┌───────── worker ────────┐
//!   ───────────────────▶│ Filter: follows the leader state│         │ Filter + Leader: posts  │──▶ calls
//!                       └───────▲───────────┬──────┘         └──────┬──────────▲───────┘
//!                               │ credential│ demand, 401           │          │
//!                               └───────────┼ leader state ◀───────┘          │
//!                                           └───────────── mailbox ────────────┘
//! ```
//!
//! A proxy runs one copy of a plugin on each of its threads. One of them leads: it has the machine,
//! and asks for tokens. The others follow. So a hundred threads make one token request, and a
//! refresh token that is good for one use is used once.

mod filter;
mod host;
mod leader;
mod leader_state;
#[cfg(target_arch = "wasm32")]
mod proxy;
pub mod settings;
mod waiting;

pub use filter::{Filter, Verdict};
pub use host::{Answer, Call, Counter, Host, Level, Unsent};
