//! Words of a provider's answer that an error may quote. A provider may repeat what it was sent.

use crate::secret::Secret;
use crate::sent::SentSecrets;
use alloc::string::String;

/// The most characters of a description that are shown.
const MOST: usize = 200;

/// An `error` (RFC 6749, 5.2): words joined by underscores.
pub(crate) fn code(text: &str, secrets: &[&Secret]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let good = text.len() <= 40 && text.bytes().all(plain) && hidden(text, secrets) == text;
    if good { text } else { "(not shown)" }.into()
}

/// An `error_description`: on one line, cut, and without a piece of any of the secrets.
pub(crate) fn description(text: &str, secrets: &[&Secret]) -> String {
    let mut line = String::new();
    let spaced = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    for char in spaced.filter(|char| is_visible(*char)) {
        if !(char == ' ' && (line.is_empty() || line.ends_with(' '))) {
            line.push(char);
        }
        if line.chars().count() > MOST {
            line.pop();
            return [&hidden(&line, secrets), "…"].concat();
        }
    }
    hidden(line.trim_end(), secrets)
}

/// Not what would turn or hide the text around it.
fn is_visible(char: char) -> bool {
    !matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

/// The text with `…` for what is also in a secret.
fn hidden(text: &str, secrets: &[&Secret]) -> String {
    SentSecrets::new(secrets.iter().copied()).hide(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_words_and_underscores() {
        assert_eq!(code("invalid_grant", &[]), "invalid_grant");
        for text in ["two words", "eyJhbGciOi.e30", "\u{1b}[31m", &"a".repeat(41)] {
            assert_eq!(code(text, &[]), "(not shown)");
        }
        assert_eq!(code("my_refresh_token", &[&"my_refresh_token".into()]), "(not shown)");
    }

    #[test]
    fn a_description_is_one_line_of_limited_length() {
        assert_eq!(description("  a\r\n\tb\u{1b}[0m  c ", &[]), "a b [0m c");
        assert_eq!(description("Größe\u{202e}", &[]), "Größe");
        let long = description(&"é".repeat(500), &[]);
        assert_eq!(long.chars().count(), MOST + 1);
        assert!(long.ends_with('…'));
        let exact = "x".repeat(MOST);
        assert_eq!(description(&exact, &[]), exact);
    }

    #[test]
    fn a_description_shows_no_piece_of_a_secret() {
        let (token, short) = (Secret::from("ey.0123456789abcdef"), Secret::from("pw"));
        let secrets = [&token, &short, &Secret::default()];
        for (text, shown) in [
            ("token ey.0123456789abcdef is dead", "token … is dead"),
            ("token \"89abcdef\"", "token \"…\""),
            ("token 9abcdef", "token 9abcdef"),
            ("pw is wrong", "… is wrong"),
        ] {
            assert_eq!(description(text, &secrets), shown);
        }
        // Nor what is left of one at the cut.
        let cut = [&"x".repeat(MOST - 10), "ey.0123456789abcdef"].concat();
        assert_eq!(description(&cut, &secrets), ["x".repeat(MOST - 10), "……".into()].concat());
    }
}
