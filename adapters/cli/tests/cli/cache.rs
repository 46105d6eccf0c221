//! `kubecred cache`: one run of an exec plugin for many processes.

use crate::stage::{CANARY, Ended, Stage, command, ended, start};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::process::Command;

/// A plugin `./plugin` that notes each run in `runs`, and prints what `answer` says.
const PLUGIN: &str = r#"echo run >>runs
exec cat answer"#;

struct Place {
    stage: Stage,
}

impl Place {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let run = stage.folder.path().join("run");
        fs::create_dir(&run).unwrap();
        fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).unwrap();
        stage.script("plugin", PLUGIN);
        let place = Self { stage };
        place.answer(json!({ "token": "t1", "expirationTimestamp": "2999-12-31T00:00:00Z" }));
        place
    }

    /// What the plugin prints from now on.
    fn answer(&self, status: Value) {
        let answer = json!({
            "kind": "ExecCredential",
            "apiVersion": "client.authentication.k8s.io/v1",
            "status": status,
        });
        self.stage.write("answer", &answer.to_string());
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.stage.folder.path());
        command.arg("cache").args(arguments).env("XDG_RUNTIME_DIR", self.path("run"));
        command
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        ended(start(&mut self.command(arguments))).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.stage.folder.path().join(name)
    }

    /// How often the plugin has been run.
    fn runs(&self) -> usize {
        fs::read_to_string(self.path("runs")).unwrap_or_default().lines().count()
    }

    /// The files of the store with this ending.
    fn kept(&self, ending: &str) -> Vec<PathBuf> {
        let Ok(folder) = fs::read_dir(self.path("run/kubecred/plugins")) else { return vec![] };
        let files = folder.map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|e| e == ending)).collect()
    }
}

/// What it printed, which is one ExecCredential and nothing else (LG-3).
#[track_caller]
fn status(ended: &Ended) -> Value {
    let printed: Value = serde_json::from_str(ended.good()).expect("JSON");
    assert_eq!(printed["kind"], "ExecCredential");
    assert!(ended.stdout.ends_with("}\n"), "{ended:?}");
    printed["status"].clone()
}

fn info(version: &str, server: &str) -> String {
    json!({
        "kind": "ExecCredential",
        "apiVersion": format!("client.authentication.k8s.io/{version}"),
        "spec": { "interactive": false, "cluster": { "server": server, "config": null } },
    })
    .to_string()
}

#[tokio::test]
async fn lg_122_a_credential_is_kept_for_the_next_process_in_a_file_for_this_user_alone() {
    let place = Place::new().await;
    let first = place.run(&["--", "./plugin", "a"]).await;
    assert_eq!(status(&first)["token"], "t1");
    assert_eq!(first.stderr, "");
    place.answer(json!({ "token": "t2" }));
    assert_eq!(place.run(&["./plugin", "a"]).await.good(), first.good());
    assert_eq!(place.runs(), 1);
    let [entry] = &place.kept("json")[..] else { panic!("one entry") };
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(entry.clone()), 0o600);
    assert_eq!(mode(place.path("run/kubecred/plugins")), 0o700);
    assert!(!place.path(".kube").exists(), "the disk is used only when asked for");
}

