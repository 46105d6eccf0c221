//! The events a document is composed from, and the parser they come from.
//!
//! The parser stands behind a trait of one method, so that it can be changed without touching the
//! rules for what its events mean.

use alloc::borrow::Cow;

use granit_parser::{ErrorKind, Parser, ScalarStyle, StrInput};

use super::error::Error;

/// One step of a YAML stream. Comments and the style of collections are not told.
pub(super) enum Event<'a> {
    DocumentStart {
        version: Option<(u32, u32)>,
    },
    DocumentEnd,
    StreamEnd,
    Alias(usize),
    Scalar {
        text: Cow<'a, str>,
        plain: bool,
        tag: Tag,
        anchor: Option<usize>,
    },
    ListStart {
        anchor: Option<usize>,
    },
    MapStart {
        anchor: Option<usize>,
    },
    /// The end of the innermost open list or mapping.
    End,
}

/// A scalar's tag, as far as Go looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// No tag: the style and the text decide.
    Absent,
    /// `!`, which makes a plain scalar a string.
    NonSpecific,
    Str,
    Bool,
    Int,
    Float,
    Null,
    Timestamp,
    Binary,
    Merge,
    /// Any other tag; the scalar is a string.
    Foreign,
}

/// Where events come from, each with its line counted from 1.
pub(super) trait EventSource<'a> {
    /// The next event; after `StreamEnd` or an error there is none to be asked for.
    fn next_event(&mut self) -> Result<(Event<'a>, u32), Error>;
}

/// Events of `granit-parser`.
pub(super) struct Granit<'a>(Parser<'a, StrInput<'a>>);

impl<'a> Granit<'a> {
    /// `depth` bounds nested flow collections and nested block collections, each.
    pub(super) fn new(text: &'a str, depth: usize) -> Self {
        let options = granit_parser::options! {
            emit_comments: false,
            bom_inside_document_as_content: true,
            block_scalar_eof_without_line_feed: true,
            flow_nesting_limit: depth,
            block_nesting_limit: depth,
        };
        Self(Parser::new_from_str_with_options(text, options))
    }
}

impl<'a> EventSource<'a> for Granit<'a> {
    fn next_event(&mut self) -> Result<(Event<'a>, u32), Error> {
        use granit_parser::Event as E;
        loop {
            let Some(next) = self.0.next_event() else {
                return Ok((Event::StreamEnd, 0));
            };
            let (event, span) = next.map_err(|e| syntax(e.kind()).at_line(line(e.marker())))?;
            let event = match event {
                E::StreamEnd => Event::StreamEnd,
                E::DocumentStart(_, version) => {
                    Event::DocumentStart { version: version.map(|v| (v.major, v.minor)) }
                }
                E::DocumentEnd => Event::DocumentEnd,
                E::Alias(id) => Event::Alias(id),
                E::Scalar(text, style, anchor, tag) => Event::Scalar {
                    text,
                    plain: style == ScalarStyle::Plain,
                    tag: tag.map_or(Tag::Absent, |tag| known_tag(&tag)),
                    anchor: defined(anchor),
                },
                E::SequenceStart(_, anchor, _) => Event::ListStart { anchor: defined(anchor) },
                E::MappingStart(_, anchor, _) => Event::MapStart { anchor: defined(anchor) },
                E::SequenceEnd | E::MappingEnd => Event::End,
                // The stream's start, and presentation only: neither is data.
                _ => continue,
            };
            return Ok((event, line(&span.start)));
        }
    }
}

/// Anchor 0 means that there is none.
fn defined(anchor: usize) -> Option<usize> {
    (anchor != 0).then_some(anchor)
}

fn line(marker: &granit_parser::Marker) -> u32 {
    u32::try_from(marker.line()).unwrap_or(u32::MAX)
}

fn known_tag(tag: &granit_parser::Tag) -> Tag {
    if tag.parts() == ("", "!") || tag.parts() == ("!", "") {
        return Tag::NonSpecific;
    }
    match tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() {
        Some("str") => Tag::Str,
        Some("bool") => Tag::Bool,
        Some("int") => Tag::Int,
        Some("float") => Tag::Float,
        Some("null") => Tag::Null,
        Some("timestamp") => Tag::Timestamp,
        Some("binary") => Tag::Binary,
        Some("merge") => Tag::Merge,
        _ => Tag::Foreign,
    }
}

/// The parser's words for what is wrong, save those that quote the input.
fn syntax(kind: &ErrorKind) -> Error {
    use alloc::string::ToString;
    match kind {
        ErrorKind::UnexpectedCharacter { .. } => Error::new("unexpected character"),
        ErrorKind::RecursionLimitExceeded => Error::new(TOO_DEEP),
        ErrorKind::InputDecoding { .. } | ErrorKind::InputIo { .. } | ErrorKind::Custom(_) => {
            Error::new("the text cannot be read")
        }
        kind => Error::new(kind.to_string()),
    }
}

/// Both the parser's own limit and the document's say this.
pub(super) const TOO_DEEP: &str = "lists and mappings are nested too deep";
