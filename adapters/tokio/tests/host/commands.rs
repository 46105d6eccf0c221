//! Real processes: what a plugin sees, what is taken from it, and that it can be stopped.

use kubecred_core::protocol::{EnvVar, Exit, RunCommand, Stdin};
use kubecred_core::{Failure, FailureKind};
use kubecred_tokio::{CommandRunner, PluginStderr, SystemCommands};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

fn script(folder: &TempDir, text: &str) -> String {
    let path = folder.path().join("plugin");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path.to_str().unwrap().into()
}

fn command(program: impl Into<String>) -> RunCommand {
    RunCommand {
        program: program.into(),
        args: Vec::new(),
        env: Vec::new(),
        stdin: Stdin::Null,
        allowlist: None,
        limit: 1 << 20,
    }
}

fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.into(), value: value.into() }
}

async fn run(command: &RunCommand) -> Result<(i32, String), Failure> {
    SystemCommands::new(PluginStderr::Discard).run(command).await.map(told)
}

fn told(exit: Exit) -> (i32, String) {
    (exit.code, exit.stdout.expose_str().unwrap().to_owned())
}

/// A FIFO whose end is everybody's end who has it open.
fn fifo(folder: &TempDir) -> std::path::PathBuf {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let path = folder.path().join("fifo");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    path
}

async fn reads_until(path: &Path, end: Option<u8>) -> std::fs::File {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(path).unwrap();
        let mut byte = [0];
        while file.read(&mut byte).unwrap() == 1 && Some(byte[0]) != end {}
        file
    });
    read.await.unwrap()
}

