//! The provider: a process of node, which ends with its test.

use crate::lines::Lines;
use kubecred_loopback::Authority;
use serde_json::Value;
use std::fs::write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// The client that is registered.
pub(crate) const CLIENT: &str = "kube";

pub(crate) struct Provider {
    node: Child,
    pub(crate) issuer: String,
    pub(crate) authority: Authority,
    said: Arc<Mutex<Vec<Value>>>,
    _folder: TempDir,
}

impl Provider {
    /// Its ID tokens live for so many seconds.
    pub(crate) fn start(seconds: u32) -> Self {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/openid");
        let installed = tools.join("node_modules/oidc-provider").is_dir();
        assert!(installed, "the provider is not installed in {}: run tests/tools", tools.display());
        let folder = TempDir::new().expect("a folder");
        let authority = Authority::new("the provider's");
        let identity = authority.server(&["127.0.0.1"]);
        write(folder.path().join("tls.crt"), identity.certificate_pem()).expect("written");
        write(folder.path().join("tls.key"), identity.key_pem()).expect("written");
        let mut node = Command::new("node")
            .args(["--input-type=module", "-e", include_str!("provider.mjs")])
            .arg(folder.path())
            .arg(seconds.to_string())
            .current_dir(&tools)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("node (Node.js 20) is needed for this test: {error}"));
        let (lines, errors) = (Lines::of(node.stdout.take()), Lines::of(node.stderr.take()));
        // Remarks of its libraries stand between; they are not JSON.
        let json = |line: &str| serde_json::from_str::<Value>(line).ok();
        let first = std::iter::from_fn(|| lines.next()).find_map(|line| json(&line));
        let Some(first) = first else {
            let _ = node.kill(); // it may have ended
            panic!("the provider did not start:\n{}", errors.rest());
        };
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = said.clone();
        lines.for_each(move |line| heard.lock().expect("no panic").extend(json(&line)));
        let issuer = first["issuer"].as_str().expect("an issuer").to_owned();
        Self { node, issuer, authority, said, _folder: folder }
    }

    /// How often it has revoked everything that came of a login.
    pub(crate) fn revocations(&self) -> usize {
        let said = self.said.lock().expect("no panic");
        said.iter().filter(|line| line["revoked"] == true).count()
    }

    /// How many tokens it has granted for this grant type.
    pub(crate) fn grants(&self, grant: &str) -> usize {
        let said = self.said.lock().expect("no panic");
        said.iter().filter(|line| line["grant"] == grant).count()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.node.kill(); // it may have ended
        let _ = self.node.wait();
    }
}
