//! From files to one configuration: relative paths made absolute, then merged, first file first.

use super::decode::decode;
use super::entries::{ClusterEntry, Kubeconfig, UserEntry};
use super::setting::{Entry, FieldMut, Form};
use crate::path::PathFlavour;
use crate::profile::problem::ConfigError;
use alloc::collections::BTreeMap;
use alloc::string::String;

impl Kubeconfig {
    /// Reads one file's content. Without a file there is nothing that relative paths could be
    /// relative to, so they stay as they are (KC-13).
    ///
    /// # Errors
    /// Everything that is wrong with it.
    ///
    /// ```
    /// use kubecred_core::kubeconfig::Kubeconfig;
    ///
    /// let config = Kubeconfig::from_bytes(br#"{"users": [{"name": "ann", "user": {"token": "t"}}]}"#)?;
    /// assert_eq!(config.users["ann"].origin.line, 1);
    ///
    /// let error = Kubeconfig::from_bytes(b"users:\n- name: ann\n  user: {token: 12345}\n").unwrap_err();
    /// assert_eq!(error.to_string(), r#"line 3: user "ann": token: expected a string, found a number"#);
    /// # Ok::<(), kubecred_core::kubeconfig::ConfigError>(())
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConfigError> {
        decode("", bytes)
    }

    /// Fills up from a file of lower precedence: whole entries, never single fields (KC-32…KC-34).
    pub(super) fn merge(&mut self, lower: Self) {
        if self.current_context.is_empty() {
            self.current_context = lower.current_context;
            self.current_context_origin = lower.current_context_origin;
        }
        fill(&mut self.clusters, lower.clusters);
        fill(&mut self.users, lower.users);
        fill(&mut self.contexts, lower.contexts);
        fill(&mut self.extensions, lower.extensions);
        self.preferences.colors |= lower.preferences.colors;
        fill(&mut self.preferences.extensions, lower.preferences.extensions);
        self.files.extend(lower.files);
        self.missing.extend(lower.missing);
        self.notices.extend(lower.notices);
    }

    /// Takes relative paths from a folder (KC-36…KC-39).
    pub(super) fn resolve_paths(&mut self, base: &str, flavour: PathFlavour) {
        resolve_paths_of::<ClusterEntry>(self, base, flavour);
        resolve_paths_of::<UserEntry>(self, base, flavour);
    }
}

fn resolve_paths_of<E: Entry>(config: &mut Kubeconfig, base: &str, flavour: PathFlavour) {
    for entry in E::of_mut(config).values_mut() {
        for setting in E::SETTINGS {
            match (setting.get_mut)(entry) {
                FieldMut::Text(path)
                    if setting.form == Form::Path
                        && !path.is_empty()
                        && !flavour.is_absolute(path) =>
                {
                    *path = flavour.join(base, path);
                }
                FieldMut::Exec(Some(exec)) => resolve_command(&mut exec.command, base, flavour),
                _ => {}
            }
        }
    }
}

/// A command with a separator is a path; one without is looked up on PATH, and stays so (KC-39).
fn resolve_command(command: &mut String, base: &str, flavour: PathFlavour) {
    if !flavour.has_separator(command) || flavour.is_absolute(command) {
        return;
    }
    *command = flavour.join(base, command);
    // `./x` in a folder of unknown place is `x` when cleaned, and must not be looked up.
    if !flavour.has_separator(command) {
        command.insert_str(0, "./");
    }
}

/// An entry of the higher file masks one of the lower, even if it is empty (KC-32).
fn fill<T>(higher: &mut BTreeMap<String, T>, lower: BTreeMap<String, T>) {
    if higher.is_empty() {
        *higher = lower;
        return;
    }
    for (name, entry) in lower {
        higher.entry(name).or_insert(entry);
    }
}
