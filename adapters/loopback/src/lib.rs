//! A Kubernetes API server, proxies and certificates on loopback.
//!
//! Everything a client of a cluster talks to, real enough for `kubectl` and small enough to be read: [`ApiServer`] speaks
//! TLS, HTTP/1.1 and HTTP/2, authenticates as kube-apiserver does and writes down every request it saw; [`Authority`]
//! issues certificates on the spot. Nothing here listens on, or connects to, anything but what it is told to.
//!
//! ```no_run
//! # async fn show() -> std::io::Result<()> {
//! use kubecred_loopback::{ApiServer, User};
//!
//! let server = ApiServer::builder().start().await?;
//! server.accounts().allow_token("a-token", User::new("jane").member_of(["developers"]));
//! println!("{} trusted through\n{}", server.url(), server.authority().certificate_pem());
//! # Ok(())
//! # }
//! ```

mod accounts;
mod api;
mod body;
mod caller;
mod connection;
mod exchange;
mod impersonation;
mod pki;
mod respond;
mod server;
mod status;
mod subject;
mod tls;

pub use accounts::{Accounts, User};
pub use caller::ClientCertificate;
pub use exchange::{Counters, Exchange};
pub use pki::{Authority, Issued};
pub use server::{ApiServer, ApiServerBuilder};
