//! How a document is written: where in the text each of its nodes stands, for who wants to change
//! the text and leave the rest of it alone.

use alloc::vec::Vec;

use super::document::Id;
use super::event::At;

/// How a value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Style {
    /// A scalar without quotes, or nothing at all.
    #[default]
    Plain,
    /// A scalar between quotes.
    Quoted,
    /// A scalar after `|` or `>`.
    TextBlock,
    /// A list or mapping between brackets.
    Flow,
    /// A list or mapping of indented lines.
    Lines,
    /// `*name`.
    Alias,
}

/// Where a node stands, and how it is written.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its first byte, after anchor and tag. Of a text block: of its content.
    pub(super) start: u32,
    /// The byte after its last. Of a text block and of lines: about where the next thing starts.
    pub(super) end: u32,
    pub(super) style: Style,
    pub(super) anchored: bool,
    pub(super) tagged: bool,
    /// What stands before it in its collection: of a value its key, of an item the item before.
    pub(super) previous: Option<Id>,
    /// What stands last in it.
    pub(super) last: Option<Id>,
    /// The nodes from its own on and before this one stand in it.
    pub(super) bound: Id,
    /// Whether its entries are those written in it: there is no merge key and no key twice.
    pub(super) exact: bool,
}

impl Place {
    pub(super) fn new(at: At, id: Id, previous: Option<Id>) -> Self {
        Self {
            start: at.start,
            end: at.end,
            style: at.style,
            anchored: at.anchored,
            tagged: at.tagged,
            previous,
            last: None,
            bound: id.saturating_add(1),
            exact: true,
        }
    }
}

/// The places of all nodes.
#[derive(Default)]
pub(super) struct Layout {
    /// By [`Id`].
    pub(super) places: Vec<Place>,
    /// Which mapping takes entries from which anchored one, through a merge key.
    pub(super) merges: Vec<(Id, Id)>,
    /// The keys that stand in their mapping for a second time.
    pub(super) repeated: Vec<Id>,
}

impl Layout {
    /// A key's text that is a node of its own stands where the key does.
    pub(super) fn repeat(&mut self, id: Id) {
        if let Some(place) = self.places.get(id as usize) {
            self.places.push(*place);
        }
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Place> {
        self.places.get_mut(id as usize)
    }
}
