//! A document: its nodes in one arena, and the way to walk them.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use serde::Deserialize;
use zeroize::Zeroize as _;

use super::error::Error;
use super::layout::Layout;

/// How much a document may ask of its reader. Whatever exceeds a limit is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of input, before decoding. kubectl has no such limit; no real kubeconfig comes near.
    pub input: usize,
    /// Values, keys, lists and mappings in the document, and entries that merge keys copy.
    pub nodes: usize,
    /// Lists and mappings within one another. kubectl stops at 10 000.
    pub depth: usize,
    /// Bytes that aliases may repeat, on top of ten times the input.
    ///
    /// Go's own rule (how many of all values may come from aliases) holds besides.
    pub alias_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { input: 64 << 20, nodes: 4_000_000, depth: 256, alias_bytes: 16 << 20 }
    }
}

/// The first document of a YAML text.
///
/// Its aliases are known to end, its merge keys are applied, of equal keys the last is kept and
/// every scalar is resolved as Go resolves it.
pub struct Document<'a> {
    pub(super) nodes: Vec<Stored<'a>>,
    /// The items of all lists, each list's in a row.
    pub(super) items: Vec<Id>,
    /// The entries of all mappings, each mapping's in a row. Keys are texts.
    pub(super) entries: Vec<(Id, Id)>,
    pub(super) root: Option<Id>,
    /// For who asked for it.
    pub(super) layout: Option<Layout>,
}

/// A node's place in [`Document::nodes`].
pub(super) type Id = u32;

pub(super) struct Stored<'a> {
    pub(super) content: Content<'a>,
    pub(super) line: u32,
}

/// What a node is.
pub(super) enum Content<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond `i64`.
    UInt(u64),
    Float(f64),
    Text(Cow<'a, str>),
    /// A range of [`Document::items`].
    List(Extent),
    /// A range of [`Document::entries`].
    Map(Extent),
    /// Another name of a node that is no alias itself.
    Alias(Id),
}

/// A range in two words.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Extent {
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

static NOTHING: Stored<'static> = Stored { content: Content::Null, line: 1 };

impl<'a> Document<'a> {
    /// The document's one value; `None` when there is none, only blanks and comments (KC-10).
    #[must_use]
    pub fn root(&self) -> Option<Node<'_>> {
        self.root.map(|id| Node { document: self, id })
    }

    /// The keys that stand in their mapping for a second time, with their lines; for a document
    /// that was read with its layout. Of merge keys and what they bring nothing is said.
    pub(crate) fn repeated_keys(&self) -> impl Iterator<Item = (&str, u32)> {
        let keys = self.layout.iter().flat_map(|layout| &layout.repeated);
        keys.filter_map(|id| Some((self.key(*id)?, self.stored(*id).line)))
    }

    /// The root, or a null in place of one.
    pub(super) fn root_or_null(&self) -> Node<'_> {
        Node { document: self, id: self.root.unwrap_or(Id::MAX) }
    }

    pub(super) fn stored(&self, id: Id) -> &Stored<'a> {
        self.nodes.get(id as usize).unwrap_or(&NOTHING)
    }

    /// The content of a node, aliases followed.
    pub(super) fn content(&self, id: Id) -> &Content<'a> {
        match &self.stored(id).content {
            Content::Alias(target) => &self.stored(*target).content,
            content => content,
        }
    }

    /// The text of a key; every key has one once the document is composed and checked.
    pub(super) fn key(&self, id: Id) -> Option<&str> {
        match self.content(id) {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn items(&self, list: Extent) -> &[Id] {
        self.items.get(list.range()).unwrap_or_default()
    }

    pub(super) fn entries(&self, map: Extent) -> &[(Id, Id)] {
        self.entries.get(map.range()).unwrap_or_default()
    }
}

/// Wipes what had to be copied out of the text: scalars with escapes or of several lines.
impl Drop for Document<'_> {
    fn drop(&mut self) {
        for stored in &mut self.nodes {
            if let Content::Text(Cow::Owned(text)) = &mut stored.content {
                text.zeroize();
            }
        }
    }
}

/// Says how big it is and nothing of what is in it.
impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

/// A value in a [`Document`], aliases followed.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    pub(super) document: &'d Document<'d>,
    pub(super) id: Id,
}

