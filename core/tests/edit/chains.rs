//! The same commands by kubectl and by us, on chains of files: the same entries in the same files
//! (KC-88, KC-89).

use std::path::Path;

use kubecred_core::Kubeconfig;
use kubecred_core::kubeconfig::{ExecEntry, UserEntry};
use kubecred_core::protocol::EnvVar;
use serde_json::Value;

use crate::kubectl::{Folder, Random};

/// How many chains, with how many commands each. A command takes kubectl 50 ms.
const CHAINS: u64 = 60;
const COMMANDS: usize = 4;

const FILES: [&str; 3] = ["one", "two", "three"];
const NAMES: &[&str] = &["a", "b", "c", "0x10"];

#[test]
fn kc_88_kc_89_commands_change_the_same_files_in_the_same_way() {
    let threads = 2;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let mut failed = 0;
                for seed in (0..CHAINS).filter(|seed| seed % threads == thread) {
                    failed += one_chain(seed);
                }
                let commands = CHAINS as usize * COMMANDS / threads as usize;
                assert!(failed * 2 < commands, "{failed} of {commands} failed: the mix is no test");
            });
        }
    });
}

/// Runs commands on two copies of a chain, and says how many failed in both.
fn one_chain(seed: u64) -> usize {
    let mut random = Random::new(seed + 1);
    let (theirs, ours) = (Folder::new(), Folder::new());
    for folder in [&theirs, &ours] {
        std::fs::create_dir(folder.path("pki")).expect("a folder");
        folder.write("pki/x.pem", b"x");
    }
    for name in FILES {
        if random.chance(80) {
            let text = kubeconfig(&mut random);
            theirs.write(name, text.as_bytes());
            ours.write(name, text.as_bytes());
        }
    }
    let mut names: Vec<&str> = FILES.to_vec();
    names.rotate_left(random.below(3));
    names.truncate(1 + random.below(3));
    let mut log = Vec::new();
    let mut failed = 0;
    for _ in 0..COMMANDS {
        let command = command(&mut random, &ours);
        let args: Vec<&str> = command.args.iter().map(String::as_str).collect();
        log.push(command.args.join(" "));
        let output = theirs.kubectl(&names, &args);
        let context = || {
            let stderr = String::from_utf8_lossy(&output.stderr);
            format!("seed {seed}, chain {names:?}, {log:#?}\n{stderr}")
        };
        assert_eq!(
            perform(&ours, &names, command.change),
            output.status.success(),
            "{}",
            context()
        );
        failed += usize::from(!output.status.success());
        for name in FILES {
            assert_eq!(meaning(&ours, name), meaning(&theirs, name), "{name}: {}", context());
        }
    }
    assert_eq!(settled(ours.view(&names), &ours), settled(theirs.view(&names), &theirs));
    failed
}

type Change = Box<dyn Fn(&mut Kubeconfig) -> bool>;

/// Makes the change, if there is one.
fn perform(folder: &Folder, names: &[&str], change: Change) -> bool {
    let chain = folder.chain(names);
    let mut config = chain.config().clone();
    if !change(&mut config) {
        return false;
    }
    for change in chain.changes(&config).expect("a change") {
        std::fs::write(&change.path, change.contents.expose()).expect("written");
    }
    true
}

/// What a file says, wherever its folder is.
fn meaning(folder: &Folder, name: &str) -> Option<Value> {
    let text = folder.read(name)?;
    let config = Kubeconfig::from_bytes(text.as_bytes()).expect("a kubeconfig");
    let json = serde_json::from_slice(config.to_json().unwrap().expose()).expect("JSON");
    Some(settled(json, folder))
}

