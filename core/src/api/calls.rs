//! The calls as a host makes them: send [`Call::request`], hand the reply to [`Call::accept`], and
//! send again if it asks for that. One loop makes every call:
//!
//! ```
//! use kubecred_core::api::call::{ApiReply, ApiRequest, CallError};
//! use kubecred_core::api::calls::{Accepted, Call, WhoAmI};
//!
//! fn make<C: Call>(
//!     mut call: C,
//!     send: impl Fn(ApiRequest) -> (u16, &'static str),
//! ) -> Result<C::Object, Box<dyn std::error::Error>> {
//!     loop {
//!         let (status, body) = send(call.request()?);
//!         let reply = ApiReply { status, body: body.as_bytes(), ..ApiReply::default() };
//!         if let Accepted::Object(object) = call.accept(&reply)? {
//!             return Ok(object);
//!         }
//!     }
//! }
//!
//! // A server of Kubernetes 1.27, which does not have v1 yet (WH-1).
//! let review = make(WhoAmI::default(), |request| match request.path.contains("v1beta1") {
//!     true => (201, r#"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1beta1",
//!         "status":{"userInfo":{"username":"ann"}}}"#),
//!     false => (404, "404 page not found"),
//! });
//! assert_eq!(review?.status.username, "ann");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::call::{ApiReply, ApiRequest, CallError, InvalidName};
use super::self_subject_review::{SelfSubjectReview, SelfSubjectReviewVersion};
use super::subject_access_review::SubjectAccessReview;
use super::token_request::TokenRequest;
use super::token_review::TokenReview;
use super::warning;
use alloc::string::String;
use alloc::vec::Vec;

/// A call of an API: its request as data, and how the reply is read.
pub trait Call {
    /// The object that the server answers with.
    type Object;

    /// The request to send now.
    ///
    /// # Errors
    /// If the name of an object is not a valid path segment.
    fn request(&self) -> Result<ApiRequest, InvalidName>;

    /// Reads the reply to [`Call::request`].
    ///
    /// # Errors
    /// If the server returned an error status, or the reply is not a valid object of this kind.
    fn accept(&mut self, reply: &ApiReply<'_>) -> Result<Accepted<Self::Object>, CallError>;
}

/// What a reply means for its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host acts on both")]
pub enum Accepted<T> {
    /// The object: the call is done.
    Object(T),
    /// The server does not have this version of the API; [`Call::request`] is now in an older one.
    SendAgain,
}

/// An object that an API server answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer<T> {
    /// The object.
    pub object: T,
    /// The texts of the `Warning` headers: where the server did not do as it was asked.
    pub warnings: Vec<String>,
}

impl<T> Answer<T> {
    /// The object, and the values of the `Warning` headers that came with it.
    pub fn new<'a>(object: T, warnings: impl IntoIterator<Item = &'a str>) -> Self {
        Self { object, warnings: warnings.into_iter().flat_map(warning::texts).collect() }
    }
}

/// Asks the server who the caller is, in the newest version of the API that it has (WH-1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct WhoAmI {
    /// The version to ask in; the newest by default.
    pub version: SelfSubjectReviewVersion,
}

impl Call for WhoAmI {
    type Object = SelfSubjectReview;

    fn request(&self) -> Result<ApiRequest, InvalidName> {
        Ok(SelfSubjectReview::request(self.version))
    }

    fn accept(&mut self, reply: &ApiReply<'_>) -> Result<Accepted<SelfSubjectReview>, CallError> {
        match SelfSubjectReview::read_reply(reply, self.version) {
            Ok(object) => Ok(Accepted::Object(object)),
            Err(error) => {
                self.version = self.version.after(&error).ok_or(error)?;
                Ok(Accepted::SendAgain)
            }
        }
    }
}

/// Asks for a token of a service account (TR-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct CreateToken<'a> {
    /// The account's namespace.
    pub namespace: &'a str,
    /// The account.
    pub account: &'a str,
    /// The properties of the token.
    pub wanted: &'a TokenRequest,
}

impl Call for CreateToken<'_> {
    type Object = TokenRequest;

    fn request(&self) -> Result<ApiRequest, InvalidName> {
        self.wanted.request(self.namespace, self.account)
    }

    fn accept(&mut self, reply: &ApiReply<'_>) -> Result<Accepted<TokenRequest>, CallError> {
        TokenRequest::read_reply(reply, self.account).map(Accepted::Object)
    }
}

/// Asks whose a token is (RV-6).
impl Call for &TokenReview {
    type Object = TokenReview;

    fn request(&self) -> Result<ApiRequest, InvalidName> {
        Ok(TokenReview::request(self))
    }

    fn accept(&mut self, reply: &ApiReply<'_>) -> Result<Accepted<TokenReview>, CallError> {
        TokenReview::read_reply(reply).map(Accepted::Object)
    }
}

/// Asks whether a user may do something (RV-24).
impl Call for &SubjectAccessReview {
    type Object = SubjectAccessReview;

    fn request(&self) -> Result<ApiRequest, InvalidName> {
        Ok(SubjectAccessReview::request(self))
    }

    fn accept(&mut self, reply: &ApiReply<'_>) -> Result<Accepted<SubjectAccessReview>, CallError> {
        SubjectAccessReview::read_reply(reply).map(Accepted::Object)
    }
}
