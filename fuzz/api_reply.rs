//! What an API server answers.

use kubecred_core::Secret;
use kubecred_core::api::call::{ApiReply, CallError};
use kubecred_core::api::self_subject_review::{SelfSubjectReview, SelfSubjectReviewVersion};
use kubecred_core::api::status::Status;
use kubecred_core::api::subject_access_review::SubjectAccessReview;
use kubecred_core::api::token_request::TokenRequest;
use kubecred_core::api::token_review::{TokenReview, TokenReviewVersion, Verdict};
use std::fmt::Debug;

/// Any answer of any status: it is read or refused, and what was read is written so that it reads
/// back the same. A review that is not authenticated never is a good verdict.
///
/// # Panics
/// When that is not so.
pub fn api_reply(bytes: &[u8]) {
    let (kind, body) = bytes.split_first().unwrap_or((&0, &[]));
    let status = if kind & 0x80 == 0 { 201 } else { 400 + u16::from(kind & 0x7f) };
    let reply = ApiReply { status, body, ..ApiReply::default() };
    again(&reply, |reply| TokenRequest::read_reply(reply, "web"), TokenRequest::to_json);
    again(&reply, TokenReview::read_reply, TokenReview::to_json);
    again(&reply, SubjectAccessReview::read_reply, SubjectAccessReview::to_json);
    let version = SelfSubjectReviewVersion::V1;
    again(
        &reply,
        |reply| SelfSubjectReview::read_reply(reply, version),
        SelfSubjectReview::to_json,
    );
    if let Ok(status) = Status::read(body) {
        assert_eq!(Status::read(status.to_json().expose()).as_ref(), Ok(&status));
    }
    if let Ok(review) = TokenReview::read_reply(&reply) {
        let asked = ["a".to_owned()];
        for asked in [&[][..], &asked] {
            if let Verdict::Authenticated { user, .. } = review.verdict(asked, &[]) {
                assert!(review.status.authenticated);
                assert_eq!(user, review.status.user);
            }
        }
        assert_ne!(review.api_version.as_str(), "");
        assert!(
            [TokenReviewVersion::V1, TokenReviewVersion::V1beta1].contains(&review.api_version)
        );
    }
}

fn again<T: PartialEq + Debug>(
    reply: &ApiReply<'_>,
    read: impl Fn(&ApiReply<'_>) -> Result<T, CallError>,
    write: impl Fn(&T) -> Secret,
) {
    let Ok(first) = read(reply) else { return };
    let json = write(&first);
    let second = read(&ApiReply { status: 201, body: json.expose(), ..ApiReply::default() });
    // A time is written in whole seconds, and so is compared as it was written.
    let second = second.expect("what was written is read");
    assert_eq!(write(&second), json);
}
