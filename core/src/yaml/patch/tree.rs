//! What a document is to mean: parts of it as they are, and parts that are new.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Deref;

use serde_json::{Number, Value as Json};
use zeroize::Zeroizing;

use crate::yaml::document::{Content, Node};

/// A value, and the node whose place it takes.
#[derive(Default)]
pub(crate) struct Tree<'t> {
    pub(super) was: Option<Node<'t>>,
    pub(super) value: Value<'t>,
}

#[derive(Default)]
pub(super) enum Value<'t> {
    /// What the node is whose place it takes.
    Same,
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    Text(Text<'t>),
    List(Vec<Tree<'t>>),
    Map(Vec<(Cow<'t, str>, Tree<'t>)>),
}

/// A string; one of its own is wiped when it goes.
pub(super) enum Text<'t> {
    Lent(&'t str),
    Own(Zeroizing<String>),
}

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Lent(text) => text,
            Self::Own(text) => text,
        }
    }
}

impl<'t> Tree<'t> {
    /// The node as it is.
    pub(crate) fn of(node: Node<'t>) -> Self {
        Self { was: Some(node), value: Value::Same }
    }

    pub(crate) fn text(text: &'t str) -> Self {
        Self::new(Value::Text(Text::Lent(text)))
    }

    pub(crate) fn own_text(text: Zeroizing<String>) -> Self {
        Self::new(Value::Text(Text::Own(text)))
    }

    pub(crate) fn bool(bool: bool) -> Self {
        Self::new(Value::Bool(bool))
    }

    /// A mapping without entries.
    pub(crate) fn map() -> Self {
        Self::new(Value::Map(Vec::new()))
    }

    pub(crate) fn json(json: Json) -> Self {
        Self::new(match json {
            Json::Null => Value::Null,
            Json::Bool(bool) => Value::Bool(bool),
            Json::Number(number) => Value::Number(number),
            Json::String(text) => Value::Text(Text::Own(text.into())),
            Json::Array(items) => Value::List(items.into_iter().map(Self::json).collect()),
            Json::Object(entries) => {
                let entry = |(key, value)| (Cow::Owned(key), Self::json(value));
                Value::Map(entries.into_iter().map(entry).collect())
            }
        })
    }

    fn new(value: Value<'t>) -> Self {
        Self { was: None, value }
    }

    /// Lets `change` have its entries. What is no mapping becomes an empty one.
    pub(crate) fn entries(&mut self, change: impl FnOnce(&mut Vec<(Cow<'t, str>, Self)>)) {
        let mut entries = match core::mem::take(&mut self.value) {
            Value::Map(entries) => entries,
            Value::Same => self.was.map(same_entries).unwrap_or_default(),
            _ => Vec::new(),
        };
        change(&mut entries);
        self.value = Value::Map(entries);
    }

    /// Lets `change` have its items. What is no list becomes an empty one.
    pub(crate) fn items(&mut self, change: impl FnOnce(&mut Vec<Self>)) {
        let mut items = match core::mem::take(&mut self.value) {
            Value::List(items) => items,
            Value::Same => self.was.map(same_items).unwrap_or_default(),
            _ => Vec::new(),
        };
        change(&mut items);
        self.value = Value::List(items);
    }

    /// Lets `change` have the value of `key`, which is null if there is none yet.
    pub(crate) fn entry(&mut self, key: impl Into<Cow<'t, str>>, change: impl FnOnce(&mut Self)) {
        let key = key.into();
        self.entries(|entries| match entries.iter_mut().find(|(known, _)| *known == key) {
            Some((_, value)) => change(value),
            None => {
                let mut value = Self::default();
                change(&mut value);
                entries.push((key, value));
            }
        });
    }

    /// Takes another value.
    pub(crate) fn set(&mut self, to: Self) {
        let was = self.was;
        *self = Self { was, ..to };
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.entries(|entries| entries.retain(|(known, _)| *known != key));
    }

    /// The node whose place it takes.
    pub(crate) fn was(&self) -> Option<Node<'t>> {
        self.was
    }

    /// The value, with a node that stays as it is spelled out to one level.
    pub(super) fn spelled_out(&self) -> Spelled<'_, 't> {
        match (&self.value, self.was) {
            (Value::Same, was) => Spelled::Own(was.map_or(Value::Null, spell_out)),
            (value, _) => Spelled::Lent(value),
        }
    }

    /// Whether `node` means this.
    pub(super) fn is(&self, node: Node<'_>) -> bool {
        if let (Value::Same, Some(was)) = (&self.value, self.was) {
            return equal(was, node);
        }
        match (&*self.spelled_out(), node.content()) {
            (Value::Null, Content::Null) => true,
            (Value::Bool(one), Content::Bool(other)) => one == other,
            (Value::Text(one), Content::Text(other)) => one.as_str() == other,
            (Value::Number(one), other) => number(other).is_some_and(|other| *one == other),
            (Value::List(items), Content::List(_)) => {
                items.len() == node.items().len()
                    && items.iter().zip(node.items()).all(|(item, node)| item.is(node))
            }
            (Value::Map(entries), Content::Map(_)) => {
                let mut at_place = entries.iter().zip(node.entries());
                entries.len() == node.entries().len()
                    && (at_place.all(|((key, value), (name, node))| key == name && value.is(node))
                        || {
                            let nodes: BTreeMap<_, _> = node.entries().collect();
                            let is = |(key, value): &(Cow<'_, str>, Self)| {
                                nodes.get(&**key).is_some_and(|node| value.is(*node))
                            };
                            entries.iter().all(is)
                        })
            }
            _ => false,
        }
    }
}

/// A [`Value`] that is never [`Value::Same`].
pub(super) enum Spelled<'s, 't> {
    Own(Value<'t>),
    Lent(&'s Value<'t>),
}

impl<'t> Deref for Spelled<'_, 't> {
    type Target = Value<'t>;

