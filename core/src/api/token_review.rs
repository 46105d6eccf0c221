//! `TokenReview` of `authentication.k8s.io`: is this token valid, and whose is it?

use super::call::{self, ApiReply, ApiRequest, CallError, Target};
use super::json::Json;
use super::meta::ObjectMeta;
use super::reader::{Malformed, Node};
use super::user_info::{MAX_GROUPS, UserInfo};
use crate::secret::Secret;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const KIND: &str = "TokenReview";

/// The versions of `TokenReview`; their fields are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenReviewVersion {
    /// `authentication.k8s.io/v1`.
    #[default]
    V1,
    /// `authentication.k8s.io/v1beta1`: still used by webhooks, not by API servers.
    V1beta1,
}

impl TokenReviewVersion {
    /// The `apiVersion`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "authentication.k8s.io/v1",
            Self::V1beta1 => "authentication.k8s.io/v1beta1",
        }
    }
}

/// A request to review a token, or the response to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct TokenReview {
    /// The version.
    pub api_version: TokenReviewVersion,
    /// The object's metadata; it has no meaning here.
    pub metadata: ObjectMeta,
    /// The token, and its audiences.
    pub spec: TokenReviewSpec,
    /// The server's answer.
    pub status: TokenReviewStatus,
}

/// The token, and the audiences that it must have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct TokenReviewSpec {
    /// The token. The server refuses an empty one (RV-14).
    pub token: Secret,
    /// The token must be for one of these audiences; empty: for the API server.
    pub audiences: Vec<String>,
}

/// The server's answer, as it is in the object. [`TokenReview::verdict`] interprets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct TokenReviewStatus {
    /// Whether the token is valid.
    pub authenticated: bool,
    /// Whose it is.
    pub user: UserInfo,
    /// The requested audiences that the token is for. Empty if the server does not support
    /// audiences (RV-11).
    pub audiences: Vec<String>,
    /// Why the token could not be reviewed, or is not valid.
    pub error: String,
}

/// What a [`TokenReview`] means.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The token is valid.
    Authenticated {
        /// Whose it is.
        user: UserInfo,
        /// The requested audiences that it is for; empty if none were requested.
        audiences: Vec<String>,
    },
    /// The token is not valid, or is for other audiences.
    Unauthenticated {
        /// Why, if that is known.
        reason: String,
    },
    /// The server reports an error. API servers also do that for tokens that are not valid (RV-12).
    Error {
        /// In the server's words.
        error: String,
    },
}

impl TokenReview {
    /// A request to review `token`.
    pub fn new(token: Secret, audiences: Vec<String>) -> Self {
        Self { spec: TokenReviewSpec { token, audiences }, ..Self::default() }
    }

    /// The request (RV-6).
    pub fn request(&self) -> ApiRequest {
        let path = format!("/apis/{}/tokenreviews", self.api_version.as_str());
        ApiRequest::post(path, self.to_json())
    }

    /// Reads the response to [`TokenReview::request`].
    ///
    /// # Errors
    /// If the server returned an error status, or the response is not a valid `TokenReview`.
    pub fn read_reply(reply: &ApiReply<'_>) -> Result<Self, CallError> {
        let target = Target { resource: "tokenreviews.authentication.k8s.io", name: "" };
        let versions = [TokenReviewVersion::V1, TokenReviewVersion::V1beta1];
        let object = call::accept(reply, target, KIND, &versions.map(TokenReviewVersion::as_str))?;
        let mut review = Self::default();
        if object.version == TokenReviewVersion::V1beta1.as_str() {
            review.api_version = TokenReviewVersion::V1beta1;
        }
        object.read(|name, value| match name {
            "metadata" => review.metadata.read(&value),
            "spec" => review.spec.read(&value),
            "status" => review.status.read(&value),
            _ => Ok(()),
        })?;
        Ok(review)
    }

    /// Interprets this response to a request for `audiences` (RV-10…RV-12). `implicit` are the
    /// audiences to assume if the server does not support audiences; if empty, its answer counts as
    /// a refusal.
    pub fn verdict(&self, audiences: &[String], implicit: &[String]) -> Verdict {
        let TokenReviewStatus { authenticated, user, audiences: returned, error } = &self.status;
        let good = if returned.is_empty() { implicit } else { returned };
        let common: Vec<_> = audiences.iter().filter(|one| good.contains(one)).cloned().collect();
        // Judged first: a token for others is no error, whatever the server says besides (RV-10).
        if !audiences.is_empty() && common.is_empty() {
            let other = "the token is not for any of the audiences asked for";
            let reason = if *authenticated { other } else { error };
            return Verdict::Unauthenticated { reason: reason.into() };
        }
        match (authenticated, error.as_str()) {
            (true, _) => Verdict::Authenticated { user: user.clone(), audiences: common },
            (false, "") => Verdict::Unauthenticated { reason: String::new() },
            (false, error) => Verdict::Error { error: error.into() },
        }
    }

    /// Its JSON, with the token.
    pub fn to_json(&self) -> Secret {
        Json::object(|object| {
            object.text("kind", KIND);
            object.text("apiVersion", self.api_version.as_str());
            self.metadata.write(object);
            object.object("spec", |spec| {
                spec.secret("token", &self.spec.token);
                spec.texts("audiences", &self.spec.audiences);
            });
            if self.status != TokenReviewStatus::default() {
                object.object("status", |status| {
                    status.boolean("authenticated", self.status.authenticated);
                    if self.status.user != UserInfo::default() {
                        status.object("user", |user| self.status.user.write(user));
                    }
                    status.texts("audiences", &self.status.audiences);
                    status.text("error", &self.status.error);
                });
            }
        })
    }
}

impl TokenReviewSpec {
    fn read(&mut self, node: &Node<'_>) -> Result<(), Malformed> {
        node.fields(|name, value| {
            match name {
                "token" => self.token = call::token(&value)?,
                "audiences" => self.audiences = value.texts(MAX_GROUPS)?,
                _ => {}
            }
            Ok(())
        })
    }
}

impl TokenReviewStatus {
    fn read(&mut self, node: &Node<'_>) -> Result<(), Malformed> {
        node.fields(|name, value| {
            match name {
                "authenticated" => self.authenticated = value.boolean()?,
                "user" => self.user.read(&value)?,
                "audiences" => self.audiences = value.texts(MAX_GROUPS)?,
                "error" => self.error = value.text()?,
                _ => {}
            }
            Ok(())
        })
    }
}
