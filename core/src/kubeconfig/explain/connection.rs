//! What only a host can tell: whether its own connections can be made with a profile.

use super::explanation::Severity;
use alloc::string::String;

/// Something that keeps a host from connecting, found without connecting.
///
/// ```
/// use kubecred_core::kubeconfig::explain::{ConnectionPart, ConnectionProblem, Severity};
///
/// let problem = ConnectionProblem {
///     part: ConnectionPart::Server,
///     severity: Severity::Error,
///     message: "the port 99999 is none".into(),
/// };
/// assert_eq!(problem.part, ConnectionPart::Server);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "hosts make them")]
pub struct ConnectionProblem {
    /// What it is about.
    pub part: ConnectionPart,
    /// [`Severity::Error`] where no connection can be made, [`Severity::Warning`] where hardly any
    /// can.
    pub severity: Severity,
    /// What is wrong, without a full stop.
    pub message: String,
}

/// What a [`ConnectionProblem`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "hosts make them")]
pub enum ConnectionPart {
    /// The client certificate, or its key.
    ClientCertificate,
    /// Something else of the profile, or of the host itself.
    Other,
    /// `proxy-url`.
    Proxy,
    /// The certificate authorities of the server.
    Roots,
    /// The URL of the server.
    Server,
    /// `tls-server-name`, or the host of the server as the name to verify.
    ServerName,
    /// The variable of this name.
    Variable(String),
}
