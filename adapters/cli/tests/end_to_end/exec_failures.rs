//! Exec plugins that do not do their work: no request is sent, and the message says why.

use crate::case::{Both, Case, TOKEN};
use crate::plugin::{Answer, V1, V1BETA1};
use kubecred_loopback::Authority;
use serde_json::{Value, json};

/// The outcome of one plugin's answer, which must be a failure before any request that tells no
/// secret.
async fn refused(answer: Answer) -> Both {
    let case = Case::start().await.exec(json!({})).plugin(&[answer]);
    let both = case.agree().await.fail_saying(&[]);
    assert!(both.kubectl.exchanges.is_empty());
    assert_eq!(both.kubectl.plugin_runs.len(), 1);
    assert!(!both.kubecred.stderr.contains("hunter2"), "{}", both.kubecred.stderr);
    both
}

async fn refused_text(answer: Value) -> Both {
    refused(Answer::Print(answer.to_string())).await
}

#[tokio::test]
async fn ex_41_a_plugin_that_fails_is_named_with_its_exit_code() {
    let both = refused(Answer::Fail(73)).await;
    // EX-22: its own complaint comes through too.
    both.fail_saying(&["plugin", "exit code 73", "no credential today"]);
}

#[tokio::test]
async fn ex_42_a_plugin_that_is_not_installed_comes_with_its_hint() {
    let exec = json!({
        "command": "no-such-login",
        "installHint": "Get it with:\n  brew install no-such-login",
    });
    let both = Case::start().await.exec(exec).agree().await;
    let both = both.fail_saying(&[
        "no-such-login",
        "not found",
        "access-authn-authz/authentication/#client-go-credential-plugins",
        // Ours stands further in: no line of a hint looks like a line of the program's own.
        "Get it with:\n  ",
        "  brew install no-such-login",
    ]);
    assert!(both.kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn ex_46_a_hint_cannot_move_the_cursor() {
    let exec = json!({ "command": "no-such-login", "installHint": "red: \u{1b}[31m caf\u{e9}" });
    let both = Case::start().await.exec(exec).agree().await;
    let both = both.fail_saying(&["red: U+001B[31m caf\u{e9}"]);
    assert!(!both.kubecred.stderr.contains('\u{1b}'));
}

#[tokio::test]
async fn ex_43_a_path_to_nothing_is_named() {
    let case = Case::start().await.exec(json!({ "command": "./no/such/login" }));
    let path = case.directory().join("no/such/login").to_string_lossy().into_owned();
    case.agree().await.fail_saying(&[&path]);
}

#[tokio::test]
async fn ex_43_a_file_that_is_no_program_is_named() {
    let case = Case::start().await.exec(json!({})).file("plugin", "#!/bin/sh\n");
    case.agree().await.fail_saying(&["/plugin"]);
}

#[tokio::test]
async fn ex_13_a_program_through_a_relative_path_is_not_run() {
    let case = Case::start().await.exec(json!({ "command": "login" }));
    let case = case.plugin_at("tools/login", &[Answer::token(TOKEN)]).env("PATH", "tools:");
    let both = case.agree().await.fail_saying(&["login", "not found"]);
    assert!(both.kubectl.plugin_runs.is_empty());
}

#[tokio::test]
async fn ex_20_a_plugin_that_needs_a_person_is_not_run_without() {
    let case = Case::start().await.exec(json!({ "interactiveMode": "Always" }));
    let both = case.plugin(&[Answer::token(TOKEN)]).agree().await;
    let both = both.fail_saying(&["standard input is not a terminal"]);
    assert!(both.kubectl.plugin_runs.is_empty());
}

#[tokio::test]
async fn ex_51_what_is_not_to_be_decoded_is_refused() {
    for text in ["hunter2", "", "{", "{}\nhunter2", "hunter2: [", "[]", "--- \n- hunter2"] {
        refused(Answer::Print(text.to_owned())).await;
    }
}

#[tokio::test]
async fn ex_52_another_version_is_refused() {
    let status = json!({ "token": "hunter2" });
    let both = refused(Answer::versioned(V1BETA1, &status)).await;
    both.fail_saying(&[V1, V1BETA1]);
    for version in ["client.authentication.k8s.io/v1alpha1", "v1", ""] {
        refused(Answer::versioned(version, &status)).await;
    }
    refused_text(json!({ "kind": "ExecCredential", "status": status })).await;
}

#[tokio::test]
async fn ex_53_another_kind_is_refused() {
    let status = json!({ "token": "hunter2" });
    refused_text(json!({ "apiVersion": V1, "kind": "Secret", "status": status })).await;
}

#[tokio::test]
async fn ex_54_types_and_case_matter() {
    refused_text(json!({ "apiVersion": V1, "Status": { "token": "hunter2" } })).await;
    refused_text(json!({ "apiVersion": V1, "status": { "token": 12 } })).await;
    refused_text(json!({ "apiVersion": V1, "status": "hunter2" })).await;
}

#[tokio::test]
async fn ex_55_a_status_needs_a_token_or_a_pair() {
    let issued = Authority::new("any").client("jane", &[]);
    let (certificate, key) = (issued.certificate_pem(), issued.key_pem());
    refused_text(json!({ "apiVersion": V1, "kind": "ExecCredential" })).await;
    for status in [
        json!({}),
        json!({ "token": "" }),
        json!({ "clientCertificateData": certificate }),
        json!({ "clientKeyData": key }),
        json!({ "token": "hunter2", "clientCertificateData": certificate }),
        json!({ "clientCertificateData": "hunter2", "clientKeyData": key }),
        json!({ "clientCertificateData": certificate, "clientKeyData": "hunter2" }),
    ] {
        refused(Answer::credential(&status)).await;
    }
}

#[tokio::test]
async fn ex_55_a_pair_must_match() {
    let authority = Authority::new("any");
    let (one, other) = (authority.client("jane", &[]), authority.client("jane", &[]));
    let status = json!({
        "token": "hunter2",
        "clientCertificateData": one.certificate_pem(),
        "clientKeyData": other.key_pem(),
    });
    refused(Answer::credential(&status)).await;
}

#[tokio::test]
async fn ex_57_a_date_must_be_one() {
    for date in [json!(""), json!("tomorrow"), json!(1_700_000_000), json!("2999-01-01")] {
        let status = json!({ "token": "hunter2", "expirationTimestamp": date });
        refused(Answer::credential(&status)).await;
    }
}

#[tokio::test]
async fn kc_58_a_stanza_must_be_whole() {
    for (stanza, missing) in [
        (json!({ "command": null }), "command"),
        (json!({ "apiVersion": null }), "apiVersion"),
        (json!({ "interactiveMode": null }), "interactiveMode"),
        (json!({ "interactiveMode": "Sometimes" }), "interactiveMode"),
        (json!({ "env": [{ "name": "", "value": "x" }] }), "env"),
    ] {
        let case = Case::start().await.exec(stanza).plugin(&[Answer::token(TOKEN)]);
        let both = case.agree().await.fail_saying(&[missing, "main"]);
        assert!(both.kubectl.plugin_runs.is_empty());
    }
}

#[tokio::test]
async fn ex_1_another_version_in_the_stanza_is_refused() {
    let case =
        Case::start().await.exec(json!({ "apiVersion": "client.authentication.k8s.io/v1alpha1" }));
    let both = case.plugin(&[Answer::token(TOKEN)]).agree().await;
    let both = both.fail_saying(&["client.authentication.k8s.io/v1alpha1"]);
    assert!(both.kubectl.plugin_runs.is_empty());
}

/// The system takes 128 KiB in one variable: what fills it is named.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn ex_32_cluster_info_that_is_too_long_for_a_variable_is_named() {
    let extension = json!({ "filler": "x".repeat(146_000) });
    let name = "client.authentication.k8s.io/exec";
    let cluster = json!({ "extensions": [{ "name": name, "extension": extension }] });
    let case = Case::start().await.cluster(cluster).exec(json!({ "provideClusterInfo": true }));
    let case = case.plugin(&[Answer::token(TOKEN)]);
    let both = case.agree().await.fail_saying(&["argument list too long"]);
    for words in ["KUBERNETES_EXEC_INFO", "146", "provideClusterInfo"] {
        assert!(both.kubecred.stderr.contains(words), "{}", both.kubecred.stderr);
    }
}
