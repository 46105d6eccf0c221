//! Who is asking: the host that a request is for, the page that it comes from, the caller's token.
//!
//! The proxy lends its login to whoever reaches it, and a browser on this machine reaches it for any
//! page. So a request must be for one of our own names, which a page under a rebound name is not; and
//! it must not come from a page of another site, which may send simple requests and open WebSockets
//! without asking (PX-17).

use super::filter::Filter;
use super::refusal::Refusal;
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, HeaderName, Request, StatusCode, Version};
use kubecred_core::Secret;
use subtle::ConstantTimeEq;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whose requests are taken.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    /// `None`: kubectl's `--disable-filter`.
    pub(crate) filter: Option<Filter>,
    /// Hosts that are ours beside those of the filter, in lower case.
    pub(crate) names: Vec<String>,
    /// Origins of pages that may use the proxy, as browsers write them.
    pub(crate) origins: Vec<String>,
    /// The token that callers show.
    pub(crate) token: Option<Secret>,
}

impl Callers {
    pub(crate) fn check<B>(&self, request: &Request<B>, tls: bool) -> Result<(), Refusal> {
        let authority = authority(request)?;
        if let Some(filter) = &self.filter {
            let host = host(&authority);
            if !filter.accepts_host(&host) && !self.names.contains(&host) {
                return Err(Refusal::forbidden(format!(
                    "the proxy does not answer for the host {host:?} (--accept-hosts)"
                )));
            }
            self.check_page(request.headers(), &authority, tls)?;
        }
        match &self.token {
            Some(token) if !shows(request.headers(), token) => Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "Unauthorized",
                "the proxy wants its own token, which --write-kubeconfig writes",
            )),
            _ => Ok(()),
        }
    }

    /// Refuses pages of other sites.
    fn check_page(&self, headers: &HeaderMap, authority: &str, tls: bool) -> Result<(), Refusal> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let (origin, more) = (origins.next(), origins.next().is_some());
        let is_allowed = |origin: &str| self.origins.iter().any(|allowed| allowed == origin);
        if let Some(origin) = origin {
            let text = origin.to_str().unwrap_or_default();
            let own = [if tls { "https://" } else { "http://" }, authority].concat();
            if !more && is_allowed(text) {
                return Ok(());
            }
            if more || !text.eq_ignore_ascii_case(&own) {
                return Err(Refusal::forbidden(
                    "the proxy does not answer to pages of other sites (Origin; --allow-origin)",
                ));
            }
        }
        let sites = headers.get_all(SEC_FETCH_SITE).iter();
        match sites.into_iter().all(|site| matches!(site.as_bytes(), b"same-origin" | b"none")) {
            true => Ok(()),
            false => Err(Refusal::forbidden(
                "the proxy does not answer to pages of other sites (Sec-Fetch-Site)",
            )),
        }
    }
}

/// The host and port that a request is for. There must be one, and only one (RFC 9112, 3.2).
fn authority<B>(request: &Request<B>) -> Result<String, Refusal> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, more) = (hosts.next(), hosts.next().is_some());
    if more {
        return Err(Refusal::bad_request("the request has more than one Host header"));
    }
    let host = match host.map(http::HeaderValue::to_str) {
        Some(Ok(host)) => Some(host.to_ascii_lowercase()),
        Some(Err(_)) => return Err(Refusal::bad_request("the Host header is not text")),
        None => None,
    };
    let of_uri = request.uri().authority().map(|authority| authority.as_str().to_ascii_lowercase());
    match (of_uri, host) {
        (Some(of_uri), Some(host)) if of_uri != host => Err(Refusal::bad_request(
            "the request is for one host by its URI, and for another by its Host header",
        )),
        (Some(of_uri), _) => Ok(of_uri),
        (None, Some(host)) => Ok(host),
        (None, None) if request.version() < Version::HTTP_11 => Ok(String::new()),
        (None, None) => Err(Refusal::bad_request("the request has no Host header")),
    }
}

