//! `whoami`, `create-token` and `review`, beside kubectl where it has them.

use crate::stage::{CANARY, Ended, Stage, clean, command, ended, plugin, start};
use kubecred_loopback::{API_AUDIENCE, ApiServer, User};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// The versions of kubectl that differ in how they send these objects, and in which.
const KUBECTLS: [u8; 3] = [27, 33, 35];

async fn stage() -> Stage {
    let stage = Stage::new().await;
    let mut user = User::new("jane").member_of(["dev", "has space"]);
    user.uid = "u-1".into();
    user.extra.insert("scope".into(), vec!["view".into(), "edit".into()]);
    user.extra.insert("a/b".into(), vec!["c".into()]);
    stage.accounts().allow_token(CANARY, user);
    stage.kubeconfig(json!({ "token": CANARY }));
    stage
}

/// Runs kubectl 1.`minor` with the same kubeconfig.
async fn kubectl(stage: &Stage, minor: u8, arguments: &[&str]) -> Ended {
    let program = kubecred_kubectl::version(minor);
    let all = [arguments, &["--kubeconfig", "config"]].concat();
    ended(start(clean(&program, stage.folder.path()).args(all))).await
}

/// Without what is null or empty, which writers leave out or not.
fn squeezed(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().map(|(key, value)| (key, squeezed(value)));
            let kept = kept.filter(|(_, value)| !is_empty(value));
            kept.collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(list) => list.into_iter().map(squeezed).collect(),
        value => value,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn json_of(ended: &Ended) -> Value {
    squeezed(serde_json::from_str(ended.good()).expect("it prints JSON"))
}

#[tokio::test]
async fn kb_30_kb_32_wh_2_wh_6_whoami_asks_and_shows_what_kubectl_does() {
    let stage = stage().await;
    let reviews = stage.accounts().reviews();
    for minor in KUBECTLS {
        // 1.27 does not know v1.
        reviews.serve_versions(if minor == 27 { &["v1beta1"] } else { &["v1", "v1beta1"] });
        let theirs = kubectl(&stage, minor, &["auth", "whoami"]).await;
        let asked = reviews.take_posted();
        for ours in [&["whoami"][..], &["auth", "whoami"]] {
            let ours = stage.kubecred(ours).await;
            assert_eq!(ours.good(), theirs.good(), "kubectl 1.{minor}");
            let posted = reviews.take_posted().into_iter().map(squeezed);
            assert_eq!(
                posted.collect::<Vec<_>>(),
                asked.iter().cloned().map(squeezed).collect::<Vec<_>>()
            );
            ours.hides_the_canary();
        }
    }
    let table = stage.kubecred(&["whoami"]).await;
    let expected = "ATTRIBUTE      VALUE\nUsername       jane\nUID            u-1\n\
                    Groups         [dev has space system:authenticated]\nExtra: a/b     [c]\n\
                    Extra: scope   [view edit]\n";
    assert_eq!(table.good(), expected);
}

#[tokio::test]
async fn wh_8_whoami_prints_the_answer_in_the_version_that_answered() {
    let stage = stage().await;
    for (version, minor) in [("v1", 33), ("v1beta1", 27), ("v1alpha1", 33)] {
        stage.accounts().reviews().serve_versions(&[version]);
        for form in ["json", "yaml", "name"] {
            let theirs = kubectl(&stage, minor, &["auth", "whoami", "-o", form]).await;
            let ours = stage.kubecred(&["whoami", "-o", form]).await;
            match form {
                "json" => assert_eq!(json_of(&ours), json_of(&theirs)),
                "yaml" => assert_eq!(yaml_of(&ours), yaml_of(&theirs)),
                _ => assert_eq!(ours.good(), theirs.good()),
            }
        }
        let ours = stage.kubecred(&["whoami", "-o", "json"]).await;
        let api_version = format!("    \"apiVersion\": \"authentication.k8s.io/{version}\"");
        assert!(ours.good().contains(&api_version), "{ours:?}");
    }
}

fn yaml_of(ended: &Ended) -> Value {
    squeezed(serde_yaml::from_str(ended.good()).expect("it prints YAML"))
}

#[tokio::test]
async fn wh_9_whoami_is_about_the_impersonated_user() {
    let stage = stage().await;
    let flags = ["--as", "bob", "--as-group", "ops", "--as-uid", "7"];
    let theirs = kubectl(&stage, 33, &[&["auth", "whoami"], &flags[..]].concat()).await;
    let ours = stage.kubecred(&[&["whoami"], &flags[..]].concat()).await;
    assert_eq!(ours.good(), theirs.good());
    assert!(ours.good().contains("bob"));
}

/// A server that answers these calls so.
async fn answering(
    path: &'static str,
    status: u16,
    media: &'static str,
    body: &'static str,
) -> Stage {
    let builder = ApiServer::builder().respond(move |request| {
        let reply = http::Response::builder().status(status).header("content-type", media);
        request.uri().path().contains(path).then(|| reply.body(body.into()).expect("a reply"))
    });
    let stage = Stage::with(builder).await;
    stage.kubeconfig(json!({ "token": CANARY }));
    stage
}

/// The token is in no file of the configuration, so that it is known only from the login itself.
#[tokio::test]
async fn a_warning_that_repeats_a_plugins_token_is_shown_without_it() {
    let body = json!({ "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
        "status": { "userInfo": { "username": "jane" } } });
    let builder = ApiServer::builder().respond(move |request| {
        let reply = http::Response::builder().status(201).header("content-type", JSON);
        let reply = reply.header("warning", format!("299 - \"you sent {CANARY} to us\""));
        let is_review = request.uri().path().contains("selfsubjectreviews");
        is_review.then(|| reply.body(body.to_string().into()).expect("a reply"))
    });
    let stage = Stage::with(builder).await;
    let answer = json!({ "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential", "status": { "token": CANARY } });
    stage.script("login", &format!("echo '{answer}'\n"));
    stage.kubeconfig(plugin("./login"));
    let ours = stage.kubecred(&["whoami"]).await;
    assert!(ours.good().contains("jane"), "{ours:?}");
    assert!(ours.stderr.contains("you sent … to us"), "{ours:?}");
    ours.hides_the_canary();
}

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

#[tokio::test]
async fn kb_31_wh_3_to_wh_5_whoami_fails_in_kubectls_words() {
    for (status, media, body) in [
        (
            403,
            JSON,
            r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"no","code":403}"#,
        ),
        (403, TEXT, "no"),
        (404, TEXT, "404 page not found"),
        (
            401,
            JSON,
            r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","message":"Unauthorized","code":401}"#,
        ),
        (500, TEXT, "boom"),
        (
            500,
            JSON,
            r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"InternalError","message":"boom","code":500}"#,
        ),
        (
            405,
            JSON,
            r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"MethodNotAllowed","message":"not so","code":405}"#,
        ),
    ] {
        let stage = answering("selfsubjectreviews", status, media, body).await;
        let theirs = kubectl(&stage, 35, &["auth", "whoami"]).await;
        let ours = stage.kubecred(&["whoami"]).await;
        let theirs = theirs.stderr.trim_start_matches("error: ").trim_end().to_owned();
        let said = ours.failed(1).trim_start_matches("error: ").trim_end();
        assert_eq!(said, theirs, "{status} {body}");
    }
}

