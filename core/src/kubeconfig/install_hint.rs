//! Install hints are text from somebody else's file, for a terminal.

use alloc::format;
use alloc::string::String;

/// The hint with every character that a terminal may take for a command spelled out: letters, marks,
/// numbers, punctuation, symbols and white space stay (EX-46).
pub(super) fn sanitise(hint: &str) -> String {
    let mut clean = String::with_capacity(hint.len());
    for c in hint.chars() {
        if is_visible(c) {
            clean.push(c);
        } else {
            clean.push_str(&format!("U+{:04X}", u32::from(c)));
        }
    }
    clean
}

fn is_visible(c: char) -> bool {
    if c.is_control() {
        return ('\t'..='\r').contains(&c);
    }
    // The standard library knows what is printable, and says so by escaping the rest. After another
    // character, since it escapes a mark that has nothing to stand on.
    c.is_whitespace() || c == '\\' || c == '"' || c == '\'' || {
        let mut pair = ['a', c].into_iter().collect::<String>();
        let length = pair.len();
        pair = pair.escape_debug().collect();
        pair.len() == length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ex_46_letters_marks_symbols_and_spaces_stay() {
        for hint in [
            "Install me:\n\tbrew install \"x\" \\ 'y'\r\n",
            "ünïcode e\u{301} 漢字 ١٢ ½ – “x” €+|~ 🦀",
            "no-break\u{a0}and line\u{2028}separators",
        ] {
            assert_eq!(sanitise(hint), hint);
        }
    }

    #[test]
    fn ex_46_escapes_and_formats_are_spelled_out() {
        for (hint, clean) in [
            ("\u{1b}[31mred\u{1b}[0m", "U+001B[31mredU+001B[0m"),
            ("\0\u{7}\u{8}\u{7f}", "U+0000U+0007U+0008U+007F"),
            ("\u{9b}31m\u{85}", "U+009B31mU+0085"),
            ("a\u{202e}b\u{200b}c\u{feff}", "aU+202EbU+200BcU+FEFF"),
            ("\u{e000}\u{10fffd}\u{ffff}", "U+E000U+10FFFDU+FFFF"),
        ] {
            assert_eq!(sanitise(hint), clean);
        }
    }
}
