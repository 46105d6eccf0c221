//! The demo's identity provider: hands out tokens that live for three seconds, and tells the API
//! server which ones.
//!
//! The plugin asks for one over a connection to loopback: it writes a line with its secret and
//! reads a line with the token and its end in milliseconds since 1970. No line: no token.

use super::random::hex;
use super::timeline::{Timeline, Who};
use kubecred_loopback::{Accounts, User};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Who the tokens are for.
pub(crate) const USER: &str = "demo-plugin";

/// A line of a plugin that is longer than this is none of ours.
const LINE: u64 = 256;

/// The identity provider. It ends when it is dropped.
pub(crate) struct Issuer {
    address: SocketAddr,
    state: Arc<State>,
    _task: JoinSet<()>,
}

struct State {
    accounts: Accounts,
    timeline: Timeline,
    secret: String,
    current: Mutex<Option<String>>,
    fail_next: AtomicBool,
    asked: AtomicU64,
    failed: AtomicU64,
    recovered: AtomicBool,
}

impl Issuer {
    /// Listens on a free port of loopback.
    pub(crate) async fn start(accounts: Accounts, timeline: Timeline) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            accounts,
            timeline,
            secret: hex(),
            current: Mutex::new(None),
            fail_next: AtomicBool::new(false),
            asked: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            recovered: AtomicBool::new(false),
        });
        let mut task = JoinSet::new();
        task.spawn(listen(listener, Arc::clone(&state)));
        Ok(Self { address, state, _task: task })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a plugin has to know.
    pub(crate) fn secret(&self) -> &str {
        &self.state.secret
    }

    /// Takes the newest token back before its time. Whether there was one.
    pub(crate) fn revoke(&self) -> bool {
        let current = self.state.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().is_some_and(|token| self.state.accounts.revoke_token(token))
    }

    /// The next plugin gets nothing.
    pub(crate) fn fail_next(&self) {
        self.state.fail_next.store(true, Ordering::Relaxed);
    }

    /// How many plugins have asked.
    pub(crate) fn asked(&self) -> u64 {
        self.state.asked.load(Ordering::Relaxed)
    }

    /// Whether a plugin got nothing, and a later one got a token.
    pub(crate) fn recovered(&self) -> bool {
        self.state.recovered.load(Ordering::Relaxed)
    }

    /// How many plugins got nothing.
    pub(crate) fn failed(&self) -> u64 {
        self.state.failed.load(Ordering::Relaxed)
    }
}

async fn listen(listener: TcpListener, state: Arc<State>) {
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            connection = listener.accept() => if let Ok((connection, _)) = connection {
                let state = Arc::clone(&state);
                // A plugin that goes away in the middle has itself to blame.
                conversations.spawn(async move { drop(converse(connection, &state).await) });
            },
            Some(_) = conversations.join_next() => {}
        }
    }
}

async fn converse(mut connection: TcpStream, state: &State) -> io::Result<()> {
    let mut secret = String::new();
    let (reader, mut writer) = connection.split();
    BufReader::new(reader.take(LINE)).read_line(&mut secret).await?;
    if secret.trim_end() != state.secret {
        return Ok(());
    }
    if let Some((token, ends)) = state.issue() {
        writer.write_all(format!("{token} {}\n", ends.as_millis()).as_bytes()).await?;
    }
    writer.shutdown().await
}

impl State {
    /// A new token that the API server knows, and its end since 1970. `None` if it shall fail.
    fn issue(&self) -> Option<(String, Duration)> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.fail_next.swap(false, Ordering::Relaxed) {
            self.failed.fetch_add(1, Ordering::Relaxed);
            self.timeline.mark(Who::Issuer, "has a bad moment: no token for this plugin run");
            return None;
        }
        self.recovered.store(self.failed.load(Ordering::Relaxed) > 0, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Ends have whole seconds on the wire, so a life is 2.5 to 3.5 seconds.
        let ends = Duration::from_secs((now + Duration::from_millis(3500)).as_secs());
        let token = hex();
        self.accounts.allow_token_until(&token, User::new(USER), UNIX_EPOCH + ends);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Some((token, ends))
    }
}
