//! A login that goes on without a person, and its end: refreshes, revocation, logout.

use crate::lines::PATIENCE;
use crate::place::{Place, ended, log_in, log_in_with, run, start};
use crate::webdriver::Browser;
use serde_json::Value;
use std::time::{Duration, Instant};

const DISK: &str = "--token-cache-storage=disk";

/// The refresh token that is in the cache.
fn refresh_token(place: &Place) -> Option<String> {
    place.cached().iter().find_map(|entry| {
        let entry: Value = serde_json::from_str(entry).expect("JSON");
        entry["refresh_token"].as_str().map(str::to_owned)
    })
}

/// Presents it as any client can, and gives what the provider says.
fn present(place: &Place, token: &str) -> Value {
    let token = format!("refresh_token={token}");
    place.curl("/token", &["grant_type=refresh_token", "client_id=kube", &token])
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_82_lg_116_a_token_that_ends_is_refreshed_without_a_person_until_a_logout_revokes_it() {
    let place = Place::new(6).await;
    let first = log_in_with(&place, &[DISK], |_| {}).token();
    let begin = Instant::now();
    // Nobody is there any more: a browser would be opened in vain, and fail the test.
    let second = loop {
        let token = run(&mut place.kubecred("get-token", &[DISK])).token();
        if token != first {
            break token;
        }
        assert!(begin.elapsed() < PATIENCE, "the token does not end");
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!((place.provider.grants("refresh_token"), place.opened().len()), (1, 1));
    // And the API server takes it, through kubectl. It may be a newer one by then.
    place.write_kubeconfig_with("Never", &[DISK]);
    assert!(run(&mut place.kubectl()).good().contains("gitVersion"));
    assert_ne!(second, first);

    let token = refresh_token(&place).expect("it is in the cache");
    let logout = run(&mut place.kubecred("logout", &[DISK, "--revoke"]));
    assert_eq!((logout.good(), logout.stderr.as_str()), ("Logged out.\n", ""), "{logout:?}");
    assert_eq!(place.provider.revocations(), 1);
    assert_eq!(present(&place, &token)["error"], "invalid_grant");
    assert_eq!(refresh_token(&place), None);
    assert_eq!(run(&mut place.kubecred("status", &[DISK])).code, Some(3));
    assert_eq!(place.opened().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_115_a_logout_without_revocation_leaves_the_token_good_and_all_means_all() {
    let place = Place::new(3600).await;
    log_in_with(&place, &[DISK], |_| {}).token();
    log_in_with(&place, &[DISK, "--account=other"], |_| {}).token();
    let token = refresh_token(&place).expect("it is in the cache");
    let notes = place.write(".kube/cache/kubecred/login/notes.json", "mine");
    let all = run(place.clean(env!("CARGO_BIN_EXE_kubecred")).args(["logout", "--all"]));
    assert_eq!((all.good(), all.stderr.as_str()), ("Logged out of 2 logins.\n", ""), "{all:?}");
    assert_eq!(place.cached(), ["mine"]);
    assert!(notes.exists());
    assert_eq!(place.provider.revocations(), 0);
    assert!(present(&place, &token)["id_token"].is_string());
    // Under kubelogin's name it is the same.
    let clean = run(place.clean(env!("CARGO_BIN_EXE_kubecred")).arg("clean"));
    assert_eq!(clean.good(), "Logged out of 0 logins.\n", "{clean:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_117_the_providers_own_logout_page_opens_and_knows_who_it_is_about() {
    let place = Place::new(3600).await;
    let browser = Browser::start();
    let mut login = start(&mut place.kubecred("login", &[DISK]));
    let url = place.wait_opened(1, &mut login);
    log_in(&browser, &url, "ann");
    browser.wait_for("You are logged in.");
    assert!(ended(login).is_good());
    let mut logout = start(&mut place.kubecred("logout", &[DISK, "--end-session"]));
    let url = place.wait_opened(2, &mut logout);
    assert!(!url.contains("eyJ"), "the address has no token in it: {url}");
    browser.open(&url);
    browser.wait_for("sign-out");
    assert!(browser.url().starts_with(&place.provider.issuer), "{}", browser.url());
    let logout = ended(logout);
    assert_eq!(logout.good(), "Logged out.\n", "{logout:?}");
    assert_eq!(run(&mut place.kubecred("status", &[DISK])).code, Some(3));
}
