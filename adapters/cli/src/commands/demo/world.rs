//! The small world in which the demo happens: an API server, an identity provider, and a folder
//! with a kubeconfig.

use super::PLUGIN_SECRET;
use super::issuer::Issuer;
use super::login::Login;
use super::random::hex;
use super::tally::Tally;
use super::timeline::{Timeline, Who};
use kubecred_loopback::{Accounts, ApiServer, Authority, Issued, User};
use serde_json::json;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tempfile::{NamedTempFile, TempDir};

/// Counters by login.
pub(crate) type Tallies = Arc<[Tally; Login::ALL.len()]>;

/// The demo's surroundings. They are gone when it is dropped.
pub(crate) struct World {
    pub(crate) issuer: Issuer,
    pub(crate) server: ApiServer,
    accounts: Accounts,
    authority: Authority,
    folder: TempDir,
    timeline: Timeline,
    /// The token in the file.
    token: Mutex<String>,
    second: Seconds,
}

impl World {
    /// Builds it. The first client certificate ends after `certificate_life`.
    pub(crate) async fn start(
        timeline: &Timeline,
        tallies: &Tallies,
        certificate_life: Duration,
    ) -> io::Result<Self> {
        let (accounts, authority) = (Accounts::default(), Authority::new("kubecred-demo"));
        let second = Seconds::default();
        let watcher = Watcher {
            timeline: timeline.clone(),
            tallies: Arc::clone(tallies),
            second: Arc::clone(&second),
        };
        let server = ApiServer::builder()
            .authority(&authority)
            .accounts(&accounts)
            .record(false)
            .respond(move |request| {
                let user = request.extensions().get::<User>();
                watcher.see(request.uri().path(), user);
                None
            })
            .start()
            .await?;
        let issuer = Issuer::start(accounts.clone(), timeline.clone()).await?;
        let folder = tempfile::Builder::new().prefix("kubecred-demo-").tempdir()?;
        let world = Self {
            issuer,
            server,
            accounts,
            authority,
            folder,
            timeline: timeline.clone(),
            token: Mutex::default(),
            second,
        };
        world.furnish(certificate_life)?;
        Ok(world)
    }

    /// The kubeconfig.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.file("config")
    }

    /// Whether the server has seen a login's second credential.
    pub(crate) fn saw_second(&self, login: Login) -> bool {
        self.second[login as usize].load(Ordering::Relaxed)
    }

    /// Puts another client certificate and key in the place of the first, before that ends.
    pub(crate) fn rotate_certificate(&self) -> io::Result<()> {
        let pair = self.authority.client(Login::Certificate.name(), &[CREDENTIALS[1]]);
        self.timeline
            .mark(Who::Disk, "another client certificate and key take the place of the first");
        self.write_pair(&pair)
    }

    /// Puts another token into the file and takes the first one back.
    pub(crate) fn rotate_token(&self) -> io::Result<()> {
        let old = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.timeline.mark(Who::Disk, "another token takes the place of the one in the file");
        self.write_token(CREDENTIALS[1])?;
        self.timeline.mark(Who::Server, "refuses the old one from now on");
        self.accounts.revoke_token(&old);
        Ok(())
    }

    /// Takes the plugin's token back long before its end.
    pub(crate) fn revoke_plugin_token(&self) {
        self.timeline.mark(Who::Server, "refuses the plugin's token from now on, before its time");
        self.issuer.revoke();
    }

    /// Everything that is in the folder at first.
    fn furnish(&self, certificate_life: Duration) -> io::Result<()> {
        let now = SystemTime::now();
        let pair = self.authority.client_valid(
            Login::Certificate.name(),
            &[CREDENTIALS[0]],
            now - Duration::from_secs(60),
            now + certificate_life,
        );
        self.write_pair(&pair)?;
        self.write_token(CREDENTIALS[0])?;
        write(&self.file("ca.crt"), self.authority.certificate_pem())?;
        let program = std::env::current_exe()?;
        write(&self.kubeconfig(), &self.kubeconfig_text(&program))
    }

    /// Both are written before either takes its place, so that it is a moment in which they do not
    /// belong together.
    fn write_pair(&self, pair: &Issued) -> io::Result<()> {
        let (certificate, key) = (self.file("client.crt"), self.file("client.key"));
        let certificate = Staged::new(&certificate, pair.certificate_pem())?;
        let key = Staged::new(&key, pair.key_pem())?;
        certificate.persist()?;
        key.persist()
    }

    fn write_token(&self, nth: &str) -> io::Result<()> {
        let token = hex();
        self.accounts.allow_token(&token, User::new(Login::TokenFile.name()).member_of([nth]));
        write(&self.file("token"), &token)?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
        Ok(())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// One cluster, and a user and a context for each login.
    fn kubeconfig_text(&self, program: &Path) -> String {
        let (server, issuer, secret) =
            (self.server.url(), self.issuer.address(), self.issuer.secret());
        let program = json!(program.to_string_lossy()); // JSON's strings are YAML's
        let contexts: String = Login::ALL
            .map(|login| {
                let name = login.name();
                format!("- name: {name}\n  context: {{cluster: demo, user: {name}}}\n")
            })
            .concat();
        format!(
            "\
apiVersion: v1
kind: Config
current-context: plugin
contexts:
{contexts}clusters:
- name: demo
  cluster:
    server: {server}
    certificate-authority: ca.crt
users:
- name: plugin
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: {program}
      args: [demo-plugin, --issuer={issuer}]
      env:
      - name: {PLUGIN_SECRET}
        value: \"{secret}\"
      interactiveMode: Never
- name: certificate
  user:
    client-certificate: client.crt
    client-key: client.key
- name: token-file
  user:
    tokenFile: token
"
        )
    }
}

/// How the server tells the credentials of one login apart: by a group.
const CREDENTIALS: [&str; 2] = ["first", "second"];

/// Looks over the server's shoulder: counts refusals, and notes when a second credential comes.
struct Watcher {
    timeline: Timeline,
    tallies: Tallies,
    second: Seconds,
}

/// Whether a login's second credential has come, by login.
type Seconds = Arc<[AtomicBool; Login::ALL.len()]>;

impl Watcher {
    fn see(&self, path: &str, user: Option<&User>) {
        let Some(login) = Login::of_path(path) else { return };
        let Some(user) = user else { return self.tallies[login as usize].refusal() };
        let second = user.groups.iter().any(|group| group == CREDENTIALS[1]);
        if second && !self.second[login as usize].swap(true, Ordering::Relaxed) {
            let what = match login {
                Login::Certificate => "sees the new certificate, on a new connection",
                _ => "sees the new token",
            };
            self.timeline.mark(Who::Server, what);
        }
    }
}

/// Writes a file whole, so that no reader sees half of it, for its owner alone.
fn write(path: &Path, text: &str) -> io::Result<()> {
    Staged::new(path, text)?.persist()
}

/// A file that has been written, beside its place.
struct Staged<'a> {
    file: NamedTempFile,
    path: &'a Path,
}

impl<'a> Staged<'a> {
    fn new(path: &'a Path, text: &str) -> io::Result<Self> {
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        let mut file = NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        Ok(Self { file, path })
    }

    fn persist(self) -> io::Result<()> {
        self.file.persist(self.path).map(drop).map_err(|error| error.error)
    }
}
