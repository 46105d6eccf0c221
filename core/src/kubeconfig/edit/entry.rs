//! Entries as they are written, setting by setting.

use super::field::{Fields, Fill, NotText};
use super::path::Folder;
use crate::kubeconfig::entries::{AuthProvider, EntryOrigin, ExecEntry};
use crate::kubeconfig::setting::{Entry, Field, FieldMut, Form, Setting};
use crate::secret::Secret;
use crate::yaml::patch::Tree;
use alloc::borrow::ToOwned;
use alloc::vec::Vec;

/// Whether they have the same fields.
pub(super) fn is_like<E: Entry>(one: &E, other: &E) -> bool {
    let (mut one, mut other) = (one.clone(), other.clone());
    *one.origin_mut() = EntryOrigin::default();
    *other.origin_mut() = EntryOrigin::default();
    one == other
}

/// Whether they were read from the same lines.
pub(super) fn stand_in_one_place<E: Entry>(one: &E, other: &E) -> bool {
    one.origin().line != 0 && one.origin() == other.origin()
}

/// Makes an entry what reading it from a file in this folder will give.
pub(super) fn settle<E: Entry>(entry: &mut E, before: &E, folder: &Folder<'_>) {
    for setting in E::SETTINGS {
        match ((setting.get)(before), (setting.get_mut)(entry)) {
            (Field::Text(before), FieldMut::Text(path)) if setting.form == Form::Path => {
                folder.settle(before, path);
            }
            (Field::Exec(before), FieldMut::Exec(Some(exec))) => {
                let before = before.as_ref().map_or("", |exec| &exec.command);
                folder.settle_command(before, &mut exec.command);
                if exec.interactive_mode.is_empty() {
                    exec.interactive_mode = exec.default_mode().to_owned();
                }
            }
            _ => {}
        }
    }
}

/// Writes the settings that differ, in the order of their keys, as kubectl does.
pub(super) fn write<'t, E: Entry>(
    entry: &'t E,
    before: &E,
    mut fields: Fields<'_, 't>,
) -> Result<(), NotText> {
    let mut settings: Vec<&Setting<E>> = E::SETTINGS.iter().collect();
    settings.sort_unstable_by_key(|setting| setting.key);
    settings.into_iter().try_for_each(|setting| {
        let values = ((setting.get)(before), (setting.get)(entry));
        write_field(&mut fields, setting.key, setting.required, values)
    })
}

/// One setting. The two values are of one kind.
fn write_field<'t>(
    f: &mut Fields<'_, 't>,
    key: &'static str,
    required: bool,
    values: (Field<'_>, Field<'t>),
) -> Result<(), NotText> {
    match values {
        (Field::Text(was), Field::Text(now)) if required => f.required_text(key, was, now),
        (Field::Text(was), Field::Text(now)) => f.text(key, was, now),
        (Field::Secret(was), Field::Secret(now)) => return f.secret(key, was, now),
        (Field::Data(was), Field::Data(now)) => f.data(key, was, now),
        (Field::Flag(was), Field::Flag(now)) => f.flag(key, *was, *now),
        (Field::Texts(was), Field::Texts(now)) => f.texts(key, was, now),
        (Field::Lists(was), Field::Lists(now)) => f.lists(key, was, now),
        (Field::Provider(was), Field::Provider(now)) => {
            return auth_provider(f, was.as_ref(), now.as_ref());
        }
        (Field::Exec(was), Field::Exec(now)) => return exec(f, was.as_ref(), now.as_ref()),
        (Field::Extensions(was), Field::Extensions(now)) => f.extensions(was, now),
        _ => {}
    }
    Ok(())
}

pub(super) fn auth_provider<'t>(
    fields: &mut Fields<'_, 't>,
    was: Option<&AuthProvider>,
    provider: Option<&'t AuthProvider>,
) -> Result<(), NotText> {
    if was == provider {
        return Ok(());
    }
    let Some(provider) = provider else {
        fields.body.remove("auth-provider");
        return Ok(());
    };
    if provider.config.values().any(|value| value.expose_str().is_none()) {
        return Err(NotText("auth-provider.config"));
    }
    let (none, fill) = (AuthProvider::default(), fields.fill);
    let before = was.unwrap_or(&none);
    fields.body.entry("auth-provider", |body| {
        if was.is_none() {
            body.set(Tree::map());
        }
        let mut f = Fields { body, fill };
        let set = |tree: &mut Tree<'t>, _: Option<&Secret>, value: &'t Secret| {
            tree.set(Tree::text(value.expose_str().unwrap_or_default()));
        };
        f.map("config", &before.config, &provider.config, set);
        f.stated("config");
        f.required_text("name", &before.name, &provider.name);
    });
    Ok(())
}

fn exec<'t>(
    fields: &mut Fields<'_, 't>,
    was: Option<&ExecEntry>,
    exec: Option<&'t ExecEntry>,
) -> Result<(), NotText> {
    if was == exec {
        return Ok(());
    }
    let Some(exec) = exec else {
        fields.body.remove("exec");
        return Ok(());
    };
    let (none, fill) = (ExecEntry::default(), fields.fill);
    let before = was.unwrap_or(&none);
    let mut written = Ok(());
    fields.body.entry("exec", |body| {
        if was.is_none() {
            body.set(Tree::map());
        }
        let said = body.was().and_then(|node| node.get("interactiveMode"));
        let says_nothing = said.is_none_or(|mode| mode.as_str().unwrap_or_default().is_empty());
        let mut f = Fields { body, fill };
        f.text("apiVersion", &before.api_version, &exec.api_version);
        f.texts("args", &before.args, &exec.args);
        f.stated("args");
        f.required_text("command", &before.command, &exec.command);
        written = f.env(&before.env, &exec.env);
        f.stated("env");
        f.text("installHint", &before.install_hint, &exec.install_hint);
        // What the file leaves to a default of its version is said once that is another (KC-30).
        let left_out = says_nothing && fill < Fill::Everything;
        let mode = if left_out { exec.default_mode() } else { &before.interactive_mode };
        f.text("interactiveMode", mode, &exec.interactive_mode);
        f.stated_flag("provideClusterInfo", before.provide_cluster_info, exec.provide_cluster_info);
    });
    written
}
