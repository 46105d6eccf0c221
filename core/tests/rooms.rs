//! How the files of this crate depend on each other: imports run down the list of rooms, and files
//! that need each other stand in one folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in order: a file imports from its own room and from those above it. A room is a module,
/// or one that stands inside another and comes later in the list.
const ROOMS: &[&str] = &[
    // The ground: what every other room may stand on.
    "secret",
    "printable",
    "sent",
    "time",
    "failure",
    "redact",
    "content",
    "path",
    "url",
    "pem",
    "certificate",
    "profile",
    "error",
    "credential",
    "protocol",
    "policy",
    "headers",
    "api",
    "oauth",
    "jwt",
    "cx",
    "store",
    "source",
    "machine",
    "plugin_cache",
    "reviewer",
    "yaml",
    "environment",
    "kubeconfig",
    "construct",
    "in_cluster",
    "detect",
    "login",
    "kubeconfig::explain",
];

/// Imports against the order, each with the reason why it stands.
const EXCEPTIONS: &[(&str, &str)] = &[
    // With the feature `kubeconfig` a plugin may answer in YAML, as kubectl's may (EX-50).
    ("api::document", "yaml"),
];

/// A file: its module path, and what it imports.
struct File {
    module: Vec<String>,
    path: PathBuf,
    imports: BTreeSet<Vec<String>>,
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().with_extension("");
                let mut module: Vec<String> =
                    name.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
                if module.last().is_some_and(|last| last == "mod" || last == "lib") {
                    module.pop();
                }
                // Tests may look at everything.
                if module.iter().any(|part| part == "tests") {
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                let imports = imports(&text, &module);
                files.push(File { module, path, imports });
            }
        }
    }
    files
}

/// What a file names of this crate, as absolute module paths, items at the end.
fn imports(text: &str, module: &[String]) -> BTreeSet<Vec<String>> {
    let code: String = text
        .split("#[cfg(test)]\nmod ")
        .next()
        .unwrap()
        .lines()
        .map(|line| line.split("//").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = BTreeSet::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            expand(&code[at..], &mut Vec::new(), &mut found);
        }
    }
    found.into_iter().filter_map(|path| absolute(path, module)).collect()
}

/// The paths that a piece of code begins with: `a::{b, c::d}` is two. Gives the rest.
fn expand<'c>(
    code: &'c str,
    prefix: &mut Vec<String>,
    found: &mut BTreeSet<Vec<String>>,
) -> &'c str {
    let depth = prefix.len();
    let mut rest = code.trim_start();
    loop {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*'));
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        if word.is_empty() {
            break;
        }
        prefix.push(word.to_owned());
        rest = after;
        let Some(after) = rest.strip_prefix("::") else { break };
        rest = after;
        if let Some(mut group) = rest.strip_prefix('{') {
            loop {
                group = expand(group, prefix, found).trim_start();
                match group.strip_prefix(',') {
                    Some(after) if after.trim_start().starts_with('}') => {
                        group = after.trim_start();
                        break;
                    }
                    Some(after) => group = after,
                    None => break,
                }
            }
            rest = group.strip_prefix('}').unwrap_or(group);
            prefix.truncate(depth);
            return rest;
        }
    }
    if prefix.len() > depth {
        found.insert(prefix.clone());
    }
    prefix.truncate(depth);
    // `as NAME`
    let trimmed = rest.trim_start();
    match trimmed.strip_prefix("as ") {
        Some(name) => {
            name.trim_start().trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')
        }
        None => rest,
    }
}

fn absolute(path: Vec<String>, module: &[String]) -> Option<Vec<String>> {
    let supers = path.iter().take_while(|part| *part == "super").count();
    let (base, rest) = match supers {
        0 => (&[][..], &path[1..]),
        // Beyond the root: from inside a module within the file.
        _ => (&module[..module.len().checked_sub(supers)?], &path[supers..]),
    };
    let path: Vec<String> =
        base.iter().chain(rest).filter(|part| *part != "self").cloned().collect();
    // From a module within the file, `super` is the file itself.
    let within = supers > 0 && base.is_empty() && room(&path).is_none();
    (!path.is_empty() && !within).then_some(path)
}

