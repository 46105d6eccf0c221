//! `KUBERNETES_EXEC_INFO` against the kubectl on PATH: byte for byte the same (EX-31…EX-36).
//!
//! kubectl runs a plugin that writes the variable to a file; then it fails, since nothing answers.
#![cfg(unix)]

mod plugin;

use kubecred_core::{Exec, ExecApiVersion, ExecCluster, Roots, exec, yaml};
use plugin::{Plugin, SERVER};
use serde_json::{Value, json};
use std::fs;

const CA: &str = include_str!("../../tests/vectors/certificates/rsa.crt");

/// One cluster, as kubectl's kubeconfig has it and as we have it.
struct Shape {
    name: &'static str,
    kubeconfig: Value,
    cluster: ExecCluster,
}

fn shapes() -> Vec<Shape> {
    let cluster = || ExecCluster { server: SERVER.into(), ..ExecCluster::default() };
    let shape = |name, kubeconfig, cluster| Shape { name, kubeconfig, cluster };
    let odd = "a\u{1}\u{8}\u{c}\n\r\t\"\\/\u{7f}\u{2028}\u{2029}<é&😀>";
    let proxy = "http://user:pass@127.0.0.1:1/?a=1&b=2";
    let mut shapes = vec![
        shape("server alone", json!({"server": SERVER}), cluster()),
        shape(
            "certificate authority",
            json!({"server": SERVER, "certificate-authority-data": base64(CA)}),
            ExecCluster { certificate_authority: Roots::Pem(CA.into()), ..cluster() },
        ),
        shape(
            "server name of odd characters",
            json!({"server": SERVER, "tls-server-name": odd}),
            ExecCluster { tls_server_name: odd.into(), ..cluster() },
        ),
        shape(
            "proxy",
            json!({"server": SERVER, "proxy-url": proxy}),
            ExecCluster { proxy_url: proxy.into(), ..cluster() },
        ),
        shape(
            "everything",
            json!({
                "server": "https://127.0.0.1:1/a&b",
                "tls-server-name": "api.example",
                "insecure-skip-tls-verify": true,
                "proxy-url": "socks5://127.0.0.1:1",
                "disable-compression": true,
                "extensions": [
                    {"name": "other", "extension": {"not": "this"}},
                    {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}},
                ],
            }),
            ExecCluster {
                server: "https://127.0.0.1:1/a&b".into(),
                tls_server_name: "api.example".into(),
                insecure_skip_tls_verify: true,
                proxy_url: "socks5://127.0.0.1:1".into(),
                disable_compression: true,
                config: Some(r#"{"audience":"a"}"#.into()),
                ..ExecCluster::default()
            },
        ),
    ];
    let extensions = [
        r#"{ "z": [1, 2.5, {"deep": [[], {}, null]}], "a": {"<&>": "\u2028 \u2029 é"}, "t": true }"#,
        r#"{"quote": "\" \\ \\\" { [ : ,", "tab\t": "\u0001\b\f", "big": 12345678901234567890}"#,
        r#""text with <b>""#,
        "[1, 2]",
        "null",
    ];
    for text in extensions {
        // As a reader of kubeconfigs passes it on; spread out, for us to draw together.
        let read: Value = yaml::from_slice(text.as_bytes()).unwrap();
        let name = "client.authentication.k8s.io/exec";
        let extensions = json!([{"name": name, "extension": read}]);
        shapes.push(shape(
            "extension",
            json!({"server": SERVER, "extensions": extensions}),
            ExecCluster { config: Some(format!("{read:#}")), ..cluster() },
        ));
    }
    shapes
}

#[test]
fn ex_32_cluster_is_told_as_kubectl_tells_it() {
    let versions = [ExecApiVersion::V1, ExecApiVersion::V1Beta1];
    for Shape { name, kubeconfig, cluster } in shapes() {
        for api_version in versions {
            let told = kubectl(&kubeconfig, api_version, true);
            let exec = Exec { api_version, cluster: Some(cluster.clone()), ..Exec::new("x") };
            assert_eq!(ours(&exec, None), told, "{name}");
        }
    }
}

#[test]
fn ex_31_minimal_form_is_what_kubectl_writes() {
    for api_version in [ExecApiVersion::V1, ExecApiVersion::V1Beta1] {
        let told = kubectl(&json!({"server": SERVER}), api_version, false);
        assert_eq!(ours(&Exec { api_version, ..Exec::new("x") }, None), told);
    }
}

#[test]
fn ex_35_certificate_authority_file_is_told_as_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.crt");
    fs::write(&file, CA).unwrap();
    let file = file.to_str().unwrap();
    let kubeconfig = json!({"server": SERVER, "certificate-authority": file});
    let told = kubectl(&kubeconfig, ExecApiVersion::V1, true);
    let mut exec = Exec::new("x");
    exec.cluster = Some(ExecCluster {
        server: SERVER.into(),
        certificate_authority: Roots::File(file.into()),
        ..ExecCluster::default()
    });
    assert_eq!(ours(&exec, Some(CA.as_bytes())), told);
}

fn ours(exec: &Exec, ca: Option<&[u8]>) -> String {
    let command = exec::request(exec, ca, 1 << 20).unwrap();
    let variable = command.env.last().unwrap();
    assert_eq!(variable.name, exec::KUBERNETES_EXEC_INFO);
    variable.value.expose_str().unwrap().to_owned()
}

/// What kubectl tells a plugin about this cluster.
fn kubectl(cluster: &Value, api_version: ExecApiVersion, provide_cluster_info: bool) -> String {
    let script = "printf '%s' \"$KUBERNETES_EXEC_INFO\" > told\nexit 7\n";
    let folder = tempfile::tempdir().unwrap();
    let shown = Plugin { api_version, cluster, provide_cluster_info, script }.run(folder.path());
    assert!(shown.contains("exit code 7"), "kubectl did not run the plugin: {shown}");
    fs::read_to_string(folder.path().join("told")).unwrap()
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(text)
}
