//! `config explain` beside `get`: it reports a problem exactly where `get` fails before it connects,
//! or connects and believes no server. Each axis is walked by itself; authorities meet some users.

use crate::stage::{Ended, Stage, command, ended, plugin, start};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use kubecred_core::kubeconfig::explain::Explanation;
use kubecred_loopback::{Authority, Issued};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose as Purpose, IsCa, Issuer, KeyPair, KeyUsagePurpose as Usage,
    date_time_ymd,
};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Over what a login reads of a file.
const TOO_LARGE: usize = (1 << 20) + 1;

/// A kubeconfig and variables.
#[derive(Clone, Debug)]
struct Input {
    name: String,
    cluster: Value,
    user: Value,
    variables: Vec<(&'static str, &'static [u8])>,
    /// It is about whom to trust: that no server is believed is known before connecting.
    trust: bool,
}

impl Input {
    fn of(name: &str) -> Self {
        let (cluster, user) = (json!({}), json!({ "token": "t0ken" }));
        Self { name: name.into(), cluster, user, variables: Vec::new(), trust: false }
    }

    fn cluster(name: &str, cluster: Value) -> Self {
        Self { cluster, ..Self::of(name) }
    }

    fn user(name: &str, user: Value) -> Self {
        Self { user, ..Self::of(name) }
    }
}

/// The port of the server stands for `PORT`.
const SERVERS: &[&str] = &[
    "https://127.0.0.1:PORT",
    "HTTPS://127.0.0.1:PORT/",
    "https://127.0.0.1:PORT/a/b",
    "https://127.0.0.1:PORT/a%zz",
    "https://127.0.0.1:PORT?x=1",
    "https://u:p@127.0.0.1:PORT",
    "https://[::ffff:127.0.0.1]:PORT",
    "https://127.0.0.1:99999",
    "https://127.0.0.1:65536",
    "https://127.0.0.1:-1",
    "https://127.0.0.1:",
    "https://%3127.0.0.1:PORT",
    "https://127.0.0.1.:PORT",
    "https://127.1:PORT",
    "https://0x7f000001:PORT",
    "https://2130706433:PORT",
    "https://[::1%25lo]:PORT",
    "https://[::1%lo]:PORT",
    "https://[::1",
    "https://::1:PORT",
    "https://",
    "https://:PORT",
    "https://a b:PORT",
    "https://a..b:PORT",
    "https://a_b.invalid:PORT",
    "https://-a.invalid:PORT",
    "https://*.invalid:PORT",
    "https://b\u{fc}cher.invalid:PORT",
    "https://\u{ff0f}:PORT",
    "https://a\u{200b}b:PORT",
    "ftp://127.0.0.1:PORT",
    "127.0.0.1:PORT/path",
    "",
];

const SERVER_NAMES: &[&str] = &[
    "api.internal",
    "API.internal",
    "127.0.0.1",
    "a b",
    "a..b",
    "[127.0.0.1]",
    "x:1",
    "*.a",
    "\u{fc}",
];

const PROXIES: &[&str] = &[
    "http://127.0.0.1:1",
    "https://127.0.0.1:1",
    "socks5://127.0.0.1:1",
    "http://127.0.0.1:99999",
    "http://a b:1",
    "http://[::1",
    "http://",
    "ftp://127.0.0.1:1",
    "127.0.0.1:1",
    "::",
];

/// With a server that is not on loopback: there no proxy is needed, whatever the variables say.
const VARIABLES: &[&[(&str, &[u8])]] = &[
    &[("HTTPS_PROXY", b"http://127.0.0.1:1")],
    &[("HTTPS_PROXY", b"http://proxy\xff")],
    &[("https_proxy", b"http://proxy\xff")],
    &[("HTTPS_PROXY", b"http://127.0.0.1:1"), ("https_proxy", b"\xff")],
    &[("HTTPS_PROXY", b"http://127.0.0.1:1"), ("NO_PROXY", b"\xff")],
    &[("HTTPS_PROXY", b"http://127.0.0.1:1"), ("no_proxy", b"\xff")],
    &[("HTTPS_PROXY", b"ftp://127.0.0.1:1"), ("HTTP_PROXY", b"\xff")],
    &[("KUBERNETES_MASTER", b"\xff")],
    &[("KUBERC", b"\xff")],
];

/// The users that meet all authorities: what is wrong with one must not hide the other.
const WITH_AUTHORITIES: [&str; 5] =
    ["token", "large token file", "pair", "mixed pair", "plugin that is a folder"];

/// What is changed of the certificate of the authority that signed the server's.
type Change = fn(&mut CertificateParams);

