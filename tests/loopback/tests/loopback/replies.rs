//! What stands at which path.

use crate::client::{Client, Session};
use bytes::Bytes;
use http::{Method, Response, StatusCode};
use kubecred_loopback::{ApiServer, User};

const TOKEN: (&str, &str) = ("authorization", "Bearer good");

async fn session() -> (ApiServer, Session) {
    let server = ApiServer::builder().start().await.unwrap();
    server.accounts().allow_token("good", "jane");
    let session = Client::of(&server).connect(&server).await;
    (server, session)
}

#[tokio::test]
async fn health_is_plain_text() {
    let (_server, mut session) = session().await;
    for path in ["/healthz", "/livez", "/readyz", "/readyz?verbose"] {
        let reply = session.get(path, &[TOKEN]).await;
        assert_eq!((reply.status, &reply.body[..]), (StatusCode::OK, &b"ok"[..]), "{path}");
    }
}

#[tokio::test]
async fn objects_say_what_they_are() {
    let (_server, mut session) = session().await;
    for (path, kind) in [
        ("/api", "APIVersions"),
        ("/api/v1", "APIResourceList"),
        ("/apis", "APIGroupList"),
        ("/apis/authentication.k8s.io", "APIGroup"),
        ("/apis/authentication.k8s.io/v1", "APIResourceList"),
        ("/api/v1/namespaces", "NamespaceList"),
        ("/api/v1/namespaces/default", "Namespace"),
        ("/api/v1/namespaces/default/pods", "PodList"),
    ] {
        let reply = session.get(path, &[TOKEN]).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        assert_eq!(reply.json()["kind"], kind, "{path}");
    }
    assert_eq!(session.get("/version", &[TOKEN]).await.json()["major"], "1");
    let pods = session.get("/api/v1/namespaces/default/pods", &[TOKEN]).await.json();
    assert_eq!(pods["items"].as_array().map(Vec::len), Some(2));
    let none = session.get("/api/v1/namespaces/elsewhere/pods", &[TOKEN]).await.json();
    assert_eq!(none["items"].as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn refusals_are_metav1_statuses() {
    let (_server, mut session) = session().await;
    for (method, path, code, reason) in [
        (Method::GET, "/nowhere", 404, "NotFound"),
        (Method::GET, "/api/v1/namespaces/default/secrets", 404, "NotFound"),
        (Method::GET, "/forbidden", 403, "Forbidden"),
        (Method::DELETE, "/version", 405, "MethodNotAllowed"),
        (Method::GET, "/slow", 400, "BadRequest"),
        (Method::GET, "/big?bytes=many", 400, "BadRequest"),
    ] {
        let reply = session.send(method, path, &[TOKEN], Bytes::new()).await.unwrap();
        let status = reply.json();
        assert_eq!(reply.status.as_u16(), code, "{path}");
        assert_eq!((&status["kind"], &status["code"]), (&"Status".into(), &code.into()), "{path}");
        assert_eq!(status["reason"], reason, "{path}");
    }
}

#[tokio::test]
async fn big_is_as_big_as_asked_for() {
    let (_server, mut session) = session().await;
    for size in [0, 1, 16 * 1024, 1_000_003] {
        let reply = session.get(&format!("/big?bytes={size}"), &[TOKEN]).await;
        assert_eq!(reply.body.len(), size);
        assert_eq!(reply.headers["content-length"], size.to_string());
    }
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let (_server, mut session) = session().await;
    let reply = session.send(Method::HEAD, "/version", &[TOKEN], Bytes::new()).await.unwrap();
    assert_eq!((reply.status, reply.body.len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn echo_tells_what_was_seen() {
    let (server, _) = session().await;
    let client = Client::of(&server).asking_for("localhost");
    let mut session = client.connect(&server).await;
    let reply = session
        .send(Method::PUT, "/echo?a=b", &[TOKEN, ("x-one", "1"), ("x-one", "2")], "body".into())
        .await
        .unwrap()
        .json();
    assert_eq!((&reply["method"], &reply["path"]), (&"PUT".into(), &"/echo?a=b".into()));
    assert_eq!(
        (&reply["version"], &reply["serverName"]),
        (&"HTTP/1.1".into(), &"localhost".into())
    );
    let headers = reply["headers"].to_string();
    assert!(headers.contains(r#"["x-one","1"],["x-one","2"]"#), "{headers}");
}

#[tokio::test]
async fn a_script_is_asked_before_anything_else() {
    let server = ApiServer::builder()
        .respond(|request| match request.uri().path() {
            "/open" => Some(Response::new(request.body().clone())),
            "/who" => {
                let user = request.extensions().get::<User>()?;
                Some(Response::new(user.name.clone().into()))
            }
            "/version" => Some(Response::builder().status(503).body("later".into()).unwrap()),
            _ => None,
        })
        .start()
        .await
        .unwrap();
    server.accounts().allow_token("good", "jane");
    let mut session = Client::of(&server).connect(&server).await;
    let open = session.send(Method::POST, "/open", &[], "sent".into()).await.unwrap();
    assert_eq!((open.status, &open.body[..]), (StatusCode::OK, &b"sent"[..]));
    assert_eq!(session.get("/who", &[TOKEN]).await.body, "jane");
    assert_eq!(session.get("/who", &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(session.get("/version", &[TOKEN]).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(session.get("/readyz", &[TOKEN]).await.status, StatusCode::OK);
    let statuses: Vec<_> =
        server.exchanges().iter().map(|exchange| exchange.status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 401, 503, 200]);
}

#[tokio::test]
async fn a_request_larger_than_the_limit_is_refused() {
    let (server, mut session) = session().await;
    let body = Bytes::from(vec![0; 3 * 1024 * 1024 + 1]);
    // The client may see the broken pipe of a server that stopped reading before it sees the answer.
    let _ = session.send(Method::POST, "/echo", &[TOKEN], body).await;
    server.answered(1).await;
    assert_eq!(server.exchanges()[0].status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn long_tokens_are_taken_on_both_versions_of_http() {
    let (server, _) = session().await;
    let token = "t".repeat(100 * 1024);
    server.accounts().allow_token(&token, "jane");
    let header = format!("Bearer {token}");
    for client in [Client::of(&server), Client::of(&server).http2()] {
        let reply = client.get(&server, "/version", &[("authorization", &header)]).await;
        assert_eq!(reply.status, StatusCode::OK);
    }
}
