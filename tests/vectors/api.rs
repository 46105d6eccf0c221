//! The calls of authentication.k8s.io and authorization.k8s.io. The files of `api` are made from the
//! table in `api_cases.rs`: `WRITE_VECTORS=1 cargo test … --test vectors api` writes them again.

use crate::api_cases::{CASES, Case};
use crate::{connection, none, vectors};
use kubecred_core::api::call::{ApiReply, ApiRequest, CallError, InvalidName};
use kubecred_core::api::calls::{Accepted, Call, CreateToken, WhoAmI};
use kubecred_core::api::self_subject_review::SelfSubjectReviewVersion;
use kubecred_core::api::subject_access_review::SubjectAccessReview;
use kubecred_core::api::token_request::TokenRequest;
use kubecred_core::api::token_review::{TokenReview, Verdict};
use kubecred_core::api::user_info::UserInfo;
use kubecred_core::{Header, Secret};
use serde_json::{Value, json};
use std::path::Path;

/// What the implementation does with a case, in the words of the vectors.
struct Played {
    request: Value,
    expected: Value,
}

fn play(call: &str, input: &Value, reply: &Value) -> Played {
    let body = body(&reply["body"]);
    let text = |name: &str| reply[name].as_str();
    let reply = ApiReply {
        status: reply["status"].as_u64().and_then(|code| code.try_into().ok()).unwrap_or(0),
        content_type: text("content-type"),
        retry_after: text("retry-after"),
        body: body.as_bytes(),
    };
    match call {
        "whoami" => {
            let version = match input["version"].as_str() {
                Some("v1alpha1") => SelfSubjectReviewVersion::V1alpha1,
                Some("v1beta1") => SelfSubjectReviewVersion::V1beta1,
                _ => SelfSubjectReviewVersion::V1,
            };
            make(WhoAmI { version }, &reply, |review, _| object(&review.to_json()))
        }
        "create-token" => {
            let wanted = TokenRequest::read_reply(&as_reply(input, "TokenRequest"), "");
            let (wanted, text) = (wanted.expect("an input"), |name: &str| {
                input[name].as_str().unwrap_or_default().to_owned()
            });
            let (namespace, account) = (text("namespace"), text("account"));
            let call = CreateToken { namespace: &namespace, account: &account, wanted: &wanted };
            make(call, &reply, |granted, _| object(&granted.to_json()))
        }
        "review-token" => {
            let asked = TokenReview::read_reply(&as_reply(input, "TokenReview"));
            let asked = asked.expect("an input");
            let implicit: Vec<String> =
                input["implicit"].as_array().map_or_else(Vec::new, |list| {
                    list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
                });
            make(&asked, &reply, |review, call| {
                let verdict = review.verdict(&call.spec.audiences, &implicit);
                json!({ "object": from(&review.to_json()), "verdict": describe(&verdict) })
            })
        }
        "review-access" => {
            let asked = SubjectAccessReview::read_reply(&as_reply(input, "SubjectAccessReview"));
            let asked = asked.expect("an input");
            make(&asked, &reply, |review, _| {
                json!({
                    "object": from(&review.to_json()), "allowed": review.status.is_allowed(),
                })
            })
        }
        other => panic!("there is no call {other}"),
    }
}

/// The request of a call, and what it makes of the reply.
fn make<C: Call>(
    mut call: C,
    reply: &ApiReply<'_>,
    describe: impl FnOnce(&C::Object, &C) -> Value,
) -> Played {
    let request = match call.request() {
        Ok(request) => request,
        Err(InvalidName { name, problem }) => {
            let error = json!({ "kind": "invalid-name", "name": name, "message": problem });
            return Played { request: Value::Null, expected: json!({ "error": error }) };
        }
    };
    let ApiRequest { path, headers, body, .. } = request;
    let header =
        |Header { name, value }: &Header| (name.to_string(), json!(connection::text(value)));
    let headers: serde_json::Map<_, _> = headers.iter().map(header).collect();
    let request = json!({ "path": path, "headers": headers, "body": from(&body) });
    let expected = match call.accept(reply) {
        Ok(Accepted::Object(object)) => describe(&object, &call),
        Ok(Accepted::SendAgain) => {
            let path = call.request().map(|request| request.path).unwrap_or_default();
            json!({ "send-again": path })
        }
        Err(error) => json!({ "error": describe_error(&error) }),
    };
    Played { request, expected }
}

fn describe_error(error: &CallError) -> Value {
    let message = error.to_string();
    match error {
        CallError::Status(status) => json!({
            "kind": "status", "message": message, "code": status.code, "reason": status.reason,
            "retry-after": status.details.retry_after_seconds,
        }),
        CallError::WrongKind { .. } => json!({ "kind": "wrong-kind", "message": message }),
        CallError::Malformed { detail, .. } => {
            let field = detail.split(' ').next().filter(|_| !detail.starts_with("the text "));
            json!({ "kind": "malformed", "field": field.unwrap_or_default(), "message": message })
        }
        CallError::TooLarge => json!({ "kind": "too-large", "message": message }),
        other => panic!("a vector has no word for {other:?}"),
    }
}

