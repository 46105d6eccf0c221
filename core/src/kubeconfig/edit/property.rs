//! Single values by their names with dots, as `kubectl config set` and `unset` have them (KB-11):
//! `clusters.dev.server`. The names are those of kubectl's own types, so it is `act-as` where a
//! file has `as`.

use super::error::{EditError, PropertyProblem};
use crate::kubeconfig::entries::{ClusterEntry, ContextEntry, Kubeconfig, UserEntry};
use crate::secret::Secret;
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

/// A field that a name leads to.
enum Field<'c> {
    Text(&'c mut String),
    Secret(&'c mut Secret),
    Data(&'c mut Secret),
    Flag(&'c mut bool),
    /// Something that has no single value: what it is, and how to take it out.
    Whole(&'static str, &'c mut dyn Clear),
}

/// What can be taken out as a whole.
trait Clear {
    fn clear(&mut self);
}

impl<T: Default> Clear for T {
    fn clear(&mut self) {
        *self = T::default();
    }
}

/// An entry with fields that have names.
trait Named: Clone + Default {
    const KIND: &'static str;
    fn field(&mut self, name: &str) -> Option<Field<'_>>;
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
            _ => match self.single(property) {
                Some(field) => field.set(value).map_err(told),
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
            _ => self.single(property).map(Field::unset).ok_or_else(unknown),
        }
    }

    /// What is in no list.
    fn single(&mut self, property: &str) -> Option<Field<'_>> {
        let preferences = &mut self.preferences;
        Some(match property {
            "current-context" => Field::Text(&mut self.current_context),
            "extensions" => Field::Whole(EXTENSIONS, &mut self.extensions),
            "preferences" => Field::Whole(FIELDS, preferences),
            "preferences.colors" => Field::Flag(&mut preferences.colors),
            "preferences.extensions" => Field::Whole(EXTENSIONS, &mut preferences.extensions),
            _ => return None,
        })
    }
}

/// `clusters` and `dev.server`.
fn split_list(property: &str) -> (&str, Option<&str>) {
    match property.split_once('.') {
        Some((list, rest)) => (list, Some(rest)),
        None => (property, None),
    }
}

/// The name of an entry, and a field: the first part after a dot that is one ends the name.
fn split<T: Named>(rest: &str) -> (&str, Option<&str>) {
    let is_field = |part: &str| T::default().field(part).is_some();
    let mut dots = rest.match_indices('.').filter_map(|(at, dot)| {
        let (name, field) = rest.split_at_checked(at)?;
        Some((name, field.strip_prefix(dot)?))
    });
    match dots.find(|(_, field)| field.split('.').next().is_some_and(is_field)) {
        Some((name, field)) => (name, Some(field)),
        None => (rest, None),
    }
}

fn set<T: Named>(
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
    match entry.field(field) {
        Some(field) => field.set(value).map_err(told)?,
        None => return Err(told(PropertyProblem::Unknown)),
    }
    list.insert(name.to_owned(), entry);
    Ok(())
}

fn unset<T: Named>(
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
    entry.field(field).map(Field::unset).ok_or_else(unknown)
}

/// A value as it is given.
#[derive(Clone, Copy)]
struct Value<'v> {
    text: &'v str,
    bytes: BytesAs,
}

impl Field<'_> {
    fn set(self, Value { text, bytes }: Value<'_>) -> Result<(), PropertyProblem> {
        match self {
            Self::Text(field) => text.clone_into(field),
            Self::Secret(secret) => *secret = text.into(),
            Self::Data(data) => {
                *data = match bytes {
                    BytesAs::Raw => text.into(),
                    BytesAs::Base64 => match BASE64_STANDARD.decode(text) {
                        Ok(bytes) => bytes.into(),
                        Err(_) => return Err(PropertyProblem::NotBase64),
                    },
                }
            }
            Self::Flag(flag) => *flag = go_bool(text).ok_or(PropertyProblem::NotBoolean)?,
            Self::Whole(what, _) => return Err(PropertyProblem::NotOneValue(what)),
        }
        Ok(())
    }

    fn unset(self) -> bool {
        match self {
            Self::Text(text) => text.clear(),
            Self::Secret(secret) | Self::Data(secret) => *secret = Secret::default(),
            Self::Flag(flag) => *flag = false,
            Self::Whole(_, whole) => whole.clear(),
        }
        true
    }
}

const FIELDS: &str = "several fields";
const EXTENSIONS: &str = "several extensions";

impl Named for ClusterEntry {
    const KIND: &'static str = "cluster";

    fn field(&mut self, name: &str) -> Option<Field<'_>> {
        Some(match name {
            "server" => Field::Text(&mut self.server),
            "tls-server-name" => Field::Text(&mut self.tls_server_name),
            "insecure-skip-tls-verify" => Field::Flag(&mut self.insecure_skip_tls_verify),
            "certificate-authority" => Field::Text(&mut self.certificate_authority),
            "certificate-authority-data" => Field::Data(&mut self.certificate_authority_data),
            "proxy-url" => Field::Text(&mut self.proxy_url),
            "disable-compression" => Field::Flag(&mut self.disable_compression),
            "extensions" => Field::Whole(EXTENSIONS, &mut self.extensions),
            _ => return None,
        })
    }
}

impl Named for UserEntry {
    const KIND: &'static str = "user";

    fn field(&mut self, name: &str) -> Option<Field<'_>> {
        Some(match name {
            "client-certificate" => Field::Text(&mut self.client_certificate),
            "client-certificate-data" => Field::Data(&mut self.client_certificate_data),
            "client-key" => Field::Text(&mut self.client_key),
            "client-key-data" => Field::Data(&mut self.client_key_data),
            "token" => Field::Secret(&mut self.token),
            "tokenFile" => Field::Text(&mut self.token_file),
            "act-as" => Field::Text(&mut self.impersonate_user),
            "act-as-uid" => Field::Text(&mut self.impersonate_uid),
            "act-as-groups" => Field::Whole("several groups", &mut self.impersonate_groups),
            "act-as-user-extra" => Field::Whole("several keys", &mut self.impersonate_extra),
            "username" => Field::Text(&mut self.username),
            "password" => Field::Secret(&mut self.password),
            "auth-provider" => Field::Whole(FIELDS, &mut self.auth_provider),
            "exec" => Field::Whole(FIELDS, &mut self.exec),
            "extensions" => Field::Whole(EXTENSIONS, &mut self.extensions),
            _ => return None,
        })
    }
}

impl Named for ContextEntry {
    const KIND: &'static str = "context";

    fn field(&mut self, name: &str) -> Option<Field<'_>> {
        Some(match name {
            "cluster" => Field::Text(&mut self.cluster),
            "user" => Field::Text(&mut self.user),
            "namespace" => Field::Text(&mut self.namespace),
            "extensions" => Field::Whole(EXTENSIONS, &mut self.extensions),
            _ => return None,
        })
    }
}

/// A boolean as Go's `strconv` reads one.
fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
