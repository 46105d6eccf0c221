//! JSON objects of a provider, read without a copy. An error says where, and which kind of value,
//! never which value: it may be a token.

use crate::secret::Secret;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object in the order of the document; values as they are written.
#[derive(Default)]
pub(crate) struct Object<'j>(Vec<(Cow<'j, str>, &'j str)>);

impl<'j> Object<'j> {
    /// Reads all of `json`. Null is an object without members; `what` is named in an error.
    pub(crate) fn parse(json: &'j [u8], what: &str) -> Result<Self, String> {
        let value = serde_json::from_slice::<&RawValue>(json).map_err(|error| {
            let problem = if error.is_eof() { "ends too early" } else { "is not JSON" };
            format!("the text {problem} at line {} column {}", error.line(), error.column())
        })?;
        match value.get() {
            "null" => return Ok(Self(Vec::new())),
            text if text.starts_with('{') => {}
            text => return Err(format!("{what} is {}, not a map", kind(text))),
        }
        let mut deserializer = serde_json::Deserializer::from_str(value.get());
        let members = deserializer.deserialize_map(Members);
        members.map(Self).map_err(|_| format!("{what} has a member that cannot be read"))
    }

    /// The value as it is written; the last one, if the name occurs again. Null is not there.
    pub(crate) fn raw(&self, name: &str) -> Option<&'j str> {
        let found = self.0.iter().rev().find(|(found, _)| found == name);
        found.map(|(_, value)| *value).filter(|value| *value != "null")
    }

    /// A string; `None` if it is not there.
    pub(crate) fn string(&self, name: &str) -> Result<Option<Cow<'j, str>>, String> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        if !raw.starts_with('"') {
            return Err(format!("{name} is {}, not a string", kind(raw)));
        }
        let text = serde_json::from_str::<Text<'j>>(raw);
        text.map(|text| Some(text.0)).map_err(|_| format!("{name} is not a string of characters"))
    }

    /// A string that is not empty; anything else is not there.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'j, str>> {
        self.string(name).ok().flatten().filter(|text| !text.is_empty())
    }

    /// The same as a secret, without a copy that is not wiped if it holds no escapes.
    pub(crate) fn secret(&self, name: &str) -> Option<Secret> {
        self.text(name).map(|text| match text {
            Cow::Borrowed(text) => Secret::from(text),
            Cow::Owned(text) => Secret::from(text),
        })
    }

    /// A list of strings; `None` if it is not there or something else.
    pub(crate) fn strings(&self, name: &str) -> Option<Vec<String>> {
        self.raw(name).and_then(|raw| serde_json::from_str(raw).ok())
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.raw(name) == Some("true")
    }

    /// A number of seconds: whole, broken (which is cut off), or either in quotes (LG-62).
    pub(crate) fn seconds(&self, name: &str) -> Option<i64> {
        self.raw(name).and_then(seconds)
    }

    /// Whether a name occurs twice.
    pub(crate) fn has_duplicates(&self) -> bool {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair.first() == pair.last())
    }
}

/// An integer, a fraction, which is cut off, or either of them in quotes.
pub(crate) fn seconds(json: &str) -> Option<i64> {
    let number = serde_json::from_str::<&str>(json).unwrap_or(json);
    let fraction = || serde_json::from_str::<f64>(number).ok().map(|seconds| seconds as i64);
    serde_json::from_str::<i64>(number).ok().or_else(fraction)
}

/// Which kind of value a JSON text is, by its first byte.
fn kind(json: &str) -> &'static str {
    match json.bytes().next() {
        Some(b'{') => "a map",
        Some(b'[') => "a list",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// Borrowed where the string has no escapes.
struct Text<'j>(Cow<'j, str>);

impl<'de> serde::Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.into()))
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de str)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(Text(name)) = map.next_key()? {
            members.push((name, map.next_value::<&'de RawValue>()?.get()));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lg_62_seconds_are_numbers_or_numbers_in_quotes_whole_or_broken() {
        let json = br#"{"a":5,"b":"5","c":5.9,"d":"5.9","e":[5],"f":"soon","g":null,"h":true}"#;
        let object = Object::parse(json, "it").unwrap();
        for name in ["a", "b", "c", "d"] {
            assert_eq!(object.seconds(name), Some(5), "{name}");
        }
        for name in ["e", "f", "g", "h", "i"] {
            assert_eq!(object.seconds(name), None, "{name}");
        }
    }

    #[test]
    fn an_error_says_where_and_shows_nothing() {
        for (json, error) in [
            ("", "the text ends too early at line 1 column 0"),
            ("<html>", "the text is not JSON at line 1 column 1"),
            ("[1]", "it is a list, not a map"),
            ("{\"a\":\"hush", "the text ends too early at line 1 column 10"),
        ] {
            assert_eq!(Object::parse(json.as_bytes(), "it").err().unwrap(), error, "{json}");
        }
        let object = Object::parse(br#"{"a":1,"b":"\ud800","c":"x\ny"}"#, "it").unwrap();
        assert_eq!(object.string("a"), Err("a is a number, not a string".into()));
        assert_eq!(object.string("b"), Err("b is not a string of characters".into()));
        assert_eq!(object.string("c"), Ok(Some("x\ny".into())));
        assert_eq!(object.string("d"), Ok(None));
    }

    #[test]
    fn the_last_member_of_a_name_counts_and_both_are_seen() {
        let twice = Object::parse(br#"{"a":"1","b":0,"\u0061":"2"}"#, "it").unwrap();
        assert_eq!(twice.text("a").as_deref(), Some("2"));
        assert!(twice.has_duplicates());
        assert!(!Object::parse(br#"{"a":"1","b":0}"#, "it").unwrap().has_duplicates());
    }
}
