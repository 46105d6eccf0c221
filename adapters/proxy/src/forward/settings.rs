//! Everything that can be chosen about a [`Proxy`](super::Proxy).

use super::Contexts;
use super::filter::Filter;
use super::headers::Impersonation;
use super::record::AccessLog;
use super::target::Problems;
use crate::server::Drain;
use http::{HeaderName, HeaderValue};
use kubecred_core::Secret;
use kubecred_tokio::client::UpstreamOptions;
use std::fmt;
use std::path::PathBuf;

/// Everything that can be chosen about a [`Proxy`](super::Proxy). The defaults are those of `kubectl
/// proxy`, but for what is safer.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Which requests are let through. `None` lets all through, of any page of any site.
    pub filter: Option<Filter>,
    /// Hosts that are ours beside those of the filter: the names in the certificate, for one.
    pub names: Vec<String>,
    /// Origins of pages of other sites that may use the proxy: `https://dash.example`.
    pub allow_origins: Vec<String>,
    /// The token that each caller must show. It is not sent on.
    pub token: Option<Secret>,
    /// Where the API is: `/` or a path such as `/k8s/`, which is cut off, unless it begins with
    /// `/api` (PX-20).
    pub api_prefix: String,
    /// A folder whose files are served, and where.
    pub files: Option<(PathBuf, String)>,
    /// How the API server is connected to, and whether the path of its URL is put before each path.
    pub upstream: UpstreamOptions,
    /// What becomes of `Impersonate-*` headers of callers.
    pub impersonation: Impersonation,
    /// Headers that are set on each request upstream, as identity-aware proxies on the way ask for.
    pub upstream_headers: Vec<(HeaderName, HeaderValue)>,
    /// Where requests are logged.
    pub access_log: Option<AccessLog>,
    /// Where it is told why there is no answer.
    pub problems: Option<Problems>,
    /// The end of the server, to which upgraded streams belong.
    pub drain: Drain,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            filter: Filter::new(&super::Patterns::default()).ok(),
            names: Vec::new(),
            allow_origins: Vec::new(),
            token: None,
            api_prefix: "/".into(),
            files: None,
            upstream: UpstreamOptions::default(),
            impersonation: Impersonation::default(),
            upstream_headers: Vec::new(),
            access_log: None,
            problems: None,
            drain: Drain::new(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("filter", &self.filter)
            .field("api_prefix", &self.api_prefix)
            .field("upstream", &self.upstream)
            .field("impersonation", &self.impersonation)
            .finish_non_exhaustive()
    }
}

/// Why there is no proxy with these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The API and the files have one prefix (PX-6).
    #[error("the API and the files cannot both be under {0}")]
    SamePrefix(String),
    /// The profile's settings cannot be honoured.
    #[error(transparent)]
    Profile(#[from] kubecred_tokio::ClientError),
}

/// Which API servers a proxy leads to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Upstreams {
    /// The one that requests go to unless they name another.
    pub default: kubecred_tokio::Auth,
    /// Those under `/clusters/NAME/`.
    pub contexts: Option<Contexts>,
}

impl Upstreams {
    /// One.
    #[must_use]
    pub fn one(default: kubecred_tokio::Auth) -> Self {
        Self { default, contexts: None }
    }

    /// And those of these contexts under `/clusters/NAME/`.
    #[must_use]
    pub fn with_contexts(self, contexts: Contexts) -> Self {
        Self { contexts: Some(contexts), ..self }
    }
}
