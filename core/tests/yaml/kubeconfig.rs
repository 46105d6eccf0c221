//! The shape of a kubeconfig, to compare our reading of one with kubectl's.
//!
//! Only what YAML has a part in is compared: what kubectl does to a kubeconfig besides (duplicate
//! names, defaults for exec) is done here in the plainest way.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Kubeconfig {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: String,
    preferences: Preferences,
    clusters: Vec<NamedCluster>,
    pub(crate) users: Vec<NamedUser>,
    contexts: Vec<NamedContext>,
    current_context: String,
    extensions: Vec<Extension>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Preferences {
    colors: bool,
    extensions: Vec<Extension>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct NamedCluster {
    name: String,
    cluster: Cluster,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Cluster {
    server: String,
    tls_server_name: String,
    insecure_skip_tls_verify: bool,
    certificate_authority: String,
    certificate_authority_data: Data,
    proxy_url: String,
    disable_compression: bool,
    extensions: Vec<Extension>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct NamedUser {
    name: String,
    pub(crate) user: User,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct User {
    client_certificate: String,
    client_certificate_data: Data,
    client_key: String,
    client_key_data: Data,
    pub(crate) token: String,
    #[serde(rename = "tokenFile")]
    token_file: String,
    #[serde(rename = "as")]
    act_as: String,
    as_uid: String,
    as_groups: Vec<String>,
    as_user_extra: BTreeMap<String, Vec<String>>,
    username: String,
    password: String,
    auth_provider: Option<AuthProvider>,
    exec: Option<Exec>,
    extensions: Vec<Extension>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct AuthProvider {
    name: String,
    config: BTreeMap<String, String>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Exec {
    api_version: String,
    command: String,
    args: Vec<String>,
    env: Vec<Variable>,
    install_hint: String,
    provide_cluster_info: bool,
    interactive_mode: String,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Variable {
    name: String,
    value: String,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Context {
    cluster: String,
    user: String,
    namespace: String,
    extensions: Vec<Extension>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Extension {
    name: String,
    extension: Value,
}

/// Bytes in base64, as Go decodes it.
#[derive(Debug, Default, PartialEq)]
struct Data(Vec<u8>);

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let go = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
        let text = String::deserialize(deserializer)?.replace(['\r', '\n'], "");
        GeneralPurpose::new(&STANDARD, go)
            .decode(text)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not base64"))
    }
}

impl Kubeconfig {
    /// Our reading of a file, or why it is none.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let file: Self =
            kubecred_core::yaml::from_slice(bytes).map_err(|error| error.to_string())?;
        file.finished()
    }

    /// kubectl's reading, from its JSON. Nulls are taken out first, save those in extensions:
    /// this side shall not depend on how we treat null.
    pub(crate) fn viewed(mut json: Value) -> Self {
        drop_nulls(&mut json);
        let file: Self = serde_json::from_value(json).expect("kubectl's JSON has this shape");
        file.finished().expect("kubectl's JSON is a kubeconfig")
    }

    /// What kubectl does to a file once its fields are filled.
    pub(crate) fn finished(mut self) -> Result<Self, String> {
        if !matches!(self.api_version.as_str(), "" | "v1") {
            return Err("another apiVersion".to_owned());
        }
        if !matches!(self.kind.as_str(), "" | "Config") {
            return Err("another kind".to_owned());
        }
        self.api_version.clear();
        self.kind.clear();
        sort(&mut self.clusters, |cluster| &cluster.name)?;
        sort(&mut self.users, |user| &user.name)?;
        sort(&mut self.contexts, |context| &context.name)?;
        for exec in self.users.iter_mut().filter_map(|user| user.user.exec.as_mut()) {
            if exec.interactive_mode.is_empty() && exec.api_version.ends_with("/v1beta1") {
                exec.interactive_mode = "IfAvailable".to_owned();
            }
        }
        let lists = [&mut self.extensions, &mut self.preferences.extensions]
            .into_iter()
            .chain(self.clusters.iter_mut().map(|cluster| &mut cluster.cluster.extensions))
            .chain(self.users.iter_mut().map(|user| &mut user.user.extensions))
            .chain(self.contexts.iter_mut().map(|context| &mut context.context.extensions));
        for extensions in lists {
            // One that is null makes room for the next of its name (KC-27).
            extensions.sort_by(|a, b| a.name.cmp(&b.name));
            extensions.dedup_by(|next, known| {
                let replaces = known.extension.is_null() && next.name == known.name;
                if replaces {
                    std::mem::swap(known, next);
                }
                replaces
            });
            sort(extensions, |extension| &extension.name)?;
        }
        Ok(self)
    }
}

/// Sorts by name; two of one name are an error, as for kubectl (KC-27).
fn sort<T>(entries: &mut [T], name: impl Fn(&T) -> &String) -> Result<(), String> {
    entries.sort_by(|a, b| name(a).cmp(name(b)));
    let names: BTreeSet<&String> = entries.iter().map(&name).collect();
    if names.len() == entries.len() { Ok(()) } else { Err("a name comes twice".to_owned()) }
}

fn drop_nulls(json: &mut Value) {
    match json {
        Value::Object(entries) => {
            entries.retain(|key, value| key == "extension" || !value.is_null());
            entries
                .iter_mut()
                .filter(|(key, _)| *key != "extension")
                .for_each(|(_, v)| drop_nulls(v));
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
