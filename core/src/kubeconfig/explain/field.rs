//! What a field says, fit to be shown: a secret is only said to be there.

use crate::certificate;
use crate::kubeconfig::entries::ExecEntry;
use crate::kubeconfig::setting::{Entry, Field, Form, setting};
use crate::oauth::id_token;
use crate::redact;
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a setting of an entry says; `None` if it says nothing, or is none of it.
pub(super) fn shown<E: Entry>(entry: &E, key: &str) -> Option<String> {
    let setting = setting::<E>(key)?;
    let field = (setting.get)(entry);
    if field.is_empty() {
        return None;
    }
    match (field, setting.form) {
        (Field::Secret(secret), Form::Token) => Some(token(secret)),
        (Field::Data(pem), Form::Certificates) => Some(certificates(pem)),
        (Field::Secret(_) | Field::Data(_), _) | (_, Form::Hidden) => Some(hidden()),
        (Field::Text(url), Form::Url) => Some(redact::url(url)),
        (Field::Text(shown), _) => text(shown),
        (Field::Flag(_), _) => Some("true".to_owned()),
        (Field::Texts(list), _) => text(&list.join(", ")),
        (Field::Lists(lists), _) => {
            let keys: Vec<&str> = lists.keys().map(String::as_str).collect();
            text(&keys.join(", "))
        }
        (Field::Provider(provider), _) => {
            provider.as_ref().and_then(|provider| text(&provider.name))
        }
        (Field::Exec(exec), _) => exec.as_ref().map(plugin),
        (Field::Extensions(_), _) => None,
    }
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| redact::text(text).into_owned())
}

fn hidden() -> String {
    "(hidden)".to_owned()
}

/// A plugin's command line. Of its variables there are the names alone.
fn plugin(exec: &ExecEntry) -> String {
    let mut line = redact::command(&exec.command).into_owned();
    if !exec.args.is_empty() {
        line.extend([" ", &redact::arguments(exec.args.iter().map(String::as_str))]);
    }
    if !exec.env.is_empty() {
        let names: Vec<_> = exec.env.iter().map(|variable| redact::text(&variable.name)).collect();
        line.extend([", with ", &names.join(", ")]);
    }
    line
}

fn certificates(pem: &Secret) -> String {
    let mut each = certificate::validities(pem.expose());
    match (each.next(), each.count()) {
        (None, _) => hidden(),
        (Some((_, None)), 0) => "a certificate without expiry".to_owned(),
        (Some((_, Some(end))), 0) => format!("a certificate, expires {end}"),
        (Some(_), more) => format!("{} certificates", more + 1),
    }
}

fn token(token: &Secret) -> String {
    match id_token::expiry(token) {
        Ok(Some(end)) => ["(hidden) JWT, expires ", &end.to_string()].concat(),
        Ok(None) => "(hidden) JWT without expiry".to_owned(),
        Err(_) => hidden(),
    }
}
