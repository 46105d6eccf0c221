//! How a login behaves beside other programs: on standard output, on a terminal, in a strange home,
//! behind a proxy.

use crate::place::{Place, ended, log_in, log_in_with, run, start};
use crate::webdriver::Browser;
use kubecred_loopback::HttpProxy;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[tokio::test(flavor = "multi_thread")]
async fn lg_3_lg_4_a_browser_that_talks_spoils_no_credential_and_quiet_leaves_only_errors() {
    let place = Place::new(3600).await;
    let talking = "#!/bin/sh\necho \"$1\" >>\"$0.urls\"\necho talk; echo talk >&2\n";
    let program = place.write("browser", talking);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let login = log_in_with(&place, &[], |_| {});
    let token = login.token();
    assert_eq!(login.stdout.matches('\n').count(), 1, "one line: {login:?}");
    assert!(login.stdout.starts_with('{') && login.stdout.ends_with("}\n"), "{login:?}");
    let all = [login.stdout.as_str(), &login.stderr].concat();
    assert!(!all.contains("talk") && !all.contains('\u{1b}'), "{login:?}");
    assert!(login.stderr.contains("The browser was opened at"), "{login:?}");
    // What a person must do is said in any case, and nothing else.
    let quiet = log_in_with(&place, &["--quiet", "--account=other"], |_| {});
    assert_ne!(quiet.token(), token);
    assert!(!quiet.stderr.contains("keyring"), "{quiet:?}");
    let wrong = run(&mut place.kubecred(
        "get-token",
        &["--quiet", "--device-endpoint=", "--grant-type=device-code", "--account=third"],
    ));
    assert_eq!(wrong.stdout, "", "{wrong:?}");
    assert_eq!(wrong.stderr.lines().filter(|line| line.starts_with("error: ")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_100_kubecachedir_moves_the_cache_and_without_a_folder_nothing_is_kept() {
    let place = Place::new(3600).await;
    let moved = place.path("moved");
    let first = log_in_with(&place, &[], |command| {
        command.env("KUBECACHEDIR", &moved);
    });
    assert!(moved.join("kubecred/login").is_dir() && !place.path(".kube").exists());
    let again = run(place.kubecred("get-token", &[]).env("KUBECACHEDIR", &moved));
    assert_eq!(again.token(), first.token());
    // Empty is unset.
    let empty = run(place.kubecred("status", &[]).env("KUBECACHEDIR", ""));
    assert_eq!(empty.code, Some(3), "{empty:?}");
    fs::remove_dir_all(place.path(".kube")).expect("it was made by the last run");
    let homeless = log_in_with(&place, &[], |command| {
        command.env("HOME", "/dev/null");
    });
    assert!(!homeless.token().is_empty());
    let said = homeless.stderr.lines().filter(|line| line.contains("cannot store the tokens"));
    assert_eq!(said.count(), 1, "{homeless:?}");
    assert!(!place.path(".kube").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_121_the_provider_is_reached_through_the_proxy_of_the_environment() {
    let place = Place::new(3600).await;
    let proxy = HttpProxy::builder().start().await.expect("a free port");
    let login = |no_proxy: &str| {
        let mut command = place.clean(env!("CARGO_BIN_EXE_kubecred"));
        command.args(["get-token", "--issuer=https://idp.invalid", "--client-id=kube"]);
        command.env("HTTPS_PROXY", proxy.url()).env("NO_PROXY", no_proxy);
        run(&mut command)
    };
    let refused = login("");
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(5), ""), "{refused:?}");
    let asked = proxy.requests();
    assert!(
        asked.iter().any(|request| format!("{request:?}").contains("idp.invalid")),
        "{asked:?}"
    );
    let before = asked.len();
    assert_eq!(login("idp.invalid").code, Some(5));
    assert_eq!(proxy.requests().len(), before, "NO_PROXY is obeyed");
}

#[tokio::test(flavor = "multi_thread")]
async fn lg_44_the_answer_can_come_as_a_form() {
    let place = Place::new(3600).await;
    let browser = Browser::start();
    let mut child = start(&mut place.kubecred("get-token", &["--form-post"]));
    let url = place.wait_opened(1, &mut child);
    log_in(&browser, &url, "ann");
    browser.wait_for("You are logged in.");
    assert!(!browser.url().contains("code="));
    assert!(!ended(child).token().is_empty());
}
