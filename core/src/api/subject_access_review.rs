//! `SubjectAccessReview` of `authorization.k8s.io/v1`: may this user do that? (RV-24…RV-27)

use super::call::{self, ApiReply, ApiRequest, CallError, Target};
use super::json::{Json, Object};
use super::meta::ObjectMeta;
use super::reader::{Malformed, Node};
use super::user_info::{MAX_EXTRA_KEYS, MAX_GROUPS, UserInfo};
use crate::secret::Secret;
use alloc::string::String;
use alloc::vec::Vec;

const KIND: &str = "SubjectAccessReview";
const VERSION: &str = "authorization.k8s.io/v1";

/// The most requirements of a selector, and values of one, that are read.
const MOST: usize = 1024;

/// A request to check access, or the response to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct SubjectAccessReview {
    /// The object's metadata; it has no meaning here.
    pub metadata: ObjectMeta,
    /// The user, and what the user wants to do.
    pub spec: SubjectAccessReviewSpec,
    /// The server's answer.
    pub status: SubjectAccessReviewStatus,
}

/// The user, and what the user wants to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct SubjectAccessReviewSpec {
    /// The access to a resource. Set either this or `non_resource_attributes`.
    pub resource_attributes: Option<ResourceAttributes>,
    /// The access to a path that is not a resource.
    pub non_resource_attributes: Option<NonResourceAttributes>,
    /// The user; the fields `user`, `uid`, `groups` and `extra` in JSON.
    pub user: UserInfo,
}

/// The access to a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct ResourceAttributes {
    /// The namespace; empty: all of them, or a resource outside of namespaces.
    pub namespace: String,
    /// `get`, `list`, `create`…; `*`: all of them.
    pub verb: String,
    /// The API group; empty: the core group.
    pub group: String,
    /// The version; `*`: all of them.
    pub version: String,
    /// The resource: `pods`.
    pub resource: String,
    /// The subresource: `log`.
    pub subresource: String,
    /// The object's name; empty: all of them.
    pub name: String,
    /// A limit by field.
    pub field_selector: Option<Selector>,
    /// A limit by label.
    pub label_selector: Option<Selector>,
}

/// A selector, as text or in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct Selector {
    /// As it is written in a query.
    pub raw_selector: String,
    /// In parts.
    pub requirements: Vec<SelectorRequirement>,
}

