//! In front of a Kubernetes API server, or of an application beside one: HTTP servers that know who
//! is asking, or as whom to ask.
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
