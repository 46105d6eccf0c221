//! The three kinds of entries, as they are written.

use super::field::{Fields, Fill, NotText};
use super::path::Folder;
use crate::kubeconfig::entries::{
    AuthProvider, ClusterEntry, ContextEntry, EntryOrigin, ExecEntry, Kubeconfig, UserEntry,
};
use crate::secret::Secret;
use crate::yaml::patch::Tree;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;

/// A kind of entry that a file has a list of.
pub(super) trait Kind: Clone + Default + PartialEq + 'static {
    /// The name of its list.
    const LIST: &'static str;
    /// What one of them is called, which is also the field that holds its body.
    const NAME: &'static str;
    fn of(config: &Kubeconfig) -> &BTreeMap<String, Self>;
    fn of_mut(config: &mut Kubeconfig) -> &mut BTreeMap<String, Self>;
    fn origin(&self) -> &EntryOrigin;
    fn origin_mut(&mut self) -> &mut EntryOrigin;
    /// Makes it what reading it from a file in this folder will give.
    fn settle(&mut self, before: &Self, folder: &Folder<'_>);
    /// Writes the fields that differ.
    fn write<'t>(&'t self, before: &Self, fields: Fields<'_, 't>) -> Result<(), NotText>;

    /// Whether they have the same fields.
    fn is_like(&self, other: &Self) -> bool {
        let (mut one, mut other) = (self.clone(), other.clone());
        *one.origin_mut() = EntryOrigin::default();
        *other.origin_mut() = EntryOrigin::default();
        one == other
    }

    /// Whether they were read from the same lines.
    fn stands_where(&self, other: &Self) -> bool {
        self.origin().line != 0 && self.origin() == other.origin()
    }
}

impl Kind for ClusterEntry {
    const LIST: &'static str = "clusters";
    const NAME: &'static str = "cluster";

    fn of(config: &Kubeconfig) -> &BTreeMap<String, Self> {
        &config.clusters
    }

    fn of_mut(config: &mut Kubeconfig) -> &mut BTreeMap<String, Self> {
        &mut config.clusters
    }

    fn origin(&self) -> &EntryOrigin {
        &self.origin
    }

    fn origin_mut(&mut self) -> &mut EntryOrigin {
        &mut self.origin
    }

    fn settle(&mut self, before: &Self, folder: &Folder<'_>) {
        folder.settle(&before.certificate_authority, &mut self.certificate_authority);
    }

    fn write<'t>(&'t self, was: &Self, mut fields: Fields<'_, 't>) -> Result<(), NotText> {
        let f = &mut fields;
        f.text("certificate-authority", &was.certificate_authority, &self.certificate_authority);
        f.data(
            "certificate-authority-data",
            &was.certificate_authority_data,
            &self.certificate_authority_data,
        );
        f.flag("disable-compression", was.disable_compression, self.disable_compression);
        f.extensions(&was.extensions, &self.extensions);
        f.flag(
            "insecure-skip-tls-verify",
            was.insecure_skip_tls_verify,
            self.insecure_skip_tls_verify,
        );
        f.text("proxy-url", &was.proxy_url, &self.proxy_url);
        f.required_text("server", &was.server, &self.server);
        f.text("tls-server-name", &was.tls_server_name, &self.tls_server_name);
        Ok(())
    }
}

impl Kind for ContextEntry {
    const LIST: &'static str = "contexts";
    const NAME: &'static str = "context";

    fn of(config: &Kubeconfig) -> &BTreeMap<String, Self> {
        &config.contexts
    }

    fn of_mut(config: &mut Kubeconfig) -> &mut BTreeMap<String, Self> {
        &mut config.contexts
    }

    fn origin(&self) -> &EntryOrigin {
        &self.origin
    }

    fn origin_mut(&mut self) -> &mut EntryOrigin {
        &mut self.origin
    }

    fn settle(&mut self, _: &Self, _: &Folder<'_>) {}

    fn write<'t>(&'t self, was: &Self, mut fields: Fields<'_, 't>) -> Result<(), NotText> {
        fields.required_text("cluster", &was.cluster, &self.cluster);
        fields.extensions(&was.extensions, &self.extensions);
        fields.text("namespace", &was.namespace, &self.namespace);
        fields.required_text("user", &was.user, &self.user);
        Ok(())
    }
}

impl Kind for UserEntry {
    const LIST: &'static str = "users";
    const NAME: &'static str = "user";

    fn of(config: &Kubeconfig) -> &BTreeMap<String, Self> {
        &config.users
    }

    fn of_mut(config: &mut Kubeconfig) -> &mut BTreeMap<String, Self> {
        &mut config.users
    }

    fn origin(&self) -> &EntryOrigin {
        &self.origin
    }

    fn origin_mut(&mut self) -> &mut EntryOrigin {
        &mut self.origin
    }

    fn settle(&mut self, before: &Self, folder: &Folder<'_>) {
        folder.settle(&before.client_certificate, &mut self.client_certificate);
        folder.settle(&before.client_key, &mut self.client_key);
        folder.settle(&before.token_file, &mut self.token_file);
        if let Some(exec) = &mut self.exec {
            let before = before.exec.as_ref().map_or("", |exec| &exec.command);
            folder.settle_command(before, &mut exec.command);
            if exec.interactive_mode.is_empty() {
                exec.interactive_mode = exec.default_mode().to_owned();
            }
        }
    }

    fn write<'t>(&'t self, was: &Self, mut fields: Fields<'_, 't>) -> Result<(), NotText> {
        let f = &mut fields;
        f.text("as", &was.impersonate_user, &self.impersonate_user);
        f.texts("as-groups", &was.impersonate_groups, &self.impersonate_groups);
        f.text("as-uid", &was.impersonate_uid, &self.impersonate_uid);
        f.lists("as-user-extra", &was.impersonate_extra, &self.impersonate_extra);
        auth_provider(f, was.auth_provider.as_ref(), self.auth_provider.as_ref())?;
        f.text("client-certificate", &was.client_certificate, &self.client_certificate);
        f.data(
            "client-certificate-data",
            &was.client_certificate_data,
            &self.client_certificate_data,
        );
        f.text("client-key", &was.client_key, &self.client_key);
        f.data("client-key-data", &was.client_key_data, &self.client_key_data);
        exec(f, was.exec.as_ref(), self.exec.as_ref())?;
        f.extensions(&was.extensions, &self.extensions);
        f.secret("password", &was.password, &self.password)?;
        f.secret("token", &was.token, &self.token)?;
        f.text("tokenFile", &was.token_file, &self.token_file);
        f.text("username", &was.username, &self.username);
        Ok(())
    }
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
