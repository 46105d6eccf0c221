//! As much of an X.509 certificate as is of use here: when it is good, and whose key it holds.

use x509_cert::der::asn1::UintRef;
use x509_cert::der::{self, AnyRef, Decode, Reader, SliceReader, Tag, TagMode, TagNumber, Tagged};
use x509_cert::spki::SubjectPublicKeyInfoRef;
use x509_cert::time::Validity;

/// A certificate of any version (RFC 5280, 4.1). Names and extensions are passed over: what they say
/// is for the TLS library, which parses all of it, and their parsers are large.
pub(super) struct Certificate<'a> {
    pub(super) validity: Validity,
    pub(super) key: SubjectPublicKeyInfoRef<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate; nothing may follow it.
    pub(super) fn parse(der: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let certificate = reader.sequence(Self::whole)?;
        reader.finish()?;
        Ok(certificate)
    }

    /// `Certificate`.
    fn whole(reader: &mut SliceReader<'a>) -> der::Result<Self> {
        let signed = reader.sequence(Self::signed)?;
        expect(reader, Tag::Sequence)?; // the algorithm of the signature
        expect(reader, Tag::BitString)?; // the signature
        Ok(signed)
    }

    /// `TBSCertificate`.
    fn signed(reader: &mut SliceReader<'a>) -> der::Result<Self> {
        let _version = reader.context_specific::<UintRef<'_>>(TagNumber(0), TagMode::Explicit)?;
        expect(reader, Tag::Integer)?; // the serial number
        expect(reader, Tag::Sequence)?; // the algorithm of the signature
        expect(reader, Tag::Sequence)?; // the issuer
        let validity = Validity::decode(reader)?;
        expect(reader, Tag::Sequence)?; // the subject
        let key = SubjectPublicKeyInfoRef::decode(reader)?;
        while !reader.is_finished() {
            AnyRef::decode(reader)?;
        }
        Ok(Self { validity, key })
    }
}

/// Passes over a value of this type.
fn expect(reader: &mut SliceReader<'_>, tag: Tag) -> der::Result<()> {
    let value = AnyRef::decode(reader)?;
    match value.tag() == tag {
        true => Ok(()),
        false => Err(value.tag().unexpected_error(Some(tag)).into()),
    }
}
