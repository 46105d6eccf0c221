//! URLs as Go reads them, as far as a server and a proxy need it.

use crate::secret::Secret;
use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What Go escapes in a name or a password before a host.
const USER_INFO: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// The server of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// Always with a scheme.
    pub(crate) url: String,
    pub(crate) https: bool,
    /// The name and the password before the host.
    pub(crate) user: Option<(String, Secret)>,
}

impl Server {
    /// What `server` of a kubeconfig means. One without a scheme is plain HTTP (KC-71); a path loses
    /// its query and fragment (KC-70). `None` if no request could be made of it (KC-72).
    pub(crate) fn parse(server: &str) -> Option<Self> {
        if let Some(url) = Url::parse(server)
            && !url.scheme.is_empty()
            && !url.host.is_empty()
        {
            let https = url.scheme.eq_ignore_ascii_case("https");
            if !https && !url.scheme.eq_ignore_ascii_case("http") {
                return None;
            }
            let end = server.find(['?', '#']).filter(|_| url.path.len() > 1);
            let (server, _) = server.split_at_checked(end.unwrap_or(server.len()))?;
            return Some(Self { url: server.to_owned(), https, user: url.credentials() });
        }
        let guess = ["http://", server].concat();
        let url = Url::parse(&guess)?;
        let usable = !url.host.is_empty() && matches!(url.path, "" | "/");
        usable.then(|| Self { url: guess.clone(), https: false, user: url.credentials() })
    }
}

/// The parts of a URL.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Url<'u> {
    /// In any case; empty if there is none.
    pub(crate) scheme: &'u str,
    /// What stands before the host, escapes and all; `None` without an `@`.
    pub(crate) user: Option<&'u str>,
    /// With the port, without user information.
    pub(crate) host: &'u str,
    /// Escapes and all.
    pub(crate) path: &'u str,
}

impl<'u> Url<'u> {
    /// `None` for what Go's `url.Parse` refuses.
    pub(crate) fn parse(text: &'u str) -> Option<Self> {
        if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return None;
        }
        let text = text.split_once('#').map_or(text, |(text, _)| text);
        let (scheme, rest) = split_scheme(text)?;
        let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
        if !rest.starts_with('/') && !scheme.is_empty() {
            // `mailto:someone`: there is no host in it.
            return Some(Self { scheme, user: None, host: "", path: "" });
        }
        let first = rest.split('/').next().unwrap_or_default();
        if scheme.is_empty() && first.contains(':') {
            return None;
        }
        let authority = rest.strip_prefix("//");
        let authority = authority.filter(|rest| !scheme.is_empty() || !rest.starts_with('/'));
        let Some(authority) = authority else {
            let path = Self { scheme, user: None, host: "", path: rest };
            return has_good_escapes(rest).then_some(path);
        };
        let end = authority.find('/').unwrap_or(authority.len());
        let (authority, path) = authority.split_at_checked(end)?;
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let good = user.is_none_or(is_user_info) && is_host(host) && has_good_escapes(path);
        good.then_some(Self { scheme, user, host, path })
    }

    /// The name and the password before the host, unescaped. An empty name is none (UA-10).
    fn credentials(&self) -> Option<(String, Secret)> {
        let (name, password) =
            split_user(self.user.filter(|user| !matches!(user.chars().next(), None | Some(':')))?);
        let decoded = |text: &'u str| Cow::from(percent_decode_str(text));
        let name = String::from_utf8_lossy(&decoded(name)).into_owned();
        Some((name, Secret::from(decoded(password.unwrap_or_default()).into_owned())))
    }

    /// The same URL as Go writes it down once it has been read: the scheme in lower case, and in
    /// the name and the password what has to be escaped, and nothing else.
    pub(crate) fn rewritten(text: &str) -> String {
        let Some(url) = Url::parse(text) else { return text.to_owned() };
        let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
        let scheme = scheme.to_ascii_lowercase();
        let Some((user, rest)) = url.user.zip(url.user.and_then(|user| rest.strip_prefix(user)))
        else {
            return [&scheme, "://", rest].concat();
        };
        let escaped = |text: &str| {
            let bytes = Cow::from(percent_decode_str(text));
            utf8_percent_encode(&String::from_utf8_lossy(&bytes), USER_INFO).collect::<String>()
        };
        match split_user(user) {
            (name, Some(password)) => {
                [&scheme, "://", &escaped(name), ":", &escaped(password), rest].concat()
            }
            (name, None) => [&scheme, "://", &escaped(name), rest].concat(),
        }
    }
}

/// A name, and what follows its colon.
fn split_user(user: &str) -> (&str, Option<&str>) {
    user.split_once(':').map_or((user, None), |(name, password)| (name, Some(password)))
}

