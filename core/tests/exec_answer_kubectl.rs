//! Which answers of a plugin are taken: the same ones as the kubectl on PATH takes (EX-50…EX-57).
//!
//! kubectl runs a plugin that prints the answer; whether it got past the answer shows in what it
//! complains about, since nothing listens where it goes next.
#![cfg(unix)]

mod plugin;

use kubecred_core::protocol::Exit;
use kubecred_core::{Exec, ExecApiVersion, exec};
use plugin::{Plugin, SERVER};
use serde_json::{Value, json};
use std::{fs, thread};

const V1: &str = "client.authentication.k8s.io/v1";

macro_rules! vector {
    ($name:literal) => {
        include_str!(concat!("../../tests/vectors/certificates/", $name))
    };
}

#[test]
fn ex_54_every_kind_of_value_in_every_field() {
    let values = [
        json!(null),
        json!(true),
        json!(12),
        json!(""),
        json!("dGV4dA=="),
        json!("2030-01-01T00:00:00Z"),
        json!([]),
        json!({}),
        json!({"a": []}),
    ];
    let paths = [
        "/apiVersion",
        "/kind",
        "/metadata",
        "/spec",
        "/spec/interactive",
        "/spec/cluster",
        "/spec/cluster/server",
        "/spec/cluster/insecure-skip-tls-verify",
        "/spec/cluster/certificate-authority-data",
        "/spec/cluster/config",
        "/status",
        "/status/token",
        "/status/clientKeyData",
        "/status/clientCertificateData",
        "/status/expirationTimestamp",
        "/status/other",
    ];
    let mut answers = Vec::new();
    for path in paths {
        for value in &values {
            // Go reads a list of numbers as bytes; we do not (and nobody writes one).
            if path.ends_with("-data") && value.is_array() {
                continue;
            }
            let mut answer = json!({
                "apiVersion": V1,
                "kind": "ExecCredential",
                "metadata": {},
                "spec": {"interactive": false, "cluster": {
                    "server": "s",
                    "insecure-skip-tls-verify": true,
                    "certificate-authority-data": "",
                    "config": {},
                }},
                "status": {
                    "token": "t",
                    "clientKeyData": "",
                    "clientCertificateData": "",
                    "expirationTimestamp": null,
                    "other": 1,
                },
            });
            *answer.pointer_mut(path).unwrap() = value.clone();
            answers.push(answer.to_string());
        }
    }
    compare(answers);
}

