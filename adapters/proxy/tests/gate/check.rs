//! The check endpoint, asked by hand as each proxy asks it.

use crate::stage::{ANN, Answer, Stage, bearer, get, request, serve};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use kubecred_loopback::User;
use kubecred_proxy::gate::{AccessRule, Groups, Origin};
use kubecred_proxy::server::Drain;
use serde_json::json;

const SET: [&str; 4] = ["x-remote-user", "x-remote-uid", "x-remote-group", "x-remote-identity"];

#[tokio::test]
async fn ck_1_the_origin_says_where_the_request_is_and_without_it_nothing_is_allowed() {
    let (stage, drain) = (Stage::new().await, Drain::new());
    let gate = |origin| serve(stage.gate().check(origin, "/check").build(), &drain);
    let authorization = bearer(ANN);
    let forwarded = ["X-Forwarded-Method: GET", "X-Forwarded-Uri: /a?b"];
    let original = ["X-Original-Method: GET", "X-Original-URI: /a?b"];
    for (origin, path, lines, status) in [
        (Origin::Envoy, "/check/any?b", &[][..], 200),
        (Origin::Envoy, "/check", &[], 400),
        (Origin::Envoy, "/other", &[], 400),
        (Origin::Forwarded, "/", &forwarded, 200),
        (Origin::Forwarded, "/", &original, 400),
        (Origin::Forwarded, "/", &forwarded[..1], 400),
        (Origin::Forwarded, "/", &[forwarded[0], forwarded[1], "X-Forwarded-Uri: /public"], 400),
        (Origin::Original, "/", &original, 200),
        (Origin::Original, "/", &forwarded, 400),
        (Origin::Original, "/", &[original[0], "X-Original-URI: no-path"], 400),
    ] {
        let lines: Vec<&str> = lines.iter().copied().chain([authorization.as_str()]).collect();
        let answer = get(gate(origin), path, &lines).await;
        assert_eq!(answer.status, status, "{origin:?} {path} {lines:?}: {answer:?}");
    }
}

fn identity(answer: &Answer) -> serde_json::Value {
    let line = answer.line("x-remote-identity").unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(line).unwrap()).unwrap()
}

#[tokio::test]
async fn ck_2_ck_3_ck_4_allowed_is_200_and_empty_with_a_fixed_set_of_headers() {
    let (stage, drain) = (Stage::new().await, Drain::new());
    stage.api.accounts().allow_token("nobody-special", User::new("bob"));
    let gate = serve(stage.gate().check(Origin::Envoy, "/").build(), &drain);
    let answer = request(gate, "POST", "/any", &[&bearer(ANN)]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{answer:?}");
    assert_eq!(answer.line("cache-control"), Some("no-store"));
    assert_eq!(answer.lines("x-remote-group"), ["dev", "has,comma", "system:authenticated"]);
    let whole = identity(&answer);
    assert_eq!(whole["extra"]["example.com/Role"], json!(["a", "b c"]));
    assert_eq!((&whole["username"], &whole["uid"]), (&json!("ann"), &json!("u-1")));

    let answer = get(gate, "/any", &[&bearer("nobody-special")]).await;
    for name in SET {
        assert!(answer.line(name).is_some(), "{name}: {answer:?}");
    }
    assert_eq!(answer.line("x-remote-uid"), Some(""), "empty, so that a copy overwrites");

    let joined = stage.gate().groups(Groups::Joined("|".into())).check(Origin::Envoy, "/");
    let answer = get(serve(joined.build(), &drain), "/any", &[&bearer(ANN)]).await;
    assert_eq!(answer.line("x-remote-group"), Some("dev|has,comma|system:authenticated"));
    let comma = stage.gate().groups(Groups::Joined(",".into())).check(Origin::Envoy, "/");
    let answer = get(serve(comma.build(), &drain), "/any", &[&bearer(ANN)]).await;
    assert_eq!((answer.status, answer.line("retry-after")), (503, Some("1")));
}

#[tokio::test]
async fn ck_5_envoy_is_told_to_remove_the_token_and_what_was_forged() {
    let (stage, drain) = (Stage::new().await, Drain::new());
    let gate = serve(stage.gate().check(Origin::Envoy, "/").build(), &drain);
    let forged = ["X-Remote-Extra-Admin: yes", "X_Remote_User: root", "X-Remote-User: root"];
    let authorization = bearer(ANN);
    let lines: Vec<&str> = forged.iter().copied().chain([authorization.as_str()]).collect();
    let answer = get(gate, "/", &lines).await;
    assert_eq!(
        answer.line("x-envoy-auth-headers-to-remove"),
        Some("authorization,x-remote-extra-admin,x_remote_user")
    );
    assert_eq!(answer.line("x-remote-user"), Some("ann"));
}

#[tokio::test]
async fn ck_6_ck_11_refusals_are_told_apart_and_tell_no_more() {
    let (stage, drain) = (Stage::new().await, Drain::new());
    let builder = stage.gate().access(AccessRule::Path, stage.client.clone());
    let gate = serve(builder.check(Origin::Original, "/").build(), &drain);
    let ask = async |token: Option<&str>, path: &str| {
        let lines = [
            token.map_or_else(|| "X-None: 1".to_owned(), bearer),
            "X-Original-Method: GET".to_owned(),
            format!("X-Original-URI: {path}"),
        ];
        get(gate, "/check", &lines.each_ref().map(String::as_str)).await
    };
    stage
        .api
        .accounts()
        .reviews()
        .decide(|spec| json!({ "allowed": spec["nonResourceAttributes"]["path"] == "/allowed" }));
    assert_eq!(ask(Some(ANN), "/allowed?x").await.status, 200);
    let (none, bad) = (ask(None, "/allowed").await, ask(Some("bad"), "/allowed").await);
    for answer in [&none, &bad] {
        assert_eq!((answer.status, answer.line("www-authenticate")), (401, Some("Bearer")));
        assert_eq!(answer.json()["message"], "Unauthorized");
        assert!(SET.iter().all(|name| answer.line(name).is_none()), "{answer:?}");
    }
    assert_eq!(none.body, bad.body, "it is no oracle for more than yes and no");
    assert_eq!(ask(Some(ANN), "/denied").await.status, 403);
    assert_eq!(ask(Some(ANN), "/allowed/../denied").await.status, 400);
    stage.api.accounts().reviews().fail_next(1, StatusCode::INTERNAL_SERVER_ERROR, None);
    let answer = ask(Some(ANN), "/new").await;
    assert_eq!((answer.status, answer.line("retry-after")), (503, Some("1")));
    // From memory: the API server is not asked about what it has answered.
    let before = stage.reviews();
    for _ in 0..20 {
        assert_eq!(ask(Some(ANN), "/allowed").await.status, 200);
    }
    assert_eq!(stage.reviews(), before);
}

/// The token would reach the application in its subprotocol, which a check cannot take off.
#[tokio::test]
async fn a_check_takes_no_token_from_subprotocols() {
    let (stage, drain) = (Stage::new().await, Drain::new());
    let gate = serve(stage.gate().check(Origin::Envoy, "/").build(), &drain);
    let encoded = BASE64_URL_SAFE_NO_PAD.encode(ANN);
    let protocol =
        format!("Sec-WebSocket-Protocol: v5,base64url.bearer.authorization.k8s.io.{encoded}");
    let lines = ["Connection: Upgrade, close", "Upgrade: websocket", protocol.as_str()];
    assert_eq!(get(gate, "/", &lines).await.status, 401);
}
