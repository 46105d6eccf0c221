//! What is to be done about each node: nothing, something within it, or all of it written anew.

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Range;

use super::source::Source;
use super::tree::{Tree, Value};
use crate::yaml::document::{Content, Id};
use crate::yaml::layout::Style;

/// What happens to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Keep,
    Within,
    Whole,
}

pub(super) struct Plan<'d> {
    source: Source<'d>,
    /// So many levels down a changed collection may be changed within.
    depth: usize,
    /// Nodes that mean what they did and must be spelled out: aliases of what changes, and mappings
    /// that take entries from it.
    spelled_out: BTreeSet<Id>,
}

impl<'d> Plan<'d> {
    pub(super) fn new(source: Source<'d>, tree: &Tree<'d>, depth: usize) -> Self {
        let mut plan = Self { source, depth, spelled_out: BTreeSet::new() };
        plan.spell_out_aliases(tree);
        plan
    }

    /// What is to happen to the node `id`, so many levels down, for it to mean `tree`.
    pub(super) fn way(&self, tree: &Tree<'d>, id: Id, depth: usize) -> Way {
        if self.spelled_out.contains(&id) {
            return Way::Whole;
        }
        let hidden = self.spelled_out.range(self.inside(id)).next().is_some();
        match (self.is_kept(tree, id), hidden) {
            (true, false) => Way::Keep,
            _ if depth < self.depth && self.is_open(tree, id) => Way::Within,
            _ => Way::Whole,
        }
    }

    /// The nodes that stand in this one, it among them.
    fn inside(&self, id: Id) -> Range<Id> {
        id..self.source.place(id).map_or(id, |place| place.bound)
    }

    /// Whether the node means `tree` and each of its parts has stayed where it was.
    fn is_kept(&self, tree: &Tree<'d>, id: Id) -> bool {
        let Some(was) = tree.was.filter(|was| was.id == id) else { return false };
        match &tree.value {
            Value::Same => true,
            Value::List(items) => {
                let old = was.item_ids();
                matches!(was.content(), Content::List(_))
                    && items.len() == old.len()
                    && items.iter().zip(old).all(|(item, id)| self.is_kept(item, *id))
            }
            Value::Map(entries) => {
                let old = was.entry_ids();
                matches!(was.content(), Content::Map(_))
                    && entries.len() == old.len()
                    && entries.iter().zip(was.entries().zip(old)).all(
                        |((key, value), ((name, _), (_, id)))| {
                            key == name && self.is_kept(value, *id)
                        },
                    )
            }
            _ => tree.is(was),
        }
    }

    /// Whether a collection can be changed within, as far as it takes no look at the text.
    fn is_open(&self, tree: &Tree<'d>, id: Id) -> bool {
        match (&*tree.spelled_out(), &self.source.document.stored(id).content) {
            (Value::List(new), Content::List(_)) => {
                let lines = self.source.place(id).is_some_and(|place| place.style == Style::Lines);
                align(new, self.source.items(id))
                    .is_some_and(|stay| stay.contains(&true) || (lines && !new.is_empty()))
            }
            (Value::Map(new), Content::Map(_)) => self.is_open_map(new, id),
            _ => false,
        }
    }

    /// Something must stay. Where keys come from elsewhere or stand there twice, none may go, and
    /// only what is in charge may change.
    fn is_open_map(&self, new: &[(Cow<'d, str>, Tree<'d>)], id: Id) -> bool {
        let exact = self.source.place(id).is_some_and(|place| place.exact);
        let new = Keys::of(new);
        let mut stay = false;
        for (key, value) in self.source.entries(id) {
            let Some(new) = new.get(self.source.document.key(*key)) else {
                if exact {
                    continue;
                }
                return false;
            };
            stay = true;
            if !exact && !self.stands_in(*value, id) && !self.is_kept(new, *value) {
                return false;
            }
        }
        stay
    }

    /// Whether a node stands in a collection, and has not come by a merge key.
    pub(super) fn stands_in(&self, id: Id, collection: Id) -> bool {
        self.inside(collection).contains(&id)
    }

