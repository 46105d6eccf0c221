//! From files, variables and flags to a connection, or to what is wrong.

use crate::connection::describe;
use crate::kubectl::{self, Checked};
use crate::{kebab, none, vectors};
use kubecred_core::kubeconfig::{namespace_flag, parse_timeout};
use kubecred_core::protocol::RunCommand;
use kubecred_core::{
    Authorization, ConfigError, DetectionStep, Environment, Failure, FailureKind, Overrides,
    Profile, Roots, Secret, StdinState, detect, exec,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The most that a plugin may print; vectors do not say.
const LIMIT: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    /// What it shows, for people.
    pub(crate) about: String,
    pub(crate) checked: Checked,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) flags: Map<String, Value>,
    #[serde(default)]
    pub(crate) files: BTreeMap<String, Content>,
    #[serde(default)]
    pub(crate) terminal: bool,
    pub(crate) expected: Expected,
}

/// What reading a file gives.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Content {
    Text(String),
    Fails(Fails),
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", tag = "failure", deny_unknown_fields)]
pub(crate) enum Fails {
    Denied,
    Directory,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Expected {
    Connection(Value),
    Errors(Vec<Value>),
    /// A connection by a plugin, and what the plugin is told.
    Plugin {
        args: Vec<String>,
        stdin: bool,
        info: String,
    },
}

#[test]
fn every_kubeconfig_vector_holds() {
    let mut faults = Vec::new();
    for (name, vector) in vectors::<Vector>("kubeconfig") {
        assert!(!vector.about.is_empty(), "{name} says nothing");
        let found = play(&vector);
        let (expected, found) = match (&vector.expected, found) {
            (Expected::Connection(expected), Ok(profile)) => (expected.clone(), describe(&profile)),
            (Expected::Errors(expected), Err(error)) => (json!(expected), errors(&error)),
            (Expected::Plugin { args, stdin, info }, Ok(profile)) => {
                let expected = json!({ "args": args, "stdin": stdin, "info": info });
                (expected, told(&vector, &profile))
            }
            (_, Ok(profile)) => (Value::Null, describe(&profile)),
            (_, Err(error)) => (Value::Null, errors(&error)),
        };
        if expected != found {
            faults.push(format!("{name}:\n  expected {expected}\n  found    {found}"));
        }
    }
    none(&faults);
}

#[test]
fn kubectl_agrees_with_every_kubeconfig_vector_that_it_can_tell() {
    let (mut faults, mut asked) = (Vec::new(), 0);
    for (name, vector) in vectors::<Vector>("kubeconfig") {
        match &vector.checked {
            Checked::Kubectl => {
                asked += 1;
                faults.extend(kubectl::judge(&vector).map(|fault| format!("{name}: {fault}")));
            }
            Checked::Rule { because } => assert!(!because.is_empty(), "{name}: why?"),
        }
    }
    println!("kubectl was asked about {asked} kubeconfig vectors");
    none(&faults);
}

fn play(vector: &Vector) -> Result<Profile, ConfigError> {
    let variables = vector.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let environment = Environment::new(variables)
        .in_directory("/v/work")
        .with_stdin(StdinState { terminal: vector.terminal, unavailable: None });
    let explicit = vector.flags.get("kubeconfig").and_then(Value::as_str);
    let mut detection = detect(explicit, overrides(vector)?, &environment);
    loop {
        let reads = detection.reads().iter().map(|path| read(vector, path)).collect();
        match detection.feed(reads)? {
            DetectionStep::Read(next) => detection = *next,
            DetectionStep::Done(profile) => return Ok(*profile),
        }
    }
}

/// A path that is relative is relative to `/v/work`.
fn read(vector: &Vector, path: &str) -> Result<Secret, Failure> {
    let absolute = if path.starts_with('/') { path.to_owned() } else { format!("/v/work/{path}") };
    match vector.files.get(&absolute) {
        Some(Content::Text(text)) => Ok(Secret::from(text.as_str())),
        Some(Content::Fails(Fails::Denied)) => Err(Failure::new(FailureKind::Denied, "denied")),
        Some(Content::Fails(Fails::Directory)) => {
            Err(Failure::new(FailureKind::Other, "a directory"))
        }
        None => Err(Failure::new(FailureKind::NotFound, "no such file")),
    }
}

fn overrides(vector: &Vector) -> Result<Overrides, ConfigError> {
    let mut overrides = Overrides::default();
    for (flag, value) in &vector.flags {
        let text = || value.as_str().unwrap_or_else(|| panic!("--{flag} is text")).to_owned();
        match flag.as_str() {
            "kubeconfig" => {}
            "context" => overrides.context = text(),
            "cluster" => overrides.cluster = text(),
            "user" => overrides.user = text(),
            "namespace" => overrides.namespace = namespace_flag(&text()).to_owned(),
            "server" => overrides.server = text(),
            "tls-server-name" => overrides.tls_server_name = text(),
            "insecure-skip-tls-verify" => {
                overrides.insecure_skip_tls_verify = *value == json!(true)
            }
            "certificate-authority" => overrides.certificate_authority = text(),
            "disable-compression" => overrides.disable_compression = *value == json!(true),
            "client-certificate" => overrides.client_certificate = text(),
            "client-key" => overrides.client_key = text(),
            "token" => overrides.token = Secret::from(text()),
            "as" => overrides.impersonate_user = text(),
            "as-uid" => overrides.impersonate_uid = text(),
            "as-group" => {
                overrides.impersonate_groups =
                    serde_json::from_value(value.clone()).expect("--as-group is a list");
            }
            "username" => overrides.username = text(),
            "password" => overrides.password = Secret::from(text()),
            "request-timeout" => overrides.timeout = parse_timeout(&text())?,
            other => panic!("--{other} is no flag that vectors may have"),
        }
    }
    overrides.default_server =
        vector.variables.get("KUBERNETES_MASTER").cloned().unwrap_or_default();
    Ok(overrides)
}

fn errors(error: &ConfigError) -> Value {
    let each = error.problems().iter().map(|problem| {
        crate::connection::squeeze(json!({
            "file": problem.file,
            "entry": problem.entry,
            "field": problem.field.split(':').next(),
            "kind": kebab(&format!("{:?}", problem.kind)),
        }))
    });
    each.collect()
}

/// What the plugin of this connection is told.
fn told(vector: &Vector, profile: &Profile) -> Value {
    let Authorization::Exec(plugin) = &profile.authentication.authorization else {
        return json!("there is no plugin");
    };
    let roots = plugin.cluster.as_ref().map(|cluster| &cluster.certificate_authority);
    let pem = match roots {
        Some(Roots::File(path)) => Some(read(vector, path).expect("an authority that can be read")),
        _ => None,
    };
    match exec::request(plugin, pem.as_ref().map(Secret::expose), LIMIT) {
        Ok(command) => describe_run(&command),
        Err(problem) => json!(kebab(&format!("{problem:?}"))),
    }
}

fn describe_run(command: &RunCommand) -> Value {
    let info = command.env.last().expect("the last variable is the information");
    assert_eq!(info.name, "KUBERNETES_EXEC_INFO");
    json!({
        "args": command.args,
        "stdin": command.stdin == kubecred_core::protocol::Stdin::Inherit,
        "info": crate::connection::text(&info.value),
    })
}
