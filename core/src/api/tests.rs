//! The objects there and back, what is refused, and what replies mean.

use super::bound_object::BoundObjectReference;
use super::call::{ApiReply, CallError, MAX_REPLY, MAX_TOKEN};
use super::self_subject_review::{SelfSubjectReview, SelfSubjectReviewVersion};
use super::status::Status;
use super::subject_access_review::{NonResourceAttributes, SubjectAccessReview};
use super::token_request::TokenRequest;
use super::token_review::{TokenReview, TokenReviewVersion, Verdict};
use super::user_info::{MAX_EXTRA_KEYS, MAX_GROUPS};
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

fn reply(status: u16, body: &str) -> ApiReply<'_> {
    ApiReply { status, body: body.as_bytes(), ..ApiReply::default() }
}

fn text(secret: &Secret) -> &str {
    secret.expose_str().unwrap()
}

/// A text without the spaces and line breaks that make it readable here.
fn squeezed(json: &str) -> String {
    serde_json::from_str::<serde_json::Value>(json).unwrap().to_string()
}

/// The same object, whatever the order of its fields.
#[track_caller]
fn assert_same(written: &Secret, json: &str) {
    assert_eq!(squeezed(text(written)), squeezed(json));
}

const TOKEN_REQUEST: &str = r#"{
    "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
    "metadata": {"name": "web", "generateName": "w", "namespace": "prod", "uid": "u-1",
        "resourceVersion": "7", "generation": 2, "creationTimestamp": "2030-01-01T00:00:00Z",
        "labels": {"a": "b"}, "annotations": {"c": "d"}},
    "spec": {"audiences": ["api", "b,c"], "expirationSeconds": 3607,
        "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "web-0", "uid": "u-2"},
        "attestations": {"k": ["v"]}},
    "status": {"token": "ey.<>&", "expirationTimestamp": "2030-01-01T01:00:07Z"}}"#;

#[test]
fn every_known_field_of_a_token_request_goes_there_and_back() {
    let read = TokenRequest::read_reply(&reply(201, TOKEN_REQUEST), "web").unwrap();
    assert_same(&read.to_json(), TOKEN_REQUEST);
    assert_eq!(read.spec.audiences, ["api", "b,c"]);
    let bound = BoundObjectReference {
        kind: "Pod".into(),
        api_version: "v1".into(),
        name: "web-0".into(),
        uid: "u-2".into(),
    };
    assert_eq!(read.spec.bound_object_ref, Some(bound));
    assert_eq!(text(&read.status.token), "ey.<>&");
    let end = UnixTime::parse_rfc3339("2030-01-01T01:00:07Z");
    assert_eq!(read.status.expiration_timestamp, end);
    assert!(!format!("{read:?}").contains("ey."));
}

const TOKEN_REVIEW: &str = r#"{
    "kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1beta1",
    "spec": {"token": "ey", "audiences": ["a"]},
    "status": {"authenticated": true, "audiences": ["a"], "error": "none",
        "user": {"username": "ann", "uid": "7", "groups": ["g", "h i"],
            "extra": {"k": ["v", "w"], "none": []}}}}"#;

const SELF_SUBJECT_REVIEW: &str = r#"{
    "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
    "metadata": {"creationTimestamp": "2030-01-01T00:00:00Z"},
    "status": {"userInfo": {"username": "ann", "groups": ["g"], "extra": {"k": ["v"]}}}}"#;

const SUBJECT_ACCESS_REVIEW: &str = r#"{
    "kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
    "spec": {"user": "ann", "uid": "7", "groups": ["g"], "extra": {"k": ["v"]},
        "resourceAttributes": {"namespace": "n", "verb": "list", "group": "apps", "version": "v1",
            "resource": "deployments", "subresource": "scale", "name": "web",
            "fieldSelector": {"rawSelector": "a=b"},
            "labelSelector": {"requirements": [{"key": "k", "operator": "In", "values": ["v"]}]}},
        "nonResourceAttributes": {"path": "/metrics", "verb": "get"}},
    "status": {"allowed": false, "denied": true, "reason": "no", "evaluationError": "half"}}"#;

