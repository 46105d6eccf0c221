//! Reads an API object from JSON, field by field, without copying what is not asked for.
//!
//! Errors name the field by its path (`status.userInfo.groups[3]`) and the kind of value found there,
//! never the value: it may be a token. Null is read as absence, and fields that are not asked for are
//! passed over, as Kubernetes' own decoder does.

use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What is wrong with an object: the field's path and the kind of the fault.
pub(crate) type Malformed = String;

/// One value of a document and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    json: &'a str,
    path: String,
}

impl<'a> Node<'a> {
    /// The whole of a text, which must be one JSON value.
    pub(crate) fn document(text: &'a [u8]) -> Result<Self, Malformed> {
        let text = core::str::from_utf8(text).map_err(|_| "the text is not UTF-8".to_owned())?;
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
            let what = if error.is_eof() { "ends too early" } else { "is not JSON" };
            format!("the text {what} at line {} column {}", error.line(), error.column())
        })?;
        Ok(Self { json: raw.get(), path: String::new() })
    }

    /// Calls `visit` with each field of an object, in order; null has none.
    pub(crate) fn fields(
        &self,
        mut visit: impl FnMut(&str, Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if self.is_null() {
            return Ok(());
        }
        if !self.json.starts_with('{') {
            return Err(self.is_not("an object"));
        }
        let mut failed = None;
        let visitor = Fields { path: &self.path, visit: &mut visit, failed: &mut failed };
        let outcome = visitor.deserialize(&mut serde_json::Deserializer::from_str(self.json));
        match (failed, outcome) {
            (Some(problem), _) => Err(problem),
            (None, Err(_)) => Err(self.fault("has a field name that is not a valid string")),
            (None, Ok(())) => Ok(()),
        }
    }

    /// Calls `visit` with each item of a list; null has none, and more than `most` are an error.
    pub(crate) fn items(
        &self,
        most: usize,
        mut visit: impl FnMut(Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if self.is_null() {
            return Ok(());
        }
        if !self.json.starts_with('[') {
            return Err(self.is_not("a list"));
        }
        let mut index = 0;
        let mut failed = None;
        let mut each = |raw: &'a RawValue| {
            if index == most {
                failed = Some(self.fault(&format!("has more than {most} items")));
                return false;
            }
            let path = format!("{}[{index}]", self.path);
            if let Err(problem) = visit(Self { json: raw.get(), path }) {
                failed = Some(problem);
                return false;
            }
            index += 1;
            true
        };
        let visitor = Items { each: &mut each };
        let outcome = visitor.deserialize(&mut serde_json::Deserializer::from_str(self.json));
        match (failed, outcome) {
            (Some(problem), _) => Err(problem),
            (None, Err(_)) => Err(self.is_not("a list")),
            (None, Ok(())) => Ok(()),
        }
    }

    /// A string; empty for null.
    pub(crate) fn text(&self) -> Result<String, Malformed> {
        Ok(self.secret()?.expose_str().unwrap_or_default().to_owned())
    }

    /// A string that must not show; empty for null.
    pub(crate) fn secret(&self) -> Result<Secret, Malformed> {
        if self.is_null() {
            return Ok(Secret::default());
        }
        if !self.json.starts_with('"') {
            return Err(self.is_not("a string"));
        }
        let Hidden(secret) =
            serde_json::from_str(self.json).map_err(|_| self.fault("is not a valid string"))?;
        Ok(secret)
    }

    /// A boolean; false for null.
    pub(crate) fn boolean(&self) -> Result<bool, Malformed> {
        match self.json {
            "true" => Ok(true),
            "false" | "null" => Ok(false),
            _ => Err(self.is_not("a boolean")),
        }
    }

    /// A whole number of 64 bits; `None` for null.
    pub(crate) fn integer(&self) -> Result<Option<i64>, Malformed> {
        if self.is_null() {
            return Ok(None);
        }
        match self.json.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => {
                let number = self.json.parse().ok();
                number.map(Some).ok_or_else(|| self.fault("is not a whole number of 64 bits"))
            }
            _ => Err(self.is_not("a number")),
        }
    }

    /// A time as RFC 3339 has it; `None` for null.
    pub(crate) fn time(&self) -> Result<Option<UnixTime>, Malformed> {
        let text = self.text()?;
        match self.is_null() {
            true => Ok(None),
            false => match UnixTime::parse_rfc3339(&text) {
                Some(time) => Ok(Some(time)),
                None => Err(self.fault("is not a time as in RFC 3339")),
            },
        }
    }

    /// A list of at most `most` strings.
    pub(crate) fn texts(&self, most: usize) -> Result<Vec<String>, Malformed> {
        let mut texts = Vec::new();
        self.items(most, |item| {
            texts.push(item.text()?);
            Ok(())
        })?;
        Ok(texts)
    }

    /// An object of at most `most` strings.
    pub(crate) fn text_map(&self, most: usize) -> Result<BTreeMap<String, String>, Malformed> {
        self.map(most, |node| node.text())
    }

    /// An object of at most `keys` lists of at most `items` strings; a null list is an empty one.
    pub(crate) fn texts_map(
        &self,
        keys: usize,
        items: usize,
    ) -> Result<BTreeMap<String, Vec<String>>, Malformed> {
        self.map(keys, |node| node.texts(items))
    }

    fn map<T>(
        &self,
        most: usize,
        read: impl Fn(&Self) -> Result<T, Malformed>,
    ) -> Result<BTreeMap<String, T>, Malformed> {
        let mut map = BTreeMap::new();
        self.fields(|key, node| {
            map.insert(key.to_owned(), read(&node)?);
            match map.len() > most {
                true => Err(self.fault(&format!("has more than {most} keys"))),
                false => Ok(()),
            }
        })?;
        Ok(map)
    }

    /// Whether it is null.
    pub(crate) fn is_null(&self) -> bool {
        self.json == "null"
    }

    /// An error that names this value: `fault` follows its path.
    pub(crate) fn fault(&self, fault: &str) -> Malformed {
        match self.path.as_str() {
            "" => format!("the text {fault}"),
            path => format!("{path} {fault}"),
        }
    }

    fn is_not(&self, wanted: &str) -> Malformed {
        let found = match self.json.as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        };
        self.fault(&format!("is {found}, not {wanted}"))
    }
}