/// I: kubectl prints the bare head of the table, and says nothing of a server without https.
#[tokio::test]
async fn wh_7_wh_10_an_answer_of_another_kind_is_an_error_and_no_credential_a_warning() {
    let pod = r#"{"kind":"Pod","apiVersion":"v1"}"#;
    let stage = answering("selfsubjectreviews", 200, JSON, pod).await;
    let ours = stage.kubecred(&["whoami"]).await;
    let text = "error: the server answered with kind Pod of v1, not a SelfSubjectReview\n";
    assert_eq!(ours.failed(1), text);
    let plain = Stage::with(ApiServer::builder().plain_http()).await;
    plain.accounts().accept_any(true);
    plain.kubeconfig(json!({ "token": CANARY }));
    let ours = plain.kubecred(&["whoami"]).await;
    assert!(ours.good().contains("system:anonymous"), "{ours:?}");
    let warning = "warning: no credential is sent to a server without https: the answer is about";
    assert!(ours.stderr.contains(warning), "{ours:?}");
}

#[tokio::test]
async fn kb_40_tr_10_to_tr_13_create_token_asks_for_what_kubectl_does() {
    let stage = stage().await;
    let reviews = stage.accounts().reviews();
    stage.accounts().service_accounts().add("prod", "web");
    stage.accounts().service_accounts().add_object("Secret", "default", "s", "u-9");
    stage.accounts().service_accounts().add_object("Node", "", "n", "u-8");
    let bound = |kind: &'static str, name: &'static str| {
        ["--bound-object-kind", kind, "--bound-object-name", name]
    };
    for minor in KUBECTLS {
        let mut cases: Vec<Vec<&str>> = vec![
            vec!["default"],
            vec!["web", "-n", "prod"],
            vec!["default", "--audience", "a", "--audience", "b,c"],
            vec!["default", "--duration", "10m"],
            vec!["default", "--duration", "0"],
            vec!["default", "--duration", "1h0m30s"],
            [&["default", "--bound-object-uid", "u-9"], &bound("Secret", "s")[..]].concat(),
            [&["default"], &bound("Pod", "web-0")[..]].concat(),
        ];
        if minor > 30 {
            cases.push([&["default"], &bound("Node", "n")[..]].concat());
        }
        for case in cases {
            let theirs = kubectl(&stage, minor, &[&["create", "token"], &case[..]].concat()).await;
            assert_eq!(theirs.good().matches('.').count(), 2, "a JWT: {theirs:?}");
            let asked = reviews.take_posted();
            for command in [&["create-token"][..], &["create", "token"]] {
                let ours = stage.kubecred(&[command, &case].concat()).await;
                assert_eq!(ours.good().matches('.').count(), 2, "{ours:?}");
                assert!(!ours.good().ends_with('\n'), "no line break but on a terminal");
                let posted: Vec<Value> = reviews.take_posted().into_iter().map(squeezed).collect();
                let asked: Vec<Value> = asked.iter().cloned().map(squeezed).collect();
                assert_eq!(posted, asked, "kubectl 1.{minor} {case:?}");
                ours.hides_the_canary();
            }
        }
    }
}

