//! `BoundObjectReference` of `authentication.k8s.io/v1`: the object that a token is bound to.

use super::json::Object;
use super::reader::{Malformed, Node};
use alloc::string::String;

/// The Pod, Secret or Node that a token is bound to. When that object is deleted, the API server
/// does not accept the token any more (TR-7, TR-8). The server checks the kind and that the object
/// exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct BoundObjectReference {
    /// `Pod`, `Secret` or `Node`.
    pub kind: String,
    /// `v1` for all of them.
    pub api_version: String,
    /// The object's name; it is in the account's namespace, unless it is a Node.
    pub name: String,
    /// If not empty, the object must have this uid.
    pub uid: String,
}

impl BoundObjectReference {
    pub(crate) fn read(&mut self, node: &Node<'_>) -> Result<(), Malformed> {
        node.fields(|name, value| {
            match name {
                "kind" => self.kind = value.text()?,
                "apiVersion" => self.api_version = value.text()?,
                "name" => self.name = value.text()?,
                "uid" => self.uid = value.text()?,
                _ => {}
            }
            Ok(())
        })
    }

    pub(crate) fn write(&self, object: &mut Object<'_>) {
        object.text("kind", &self.kind);
        object.text("apiVersion", &self.api_version);
        object.text("name", &self.name);
        object.text("uid", &self.uid);
    }
}