/// The scheme, and what follows its colon; `None` for an empty scheme before a colon.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let Some((scheme, rest)) = text.split_once(':') else { return Some(("", text)) };
    if scheme.is_empty() {
        return None;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(plain) {
        Some((scheme, rest))
    } else {
        Some(("", text))
    }
}

fn is_user_info(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    text.chars().all(plain) && has_good_escapes(text)
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(bracketed) => match bracketed.rsplit_once(']') {
            Some((name, port)) => {
                (name, port.strip_prefix(':').or_else(|| port.is_empty().then_some("")))
            }
            None => return false,
        },
        // A second colon belongs in brackets.
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, Some("")),
        },
    };
    let bracketed = host.starts_with('[');
    let plain = |c: char| {
        c.is_ascii_alphanumeric()
            || !c.is_ascii()
            || "-._~!$&'()*+,;=%<>\"".contains(c)
            || (bracketed && c == ':')
    };
    name.chars().all(plain)
        && has_good_escapes(name)
        && port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether two hexadecimal digits follow each `%`.
fn has_good_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let mut bytes = after.bytes();
        let mut hex = || bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit());
        hex() && hex()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kc_70_a_path_loses_its_query_and_the_rest_stays() {
        for (server, url) in [
            ("https://h", "https://h"),
            ("https://h/", "https://h/"),
            ("https://h//", "https://h//"),
            ("https://h:8080/a/b/", "https://h:8080/a/b/"),
            ("https://h/a?x=1#y", "https://h/a"),
            ("https://h/?q=1", "https://h/?q=1"),
            ("https://h?q=1", "https://h?q=1"),
            ("HTTPS://h", "HTTPS://h"),
            ("https://[::1]:6443", "https://[::1]:6443"),
            ("https://me:pw@h", "https://me:pw@h"),
        ] {
            let server = Server::parse(server).unwrap();
            assert_eq!((server.url.as_str(), server.https), (url, true));
        }
    }

    #[test]
    fn kc_71_https_is_https_in_any_case_of_letters() {
        for server in ["https://h", "HTTPS://h", "Https://h:1/p"] {
            assert!(Server::parse(server).unwrap().https, "{server}");
        }
    }

    #[test]
    fn kc_71_no_scheme_is_plain_http() {
        for (server, url) in [
            ("h:8080", "http://h:8080"),
            ("10.0.0.1:443", "http://10.0.0.1:443"),
            ("10.0.0.1", "http://10.0.0.1"),
            ("localhost/", "http://localhost/"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("http://h/x", "http://h/x"),
        ] {
            let server = Server::parse(server).unwrap();
            assert_eq!((server.url.as_str(), server.https), (url, false));
        }
    }

    #[test]
    fn kc_72_what_is_no_server() {
        for server in [
            "h/path",
            "h:80/path",
            "",
            "https://",
            "ftp://h",
            "https://h:x",
            "https://a b",
            "::1",
            "///:://localhost",
            "https://h\n",
            "https://[::1",
            "https://h/%zz",
            "https://::1/",
        ] {
            assert_eq!(Server::parse(server), None, "{server:?}");
        }
    }

    #[test]
    fn ua_1_a_name_and_a_password_before_the_host_are_unescaped() {
        for (server, name, password) in [
            ("https://me:pw@h", "me", "pw"),
            ("https://m%65:p%40w:x@h/p", "me", "p@w:x"),
            ("https://me@h", "me", ""),
        ] {
            let expected = (String::from(name), Secret::from(password));
            assert_eq!(Server::parse(server).unwrap().user, Some(expected), "{server}");
        }
        for server in ["https://h/a@b", "https://:pw@h", "https://@h"] {
            assert_eq!(Server::parse(server).unwrap().user, None, "{server}");
        }
    }

    #[test]
    fn ex_36_a_proxy_is_told_as_go_writes_it() {
        for (url, rewritten) in [
            ("http://p:3128", "http://p:3128"),
            ("HTTP://Proxy:3128/", "http://Proxy:3128/"),
            ("http://jane:s%33cret@p", "http://jane:s3cret@p"),
            ("http://j@p", "http://j@p"),
            ("http://@p", "http://@p"),
            ("socks5://a%2Fb:c%3Ad%40%25!@p/x?y", "socks5://a%2Fb:c%3Ad%40%25%21@p/x?y"),
            ("http://a$&+,;=:(*')@p", "http://a$&+,;=:%28%2A%27%29@p"),
        ] {
            assert_eq!(Url::rewritten(url), rewritten);
        }
    }
}
