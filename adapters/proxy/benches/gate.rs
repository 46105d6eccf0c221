//! What the gate costs: a verdict that is remembered, and a flood of tokens that nobody knows.
//!
//! ```text
//! cargo bench -p kubecred-proxy --bench gate
//! ```
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use kubecred_core::reviewer::{
    Action, Decision, Input, Lookup, ReviewReply, Reviewer as Machine, Settings,
};
use kubecred_core::{Authentication, Now, Profile, Roots, Secret};
use kubecred_loopback::{API_AUDIENCE, ApiServer, User};
use kubecred_proxy::gate::{Caller, ReviewLayer, Reviewer};
use kubecred_tokio::{Auth, Client};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower_layer::Layer;
use tower_service::Service;

const ROUNDS: usize = 7;
const CALLS: u32 = 100_000;

/// The goal for a verdict in the layer.
const GOAL: Duration = Duration::from_micros(2);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(verdict());
    flood();
}

/// A service that does nothing.
#[derive(Clone)]
struct Nothing;

impl Service<Request<()>> for Nothing {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Full<Bytes>>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        black_box(&request);
        ready(Ok(Response::new(Full::default())))
    }
}

/// The best of some rounds, per call.
fn time(mut call: impl FnMut()) -> Duration {
    let round = |call: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..CALLS).for_each(|_| call());
        start.elapsed() / CALLS
    };
    (0..ROUNDS).map(|_| round(&mut call)).min().unwrap_or_default()
}

async fn verdict() {
    let api = ApiServer::builder().start().await.expect("a server on loopback");
    let token = "x".repeat(1000);
    api.accounts().allow_token("gate", "gate");
    api.accounts().allow_token(&token, User::new("ann").member_of(["dev", "ops"]));
    let authentication = Authentication::token("gate");
    let mut profile = Profile { authentication, ..Profile::new(api.url()) };
    profile.cluster.roots = Roots::Pem(api.authority().certificate_pem().into());
    let client = Client::new(Auth::from_profile(profile)).expect("a client");
    let mut settings = Settings::for_audiences([API_AUDIENCE]);
    settings.accepted_for = Duration::from_secs(3600);
    let reviewer = Reviewer::new(client, settings).expect("random numbers");
    let decision = reviewer.review(token.as_bytes()).await;
    assert!(matches!(decision, Decision::Accepted(_)), "{decision:?}");

    let header = HeaderValue::from_str(&format!("Bearer {token}")).expect("a header");
    let request = || {
        let mut request = Request::new(());
        request.headers_mut().insert("host", HeaderValue::from_static("app.example"));
        request.headers_mut().insert("accept", HeaderValue::from_static("*/*"));
        request.headers_mut().insert("user-agent", HeaderValue::from_static("curl/8"));
        request.headers_mut().insert("authorization", header.clone());
        request
    };
    let mut layered = ReviewLayer::new(reviewer.clone()).layer(Nothing);
    let mut bare = Nothing;
    let hmac = time(|| _ = black_box(reviewer.key(black_box(token.as_bytes()))));
    let known = time(|| _ = black_box(reviewer.known(black_box(token.as_bytes()))));
    let without = time(|| _ = black_box(bare.call(request())));
    let with = time(|| _ = black_box(layered.call(request())));
    // It is what it seems: the request was let in.
    struct Checked;
    impl Service<Request<()>> for Checked {
        type Response = Response<Full<Bytes>>;
        type Error = Infallible;
        type Future = Ready<Result<Response<Full<Bytes>>, Infallible>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, request: Request<()>) -> Self::Future {
            let caller = request.extensions().get::<Caller>();
            assert!(caller.is_some_and(|caller| caller.username == "ann"));
            assert!(!request.headers().contains_key("authorization"));
            ready(Ok(Response::new(Full::default())))
        }
    }
    impl Clone for Checked {
        fn clone(&self) -> Self {
            Self
        }
    }
    drop(ReviewLayer::new(reviewer.clone()).layer(Checked).call(request()));

    let layer = with.saturating_sub(without);
    println!("a remembered verdict, token of 1,000 bytes, best of {ROUNDS} rounds of {CALLS}:");
    println!("  HMAC of the token          {hmac:>10.0?}");
    println!("  look-up, HMAC included     {known:>10.0?}");
    println!("  in the layer, all of it    {layer:>10.0?}   (goal: at most {GOAL:?})");
}

/// 100,000 tokens that nobody knows, while 1,000 good ones are in use.
fn flood() {
    const GOOD: usize = 1000;
    const UNKNOWN: usize = 100_000;
    let mut machine = Machine::new(Settings::for_audiences(["web"]), [7; 32], 0);
    let now = |millis: u64| Now::from_millis(millis, 1_700_000_000_000);
    let token = |kind: &str, number: usize| format!("{kind}-{number:0>990}");
    let good = r#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":
        {"authenticated":true,"user":{"username":"ann"},"audiences":["web"]}}"#;
    let bad = r#"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":
        {"user":{},"error":"invalid bearer token"}}"#;
    let review = |machine: &mut Machine, token: String, body: &str| {
        machine.handle_input(now(0), Input::Review(Secret::from(token)));
        while let Some(action) = machine.poll_action() {
            if let Action::SendReview(job) = action {
                let reply = ReviewReply { status: 201, retry_after: None, body: body.into() };
                machine.handle_input(now(0), job.done(Ok(reply)));
            }
        }
    };
    for number in 0..GOOD {
        review(&mut machine, token("good", number), good);
    }
    let before = resident();
    let start = Instant::now();
    for number in 0..UNKNOWN {
        review(&mut machine, token("unknown", number), bad);
    }
    let took = start.elapsed();
    let after = resident();
    let held = (0..GOOD).filter(|number| {
        let key = machine.key(token("good", *number).as_bytes());
        let lookup = machine.lookup(now(0), &key);
        matches!(lookup, Lookup::Known { decision: Decision::Accepted(_), .. })
    });
    let (held, stats) = (held.count(), machine.stats());
    println!("a flood of {UNKNOWN} unknown tokens of 1,000 bytes beside {GOOD} good ones:");
    println!("  good ones still held       {held:>10}");
    println!("  refusals held              {:>10}", stats.refused_held);
    println!(
        "  memory added               {:>7} KiB   (goal: at most 64 MiB)",
        (after - before.min(after)) >> 10
    );
    println!("  time for each              {:>10.0?}", took / UNKNOWN as u32);
    assert_eq!(held, GOOD, "a flood evicts no good one");
}

/// The memory of this process in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4096
}