#[test]
fn ex_50_to_57_answers_of_every_form() {
    let v1 = |rest: &str| format!(r#"{{"apiVersion":"{V1}",{rest}}}"#);
    let good = v1(r#""status":{"token":"t"}"#);
    let status = |status: &str| v1(&format!(r#""status":{status}"#));
    let mut answers: Vec<String> =
        ["", " \n", "null", "{}", "[]", "12", "text", "{", "}", "{\"a\"", "\u{feff}", "--- {}\n"]
            .map(Into::into)
            .into();
    answers.extend([
        format!(" \n\t{good}\n "),
        format!("\u{b}{good}"),
        format!("\u{a0}{good}"),
        format!("\u{feff}{good}"),
        format!("{good} x"),
        format!("{good}{good}"),
        format!("text\n{good}"),
        format!("# text\n{good}"),
        good.replace("v1", "v1beta1"),
        good.replace("v1", "v1alpha1"),
        good.replace("v1", "v2"),
        good.replace(V1, "v1"),
        good.replace("status", "Status"),
        good.replace("token", "Token"),
        format!(r#"{{"apiVersion":"v1","apiVersion":"{V1}","status":{{"token":"t"}}}}"#),
        v1(r#""kind":"Config","status":{"token":"t"}"#),
        v1(r#""x":1e999,"status":{"token":"t"}"#),
        v1(&format!(r#""x":{}{},"status":{{"token":"t"}}"#, "[".repeat(900), "]".repeat(900))),
        v1(r#""status":{"token":"t"},"status":{}"#),
        v1(r#""status":{"token":"t"},"status":null"#),
        v1(r#""status":{"token":"t"},"status":null,"status":{}"#),
        status(r#"{"token":"t","token":null}"#),
        status(r#"{"token":1,"token":"t"}"#),
        status(r#"{"token":"a\tb"}"#),
        format!("apiVersion: {V1}\nstatus: {{token: t}}\n"),
        format!("apiVersion: {V1}\nstatus: {{token: 0123}}\n"),
        format!("apiVersion: {V1}\nstatus: {{token: yes}}\n"),
        format!("apiVersion: {V1}\nstatus: {{token: t}}\nstatus: {{}}\n"),
        format!("apiVersion: {V1}\nstatus: {{token: t}}\n---\n[[[[\n"),
        format!(
            "apiVersion: {V1}\nstatus: {{token: t, expirationTimestamp: 2030-01-01T00:00:00Z}}\n"
        ),
        format!("apiVersion: {V1}\nstatus: {{token: t, expirationTimestamp: 2030-01-01}}\n"),
        format!("apiVersion: {V1}\nstatus:\n\ttoken: t\n"),
    ]);
    for time in [
        "0001-01-01T00:00:00Z",
        "2030-01-01T00:00:00+14:00",
        "2030-01-01T00:00:00.123456789012Z",
        "2030-01-01t00:00:00Z",
        "2030-01-01T00:00:00z",
        "2030-01-01 00:00:00Z",
        "2030-01-01T00:00:60Z",
        "2030-01-01T24:00:00Z",
        "2030-01-01T00:00:00",
        "2030-01-01T00:00:00+0100",
        "2030-1-1T00:00:00Z",
        "2030-02-30T00:00:00Z",
        "1893456000",
        "2030-01-01T0:00:00Z",
        "2030-01-01T7:00:00Z",
        "2030-01-01T007:00:00Z",
        "2030-01-01T00:0:00Z",
        "2030-01-01T00:00:0Z",
        "2030-01-01T00:00:00,5Z",
        "2030-01-01T00:00:00.Z",
        "2030-01-01T00:00:00.5",
        "2030-01-01T00:00:00+24:00",
        "2030-01-01T00:00:00+24:60",
        "2030-01-01T00:00:00-24:00",
        "2030-01-01T00:00:00+25:00",
        "2030-01-01T00:00:00+00:60",
        "2030-01-01T00:00:00+00:61",
        "2030-01-01T00:00:00+1:00",
        "2030-01-01T00:00:00+01",
        "2030-01-01T00:00:00Zx",
        "2030-01-01T00:00:00 Z",
        " 2030-01-01T00:00:00Z",
        "2016-12-31T23:59:60Z",
        "9999-12-31T23:59:59-24:00",
        "+2030-01-01T00:00:00Z",
        "12030-01-01T00:00:00Z",
    ] {
        answers.push(status(&format!(r#"{{"token":"t","expirationTimestamp":"{time}"}}"#)));
    }
    for data in ["*", "YQ", "YQ==", r"Y\nQ==", "Y Q=="] {
        let spec = format!(r#""spec":{{"cluster":{{"certificate-authority-data":"{data}"}}}}"#);
        answers.push(v1(&format!(r#"{spec},"status":{{"token":"t"}}"#)));
    }
    compare(answers);
}

#[test]
fn ex_55_pairs_of_every_kind() {
    let certificates =
        [vector!("rsa.crt"), vector!("p256.crt"), vector!("p384.crt"), vector!("ed25519.crt")];
    // Two that do not say which their public half is are left out: kubectl computes it, and so
    // refuses them beside a certificate of another key of the same kind.
    let keys = [
        vector!("rsa.pkcs1.key"),
        vector!("rsa.pkcs8.key"),
        vector!("rsa-other.pkcs8.key"),
        vector!("p256.sec1.key"),
        vector!("p256.pkcs8.key"),
        vector!("p256-other.pkcs8.key"),
        vector!("p256.with-parameters.key"),
        vector!("p256.encrypted.key"),
        vector!("p384.sec1.key"),
        vector!("p384.pkcs8.key"),
    ];
    let mut pairs: Vec<(String, String)> = Vec::new();
    for certificate in certificates {
        pairs.extend(keys.map(|key| (certificate.to_owned(), key.to_owned())));
    }
    let (certificate, key) = (vector!("p256.crt"), vector!("p256.pkcs8.key"));
    let chain = vector!("chain.crt");
    pairs.extend([
        (vector!("ed25519.crt").into(), vector!("ed25519.pkcs8.key").into()),
        (certificate.into(), vector!("p256.no-public.key").into()),
        (chain.into(), vector!("chain.key").into()),
        ([certificate, chain].concat(), vector!("chain.key").into()),
        ([key, certificate].concat(), key.into()),
        (certificate.into(), [certificate, key].concat()),
        (certificate.replace('\n', "\r\n"), key.replace('\n', "\r\n")),
        (["text\n", certificate].concat(), ["text\n", key].concat()),
        (["text", certificate].concat(), key.into()),
        (certificate.trim_end().into(), key.trim_end().into()),
        ([certificate.trim_end(), "text"].concat(), key.into()),
        ([certificate.trim_end(), certificate].concat(), key.into()),
        ([certificate.trim_end(), " \t\n"].concat(), key.into()),
        (certificate.replacen('\n', "\nName: value\n\n", 1), key.into()),
        (certificate.replacen('\n', "\n\n", 3), key.replacen('\n', " \n", 2)),
        (certificate.replacen("CERTIFICATE", "X509 CERTIFICATE", 2), key.into()),
        (certificate.into(), key.replace("PRIVATE KEY", "SECRET PRIVATE KEY")),
        (certificate.into(), key.replace("PRIVATE KEY", "SECRET KEY")),
        (certificate.replacen("CERTIFICATE", "CERTIFICAT", 1), key.into()),
        (certificate.replacen("MII", "MI", 1), key.into()),
        (certificate.replacen("MII", "MIJ", 1), key.into()),
        ("-----BEGIN CERTIFICATE-----\n".to_owned() + certificate, key.into()),
        ("text".into(), key.into()),
        (certificate.into(), "text".into()),
        (vector!("expired.crt").into(), key.into()),
        (vector!("never.crt").into(), key.into()),
    ]);
    let answer = |(certificate, key): (String, String)| -> Value {
        let status = json!({"clientCertificateData": certificate, "clientKeyData": key});
        json!({"apiVersion": V1, "status": status})
    };
    compare(pairs.into_iter().map(|pair| answer(pair).to_string()).collect());
}

/// Both take it, or neither does.
fn compare(answers: Vec<String>) {
    let parts = answers.chunks(answers.len().div_ceil(4));
    let (taken, different) = thread::scope(|scope| {
        let runs: Vec<_> = parts.map(|part| scope.spawn(|| differences(part))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).fold((0, vec![]), |mut sum, part| {
            sum.1.extend(part.1);
            (sum.0 + part.0, sum.1)
        })
    });
    assert!(different.is_empty(), "{}", different.join("\n\n"));
    assert!(taken > 10 && taken + 10 < answers.len(), "{taken} taken of {}", answers.len());
}

/// How many kubectl takes, and the ones about which we disagree.
fn differences(answers: &[String]) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let cluster = json!({"server": SERVER, "insecure-skip-tls-verify": true});
    let plugin = Plugin {
        api_version: ExecApiVersion::V1,
        cluster: &cluster,
        provide_cluster_info: false,
        script: "cat answer\n",
    };
    let (mut taken, mut different) = (0, Vec::new());
    for answer in answers {
        fs::write(folder.path().join("answer"), answer).unwrap();
        let shown = plugin.run(folder.path());
        let refused = shown.contains("getting credentials: ");
        assert!(refused || shown.contains("127.0.0.1:1 was refused"), "{shown}");
        taken += usize::from(!refused);
        let exit = Exit { code: 0, stdout: answer.as_str().into() };
        let ours = exec::accept(&Exec::new("x"), &exit);
        if refused == ours.is_ok() {
            let ours = ours.map_or_else(|problem| problem.to_string(), |_| "taken".into());
            different.push(format!("{answer}\nkubectl: {shown}ours: {ours}"));
        }
    }
    (taken, different)
}
