//! Paths: the raw one that is sent on, and the decoded one that is judged.

use super::refusal::Refusal;
use http::StatusCode;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The path of a request below a prefix. What is sent on is the raw text, unchanged; what is judged
/// is what a server would make of it.
#[derive(Debug)]
pub(crate) struct ApiPath<'a> {
    raw: &'a str,
    decoded: Cow<'a, str>,
    /// Without doubled slashes, if there are any.
    single: Option<String>,
}

impl<'a> ApiPath<'a> {
    /// Of a path with or without a query.
    pub(crate) fn new(raw: &'a str) -> Result<Self, Refusal> {
        let path = raw.split('?').next().unwrap_or_default();
        if has_bad_escape(path) {
            return Err(bad_path("the path has a % that two hexadecimal digits do not follow"));
        }
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        if decoded.contains('\0') {
            return Err(bad_path("the path contains a NUL"));
        }
        if decoded.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(bad_path("the path contains . or .. as a segment"));
        }
        let single = decoded.contains("//").then(|| {
            let segments = decoded.split('/').enumerate();
            let full = segments.filter(|(at, segment)| *at == 0 || !segment.is_empty());
            full.map(|(_, segment)| segment).collect::<Vec<_>>().join("/")
        });
        Ok(Self { raw, decoded, single })
    }

    /// As it came, with the query.
    pub(crate) fn raw(&self) -> &'a str {
        self.raw
    }

    /// Decoded, without the query.
    pub(crate) fn decoded(&self) -> &str {
        &self.decoded
    }

    /// Every way in which a server may read it.
    pub(crate) fn forms(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.decoded).chain(self.single.as_deref())
    }

    /// `exec` or `attach`, if it is that of a pod.
    pub(crate) fn runs_commands(&self) -> Option<&'static str> {
        let path = self.single.as_deref().unwrap_or(&self.decoded);
        let mut segments = path.trim_matches('/').rsplit('/');
        let last = segments.next()?;
        let pods = segments.nth(1)?;
        ["exec", "attach"].into_iter().find(|name| *name == last && pods == "pods")
    }
}

fn bad_path(what: &str) -> Refusal {
    let message = format!("{what}; the proxy does not send it on");
    Refusal::new(StatusCode::BAD_REQUEST, "BadRequest", message)
}

fn has_bad_escape(path: &str) -> bool {
    let mut parts = path.split('%');
    parts.next();
    parts.any(|part| !part.get(..2).is_some_and(|two| two.bytes().all(|b| b.is_ascii_hexdigit())))
}

/// What is left of a raw path below a prefix that ends with a slash, beginning with a slash. The
/// prefix without its slash is the same as with it.
pub(crate) fn below<'a>(raw: &'a str, prefix: &str) -> Option<Cow<'a, str>> {
    let bare = prefix.strip_suffix('/').unwrap_or(prefix);
    let rest = raw.strip_prefix(bare)?;
    match rest.as_bytes().first() {
        None => Some("/".into()),
        Some(b'/') => Some(rest.into()),
        Some(b'?') => Some(format!("/{rest}").into()),
        Some(_) => None,
    }
}

/// A prefix as it is used: with a slash at both ends (PX-20).
pub(crate) fn prefix(text: &str) -> String {
    let inner = text.trim_matches('/');
    if inner.is_empty() { "/".into() } else { format!("/{inner}/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// I: kubectl answers both with a redirect to the cleaned path.
    #[test]
    fn px_19_dot_segments_are_refused_and_doubled_slashes_pass() {
        for bad in
            ["/a/../b", "/a/./b", "/..", "/%2e%2e/a", "/a/%2E", "/a%2f..%2fb", "/a%zz", "/%", "/%0"]
        {
            assert!(ApiPath::new(bad).is_err(), "{bad}");
        }
        for good in ["/a//b", "/api/x%2Fy/%7Ea;b?c=d;e&f=../g", "/a/...", "/a/..b", "/", "/%C3%A9"]
        {
            assert_eq!(ApiPath::new(good).unwrap().raw(), good);
        }
        let path = ApiPath::new("//a%2F/b/?q=//").unwrap();
        assert_eq!(path.forms().collect::<Vec<_>>(), ["//a//b/", "/a/b"]);
    }

    #[test]
    fn px_20_a_prefix_ends_with_a_slash_and_its_bare_form_is_the_same() {
        for (text, whole) in [("/", "/"), ("", "/"), ("custom", "/custom/"), ("/a/b/", "/a/b/")] {
            assert_eq!(prefix(text), whole);
        }
        for (raw, prefix, rest) in [
            ("/custom/api?x", "/custom/", Some("/api?x")),
            ("/custom", "/custom/", Some("/")),
            ("/custom/", "/custom/", Some("/")),
            ("/custom?x", "/custom/", Some("/?x")),
            ("/customs/api", "/custom/", None),
            ("/api", "/", Some("/api")),
            ("/other", "/custom/", None),
        ] {
            assert_eq!(below(raw, prefix).as_deref(), rest, "{raw}");
        }
    }
}
