//! Files that change under a live client, which `kubecred get` is not for long enough: through the
//! host that it is made of, with a policy that reads again after milliseconds, and with requests
//! under way all the time. None may fail.

use crate::case::Case;
use crate::plugin::{Answer, take_runs};
use http::StatusCode;
use kubecred_core::policy::{Backoff, Reload};
use kubecred_core::{ContentProblem, Error, Event, InCluster, Policy};
use kubecred_loopback::{ApiServer, Authority, Exchange, Issued};
use kubecred_tokio::{Auth, Builder, Client, Events};
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What is waited for takes milliseconds; after this long it will not come.
const LIMIT: Duration = Duration::from_secs(60);

/// How many requests are under way at a time.
const WORKERS: usize = 4;

/// The default policy at a hundred times its pace.
fn hasty() -> Builder {
    let reload = Reload { every: Duration::from_millis(50), leeway: Duration::from_millis(10) };
    Auth::builder().policy(Policy {
        min_interval: Duration::from_millis(10),
        token_file: reload,
        certificate_files: reload,
        roots_file: reload,
        backoff: Backoff { initial: Duration::from_millis(10), max: Duration::from_millis(50) },
        ..Policy::default()
    })
}

/// The case's kubeconfig as a host reads it.
async fn load(case: &Case) -> Auth {
    let path = case.directory().join("config");
    fs::write(&path, case.kubeconfig()).unwrap();
    let path = path.into_os_string().into_string().unwrap();
    hasty().kubeconfig(path).load().await.expect("the kubeconfig is good")
}

/// A client with requests under way until it is stopped.
struct Load {
    client: Client,
    events: Events,
    stop: Arc<AtomicBool>,
    workers: JoinSet<u64>,
}

impl Load {
    fn start(auth: Auth) -> Self {
        let events = auth.events();
        let client = Client::new(auth).expect("the profile can be honoured");
        let stop = Arc::new(AtomicBool::new(false));
        let mut workers = JoinSet::new();
        for _ in 0..WORKERS {
            workers.spawn(requests(client.clone(), Arc::clone(&stop)));
        }
        Self { client, events, stop, workers }
    }

    /// Forgets the events up to now.
    fn listen(&mut self) {
        self.events = self.client.auth().events();
    }

    /// Waits for an event.
    async fn event(&mut self, wanted: impl Fn(&Event) -> bool) {
        let found = async {
            while let Some(event) = self.events.next().await {
                if wanted(&event) {
                    return;
                }
            }
            panic!("the authenticator has ended");
        };
        timeout(LIMIT, found).await.expect("the event comes");
    }

    /// Ends it; none of its requests may have failed.
    async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let mut answered = 0;
        while let Some(worker) = self.workers.join_next().await {
            answered += worker.unwrap_or_else(|error| panic!("a request failed: {error}"));
        }
        assert!(answered > 0, "there were requests");
        self.client.auth().close().await;
    }
}

/// One request after another, each of which must succeed; how many there were.
async fn requests(client: Client, stop: Arc<AtomicBool>) -> u64 {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let reply = client.get("/version").await.expect("there is an answer");
        assert_eq!(reply.status(), StatusCode::OK);
        count += 1;
    }
    count
}

/// Waits until the server has seen such a request; says which.
async fn seen(server: &ApiServer, wanted: impl Fn(&Exchange) -> bool) -> Exchange {
    let found = async {
        loop {
            let next = server.counters().requests + 1;
            if let Some(exchange) = server.take_exchanges().into_iter().find(&wanted) {
                return exchange;
            }
            server.answered(next).await;
        }
    };
    timeout(LIMIT, found).await.expect("the server sees such a request")
}

fn has_token(token: &str) -> impl Fn(&Exchange) -> bool {
    let expected = format!("Bearer {token}");
    move |exchange| exchange.header("authorization") == Some(&expected)
}

fn presents(issued: &Issued) -> impl Fn(&Exchange) -> bool {
    let expected = issued.chain().to_vec();
    move |exchange| {
        exchange.client_certificate.as_ref().is_some_and(|shown| shown.chain == expected)
    }
}

