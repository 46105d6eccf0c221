//! The API server: how it is set up, started, asked and stopped.

use crate::accounts::Accounts;
use crate::connection::{Shared, serve};
use crate::exchange::{Counters, Exchange, Journal, Tally};
use crate::held::Held;
use crate::listener::Listener;
use crate::pki::{Authority, Issued};
use crate::respond::Script;
use crate::tls::{ClientCheck, server_config};
use bytes::Bytes;
use http::{Request, Response};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;

/// The names in the server's certificate unless others are asked for: those a cluster's API server has, and loopback's.
const NAMES: [&str; 5] = ["localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default.svc"];

/// A Kubernetes API server on loopback. It stops when it is dropped.
pub struct ApiServer {
    listener: Listener,
    authority: Authority,
    shared: Arc<Shared>,
}

impl ApiServer {
    /// Settings to start a server with: TLS, HTTP/1.1 and HTTP/2, on a free port of 127.0.0.1.
    pub fn builder() -> ApiServerBuilder {
        ApiServerBuilder::default()
    }

    /// The server's URL as a kubeconfig has it, by IP address: `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        let scheme = if self.shared.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address())
    }

    /// Where a client connects.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The authority that issued the server's certificate, which a client must trust.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Who may come in.
    pub fn accounts(&self) -> &Accounts {
        &self.shared.accounts
    }

    /// The exchanges written down so far, oldest reply first.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.journal.read()
    }

    /// The exchanges written down since they were last taken, oldest reply first.
    pub fn take_exchanges(&self) -> Vec<Exchange> {
        self.shared.journal.take()
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        self.shared.tally.read()
    }

    /// Waits until `count` requests have been answered since the start.
    pub async fn answered(&self, count: u64) {
        let mut answered = self.shared.answered.subscribe();
        // The sender is our own and outlives the wait.
        let _ = answered.wait_for(|answered| *answered >= count).await;
    }

    /// Presents another certificate from the next handshake on. Does nothing on plain HTTP.
    pub fn present(&self, identity: &Issued) {
        if let Some(tls) = &self.shared.tls {
            let config = server_config(identity, protocols(self.shared.http1_only), true);
            *tls.write().unwrap_or_else(PoisonError::into_inner) = config;
        }
    }

    /// Ends all connections that are open now, in the middle of whatever they do. New ones are welcome.
    pub fn hang_up(&self) {
        self.listener.hang_up();
    }

    /// Tells all connections that are open now to end when they have answered what they have: GOAWAY in HTTP/2,
    /// `Connection: close` in HTTP/1.1.
    pub fn go_away(&self) {
        self.shared.go_away.send_modify(|calls| *calls += 1);
    }

    /// Waits until this many requests to `/held` are waiting for their answer.
    pub async fn holds(&self, count: usize) {
        self.shared.held.until(count).await;
    }

    /// Answers all requests to `/held` that are waiting.
    pub fn release(&self) {
        self.shared.held.release();
    }

    /// Waits until this many watches (lists with `watch=true`) were begun since the start.
    pub async fn watched(&self, count: usize) {
        self.shared.held.until_watched(count).await;
    }

    /// Sends one event, a line of JSON, to every watch, and says how many there are.
    pub fn announce(&self, event: &str) -> usize {
        self.shared.held.announce(&format!("{event}\n").into())
    }

    /// Ends all watches.
    pub fn end_watches(&self) {
        self.shared.held.end_watches();
    }

    /// Ends all connections and stops listening; when it returns, the port is free.
    pub async fn shutdown(self) {
        self.listener.shutdown().await;
    }
}

impl fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiServer").field("url", &self.url()).finish_non_exhaustive()
    }
}

/// Settings of an [`ApiServer`] to be.
#[must_use]
pub struct ApiServerBuilder {
    address: SocketAddr,
    tls: bool,
    http1_only: bool,
    max_streams: u32,
    names: Vec<String>,
    authority: Option<Authority>,
    client_authority: Option<Authority>,
    accounts: Accounts,
    script: Option<Script>,
    journal_limit: usize,
}

