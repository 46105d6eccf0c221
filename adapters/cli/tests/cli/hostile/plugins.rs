//! Plugins that do not behave.

use super::{Expected, LITTLE, none, run};
use crate::stage::{Stage, plugin};

const GOOD: &str = r#"'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"good"}}'"#;

#[tokio::test]
async fn each_ends_in_an_error_that_names_it_or_does_no_harm() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("good", "ann");
    let authority = stage.server.authority();
    let pair = authority.client("ann", &[]);
    let json = |certificate: String, key: String| {
        serde_json::json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": { "clientCertificateData": certificate, "clientKeyData": key },
        })
        .to_string()
    };
    stage.write("chain", &json(pair.certificate_pem().repeat(10_000), pair.key_pem().into()));
    stage.write("short-chain", &json(pair.certificate_pem().repeat(1_000), pair.key_pem().into()));
    stage.write("key", &json(pair.certificate_pem().into(), "k".repeat(1 << 20)));
    let large: &[&str] = &["login", "user \"main\"", "wrote more than 1048576 bytes"];
    let stopped: &[&str] = &["timed out after 1.5 s", "--request-timeout"];
    let cases: [(&str, String, i32, &[&str]); 14] = [
        ("writes for ever", "exec cat /dev/zero".into(), 4, large),
        ("writes lines for ever", "exec yes".into(), 4, large),
        (
            "writes 100 MiB of JSON",
            "printf '{\"x\":\"'; exec head -c 104857600 /dev/zero".into(),
            4,
            large,
        ),
        ("has a child that writes for ever", "yes & wait".into(), 4, large),
        (
            "ignores the end of its reader",
            "trap '' PIPE TERM; exec 2>/dev/null; while :; do echo x; done".into(),
            4,
            large,
        ),
        ("prints a chain of 10,000", "exec cat chain".into(), 4, large),
        ("prints a key of 1 MiB", "exec cat key".into(), 4, large),
        ("prints a chain of 1,000", "exec cat short-chain".into(), 5, &["127.0.0.1"]),
        ("never ends", "exec sleep 3600".into(), 6, stopped),
        ("closes its output and never ends", "exec >&-; exec sleep 3600".into(), 6, stopped),
        ("answers and never ends", format!("echo {GOOD}; exec sleep 3600"), 6, stopped),
        ("kills itself", "kill -9 $$".into(), 4, &["login", "user \"main\"", "exit code -1"]),
        (
            "leaves a child that holds its output",
            format!("sleep 3600 2>/dev/null & echo $! >>children; echo {GOOD}"),
            0,
            &[],
        ),
        (
            "leaves a child that writes for ever",
            format!("echo {GOOD}; (sleep 0.1; exec yes) 2>/dev/null & echo $! >>children"),
            4,
            large,
        ),
    ];
    let mut faults = Vec::new();
    for (case, script, code, says) in cases {
        stage.script("login", &script);
        stage.kubeconfig(plugin("./login"));
        let arguments = match code {
            6 => &["get", "/version", "--request-timeout=1500ms"][..],
            _ => &["get", "/version"],
        };
        let ended = run(&stage, case, LITTLE, arguments).await;
        Expected::new(code, says).check(case, &ended, &mut faults);
    }
    end_children(&stage);
    none(&faults);
}

/// What is written to standard error is the user's to see, and nobody keeps it.
#[tokio::test]
async fn ex_22_noise_on_standard_error_is_passed_on_and_not_kept() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("good", "ann");
    stage.script("login", &format!("head -c 100000000 /dev/zero >&2; echo {GOOD}"));
    stage.kubeconfig(plugin("./login"));
    // Within the shell, so that this test does not keep it either.
    let script = "./kubecred get /version --kubeconfig config 2>&1 >answer | wc -c";
    std::os::unix::fs::symlink(
        env!("CARGO_BIN_EXE_kubecred"),
        stage.folder.path().join("kubecred"),
    )
    .unwrap();
    let limited = format!("ulimit -d {}; {script}", LITTLE * 1024);
    let mut shell = crate::stage::clean("/bin/sh".as_ref(), stage.folder.path());
    let ended = crate::stage::ended(crate::stage::start(shell.args(["-c", &limited]))).await;
    assert_eq!(ended.good().trim(), "100000000", "{ended:?}");
    let answer = std::fs::read_to_string(stage.folder.path().join("answer")).unwrap();
    assert!(answer.contains("gitVersion"), "{answer}");
}

/// Those that plugins left are meant to run on, but not after this test.
fn end_children(stage: &Stage) {
    let Ok(pids) = std::fs::read_to_string(stage.folder.path().join("children")) else { return };
    for pid in pids.lines() {
        let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL); // or it has ended
    }
}