const AUTHORITIES: &[(&str, Change)] = &[
    ("plain", |_| {}),
    ("CA:FALSE", |ca| ca.is_ca = IsCa::ExplicitNoCa),
    ("no basic constraints", |ca| ca.is_ca = IsCa::NoCa),
    ("for clients", |ca| ca.extended_key_usages = vec![Purpose::ClientAuth]),
    ("for servers", |ca| ca.extended_key_usages = vec![Purpose::ServerAuth]),
    ("signs nothing", |ca| ca.key_usages = vec![Usage::DigitalSignature]),
    ("expired", |ca| ca.not_after = date_time_ymd(2021, 1, 1)),
    ("not valid yet", |ca| ca.not_before = date_time_ymd(2098, 1, 1)),
    ("unknown critical extension", |ca| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        ca.custom_extensions.push(extension);
    }),
];

/// A server certificate, and the authority that signed it in all these forms.
struct Trusted {
    server: Issued,
    authorities: Vec<(String, String)>,
}

fn trusted() -> Trusted {
    let mut root = CertificateParams::default();
    root.distinguished_name = DistinguishedName::new();
    root.distinguished_name.push(DnType::CommonName, "root");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![Usage::KeyCertSign];
    root.not_before = date_time_ymd(2020, 1, 1);
    root.not_after = date_time_ymd(2099, 1, 1);
    let key = KeyPair::generate().unwrap();
    let mut authorities = Vec::new();
    for (name, change) in AUTHORITIES {
        let mut changed = root.clone();
        change(&mut changed);
        authorities.push(((*name).to_owned(), changed.self_signed(&key).unwrap().pem()));
    }
    let issuer = Issuer::new(root, key);
    let mut leaf = CertificateParams::new(["api.internal".into(), "127.0.0.1".into()]).unwrap();
    leaf.extended_key_usages = vec![Purpose::ServerAuth];
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    authorities.push(("the server's own".to_owned(), leaf.pem()));
    let flawed = [authorities[3].1.as_str(), &authorities[0].1].concat();
    authorities.push(("one for clients beside a good one".to_owned(), flawed));
    let nothing = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    authorities.push(("no certificate".to_owned(), nothing.to_owned()));
    authorities.push(("no PEM".to_owned(), "nonsense".to_owned()));
    Trusted { server: Issued::from_pem(&leaf.pem(), &key.serialize_pem()), authorities }
}

fn vector(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/certificates");
    BASE64_STANDARD.encode(std::fs::read(Path::new(folder).join(name)).unwrap())
}

fn pair(certificate: &str, key: &str) -> Value {
    json!({ "client-certificate-data": certificate, "client-key-data": key })
}

