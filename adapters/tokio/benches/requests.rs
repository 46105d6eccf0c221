//! What a request pays for its credential, beside kube's own layer; and what a crowd costs.
//!
//! Requests go to a service that answers at once, so that nothing but the layers is measured.
//! Fails if the steady state allocates, or if a crowd or a rotation costs more than one run each.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use kube::client::ConfigExt;
use kubecred_core::exec::credential_json;
use kubecred_core::protocol::{Exit, RunCommand};
use kubecred_core::{
    Authentication, Event, Exec, ExecApiVersion, Failure, Policy, Profile, Secret, UnixTime,
};
use kubecred_tokio::tower::{AuthLayer, BoxError};
use kubecred_tokio::{Auth, CommandFuture, CommandRunner};

use std::future::{Ready, ready};
use std::hint::black_box;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};
use tower_layer::Layer;
use tower_service::Service;

const CALLS: u32 = 2_000;
const ROUNDS: u32 = 1_000;
const SERVER: &str = "https://127.0.0.1:6443";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    handle().await;
    layers().await;
    cold_start().await;
    rotations().await;
}

/// The best of many short rounds, in nanoseconds for each call: the machine has others to serve.
#[expect(clippy::disallowed_methods, reason = "a stopwatch")]
fn best(mut call: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..CALLS {
            call();
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(CALLS));
    }
    best
}

fn allocations(mut call: impl FnMut()) -> f64 {
    let counted = allocation_counter::measure(|| (0..1000).for_each(|_| call()));
    counted.count_total as f64 / 1000.0
}

/// Polls what is ready at once; there is no runtime in the way.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the steady state waits"),
    }
}

async fn handle() {
    let auth = Auth::from_profile(profile(Authentication::exec(Exec::new("unused"))));
    drop(auth);
    let auth = Auth::builder().command_runner(Plugin::lasting(HOUR)).profile(with_plugin());
    auth.credential().await.unwrap();
    let ask = || drop(black_box(now(auth.credential()).unwrap()));
    let (ns, allocated) = (best(ask), allocations(ask));
    println!("handle: credential()              {ns:7.1} ns  {allocated:5.2} allocations");
    assert!(allocated < 0.01, "the steady state allocates");
}

async fn layers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "a-token").unwrap();
    let end = UnixTime::from_millis(unix_now() + 3_600_000);
    let token = Secret::from("a-token");
    let json = credential_json(ExecApiVersion::V1, Some(&token), None, Some(end)).unwrap();
    let answer = folder.path().join("answer");
    std::fs::write(&answer, json.expose()).unwrap();

    let bare = measure(&mut NoService);
    println!("request to a service that answers at once: {:.1} ns without a layer", bare.0);
    println!("layer over it, its share     ours            kube 5          ratio");
    for (name, ours, theirs) in [
        ("static token", Authentication::token("a-token"), kube_token()),
        ("token file", Authentication::token_file(text(&file)), kube_file(&file)),
        ("plugin", Authentication::exec(cat(&answer)), kube_exec(&answer)),
    ] {
        let auth = Auth::from_profile(profile(ours));
        auth.credential().await.unwrap();
        tokio::task::yield_now().await;
        let once = AuthLayer::new(auth.clone()).without_replay().layer(NoService);
        let retry = AuthLayer::new(auth).layer(NoService);
        let kube = theirs.auth_layer().unwrap().unwrap().layer(NoService);
        // Off the runtime's threads, where nobody cuts a turn short.
        let measured = std::thread::spawn(move || {
            (measure(&mut { kube }), measure(&mut { once }), measure(&mut { retry }))
        });
        let (kube, once, retry) = measured.join().unwrap();
        for (way, (ns, allocated)) in [("", once), (", with retry", retry)] {
            let share = |ns: f64| (ns - bare.0).max(0.1);
            let ratio = share(ns) / share(kube.0);
            println!(
                "{:25} {:6.1} ns {:4.1} al. {:6.1} ns {:4.1} al. {ratio:6.2}",
                format!("{name}{way}"),
                share(ns),
                allocated - bare.1,
                share(kube.0),
                kube.1 - bare.1,
            );
        }
    }
}

fn measure<S>(service: &mut S) -> (f64, f64)
where
    S: Service<Request<Empty<Bytes>>, Response = Response<()>>,
    S::Error: std::fmt::Debug,
{
    let mut call = || {
        let request = Request::get("/api/v1/namespaces")
            .header("accept", "application/json")
            .body(Empty::new())
            .unwrap();
        let response = now(service.call(request)).unwrap();
        assert_eq!(black_box(response).status(), StatusCode::OK);
    };
    (best(&mut call), allocations(call))
}

/// Answers at once.
#[derive(Clone, Copy)]
struct NoService;