#[tokio::test]
async fn kb_42_tr_16_create_token_prints_what_kubectl_does() {
    let stage = stage().await;
    for minor in KUBECTLS {
        for form in ["json", "yaml"] {
            let arguments = ["default", "-o", form, "--audience", "a"];
            let theirs =
                kubectl(&stage, minor, &[&["create", "token"], &arguments[..]].concat()).await;
            let ours = stage.kubecred(&[&["create-token"], &arguments[..]].concat()).await;
            let object = |ended: &Ended| {
                let mut object = if form == "json" { json_of(ended) } else { yaml_of(ended) };
                // Each token is another.
                let token = object["status"]["token"].take();
                assert!(token.as_str().is_some_and(|token| token.starts_with("ey")), "{ended:?}");
                object["status"]["expirationTimestamp"].take();
                object["metadata"]["creationTimestamp"].take();
                squeezed(object)
            };
            assert_eq!(object(&ours), object(&theirs), "kubectl 1.{minor} -o {form}");
        }
        let theirs = kubectl(&stage, minor, &["create", "token", "default", "-o", "name"]).await;
        let ours = stage.kubecred(&["create-token", "default", "-o", "name"]).await;
        assert_eq!(ours.good(), theirs.good());
    }
}

#[tokio::test]
async fn kb_41_tr_14_create_token_refuses_what_kubectl_does() {
    let stage = stage().await;
    for case in [
        &["create", "token"][..],
        &["create", "token", "a", "b"],
        &["create", "token", ""],
        &["create", "token", "a", "--duration", "-1s"],
        &["create", "token", "a", "--duration", "1500ms"],
        &["create", "token", "a", "--audience", ""],
        &["create", "token", "a", "--bound-object-kind", "pod", "--bound-object-name", "p"],
        &["create", "token", "a", "--bound-object-kind", "Pod"],
        &["create", "token", "a", "--bound-object-name", "p"],
        &["create", "token", "a", "--bound-object-uid", "u"],
        &["create", "token", "sa/x"],
        &["create", "token", "a", "--duration", "-1s", "--audience", ""],
    ] {
        let theirs = kubectl(&stage, 33, case).await;
        assert_eq!(theirs.code, Some(1), "{theirs:?}");
        let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
        let ours = stage.kubecred(case).await;
        assert_eq!(first(ours.failed(2)), first(&theirs.stderr), "{case:?}");
    }
    assert_eq!(stage.accounts().reviews().take_posted().len(), 0, "nothing was sent");
}

