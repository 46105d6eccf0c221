//! Text from elsewhere, fit for a terminal.

use alloc::format;
use alloc::string::String;

/// The text with what a terminal would obey, or not show, spelled out: ESC becomes `U+001B`, the mark
/// that turns the direction of a line `U+202E`. Letters, marks, numbers, punctuation, symbols,
/// spaces, tabs and line breaks stay.
///
/// ```
/// assert_eq!(kubecred_core::printable("a\u{1b}[2J\nb"), "aU+001B[2J\nb");
/// ```
#[must_use]
pub fn printable(text: &str) -> String {
    spelled_out(text, |char| {
        matches!(char, '\n' | '\t') || is_readable(char) && !char.is_control() && !is_break(char)
    })
}

/// The same as client-go has it for install hints (EX-46), where every kind of space stays.
pub(crate) fn readable(text: &str) -> String {
    spelled_out(text, is_readable)
}

fn spelled_out(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut readable = String::with_capacity(text.len());
    for char in text.chars() {
        match stays(char) {
            true => readable.push(char),
            false => readable.push_str(&format!("U+{:04X}", u32::from(char))),
        }
    }
    readable
}

/// The same on one line: what others say cannot look like a line of ours. Line breaks and control
/// characters become spaces, of several spaces one stays.
///
/// ```
/// assert_eq!(kubecred_core::one_line("no\nwarning: all is well "), "no warning: all is well");
/// ```
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for char in text.chars() {
        let is_break = char.is_control() || is_break(char) || char == ' ';
        if is_break && (line.is_empty() || line.ends_with(' ')) {
            continue;
        }
        line.push(if is_break { ' ' } else { char });
    }
    printable(line.trim_end())
}

fn is_readable(char: char) -> bool {
    if char.is_whitespace() {
        // U+0085 is a control character beside being a space.
        return char != '\u{85}';
    }
    // The standard library knows which characters can be printed, but says so only this way: a
    // mark is escaped at the beginning of a text, and quotes and backslashes are everywhere.
    let text = String::from_iter(['a', char]);
    matches!(char, '"' | '\'' | '\\') || text.escape_debug().nth(1) == Some(char)
}

/// Breaks of lines and paragraphs beside the control characters.
fn is_break(char: char) -> bool {
    matches!(char, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_or_cannot_be_seen_is_spelled_out() {
        for (given, shown) in [
            ("a\u{1b}[2Jb\u{9b}c\rd\ne\tf", "aU+001B[2JbU+009BcU+000Dd\ne\tf"),
            ("a\u{202e}b\u{200b}c\u{2066}", "aU+202EbU+200BcU+2066"),
            ("a\u{2028}b\u{85}c\u{feff}", "aU+2028bU+0085cU+FEFF"),
            ("Größe 日本 👍 e\u{301} \"'\\", "Größe 日本 👍 e\u{301} \"'\\"),
        ] {
            assert_eq!(printable(given), shown);
        }
    }

    #[test]
    fn what_others_say_stays_on_one_line() {
        for (given, shown) in [
            ("  a\r\n\tb\u{1b}[0m  c ", "a b [0m c"),
            ("no\nwarning: x\u{2028}y\u{b}z", "no warning: x y z"),
            ("a\u{202e}b", "aU+202Eb"),
        ] {
            assert_eq!(one_line(given), shown);
        }
    }
}
