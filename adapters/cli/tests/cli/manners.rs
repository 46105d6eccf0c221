//! What a person may expect of a command line program: values that begin with a hyphen, signals,
//! levels of `-v`, secrets from files, warnings, and errors when there are no descriptors left.

use crate::stage::{CANARY, Ended, Stage, command, ended, plugin, start};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

async fn run(arguments: &[&str]) -> Ended {
    let folder = TempDir::new().unwrap();
    ended(start(command(folder.path()).args(arguments))).await
}

/// Runs in the stage's folder with this on standard input.
async fn with_input(stage: &Stage, arguments: &[&str], input: &str) -> Ended {
    let mut command = command(stage.folder.path());
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    ended(child).await
}

#[tokio::test]
async fn a_value_may_begin_with_a_hyphen() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("-abc", "ann");
    stage.kubeconfig(json!({}));
    for arguments in [
        &["get", "/version", "--token", "-abc"][..],
        &["--token", "-abc", "get", "/version"],
        &["get", "/version", "--token=-abc"],
    ] {
        stage.kubecred(arguments).await.good();
    }
    let ended = stage.kubecred(&["get", "/version", "-v", "--token", "-abc", "--as", "-x"]).await;
    ended.good();
    assert!(ended.stderr.contains("impersonates \"-x\""), "{ended:?}");
    let set = ["config", "set-credentials", "u", "--token", "--dashes"];
    stage.kubecred(&set).await.good();
    let view: Value = serde_json::from_str(
        stage.kubecred(&["config", "view", "--raw", "-o", "json"]).await.good(),
    )
    .unwrap();
    assert_eq!(view["users"][1]["user"]["token"], "--dashes", "{view}");
}

#[tokio::test]
async fn an_invalid_command_line_repeats_no_value() {
    let stuck = ["--token", CANARY].concat();
    let typo = ["--tokn=", CANARY].concat();
    let dashed = ["-", CANARY].concat();
    for (arguments, said) in [
        (&["get", "/version", CANARY][..], "one argument too many"),
        (&["get", "/version", &dashed], "unknown flag"),
        (&["get", "/version", &typo], "unknown flag --tokn; did you mean --token?"),
        (&["get", "/version", &stuck], "unknown flag (not shown"),
        (&["get", CANARY], "a path starts with a slash"),
        (&["credential", "-o", CANARY], "it must be one of exec-credential, token"),
        (&["get", "/version", "--disable-compression", CANARY], "one argument too many"),
        (&[CANARY, "get"], "unknown command (not shown)"),
        (&["get", "/version", "--token"], "--token <TOKEN> needs a value"),
        (&["get", "/version", "--as-user-extra", CANARY], "expected KEY=VALUE"),
        (&["config", "view", "-o", CANARY], "it must be one of yaml, json"),
    ] {
        let ended = run(arguments).await;
        assert!(ended.failed(2).contains(said), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains("invalid command line"), "{ended:?}");
        ended.hides_the_canary();
    }
}

#[tokio::test]
async fn a_command_of_config_is_found_where_people_look_for_it() {
    for (name, suggested) in [
        ("explain", "kubecred config explain"),
        ("view", "kubecred config view"),
        ("use", "kubecred config use-context"),
        ("credentials", "credential"),
    ] {
        let ended = run(&[name]).await;
        let said = ended.failed(2);
        assert!(said.contains(&format!("Did you mean {suggested}?")), "{name}: {said}");
    }
    let ended = run(&["demo-plugi"]).await;
    assert!(!ended.failed(2).contains("demo-plugin"), "hidden: {ended:?}");
}

#[tokio::test]
async fn levels_of_verbosity_are_understood() {
    let stage = Stage::new().await;
    stage.accounts().accept_any(true);
    stage.kubeconfig(json!({}));
    for level in ["-v", "-v=6", "--v=6", "--v", "--verbose", "--verbose=1", "-v=10"] {
        for arguments in [[level, "get", "/version"], ["get", "/version", level]] {
            let ended = stage.kubecred(&arguments).await;
            ended.good();
            assert!(ended.stderr.contains("context \"main\""), "{arguments:?}: {ended:?}");
        }
    }
    for level in ["-v=0", "--v=0"] {
        let ended = stage.kubecred(&["get", "/version", level]).await;
        ended.good();
        assert_eq!(ended.stderr, "", "{level}");
    }
}

#[tokio::test]
async fn secrets_are_taken_from_files_and_from_standard_input() {
    let stage = Stage::new().await;
    stage.accounts().allow_token(CANARY, "ann");
    stage.kubeconfig(json!({}));
    for end in ["", "\n", "\r\n"] {
        stage.write("token", &[CANARY, end].concat());
        stage.kubecred(&["get", "/version", "--token-from", "token"]).await.good();
    }
    let arguments = ["get", "/version", "--kubeconfig=config", "--token-from=-"];
    with_input(&stage, &arguments, &[CANARY, "\n"].concat()).await.good();

    stage.write("empty", "\n");
    stage.write("bytes", "");
    fs::write(stage.folder.path().join("bytes"), b"\xff").unwrap();
    for (name, said) in
        [("gone", "cannot be read"), ("empty", "is empty"), ("bytes", "is not UTF-8")]
    {
        let ended = stage.kubecred(&["get", "/version", "--token-from", name]).await;
        let text = ended.failed(3);
        assert!(text.contains("--token-from") && text.contains(said), "{text}");
    }
    let both = ["get", "/version", "--token-from", "token", "--token", "x"];
    assert!(stage.kubecred(&both).await.failed(2).contains("both --token and --token-from"));
}

