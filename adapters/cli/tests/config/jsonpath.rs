//! `-o jsonpath` of `config view`, beside kubectl's: every template with every kubeconfig.

use crate::folder::{EVERYTHING, Ended, Folder};
use std::path::Path;
use std::process::Command;

/// Nothing in it: kubectl's lists are null.
const EMPTY: &str = "apiVersion: v1\nkind: Config\npreferences: {colors: true}\n";

/// Lists of several, plugins, what JSON escapes, and numbers.
const RICH: &str = r#"apiVersion: v1
kind: Config
current-context: a
preferences: {colors: true}
contexts:
- {name: a, context: {cluster: c1, user: u1, namespace: ns1}}
- {name: b, context: {cluster: c2, user: u2}}
- {name: d.e, context: {cluster: c2, user: u3, namespace: "two words"}}
clusters:
- {name: c1, cluster: {server: "https://a<b&c:1"}}
- name: c2
  cluster:
    server: https://two
    insecure-skip-tls-verify: true
    extensions:
    - {name: x, extension: {small: 7, float: 2.5, large: 123456789012, list: [3, 1, 2], "quoted\"": "tab\tü", "off": false, none: null}}
users:
- {name: u1, user: {as: joe, as-groups: [g1, g2, g3]}}
- name: u2
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: cmd
      args: [a, b, c, d]
      env: [{name: VAR, value: "v w"}, {name: Z, value: z}]
      interactiveMode: Never
- {name: u3, user: {username: x}}
"#;

