//! The layer over services that are no network: what goes in, and what comes of a 401.

use http::{HeaderMap, Request, Response, StatusCode, Version};
use kubecred_core::{Authentication, Impersonation, Policy, Profile};
use kubecred_tokio::tower::{AuthLayer, BoxError, SharedLayer};
use kubecred_tokio::{Auth, AuthError, ProvidedToken};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;
use tower_service::Service;

/// Tokens `one`, `two` …, each made when it is needed.
fn counting() -> (Auth, Arc<AtomicU32>) {
    counting_for(Profile::new("https://127.0.0.1"))
}

fn counting_for(profile: Profile) -> (Auth, Arc<AtomicU32>) {
    let runs = Arc::new(AtomicU32::new(0));
    let provider = {
        let runs = Arc::clone(&runs);
        move || {
            let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
            async move { Ok::<_, AuthError>(ProvidedToken::new(format!("token-{run}"))) }
        }
    };
    let policy = Policy { min_interval: Duration::ZERO, ..Policy::default() };
    (Auth::builder().policy(policy).with_token_provider(provider).profile(profile), runs)
}

type Seen = Arc<Mutex<Vec<Request<String>>>>;

/// A server that takes one token, and remembers what it was asked.
fn server(
    accepts: &'static str,
) -> (
    impl Service<Request<String>, Response = Response<String>, Error = std::io::Error, Future: Send>
    + Clone
    + Send
    + 'static,
    Seen,
) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let service = service_fn(move |request: Request<String>| {
        let log = Arc::clone(&log);
        async move {
            let mut response = Response::new(request.body().clone());
            if request.headers().get("authorization").is_none_or(|v| v != accepts) {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
            }
            log.lock().unwrap().push(request);
            Ok(response)
        }
    });
    (service, seen)
}

