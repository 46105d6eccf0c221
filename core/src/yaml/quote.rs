//! When a string may stand as it is, and how it is quoted when not.

use core::fmt::{self, Write};

use super::resolve;

/// Writes a string: plain if no reader of YAML could take it for anything else, else quoted.
pub(super) fn text(out: &mut impl Write, text: &str) {
    // Writing to memory cannot fail.
    let _ = if is_plain(text) { out.write_str(text) } else { quoted(out, text, 'x') };
}

/// Writes a string as JSON that is YAML, too: for kubectl two escapes of JSON are none.
pub(super) fn json(out: &mut impl Write, text: &str) {
    let _ = quoted(out, text, 'u');
}

/// Names, host names, URLs, paths and base64: a letter or the start of a path, then nothing that
/// means something to YAML, and no word of YAML 1.1.
fn is_plain(text: &str) -> bool {
    let tail = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'_' | b'.' | b'/' | b':' | b'-' | b'+' | b'=' | b'@')
    };
    match text.as_bytes() {
        [first, rest @ ..] => {
            let path = text.starts_with('/') || text.starts_with("./") || text.starts_with("../");
            (first.is_ascii_alphabetic() || path)
                && rest.iter().all(tail)
                && !text.ends_with(':')
                && !resolve::is_word(text)
        }
        [] => false,
    }
}

/// Between double quotes, with everything escaped that is not printable in every YAML.
fn quoted(out: &mut impl Write, text: &str, byte: char) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            ' '..='~' => out.write_char(c)?,
            '\0'..='\u{9F}' => {
                let width = if byte == 'x' { 2 } else { 4 };
                write!(out, "\\{byte}{:0width$x}", u32::from(c))?;
            }
            // Line breaks of YAML 1.1, byte-order mark, and what its readers refuse.
            '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => {
                write!(out, "\\u{:04x}", u32::from(c))?;
            }
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}
