//! What the demo happens on: an API server that can go down, an identity provider, a proxy and a
//! gate with an application behind it, all on loopback.

use super::outage::Outage;
use super::way::Way;
use super::{Tallies, failed, servers};
use crate::commands::demo::issuer::Issuer;
use crate::commands::demo::random::hex;
use crate::commands::demo::timeline::{Timeline, Who};
use crate::commands::demo::{count, log_in_with};
use crate::report::Report;
use kubecred_loopback::{Accounts, ApiServer, Authority, User};
use kubecred_proxy::forward::{Proxy, Settings, Upstreams};
use kubecred_proxy::server::{Drain, Server};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use tokio::time::sleep;

/// How long a short-lived token lives.
const SHORT_LIFE: Duration = Duration::from_secs(3);

/// How long the API server is down.
const DOWN: Duration = Duration::from_secs(3);

/// Another process may have taken the server's port meanwhile: so often it is tried to get it back.
const PORT_TRIES: u32 = 50;

/// The demo's surroundings. They are gone when it is dropped.
pub(super) struct Stage {
    pub(super) issuer: Issuer,
    pub(super) outage: Outage,
    /// URLs of the proxy and of the gate.
    pub(super) entrances: [String; 2],
    proxy: Proxy,
    accounts: Accounts,
    authority: Authority,
    server: Mutex<Option<ApiServer>>,
    _application: ApiServer,
    drain: Drain,
    folder: TempDir,
    timeline: Timeline,
    tallies: Tallies,
    /// The token that is revoked.
    revoked: String,
}

impl Stage {
    /// Builds it: the proxy has logged in.
    pub(super) async fn start(timeline: &Timeline, tallies: &Tallies) -> Result<Self, Report> {
        let (accounts, authority) = (Accounts::default(), Authority::new("kubecred-demo"));
        let server =
            servers::api_server(&accounts, &authority, tallies, 0).await.map_err(failed)?;
        let issuer = Issuer::start(accounts.clone(), timeline.clone()).await.map_err(failed)?;
        let folder = tempfile::Builder::new().prefix("kubecred-demo-").tempdir().map_err(failed)?;
        let kubeconfig = servers::kubeconfig(&server, &issuer).map_err(failed)?;
        std::fs::write(folder.path().join("config"), kubeconfig).map_err(failed)?;
        let drain = Drain::new();

        let profile = servers::profile(&folder.path().join("config"))?;
        let (mut held, counted) = (None, Arc::clone(tallies));
        let auth = log_in_with(profile, Who::Proxy, timeline, move |event| {
            count(event, &mut held, &counted[Way::Proxy as usize]);
        });
        auth.credential().await.map_err(failed)?;
        let mut settings = Settings::default();
        settings.drain = drain.clone();
        settings.problems = Some(Arc::new(servers::once(timeline, Who::Proxy)));
        let proxy = Proxy::new(Upstreams::one(auth), settings).map_err(failed)?;
        let (listener, proxy_url) = servers::listen()?;
        tokio::spawn(Server::new(&drain).serve(listener, proxy.clone()));

        let application = servers::application().await.map_err(failed)?;
        let gate = servers::gate((&server, &accounts), &application, &drain, timeline);
        let gate = gate.map_err(failed)?;
        let (listener, gate_url) = servers::listen()?;
        tokio::spawn(Server::new(&drain).serve(listener, gate));
        let revoked = hex();
        accounts.allow_token(&revoked, User::new(Way::Revoked.user()));
        Ok(Self {
            issuer,
            outage: Outage::default(),
            entrances: [proxy_url, gate_url],
            proxy,
            accounts,
            authority,
            server: Mutex::new(Some(server)),
            _application: application,
            drain,
            folder,
            timeline: timeline.clone(),
            tallies: Arc::clone(tallies),
            revoked,
        })
    }

    /// The kubeconfig of the proxy.
    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Where the API server is, unless it is down.
    pub(super) fn server_url(&self) -> String {
        self.server().as_ref().map(ApiServer::url).unwrap_or_default()
    }

    /// A token for a caller of this way.
    pub(super) fn token(&self, way: Way) -> Option<Token> {
        let ends = (way == Way::ShortLived).then(|| SystemTime::now() + SHORT_LIFE);
        let text = match way {
            Way::Proxy => return None,
            Way::Revoked => self.revoked.clone(),
            Way::Gate | Way::ShortLived => hex(),
        };
        match (way, ends) {
            (Way::Revoked, _) => {}
            (_, Some(ends)) => self.accounts.allow_token_until(&text, User::new(way.user()), ends),
            (_, None) => self.accounts.allow_token(&text, User::new(way.user())),
        }
        Some(Token { text, ends })
    }

    /// Takes the proxy's token back long before its end.
    pub(super) fn revoke_login(&self) {
        let what = "refuses the proxy's token from now on, before its time";
        self.timeline.mark(Who::Server, what);
        self.issuer.revoke();
    }

    /// Takes the token of one of the gate's callers back.
    pub(super) fn revoke_caller(&self) {
        self.timeline.mark(Who::Server, "revokes the token of one of the gate's callers");
        self.accounts.revoke_token(&self.revoked);
    }

    /// The API server goes down, and comes back on the same port.
    pub(super) async fn go_down(&self) -> std::io::Result<()> {
        let Some(server) = self.server().take() else { return Ok(()) };
        let port = server.address().port();
        let let_in = || self.tallies[Way::Gate as usize].read().requests;
        self.outage.begin();
        self.timeline.mark(Who::Server, "goes down, with its connections");
        server.shutdown().await;
        let before = let_in();
        sleep(DOWN).await;
        let meanwhile = let_in() - before;
        let what = format!("answered {meanwhile} requests meanwhile by verdicts that it remembers");
        self.timeline.mark(Who::Gate, what);
        let mut tries = 0;
        let (accounts, authority) = (&self.accounts, &self.authority);
        let server = loop {
            match servers::api_server(accounts, authority, &self.tallies, port).await {
                Err(_) if tries < PORT_TRIES => tries += 1,
                outcome => break outcome?,
            }
            sleep(Duration::from_millis(100)).await;
        };
        *self.server() = Some(server);
        self.outage.end();
        self.timeline.mark(Who::Server, "is back");
        Ok(())
    }

    /// How many token reviews the gate has asked for.
    pub(super) fn reviews(&self) -> u64 {
        self.accounts.reviews().token_reviews()
    }

    /// Ends proxy and gate.
    pub(super) async fn end(&self) {
        self.drain.begin();
        self.drain.end();
        self.proxy.close().await;
    }

    fn server(&self) -> MutexGuard<'_, Option<ApiServer>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller's token.
pub(super) struct Token {
    pub(super) text: String,
    /// `None`: not while the demo lasts.
    ends: Option<SystemTime>,
}

impl Token {
    /// Whether a caller should have another: a third of its life is left.
    pub(super) fn is_old(&self) -> bool {
        self.ends.is_some_and(|ends| SystemTime::now() + SHORT_LIFE / 3 >= ends)
    }

    /// Whether it is over.
    pub(super) fn has_ended(&self) -> bool {
        self.ends.is_some_and(|ends| SystemTime::now() >= ends)
    }
}
