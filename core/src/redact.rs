//! Text that a person is shown: URLs without what only their reader may know, and whatever else
//! came from outside without what looks like a secret.
//!
//! A path, a name, a command or a URL may hold anything: people paste a token where the path of its
//! file belongs, or a whole kubeconfig into `KUBECONFIG`. Every place that shows such a value goes
//! through [`text()`] or [`url()`].
//!
//! ```
//! use kubecred_core::redact;
//!
//! assert_eq!(redact::url("https://bob:pw@host:6443/a"), "https://***@host:6443/a");
//! assert_eq!(redact::url("https://host?token=abc"), "https://host?token=***");
//! assert_eq!(redact::text("/run/secrets/token"), "/run/secrets/token");
//! assert_eq!(redact::text("-----BEGIN PRIVATE KEY-----\nMIIE"), "(hidden: PEM)");
//! ```

mod arguments;

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::String;

pub use arguments::{arguments, command};

/// The most characters of a query's name that are shown; a longer one is no name.
const LONGEST_NAME: usize = 32;

/// A run of letters and digits without a separator that is longer than any name.
const LONG_RUN: usize = 40;

/// A run of this many characters that mixes capitals, small letters and digits.
const MIXED_RUN: usize = 28;

/// Base64 of this many characters is content, if a slash stands in it at most once in so many.
const BASE64_RUN: usize = 64;
const SLASHES: usize = 24;

/// What ends user information. People who write in other scripts type its wide and small forms.
const AT: [char; 3] = ['@', '\u{ff20}', '\u{fe6b}'];

/// The base64 form of `-----BEGIN`.
const BASE64_OF_PEM: &str = "LS0tLS1CRUdJ";

/// A URL, or what stands where one belongs, without user information, query values and fragment.
///
/// What stands before the last `@` is hidden, whatever it is: a password may hold an unescaped `/`,
/// `?`, `#` or `@`, and a server may come without a scheme (`bob:pw@host:6443`, rule KC-71). Path
/// segments go through [`text()`].
pub fn url(url: &str) -> String {
    let (scheme, rest) = split_scheme(url);
    let (user, rest) = match rest.rsplit_once(AT) {
        Some((_, rest)) => ("***@", rest),
        None => ("", rest),
    };
    if is_content(rest) {
        return [scheme, user, &text(rest)].concat();
    }
    let (rest, fragment) = split_at_first(rest, '#');
    let (rest, query) = split_at_first(rest, '?');
    let path = rest.split('/').map(text).collect::<alloc::vec::Vec<_>>().join("/");
    let fragment = if fragment.len() > 1 { "#***" } else { fragment };
    [scheme, user, &path, &shown_query(query), fragment].concat()
}

/// A path, name, command or flag value without what looks like a secret.
///
/// Hidden whole: PEM, base64, and text of several lines. Hidden in place: JSON Web Tokens
/// (three base64 parts with dots between them), user information in URLs, and runs of characters
/// that are too long or too mixed for a name. Control characters, and those that turn the direction
/// of writing, are escaped.
pub fn text(text: &str) -> Cow<'_, str> {
    if let Some(kind) = content_kind(text) {
        return Cow::Owned(format!("(hidden: {kind})"));
    }
    if text.contains("://") && (text.contains(['?', '#']) || text.contains(AT)) {
        let hidden: String = text
            .split_inclusive(' ')
            .map(|word| match word.split_once('#') {
                Some((page, place)) if is_page(page, place) => {
                    [&*self::text(page), "#", place].concat()
                }
                _ if word.contains("://") => url(word),
                _ => self::text(word).into_owned(),
            })
            .collect();
        return Cow::Owned(hidden);
    }
    if !text.split(is_separator).any(is_secret) && !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for word in text.split_inclusive(is_separator) {
        let run = word.trim_end_matches(is_separator);
        match is_secret(run) {
            true => shown.push_str("***"),
            false => push_visible(&mut shown, run),
        }
        push_visible(&mut shown, word.strip_prefix(run).unwrap_or_default());
    }
    Cow::Owned(shown)
}

/// The address of a page and a place in it, as documentation is quoted: words after the `#`.
fn is_page(page: &str, place: &str) -> bool {
    let plain = |part: &str| part.chars().all(|c| c.is_ascii_lowercase()) && part.len() <= 16;
    !page.contains('?')
        && !page.contains(AT)
        && place.contains('-')
        && place.trim_end().split('-').all(plain)
}

/// [`text()`] in double quotes, with escapes.
pub fn quoted(text: &str) -> String {
    format!("{:?}", self::text(text))
}

/// What moves the cursor, or turns or hides the text around it.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

