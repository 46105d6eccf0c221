//! Fields of an entry, written where they differ from what the file has.

use super::named;
use crate::kubeconfig::extension::Extension;
use crate::protocol::EnvVar;
use crate::secret::Secret;
use crate::yaml::patch::Tree;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// A secret of this field is no text.
pub(super) struct NotText(pub(super) &'static str);

/// The mapping that is being changed. Fields that are equal before and after are left alone; what
/// is empty is taken out.
pub(super) struct Fields<'f, 't> {
    pub(super) body: &'f mut Tree<'t>,
    pub(super) fill: Fill,
}

/// Which fields are there even if they are empty.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fill {
    /// None: another program made the mapping.
    Nothing,
    /// Those without which an entry makes no sense.
    Required,
    /// All that kubectl writes (KC-85).
    Everything,
}

impl<'t> Fields<'_, 't> {
    pub(super) fn text(&mut self, key: &'static str, before: &str, after: &'t str) {
        if before != after {
            self.put(key, after.is_empty(), || Tree::text(after));
        }
    }

    /// A text that a new entry has, even if it is empty.
    pub(super) fn required_text(&mut self, key: &'static str, before: &str, after: &'t str) {
        if self.fill >= Fill::Required || before != after {
            self.put(key, false, || Tree::text(after));
        }
    }

    pub(super) fn secret(
        &mut self,
        key: &'static str,
        before: &Secret,
        after: &'t Secret,
    ) -> Result<(), NotText> {
        let text = after.expose_str().ok_or(NotText(key))?;
        if before != after {
            self.put(key, text.is_empty(), || Tree::text(text));
        }
        Ok(())
    }

    /// A `*-data` field (KC-28).
    pub(super) fn data(&mut self, key: &'static str, before: &Secret, after: &Secret) {
        if before != after {
            let encoded = || Zeroizing::new(BASE64_STANDARD.encode(after.expose()));
            self.put(key, after.is_empty(), || Tree::own_text(encoded()));
        }
    }

    pub(super) fn flag(&mut self, key: &'static str, before: bool, after: bool) {
        if before != after {
            self.put(key, !after, || Tree::bool(true));
        }
    }

    /// A flag that kubectl writes in any case.
    pub(super) fn stated_flag(&mut self, key: &'static str, before: bool, after: bool) {
        match self.fill {
            Fill::Everything => self.put(key, false, || Tree::bool(after)),
            _ => self.flag(key, before, after),
        }
    }

    pub(super) fn texts(&mut self, key: &'static str, before: &[String], after: &'t [String]) {
        if before != after {
            self.list(key, before, after, |item, text| item.set(Tree::text(text)));
        }
    }

    /// A key that kubectl writes in any case, with nothing for a value unless it has one.
    pub(super) fn stated(&mut self, key: &'static str) {
        if self.fill == Fill::Everything {
            self.body.entry(key, |_| {});
        }
    }

    pub(super) fn lists(
        &mut self,
        key: &'static str,
        before: &BTreeMap<String, Vec<String>>,
        after: &'t BTreeMap<String, Vec<String>>,
    ) {
        self.map(key, before, after, |value, before, after| {
            let before = before.map_or(&[][..], |before| before);
            change_list(value, before, after, |item, text| item.set(Tree::text(text)));
        });
    }

    /// A mapping of names to values.
    pub(super) fn map<V: PartialEq>(
        &mut self,
        key: &'static str,
        before: &BTreeMap<String, V>,
        after: &'t BTreeMap<String, V>,
        change: impl Fn(&mut Tree<'t>, Option<&V>, &'t V),
    ) {
        if before == after {
            return;
        }
        if after.is_empty() {
            return self.body.remove(key);
        }
        self.body.entry(key, |map| {
            map.entries(|entries| {
                entries.retain(|(name, _)| {
                    !before.contains_key(&**name) || after.contains_key(&**name)
                });
            });
            map.entries(|entries| {
                let known = entries.iter().enumerate();
                let places: BTreeMap<_, usize> =
                    known.map(|(place, (name, _))| (name.clone(), place)).collect();
                for (name, value) in after {
                    let before = before.get(name);
                    if before == Some(value) {
                        continue;
                    }
                    let place = places.get(name.as_str());
                    if let Some((_, tree)) = place.and_then(|place| entries.get_mut(*place)) {
                        change(tree, before, value);
                    } else {
                        let mut tree = Tree::default();
                        change(&mut tree, before, value);
                        entries.push((name.as_str().into(), tree));
                    }
                }
            });
        });
    }

    pub(super) fn env(&mut self, before: &[EnvVar], after: &'t [EnvVar]) -> Result<(), NotText> {
        const KEY: &str = "env";
        if after.iter().any(|variable| variable.value.expose_str().is_none()) {
            return Err(NotText("exec.env"));
        }
        if before != after {
            self.list(KEY, before, after, |item, variable| {
                item.entry("name", |name| name.set(Tree::text(&variable.name)));
                let value = variable.value.expose_str().unwrap_or_default();
                item.entry("value", |tree| tree.set(Tree::text(value)));
            });
        }
        Ok(())
    }

    /// A list of `{extension, name}`.
    pub(super) fn extensions(
        &mut self,
        before: &BTreeMap<String, Extension>,
        after: &'t BTreeMap<String, Extension>,
    ) {
        const KEY: &str = "extensions";
        if before == after {
            return;
        }
        if after.is_empty() {
            return self.body.remove(KEY);
        }
        self.body.entry(KEY, |list| {
            named::keep(list, |name| after.contains_key(name));
            let places = named::Places::of(list);
            for (name, extension) in after {
                if before.get(name) != Some(extension) {
                    let _ = places.change(list, (name, name), "extension", |body, _| {
                        body.set(Tree::json(extension.value()));
                        Ok::<_, NotText>(())
                    });
                }
            }
        });
    }

    fn list<V: PartialEq>(
        &mut self,
        key: &'static str,
        before: &[V],
        after: &'t [V],
        change: impl Fn(&mut Tree<'t>, &'t V),
    ) {
        if after.is_empty() {
            return self.body.remove(key);
        }
        self.body.entry(key, |list| change_list(list, before, after, change));
    }

    fn put(&mut self, key: &'static str, empty: bool, value: impl FnOnce() -> Tree<'t>) {
        if empty {
            self.body.remove(key);
        } else {
            self.body.entry(key, |tree| tree.set(value()));
        }
    }
}

/// Makes a list's items those of `after`. What is equal at its start and at its end stays.
fn change_list<'t, V: PartialEq>(
    list: &mut Tree<'t>,
    before: &[V],
    after: &'t [V],
    change: impl Fn(&mut Tree<'t>, &'t V),
) {
    let start = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let rest = before.len().min(after.len()) - start;
    let ends = before.iter().rev().zip(after.iter().rev()).take(rest);
    let end = ends.take_while(|(old, new)| old == new).count();
    list.items(|items| {
        let gone = start + rest - end..before.len() - end;
        let added = after.len().saturating_sub(before.len());
        let mut places = 0..;
        items.retain(|_| places.next().is_none_or(|nth| !gone.contains(&nth)));
        let at = items.len().min(start + rest - end);
        items.splice(at..at, (0..added).map(|_| Tree::default()));
        let changed = items.iter_mut().zip(after).skip(start);
        for (item, value) in changed.take(after.len() - start - end) {
            change(item, value);
        }
    });
}