/// Puts new contents in a file's place at once, as programs that care do.
fn replace(path: &Path, contents: &str) {
    let new = path.with_extension("new");
    fs::write(&new, contents).unwrap();
    fs::rename(new, path).unwrap();
}

#[tokio::test]
async fn tk_4_a_token_that_rotates_on_disk_is_picked_up() {
    let case = Case::start().await.user(json!({ "tokenFile": "token" })).file("token", "one");
    let accounts = case.server.accounts();
    accounts.allow_token("one", "jane");
    let load = Load::start(load(&case).await);
    let mut current = "one";
    seen(&case.server, has_token(current)).await;
    for next in ["two", "three", "four"] {
        accounts.allow_token(next, "jane");
        replace(&case.directory().join("token"), next);
        seen(&case.server, has_token(next)).await;
        accounts.revoke_token(current);
        current = next;
    }
    load.stop().await;
}

#[tokio::test]
async fn tk_7_a_token_that_is_revoked_before_its_time_is_picked_up() {
    let case = Case::start().await.user(json!({ "tokenFile": "token" })).file("token", "one");
    case.server.accounts().allow_token("one", "jane");
    let load = Load::start(load(&case).await);
    seen(&case.server, has_token("one")).await;
    // The file first, then at once the server: whoever sends the old token gets 401, and tries
    // again.
    case.server.accounts().allow_token("two", "jane");
    replace(&case.directory().join("token"), "two");
    case.server.accounts().revoke_token("one");
    seen(&case.server, has_token("two")).await;
    load.stop().await;
}

#[tokio::test]
async fn tk_5_the_last_token_stays_while_its_file_is_gone() {
    let case = Case::start().await.user(json!({ "tokenFile": "token" })).file("token", "one");
    case.server.accounts().allow_token("one", "jane");
    case.server.accounts().allow_token("two", "jane");
    let mut load = Load::start(load(&case).await);
    seen(&case.server, has_token("one")).await;
    let token = case.directory().join("token");
    fs::remove_file(&token).unwrap();
    load.event(|event| matches!(event, Event::Failed { serving: true, .. })).await;
    seen(&case.server, has_token("one")).await;
    replace(&token, " \n");
    let empty =
        |error: &Error| matches!(error, Error::FileContent { problem: ContentProblem::Empty, .. });
    load.event(|event| matches!(event, Event::Failed { error, serving: true, .. } if empty(error)))
        .await;
    replace(&token, "two");
    seen(&case.server, has_token("two")).await;
    load.stop().await;
}

#[tokio::test]
async fn ht_31_a_certificate_that_rotates_on_disk_is_presented_on_new_connections() {
    let user = json!({ "client-certificate": "client.crt", "client-key": "client.key" });
    let case = Case::start().await.user(user);
    let authority = case.server.authority().clone();
    let mut current = authority.client("jane", &["1"]);
    let case = case.client_files(&current);
    let mut load = Load::start(load(&case).await);
    for round in ["2", "3"] {
        let before = seen(&case.server, presents(&current)).await;
        let next = authority.client("jane", &[round]);
        // For a while only one of the two files is new; that pair must not be used.
        load.listen();
        replace(&case.directory().join("client.crt"), next.certificate_pem());
        load.event(|event| matches!(event, Event::Failed { serving: true, .. })).await;
        seen(&case.server, presents(&current)).await;
        replace(&case.directory().join("client.key"), next.key_pem());
        let after = seen(&case.server, presents(&next)).await;
        assert!(after.connection > before.connection, "certificates belong to connections");
        current = next;
    }
    // What is sent from now on goes the new way.
    case.server.take_exchanges();
    let newest = case.server.counters().connections;
    load.client.get("/readyz").await.expect("there is an answer");
    let exchange = seen(&case.server, |exchange| exchange.path_and_query == "/readyz").await;
    assert!(presents(&current)(&exchange) && exchange.connection <= newest);
    load.stop().await;
}

