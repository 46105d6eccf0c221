//! The events a document is composed from, and the parser they come from.
//!
//! The parser stands behind a trait of one method, so that it can be changed without touching the
//! rules for what its events mean.

use alloc::borrow::Cow;

use granit_parser::{ErrorKind, Parser, ScalarStyle, StructureStyle};

use super::error::Error;
use super::input::Text;
use super::layout::Style;

/// One step of a YAML stream. Comments are not told.
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

/// Where an event stands, and how it is written.
#[derive(Clone, Copy, Default)]
pub(super) struct At {
    /// Counted from 1.
    pub(super) line: u32,
    /// The first byte in the text.
    pub(super) start: u32,
    /// The byte after its last. Blocks of text and of lines end where the next event starts.
    pub(super) end: u32,
    /// That of a value.
    pub(super) style: Style,
    /// Whether a value has an anchor.
    pub(super) anchored: bool,
    /// Whether a value has a tag.
    pub(super) tagged: bool,
}

/// Where events come from.
pub(super) trait EventSource<'a> {
    /// The next event; after `StreamEnd` or an error there is none to be asked for.
    fn next_event(&mut self) -> Result<(Event<'a>, At), Error>;
}

/// Events of `granit-parser`.
pub(super) struct Granit<'a>(Parser<'a, Text<'a>>);

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
        Self(Parser::with_options(Text::new(text), options))
    }
}

impl<'a> EventSource<'a> for Granit<'a> {
    fn next_event(&mut self) -> Result<(Event<'a>, At), Error> {
        use granit_parser::Event as E;
        loop {
            let Some(next) = self.0.next_event() else {
                let at = At::default();
                return Ok((Event::StreamEnd, at));
            };
            let (event, span) = next.map_err(|e| syntax(e.kind()).at_line(line(e.marker())))?;
            let at = at(&event, &span);
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
            return Ok((event, at));
        }
    }
}

fn at(event: &granit_parser::Event<'_>, span: &granit_parser::Span) -> At {
    use granit_parser::Event as E;
    let (style, anchor, tag) = match event {
        E::Alias(_) => (Style::Alias, 0, &None),
        E::Scalar(_, style, anchor, tag) => {
            let style = match style {
                ScalarStyle::Plain => Style::Plain,
                ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                ScalarStyle::Literal | ScalarStyle::Folded => Style::TextBlock,
            };
            (style, *anchor, tag)
        }
        E::SequenceStart(style, anchor, tag) | E::MappingStart(style, anchor, tag) => {
            let flow = *style == StructureStyle::Flow;
            (if flow { Style::Flow } else { Style::Lines }, *anchor, tag)
        }
        _ => (Style::Plain, 0, &None),
    };
    At {
        line: line(&span.start),
        start: offset(&span.start),
        end: offset(&span.end),
        style,
        anchored: anchor != 0,
        tagged: tag.is_some(),
    }
}

/// A text that is longer is not parsed.
fn offset(marker: &granit_parser::Marker) -> u32 {
    marker.byte_offset().and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX)
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
