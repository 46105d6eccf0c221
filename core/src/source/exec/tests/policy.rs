//! Which plugins may run, and what is said of those that could not.

use super::*;
use crate::path::PathFlavour;
use alloc::collections::BTreeMap;

/// A host's programs: PATH has /usr/bin before /opt/bin.
fn host<'a>(files: &'a [&'a str]) -> impl FnMut(&str) -> Option<String> + 'a {
    move |program| {
        let found = |path: &str| files.contains(&path).then(|| path.to_string());
        match program {
            path if path.contains('/') => found(path),
            name => {
                ["/usr/bin/", "/opt/bin/"].iter().find_map(|folder| found(&[folder, name].concat()))
            }
        }
    }
}

fn list(entries: &[&str]) -> Option<Vec<String>> {
    Some(entries.iter().map(ToString::to_string).collect())
}

/// client-go's matrix: the plugin exists or not, is given by path or by name, with no list and
/// lists of 0, 1 and 3 entries of four kinds, under each policy.
#[test]
fn ex_80_to_86_plugin_policy_matrix_of_320() {
    let lists = ["none", "name", "path", "other"].map(|kind| {
        let entry = match kind {
            "name" => "plug",
            "path" => "/usr/bin/plug",
            _ => "/usr/bin/other",
        };
        let three = ["/opt/bin/else", entry, "another"];
        (kind, [None, list(&[]), list(&[entry]), list(&three)])
    });
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for exists in [true, false] {
        for command in ["/usr/bin/plug", "plug"] {
            for (kind, lists) in &lists {
                for (allowlist, length) in lists.iter().zip(["nil", "0", "1", "3"]) {
                    for policy in ["", "AllowAll", "DenyAll", "Allowlist", "denyall"] {
                        let files: &[&str] = if exists { &["/usr/bin/plug"] } else { &[] };
                        let found = verdict(command, policy, allowlist.clone(), files);
                        let expected = expected(command, policy, length, kind, exists);
                        assert_eq!(found, expected, "{exists} {command} {kind} {length} {policy}");
                        *verdicts.entry(found).or_default() += 1;
                    }
                }
            }
        }
    }
    assert_eq!(verdicts.values().sum::<usize>(), 320);
    assert_eq!(
        verdicts.keys().copied().collect::<Vec<_>>(),
        ["denied", "misconfigured", "missing", "run"]
    );
}

/// What becomes of it, from the policy's text to the file that is run.
fn verdict(
    command: &str,
    policy: &str,
    allowlist: Option<Vec<String>>,
    files: &[&str],
) -> &'static str {
    let policy = PluginPolicy::from_config(policy, allowlist.as_deref(), PathFlavour::Unix);
    let Ok(policy) = policy else { return "misconfigured" };
    let exec = Exec { policy, ..Exec::new(command) };
    let Ok(run) = request(&exec, None, 1) else { return "denied" };
    match permit(&run.program, run.allowlist.as_deref(), &mut host(files)) {
        Ok(Some(path)) => {
            assert_eq!(path, "/usr/bin/plug");
            "run"
        }
        Ok(None) => "missing",
        Err(_) => "denied",
    }
}

fn expected(command: &str, policy: &str, length: &str, kind: &str, exists: bool) -> &'static str {
    let runs = if exists { "run" } else { "missing" };
    match (policy, length) {
        ("" | "AllowAll", "nil") => runs,
        ("DenyAll", "nil") => "denied",
        ("Allowlist", "1" | "3") => match kind {
            "name" | "path" if exists => "run",
            // Verbatim in the list, it passes and is not found (EX-86).
            "name" if command == "plug" => "missing",
            "path" if command == "/usr/bin/plug" => "missing",
            _ => "denied",
        },
        _ => "misconfigured",
    }
}

#[test]
fn ex_83_deny_all_names_command_and_policy() {
    let exec = Exec { policy: PluginPolicy::DenyAll, ..Exec::new("./plug") };
    let text = request(&exec, None, 1).unwrap_err().to_string();
    assert!(text.contains("\"./plug\"") && text.contains("\"DenyAll\""), "{text}");
}

#[test]
fn ex_84_steps_come_in_order() {
    let files = ["/usr/bin/a", "/opt/bin/a", "/opt/bin/b", "bin/a"];
    let verdict = |program, entries| {
        permit(program, list(entries).as_deref(), &mut host(&files)).map_err(|text| {
            assert!(text.contains(&format!("{program:?}")), "{text}");
        })
    };
    let run = |path: &str| Ok(Some(path.to_string()));
    assert_eq!(verdict("a", &["a"]), run("/usr/bin/a"));
    assert_eq!(verdict("a", &["/usr/bin/a"]), run("/usr/bin/a"));
    assert_eq!(verdict("/usr/bin/a", &["a"]), run("/usr/bin/a"));
    assert_eq!(verdict("/opt/bin/a", &["a"]), Err(()), "PATH finds another a");
    assert_eq!(verdict("a", &["/opt/bin/a"]), Err(()), "it is not that a which runs");
    assert_eq!(verdict("b", &["/opt/bin/b"]), run("/opt/bin/b"));
    assert_eq!(verdict("bin/a", &["bin/a"]), run("bin/a"));
    assert_eq!(verdict("bin/a", &["a"]), Err(()));
    assert_eq!(verdict("./a", &["a"]), Err(()), "a path is no name (EX-11)");
    assert_eq!(verdict("a", &["gone", "/usr/bin/a"]), run("/usr/bin/a"), "it is skipped");
    assert_eq!(verdict("gone", &["gone"]), Ok(None), "EX-86");
    assert_eq!(verdict("gone", &["a"]), Err(()));
    assert_eq!(verdict("a", &[]), Err(()));
    assert_eq!(verdict("a", &[""]), Err(()));
}

