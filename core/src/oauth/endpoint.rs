//! Which URLs secrets may be sent to.

use crate::url::Url;
use alloc::borrow::ToOwned;
use core::net::{IpAddr, SocketAddr};

/// Why nothing may be sent to a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndpointProblem {
    /// It is not an `http` or `https` URL with a host.
    NotUrl,
    /// It is `http`, and does not stay on this machine.
    InClear,
}

/// Whether secrets may be sent there, or be sent where it says: by TLS, or not out of this machine
/// (client-go sends them anywhere; RFC 6749 3.2 and OpenID Connect demand TLS).
pub(crate) fn check(url: &str) -> Result<(), EndpointProblem> {
    // A host may be written in any letters: the host that sends the request writes it in ASCII.
    let hidden = |char: char| char.is_whitespace() || char.is_control();
    let printable = !url.chars().any(hidden);
    let parts = Url::parse(url).filter(|url| printable && !url.host.is_empty());
    let parts = parts.ok_or(EndpointProblem::NotUrl)?;
    match parts.scheme.to_ascii_lowercase().as_str() {
        "https" => Ok(()),
        "http" if is_loopback(parts.host) => Ok(()),
        "http" => Err(EndpointProblem::InClear),
        _ => Err(EndpointProblem::NotUrl),
    }
}

fn is_loopback(host: &str) -> bool {
    let unbracketed = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<SocketAddr>().map(|address| address.ip());
    match address.or_else(|_| unbracketed.parse::<IpAddr>()) {
        Ok(address) => address.is_loopback(),
        Err(_) => {
            let name = host.split_once(':').map_or(host, |(name, _)| name);
            name.to_owned().eq_ignore_ascii_case("localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_by_tls_or_not_out_of_this_machine() {
        for url in [
            "https://i",
            "HTTPS://i:1/x?y",
            "http://127.0.0.1",
            "http://127.8.9.1:80/x",
            "http://[::1]:80",
            "http://[::1]",
            "http://localhost:5556/dex",
            "http://LOCALHOST",
            "https://bücher.example/realm",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        for url in [
            "http://i",
            "http://127.0.0.1.example",
            "http://localhost.example",
            "http://10.0.0.1",
            "http://localhost@i",
            "http://[::2]:80",
        ] {
            assert_eq!(check(url), Err(EndpointProblem::InClear), "{url}");
        }
        for url in ["", "i", "ftp://i", "https://", "https:///x", "https://i/a b", "//i", "https:i"]
        {
            assert_eq!(check(url), Err(EndpointProblem::NotUrl), "{url}");
        }
    }
}