    /// Finds out which aliases lose what they name: a pass may take away more anchors, so there may
    /// be several.
    fn spell_out_aliases(&mut self, tree: &Tree<'d>) {
        let (document, Some(root)) = (self.source.document, self.source.document.root) else {
            return;
        };
        let merges = document.layout.iter().flat_map(|layout| layout.merges.iter().copied());
        let aliases =
            document.nodes.iter().zip(0..).filter_map(|(stored, id)| match stored.content {
                Content::Alias(target) => Some((id, target)),
                _ => None,
            });
        let references: Vec<(Id, Id)> = aliases.chain(merges).collect();
        while !references.is_empty() {
            let mut changes = Changes::default();
            self.collect(tree, root, 0, &mut changes);
            changes.settle();
            let known = self.spelled_out.len();
            let lost = references.iter().filter(|(from, to)| {
                !changes.is_gone(*from) && (changes.is_gone(*to) || changes.touched.contains(to))
            });
            self.spelled_out.extend(lost.map(|(from, _)| *from));
            if self.spelled_out.len() == known {
                return;
            }
        }
    }

    fn collect(&self, tree: &Tree<'d>, id: Id, depth: usize, changes: &mut Changes) {
        match self.way(tree, id, depth) {
            Way::Keep => return,
            Way::Whole => return changes.gone.push(self.inside(id)),
            Way::Within if !self.is_kept(tree, id) => drop(changes.touched.insert(id)),
            Way::Within => {}
        }
        match &*tree.spelled_out() {
            Value::List(items) => {
                let mut items = items.iter();
                let old = self.source.items(id);
                for (id, stays) in old.iter().zip(align(items.as_slice(), old).unwrap_or_default())
                {
                    match items.as_slice().first().filter(|_| stays) {
                        Some(item) => self.collect(item, *id, depth + 1, changes),
                        None => changes.gone.push(self.inside(*id)),
                    }
                    if stays {
                        items.next();
                    }
                }
            }
            Value::Map(entries) => {
                let new = Keys::of(entries);
                for (key, value) in self.source.entries(id) {
                    match new.get(self.source.document.key(*key)) {
                        Some(new) if self.stands_in(*value, id) => {
                            self.collect(new, *value, depth + 1, changes);
                        }
                        Some(_) => {}
                        None => changes.gone.extend([self.inside(*key), self.inside(*value)]),
                    }
                }
            }
            _ => {}
        }
    }
}

/// What happens to a document.
#[derive(Default)]
struct Changes {
    /// What is deleted or written anew. In order and apart, once it is [settled](Changes::settle).
    gone: Vec<Range<Id>>,
    /// What is changed within.
    touched: BTreeSet<Id>,
}

impl Changes {
    fn settle(&mut self) {
        self.gone.retain(|range| !range.is_empty());
        self.gone.sort_unstable_by_key(|range| range.start);
        self.gone.dedup_by(|next, range| {
            let meets = next.start <= range.end;
            range.end = if meets { range.end.max(next.end) } else { range.end };
            meets
        });
    }

    fn is_gone(&self, id: Id) -> bool {
        let after = self.gone.partition_point(|range| range.start <= id);
        after.checked_sub(1).and_then(|at| self.gone.get(at)).is_some_and(|gone| gone.contains(&id))
    }
}

/// Which of the old items stay, if those come first and in their old order.
pub(super) fn align(new: &[Tree<'_>], old: &[Id]) -> Option<Vec<bool>> {
    let mut new = new.iter().map(|item| item.was.map(|was| was.id)).peekable();
    let stay = old.iter().map(|id| new.next_if_eq(&Some(*id)).is_some()).collect();
    let moved: Vec<Id> = new.flatten().collect();
    let old: BTreeSet<Id> =
        if moved.is_empty() { BTreeSet::new() } else { old.iter().copied().collect() };
    (!moved.iter().any(|id| old.contains(id))).then_some(stay)
}

/// The entries that a mapping is to have, found by key: a mapping may have many thousands.
pub(super) struct Keys<'a, 'd>(BTreeMap<&'a str, &'a Tree<'d>>);

impl<'a, 'd> Keys<'a, 'd> {
    pub(super) fn of(entries: &'a [(Cow<'d, str>, Tree<'d>)]) -> Self {
        let mut keys = BTreeMap::new();
        for (key, value) in entries {
            keys.entry(&**key).or_insert(value);
        }
        Self(keys)
    }

    pub(super) fn get(&self, key: Option<&str>) -> Option<&'a Tree<'d>> {
        self.0.get(key?).copied()
    }
}