fn authorizations(seen: &Seen) -> Vec<String> {
    let of = |r: &Request<String>| r.headers()["authorization"].to_str().unwrap().to_owned();
    seen.lock().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn ex_63_a_401_is_followed_by_one_request_with_the_newer_token() {
    let (auth, runs) = counting();
    let (server, seen) = server("Bearer token-2");
    let service = AuthLayer::new(auth).layer(server);
    let mut request = Request::post("/x?y=z").version(Version::HTTP_2).header("a", "b");
    request.extensions_mut().unwrap().insert(7_u8);
    let request = request.body("body".to_owned()).unwrap();
    let response = service.clone().oneshot(request).await.unwrap();
    assert_eq!((response.status(), response.body().as_str()), (StatusCode::OK, "body"));
    assert_eq!(authorizations(&seen), ["Bearer token-1", "Bearer token-2"]);
    for request in seen.lock().unwrap().iter() {
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/x"));
        assert_eq!((request.version(), request.headers()["a"] == "b"), (Version::HTTP_2, true));
        assert_eq!(request.extensions().get::<u8>(), Some(&7));
        assert_eq!(request.headers().get_all("authorization").iter().count(), 1);
        assert!(request.headers()["authorization"].is_sensitive());
    }
    // The next request has a credential at hand, and goes the short way.
    service.oneshot(Request::new(String::new())).await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_second_401_is_the_answer() {
    let (auth, runs) = counting();
    let (server, seen) = server("nothing");
    let service = AuthLayer::new(auth).layer(server);
    let response = service.oneshot(Request::new(String::new())).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(seen.lock().unwrap().len(), 2);
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn ht_5_without_the_body_there_is_no_second_try_but_the_next_request_is_better() {
    let (auth, _) = counting();
    let (server, seen) = server("Bearer token-2");
    let service = AuthLayer::new(auth).without_replay().layer(server);
    let send = || service.clone().oneshot(Request::new(String::new()));
    assert_eq!(send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(authorizations(&seen), ["Bearer token-1", "Bearer token-2"]);
}

#[tokio::test]
async fn a_function_can_say_which_bodies_can_be_had_again() {
    let (auth, _) = counting();
    let (server, seen) = server("Bearer token-2");
    let layer =
        AuthLayer::new(auth).with_replay(|body: &String| (body == "again").then(|| body.clone()));
    let service = layer.layer(server);
    let once = service.clone().oneshot(Request::new("once".to_owned())).await.unwrap();
    assert_eq!(once.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(seen.lock().unwrap().len(), 1);
    let again = service.oneshot(Request::new("again".to_owned())).await.unwrap();
    assert_eq!(again.status(), StatusCode::OK);
}

#[tokio::test]
async fn ua_1_a_request_with_authorization_asks_for_nothing() {
    let (auth, runs) = counting();
    let (server, seen) = server("other");
    let service = AuthLayer::new(auth.clone()).layer(server);
    let request = Request::builder().header("authorization", "Bearer mine");
    let response = service.oneshot(request.body(String::new()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "theirs to deal with");
    assert_eq!(authorizations(&seen), ["Bearer mine"]);
    assert_eq!((runs.load(Ordering::SeqCst), auth.stats().started), (0, 0));
    assert_eq!(auth.stats().rejected, 0);
}

#[tokio::test]
async fn ua_23_a_caller_who_impersonates_a_user_passes_for_that_one_alone() {
    let mut profile = Profile::new("https://127.0.0.1");
    profile.authentication = Authentication::token("t");
    profile.authentication.impersonation = Impersonation {
        user: "joe".into(),
        groups: vec!["a".into(), "b".into()],
        ..Impersonation::default()
    };
    let (server, seen) = server("Bearer t");
    let service = AuthLayer::new(Auth::from_profile(profile)).layer(server);
    let send = async |name: &'static str, value: &'static str| {
        let request = Request::builder().header(name, value).body(String::new()).unwrap();
        service.clone().oneshot(request).await.unwrap();
        let request = seen.lock().unwrap().pop().unwrap();
        let of = |headers: &HeaderMap, name: &str| {
            let values = headers.get_all(name).iter().map(|v| v.to_str().unwrap().to_owned());
            values.collect::<Vec<_>>().join(",")
        };
        let headers = request.headers();
        (of(headers, "impersonate-user"), of(headers, "impersonate-group"))
    };
    let is = |user: &str, groups: &str| (user.to_owned(), groups.to_owned());
    assert_eq!(send("x-other", "1").await, is("joe", "a,b"));
    assert_eq!(send("impersonate-user", "ann").await, is("ann", ""));
    assert_eq!(send("impersonate-user", "").await, is("joe", "a,b"));
    assert_eq!(send("impersonate-group", "z").await, is("joe", "z,a,b"));
    assert_eq!(send("authorization", "Bearer t").await, is("joe", "a,b"));
}

#[tokio::test]
async fn errors_of_the_service_pass_through_as_they_are() {
    let failing = service_fn(|_: Request<String>| async {
        Err::<Response<String>, _>(std::io::Error::other("of the service"))
    });
    let (auth, _) = counting();
    let service = AuthLayer::new(auth.clone()).layer(failing);
    let send = || service.clone().oneshot(Request::new(String::new()));
    for _ in 0..2 {
        assert!(send().await.unwrap_err().is::<std::io::Error>());
    }
    auth.close().await;
    assert_eq!(*send().await.unwrap_err().downcast::<AuthError>().unwrap(), AuthError::Closed);
}

#[tokio::test]
async fn a_service_that_cannot_be_cloned_is_shared() {
    struct Once(Option<tokio::sync::oneshot::Sender<()>>);
    impl Service<Request<String>> for Once {
        type Response = Response<String>;
        type Error = BoxError;
        type Future = std::future::Ready<Result<Response<String>, BoxError>>;
        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), BoxError>> {
            std::task::Poll::Ready(Ok(()))
        }
        fn call(&mut self, _: Request<String>) -> Self::Future {
            let first = self.0.take().is_some();
            let status = if first { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
            let mut response = Response::new(String::new());
            *response.status_mut() = status;
            std::future::ready(Ok(response))
        }
    }
    let (auth, runs) = counting();
    let once = Once(Some(tokio::sync::oneshot::channel().0));
    let service = AuthLayer::new(auth).layer(SharedLayer::new().layer(once));
    let response = service.oneshot(Request::new(String::new())).await.unwrap();
    assert_eq!((response.status(), runs.load(Ordering::SeqCst)), (StatusCode::OK, 2));
}
