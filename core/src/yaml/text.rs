//! From bytes to text: encodings, the byte-order mark, and line breaks of YAML 1.1.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::error::Error;
use crate::secret::Secret;

const UTF8_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];
const UTF16_LE_MARK: &[u8] = &[0xFF, 0xFE];
const UTF16_BE_MARK: &[u8] = &[0xFE, 0xFF];

/// Decodes UTF-8 with or without a byte-order mark, and UTF-16 with one, as kubectl does (KC-19).
///
/// U+0085 is a line break for kubectl and none for YAML 1.2, so it becomes a line feed here.
/// U+2028 and U+2029 are line breaks of a stranger kind, kept or folded by their surroundings; a
/// file with one outside an escape is refused rather than read in another way than kubectl's.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    let text = Encoding::of(bytes).characters(bytes)?;
    if text.is_ascii() {
        return Ok(text);
    }
    if let Some((before, _)) = text.split_once(['\u{2028}', '\u{2029}']) {
        let message = "a line or paragraph separator (U+2028, U+2029) must be escaped";
        return Err(Error::new(message).at_line(line_after(before.as_bytes())));
    }
    // A mark that begins a later line is a part of the key there for kubectl, and none for others.
    if let Some((before, _)) = text.split_once(MARK_AFTER_BREAK) {
        let message = "a line begins with a byte-order mark (U+FEFF)";
        return Err(Error::new(message).at_line(line_after(before.as_bytes()) + 1));
    }
    if text.contains(NEXT_LINE) {
        return Ok(Cow::Owned(text.replace(NEXT_LINE, "\n")));
    }
    Ok(text)
}

const NEXT_LINE: char = '\u{85}';

const MARK_AFTER_BREAK: &str = "\n\u{feff}";

/// For a text as it is in the file: where in it a byte of the [decoded](decode) one stands.
pub(super) fn places_before_breaks(text: &str) -> impl Fn(usize) -> usize + use<> {
    let shorter = NEXT_LINE.len_utf8() - 1;
    let breaks: Vec<usize> =
        text.match_indices(NEXT_LINE).zip(0..).map(|((at, _), nth)| at - nth * shorter).collect();
    move |at| at + breaks.partition_point(|line_break| *line_break < at) * shorter
}

/// How a file's characters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    MarkedUtf8,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    pub(super) fn of(bytes: &[u8]) -> Self {
        match bytes {
            _ if bytes.starts_with(UTF8_MARK) => Self::MarkedUtf8,
            _ if bytes.starts_with(UTF16_LE_MARK) => Self::Utf16Le,
            _ if bytes.starts_with(UTF16_BE_MARK) => Self::Utf16Be,
            _ => Self::Utf8,
        }
    }

    const fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 => &[],
            Self::MarkedUtf8 => UTF8_MARK,
            Self::Utf16Le => UTF16_LE_MARK,
            Self::Utf16Be => UTF16_BE_MARK,
        }
    }

    /// The characters of a file, all of them as they are but for the mark.
    pub(super) fn characters(self, bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
        let rest = bytes.strip_prefix(self.mark()).unwrap_or(bytes);
        Ok(match self {
            Self::Utf8 | Self::MarkedUtf8 => Cow::Borrowed(utf8(rest)?),
            Self::Utf16Le => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
            Self::Utf16Be => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        })
    }

    /// A file of these characters.
    pub(super) fn encode(self, characters: &str) -> Secret {
        let unit = match self {
            Self::Utf16Le => u16::to_le_bytes,
            Self::Utf16Be => u16::to_be_bytes,
            Self::Utf8 | Self::MarkedUtf8 => {
                return Secret::from([self.mark(), characters.as_bytes()].concat());
            }
        };
        let units = characters.encode_utf16().flat_map(unit);
        // The exact size, so that no copy is left behind by a buffer that grows.
        let mut bytes = Vec::with_capacity(2 + 2 * characters.encode_utf16().count());
        bytes.extend(self.mark().iter().copied().chain(units));
        Secret::from(bytes)
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    core::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        Error::new("the text is not valid UTF-8").at_line(line_after(before))
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Error> {
    let (units, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(Error::new("the text is not valid UTF-16: it ends in the middle of a unit"));
    }
    char::decode_utf16(units.iter().copied().map(unit))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::new("the text is not valid UTF-16: it has an unpaired surrogate"))
}

/// The line that follows what `before` holds, counted from 1.
fn line_after(before: &[u8]) -> u32 {
    let breaks = before.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn kc_19_a_mark_at_the_start_of_a_later_line_is_an_error_that_names_the_line() {
        let error = decode("a: b\n\u{feff}c: d\n".as_bytes()).unwrap_err().to_string();
        assert!(error.contains("byte-order mark") && error.contains('2'), "{error}");
        let later = "\u{feff}\u{feff}a: \u{feff}\n b: \"\u{feff}\"\n".as_bytes();
        assert!(decode(later).is_ok(), "at the start, and in a line");
    }

    #[test]
    fn kc_19_byte_order_marks_are_skipped_and_choose_the_encoding() {
        for bytes in [
            b"a: \xC3\xA9".as_slice(),
            b"\xEF\xBB\xBFa: \xC3\xA9",
            b"\xFF\xFEa\0:\0 \0\xE9\0",
            b"\xFE\xFF\0a\0:\0 \0\xE9",
        ] {
            assert_eq!(decode(bytes).unwrap(), "a: \u{E9}");
        }
    }

    #[test]
    fn what_is_encoded_again_is_the_same_file() {
        for bytes in [
            b"a: \xC3\xA9".as_slice(),
            b"\xEF\xBB\xBFa: \xC3\xA9",
            b"\xFF\xFEa\0:\0 \0\xE9\0\x3D\xD8\x00\xDE",
            b"\xFE\xFF\0a\0:\0 \0\xE9",
            b"",
        ] {
            let encoding = Encoding::of(bytes);
            let characters = encoding.characters(bytes).unwrap();
            assert_eq!(encoding.encode(&characters).expose(), bytes);
        }
    }

    #[test]
    fn places_are_found_again_behind_line_breaks_of_two_bytes() {
        let text = "a\u{85}b\u{85}\u{85}cd";
        let decoded = decode(text.as_bytes()).unwrap();
        let place = places_before_breaks(text);
        for (at, c) in decoded.char_indices().filter(|(_, c)| *c != '\n') {
            assert_eq!(text.find(c), Some(place(at)), "{c}");
        }
        assert_eq!(place(decoded.len()), text.len());
    }

    #[test]
    fn broken_encodings_are_errors_with_a_line() {
        let error = decode(b"a\nb\n\xFF\xFF").unwrap_err();
        assert_eq!(error.line(), Some(3));
        assert!(decode(b"\xFF\xFEa").is_err());
        assert!(decode(b"\xFF\xFE\x00\xD8").is_err());
        assert!(decode(b"a\xED\xA0\x80b").is_err());
    }

    #[test]
    fn yaml_1_1_line_breaks_are_breaks_or_refused() {
        assert_eq!(decode("a\u{85}b".as_bytes()).unwrap(), "a\nb");
        assert_eq!(decode("a\n\"x\u{2028}\"".as_bytes()).unwrap_err().line(), Some(2));
    }
}