#[test]
fn ex_84_without_a_list_the_host_s_look_up_decides() {
    let mut host = host(&["/usr/bin/a"]);
    assert_eq!(permit("a", None, &mut host), Ok(Some("/usr/bin/a".into())));
    assert_eq!(permit("b", None, &mut host), Ok(None));
}

fn explained(
    exec: &Exec,
    kind: FailureKind,
    waited: Option<Duration>,
) -> (PluginProblem, Option<String>) {
    match explain(exec, "dev", Failure::new(kind, "the host's words"), waited, 4096) {
        Error::Plugin { user, command, problem, hint } => {
            assert_eq!((&*user, &command), ("dev", &exec.command));
            (problem, hint)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn ex_42_a_missing_program_brings_the_hint_by_name_and_by_path() {
    for command in ["does not exist", "/opt/does/not/exist"] {
        let exec = Exec { install_hint: "brew install it".into(), ..Exec::new(command) };
        let (problem, hint) = explained(&exec, FailureKind::NotFound, None);
        assert_eq!(problem, PluginProblem::NotFound);
        assert!(hint.unwrap().ends_with("\n\nbrew install it"));
        let text =
            explain(&exec, "dev", Failure::new(FailureKind::NotFound, ""), None, 1).to_string();
        let first = format!("exec plugin {command:?} of user \"dev\": executable not found\n\n");
        assert!(text.starts_with(&first), "{text}");
        assert!(text.contains("#client-go-credential-plugins"), "{text}");
    }
    let (_, hint) = explained(&Exec::new("x"), FailureKind::NotFound, None);
    assert!(hint.unwrap().ends_with("#client-go-credential-plugins"));
}

#[test]
fn ex_46_the_hint_cannot_command_a_terminal() {
    let hint = |install_hint: &str| {
        let exec = Exec { install_hint: install_hint.into(), ..Exec::new("x") };
        explained(&exec, FailureKind::NotFound, None).1.unwrap()
    };
    let plain =
        "Install: \"it's\" \\ naïve e\u{301} 漢字 ½ © €\u{a0}\u{2028}\u{3000}\t\n\u{b}\u{c}\r😀";
    assert!(hint(plain).ends_with(plain));
    let odd =
        "\u{1b}[31m\0\u{7f}\u{85}\u{9b}\u{ad}\u{200b}\u{202e}\u{feff}\u{e000}\u{fffe}\u{e0001}";
    let shown = "U+001B[31mU+0000U+007FU+0085U+009BU+00ADU+200BU+202EU+FEFFU+E000U+FFFEU+E0001";
    assert!(hint(odd).ends_with(shown), "{}", hint(odd));
}

#[test]
fn ex_43_other_failures_are_told_in_the_host_s_words() {
    let failure = |kind| PluginProblem::NotRun(Failure::new(kind, "the host's words"));
    let exec = Exec { install_hint: "hint".into(), ..Exec::new("x") };
    for kind in
        [FailureKind::Denied, FailureKind::Other, FailureKind::Unsupported, FailureKind::Network]
    {
        assert_eq!(explained(&exec, kind, None), (failure(kind), None));
    }
    let listed = Exec { policy: PluginPolicy::Allowlist(vec!["y".into()]), ..Exec::new("x") };
    let denied = PluginProblem::NotAllowed("the host's words".into());
    assert_eq!(explained(&listed, FailureKind::Denied, None), (denied, None));
    let large = (PluginProblem::TooLarge(4096), None);
    assert_eq!(explained(&exec, FailureKind::TooLarge, None), large);
    let late = PluginProblem::TimedOut(Duration::from_secs(60));
    assert_eq!(
        explained(&exec, FailureKind::TimedOut, Some(Duration::from_secs(60))),
        (late, None)
    );
    assert_eq!(
        explained(&exec, FailureKind::TimedOut, None),
        (failure(FailureKind::TimedOut), None)
    );
}

#[test]
fn ex_46_letters_marks_symbols_and_spaces_stay() {
    for hint in [
        "Install me:\n\tbrew install \"x\" \\ 'y'\r\n",
        "ünïcode e\u{301} 漢字 ١٢ ½ – “x” €+|~ 🦀",
        "no-break\u{a0}and line\u{2028}separators",
    ] {
        assert_eq!(readable(hint), hint);
    }
}

#[test]
fn ex_46_escapes_and_formats_are_spelled_out() {
    for (hint, clean) in [
        ("\u{1b}[31mred\u{1b}[0m", "U+001B[31mredU+001B[0m"),
        ("\0\u{7}\u{8}\u{7f}", "U+0000U+0007U+0008U+007F"),
        ("\u{9b}31m\u{85}", "U+009B31mU+0085"),
        ("a\u{202e}b\u{200b}c\u{feff}", "aU+202EbU+200BcU+FEFF"),
        ("\u{e000}\u{10fffd}\u{ffff}", "U+E000U+10FFFDU+FFFF"),
    ] {
        assert_eq!(readable(hint), clean);
    }
}
