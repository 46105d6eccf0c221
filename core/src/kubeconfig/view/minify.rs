//! Only what the current context needs (KC-92).

use super::ViewError;
use crate::kubeconfig::entries::Kubeconfig;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;

impl Kubeconfig {
    /// Leaves only the current context, its cluster and its user. A context that names none of
    /// either has none (KC-92).
    ///
    /// # Errors
    /// When there is no current context, or it names what does not exist.
    pub fn minify(&mut self) -> Result<(), ViewError> {
        if self.current_context.is_empty() {
            return Err(ViewError::NoCurrentContext);
        }
        // All are looked up before any goes: what fails changes nothing.
        let found = self.contexts.get(&self.current_context);
        let context = found.ok_or_else(|| missing("context", &self.current_context))?;
        let (cluster, user) = (context.cluster.clone(), context.user.clone());
        check("cluster", &self.clusters, &cluster)?;
        check("user", &self.users, &user)?;
        self.contexts.retain(|name, _| *name == self.current_context);
        self.clusters.retain(|name, _| !cluster.is_empty() && *name == cluster);
        self.users.retain(|name, _| !user.is_empty() && *name == user);
        Ok(())
    }
}

fn check<V>(
    kind: &'static str,
    entries: &BTreeMap<String, V>,
    name: &str,
) -> Result<(), ViewError> {
    match name.is_empty() || entries.contains_key(name) {
        true => Ok(()),
        false => Err(missing(kind, name)),
    }
}

fn missing(kind: &'static str, name: &str) -> ViewError {
    ViewError::NoSuchEntry { kind, name: name.to_owned() }
}