impl Service<Request<Empty<Bytes>>> for NoService {
    type Response = Response<()>;
    type Error = BoxError;
    type Future = Ready<Result<Response<()>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Empty<Bytes>>) -> Self::Future {
        black_box(&request);
        ready(Ok(Response::new(())))
    }
}

async fn cold_start() {
    let plugin = Plugin::lasting(HOUR);
    let auth = Auth::builder().command_runner(plugin.clone()).profile(with_plugin());
    let crowd: Vec<_> = (0..10_000)
        .map(|_| {
            let auth = auth.clone();
            tokio::spawn(async move { auth.credential().await.is_ok() })
        })
        .collect();
    let mut served = 0;
    for one in crowd {
        served += u32::from(one.await.unwrap());
    }
    let runs = plugin.runs.load(Ordering::SeqCst);
    println!("cold start: {served} concurrent requests served by {runs} run of the plugin");
    assert_eq!((served, runs), (10_000, 1));
}

/// A plugin whose credentials last for a moment, and requests all the time.
async fn rotations() {
    const LIFE: Duration = Duration::from_millis(400);
    let plugin = Plugin::lasting(LIFE);
    let policy = Policy { min_interval: Duration::ZERO, ..Policy::default() };
    let auth = Auth::builder().policy(policy).command_runner(plugin.clone()).profile(with_plugin());
    let mut events = auth.events();
    auth.credential().await.unwrap();
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let load: Vec<_> = (0..64)
        .map(|_| {
            let (auth, stop, asked) = (auth.clone(), Arc::clone(&stop), Arc::clone(&asked));
            tokio::spawn(async move {
                let (mut waiting, mut failed) = (0, 0);
                while !stop.load(Ordering::Relaxed) {
                    match auth.try_credential() {
                        Ok(Some(_)) => {}
                        Ok(None) => waiting += 1,
                        Err(_) => failed += 1,
                    }
                    asked.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                (waiting, failed)
            })
        })
        .collect();
    let mut rotations = 0;
    while rotations < 101 {
        rotations += u32::from(matches!(events.next().await, Some(Event::Renewed { .. })));
    }
    let runs = plugin.runs.load(Ordering::SeqCst);
    stop.store(true, Ordering::Relaxed);
    let (mut waiting, mut failed) = (0, 0);
    for one in load {
        let (w, f) = one.await.unwrap();
        waiting += w;
        failed += f;
    }
    let asked = asked.load(Ordering::Relaxed);
    println!(
        "rotations: {} under {asked} requests: {} runs, {failed} requests failed, {waiting} waited",
        rotations - 1,
        runs - 1
    );
    assert_eq!((runs, failed), (101, 0));
}

const HOUR: Duration = Duration::from_secs(3600);

/// A plugin without a process: what it would print.
#[derive(Clone)]
struct Plugin {
    life: Duration,
    runs: Arc<AtomicU64>,
}

impl Plugin {
    fn lasting(life: Duration) -> Self {
        Self { life, runs: Arc::default() }
    }
}

impl CommandRunner for Plugin {
    fn run<'a>(&'a self, _: &'a RunCommand) -> CommandFuture<'a> {
        Box::pin(async {
            let run = self.runs.fetch_add(1, Ordering::SeqCst);
            let end = unix_now() + self.life.as_millis() as i64;
            let seconds = UnixTime::from_millis(end).to_string();
            let end = seconds.replace('Z', &format!(".{:03}Z", end % 1000));
            let stdout = format!(
                r#"{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",
                "status":{{"token":"token-{run}","expirationTimestamp":"{end}"}}}}"#
            );
            Ok::<_, Failure>(Exit { code: 0, stdout: stdout.into() })
        })
    }
}

fn profile(authentication: Authentication) -> Profile {
    Profile { authentication, ..Profile::new(SERVER) }
}

fn with_plugin() -> Profile {
    profile(Authentication::exec(Exec::new("plugin")))
}

fn cat(file: &Path) -> Exec {
    Exec { args: vec![text(file)], ..Exec::new("/bin/cat") }
}

fn kube_token() -> kube::Config {
    kube_config(r#"{"token":"a-token"}"#)
}

fn kube_file(file: &Path) -> kube::Config {
    kube_config(&format!(r#"{{"tokenFile":"{}"}}"#, text(file)))
}

fn kube_exec(answer: &Path) -> kube::Config {
    let api = "client.authentication.k8s.io/v1";
    let exec = format!(r#""apiVersion":"{api}","command":"/bin/cat","args":["{}"]"#, text(answer));
    kube_config(&format!(r#"{{"exec":{{{exec},"interactiveMode":"Never"}}}}"#))
}

fn kube_config(user: &str) -> kube::Config {
    let mut config = kube::Config::new(SERVER.parse().unwrap());
    config.auth_info = serde_json::from_str(user).unwrap();
    config
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().into()
}

#[expect(clippy::disallowed_methods, reason = "the plugin's own clock")]
fn unix_now() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as i64
}
