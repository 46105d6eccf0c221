//! Connections: TCP, proxies and TLS, as a profile wants them.

mod connect;
pub(crate) mod informational;
pub(crate) mod pool;
mod proxied_stream;
mod settings;
pub(crate) mod tls;
pub(crate) mod words;

pub use connect::ConnectError;
pub(crate) use connect::proxy_authorization;
pub(crate) use settings::{ConnectionSettings, ServerNames};
