//! A certificate's key without the rest of the certificate: rustls's own parser wants X.509 version 3
//! and extensions that it knows, which Go does not.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::{CertificateError, DigitallySignedStruct, Error};
use x509_cert::der::asn1::BitStringRef;
use x509_cert::der::{Decode, Reader, Result, SliceReader, Tag, TagNumber};

/// What is signed of a certificate, how, and the key in it. Everything else may be unknown to us.
pub(super) struct Parts<'a> {
    /// `SubjectPublicKeyInfo`, whole.
    pub(super) key: &'a [u8],
    /// `Name`s, whole.
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    signed: &'a [u8],
    /// The inner bytes of the `AlgorithmIdentifier`.
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(super) fn of(certificate: &'a [u8]) -> std::result::Result<Self, Error> {
        SliceReader::new(certificate)
            .and_then(|mut reader| reader.sequence(certificate_parts))
            .map_err(|_| CertificateError::BadEncoding.into())
    }

    /// Whether the owner of this key (`SubjectPublicKeyInfo`) signed the certificate.
    pub(super) fn is_signed_by(&self, key: &[u8], known: &WebPkiSupportedAlgorithms) -> bool {
        let Ok((key_algorithm, key)) = public_key(key) else { return false };
        let known = known.all.iter().find(|known| {
            *known.signature_alg_id() == *self.algorithm
                && *known.public_key_alg_id() == *key_algorithm
        });
        known.is_some_and(|known| known.verify_signature(key, self.signed, self.signature).is_ok())
    }
}

fn certificate_parts<'a>(reader: &mut SliceReader<'a>) -> Result<Parts<'a>> {
    let signed = reader.tlv_bytes()?;
    let (issuer, subject, key) = SliceReader::new(signed)?.sequence(|reader| {
        if Tag::peek(reader)?.number() == TagNumber(0) {
            let _version = reader.tlv_bytes()?;
        }
        let _serial = reader.tlv_bytes()?;
        let _algorithm = reader.tlv_bytes()?;
        let issuer = reader.tlv_bytes()?;
        let _validity = reader.tlv_bytes()?;
        let names_and_key = (issuer, reader.tlv_bytes()?, reader.tlv_bytes()?);
        rest(reader)?;
        Result::Ok(names_and_key)
    })?;
    let algorithm = contents(reader.tlv_bytes()?)?;
    let signature = BitStringRef::decode(reader)?.raw_bytes();
    Ok(Parts { key, issuer, subject, signed, algorithm, signature })
}

/// The algorithm (the inner bytes of its identifier) and the bits of a `SubjectPublicKeyInfo`.
fn public_key(key: &[u8]) -> Result<(&[u8], &[u8])> {
    SliceReader::new(key)?.sequence(|reader| {
        let algorithm = contents(reader.tlv_bytes()?)?;
        Ok((algorithm, BitStringRef::decode(reader)?.raw_bytes()))
    })
}

/// What is in a sequence.
fn contents(sequence: &[u8]) -> Result<&[u8]> {
    let mut reader = SliceReader::new(sequence)?;
    let header = x509_cert::der::Header::decode(&mut reader)?;
    reader.read_slice(header.length())
}

fn rest(reader: &mut SliceReader<'_>) -> Result<()> {
    while !reader.is_finished() {
        reader.tlv_bytes()?;
    }
    Ok(())
}

/// Verifies a handshake of TLS 1.2 by the key in the certificate.
pub(super) fn verify_tls12(
    message: &[u8],
    certificate: &[u8],
    signed: &DigitallySignedStruct,
    known: &WebPkiSupportedAlgorithms,
) -> std::result::Result<HandshakeSignatureValid, Error> {
    let parts = Parts::of(certificate)?;
    let (algorithm, key) = public_key(parts.key).map_err(|_| CertificateError::BadEncoding)?;
    let for_scheme = known.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme);
    let fits = for_scheme
        .and_then(|(_, known)| known.iter().find(|known| *known.public_key_alg_id() == *algorithm));
    let Some(fits) = fits else { return Err(CertificateError::BadSignature.into()) };
    match fits.verify_signature(key, message, signed.signature()) {
        Ok(()) => Ok(HandshakeSignatureValid::assertion()),
        Err(_) => Err(CertificateError::BadSignature.into()),
    }
}

/// Verifies a handshake of TLS 1.3 by the key in the certificate.
pub(super) fn verify_tls13(
    message: &[u8],
    certificate: &[u8],
    signed: &DigitallySignedStruct,
    known: &WebPkiSupportedAlgorithms,
) -> std::result::Result<HandshakeSignatureValid, Error> {
    let parts = Parts::of(certificate)?;
    let key = SubjectPublicKeyInfoDer::from(parts.key);
    verify_tls13_signature_with_raw_key(message, &key, signed, known)
}
