//! Every setting of a kubeconfig's entries, once: its key in the file, the flag that overrides it,
//! its name for `config set`, how it is reached, and what of it may be shown.
//!
//! Reading, writing, laying flags over, explaining and redacting all go by this table. What a
//! setting means is for [`connect`](super::connect) to know. A new one is a field of its entry and
//! of [`Overrides`], a line here, and its meaning there.

use super::entries::{
    AuthProvider, ClusterEntry, ContextEntry, EntryOrigin, ExecEntry, Kubeconfig, UserEntry,
};
use super::extension::Extension;
use super::overrides::Overrides;
use crate::redact;
use crate::secret::Secret;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A setting of one kind of entry.
pub(crate) struct Setting<E: 'static> {
    /// Its key in a file.
    pub(crate) key: &'static str,
    /// Its name for `config set`: that of kubectl's own types.
    #[cfg_attr(not(feature = "edit"), expect(dead_code, reason = "for edits"))]
    pub(crate) property: &'static str,
    /// The flag that overrides it.
    pub(crate) flag: &'static str,
    /// What a text or some bytes are, and with that what may be shown of them.
    pub(crate) form: Form,
    /// Whether a new entry has it even if it is empty.
    #[cfg_attr(not(feature = "edit"), expect(dead_code, reason = "for edits"))]
    pub(crate) required: bool,
    /// What its flag takes away from the entry.
    clears: &'static [&'static str],
    pub(crate) get: fn(&E) -> Field<'_>,
    pub(crate) get_mut: fn(&mut E) -> FieldMut<'_>,
    /// What overrides it; `None`: nothing can.
    given: Option<fn(&Overrides) -> Field<'_>>,
}

/// What a text or some bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// It may be shown.
    Plain,
    /// The path of a file, relative to the kubeconfig's folder.
    Path,
    /// A URL, which may hold a password.
    Url,
    /// PEM without a key.
    Certificates,
    /// A bearer token.
    Token,
    /// It is not shown.
    Hidden,
}

macro_rules! fields {
    ($($(#[$meta:meta])* $kind:ident($type:ty)),* $(,)?) => {
        /// A setting's value.
        #[derive(Clone, Copy, PartialEq)]
        pub(crate) enum Field<'e> { $($(#[$meta])* $kind(&'e $type)),* }

        /// A setting's value, to be changed.
        pub(crate) enum FieldMut<'e> { $($(#[$meta])* $kind(&'e mut $type)),* }

        impl FieldMut<'_> {
            pub(crate) fn clear(self) {
                match self { $(Self::$kind(value) => *value = Default::default()),* }
            }
        }
    };
}

fields! {
    Text(String),
    Secret(Secret),
    /// Bytes that a file has in base64.
    Data(Secret),
    Flag(bool),
    Texts(Vec<String>),
    /// Lists by name. Those of a flag are laid over name by name.
    Lists(BTreeMap<String, Vec<String>>),
    Provider(Option<AuthProvider>),
    Exec(Option<ExecEntry>),
    Extensions(BTreeMap<String, Extension>),
}

impl Field<'_> {
    /// Whether it says nothing (KC-62).
    pub(crate) fn is_empty(self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Secret(secret) | Self::Data(secret) => secret.is_empty(),
            Self::Flag(flag) => !flag,
            Self::Texts(list) => list.is_empty(),
            Self::Lists(lists) => lists.is_empty(),
            Self::Provider(provider) => provider.is_none(),
            Self::Exec(exec) => exec.is_none(),
            Self::Extensions(extensions) => extensions.is_empty(),
        }
    }
}

impl FieldMut<'_> {
    /// Takes over what a flag says. The two are of one setting, and so of one kind.
    fn lay(self, over: Field<'_>) {
        match (self, over) {
            (Self::Text(text), Field::Text(over)) => text.clone_from(over),
            (Self::Secret(secret), Field::Secret(over))
            | (Self::Data(secret), Field::Data(over)) => secret.clone_from(over),
            (Self::Flag(flag), Field::Flag(over)) => *flag = *over,
            (Self::Texts(list), Field::Texts(over)) => list.clone_from(over),
            (Self::Lists(lists), Field::Lists(over)) => {
                lists.extend(over.iter().map(|(name, list)| (name.clone(), list.clone())));
            }
            (Self::Provider(provider), Field::Provider(over)) => provider.clone_from(over),
            (Self::Exec(exec), Field::Exec(over)) => exec.clone_from(over),
            _ => {}
        }
    }
}

