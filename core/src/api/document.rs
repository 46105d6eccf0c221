//! Reads JSON and YAML whose content must not show: an error says where, and which kind of value,
//! never which value. (serde's own texts quote what they did not like.)

use crate::secret::Secret;
#[cfg(feature = "kubeconfig")]
use crate::yaml;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What is wrong with a document: where, not what.
pub(crate) type Malformed = String;

/// The fields that are looked at; the rest is passed over without a glance (EX-54).
#[derive(Clone, Copy)]
pub(crate) struct Fields {
    /// Those that are read.
    pub(crate) read: &'static [&'static str],
    /// One that is kept as it is written. JSON only.
    pub(crate) raw: Option<&'static str>,
}

/// A value in a document.
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number,
    Text(Secret),
    List,
    /// In the order of the document; a name may occur again.
    Map(Vec<(&'static str, Self)>),
    /// As it is written.
    Raw(String),
}

impl Value {
    /// Reads all of `text`.
    pub(crate) fn from_json(text: &[u8], fields: Fields) -> Result<Self, Malformed> {
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let value = fields.deserialize(&mut deserializer);
        value.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| {
            let what = if error.is_eof() { "ends too early" } else { "is not JSON" };
            format!("the text {what} at line {} column {}", error.line(), error.column())
        })
    }

    /// Reads what a plugin printed: JSON if it starts with a brace, else YAML (EX-50), for which the
    /// feature `kubeconfig` is needed.
    pub(crate) fn from_output(text: &[u8], fields: Fields) -> Result<Self, Malformed> {
        #[cfg(feature = "kubeconfig")]
        if text.trim_ascii_start().first() != Some(&b'{') {
            return Self::from_yaml(text, fields);
        }
        Self::from_json(text, fields)
    }

    /// Reads the first document of `text`, as kubectl reads YAML.
    #[cfg(feature = "kubeconfig")]
    fn from_yaml(text: &[u8], fields: Fields) -> Result<Self, Malformed> {
        let read = || {
            let document = yaml::parse(text, &yaml::Limits::default())?;
            document.root().map_or(Ok(Self::Null), |root| fields.deserialize(root))
        };
        // Without the path: a key may be a misplaced value.
        read().map_err(|error| match error.line() {
            Some(line) => {
                format!("the text is neither JSON nor YAML: line {line}: {}", error.message())
            }
            None => format!("the text is neither JSON nor YAML: {}", error.message()),
        })
    }

    /// As it is written; `None` for null, and for what was not to be kept.
    pub(crate) fn raw(self) -> Option<String> {
        match self {
            Self::Raw(text) if text != "null" => Some(text),
            _ => None,
        }
    }

    /// The fields of a map; none for null.
    pub(crate) fn map(self, path: &str) -> Result<Vec<(&'static str, Self)>, Malformed> {
        match self {
            Self::Map(fields) => Ok(fields),
            Self::Null => Ok(Vec::new()),
            other => Err(other.is_not("a map", path)),
        }
    }

    /// A text; `None` for null.
    pub(crate) fn text(self, path: &str) -> Result<Option<Secret>, Malformed> {
        match self {
            Self::Text(text) => Ok(Some(text)),
            Self::Null => Ok(None),
            other => Err(other.is_not("a string", path)),
        }
    }

    /// Sets a text that is no secret; null leaves it as it is.
    pub(crate) fn plain_into(self, place: &mut String, path: &str) -> Result<(), Malformed> {
        if let Some(text) = self.text(path)? {
            let text = text.expose_str().ok_or_else(|| format!("{path} is not UTF-8"))?;
            *place = text.to_owned();
        }
        Ok(())
    }

    /// Sets a boolean; null leaves it as it is.
    pub(crate) fn bool_into(self, place: &mut bool, path: &str) -> Result<(), Malformed> {
        match self {
            Self::Bool(value) => *place = value,
            Self::Null => {}
            other => return Err(other.is_not("a boolean", path)),
        }
        Ok(())
    }

    fn is_not(&self, wanted: &str, path: &str) -> Malformed {
        let found = match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number => "a number",
            Self::Text(_) => "a string",
            Self::List => "a list",
            Self::Map(_) | Self::Raw(_) => "a map",
        };
        format!("{path} is {found}, not {wanted}")
    }
}

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(Secret::from(text)))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(Secret::from(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key_seed(Name(self))? {
            match name {
                Some(name) if self.raw == Some(name) => {
                    let raw = map.next_value::<&'de RawValue>()?;
                    fields.push((name, Value::Raw(raw.get().to_owned())));
                }
                Some(name) => fields.push((name, map.next_value_seed(self)?)),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Map(fields))
    }
}

/// The name of a field, if it is one of those to look at.
struct Name(Fields);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.read.iter().copied().chain(self.0.raw).find(|known| *known == name))
    }
}