impl<'d> Node<'d> {
    /// The line the value stands on, counted from 1. For an alias: where the alias stands.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.document.stored(self.id).line
    }

    /// The value of `key`, when this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Self> {
        self.entries().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The items in order, when this is a list; else nothing.
    pub fn items(&self) -> impl ExactSizeIterator<Item = Self> + use<'d> {
        let document = self.document;
        self.item_ids().iter().map(move |id| Node { document, id: *id })
    }

    /// The keys and values, when this is a mapping; else nothing.
    ///
    /// Every key comes once, at its first place with its last value. Keys that are numbers or
    /// booleans in YAML are the strings that kubectl makes of them.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&'d str, Self)> + use<'d> {
        let document = self.document;
        self.entry_ids().iter().map(move |(key, value)| {
            (document.key(*key).unwrap_or_default(), Node { document, id: *value })
        })
    }

    /// As [`Node::entries`], with the line that each key stands on.
    pub(crate) fn fields(&self) -> impl ExactSizeIterator<Item = (&'d str, u32, Self)> + use<'d> {
        let document = self.document;
        self.entry_ids().iter().map(move |(key, value)| {
            let name = document.key(*key).unwrap_or_default();
            (name, document.stored(*key).line, Node { document, id: *value })
        })
    }

    /// Whether this is null: `null`, `~` or nothing at all.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.content(), Content::Null)
    }

    /// The text, when this is a string. An unquoted `12` or `yes` is none (KC-24).
    #[must_use]
    pub fn as_str(&self) -> Option<&'d str> {
        match self.content() {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Fills a `T`, as kubectl fills its typed fields: null is the zero value (KC-25), a number
    /// or a boolean is no string (KC-24), unknown fields are ignored if `T` ignores them.
    ///
    /// # Errors
    /// When the value does not fit `T`; the path of the error starts at this node.
    pub fn deserialize<T: Deserialize<'d>>(&self) -> Result<T, Error> {
        T::deserialize(*self).map_err(|error| error.at_line(self.line()))
    }

    pub(super) fn content(&self) -> &'d Content<'d> {
        self.document.content(self.id)
    }

    pub(super) fn item_ids(&self) -> &'d [Id] {
        match self.content() {
            Content::List(list) => self.document.items(*list),
            _ => &[],
        }
    }

    pub(super) fn entry_ids(&self) -> &'d [(Id, Id)] {
        match self.content() {
            Content::Map(map) => self.document.entries(*map),
            _ => &[],
        }
    }
}

/// Says which kind it is and where, not what is in it.
impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.content() {
            Content::Null => "null",
            Content::Bool(_) => "boolean",
            Content::Int(_) | Content::UInt(_) | Content::Float(_) => "number",
            Content::Text(_) => "string",
            Content::List(_) => "list",
            Content::Map(_) => "mapping",
            Content::Alias(_) => "alias",
        };
        write!(f, "Node({kind}, line {})", self.line())
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use crate::yaml::{Limits, parse};

    const TEXT: &[u8] = b"\
base: &base
  server: one
  insecure: yes
users:
- name: a
  user: {token: 12}
-
own:
  server: two
  <<: *base
  010: eight
alias: *base
";

    #[test]
    fn values_are_found_with_their_lines() {
        let document = parse(TEXT, &Limits::default()).unwrap();
        let root = document.root().unwrap();
        let users = root.get("users").unwrap();
        let lines: Vec<u32> = users.items().map(|user| user.line()).collect();
        assert_eq!(lines, [5, 7]);
        let token = users.items().next().unwrap().get("user").unwrap().get("token").unwrap();
        assert_eq!((token.line(), token.as_str()), (6, None));
        assert!(users.items().nth(1).unwrap().is_null());
        assert_eq!((root.get("none").is_none(), users.get("name").is_none()), (true, true));
    }

    #[test]
    fn merged_and_aliased_values_are_where_they_were_written() {
        let document = parse(TEXT, &Limits::default()).unwrap();
        let root = document.root().unwrap();
        let own: Vec<_> = root.get("own").unwrap().entries().collect();
        let own: Vec<_> = own.iter().map(|(key, value)| (*key, value.line())).collect();
        assert_eq!(own, [("server", 2), ("insecure", 3), ("8", 11)]);
        let alias = root.get("alias").unwrap();
        assert_eq!((alias.line(), alias.get("server").unwrap().line()), (12, 2));
        assert_eq!(alias.get("server").unwrap().as_str(), Some("one"));
    }

    #[test]
    fn nothing_of_the_text_is_in_debug_output() {
        let document = parse(TEXT, &Limits::default()).unwrap();
        let shown = alloc::format!("{document:?} {:?}", document.root().unwrap().get("base"));
        assert_eq!(shown, "Document { nodes: 28, .. } Some(Node(mapping, line 2))");
    }
}
