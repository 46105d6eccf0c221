//! The auth-provider `oidc` against a real OpenID provider, which rotates its refresh tokens and
//! throws out whoever presents a used one; and beside kubectl, which uses the same kubeconfig.
//!
//! Needs node, and the provider in `target/tools/openid`, where `tests/run` installs it.
#![cfg(all(unix, feature = "client", any(feature = "aws-lc-rs", feature = "ring")))]

mod provider;

use kubecred_core::{Error, Event, Kubeconfig, OidcProblem};
use kubecred_loopback::{ApiServer, Authority};
use kubecred_tokio::{Auth, AuthError, Credential, Events};
use provider::Provider;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const PUBLIC: &str = "none";
const BASIC: &str = "client_secret_basic";
const POST: &str = "client_secret_post";

/// An API server that believes anybody, a provider, and a kubeconfig for both.
struct Place {
    provider: Provider,
    server: ApiServer,
    folder: TempDir,
}

impl Place {
    async fn new(method: &str) -> Self {
        let authority = Authority::new("somebody else's");
        let server = ApiServer::builder().start().await.expect("it starts");
        server.accounts().accept_any(true);
        let folder = TempDir::new().expect("a folder");
        let place = Self { provider: Provider::start(method, &authority), server, folder };
        let text = place.provider.kubeconfig(&place.server, &authority, method != PUBLIC);
        std::fs::write(place.path(), text).expect("it can be written");
        place
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    async fn auth(&self) -> Auth {
        let path = self.path();
        let builder = Auth::builder().kubeconfig(path.to_str().expect("text"));
        builder.load().await.expect("a kubeconfig that can be used")
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        let mut kubectl = Command::new(kubecred_kubectl::kubectl());
        let config = format!("--kubeconfig={}", self.path().display());
        let output = kubectl.arg(config).args(arguments).env_remove("KUBECONFIG").output();
        let output = output.expect("kubectl can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// The id-token and the refresh token that the file holds.
    fn held(&self) -> (String, String) {
        held(&self.path())
    }
}

fn held(path: &Path) -> (String, String) {
    let config = Kubeconfig::from_bytes(&std::fs::read(path).expect("it can be read"));
    let user = config.expect("a kubeconfig").users.remove("jane").expect("she is there");
    let provider = user.auth_provider.expect("a provider");
    let token = |name: &str| {
        let token = provider.config.get(name).and_then(|token| token.expose_str());
        token.unwrap_or_default().to_owned()
    };
    (token("id-token"), token("refresh-token"))
}

fn bearer(credential: &Credential) -> String {
    let header = credential.headers()["authorization"].to_str().expect("text");
    header.strip_prefix("Bearer ").expect("a bearer token").to_owned()
}

/// Waits until refreshed tokens are in the file.
async fn saved(events: &mut Events) {
    loop {
        match events.next().await.expect("it goes on") {
            Event::Saved { .. } => return,
            Event::NotSaved { error, .. } => panic!("{error}"),
            _ => {}
        }
    }
}

async fn refreshes_twice(method: &str) {
    let place = Place::new(method).await;
    let first_refresh = place.held().1;

    let auth = place.auth().await;
    let mut events = auth.events();
    let one = auth.credential().await.expect("a first refresh");
    saved(&mut events).await;
    let (id, second_refresh) = place.held();
    assert_eq!(bearer(&one), id);
    assert_ne!(first_refresh, second_refresh, "the provider rotates");

    assert!(auth.unauthorized(one.generation()).await, "a second refresh");
    let two = auth.credential().await.expect("what it brought");
    auth.close().await; // waits for the file
    let (id, third_refresh) = place.held();
    assert_eq!(bearer(&two), id);
    assert_ne!(bearer(&one), bearer(&two));
    assert_ne!(second_refresh, third_refresh);

    // The file is as it was, but for the tokens, and kubectl can read it.
    let text = std::fs::read_to_string(place.path()).expect("text");
    assert!(text.starts_with("# whose this is\n") && text.contains(" # she said\n"), "{text}");
    let path = "jsonpath={.users[0].user.auth-provider.config.refresh-token}";
    assert_eq!(place.kubectl(&["config", "view", "--raw", "-o", path]), third_refresh);
    assert!(!place.folder.path().join("config.lock").exists());

    // Whoever starts now uses the id-token as it is.
    let later = place.auth().await;
    assert_eq!(bearer(&later.credential().await.expect("it is good")), id);
    assert_eq!(place.held().1, third_refresh);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oi_26_a_client_with_a_secret_in_a_header_refreshes_twice_and_the_file_follows() {
    refreshes_twice(BASIC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oi_22_a_client_with_a_secret_in_the_body_refreshes_twice_and_the_file_follows() {
    refreshes_twice(POST).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oi_22_a_public_client_refreshes_twice_and_the_file_follows() {
    refreshes_twice(PUBLIC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kubectl_has_refreshed_meanwhile_is_used_and_no_login_is_lost() {
    let place = Place::new(BASIC).await;
    let auth = place.auth().await;
    let mut events = auth.events();
    let ours = auth.credential().await.expect("a first refresh");
    saved(&mut events).await;

    // kubectl finds the id-token expired, refreshes, and writes what it got.
    let (id, refresh) = place.held();
    let text = std::fs::read_to_string(place.path()).expect("text");
    std::fs::write(place.path(), text.replace(&id, "e30.eyJleHAiOjF9.c2ln")).expect("written");
    place.kubectl(&["get", "--raw", "/version"]);
    let (theirs, their_refresh) = place.held();
    assert_ne!(their_refresh, refresh);
    let exchange = place.server.exchanges().pop().expect("kubectl asked");
    assert_eq!(exchange.header("authorization"), Some(&*format!("Bearer {theirs}")));

    // What this process holds has been used up by kubectl; it finds out before presenting it.
    assert!(auth.unauthorized(ours.generation()).await);
    assert_eq!(bearer(&auth.credential().await.expect("kubectl's")), theirs);

    // And the other way round.
    let text = std::fs::read_to_string(place.path()).expect("text");
    std::fs::write(place.path(), text.replace(&theirs, "e30.eyJleHAiOjF9.c2ln")).expect("written");
    let again = place.auth().await;
    let third = bearer(&again.credential().await.expect("a refresh with kubectl's token"));
    again.close().await;
    place.kubectl(&["get", "--raw", "/version"]);
    let exchange = place.server.exchanges().pop().expect("kubectl asked");
    assert_eq!(exchange.header("authorization"), Some(&*format!("Bearer {third}")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_that_was_used_up_elsewhere_is_refused_and_presented_once() {
    let place = Place::new(BASIC).await;
    let first = place.auth().await;
    first.credential().await.expect("a refresh");
    first.close().await;
    // A copy of the file from before.
    let text = std::fs::read_to_string(place.path()).expect("text");
    let (id, refresh) = place.held();
    let old = text.replace(&id, "").replace(&refresh, place.provider.refresh_token());
    std::fs::write(place.path(), old).expect("written");
    let auth = place.auth().await;
    let before = auth.stats().started;
    for _ in 0..3 {
        let Err(AuthError::Source(error)) = auth.credential().await else { panic!("it is used") };
        let Error::Oidc { problem: OidcProblem::Refused { code, .. }, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(code, "invalid_grant");
        assert!(!error.to_string().contains(place.provider.refresh_token()), "{error}");
    }
    // The kubeconfig, discovery, the refresh: once.
    assert_eq!(auth.stats().started - before, 3);
}

/// A rename would part the two names of the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshed_tokens_that_are_written_in_place_are_told() {
    let place = Place::new(PUBLIC).await;
    let other = place.folder.path().join("other");
    std::fs::hard_link(place.path(), &other).expect("a second name");
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = {
        let told = Arc::clone(&told);
        move |path: &str, why: &str| told.lock().unwrap().push(format!("{path}: {why}"))
    };
    let path = place.path().to_str().expect("text").to_owned();
    let builder = Auth::builder().kubeconfig(&path).on_written_in_place(tell);
    let auth = builder.load().await.expect("a kubeconfig that can be used");
    let credential = auth.credential().await.expect("a refresh");
    auth.close().await; // waits for the file
    assert_eq!(*told.lock().unwrap(), [format!("{path}: it has 2 names (hard links)")]);
    assert_eq!(held(&other).0, bearer(&credential));
}
