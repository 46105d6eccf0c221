//! The provider's discovery document: where its endpoints are, and what it says of itself (OI-20;
//! OpenID Connect Discovery 1.0, 4; RFC 8414, 3).

use super::client_auth::ClientAuthMethod;
use super::json::Object;
use super::token_endpoint::AnswerProblem;
use crate::profile::Proxy;
use crate::protocol::{HttpResponse, Method, SendRequest, Tls};
use crate::secret::Secret;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// What a provider says of itself. A text that is not there is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) token_endpoint: String,
    /// How clients may say who they are, as far as that is known here; `None`: it does not say.
    pub(crate) auth_methods: Option<Vec<ClientAuthMethod>>,
}

/// Where the discovery document is.
pub(crate) fn url(issuer: &str) -> String {
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    [issuer, "/.well-known/openid-configuration"].concat()
}

/// Asks for the discovery document at this URL.
pub(crate) fn request(url: &str, tls: Tls, proxy: Proxy, limit: u64) -> SendRequest {
    SendRequest {
        method: Method::Get,
        url: url.into(),
        headers: vec![super::header("accept", Secret::from("application/json"))],
        body: Secret::default(),
        tls,
        proxy,
        limit,
    }
}

/// Reads the discovery document.
pub(crate) fn read(response: &HttpResponse) -> Result<Metadata, AnswerProblem> {
    if response.status != 200 {
        return Err(AnswerProblem::status(response, &[]));
    }
    let malformed = AnswerProblem::Malformed;
    let document = Object::parse(response.body.expose(), "the document").map_err(malformed)?;
    let token_endpoint = document.string("token_endpoint").map_err(malformed)?;
    Ok(Metadata {
        token_endpoint: token_endpoint.map(String::from).unwrap_or_default(),
        auth_methods: document.strings("token_endpoint_auth_methods_supported").and_then(methods),
    })
}

/// Those of the ways that this crate knows; `None` if there is none among them.
fn methods(names: Vec<String>) -> Option<Vec<ClientAuthMethod>> {
    let methods: Vec<_> = names.iter().filter_map(|name| ClientAuthMethod::named(name)).collect();
    (!methods.is_empty()).then_some(methods)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(body: &str) -> Result<Metadata, AnswerProblem> {
        read(&HttpResponse::new(200, body))
    }

    #[test]
    fn oi_20_at_most_one_slash_is_taken_from_the_issuer() {
        for (issuer, url) in [
            ("https://i", "https://i/.well-known/openid-configuration"),
            ("https://i/", "https://i/.well-known/openid-configuration"),
            ("https://i/realm", "https://i/realm/.well-known/openid-configuration"),
            ("https://i/realm//", "https://i/realm//.well-known/openid-configuration"),
        ] {
            assert_eq!(super::url(issuer), url);
        }
    }

    #[test]
    fn oi_20_a_discovery_document_names_its_token_endpoint() {
        let provider = document(r#"{"issuer":"https://other","token_endpoint":"https://i/t"}"#);
        let expected = Metadata { token_endpoint: "https://i/t".into(), ..Metadata::default() };
        assert_eq!(provider, Ok(expected));
        for body in ["{}", r#"{"token_endpoint":""}"#, r#"{"token_endpoint":null}"#, "null"] {
            assert_eq!(document(body), Ok(Metadata::default()), "{body}");
        }
        for body in ["", "<html>", "[]", r#"{"token_endpoint":1}"#] {
            let problem = document(body).unwrap_err();
            assert!(matches!(problem, AnswerProblem::Malformed(_)), "{body}: {problem:?}");
        }
        for status in [201, 204, 301, 404, 500] {
            let body = r#"{"token_endpoint":"https://i/t"}"#;
            let problem = AnswerProblem::Status { status, message: String::new() };
            assert_eq!(read(&HttpResponse::new(status, body)), Err(problem));
        }
    }

    #[test]
    fn oi_22_what_the_provider_says_of_client_authentication_is_believed() {
        for (names, methods) in [
            (r#"["client_secret_post"]"#, Some(vec![ClientAuthMethod::Body])),
            (
                r#"["private_key_jwt","client_secret_basic","client_secret_post"]"#,
                Some(vec![ClientAuthMethod::Basic, ClientAuthMethod::Body]),
            ),
            (r#"["none"]"#, Some(vec![ClientAuthMethod::Body])),
            (r#"["private_key_jwt"]"#, None),
            ("[]", None),
            ("null", None),
            (r#""client_secret_post""#, None),
        ] {
            let body =
                r#"{"token_endpoint":"https://i/t","token_endpoint_auth_methods_supported":"#;
            let provider = document(&[body, names, "}"].concat()).unwrap();
            assert_eq!(provider.auth_methods, methods, "{names}");
        }
    }
}
