//! One command line, both programs.

use crate::folder::{EVERYTHING, Ended, Folder, Program};

/// Runs both with these command lines, each on a fresh copy of [`EVERYTHING`], and holds ours to
/// what kubectl does. `''` is an empty argument.
pub(crate) fn agree(lines: &[&str]) {
    for line in lines {
        agree_on(line, &[("config", EVERYTHING)], "config");
    }
}

/// The same for several files, all of which must be alike afterwards.
pub(crate) fn agree_on(line: &str, files: &[(&str, &str)], kubeconfig: &str) {
    let (ours, we) = run(Program::Kubecred, line, files, kubeconfig);
    let (theirs, they) = run(Program::Kubectl, line, files, kubeconfig);
    assert_eq!(we.code == Some(0), they.code == Some(0), "{line}\n{we:?}\n{they:?}");
    match they.code {
        Some(0) => assert_eq!(we.stdout, they.stdout, "{line}"),
        _ => {
            assert_eq!(we.stdout, "", "{line}");
            assert!(we.stderr.starts_with("error: "), "{line}\n{we:?}");
        }
    }
    assert_eq!(ours.names(), theirs.names(), "{line}: no lock and no draft is left");
    for (name, text) in files {
        match theirs.read(name) {
            // Nothing to change, nothing written.
            Some(same) if same == *text => {
                assert_eq!(ours.read(name), Some(same), "{line}: {name}")
            }
            _ => assert_eq!(ours.view(name), theirs.view(name), "{line}: {name} (-ours)"),
        }
    }
}

pub(crate) fn run(
    program: Program,
    line: &str,
    files: &[(&str, &str)],
    kubeconfig: &str,
) -> (Folder, Ended) {
    let folder = Folder::with(files);
    let mut arguments = vec!["config"];
    arguments.extend(words(line));
    let ended = folder.run(program, kubeconfig, &arguments);
    (folder, ended)
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace().map(|word| if word == "''" { "" } else { word })
}