/// Something with a name in one of the three lists of a file.
pub(crate) trait Entry: Clone + Default + PartialEq + 'static {
    /// The name of its list.
    const LIST: &'static str;
    /// What one of them is called, which is also the field that holds its body.
    const KIND: &'static str;
    /// Its settings, in the order of a profile.
    const SETTINGS: &'static [Setting<Self>];
    #[cfg_attr(
        not(any(feature = "edit", feature = "explain")),
        expect(dead_code, reason = "for both")
    )]
    fn of(config: &Kubeconfig) -> &BTreeMap<String, Self>;
    fn of_mut(config: &mut Kubeconfig) -> &mut BTreeMap<String, Self>;
    #[cfg_attr(
        not(any(feature = "edit", feature = "explain")),
        expect(dead_code, reason = "for both")
    )]
    fn origin(&self) -> &EntryOrigin;
    fn origin_mut(&mut self) -> &mut EntryOrigin;
}

/// The setting with this key in a file.
pub(crate) fn setting<E: Entry>(key: &str) -> Option<&'static Setting<E>> {
    E::SETTINGS.iter().find(|setting| setting.key == key)
}

impl<E> Setting<E> {
    const fn new(
        key: &'static str,
        form: Form,
        get: fn(&E) -> Field<'_>,
        get_mut: fn(&mut E) -> FieldMut<'_>,
        given: fn(&Overrides) -> Field<'_>,
    ) -> Self {
        let (property, flag, clears): (_, _, &[&str]) = (key, key, &[]);
        Self {
            key,
            property,
            flag,
            form,
            required: false,
            clears,
            get,
            get_mut,
            given: Some(given),
        }
    }

    const fn extensions(get: fn(&E) -> Field<'_>, get_mut: fn(&mut E) -> FieldMut<'_>) -> Self {
        let (key, clears): (_, &[&str]) = ("extensions", &[]);
        let (property, flag, form, required) = (key, key, Form::Plain, false);
        Self { key, property, flag, form, required, clears, get, get_mut, given: None }
    }

    /// Whether it matters to a connection.
    #[cfg(feature = "explain")]
    pub(crate) const fn is_explained(&self) -> bool {
        self.given.is_some()
    }
}

/// `setting!(Text "server" server, Url, required: true)`: the kind of its value, its key, the field
/// of its entry and of the overrides, and its form; then what differs from most settings.
macro_rules! setting {
    ($kind:ident $key:literal $field:ident, $form:ident $(, $name:ident: $value:expr)*) => {
        Setting {
            $($name: $value,)*
            ..Setting::new(
                $key,
                Form::$form,
                |entry| Field::$kind(&entry.$field),
                |entry| FieldMut::$kind(&mut entry.$field),
                |overrides| Field::$kind(&overrides.$field),
            )
        }
    };
}

/// One way to trust takes the others away (KC-63).
const TRUST: &[&str] =
    &["certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"];

impl ClusterEntry {
    const SETTINGS: &'static [Setting<Self>] = &[
        // Another server has another name (KC-64).
        setting!(Text "server" server, Url, required: true, clears: &["tls-server-name"]),
        setting!(Text "certificate-authority" certificate_authority, Path, clears: TRUST),
        setting!(Data "certificate-authority-data" certificate_authority_data, Certificates,
            clears: TRUST),
        setting!(Text "tls-server-name" tls_server_name, Url),
        setting!(Flag "insecure-skip-tls-verify" insecure_skip_tls_verify, Plain, clears: TRUST),
        setting!(Text "proxy-url" proxy_url, Url),
        setting!(Flag "disable-compression" disable_compression, Plain),
        Setting::extensions(
            |entry| Field::Extensions(&entry.extensions),
            |entry| FieldMut::Extensions(&mut entry.extensions),
        ),
    ];
}

