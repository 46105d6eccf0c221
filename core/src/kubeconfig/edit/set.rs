//! Setting some fields of an entry, as `kubectl config set-context`, `set-cluster` and
//! `set-credentials` do. What is `None` stays; what is empty is taken out.

use super::error::EditError;
use crate::kubeconfig::entries::{
    AuthProvider, ClusterEntry, ContextEntry, ExecEntry, Kubeconfig, UserEntry,
};
use crate::profile::Material;
use crate::protocol::EnvVar;
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// What to set of a context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct SetContext {
    /// The name of a cluster, which need not be there.
    pub cluster: Option<String>,
    /// The name of a user, who need not be there.
    pub user: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
}

/// What to set of a cluster (KB-9).
#[derive(Clone, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct SetCluster {
    /// The server's URL. Another server has another name: without a `tls_server_name`, there is
    /// none any more.
    pub server: Option<String>,
    /// The name to ask the server for.
    pub tls_server_name: Option<String>,
    /// Whether not to verify the server. One that is not verified needs no CA: `true`
    /// takes the authority out.
    pub insecure_skip_tls_verify: Option<bool>,
    /// Who vouches for the server: a file, or PEM in place. The server is verified then.
    pub certificate_authority: Option<Material>,
    /// The proxy's URL.
    pub proxy_url: Option<String>,
}

/// What to set of a user (KB-5…KB-8).
#[derive(Clone, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct SetUser {
    /// The client certificate: a file, or PEM in place.
    pub client_certificate: Option<Material>,
    /// Its key: a file, or PEM in place.
    pub client_key: Option<Material>,
    /// The bearer token. One that is not empty takes user name and password out.
    pub token: Option<Secret>,
    /// The user name of basic authentication. One that is not empty takes the token out.
    pub username: Option<String>,
    /// The password. One that is not empty takes the token out.
    pub password: Option<Secret>,
    /// The name of an `auth-provider`. Another than it was starts without configuration.
    pub auth_provider: Option<String>,
    /// What to set of the provider's configuration, and to take out (`None`), in this order. Ignored
    /// without a provider.
    pub auth_provider_config: Vec<(String, Option<Secret>)>,
    /// The command of an exec plugin. It starts without arguments, even if it was the same.
    pub exec_command: Option<String>,
    /// Its version. This and what follows is ignored if there is no plugin.
    pub exec_api_version: Option<String>,
    /// All of its arguments.
    pub exec_args: Option<Vec<String>>,
    /// Variables to set in place or to add, and to take out (`None`).
    pub exec_env: Vec<(String, Option<Secret>)>,
    /// `Never`, `IfAvailable` or `Always`.
    pub exec_interactive_mode: Option<String>,
    /// Whether it is told about the cluster.
    pub exec_provide_cluster_info: Option<bool>,
}

impl Kubeconfig {
    /// Sets fields of a context, and says whether it is a new one (KB-10).
    ///
    /// # Errors
    /// When the name is empty.
    pub fn set_context(&mut self, name: &str, set: SetContext) -> Result<bool, EditError> {
        if name.is_empty() {
            return Err(EditError::EmptyName("context"));
        }
        let new = !self.contexts.contains_key(name);
        let entry: &mut ContextEntry = self.contexts.entry(name.to_owned()).or_default();
        put(&mut entry.cluster, set.cluster);
        put(&mut entry.user, set.user);
        put(&mut entry.namespace, set.namespace);
        Ok(new)
    }

    /// Sets fields of a cluster, and says whether it is a new one (KB-9).
    ///
    /// # Errors
    /// When the name is empty; when the server is not to be verified, and by whom is said too.
    pub fn set_cluster(&mut self, name: &str, set: SetCluster) -> Result<bool, EditError> {
        if name.is_empty() {
            return Err(EditError::EmptyName("cluster"));
        }
        if set.insecure_skip_tls_verify == Some(true) && set.certificate_authority.is_some() {
            return Err(EditError::InsecureAuthority);
        }
        let new = !self.clusters.contains_key(name);
        self.clusters.entry(name.to_owned()).or_default().set(set);
        Ok(new)
    }

