//! What a private key says of its public half.

use x509_cert::SubjectPublicKeyInfo;
use x509_cert::der::asn1::{BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use x509_cert::der::{self, Decode, Reader, SliceReader, Tag, TagMode, TagNumber};
use x509_cert::spki::AlgorithmIdentifierRef;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// As much of a private key as can be compared with a certificate.
pub(crate) struct PrivateKey<'a> {
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

    /// Whether the certificate's key may be this key's other half.
    pub(crate) fn belongs_to(&self, certificate: &SubjectPublicKeyInfo) -> bool {
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
    Ok(PrivateKey { algorithm: RSA, curve: None, public })
}

/// `ECPrivateKey`, from the private half on.
fn ec<'a>(reader: &mut SliceReader<'a>) -> der::Result<PrivateKey<'a>> {
    let _private = <&OctetStringRef>::decode(reader)?;
    let explicit = TagMode::Explicit;
    let curve = reader.context_specific::<ObjectIdentifier>(TagNumber(0), explicit)?;
    let bits = reader.context_specific::<BitStringRef<'a>>(TagNumber(1), explicit)?;
    let public = bits.map(|bits| Public::Bits(bits.raw_bytes()));
    Ok(PrivateKey { algorithm: EC, curve, public })
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
        algorithm => PrivateKey { algorithm, curve: None, public: None },
    };
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

/// Passes over fields that say nothing of the public half.
fn rest<'a>(reader: &mut SliceReader<'a>) -> der::Result<()> {
    while !reader.is_finished() {
        reader.tlv_bytes()?;
    }
    Ok(())
}
