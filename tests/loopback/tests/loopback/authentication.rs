//! Who is let in.

use crate::client::Client;
use http::StatusCode;
use kubecred_loopback::{ApiServer, Authority, User};
use serde_json::json;
use std::time::{Duration, SystemTime};

const HOUR: Duration = Duration::from_secs(3600);
const REVIEWS: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

async fn server() -> ApiServer {
    ApiServer::builder().start().await.expect("a free port on loopback")
}

fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

async fn status(server: &ApiServer, client: &Client, headers: &[(&str, &str)]) -> StatusCode {
    client.get(server, "/version", headers).await.status
}

#[tokio::test]
async fn a_known_token_is_accepted_and_another_is_not() {
    let server = server().await;
    server.accounts().allow_token("good", "jane");
    let client = Client::of(&server);
    assert_eq!(status(&server, &client, &[("authorization", "Bearer good")]).await, StatusCode::OK);
    assert_eq!(status(&server, &client, &[("authorization", "bearer good")]).await, StatusCode::OK);
    for wrong in ["Bearer bad", "Bearer ", "Bearer", "good", "Basic good", "Digest good"] {
        let status = status(&server, &client, &[("authorization", wrong)]).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{wrong}");
    }
    assert_eq!(status(&server, &client, &[]).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_ends_when_it_expires_or_is_revoked() {
    let server = server().await;
    let now = SystemTime::now();
    server.accounts().allow_token_until("past", "jane", now - HOUR);
    server.accounts().allow_token_until("future", "jane", now + HOUR);
    let client = Client::of(&server);
    let (name, past) = bearer("past");
    let (_, future) = bearer("future");
    assert_eq!(status(&server, &client, &[(name, &past)]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&server, &client, &[(name, &future)]).await, StatusCode::OK);
    assert!(server.accounts().revoke_token("future"));
    assert!(!server.accounts().revoke_token("future"));
    assert_eq!(status(&server, &client, &[(name, &future)]).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn ua_10_a_user_name_and_password_are_accepted() {
    let server = server().await;
    server.accounts().allow_basic("jane", "pass:word", "jane");
    server.accounts().allow_basic("empty", "", "empty");
    let client = Client::of(&server);
    // jane:pass:word, jane:wrong, empty: in base64.
    for (credentials, expected) in [
        ("Basic amFuZTpwYXNzOndvcmQ=", StatusCode::OK),
        ("Basic amFuZTp3cm9uZw==", StatusCode::UNAUTHORIZED),
        ("Basic ZW1wdHk6", StatusCode::OK),
        ("Basic %%%", StatusCode::UNAUTHORIZED),
    ] {
        let status = status(&server, &client, &[("authorization", credentials)]).await;
        assert_eq!(status, expected, "{credentials}");
    }
    assert!(server.accounts().revoke_basic("empty", ""));
    let status = status(&server, &client, &[("authorization", "Basic ZW1wdHk6")]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_refusal_is_a_metav1_status() {
    let server = server().await;
    let reply = Client::of(&server).get(&server, "/version", &[]).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(reply.headers["content-type"], "application/json");
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "Unauthorized", "reason": "Unauthorized", "code": 401,
    });
    assert_eq!(reply.json(), expected);
}

#[tokio::test]
async fn reject_next_turns_away_so_many_whatever_they_carry() {
    let server = server().await;
    server.accounts().allow_token("good", "jane");
    server.accounts().reject_next(2);
    let mut session = Client::of(&server).connect(&server).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(
            session.get("/version", &[("authorization", "Bearer good")]).await.status.as_u16(),
        );
    }
    assert_eq!(statuses, [401, 401, 200]);
    assert_eq!(server.accounts().rejections_left(), 0);
    let counters = server.counters();
    assert_eq!((counters.requests, counters.successes, counters.unauthorized), (3, 1, 2));
}

#[tokio::test]
async fn accept_any_lets_in_strangers_as_anonymous() {
    let server = server().await;
    server.accounts().allow_token("good", "jane");
    server.accounts().accept_any(true);
    let client = Client::of(&server);
    let stranger = client.get(&server, "/echo", &[("authorization", "Bearer who?")]).await.json();
    assert_eq!(stranger["user"]["username"], "system:anonymous");
    let jane = client.get(&server, "/echo", &[("authorization", "Bearer good")]).await.json();
    assert_eq!(jane["user"]["username"], "jane");
    server.accounts().accept_any(false);
    assert_eq!(status(&server, &client, &[]).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_client_certificate_is_recorded_and_verified() {
    let server = server().await;
    let issued = server.authority().client("jane", &["developers", "ops, with a comma"]);
    let client = Client::of(&server).presenting(issued.clone());
    let reply = client.get(&server, "/echo", &[]).await;
    assert_eq!(reply.status, StatusCode::OK);
    let user = json!({
        "username": "jane", "groups": ["developers", "ops, with a comma", "system:authenticated"],
    });
    assert_eq!(reply.json()["user"], user);
    let exchanges = server.exchanges();
    let certificate = exchanges[0].client_certificate.as_ref().expect("it was recorded");
    assert_eq!(certificate.chain, issued.chain());
    assert_eq!(certificate.common_name.as_deref(), Some("jane"));
    assert_eq!(certificate.organizations, ["developers", "ops, with a comma"]);
    assert!(certificate.trusted && certificate.is_valid_at(SystemTime::now()));
}

#[tokio::test]
async fn a_certificate_of_an_unknown_issuer_is_recorded_and_not_accepted() {
    let server = server().await;
    server.accounts().allow_token("good", "token-user");
    let stranger = Authority::new("somebody else").client("jane", &["system:masters"]);
    let client = Client::of(&server).presenting(stranger);
    assert_eq!(status(&server, &client, &[]).await, StatusCode::UNAUTHORIZED);
    // Another credential on the same request still counts.
    let reply = client.get(&server, "/echo", &[("authorization", "Bearer good")]).await;
    assert_eq!(reply.json()["user"]["username"], "token-user");
    for exchange in server.exchanges() {
        let certificate = exchange.client_certificate.expect("it was recorded");
        assert_eq!(certificate.common_name.as_deref(), Some("jane"));
        assert!(!certificate.trusted);
    }
}

#[tokio::test]
async fn ua_2_a_good_certificate_goes_before_a_bad_token() {
    let server = server().await;
    let client = Client::of(&server).presenting(server.authority().client("jane", &[]));
    let reply = client.get(&server, "/echo", &[("authorization", "Bearer bad")]).await;
    assert_eq!(reply.json()["user"]["username"], "jane");
}

#[tokio::test]
async fn a_certificate_outside_its_dates_is_not_accepted() {
    let server = server().await;
    let now = SystemTime::now();
    let past = server.authority().client_valid("jane", &[], now - 2 * HOUR, now - HOUR);
    let future = server.authority().client_valid("jane", &[], now + HOUR, now + 2 * HOUR);
    for issued in [past, future] {
        let client = Client::of(&server).presenting(issued);
        assert_eq!(status(&server, &client, &[]).await, StatusCode::UNAUTHORIZED);
    }
    for exchange in server.exchanges() {
        let certificate = exchange.client_certificate.expect("it was recorded");
        assert!(certificate.trusted && !certificate.is_valid_at(now));
    }
}

#[tokio::test]
async fn a_server_certificate_authenticates_no_client() {
    let server = server().await;
    let client = Client::of(&server).presenting(server.authority().server(&["jane"]));
    assert_eq!(status(&server, &client, &[]).await, StatusCode::UNAUTHORIZED);
    assert!(!server.exchanges()[0].client_certificate.as_ref().expect("it was recorded").trusted);
}

#[tokio::test]
async fn clients_may_have_an_authority_of_their_own_and_a_path_to_it() {
    let clients = Authority::new("clients");
    let server = ApiServer::builder().client_authority(&clients).start().await.unwrap();
    let issued = clients.intermediate("office").client("jane", &["developers"]);
    assert_eq!(issued.chain().len(), 2);
    assert_eq!(issued.certificate_pem().matches("BEGIN CERTIFICATE").count(), 2);
    let client = Client::of(&server).presenting(issued);
    assert_eq!(status(&server, &client, &[]).await, StatusCode::OK);
    let server_side = server.authority().client("jane", &[]);
    let client = Client::of(&server).presenting(server_side);
    assert_eq!(status(&server, &client, &[]).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_review_names_the_caller_and_whom_it_acts_as() {
    let server = server().await;
    let mut jane = User::new("jane").member_of(["developers"]);
    jane.uid = "u-7".into();
    server.accounts().allow_token("good", jane);
    let mut session = Client::of(&server).connect(&server).await;
    let mut review = async |headers: &[(&str, &str)]| {
        let mut lines = vec![("authorization", "Bearer good")];
        lines.extend(headers);
        let reply = session.send(http::Method::POST, REVIEWS, &lines, "{}".into()).await.unwrap();
        (reply.status.as_u16(), reply.json())
    };
    let (code, itself) = review(&[]).await;
    assert_eq!(code, 201);
    assert_eq!(
        itself["status"]["userInfo"],
        json!({ "username": "jane", "uid": "u-7", "groups": ["developers", "system:authenticated"] })
    );
    let (_, other) = review(&[
        ("impersonate-user", "bob"),
        ("impersonate-group", "ops"),
        ("impersonate-extra-scopes", "view"),
    ])
    .await;
    assert_eq!(
        other["status"]["userInfo"],
        json!({ "username": "bob", "groups": ["ops", "system:authenticated"], "extra": { "scopes": ["view"] } })
    );
    let (code, refusal) = review(&[("impersonate-group", "ops")]).await;
    assert_eq!((code, &refusal["reason"]), (500, &json!("InternalError")));
}

#[tokio::test]
async fn secrets_are_in_no_debug_output() {
    let server = server().await;
    server.accounts().allow_token("canary-token", "jane");
    server.accounts().allow_basic("jane", "canary-password", "jane");
    let issued = server.authority().client("jane", &[]);
    let headers = [("authorization", "Bearer canary-token"), ("cookie", "canary-cookie")];
    let echo = Client::of(&server).get(&server, "/echo", &headers).await;
    let exchanges = server.exchanges();
    assert_eq!(exchanges[0].header("Authorization"), Some("Bearer canary-token"));
    let shown = format!(
        "{server:?} {:?} {issued:?} {exchanges:?} {:?} {echo:?}",
        server.accounts(),
        server.authority()
    );
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!shown.contains(issued.key_pem().lines().nth(1).unwrap()), "{shown}");
    assert!(echo.json()["headers"].to_string().contains("Bearer <masked>"));
}
