//! The functions of `api.wit`.

use crate::Component;
use crate::convert::error;
use crate::translate::{Lift, Lower};
use crate::wit::calls as wit;
use alloc::string::String;
use alloc::vec::Vec;
use kubecred_core::Secret;
use kubecred_core::api::call::{ApiReply, CallError};
use kubecred_core::api::calls::{Accepted, Call, WhoAmI};
use kubecred_core::api::self_subject_review::{SelfSubjectReview, SelfSubjectReviewVersion};
use kubecred_core::api::subject_access_review::{SubjectAccessReview, SubjectAccessReviewStatus};
use kubecred_core::api::token_request::TokenRequest;
use kubecred_core::api::token_review::TokenReview;
use kubecred_core::api::warning;

impl wit::Guest for Component {
    fn whoami_request(version: wit::SelfSubjectReviewVersion) -> wit::ApiRequest {
        SelfSubjectReview::request(Lift::lift(version)).lower()
    }

    fn whoami_reply(
        reply: wit::ApiReply,
        version: wit::SelfSubjectReviewVersion,
    ) -> Result<wit::WhoamiStep, wit::ApiError> {
        let mut call = WhoAmI { version: SelfSubjectReviewVersion::lift(version) };
        Ok(match read(reply, |reply| call.accept(reply)).map_err(error)? {
            Accepted::Object(review) => wit::WhoamiStep::Done(review.lower()),
            Accepted::SendAgain => wit::WhoamiStep::SendAgain(call.version.lower()),
        })
    }

    fn create_token_request(
        namespace: String,
        account: String,
        wanted: wit::TokenRequest,
    ) -> Result<wit::ApiRequest, wit::InvalidName> {
        TokenRequest::lift(wanted).request(&namespace, &account).lower()
    }

    fn create_token_reply(
        reply: wit::ApiReply,
        account: String,
    ) -> Result<wit::TokenRequest, wit::ApiError> {
        read(reply, |reply| TokenRequest::read_reply(reply, &account))
            .map(Lower::lower)
            .map_err(error)
    }

    fn review_token_request(review: wit::TokenReview) -> wit::ApiRequest {
        TokenReview::lift(review).request().lower()
    }

    fn review_token_reply(reply: wit::ApiReply) -> Result<wit::TokenReview, wit::ApiError> {
        read(reply, TokenReview::read_reply).map(Lower::lower).map_err(error)
    }

    fn judge(
        review: wit::TokenReview,
        audiences: Vec<String>,
        implicit: Vec<String>,
    ) -> wit::Verdict {
        TokenReview::lift(review).verdict(&audiences, &implicit).lower()
    }

    fn review_access_request(review: wit::SubjectAccessReview) -> wit::ApiRequest {
        SubjectAccessReview::lift(review).request().lower()
    }

    fn review_access_reply(
        reply: wit::ApiReply,
    ) -> Result<wit::SubjectAccessReview, wit::ApiError> {
        read(reply, SubjectAccessReview::read_reply).map(Lower::lower).map_err(error)
    }

    fn is_allowed(status: wit::SubjectAccessReviewStatus) -> bool {
        SubjectAccessReviewStatus::lift(status).is_allowed()
    }

    fn warnings(header: String) -> Vec<String> {
        warning::texts(&header)
    }
}

/// Reads a reply, whose body is wiped afterwards.
fn read<T>(
    reply: wit::ApiReply,
    read: impl FnOnce(&ApiReply<'_>) -> Result<T, CallError>,
) -> Result<T, CallError> {
    let body = Secret::new(reply.body);
    let reply = ApiReply {
        status: reply.status,
        content_type: reply.content_type.as_deref(),
        retry_after: reply.retry_after.as_deref(),
        body: body.expose(),
    };
    read(&reply)
}