fn users(stage: &Stage) -> Vec<Input> {
    stage.write("token", "t0ken");
    stage.write("large", &"a".repeat(TOO_LARGE));
    stage.write("empty", " \n");
    stage.write("lines", "a\nb\n");
    stage.script("plugin", r#"echo '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {"token": "t0ken"}}'"#);
    stage.write("unmarked", "#!/bin/sh\n");
    let data = |pem: &str| BASE64_STANDARD.encode(pem);
    let good = stage.server.authority().client("ann", &[]);
    let other = Authority::new("other").client("ann", &[]);
    let version = json!({ "exec": { "apiVersion": "v7", "command": "./plugin" } });
    vec![
        Input::user("anonymous", json!({})),
        Input::user("token", json!({ "token": "t0ken" })),
        Input::user("token of two lines", json!({ "token": "a\nb" })),
        Input::user("token file", json!({ "tokenFile": "token" })),
        Input::user("large token file", json!({ "tokenFile": "large" })),
        Input::user("empty token file", json!({ "tokenFile": "empty" })),
        Input::user("token file of two lines", json!({ "tokenFile": "lines" })),
        Input::user("no token file", json!({ "tokenFile": "none" })),
        Input::user("folder as token file", json!({ "tokenFile": "." })),
        Input::user("device as token file", json!({ "tokenFile": "/dev/null" })),
        Input::user("pair", pair(&data(good.certificate_pem()), &data(good.key_pem()))),
        Input::user("mixed pair", pair(&data(good.certificate_pem()), &data(other.key_pem()))),
        Input::user("P-521", pair(&vector("p521.crt"), &vector("p521.pkcs8.key"))),
        Input::user("RSA 1024", pair(&vector("rsa1024.crt"), &vector("rsa1024.pkcs8.key"))),
        Input::user("Ed25519", pair(&vector("ed25519.crt"), &vector("ed25519.pkcs8.key"))),
        Input::user("encrypted key", pair(&vector("p256.crt"), &vector("p256.encrypted.key"))),
        Input::user("no certificate", pair(&data("x"), &data(good.key_pem()))),
        Input::user("plugin", plugin("./plugin")),
        Input::user("plugin that is a folder", plugin("/tmp")),
        Input::user("plugin that is a file", plugin("/etc/passwd")),
        Input::user("plugin that is not marked", plugin("./unmarked")),
        Input::user("no plugin", plugin("./none")),
        Input::user("no plugin on PATH", plugin("no-such-plugin")),
        Input::user("plugin of another version", version),
        Input::user("two methods", json!({ "token": "t", "username": "ann" })),
        Input::user("uid alone", json!({ "token": "t0ken", "as-uid": "1" })),
    ]
}

fn inputs(stage: &Stage, trusted: &Trusted) -> Vec<Input> {
    let port = stage.server.address().port().to_string();
    let mut inputs = users(stage);
    for (name, pem) in &trusted.authorities {
        let data = json!({
            "certificate-authority-data": BASE64_STANDARD.encode(pem),
            "certificate-authority": null
        });
        let some = users(stage).into_iter().filter(|user| WITH_AUTHORITIES.contains(&&*user.name));
        inputs.extend(some.map(|user| Input {
            name: format!("authority {name:?} × {}", user.name),
            cluster: data.clone(),
            trust: true,
            ..user
        }));
        let skip = json!({ "certificate-authority": null, "insecure-skip-tls-verify": true });
        inputs.push(Input::cluster("insecure", skip));
    }
    inputs.extend(["large", "none", ".", "empty"].map(|file| Input {
        trust: true,
        ..Input::cluster(file, json!({ "certificate-authority": file }))
    }));
    for server in SERVERS {
        let url = server.replace("PORT", &port);
        inputs.push(Input::cluster(server, json!({ "server": url })));
        let name = json!({ "server": url, "tls-server-name": "api.internal" });
        inputs.push(Input::cluster(&format!("{server} with a name"), name));
    }
    inputs.extend(
        SERVER_NAMES.iter().map(|name| Input::cluster(name, json!({ "tls-server-name": name }))),
    );
    inputs.extend(PROXIES.iter().map(|url| Input::cluster(url, json!({ "proxy-url": url }))));
    inputs.extend(VARIABLES.iter().map(|variables| Input {
        variables: variables.to_vec(),
        ..Input::cluster("variables", json!({ "server": "https://192.0.2.1:6443" }))
    }));
    inputs
}

/// Runs a command with the input as its configuration.
async fn run(stage: &Stage, input: &Input, arguments: &[&str]) -> Ended {
    let mut command = command(stage.folder.path());
    command.args(arguments).args(["--kubeconfig", "config", "--request-timeout", "5s"]);
    for (name, value) in &input.variables {
        command.env(name, OsStr::from_bytes(value));
    }
    ended(start(&mut command)).await
}

/// Whether `get` fails for what is known before it connects. Not that there is no server, or that
/// this one refuses a certificate: those nobody knows.
fn is_known(input: &Input, get: &Ended) -> bool {
    let of_trust = |words: &&str| get.stderr.contains(*words);
    match get.code {
        Some(2..=4) => true,
        Some(5) if input.trust => ["certificate authority", "its certificate"].iter().any(of_trust),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explain_reports_a_problem_exactly_where_get_fails_before_it_connects() {
    let stage = Stage::new().await;
    stage.accounts().allow_token("t0ken", "ann");
    let trusted = trusted();
    stage.server.present(&trusted.server);
    stage.write("ca.crt", &trusted.authorities[0].1);
    let (mut different, mut failing, mut ran) = (String::new(), 0, 0);
    for input in inputs(&stage, &trusted) {
        stage.kubeconfig_with(input.cluster.clone(), input.user.clone());
        let get = run(&stage, &input, &["get", "/version"]).await;
        let explain = run(&stage, &input, &["config", "explain", "-o", "json"]).await;
        // A variable that names what to read is an error of the command line.
        let lints = match serde_json::from_str::<Explanation>(&explain.stdout) {
            Ok(explanation) => explanation.lints,
            Err(_) => Vec::new(),
        };
        let problem = explain.code != Some(0);
        let known = is_known(&input, &get);
        (ran, failing) = (ran + 1, failing + usize::from(known));
        if problem != known {
            let words: Vec<_> = lints.iter().map(|lint| (&lint.code, &lint.message)).collect();
            let _ = write!(
                different,
                "{}: get {:?} {:?}\n  explain {:?} {words:?} {:?}\n",
                input.name, get.code, get.stderr, explain.code, explain.stderr
            );
        }
    }
    assert!(different.is_empty(), "{different}");
    assert!(ran >= 200 && failing > ran / 3 && failing < ran * 3 / 4, "{failing} of {ran}");
}