#[tokio::test]
async fn set_credentials_takes_secrets_from_files_and_from_standard_input() {
    let stage = Stage::new().await;
    stage.kubeconfig(json!({}));
    for name in ["token", "password", "variable", "argument"] {
        stage.write(name, &format!("{CANARY}-{name}\n"));
    }
    let set = |more: &[&str]| {
        let arguments = [&["config", "set-credentials", "main"][..], more].concat();
        let stage = &stage;
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        async move {
            let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let ended = stage.kubecred(&words).await;
            ended.hides_the_canary().good();
            let view = stage.kubecred(&["config", "view", "--raw", "-o", "json"]).await;
            let view: Value = serde_json::from_str(view.good()).unwrap();
            view["users"][0]["user"].clone()
        }
    };
    let user = set(&["--token-from", "token"]).await;
    assert_eq!(user["token"], format!("{CANARY}-token"));
    let user = set(&["--token=", "--username=ann", "--password-from", "password"]).await;
    assert_eq!(user["password"], format!("{CANARY}-password"));
    let exec = ["--username=", "--password=", "--exec-command=login"];
    let user = set(&[&exec[..], &["--exec-env-from", "SECRET=variable"]].concat()).await;
    assert_eq!(user["exec"]["env"][0]["value"], format!("{CANARY}-variable"));
    let stage2 = Stage::new().await;
    stage2.kubeconfig(json!({}));
    let arguments = [
        "config",
        "set-credentials",
        "main",
        "--kubeconfig=config",
        "--auth-provider=oidc",
        "--auth-provider-arg-from=client-secret=-",
    ];
    with_input(&stage2, &arguments, &[CANARY, "\n"].concat()).await.hides_the_canary().good();
    let view = stage2.kubecred(&["config", "view", "--raw", "-o", "json"]).await;
    let view: Value = serde_json::from_str(view.good()).unwrap();
    assert_eq!(view["users"][0]["user"]["auth-provider"]["config"]["client-secret"], CANARY);
}

#[tokio::test]
async fn config_set_takes_a_value_from_a_file_and_from_standard_input() {
    let stage = Stage::new().await;
    stage.kubeconfig(json!({}));
    stage.write("secret", &format!("{CANARY}\n"));
    stage.write("empty", "\n");
    let user = || async {
        let view = stage.kubecred(&["config", "view", "--raw", "-o", "json"]).await;
        let view: Value = serde_json::from_str(view.good()).unwrap();
        view["users"][0]["user"].clone()
    };
    let set = ["config", "set", "users.main.token", "--value-from"];
    stage.kubecred(&[&set[..], &["secret"]].concat()).await.hides_the_canary().good();
    assert_eq!(user().await["token"], CANARY);

    let set = ["config", "set", "users.main.password", "--value-from=-", "--kubeconfig=config"];
    with_input(&stage, &set, &["-", CANARY].concat()).await.hides_the_canary().good();
    assert_eq!(user().await["password"], ["-", CANARY].concat());

    // In base64, unless it is given as it is.
    let key = ["config", "set", "users.main.client-key-data", "--value-from", "secret"];
    stage.kubecred(&key).await.hides_the_canary().failed(3);
    let raw = [&key[..], &["--set-raw-bytes"]].concat();
    stage.kubecred(&raw).await.hides_the_canary().good();
    assert!(user().await["client-key-data"].is_string());

    let set = ["config", "set", "users.main.token", "--value-from"];
    let empty = stage.kubecred(&[&set[..], &["empty"]].concat()).await;
    assert!(empty.failed(3).contains("--value-from"), "{}", empty.stderr);
    let both = [&set[..], &["secret", CANARY]].concat();
    stage.kubecred(&both).await.hides_the_canary().failed(2);
    stage.kubecred(&set[..3]).await.failed(2);
    assert_eq!(user().await["token"], CANARY, "what fails changes nothing");
}

#[tokio::test]
async fn arguments_that_are_split_at_commas_are_counted() {
    let stage = Stage::new().await;
    stage.kubeconfig(json!({}));
    let set = ["config", "set-credentials", "main", "--exec-command=login"];
    let ended = stage.kubecred(&[&set[..], &["--exec-arg=a,b", "--exec-arg=c"]].concat()).await;
    ended.good();
    assert!(ended.stderr.contains("into 3 arguments"), "{ended:?}");
    let ended = stage.kubecred(&[&set[..], &["--exec-arg=\"a,b\"", "--exec-arg=c"]].concat()).await;
    ended.good();
    assert_eq!(ended.stderr, "");
}

