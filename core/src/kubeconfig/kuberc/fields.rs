//! Which fields a Preference has, and of which shape: a document of another shape is none, and a
//! field that is not known is told.

use super::super::shape::{List, Map, Text};
use crate::yaml::{Error, Node, names_a_field};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a field holds.
pub(super) enum Shape {
    Text,
    Texts,
    /// A list of mappings with these fields.
    Items(Fields),
}

pub(super) type Fields = &'static [(&'static str, Shape)];

const OPTION: Fields = &[("name", Shape::Text), ("default", Shape::Text)];

/// Of version `v1alpha1`.
pub(super) const ALPHA: Fields = &[
    ("apiVersion", Shape::Text),
    ("kind", Shape::Text),
    ("overrides", Shape::Items(&[("command", Shape::Text), ("flags", Shape::Items(OPTION))])),
    (
        "aliases",
        Shape::Items(&[
            ("name", Shape::Text),
            ("command", Shape::Text),
            ("prependArgs", Shape::Texts),
            ("appendArgs", Shape::Texts),
            ("flags", Shape::Items(OPTION)),
        ]),
    ),
];

/// Of version `v1beta1`.
pub(super) const BETA: Fields = &[
    ("apiVersion", Shape::Text),
    ("kind", Shape::Text),
    ("defaults", Shape::Items(&[("command", Shape::Text), ("options", Shape::Items(OPTION))])),
    (
        "aliases",
        Shape::Items(&[
            ("name", Shape::Text),
            ("command", Shape::Text),
            ("prependArgs", Shape::Texts),
            ("appendArgs", Shape::Texts),
            ("options", Shape::Items(OPTION)),
        ]),
    ),
    (super::document::POLICY, Shape::Text),
    (super::document::ALLOWLIST, Shape::Items(&[("command", Shape::Text), ("name", Shape::Text)])),
];

/// A field of a document.
pub(super) struct Found {
    /// `aliases[1].name`, as far as it is fit to be shown.
    pub(super) path: String,
    pub(super) line: u32,
    /// Whether it may be a restriction of plugins.
    pub(super) about_plugins: bool,
}

impl Found {
    fn new(path: &str, line: u32) -> Self {
        Self { path: path.to_string(), line, about_plugins: is_about_plugins(path) }
    }
}

/// Whether a mapping can be read as one with these fields; the ones that are not among them are
/// added to `unknown`.
///
/// # Errors
/// What cannot be read, with where it stands.
pub(super) fn check(
    node: Node<'_>,
    known: Fields,
    path: &str,
    unknown: &mut Vec<Found>,
) -> Result<(), (Found, Error)> {
    if let Err(error) = node.deserialize::<Map>() {
        return Err((Found::new(path, node.line()), error));
    }
    for (key, line, value) in node.fields() {
        let path = match path {
            "" => shown(key),
            path => format!("{path}.{}", shown(key)),
        };
        let Some((_, shape)) = known.iter().find(|(name, _)| *name == key) else {
            let about_plugins = is_about_plugins(&path) || is_about_plugins(key);
            unknown.push(Found { about_plugins, ..Found::new(&path, line) });
            continue;
        };
        let read = match shape {
            Shape::Text => value.deserialize::<Text<'_>>().map(drop),
            Shape::Texts => value.deserialize::<Vec<Text<'_>>>().map(drop),
            Shape::Items(_) => value.deserialize::<List>().map(drop),
        };
        if let Err(error) = read {
            return Err((Found::new(&path, line), error));
        }
        if let Shape::Items(fields) = shape {
            for (nth, item) in value.items().enumerate() {
                check(item, fields, &format!("{path}[{nth}]"), unknown)?;
            }
        }
    }
    Ok(())
}

/// Whether a field's name is one for restrictions of plugins, or begins as one, or is meant to.
pub(super) fn is_about_plugins(field: &str) -> bool {
    mentions_plugins(field.as_bytes())
}

/// Whether a text says something of plugins; in UTF-8 or UTF-16.
pub(super) fn mentions_plugins(text: &[u8]) -> bool {
    /// How the names of the fields begin.
    const WORD: &[u8] = b"credentialPlugin";
    let text: Vec<u8> = text.iter().copied().filter(|byte| *byte != 0).collect();
    text.windows(WORD.len()).any(|window| window.eq_ignore_ascii_case(WORD))
}

/// A key, if it is fit to be shown.
pub(super) fn shown(key: &str) -> String {
    if names_a_field(key) { key.to_string() } else { "?".to_string() }
}