fn push_visible(shown: &mut String, text: &str) {
    for c in text.chars() {
        match is_invisible(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
}

/// Whether this is the content of a file rather than the name of one: PEM, base64 of PEM, or
/// several lines.
pub fn is_content(text: &str) -> bool {
    content_kind(text).is_some()
}

#[cfg(feature = "kubeconfig")]
/// Whether a secret stands where the path of its file belongs: content, or a JSON Web Token as the
/// last part of the path.
pub(crate) fn is_secret_path(path: &str) -> bool {
    is_content(path) || path.rsplit(['/', '\\']).next().is_some_and(is_web_token)
}

fn content_kind(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN") {
        Some("PEM")
    } else if text.contains(BASE64_OF_PEM) {
        Some("base64 of PEM")
    } else if text.contains(['\n', '\r']) {
        Some("text of several lines")
    } else if is_base64(text) {
        Some("base64")
    } else {
        None
    }
}

/// What stands where the path of a file belongs, if it is no path: a kind of [content](is_content), or
/// a token.
pub(crate) fn no_path(text: &str) -> Option<&'static str> {
    let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
    content_kind(text).or_else(|| is_web_token(name).then_some("a JSON Web Token"))
}

/// Whether the text ends in more base64 than any path has between its slashes.
fn is_base64(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let start = text.rfind(|c| !plain(c)).map_or(0, |at| at + 1);
    let end = text.get(start..).unwrap_or_default();
    // The folders before a long name are no part of what it consists of.
    let longest = end.split('/').max_by_key(|part| part.len()).unwrap_or_default();
    end.len() >= BASE64_RUN
        && end.matches('/').count() * SLASHES <= end.len()
        && [char::is_uppercase, char::is_lowercase, char::is_numeric]
            .iter()
            .all(|of| longest.contains(of))
}

/// The scheme with its colon and slashes.
fn split_scheme(url: &str) -> (&str, &str) {
    let Some((scheme, rest)) = url.split_once(':') else { return ("", url) };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let slashes = rest.len() - rest.trim_start_matches('/').len();
    if slashes == 0 || scheme.len() > 16 || !scheme.chars().all(plain) {
        return ("", url);
    }
    url.split_at_checked(scheme.len() + 1 + slashes).unwrap_or(("", url))
}

/// The text before the first such character, and the rest with it.
fn split_at_first(text: &str, at: char) -> (&str, &str) {
    text.find(at).and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// A query with the names of its parts alone.
fn shown_query(query: &str) -> String {
    let Some(parts) = query.strip_prefix('?') else { return query.to_owned() };
    let shown = |part: &str| match part.split_once('=') {
        _ if part.is_empty() => String::new(),
        Some((name, _)) if name.len() <= LONGEST_NAME && matches!(text(name), Cow::Borrowed(_)) => {
            [name, "=***"].concat()
        }
        _ => "***".to_owned(),
    };
    let parts: alloc::vec::Vec<String> = parts.split('&').map(shown).collect();
    ["?", &parts.join("&")].concat()
}

/// What separates the words of a path, a name or a command line. A dot does not: it is a part of
/// JSON Web Tokens.
fn is_separator(c: char) -> bool {
    matches!(c, '/' | '\\' | ':' | ',' | ';' | '=' | '@' | '"' | '\'' | '(' | ')')
        || c.is_whitespace()
}

fn is_secret(run: &str) -> bool {
    is_web_token(run)
        || is_bootstrap_token(run)
        || run.split('.').any(|part| is_long(part) || is_mixed(part.trim_end_matches('=')))
}

/// Three parts of base64 with dots between them, the first of which is JSON (`eyJ` is `{"`).
fn is_web_token(run: &str) -> bool {
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+');
    let parts = run.split('.');
    (run.starts_with("eyJ")
        || parts.clone().count() == 3 && parts.clone().all(|part| part.len() >= 16))
        && run.len() >= 12
        && run.contains('.')
        && parts.flat_map(str::chars).all(base64)
}

/// Six characters, a dot, sixteen characters, as kubeadm makes tokens. A name of this shape without a
/// digit is a name.
fn is_bootstrap_token(run: &str) -> bool {
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let digit = |part: &str| part.bytes().any(|b| b.is_ascii_digit());
    let parts = run.split('.');
    parts.clone().zip(parts.skip(1)).any(|(id, secret)| {
        let id = id.rsplit(['-', '_']).next().unwrap_or_default();
        (id.len(), secret.len()) == (6, 16)
            && [id, secret].into_iter().all(plain)
            && [id, secret].into_iter().any(digit)
    })
}

fn is_long(part: &str) -> bool {
    let mut runs = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '+');
    runs.any(|run| run.len() >= LONG_RUN)
}

