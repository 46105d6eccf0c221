//! The program is killed at any moment, interrupted, kept out of a folder, and many at a time.

use crate::folder::{Folder, Program};
use rustix::process::{Pid, Signal, getuid, kill_process};
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const NOBODY: u32 = 65_534;

/// A kubeconfig that takes a while to read and to write.
fn large() -> String {
    let users = (0..200).map(|n| format!("- {{name: n{n}, user: {{token: t{n}}}}} # number {n}\n"));
    format!("# ours\nusers:\n- {{name: u, user: {{token: v0}}}}\n{}", users.collect::<String>())
}

fn kubecred(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubecred"));
    command.arg("config").args(arguments).arg("--kubeconfig=config").current_dir(folder.path(""));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(folder: &Folder, arguments: &[&str]) -> Child {
    kubecred(folder, arguments).spawn().expect("it is built")
}

/// I: kubectl leaves an empty file, or half of one.
#[test]
fn kc_86_killed_at_any_moment_it_leaves_the_old_file_or_the_new_one() {
    let folder = Folder::with(&[("config", &large())]);
    let begin = Instant::now();
    let whole = start(&folder, &["set-credentials", "u", "--token=v0"]).wait().unwrap();
    let mut usual = begin.elapsed();
    assert!(whole.success());

    let (mut old, mut new, mut locks, mut drafts) = (0, 0, 0, 0);
    for round in 0_u32..500 {
        let before = folder.read("config").expect("it is always there");
        let [from, to] = ["v", "w"].map(|side| format!("{{token: {side}{round}}}"));
        // `w` of this round is `v` of the next, whichever way this one ends.
        let token = format!("--token=w{round}");
        let mut child = start(&folder, &["set-credentials", "u", &token]);
        // Through its whole life, in an order that jumps about, and beyond, as others keep the
        // machine busy.
        std::thread::sleep(usual * (round * 61 % 200) / 100);
        child.kill().expect("it is ours");
        let status = child.wait().unwrap();
        assert!(status.signal() == Some(9) || status.success(), "{status}");

        let after = folder.read("config").expect("it is always there");
        let wanted = before.replace(&from, &to);
        match after == before {
            true => old += 1,
            false => {
                assert_eq!(after, wanted);
                new += 1;
            }
        }
        drafts += u32::from(std::fs::remove_file(folder.path(".config.kubecred")).is_ok());
        if folder.path("config.lock").exists() {
            locks += 1;
            // It is told of, and not waited for once it is old; when it is removed, all goes on.
            let lock = File::options().write(true).open(folder.path("config.lock")).unwrap();
            let made = lock.metadata().unwrap().modified().unwrap();
            lock.set_modified(made - Duration::from_secs(3600)).unwrap();
            let stopped =
                folder.run(Program::Kubecred, "config", &["config", "unset", "current-context"]);
            assert_eq!(stopped.code, Some(3), "{stopped:?}");
            let who = format!("process {}", child.id());
            for fact in ["config.lock", " 60 min ago by "] {
                assert!(stopped.stderr.contains(fact), "{stopped:?}");
            }
            // Unless it was killed before it could say who it is.
            let lock = folder.read("config.lock").unwrap();
            assert!(stopped.stderr.contains(&who) || lock.is_empty(), "{stopped:?}");
            std::fs::remove_file(folder.path("config.lock")).unwrap();
        }
        let next = after.replace(&from, &to).replace(&to, &format!("{{token: v{}}}", round + 1));
        std::fs::write(folder.path("config"), next).unwrap();
        let enough = [old, new, locks, drafts].iter().all(|count| *count >= 5);
        if round >= 150 && enough {
            break;
        }
        // The machine may have become slower or faster since the life was measured.
        if round % 50 == 49 {
            usual = match (new, locks) {
                (0, _) => usual * 2,
                (_, 0) => usual / 2,
                _ => usual,
            };
        }
    }
    println!("old {old}, new {new}, locks left {locks}, drafts left {drafts}");
    assert!(old > 0 && new > 0 && locks > 0, "the kills came at every moment");
    let last = start(&folder, &["set-credentials", "u", "--token=last"]).wait().unwrap();
    assert!(last.success());
    assert_eq!(folder.names(), ["cert.pem", "config", "empty.pem", "key.pem"]);
    assert_eq!(folder.view("config")["users"].as_array().unwrap().len(), 201);
}

/// Whether a process has a handler for a signal.
fn catches(child: &Child, signal: Signal) -> bool {
    let status = format!("/proc/{}/status", child.id());
    let status = std::fs::read_to_string(status).expect("it lives, on a machine with /proc");
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.expect("a mask").trim(), 16).expect("in hex");
    caught >> (signal.as_raw() - 1) & 1 == 1
}