/// The host of host and port; an IPv6 address in brackets; without the dot that may end a name.
fn host(authority: &str) -> String {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => match host {
            // An address without brackets has no port.
            address if address.contains(':') && !address.ends_with(']') => authority,
            host => host,
        },
        _ => authority,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    match host.parse::<std::net::Ipv6Addr>() {
        Ok(_) => format!("[{host}]"),
        Err(_) => host.to_owned(),
    }
}

/// Whether there is exactly one `Authorization`, and it is the token.
fn shows(headers: &HeaderMap, token: &Secret) -> bool {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (Some(one), None) = (shown.next(), shown.next()) else { return false };
    let Some((scheme, rest)) = one.as_bytes().split_at_checked(7) else { return false };
    scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(rest.ct_eq(token.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::filter::Patterns;

    fn callers() -> Callers {
        let filter = Filter::new(&Patterns::default()).unwrap();
        Callers {
            filter: Some(filter),
            origins: vec!["https://dash.example".into()],
            ..Callers::default()
        }
    }

    fn said(callers: &Callers, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::get("/api");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let outcome = callers.check(&request.body(()).unwrap(), false);
        outcome.map_or_else(|refusal| refusal.code().as_u16(), |()| 200)
    }

    /// I: kubectl compares by case, and never accepts an IPv6 address with a port.
    #[test]
    fn kb_52_px_13_hosts_are_compared_as_hosts() {
        for (host, code) in [
            ("localhost", 200),
            ("LOCALHOST:99", 200),
            ("127.0.0.1:8001", 200),
            ("[::1]", 200),
            ("[::1]:8001", 200),
            ("localhost.", 200),
            ("k8s.localhost:8001", 200),
            ("evil.example", 403),
            ("localhost.evil.example", 403),
            ("127.0.0.1.evil.example:8001", 403),
            ("127.0.0.2", 403),
            ("localhost:80:80", 403),
            ("", 403),
        ] {
            assert_eq!(said(&callers(), &[("host", host)]), code, "{host}");
        }
        assert_eq!(said(&callers(), &[]), 400);
        assert_eq!(said(&callers(), &[("host", "localhost"), ("host", "localhost")]), 400);
        let named = Callers { names: vec!["proxy.internal".into()], ..callers() };
        assert_eq!(said(&named, &[("host", "Proxy.internal:8443")]), 200);
    }

    /// I: kubectl looks at neither.
    #[test]
    fn px_17_pages_of_other_sites_are_refused() {
        let host = ("host", "localhost:8001");
        for (name, value, code) in [
            ("origin", "http://localhost:8001", 200),
            ("origin", "https://dash.example", 200),
            ("origin", "http://localhost:9000", 403),
            ("origin", "https://localhost:8001", 403),
            ("origin", "https://evil.example", 403),
            ("origin", "null", 403),
            ("origin", "", 403),
            ("sec-fetch-site", "none", 200),
            ("sec-fetch-site", "same-origin", 200),
            ("sec-fetch-site", "same-site", 403),
            ("sec-fetch-site", "cross-site", 403),
            ("sec-fetch-site", "what-may-come", 403),
        ] {
            assert_eq!(said(&callers(), &[host, (name, value)]), code, "{name} {value}");
        }
        let cross = ("sec-fetch-site", "cross-site");
        assert_eq!(said(&callers(), &[host, ("origin", "https://dash.example"), cross]), 200);
        let two = [host, ("origin", "http://localhost:8001"), ("origin", "https://evil.example")];
        assert_eq!(said(&callers(), &two), 403);
    }

    /// I: kubectl asks its callers for nothing.
    #[test]
    fn px_18_callers_show_the_token_if_there_is_one() {
        let callers = Callers { token: Some(Secret::from("hush")), ..callers() };
        for (value, code) in [
            ("Bearer hush", 200),
            ("bearer hush", 200),
            ("Bearer hus", 401),
            ("Bearer hushh", 401),
            ("Basic hush", 401),
            ("Bearer", 401),
        ] {
            let headers = [("host", "localhost"), ("authorization", value)];
            assert_eq!(said(&callers, &headers), code, "{value}");
        }
        assert_eq!(said(&callers, &[("host", "localhost")]), 401);
    }
}