fn describe(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Authenticated { user: UserInfo { username, .. }, audiences } => {
            json!({ "authenticated": username, "audiences": audiences })
        }
        Verdict::Unauthenticated { reason } => json!({ "unauthenticated": reason }),
        Verdict::Error { error } => json!({ "error": error }),
        other => panic!("a vector has no word for {other:?}"),
    }
}

fn object(json: &Secret) -> Value {
    json!({ "object": from(json) })
}

fn from(json: &Secret) -> Value {
    serde_json::from_slice(json.expose()).expect("JSON")
}

/// The object of an input as a reply of its kind, so that it is read by the same code.
fn as_reply(input: &Value, kind: &'static str) -> ApiReply<'static> {
    let group = if kind == "SubjectAccessReview" { "authorization" } else { "authentication" };
    let mut object = input["object"].clone();
    object["kind"] = json!(kind);
    object["apiVersion"] = json!(format!("{group}.k8s.io/v1"));
    let body: &'static str = object.to_string().leak();
    ApiReply { status: 200, body: body.as_bytes(), ..ApiReply::default() }
}

/// A text, or one that is repeated.
fn body(of: &Value) -> String {
    match of {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(repeated) => {
            let times = repeated["times"].as_u64().and_then(|times| times.try_into().ok());
            repeated["repeat"].as_str().expect("a text").repeat(times.expect("a number"))
        }
        other => panic!("no body: {other}"),
    }
}

/// What a case's vector holds.
fn vector(case: &Case) -> Value {
    let parsed = |text: &str| -> Value {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{}: {error}: {text}", case.name))
    };
    let (input, reply) = (parsed(case.input), parsed(case.reply));
    let Played { request, expected } = play(case.call, &input, &reply);
    assert_eq!(summary(&expected), case.outcome, "{}: {expected}", case.name);
    let mut vector = json!({ "about": case.about, "call": case.call, "input": input });
    if request != Value::Null {
        vector["request"] = request;
        vector["reply"] = reply;
    }
    vector["expected"] = expected;
    vector
}

/// An outcome as the table says it.
fn summary(expected: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if let Some(error) = expected.get("error") {
        let detail = match error["kind"].as_str() {
            Some("status") => format!(" {} {}", error["code"], text(&error["reason"])),
            Some("malformed") => format!(" {}", text(&error["field"])),
            _ => String::new(),
        };
        return format!("{}{detail}", text(&error["kind"])).trim_end().to_owned();
    }
    if let Some(path) = expected.get("send-again") {
        return format!("send-again {}", text(path).split('/').nth(3).unwrap_or_default());
    }
    match (expected.get("verdict"), expected.get("allowed")) {
        (Some(verdict), _) => {
            let verdict = verdict.as_object().and_then(|verdict| verdict.keys().next_back());
            match verdict.map(String::as_str) {
                Some("authenticated" | "audiences") => "authenticated".into(),
                other => other.unwrap_or_default().to_owned(),
            }
        }
        (_, Some(allowed)) => {
            if *allowed == json!(true) { "allowed" } else { "not allowed" }.into()
        }
        _ => "object".into(),
    }
}

#[test]
fn the_api_vectors_are_what_the_table_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/api");
    let mut faults = Vec::new();
    for case in CASES {
        let path = folder.join(format!("{}.json", case.name));
        let made = serde_json::to_string_pretty(&vector(case)).expect("JSON") + "\n";
        if std::env::var_os("WRITE_VECTORS").is_some() {
            std::fs::write(&path, &made).expect("the folder can be written");
        }
        if std::fs::read_to_string(&path).ok().as_deref() != Some(&made) {
            faults.push(format!("{}: not as the table has it", path.display()));
        }
    }
    none(&faults);
}

/// What another implementation does: reads the file alone.
#[test]
fn every_api_vector_holds() {
    let mut faults = Vec::new();
    let files = vectors::<Value>("api");
    assert_eq!(files.len(), CASES.len(), "a file without a case, or a case without a file");
    for (file, vector) in files {
        let played =
            play(vector["call"].as_str().expect("a call"), &vector["input"], &vector["reply"]);
        let made = json!({ "request": played.request, "expected": played.expected });
        let wanted = json!({ "request": vector["request"], "expected": vector["expected"] });
        if made != wanted {
            faults.push(format!("{file}:\n  expected {wanted}\n  found    {made}"));
        }
        let hidden = "s3cret";
        let said = vector["expected"]["error"].to_string();
        if said.contains(hidden) {
            faults.push(format!("{file}: the error shows a value: {said}"));
        }
    }
    none(&faults);
}
