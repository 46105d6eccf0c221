//! A real Envoy with the filter in it, an issuer of tokens, and a client.
//!
//! ```text
//!   Client ──HTTP/1.1──▶ Envoy [kubecred filter] ──TLS──▶ kubecred_loopback::ApiServer
//!                              │
//!                              └──TLS──▶ Issuer
//! ```

mod client;
mod configuration;
mod envoy;
mod issuer;

pub use client::{Client, Reply};
pub use configuration::{Place, Setup};
pub use envoy::Envoy;
pub use issuer::{CLIENT, ISSUER, Issuer};
