//! Single values by their names with dots, as `kubectl config set` and `unset` have them (KB-11):
//! `clusters.dev.server`. The names are those of kubectl's own types, so it is `act-as` where a
//! file has `as`.

use super::error::{EditError, PropertyProblem};
use crate::kubeconfig::entries::{Kubeconfig, Preferences};
use crate::kubeconfig::setting::{Entry, FieldMut};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// How a value for a field of bytes is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum BytesAs {
    /// In base64, as in the file.
    #[default]
    Base64,
    /// As they are.
    Raw,
}

impl Kubeconfig {
    /// Sets a single value. An entry that is not there is made.
    ///
    /// # Errors
    /// When there is no such property, or the value is not one for it. The value is never told.
    ///
    /// ```
    /// use kubecred_core::Kubeconfig;
    /// use kubecred_core::kubeconfig::edit::BytesAs;
    ///
    /// let mut config = Kubeconfig::default();
    /// config.set_property("clusters.10.0.0.1.server", "https://10.0.0.1", BytesAs::Base64)?;
    /// assert_eq!(config.clusters["10.0.0.1"].server, "https://10.0.0.1");
    /// # Ok::<(), kubecred_core::kubeconfig::edit::EditError>(())
    /// ```
    pub fn set_property(
        &mut self,
        property: &str,
        value: &str,
        bytes: BytesAs,
    ) -> Result<(), EditError> {
        let told = |problem| EditError::Property { property: property.to_owned(), problem };
        if value.is_empty() {
            return Err(told(PropertyProblem::EmptyValue));
        }
        let value = Value { text: value, bytes };
        let (list, rest) = split_list(property);
        match list {
            "clusters" => set(&mut self.clusters, rest, value, told),
            "users" => set(&mut self.users, rest, value, told),
            "contexts" => set(&mut self.contexts, rest, value, told),
            _ if property == "preferences" => Err(told(PropertyProblem::NotOneValue(FIELDS))),
            _ => match self.single(property) {
                Some(field) => change(field, value).map_err(told),
                None => Err(told(PropertyProblem::Unknown)),
            },
        }
    }

    /// Takes out a value, a whole entry, or all entries of a kind. Says whether there was one: a
    /// name may have dots in it, so that there is no telling a wrong field from an unknown name.
    ///
    /// # Errors
    /// When there is no such property, or no entry to take the field out of.
    pub fn unset_property(&mut self, property: &str) -> Result<bool, EditError> {
        let unknown = || {
            let problem = PropertyProblem::Unknown;
            EditError::Property { property: property.to_owned(), problem }
        };
        let (list, rest) = split_list(property);
        match list {
            "clusters" => unset(&mut self.clusters, rest, unknown),
            "users" => unset(&mut self.users, rest, unknown),
            "contexts" => unset(&mut self.contexts, rest, unknown),
            _ if property == "preferences" => {
                self.preferences = Preferences::default();
                Ok(true)
            }
            _ => self.single(property).map(unset_field).ok_or_else(unknown),
        }
    }

    /// What is in no list.
    fn single(&mut self, property: &str) -> Option<FieldMut<'_>> {
        Some(match property {
            "current-context" => FieldMut::Text(&mut self.current_context),
            "extensions" => FieldMut::Extensions(&mut self.extensions),
            "preferences.colors" => FieldMut::Flag(&mut self.preferences.colors),
            "preferences.extensions" => FieldMut::Extensions(&mut self.preferences.extensions),
            _ => return None,
        })
    }
}

/// The setting of an entry that a name leads to.
fn field<'e, E: Entry>(entry: &'e mut E, name: &str) -> Option<FieldMut<'e>> {
    let setting = E::SETTINGS.iter().find(|setting| setting.property == name)?;
    Some((setting.get_mut)(entry))
}

/// `clusters` and `dev.server`.
fn split_list(property: &str) -> (&str, Option<&str>) {
    match property.split_once('.') {
        Some((list, rest)) => (list, Some(rest)),
        None => (property, None),
    }
}

/// The name of an entry, and a field: the first part after a dot that is one ends the name.
fn split<T: Entry>(rest: &str) -> (&str, Option<&str>) {
    let is_field = |part: &str| field(&mut T::default(), part).is_some();
    let mut dots = rest.match_indices('.').filter_map(|(at, dot)| {
        let (name, field) = rest.split_at_checked(at)?;
        Some((name, field.strip_prefix(dot)?))
    });
    match dots.find(|(_, field)| field.split('.').next().is_some_and(is_field)) {
        Some((name, field)) => (name, Some(field)),
        None => (rest, None),
    }
}

fn set<T: Entry>(
    list: &mut BTreeMap<String, T>,
    rest: Option<&str>,
    value: Value<'_>,
    told: impl Fn(PropertyProblem) -> EditError,
) -> Result<(), EditError> {
    let Some((name, Some(field))) = rest.map(split::<T>) else {
        return Err(told(PropertyProblem::NotAField));
    };
    if name.is_empty() {
        return Err(EditError::EmptyName(T::KIND));
    }
    let mut entry = list.get(name).cloned().unwrap_or_default();
    match self::field(&mut entry, field) {
        Some(field) => change(field, value).map_err(told)?,
        None => return Err(told(PropertyProblem::Unknown)),
    }
    list.insert(name.to_owned(), entry);
    Ok(())
}

fn unset<T: Entry>(
    list: &mut BTreeMap<String, T>,
    rest: Option<&str>,
    unknown: impl Fn() -> EditError,
) -> Result<bool, EditError> {
    let Some(rest) = rest else {
        let had = !list.is_empty();
        list.clear();
        return Ok(had);
    };
    let (name, field) = split::<T>(rest);
    let Some(field) = field else { return Ok(list.remove(name).is_some()) };
    let missing = || EditError::NoSuchEntry { kind: T::KIND, name: name.to_owned() };
    let entry = list.get_mut(name).ok_or_else(missing)?;
    self::field(entry, field).map(unset_field).ok_or_else(unknown)
}

/// A value as it is given.
#[derive(Clone, Copy)]
struct Value<'v> {
    text: &'v str,
    bytes: BytesAs,
}

fn change(field: FieldMut<'_>, Value { text, bytes }: Value<'_>) -> Result<(), PropertyProblem> {
    match field {
        FieldMut::Text(field) => text.clone_into(field),
        FieldMut::Secret(secret) => *secret = text.into(),
        FieldMut::Data(data) => {
            *data = match bytes {
                BytesAs::Raw => text.into(),
                BytesAs::Base64 => match BASE64_STANDARD.decode(text) {
                    Ok(bytes) => bytes.into(),
                    Err(_) => return Err(PropertyProblem::NotBase64),
                },
            }
        }
        FieldMut::Flag(flag) => *flag = go_bool(text).ok_or(PropertyProblem::NotBoolean)?,
        FieldMut::Texts(_) => return Err(PropertyProblem::NotOneValue("several groups")),
        FieldMut::Lists(_) => return Err(PropertyProblem::NotOneValue("several keys")),
        FieldMut::Provider(_) | FieldMut::Exec(_) => {
            return Err(PropertyProblem::NotOneValue(FIELDS));
        }
        FieldMut::Extensions(_) => {
            return Err(PropertyProblem::NotOneValue("several extensions"));
        }
    }
    Ok(())
}

fn unset_field(field: FieldMut<'_>) -> bool {
    field.clear();
    true
}

const FIELDS: &str = "several fields";

/// A boolean as Go's `strconv` reads one.
fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