#[tokio::test]
async fn lg_122_another_argument_variable_cluster_version_or_folder_is_another_credential() {
    let place = Place::new().await;
    place.run(&["--", "./plugin"]).await.good();
    let mut count = 1;
    let mut differs = async |what: &str, change: &dyn Fn(&mut Command)| {
        let mut command = place.command(&["--", "./plugin"]);
        change(&mut command);
        let first = ended(start(&mut command)).await;
        count += 1;
        assert_eq!((first.code, place.runs()), (Some(0), count), "{what}: {first:?}");
    };
    differs("argument", &|command| {
        command.arg("more");
    })
    .await;
    differs("variable", &|command| {
        command.env("AWS_PROFILE", "prod");
    })
    .await;
    differs("cluster", &|command| {
        command.env("KUBERNETES_EXEC_INFO", info("v1", "https://a"));
    })
    .await;
    differs("another cluster", &|command| {
        command.env("KUBERNETES_EXEC_INFO", info("v1", "https://b"));
    })
    .await;
    // The same words mean another file elsewhere.
    let other = place.path("other");
    fs::create_dir(&other).unwrap();
    for folder in [place.path("."), other] {
        fs::write(folder.join("conf"), "").unwrap();
        let mut command = place.command(&["--", "/bin/sh", "-c"]);
        let plugin = place.path("plugin");
        let script = format!("cd {} && exec {}", place.path(".").display(), plugin.display());
        command.arg(script).arg("conf").current_dir(&folder);
        assert_eq!(ended(start(&mut command)).await.code, Some(0));
        count += 1;
        assert_eq!(place.runs(), count, "{folder:?}");
    }
    // And these are the same again.
    let same: [&dyn Fn(&mut Command); 2] = [
        &|command| {
            command.env("TERM", "dumb").env("PWD", "/x").env("SHLVL", "7");
        },
        &|command| {
            command.env("AWS_PROFILE", "prod");
        },
    ];
    for change in same {
        let mut command = place.command(&["--", "./plugin"]);
        change(&mut command);
        ended(start(&mut command)).await.good();
    }
    assert_eq!(place.runs(), count);
}

#[tokio::test]
async fn lg_122_key_env_names_the_only_variables_that_count() {
    let place = Place::new().await;
    let run = async |profile: &str, noise: &str| {
        let mut command = place.command(&["--key-env=AWS_PROFILE,HOME", "--", "./plugin"]);
        command.env("AWS_PROFILE", profile).env("NOISE", noise);
        ended(start(&mut command)).await.good();
        place.runs()
    };
    assert_eq!(run("dev", "a").await, 1);
    assert_eq!(run("dev", "b").await, 1);
    assert_eq!(run("prod", "b").await, 2);
}

#[tokio::test]
async fn lg_98_of_ten_processes_at_once_one_runs_the_plugin() {
    let place = Place::new().await;
    place.stage.script("plugin", "echo run >>runs; sleep 1; exec cat answer");
    let runs: Vec<_> = (0..10).map(|_| start(&mut place.command(&["--", "./plugin"]))).collect();
    for child in runs {
        assert_eq!(status(&ended(child).await)["token"], "t1");
    }
    assert_eq!(place.runs(), 1);
}

#[tokio::test]
async fn lg_98_who_waited_for_a_run_that_failed_fails_with_its_reason() {
    let place = Place::new().await;
    place.stage.script("plugin", "echo run >>runs; until [ -e go ]; do sleep 0.05; done; exit 7");
    let runs: Vec<_> = (0..5).map(|_| start(&mut place.command(&["--", "./plugin"]))).collect();
    // All of them are there, and one of them has started the plugin.
    while place.runs() < 1 || waiting(&runs) < 5 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    place.stage.write("go", "");
    for child in runs {
        let ended = ended(child).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(4), ""), "{ended:?}");
        assert!(ended.stderr.contains("exit code 7"), "{ended:?}");
    }
    assert_eq!(place.runs(), 1);
    assert!(place.kept("json").is_empty(), "a failure is not kept as an answer");
}

/// How many of these have opened the lock: they wait for it, or hold it.
fn waiting(children: &[tokio::process::Child]) -> usize {
    let holds = |id: u32| {
        let files = fs::read_dir(format!("/proc/{id}/fd")).ok()?;
        let mut targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        targets.any(|path| path.extension().is_some_and(|e| e == "lock")).then_some(())
    };
    children.iter().filter_map(|child| holds(child.id()?)).count()
}

