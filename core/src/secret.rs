//! Bytes that must not be seen.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use zeroize::Zeroize as _;

/// Bytes from outside, secret until proven public: wiped on drop, `Debug` prints `Secret(..)`,
/// no `Display`. Nothing serialises it unless a field asks for `secret::exposed` by name.
///
/// Clones share the bytes, which are wiped with the last of them. Give it a buffer of the right size: a `Vec` that grew has left old
/// copies behind that are not wiped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<Wiped>);

/// Bytes that are wiped on drop, at the speed of memory: `Zeroizing` would go byte by byte, which
/// for a file of certificates takes as long as decoding them.
#[derive(PartialEq, Eq)]
struct Wiped(Box<[u8]>);

impl Drop for Wiped {
    fn drop(&mut self) {
        <[u8]>::zeroize(&mut self.0);
    }
}

impl Secret {
    /// Takes the bytes over.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(Arc::new(Wiped(bytes.into())))
    }

    /// The bytes. Each use should be able to say why it may see them.
    pub fn expose(&self) -> &[u8] {
        &self.0.0
    }

    /// The bytes as text, if they are UTF-8.
    pub fn expose_str(&self) -> Option<&str> {
        core::str::from_utf8(self.expose()).ok()
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.expose().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl Default for Secret {
    fn default() -> Self {
        Self::new([])
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// `#[serde(with = "secret::exposed")]`: the bytes in clear, as standard base64. For the wire
/// between a host and its machine, which needs them.
#[cfg(feature = "serde")]
pub mod exposed {
    use super::Secret;
    use alloc::string::String;
    use base64::{Engine, prelude::BASE64_STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the bytes as base64.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(secret.expose()))
    }

    /// Reads base64.
    ///
    /// # Errors
    /// When the value is not a string of standard base64.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| D::Error::custom("not base64"))?;
        Ok(Secret::new(bytes))
    }
}

/// The same for a secret that may not be there.
#[cfg(feature = "serde")]
pub mod exposed_option {
    use super::{Secret, exposed};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    struct Owned(#[serde(with = "exposed")] Secret);

    #[derive(Serialize)]
    struct Lent<'a>(#[serde(serialize_with = "lent")] &'a Secret);

    fn lent<S: Serializer>(secret: &&Secret, serializer: S) -> Result<S::Ok, S::Error> {
        exposed::serialize(secret, serializer)
    }

    /// Writes the bytes as base64, or nothing.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(
        secret: &Option<Secret>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Lent).serialize(serializer)
    }

    /// Reads base64, or nothing.
    ///
    /// # Errors
    /// When the value is neither nothing nor a string of standard base64.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<Owned>::deserialize(deserializer)?.map(|Owned(secret)| secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn debug_shows_nothing_of_it() {
        assert_eq!(
            format!("{:?} {:#?}", Secret::from("hush"), Secret::from("hush"))
                .matches("hush")
                .count(),
            0
        );
    }
}
