//! Whole logins with real parts: an OpenID provider, a headless Chromium, kubectl, and an API server
//! that verifies tokens by the provider's keys.
//!
//! Needs node with the provider in `target/tools/openid`, where `tests/tools` installs it, chromium
//! with its driver, curl, and kubectl.
#![cfg(target_os = "linux")]

mod demo;
mod keyring;
mod lines;
mod manners;
mod place;
mod provider;
mod refresh;
mod roots;
mod setup;
mod webdriver;

use lines::PATIENCE;
use place::{Place, allow_device, ended, log_in, pictures, run, start};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use webdriver::Browser;

const DESKTOP: (u32, u32) = (1280, 800);
const PHONE: (u32, u32) = (390, 780);

/// Sends a request to the loopback server as any program of this machine can.
fn raw(start_url: &str, request: &str) -> String {
    let (_, rest) = start_url.split_once("://").expect("a URL");
    let (host, _) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("it is not zero");
    stream.write_all(request.replace("HOST", host).as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_in_a_browser_gives_a_token_that_the_api_server_verifies_and_the_next_run_has_it() {
    let place = Place::new(3600).await;
    let browser = Browser::start();
    let mut first = start(&mut place.kubecred("get-token", &[]));
    let url = place.wait_opened(1, &mut first);
    // What the launcher gets says nothing of the login (LG-36).
    for part in ["state", "nonce", "challenge"] {
        assert!(!url.contains(part), "{url}");
    }
    // Other programs of this machine cannot end it (LG-44, LG-45, LG-43).
    for (request, status) in [
        ("GET /callback?error=access_denied&state=x HTTP/1.1\r\nhost: HOST\r\n\r\n", " 400 "),
        ("GET /callback?code=x HTTP/1.1\r\nhost: HOST\r\n\r\n", " 400 "),
        ("GET /callback?code=x HTTP/1.1\r\nhost: evil.example\r\n\r\n", " 421 "),
        ("GET /favicon.ico HTTP/1.1\r\nhost: HOST\r\n\r\n", " 404 "),
    ] {
        let answer = raw(&url, request);
        let line = answer.lines().next().unwrap_or_default();
        assert!(line.contains(status), "{request}: {line}");
    }
    log_in(&browser, &url, "ann");
    let text = browser.wait_for("You are logged in.");
    assert!(text.contains("Hello, ann <b>Svensson</b>"), "{text}");
    assert!(!browser.url().contains("code=") && !browser.url().contains("state="));
    assert_eq!(browser.title(), "Logged in - kubecred");
    for (name, size, dark) in [
        ("success-light", DESKTOP, false),
        ("success-dark", DESKTOP, true),
        ("success-phone-light", PHONE, false),
        ("success-phone-dark", PHONE, true),
    ] {
        browser.photograph(&pictures().join(format!("{name}.png")), size, dark);
        let wide = browser.script("return document.documentElement.scrollWidth > innerWidth");
        assert_eq!(wide, false, "{name}: nothing is cut off");
    }
    let foreign = "return performance.getEntriesByType('resource').length";
    assert_eq!(browser.script(foreign), 0, "the page loads nothing else");

    let first = ended(first);
    let token = first.token();
    assert!(!first.stderr.contains(&token), "{first:?}");
    let second = run(&mut place.kubecred("get-token", &[]));
    assert_eq!((&second.token(), second.stderr.as_str()), (&token, ""));
    assert_eq!((place.opened().len(), place.provider.grants("authorization_code")), (1, 1));

    place.write_kubeconfig("Never");
    let kubectl = run(&mut place.kubectl());
    assert!(kubectl.good().contains("gitVersion"), "{kubectl:?}");
    let seen = place.server.exchanges();
    let seen = seen.last().expect("kubectl came");
    let expected = format!("Bearer {token}");
    assert_eq!(seen.header("authorization"), Some(expected.as_str()));
    assert_eq!(place.opened().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_98_ten_kubectl_at_once_open_one_tab_and_make_one_login() {
    let place = Place::new(3600).await;
    place.write_kubeconfig("IfAvailable");
    let browser = Browser::start();
    let mut runs: Vec<_> = (0..10).map(|_| start(&mut place.kubectl())).collect();
    let url = place.wait_opened(1, &mut runs[0]);
    log_in(&browser, &url, "ann");
    browser.wait_for("You are logged in.");
    for child in runs {
        assert!(ended(child).good().contains("gitVersion"));
    }
    assert_eq!((place.opened().len(), place.provider.grants("authorization_code")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_58_a_login_that_is_refused_says_so_in_the_page_and_in_the_terminal() {
    let place = Place::new(3600).await;
    let browser = Browser::start();
    let mut child = start(&mut place.kubecred("get-token", &[]));
    let url = place.wait_opened(1, &mut child);
    browser.open(&url);
    browser.wait_for("Cancel");
    browser.click("a[href*=abort]");
    let text = browser.wait_for("Login failed");
    assert!(text.contains("access_denied"), "{text}");
    for (name, size, dark) in
        [("failure-light", DESKTOP, false), ("failure-phone-dark", PHONE, true)]
    {
        browser.photograph(&pictures().join(format!("{name}.png")), size, dark);
    }
    let ended = ended(child);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(4), ""), "{ended:?}");
    assert!(ended.stderr.contains("access_denied"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_says_who_is_logged_in_until_logout() {
    let place = Place::new(3600).await;
    let browser = Browser::start();
    let none = run(&mut place.kubecred("status", &[]));
    assert_eq!(none.code, Some(3), "{none:?}");
    let mut child = start(&mut place.kubecred("login", &[]));
    let url = place.wait_opened(1, &mut child);
    log_in(&browser, &url, "ann");
    browser.wait_for("You are logged in.");
    let login = ended(child);
    assert!(login.good().starts_with("Logged in as ann"), "{login:?}");
    let status = run(&mut place.kubecred("status", &[]));
    assert!(status.good().contains("ann"), "{status:?}");
    let logout = run(&mut place.kubecred("logout", &[]));
    assert_eq!(logout.good(), "Logged out.\n", "{logout:?}");
    assert_eq!(run(&mut place.kubecred("status", &[])).code, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_device_flow_is_taken_without_a_browser_and_shows_code_and_address() {
    let place = Place::new(3600).await;
    let browser = Browser::start();
    let mut command = place.kubecred("get-token", &["--grant-type=device-code"]);
    let mut child = start(&mut command);
    allow_device(&browser, &mut child);
    let ended = ended(child);
    assert!(!ended.token().is_empty());
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    assert_eq!(place.provider.grants(grant), 1);
}

/// `examples/claims.rs` of the library, as it stands there.
#[tokio::test(flavor = "multi_thread")]
async fn the_librarys_example_logs_in_and_prints_claims() {
    let place = Place::new(3600).await;
    let browser = Browser::start();
    let program = Path::new(env!("CARGO_BIN_EXE_kubecred")).with_file_name("examples/claims");
    assert!(program.exists(), "cargo build --workspace --all-features --examples builds it");
    let mut example = place.clean(program.to_str().expect("text"));
    example.args([&place.provider.issuer, provider::CLIENT, "idp.crt"]);
    let mut child = start(&mut example);
    allow_device(&browser, &mut child);
    let first = ended(child);
    assert!(first.good().contains(r#""sub":"ann""#), "{first:?}");
    let again = run(&mut example);
    assert_eq!((again.good(), again.stderr.as_str()), (first.good(), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_10_an_interrupted_login_prints_nothing_and_the_next_one_can_start() {
    let place = Place::new(3600).await;
    let mut child = start(&mut place.kubecred("get-token", &[]));
    place.wait_opened(1, &mut child);
    let id = rustix::process::Pid::from_raw(child.id().cast_signed()).expect("a process");
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("it is ours");
    let first = ended(child);
    assert_eq!((first.code, first.stdout.as_str()), (Some(130), ""), "{first:?}");
    let mut child = start(&mut place.kubecred("login", &[]));
    place.wait_opened(2, &mut child);
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
}

#[test]
fn under_the_name_kubekey_it_takes_no_command_and_reads_that_plugins_variables() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("kubekey");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubecred"), &link).expect("the folder is ours");
    let command = |arguments: &[&str]| {
        let mut command = std::process::Command::new(&link);
        command.args(arguments).env_clear().env("HOME", folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let version = run(&mut command(&["-v"]));
    assert!(version.good().starts_with("kubecred "), "{version:?}");
    let bare = run(&mut command(&[]));
    assert_eq!((bare.code, bare.stdout.as_str()), (Some(2), ""), "{bare:?}");
    assert!(bare.stderr.contains("IDP_ISSUER_URL"), "{bare:?}");
    // Nothing listens there: it has understood whom to ask.
    let mut command = command(&[]);
    command.env("IDP_ISSUER_URL", "https://127.0.0.1:1").env("CLIENT_ID", "x");
    let unreachable = run(&mut command);
    assert_eq!((unreachable.code, unreachable.stdout.as_str()), (Some(5), ""), "{unreachable:?}");
}