/// One part of a selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct SelectorRequirement {
    /// The field or label.
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`.
    pub operator: String,
    /// The values.
    pub values: Vec<String>,
}

/// The access to a path that is not a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct NonResourceAttributes {
    /// The path: `/metrics`.
    pub path: String,
    /// The HTTP method, in lower case.
    pub verb: String,
}

/// The verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct SubjectAccessReviewStatus {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Whether it is denied for good; without either, the server has no opinion.
    pub denied: bool,
    /// Why.
    pub reason: String,
    /// What went wrong while judging.
    pub evaluation_error: String,
}

impl SubjectAccessReview {
    /// The call that asks it.
    pub fn request(&self) -> ApiRequest {
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews".into();
        ApiRequest::post(path, self.to_json())
    }

    /// Reads the answer to [`SubjectAccessReview::request`].
    ///
    /// # Errors
    /// When the server refused to judge, or the answer is not a valid `SubjectAccessReview`.
    pub fn read_reply(reply: &ApiReply<'_>) -> Result<Self, CallError> {
        let target = Target { resource: "subjectaccessreviews.authorization.k8s.io", name: "" };
        let object = call::accept(reply, target, KIND, &[VERSION])?;
        let mut review = Self::default();
        object.read(|name, value| match name {
            "metadata" => review.metadata.read(&value),
            "spec" => review.spec.read(&value),
            "status" => review.status.read(&value),
            _ => Ok(()),
        })?;
        Ok(review)
    }

    /// Its JSON.
    pub fn to_json(&self) -> Secret {
        Json::object(|object| {
            object.text("kind", KIND);
            object.text("apiVersion", VERSION);
            self.metadata.write(object);
            object.object("spec", |spec| self.spec.write(spec));
            if self.status != SubjectAccessReviewStatus::default() {
                object.object("status", |status| {
                    status.always_boolean("allowed", self.status.allowed);
                    status.boolean("denied", self.status.denied);
                    status.text("reason", &self.status.reason);
                    status.text("evaluationError", &self.status.evaluation_error);
                });
            }
        })
    }
}

impl SubjectAccessReviewStatus {
    /// Whether the user may: allowed, and not denied as well (RV-25).
    pub fn is_allowed(&self) -> bool {
        self.allowed && !self.denied
    }

    fn read(&mut self, node: &Node<'_>) -> Result<(), Malformed> {
        node.fields(|name, value| {
            match name {
                "allowed" => self.allowed = value.boolean()?,
                "denied" => self.denied = value.boolean()?,
                "reason" => self.reason = value.text()?,
                "evaluationError" => self.evaluation_error = value.text()?,
                _ => {}
            }
            Ok(())
        })
    }
}

impl SubjectAccessReviewSpec {
    fn read(&mut self, node: &Node<'_>) -> Result<(), Malformed> {
        node.fields(|name, value| {
            match name {
                "user" => self.user.username = value.text()?,
                "uid" => self.user.uid = value.text()?,
                "groups" => self.user.groups = value.texts(MAX_GROUPS)?,
                "extra" => self.user.extra = value.texts_map(MAX_EXTRA_KEYS, MAX_GROUPS)?,
                "resourceAttributes" if value.is_null() => self.resource_attributes = None,
                "resourceAttributes" => {
                    self.resource_attributes.get_or_insert_default().read(&value)?;
                }
                "nonResourceAttributes" if value.is_null() => self.non_resource_attributes = None,
                "nonResourceAttributes" => {
                    self.non_resource_attributes.get_or_insert_default().read(&value)?;
                }
                _ => {}
            }
            Ok(())
        })
    }

    fn write(&self, object: &mut Object<'_>) {
        if let Some(attributes) = &self.resource_attributes {
            object.object("resourceAttributes", |object| attributes.write(object));
        }
        if let Some(attributes) = &self.non_resource_attributes {
            object.object("nonResourceAttributes", |object| {
                object.text("path", &attributes.path);
                object.text("verb", &attributes.verb);
            });
        }
        object.text("user", &self.user.username);
        object.texts("groups", &self.user.groups);
        object.texts_map("extra", &self.user.extra);
        object.text("uid", &self.user.uid);
    }
}

impl ResourceAttributes {
    fn read(&mut self, node: &Node<'_>) -> Result<(), Malformed> {
        node.fields(|name, value| {
            match name {
                "namespace" => self.namespace = value.text()?,
                "verb" => self.verb = value.text()?,
                "group" => self.group = value.text()?,
                "version" => self.version = value.text()?,
                "resource" => self.resource = value.text()?,
                "subresource" => self.subresource = value.text()?,
                "name" => self.name = value.text()?,
                "fieldSelector" => self.field_selector = Selector::read(&value)?,
                "labelSelector" => self.label_selector = Selector::read(&value)?,
                _ => {}
            }
            Ok(())
        })
    }

    fn write(&self, object: &mut Object<'_>) {
        object.text("namespace", &self.namespace);
        object.text("verb", &self.verb);
        object.text("group", &self.group);
        object.text("version", &self.version);
        object.text("resource", &self.resource);
        object.text("subresource", &self.subresource);
        object.text("name", &self.name);
        for (name, selector) in
            [("fieldSelector", &self.field_selector), ("labelSelector", &self.label_selector)]
        {
            if let Some(selector) = selector {
                object.object(name, |object| selector.write(object));
            }
        }
    }
}

impl Selector {
    fn read(node: &Node<'_>) -> Result<Option<Self>, Malformed> {
        if node.is_null() {
            return Ok(None);
        }
        let mut selector = Self::default();
        node.fields(|name, value| {
            match name {
                "rawSelector" => selector.raw_selector = value.text()?,
                "requirements" => {
                    selector.requirements.clear();
                    value.items(MOST, |item| {
                        selector.requirements.push(SelectorRequirement::read(&item)?);
                        Ok(())
                    })?;
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(Some(selector))
    }

    fn write(&self, object: &mut Object<'_>) {
        object.text("rawSelector", &self.raw_selector);
        object.objects("requirements", &self.requirements, |requirement, object| {
            object.text("key", &requirement.key);
            object.text("operator", &requirement.operator);
            object.texts("values", &requirement.values);
        });
    }
}

impl SelectorRequirement {
    fn read(node: &Node<'_>) -> Result<Self, Malformed> {
        let mut requirement = Self::default();
        node.fields(|name, value| {
            match name {
                "key" => requirement.key = value.text()?,
                "operator" => requirement.operator = value.text()?,
                "values" => requirement.values = value.texts(MOST)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(requirement)
    }
}

impl NonResourceAttributes {
    fn read(&mut self, node: &Node<'_>) -> Result<(), Malformed> {
        node.fields(|name, value| {
            match name {
                "path" => self.path = value.text()?,
                "verb" => self.verb = value.text()?,
                _ => {}
            }
            Ok(())
        })
    }
}
