//! From events to a document: anchors, merge keys, duplicate keys and every limit.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::budget::{Budget, Cost};
use super::document::{Content, Document, Extent, Id, Limits, Stored};
use super::error::Error;
use super::event::{At, Event, EventSource, Granit, TOO_DEEP, Tag};
use super::layout::{Layout, Place, Style};
use super::{json, resolve, text};

/// Reads the first document of `bytes`. What follows it is not parsed (KC-19).
///
/// # Errors
/// When the text is not YAML as kubectl reads it, cannot be turned into JSON, or exceeds a limit.
pub fn parse<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, Error> {
    read(bytes, limits, None)
}

/// The same, and keeps where everything stands.
pub(crate) fn parse_with_layout<'a>(
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<Document<'a>, Error> {
    read(bytes, limits, Some(Layout::default()))
}

fn read<'a>(
    bytes: &'a [u8],
    limits: &Limits,
    layout: Option<Layout>,
) -> Result<Document<'a>, Error> {
    if bytes.len() > limits.input {
        return Err(Error::new(alloc::format!("more than {} bytes of input", limits.input)));
    }
    let document = match text::decode(bytes)? {
        Cow::Borrowed(text) => {
            let composer = Composer::new(limits, text.len(), layout);
            compose(Granit::new(text, limits.depth), |t| t, composer)
        }
        Cow::Owned(text) => {
            let text = Zeroizing::new(text);
            let owned = |t: Cow<'_, str>| Cow::Owned(t.into_owned());
            let composer = Composer::new(limits, text.len(), layout);
            compose(Granit::new(&text, limits.depth), owned, composer)
        }
    }?;
    json::check(&document)?;
    Ok(document)
}

/// Composes the first document of `source`; `keep` makes its texts live as long as the document.
fn compose<'s, 'a>(
    mut source: impl EventSource<'s>,
    keep: impl Fn(Cow<'s, str>) -> Cow<'a, str>,
    mut composer: Composer<'a, '_>,
) -> Result<Document<'a>, Error> {
    loop {
        let (event, at) = source.next_event()?;
        let ends = matches!(event, Event::End);
        let step = match event {
            Event::DocumentStart { version } => start(version),
            Event::DocumentEnd | Event::StreamEnd => return Ok(composer.document),
            Event::Alias(anchor) => composer.alias(anchor, at),
            Event::Scalar { text, plain, tag, anchor } => {
                composer.scalar((keep(text), plain, tag), anchor, at)
            }
            Event::ListStart { anchor } => composer.open(Shape::List, anchor, at),
            Event::MapStart { anchor } => composer.open(Shape::Map, anchor, at),
            Event::End => composer.close(at),
        };
        step.map_err(|error| composer.locate(error, ends).at_line(at.line))?;
    }
}

/// Like Go's reader, this one knows YAML 1.1 and would misread what claims to be another.
fn start(version: Option<(u32, u32)>) -> Result<(), Error> {
    match version {
        None | Some((1, 1)) => Ok(()),
        Some((major, minor)) => {
            Err(Error::new(alloc::format!("YAML {major}.{minor} is not read, only 1.1")))
        }
    }
}

const COLLECTION_AS_KEY: &str = "a list or a mapping cannot be a key";

struct Composer<'a, 'l> {
    document: Document<'a>,
    /// From the outermost to the innermost.
    open: Vec<Open>,
    /// The children of all open collections, the innermost's last.
    children: Vec<Id>,
    anchors: BTreeMap<usize, Anchor>,
    limits: &'l Limits,
    budget: Budget,
    /// How many entries merge keys have copied.
    merged: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    List,
    Map,
}

/// A collection whose end has not come.
struct Open {
    id: Id,
    shape: Shape,
    /// Where its children start among all.
    first: usize,
    /// Those of its keys that are merge keys, ascending.
    merge_keys: Vec<Id>,
    anchor: Option<usize>,
    /// How many levels of collections there are in it, aliases followed.
    height: usize,
}

struct Anchor {
    node: Id,
    /// What the node takes to read; `None` while it is open, when an alias would be endless.
    cost: Option<Cost>,
    /// What had been read when the node began.
    before: Cost,
    /// How many levels of collections it is made of, aliases followed.
    height: usize,
}

impl<'a, 'l> Composer<'a, 'l> {
    fn new(limits: &'l Limits, input: usize, layout: Option<Layout>) -> Self {
        let document = Document {
            nodes: Vec::new(),
            items: Vec::new(),
            entries: Vec::new(),
            root: None,
            layout,
        };
        Self {
            document,
            open: Vec::new(),
            children: Vec::new(),
            anchors: BTreeMap::new(),
            limits,
            budget: Budget::new(limits, input),
            merged: 0,
        }
    }

