//! What a plugin prints, and what comes of it.

use crate::kubectl::{self, Checked};
use crate::{connection, kebab, none, vectors};
use kubecred_core::exec::{Fetched, accept};
use kubecred_core::protocol::Exit;
use kubecred_core::{Exec, ExecApiVersion, PluginProblem, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Vector {
    about: String,
    checked: Checked,
    /// The `apiVersion` that the kubeconfig has.
    api_version: String,
    stdout: String,
    #[serde(default)]
    exit: i32,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Expected {
    Credential(Value),
    Error(String),
}

fn play(vector: &Vector) -> Result<Fetched, PluginProblem> {
    let api_version = match vector.api_version.rsplit('/').next() {
        Some("v1beta1") => ExecApiVersion::V1Beta1,
        _ => ExecApiVersion::V1,
    };
    assert_eq!(api_version.as_str(), vector.api_version);
    let exec = Exec { api_version, ..Exec::new("plugin") };
    let stdout = Secret::from(vector.stdout.as_str());
    accept(&exec, &Exit { code: vector.exit, stdout })
}

fn describe(fetched: &Fetched) -> Value {
    let identity = fetched.identity.as_ref();
    connection::squeeze(json!({
        "token": fetched.token.as_ref().map(connection::text),
        "client-certificate": identity.map(|identity| connection::text(&identity.certificate)),
        "client-key": identity.map(|identity| connection::text(&identity.key)),
        "expires": fetched.expires.map(|expires| expires.as_millis()),
    }))
}

fn name(problem: &PluginProblem) -> String {
    match problem {
        PluginProblem::Output(problem) => kebab(&format!("{problem:?}")),
        problem => kebab(&format!("{problem:?}")),
    }
}

#[test]
fn every_answer_vector_holds() {
    let mut faults = Vec::new();
    for (file, vector) in vectors::<Vector>("answer") {
        assert!(!vector.about.is_empty(), "{file} says nothing");
        let found = match play(&vector) {
            Ok(fetched) => json!({ "credential": describe(&fetched) }),
            Err(problem) => json!({ "error": name(&problem) }),
        };
        let expected = match &vector.expected {
            Expected::Credential(credential) => json!({ "credential": credential }),
            Expected::Error(error) => json!({ "error": error }),
        };
        if expected != found {
            faults.push(format!("{file}:\n  expected {expected}\n  found    {found}"));
        }
    }
    none(&faults);
}

#[test]
fn kubectl_agrees_with_every_answer_vector_that_it_can_tell() {
    let (mut faults, mut asked) = (Vec::new(), 0);
    for (file, vector) in vectors::<Vector>("answer") {
        if let Checked::Rule { because } = &vector.checked {
            assert!(!because.is_empty(), "{file}: why?");
            continue;
        }
        asked += 1;
        let outcome = kubectl::takes(&vector.api_version, vector.stdout.as_bytes(), vector.exit);
        match (&vector.expected, outcome) {
            (Expected::Credential(_), Err(said)) => {
                faults.push(format!("{file}: kubectl refuses: {said}"))
            }
            (Expected::Error(_), Ok(())) => faults.push(format!("{file}: kubectl takes it")),
            (Expected::Credential(_), Ok(())) | (Expected::Error(_), Err(_)) => {}
        }
    }
    println!("kubectl was asked about {asked} answer vectors");
    none(&faults);
}