#[tokio::test]
async fn tr_15_create_token_fails_with_the_message_of_the_status() {
    for (status, media, body) in [
        (
            404,
            JSON,
            r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","message":"serviceaccounts \"x\" not found","code":404}"#,
        ),
        (
            403,
            JSON,
            r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"not you","code":403}"#,
        ),
        (
            401,
            JSON,
            r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","message":"Unauthorized","code":401}"#,
        ),
        (404, TEXT, "404 page not found"),
        (403, TEXT, "go away"),
        (400, TEXT, "bad"),
        (409, TEXT, ""),
        (422, TEXT, "x"),
        (500, TEXT, "bo\"om"),
        (503, TEXT, ""),
        (
            201,
            JSON,
            r#"{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","status":{"token":""}}"#,
        ),
    ] {
        let stage = answering("serviceaccounts", status, media, body).await;
        let theirs = kubectl(&stage, 33, &["create", "token", "x"]).await;
        let ours = stage.kubecred(&["create-token", "x"]).await;
        assert_eq!(ours.failed(1), theirs.stderr, "{status} {body}");
    }
}

/// S: kubectl says nothing of a shorter life, refuses a bare number, and prints no ExecCredential.
#[tokio::test]
async fn tr_17_create_token_says_what_is_otherwise_and_can_be_a_plugin() {
    let stage = stage().await;
    stage.accounts().service_accounts().limit_life(Duration::from_secs(900));
    let ours = stage.kubecred(&["create-token", "default", "--duration", "1000"]).await;
    let _ = ours.good();
    let expected = "warning: --duration 1000 is taken as seconds; kubectl wants the unit: --duration 1000s\n\
         warning: requested expiration of 1000 seconds shortened to 900 seconds (from the server)\n\
         warning: the token lives 900 s, not the 1000 s asked for\n";
    assert_eq!(ours.stderr, expected);
    let ours = stage.kubecred(&["create-token", "default", "-o", "exec-credential"]).await;
    let credential: Value = serde_json::from_str(ours.good()).unwrap();
    assert_eq!(credential["kind"], "ExecCredential");
    let token = credential["status"]["token"].as_str().unwrap();
    assert!(credential["status"]["expirationTimestamp"].is_string());
    // kubectl runs it as its plugin.
    let plugin = json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
        "command": env!("CARGO_BIN_EXE_kubecred"),
        "args": ["create-token", "default", "-o=exec-credential", "--kubeconfig=admin"],
    }});
    std::fs::rename(stage.folder.path().join("config"), stage.folder.path().join("admin")).unwrap();
    stage.kubeconfig(plugin);
    let who = kubectl(&stage, 33, &["auth", "whoami"]).await;
    assert!(who.good().contains("system:serviceaccount:default:default"), "{who:?}");
    assert!(!token.is_empty());
}

