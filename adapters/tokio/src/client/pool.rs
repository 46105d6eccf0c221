//! The connections that belong to one client certificate and one set of roots.

use super::body::Outgoing;
use crate::net::tls::TlsError;
use crate::net::{ConnectionSettings, Connector};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kubecred_core::Identity;
use std::time::Duration;

/// client-go's numbers (HT-23).
const IDLE_PER_HOST: usize = 25;
const IDLE: Duration = Duration::from_secs(90);
const PING_AFTER: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

pub(crate) type HyperClient = legacy::Client<Connector, Outgoing>;

/// Clients that keep connections.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Of the credential that they were made for.
    pub(crate) connection: u64,
    any: HyperClient,
    http1: HyperClient,
}

impl Pool {
    pub(crate) fn new(
        settings: &ConnectionSettings,
        connection: u64,
        roots: Option<&[u8]>,
        identity: Option<&Identity>,
    ) -> Result<Self, TlsError> {
        let client = |http2| Ok(keeping().build(settings.connector(roots, identity, http2)?));
        let http1 = client(false)?;
        Ok(Self {
            connection,
            any: if settings.http2 { client(true)? } else { http1.clone() },
            http1,
        })
    }

    /// The client for a request; one that is to become another protocol needs HTTP/1.1.
    pub(crate) fn client(&self, upgrade: bool) -> &HyperClient {
        if upgrade { &self.http1 } else { &self.any }
    }
}

fn keeping() -> legacy::Builder {
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .http2_keep_alive_interval(PING_AFTER)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .http2_keep_alive_while_idle(true);
    builder
}
