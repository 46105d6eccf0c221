//! What a provider says of a failure in a JSON document that is none of OAuth 2.0 (RFC 6749, 5.2):
//! those of gateways, and of providers with a format of their own.

use super::redact;
use crate::secret::Secret;
use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Members that hold a message, the most telling first; in small letters and without what joins
/// words, so that `errorDescription`, `Error-Description` and `error_description` are one.
const NAMES: [&str; 18] = [
    "errordescription",
    "errorsummary",
    "errormessage",
    "usermessage",
    "developermessage",
    "message",
    "faultstring",
    "detail",
    "details",
    "description",
    "error",
    "errors",
    "title",
    "msg",
    "reason",
    "status",
    "errorcode",
    "code",
];

/// What is deeper than this is not looked at.
const DEPTH: u8 = 5;

/// The most telling message in a document of any shape, cleaned, cut, and without a piece of any
/// secret; `None` if there is none.
pub(super) fn find(json: &[u8], secrets: &[&Secret]) -> Option<String> {
    let mut best = None;
    let seek = Seek { best: &mut best, rank: Some(NAMES.len()), depth: DEPTH };
    let mut reader = serde_json::Deserializer::from_slice(json);
    seek.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    let (_, text) = best?;
    Some(redact::description(text.expose_str()?, secrets)).filter(|words| !words.is_empty())
}

/// Looks through a value that stands under a member of this rank.
struct Seek<'a> {
    best: &'a mut Option<(usize, Secret)>,
    rank: Option<usize>,
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.depth {
            0 => deserializer.deserialize_ignored_any(IgnoredAny).map(drop),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if let Some(rank) = self.rank
            && !text.trim().is_empty()
            && self.best.as_ref().is_none_or(|(best, _)| rank < *best)
        {
            *self.best = Some((rank, Secret::from(text)));
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            let rank = NAMES.iter().position(|known| is_named(&name, known));
            let depth = self.depth.saturating_sub(1);
            map.next_value_seed(Seek { best: self.best, rank, depth })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let depth = self.depth.saturating_sub(1);
        while seq.next_element_seed(Seek { best: self.best, rank: self.rank, depth })?.is_some() {}
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Whether this is one of the names, however its words are joined.
fn is_named(name: &str, known: &str) -> bool {
    let letters = name.bytes().filter(|byte| !matches!(byte, b'_' | b'-'));
    letters.map(|byte| byte.to_ascii_lowercase()).eq(known.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oi_23_a_message_is_found_in_any_shape() {
        for (json, message) in [
            (r#"{"error":{"code":400,"message":"Bad grant","status":"INVALID"}}"#, "Bad grant"),
            (
                r#"{"errorCode":"E0000011","errorSummary":"Invalid token provided"}"#,
                "Invalid token provided",
            ),
            (r#"{"errors":[{"code":"X1","message":"One"},{"message":"Two"}]}"#, "One"),
            (r#"{"type":"about:blank","title":"Forbidden","detail":"Not you"}"#, "Not you"),
            (r#"{"message":"no Route matched"}"#, "no Route matched"),
            (r#"{"error":["first","second"]}"#, "first"),
            (r#"{"Error-Description":"so","error":"x"}"#, "so"),
            (r#"{"fault":{"faultString":"Bad key","detail":{"errorcode":"k.1"}}}"#, "Bad key"),
            (r#""just words""#, "just words"),
            (r#"["a list"]"#, "a list"),
            ("{\"message\":\"a\\u001b[31m\\nb\\u202e\"}", "a [31m b"),
        ] {
            assert_eq!(find(json.as_bytes(), &[]).as_deref(), Some(message), "{json}");
        }
        for json in [
            "",
            "<html>",
            "{}",
            "null",
            "7",
            r#"{"data":"x"}"#,
            r#"{"message":" "}"#,
            "{\"message\":\"x\"} y",
        ] {
            assert_eq!(find(json.as_bytes(), &[]), None, "{json}");
        }
        let deep = ["[".repeat(200), "\"x\"".into(), "]".repeat(200)].concat();
        assert_eq!(find(deep.as_bytes(), &[]), None);
    }

    #[test]
    fn oi_23_a_message_shows_no_piece_of_a_secret() {
        let token = Secret::from("ey.0123456789abcdef");
        let json = br#"{"message":"token ey.0123456789abcdef is dead"}"#;
        assert_eq!(find(json, &[&token]).as_deref(), Some("token \u{2026} is dead"));
    }
}