#[tokio::test]
async fn a_plugin_that_fails_is_paced_and_runs_again_after_a_short_while() {
    let place = Place::new().await;
    place.stage.script("plugin", "echo run >>runs; [ -e good ] && exec cat answer; exit 3");
    assert!(place.run(&["--", "./plugin"]).await.failed(4).contains("failed with exit code 3"));
    let mut runs = 1;
    // The pause doubles; a run within it says so and does not run the plugin.
    for _ in 0..3 {
        let ended = place.run(&["--", "./plugin"]).await;
        if place.runs() == runs {
            assert!(ended.failed(4).contains("it is run again in "), "{ended:?}");
        } else {
            runs += 1; // a slow machine: the pause was over
        }
    }
    place.stage.write("good", "");
    let good = loop {
        let ended = place.run(&["--", "./plugin"]).await;
        if ended.code == Some(0) {
            break ended;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    assert_eq!(status(&good)["token"], "t1");
    assert!(place.kept("failed").is_empty());
}

#[tokio::test]
async fn lg_84_while_the_last_credential_is_good_it_is_used_instead_of_a_failure() {
    let place = Place::new().await;
    place.run(&["--", "./plugin"]).await.good();
    place.stage.script("plugin", "echo run >>runs; exit 3");
    // Half a minute is left of two hours: it is time to run the plugin again.
    let [path] = &place.kept("json")[..] else { panic!("one entry") };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    let text = fs::read_to_string(path).unwrap();
    let (head, credential) = text.split_once('\n').unwrap();
    let mut head: Value = serde_json::from_str(head).unwrap();
    head["obtained"] = (now - 7_170_000).into();
    head["ends"] = (now + 30_000).into();
    fs::write(path, format!("{head}\n{credential}")).unwrap();
    let ended = place.run(&["--", "./plugin"]).await;
    assert_eq!(status(&ended)["token"], "t1");
    assert!(ended.stderr.starts_with("warning: "), "{ended:?}");
    assert!(ended.stderr.contains("exit code 3"), "{ended:?}");
    assert_eq!(place.runs(), 2);
}

#[tokio::test]
async fn lg_122_a_credential_without_an_end_is_kept_only_with_ttl() {
    let place = Place::new().await;
    place.answer(json!({ "token": CANARY }));
    for _ in 0..2 {
        let ended = place.run(&["--", "./plugin"]).await;
        assert_eq!(status(&ended)["token"], CANARY);
        assert!(ended.stderr.contains("--ttl"), "{ended:?}");
    }
    assert_eq!(place.runs(), 2);
    for _ in 0..2 {
        let ended = place.run(&["--ttl=10m", "--", "./plugin"]).await;
        assert!(status(&ended)["expirationTimestamp"].is_string());
        assert_eq!(ended.stderr, "");
    }
    assert_eq!(place.runs(), 3);
    // What has ended already is handed on and not kept.
    place.answer(json!({ "token": "old", "expirationTimestamp": "2020-01-01T00:00:00Z" }));
    let ended = place.run(&["--", "./plugin", "old"]).await;
    assert_eq!(status(&ended)["expirationTimestamp"], "2020-01-01T00:00:00Z");
    assert!(ended.stderr.contains("has already ended"), "{ended:?}");
}

#[tokio::test]
async fn lg_122_certificates_are_kept_too_and_the_shorter_life_counts() {
    let place = Place::new().await;
    let pair = place.stage.server.authority().client("ann", &[]);
    place.answer(json!({
        "clientCertificateData": pair.certificate_pem(),
        "clientKeyData": pair.key_pem(),
    }));
    for _ in 0..2 {
        let ended = place.run(&["--", "./plugin"]).await;
        let status = status(&ended);
        assert_eq!(status["clientCertificateData"], pair.certificate_pem());
        assert_eq!(status["clientKeyData"], pair.key_pem());
        assert!(status["expirationTimestamp"].is_string(), "the certificate's own");
    }
    assert_eq!(place.runs(), 1);
}

#[tokio::test]
async fn lg_120_a_client_that_asks_again_has_had_it_refused_and_gets_a_fresh_one_paced() {
    let place = Place::new().await;
    let run = async || {
        let mut command = place.command(&["--", "./plugin"]);
        command.env("KUBERNETES_EXEC_INFO", info("v1", "https://a"));
        status(&ended(start(&mut command)).await)["token"].clone()
    };
    assert_eq!(run().await, "t1");
    place.answer(json!({ "token": "t2", "expirationTimestamp": "2999-12-31T00:00:00Z" }));
    assert_eq!(run().await, "t2");
    place.answer(json!({ "token": "t3", "expirationTimestamp": "2999-12-31T00:00:00Z" }));
    let begin = fs::metadata(place.path("runs")).unwrap().modified().unwrap();
    let third = run().await;
    if begin.elapsed().unwrap().as_secs() < 10 {
        assert_eq!((third, place.runs()), ("t2".into(), 2), "once more only after a while");
    }
    // Another client was not given it yet.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "\"$0\" cache -- ./plugin; :", env!("CARGO_BIN_EXE_kubecred")]);
    command.current_dir(place.stage.folder.path()).env_clear();
    command.env("HOME", place.stage.folder.path()).env("PATH", std::env::var_os("PATH").unwrap());
    command.env("XDG_RUNTIME_DIR", place.path("run"));
    command.env("KUBERNETES_EXEC_INFO", info("v1", "https://a"));
    let runs = place.runs();
    status(&ended(start(&mut command)).await);
    assert_eq!(place.runs(), runs);
}

#[tokio::test]
async fn clear_removes_a_commands_credentials_or_all_and_runs_nothing() {
    let place = Place::new().await;
    for arguments in [["./plugin", "a"], ["./plugin", "b"]] {
        place.run(&arguments).await.good();
        let mut command = place.command(&arguments);
        ended(start(command.env("AWS_PROFILE", "prod"))).await.good();
    }
    assert_eq!((place.runs(), place.kept("json").len()), (4, 4));
    let cleared = place.run(&["--clear", "--", "./plugin", "a"]).await;
    assert_eq!((cleared.good(), &*cleared.stderr), ("", "removed 2 credentials\n"));
    assert_eq!(place.kept("json").len(), 2);
    place.run(&["--clear", "-q"]).await.good();
    assert_eq!((place.runs(), place.kept("json").len()), (4, 0));
    place.run(&["./plugin", "b"]).await.good();
    assert_eq!(place.runs(), 5);
}

#[tokio::test]
async fn without_a_folder_in_memory_nothing_is_kept_unless_the_disk_is_asked_for() {
    let place = Place::new().await;
    let run = async |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("XDG_RUNTIME_DIR", "relative/is/none");
        ended(start(&mut command)).await
    };
    let bare = run(&["--", "./plugin"]).await;
    assert_eq!(status(&bare)["token"], "t1");
    assert!(bare.stderr.contains("--store=disk"), "{bare:?}");
    assert!(bare.stderr.contains("\"relative/is/none\", which is no absolute path"), "{bare:?}");
    assert_eq!(run(&["--quiet", "--", "./plugin"]).await.stderr, "");
    assert_eq!(run(&["--store=none", "--", "./plugin"]).await.stderr, "");
    assert_eq!(place.runs(), 3);
    for _ in 0..2 {
        let kept = run(&["--store=disk", "--", "./plugin"]).await;
        assert_eq!((status(&kept)["token"].as_str(), &*kept.stderr), (Some("t1"), ""));
    }
    assert_eq!(place.runs(), 4);
    assert!(place.path(".kube/cache/kubecred/plugins").is_dir());
}

#[tokio::test]
async fn a_folder_that_is_a_link_or_cannot_be_written_is_said_and_the_credential_is_printed() {
    let place = Place::new().await;
    fs::create_dir(place.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(place.path("elsewhere"), place.path("run/kubecred")).unwrap();
    let ended = place.run(&["--", "./plugin"]).await;
    assert_eq!(status(&ended)["token"], "t1");
    assert!(ended.stderr.contains("is not a folder"), "{ended:?}");
    assert_eq!(fs::read_dir(place.path("elsewhere")).unwrap().count(), 0);
}

#[tokio::test]
async fn gclouds_own_form_is_translated_and_bare_it_is_an_error_that_says_so() {
    let place = Place::new().await;
    let answer = json!({ "configuration": {}, "credential": {
        "access_token": CANARY, "token_expiry": "2999-12-31T00:00:00Z" } });
    place.stage.write("answer", &answer.to_string());
    for _ in 0..2 {
        let mut command = place.command(&["--", "./plugin", "config", "config-helper"]);
        command.env("KUBERNETES_EXEC_INFO", info("v1beta1", "https://a"));
        let printed: Value = serde_json::from_str(ended(start(&mut command)).await.good()).unwrap();
        assert_eq!(printed["status"]["token"], CANARY);
        assert_eq!(printed["apiVersion"], "client.authentication.k8s.io/v1beta1");
    }
    place.stage.kubeconfig(crate::stage::plugin("./plugin"));
    let bare = place.stage.kubecred(&["credential"]).await;
    let text = bare.failed(4);
    assert!(text.contains("gcloud config config-helper"), "{bare:?}");
    assert!(text.contains("kubecred cache --"), "{bare:?}");
    bare.hides_the_canary();
}

#[tokio::test]
async fn the_plugin_gets_what_the_client_says_and_the_terms_of_its_standard_input() {
    let place = Place::new().await;
    place
        .stage
        .script("plugin", "printf %s \"$KUBERNETES_EXEC_INFO\" >told; cat >stdin; cat answer");
    let told = info("v1", "https://a");
    let mut command = place.command(&["--", "./plugin"]);
    command.env("KUBERNETES_EXEC_INFO", &told).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Never closed: a plugin that reads it would not end, if it got it.
    let child = command.stdin(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_to_string(place.path("told")).unwrap(), told);
}

#[tokio::test]
async fn lg_1_a_question_that_is_not_understood_runs_nothing() {
    let place = Place::new().await;
    for bad in ["{", r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v7"}"#]
    {
        let mut command = place.command(&["--", "./plugin"]);
        command.env("KUBERNETES_EXEC_INFO", bad);
        assert!(ended(start(&mut command)).await.failed(2).contains("KUBERNETES_EXEC_INFO"));
    }
    assert_eq!(place.runs(), 0);
    assert!(place.run(&["--", "./gone"]).await.failed(4).contains("executable not found"));
}

#[tokio::test]
async fn a_limit_and_a_signal_end_the_plugin_too_and_give_the_lock_back() {
    let place = Place::new().await;
    place.stage.script("plugin", "echo $$ >pid; sleep 300 & wait");
    let mut command = place.command(&["--timeout=1s", "--", "./plugin"]);
    command.env("KUBERNETES_EXEC_INFO", info("v1", "https://a"));
    let late = ended(start(&mut command)).await;
    assert!(late.failed(6).contains("gave no answer within 1 s"), "{late:?}");
    fs::remove_file(place.path("pid")).unwrap();

    let mut command = place.command(&["--", "./plugin", "again"]);
    let child = start(command.env("KUBERNETES_EXEC_INFO", info("v1", "https://a")));
    let pid = loop {
        match fs::read_to_string(place.path("pid")) {
            Ok(pid) if pid.ends_with('\n') => break pid,
            _ => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    };
    let id = rustix::process::Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let stopped = ended(child).await;
    assert_eq!((stopped.code, stopped.stdout.as_str()), (Some(143), ""), "{stopped:?}");
    // A process that was killed may still be in the table until it is waited for.
    let state = || fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    while state().is_ok_and(|stat| !stat.contains(") Z ")) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    place.stage.script("plugin", PLUGIN);
    let mut command = place.command(&["--", "./plugin", "again"]);
    command.env("KUBERNETES_EXEC_INFO", info("v1", "https://a"));
    assert_eq!(status(&ended(start(&mut command)).await)["token"], "t1");
}

#[tokio::test]
async fn kubectl_gets_its_credential_through_the_cache_and_the_plugin_runs_once() {
    let place = Place::new().await;
    place.stage.accounts().allow_token("t0ken", "ann");
    place.answer(json!({ "token": "t0ken", "expirationTimestamp": "2999-12-31T00:00:00Z" }));
    let plugin = place.path("plugin");
    place.stage.kubeconfig(json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": env!("CARGO_BIN_EXE_kubecred"),
        "args": ["cache", "--", plugin],
        "interactiveMode": "Never",
        "provideClusterInfo": true,
        "env": [{ "name": "XDG_RUNTIME_DIR", "value": place.path("run") }],
    }}));
    for _ in 0..3 {
        let mut kubectl = crate::stage::clean("kubectl".as_ref(), place.stage.folder.path());
        kubectl.args(["--kubeconfig=config", "get", "--raw", "/version"]);
        let ended = ended(start(&mut kubectl)).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    assert_eq!(place.runs(), 1);
}
