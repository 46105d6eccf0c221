//! The provider: a process of node, which ends with its test.

use kubecred_loopback::{ApiServer, Authority};
use serde_json::Value;
use std::fs::write;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub(crate) struct Provider {
    node: Child,
    said: Value,
    _folder: TempDir,
}

impl Provider {
    /// With one client, which says who it is by this method, and one login of it.
    pub(crate) fn start(method: &str, authority: &Authority) -> Self {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/openid");
        let installed = tools.join("node_modules/oidc-provider").is_dir();
        assert!(installed, "the provider is not installed in {}: run tests/run", tools.display());
        let folder = TempDir::new().expect("a folder");
        let identity = authority.server(&["127.0.0.1"]);
        let root = folder.path().join("ca.crt");
        write(folder.path().join("tls.crt"), identity.certificate_pem()).expect("written");
        write(folder.path().join("tls.key"), identity.key_pem()).expect("written");
        write(&root, authority.certificate_pem()).expect("written");
        let mut node = Command::new("node")
            .args(["--input-type=module", "-e", include_str!("provider.mjs")])
            .arg(folder.path())
            .arg(method)
            .current_dir(&tools)
            .env("NODE_EXTRA_CA_CERTS", &root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("node is on PATH; see tests/run");
        let mut said = None;
        for line in BufReader::new(node.stdout.take().expect("a pipe")).lines() {
            let line = line.expect("text");
            if line.starts_with('{') {
                said = Some(serde_json::from_str(&line).expect("JSON"));
                break;
            }
        }
        let Some(said) = said else {
            let mut text = String::new();
            let mut errors = node.stderr.take().expect("a pipe");
            std::io::Read::read_to_string(&mut errors, &mut text).expect("text");
            panic!("the provider did not start:\n{text}");
        };
        Self { node, said, _folder: folder }
    }

    /// The refresh token of the login.
    pub(crate) fn refresh_token(&self) -> &str {
        self.said["tokens"]["refresh_token"].as_str().expect("a token")
    }

    /// A kubeconfig with the refresh token of the login, and no id-token.
    pub(crate) fn kubeconfig(
        &self,
        server: &ApiServer,
        authority: &Authority,
        has_secret: bool,
    ) -> String {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let base64 = |pem: &str| serde_json::json!(base64(pem.as_bytes())).to_string();
        let secret = match has_secret {
            true => format!("\n        client-secret: '{}'", text(&self.said["client"]["secret"])),
            false => String::new(),
        };
        format!(
            "# whose this is
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: jane}}}}]
clusters:
- name: here
  cluster:
    server: {server}
    certificate-authority-data: {server_root}
users:
- name: jane # she said
  user:
    auth-provider:
      name: oidc
      config:
        idp-issuer-url: {issuer}
        idp-certificate-authority-data: {root}
        client-id: {client}{secret}
        refresh-token: {refresh}
",
            server = server.url(),
            server_root = base64(server.authority().certificate_pem()),
            issuer = text(&self.said["issuer"]),
            root = base64(authority.certificate_pem()),
            client = text(&self.said["client"]["id"]),
            refresh = self.refresh_token(),
        )
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.node.kill(); // it may have ended
        let _ = self.node.wait();
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}
