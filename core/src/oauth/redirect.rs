//! Redirects of the request for the discovery document, as Go's client follows them. Nothing secret
//! goes along; so they may lead anywhere that secrets might be sent to. No other request is sent on.

use super::AnswerProblem;
use super::endpoint::check;
use crate::protocol::HttpResponse;
use crate::redact;
use crate::url::Url;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Go's limit.
const MOST: u8 = 10;

/// Where the request goes, and how often it was sent on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trail {
    pub(crate) url: String,
    redirects: u8,
}

impl Trail {
    /// Begins at this URL.
    pub(crate) fn new(url: String) -> Self {
        Self { url, redirects: 0 }
    }

    /// Where the answer sends the request; `None` if it is no redirect.
    ///
    /// # Errors
    /// It was sent on too often, or to where it must not go.
    pub(crate) fn follow(&self, answer: &HttpResponse) -> Result<Option<Self>, AnswerProblem> {
        let status = answer.status;
        let location = answer.header("location").filter(|location| !location.is_empty());
        let Some(location) = location.filter(|_| matches!(status, 301 | 302 | 303 | 307 | 308))
        else {
            return Ok(None);
        };
        let refused = |message| AnswerProblem::Status { status, message };
        if self.redirects == MOST {
            return Err(refused(format!("it was redirected more than {MOST} times")));
        }
        let url = resolve(&self.url, location);
        if !may_lead(&self.url, &url) {
            let shown = super::redact::description(&redact::url(&url), &[]);
            return Err(refused(format!("it redirects to {shown:?}, which is not an https URL")));
        }
        Ok(Some(Self { url, redirects: self.redirects.saturating_add(1) }))
    }

    /// Whether it is still at the server of this URL.
    #[cfg(feature = "login")]
    pub(crate) fn is_at(&self, url: &str) -> bool {
        origin(&self.url).zip(origin(url)).is_some_and(|(here, there)| here == there)
    }
}

/// Not from TLS to plain HTTP, and no name or password may be put into it.
fn may_lead(from: &str, to: &str) -> bool {
    let scheme = |url| Url::parse(url).map(|url| url.scheme.to_ascii_lowercase());
    let is_safe = scheme(from).as_deref() == Some("http") || scheme(to).as_deref() == Some("https");
    is_safe && check(to).is_ok() && Url::parse(to).is_some_and(|url| url.user.is_none())
}

/// A `Location` against the URL that was asked (RFC 3986, 5.2).
fn resolve(from: &str, location: &str) -> String {
    let location = location.split('#').next().unwrap_or_default();
    if Url::parse(location).is_some_and(|url| !url.scheme.is_empty()) {
        return location.to_owned();
    }
    let asked = from.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = asked.split_once("://") else { return location.to_owned() };
    let (host, path) =
        rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
    if location.starts_with("//") {
        return [scheme, ":", location].concat();
    }
    let (given, query) = location
        .split_at_checked(location.find('?').unwrap_or(location.len()))
        .unwrap_or((location, ""));
    let path = match given {
        "" => path.to_owned(),
        absolute if absolute.starts_with('/') => without_dots(absolute),
        relative => {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            without_dots(&[folder, "/", relative].concat())
        }
    };
    [scheme, "://", host, &path, query].concat()
}

/// An absolute path without `.` and `..` (RFC 3986, 5.2.4).
fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    if matches!(path.rsplit('/').next(), Some("." | "..")) {
        parts.push("");
    }
    ["/", &parts.join("/")].concat()
}

/// Scheme and host.
#[cfg(feature = "login")]
fn origin(url: &str) -> Option<(String, String)> {
    let url = Url::parse(url)?;
    Some((url.scheme.to_ascii_lowercase(), url.host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, location: Option<&str>) -> HttpResponse {
        let mut answer = HttpResponse::new(status, "");
        if let Some(location) = location {
            answer.push_header("location", location.as_bytes());
        }
        answer
    }

    fn led(from: &str, location: &str) -> Result<String, String> {
        match Trail::new(from.into()).follow(&answer(301, Some(location))) {
            Ok(Some(trail)) => Ok(trail.url),
            Err(AnswerProblem::Status { status: 301, message }) => Err(message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn oi_20_a_location_is_resolved_against_the_url_that_was_asked() {
        let from = "https://id.example/realm/.well-known/openid-configuration?x";
        for (location, url) in [
            ("https://new.example/d", "https://new.example/d"),
            ("HTTPS://new.example/d#f", "HTTPS://new.example/d"),
            ("//new.example:8443/d", "https://new.example:8443/d"),
            ("/d?a=1", "https://id.example/d?a=1"),
            ("d", "https://id.example/realm/.well-known/d"),
            ("../../d/./e/..", "https://id.example/d/"),
            ("../../../../d", "https://id.example/d"),
            ("?y=2", "https://id.example/realm/.well-known/openid-configuration?y=2"),
        ] {
            assert_eq!(led(from, location).as_deref(), Ok(url), "{location}");
        }
    }

    #[test]
    fn oi_20_a_redirect_leads_from_https_to_https() {
        let from = "https://id.example/d";
        for location in [
            "http://id.example/d",
            "http://127.0.0.1/d",
            "ftp://id.example/d",
            "https://me:hush-pw@id.example/d",
            "https://",
            "https://a b/",
            "file:///etc/passwd",
        ] {
            let words = led(from, location).unwrap_err();
            assert!(words.starts_with("it redirects to") && !words.contains("hush"), "{words}");
        }
        // One that stays on this machine may stay there, or go by TLS.
        for location in ["http://127.0.0.1:2/d", "https://id.example/d"] {
            assert_eq!(led("http://127.0.0.1:1/d", location).as_deref(), Ok(location));
        }
        assert!(led("http://127.0.0.1:1/d", "http://id.example/d").is_err());
    }

    #[test]
    fn oi_20_redirects_end() {
        let mut trail = Trail::new("https://id.example/d".into());
        for _ in 0..MOST {
            trail = trail.follow(&answer(302, Some("/d"))).unwrap().unwrap();
        }
        let AnswerProblem::Status { message, .. } =
            trail.follow(&answer(302, Some("/d"))).unwrap_err()
        else {
            panic!()
        };
        assert_eq!(message, "it was redirected more than 10 times");
        for (status, location) in [(200, Some("/d")), (304, Some("/d")), (301, None), (404, None)] {
            assert_eq!(trail.follow(&answer(status, location)), Ok(None));
        }
    }
}
