//! Hosts with letters beyond ASCII, as Go's client writes them: by UTS 46 in Punycode (`bücher` is
//! `xn--bcher-kva`), for DNS, SNI, certificates and the `Host` header alike.

use http::Uri;
use percent_encoding::{CONTROLS, utf8_percent_encode};
use std::borrow::Cow;

/// Reads a URL whose host may be written in any letters: with the feature `idn`, and in ASCII without.
///
/// # Errors
/// When it is not a URL.
///
/// # Example
/// ```
/// # #[cfg(feature = "idn")]
/// # {
/// let uri = kubecred_host::net::parse_url("https://Bücher.example:6443/a?b")?;
/// assert_eq!(uri, "https://xn--bcher-kva.example:6443/a?b");
/// # }
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
pub fn parse_url(url: &str) -> Result<Uri, http::uri::InvalidUri> {
    ascii_url(url).parse()
}

/// The URL in ASCII, but for a name or password before its host. A host that is none is left as it
/// is, for the parser to refuse.
pub(super) fn ascii_url(url: &str) -> Cow<'_, str> {
    if url.is_ascii() {
        return Cow::Borrowed(url);
    }
    let start = url.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = url.split_at(start);
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    let (name, port) = host.split_at(host.rfind(':').unwrap_or(host.len()));
    let name = match name.is_ascii() {
        true => Cow::Borrowed(name),
        false => ascii_name(name),
    };
    let rest = utf8_percent_encode(rest, CONTROLS);
    Cow::Owned(format!("{scheme}{user}{name}{port}{rest}"))
}

#[cfg(feature = "idn")]
fn ascii_name(name: &str) -> Cow<'_, str> {
    let ascii = idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::STD3);
    ascii.unwrap_or(Cow::Borrowed(name))
}

#[cfg(not(feature = "idn"))]
fn ascii_name(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(name)
}

#[cfg(all(test, feature = "idn"))]
mod tests {
    use super::*;

    #[test]
    fn kc_70_a_host_in_any_letters_becomes_ascii() {
        for (url, ascii) in [
            ("https://api:6443/x", "https://api:6443/x"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            // In parts (NFD), in capitals, with the full stop of another script.
            ("https://bu\u{308}cher.example/", "https://xn--bcher-kva.example/"),
            ("https://BÜCHER。example:443/é?ü", "https://xn--bcher-kva.example:443/%C3%A9?%C3%BC"),
            ("https://faß.example", "https://xn--fa-hia.example"),
            ("https://日本語.jp", "https://xn--wgv71a119e.jp"),
            ("https://jürgen:pw@bücher.example", "https://jürgen:pw@xn--bcher-kva.example"),
            ("bücher.example:8080", "xn--bcher-kva.example:8080"),
            ("https://api/ü", "https://api/%C3%BC"),
            ("https://[::1]:1/ü", "https://[::1]:1/%C3%BC"),
        ] {
            assert_eq!(ascii_url(url), ascii, "{url}");
        }
        // No names: a mark alone, one that is not allowed, a control character.
        for url in ["https://\u{308}a", "https://a\u{200d}ü", "https://a ü", "https://\u{ff0f}ü"]
        {
            assert!(parse_url(url).is_err(), "{url}");
        }
    }
}
