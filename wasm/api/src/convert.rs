//! The same types twice: the core's, and those of `wasm/wit/api.wit`.

use crate::translate::{
    Lift, Lower, lift_records, lower_records, open_choices, open_variants, records,
};
use crate::wit::calls as wit;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use kubecred_core::api::bound_object::BoundObjectReference;
use kubecred_core::api::call::{ApiRequest, CallError, InvalidName};
use kubecred_core::api::meta::ObjectMeta;
use kubecred_core::api::self_subject_review::{SelfSubjectReview, SelfSubjectReviewVersion};
use kubecred_core::api::status::{Status, StatusCause, StatusDetails};
use kubecred_core::api::subject_access_review::{
    NonResourceAttributes, ResourceAttributes, Selector, SelectorRequirement, SubjectAccessReview,
    SubjectAccessReviewSpec, SubjectAccessReviewStatus,
};
use kubecred_core::api::token_request::{TokenRequest, TokenRequestSpec, TokenRequestStatus};
use kubecred_core::api::token_review::{
    TokenReview, TokenReviewSpec, TokenReviewStatus, TokenReviewVersion, Verdict,
};
use kubecred_core::api::user_info::UserInfo;
use kubecred_core::protocol::Method;
use kubecred_core::{Header, UnixTime};

records! {
    ObjectMeta {
        name, generate_name, namespace, uid, resource_version, generation, creation_timestamp,
        labels, annotations,
    }
    UserInfo { username, uid, groups, extra }
    SelfSubjectReview { api_version, metadata, status }
    TokenRequest { metadata, spec, status }
    TokenRequestSpec { audiences, expiration_seconds, bound_object_ref, attestations }
    TokenRequestStatus { token, expiration_timestamp }
    BoundObjectReference { kind, api_version, name, uid }
    TokenReview { api_version, metadata, spec, status }
    TokenReviewSpec { token, audiences }
    TokenReviewStatus { authenticated, user, audiences, error }
    SubjectAccessReview { metadata, spec, status }
    SubjectAccessReviewSpec { resource_attributes, non_resource_attributes, user }
    ResourceAttributes {
        namespace, verb, group, version, resource, subresource, name, field_selector,
        label_selector,
    }
    Selector { raw_selector, requirements }
    SelectorRequirement { key, operator, values }
    NonResourceAttributes { path, verb }
    SubjectAccessReviewStatus { allowed, denied, reason, evaluation_error }
    Status { status, message, reason, details, code }
    StatusDetails { name, group, kind, uid, causes, retry_after_seconds }
    StatusCause { reason, message, field }
}

// These only leave the component.
lower_records! {
    ApiRequest { method, path, headers, body }
    InvalidName { name, problem }
}

open_choices! {
    SelfSubjectReviewVersion { V1, V1beta1, V1alpha1 }
    TokenReviewVersion { V1, V1beta1 }
}

open_variants! {
    CallError {
        TooLarge;
        Status;
        WrongKind / CallErrorWrongKind { expected, found },
        Malformed / CallErrorMalformed { kind, detail }
    }
    Verdict {
        ; ;
        Authenticated / VerdictAuthenticated { user, audiences },
        Unauthenticated / VerdictUnauthenticated { reason },
        Error / VerdictError { error }
    }
}

impl Lift<wit::SelfSubjectReviewVersion> for SelfSubjectReviewVersion {
    fn lift(wit: wit::SelfSubjectReviewVersion) -> Self {
        match wit {
            wit::SelfSubjectReviewVersion::V1 => Self::V1,
            wit::SelfSubjectReviewVersion::V1beta1 => Self::V1beta1,
            wit::SelfSubjectReviewVersion::V1alpha1 => Self::V1alpha1,
            wit::SelfSubjectReviewVersion::Other => Self::default(),
        }
    }
}

impl Lift<wit::TokenReviewVersion> for TokenReviewVersion {
    fn lift(wit: wit::TokenReviewVersion) -> Self {
        match wit {
            wit::TokenReviewVersion::V1 => Self::V1,
            wit::TokenReviewVersion::V1beta1 => Self::V1beta1,
            wit::TokenReviewVersion::Other => Self::default(),
        }
    }
}

impl Lower for Method {
    type Wit = wit::Method;
    fn lower(self) -> Self::Wit {
        match self {
            Self::Get => wit::Method::Get,
            Self::Post => wit::Method::Post,
        }
    }
}

impl Lower for Header {
    type Wit = wit::Header;
    fn lower(self) -> Self::Wit {
        wit::Header { name: self.name.into_owned(), value: self.value.lower() }
    }
}

impl Lower for &'static str {
    type Wit = String;
    fn lower(self) -> String {
        self.to_owned()
    }
}

impl Lower for UnixTime {
    type Wit = wit::UnixTime;
    fn lower(self) -> Self::Wit {
        self.as_millis()
    }
}

impl Lift<wit::UnixTime> for UnixTime {
    fn lift(wit: wit::UnixTime) -> Self {
        Self::from_millis(wit)
    }
}

/// With its words beside it, since another language has no `Display`.
pub(crate) fn error(error: CallError) -> wit::ApiError {
    wit::ApiError { message: error.to_string(), cause: error.lower() }
}
