//! `SelfSubjectReview` of `authentication.k8s.io`: as which user does the server authenticate me?
//!
//! Try the newest version first, and after a 404 the next older one (WH-1):
//!
//! ```
//! use kubecred_core::api::call::ApiReply;
//! use kubecred_core::api::self_subject_review::{SelfSubjectReview, SelfSubjectReviewVersion};
//!
//! // A server of Kubernetes 1.27.
//! let post = |path: &str| match path {
//!     "/apis/authentication.k8s.io/v1beta1/selfsubjectreviews" => (201, r#"{
//!         "kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1beta1",
//!         "status":{"userInfo":{"username":"ann"}}}"#),
//!     _ => (404, "404 page not found"),
//! };
//! let mut version = SelfSubjectReviewVersion::V1;
//! let review = loop {
//!     let (status, body) = post(&SelfSubjectReview::request(version).path);
//!     let reply = ApiReply { status, body: body.as_bytes(), ..ApiReply::default() };
//!     match SelfSubjectReview::read_reply(&reply, version) {
//!         Ok(review) => break review,
//!         Err(error) => version = version.after(&error).ok_or(error)?,
//!     }
//! };
//! assert_eq!(review.status.username, "ann");
//! # Ok::<(), kubecred_core::api::call::CallError>(())
//! ```

use super::call::{self, ApiReply, ApiRequest, CallError, Target};
use super::json::Json;
use super::meta::ObjectMeta;
use super::user_info::UserInfo;
use crate::secret::Secret;
use alloc::format;

const KIND: &str = "SelfSubjectReview";

/// The versions of `SelfSubjectReview`; their fields are the same (WH-9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SelfSubjectReviewVersion {
    /// `authentication.k8s.io/v1`, since Kubernetes 1.28.
    #[default]
    V1,
    /// `authentication.k8s.io/v1beta1`, since 1.27.
    V1beta1,
    /// `authentication.k8s.io/v1alpha1`, since 1.26.
    V1alpha1,
}

impl SelfSubjectReviewVersion {
    /// The `apiVersion`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "authentication.k8s.io/v1",
            Self::V1beta1 => "authentication.k8s.io/v1beta1",
            Self::V1alpha1 => "authentication.k8s.io/v1alpha1",
        }
    }

    /// The version to try after this one failed with `error`; `None`: there is none, or the error
    /// is not about the version.
    pub fn after(self, error: &CallError) -> Option<Self> {
        error.status().filter(|status| status.code == 404)?;
        match self {
            Self::V1 => Some(Self::V1beta1),
            Self::V1beta1 => Some(Self::V1alpha1),
            Self::V1alpha1 => None,
        }
    }
}

/// The review. In a request all fields are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct SelfSubjectReview {
    /// The version that answered.
    pub api_version: SelfSubjectReviewVersion,
    /// The object's metadata.
    pub metadata: ObjectMeta,
    /// `status.userInfo`: the user of the request, after impersonation.
    pub status: UserInfo,
}

impl SelfSubjectReview {
    /// The request.
    pub fn request(version: SelfSubjectReviewVersion) -> ApiRequest {
        let path = format!("/apis/{}/selfsubjectreviews", version.as_str());
        let question = Self { api_version: version, ..Self::default() };
        ApiRequest::post(path, question.to_json())
    }

    /// Reads the response to [`SelfSubjectReview::request`] of this version.
    ///
    /// # Errors
    /// If the server returned an error status, or the answer is not a valid `SelfSubjectReview`
    /// (WH-7).
    pub fn read_reply(
        reply: &ApiReply<'_>,
        version: SelfSubjectReviewVersion,
    ) -> Result<Self, CallError> {
        let target = Target { resource: "selfsubjectreviews.authentication.k8s.io", name: "" };
        let object = call::accept(reply, target, KIND, &[version.as_str()])?;
        let mut review = Self { api_version: version, ..Self::default() };
        object.read(|name, value| match name {
            "metadata" => review.metadata.read(&value),
            "status" => value.fields(|name, value| match name {
                "userInfo" => review.status.read(&value),
                _ => Ok(()),
            }),
            _ => Ok(()),
        })?;
        Ok(review)
    }

    /// Its JSON.
    pub fn to_json(&self) -> Secret {
        Json::object(|object| {
            object.text("kind", KIND);
            object.text("apiVersion", self.api_version.as_str());
            self.metadata.write(object);
            if self.status != UserInfo::default() {
                object.object("status", |status| {
                    status.object("userInfo", |user| self.status.write(user));
                });
            }
        })
    }
}