impl UserEntry {
    const SETTINGS: &'static [Setting<Self>] = &[
        // A path and its content take each other's place (KC-65).
        setting!(Text "client-certificate" client_certificate, Path,
            clears: &["client-certificate-data"]),
        setting!(Data "client-certificate-data" client_certificate_data, Certificates,
            clears: &["client-certificate"]),
        setting!(Text "client-key" client_key, Path, clears: &["client-key-data"]),
        setting!(Data "client-key-data" client_key_data, Hidden, clears: &["client-key"]),
        setting!(Secret "token" token, Token, clears: &["tokenFile"]),
        setting!(Text "tokenFile" token_file, Path, flag: "token-file", clears: &["token"]),
        setting!(Text "username" username, Hidden),
        setting!(Secret "password" password, Hidden),
        setting!(Provider "auth-provider" auth_provider, Plain),
        setting!(Exec "exec" exec, Plain),
        setting!(Text "as" impersonate_user, Plain, property: "act-as"),
        setting!(Text "as-uid" impersonate_uid, Plain, property: "act-as-uid"),
        setting!(Texts "as-groups" impersonate_groups, Plain, property: "act-as-groups",
            flag: "as-group"),
        setting!(Lists "as-user-extra" impersonate_extra, Plain, property: "act-as-user-extra"),
        Setting::extensions(
            |entry| Field::Extensions(&entry.extensions),
            |entry| FieldMut::Extensions(&mut entry.extensions),
        ),
    ];
}

impl ContextEntry {
    const SETTINGS: &'static [Setting<Self>] = &[
        setting!(Text "cluster" cluster, Plain, required: true),
        setting!(Text "user" user, Plain, required: true),
        setting!(Text "namespace" namespace, Plain),
        Setting::extensions(
            |entry| Field::Extensions(&entry.extensions),
            |entry| FieldMut::Extensions(&mut entry.extensions),
        ),
    ];
}

macro_rules! entry {
    ($entry:ident, $list:ident, $kind:literal) => {
        impl Entry for $entry {
            const LIST: &'static str = stringify!($list);
            const KIND: &'static str = $kind;
            const SETTINGS: &'static [Setting<Self>] = Self::SETTINGS;

            fn of(config: &Kubeconfig) -> &BTreeMap<String, Self> {
                &config.$list
            }

            fn of_mut(config: &mut Kubeconfig) -> &mut BTreeMap<String, Self> {
                &mut config.$list
            }

            fn origin(&self) -> &EntryOrigin {
                &self.origin
            }

            fn origin_mut(&mut self) -> &mut EntryOrigin {
                &mut self.origin
            }
        }

        impl fmt::Debug for $entry {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = f.debug_struct(stringify!($entry));
                for setting in Self::SETTINGS {
                    shown.field(setting.key, &Shown((setting.get)(self), setting.form));
                }
                shown.field("origin", &self.origin).finish()
            }
        }
    };
}

entry!(ClusterEntry, clusters, "cluster");
entry!(UserEntry, users, "user");
entry!(ContextEntry, contexts, "context");

impl Overrides {
    /// Lays the flags over an entry (KC-62…KC-66): first what they take away, then what they say.
    pub(super) fn lay<E: Entry>(&self, entry: &mut E) {
        let given = || E::SETTINGS.iter().filter(|setting| self.says(setting).is_some());
        for cleared in given().flat_map(|setting| setting.clears) {
            if let Some(setting) = setting::<E>(cleared) {
                (setting.get_mut)(entry).clear();
            }
        }
        for setting in given() {
            if let Some(over) = self.says(setting) {
                (setting.get_mut)(entry).lay(over);
            }
        }
    }

