//! The tests that `cargo test` runs, from the workspace's sources.

use std::path::{Path, PathBuf};
use std::process::Command;
use syn::{Attribute, Expr, Item, Lit, Meta, MetaNameValue};

/// A test function that is compiled here and not ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestFunction {
    pub(crate) name: String,
    /// Its doc comment, line by line, trimmed.
    pub(crate) docs: Vec<String>,
    pub(crate) file: PathBuf,
}

/// Those of every target of the workspace that has any.
pub(crate) fn workspace() -> Vec<TestFunction> {
    let mut tests = Vec::new();
    for root in roots() {
        let folder = root.parent().expect("a file is in a folder").to_owned();
        collect(&root, &folder, &mut tests);
    }
    tests
}

/// The root files of the targets with tests, as cargo has them: what is in no target is no test.
fn roots() -> Vec<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version=1", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let list = |value: &serde_json::Value, key: &str| -> Vec<serde_json::Value> {
        value[key].as_array().expect("a list").clone()
    };
    let targets = list(&metadata, "packages").into_iter().flat_map(|p| list(&p, "targets"));
    let tested = targets.filter(|target| target["test"] == true);
    tested.map(|target| target["src_path"].as_str().expect("a path").into()).collect()
}

/// The tests of a file and of the modules under it, which lie in `folder`.
fn collect(file: &Path, folder: &Path, tests: &mut Vec<TestFunction>) {
    let text =
        std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed =
        syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    if is_compiled(&parsed.attrs) {
        collect_items(&parsed.items, file, folder, tests);
    }
}

fn collect_items(items: &[Item], file: &Path, folder: &Path, tests: &mut Vec<TestFunction>) {
    for item in items {
        match item {
            Item::Fn(function) if is_test(&function.attrs) => tests.push(TestFunction {
                name: function.sig.ident.to_string(),
                docs: docs(&function.attrs),
                file: file.to_owned(),
            }),
            Item::Mod(module) if is_compiled(&module.attrs) => {
                let name = module.ident.to_string();
                match (&module.content, path_attribute(&module.attrs)) {
                    (Some((_, items)), _) => collect_items(items, file, &folder.join(name), tests),
                    (None, Some(path)) => {
                        let path = file.parent().expect("a folder").join(path);
                        // What such a file declares lies beside it.
                        let folder = path.parent().expect("a file is in a folder").to_owned();
                        collect(&path, &folder, tests);
                    }
                    (None, None) => {
                        let below = folder.join(&name);
                        let beside = folder.join(name).with_extension("rs");
                        let file = if beside.exists() { beside } else { below.join("mod.rs") };
                        collect(&file, &below, tests);
                    }
                }
            }
            _ => {}
        }
    }
}

/// `#[test]`, `#[tokio::test]`, compiled here and run.
fn is_test(attributes: &[Attribute]) -> bool {
    let named = |attribute: &Attribute, name: &str| {
        attribute.path().segments.last().is_some_and(|segment| segment.ident == name)
    };
    let ignored = |attribute: &Attribute| {
        // What a condition hides is not looked into: it may ignore the test.
        named(attribute, "ignore") || named(attribute, "cfg_attr")
    };
    attributes.iter().any(|attribute| named(attribute, "test"))
        && !attributes.iter().any(ignored)
        && is_compiled(attributes)
}

/// Whether every `cfg` holds when all tests are run with all features on this system.
fn is_compiled(attributes: &[Attribute]) -> bool {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    conditions.into_iter().all(|attribute| {
        attribute.parse_args::<Meta>().is_ok_and(|condition| holds(&condition) == Some(true))
    })
}

/// Whether a condition holds; `None` if nobody knows, and then the test does not count.
fn holds(condition: &Meta) -> Option<bool> {
    match condition {
        Meta::Path(path) if path.is_ident("test") => Some(true),
        Meta::Path(path) if path.is_ident("unix") => Some(cfg!(unix)),
        Meta::Path(path) if path.is_ident("windows") => Some(cfg!(windows)),
        Meta::NameValue(pair) if pair.path.is_ident("feature") => Some(true),
        Meta::NameValue(pair) if pair.path.is_ident("target_os") => {
            Some(text(pair)? == std::env::consts::OS)
        }
        Meta::List(list) => {
            let parse = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
            let inner: Vec<Option<bool>> =
                list.parse_args_with(parse).ok()?.iter().map(holds).collect();
            let all = inner.iter().copied().collect::<Option<Vec<bool>>>()?;
            match list.path.get_ident()?.to_string().as_str() {
                "all" => Some(all.iter().all(|held| *held)),
                "any" => Some(all.iter().any(|held| *held)),
                "not" => all.first().map(|held| !held),
                _ => None,
            }
        }
        _ => None,
    }
}

fn docs(attributes: &[Attribute]) -> Vec<String> {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => text(pair),
        _ => None,
    });
    lines.map(|line| line.trim().to_owned()).collect()
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => text(pair),
        _ => None,
    })
}

fn text(pair: &MetaNameValue) -> Option<String> {
    match &pair.value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

#[test]
fn only_tests_that_are_run_count() {
    let source = r#"
        #[test] fn plain() {}
        #[tokio::test(flavor = "multi_thread")] async fn of_tokio() {}
        /// I: better.
        /// More.
        #[test] fn documented() {}
        #[test] #[ignore] fn ignored() {}
        #[test] #[ignore = "why"] fn ignored_for_a_reason() {}
        #[test] #[cfg_attr(unix, ignore)] fn ignored_perhaps() {}
        #[cfg(not(test))] #[test] fn not_compiled() {}
        #[cfg(some_flag)] #[test] fn under_a_flag() {}
        #[cfg(all(test, not(some_flag)))] #[test] fn under_no_flag() {}
        fn helper() {}
        #[cfg(all(test, any(unix, windows), feature = "x"))] mod tests { #[test] fn inner() {} }
        #[cfg(not(any(unix, windows)))] mod elsewhere { #[test] fn far_away() {} }
    "#;
    let parsed = syn::parse_file(source).expect("Rust");
    let mut tests = Vec::new();
    collect_items(&parsed.items, Path::new("x.rs"), Path::new(""), &mut tests);
    let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names, ["plain", "of_tokio", "documented", "inner"]);
    assert_eq!(tests[2].docs, ["I: better.", "More."]);
}

#[test]
fn the_workspaces_own_tests_are_found() {
    let tests = workspace();
    let found = |name: &str, file: &str| {
        tests.iter().any(|test| test.name == name && test.file.ends_with(file))
    };
    assert!(found("the_workspaces_own_tests_are_found", "tests/rules/sources.rs"));
    assert!(found("kc_32_first_file_wins_per_named_entry", "core/tests/kubeconfig/merge.rs"));
    assert!(found("kc_14_home_is_the_variable_and_nothing_else", "core/src/environment.rs"));
}
