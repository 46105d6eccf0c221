//! Writes JSON as Go's encoder does (EX-33), into a buffer that is wiped.

use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// JSON in the making. Its size is given in advance: a buffer that grew would leave copies behind.
pub(crate) struct Json {
    text: Zeroizing<Vec<u8>>,
    /// `Some`: nothing is kept, and only the size is counted.
    measured: Option<usize>,
}

impl Json {
    /// What `write` writes. It is called twice, first to learn the size.
    pub(crate) fn object(write: impl Fn(&mut Object<'_>)) -> Secret {
        let mut measure = Self { text: Zeroizing::default(), measured: Some(0) };
        Object::write(&mut measure, &write);
        let mut json = Self::with_capacity(measure.measured.unwrap_or_default());
        Object::write(&mut json, &write);
        Secret::new(json.bytes())
    }

    pub(crate) fn with_capacity(size: usize) -> Self {
        Self { text: Zeroizing::new(Vec::with_capacity(size)), measured: None }
    }

    /// Appends punctuation, names, and what needs no escapes.
    pub(crate) fn plain(&mut self, text: &str) -> &mut Self {
        match &mut self.measured {
            Some(size) => *size = size.saturating_add(text.len()),
            None => self.text.extend_from_slice(text.as_bytes()),
        }
        self
    }

    /// Appends a string, with its quotes.
    pub(crate) fn string(&mut self, text: &str) -> &mut Self {
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
    pub(crate) fn compact(&mut self, json: &str) -> &mut Self {
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
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.text
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
pub(crate) fn string_size(text: &str) -> usize {
    text.len().saturating_mul(6).saturating_add(2)
}

/// The fields of an object in the making. What is empty is left out.
pub(crate) struct Object<'a> {
    json: &'a mut Json,
    first: bool,
}

impl<'a> Object<'a> {
    fn write(json: &'a mut Json, write: impl FnOnce(&mut Self)) {
        json.plain("{");
        let mut object = Self { json, first: true };
        write(&mut object);
        object.json.plain("}");
    }

    /// A string, unless it is empty.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.name(name).string(text);
        }
    }

    /// A string that must not show, unless it is empty or not UTF-8.
    pub(crate) fn secret(&mut self, name: &str, secret: &Secret) {
        self.text(name, secret.expose_str().unwrap_or_default());
    }

    /// A boolean, if it is true.
    pub(crate) fn boolean(&mut self, name: &str, value: bool) {
        if value {
            self.name(name).plain("true");
        }
    }

    /// A boolean.
    pub(crate) fn always_boolean(&mut self, name: &str, value: bool) {
        self.name(name).plain(if value { "true" } else { "false" });
    }

    /// A number, if there is one.
    pub(crate) fn integer(&mut self, name: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.name(name).plain(&value.to_string());
        }
    }

    /// A time, if there is one.
    pub(crate) fn time(&mut self, name: &str, time: Option<UnixTime>) {
        if let Some(time) = time {
            self.name(name).string(&time.to_string());
        }
    }

    /// An object, whatever is in it.
    pub(crate) fn object(&mut self, name: &str, write: impl FnOnce(&mut Object<'_>)) {
        let json = self.name(name);
        Object::write(json, write);
    }

    /// A list of strings, unless it is empty.
    pub(crate) fn texts(&mut self, name: &str, texts: &[String]) {
        if !texts.is_empty() {
            let json = self.name(name);
            json.plain("[");
            for (index, text) in texts.iter().enumerate() {
                json.plain(if index == 0 { "" } else { "," }).string(text);
            }
            json.plain("]");
        }
    }

    /// A list of objects, unless it is empty.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        items: &[T],
        write: impl Fn(&T, &mut Object<'_>),
    ) {
        if !items.is_empty() {
            let json = self.name(name);
            json.plain("[");
            for (index, item) in items.iter().enumerate() {
                json.plain(if index == 0 { "" } else { "," });
                Object::write(json, |object| write(item, object));
            }
            json.plain("]");
        }
    }

    /// An object of strings, unless it is empty.
    pub(crate) fn text_map(&mut self, name: &str, map: &BTreeMap<String, String>) {
        if !map.is_empty() {
            self.object(name, |object| {
                for (key, text) in map {
                    object.name(key).string(text);
                }
            });
        }
    }

    /// An object of lists of strings, unless it is empty; a list that is empty is written.
    pub(crate) fn texts_map(&mut self, name: &str, map: &BTreeMap<String, Vec<String>>) {
        if !map.is_empty() {
            self.object(name, |object| {
                for (key, texts) in map {
                    match texts.is_empty() {
                        true => {
                            object.name(key).plain("[]");
                        }
                        false => object.texts(key, texts),
                    }
                }
            });
        }
    }

    fn name(&mut self, name: &str) -> &mut Json {
        self.json.plain(if self.first { "" } else { "," }).string(name).plain(":");
        self.first = false;
        self.json
    }
}
