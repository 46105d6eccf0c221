//! In front of a Kubernetes API server, or of an application beside one: HTTP servers that know who
//! is asking, or as whom to ask.
//!
//! ```text
//!                 forward: lends a login                    gate: asks whose token it is
//!
//!     callers ──▶ Proxy ──▶ API server        callers ──▶ Gate or ReviewLayer ──▶ application
//!                   │                                        │
//!           kubecred_tokio::Auth                TokenReview: API server
//! ```
//!
//! A service in Rust that lets in whoever has a token of the cluster for the audience "reports":
//!
//! ```no_run
//! # async fn show() -> Result<(), Box<dyn std::error::Error>> {
//! use kubecred_core::reviewer::Settings;
//! use kubecred_proxy::gate::{Caller, ReviewLayer, Reviewer};
//! use kubecred_tokio::{Auth, Client};
//! use tower::{Layer, service_fn};
//!
//! let client = Client::new(Auth::from_env().await?)?; // asks the API server
//! let reviewer = Reviewer::new(client, Settings::for_audiences(["reports"]))?;
//! let service = ReviewLayer::new(reviewer).layer(service_fn(|request: http::Request<String>| async move {
//!     let caller: &Caller = request.extensions().get().expect("the layer let it in");
//!     Ok::<_, std::io::Error>(http::Response::new(format!("Hello, {}", caller.user().username)))
//! }));
//! # let _ = service;
//! # Ok(())
//! # }
//! ```
//!
//! A proxy that lends its login is in [`forward`].
//!
//! A room imports only rooms above it:
//!
//! | room | |
//! | --- | --- |
//! | `hop` | headers that are for one connection |
//! | [`server`] | listeners on TCP and unix sockets, TLS that is reloaded, connections that are drained |
//! | [`forward`] | the forward proxy, which lends its login to its callers |
//! | [`gate`] | lets in who has a good token: a tower layer, a reverse proxy, a check for other proxies |

mod clock;
pub mod forward;
pub mod gate;
mod hop;
pub mod server;
