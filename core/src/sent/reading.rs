//! The ways to read a text that may repeat a secret: as it is, with its escapes undone, and without
//! what is not seen.

use alloc::vec::Vec;
use zeroize::Zeroizing;

/// The most characters of a number in an escape.
const LONGEST_NUMBER: usize = 10;

/// A byte of a text, and where it is written, which may be an escape of several characters.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    pub(super) byte: u8,
    pub(super) start: usize,
    pub(super) length: usize,
}

/// The bytes of a text as they are.
pub(super) fn plain(text: &str) -> Vec<Unit> {
    text.bytes().enumerate().map(|(start, byte)| Unit { byte, start, length: 1 }).collect()
}

/// The bytes that a text stands for: `%41`, `=41`, `\x41`, `\u0041`, `\u{41}`, `\101`, `&#65;` and
/// `&#x41;` are `A`.
pub(super) fn unescaped(text: &[Unit]) -> Vec<Unit> {
    let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(text.iter().map(|unit| unit.byte).collect());
    let mut units = Vec::with_capacity(text.len());
    let mut at = 0;
    while let (Some(rest), Some(first)) = (bytes.get(at..), text.get(at)) {
        let (byte, taken) = escape(rest).unwrap_or((first.byte, 1));
        let last = text.get(at + taken - 1).unwrap_or(first);
        let length = (last.start + last.length).saturating_sub(first.start);
        units.push(Unit { byte, start: first.start, length });
        at += taken;
    }
    units
}

/// The byte that an escape at the start stands for, and how long the escape is.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let two = |high: &u8, low: &u8, length| Some((hex(&[*high, *low])?, length));
    match text {
        [b'%' | b'=', high, low, ..] => two(high, low, 3),
        [b'\\', b'x', high, low, ..] => two(high, low, 4),
        [b'\\', b'u', b'0', b'0', high, low, ..] => two(high, low, 6),
        [b'\\', b'U', b'0', b'0', b'0', b'0', b'0', b'0', high, low, ..] => two(high, low, 10),
        [b'\\', b'u', b'{', rest @ ..] => number(rest, b'}', 16, 3),
        [b'\\', first @ b'0'..=b'3', second @ b'0'..=b'7', third @ b'0'..=b'7', ..] => {
            Some(((first - b'0') << 6 | (second - b'0') << 3 | (third - b'0'), 4))
        }
        [b'\\', escaped @ (b'"' | b'/' | b'\\'), ..] => Some((*escaped, 2)),
        [b'&', b'#', b'x' | b'X', rest @ ..] => number(rest, b';', 16, 3),
        [b'&', b'#', rest @ ..] => number(rest, b';', 10, 2),
        [b'&', rest @ ..] => {
            const NAMED: [(&[u8], u8); 5] = [
                (b"lt;", b'<'),
                (b"gt;", b'>'),
                (b"amp;", b'&'),
                (b"quot;", b'"'),
                (b"apos;", b'\''),
            ];
            let (name, byte) = NAMED.into_iter().find(|(name, _)| rest.starts_with(name))?;
            Some((byte, name.len() + 1))
        }
        _ => None,
    }
}

/// The byte that a number up to `end` stands for. `before` is the length of what starts the escape.
fn number(text: &[u8], end: u8, radix: u32, before: usize) -> Option<(u8, usize)> {
    let length = text.iter().take(LONGEST_NUMBER).position(|byte| *byte == end)?;
    let digits = core::str::from_utf8(text.get(..length)?).ok()?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = u8::from_str_radix(digits, radix).ok().filter(|_| plain)?;
    Some((byte, before + length + 1))
}

/// The text without what breaks a line, is not seen, or steers a terminal: whoever repeats a secret
/// may wrap it. Characters that were spelled out (`U+000A`) are such, too.
pub(super) fn without_breaks(read: &[Unit]) -> Vec<Unit> {
    let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(read.iter().map(|unit| unit.byte).collect());
    let mut kept = Vec::with_capacity(read.len());
    let mut at = 0;
    while let (Some(rest), Some(unit)) = (bytes.get(at..), read.get(at)) {
        match unseen(rest) {
            0 => {
                kept.push(*unit);
                at += 1;
            }
            length => at += length,
        }
    }
    kept
}

/// How many bytes at the start are not seen; 0 if the first is.
fn unseen(text: &[u8]) -> usize {
    match text {
        // Colours and the like.
        [0x1b, b'[', rest @ ..] => sequence(rest).map_or(1, |length| length + 2),
        [first, ..] if is_break(*first) => 1,
        // U+0080…U+00A0 and the soft hyphen; zero widths, directions; the byte order mark.
        [0xc2, 0x80..=0xa0 | 0xad, ..] => 2,
        [0xe2, 0x80, 0x80..=0x8f | 0xa8..=0xaf, ..] | [0xe2, 0x81, 0xa0..=0xaf, ..] => 3,
        [0xef, 0xbb, 0xbf, ..] => 3,
        [b'U', b'+', a, b, c, d, ..] => {
            let digits = core::str::from_utf8(&[*a, *b, *c, *d])
                .ok()
                .map(|digits| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32));
            let Some(Some(char)) = digits else { return 0 };
            let mut utf8 = [0; 4];
            let char = char.encode_utf8(&mut utf8).as_bytes();
            // A character that is spelled out is followed by what steered the terminal.
            match (char, text.get(6..)) {
                ([0x1b], Some([b'[', rest @ ..])) => sequence(rest).map_or(6, |length| length + 7),
                (char, _) if char.first() != Some(&b'U') && unseen(char) == char.len() => 6,
                _ => 0,
            }
        }
        _ => 0,
    }
}

/// The length of the rest of a control sequence: digits and semicolons, and a letter.
fn sequence(text: &[u8]) -> Option<usize> {
    let end = text.iter().take(LONGEST_NUMBER).position(|byte| byte.is_ascii_alphabetic())?;
    let plain = |byte: &u8| byte.is_ascii_digit() || *byte == b';';
    text.get(..end)?.iter().all(plain).then_some(end + 1)
}

pub(super) fn is_break(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_control()
}

fn hex(digits: &[u8; 2]) -> Option<u8> {
    let digits = core::str::from_utf8(digits).ok()?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16).ok().filter(|_| plain)
}
