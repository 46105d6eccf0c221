//! A gate's question, as a machine: whose is this token? (RV-6…RV-17)
//!
//! A [`Reviewer`] asks an API server by TokenReview and remembers what it said, for a short while.
//! It has no I/O and no clock, as the [`Authenticator`](crate::Authenticator) has none, and the same
//! grammar: `handle_input` cannot fail, `poll_action` is called until it gives nothing, a job wants
//! exactly one completion. The host sends the reviews through a login of its own.
//!
//! ```
//! use kubecred_core::reviewer::{Action, Decision, Input, Lookup, Reviewer, ReviewReply, Settings};
//! use kubecred_core::{Now, Secret};
//!
//! // The key keeps what is remembered from being guessed: 32 random bytes of this process.
//! let mut reviewer = Reviewer::new(Settings::for_audiences(["web"]), [7; 32], 0);
//! let now = Now::from_millis(0, 1_700_000_000_000);
//! let token = Secret::from("opaque");
//!
//! // Per request: is it known? This needs no `&mut`.
//! let key = reviewer.key(token.expose());
//! assert!(matches!(reviewer.lookup(now, &key), Lookup::Unknown));
//!
//! // It is not, so it is asked, and whoever waits for this key is answered by `Decided`.
//! reviewer.handle_input(now, Input::Review(token));
//! let Some(Action::SendReview(job)) = reviewer.poll_action() else { panic!() };
//! assert_eq!(job.request.path, "/apis/authentication.k8s.io/v1/tokenreviews");
//! let body = r#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1",
//!     "status":{"authenticated":true,"user":{"username":"ann"},"audiences":["web"]}}"#;
//! let reply = ReviewReply { status: 201, retry_after: None, body: body.into() };
//! reviewer.handle_input(now, job.done(Ok(reply)));
//! let decided = core::iter::from_fn(|| reviewer.poll_action())
//!     .find_map(|action| match action { Action::Decided(decided) => Some(decided), _ => None });
//! let Some(Decision::Accepted(identity)) = decided.map(|decided| decided.decision) else { panic!() };
//! assert_eq!(identity.user.username, "ann");
//! assert!(matches!(reviewer.lookup(now, &key), Lookup::Known { .. }));
//! ```
//!
//! What it holds to, tested as laws over random scripts (`world::reviewer`):
//!
//! - One review of a token is in flight at a time; who asks meanwhile waits for it (RV-17).
//! - No token is accepted after its own `exp`, which is read without trust: it can only shorten.
//! - A flood of unknown tokens evicts no accepted one: the two are remembered apart, each up to a
//!   number of entries, and reviews of the two are counted apart.
//! - When the server cannot be asked the decision is [`Decision::Unavailable`], never a refusal.
//! - What is remembered holds no token (RV-15).

mod cache;
mod flight;
mod key;
mod machine;
mod protocol;
mod settings;

#[cfg(test)]
mod tests;

pub use key::Key;
pub use machine::{Lookup, Reviewer, Stats};
pub use protocol::{Action, Decided, Decision, Identity, Input, ReviewReply, ReviewWire};
pub use settings::{Audiences, Settings};