    fn alias(&mut self, anchor: usize, at: At) -> Result<(), Error> {
        let anchor = self.anchors.get(&anchor).ok_or_else(|| Error::new("unknown anchor"))?;
        let Some(cost) = anchor.cost else {
            return Err(Error::new("an anchored value contains itself"));
        };
        // Who follows aliases goes down as deep as if all of it stood here.
        if self.open.len() + anchor.height > self.limits.depth {
            return Err(Error::new(TOO_DEEP));
        }
        self.budget.repeat(cost)?;
        let (target, height) = (anchor.node, anchor.height);
        self.contain(height);
        self.child(Content::Alias(target), at).map(drop)
    }

    fn scalar(
        &mut self,
        (text, plain, tag): (Cow<'a, str>, bool, Tag),
        anchor: Option<usize>,
        at: At,
    ) -> Result<(), Error> {
        let before = self.budget.spent;
        self.budget.read(text.len());
        let merge = text == "<<"
            && match tag {
                Tag::Absent => plain,
                tag => matches!(tag, Tag::NonSpecific | Tag::Merge),
            };
        let key = self.expects_key();
        let id = self.child(resolve::scalar(text, plain, tag)?, at)?;
        if let (true, true, Some(open)) = (merge, key, self.open.last_mut()) {
            open.merge_keys.push(id);
        }
        self.define(anchor, id, before);
        self.complete(anchor, 0);
        Ok(())
    }

    fn open(&mut self, shape: Shape, anchor: Option<usize>, at: At) -> Result<(), Error> {
        if self.open.len() >= self.limits.depth {
            return Err(Error::new(TOO_DEEP));
        }
        if self.expects_key() {
            return Err(Error::new(COLLECTION_AS_KEY));
        }
        let before = self.budget.spent;
        self.budget.read(0);
        let id = self.child(Content::Null, at)?;
        self.define(anchor, id, before);
        let first = self.children.len();
        self.open.push(Open { id, shape, first, merge_keys: Vec::new(), anchor, height: 0 });
        Ok(())
    }

    fn close(&mut self, at: At) -> Result<(), Error> {
        let Some(open) = self.open.last() else { return Ok(()) };
        let (id, anchor, height) = (open.id, open.anchor, open.height + 1);
        let last = self.children.get(open.first..).and_then(<[Id]>::last).copied();
        let content = match open.shape {
            Shape::List => self.list(open.first)?,
            Shape::Map => self.map()?,
        };
        if let Some(stored) = self.document.nodes.get_mut(id as usize) {
            stored.content = content;
        }
        let bound = Id::try_from(self.document.nodes.len()).unwrap_or(Id::MAX);
        if let Some(place) = self.place(id) {
            (place.last, place.bound) = (last, bound);
            if place.style == Style::Flow {
                place.end = at.end;
            }
        }
        self.open.pop();
        self.contain(height);
        self.complete(anchor, height);
        Ok(())
    }

    /// The innermost collection has something of this height in it.
    fn contain(&mut self, height: usize) {
        if let Some(open) = self.open.last_mut() {
            open.height = open.height.max(height);
        }
    }

    /// A node's place, if places are kept.
    fn place(&mut self, id: Id) -> Option<&mut Place> {
        self.document.layout.as_mut().and_then(|layout| layout.get_mut(id))
    }

    fn list(&mut self, first: usize) -> Result<Content<'a>, Error> {
        let start = self.document.items.len();
        self.document.items.extend(self.children.drain(first..));
        extent(start, self.document.items.len()).map(Content::List)
    }

