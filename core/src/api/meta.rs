//! `ObjectMeta`: the part of `metadata` that objects of the authentication and authorization APIs
//! have. The server does not store these objects, so owners, finalizers and managed fields do not
//! occur.

use super::json::Object;
use super::reader::{Malformed, Node};
use crate::time::UnixTime;
use alloc::collections::BTreeMap;
use alloc::string::String;

/// The most labels, and the most annotations, that are read.
const MOST: usize = 1024;

/// `metadata` of an object; every field may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct ObjectMeta {
    /// The object's name.
    pub name: String,
    /// The prefix of a name that the server generates.
    pub generate_name: String,
    /// The namespace it is in.
    pub namespace: String,
    /// The uid, which distinguishes the object from earlier ones of the same name.
    pub uid: String,
    /// The version of the stored object.
    pub resource_version: String,
    /// Counts changes of `spec`.
    pub generation: Option<i64>,
    /// When it was created.
    pub creation_timestamp: Option<UnixTime>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

impl ObjectMeta {
    pub(crate) fn read(&mut self, node: &Node<'_>) -> Result<(), Malformed> {
        node.fields(|name, value| {
            match name {
                "name" => self.name = value.text()?,
                "generateName" => self.generate_name = value.text()?,
                "namespace" => self.namespace = value.text()?,
                "uid" => self.uid = value.text()?,
                "resourceVersion" => self.resource_version = value.text()?,
                "generation" => self.generation = value.integer()?,
                "creationTimestamp" => self.creation_timestamp = value.time()?,
                "labels" => self.labels = value.text_map(MOST)?,
                "annotations" => self.annotations = value.text_map(MOST)?,
                _ => {}
            }
            Ok(())
        })
    }

    /// Writes the field `metadata`, unless it is empty.
    pub(crate) fn write(&self, object: &mut Object<'_>) {
        if *self == Self::default() {
            return;
        }
        object.object("metadata", |metadata| {
            metadata.text("name", &self.name);
            metadata.text("generateName", &self.generate_name);
            metadata.text("namespace", &self.namespace);
            metadata.text("uid", &self.uid);
            metadata.text("resourceVersion", &self.resource_version);
            metadata.integer("generation", self.generation);
            metadata.time("creationTimestamp", self.creation_timestamp);
            metadata.text_map("labels", &self.labels);
            metadata.text_map("annotations", &self.annotations);
        });
    }
}