#[test]
fn kc_87_interrupted_while_it_waits_it_leaves_no_lock() {
    let folder =
        Folder::with(&[("config", "contexts: [{name: a, context: {}}]"), ("config.lock", "")]);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut child = start(&folder, &["-v", "use-context", "a"]);
        // It waits for five seconds, and listens meanwhile.
        while !catches(&child, signal) {
            std::thread::sleep(Duration::from_millis(5));
        }
        kill_process(Pid::from_child(&child), signal).expect("it is ours");
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(code), "{signal:?}");
        assert_eq!(folder.names(), ["cert.pem", "config", "config.lock", "empty.pem", "key.pem"]);
    }
}

/// I: kubectl names the lock that it cannot make, and nothing is said of the file.
#[test]
fn kc_86_a_folder_that_may_not_be_written_to_is_a_clear_error() {
    let folder = Folder::with(&[("config", "contexts: [{name: a, context: {}}]")]);
    let as_nobody = |arguments: &[&str]| {
        let mut command = kubecred(&folder, arguments);
        if getuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output().expect("it is built")
    };
    let set_mode = |name: &str, mode| {
        std::fs::set_permissions(folder.path(name), PermissionsExt::from_mode(mode)).unwrap();
    };
    set_mode("config", 0o666);
    set_mode("", 0o555);
    let said = as_nobody(&["use-context", "a"]);
    let error = String::from_utf8(said.stderr).unwrap();
    assert_eq!(said.status.code(), Some(3), "{error}");
    assert!(error.contains("cannot write \"config\"") && error.contains("denied"), "{error}");
    // What changes nothing needs no permission.
    let said = as_nobody(&["unset", "current-context"]);
    assert_eq!(said.status.code(), Some(0), "{said:?}");

    // Nor may it replace a file that it may not write to, even where the folder would let it.
    set_mode("", 0o777);
    set_mode("config", 0o444);
    let said = as_nobody(&["use-context", "a"]);
    let error = String::from_utf8(said.stderr).unwrap();
    assert!(error.contains("cannot write \"config\"") && error.contains("denied"), "{error}");
    set_mode("", 0o700);
    assert_eq!(folder.names(), ["cert.pem", "config", "empty.pem", "key.pem"]);
}

/// Runs it until it gets the locks, and says whether it was kept out meanwhile.
fn until_done(folder: &Folder, program: Program, arguments: &[&str]) {
    for _ in 0..1000 {
        let ended = folder.run(program, "config", arguments);
        if ended.code == Some(0) {
            return;
        }
        assert!(ended.stderr.contains("config.lock"), "nothing else keeps it out: {ended:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it never got the lock");
}

/// kubectl reads a file before it locks it, and so can lose what others write in between. What it
/// has written itself we never lose.
#[test]
fn kc_87_nothing_is_lost_between_many_of_us_and_kubectl() {
    let folder = Folder::with(&[("config", "# ours\ncontexts: []\n")]);
    std::thread::scope(|scope| {
        let folder = &folder;
        for us in 0..3 {
            scope.spawn(move || {
                for number in 0..6 {
                    let name = format!("ours-{us}-{number}");
                    until_done(folder, Program::Kubecred, &["config", "set-context", &name]);
                }
            });
        }
    });
    let names = |folder: &Folder| -> Vec<String> {
        let view = folder.view("config");
        let contexts = view["contexts"].as_array().cloned().unwrap_or_default();
        contexts.iter().map(|context| context["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&folder).len(), 18, "of ours alone none is lost");
    std::thread::scope(|scope| {
        let folder = &folder;
        scope.spawn(move || {
            for number in 0..8 {
                let name = format!("theirs-{number}");
                until_done(folder, Program::Kubectl, &["config", "set-context", &name]);
            }
        });
        for us in 0..2 {
            scope.spawn(move || {
                for number in 0..20 {
                    let name = format!("more-{us}-{number}");
                    until_done(folder, Program::Kubecred, &["config", "set-context", &name]);
                }
            });
        }
    });
    let names = names(&folder);
    for number in 0..8 {
        assert!(names.contains(&format!("theirs-{number}")), "{names:?}");
    }
    assert_eq!(folder.names(), ["cert.pem", "config", "empty.pem", "key.pem"]);
}