    fn map(&mut self) -> Result<Content<'a>, Error> {
        let Some(open) = self.open.last_mut() else { return Ok(Content::Null) };
        let (id, first) = (open.id, open.first);
        let merge_keys = core::mem::take(&mut open.merge_keys);
        let mut set = Vec::with_capacity((self.children.len() - first) / 2);
        let mut at = first;
        while let Some([key, value]) = self.children.get(at..at + 2) {
            let (key, value) = (*key, *value);
            if merge_keys.binary_search(&key).is_ok() {
                self.merge(value, &mut set)?;
                self.note_merge(id, value);
            } else {
                set.push((self.key(key)?, value));
            }
            at += 2;
        }
        self.children.truncate(first);
        self.note_repeats(&set, merge_keys.is_empty());
        let start = self.document.entries.len();
        let (written, merges) = (set.len(), !merge_keys.is_empty());
        let set = last_wins(&self.document, set);
        if let Some(place) = self.place(id) {
            place.exact = !merges && set.len() == written;
        }
        self.document.entries.extend(set);
        extent(start, self.document.entries.len()).map(Content::Map)
    }

    /// The key as a text, the way kubectl's conversion to JSON makes one.
    fn key(&mut self, id: Id) -> Result<Id, Error> {
        use alloc::string::ToString;
        let line = self.document.stored(id).line;
        let text = match self.document.content(id) {
            // The latter two are no key for kubectl, but an error only where the mapping is used.
            Content::Text(_) | Content::Null | Content::UInt(_) => return Ok(id),
            Content::Bool(true) => Cow::Borrowed("true"),
            Content::Bool(false) => Cow::Borrowed("false"),
            Content::Int(int) => Cow::Owned(int.to_string()),
            Content::Float(float) => Cow::Owned(resolve::float_key(*float)),
            Content::List(_) | Content::Map(_) | Content::Alias(_) => {
                return Err(Error::new(COLLECTION_AS_KEY).at_line(line));
            }
        };
        if let Some(layout) = &mut self.document.layout {
            layout.repeat(id);
        }
        self.add(Content::Text(text), line)
    }

    /// Sets what a merge key brings: the entries of one mapping, or of several, the first to have
    /// its way. Like Go's, it overrides the keys before it.
    fn merge(&mut self, value: Id, set: &mut Vec<(Id, Id)>) -> Result<(), Error> {
        let document = &self.document;
        let mapping = |id| match document.content(id) {
            Content::Map(extent) => Ok(document.entries(*extent)),
            _ => {
                let error = Error::new("a merge key needs a mapping or a list of mappings");
                Err(error.at_line(document.stored(id).line))
            }
        };
        let before = set.len();
        match &document.stored(value).content {
            Content::List(items) => {
                for item in document.items(*items).iter().rev() {
                    set.extend_from_slice(mapping(*item)?);
                }
            }
            _ => set.extend_from_slice(mapping(value)?),
        }
        self.merged += set.len() - before;
        if self.merged > self.limits.nodes {
            return Err(Error::new("merge keys copy too many entries"));
        }
        Ok(())
    }

    /// Keeps which anchored mappings a mapping takes entries from.
    fn note_merge(&mut self, map: Id, value: Id) {
        let Document { nodes, items, layout: Some(layout), .. } = &mut self.document else {
            return;
        };
        let content = |id: Id| nodes.get(id as usize).map(|stored| &stored.content);
        let values = match content(value) {
            Some(Content::List(list)) => items.get(list.range()).unwrap_or_default(),
            _ => core::slice::from_ref(&value),
        };
        for value in values {
            if let Some(Content::Alias(target)) = content(*value) {
                layout.merges.push((map, *target));
            }
        }
    }

    /// Keeps which keys a mapping has twice. (With a merge key it is not told: what it brings may
    /// well be there already.)
    fn note_repeats(&mut self, set: &[(Id, Id)], exact: bool) {
        let Document { nodes, layout: Some(layout), .. } = &mut self.document else { return };
        let mut known: BTreeMap<&str, ()> = BTreeMap::new();
        for (key, _) in set.iter().filter(|_| exact) {
            if let Some(Stored { content: Content::Text(name), .. }) = nodes.get(*key as usize)
                && known.insert(name, ()).is_some()
            {
                layout.repeated.push(*key);
            }
        }
    }

    fn expects_key(&self) -> bool {
        self.open.last().is_some_and(|open| {
            open.shape == Shape::Map && (self.children.len() - open.first).is_multiple_of(2)
        })
    }

    /// Adds a node and makes it the innermost collection's next child, or the root.
    fn child(&mut self, content: Content<'a>, at: At) -> Result<Id, Error> {
        let id = self.add(content, at.line)?;
        if let Some(layout) = &mut self.document.layout {
            let first = self.open.last().map_or(usize::MAX, |open| open.first);
            let previous = self.children.get(first..).and_then(<[Id]>::last).copied();
            layout.places.push(Place::new(at, id, previous));
        }
        if self.open.is_empty() {
            self.document.root = Some(id);
        } else {
            self.children.push(id);
        }
        Ok(id)
    }

    fn add(&mut self, content: Content<'a>, line: u32) -> Result<Id, Error> {
        let count = self.document.nodes.len();
        if count >= self.limits.nodes {
            return Err(Error::new(alloc::format!("more than {} values", self.limits.nodes)));
        }
        let id = Id::try_from(count).map_err(|_| Error::new("too many values"))?;
        self.document.nodes.push(Stored { content, line });
        Ok(id)
    }

    fn define(&mut self, anchor: Option<usize>, node: Id, before: Cost) {
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, Anchor { node, cost: None, before, height: 0 });
        }
    }

    /// The anchored node has ended: from here on it may be repeated.
    fn complete(&mut self, anchor: Option<usize>, height: usize) {
        let anchor = anchor.and_then(|anchor| self.anchors.get_mut(&anchor));
        if let Some(anchor) = anchor {
            anchor.cost = Some(self.budget.spent.since(anchor.before));
            anchor.height = height;
        }
    }

    /// Names the field at fault: the innermost collection when it could not be ended, else what was
    /// to be its next child.
    fn locate(&self, error: Error, ending: bool) -> Error {
        let mut error = error;
        let mut end = self.children.len();
        for (around, open) in self.open.iter().rev().enumerate() {
            let children = self.children.get(open.first..end).unwrap_or_default();
            let place = match (around, ending) {
                (0, true) => None,
                (0, false) => Some(children.len()),
                // What is open is the last child of what is around it.
                _ => children.len().checked_sub(1),
            };
            error = match (open.shape, place) {
                (Shape::List, Some(place)) => error.in_item(place),
                // Keys stand at even places, and are not shown when they are at fault themselves.
                (Shape::Map, Some(place)) if !place.is_multiple_of(2) => {
                    let key = children.get(place - 1).and_then(|key| self.document.key(*key));
                    error.in_field(key.unwrap_or_default())
                }
                _ => error,
            };
            end = open.first;
        }
        error
    }
}

