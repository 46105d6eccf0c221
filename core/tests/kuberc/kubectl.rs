//! The same files, read by kubectl. Version 1.33 is the first that has kuberc, and has no policies
//! in it: with those there is no oracle here.

use crate::{alpha, default, named, notices, read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A home with a kubeconfig.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kuberc").join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join(".kube")).expect("a folder");
        std::fs::write(folder.join(".kube/config"), "current-context: here\n").unwrap();
        Self(folder)
    }

    fn kubectl(&self, program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        Command::new(program)
            .args(["config", "current-context"])
            .args(arguments)
            .env_clear()
            .envs([("HOME", self.0.to_str().unwrap()), ("KUBECTL_KUBERC", "true")])
            .envs(variables.iter().copied())
            .current_dir(&self.0)
            .output()
            .expect("kubectl can be run")
    }
}

#[test]
fn kb_60_kb_61_what_kubectl_reads_and_refuses() {
    let (program, home) = (kubecred_kubectl::kubectl(), Home::new("files"));
    let good = alpha("");
    for text in [
        good.clone(),
        String::new(),
        "\n  \n".into(),
        "# only".into(),
        "---\n---\n".into(),
        "a: [".into(),
        "[]".into(),
        "text".into(),
        "a: 1".into(),
        "kind: Preference".into(),
        good.replace("v1alpha1", "v9"),
        good.replace("Preference", "Preferences"),
        good.replace("kind", "Kind").replace("apiVersion", "APIVERSION"),
        good.replace("Preference", "~"),
        alpha("extra: 1"),
        alpha("kind: Preference"),
        alpha("aliases: [{name: a, command: get, more: 1}]"),
        alpha("aliases: [{name: 1}]"),
        alpha("aliases: {}"),
        alpha("aliases: [{name: abc, command: ~, appendArgs: [~]}]"),
        alpha("aliases: ~"),
        alpha("overrides: [{command: get, flags: [{name: output, default: wide}]}]"),
        alpha("overrides: [{command: get, flags: [{name: output, default: 1}]}]"),
        format!("a: 1\n---\n{good}"),
        format!("a: [\n---\n{good}"),
        format!("--- # x\n{good}"),
        format!(" ---\n{good}"),
        format!("---\n{good}---\na: ["),
        format!("{}---\n{good}", alpha("overrides: [{command: x, flags: 1}]")),
        r#"{"apiVersion": "kubectl.config.k8s.io/v1alpha1", "kind": "Preference"}"#.into(),
    ] {
        std::fs::write(home.0.join("rc"), &text).unwrap();
        let theirs = home.kubectl(&program, &["--kuberc", "rc"], &[]);
        let ours = read(&named(), &text);
        assert_eq!(ours.is_ok(), theirs.status.success(), "{text:?}: {ours:?} {theirs:?}");
        if let Ok(ours) = ours {
            let strict = String::from_utf8_lossy(&theirs.stderr).contains("strict decoding error");
            let told = notices(ours);
            assert_eq!(!told.is_empty(), strict, "{text:?}: {told:?} {theirs:?}");
        }
        // A default file is left out when it would be refused if it were named.
        std::fs::write(home.0.join(".kube/kuberc"), &text).unwrap();
        let theirs = home.kubectl(&program, &[], &[]);
        assert!(theirs.status.success(), "{text:?}: {theirs:?}");
        let stderr = String::from_utf8_lossy(&theirs.stderr);
        let left_out = stderr.contains("no valid preferences found");
        let told = notices(read(&default(), &text).unwrap());
        assert_eq!(told.iter().any(|(rule, _)| rule == "KB-60"), left_out, "{text:?}: {told:?}");
    }
}

/// `KUBERC` naming a file is of later versions; here it is about `off` and the flag.
#[test]
fn kb_60_kubectl_says_which_file() {
    let (program, home) = (kubecred_kubectl::kubectl(), Home::new("search"));
    std::fs::write(home.0.join("bad"), "a: [").unwrap();
    for (arguments, variables, succeeds) in [
        (&[][..], &[][..], true),
        (&["--kuberc", "bad"], &[], false),
        (&["--kuberc", "none"], &[], false),
        (&["--kuberc="], &[], false),
        (&["--kuberc", "bad"], &[("KUBERC", "off")], false),
        (&[], &[("KUBERC", "off")], true),
        (&["--kuberc", "bad"], &[("KUBECTL_KUBERC", "false")], false),
    ] {
        let theirs = home.kubectl(&program, arguments, variables);
        assert_eq!(theirs.status.success(), succeeds, "{arguments:?} {variables:?} {theirs:?}");
        let environment = kubecred_core::Environment::new(
            [("HOME", home.0.to_str().unwrap())].iter().chain(variables).copied(),
        );
        let flag = arguments.first().map(|first| {
            first.strip_prefix("--kuberc=").unwrap_or_else(|| arguments.last().unwrap())
        });
        let ours = kubecred_core::kubeconfig::Kuberc::search(flag, &environment);
        let ours = ours.and_then(|kuberc| match kuberc {
            Some(kuberc) => kuberc.read(kuberc.paths().iter().map(|path| {
                let bytes = std::fs::read(home.0.join(path));
                bytes.map(kubecred_core::Secret::from).map_err(|error| {
                    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
                    kubecred_core::Failure::new(
                        kubecred_core::FailureKind::NotFound,
                        error.to_string(),
                    )
                })
            })),
            None => Ok(Default::default()),
        });
        assert_eq!(ours.is_ok(), succeeds, "{arguments:?} {variables:?} {ours:?}");
    }
}
