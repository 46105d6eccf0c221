//! What the decoder asks of a node beyond its own types: its shape, and base64.

use crate::secret::Secret;
use crate::yaml::Node;
use alloc::vec;
use alloc::vec::Vec;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use core::fmt;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

/// A mapping or null. Its entries are not looked at.
pub(super) struct Map;

/// A list or null. Its items are not looked at.
pub(super) struct List;

/// A text where it stands, not copied.
#[derive(Clone, Copy, Default)]
pub(super) struct Text<'d>(pub(super) &'d str);

/// A field whatever the case of its letters, with its line: Go looks for `apiVersion` and `kind` so
/// (KC-20). It meets the keys sorted, and the last one that matches wins.
pub(super) fn folded_field<'d>(root: Node<'d>, field: &str) -> Option<(u32, Node<'d>)> {
    let found = root.fields().filter(|(key, ..)| key.eq_ignore_ascii_case(field));
    found.max_by_key(|(key, ..)| *key).map(|(_, line, value)| (line, value))
}

/// What a `*-data` field holds. An error of its own, since the reader's texts cannot tell where in
/// the text the fault is.
pub(super) enum Binary {
    Bytes(Secret),
    BadAt(usize),
    /// It is PEM.
    Pem,
}

impl Default for Binary {
    fn default() -> Self {
        Self::Bytes(Secret::default())
    }
}

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = Map;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Map, A::Error> {
                Ok(Map)
            }
        }
        deserializer.deserialize_map(Shape)
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<List, A::Error> {
                Ok(List)
            }
        }
        deserializer.deserialize_seq(Shape)
    }
}

impl<'de: 'd, 'd> Deserialize<'de> for Text<'d> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;
        impl<'de> Visitor<'de> for Borrowed {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(text))
            }
        }
        deserializer.deserialize_str(Borrowed)
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Encoded;
        impl<'de> Visitor<'de> for Encoded {
            type Value = Binary;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Binary, E> {
                Ok(match decode_base64(text.as_bytes()) {
                    Ok(bytes) => Binary::Bytes(bytes),
                    Err(_) if text.contains("-----BEGIN") => Binary::Pem,
                    Err(at) => Binary::BadAt(at),
                })
            }

            /// Go takes a list of numbers for bytes, too.
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Binary, A::Error> {
                let mut bytes = Zeroizing::new(Vec::with_capacity(list.size_hint().unwrap_or(0)));
                while let Some(byte) = list.next_element()? {
                    bytes.push(byte);
                }
                Ok(Binary::Bytes(Secret::new(bytes.as_slice())))
            }
        }
        deserializer.deserialize_str(Encoded)
    }
}

/// Standard base64 as Go has it: padded, and with no care for bits that mean nothing.
const GO_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes base64, line breaks ignored (KC-28).
///
/// # Errors
/// Where in the text it is wrong.
pub(super) fn decode_base64(text: &[u8]) -> Result<Secret, usize> {
    let decoded = if has_break(text) {
        let mut unbroken = Zeroizing::new(Vec::with_capacity(text.len()));
        unbroken.extend(text.iter().filter(|byte| !is_break(byte)));
        decode_unbroken(&unbroken)
    } else {
        decode_unbroken(text)
    };
    decoded.ok_or_else(|| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
        let odd = |accept: fn(&u8) -> bool| {
            text.iter().position(|byte| !plain(byte) && !is_break(byte) && !accept(byte))
        };
        // Padding comes last, if it is padding.
        odd(|byte| *byte == b'=').or_else(|| odd(|_| false)).unwrap_or(text.len())
    })
}

/// Whether there is a line break, which in nearly all files there is not. Looks at whole blocks, of
/// which the compiler makes one comparison each.
fn has_break(text: &[u8]) -> bool {
    let in_block = |block: &[u8]| block.iter().fold(false, |any, byte| any | is_break(byte));
    let (blocks, tail) = text.as_chunks::<64>();
    blocks.iter().any(|block| in_block(block)) || in_block(tail)
}

fn is_break(byte: &u8) -> bool {
    (*byte == b'\r') | (*byte == b'\n')
}

fn decode_unbroken(text: &[u8]) -> Option<Secret> {
    let padding = text.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    // The exact size, so that no copy is left behind by a buffer that shrinks.
    let mut bytes = Zeroizing::new(vec![0; (text.len() / 4 * 3).saturating_sub(padding)]);
    let length = GO_BASE64.decode_slice(text, &mut bytes).ok()?;
    (length == bytes.len()).then(|| Secret::from(core::mem::take(&mut *bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kc_28_line_breaks_are_ignored_and_nothing_else() {
        for (text, bytes) in [
            ("", ""),
            ("aGk=", "hi"),
            ("aGVsbG8=", "hello"),
            ("aGVs\r\nbG8=\n", "hello"),
            ("\naG\nk\n=", "hi"),
            ("aGl=", "hi"),
        ] {
            assert_eq!(decode_base64(text.as_bytes()), Ok(Secret::from(bytes)), "{text:?}");
        }
        for (text, at) in [
            ("aGVs bG8=", 4),
            ("_-==", 0),
            ("aG\nk*", 4),
            ("aGk", 3),
            ("aGk==", 3),
            ("=", 0),
            ("aGk=aGk=", 3),
            ("aGVs\nbG8 =", 8),
        ] {
            assert_eq!(decode_base64(text.as_bytes()), Err(at), "{text:?}");
        }
    }
}