/// Templates that print in the order of lists.
const TEMPLATES: &[&str] = &[
    "",
    "text",
    "a}b",
    "{}",
    "{@}{\"\"}x",
    "{$.kind}",
    "{.kind}{.apiVersion}",
    "{.kind} and {.kind}",
    "{ .kind }",
    "{.current-context}",
    "{['current-context']}",
    "{.contexts[0].name}",
    "{.contexts[*].name}",
    "{.contexts[*].context.namespace}",
    "{.contexts[-1].name}",
    "{.contexts[-1:].name}",
    "{.contexts[0:2].name}",
    "{.contexts[1:].name}",
    "{.contexts[:1].name}",
    "{.contexts[::2].name}",
    "{.contexts[0:3:2].name}",
    "{.contexts[0,1].name}",
    "{.contexts[0, -1].name}",
    "{.contexts[*]['name','context.user']}",
    "{.contexts[:].name}",
    "{.contexts[].name}",
    "{.contexts[1:1].name}",
    "{.contexts[0:0].name}",
    "{.contexts[-2].name}",
    "{.contexts[?(@.name=='a')].context.user}",
    "{.contexts[?(@.name==\"b\")].context.user}",
    "{.contexts[?(@.name!='a')].name}",
    "{.contexts[?(@.name>'a')].name}",
    "{.contexts[?(@.name<'b')].name}",
    "{.contexts[?(@.name>='b')].name}",
    "{.contexts[?(@.name<='a')].name}",
    "{.contexts[?(@.context.namespace)].name}",
    "{.contexts[?(@.context.namespace=='two words')].name}",
    "{.contexts[?(@.name=='d.e')].name}",
    "{.contexts[?(@.context.cluster==@.context.user)].name}",
    "{.contexts[?('a'==@.name)].name}",
    "{.clusters[?(@.cluster.insecure-skip-tls-verify==true)].name}",
    "{.contexts[?(@.none=='a')].name}",
    "{.contexts[?(@.name==@.none)].name}",
    "{.users[?(@.user.exec)].name}",
    "{.users[?(@.user.exec.args[9])].name}",
    "{.users[*].user.exec.args}",
    "{.users[*].user.exec.args[*]}",
    "{.users[*].user.exec.args[1:3]}",
    "{.users[*].user.exec.env}",
    "{.users[*].user.exec.env[*].name}",
    "{.users[*].user.exec.provideClusterInfo}",
    "{.users[*].user.exec.installHint}",
    "{.users[0].user}",
    "{.users[0].user.as-groups[0]}",
    "{.users[*].user['as-groups'][*]}",
    "{.clusters[0].cluster}",
    "{.clusters[0].cluster.server}",
    "{.clusters[1].cluster.extensions[0].extension.small}",
    "{.clusters[1].cluster.extensions[0].extension.float}",
    "{.clusters[1].cluster.extensions[0].extension.list}",
    "{.clusters[1].cluster.extensions[0].extension.list[?(@>1.5)]}",
    "{.clusters[1].cluster.extensions[0].extension.none}",
    "{.clusters[1].cluster.extensions[0].extension.off}",
    "{.clusters[*].cluster.extensions[*].extension}",
    "{.clusters[*].cluster}",
    "{.contexts}",
    "{.none}",
    "{.none.more}",
    "{.none[*].more}",
    "{.none[0]}",
    "{.kind.more}",
    "{.kind[\"x\"]}",
    "{range .contexts[*]}{.name}{end}",
    "{range .contexts[*]}{.name}{\"\\n\"}{end}",
    "{range .contexts[*]}[{.name}, {.context.namespace}] {end}!",
    "{range .users[*]}{.name}:{range .user.exec.args[*]}{@},{end};{end}",
    "{range .users[*]}{range .user.exec.env[*]}{.name}={.value};{end}{end}.",
    "{range .contexts[?(@.context.namespace)]}{.name} {end}",
    "{range .contexts[*]}{.name},",
    "{range .contexts[*].name}{@}-{end}",
    "{range .kind}{@}{end}",
    "{range .none[*]}{.a}{end}ok",
    "{range .contexts[0,1]}{.name}{end}",
    "{range .contexts[*]}{end}x",
    "{range @}{.kind}{end}",
    "{range .contexts[*]}{range .context}{.user}{end}{end}",
    "{\"a\\tb\"}{'c\\n'}{\"\\x41\\u00e9\\101\"}",
    "{'it is \"quoted\"'}",
    "{\"it's\"}",
    "{1}{-2}{+3}",
    "{1.5}{.5}",
    "{true}{false}",
    "{\"text\" .kind}",
    "{.kind 1}",
    "{.contexts[*].name 'x'}",
    "{..namespace}",
    "{..args}",
    "{..args[0]}",
    "{..env[*].name}",
    "{..extension.small}",
    "{.users..name}",
    "{.contexts..namespace}",
    "{.contexts[*]..namespace}",
    "{.kind.*}",
    "{.users[0].user.as-groups.*}",
    "{.contexts[*].*.namespace}",
    "{.contexts.*.name}",
    "{.clusters[1].cluster.extensions[0]['name']}",
    "{.contexts[*]['name']}",
    "{.contexts\t}",
    "{.a\\.b}",
    "{['a\\.b']}",
    "{['']}",
    "{.}",
    "{.contexts[*] .name}",
    // Faults.
    "{",
    "{.a",
    "{.a\n}",
    "{.contexts[}",
    "{.contexts[0}",
    "{.contexts[x]}",
    "{.contexts[\"x\"]}",
    "{.contexts[1.5]}",
    "{.contexts[-]}",
    "{.contexts[0:1:2:3]}",
    "{.contexts[+1].name}",
    "{.contexts[7].name}",
    "{.contexts[-9].name}",
    "{.contexts[2:1].name}",
    "{.contexts[0:9].name}",
    "{.contexts[0:2:0].name}",
    "{.contexts[0:2:-1].name}",
    "{.contexts[?(@.name=='a')}",
    "{.contexts[?(@.name=='a'].name}",
    "{.contexts[?(@.name=~'a')].name}",
    "{.contexts[?(@.name===’a’)].name}",
    "{.contexts[?(@.name<>'a')].name}",
    "{.contexts[?(@.context=='a')].name}",
    "{.contexts[?(@.name==1)].name}",
    "{.contexts[?(@.name==true)].name}",
    "{.contexts[?(@.context.*=='a')].name}",
    "{.clusters[?(@.cluster.insecure-skip-tls-verify>false)].name}",
    "{.kind[*]}",
    "{.kind[0]}",
    "{.contexts[?()].name}",
    "{.kind[?(@.a)]}",
    "{end}",
    "{range .contexts[*]}{end}{end}",
    "{foo}",
    "{.kind foo}",
    "{range}",
    "{\"a}",
    "{\"\\q\"}",
    "{'a\"}",
    "{1.2.3}",
    "{-}",
    "{1x}",
    "{.a....b}",
    "{....}",
    "{%}",
    "{.a|.b}",
    "{(.a)}",
    "{.a,.b}",
    "{?}",
    "{.contexts[*]['name',}",
    "{é}",
];

/// Templates that go through the fields of objects, in which kubectl has no order.
const UNORDERED: &[&str] = &[
    "{..name}",
    "{.*.name}",
    "{.contexts[0].context.*}",
    "{.contexts[*].context.*}",
    "{..user}",
    "{..server}",
    "{..*.namespace}",
    "{range ..name}{@} {end}",
    "{.contexts..cluster}",
];

/// Ours compares numbers by their value, and writes whole ones in full. kubectl compares none that is
/// whole with one of JSON.
const BETTER: &[(&str, &str)] = &[
    ("{.clusters[1].cluster.extensions[0].extension.large}", "123456789012"),
    ("{.clusters[1].cluster.extensions[0].extension.list[?(@>1)]}", "3 2"),
    ("{.clusters[1].cluster.extensions[*].extension.list[?(@==2)]}", "2"),
];

fn run(folder: &Folder, program: &Path, form: &str, template: &str, more: &[&str]) -> Ended {
    let mut command = Command::new(program);
    command.args(["config", "view", "--raw", "--kubeconfig", "config", "-o"]);
    command.arg(format!("{form}={template}")).args(more);
    command.current_dir(folder.path("")).env_clear().env("HOME", folder.path(""));
    let output = command.output().expect("it runs");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    Ended { code: output.status.code(), stdout, stderr }
}

