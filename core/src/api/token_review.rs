//! `TokenReview` of `authentication.k8s.io`: whose is this token?

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
    /// `authentication.k8s.io/v1beta1`: API servers have it no more, webhooks do.
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

/// A token that is asked about, or the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct TokenReview {
    /// The version.
    pub api_version: TokenReviewVersion,
    /// The object's metadata; it says nothing.
    pub metadata: ObjectMeta,
    /// The question.
    pub spec: TokenReviewSpec,
    /// The answer.
    pub status: TokenReviewStatus,
}

/// Which token, for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct TokenReviewSpec {
    /// The token. The server refuses an empty one (RV-14).
    pub token: Secret,
    /// It must be for one of these; empty: for the API server.
    pub audiences: Vec<String>,
}

/// The server's verdict, as it stands there; [`TokenReview::verdict`] judges it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct TokenReviewStatus {
    /// Whether the token is good.
    pub authenticated: bool,
    /// Whose it is.
    pub user: UserInfo,
    /// For which of the audiences asked it is good. A server that knows no audiences leaves it
    /// empty (RV-11).
    pub audiences: Vec<String>,
    /// Why the token could not be judged, or why it is bad.
    pub error: String,
}

/// What a [`TokenReview`] means.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The token is good.
    Authenticated {
        /// Whose it is.
        user: UserInfo,
        /// For which of the audiences asked; empty if none were asked.
        audiences: Vec<String>,
    },
    /// The token is bad, or for other audiences.
    Unauthenticated {
        /// Why, if that is known.
        reason: String,
    },
    /// The server says that it is an error; API servers say so of bad tokens too (RV-12).
    Error {
        /// In the server's words.
        error: String,
    },
}

impl TokenReview {
    /// A question about `token`.
    pub fn new(token: Secret, audiences: Vec<String>) -> Self {
        Self { spec: TokenReviewSpec { token, audiences }, ..Self::default() }
    }

    /// The call that asks it (RV-6).
    pub fn request(&self) -> ApiRequest {
        let path = format!("/apis/{}/tokenreviews", self.api_version.as_str());
        ApiRequest::post(path, self.to_json())
    }

    /// Reads the answer to [`TokenReview::request`].
    ///
    /// # Errors
    /// When the server refused to judge, or the answer is not a valid `TokenReview`.
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

    /// What this answer means to one who asked for `audiences` (RV-10…RV-12). `implicit` are the
    /// audiences of a server that does not know audiences; without them such an answer is a no.
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
