//! What is wrong, at which line, in which field; never with which value.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use crate::profile::problem::ProblemKind;
use serde::{de, ser};

/// Why YAML could not be read or written.
///
/// Displays as `line 12: users[0].user.token: expected a string, found a number`. Texts name kinds,
/// lines and fields; a scalar's value never appears in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Detail>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Detail {
    message: Cow<'static, str>,
    line: Option<u32>,
    path: String,
}

impl Error {
    pub(super) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Detail { message: message.into(), line: None, path: String::new() }))
    }

    /// The line, counted from 1, of the value at fault, where it is known.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        self.0.line
    }

    /// The field at fault, such as `users[0].user.token`; empty for the document as a whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What is wrong, without line and path.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Sets the line unless a more precise one is known.
    pub(super) fn at_line(mut self, line: u32) -> Self {
        self.0.line.get_or_insert(line);
        self
    }

    /// Puts the mapping key `key` before the path.
    pub(super) fn in_field(self, key: &str) -> Self {
        self.within(if names_a_field(key) { key } else { "?" })
    }

    /// Puts the list index `index` before the path.
    pub(super) fn in_item(self, index: usize) -> Self {
        self.within(&alloc::format!("[{index}]"))
    }

    fn within(mut self, step: &str) -> Self {
        /// Longer paths lose their end; no field that means anything is so deep.
        const LONG: usize = 256;
        let path = &mut self.0.path;
        if path.len() > LONG {
            path.clear();
            path.push_str("...");
        } else if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, step);
        self
    }
}

/// Whether a key is fit to be shown: a broken file may have a secret where a key should be.
pub(crate) fn names_a_field(key: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b'<');
    !key.is_empty() && key.len() <= 64 && key.bytes().all(plain)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.0.line {
            write!(f, "line {line}: ")?;
        }
        if !self.0.path.is_empty() {
            write!(f, "{}: ", self.0.path)?;
        }
        f.write_str(&self.0.message)
    }
}

impl core::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    // The defaults of these print the value.

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(alloc::format!("expected {expected}, found {}", kind(found)))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(alloc::format!("expected {expected}, found {} that is not one", kind(found)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(alloc::format!("expected one of: {}", expected.join(", ")))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(alloc::format!("unknown field; expected one of: {}", expected.join(", ")))
    }
}

impl ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

fn kind(found: de::Unexpected<'_>) -> &'static str {
    use de::Unexpected;
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Bytes(_) => "bytes",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a mapping",
        _ => "something else",
    }
}

impl From<Error> for ProblemKind {
    fn from(error: Error) -> Self {
        Self::Malformed(error.to_string())
    }
}