/// The token (`exp` in 2031, `warnafter` in 2030) lives longer than the answer says: what counts is the
/// answer, so that a new one is asked for while the bound pod may still have it.
#[tokio::test]
async fn tr_4_the_life_is_what_the_answer_says_and_not_what_the_token_does() {
    let body = r#"{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1",
        "metadata":{"name":"default","namespace":"default"},
        "spec":{"audiences":["api"],"expirationSeconds":3607,
            "boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"web-0"}},
        "status":{"token":"eyJhbGciOiJub25lIn0.eyJleHAiOjE5MjQ5OTIwMDAsIndhcm5hZnRlciI6MTg5MzQ1OTYwN30.e30",
            "expirationTimestamp":"2030-01-01T01:00:07Z"}}"#;
    let stage = answering("serviceaccounts", 201, JSON, body).await;
    let arguments = [
        "create",
        "token",
        "default",
        "--duration",
        "3607s",
        "--bound-object-kind",
        "Pod",
        "--bound-object-name",
        "web-0",
        "-o",
    ];
    let with = |form: &'static str| [&arguments[..], &[form]].concat();
    let ours = stage.kubecred(&with("exec-credential")).await;
    let credential: Value = serde_json::from_str(ours.good()).unwrap();
    assert_eq!(credential["status"]["expirationTimestamp"], "2030-01-01T01:00:07Z");
    assert_eq!(ours.stderr, "", "the life is not shorter than the one asked for");
    let template = "jsonpath={.spec.expirationSeconds} {.status.expirationTimestamp}";
    let ours = stage.kubecred(&with(template)).await;
    assert_eq!(ours.good(), "3607 2030-01-01T01:00:07Z");
    for minor in KUBECTLS {
        assert_eq!(kubectl(&stage, minor, &with(template)).await.good(), ours.good());
    }
}

/// Objects of the API through templates, as kubectl prints them.
#[tokio::test]
async fn wh_8_tr_16_jsonpath_prints_of_answers_what_kubectl_does() {
    let stage = stage().await;
    for minor in KUBECTLS {
        stage.accounts().reviews().serve_versions(if minor == 27 { &["v1beta1"] } else { &["v1"] });
        for template in [
            "jsonpath={.status.userInfo.username}",
            "jsonpath={.status.userInfo.groups[*]}{\"\\n\"}{.status.userInfo.groups}",
            "jsonpath={range .status.userInfo.groups[*]}[{@}]{end}",
            "jsonpath={.status.userInfo.extra.scope[1]} {.status.userInfo.extra['a/b']}",
            "jsonpath={.kind} {.apiVersion} {.none}",
            "jsonpath-as-json={.status.userInfo.groups}",
        ] {
            let theirs = kubectl(&stage, minor, &["auth", "whoami", "-o", template]).await;
            let ours = stage.kubecred(&["whoami", "-o", template]).await;
            assert_eq!(ours.good(), theirs.good(), "kubectl 1.{minor} {template}");
        }
        let template = "jsonpath={.spec.expirationSeconds} {.spec.audiences[*]} {.kind}";
        let arguments = ["create", "token", "default", "--audience", "a", "-o", template];
        let theirs = kubectl(&stage, minor, &arguments).await;
        assert_eq!(stage.kubecred(&arguments).await.good(), theirs.good(), "kubectl 1.{minor}");
    }
    // A mistake costs no request, and the token of a review is in no template.
    stage.accounts().reviews().take_posted();
    let bad = stage.kubecred(&["whoami", "-o", "jsonpath={.a"]).await;
    assert!(bad.failed(2).contains("not closed by '}' at character 1 of the template"), "{bad:?}");
    assert_eq!(stage.accounts().reviews().take_posted().len(), 0);
    let secret = "hidden-token-5f1c";
    stage.accounts().allow_token(secret, User::new("web"));
    let all = review(&stage, secret, &["-o", "jsonpath={@}{..}"]).await;
    assert!(all.good().contains("\"username\":\"web\"") && !all.good().contains("5f1c"), "{all:?}");
}

