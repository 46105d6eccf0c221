//! Writes JSON as Go's encoder does (EX-33), into a buffer that is wiped.

use alloc::vec::Vec;
use zeroize::Zeroizing;

/// JSON in the making. Its size is given in advance: a buffer that grew would leave copies behind.
pub(super) struct Json(Zeroizing<Vec<u8>>);

impl Json {
    pub(super) fn with_capacity(size: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(size)))
    }

    /// Appends punctuation, names, and what needs no escapes.
    pub(super) fn plain(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// Appends a string, with its quotes.
    pub(super) fn string(&mut self, text: &str) -> &mut Self {
        self.plain("\"");
        for char in text.chars() {
            match char {
                '"' => self.plain("\\\""),
                '\\' => self.plain("\\\\"),
                '\u{8}' => self.plain("\\b"),
                '\u{c}' => self.plain("\\f"),
                '\n' => self.plain("\\n"),
                '\r' => self.plain("\\r"),
                '\t' => self.plain("\\t"),
                '\0'..' ' => self.escaped(char),
                char => self.html(char),
            };
        }
        self.plain("\"")
    }

    /// Appends a JSON text without its white space; keys and escapes stay as they are.
    pub(super) fn compact(&mut self, json: &str) -> &mut Self {
        let (mut inside, mut escape) = (false, false);
        for char in json.chars() {
            match char {
                ' ' | '\t' | '\n' | '\r' if !inside => continue,
                '"' if !escape => inside = !inside,
                _ => {}
            }
            escape = inside && char == '\\' && !escape;
            self.html(char);
        }
        self
    }

    /// The finished text.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends a character that is safe inside a web page.
    fn html(&mut self, char: char) -> &mut Self {
        match char {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => self.escaped(char),
            char => self.plain(char.encode_utf8(&mut [0; 4])),
        }
    }

    fn escaped(&mut self, char: char) -> &mut Self {
        self.plain("\\u");
        for shift in [12, 8, 4, 0] {
            let digit = char::from_digit((u32::from(char) >> shift) & 0xf, 16);
            self.plain(digit.unwrap_or('0').encode_utf8(&mut [0; 4]));
        }
        self
    }
}

/// The most bytes that `text` can take as a JSON string.
pub(super) fn string_size(text: &str) -> usize {
    text.len().saturating_mul(6).saturating_add(2)
}
