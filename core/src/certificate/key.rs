//! What a private key says of its public half.

use super::KeyFormat;
use alloc::format;
use alloc::string::String;
use x509_cert::der::asn1::{BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use x509_cert::der::{self, Decode, Reader, SliceReader, Tag, TagMode, TagNumber};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// Names for messages.
const CURVES: [(&str, &str); 5] = [
    ("1.3.132.0.33", "P-224"),
    ("1.2.840.10045.3.1.7", "P-256"),
    ("1.3.132.0.34", "P-384"),
    ("1.3.132.0.35", "P-521"),
    ("1.3.132.0.10", "secp256k1"),
];
const ALGORITHMS: [(&str, &str); 7] = [
    ("1.3.101.110", "X25519"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("1.2.840.113549.1.1.10", "RSA-PSS alone"),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

/// As much of a private key as can be compared with a certificate.
pub(crate) struct PrivateKey<'a> {
    pub(super) format: KeyFormat,
    algorithm: ObjectIdentifier,
    /// The curve, if the key names it.
    curve: Option<ObjectIdentifier>,
    public: Option<Public<'a>>,
}

/// The public half, as the key's own format has it.
enum Public<'a> {
    Rsa {
        modulus: UintRef<'a>,
        exponent: UintRef<'a>,
    },
    /// The same bytes as in the certificate.
    Bits(&'a [u8]),
}

impl<'a> PrivateKey<'a> {
    /// Reads PKCS #1 (RFC 8017), SEC 1 (RFC 5915) or PKCS #8 (RFC 5958), told apart by what
    /// follows the version. `None` for anything else, an encrypted key for one.
    pub(crate) fn parse(der: &'a [u8]) -> Option<Self> {
        let key = SliceReader::new(der).ok()?.sequence(|reader| {
            let _version = UintRef::decode(reader)?;
            match Tag::peek(reader)? {
                Tag::Integer => rsa(reader),
                Tag::OctetString => ec(reader),
                _ => pkcs8(reader),
            }
        });
        key.ok()
    }

    /// What kind of key it is, in words.
    pub(super) fn kind(&self) -> String {
        match (&self.public, self.algorithm) {
            (Some(Public::Rsa { modulus, .. }), _) => {
                format!("an RSA key of {} bits", bits(modulus.as_bytes()))
            }
            (_, EC) => match self.curve.and_then(|curve| name(&CURVES, &curve)) {
                Some(curve) => format!("an elliptic curve key on {curve}"),
                None => "an elliptic curve key on an unknown curve".into(),
            },
            (_, algorithm) => match name(&ALGORITHMS, &algorithm) {
                Some(algorithm) => format!("a key for {algorithm}"),
                None => format!("a key for the algorithm {algorithm}"),
            },
        }
    }

    /// Whether the certificate's key may be this key's other half.
    pub(crate) fn belongs_to(&self, certificate: &SubjectPublicKeyInfoRef<'_>) -> bool {
        let curve = certificate.algorithm.parameters.as_ref();
        let curve = curve.and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
        if self.algorithm != certificate.algorithm.oid
            || (self.curve.is_some() && self.curve != curve)
        {
            return false;
        }
        let bits = certificate.subject_public_key.raw_bytes();
        match &self.public {
            Some(Public::Bits(public)) => *public == bits,
            Some(Public::Rsa { modulus, exponent }) => {
                let theirs = SliceReader::new(bits).and_then(|mut reader| {
                    reader
                        .sequence(|reader| Ok((UintRef::decode(reader)?, UintRef::decode(reader)?)))
                });
                theirs == Ok((*modulus, *exponent))
            }
            None => true,
        }
    }
}

/// `RSAPrivateKey`, from the modulus on.
fn rsa<'a>(reader: &mut SliceReader<'a>) -> der::Result<PrivateKey<'a>> {
    let (modulus, exponent) = (UintRef::decode(reader)?, UintRef::decode(reader)?);
    let public = Some(Public::Rsa { modulus, exponent });
    rest(reader)?;
    Ok(PrivateKey { format: KeyFormat::Pkcs1, algorithm: RSA, curve: None, public })
}

/// `ECPrivateKey`, from the private half on.
fn ec<'a>(reader: &mut SliceReader<'a>) -> der::Result<PrivateKey<'a>> {
    let _private = <&OctetStringRef>::decode(reader)?;
    let explicit = TagMode::Explicit;
    let curve = reader.context_specific::<ObjectIdentifier>(TagNumber(0), explicit)?;
    let bits = reader.context_specific::<BitStringRef<'a>>(TagNumber(1), explicit)?;
    let public = bits.map(|bits| Public::Bits(bits.raw_bytes()));
    Ok(PrivateKey { format: KeyFormat::Sec1, algorithm: EC, curve, public })
}

/// `OneAsymmetricKey`, from the algorithm on.
fn pkcs8<'a>(reader: &mut SliceReader<'a>) -> der::Result<PrivateKey<'a>> {
    let algorithm = AlgorithmIdentifierRef::decode(reader)?;
    let inner = <&OctetStringRef>::decode(reader)?.as_bytes();
    if !reader.is_finished() && Tag::peek(reader)?.number() == TagNumber(0) {
        let _attributes = reader.tlv_bytes()?;
    }
    let bits = reader.context_specific::<BitStringRef<'a>>(TagNumber(1), TagMode::Implicit)?;
    rest(reader)?;
    let mut key = match algorithm.oid {
        RSA => traditional(inner, rsa)?,
        EC => traditional(inner, ec)?,
        algorithm => PrivateKey { format: KeyFormat::Pkcs8, algorithm, curve: None, public: None },
    };
    key.format = KeyFormat::Pkcs8;
    if algorithm.oid == EC {
        key.curve = algorithm.parameters.and_then(|p| p.decode_as().ok()).or(key.curve);
    }
    // RFC 5958 puts the public half outside as well; for RSA it is the structure, not its bits.
    if algorithm.oid != RSA {
        key.public = bits.map(|bits| Public::Bits(bits.raw_bytes())).or(key.public);
    }
    Ok(key)
}

/// A key in its older format: a sequence that starts with its version.
fn traditional<'a>(
    der: &'a [u8],
    fields: fn(&mut SliceReader<'a>) -> der::Result<PrivateKey<'a>>,
) -> der::Result<PrivateKey<'a>> {
    SliceReader::new(der)?.sequence(|reader| {
        let _version = UintRef::decode(reader)?;
        fields(reader)
    })
}

fn name(names: &[(&str, &'static str)], id: &ObjectIdentifier) -> Option<&'static str> {
    let mut known = names.iter().map(|(id, name)| (ObjectIdentifier::new(id), *name));
    known.find(|(known, _)| known.as_ref() == Ok(id)).map(|(_, name)| name)
}

/// How many bits a number has, of which these are the big-endian bytes.
fn bits(number: &[u8]) -> usize {
    let number: &[u8] = match number {
        [0, rest @ ..] => rest,
        number => number,
    };
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// Passes over fields that say nothing of the public half.
fn rest<'a>(reader: &mut SliceReader<'a>) -> der::Result<()> {
    while !reader.is_finished() {
        reader.tlv_bytes()?;
    }
    Ok(())
}
