//! The path of a request, as a person types it.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What may not stand in a request line as it is. `%` may: what comes encoded stays as it is.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A path and query of the API server, fit for a request line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiPath(String);

impl ApiPath {
    /// Reads what was typed: blanks and the like are encoded, everything else stays as it is, order
    /// of the query included.
    ///
    /// # Errors
    /// When it is no path from the root, or has a fragment, which is never sent.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err("a path starts with a slash, such as /version".into());
        }
        if text.contains('#') {
            return Err("a path has no fragment; write %23 for the character #".into());
        }
        Ok(Self(utf8_percent_encode(text, ENCODED).to_string()))
    }

    /// As it goes into a request.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_sent_as_it_is_unless_it_cannot_be() {
        let sent = |text| ApiPath::parse(text).unwrap().0;
        assert_eq!(sent("//a/../b?z=%2F&a=1&a"), "//a/../b?z=%2F&a=1&a");
        assert_eq!(sent("/a b?c=é&d=\"\n"), "/a%20b?c=%C3%A9&d=%22%0A");
        assert!(ApiPath::parse("version").is_err());
        assert!(ApiPath::parse("").is_err());
        assert!(ApiPath::parse("/version#top").is_err());
    }
}
