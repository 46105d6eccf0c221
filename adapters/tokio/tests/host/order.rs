//! Which of several who would set a header does, and what the next one sees of it.

use crate::plugin::Plugin;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use kubecred_core::{Authentication, Exec, Impersonation, Policy, Profile, Roots};
use kubecred_loopback::{ApiServer, Exchange};
use kubecred_tokio::tower::AuthLayer;
use kubecred_tokio::{Auth, AuthError, Client, ClientError, tls};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

fn impersonating(authentication: Authentication) -> Authentication {
    let (user, groups) = ("joe".into(), vec!["a".into(), "b".into()]);
    let impersonation = Impersonation { user, groups, ..Impersonation::default() };
    Authentication { impersonation, ..authentication }
}

fn profile(server: &ApiServer, authentication: Authentication) -> Profile {
    let mut profile = Profile { authentication, ..Profile::new(server.url()) };
    profile.cluster.roots = Roots::Pem(server.authority().certificate_pem().into());
    profile
}

async fn open_server() -> ApiServer {
    let server = ApiServer::builder().start().await.unwrap();
    server.accounts().accept_any(true);
    server
}

/// What the server saw of a request with these headers.
async fn sent(client: &Client, server: &ApiServer, headers: &[(&str, &str)]) -> Exchange {
    let request = headers.iter().fold(Request::get("/version"), |r, (k, v)| r.header(*k, *v));
    client.request(request.body(Full::default()).unwrap()).await.unwrap();
    server.take_exchanges().pop().unwrap()
}

/// Who has set `authorization` has not said whom to pass for, nor which program it is.
#[tokio::test]
async fn ht_1_impersonation_and_user_agent_stand_outside_of_credentials() {
    let server = open_server().await;
    let client = Client::new(Auth::from_profile(profile(
        &server,
        impersonating(Authentication::token("ours")),
    )));
    let client = client.unwrap();
    let seen = sent(&client, &server, &[("authorization", "Bearer theirs")]).await;
    assert_eq!(seen.header_all("authorization"), ["Bearer theirs"]);
    assert_eq!(seen.header_all("impersonate-user"), ["joe"]);
    assert_eq!(seen.header_all("impersonate-group"), ["a", "b"]);
    assert!(seen.header("user-agent").unwrap().starts_with("kubecred/"));
}

/// What a program wraps around its transport sees everything that goes out.
#[tokio::test]
async fn ht_1_a_service_of_the_callers_own_is_inside() {
    let seen = Arc::new(Mutex::new(HeaderMap::new()));
    let inner = service_fn({
        let seen = Arc::clone(&seen);
        move |request: Request<String>| {
            *seen.lock().unwrap() = request.headers().clone();
            async { Ok::<_, Infallible>(Response::new(())) }
        }
    });
    let mut profile = Profile::new("https://h");
    profile.authentication = impersonating(Authentication::token("ours"));
    let service = AuthLayer::new(Auth::from_profile(profile)).layer(inner);
    service.oneshot(Request::new(String::new())).await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(
        (&seen["authorization"], &seen["impersonate-user"]),
        (&"Bearer ours".parse().unwrap(), &"joe".parse().unwrap())
    );
}

/// I: client-go's user agent is the program's file name with its system; here a program that wants
/// to be known says its name itself.
#[tokio::test]
async fn ht_2_nothing_is_added_but_what_there_is_and_a_user_agent() {
    let server = open_server().await;
    let client = Client::new(Auth::from_profile(profile(&server, Authentication::default())));
    let client = client.unwrap();
    let names = |seen: &Exchange| {
        let names = seen.headers.iter().map(|(name, _)| name.clone());
        names.filter(|name| name != "accept-encoding" && name != "host").collect::<Vec<_>>()
    };
    assert_eq!(names(&sent(&client, &server, &[]).await), ["user-agent"]);
    let user = Impersonation { user: "joe".into(), uid: "7".into(), ..Impersonation::default() };
    let passing = Authentication { impersonation: user, ..Authentication::default() };
    let client = Client::new(Auth::from_profile(profile(&server, passing))).unwrap();
    let mut found = names(&sent(&client, &server, &[]).await);
    found.sort();
    assert_eq!(found, ["impersonate-uid", "impersonate-user", "user-agent"]);
}

#[tokio::test]
async fn ht_3_a_header_that_is_there_stays_as_it_is() {
    let server = open_server().await;
    let authentication = impersonating(Authentication::basic("me", "password"));
    let client = Client::new(Auth::from_profile(profile(&server, authentication))).unwrap();
    for (name, theirs) in
        [("authorization", "Basic dTpw"), ("user-agent", "mine/1"), ("impersonate-user", "ann")]
    {
        let seen = sent(&client, &server, &[(name, theirs)]).await;
        assert_eq!(seen.header_all(name), [theirs]);
        for (other, ours) in [
            ("authorization", "Basic bWU6cGFzc3dvcmQ="),
            ("user-agent", concat!("kubecred/", env!("CARGO_PKG_VERSION"))),
            ("impersonate-user", "joe"),
        ] {
            assert!(other == name || seen.header_all(other) == [ours], "{name}: {seen:?}");
        }
    }
}

