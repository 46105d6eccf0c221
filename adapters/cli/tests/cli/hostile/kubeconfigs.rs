//! Kubeconfigs that are files, and should not have been written.

use super::{Expected, none, run};
use crate::stage::{CANARY, Stage, kubeconfig};
use kubecred_hostile::{Size, kubeconfigs};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Mebibytes for a kubeconfig of up to 16, read in full. A value takes some 40 bytes, at most as
/// many of them as of text.
const SOME: u64 = 400;

/// Those that are what they should be, but hold no login: the words of the error.
const HARMLESS: &str = "no configuration";

#[tokio::test]
async fn each_is_refused_or_read_and_found_empty() {
    let stage = Stage::new().await;
    let mut faults = Vec::new();
    let mut refused = 0;
    for (case, bytes) in kubeconfigs(Size::Full) {
        std::fs::write(stage.folder.path().join("config"), &bytes).unwrap();
        let ended = run(&stage, case, SOME, &["get", "/version"]).await;
        // A line, or no line and no file: it can be read, and there is nobody in it.
        let says = if ended.stderr.contains(HARMLESS) { HARMLESS } else { "config" };
        refused += usize::from(says != HARMLESS);
        Expected::new(3, &[says]).check(case, &ended, &mut faults);
    }
    assert!(refused >= 20, "{refused} refused");
    none(&faults);
}

/// A file of nearly the size that is still read, and all of its values.
#[tokio::test]
async fn a_million_keys_are_read() {
    let stage = Stage::new().await;
    let mut text = String::from("{\"x\":{");
    for i in 0..1_000_000 {
        write!(text, "\"k{i}\":1,").unwrap();
    }
    let good = kubeconfig(json!({ "server": "https://127.0.0.1:1" }), json!({})).to_string();
    text += "\"k\":1},";
    text += &good[1..];
    stage.write("config", &text);
    let ended = run(&stage, "a million keys", SOME, &["get", "/version"]).await;
    let mut faults = Vec::new();
    Expected::new(5, &["127.0.0.1:1"]).check("a million keys", &ended, &mut faults);
    none(&faults);
}

/// Fields of a good kubeconfig with values that nobody should have.
#[tokio::test]
async fn a_value_that_is_out_of_all_proportion_ends_in_an_error() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("good", "ann");
    let many =
        |count: usize, value: &dyn Fn(usize) -> Value| (0..count).map(value).collect::<Value>();
    let exec = |field: &str, value: Value| {
        let mut user = json!({ "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "/bin/true",
            "interactiveMode": "Never",
        }});
        user["exec"][field] = value;
        user
    };
    let long = |count: usize| [CANARY, &"x".repeat(count)].concat();
    let extra: serde_json::Map<_, _> =
        (0..10_000).map(|i| (format!("key-{i}"), json!(["v"]))).collect();
    let authority = stage.server.authority().certificate_pem().repeat(10_000);
    let base64 = |text: &str| {
        use base64::Engine;
        base64::prelude::BASE64_STANDARD.encode(text)
    };
    let pair = stage.server.authority().client("ann", &[]);
    let chain = base64(&pair.certificate_pem().repeat(10_000));
    let key = base64(pair.key_pem());
    let cases: Vec<(&str, Value, Value, i32, &[&str])> = vec![
        (
            "10,000 variables",
            json!({}),
            exec("env", many(10_000, &|i| json!({ "name": format!("V{i}"), "value": CANARY }))),
            4,
            &["/bin/true", "main"],
        ),
        (
            "variables of 4 MiB",
            json!({}),
            exec("env", json!([{ "name": "V", "value": long(4 << 20) }])),
            4,
            &["/bin/true", "main", "too long"],
        ),
        (
            "a variable with NUL",
            json!({}),
            exec("env", json!([{ "name": "V", "value": "a\0b" }])),
            4,
            &["/bin/true", "main"],
        ),
        (
            "a variable called =",
            json!({}),
            exec("env", json!([{ "name": "=", "value": "a" }])),
            4,
            &["/bin/true", "main"],
        ),
        (
            "100,000 arguments",
            json!({}),
            exec("args", many(100_000, &|_| long(30).into())),
            4,
            &["/bin/true", "main", "too long"],
        ),
        (
            "a command of 1 MiB",
            json!({}),
            exec("command", "x".repeat(1 << 20).into()),
            4,
            &["main"],
        ),
        (
            "an install hint of 1 MiB",
            json!({}),
            {
                let mut user = exec("installHint", "h\u{1b}[2J".repeat(100_000).into());
                user["exec"]["command"] = "no-such-plugin".into();
                user
            },
            4,
            &["no-such-plugin", "main"],
        ),
        (
            "a token of 2 MiB",
            json!({}),
            json!({ "token": long(2 << 20) }),
            5,
            &["no answer", "127.0.0.1"],
        ),
        ("a token with NUL", json!({}), json!({ "token": format!("{CANARY}\0") }), 4, &["token"]),
        (
            "a group of 1 MiB",
            json!({}),
            json!({ "token": "good", "as": "joe",
            "as-groups": ["g".repeat(1 << 20)] }),
            1,
            &["431"],
        ),
        (
            "10,000 extras",
            json!({}),
            json!({ "token": "good", "as": "joe",
            "as-user-extra": extra }),
            0,
            &[],
        ),
        (
            "an extra with a key of 100,000",
            json!({}),
            json!({ "token": "good", "as": "joe",
            "as-user-extra": { "k".repeat(100_000): ["v"] } }),
            3,
            &["config:1"],
        ),
        (
            "an extra that splits headers",
            json!({}),
            json!({ "token": "good", "as": "joe",
            "as-user-extra": { "k\r\n": ["v\r\nAuthorization: Bearer x"] } }),
            3,
            &["config:1", "user \"main\"", "as-user-extra"],
        ),
        (
            "10,000 authorities",
            json!({ "certificate-authority": null,
            "certificate-authority-data": base64(&authority) }),
            json!({ "token": "good" }),
            0,
            &[],
        ),
        (
            "a chain of 10,000",
            json!({}),
            json!({
            "client-certificate-data": chain, "client-key-data": key }),
            5,
            &["127.0.0.1"],
        ),
        (
            "a server of 1 MiB",
            json!({ "server": format!("https://{}", "h".repeat(1 << 20)) }),
            json!({ "token": CANARY }),
            3,
            &["server"],
        ),
        (
            "a proxy of 1 MiB",
            json!({ "proxy-url": format!("http://{}", "h".repeat(1 << 20)) }),
            json!({ "token": CANARY }),
            5,
            &["the proxy"],
        ),
        (
            "a server name of 1 MiB",
            json!({ "tls-server-name": "h".repeat(1 << 20) }),
            json!({ "token": CANARY }),
            3,
            &["server name"],
        ),
        ("a token file with NUL", json!({}), json!({ "tokenFile": "a\0b" }), 4, &["token"]),
        (
            "a token file of 1 MiB",
            json!({}),
            json!({ "tokenFile": "p".repeat(1 << 20) }),
            4,
            &["token"],
        ),
    ];
    let mut faults = Vec::new();
    for (case, cluster, user, code, says) in cases {
        stage.kubeconfig_with(cluster, user);
        let ended = run(&stage, case, SOME, &["get", "/version"]).await;
        Expected::new(code, says).check(case, &ended, &mut faults);
    }
    none(&faults);
}
