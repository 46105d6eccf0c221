//! Sources of credentials are an open set: a new one touches its own file, one line of each list, and
//! what puts it to use. This counts the files that name each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The most files that may name a source.
const MOST: usize = 9;

/// A source: its name, its own file or folder, and the words by which other files name it.
const SOURCES: [(&str, &str, &[&str]); 7] = [
    ("certificate files", "core/src/source/certificate_files.rs", &["CertificateFiles"]),
    (
        "exec plugin",
        "core/src/source/exec",
        &["ExecPlugin", "Authorization::Exec", " Exec, Oidc", " exec(exec)"],
    ),
    (
        "OpenID provider",
        "core/src/source/oidc",
        &["OidcSource", "Authorization::Oidc", " Exec, Oidc", " oidc(oidc)"],
    ),
    (
        "provided",
        "core/src/source/provided.rs",
        &["ProvidedSource", "Authorization::Provided", " Provided, Token;", " provided(string)"],
    ),
    ("roots file", "core/src/source/roots_file.rs", &["RootsFile"]),
    (
        "token file",
        "core/src/source/token_file.rs",
        &[
            "TokenFile::new",
            "token_file::TokenFile",
            " TokenFile,",
            "Authorization::TokenFile",
            "TokenFile /",
            " token-file(authorization",
        ],
    ),
    (
        "token request",
        "core/src/source/token_request.rs",
        &[
            "TokenRequestSource",
            "authentication.service_account",
            "ServiceAccount { namespace",
            " record service-account",
        ],
    ),
];

/// Where sources may be named. Kubeconfigs are read, changed and explained entry by entry, whatever
/// source comes of an entry: those rooms do not count, and neither do tests but for the world.
const PLACES: [&str; 8] = [
    "core/src",
    "adapters/host/src",
    "adapters/tokio/src",
    "adapters/wasi/src",
    "wasm/component/src",
    "wasm/envoy/src",
    "wasm/wit",
    "tests/world/src",
];

/// Files that put one source to use in a way of its own, with the reason.
const EXCEPTIONS: [(&str, &str, &str); 5] = [
    (
        "OpenID provider",
        "core/src/construct.rs",
        "joins it with the kubeconfig that its tokens came from",
    ),
    ("exec plugin", "adapters/host/src/settings.rs", "the host's plugin policy and standard input"),
    ("token request", "core/src/machine/authenticator.rs", "impersonation goes into its request"),
    ("token request", "wasm/envoy/src/settings.rs", "the filter's own field for it"),
    (
        "token request",
        "tests/world/src/law_runner.rs",
        "what a bootstrap login gives is not served",
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let counts = !path.ends_with("core/src/kubeconfig") && !path.ends_with("tests");
        if path.is_dir() && counts {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "wit") {
            found.push(path);
        }
    }
}

/// The files that name each source; its own folder counts as one.
fn named() -> BTreeMap<&'static str, BTreeSet<String>> {
    let root = root();
    let mut all = Vec::new();
    PLACES.iter().for_each(|place| files(&root.join(place), &mut all));
    let mut named: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(&root).unwrap().to_str().unwrap();
        let code: Vec<&str> = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
        for (source, own, words) in SOURCES {
            if file.starts_with(own) {
                named.entry(source).or_default().insert(own.to_owned());
            } else if code.iter().any(|line| words.iter().any(|word| line.contains(word))) {
                named.entry(source).or_default().insert(file.to_owned());
            }
        }
    }
    named
}

#[test]
fn no_source_is_named_in_more_than_nine_files() {
    let named = named();
    for (source, own, _) in SOURCES {
        let files = &named[source];
        assert!(files.contains(own), "{source} has a file of its own");
        assert!(files.contains("core/src/machine/slots.rs"), "{source} fills a slot: {files:?}");
        let excepted =
            |file: &&String| EXCEPTIONS.iter().any(|(of, name, _)| *of == source && name == file);
        let counted: Vec<&String> = files.iter().filter(|file| !excepted(file)).collect();
        println!(
            "{source}: {} files\n  {}",
            counted.len(),
            counted.iter().map(|f| f.as_str()).collect::<Vec<_>>().join("\n  ")
        );
        assert!(
            counted.len() <= MOST,
            "{source} is named in {} files: {counted:#?}",
            counted.len()
        );
    }
    for (source, file, _) in EXCEPTIONS {
        assert!(named[source].contains(file), "{file} does not name {source} any more");
    }
}

#[test]
fn every_file_of_the_room_of_sources_is_counted() {
    let folder = root().join("core/src/source");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_source = SOURCES.iter().any(|(_, own, _)| own.ends_with(&name));
        // What is given outright is no source; `mod.rs` is the room's list.
        assert!(is_source || name == "constant.rs" || name == "mod.rs", "{name} is not counted");
    }
}
