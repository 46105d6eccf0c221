//! Signatures by RustCrypto's primitives. Which key and which algorithm is decided elsewhere.

use super::problem::TokenProblem;
use alloc::vec::Vec;
use rsa::signature::Verifier;
use rsa::{BoxedUint, Error as RsaError, PublicKey, pkcs1v15, pss};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// An algorithm of JWS that is accepted here (RFC 7518, 3; RFC 8037; RFC 9864). Neither `none` nor
/// the symmetric ones are among them: an API server's client has no secret to share with the world
/// (LG-66).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    Ed25519,
}

impl Algorithm {
    /// By its name in `alg`. `EdDSA` names Ed25519 too, the only curve of it here.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            "EdDSA" | "Ed25519" => Self::Ed25519,
            _ => return None,
        })
    }

    /// The hash of `text` that `at_hash` is made of; SHA-512 for Ed25519 (LG-75).
    pub(crate) fn hash(self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 => Sha256::digest(text).to_vec(),
            Self::Rs384 | Self::Ps384 | Self::Es384 => Sha384::digest(text).to_vec(),
            Self::Rs512 | Self::Ps512 | Self::Es512 | Self::Ed25519 => {
                Sha512::digest(text).to_vec()
            }
        }
    }
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicMaterial {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// Uncompressed points, as SEC 1 has them.
    P256(Vec<u8>),
    P384(Vec<u8>),
    P521(Vec<u8>),
    Ed25519([u8; 32]),
}

impl PublicMaterial {
    /// Whether signatures of this algorithm are made with such a key (LG-67).
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{Ed25519, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        match self {
            Self::Rsa { .. } => {
                matches!(algorithm, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512)
            }
            Self::P256(_) => algorithm == Es256,
            Self::P384(_) => algorithm == Es384,
            Self::P521(_) => algorithm == Es512,
            Self::Ed25519(_) => algorithm == Ed25519,
        }
    }

    /// Verifies a signature. RSA keys have 2048 to 8192 bits; an ECDSA signature has exactly its
    /// length; Ed25519 is strict (LG-68).
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenProblem> {
        let bad = TokenProblem::Signature;
        let good = match self {
            Self::Rsa { modulus, exponent } => {
                let key = rsa_key(modulus, exponent)?;
                if signature.len() != modulus_size(modulus) {
                    return Err(bad);
                }
                verify_rsa(&key, algorithm, message, signature)
            }
            Self::P256(point) => verify_p256(point, message, signature),
            Self::P384(point) => verify_p384(point, message, signature),
            Self::P521(point) => verify_p521(point, message, signature),
            Self::Ed25519(key) => verify_ed25519(key, message, signature),
        };
        good.ok_or(bad)
    }
}

/// Bytes of a modulus without leading zeros.
fn modulus_size(modulus: &[u8]) -> usize {
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    modulus.len().saturating_sub(zeros)
}

fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Result<PublicKey, TokenProblem> {
    // A modulus of a megabyte is refused before anything is computed with it.
    if modulus_size(modulus) > 1024 || exponent.len() > 8 {
        return Err(TokenProblem::KeySize);
    }
    let modulus = BoxedUint::from_be_slice_vartime(modulus);
    let exponent = BoxedUint::from_be_slice_vartime(exponent);
    PublicKey::new_with_size_limits(modulus, exponent, 2048..=8192).map_err(|error| match error {
        RsaError::ModulusTooSmall | RsaError::ModulusTooLarge => TokenProblem::KeySize,
        _ => TokenProblem::UnknownKey,
    })
}

fn verify_rsa(
    key: &PublicKey,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Option<()> {
    use Algorithm::{Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    let key = key.clone();
    if matches!(algorithm, Ps256 | Ps384 | Ps512) {
        // The salt is as long as the hash (RFC 7518, 3.5), which `new` demands.
        let signature = pss::Signature::try_from(signature).ok()?;
        let result = match algorithm {
            Ps256 => pss::VerifyingKey::<Sha256>::new(key).verify(message, &signature),
            Ps384 => pss::VerifyingKey::<Sha384>::new(key).verify(message, &signature),
            _ => pss::VerifyingKey::<Sha512>::new(key).verify(message, &signature),
        };
        return result.ok();
    }
    let signature = pkcs1v15::Signature::try_from(signature).ok()?;
    match algorithm {
        Rs256 => pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(message, &signature).ok(),
        Rs384 => pkcs1v15::VerifyingKey::<Sha384>::new(key).verify(message, &signature).ok(),
        Rs512 => pkcs1v15::VerifyingKey::<Sha512>::new(key).verify(message, &signature).ok(),
        _ => None,
    }
}

macro_rules! ecdsa {
    ($name:ident, $curve:ident) => {
        fn $name(point: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
            let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            let signature = $curve::ecdsa::Signature::from_slice(signature).ok()?;
            key.verify(message, &signature).ok()
        }
    };
}

ecdsa!(verify_p256, p256);
ecdsa!(verify_p384, p384);
ecdsa!(verify_p521, p521);

fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(key).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    key.verify_strict(message, &signature).ok()
}
