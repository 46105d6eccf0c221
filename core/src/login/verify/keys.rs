//! The keys that a provider publishes (RFC 7517).

use super::problem::TokenProblem;
use super::signature::{Algorithm, PublicMaterial};
use crate::oauth::Object;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::value::RawValue;

/// More keys than this are not looked at.
const MOST_KEYS: usize = 64;

/// A set of public keys that signatures are made with. Keys of other kinds, and for other uses,
/// are passed over when a set is read (LG-67).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    /// What the key itself says it is for.
    algorithm: Option<Algorithm>,
    material: PublicMaterial,
}

impl KeySet {
    /// Reads a JWK set.
    ///
    /// # Errors
    /// What is not one; says where, not what.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let set = Object::parse(json, "the key set")?;
        let keys = set.raw("keys").ok_or("the key set has no keys")?;
        let keys: Vec<&RawValue> =
            serde_json::from_str(keys).map_err(|_| "the keys of the key set are not a list")?;
        Ok(Self(keys.iter().take(MOST_KEYS).filter_map(|key| Key::parse(key.get())).collect()))
    }

    /// How many usable keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no usable key in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Verifies with the key of that id or, without one, with any that fits (LG-67).
    pub(super) fn verify(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenProblem> {
        let mut problem = TokenProblem::UnknownKey;
        for key in self.0.iter().filter(|key| key.may_verify(id, algorithm)) {
            match key.material.verify(algorithm, message, signature) {
                Ok(()) => return Ok(()),
                Err(other) => problem = other,
            }
        }
        Err(problem)
    }
}

impl Key {
    fn parse(json: &str) -> Option<Self> {
        let key = Object::parse(json.as_bytes(), "a key").ok()?;
        if key.has_duplicates() || key.text("use").is_some_and(|usage| usage != "sig") {
            return None;
        }
        if key.raw("key_ops").is_some() {
            let operations = key.strings("key_ops")?;
            operations.iter().find(|operation| *operation == "verify")?;
        }
        let algorithm = match key.text("alg") {
            Some(name) => Some(Algorithm::named(&name)?),
            None => None,
        };
        let bytes = |name| BASE64_URL_SAFE_NO_PAD.decode(&*key.text(name)?).ok();
        let material = match (&*key.text("kty")?, key.text("crv").as_deref()) {
            ("RSA", _) => PublicMaterial::Rsa { modulus: bytes("n")?, exponent: bytes("e")? },
            ("EC", Some("P-256")) => PublicMaterial::P256(point(32, &bytes("x")?, &bytes("y")?)?),
            ("EC", Some("P-384")) => PublicMaterial::P384(point(48, &bytes("x")?, &bytes("y")?)?),
            ("EC", Some("P-521")) => PublicMaterial::P521(point(66, &bytes("x")?, &bytes("y")?)?),
            ("OKP", Some("Ed25519")) => PublicMaterial::Ed25519(bytes("x")?.try_into().ok()?),
            _ => return None,
        };
        Some(Self { id: key.text("kid").map(|id| (*id).to_owned()), algorithm, material })
    }

    fn may_verify(&self, id: Option<&str>, algorithm: Algorithm) -> bool {
        (id.is_none() || self.id.as_deref() == id)
            && self.algorithm.is_none_or(|own| own == algorithm)
            && self.material.fits(algorithm)
    }
}

/// An uncompressed point of coordinates that have exactly the curve's size (RFC 7518, 6.2.1.2).
fn point(size: usize, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    (x.len() == size && y.len() == size).then(|| [&[4], x, y].concat())
}
