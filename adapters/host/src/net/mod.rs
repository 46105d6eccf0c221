//! The way to a server: its address, and the proxy that leads there.

mod address;
mod ip;
mod no_proxy;
mod proxy;

pub use address::{Address, AddressError};
pub use no_proxy::{NoProxy, NoProxyReason};
pub use proxy::{ProxyEndpoint, ProxyError, ProxyKind, ProxyVariables, Route, route};
