//! In front of a Kubernetes API server, or of an application beside one: HTTP servers that know who
//! is asking, or as whom to ask.
//!
//! | room | |
//! | --- | --- |
//! | [`server`] | listeners on TCP and unix sockets, TLS that is reloaded, connections that are drained |

pub mod server;