    fn deref(&self) -> &Value<'t> {
        match self {
            Self::Own(value) => value,
            Self::Lent(value) => value,
        }
    }
}

fn spell_out(node: Node<'_>) -> Value<'_> {
    match node.content() {
        Content::List(_) => Value::List(same_items(node)),
        Content::Map(_) => Value::Map(same_entries(node)),
        Content::Bool(bool) => Value::Bool(*bool),
        Content::Text(text) => Value::Text(Text::Lent(text)),
        content => number(content).map_or(Value::Null, Value::Number),
    }
}

/// Of a number. None is anything but finite in a document that is sound.
fn number(content: &Content<'_>) -> Option<Number> {
    match content {
        Content::Int(int) => Some((*int).into()),
        Content::UInt(int) => Some((*int).into()),
        Content::Float(float) => Number::from_f64(*float),
        _ => None,
    }
}

/// Whether two nodes, of one document or of two, mean the same.
fn equal(one: Node<'_>, other: Node<'_>) -> bool {
    match (one.content(), other.content()) {
        (Content::Null, Content::Null) => true,
        (Content::Bool(one), Content::Bool(other)) => one == other,
        (Content::Int(one), Content::Int(other)) => one == other,
        (Content::UInt(one), Content::UInt(other)) => one == other,
        (Content::Float(one), Content::Float(other)) => one == other,
        (Content::Text(one), Content::Text(other)) => one == other,
        (Content::List(_), Content::List(_)) => {
            one.items().len() == other.items().len()
                && one.items().zip(other.items()).all(|(one, other)| equal(one, other))
        }
        (Content::Map(_), Content::Map(_)) => {
            let mut at_place = one.entries().zip(other.entries());
            one.entries().len() == other.entries().len()
                && (at_place.all(|((key, one), (name, other))| key == name && equal(one, other))
                    || {
                        let others: BTreeMap<_, _> = other.entries().collect();
                        let same =
                            |(key, one)| others.get(key).is_some_and(|other| equal(one, *other));
                        one.entries().all(same)
                    })
        }
        _ => false,
    }
}

fn same_entries(node: Node<'_>) -> Vec<(Cow<'_, str>, Tree<'_>)> {
    node.entries().map(|(key, node)| (key.into(), Tree::of(node))).collect()
}

fn same_items(node: Node<'_>) -> Vec<Tree<'_>> {
    node.items().map(Tree::of).collect()
}
