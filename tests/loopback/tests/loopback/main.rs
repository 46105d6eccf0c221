//! The promises of the loopback server and proxies, each held by a client that is not ours.

mod authentication;
mod client;
mod connections;
mod kubectl;
mod proxies;
mod replies;
mod reviews;
