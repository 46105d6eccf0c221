//! When a string may stand as it is, and how it is quoted when not.

use alloc::string::String;
use core::fmt::Write as _;

use super::resolve;

/// Writes a string: plain if no reader of YAML could take it for anything else, else quoted.
pub(super) fn text(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        quoted(out, text);
    }
}

/// Names, host names, URLs, paths and base64: a letter or a slash, then nothing that means
/// something to YAML, and no word of YAML 1.1.
fn is_plain(text: &str) -> bool {
    let tail = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'_' | b'.' | b'/' | b':' | b'-' | b'+' | b'=' | b'@')
    };
    match text.as_bytes() {
        [first, rest @ ..] => {
            (first.is_ascii_alphabetic() || *first == b'/')
                && rest.iter().all(tail)
                && !text.ends_with(':')
                && !resolve::is_word(text)
        }
        [] => false,
    }
}

/// Between double quotes, with everything escaped that is not printable in every YAML.
fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            '\0'..='\u{9F}' => escape(out, 'x', 2, c),
            // Line breaks of YAML 1.1, byte-order mark, and what its readers refuse.
            '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => {
                escape(out, 'u', 4, c);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn escape(out: &mut String, letter: char, width: usize, c: char) {
    // Writing to a `String` cannot fail.
    let _ = write!(out, "\\{letter}{:0width$x}", u32::from(c));
}
