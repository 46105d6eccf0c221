//! What YAML can say and JSON cannot: kubectl refuses it, but only where it is part of the result.

use alloc::vec::Vec;

use super::document::{Content, Document, Id};
use super::error::Error;

/// Refuses numbers that are not finite, and keys that are null or beyond `i64`.
///
/// A value that another of the same key has replaced does not count. Each node is looked at once,
/// however many aliases name it.
pub(super) fn check(document: &Document<'_>) -> Result<(), Error> {
    // Rare enough that most documents are done with one pass over the nodes.
    let suspect = document.nodes.iter().any(|stored| match stored.content {
        Content::Float(float) => !float.is_finite(),
        Content::Map(map) => {
            document.entries(map).iter().any(|(key, _)| document.key(*key).is_none())
        }
        _ => false,
    });
    match document.root {
        Some(root) if suspect => Walk { document, seen: Vec::new() }.run(root),
        _ => Ok(()),
    }
}

struct Walk<'d> {
    document: &'d Document<'d>,
    seen: Vec<bool>,
}

/// A collection on the way to the current node, and its next child.
struct Step {
    id: Id,
    next: usize,
}

impl Walk<'_> {
    fn run(mut self, root: Id) -> Result<(), Error> {
        self.seen.resize(self.document.nodes.len(), false);
        let mut way = Vec::from([Step { id: root, next: 0 }]);
        while let Some(step) = way.last_mut() {
            let next = self.child(step.id, step.next);
            step.next += 1;
            match next {
                Ok(Some(child)) if self.is_new(child) => way.push(Step { id: child, next: 0 }),
                Ok(Some(_)) => {}
                Ok(None) => drop(way.pop()),
                Err(error) => return Err(self.locate(&way, error)),
            }
        }
        Ok(())
    }

    /// The child of that place; an error when the node or the child's key is not for JSON.
    fn child(&self, id: Id, place: usize) -> Result<Option<Id>, Error> {
        match self.document.content(id) {
            Content::Float(float) if !float.is_finite() => {
                Err(Error::new("infinity and not-a-number are not supported"))
            }
            Content::List(list) => Ok(self.document.items(*list).get(place).copied()),
            Content::Map(map) => match self.document.entries(*map).get(place) {
                Some((key, value)) if self.document.key(*key).is_some() => Ok(Some(*value)),
                Some((key, _)) => {
                    let line = self.document.stored(*key).line;
                    Err(Error::new("null or so big a number cannot be a key").at_line(line))
                }
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn is_new(&mut self, id: Id) -> bool {
        let target = match self.document.stored(id).content {
            Content::Alias(target) => target,
            _ => id,
        };
        match self.seen.get_mut(target as usize) {
            Some(seen) => !core::mem::replace(seen, true),
            None => false,
        }
    }

    fn locate(&self, way: &[Step], error: Error) -> Error {
        let line = way.last().map_or(1, |step| self.document.stored(step.id).line);
        let ancestors = way.split_last().map_or(&[][..], |(_, ancestors)| ancestors);
        ancestors.iter().rev().fold(error.at_line(line), |error, step| {
            let place = step.next.saturating_sub(1);
            match self.document.content(step.id) {
                Content::Map(map) => match self.document.entries(*map).get(place) {
                    Some((key, _)) => error.in_field(self.document.key(*key).unwrap_or_default()),
                    None => error,
                },
                _ => error.in_item(place),
            }
        })
    }
}
