//! A whole configuration as a file of its own (KC-85).

use super::entry;
use super::error::EditError;
use super::field::{Fields, Fill};
use super::file::{not_text, preferences};
use super::named;
use crate::kubeconfig::entries::{ClusterEntry, ContextEntry, Kubeconfig, Preferences, UserEntry};
use crate::kubeconfig::setting::Entry;
use crate::secret::Secret;
use crate::yaml::patch::{self, Tree};
use alloc::collections::BTreeMap;

impl Kubeconfig {
    /// As kubectl writes it: keys and entries sorted, the lists and `current-context` there even
    /// if they are empty (KC-85).
    ///
    /// # Errors
    /// When a secret is no text.
    ///
    /// ```
    /// use kubecred_core::Kubeconfig;
    ///
    /// let config = Kubeconfig::from_bytes(b"users: [{user: {token: '0123'}, name: ann}]")?;
    /// let yaml = config.to_yaml()?;
    /// assert_eq!(yaml.expose_str(), Some("\
    /// apiVersion: v1
    /// clusters: null
    /// contexts: null
    /// current-context: \"\"
    /// kind: Config
    /// users:
    /// - name: ann
    ///   user:
    ///     token: \"0123\"
    /// "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_yaml(&self) -> Result<Secret, EditError> {
        self.tree().map(|tree| patch::to_yaml(&tree))
    }

    /// The same as JSON.
    ///
    /// # Errors
    /// When a secret is no text.
    pub fn to_json(&self) -> Result<Secret, EditError> {
        self.tree().map(|tree| patch::to_json(&tree))
    }

    fn tree(&self) -> Result<Tree<'_>, EditError> {
        let mut root = Tree::map();
        let fixed = |root: &mut Tree<'_>, key, text| root.entry(key, |v| v.set(Tree::text(text)));
        fixed(&mut root, "apiVersion", "v1");
        self.list::<ClusterEntry>(&mut root)?;
        self.list::<ContextEntry>(&mut root)?;
        let mut fields = Fields { body: &mut root, fill: Fill::Everything };
        fields.required_text("current-context", "", &self.current_context);
        fields.extensions(&BTreeMap::new(), &self.extensions);
        fixed(&mut root, "kind", "Config");
        let mut fields = Fields { body: &mut root, fill: Fill::Everything };
        preferences(&mut fields, &Preferences::default(), &self.preferences);
        self.list::<UserEntry>(&mut root)?;
        Ok(root)
    }

    fn list<'t, E: Entry>(&'t self, root: &mut Tree<'t>) -> Result<(), EditError> {
        let entries = E::of(self);
        let mut written = Ok(());
        let none = E::default();
        root.entry(E::LIST, |list| {
            if entries.is_empty() {
                return;
            }
            list.items(|items| {
                written = entries.iter().try_for_each(|(name, entry)| {
                    let mut body = Tree::map();
                    let fields = Fields { body: &mut body, fill: Fill::Everything };
                    entry::write(entry, &none, fields)
                        .map_err(|field| not_text(E::KIND, name, field))?;
                    items.push(named::item(name, E::KIND, body, named::NAME < E::KIND));
                    Ok(())
                });
            });
        });
        written
    }
}