#[tokio::test]
async fn ht_30_an_authority_that_rotates_on_disk_is_trusted_on_new_connections() {
    let cluster = json!({ "certificate-authority-data": null, "certificate-authority": "ca.crt" });
    let case = Case::start().await.cluster(cluster).user(json!({ "token": "good" }));
    let (old, new) = (case.server.authority().clone(), Authority::new("new"));
    let case = case.file("ca.crt", old.certificate_pem());
    let file = case.directory().join("ca.crt");
    let load = Load::start(load(&case).await);
    let first = seen(&case.server, |_| true).await.connection;
    // As it is done: trust both, present the new one, trust that alone.
    replace(&file, &[old.certificate_pem(), new.certificate_pem()].concat());
    let second = seen(&case.server, |exchange| exchange.connection > first).await.connection;
    case.server.present(&new.server(&["127.0.0.1"]));
    replace(&file, new.certificate_pem());
    seen(&case.server, |exchange| exchange.connection > second).await;
    load.stop().await;
}

#[tokio::test]
async fn ex_63_a_plugins_token_that_is_revoked_is_replaced_by_one_run() {
    let answers = ["one", "two", "three"].map(Answer::token);
    let case = Case::start().await.exec(json!({})).plugin(&answers);
    let accounts = case.server.accounts();
    accounts.allow_token("one", "jane");
    let load = Load::start(load(&case).await);
    let mut current = "one";
    for next in ["two", "three"] {
        seen(&case.server, has_token(current)).await;
        accounts.allow_token(next, "jane");
        accounts.revoke_token(current);
        current = next;
    }
    seen(&case.server, has_token(current)).await;
    load.stop().await;
    assert_eq!(take_runs(case.directory()).len(), answers.len(), "one for each token");
}

/// A projected volume as the kubelet keeps it: files are links through `..data`, which changes from
/// one folder to the next at once.
struct Volume {
    directory: PathBuf,
    rounds: u32,
}

impl Volume {
    fn new(directory: PathBuf, token: &str, authority: &Authority) -> Self {
        fs::create_dir(&directory).unwrap();
        for file in ["token", "ca.crt", "namespace"] {
            symlink(Path::new("..data").join(file), directory.join(file)).unwrap();
        }
        let mut volume = Self { directory, rounds: 0 };
        volume.rotate(token, authority);
        volume
    }

    fn rotate(&mut self, token: &str, authority: &Authority) {
        self.rounds += 1;
        let folder = format!("..{}", self.rounds);
        let path = self.directory.join(&folder);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("token"), token).unwrap();
        fs::write(path.join("ca.crt"), authority.certificate_pem()).unwrap();
        fs::write(path.join("namespace"), "web").unwrap();
        symlink(&folder, self.directory.join("..data_tmp")).unwrap();
        fs::rename(self.directory.join("..data_tmp"), self.directory.join("..data")).unwrap();
        if self.rounds > 1 {
            fs::remove_dir_all(self.directory.join(format!("..{}", self.rounds - 1))).unwrap();
        }
    }

    fn pod(&self, server: &ApiServer) -> InCluster {
        let file = |name: &str| self.directory.join(name).to_string_lossy().into_owned();
        InCluster {
            host: server.address().ip().to_string(),
            port: server.address().port().to_string(),
            token: file("token"),
            certificate_authority: file("ca.crt"),
            namespace: file("namespace"),
        }
    }
}

#[tokio::test]
async fn tk_4_a_pods_token_rotates_with_its_volume() {
    let case = Case::start().await;
    let (accounts, authority) = (case.server.accounts(), case.server.authority());
    accounts.allow_token("one", "system:serviceaccount:web:default");
    let mut volume = Volume::new(case.directory().join("account"), "one", authority);
    let pod = volume.pod(&case.server);
    let auth = hasty().load_in_cluster(pod).await.expect("this is a pod");
    assert_eq!(auth.profile().namespace.name, "web");
    let load = Load::start(auth);
    let mut current = "one";
    for next in ["two", "three"] {
        seen(&case.server, has_token(current)).await;
        accounts.allow_token(next, "system:serviceaccount:web:default");
        volume.rotate(next, authority);
        seen(&case.server, has_token(next)).await;
        accounts.revoke_token(current);
        current = next;
    }
    load.stop().await;
}
