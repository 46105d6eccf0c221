//! Credentials that change while a guest runs.

use crate::embedder::answer;
use crate::{Embedder, kubeconfig, seen, told, trusting};
use kubecred_loopback::{Accounts, ApiServer, User};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A server that does something of a test's when it is asked for `/now`.
async fn server(accounts: &Accounts, now: impl Fn() + Send + Sync + 'static) -> ApiServer {
    let script = move |request: &http::Request<bytes::Bytes>| {
        (request.uri().path() == "/now").then(|| {
            now();
            answer(200, "")
        })
    };
    let server = ApiServer::builder().accounts(accounts).respond(script).start().await;
    server.expect("a server")
}

fn embedder(server: &ApiServer, token_file: &Arc<OnceLock<PathBuf>>) -> Embedder {
    let text = kubeconfig(&server.url(), &trusting(server.authority()), "tokenFile: token");
    let embedder = Embedder::new().trust(server.authority()).kubeconfig(&text);
    embedder.write("token", "first\n");
    token_file.set(embedder.folder.path().join("token")).expect("once");
    embedder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_401_after_a_rotation_is_one_refresh_and_one_retry() {
    let (accounts, file) = (Accounts::default(), Arc::new(OnceLock::<PathBuf>::new()));
    accounts.allow_token("first", User::new("jane"));
    let (theirs, path) = (accounts.clone(), Arc::clone(&file));
    let server = server(&accounts, move || {
        std::fs::write(path.get().expect("set"), "second\n").expect("written");
        theirs.revoke_token("first");
        theirs.allow_token("second", User::new("jane"));
    });
    let server = server.await;
    let embedder = embedder(&server, &file);
    let paths = ["--embedder-does", "roots", "/version", "/now", "/version", "/version"];
    embedder.run(&paths).await.was_good();
    let expected =
        [(200, "first"), (200, "first"), (401, "first"), (200, "second"), (200, "second")];
    assert_eq!(told(&server), seen(&expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_401_that_nothing_newer_can_help_is_the_answer() {
    let accounts = Accounts::default();
    let server = server(&accounts, || {}).await;
    let embedder = embedder(&server, &Arc::new(OnceLock::new()));
    let ended = embedder.run(&["--embedder-does", "roots", "/version"]).await;
    assert!(!ended.good && ended.stdout.starts_with("401 /version"), "{ended:?}");
    assert_eq!(told(&server), seen(&[(401, "first")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_is_read_again_when_its_time_has_come() {
    let (accounts, file) = (Accounts::default(), Arc::new(OnceLock::<PathBuf>::new()));
    accounts.allow_token("first", User::new("jane"));
    accounts.allow_token("second", User::new("jane"));
    let clock = Arc::new(OnceLock::<crate::embedder::Clock>::new());
    let (path, time) = (Arc::clone(&file), Arc::clone(&clock));
    let server = server(&accounts, move || {
        std::fs::write(path.get().expect("set"), "second\n").expect("written");
        time.get().expect("set").advance(Duration::from_secs(70));
    });
    let server = server.await;
    let embedder = embedder(&server, &file);
    clock.set(embedder.clock.clone()).expect("once");
    embedder.run(&["--embedder-does", "roots", "/version", "/now", "/version"]).await.was_good();
    assert_eq!(told(&server), seen(&[(200, "first"), (200, "first"), (200, "second")]));
}
