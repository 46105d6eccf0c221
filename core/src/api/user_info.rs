//! `UserInfo` of `authentication.k8s.io`: a user, as the API server sees it.

use super::json::Object;
use super::reader::{Malformed, Node};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// The limit for groups, and for the values of one extra key.
pub const MAX_GROUPS: usize = 4096;

/// The limit for extra keys.
pub const MAX_EXTRA_KEYS: usize = 1024;

/// A user's name, uid, groups and extra attributes, unchanged (RV-13).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct UserInfo {
    /// The name that identifies the user.
    pub username: String,
    /// The uid, which distinguishes the user from earlier ones of the same name.
    pub uid: String,
    /// The groups, in the server's order.
    pub groups: Vec<String>,
    /// Further attributes; each value is a list, and may be an empty one.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl UserInfo {
    pub(crate) fn read(&mut self, node: &Node<'_>) -> Result<(), Malformed> {
        node.fields(|name, value| {
            match name {
                "username" => self.username = value.text()?,
                "uid" => self.uid = value.text()?,
                "groups" => self.groups = value.texts(MAX_GROUPS)?,
                "extra" => self.extra = value.texts_map(MAX_EXTRA_KEYS, MAX_GROUPS)?,
                _ => {}
            }
            Ok(())
        })
    }

    pub(crate) fn write(&self, object: &mut Object<'_>) {
        object.text("username", &self.username);
        object.text("uid", &self.uid);
        object.texts("groups", &self.groups);
        object.texts_map("extra", &self.extra);
    }
}