#[tokio::test]
async fn a_kubeconfig_with_the_token_is_written_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let stage = stage().await;
    let arguments = ["create-token", "default", "--write-kubeconfig", "made"];
    let ours = stage.kubecred(&arguments).await;
    assert_eq!(ours.good(), "");
    let made = stage.folder.path().join("made");
    assert_eq!(std::fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&made).unwrap().contains(CANARY), "the login itself is kept");
    // It works in another folder.
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::copy(&made, folder.path().join("config")).unwrap();
    let who = command(folder.path()).args(["whoami", "--kubeconfig", "config"]).output().await;
    let text = String::from_utf8(who.unwrap().stdout).unwrap();
    assert!(text.contains("system:serviceaccount:default:default"), "{text}");
    // An existing file is not touched.
    let ours = stage.kubecred(&arguments).await;
    assert!(ours.failed(7).contains("\"made\""), "{ours:?}");
}

/// Runs `review` with this on standard input.
async fn review(stage: &Stage, token: &str, arguments: &[&str]) -> Ended {
    let mut review = command(stage.folder.path());
    review.arg("review").args(arguments).args(["--kubeconfig", "config"]);
    review.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = review.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // It may have ended before it read all.
    let _ = stdin.write_all(token.as_bytes()).await;
    drop(stdin);
    ended(child).await
}

#[tokio::test]
async fn a_good_token_of_no_one_is_an_error() {
    let answer = json!({ "kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1",
        "status": { "authenticated": true } });
    let server = ApiServer::builder().respond(move |request| {
        let is_review = request.uri().path().ends_with("tokenreviews");
        is_review.then(|| http::Response::new(answer.to_string().into()))
    });
    let stage = Stage::with(server).await;
    stage.kubeconfig(json!({ "token": CANARY }));
    for arguments in [&[][..], &["-o", "json"]] {
        let bad = review(&stage, "a-token-5f1c", arguments).await;
        assert_eq!(bad.code, Some(1), "{bad:?}");
        assert!(bad.stderr.contains("not whose it is"), "{bad:?}");
    }
}

#[tokio::test]
async fn review_ends_by_the_verdict() {
    let stage = stage().await;
    let secret = "hidden-token-5f1c";
    stage.accounts().allow_token(secret, User::new("web").member_of(["g"]));
    let good = review(&stage, &format!("{secret}\n"), &[]).await;
    assert!(good.good().contains("Username    web\n"), "{good:?}");
    stage.write("token", secret);
    let good = review(&stage, "", &["--token-file", "token", "-o", "json"]).await;
    let object: Value = serde_json::from_str(good.good()).unwrap();
    assert_eq!(object["status"]["authenticated"], true);
    assert!(!format!("{good:?}").contains(secret), "the token is not printed");
    let good = review(&stage, secret, &["--audience", API_AUDIENCE, "--audience", "x"]).await;
    assert!(good.good().contains(&format!("[{API_AUDIENCE}]")), "{good:?}");
    for (token, arguments, code, text) in [
        ("unknown", &[][..], 1, "the token is not valid: invalid bearer token"),
        (secret, &["--audience", "x"], 1, "the token is not valid: token audiences"),
        ("", &[], 3, "the token from standard input is empty"),
        ("two words", &[], 3, "contains white space"),
        ("x", &["--token-file", "missing"], 3, "cannot read the token from \"missing\""),
        ("x", &["--audience", ""], 2, "--audience must not be an empty string"),
    ] {
        let bad = review(&stage, token, arguments).await;
        assert!(bad.failed(code).contains(text), "{token:?} {arguments:?}: {bad:?}");
    }
    // A server that does not look at audiences has not said that it is for ours (RV-11).
    stage.accounts().reviews().know_audiences(false);
    let bad = review(&stage, secret, &["--audience", API_AUDIENCE]).await;
    assert!(bad.failed(1).contains("not for any of the audiences"), "{bad:?}");
}
