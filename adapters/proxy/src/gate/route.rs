//! Which application a request is for, if there are several.

use super::{GateError, Target, Upstream, path};
use kubecred_core::Profile;

/// An application, and the requests that are for it.
#[derive(Clone, Debug)]
pub struct Route {
    /// In small letters, without the port; `None`: any.
    host: Option<String>,
    /// Begins with a slash, and does not end with one unless it is `/`.
    prefix: String,
    pub(crate) upstream: Upstream,
}

impl Route {
    /// Reads `[HOST][/PATH=]TARGET`, as in `http://127.0.0.1:8080`, `/reports=unix:/run/reports` or
    /// `grafana.example=http://127.0.0.1:3000`; see [`Target::parse`]. `tls` is for targets with
    /// `https`.
    ///
    /// # Errors
    /// When the target is none, the path is not plain, or TLS cannot be set up.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn parse(text: &str, tls: &Profile) -> Result<Self, GateError> {
        let (place, target) = match text.split_once('=') {
            // An equals sign in a socket's path is not ours.
            Some((place, target)) if !place.contains(':') => (place, target),
            _ => ("", text),
        };
        let (host, prefix) = place.split_at(place.find('/').unwrap_or(place.len()));
        let prefix = prefix.trim_end_matches('/');
        if !prefix.is_empty() && path::canonical(prefix).as_deref() != Some(prefix) {
            return Err(GateError::Path(prefix.to_owned()));
        }
        Ok(Self {
            host: (!host.is_empty()).then(|| host.to_ascii_lowercase()),
            prefix: if prefix.is_empty() { "/".to_owned() } else { prefix.to_owned() },
            upstream: Upstream::new(Target::parse(target)?, tls.clone())?,
        })
    }

    /// Whether the path says which application it is.
    pub(crate) fn is_by_path(&self) -> bool {
        self.prefix != "/"
    }

    fn takes(&self, host: &str, path: &str) -> bool {
        let rest = path.strip_prefix(self.prefix.trim_end_matches('/'));
        self.host.as_deref().is_none_or(|own| own == host)
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// The route for a request: one with a host before one without, then the longest path.
pub(crate) fn find<'r>(routes: &'r [Route], host: &str, path: &str) -> Option<&'r Route> {
    let host = bare(host).to_ascii_lowercase();
    let taking = routes.iter().filter(|route| route.takes(&host, path));
    taking.max_by_key(|route| (route.host.is_some(), route.prefix.len()))
}

/// A host without its port.
fn bare(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_host_and_then_the_longest_path_say_which_application_it_is() {
        let tls = Profile::new("https://unused");
        let routes: Vec<_> = [
            "http://one",
            "/reports=http://two",
            "/reports/old=http://three",
            "App.example=http://four",
        ]
        .iter()
        .map(|text| Route::parse(text, &tls).unwrap())
        .collect();
        let found = |host: &str, path: &str| {
            find(&routes, host, path).map(|route| route.upstream.target().to_string()).unwrap()
        };
        assert_eq!(found("a:80", "/"), "http://one");
        assert_eq!(found("a", "/reportsx"), "http://one");
        assert_eq!(found("a", "/reports"), "http://two");
        assert_eq!(found("[::1]:80", "/reports/new"), "http://two");
        assert_eq!(found("a", "/reports/old/x"), "http://three");
        assert_eq!(found("APP.example:8080", "/reports/old"), "http://four");
        assert!(find(&routes[1..3], "a", "/").is_none());
        assert!(Route::parse("/a/../b=http://x", &tls).is_err());
    }
}