/// With paths absolute: what kubectl makes absolute we leave alone. And with commands without `./`,
/// which kubectl takes away, and makes them names to look up on PATH: quirk 8.
fn settled(mut json: Value, folder: &Folder) -> Value {
    let root = folder.path("");
    let absolute = |value: &mut Value| {
        if let Some(path) = value.as_str().filter(|path| !path.is_empty()) {
            let path = Path::new(&root).join(path);
            let mut clean = std::path::PathBuf::new();
            for part in path.components() {
                match part {
                    std::path::Component::ParentDir => drop(clean.pop()),
                    std::path::Component::CurDir => {}
                    part => clean.push(part),
                }
            }
            *value = clean.to_str().expect("text").into();
        }
    };
    for item in json["clusters"].as_array_mut().into_iter().flatten() {
        if let Some(path) = item["cluster"].get_mut("certificate-authority") {
            absolute(path);
        }
    }
    for item in json["users"].as_array_mut().into_iter().flatten() {
        for field in ["client-certificate", "client-key", "tokenFile"] {
            if let Some(path) = item["user"].get_mut(field) {
                absolute(path);
            }
        }
        if let Some(command) = item["user"].get_mut("exec").and_then(|exec| exec.get_mut("command"))
            && command.as_str().is_some_and(|command| command.contains('/'))
        {
            let bare = command.as_str().unwrap_or_default().trim_start_matches("./").to_owned();
            *command = bare.into();
        }
    }
    let text = json.to_string().replace(root.trim_end_matches('/'), "ROOT");
    crate::kubectl::without_empties(serde_json::from_str(&text).expect("JSON"))
}

struct Command {
    args: Vec<String>,
    /// Says whether it can be made.
    change: Change,
}

fn command(random: &mut Random, folder: &Folder) -> Command {
    let name = (*random.pick(NAMES)).to_owned();
    let other = (*random.pick(&["a", "b", "new"])).to_owned();
    let new = |args: &[&str], change: Change| Command {
        args: args.iter().map(ToString::to_string).collect(),
        change,
    };
    match random.below(9) {
        0 => new(&["use-context", &name.clone()], Box::new(move |c| c.use_context(&name).is_ok())),
        1 => new(
            &["rename-context", &name.clone(), &other.clone()],
            Box::new(move |c| c.rename_context(&name, &other).is_ok()),
        ),
        2 => new(
            &["unset", "current-context"],
            Box::new(|c| {
                c.current_context.clear();
                true
            }),
        ),
        3 => match random.below(3) {
            0 => new(
                &["delete-context", &name.clone()],
                Box::new(move |c| c.delete_context(&name).is_ok()),
            ),
            1 => new(
                &["delete-cluster", &name.clone()],
                Box::new(move |c| c.delete_cluster(&name).is_ok()),
            ),
            _ => new(
                &["delete-user", &name.clone()],
                Box::new(move |c| c.delete_user(&name).is_ok()),
            ),
        },
        4 | 5 => set_cluster(name, random, folder),
        6 => {
            let (flag, value) =
                *random.pick(&[("cluster", "z"), ("user", ""), ("namespace", "ns")]);
            new(
                &["set-context", &name.clone(), &format!("--{flag}={value}")],
                Box::new(move |c| {
                    let context = c.contexts.entry(name.clone()).or_default();
                    match flag {
                        "cluster" => context.cluster = value.into(),
                        "user" => context.user = value.into(),
                        _ => context.namespace = value.into(),
                    }
                    true
                }),
            )
        }
        _ => set_credentials(name, random, folder),
    }
}

/// KB-9, and what it does not say: the flag that turns verification off is back to `false` unless it
/// is given.
fn set_cluster(name: String, random: &mut Random, folder: &Folder) -> Command {
    let authority = folder.path("pki/x.pem");
    let flag = *random.pick(&[
        "--server=https://new",
        "--insecure-skip-tls-verify=true",
        "--certificate-authority=pki/x.pem",
        "--proxy-url=http://proxy",
    ]);
    let args = ["set-cluster".to_owned(), name.clone(), flag.to_owned()];
    let change = move |config: &mut Kubeconfig| {
        let cluster = config.clusters.entry(name.clone()).or_default();
        cluster.insecure_skip_tls_verify = false;
        match flag {
            "--server=https://new" => {
                cluster.server = "https://new".into();
                cluster.tls_server_name.clear();
            }
            "--insecure-skip-tls-verify=true" => {
                cluster.insecure_skip_tls_verify = true;
                cluster.certificate_authority.clear();
                cluster.certificate_authority_data = Default::default();
            }
            "--certificate-authority=pki/x.pem" => {
                cluster.certificate_authority.clone_from(&authority);
                cluster.certificate_authority_data = Default::default();
            }
            _ => cluster.proxy_url = "http://proxy".into(),
        }
        true
    };
    Command { args: args.into(), change: Box::new(change) }
}

