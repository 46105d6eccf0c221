//! The provider's discovery document: where it refreshes, and how clients say who they are (OI-20).

use super::grant::Style;
use crate::api::document::{Fields, Value};
use crate::error::{Endpoint, OidcProblem, OidcStep};
use crate::profile::{Proxy, Roots};
use crate::protocol::{HttpResponse, Method, SendRequest, Tls};
use crate::secret::Secret;
use crate::url::Url;
use alloc::borrow::Cow;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

/// What a machine remembers of a provider, for as long as it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Provider {
    pub(super) token_endpoint: String,
    /// How clients may say who they are; `None`: it does not say.
    pub(super) styles: Option<Vec<Style>>,
}

/// Asks for the discovery document.
pub(super) fn request(issuer: &str, roots: Roots, limit: u64) -> SendRequest {
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    SendRequest {
        method: Method::Get,
        url: [issuer, "/.well-known/openid-configuration"].concat(),
        headers: vec![super::header("accept", Secret::from("application/json"))],
        body: Secret::default(),
        tls: Tls { roots, ..Tls::default() },
        proxy: Proxy::Environment,
        limit,
    }
}

/// Reads the discovery document. Its `issuer` is not compared with the one that was asked, as in
/// client-go: whoever answers there names the token endpoint anyway, and the API server judges the
/// tokens; but providers whose two names differ are in use.
pub(super) fn read(response: &HttpResponse) -> Result<Provider, OidcProblem> {
    const FIELDS: Fields =
        Fields { read: &["token_endpoint"], raw: Some("token_endpoint_auth_methods_supported") };
    let step = OidcStep::Discovery;
    if response.status != 200 {
        return Err(OidcProblem::Status { step, status: response.status });
    }
    let malformed = |detail| OidcProblem::Malformed { step, detail };
    let document = Value::from_json(response.body.expose(), FIELDS).map_err(malformed)?;
    let mut provider = Provider { token_endpoint: String::new(), styles: None };
    for (name, value) in document.map("the document").map_err(malformed)? {
        if name == "token_endpoint" {
            value.plain_into(&mut provider.token_endpoint, name).map_err(malformed)?;
        } else {
            provider.styles = value.raw().and_then(|json| styles(&json));
        }
    }
    check_clear(&provider.token_endpoint, Endpoint::Token)?;
    Ok(provider)
}

/// Those of the ways that this crate knows; `None` if there is none among them.
fn styles(json: &str) -> Option<Vec<Style>> {
    let names: Vec<Cow<'_, str>> = serde_json::from_str(json).ok()?;
    let styles: Vec<Style> = names.iter().filter_map(|name| Style::named(name)).collect();
    (!styles.is_empty()).then_some(styles)
}

/// Whether secrets may be sent there, or be sent where it says: by TLS, or not out of this machine
/// (client-go sends them anywhere; RFC 6749 3.2 and OpenID Connect demand TLS).
pub(super) fn check_clear(url: &str, which: Endpoint) -> Result<(), OidcProblem> {
    let no_url = || match which {
        Endpoint::Issuer => OidcProblem::BadIssuer,
        Endpoint::Token => OidcProblem::NoTokenEndpoint,
    };
    let printable = url.bytes().all(|byte| byte.is_ascii_graphic());
    let parts = Url::parse(url).filter(|url| printable && !url.host.is_empty());
    let parts = parts.ok_or_else(no_url)?;
    match parts.scheme.to_ascii_lowercase().as_str() {
        "https" => Ok(()),
        "http" if is_loopback(parts.host) => Ok(()),
        "http" => Err(OidcProblem::InClear(which)),
        _ => Err(no_url()),
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

    fn document(body: &str) -> Result<Provider, OidcProblem> {
        read(&HttpResponse { status: 200, body: body.into() })
    }

    #[test]
    fn oi_20_at_most_one_slash_is_taken_from_the_issuer() {
        for (issuer, url) in [
            ("https://i", "https://i/.well-known/openid-configuration"),
            ("https://i/", "https://i/.well-known/openid-configuration"),
            ("https://i/realm", "https://i/realm/.well-known/openid-configuration"),
            ("https://i/realm//", "https://i/realm//.well-known/openid-configuration"),
        ] {
            assert_eq!(request(issuer, Roots::System, 1).url, url);
        }
    }

    #[test]
    fn oi_20_a_discovery_document_names_its_token_endpoint() {
        let provider = document(r#"{"issuer":"https://other","token_endpoint":"https://i/t"}"#);
        let expected = Provider { token_endpoint: "https://i/t".into(), styles: None };
        assert_eq!(provider, Ok(expected));
        for body in ["{}", r#"{"token_endpoint":""}"#, r#"{"token_endpoint":"/t"}"#, "null"] {
            assert_eq!(document(body), Err(OidcProblem::NoTokenEndpoint), "{body}");
        }
        for body in ["", "<html>", "[]", r#"{"token_endpoint":1}"#] {
            let problem = document(body).unwrap_err();
            assert!(matches!(problem, OidcProblem::Malformed { .. }), "{body}: {problem}");
        }
        for status in [201, 204, 301, 404, 500] {
            let body = r#"{"token_endpoint":"https://i/t"}"#.into();
            let step = OidcStep::Discovery;
            let problem = OidcProblem::Status { step, status };
            assert_eq!(read(&HttpResponse { status, body }), Err(problem));
        }
    }

    #[test]
    fn oi_22_what_the_provider_says_of_client_authentication_is_believed() {
        for (methods, styles) in [
            (r#"["client_secret_post"]"#, Some(vec![Style::Body])),
            (
                r#"["private_key_jwt","client_secret_basic","client_secret_post"]"#,
                Some(vec![Style::Basic, Style::Body]),
            ),
            (r#"["none"]"#, Some(vec![Style::Body])),
            (r#"["private_key_jwt"]"#, None),
            ("[]", None),
            ("null", None),
            (r#""client_secret_post""#, None),
        ] {
            let body =
                r#"{"token_endpoint":"https://i/t","token_endpoint_auth_methods_supported":"#;
            let provider = document(&[body, methods, "}"].concat()).unwrap();
            assert_eq!(provider.styles, styles, "{methods}");
        }
    }

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
        ] {
            assert_eq!(check_clear(url, Endpoint::Issuer), Ok(()), "{url}");
        }
        for url in [
            "http://i",
            "http://127.0.0.1.example",
            "http://localhost.example",
            "http://10.0.0.1",
            "http://localhost@i",
            "http://[::2]:80",
        ] {
            let problem = OidcProblem::InClear(Endpoint::Token);
            assert_eq!(check_clear(url, Endpoint::Token), Err(problem), "{url}");
        }
        for url in ["", "i", "ftp://i", "https://", "https:///x", "https://i/a b", "//i", "https:i"]
        {
            assert_eq!(check_clear(url, Endpoint::Issuer), Err(OidcProblem::BadIssuer), "{url}");
        }
    }
}
