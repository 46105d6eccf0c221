//! Exec plugins that do their work: how they are found and run, what they are told, and what
//! becomes of their answer.

use crate::case::{Case, TOKEN};
use crate::plugin::{Answer, V1, V1BETA1};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

const FAR_FUTURE: &str = "2999-01-01T00:00:00Z";

#[tokio::test]
async fn ex_31_a_plugin_is_told_its_version_and_no_more() {
    for version in [V1, V1BETA1] {
        let case = Case::start().await.exec(json!({ "apiVersion": version }));
        let case = case.plugin(&[Answer::versioned(version, &json!({ "token": TOKEN }))]);
        let both = case.agree().await.succeed();
        let expected = format!(
            "{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{version}\",\
             \"spec\":{{\"interactive\":false}}}}\n"
        );
        assert_eq!(both.kubectl.plugin_run().exec_info(), expected);
        assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
    }
}

#[tokio::test]
async fn ex_32_a_plugin_is_told_of_the_cluster_if_it_is_wanted() {
    let case = Case::start().await.plugin(&[Answer::token(TOKEN)]);
    let config = json!({ "z": ["<&>", null], "a": { "number": 1.50, "1": {}, "yes ": [] } });
    let cluster = json!({
        "tls-server-name": "api.internal",
        "disable-compression": true,
        "extensions": [
            { "name": "other", "extension": { "not": "this" } },
            { "name": "client.authentication.k8s.io/exec", "extension": config },
        ],
    });
    let case = case.cluster(cluster).exec(json!({ "provideClusterInfo": true }));
    let both = case.agree().await.succeed();
    let info: Value = serde_json::from_str(both.kubectl.plugin_run().exec_info()).unwrap();
    let told = &info["spec"]["cluster"];
    assert_eq!(told["server"], case.server.url());
    assert_eq!(told["tls-server-name"], "api.internal");
    assert_eq!(told["disable-compression"], true);
    assert_eq!(told["config"]["z"][0], "<&>");
    assert!(told["certificate-authority-data"].is_string());
}

#[tokio::test]
async fn ex_33_what_a_plugin_is_told_is_escaped_as_go_does() {
    let case = Case::start().await.plugin(&[Answer::token(TOKEN)]);
    let config = json!({
        "kind": "</script>&",
        "line": "\u{2028}\u{2029}\u{7f}\u{1}\n",
        "caf\u{e9}": "\u{1f980}",
    });
    let cluster = json!({
        "extensions": [{ "name": "client.authentication.k8s.io/exec", "extension": config }],
    });
    let case = case.cluster(cluster).exec(json!({ "provideClusterInfo": true }));
    // In JSON, where the separators can be written with escapes, as they must be.
    let config: Value = serde_yaml::from_str(&case.kubeconfig()).unwrap();
    let escape = |text: String, char: char| text.replace(char, &format!("\\u{:04x}", char as u32));
    let config = ['\u{2028}', '\u{2029}', '\u{7f}'].into_iter().fold(config.to_string(), escape);
    let case = case.file("escaped", &config).without_kubeconfig_flag();
    let both = case.flags(&["--kubeconfig=escaped"]).agree().await.succeed();
    let told = both.kubectl.plugin_run().exec_info();
    assert!(told.contains(r"\u003c/script\u003e\u0026"), "{told}");
    assert!(told.contains(r"\u2028\u2029"), "{told}");
}