fn kubecred() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_kubecred"))
}

/// What differs for one template; empty if nothing does.
fn difference(
    folder: &Folder,
    kubectl: &Path,
    form: &str,
    template: &str,
    more: &[&str],
) -> String {
    let ours = run(folder, kubecred(), form, template, more);
    let theirs = run(folder, kubectl, form, template, more);
    let sorted = |text: &str| {
        let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        words.sort();
        words.join(" ")
    };
    let same = match (ours.code, theirs.code) {
        (Some(0), Some(0)) if UNORDERED.contains(&template) => {
            sorted(&ours.stdout) == sorted(&theirs.stdout)
        }
        (Some(0), Some(0)) => ours.stdout == theirs.stdout,
        (Some(2), Some(1 | 2)) => {
            // An empty template has no character.
            ours.stdout.is_empty()
                && (template.is_empty() || ours.stderr.contains(" at character "))
        }
        _ => false,
    };
    if same {
        String::new()
    } else {
        format!("{form}={template} {more:?}\n  {ours:?}\n  {theirs:?}\n")
    }
}

/// Runs all cases of one kubectl, on as many threads as kubeconfigs.
fn compare(minor: u8, kubeconfigs: &[&'static str]) {
    let kubectl = &kubecred_kubectl::version(minor);
    let found: Vec<(usize, String)> = std::thread::scope(|scope| {
        let threads = kubeconfigs.iter().map(|text| {
            scope.spawn(move || {
                let folder = Folder::with(&[("config", text)]);
                let mut found = String::new();
                let mut count = 0;
                for template in TEMPLATES.iter().chain(UNORDERED) {
                    found += &difference(&folder, kubectl, "jsonpath", template, &[]);
                    count += 1;
                }
                for template in TEMPLATES.iter().step_by(4) {
                    let strict = ["--allow-missing-template-keys=false"];
                    found += &difference(&folder, kubectl, "jsonpath", template, &strict);
                    found += &difference(&folder, kubectl, "jsonpath-as-json", template, &[]);
                    count += 2;
                }
                (count, found)
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let count: usize = found.iter().map(|(count, _)| count).sum();
    assert!(count >= 200 * kubeconfigs.len(), "only {count} cases");
    let found: String = found.into_iter().map(|(_, found)| found).collect();
    assert!(found.is_empty(), "kubectl 1.{minor} differs:\n{found}");
}

#[test]
fn kb_2_jsonpath_is_that_of_kubectl_1_33() {
    compare(33, &[EMPTY, RICH, EVERYTHING]);
}

#[test]
fn kb_2_jsonpath_is_that_of_kubectl_1_35() {
    compare(35, &[RICH]);
}

/// I: kubectl refuses them, and prints `1.23456789012e+11`.
#[test]
fn kb_2_numbers_are_compared_by_their_value_and_written_in_full() {
    let folder = Folder::with(&[("config", RICH)]);
    for (template, expected) in BETTER {
        let ours = run(&folder, kubecred(), "jsonpath", template, &[]);
        assert_eq!((ours.code, ours.stdout.as_str()), (Some(0), *expected), "{template}: {ours:?}");
        let theirs = run(&folder, &kubecred_kubectl::kubectl(), "jsonpath", template, &[]);
        assert_ne!((theirs.code, theirs.stdout.as_str()), (Some(0), *expected), "{template}");
    }
}

#[test]
fn kb_2_a_template_may_be_in_a_file_and_name_is_a_format() {
    let folder = Folder::with(&[("config", RICH), ("template", "{range .users[*]}{.name}\n{end}")]);
    let ours = run(&folder, kubecred(), "jsonpath-file", "template", &[]);
    let theirs = run(&folder, &kubecred_kubectl::kubectl(), "jsonpath-file", "template", &[]);
    assert_eq!((ours.code, &ours.stdout), (Some(0), &theirs.stdout), "{ours:?}");
    assert_eq!(ours.stdout, "u1\nu2\nu3\n");
    let missing = run(&folder, kubecred(), "jsonpath-file", "none", &[]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
    assert!(missing.stderr.contains("cannot read the template from \"none\""), "{missing:?}");
    let name = |program| {
        let arguments = ["config", "view", "-o", "name"];
        folder.run(program, "config", &arguments).stdout
    };
    assert_eq!(name(crate::folder::Program::Kubecred), name(crate::folder::Program::Kubectl));
}

/// What `config view` hides, it hides from templates too.
#[test]
fn kb_2_a_template_sees_no_secret_without_raw() {
    let folder = Folder::with(&[("config", EVERYTHING)]);
    let arguments = ["config", "view", "-o", "jsonpath={.users[*].user}"];
    let ours = folder.run(crate::folder::Program::Kubecred, "config", &arguments);
    assert_eq!(ours.code, Some(0), "{ours:?}");
    assert!(ours.stdout.contains("REDACTED") && !ours.stdout.contains("tok\""), "{ours:?}");
}
