//! What hosts must not differ in stands in one crate.

use std::path::{Path, PathBuf};

/// The crates that use `adapters/host`, and do none of this themselves.
const HOSTS: [&str; 3] = ["adapters/cli/src", "adapters/tokio/src", "adapters/wasi/src"];

/// What a source would have to say to do it, and what that is.
const SIGNS: [(&str, &str); 12] = [
    ("env::var", "reads a variable"),
    ("env::vars", "reads variables"),
    ("var_os(", "reads a variable"),
    ("current_dir()", "asks for the working directory"),
    ("split_paths", "looks a program up"),
    ("PATHEXT", "looks a program up"),
    ("\"NO_PROXY\"", "reads NO_PROXY"),
    ("\"no_proxy\"", "reads NO_PROXY"),
    (".lock\"", "locks a file"),
    ("create_new(", "locks a file, or makes one"),
    ("fs::rename", "replaces a file"),
    (".persist(", "replaces a file"),
];

/// File, sign, reason.
const EXCEPTIONS: [(&str, &str, &str); 5] = [
    (
        "adapters/wasi/src/login.rs",
        "env::var",
        "KUBERNETES_EXEC_INFO as a plugin gets it: an empty one is not none",
    ),
    (
        "adapters/wasi/src/login.rs",
        "var_os(",
        "KUBERNETES_EXEC_INFO as a plugin gets it: an empty one is not none",
    ),
    (
        "adapters/cli/src/commands/create_token/kubeconfig.rs",
        "create_new(",
        "a new kubeconfig, which must not be there yet: nothing is replaced",
    ),
    (
        "adapters/cli/src/commands/proxy/kubeconfig.rs",
        "create_new(",
        "a new kubeconfig, which must not be there yet: nothing is replaced",
    ),
    (
        "adapters/cli/src/commands/demo/world.rs",
        ".persist(",
        "files that the demo itself makes and rotates, in a folder of its own",
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The lines that are code, up to the tests of the file.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    let before_tests = lines.take_while(|(_, line)| {
        !(line.starts_with("#[cfg(") && line.contains("test") && !line.contains("doctest"))
    });
    before_tests.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn faults(name: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in code(text) {
        for (sign, what) in SIGNS {
            // `variable_os(` is the host crate's.
            let says = line.replace("variable_os(", "").contains(sign);
            if says && !EXCEPTIONS.iter().any(|(file, of, _)| *file == name && *of == sign) {
                faults.push(format!("{name}:{}: {what} itself: {}", number + 1, line.trim()));
            }
        }
    }
    faults
}

#[test]
fn environment_look_up_locks_and_replacement_are_in_adapters_host_alone() {
    let mut faults = Vec::new();
    for host in HOSTS {
        let mut files = Vec::new();
        sources(&root().join(host), &mut files);
        assert!(files.len() > 5, "{host} has sources");
        for file in files {
            let name = file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            faults.extend(self::faults(&name, &std::fs::read_to_string(&file).unwrap()));
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_second_place_would_be_seen() {
    for line in [
        "let path = std::env::var_os(\"PATH\");",
        "let lock = OpenOptions::new().create_new(true);",
        "std::fs::rename(draft, path)?;",
    ] {
        assert!(!faults("x.rs", line).is_empty(), "{line}");
        assert!(faults("x.rs", &format!("    // {line}")).is_empty());
    }
    let mut own = Vec::new();
    sources(&root().join("adapters/host/src"), &mut own);
    let all: String = own.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    for (sign, _) in SIGNS.iter().filter(|(sign, _)| !["env::var", ".persist("].contains(sign)) {
        assert!(all.contains(sign), "adapters/host does it: {sign}");
    }
}
