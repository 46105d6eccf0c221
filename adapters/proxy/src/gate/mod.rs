//! The gate: lets in who has a good token, and says who that is (RV, CK).
//!
//! | form | for |
//! | --- | --- |
//! | [`ReviewLayer`] | an application in Rust: a tower layer, which puts a [`Caller`] into requests |
//! | [`Gate`] with upstreams | any application: a reverse proxy, which sets `X-Remote-User` and the like |
//! | [`Gate`] as a check | Envoy, nginx, Traefik, Caddy: one endpoint that they ask about each request |
//!
//! All ask a [`Reviewer`], which asks the API server by TokenReview and remembers what it said for
//! seconds. What holds for all of them:
//!
//! - No identity that a caller wrote itself reaches the application, in no spelling of its header.
//! - A token that is bad is 401; an API server that cannot be asked is 503 with `Retry-After`.
//! - No token is kept in memory, logged, or handed on.

mod access;
mod authenticate;
mod caller;
mod check;
mod exchange;
mod forward;
mod health;
mod identity;
mod layer;
mod origin;
mod path;
mod reply;
mod reviewer;
mod route;
mod service;
mod token;
mod upstream;
mod watched;

pub use access::AccessRule;
pub use caller::Caller;
pub use exchange::Exchange;
pub use health::Health;
pub use identity::Groups;
pub use layer::{ReviewFuture, ReviewLayer, ReviewService};
pub use origin::Origin;
pub use reviewer::Reviewer;
pub use route::Route;
pub use service::{Gate, GateBuilder};
pub use upstream::{Target, Upstream};

/// Why there is no gate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// The system has no random numbers, which the memory of tokens is keyed with.
    #[error("the system has no random numbers")]
    NoRandomNumbers,
    /// This says of no application where it is.
    #[error("{0:?} is not http://HOST[:PORT], https://HOST[:PORT], h2c://HOST[:PORT] or unix:PATH")]
    Upstream(String),
    /// A path that cannot be matched.
    #[error(
        "{0:?} is not a plain path: it must begin with / and have no dot segments or encoded slashes"
    )]
    Path(String),
    /// TLS to the application cannot be set up.
    #[error(transparent)]
    Tls(#[from] kubecred_tokio::tls::TlsError),
}