fn extent(start: usize, end: usize) -> Result<Extent, Error> {
    match (u32::try_from(start), u32::try_from(end)) {
        (Ok(start), Ok(end)) => Ok(Extent { start, end }),
        _ => Err(Error::new("too many values")),
    }
}

/// Of entries with equal keys keeps the last, at the place of the first (KC-21).
fn last_wins(document: &Document<'_>, set: Vec<(Id, Id)>) -> Vec<(Id, Id)> {
    /// Up to here comparing each with each is faster than an index.
    const FEW: usize = 16;
    let mut kept: Vec<(Id, Id)> = Vec::with_capacity(set.len());
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    let few = set.len() <= FEW;
    for (key, value) in set {
        let place = match document.key(key) {
            // No key for JSON, and equal to none.
            None => None,
            Some(name) if few => {
                kept.iter().position(|(other, _)| document.key(*other) == Some(name))
            }
            Some(name) => match index.entry(name) {
                Entry::Occupied(place) => Some(*place.get()),
                Entry::Vacant(place) => {
                    place.insert(kept.len());
                    None
                }
            },
        };
        match place.and_then(|place| kept.get_mut(place)) {
            Some(entry) => *entry = (key, value),
            None => kept.push((key, value)),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    /// Events as no sound parser sends them.
    struct Script(vec::IntoIter<Event<'static>>);

    impl EventSource<'static> for Script {
        fn next_event(&mut self) -> Result<(Event<'static>, At), Error> {
            let at = At { line: 1, ..At::default() };
            Ok((self.0.next().unwrap_or(Event::StreamEnd), at))
        }
    }

    fn composed(events: Vec<Event<'static>>) -> Result<Document<'static>, Error> {
        let limits = Limits::default();
        compose(Script(events.into_iter()), |text| text, Composer::new(&limits, 0, None))
    }

    fn text() -> Event<'static> {
        Event::Scalar { text: "a".into(), plain: true, tag: Tag::Absent, anchor: None }
    }

    #[test]
    fn a_parser_that_breaks_the_grammar_breaks_nothing_here() {
        let map = || Event::MapStart { anchor: None };
        assert!(composed(vec![]).unwrap().root().is_none());
        assert!(composed(vec![Event::End, text(), Event::End]).unwrap().root().is_some());
        // A key without a value, and collections that never end.
        let document = composed(vec![map(), text(), Event::End]).unwrap();
        assert_eq!(document.root().unwrap().entries().len(), 0);
        assert!(composed(vec![map(), text(), map(), text()]).unwrap().root().unwrap().is_null());
        assert_eq!(composed(vec![Event::Alias(7)]).unwrap_err().message(), "unknown anchor");
    }

    #[test]
    fn wide_mappings_keep_the_last_of_equal_keys_like_narrow_ones() {
        for width in [2, 15, 16, 17, 100] {
            let mut yaml = alloc::string::String::new();
            for i in 0..width * 2 {
                yaml += &alloc::format!("k{}: {i}\n", i % width);
            }
            let document = parse(yaml.as_bytes(), &Limits::default()).unwrap();
            let entries: Vec<_> = document.root().unwrap().entries().collect();
            assert_eq!(entries.len(), width);
            for (i, (key, value)) in entries.iter().enumerate() {
                assert_eq!(*key, alloc::format!("k{i}"));
                assert_eq!(value.deserialize::<usize>().unwrap(), width + i);
            }
        }
    }
}