#[test]
fn every_known_field_of_the_reviews_goes_there_and_back() {
    let read = TokenReview::read_reply(&reply(201, TOKEN_REVIEW)).unwrap();
    assert_eq!(read.api_version, TokenReviewVersion::V1beta1);
    assert_same(&read.to_json(), TOKEN_REVIEW);
    let version = SelfSubjectReviewVersion::V1;
    let read = SelfSubjectReview::read_reply(&reply(201, SELF_SUBJECT_REVIEW), version).unwrap();
    assert_same(&read.to_json(), SELF_SUBJECT_REVIEW);
    let read = SubjectAccessReview::read_reply(&reply(201, SUBJECT_ACCESS_REVIEW)).unwrap();
    assert_same(&read.to_json(), SUBJECT_ACCESS_REVIEW);
    let attributes = read.spec.resource_attributes.unwrap();
    assert_eq!(attributes.label_selector.unwrap().requirements[0].values, ["v"]);
}

#[test]
fn unknown_fields_are_passed_over_and_null_is_absence() {
    let sparse = r#"{"new":[{"x":{}}],"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1",
        "metadata":null,"spec":{"token":null,"audiences":null,"new":1},
        "status":{"authenticated":null,"user":{"username":null,"groups":null,
        "extra":{"k":null},"new":"x"},"audiences":null,"error":null}}"#;
    let read = TokenReview::read_reply(&reply(200, sparse)).unwrap();
    let extra = read.status.user.extra.get("k");
    assert_eq!(extra.map(Vec::len), Some(0), "a null list is an empty one");
    let mut plain = read;
    plain.status.user.extra.clear();
    assert_eq!(plain, TokenReview::default());
    let bare = r#"{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1",
        "spec":{"boundObjectRef":null,"expirationSeconds":null,"attestations":null},
        "status":{"expirationTimestamp":null}}"#;
    let read = TokenRequest::read_reply(&reply(200, bare), "web").unwrap();
    assert_eq!(read, TokenRequest::default());
}

/// The error that a token review with this status has.
fn review_error(status: &str) -> String {
    let body = format!(
        r#"{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{status}}}"#
    );
    TokenReview::read_reply(&reply(201, &body)).unwrap_err().to_string()
}

