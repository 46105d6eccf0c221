//! Who is at the other end of a connection.

use crate::accounts::User;
use crate::subject::Subject;
use crate::tls::ClientCheck;
use rustls::ServerConnection;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the handshake of one connection told.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The connection's number, counted from 1 in the order of acceptance.
    pub(crate) connection: u64,
    pub(crate) sni: Option<String>,
    pub(crate) certificate: Option<Arc<ClientCertificate>>,
}

impl Caller {
    /// A caller without TLS.
    pub(crate) fn plain(connection: u64) -> Self {
        Self { connection, sni: None, certificate: None }
    }

    pub(crate) fn of_handshake(
        connection: u64,
        tls: &ServerConnection,
        check: &ClientCheck,
    ) -> Self {
        let chain = tls.peer_certificates().unwrap_or_default();
        let certificate =
            (!chain.is_empty()).then(|| Arc::new(ClientCertificate::judge(chain, check)));
        Self { connection, sni: tls.server_name().map(str::to_owned), certificate }
    }
}

/// The certificate a client presented, whether or not it was any good.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientCertificate {
    /// What the client sent, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The subject's CN, which Kubernetes reads as the user.
    pub common_name: Option<String>,
    /// The subject's Os, which Kubernetes reads as groups.
    pub organizations: Vec<String>,
    /// Whether the server's client authority issued it for a client. Says nothing of its dates.
    pub trusted: bool,
    valid: Option<RangeInclusive<Duration>>,
}

impl ClientCertificate {
    /// Whether the certificate's dates allow it at `time`.
    pub fn is_valid_at(&self, time: SystemTime) -> bool {
        let Ok(time) = time.duration_since(UNIX_EPOCH) else { return false };
        self.valid.as_ref().is_some_and(|valid| valid.contains(&time))
    }

    /// The user Kubernetes would see at `time`, if it would see one.
    pub(crate) fn user(&self, time: SystemTime) -> Option<User> {
        let name = self.common_name.as_deref().filter(|name| !name.is_empty())?;
        let good = self.trusted && self.is_valid_at(time);
        good.then(|| User::new(name).member_of(self.organizations.iter().map(String::as_str)))
    }

    fn judge(chain: &[CertificateDer<'_>], check: &ClientCheck) -> Self {
        let chain: Vec<_> =
            chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
        let Some(subject) = chain.first().and_then(|leaf| Subject::read(leaf)) else {
            return Self {
                chain,
                common_name: None,
                organizations: Vec::new(),
                trusted: false,
                valid: None,
            };
        };
        // The path is judged once, at a moment the leaf allows; its dates are looked at with each request, because a
        // connection outlives them.
        let now = UnixTime::now().as_secs();
        let start = subject.valid.start().as_secs();
        let moment = now.clamp(start, subject.valid.end().as_secs().max(start));
        let trusted = check.trusts(&chain, UnixTime::since_unix_epoch(Duration::from_secs(moment)));
        let Subject { common_name, organizations, valid } = subject;
        Self { chain, common_name, organizations, trusted, valid: Some(valid) }
    }
}
