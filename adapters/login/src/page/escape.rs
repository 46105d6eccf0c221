//! Escaping for the places of a page where a value can stand.

use std::fmt::Write;

/// For text, and for attributes in quotes.
pub(super) fn text(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 16);
    for char in value.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // A template's author may have put the value without quotes into an attribute.
            '`' => escaped.push_str("&#96;"),
            '\0' => escaped.push('\u{fffd}'),
            char => escaped.push(char),
        }
    }
    escaped
}

/// For attributes in quotes.
pub(super) fn attribute(value: &str) -> String {
    text(value)
}

/// For an attribute without quotes: everything that could end it.
pub(super) fn unquoted_attribute(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 16);
    for char in value.chars() {
        if char.is_alphanumeric() || matches!(char, '-' | '_' | '.' | '/' | ':' | ';' | ',' | '+') {
            escaped.push(char);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "&#{};", u32::from(char));
        }
    }
    escaped
}

/// For a part of a URL after its path, in an attribute: percent-encoded.
pub(super) fn url_part(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 16);
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
