//! The other end of a connection.

use rustls_pki_types::CertificateDer;
use std::net::SocketAddr;

/// What is known of the other end of a connection. Each request carries an `Arc` of it as an
/// extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Its address; `None` on a unix socket.
    pub address: Option<SocketAddr>,
    /// The user id of the process at the other end of a unix socket.
    pub uid: Option<u32>,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// Its certificate and those that lead to a root, verified; empty if it showed none.
    pub certificates: Vec<CertificateDer<'static>>,
}