#[tokio::test]
async fn a_credential_that_has_expired_is_printed_with_a_warning() {
    let stage = Stage::new().await;
    // {"exp":1700000000} and {"exp":4000000000}
    let (old, new) = ("e30.eyJleHAiOjE3MDAwMDAwMDB9.c2ln", "e30.eyJleHAiOjQwMDAwMDAwMDB9.c2ln");
    stage.kubeconfig(json!({ "token": old }));
    for output in ["token", "exec-credential"] {
        let ended = stage.kubecred(&["credential", "-o", output]).await;
        assert!(ended.good().contains(old), "{ended:?}");
        assert!(
            ended.stderr.contains("warning: the token has expired, at 2023-11-14"),
            "{ended:?}"
        );
    }
    stage.kubeconfig(json!({ "token": new }));
    let ended = stage.kubecred(&["credential"]).await;
    ended.good();
    assert_eq!(ended.stderr, "");
}

#[tokio::test]
async fn signals_end_the_program_with_their_own_codes() {
    let stage = Stage::new().await;
    stage.script("login", "echo $$ >started.new; mv started.new started; exec sleep 3600");
    stage.kubeconfig(plugin("./login"));
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let child = stage.start(&["get", "/version", "--kubeconfig=config"]);
        let started = stage.folder.path().join("started");
        while !started.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        fs::remove_file(&started).unwrap();
        let us = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
        kill_process(us, signal).unwrap();
        ended(child).await.failed(code);
    }
}

#[tokio::test]
async fn too_few_descriptors_are_an_error_and_no_panic() {
    let stage = Stage::new().await;
    stage.accounts().accept_any(true);
    stage.kubeconfig(json!({}));
    let program = env!("CARGO_BIN_EXE_kubecred");
    let mut failures = 0;
    for limit in 3..40 {
        for words in
            ["get /version", "credential --token=t", "config set clusters.main.server https://h"]
        {
            let line = format!("ulimit -n {limit}; exec {program} {words} --kubeconfig=config");
            let mut command = crate::stage::clean("/bin/sh".as_ref(), stage.folder.path());
            let ended = ended(start(command.args(["-c", &line]))).await;
            assert!(!ended.stderr.contains("panicked"), "{limit}: {words}: {ended:?}");
            // Loading the program itself takes a descriptor.
            if ended.code != Some(0) && ended.code != Some(127) {
                assert!(ended.stderr.starts_with("error: "), "{limit}: {words}: {ended:?}");
                failures += 1;
            }
        }
    }
    assert!(failures > 0, "the limit was never too low");
}

/// What stands in the cache and is not used says why; what others could change until now, too.
#[tokio::test]
async fn lg_92_status_tells_why_a_cached_login_is_not_used_and_what_was_open_to_others() {
    let home = tempfile::tempdir().unwrap();
    let status = async || {
        let mut command = command(home.path());
        command.args(["status", "--issuer=https://idp.invalid", "--client-id=kube"]);
        ended(start(&mut command)).await
    };
    let none = status().await;
    assert!(!none.stderr.contains("is not used"), "{none:?}");
    let key = none.stdout.lines().find_map(|line| line.strip_prefix("cache key")).unwrap().trim();
    let folder = home.path().join(".kube/cache/kubecred/login");
    let entry = folder.join([key, ".json"].concat());
    fs::create_dir(&entry).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let odd = status().await;
    assert!(odd.stderr.contains("is not used: it is not a regular file"), "{odd:?}");
    assert!(odd.stderr.contains("was open to other users; its mode is narrowed"), "{odd:?}");
    assert!(odd.stdout.contains("logged in      no"), "{odd:?}");
    fs::remove_dir(&entry).unwrap();
    fs::write(&entry, "{}").unwrap();
    fs::set_permissions(&entry, fs::Permissions::from_mode(0o666)).unwrap();
    let open = status().await;
    assert_eq!(open.stderr.matches("was open to other users").count(), 1, "{open:?}");
    assert_eq!(fs::metadata(&entry).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A whole server where only its name belongs, and `@` as other scripts have it.
#[tokio::test]
async fn a_password_in_a_server_name_is_shown_by_neither_explain_nor_get() {
    let stage = Stage::new().await;
    let url = stage.server.url();
    for cluster in [
        json!({ "tls-server-name": format!("bob:{CANARY}@host:1") }),
        json!({ "server": url.replace("127.0.0.1", &format!("bob:{CANARY}\u{ff20}127.0.0.1")) }),
        json!({ "proxy-url": format!("http://bob:{CANARY}\u{fe6b}127.0.0.1:1") }),
    ] {
        stage.kubeconfig_with(cluster, json!({ "token": "t" }));
        for arguments in [
            &["config", "explain"][..],
            &["config", "explain", "-o", "json"],
            &["config", "view"],
            &["get", "/version", "-v"],
        ] {
            stage.kubecred(arguments).await.hides_the_canary();
        }
    }
}