/// KB-6 to KB-8.
fn set_credentials(name: String, random: &mut Random, folder: &Folder) -> Command {
    let file = folder.path("pki/x.pem");
    let flag = *random.pick(&[
        "--token=t",
        "--username=me",
        "--client-certificate=pki/x.pem",
        "--client-key=/etc/x.key",
        "--exec-command=plugin",
        "--exec-arg=a,b",
        "--exec-env=K=V",
        "--auth-provider=oidc",
        "--auth-provider-arg=id-token=x",
    ]);
    let args = ["set-credentials".to_owned(), name.clone(), flag.to_owned()];
    let change = move |config: &mut Kubeconfig| {
        let user = config.users.entry(name.clone()).or_default();
        let UserEntry { exec, auth_provider, .. } = &mut *user;
        match flag {
            "--token=t" => {
                user.token = "t".into();
                user.username.clear();
                user.password = Default::default();
            }
            "--username=me" => {
                user.username = "me".into();
                user.token = Default::default();
            }
            "--client-certificate=pki/x.pem" => {
                user.client_certificate.clone_from(&file);
                user.client_certificate_data = Default::default();
            }
            "--client-key=/etc/x.key" => {
                user.client_key = "/etc/x.key".into();
                user.client_key_data = Default::default();
            }
            "--exec-command=plugin" => {
                let exec = exec.get_or_insert_with(ExecEntry::default);
                exec.command = "plugin".into();
                exec.args.clear();
            }
            "--exec-arg=a,b" => {
                exec.iter_mut().for_each(|exec| exec.args = vec!["a".into(), "b".into()]);
            }
            "--exec-env=K=V" => exec.iter_mut().for_each(|exec| {
                match exec.env.iter_mut().find(|variable| variable.name == "K") {
                    Some(variable) => variable.value = "V".into(),
                    None => exec.env.push(EnvVar { name: "K".into(), value: "V".into() }),
                }
            }),
            "--auth-provider=oidc" => {
                let provider = auth_provider.get_or_insert_default();
                if provider.name != "oidc" {
                    provider.name = "oidc".into();
                    provider.config.clear();
                }
            }
            _ => auth_provider.iter_mut().for_each(|provider| {
                provider.config.insert("id-token".into(), "x".into());
            }),
        }
        true
    };
    Command { args: args.into(), change: Box::new(change) }
}

/// Some entries of some names, in block style or between brackets, with comments.
fn kubeconfig(random: &mut Random) -> String {
    let mut text = String::from("# head\n");
    if random.chance(60) {
        text += &format!("current-context: \"{}\" # current\n", random.pick(NAMES));
    }
    for (list, kind) in [("clusters", "cluster"), ("users", "user"), ("contexts", "context")] {
        text += &format!("{list}:\n");
        for name in NAMES {
            if random.chance(50) {
                continue;
            }
            let body = match kind {
                "cluster" => *random.pick(&[
                    "{server: 'https://s', tls-server-name: t, certificate-authority: ../ca.crt}",
                    "\n    server: https://s # s\n    certificate-authority-data: aGk=",
                    "{insecure-skip-tls-verify: true}",
                ]),
                "user" => *random.pick(&[
                    "{token: t, client-certificate: pki/../u.crt, client-key: ./u.key}",
                    "\n    # by a plugin\n    exec:\n      command: ./plugin\n      args: [x]\n      apiVersion: client.authentication.k8s.io/v1beta1\n      env:\n      - {name: K, value: old}",
                    "{auth-provider: {name: oidc, config: {id-token: old, client-id: me}}}",
                    "{auth-provider: {name: gcp, config: {x: old}}, username: u, password: p}",
                    "",
                ]),
                _ => *random.pick(&["{cluster: a, user: b}", "\n    cluster: c # c\n    namespace: n1", "~"]),
            };
            text += &format!("- name: \"{name}\" # {name}\n  {kind}: {body}\n");
        }
    }
    text
}
