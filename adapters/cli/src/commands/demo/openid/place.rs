//! What the demo's login needs: a provider, an API server that believes it, a kubeconfig, a cache.

use super::DemoLogin;
use crate::commands::demo::timeline::{Timeline, Who};
use kubecred_loopback::{ApiServer, IdTokens, OpenIdEvent, OpenIdProvider, OpenIdSettings, User};
use serde_json::json;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const CLIENT: &str = "kubecred-demo";

/// How long an ID token lives.
const LIFE: Duration = Duration::from_secs(5);

/// The demo's surroundings. They are gone when it is dropped.
pub(super) struct Place {
    pub(super) provider: OpenIdProvider,
    pub(super) server: ApiServer,
    pub(super) heard: Arc<Heard>,
    folder: TempDir,
    program: PathBuf,
    environment: Vec<(&'static str, String)>,
}

/// What the provider has done so far.
#[derive(Debug, Default)]
pub(super) struct Heard {
    logins: AtomicUsize,
    refreshes: AtomicUsize,
    revocations: AtomicUsize,
}

impl Heard {
    pub(super) fn logins(&self) -> usize {
        self.logins.load(Ordering::Relaxed)
    }

    pub(super) fn refreshes(&self) -> usize {
        self.refreshes.load(Ordering::Relaxed)
    }

    pub(super) fn revocations(&self) -> usize {
        self.revocations.load(Ordering::Relaxed)
    }

    fn hear(&self, event: &OpenIdEvent, timeline: &Timeline) {
        let (counter, text) = match event {
            OpenIdEvent::PageShown => (None, "shows its login page".to_owned()),
            OpenIdEvent::LoggedIn { user } => (None, format!("{user} has logged in")),
            OpenIdEvent::CodeRedeemed => {
                (Some(&self.logins), "gives tokens for the code of the login".to_owned())
            }
            OpenIdEvent::Refreshed => {
                (Some(&self.refreshes), "gives new tokens for the refresh token".to_owned())
            }
            OpenIdEvent::Revoked => {
                (Some(&self.revocations), "revokes the refresh token".to_owned())
            }
            OpenIdEvent::Refused { reason } => (None, format!("refuses: {reason}")),
            other => (None, format!("{other:?}")),
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        timeline.mark(Who::Issuer, text);
    }
}

/// How a run of this program ended.
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    text: String,
}

impl Ran {
    /// Its exit code, and the first line that it printed.
    pub(super) fn said(&self) -> String {
        let code = self.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        format!("{} (exit code {code})", self.text.lines().next().unwrap_or_default())
    }
}

impl Place {
    pub(super) async fn start(demo: &DemoLogin, timeline: &Timeline) -> io::Result<Self> {
        let heard = Arc::<Heard>::default();
        let provider = OpenIdProvider::start(OpenIdSettings {
            client_id: CLIENT.into(),
            life: LIFE,
            groups: vec!["developers".into()],
            device_flow: false,
            events: {
                let (heard, timeline) = (Arc::clone(&heard), timeline.clone());
                Box::new(move |event| heard.hear(&event, &timeline))
            },
        })
        .await?;
        let watcher = timeline.clone();
        let server = ApiServer::builder().record(false).respond(move |request| {
            let text = match request.extensions().get::<User>() {
                Some(user) => format!("lets {} in, of {:?}", user.name, user.groups),
                None => "lets nobody in: the token is refused".to_owned(),
            };
            watcher.mark(Who::Server, text);
            None
        });
        let server = server.start().await?;
        let believed = IdTokens::new(provider.issuer(), CLIENT, provider.keys());
        server.accounts().trust(believed);
        let folder = tempfile::Builder::new().prefix("kubecred-demo-").tempdir()?;
        let environment = vec![
            ("KUBECRED_ISSUER_URL", provider.issuer().to_owned()),
            ("KUBECRED_CLIENT_ID", CLIENT.to_owned()),
            // Those of this shell are for another provider.
            ("KUBECRED_CLIENT_SECRET", String::new()),
            ("CLIENT_SECRET", String::new()),
            ("KUBECACHEDIR", folder.path().join("cache").to_string_lossy().into_owned()),
        ];
        let program = std::env::current_exe()?;
        let place = Self { provider, server, heard, folder, program, environment };
        place.furnish(demo)?;
        Ok(place)
    }

    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Runs this program against the same provider and cache.
    pub(super) async fn program(&self, arguments: &[&str]) -> io::Result<Ran> {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg(STORAGE).envs(self.environment.iter().cloned());
        command.stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        let output = output.map_err(io::Error::other)??;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Ran { code: output.status.code(), text })
    }

    fn furnish(&self, demo: &DemoLogin) -> io::Result<()> {
        std::fs::write(
            self.folder.path().join("ca.crt"),
            self.server.authority().certificate_pem(),
        )?;
        let program = self.program.to_string_lossy();
        let mut args = vec!["get-token".to_owned(), STORAGE.into(), "--grant-type=authcode".into()];
        if demo.headless {
            args.push("--browser=always".into());
            args.push(format!("--browser-command={program}"));
            args.push("--browser-arg=demo-browser".into());
        } else if demo.skip_open_browser {
            args.push("--skip-open-browser".into());
        }
        let environment = self.environment.iter();
        let environment: Vec<_> =
            environment.map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "demo",
            "clusters": [{ "name": "demo", "cluster": {
                "server": self.server.url(), "certificate-authority": "ca.crt",
            } }],
            "contexts": [{ "name": "demo", "context": { "cluster": "demo", "user": "demo" } }],
            "users": [{ "name": "demo", "user": { "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": program,
                "args": args,
                "env": environment,
                "interactiveMode": "Never",
            } } }],
        });
        std::fs::write(self.kubeconfig(), config.to_string())
    }
}

/// The demo leaves nothing in the user's keyring.
const STORAGE: &str = "--token-cache-storage=disk";