#[test]
fn an_error_names_the_field_and_not_its_value() {
    for (status, error) in [
        (r#""s3cret""#, "status is a string, not an object"),
        (r#"{"authenticated":"s3cret"}"#, "status.authenticated is a string, not a boolean"),
        (r#"{"user":{"groups":["g",7]}}"#, "status.user.groups[1] is a number, not a string"),
        (r#"{"user":{"groups":{}}}"#, "status.user.groups is an object, not a list"),
        (r#"{"user":{"extra":{"k":"v"}}}"#, "status.user.extra.k is a string, not a list"),
        (r#"{"user":{"extra":[]}}"#, "status.user.extra is a list, not an object"),
        (r#"{"user":{"uid":true}}"#, "status.user.uid is a boolean, not a string"),
        (r#"{"error":"\ud800"}"#, "status.error is not a valid string"),
    ] {
        let found = review_error(status);
        assert_eq!(found, ["the answer is not a valid TokenReview: ", error].concat());
    }
    let request = |rest: &str| {
        let start = r#"{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","#;
        let body = [start, rest, "}"].concat();
        TokenRequest::read_reply(&reply(201, &body), "web").unwrap_err().to_string()
    };
    for (rest, error) in [
        (r#""spec":{"expirationSeconds":1.5}"#, "spec.expirationSeconds is not a whole number"),
        (r#""spec":{"expirationSeconds":"1"}"#, "spec.expirationSeconds is a string, not a number"),
        (r#""spec":{"boundObjectRef":7}"#, "spec.boundObjectRef is a number, not an object"),
        (r#""status":{"expirationTimestamp":"soon"}"#, "status.expirationTimestamp is not a time"),
        (r#""status":{"expirationTimestamp":""}"#, "status.expirationTimestamp is not a time"),
        (r#""metadata":{"labels":{"a":1}}"#, "metadata.labels.a is a number, not a string"),
    ] {
        assert!(request(rest).contains(error), "{}", request(rest));
    }
    for (body, error) in [
        (r#"{"kind":"#, "the text ends too early at line 1 column 8"),
        ("<html>", "the text is not JSON at line 1 column 1"),
        (r#"{} x"#, "the text is not JSON at line 1 column 4"),
        ("[]", "the text is a list, not an object"),
        (r#"{"kind":["s3cret"]}"#, "kind is a list, not a string"),
    ] {
        let found = TokenReview::read_reply(&reply(200, body)).unwrap_err().to_string();
        assert_eq!(found, ["the answer is not a valid TokenReview: ", error].concat());
    }
    let latin = ApiReply { status: 200, body: b"{\"kind\":\"\xe9\"}", ..ApiReply::default() };
    let found = TokenReview::read_reply(&latin).unwrap_err().to_string();
    assert_eq!(found, "the answer is not a valid TokenReview: the text is not UTF-8");
}

#[test]
fn what_is_read_is_bounded() {
    let list = |count: usize, item: &str| alloc::vec![item; count].join(",");
    let groups =
        |count| review_error_or(&format!(r#"{{"user":{{"groups":[{}]}}}}"#, list(count, "\"g\"")));
    assert_eq!(groups(MAX_GROUPS), None);
    let found = groups(MAX_GROUPS + 1).unwrap();
    assert!(found.ends_with("status.user.groups has more than 4096 items"), "{found}");
    let extra = |count: usize| {
        let keys: Vec<String> = (0..count).map(|key| format!("\"k{key}\":[]")).collect();
        review_error_or(&format!(r#"{{"user":{{"extra":{{{}}}}}}}"#, keys.join(",")))
    };
    assert_eq!(extra(MAX_EXTRA_KEYS), None);
    let found = extra(MAX_EXTRA_KEYS + 1).unwrap();
    assert!(found.ends_with("status.user.extra has more than 1024 keys"), "{found}");
    let token = |length: usize| {
        let body = format!(
            r#"{{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1",
            "status":{{"token":"{}"}}}}"#,
            "x".repeat(length)
        );
        TokenRequest::read_reply(&reply(201, &body), "web").map(|read| read.status.token.len())
    };
    assert_eq!(token(MAX_TOKEN), Ok(MAX_TOKEN));
    let found = token(MAX_TOKEN + 1).unwrap_err().to_string();
    assert!(found.ends_with("status.token is longer than 16384 bytes"), "{found}");
    let long = " ".repeat(MAX_REPLY + 1);
    assert_eq!(TokenReview::read_reply(&reply(200, &long)), Err(CallError::TooLarge));
}

fn review_error_or(status: &str) -> Option<String> {
    let body = format!(
        r#"{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{status}}}"#
    );
    TokenReview::read_reply(&reply(201, &body)).err().map(|error| error.to_string())
}

/// I: kubectl takes any object for the answer.
#[test]
fn wh_7_kind_and_version_of_an_answer_are_checked() {
    for (body, found) in [
        (r#"{"kind":"Pod","apiVersion":"v1"}"#, "kind Pod of v1"),
        (
            r#"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1beta1"}"#,
            "kind SelfSubjectReview of authentication.k8s.io/v1beta1",
        ),
        (r#"{"kind":"ey.s3cret","apiVersion":"s3cret"}"#, "kind (not shown) of (not shown)"),
        ("{}", "an object without kind and apiVersion"),
    ] {
        let answer = SelfSubjectReview::read_reply(&reply(200, body), SelfSubjectReviewVersion::V1);
        let error = answer.unwrap_err().to_string();
        assert_eq!(error, format!("the server answered with {found}, not a SelfSubjectReview"));
    }
}

#[test]
fn tr_1_a_token_request_is_posted_to_the_account() {
    let mut wanted = TokenRequest::default();
    wanted.spec.expiration_seconds = Some(600);
    let request = wanted.request("prod", "a b:c").unwrap();
    assert_eq!(request.path, "/api/v1/namespaces/prod/serviceaccounts/a%20b:c/token");
    assert_eq!(
        text(&request.body),
        r#"{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"expirationSeconds":600}}"#
    );
    for (name, problem) in [
        ("", "may not be empty"),
        (".", "may not be '.'"),
        ("..", "may not be '..'"),
        ("sa/x", "may not contain '/'"),
        ("sa%2fx", "may not contain '%'"),
    ] {
        let error = wanted.request("prod", name).unwrap_err();
        assert_eq!(error.to_string(), format!("invalid resource name {name:?}: [{problem}]"));
        assert!(wanted.request(name, "web").is_err(), "namespace {name:?}");
    }
}

#[test]
fn rv_24_reviews_are_posted_to_their_versions() {
    let review = TokenReview::new("ey".into(), alloc::vec!["a".into()]);
    let request = review.request();
    assert_eq!(request.path, "/apis/authentication.k8s.io/v1/tokenreviews");
    assert!(text(&request.body).contains(r#""spec":{"token":"ey","audiences":["a"]}"#));
    assert!(!format!("{request:?} {review:?}").contains("ey"), "the token shows");
    let path = SelfSubjectReview::request(SelfSubjectReviewVersion::V1alpha1).path;
    assert_eq!(path, "/apis/authentication.k8s.io/v1alpha1/selfsubjectreviews");
    let mut review = SubjectAccessReview::default();
    review.spec.user.username = "ann".into();
    let attributes = NonResourceAttributes { path: "/metrics".into(), verb: "get".into() };
    review.spec.non_resource_attributes = Some(attributes);
    let request = review.request();
    assert_eq!(request.path, "/apis/authorization.k8s.io/v1/subjectaccessreviews");
    let spec = r#""spec":{"nonResourceAttributes":{"path":"/metrics","verb":"get"},"user":"ann"}"#;
    assert!(text(&request.body).contains(spec), "{}", text(&request.body));
}

#[test]
fn wh_1_an_older_version_is_asked_only_after_a_404() {
    use SelfSubjectReviewVersion::{V1, V1alpha1, V1beta1};
    for (status, body, is_next) in [
        (404, "404 page not found", true),
        (404, r#"{"kind":"Status","apiVersion":"v1","status":"Failure","code":404}"#, true),
        (403, r#"{"kind":"Status","apiVersion":"v1","status":"Failure"}"#, false),
        (401, "", false),
        (500, "boom", false),
        (405, "", false),
        (200, "{}", false),
    ] {
        let after = |version: SelfSubjectReviewVersion| {
            let error = SelfSubjectReview::read_reply(&reply(status, body), version);
            version.after(&error.unwrap_err())
        };
        let expected = if is_next { [Some(V1beta1), Some(V1alpha1), None] } else { [None; 3] };
        assert_eq!([V1, V1beta1, V1alpha1].map(after), expected, "{status} {body}");
    }
}

fn verdict(status: &str, asked: &[&str], implicit: &[&str]) -> Result<Vec<String>, String> {
    let body = format!(
        r#"{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{status}}}"#
    );
    let review = TokenReview::read_reply(&reply(201, &body)).unwrap();
    let owned = |texts: &[&str]| -> Vec<String> { texts.iter().map(ToString::to_string).collect() };
    match review.verdict(&owned(asked), &owned(implicit)) {
        Verdict::Authenticated { audiences, .. } => Ok(audiences),
        Verdict::Unauthenticated { reason } => Err(["no: ", &reason].concat()),
        Verdict::Error { error } => Err(["error: ", &error].concat()),
    }
}

#[test]
fn rv_10_audiences_are_judged_before_anything_else() {
    let other = Err("no: the token is not for any of the audiences asked for".into());
    let good = r#"{"authenticated":true,"audiences":["b","a"]}"#;
    assert_eq!(verdict(good, &["a", "c"], &[]), Ok(alloc::vec!["a".into()]));
    assert_eq!(verdict(good, &["c"], &["c"]), other);
    // No intersection: a refusal, though the server calls it an error.
    let bad = r#"{"error":"token audiences [b] is invalid for the target audiences [a]"}"#;
    let refused = verdict(bad, &["a"], &[]).unwrap_err();
    assert!(refused.starts_with("no: token audiences [b]"), "{refused}");
}

#[test]
fn rv_11_without_audiences_asked_none_are_checked() {
    let plain = r#"{"authenticated":true}"#;
    assert_eq!(verdict(plain, &[], &[]), Ok(Vec::new()));
    assert_eq!(verdict(r#"{"authenticated":true,"audiences":["x"]}"#, &[], &[]), Ok(Vec::new()));
    // A server that does not know audiences: only with implicit ones.
    assert!(verdict(plain, &["a"], &[]).is_err());
    assert_eq!(verdict(plain, &["a"], &["a"]), Ok(alloc::vec!["a".into()]));
}

#[test]
fn rv_12_not_authenticated_is_an_error_with_a_text_and_a_refusal_without() {
    let error = Err("error: invalid bearer token".into());
    assert_eq!(verdict(r#"{"error":"invalid bearer token"}"#, &[], &[]), error);
    assert_eq!(verdict("{}", &[], &[]), Err("no: ".into()));
    assert_eq!(verdict(r#"{"authenticated":true,"error":"odd"}"#, &[], &[]), Ok(Vec::new()));
}

#[test]
fn rv_13_the_user_is_taken_as_it_is() {
    let read = TokenReview::read_reply(&reply(200, TOKEN_REVIEW)).unwrap();
    let Verdict::Authenticated { user, .. } = read.verdict(&[], &[]) else { panic!() };
    assert_eq!((user.username.as_str(), user.uid.as_str()), ("ann", "7"));
    assert_eq!(user.groups, ["g", "h i"]);
    assert_eq!(user.extra["k"], ["v", "w"]);
    assert!(user.extra["none"].is_empty());
}

#[test]
fn rv_25_allowed_and_denied_together_is_denied() {
    let is_allowed = |status: &str| {
        let start =
            r#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":"#;
        let body = [start, status, "}"].concat();
        SubjectAccessReview::read_reply(&reply(201, &body)).unwrap().status.is_allowed()
    };
    assert!(is_allowed(r#"{"allowed":true}"#));
    for status in ["{}", r#"{"allowed":false}"#, r#"{"allowed":true,"denied":true}"#, "null"] {
        assert!(!is_allowed(status), "{status}");
    }
}

fn failure(reply: &ApiReply<'_>) -> Status {
    match TokenRequest::read_reply(reply, "web") {
        Err(CallError::Status(status)) => *status,
        other => panic!("{other:?}"),
    }
}

const STATUS: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
    "message":"serviceaccounts \"web\" not found","reason":"NotFound",
    "details":{"name":"web","group":"g","kind":"serviceaccounts","uid":"u",
        "causes":[{"reason":"r","message":"m","field":"f"}],"retryAfterSeconds":7},"code":404}"#;

#[test]
fn a_status_is_read_whole_and_shows_its_message() {
    let status = failure(&reply(404, STATUS));
    assert_same(&status.to_json(), STATUS);
    assert_eq!(status.to_string(), "serviceaccounts \"web\" not found");
    assert_eq!(status.retry_after(), Some(core::time::Duration::from_secs(7)));
    let later = ApiReply { retry_after: Some("9"), ..reply(429, STATUS) };
    assert_eq!(failure(&later).retry_after(), Some(core::time::Duration::from_secs(9)));
    let bare = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Gone"}"#;
    assert_eq!(
        (failure(&reply(410, bare)).code, failure(&reply(410, bare)).to_string()),
        (410, "Gone".into())
    );
    // A Status of failure is a failure, whatever the HTTP status says.
    assert_eq!(failure(&reply(200, STATUS)).code, 404);
}

#[test]
fn what_is_no_status_is_put_into_client_gos_words() {
    let web = " (post serviceaccounts web)";
    for (status, body, message) in [
        (404, "404 page not found", "the server could not find the requested resource"),
        (401, "", "the server has asked for the client to provide credentials"),
        (400, "no", "the server rejected our request for an unknown reason"),
        (403, "not you\n", "not you"),
        (403, "", "unknown"),
        (405, "", "the server does not allow this method on the requested resource"),
        (409, "", "the server reported a conflict"),
        (
            500,
            "bo\"om",
            r#"an error on the server ("bo\"om") has prevented the request from succeeding"#,
        ),
        (
            502,
            "",
            r#"an error on the server ("unknown") has prevented the request from succeeding"#,
        ),
        (503, "", "the server is currently unable to handle the request"),
        (429, "", "the server has received too many requests and has asked us to try again later"),
    ] {
        let found = failure(&reply(status, body));
        assert_eq!(found.message, [message, web].concat());
        assert_eq!(found.code, status);
    }
    // What is no text is not quoted.
    let binary =
        ApiReply { content_type: Some("application/octet-stream"), ..reply(500, "\u{1}x") };
    assert!(failure(&binary).message.contains("(\"unknown\")"));
    let html = ApiReply { content_type: Some("Text/html"), ..reply(500, "<p>") };
    assert!(failure(&html).message.contains("(\"<p>\")"));
}
