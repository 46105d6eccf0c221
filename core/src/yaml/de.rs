//! Filling Rust types from nodes, by the rules of Go's JSON decoder.

use core::iter::Enumerate;
use core::slice;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Unexpected, Visitor};

use super::document::{Content, Document, Id, Node};
use super::error::Error;

/// Null is the zero value of whatever is asked for (KC-25).
macro_rules! null_is_zero {
    ($($method:ident => $visit:ident($zero:expr),)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.content() {
                Content::Null => visitor.$visit($zero),
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.content() {
            Content::Null | Content::Alias(_) => visitor.visit_unit(),
            Content::Bool(bool) => visitor.visit_bool(*bool),
            Content::Int(int) => integer(*int, visitor),
            Content::UInt(int) => visitor.visit_u64(*int),
            Content::Float(float) => number(*float, visitor),
            Content::Text(text) => visitor.visit_borrowed_str(text),
            Content::List(_) => visitor.visit_seq(Items::of(self)),
            Content::Map(_) => visitor.visit_map(Entries::of(self)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.content() {
            Content::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.content() {
            Content::Null => visitor.visit_seq(Items::of(self)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.content() {
            Content::Null => visitor.visit_map(Entries::of(self)),
            _ => self.deserialize_any(visitor),
        }
    }

    /// Derived types would take a list as their fields in a row; Go does not.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.content() {
            Content::List(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_map(visitor),
        }
    }

    /// A string is a variant's name; a mapping of one entry is a variant with its content.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.content() {
            Content::Text(text) => {
                BorrowedStrDeserializer::new(text).deserialize_enum(name, variants, visitor)
            }
            Content::Map(_) => visitor.visit_enum(MapAccessDeserializer::new(Entries::of(self))),
            _ => self.deserialize_any(visitor),
        }
    }

    /// The document is sound as a whole, so what is ignored needs no look.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    null_is_zero! {
        deserialize_bool => visit_bool(false),
        deserialize_i8 => visit_i64(0),
        deserialize_i16 => visit_i64(0),
        deserialize_i32 => visit_i64(0),
        deserialize_i64 => visit_i64(0),
        deserialize_u8 => visit_u64(0),
        deserialize_u16 => visit_u64(0),
        deserialize_u32 => visit_u64(0),
        deserialize_u64 => visit_u64(0),
        deserialize_f32 => visit_f64(0.0),
        deserialize_f64 => visit_f64(0.0),
        deserialize_str => visit_borrowed_str(""),
        deserialize_string => visit_borrowed_str(""),
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

/// What is not negative is unsigned, as JSON libraries have it.
fn integer<'de, V: Visitor<'de>>(int: i64, visitor: V) -> Result<V::Value, Error> {
    match u64::try_from(int) {
        Ok(int) => visitor.visit_u64(int),
        Err(_) => visitor.visit_i64(int),
    }
}

/// Go writes a float that is whole without fraction or exponent, which makes it an integer from
/// then on (KC-29): the shortest digits that mean the float, and zeros.
fn number<'de, V: Visitor<'de>>(float: f64, visitor: V) -> Result<V::Value, Error> {
    let text = alloc::format!("{float}");
    if let Ok(int) = text.parse() {
        visitor.visit_u64(int)
    } else if let (Ok(int), true) = (text.parse(), float != 0.0) {
        visitor.visit_i64(int)
    } else {
        visitor.visit_f64(float)
    }
}

struct Items<'de> {
    document: &'de Document<'de>,
    items: Enumerate<slice::Iter<'de, Id>>,
}

impl<'de> Items<'de> {
    /// The items of a list; none of anything else.
    fn of(node: Node<'de>) -> Self {
        Self { document: node.document, items: node.item_ids().iter().enumerate() }
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some((index, id)) = self.items.next() else { return Ok(None) };
        let item = Node { document: self.document, id: *id };
        match seed.deserialize(item) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.at_line(item.line()).in_item(index)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries<'de> {
    document: &'de Document<'de>,
    entries: slice::Iter<'de, (Id, Id)>,
    /// The entry whose key has been taken and whose value has not.
    current: Option<(&'de str, Node<'de>)>,
}

impl<'de> Entries<'de> {
    /// The entries of a mapping; none of anything else.
    fn of(node: Node<'de>) -> Self {
        Self { document: node.document, entries: node.entry_ids().iter(), current: None }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        let name = self.document.key(*key).unwrap_or_default();
        let value = Node { document: self.document, id: *value };
        self.current = Some((name, value));
        match seed.deserialize(BorrowedStrDeserializer::new(name)) {
            Ok(key) => Ok(Some(key)),
            Err(error) => Err(Error::at_line(error, value.line()).in_field(name)),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((name, value)) = self.current.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(value).map_err(|error| error.at_line(value.line()).in_field(name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use serde::Deserialize;

    use crate::yaml::{Limits, from_slice, parse};

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Entry {
        name: String,
        flag: bool,
        count: u16,
        ratio: f32,
        list: Vec<String>,
        map: BTreeMap<String, String>,
        inner: Option<Inner>,
        body: Inner,
        any: serde_json::Value,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Inner {
        value: String,
    }

    #[test]
    fn kc_25_null_is_the_zero_value_of_every_kind() {
        let nulls =
            "{name: , flag: ~, count: null, ratio: , list: , map: , inner: , body: , any: }";
        assert_eq!(from_slice::<Entry>(nulls.as_bytes()).unwrap(), Entry::default());
        let entries: Vec<Entry> = from_slice(b"[null, {}]").unwrap();
        assert_eq!(entries, [Entry::default(), Entry::default()]);
        let entry: Entry = from_slice(b"{list: [~], map: {k: }}").unwrap();
        assert_eq!((entry.list, entry.map["k"].as_str()), (Vec::from([String::new()]), ""));
    }

    #[test]
    fn kc_24_kinds_are_not_mixed() {
        for (text, expected) in [
            ("name: 12", "line 1: name: expected a string, found a number"),
            ("name: yes", "line 1: name: expected a string, found a boolean"),
            ("name: [a]", "line 1: name: expected a string, found a list"),
            ("flag: 'true'", "line 1: flag: expected a boolean, found a string"),
            ("count: -1", "line 1: count: expected u16, found a number that is not one"),
            ("count: 1.5", "line 1: count: expected u16, found a number"),
            ("list: {a: b}", "line 1: list: expected a sequence, found a mapping"),
            ("list:\n- a\n- 1", "line 3: list[1]: expected a string, found a number"),
            ("map:\n  a.b/c: b\n  c: 1", "line 3: map.c: expected a string, found a number"),
            ("map:\n  a b: 1", "line 2: map.?: expected a string, found a number"),
            ("inner: {value: 1}", "line 1: inner.value: expected a string, found a number"),
            ("- a", "line 1: expected struct Entry, found a list"),
        ] {
            assert_eq!(from_slice::<Entry>(text.as_bytes()).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn whole_floats_are_integers() {
        let entry: Entry = from_slice(b"{count: 1e3, ratio: 2}").unwrap();
        assert_eq!((entry.count, entry.ratio), (1000, 2.0));
        let any: serde_json::Value =
            from_slice(b"[1.0, -2.0, 1.5, 1e19, 12345678901234567890.0, 1e21]").unwrap();
        assert_eq!(any.to_string(), "[1,-2,1.5,10000000000000000000,12345678901234567000,1e+21]");
    }

    #[test]
    fn text_can_be_borrowed_from_the_document() {
        let document = parse(b"[plain, \"escaped\\n\"]", &Limits::default()).unwrap();
        let texts: Vec<&str> = document.root().unwrap().deserialize().unwrap();
        assert_eq!(texts, ["plain", "escaped\n"]);
    }
}
