//! A Kubernetes API server, proxies and certificates on loopback.
//!
//! Everything a client of a cluster talks to, real enough for `kubectl` and small enough to be read: [`ApiServer`] speaks
//! TLS, HTTP/1.1 and HTTP/2, authenticates as kube-apiserver does and writes down every request it saw; [`Authority`]
//! issues certificates on the spot; [`OpenIdProvider`] logs users in; [`HttpProxy`] and [`SocksProxy`] lead to it under any name. Everything stays on loopback
//! unless told otherwise, and everything stops when it is dropped.
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
mod held;
mod id_token;
mod impersonation;
mod listener;
mod openid;
mod openid_device;
mod openid_grants;
mod openid_pages;
mod pki;
mod protobuf;
mod proxy;
mod proxy_http;
mod proxy_socks;
mod respond;
mod reviews;
mod server;
mod service_accounts;
mod status;
mod subject;
mod tls;

pub use accounts::{Accounts, User};
pub use caller::ClientCertificate;
pub use exchange::{Counters, Exchange};
pub use id_token::IdTokens;
pub use openid::{OpenIdEvent, OpenIdProvider, OpenIdSettings};
pub use pki::{Authority, Issued};
pub use proxy::{ProxyCredentials, ProxyRequest};
pub use proxy_http::{HttpProxy, HttpProxyBuilder};
pub use proxy_socks::{SocksProxy, SocksProxyBuilder};
pub use reviews::Reviews;
pub use server::{ApiServer, ApiServerBuilder};
pub use service_accounts::{API_AUDIENCE, ServiceAccounts};
