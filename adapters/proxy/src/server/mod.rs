//! Serving HTTP: listeners, TLS, connections, and their end.
//!
//! A [`Server`] hands the requests of a [`Listener`] to a service. Each request carries its
//! [`Peer`] (`Arc<Peer>`) as an extension, and a [`Closing`] that ends its connection. A [`Drain`] is how everything ends: what is listened on
//! is let go first, then connections finish what they have begun, and what takes too long is cut.
//!
//! ```no_run
//! # async fn show() -> Result<(), Box<dyn std::error::Error>> {
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use kubecred_proxy::server::{Drain, Listener, Server};
//! use std::convert::Infallible;
//! use std::time::Duration;
//!
//! let drain = Drain::new();
//! let listener = Listener::tcp("127.0.0.1:8001".parse()?)?;
//! println!("{}", listener.place());
//! let hello = tower::service_fn(|_: Request<hyper::body::Incoming>| async {
//!     Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from("hello")))
//! });
//! let serving = Server::new(&drain).serve(listener, hello);
//! let ending = drain.run(std::future::pending(), Duration::from_secs(10));
//! tokio::join!(serving, ending);
//! # Ok(())
//! # }
//! ```

mod closing;
mod drain;
mod listener;
mod own_certificate;
mod peer;
mod serve;
#[cfg(unix)]
mod socket_file;
mod tls;

pub use closing::Closing;
pub use drain::{Drain, Held};
pub use listener::{ListenError, Listener, Place};
pub use own_certificate::{OwnCertificate, random_token};
pub use peer::Peer;
pub use serve::Server;
pub(crate) use tls::random;
pub use tls::{Tls, TlsError};
