//! What is done to a configuration by name, as `kubectl config` does it.

use super::error::EditError;
use crate::kubeconfig::entries::Kubeconfig;
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;

impl Kubeconfig {
    /// Makes a context the current one (KB-3).
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn use_context(&mut self, name: &str) -> Result<(), EditError> {
        if name.is_empty() {
            return Err(EditError::EmptyName("context"));
        }
        if !self.contexts.contains_key(name) {
            return Err(missing("context", name));
        }
        name.clone_into(&mut self.current_context);
        Ok(())
    }

    /// Gives a context another name. If it is the current one, it stays that (KB-10).
    ///
    /// # Errors
    /// When there is no such context, or another has the new name.
    pub fn rename_context(&mut self, from: &str, to: &str) -> Result<(), EditError> {
        rename(&mut self.contexts, "context", from, to)?;
        if self.current_context == from {
            to.clone_into(&mut self.current_context);
        }
        Ok(())
    }

    /// Gives a cluster another name, also in the contexts that use it, and says how many these are.
    ///
    /// # Errors
    /// When there is no such cluster, or another has the new name.
    pub fn rename_cluster(&mut self, from: &str, to: &str) -> Result<usize, EditError> {
        rename(&mut self.clusters, "cluster", from, to)?;
        Ok(follow(self.contexts.values_mut().map(|context| &mut context.cluster), from, to))
    }

    /// Gives a user another name, also in the contexts that use it, and says how many these are.
    ///
    /// # Errors
    /// When there is no such user, or another has the new name.
    pub fn rename_user(&mut self, from: &str, to: &str) -> Result<usize, EditError> {
        rename(&mut self.users, "user", from, to)?;
        Ok(follow(self.contexts.values_mut().map(|context| &mut context.user), from, to))
    }

    /// Takes a context away. `current-context` stays as it is, even if this was it (KB-10): ask
    /// before, and warn.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn delete_context(&mut self, name: &str) -> Result<(), EditError> {
        self.contexts.remove(name).map(drop).ok_or_else(|| missing("context", name))
    }

    /// Deletes a cluster, also one that contexts use (KB-10).
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn delete_cluster(&mut self, name: &str) -> Result<(), EditError> {
        self.clusters.remove(name).map(drop).ok_or_else(|| missing("cluster", name))
    }

    /// Deletes a user, also one that contexts use (KB-10).
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn delete_user(&mut self, name: &str) -> Result<(), EditError> {
        self.users.remove(name).map(drop).ok_or_else(|| missing("user", name))
    }

    /// Replaces the `auth-provider` configuration of a user, to keep what a provider was given.
    ///
    /// Says whether there was one to replace: another program may have removed the user, or chosen
    /// another way for it, while the provider was asked. That is no error (KC-91).
    pub fn set_auth_provider_config(
        &mut self,
        user: &str,
        config: BTreeMap<String, Secret>,
    ) -> bool {
        let user = self.users.get_mut(user);
        match user.and_then(|user| user.auth_provider.as_mut()) {
            Some(provider) => {
                provider.config = config;
                true
            }
            None => false,
        }
    }
}

/// The entry's origin goes with it, so it is renamed in its own file (KC-88).
fn rename<E>(
    entries: &mut BTreeMap<String, E>,
    kind: &'static str,
    from: &str,
    to: &str,
) -> Result<(), EditError> {
    if to.is_empty() {
        return Err(EditError::EmptyName(kind));
    }
    if entries.contains_key(to) {
        return Err(EditError::EntryExists { kind, name: to.to_owned() });
    }
    let entry = entries.remove(from).ok_or_else(|| missing(kind, from))?;
    entries.insert(to.to_owned(), entry);
    Ok(())
}

/// Changes the names that contexts use, and counts them.
fn follow<'n>(used: impl Iterator<Item = &'n mut String>, from: &str, to: &str) -> usize {
    used.filter(|name| *name == from).map(|name| to.clone_into(name)).count()
}

fn missing(kind: &'static str, name: &str) -> EditError {
    EditError::NoSuchEntry { kind, name: name.to_owned() }
}