/// I: client-go logs what it sends, less the value of `authorization`. Here nothing is logged, and
/// what somebody else logs shows no value either.
#[tokio::test]
async fn ht_7_headers_of_ours_do_not_show_their_values() {
    let shown = Arc::new(Mutex::new(String::new()));
    let inner = service_fn({
        let shown = Arc::clone(&shown);
        move |request: Request<String>| {
            *shown.lock().unwrap() = format!("{request:?}");
            async { Ok::<_, Infallible>(Response::new(())) }
        }
    });
    for authentication in [Authentication::token("hush"), Authentication::basic("hush", "hush")] {
        let mut profile = Profile::new("https://h");
        profile.authentication = impersonating(authentication);
        let service = AuthLayer::new(Auth::from_profile(profile)).layer(inner.clone());
        service.oneshot(Request::new(String::new())).await.unwrap();
        let shown = shown.lock().unwrap();
        assert!(shown.contains("authorization") && shown.contains("Sensitive"), "{shown}");
        for hidden in ["hush", "aHVzaDpodXNo", "Bearer", "joe"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}

/// I: client-go's exec layer writes into the request that it is given.
#[tokio::test]
async fn ex_68_a_second_try_begins_with_the_callers_own_headers() {
    let plugin = Plugin::counting();
    let mut profile = Profile::new("https://h");
    profile.authentication = impersonating(Authentication::exec(Exec::new(plugin.path())));
    let policy = Policy { min_interval: Duration::ZERO, ..Policy::default() };
    let seen = Arc::new(Mutex::new(Vec::new()));
    let inner = service_fn({
        let seen = Arc::clone(&seen);
        move |request: Request<String>| {
            let first = seen.lock().unwrap().is_empty();
            seen.lock().unwrap().push(request.headers().clone());
            let status = if first { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
            async move { Ok::<_, Infallible>(Response::builder().status(status).body(()).unwrap()) }
        }
    });
    let auth = Auth::builder().policy(policy).profile(profile);
    let service = AuthLayer::new(auth).layer(inner);
    let request = Request::get("/").header("impersonate-group", "theirs").body(String::new());
    service.oneshot(request.unwrap()).await.unwrap();
    let seen = seen.lock().unwrap();
    let all = |headers: &HeaderMap, name: &str| {
        let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned());
        values.collect::<Vec<_>>()
    };
    for (headers, token) in seen.iter().zip(["Bearer token-1", "Bearer token-2"]) {
        assert_eq!(all(headers, "authorization"), [token]);
        assert_eq!(all(headers, "impersonate-group"), ["theirs", "a", "b"]);
    }
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn ex_45_a_plugins_failure_is_the_requests_error_and_a_handshakes() {
    let server = open_server().await;
    let plugin = Plugin::saying("exit 3");
    let auth = Auth::from_profile(profile(&server, Authentication::exec(Exec::new(plugin.path()))));
    let error = Client::new(auth.clone()).unwrap().get("/version").await.unwrap_err();
    assert!(matches!(error, ClientError::Auth(AuthError::Source(_))), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with("getting credentials: exec plugin "), "{text}");
    assert!(text.ends_with("failed with exit code 3"), "{text}");

    let config = Arc::new(tls::rustls_config(&auth).unwrap());
    let tcp = TcpStream::connect(server.address()).await.unwrap();
    let name = tls::server_name(None, "127.0.0.1").unwrap();
    let error = TlsConnector::from(config).connect(name, tcp).await.unwrap_err();
    assert!(error.to_string().contains("no credential yet"), "{error}");
    assert!(server.take_exchanges().is_empty());
}

#[tokio::test]
async fn tk_9_a_caller_with_a_token_of_their_own_needs_no_token_file() {
    let server = open_server().await;
    let mut profile = profile(&server, Authentication::token_file("/nonexistent/token"));
    profile.authentication.user = "me".into();
    let client = Client::new(Auth::from_profile(profile)).unwrap();
    let seen = sent(&client, &server, &[("authorization", "Bearer theirs")]).await;
    assert_eq!(seen.header_all("authorization"), ["Bearer theirs"]);
    assert_eq!(client.auth().stats().started, 0, "it was not even looked for");
    let error = client.get("/version").await.unwrap_err();
    assert!(error.to_string().contains("/nonexistent/token"), "{error}");
}
