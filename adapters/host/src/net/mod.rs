//! The way to a server: its address, and the proxy that leads there.

mod address;
mod idn;
mod ip;
mod no_proxy;
mod proxy;

pub use address::{Address, AddressError};
pub use idn::parse_url;
pub use no_proxy::{NoProxy, NoProxyReason};
pub use proxy::{ProxyEndpoint, ProxyError, ProxyKind, ProxyVariables, Route, route};