#[tokio::test]
async fn ex_35_an_authority_in_a_file_is_read_for_the_plugin() {
    let case = Case::start().await.plugin(&[Answer::token(TOKEN)]);
    let pem = case.server.authority().certificate_pem().to_owned();
    let cluster = json!({ "certificate-authority-data": null, "certificate-authority": "ca.crt" });
    let case = case.cluster(cluster).file("ca.crt", &pem);
    let both = case.exec(json!({ "provideClusterInfo": true })).agree().await.succeed();
    let info: Value = serde_json::from_str(both.kubectl.plugin_run().exec_info()).unwrap();
    assert!(info["spec"]["cluster"]["certificate-authority-data"].is_string());
    assert_eq!(info["spec"]["cluster"]["config"], Value::Null);
    assert!(both.kubectl.plugin_run().exec_info().contains(r#""config":null"#));
}

#[tokio::test]
async fn ex_32_a_plugin_is_told_that_anyone_is_trusted() {
    let case = Case::start().await.plugin(&[Answer::token(TOKEN)]);
    let cluster = json!({ "certificate-authority-data": null, "insecure-skip-tls-verify": true });
    let case = case.cluster(cluster).exec(json!({ "provideClusterInfo": true }));
    let both = case.agree().await.succeed();
    let told = both.kubectl.plugin_run().exec_info();
    assert!(told.contains(r#""insecure-skip-tls-verify":true"#), "{told}");
}

#[tokio::test]
async fn ex_34_a_plugin_is_told_of_the_cluster_as_the_flags_have_it() {
    let case = Case::start().await.plugin(&[Answer::token(TOKEN)]);
    let case = case.exec(json!({ "provideClusterInfo": true }));
    let port = case.server.address().port();
    let server = format!("https://localhost:{port}");
    let case = case.flags(&["--server", &server, "--tls-server-name", "api.internal"]);
    let both = case.agree().await.succeed();
    let info: Value = serde_json::from_str(both.kubectl.plugin_run().exec_info()).unwrap();
    assert_eq!(info["spec"]["cluster"]["server"], server);
    assert_eq!(info["spec"]["cluster"]["tls-server-name"], "api.internal");
}

#[tokio::test]
async fn ex_30_the_environment_is_the_parents_then_the_stanzas() {
    let env = json!([
        { "name": "FROM_STANZA", "value": "one" },
        { "name": "FROM_BOTH", "value": "of the stanza" },
        { "name": "TWICE", "value": "first" },
        { "name": "TWICE", "value": "last" },
        { "name": "EMPTY", "value": "" },
        { "name": "NOT_EXPANDED", "value": "$HOME ~ ${PATH}" },
        { "name": "KUBERNETES_EXEC_INFO", "value": "of the stanza" },
    ]);
    let case = Case::start().await.plugin(&[Answer::token(TOKEN)]).exec(json!({ "env": env }));
    let case = case.env("FROM_PARENT", "two").env("FROM_BOTH", "of the parent");
    let case = case.env("KUBERNETES_EXEC_INFO", "of the parent");
    let both = case.agree().await.succeed();
    let seen = &both.kubectl.plugin_run().environment;
    for (name, value) in [
        ("FROM_STANZA", "one"),
        ("FROM_PARENT", "two"),
        ("FROM_BOTH", "of the stanza"),
        ("TWICE", "last"),
        ("EMPTY", ""),
        ("NOT_EXPANDED", "$HOME ~ ${PATH}"),
    ] {
        assert_eq!(seen.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(both.kubectl.plugin_run().exec_info().starts_with('{'));
}

#[tokio::test]
async fn ex_15_arguments_are_passed_as_they_are() {
    let arguments = json!(["--flag", "two words", "$HOME", "~", "*", "", "caf\u{e9}", "a\nb"]);
    let case = Case::start().await.plugin(&[Answer::token(TOKEN)]);
    let both = case.exec(json!({ "args": arguments })).agree().await.succeed();
    assert_eq!(json!(both.kubectl.plugin_run().arguments), arguments);
}

#[tokio::test]
async fn ex_12_a_name_is_looked_for_on_path() {
    let case = Case::start().await.plugin_at("tools/cloud-login", &[Answer::token(TOKEN)]);
    let case = case.plugin_at("cloud-login", &[Answer::token("of the working directory")]);
    let tools = case.directory().join("tools").to_string_lossy().into_owned();
    // Of several the first counts, and folders that do not exist are passed over.
    let path = format!("/no/such/folder:{tools}:{}", std::env::var("PATH").unwrap());
    let both = case.exec(json!({ "command": "cloud-login" })).env("PATH", &path).agree().await;
    assert_eq!(both.succeed().kubectl.plugin_run().name, "tools/cloud-login");
}

#[tokio::test]
async fn ex_12_the_stanzas_own_path_does_not_count() {
    let case = Case::start().await.plugin_at("tools/cloud-login", &[Answer::token(TOKEN)]);
    let tools = case.directory().join("tools").to_string_lossy().into_owned();
    let env = json!([{ "name": "PATH", "value": tools }]);
    let case = case.exec(json!({ "command": "cloud-login", "env": env }));
    let both = case.agree().await.fail_saying(&["cloud-login", "not found"]);
    assert!(both.kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn kc_36_a_path_starts_where_the_kubeconfig_lies() {
    let case = Case::start().await.exec(json!({ "command": "./bin/../bin/login" }));
    let config = case.kubeconfig();
    let case = case
        .file("elsewhere/config", &config)
        .plugin_at("elsewhere/bin/login", &[Answer::token(TOKEN)])
        .plugin_at("bin/login", &[Answer::token("of the working directory")])
        .without_kubeconfig_flag()
        .flags(&["--kubeconfig", "elsewhere/config"]);
    let both = case.agree().await.succeed();
    let run = both.kubectl.plugin_run();
    assert_eq!(run.name, "elsewhere/bin/login");
    // EX-15: it runs where its parent does.
    assert_eq!(run.directory, case.directory().to_string_lossy());
}

#[tokio::test]
async fn ex_12_an_absolute_path_is_taken_as_it_is() {
    let case = Case::start().await.plugin_at("bin/login", &[Answer::token(TOKEN)]);
    let path = case.directory().join("bin/login").to_string_lossy().into_owned();
    case.exec(json!({ "command": path })).agree().await.succeed();
}

#[tokio::test]
async fn a_plugin_is_called_by_the_name_in_the_stanza() {
    // A shell says by what name it was called, which a script cannot see.
    let credential = json!({
        "apiVersion": V1,
        "kind": "ExecCredential",
        "status": { "token": "called %s" },
    });
    let script = format!("printf '{credential}' \"$0\"");
    for command in ["sh", "/bin/sh"] {
        let exec = json!({ "command": command, "args": ["-c", script] });
        let both = Case::start().await.open().exec(exec).agree().await.succeed();
        let expected = format!("Bearer called {command}");
        assert_eq!(both.kubectl.request().header("authorization"), Some(expected.as_str()));
    }
}

#[tokio::test]
async fn ex_20_whether_a_plugin_may_talk_to_a_person() {
    for (mode, terminal, interactive) in [
        ("Never", false, false),
        ("Never", true, false),
        ("IfAvailable", false, false),
        ("IfAvailable", true, true),
        ("Always", true, true),
    ] {
        let case = Case::start().await.exec(json!({ "interactiveMode": mode }));
        let case = case.plugin(&[Answer::token(TOKEN)]);
        let case = if terminal { case.terminal() } else { case };
        let both = case.agree().await.succeed();
        let run = both.kubectl.plugin_run();
        let told = format!("\"interactive\":{interactive}");
        assert!(run.exec_info().contains(&told), "{mode}, {terminal}: {}", run.exec_info());
        let stdin = if interactive { "a terminal" } else { "/dev/null" };
        assert_eq!(run.stdin, stdin, "{mode}, {terminal}");
    }
}

#[tokio::test]
async fn ex_20_a_stanza_of_v1beta1_may_leave_the_mode_out() {
    let case = Case::start().await.exec(json!({ "apiVersion": V1BETA1, "interactiveMode": null }));
    let case = case.plugin(&[Answer::versioned(V1BETA1, &json!({ "token": TOKEN }))]).terminal();
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.plugin_run().stdin, "a terminal");
}

#[tokio::test]
async fn ex_56_a_certificate_is_presented() {
    let case = Case::start().await.exec(json!({}));
    let issued = case.server.authority().intermediate("office").client("jane", &["a"]);
    let status = json!({
        "clientCertificateData": issued.certificate_pem(),
        "clientKeyData": issued.key_pem(),
        "expirationTimestamp": FAR_FUTURE,
    });
    let both = case.plugin(&[Answer::credential(&status)]).agree().await.succeed();
    let request = both.kubectl.request();
    let shown = request.client_certificate.as_ref().expect("one is presented");
    assert_eq!(shown.chain, issued.chain());
    assert_eq!(request.header("authorization"), None);
}

#[tokio::test]
async fn ex_56_a_token_and_a_certificate_go_together() {
    let case = Case::start().await.exec(json!({ "apiVersion": V1BETA1 }));
    let issued = case.server.authority().client("jane", &[]);
    let status = json!({
        "token": "any",
        "clientCertificateData": issued.certificate_pem(),
        "clientKeyData": issued.key_pem(),
    });
    let both = case.plugin(&[Answer::versioned(V1BETA1, &status)]).agree().await.succeed();
    let request = both.kubectl.request();
    assert!(request.client_certificate.is_some());
    assert_eq!(request.header("authorization"), Some("Bearer any"));
}

#[tokio::test]
async fn ex_50_an_answer_may_be_yaml() {
    let answer = format!(
        "# a comment\napiVersion: {V1}\nkind: ExecCredential\nstatus:\n  token: {TOKEN} # good\n\
         \x20 expirationTimestamp: {FAR_FUTURE}\n"
    );
    let case = Case::start().await.exec(json!({})).plugin(&[Answer::Print(answer)]);
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
}

#[tokio::test]
async fn ex_54_what_an_answer_says_beyond_is_ignored() {
    let answer = json!({
        "apiVersion": V1,
        "spec": { "interactive": true },
        "metadata": { "name": "any" },
        "status": { "token": TOKEN, "refreshToken": "other", "expirationTimestamp": null },
    });
    let case = Case::start().await.exec(json!({})).plugin(&[Answer::Print(answer.to_string())]);
    case.agree().await.succeed();
}

#[tokio::test]
async fn ex_61_the_dates_of_a_certificate_do_not_matter_before_it_is_presented() {
    let case = Case::start().await.exec(json!({}));
    let hours = |count: u64| SystemTime::now() - Duration::from_secs(3600 * count);
    let issued = case.server.authority().client_valid("jane", &[], hours(3), hours(2));
    let status = json!({
        "clientCertificateData": issued.certificate_pem(),
        "clientKeyData": issued.key_pem(),
    });
    let both = case.plugin(&[Answer::credential(&status)]).both().await;
    let both = both.fail_saying(&["unauthorized"]);
    for run in [&both.kubectl, &both.kubecred] {
        assert!(run.exchanges[0].client_certificate.is_some(), "{} presents it", run.program);
    }
}

#[tokio::test]
async fn ua_3_other_credentials_keep_a_plugin_from_running() {
    let case = Case::start().await;
    let issued = case.server.authority().client("jane", &[]);
    let users = [
        json!({ "token": TOKEN }),
        json!({ "tokenFile": "token" }),
        json!({ "username": "jane", "password": "secret" }),
        json!({ "client-certificate": "client.crt", "client-key": "client.key" }),
    ];
    let mut case = case.open().exec(json!({})).plugin(&[Answer::token("of the plugin")]);
    case = case.client_files(&issued).file("token", TOKEN);
    for user in users {
        let fields = user.as_object().unwrap().clone();
        case = case.user(user);
        let both = case.agree().await.succeed();
        assert!(both.kubectl.plugin_runs.is_empty(), "{fields:?}");
        case = case.user(fields.keys().map(|name| (name.clone(), Value::Null)).collect());
    }
    assert_eq!(case.agree().await.kubectl.plugin_runs.len(), 1, "without them it runs");
}

#[tokio::test]
async fn ua_3_kb_21_a_flag_keeps_a_plugin_from_running() {
    let case = Case::start().await.exec(json!({})).plugin(&[Answer::token("of the plugin")]);
    let both = case.flags(&["--token", TOKEN]).agree().await.succeed();
    assert!(both.kubectl.plugin_runs.is_empty());
}