#[tokio::test]
async fn ex_15_arguments_reach_the_plugin_without_a_shell() {
    let folder = TempDir::new().unwrap();
    let mut command = command(script(&folder, r#"printf '%s|' "$@""#));
    command.args = ["$HOME", "~", "a b", "", "*", "`id`"].map(String::from).to_vec();
    assert_eq!(run(&command).await.unwrap(), (0, "$HOME|~|a b||*|`id`|".into()));
}

#[tokio::test]
async fn ex_12_a_plugin_is_called_as_the_stanza_has_it() {
    for name in ["sh", "/bin/sh"] {
        let mut command = command(name);
        command.args = ["-c", r#"printf %s "$0""#].map(String::from).to_vec();
        assert_eq!(run(&command).await.unwrap(), (0, name.into()));
    }
}

#[tokio::test]
async fn ex_30_later_variables_win_and_the_parents_are_kept() {
    let folder = TempDir::new().unwrap();
    let mut command = command(script(&folder, r#"printf '%s %s %s' "$A" "$CARGO_PKG_NAME" "$B""#));
    command.env = vec![
        variable("A", "first"),
        variable("B", "$A"),
        variable("CARGO_PKG_NAME", "ours"),
        variable("A", "last"),
    ];
    assert_eq!(run(&command).await.unwrap().1, "last ours $A");
}

#[tokio::test]
async fn ex_12_the_plugins_own_path_does_not_find_it() {
    let folder = TempDir::new().unwrap();
    script(&folder, "echo found");
    let mut command = command("plugin");
    command.env = vec![variable("PATH", folder.path().to_str().unwrap())];
    assert_eq!(run(&command).await.unwrap_err().kind, FailureKind::NotFound);
}

#[tokio::test]
async fn ex_3_a_variable_with_a_nul_cannot_be_passed_on() {
    let folder = TempDir::new().unwrap();
    let mut command = command(script(&folder, r#"printf '%s' "$A""#));
    for variable in [variable("A", "hush\0"), variable("A\0hush", "v")] {
        command.env = vec![variable];
        let failure = run(&command).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Other);
        assert!(!failure.to_string().contains("hush"), "{failure}");
    }
    command.env = vec![variable("A", "a b"), variable("A b", "c"), variable(" ", "d")];
    assert_eq!(run(&command).await.unwrap().1, "a b");
}

#[tokio::test]
async fn ex_22_standard_input_is_the_null_device() {
    let folder = TempDir::new().unwrap();
    assert_eq!(run(&command(script(&folder, "cat; echo end"))).await.unwrap().1, "end\n");
}

#[tokio::test]
async fn ex_41_exit_codes_are_told_and_a_signal_is_minus_one() {
    let folder = TempDir::new().unwrap();
    assert_eq!(run(&command(script(&folder, "echo x; exit 7"))).await.unwrap(), (7, "x\n".into()));
    assert_eq!(run(&command(script(&folder, "kill -9 $$"))).await.unwrap().0, -1);
}

#[tokio::test]
async fn ex_43_a_file_that_cannot_run_is_not_a_missing_program() {
    let folder = TempDir::new().unwrap();
    let path = script(&folder, "");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(run(&command(&path)).await.unwrap_err().kind, FailureKind::Other);
    let nowhere = folder.path().join("none").to_str().unwrap().to_owned();
    assert_eq!(run(&command(nowhere)).await.unwrap_err().kind, FailureKind::NotFound);
}

#[tokio::test]
async fn output_over_the_limit_is_refused_and_the_plugin_stopped() {
    let folder = TempDir::new().unwrap();
    let fifo = fifo(&folder);
    let text = format!("exec 3>'{}'; echo up >&3; yes", fifo.display());
    let mut command = command(script(&folder, &text));
    command.limit = 100_000;
    let (outcome, file) = tokio::join!(run(&command), reads_until(&fifo, Some(b'\n')));
    assert_eq!(outcome.unwrap_err().kind, FailureKind::TooLarge);
    assert_eq!(ends(file).await, 0);
}

/// Returns when nobody has it open any more.
async fn ends(mut file: std::fs::File) -> usize {
    let read = tokio::task::spawn_blocking(move || {
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).unwrap()
    });
    read.await.unwrap()
}

#[tokio::test]
async fn a_cancelled_plugin_dies_with_everything_it_started() {
    let folder = TempDir::new().unwrap();
    let fifo = fifo(&folder);
    let text = format!("exec 3>'{}'; sleep 1000 & echo up >&3; wait", fifo.display());
    let command = command(script(&folder, &text));
    let runner = SystemCommands::new(PluginStderr::Discard);
    let mut running = runner.run(&command);
    let file = tokio::select! {
        outcome = &mut running => panic!("{outcome:?}"),
        file = reads_until(&fifo, Some(b'\n')) => file,
    };
    drop(running);
    assert_eq!(ends(file).await, 0); // both have let go of it
}

#[tokio::test]
async fn a_daemon_that_keeps_the_pipe_open_holds_up_nothing_and_lives_on() {
    let folder = TempDir::new().unwrap();
    let fifo = fifo(&folder);
    // The daemon ends when the test lets go of the FIFO's reading end.
    let text = format!("(while echo here; do sleep 0.1; done) >'{}' & echo token", fifo.display());
    let text = text.replace(">'", "3>&1 >'");
    let command = command(script(&folder, &text));
    let (outcome, file) = tokio::join!(run(&command), reads_until(&fifo, Some(b'\n')));
    assert_eq!(outcome.unwrap(), (0, "token\n".into()));
    let alive = tokio::task::spawn_blocking(move || (&file).read(&mut [0; 5]).unwrap());
    assert_ne!(alive.await.unwrap(), 0);
}

#[tokio::test]
async fn the_end_of_standard_error_goes_to_whoever_wants_it() {
    let folder = TempDir::new().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let runner = SystemCommands::new(PluginStderr::Capture({
        let heard = Arc::clone(&heard);
        Arc::new(move |bytes| heard.lock().unwrap().push(bytes.to_vec()))
    }));
    let text = "head -c 9000 /dev/zero >&2; echo last >&2; echo out; exit 3";
    let exit = runner.run(&command(script(&folder, text))).await.unwrap();
    assert_eq!(told(exit), (3, "out\n".into()));
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].len(), 4096);
    assert!(heard[0].ends_with(b"\0last\n"));
}

#[tokio::test]
async fn ex_43_a_listed_file_that_cannot_be_run_is_not_called_forbidden() {
    let folder = TempDir::new().unwrap();
    let path = script(&folder, "exit 0");
    let listed = RunCommand { allowlist: Some(vec![path.clone()]), ..command(path.as_str()) };
    assert_eq!(run(&listed).await.unwrap().0, 0);

    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let failure = run(&listed).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Other);
    assert!(failure.detail.contains("not an executable"), "{failure}");

    // Found and let run, but its interpreter is a folder: the system says no.
    std::fs::write(&path, "#!/tmp\n").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    let failure = run(&listed).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Other);
    assert!(failure.detail.contains("denied"), "{failure}");

    let other = RunCommand { allowlist: Some(vec!["/else".into()]), ..listed };
    assert_eq!(run(&other).await.unwrap_err().kind, FailureKind::Denied);
}
