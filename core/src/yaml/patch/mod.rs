//! Changing what a YAML text means, and as little of the text as that takes.
//!
//! A [`Tree`] says what the document is to mean. Where it is as it was, the text is: comments, the
//! order of keys, quotes, unknown fields, anchors. Whatever comes out has been read again and means
//! what was wanted; if something of the text stands in the way, more of it is written anew, up to
//! all of it.

mod block;
mod flow;
mod page;
mod plan;
mod source;
mod splice;
mod tree;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use self::tree::Tree;

use alloc::borrow::Cow;

use zeroize::Zeroize as _;

use self::page::Page;
use self::plan::{Plan, Way};
use self::source::Source;
use self::splice::Splices;
use self::tree::Value;
use self::write::Manner;
use super::compose::parse_with_layout;
use super::document::{Document, Id, Limits};
use super::error::Error;
use super::layout::Style;
use super::{parse, text};
use crate::secret::Secret;

type Entries<'d> = [(Cow<'d, str>, Tree<'d>)];

/// How much had to be written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rewritten {
    /// Only what changed; where other places share it through an alias, those too.
    Fields,
    /// Entries that have a change in them, as wholes: comments within them are gone.
    Entries,
    /// The file: all comments are gone.
    File,
}

/// Reads a text that is to be changed.
///
/// # Errors
/// As [`parse`].
pub(crate) fn open(bytes: &[u8]) -> Result<Document<'_>, Error> {
    parse_with_layout(bytes, &Limits::default())
}

/// The text of `document`, which was [opened](open) from `bytes`, changed so that it means `tree`.
///
/// # Errors
/// When no text could be made that does.
pub(crate) fn apply<'d>(
    bytes: &[u8],
    document: &'d Document<'d>,
    tree: &Tree<'d>,
) -> Result<(Secret, Rewritten), Error> {
    let encoding = text::Encoding::of(bytes);
    let text = Wiped(text::decode(bytes)?);
    let source = Source { text: &text.0, document };
    // An entry is an item of a list in the root.
    let levels = [(usize::MAX, Rewritten::Fields), (2, Rewritten::Entries), (0, Rewritten::File)];
    for (depth, rewritten) in levels {
        let Some(splices) = Patcher::new(source, tree, depth).run(tree) else { continue };
        let original = Wiped(encoding.characters(bytes)?);
        let place = text::places_before_breaks(&original.0);
        let newline = Manner::of(source).newline;
        let Some(page) = splices.apply(&original.0, newline, place) else { continue };
        let changed = encoding.encode(page.as_str());
        let is_right = parse(changed.expose(), &Limits::default())
            .is_ok_and(|document| tree.is(document.root_or_null()));
        if is_right {
            return Ok((changed, rewritten));
        }
    }
    Err(Error::new("the text cannot be changed so that it reads back as wanted"))
}

/// A text that means `tree`, in the manner of kubectl.
pub(crate) fn to_yaml(tree: &Tree<'_>) -> Secret {
    let mut page = Page::default();
    Manner::kubectl(false).block(&mut page, tree, 0);
    page.push("\n");
    Secret::from(page.as_str())
}

/// The same as JSON.
pub(crate) fn to_json(tree: &Tree<'_>) -> Secret {
    let mut page = Page::default();
    Manner::kubectl(true).flow(&mut page, &tree.spelled_out(), Some(""));
    page.push("\n");
    Secret::from(page.as_str())
}

/// A text that is wiped if it is a copy.
struct Wiped<'t>(Cow<'t, str>);

impl Drop for Wiped<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.0 {
            text.zeroize();
        }
    }
}

struct Patcher<'d> {
    source: Source<'d>,
    plan: Plan<'d>,
    manner: Manner,
    splices: Splices,
    /// Whether the text around the current collection is between brackets.
    in_brackets: bool,
}

impl<'d> Patcher<'d> {
    fn new(source: Source<'d>, tree: &Tree<'d>, depth: usize) -> Self {
        Self {
            source,
            plan: Plan::new(source, tree, depth),
            manner: Manner::of(source),
            splices: Splices::default(),
            in_brackets: false,
        }
    }

    fn run(mut self, tree: &Tree<'d>) -> Option<Splices> {
        let Some(root) = self.source.document.root else {
            let mut page = Page::default();
            self.manner.block(&mut page, tree, 0);
            self.splices.insert_lines(self.source.text.len(), page);
            return Some(self.splices);
        };
        match self.plan.way(tree, root, 0) {
            Way::Keep => {}
            Way::Within => self.within(tree, root, 0)?,
            Way::Whole => self.replace_root(root, tree)?,
        }
        Some(self.splices)
    }

    /// Writes the whole document in place of the old one.
    fn replace_root(&mut self, root: Id, tree: &Tree<'d>) -> Option<()> {
        let place = self.source.place(root)?;
        if place.anchored || place.tagged {
            return None;
        }
        let range = place.start as usize..self.source.end(root)?;
        let mut page = Page::default();
        match place.style {
            Style::Flow => self.manner.flow(&mut page, &tree.spelled_out(), Some("")),
            Style::Lines => self.manner.block(&mut page, tree, 0),
            _ => {
                // A comment may follow, or it may stand behind the document's start.
                self.manner.block(&mut page, tree, 0);
                self.splices.insert_lines(self.source.line_after(range.end)?, page);
                return self.delete_with_blanks(&range);
            }
        }
        self.splices.replace(range, page);
        Some(())
    }

    /// Changes a collection within.
    fn within(&mut self, tree: &Tree<'d>, id: Id, depth: usize) -> Option<()> {
        let around = self.in_brackets;
        let brackets = self.source.place(id)?.style == Style::Flow;
        self.in_brackets = brackets;
        match (&*tree.spelled_out(), brackets) {
            (Value::List(items), true) => self.list_in_brackets(items, id, depth),
            (Value::List(items), false) => self.list_of_lines(items, id, depth),
            (Value::Map(entries), true) => self.map_in_brackets(entries, id, depth),
            (Value::Map(entries), false) => self.map_of_lines(entries, id, depth),
            _ => None,
        }?;
        self.in_brackets = around;
        Some(())
    }
}
