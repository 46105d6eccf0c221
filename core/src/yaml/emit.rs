//! Writing YAML that every reader takes for what was meant.
//!
//! Block style, two blanks a level, lists under their key, as kubectl writes it. A string that is
//! not plainly a string is quoted, and a quoted string is one line of escapes: nothing depends on
//! a reader's folding, its version of YAML or its idea of a line break.

use alloc::string::String;
use core::fmt::{self, Write as _};

use serde::ser::{self, Serialize, Serializer};

use super::error::Error;
use super::quote;

/// Writes `value` as one YAML document, ending in a line feed.
///
/// Fields come in the order in which `value` gives them. Text that kubectl (YAML 1.1) or others
/// would take for something else is quoted, so that it reads back as it was (KC-85).
///
/// # Errors
/// When `value` has a number that is not finite, or a key that is no string.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    let mut out = String::new();
    value.serialize(Writer { out: &mut out, place: Place::Root, column: 0 })?;
    Ok(out)
}

/// Writes one value and the line feed after it.
struct Writer<'o> {
    out: &'o mut String,
    place: Place,
    /// Where the collection that this value is in starts its lines.
    column: usize,
}

/// Where a value stands, which decides what goes before it.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    /// After `key:`.
    Entry,
    /// After `- `.
    Item,
}

impl<'o> Writer<'o> {
    fn scalar(self, text: impl fmt::Display) -> Result<(), Error> {
        let blank = if self.place == Place::Entry { " " } else { "" };
        writeln!(self.out, "{blank}{text}").map_err(|_| Error::new("a value cannot be written"))
    }

    fn list(self) -> Collection<'o> {
        let column = match self.place {
            Place::Root => 0,
            Place::Entry => self.column,
            Place::Item => self.column + 2,
        };
        Collection { out: self.out, place: self.place, column, empty: Some("[]") }
    }

    fn map(self) -> Collection<'o> {
        let column = match self.place {
            Place::Root => 0,
            Place::Entry | Place::Item => self.column + 2,
        };
        Collection { out: self.out, place: self.place, column, empty: Some("{}") }
    }

    /// Writes the name of an enum's variant; its content is to follow.
    fn variant(self, name: &str) -> Self {
        let mut around = self.map();
        around.key(name);
        Self { out: around.out, place: Place::Entry, column: around.column }
    }
}

/// A list or a mapping being written.
struct Collection<'o> {
    out: &'o mut String,
    place: Place,
    column: usize,
    /// What to write if nothing comes; taken when something does.
    empty: Option<&'static str>,
}

impl Collection<'_> {
    /// Starts a line for the next child. The first child of an item or of the root goes on where
    /// the collection stands.
    fn line(&mut self) {
        let first = self.empty.take().is_some();
        if first && self.place == Place::Entry {
            self.out.push('\n');
        }
        if !first || self.place == Place::Entry {
            self.out.extend(core::iter::repeat_n(' ', self.column));
        }
    }

    fn item(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.line();
        self.out.push_str("- ");
        value.serialize(Writer { out: self.out, place: Place::Item, column: self.column })
    }

    fn key(&mut self, name: &str) {
        /// Readers give up on a key without `?` after 1024 characters.
        const LONG: usize = 1000;
        self.line();
        let start = self.out.len();
        quote::text(self.out, name);
        if self.out.len() - start > LONG {
            self.out.insert_str(start, "? ");
            self.out.push('\n');
            self.out.extend(core::iter::repeat_n(' ', self.column));
        }
        self.out.push(':');
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        value.serialize(Writer { out: self.out, place: Place::Entry, column: self.column })
    }

    fn finish(self) -> Result<(), Error> {
        match self.empty {
            None => Ok(()),
            Some(empty) => {
                Writer { out: self.out, place: self.place, column: self.column }.scalar(empty)
            }
        }
    }
}

macro_rules! displayed {
    ($($method:ident($type:ty),)*) => {$(
        fn $method(self, value: $type) -> Result<(), Error> {
            self.scalar(value)
        }
    )*};
}

impl<'o> Serializer for Writer<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Collection<'o>;
    type SerializeTuple = Collection<'o>;
    type SerializeTupleStruct = Collection<'o>;
    type SerializeTupleVariant = Collection<'o>;
    type SerializeMap = Collection<'o>;
    type SerializeStruct = Collection<'o>;
    type SerializeStructVariant = Collection<'o>;

    displayed! {
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        if !value.is_finite() {
            return Err(Error::new("infinity and not-a-number cannot be written"));
        }
        self.scalar(format_args!("{value:?}"))
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        if self.place == Place::Entry {
            self.out.push(' ');
        }
        quote::text(self.out, value);
        self.out.push('\n');
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.scalar("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.scalar("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.scalar("null")
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self.variant(variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Collection<'o>, Error> {
        Ok(self.list())
    }

    fn serialize_tuple(self, _: usize) -> Result<Collection<'o>, Error> {
        Ok(self.list())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Collection<'o>, Error> {
        Ok(self.list())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Collection<'o>, Error> {
        Ok(self.variant(variant).list())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Collection<'o>, Error> {
        Ok(self.map())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Collection<'o>, Error> {
        Ok(self.map())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Collection<'o>, Error> {
        Ok(self.variant(variant).map())
    }
}

macro_rules! list_of {
    ($($trait:ident::$method:ident,)*) => {$(
        impl ser::$trait for Collection<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        }
    )*};
}

list_of! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

macro_rules! map_of {
    ($($trait:ident,)*) => {$(
        impl ser::$trait for Collection<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.key(name);
                self.value(value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        }
    )*};
}

map_of! { SerializeStruct, SerializeStructVariant, }

impl ser::SerializeMap for Collection<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        match serde_json::to_value(key) {
            Ok(serde_json::Value::String(name)) => {
                self.key(&name);
                Ok(())
            }
            _ => Err(Error::new("a key must be a string")),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}
