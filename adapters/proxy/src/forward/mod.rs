//! The forward proxy: `kubectl proxy`, and what its users miss.
//!
//! [`Proxy`] is a service that lends a login to its callers: it checks who asks and what for, puts
//! the credential on, and passes the rest through. Bodies stream; a 401 makes it log in again and
//! send once more; an upgrade becomes a [tunnel](https://datatracker.ietf.org/doc/html/rfc9110#section-7.8).
//!
//! ```no_run
//! # async fn show(auth: kubecred_tokio::Auth) -> Result<(), Box<dyn std::error::Error>> {
//! use kubecred_proxy::forward::{Proxy, Settings, Upstreams};
//! use kubecred_proxy::server::{Listener, Server};
//!
//! let settings = Settings::default();
//! let drain = settings.drain.clone();
//! let proxy = Proxy::new(Upstreams::one(auth), settings)?;
//! Server::new(&drain).serve(Listener::tcp("127.0.0.1:8001".parse()?)?, proxy).await;
//! # Ok(())
//! # }
//! ```

mod body;
mod caller;
mod contexts;
mod files;
mod filter;
mod headers;
mod metrics;
mod path;
mod record;
mod refusal;
mod route;
mod service;
mod settings;
mod status;
mod target;
mod tunnel;

pub use body::ProxyBody;
pub use contexts::{Contexts, Opening};
pub use filter::{
    ACCEPT_HOSTS, ACCEPT_PATHS, Filter, FilterError, Patterns, REJECT_METHODS, REJECT_PATHS,
};
pub use headers::Impersonation;
pub use record::{AccessLog, AccessRecord};
pub use service::Proxy;
pub use settings::{Settings, SettingsError, Upstreams};
pub use status::StatusService;
pub use target::Problems;
