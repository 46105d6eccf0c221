//! `TokenRequest` of `authentication.k8s.io/v1`: a token for a service account.
//!
//! ```
//! use kubecred_core::api::call::ApiReply;
//! use kubecred_core::api::token_request::TokenRequest;
//!
//! let mut wanted = TokenRequest::default();
//! wanted.spec.expiration_seconds = Some(3600);
//! let request = wanted.request("prod", "deployer")?;
//! assert_eq!(request.path, "/api/v1/namespaces/prod/serviceaccounts/deployer/token");
//!
//! let body = br#"{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1",
//!     "spec":{"audiences":["api"],"expirationSeconds":3600},
//!     "status":{"token":"ey...","expirationTimestamp":"2030-01-01T00:00:00Z"}}"#;
//! let reply = ApiReply { status: 201, body, ..ApiReply::default() };
//! let granted = TokenRequest::read_reply(&reply, "deployer")?;
//! assert_eq!(granted.spec.audiences, ["api"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::bound_object::BoundObjectReference;
use super::call::{self, ApiReply, ApiRequest, CallError, InvalidName, Target};
use super::json::{Json, Object};
use super::meta::ObjectMeta;
use super::reader::{Malformed, Node};
use super::user_info::{MAX_EXTRA_KEYS, MAX_GROUPS};
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const KIND: &str = "TokenRequest";
const VERSION: &str = "authentication.k8s.io/v1";

/// A request for a token of a service account, or the response to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct TokenRequest {
    /// Name and namespace, if set, must be the account's (TR-6).
    pub metadata: ObjectMeta,
    /// The requested token; in a response, what was granted.
    pub spec: TokenRequestSpec,
    /// The token; empty in a request.
    pub status: TokenRequestStatus,
}

/// The properties of the token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct TokenRequestSpec {
    /// The audiences of the token; empty: those of the API server, which the response lists (TR-5).
    pub audiences: Vec<String>,
    /// The lifetime in seconds; `None`: an hour. The server refuses less than 600, and may grant a
    /// shorter lifetime than requested (TR-2).
    pub expiration_seconds: Option<i64>,
    /// The object that the token is bound to.
    pub bound_object_ref: Option<BoundObjectReference>,
    /// What the server is to attest, for webhook configurations only (TR-7).
    pub attestations: BTreeMap<String, Vec<String>>,
}

/// The token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct TokenRequestStatus {
    /// The token; empty in a request.
    pub token: Secret,
    /// When it expires (TR-3). It may become invalid earlier, with its bound object.
    pub expiration_timestamp: Option<UnixTime>,
}

impl TokenRequest {
    /// The request (TR-1). `metadata` and `status` are not sent if they are empty.
    ///
    /// # Errors
    /// If the namespace or the account is not a valid path segment.
    pub fn request(&self, namespace: &str, account: &str) -> Result<ApiRequest, InvalidName> {
        let (namespace, account) = (call::segment(namespace)?, call::segment(account)?);
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        Ok(ApiRequest::post(path, self.to_json()))
    }

    /// Reads the response to [`TokenRequest::request`]; errors name the `account`.
    ///
    /// # Errors
    /// If the server returned an error status, or the response is not a valid `TokenRequest`. A
    /// response without a token is valid (TR-15).
    pub fn read_reply(reply: &ApiReply<'_>, account: &str) -> Result<Self, CallError> {
        let target = Target { resource: "serviceaccounts", name: account };
        let object = call::accept(reply, target, KIND, &[VERSION])?;
        let mut request = Self::default();
        object.read(|name, value| match name {
            "metadata" => request.metadata.read(&value),
            "spec" => request.spec.read(&value),
            "status" => request.status.read(&value),
            _ => Ok(()),
        })?;
        Ok(request)
    }

    /// Its JSON, with the token if there is one.
    pub fn to_json(&self) -> Secret {
        Json::object(|object| {
            object.text("kind", KIND);
            object.text("apiVersion", VERSION);
            self.metadata.write(object);
            object.object("spec", |spec| self.spec.write(spec));
            if self.status != TokenRequestStatus::default() {
                object.object("status", |status| {
                    status.secret("token", &self.status.token);
                    status.time("expirationTimestamp", self.status.expiration_timestamp);
                });
            }
        })
    }
}

impl TokenRequestSpec {
    fn read(&mut self, node: &Node<'_>) -> Result<(), Malformed> {
        node.fields(|name, value| {
            match name {
                "audiences" => self.audiences = value.texts(MAX_GROUPS)?,
                "expirationSeconds" => self.expiration_seconds = value.integer()?,
                "boundObjectRef" if value.is_null() => self.bound_object_ref = None,
                "boundObjectRef" => self.bound_object_ref.get_or_insert_default().read(&value)?,
                "attestations" => {
                    self.attestations = value.texts_map(MAX_EXTRA_KEYS, MAX_GROUPS)?
                }
                _ => {}
            }
            Ok(())
        })
    }

    fn write(&self, object: &mut Object<'_>) {
        object.texts("audiences", &self.audiences);
        object.integer("expirationSeconds", self.expiration_seconds);
        if let Some(bound) = &self.bound_object_ref {
            object.object("boundObjectRef", |object| bound.write(object));
        }
        object.texts_map("attestations", &self.attestations);
    }
}

impl TokenRequestStatus {
    fn read(&mut self, node: &Node<'_>) -> Result<(), Malformed> {
        node.fields(|name, value| {
            match name {
                "token" => self.token = call::token(&value)?,
                "expirationTimestamp" => self.expiration_timestamp = value.time()?,
                _ => {}
            }
            Ok(())
        })
    }
}