    /// Sets fields of a user, and says whether it is a new one (KB-5…KB-8).
    ///
    /// # Errors
    /// When the name is empty; when a token and a user name or password are given, or an interactive
    /// mode that there is not.
    ///
    /// ```
    /// use kubecred_core::Kubeconfig;
    /// use kubecred_core::kubeconfig::edit::SetUser;
    ///
    /// let mut config = Kubeconfig::default();
    /// let set = SetUser { username: Some("ann".into()), ..SetUser::default() };
    /// assert!(config.set_user("ann", set)?);
    /// let set = SetUser { token: Some("hunter2".into()), ..SetUser::default() };
    /// assert!(!config.set_user("ann", set)?);
    /// assert_eq!(config.users["ann"].username, "");
    /// # Ok::<(), kubecred_core::kubeconfig::edit::EditError>(())
    /// ```
    pub fn set_user(&mut self, name: &str, set: SetUser) -> Result<bool, EditError> {
        if name.is_empty() {
            return Err(EditError::EmptyName("user"));
        }
        set.check()?;
        let new = !self.users.contains_key(name);
        self.users.entry(name.to_owned()).or_default().set(set);
        Ok(new)
    }
}

impl ClusterEntry {
    fn set(&mut self, set: SetCluster) {
        if set.server.is_some() {
            self.tls_server_name.clear();
        }
        put(&mut self.server, set.server);
        put(&mut self.tls_server_name, set.tls_server_name);
        if let Some(insecure) = set.insecure_skip_tls_verify {
            self.insecure_skip_tls_verify = insecure;
            if insecure {
                self.certificate_authority.clear();
                self.certificate_authority_data = Secret::default();
            }
        }
        if let Some(authority) = set.certificate_authority {
            self.insecure_skip_tls_verify = false;
            let (path, data) =
                (&mut self.certificate_authority, &mut self.certificate_authority_data);
            put_material(path, data, authority);
        }
        put(&mut self.proxy_url, set.proxy_url);
    }
}

impl SetUser {
    fn check(&self) -> Result<(), EditError> {
        let token = has(self.token.as_ref());
        let basic = self.has_basic();
        if token && basic {
            return Err(EditError::TwoMethods);
        }
        match self.exec_interactive_mode.as_deref() {
            None | Some("Never" | "IfAvailable" | "Always") => Ok(()),
            Some(_) => Err(EditError::InteractiveMode),
        }
    }

    fn has_basic(&self) -> bool {
        self.username.as_ref().is_some_and(|name| !name.is_empty()) || has(self.password.as_ref())
    }
}

impl UserEntry {
    fn set(&mut self, set: SetUser) {
        let (token, basic) = (has(set.token.as_ref()), set.has_basic());
        if let Some(certificate) = set.client_certificate {
            let (path, data) = (&mut self.client_certificate, &mut self.client_certificate_data);
            put_material(path, data, certificate);
        }
        if let Some(key) = set.client_key {
            put_material(&mut self.client_key, &mut self.client_key_data, key);
        }
        put(&mut self.token, set.token);
        put(&mut self.username, set.username);
        put(&mut self.password, set.password);
        // Only these two exclude each other.
        if token {
            self.username.clear();
            self.password = Secret::default();
        }
        if basic {
            self.token = Secret::default();
        }
        if let Some(name) = set.auth_provider
            && self.auth_provider.as_ref().is_none_or(|provider| provider.name != name)
        {
            self.auth_provider = Some(AuthProvider { name, ..AuthProvider::default() });
        }
        if let Some(provider) = &mut self.auth_provider {
            provider.set(set.auth_provider_config);
        }
        if let Some(command) = set.exec_command {
            let exec = self.exec.get_or_insert_default();
            exec.command = command;
            exec.args.clear();
        }
        if let Some(exec) = &mut self.exec {
            put(&mut exec.api_version, set.exec_api_version);
            put(&mut exec.args, set.exec_args);
            put(&mut exec.interactive_mode, set.exec_interactive_mode);
            put(&mut exec.provide_cluster_info, set.exec_provide_cluster_info);
            exec.set_env(set.exec_env);
        }
    }
}

impl AuthProvider {
    fn set(&mut self, config: Vec<(String, Option<Secret>)>) {
        for (key, value) in config {
            match value {
                Some(value) => drop(self.config.insert(key, value)),
                None => drop(self.config.remove(&key)),
            }
        }
    }
}

impl ExecEntry {
    fn set_env(&mut self, env: Vec<(String, Option<Secret>)>) {
        for (name, value) in env {
            let Some(value) = value else {
                self.env.retain(|variable| variable.name != name);
                continue;
            };
            match self.env.iter_mut().find(|variable| variable.name == name) {
                Some(variable) => variable.value = value,
                None => self.env.push(EnvVar { name, value }),
            }
        }
    }
}

fn put<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// A path and bytes in place of it exclude each other.
fn put_material(path: &mut String, data: &mut Secret, material: Material) {
    (*path, *data) = match material {
        Material::File(file) => (file, Secret::default()),
        Material::Data(bytes) => (String::new(), bytes),
    };
}

fn has(secret: Option<&Secret>) -> bool {
    secret.is_some_and(|secret| !secret.is_empty())
}