/// Hands each field of an object on.
struct Fields<'v, V> {
    path: &'v str,
    visit: &'v mut V,
    failed: &'v mut Option<Malformed>,
}

impl<'de, V> DeserializeSeed<'de> for Fields<'_, V>
where
    V: FnMut(&str, Node<'de>) -> Result<(), Malformed>,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, V> Visitor<'de> for Fields<'_, V>
where
    V: FnMut(&str, Node<'de>) -> Result<(), Malformed>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            let raw: &'de RawValue = map.next_value()?;
            let path = match self.path {
                "" => name.clone(),
                path => [path, ".", &name].concat(),
            };
            if let Err(problem) = (self.visit)(&name, Node { json: raw.get(), path }) {
                *self.failed = Some(problem);
                return Err(A::Error::custom(""));
            }
        }
        Ok(())
    }
}

/// The name of a field.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Hands each item of a list on, until it is told to stop.
struct Items<'v, V> {
    each: &'v mut V,
}

impl<'de, V: FnMut(&'de RawValue) -> bool> DeserializeSeed<'de> for Items<'_, V> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, V: FnMut(&'de RawValue) -> bool> Visitor<'de> for Items<'_, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(raw) = list.next_element()? {
            if !(self.each)(raw) {
                return Err(A::Error::custom(""));
            }
        }
        Ok(())
    }
}

/// A string, taken without a copy on the way if it has no escapes.
struct Hidden(Secret);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret::from(text))
            }
        }
        deserializer.deserialize_str(Text).map(Self)
    }
}
