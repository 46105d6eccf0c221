//! Whom a login trusts: what is given, the system, or both.

use crate::place::run;
use kubecred_loopback::{ApiServer, Authority};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Providers that are not there (404) for whoever gets as far as asking: one of the company's own
/// authority, one of an authority of the system, one of neither.
#[tokio::test(flavor = "multi_thread")]
async fn lg_26_own_authorities_replace_the_systems_unless_system_is_named_beside_them() {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("the folder is ours");
        path
    };
    let mut servers = Vec::new();
    for name in ["own", "system", "stranger"] {
        let authority = Authority::new(name);
        let not_found = |_: &http::Request<bytes::Bytes>| {
            let answer = http::Response::builder().status(404).body(bytes::Bytes::new());
            Some(answer.expect("a response"))
        };
        let server = ApiServer::builder().authority(&authority).respond(not_found).start();
        let file = write(&format!("{name}.crt"), authority.certificate_pem());
        servers.push((name, server.await.expect("a free port"), file));
    }
    let (own, system) = (servers[0].2.clone(), servers[1].2.clone());
    let data = base64::Engine::encode(
        &base64::prelude::BASE64_STANDARD,
        std::fs::read(&own).expect("it was written"),
    );
    let own_file = format!("--certificate-authority={}", own.display());
    let own_data = format!("--certificate-authority-data={data}");
    let beside = "--certificate-authority=system";
    for (flags, trusted) in [
        (vec![], vec!["system"]),
        (vec![beside], vec!["system"]),
        (vec![own_file.as_str()], vec!["own"]),
        (vec![own_data.as_str()], vec!["own"]),
        (vec![beside, &own_file], vec!["own", "system"]),
        (vec![&own_data, beside], vec!["own", "system"]),
    ] {
        for (name, server, _) in &servers {
            let mut command = Command::new(env!("CARGO_BIN_EXE_kubecred"));
            command.args(["get-token", "--oidc-client-id=kube", "--grant-type=device-code"]);
            command.arg(format!("--oidc-issuer-url={}", server.url())).args(&flags);
            command.env_clear().env("HOME", folder.path()).env("SSL_CERT_FILE", &system);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let ended = run(&mut command);
            let expected = match trusted.contains(name) {
                true => "404",
                false => "certificate",
            };
            assert!(ended.stderr.contains(expected), "{name} with {flags:?}: {ended:?}");
            let asked = server.take_exchanges().len();
            assert_eq!(asked > 0, trusted.contains(name), "{name} with {flags:?}: {asked}");
        }
    }
}
