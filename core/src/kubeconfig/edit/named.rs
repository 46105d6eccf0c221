//! Lists whose items are a name and a body under a key of its own (KC-26).

use crate::yaml::patch::Tree;

/// Leaves the items of these names.
pub(super) fn keep(list: &mut Tree<'_>, stays: impl Fn(&str) -> bool) {
    list.items(|items| items.retain(|item| stays(name(item))));
}

/// Changes the body of the item that was called `known`, and its name to `wanted`. If there is none
/// it is put at the end. `change` is told whether it is new.
pub(super) fn change<'t, E>(
    list: &mut Tree<'t>,
    known: &str,
    wanted: &'t str,
    kind: &'static str,
    change: impl FnOnce(&mut Tree<'t>, bool) -> Result<(), E>,
) -> Result<(), E> {
    let mut changed = Ok(());
    list.items(|items| {
        if let Some(item) = items.iter_mut().find(|item| name(item) == known) {
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