impl Default for ApiServerBuilder {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            tls: true,
            http1_only: false,
            max_streams: 1000,
            names: NAMES.map(str::to_owned).into(),
            authority: None,
            client_authority: None,
            accounts: Accounts::default(),
            script: None,
            journal_limit: usize::MAX,
        }
    }
}

impl ApiServerBuilder {
    /// Listens on this address instead of 127.0.0.1.
    pub fn listen(mut self, address: IpAddr) -> Self {
        self.address.set_ip(address);
        self
    }

    /// Listens on this port; 0, the default, is any that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Speaks HTTP without TLS.
    pub fn plain_http(mut self) -> Self {
        self.tls = false;
        self
    }

    /// Speaks HTTP/1.1 only; without it, ALPN decides.
    pub fn http1_only(mut self) -> Self {
        self.http1_only = true;
        self
    }

    /// Lets a client have so many streams open on one connection of HTTP/2; 1000 unless it is said otherwise.
    pub fn max_streams(mut self, most: u32) -> Self {
        self.max_streams = most;
        self
    }

    /// The DNS names and IP addresses in the server's certificate, instead of those of loopback.
    pub fn names(mut self, names: &[&str]) -> Self {
        self.names = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// The authority to issue the server's certificate, instead of one made for it.
    pub fn authority(mut self, authority: &Authority) -> Self {
        self.authority = Some(authority.clone());
        self
    }

    /// The authority whose client certificates are accepted, instead of the one that issued the server's.
    pub fn client_authority(mut self, authority: &Authority) -> Self {
        self.client_authority = Some(authority.clone());
        self
    }

    /// Accepts these accounts, which the caller may go on changing.
    pub fn accounts(mut self, accounts: &Accounts) -> Self {
        self.accounts = accounts.clone();
        self
    }

    /// Asks `script` first. What it returns is sent as it is, even to a client without credentials; `None` leaves the
    /// request to the server. The request's extensions hold the [`User`](crate::User) if credentials were accepted.
    pub fn respond<F>(mut self, script: F) -> Self
    where
        F: Fn(&Request<Bytes>) -> Option<Response<Bytes>> + Send + Sync + 'static,
    {
        self.script = Some(Arc::new(script));
        self
    }

    /// Whether to write exchanges down. It is so unless turned off.
    pub fn record(self, yes: bool) -> Self {
        self.record_at_most(if yes { usize::MAX } else { 0 })
    }

    /// Keeps only the latest `count` exchanges.
    pub fn record_at_most(mut self, count: usize) -> Self {
        self.journal_limit = count;
        self
    }

    /// Starts the server on the tokio runtime this is called in.
    ///
    /// # Errors
    ///
    /// What the system says to listening on the address.
    pub async fn start(self) -> io::Result<ApiServer> {
        let authority = self.authority.unwrap_or_else(|| Authority::new("kubernetes"));
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let tls = self
            .tls
            .then(|| server_config(&authority.server(&names), protocols(self.http1_only), true));
        let shared = Arc::new(Shared {
            accounts: self.accounts,
            script: self.script,
            journal: Journal::new(self.journal_limit),
            tally: Tally::default(),
            answered: watch::Sender::new(0),
            check: ClientCheck::new(self.client_authority.as_ref().unwrap_or(&authority)),
            tls: tls.map(RwLock::new),
            http1_only: self.http1_only,
            max_streams: self.max_streams,
            held: Held::default(),
            go_away: watch::Sender::new(0),
        });
        let serving = Arc::clone(&shared);
        let listener = Listener::start(self.address, move |stream| {
            let connection = serving.tally.connections.fetch_add(1, Ordering::Relaxed) + 1;
            serve(Arc::clone(&serving), stream, connection)
        })?;
        Ok(ApiServer { listener, authority, shared })
    }
}

impl fmt::Debug for ApiServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiServerBuilder").field("address", &self.address).finish_non_exhaustive()
    }
}

fn protocols(http1_only: bool) -> &'static [&'static [u8]] {
    if http1_only { &[b"http/1.1"] } else { &[b"h2", b"http/1.1"] }
}