fn is_mixed(part: &str) -> bool {
    part.len() >= MIXED_RUN
        && part
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '~' | '%'))
        && part.contains(|c: char| c.is_ascii_uppercase())
        && part.contains(|c: char| c.is_ascii_lowercase())
        && part.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// User information, whatever the form of the URL.
    #[test]
    fn a_url_shows_neither_user_information_nor_values_of_a_query() {
        for (given, shown) in [
            ("https://h:6443/a/b", "https://h:6443/a/b"),
            ("h:8080", "h:8080"),
            ("[::1]:8080", "[::1]:8080"),
            ("https://me:hush@h:1/a", "https://***@h:1/a"),
            ("bob:hush@h:6443", "***@h:6443"),
            ("bob@h", "***@h"),
            ("//bob:hush@h", "***@h"),
            ("https://bob:hush\u{ff20}h:1", "https://***@h:1"),
            ("https://bob:hu@sh\u{fe6b}h", "https://***@h"),
            ("https:/bob:hush@h", "https:/***@h"),
            ("https:bob:hush@h", "***@h"),
            ("https://bob:hu/sh@h", "https://***@h"),
            ("https://bob:hu?sh@h/p", "https://***@h/p"),
            ("https://bob:hu#sh@h", "https://***@h"),
            ("https://bob:hu@sh@h", "https://***@h"),
            ("https://b:hush/@x?y#z@h?token=hush", "https://***@h?token=***"),
            (
                "HTTPS://h?a=hush&access_token=hush&c#hush",
                "HTTPS://h?a=***&access_token=***&***#***",
            ),
            ("https://h?hush", "https://h?***"),
            ("https://h/?", "https://h/?"),
            ("https://h#hush", "https://h#***"),
            ("https://bob:hu\nsh@h", "https://***@h"),
            ("https://h\nhush", "https://(hidden: text of several lines)"),
        ] {
            assert_eq!(url(given), shown, "{given}");
        }
    }

    #[test]
    fn content_in_the_place_of_a_path_is_hidden() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl";
        for (given, shown) in [
            ("-----BEGIN RSA PRIVATE KEY-----", "(hidden: PEM)"),
            ("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", "(hidden: base64 of PEM)"),
            ("a: b\nc: d", "(hidden: text of several lines)"),
            (token, "***"),
            (&format!("/home/me/{token}"), "/home/me/***"),
            (&format!("login --token={token} x"), "login --token=*** x"),
            ("abcdef.0123456789abcdef", "***"),
            ("/run/abcdef.0123456789abcdef", "/run/***"),
            ("user \"abcdef.0123456789abcdef\" is not there", "user \"***\" is not there"),
            (
                "kubeadm join 10.0.0.1:6443 --token 07401b.f395accd246ae52d",
                "kubeadm join 10.0.0.1:6443 --token ***",
            ),
            ("sha256~0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3", "***"),
            (&"a".repeat(64), "***"),
            (
                "/home/me/MIIEvQIBADANBgkqhkiG9w0BAQEFAASCB/KcwggSjAgEAAoIBAQC7VJTUt9Us8c+K\
                 hBvEJmNjYJ2kq0vWpZ1yTQxR7sLd3uFgA9bXc5oMzPnKeHwIiUaVtDlSrGfCB8O6",
                "(hidden: base64)",
            ),
            ("fetch https://me:hush@h/x now", "fetch https://***@h/x now"),
            ("fetch https://me:hush\u{ff20}h/x now", "fetch https://***@h/x now"),
            ("see https://h/a/#how-to-log-in now", "see https://h/a/#how-to-log-in now"),
            ("see https://h/a#access_token=hush", "see https://h/a#***"),
            ("see https://h/a#hush", "see https://h/a#***"),
            ("a\u{1b}[31mb\u{202e}c", "a\\u{1b}[31mb\\u{202e}c"),
        ] {
            assert_eq!(text(given), shown, "{given}");
        }
    }

    /// Names of clusters and paths as clouds and people write them.
    #[test]
    fn names_and_paths_are_shown() {
        assert!(!is_content(&["/tmp/.tmpVkZ0g5/", &"p".repeat(1000)].concat()));
        for given in [
            "/home/me/.kube/config",
            r"C:\Users\Me\.minikube\profiles\minikube\client.crt",
            "gke_my-project-name_europe-west1-b_production-cluster-with-a-name",
            "arn:aws:eks:us-east-1:123456789012:cluster/production-cluster-with-a-name",
            "kubernetes-admin@kubernetes",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "/nix/store/0c5b2b8vj9x7i7mzc0b1r3ysr2z8v0qf-kubelogin-1.2.3/bin/kubelogin",
            "api.crc-testing.cluster.example.com",
            "system:serviceaccount:kube-system:very-long-name-of-an-account",
            "",
        ] {
            assert_eq!(text(given), given);
        }
    }
}
