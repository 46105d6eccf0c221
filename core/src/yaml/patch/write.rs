//! Writing values the way the text around them is written.

use alloc::string::{String, ToString};

use super::page::Page;
use super::source::Source;
use super::tree::{Tree, Value};
use crate::yaml::document::Content;
use crate::yaml::layout::Style;
use crate::yaml::quote;

/// How a text is written.
pub(super) struct Manner {
    /// By how much a mapping stands to the right of the key that it belongs to.
    pub(super) step: usize,
    /// The same of a list.
    pub(super) list_step: usize,
    pub(super) newline: &'static str,
    /// Whether it is JSON.
    pub(super) json: bool,
    /// What brackets that stand on lines of their own indent by.
    pub(super) inner: String,
}

impl Manner {
    /// That of kubectl.
    pub(super) fn kubectl(json: bool) -> Self {
        Self { step: 2, list_step: 0, newline: "\n", json, inner: " ".repeat(4) }
    }

    /// That of the first things that show it, else kubectl's.
    pub(super) fn of(source: Source<'_>) -> Self {
        let line_break = source.text.find('\n').and_then(|end| source.text.get(..end));
        let crlf = line_break.is_some_and(|line| line.ends_with('\r'));
        Self {
            step: step(source, |content| matches!(content, Content::Map(_))).unwrap_or(2).max(1),
            list_step: step(source, |content| matches!(content, Content::List(_))).unwrap_or(0),
            newline: if crlf { "\r\n" } else { "\n" },
            json: is_json(source).unwrap_or(false),
            inner: inner(source).unwrap_or_else(|| "  ".to_string()),
        }
    }

    /// Writes a value that starts at this column and stands on lines of its own if it has any.
    pub(super) fn block(&self, page: &mut Page, tree: &Tree<'_>, column: usize) {
        match &*tree.spelled_out() {
            Value::List(items) if !items.is_empty() => {
                for (nth, item) in items.iter().enumerate() {
                    if nth > 0 {
                        self.line(page, column);
                    }
                    page.push("- ");
                    self.block(page, item, column + 2);
                }
            }
            Value::Map(entries) if !entries.is_empty() => {
                for (nth, (key, value)) in entries.iter().enumerate() {
                    if nth > 0 {
                        self.line(page, column);
                    }
                    self.entry(page, key, value, column);
                }
            }
            value => self.flow(page, value, None),
        }
    }

    /// Writes an entry of a mapping whose keys stand at this column.
    pub(super) fn entry(&self, page: &mut Page, key: &str, value: &Tree<'_>, column: usize) {
        /// Readers give up on a key without `?` after 1024 characters, escapes counted.
        const LONG: usize = 100;
        if key.len() > LONG {
            page.push("? ");
        }
        quote::text(page, key);
        if key.len() > LONG {
            self.line(page, column);
        }
        page.push(":");
        let inner = match &*value.spelled_out() {
            Value::List(items) if !items.is_empty() => column + self.list_step,
            Value::Map(entries) if !entries.is_empty() => column + self.step,
            value => {
                page.push(" ");
                self.flow(page, value, None);
                return;
            }
        };
        self.line(page, inner);
        self.block(page, value, inner);
    }

    /// Writes a value between brackets: on one line, or on lines that start with `indentation`.
    pub(super) fn flow(&self, page: &mut Page, value: &Value<'_>, indentation: Option<&str>) {
        let inner = indentation.map(|indentation| [indentation, &self.inner].concat());
        let inner = inner.as_deref();
        match value {
            Value::List(items) if !items.is_empty() => {
                page.push("[");
                for (nth, item) in items.iter().enumerate() {
                    self.separate(page, nth, inner);
                    self.flow(page, &item.spelled_out(), inner);
                }
                self.inner_line(page, indentation);
                page.push("]");
            }
            Value::Map(entries) if !entries.is_empty() => {
                page.push("{");
                for (nth, (key, value)) in entries.iter().enumerate() {
                    self.separate(page, nth, inner);
                    self.flow_entry(page, key, value, inner);
                }
                self.inner_line(page, indentation);
                page.push("}");
            }
            Value::List(_) => page.push("[]"),
            Value::Map(_) => page.push("{}"),
            Value::Same | Value::Null => page.push("null"),
            Value::Bool(bool) => page.push(if *bool { "true" } else { "false" }),
            Value::Number(number) => page.push(&number.to_string()),
            Value::Text(text) => self.text(page, text.as_str()),
        }
    }

    /// Writes an entry of a mapping between brackets.
    pub(super) fn flow_entry(
        &self,
        page: &mut Page,
        key: &str,
        value: &Tree<'_>,
        indentation: Option<&str>,
    ) {
        self.text(page, key);
        page.push(": ");
        self.flow(page, &value.spelled_out(), indentation);
    }

    fn text(&self, page: &mut Page, text: &str) {
        if self.json { quote::json(page, text) } else { quote::text(page, text) }
    }

    fn separate(&self, page: &mut Page, nth: usize, inner: Option<&str>) {
        if nth > 0 {
            page.push(if inner.is_some() { "," } else { ", " });
        }
        self.inner_line(page, inner);
    }

    fn inner_line(&self, page: &mut Page, indentation: Option<&str>) {
        if let Some(indentation) = indentation {
            page.push(self.newline);
            page.push(indentation);
        }
    }

    fn line(&self, page: &mut Page, column: usize) {
        page.push(self.newline);
        page.push(&" ".repeat(column));
    }
}

/// How far to the right of its key's mapping the first block of that kind stands.
fn step(source: Source<'_>, kind: impl Fn(&Content<'_>) -> bool) -> Option<usize> {
    let layout = source.document.layout.as_ref()?;
    let nodes = source.document.nodes.iter().zip(&layout.places);
    let lines = nodes.filter(|(_, place)| place.style == Style::Lines);
    for (stored, place) in lines {
        let Content::Map(map) = stored.content else { continue };
        for (_, value) in source.document.entries(map) {
            let inner = source.place(*value)?;
            let own = inner.style == Style::Lines && inner.start > place.start;
            if own && kind(&source.document.stored(*value).content) {
                let column = source.column(source.start(*value)?)?;
                return column.checked_sub(source.column(place.start as usize)?);
            }
        }
    }
    None
}

fn is_json(source: Source<'_>) -> Option<bool> {
    let place = source.place(source.document.root?)?;
    let first = source.skip(place.start as usize + 1);
    let first = source.text.as_bytes().get(first);
    Some(place.style == Style::Flow && matches!(first, Some(b'"' | b'}')))
}

/// The blanks before the first thing in the outermost brackets.
fn inner(source: Source<'_>) -> Option<String> {
    let place = source.place(source.document.root?)?;
    let first = source.skip(place.start as usize + 1);
    let own_line = place.style == Style::Flow && source.starts_line(first);
    let indentation = source.indentation(first)?;
    (own_line && !indentation.is_empty()).then(|| indentation.to_string())
}
