//! Certificates made on the spot.

use crate::subject;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How far in the past a certificate starts, so that a client whose clock is a little slow accepts it.
const BACKDATED: Duration = Duration::from_secs(5 * 60);

/// A certificate authority with an ECDSA P-256 key, made on the spot and kept in memory only.
///
/// A clone is the same authority.
#[derive(Clone)]
pub struct Authority {
    inner: Arc<Inner>,
}

struct Inner {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
    /// What goes after a leaf so that its path reaches the root: this authority and those above it, the root left out.
    path: Vec<CertificateDer<'static>>,
}

impl Authority {
    /// Makes a self-signed authority called `name`, valid for ten years.
    ///
    /// # Panics
    ///
    /// If the system has no randomness to make a key from. All makers of certificates here share that.
    pub fn new(name: &str) -> Self {
        let key = new_key();
        let params = authority_params(name);
        let certificate = params.self_signed(&key).expect("a fresh key signs its own certificate");
        Self::from_parts(Issuer::new(params, key), certificate.der().clone(), Vec::new())
    }

    /// Makes an authority called `name` that this one vouches for; what it issues carries the path up to the root.
    pub fn intermediate(&self, name: &str) -> Self {
        let key = new_key();
        let params = authority_params(name);
        let certificate =
            params.signed_by(&key, &self.inner.issuer).expect("an authority signs an authority");
        let certificate = certificate.der().clone();
        let mut path = vec![certificate.clone()];
        path.extend(self.inner.path.iter().cloned());
        Self::from_parts(Issuer::new(params, key), certificate, path)
    }

    /// The authority's own certificate: what goes into `certificate-authority-data`, before base64.
    pub fn certificate_pem(&self) -> &str {
        &self.inner.pem
    }

    /// The authority's own certificate in DER.
    pub fn certificate_der(&self) -> &CertificateDer<'static> {
        &self.inner.certificate
    }

    /// Issues a server certificate for `names` (DNS names or IP addresses), valid for one year.
    ///
    /// # Panics
    ///
    /// If a name is not ASCII.
    pub fn server(&self, names: &[&str]) -> Issued {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("server names are ASCII");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let now = SystemTime::now();
        let key = new_key();
        let certificate = self.leaf(params, &key, now - BACKDATED, now + 365 * DAY);
        self.issued(certificate, &key)
    }

    /// Issues a client certificate that Kubernetes reads as `user` in `groups` (the subject's CN and Os), valid for one
    /// day.
    pub fn client(&self, user: &str, groups: &[&str]) -> Issued {
        let now = SystemTime::now();
        self.client_valid(user, groups, now - BACKDATED, now + DAY)
    }

    /// Issues a client certificate with its validity given; X.509 counts in whole seconds and drops the rest.
    pub fn client_valid(
        &self,
        user: &str,
        groups: &[&str],
        not_before: SystemTime,
        not_after: SystemTime,
    ) -> Issued {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = new_key();
        let unnamed = self.leaf(params, &key, not_before, not_after);
        // A subject with several Os is more than rcgen's map of names holds.
        let named = subject::renamed(&unnamed, user, groups, self.inner.issuer.key());
        self.issued(named, &key)
    }

    fn from_parts(
        issuer: Issuer<'static, KeyPair>,
        certificate: CertificateDer<'static>,
        path: Vec<CertificateDer<'static>>,
    ) -> Self {
        let pem = certificates_pem([&certificate]);
        Self { inner: Arc::new(Inner { issuer, certificate, pem, path }) }
    }

    fn leaf(
        &self,
        mut params: CertificateParams,
        key: &KeyPair,
        not_before: SystemTime,
        not_after: SystemTime,
    ) -> CertificateDer<'static> {
        params.not_before = not_before.into();
        params.not_after = not_after.into();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let certificate =
            params.signed_by(key, &self.inner.issuer).expect("an authority signs a leaf");
        certificate.der().clone()
    }

    fn issued(&self, leaf: CertificateDer<'static>, key: &KeyPair) -> Issued {
        let mut chain = vec![leaf];
        chain.extend(self.inner.path.iter().cloned());
        Issued {
            certificate_pem: certificates_pem(&chain),
            chain,
            key: key.serialize_der(),
            key_pem: key.serialize_pem(),
        }
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// A certificate with its private key. `Debug` shows neither.
#[derive(Clone)]
pub struct Issued {
    chain: Vec<CertificateDer<'static>>,
    certificate_pem: String,
    key: Vec<u8>,
    key_pem: String,
}

impl Issued {
    /// A certificate that was made elsewhere: it and the path above it, leaf first, and its key in PKCS#8.
    ///
    /// # Panics
    ///
    /// If one of them is not PEM.
    pub fn from_pem(certificates: &str, key: &str) -> Self {
        let chain = pem::parse_many(certificates).expect("certificates in PEM");
        Self {
            chain: chain.into_iter().map(|block| block.into_contents().into()).collect(),
            certificate_pem: certificates.to_owned(),
            key: pem::parse(key).expect("a key in PEM").into_contents(),
            key_pem: key.to_owned(),
        }
    }

    /// The certificate and the path above it without the root, in PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key, PKCS#8 in PEM.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The certificate and the path above it, in DER, leaf first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The private key, PKCS#8 in DER.
    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("the system has randomness for a P-256 key")
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let now = SystemTime::now();
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + 3650 * DAY).into();
    params
}

fn certificates_pem<'a>(chain: impl IntoIterator<Item = &'a CertificateDer<'static>>) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    chain
        .into_iter()
        .map(|certificate| {
            pem::encode_config(&pem::Pem::new("CERTIFICATE", certificate.to_vec()), config)
        })
        .collect()
}
