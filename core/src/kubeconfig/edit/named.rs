//! Lists whose items are a name and a body under a key of its own (KC-26).

use crate::yaml::patch::Tree;
use alloc::collections::BTreeMap;

/// Leaves the items of these names.
pub(super) fn keep(list: &mut Tree<'_>, stays: impl Fn(&str) -> bool) {
    list.items(|items| items.retain(|item| stays(name(item))));
}

/// The items of a list by the names that they had: a list may have many thousands.
pub(super) struct Places<'t>(BTreeMap<&'t str, usize>);

impl<'t> Places<'t> {
    pub(super) fn of(list: &mut Tree<'t>) -> Self {
        let mut places = BTreeMap::new();
        list.items(|items| {
            for (item, place) in items.iter().zip(0..) {
                places.entry(name(item)).or_insert(place);
            }
        });
        Self(places)
    }

    /// Changes the body of the item that was called `known`, and its name to `wanted`. If there is
    /// none it is put at the end. `change` is told whether it is new.
    pub(super) fn change<E>(
        &self,
        list: &mut Tree<'t>,
        (known, wanted): (&str, &'t str),
        kind: &'static str,
        change: impl FnOnce(&mut Tree<'t>, bool) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut changed = Ok(());
        list.items(|items| {
            if let Some(item) = self.0.get(known).and_then(|place| items.get_mut(*place)) {
                if known != wanted {
                    item.entry(NAME, |name| name.set(Tree::text(wanted)));
                }
                item.entry(kind, |body| changed = change(body, false));
                return;
            }
            let last = items.last().and_then(Tree::was);
            let first_key = last.and_then(|last| last.entries().next()).map(|(key, _)| key);
            let mut body = Tree::map();
            changed = change(&mut body, true);
            let name_first = first_key.map(|key| key == NAME);
            items.push(item(wanted, kind, body, name_first.unwrap_or(NAME < kind)));
        });
        changed
    }
}

/// An item; kubectl sorts keys.
pub(super) fn item<'t>(
    name: &'t str,
    kind: &'static str,
    body: Tree<'t>,
    name_first: bool,
) -> Tree<'t> {
    let mut item = Tree::map();
    item.entries(|entries| {
        entries.push((kind.into(), body));
        entries.insert(usize::from(!name_first), (NAME.into(), Tree::text(name)));
    });
    item
}

/// The key of an item's name.
pub(super) const NAME: &str = "name";

/// The name that an item has, or had before. A missing one is the empty one (KC-25).
fn name<'t>(item: &Tree<'t>) -> &'t str {
    item.was().and_then(|item| item.get(NAME)?.as_str()).unwrap_or_default()
}