/// The place in the list of the room that a module path is in.
fn room(path: &[String]) -> Option<usize> {
    let path = path.join("::");
    let holds = |room: &str| path == room || path.starts_with(&format!("{room}::"));
    let rooms = ROOMS.iter().enumerate().filter(|(_, room)| holds(room));
    rooms.max_by_key(|(_, room)| room.len()).map(|(place, _)| place)
}

#[test]
fn imports_run_down_the_list_of_rooms() {
    let mut wrong = Vec::new();
    for file in files() {
        if file.module.is_empty() {
            continue;
        }
        let name = file.module.join("::");
        let Some(own) = room(&file.module) else {
            wrong.push(format!("{name} is in no room"));
            continue;
        };
        for import in &file.imports {
            // What the root exports stands in some room, and is imported from there.
            let Some(other) = room(import) else {
                wrong.push(format!("{name} imports {} from the root", import.join("::")));
                continue;
            };
            if other > own && !EXCEPTIONS.contains(&(&name, ROOMS[other])) {
                wrong.push(format!("{name} imports {}", import.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The two halves: the machine knows no kubeconfig and no YAML.
#[test]
fn the_machine_imports_no_kubeconfig() {
    let at = |name: &str| ROOMS.iter().position(|room| *room == name).unwrap();
    for (name, other) in EXCEPTIONS {
        assert!(at(other) >= at("yaml"), "{name}");
    }
    for room in ["profile", "protocol", "api", "source"] {
        assert!(at(room) < at("yaml"), "{room}");
    }
    assert_eq!(EXCEPTIONS.len(), 1, "no more than the answer of a plugin");
}

#[test]
fn files_that_need_each_other_stand_in_one_folder() {
    let files = files();
    let modules: BTreeMap<Vec<String>, usize> =
        files.iter().enumerate().map(|(nth, file)| (file.module.clone(), nth)).collect();
    let edges: Vec<Vec<usize>> = files
        .iter()
        .map(|file| {
            let target = |import: &Vec<String>| {
                let lengths = (1..=import.len()).rev();
                { lengths }.find_map(|length| modules.get(&import[..length]).copied())
            };
            file.imports.iter().filter_map(target).collect()
        })
        .collect();
    let reach: Vec<BTreeSet<usize>> =
        (0..files.len()).map(|from| reachable(from, &edges)).collect();
    let mut wrong = BTreeSet::new();
    for (one, reached) in reach.iter().enumerate() {
        for other in reached.iter().filter(|other| reach[**other].contains(&one)) {
            if folder(&files[one]) != folder(&files[*other]) && one < *other {
                wrong.insert(format!(
                    "{} and {}",
                    files[one].path.display(),
                    files[*other].path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} circles:\n{wrong:#?}", wrong.len());
}

fn reachable(from: usize, edges: &[Vec<usize>]) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        open.extend(edges[at].iter().filter(|next| seen.insert(**next)));
    }
    seen
}

/// The folder that a file's module belongs to: `profile.rs` stands with what is in `profile`.
fn folder(file: &File) -> String {
    let path = file.path.with_extension("");
    let own = match path.file_name().is_some_and(|name| name == "mod") || !path.is_dir() {
        true => path.parent().unwrap().to_owned(),
        false => path,
    };
    own.display().to_string()
}

#[test]
fn paths_are_read_as_rust_reads_them() {
    let module = ["a".to_owned(), "b".to_owned()];
    let code =
        "use crate::{x::{self, Y}, z::W as V};\nuse super::c::D;\nfn f() { crate::e::g() }\n";
    let found: Vec<String> =
        imports(code, &module).into_iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["a::c::D", "e::g", "x", "x::Y", "z::W"]);
}

/// A setting of a kubeconfig is a field of its entry, one of the overrides, a line in the table of
/// settings, and its meaning; each of these four is one file.
#[test]
fn a_setting_is_named_in_four_files_of_kubeconfig() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kubeconfig");
    let mut naming = BTreeSet::new();
    for file in files() {
        let Ok(path) = file.path.strip_prefix(&root) else { continue };
        let code = fs::read_to_string(&file.path).unwrap();
        if ["\"disable-compression\"", "disable_compression"].iter().any(|name| code.contains(name))
        {
            naming.insert(path.to_str().unwrap().to_owned());
        }
    }
    let naming: Vec<&str> = naming.iter().map(String::as_str).collect();
    assert_eq!(naming, ["connect.rs", "entries.rs", "overrides.rs", "setting.rs"]);
}
