//! Logging in with a device code: a guest shows the code, a user enters it at the provider, and an API
//! server that verifies by the provider's keys accepts the token, which another guest sends.

use crate::embedder::{Ended, Guest, Shown};
use crate::{Embedder, embedder};
use kubecred_loopback::{ApiServer, IdTokens, OpenIdEvent, OpenIdProvider, OpenIdSettings};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CLIENT: &str = "kube";

/// The most that a code is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

async fn provider(device_flow: bool) -> (OpenIdProvider, Arc<Mutex<Vec<OpenIdEvent>>>) {
    let events = Arc::<Mutex<Vec<OpenIdEvent>>>::default();
    let heard = events.clone();
    let provider = OpenIdProvider::start(OpenIdSettings {
        client_id: CLIENT.into(),
        life: Duration::from_secs(3600),
        groups: vec!["developers".into()],
        device_flow,
        events: Box::new(move |event| heard.lock().expect("no panic").push(event)),
    });
    (provider.await.expect("a provider"), events)
}

async fn log_in(provider: &OpenIdProvider, more: &[&str], shown: Shown) -> Ended {
    let arguments = [&["--issuer", provider.issuer(), "--client-id", CLIENT], more].concat();
    let ended = Embedder::new().run_showing(Guest::Login, &arguments, shown).await;
    ended.expect("the guest can be started")
}

/// The code, once it is shown.
async fn code(shown: &Shown) -> String {
    let begin = Instant::now();
    loop {
        let text = shown.text();
        let line = text.lines().find_map(|line| line.split_once(" and enter the code "));
        if let Some((_, code)) = line.filter(|_| text.contains("can be used for")) {
            return code.to_owned();
        }
        assert!(begin.elapsed() < PATIENCE, "no code is shown: {text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What a user's browser sends from the provider's page.
async fn enter(issuer: &str, code: &str, user: &str) -> String {
    let host = issuer.trim_start_matches("http://");
    let form = format!("user_code={code}&user={user}");
    let request = format!(
        "POST /device HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    let mut stream = TcpStream::connect(host).await.expect("it listens");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_102_a_guest_logs_in_with_a_device_code_and_the_api_server_accepts_its_token() {
    let (provider, events) = provider(true).await;
    let shown = Shown::default();
    let user = async {
        let code = code(&shown).await;
        assert!(enter(provider.issuer(), "BCDF-BCDF", "eve").await.contains("not known"));
        let page = enter(provider.issuer(), &code, "jane").await;
        assert!(page.contains("You are logged in"), "{page}");
        code
    };
    let (ended, code) = tokio::join!(log_in(&provider, &[], shown.clone()), user);
    ended.was_good();
    // Code and address are shown, and the tokens are not (LG-102, LG-64).
    assert!(ended.stderr.contains(&format!("{}/device?user_code={code}", provider.issuer())));
    assert!(!ended.stderr.contains("eyJ"), "{ended:?}");
    // One credential and a line break (LG-3).
    let credential: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(
        (credential["kind"].as_str(), ended.stdout.lines().count()),
        (Some("ExecCredential"), 1)
    );
    let token = credential["status"]["token"].as_str().expect("a token");
    let events = events.lock().expect("no panic").clone();
    let expected = [
        OpenIdEvent::DeviceCodeGiven,
        OpenIdEvent::LoggedIn { user: "jane".into() },
        OpenIdEvent::CodeRedeemed,
    ];
    assert_eq!(events, expected);

    let server = ApiServer::builder().start().await.expect("a server");
    server.accounts().trust(IdTokens::new(provider.issuer(), CLIENT, provider.keys()));
    let user = embedder(&server, &format!("token: {token}"));
    let roots = ["--embedder-does", "roots", "/version"];
    user.run(&roots).await.was_good();
    let other = embedder(&server, &format!("token: {token}x"));
    assert!(!other.run(&roots).await.good, "only what the provider signed is accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_refuses_every_other_flow_with_its_reason() {
    let (provider, events) = provider(true).await;
    for (flow, reason) in [
        ("authcode", "needs a browser and a port to listen on"),
        ("authcode-keyboard", "needs a terminal"),
        ("password", "needs a terminal"),
        ("client-credentials", "not offered here"),
        ("token-exchange", "not offered here"),
    ] {
        let ended = log_in(&provider, &["--grant-type", flow], Shown::default()).await;
        ended.failed_with(&[reason, "a WASI guest logs in with a device code only"]);
        assert_eq!(ended.stdout, "");
    }
    assert_eq!(*events.lock().expect("no panic"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_without_device_codes_is_an_error_that_names_the_endpoint() {
    let (provider, _) = provider(false).await;
    let ended = log_in(&provider, &[], Shown::default()).await;
    ended.failed_with(&["device_authorization_endpoint"]);
    assert_eq!(ended.stdout, "");
}