    /// What is given for a setting.
    fn says<E>(&self, setting: &Setting<E>) -> Option<Field<'_>> {
        let given = setting.given?;
        Some(given(self)).filter(|field| !field.is_empty())
    }

    /// The flag by which a setting is given here, if it is.
    pub(crate) fn flag(&self, key: &'static str) -> Option<&'static str> {
        match key {
            "context" => (!self.context.is_empty()).then_some(key),
            "request-timeout" => self.timeout.map(|_| key),
            _ if key.starts_with("exec.") => self.exec.as_ref().map(|_| key),
            _ => self
                .flag_of::<ClusterEntry>(key)
                .or_else(|| self.flag_of::<UserEntry>(key))
                .or_else(|| self.flag_of::<ContextEntry>(key)),
        }
    }

    fn flag_of<E: Entry>(&self, key: &str) -> Option<&'static str> {
        let setting = setting::<E>(key)?;
        self.says(setting).map(|_| setting.flag)
    }

    /// The files that are named here.
    #[cfg(feature = "explain")]
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        fn of<E: Entry>(overrides: &Overrides) -> impl Iterator<Item = &str> {
            let paths = E::SETTINGS.iter().filter(|setting| setting.form == Form::Path);
            paths.filter_map(|setting| match overrides.says(setting) {
                Some(Field::Text(path)) => Some(path.as_str()),
                _ => None,
            })
        }
        of::<ClusterEntry>(self).chain(of::<UserEntry>(self))
    }
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn show<E: Entry>(overrides: &Overrides, f: &mut fmt::DebugStruct<'_, '_>) {
            for setting in E::SETTINGS {
                if let Some(field) = overrides.says(setting) {
                    f.field(setting.flag, &Shown(field, setting.form));
                }
            }
        }
        let mut shown = f.debug_struct("Overrides");
        shown.field("context", &self.context);
        show::<ClusterEntry>(self, &mut shown);
        show::<UserEntry>(self, &mut shown);
        show::<ContextEntry>(self, &mut shown);
        shown
            .field("timeout", &self.timeout)
            .field("default_server", &redact::url(&self.default_server))
            .field("strict", &self.strict)
            .finish()
    }
}

/// A value for `Debug`, without what must not be seen (KC-95).
struct Shown<'e>(Field<'e>, Form);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Field::Text(url) if self.1 == Form::Url => redact::url(url).fmt(f),
            Field::Text(text) => text.fmt(f),
            Field::Secret(secret) | Field::Data(secret) => secret.fmt(f),
            Field::Flag(flag) => flag.fmt(f),
            Field::Texts(list) => list.fmt(f),
            Field::Lists(lists) => lists.keys().fmt(f),
            Field::Provider(provider) => provider.fmt(f),
            Field::Exec(exec) => exec.fmt(f),
            Field::Extensions(extensions) => extensions.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;

    #[test]
    fn each_key_and_each_property_is_there_once_and_flags_clear_what_there_is() {
        fn check<E: Entry>(most: usize) {
            for name in [|s: &Setting<E>| s.key, |s: &Setting<E>| s.property] {
                let mut names: Vec<_> = E::SETTINGS.iter().map(name).collect();
                names.sort_unstable();
                names.dedup();
                assert_eq!(names.len(), most, "{}", E::LIST);
            }
            for setting in E::SETTINGS {
                let known = |key: &&&str| super::setting::<E>(key).is_none();
                assert_eq!(setting.clears.iter().find(known), None, "{}", setting.key);
            }
        }
        check::<ClusterEntry>(8);
        check::<UserEntry>(15);
        check::<ContextEntry>(4);
    }

    #[test]
    fn kc_95_debug_hides_secrets_and_what_urls_say_of_a_user() {
        let user = UserEntry {
            token: "hush".into(),
            password: "hush".into(),
            client_key_data: "hush".into(),
            impersonate_extra: [("key".to_owned(), Vec::from(["hush".to_owned()]))].into(),
            ..UserEntry::default()
        };
        let (server, proxy_url) = ("https://me:hush@a".to_owned(), "http://me:hush@p".to_owned());
        let cluster = ClusterEntry { server, proxy_url, ..ClusterEntry::default() };
        let overrides = Overrides {
            token: "hush".into(),
            server: "https://me:hush@a".into(),
            default_server: "https://me:hush@b".into(),
            ..Overrides::default()
        };
        let shown = alloc::format!("{user:?} {cluster:?} {overrides:?}");
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains("as-user-extra") && shown.contains("***@b"), "{shown}");
    }
}
