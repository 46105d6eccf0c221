//! What people read of an error is written for them: no source puts the `Debug` form of one into a
//! message. The TLS library's would read `Other(OtherError(UnsupportedCertVersion))`.

use std::fs;
use std::path::{Path, PathBuf};

/// How a value that is an error is called.
const NAMES: [&str; 9] =
    ["error", "err", "e", "failure", "cause", "problem", "why", "reason", "status"];

/// The names in `{name:?}` and `{name:#?}` of a line.
fn shown_by_debug(line: &str) -> Vec<&str> {
    let ends = line.match_indices(":?}").chain(line.match_indices(":#?}"));
    let names = ends.filter_map(|(end, _)| {
        let name = line[..end].rsplit_once('{')?.1;
        NAMES.contains(&name).then_some(name)
    });
    names.collect()
}

/// The Rust files below a folder but for tests, with what stands before their own tests.
fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.components().any(|part| part.as_os_str() == "tests")
            && path.file_stem().is_some_and(|stem| stem != "tests")
        {
            let text = fs::read_to_string(&path).expect("text");
            let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
            found.push((path, text.to_owned()));
        }
    }
}

#[test]
fn no_error_is_shown_by_its_debug_form() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut files = Vec::new();
    sources(&root.join("core/src"), &mut files);
    for adapter in fs::read_dir(root.join("adapters")).expect("the adapters") {
        sources(&adapter.expect("an adapter").path().join("src"), &mut files);
    }
    assert!(files.len() > 100, "{} files are too few", files.len());
    let mut found = Vec::new();
    for (path, text) in &files {
        for (number, line) in text.lines().enumerate() {
            let names = shown_by_debug(line);
            found.extend(names.iter().map(|name| {
                format!("{}:{}: {{{name}:?}} in: {}", path.display(), number + 1, line.trim())
            }));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn what_is_forbidden_is_found() {
    assert_eq!(
        shown_by_debug(r#"format!("it failed: {error:?}, {path:?} {cause:#?}")"#),
        ["error", "cause"]
    );
    assert!(shown_by_debug(r#"format!("{error} {path:?} {errors:?}")"#).is_empty());
}
