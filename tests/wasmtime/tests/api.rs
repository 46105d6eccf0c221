//! `target/wasm/kubecred-api.wasm`: the typed calls in a component that imports nothing. The embedder
//! sends what it asks for with a client of its own, over real TLS to the loopback API server.

use kubecred_core::api::call as core_call;
use kubecred_core::protocol::Method;
use kubecred_core::{Authentication, Header, Profile, Roots, Secret};
use kubecred_loopback::{API_AUDIENCE, ApiServer, User};
use kubecred_tokio::{Auth, Client};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

mod bindings {
    wasmtime::component::bindgen!({ path: "../../wasm/wit", world: "api" });
}
use bindings::Api;
use bindings::exports::kubecred::auth::calls as wit;

/// The component, which reaches nothing, and a client that sends.
struct Stage {
    server: ApiServer,
    client: Client,
    store: Store<()>,
    api: Api,
}

const TRAP: &str = "the component traps";

impl Stage {
    async fn new() -> Self {
        let server = ApiServer::builder().start().await.expect("a server");
        server.accounts().allow_token("hush", User::new("jane").member_of(["dev"]));
        let mut profile = Profile::new(server.url());
        let pem = server.authority().certificate_pem();
        profile.cluster.roots = Roots::Pem(Secret::from(pem));
        profile.authentication = Authentication::token("hush");
        let client = Client::new(Auth::from_profile(profile)).expect("a client");
        let engine = Engine::default();
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm/kubecred-api.wasm");
        let bytes = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}: run wasm/build first", path.display()));
        let component = Component::from_binary(&engine, &bytes).expect("it is a component");
        let mut store = Store::new(&engine, ());
        let linker = Linker::new(&engine);
        let api = Api::instantiate(&mut store, &component, &linker).expect("it imports nothing");
        Self { server, client, store, api }
    }

    fn calls(&mut self) -> (&wit::Guest, &mut Store<()>) {
        (self.api.kubecred_auth_calls(), &mut self.store)
    }

    /// Sends what the component wants sent; the reply, and its first `Warning` header.
    async fn send(&self, request: wit::ApiRequest) -> (wit::ApiReply, String) {
        let header =
            |header: wit::Header| Header { name: header.name.into(), value: header.value.into() };
        let request = core_call::ApiRequest {
            method: match request.method {
                wit::Method::Get => Method::Get,
                wit::Method::Post => Method::Post,
            },
            path: request.path,
            headers: request.headers.into_iter().map(header).collect(),
            body: request.body.into(),
        };
        let reply = self.client.send_call(request).await.expect("an answer");
        let text = |name| reply.header(name).map(str::to_owned);
        let warning = text("warning").unwrap_or_default();
        let wit = wit::ApiReply {
            status: reply.status(),
            content_type: text("content-type"),
            retry_after: text("retry-after"),
            body: reply.into_body().expose().to_vec(),
        };
        (wit, warning)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wh_1_whoami_goes_on_with_older_versions() {
    use wit::SelfSubjectReviewVersion::{V1, V1alpha1, V1beta1};
    let mut stage = Stage::new().await;
    stage.server.accounts().reviews().serve_versions(&["v1alpha1"]);
    let (mut version, mut asked) = (V1, Vec::new());
    let review = loop {
        asked.push(version);
        let (calls, store) = stage.calls();
        let request = calls.call_whoami_request(store, version).expect(TRAP);
        let (reply, _) = stage.send(request).await;
        let (calls, store) = stage.calls();
        match calls.call_whoami_reply(store, &reply, version).expect(TRAP).expect("a review") {
            wit::WhoamiStep::Done(review) => break review,
            wit::WhoamiStep::SendAgain(older) => version = older,
        }
    };
    assert_eq!(asked, [V1, V1beta1, V1alpha1]);
    assert_eq!(review.api_version, V1alpha1);
    assert_eq!(review.status.username, "jane");
    assert_eq!(review.status.groups, ["dev", "system:authenticated"]);
    // No version at all: the error of the oldest.
    stage.server.accounts().reviews().serve_versions(&[]);
    let (calls, store) = stage.calls();
    let request = calls.call_whoami_request(store, V1alpha1).expect(TRAP);
    let (reply, _) = stage.send(request).await;
    let (calls, store) = stage.calls();
    let error = calls.call_whoami_reply(store, &reply, V1alpha1).expect(TRAP).unwrap_err();
    assert!(error.message.contains("could not find the requested resource"), "{error:?}");
    assert!(matches!(error.cause, wit::CallError::Status(status) if status.code == 404));
}

fn wanted(seconds: i64) -> wit::TokenRequest {
    wit::TokenRequest {
        metadata: metadata(),
        spec: wit::TokenRequestSpec {
            audiences: vec!["a".into(), "b,c".into()],
            expiration_seconds: Some(seconds),
            bound_object_ref: None,
            attestations: Vec::new(),
        },
        status: wit::TokenRequestStatus { token: Vec::new(), expiration_timestamp: None },
    }
}

fn metadata() -> wit::ObjectMeta {
    wit::ObjectMeta {
        name: String::new(),
        generate_name: String::new(),
        namespace: String::new(),
        uid: String::new(),
        resource_version: String::new(),
        generation: None,
        creation_timestamp: None,
        labels: Vec::new(),
        annotations: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tr_1_tr_2_a_token_is_asked_for_and_the_shorter_life_is_told() {
    let mut stage = Stage::new().await;
    stage.server.accounts().service_accounts().limit_life(Duration::from_secs(900));
    for (account, good) in [("default", true), ("none", false)] {
        let (calls, store) = stage.calls();
        let request = calls.call_create_token_request(store, "default", account, &wanted(1000));
        let (reply, warning) = stage.send(request.expect(TRAP).expect("good names")).await;
        let (calls, store) = stage.calls();
        let granted = calls.call_create_token_reply(&mut *store, &reply, account).expect(TRAP);
        if !good {
            let error = granted.unwrap_err();
            assert_eq!(error.message, "serviceaccounts \"none\" not found");
            continue;
        }
        let granted = granted.expect("a token");
        assert_eq!(granted.spec.expiration_seconds, Some(900));
        assert_eq!(granted.spec.audiences, ["a", "b,c"]);
        assert!(granted.status.token.starts_with(b"ey"));
        assert!(granted.status.expiration_timestamp.is_some_and(|end| end > 1_700_000_000_000));
        let texts = calls.call_warnings(store, &warning).expect(TRAP);
        assert_eq!(texts, ["requested expiration of 1000 seconds shortened to 900 seconds"]);
    }
    let (calls, store) = stage.calls();
    let refused = calls.call_create_token_request(store, "a/b", "default", &wanted(1000));
    let wit::InvalidName { name, problem } = refused.expect(TRAP).unwrap_err();
    assert_eq!((name.as_str(), problem.as_str()), ("a/b", "may not contain '/'"));
}

fn review(token: &str, audiences: &[&str]) -> wit::TokenReview {
    let user = wit::UserInfo {
        username: String::new(),
        uid: String::new(),
        groups: Vec::new(),
        extra: Vec::new(),
    };
    wit::TokenReview {
        api_version: wit::TokenReviewVersion::V1,
        metadata: metadata(),
        spec: wit::TokenReviewSpec {
            token: token.into(),
            audiences: audiences.iter().map(ToString::to_string).collect(),
        },
        status: wit::TokenReviewStatus {
            authenticated: false,
            user,
            audiences: Vec::new(),
            error: String::new(),
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rv_6_rv_10_a_token_is_reviewed_and_judged() {
    let mut stage = Stage::new().await;
    let mut user = User::new("web").member_of(["g"]);
    user.extra.insert("scope".into(), vec!["view".into()]);
    stage.server.accounts().allow_token("of-web", user);
    for (token, audiences, expected) in [
        ("of-web", &[API_AUDIENCE, "x"][..], Some(API_AUDIENCE)),
        ("of-web", &["x"], None),
        ("of-none", &[API_AUDIENCE], None),
    ] {
        let (calls, store) = stage.calls();
        let request = calls.call_review_token_request(store, &review(token, audiences));
        let (reply, _) = stage.send(request.expect(TRAP)).await;
        let (calls, store) = stage.calls();
        let review = calls.call_review_token_reply(&mut *store, &reply).expect(TRAP);
        let audiences: Vec<String> = audiences.iter().map(ToString::to_string).collect();
        let verdict = calls.call_judge(store, &review.expect("a review"), &audiences, &[]);
        match (verdict.expect(TRAP), expected) {
            (wit::Verdict::Authenticated(good), Some(audience)) => {
                assert_eq!(good.user.username, "web");
                assert_eq!(good.user.extra, [("scope".to_owned(), vec!["view".to_owned()])]);
                assert_eq!(good.audiences, [audience]);
            }
            (wit::Verdict::Unauthenticated(_), None) => {}
            (verdict, _) => panic!("{token}: {verdict:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rv_24_rv_25_access_is_reviewed_and_denial_wins() {
    let mut stage = Stage::new().await;
    let decide = |spec: &serde_json::Value| match spec["user"].as_str() {
        Some("ann") => json!({ "allowed": true }),
        Some("eve") => json!({ "allowed": true, "denied": true, "reason": "for good" }),
        _ => json!({ "allowed": false }),
    };
    stage.server.accounts().reviews().decide(decide);
    for (user, allowed) in [("ann", true), ("eve", false), ("bob", false)] {
        let spec = wit::SubjectAccessReviewSpec {
            resource_attributes: None,
            non_resource_attributes: Some(wit::NonResourceAttributes {
                path: "/metrics".into(),
                verb: "get".into(),
            }),
            user: wit::UserInfo {
                username: user.into(),
                uid: String::new(),
                groups: vec!["g".into()],
                extra: Vec::new(),
            },
        };
        let status = wit::SubjectAccessReviewStatus {
            allowed: false,
            denied: false,
            reason: String::new(),
            evaluation_error: String::new(),
        };
        let review = wit::SubjectAccessReview { metadata: metadata(), spec, status };
        let (calls, store) = stage.calls();
        let request = calls.call_review_access_request(store, &review).expect(TRAP);
        let (reply, _) = stage.send(request).await;
        let (calls, store) = stage.calls();
        let answer = calls.call_review_access_reply(&mut *store, &reply).expect(TRAP);
        let status = answer.expect("an answer").status;
        assert_eq!(calls.call_is_allowed(store, &status).expect(TRAP), allowed, "{status:?}");
    }
    let posted = stage.server.accounts().reviews().take_posted();
    let attributes = json!({ "path": "/metrics", "verb": "get" });
    assert_eq!(posted[0]["spec"]["nonResourceAttributes"], attributes);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_the_field_and_never_its_value() {
    let mut stage = Stage::new().await;
    let (calls, store) = stage.calls();
    let reply = |body: &str| wit::ApiReply {
        status: 201,
        content_type: Some("application/json".into()),
        retry_after: None,
        body: body.into(),
    };
    let bad = reply(
        r#"{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","status":{"token":["hush-5f1c"]}}"#,
    );
    let error = calls.call_create_token_reply(&mut *store, &bad, "web").expect(TRAP).unwrap_err();
    assert!(error.message.contains("status.token"), "{error:?}");
    assert!(!format!("{error:?}").contains("5f1c"));
    let pod = reply(r#"{"kind":"Pod","apiVersion":"v1"}"#);
    let error = calls.call_review_token_reply(&mut *store, &pod).expect(TRAP).unwrap_err();
    assert!(matches!(error.cause, wit::CallError::WrongKind(_)), "{error:?}");
    let large = reply(&" ".repeat((1 << 20) + 1));
    let error = calls.call_review_access_reply(store, &large).expect(TRAP).unwrap_err();
    assert!(matches!(error.cause, wit::CallError::TooLarge), "{error:?}");
}
