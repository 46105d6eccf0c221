//! The refresh: how a client says who it is, what it sends, and what the answer means (OI-21…OI-24;
//! RFC 6749, 6).

use super::{header, word};
use crate::api::document::{Fields, Value};
use crate::error::{OidcProblem, OidcStep};
use crate::profile::{Oidc, Proxy, Roots};
use crate::protocol::{HttpResponse, Method, SendRequest, Tls};
use crate::secret::Secret;
use crate::source::basic;
use alloc::vec;
use alloc::vec::Vec;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// How a client says who it is (RFC 6749, 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// In an `Authorization: Basic` header.
    Basic,
    /// In the body, beside the rest.
    Body,
}

impl Style {
    /// By its name in a discovery document. A client without a secret is named in the body.
    pub(super) fn named(method: &str) -> Option<Self> {
        match method {
            "client_secret_basic" => Some(Self::Basic),
            "client_secret_post" | "none" => Some(Self::Body),
            _ => None,
        }
    }

    /// What to try, and what if the provider does not know the client then. What has worked before
    /// comes first, then what the provider says of itself, then what most providers want: a header
    /// for a client with a secret, as in client-go, and the body for one without (OI-22).
    pub(super) fn order(
        known: Option<Self>,
        supported: Option<&[Self]>,
        has_secret: bool,
    ) -> (Self, Option<Self>) {
        let usual = if has_secret { [Self::Basic, Self::Body] } else { [Self::Body, Self::Basic] };
        // A client without a secret has the name in the body, whatever is listed for the others.
        let fits = |style: &Self| {
            supported.is_none_or(|list| list.contains(style)) || *style == Self::Body && !has_secret
        };
        let mut order: Vec<Self> = usual.into_iter().filter(fits).collect();
        // There are two at most.
        if order.last().copied() == known {
            order.reverse();
        }
        match order.as_slice() {
            [first, second, ..] => (*first, Some(*second)),
            [only] => (*only, None),
            [] => (Self::Basic, Some(Self::Body)),
        }
    }
}

/// Asks for another id-token.
pub(super) fn request(
    endpoint: &str,
    config: &Oidc,
    refresh_token: &Secret,
    style: Style,
    roots: Roots,
    limit: u64,
) -> SendRequest {
    let secret = config.client_secret.clone().unwrap_or_default();
    let client_id = config.client_id.as_bytes();
    let mut fields: Vec<(&str, &[u8])> =
        vec![("grant_type", b"refresh_token"), ("refresh_token", refresh_token.expose())];
    let mut headers = vec![
        header("accept", Secret::from("application/json")),
        header("content-type", Secret::from("application/x-www-form-urlencoded")),
    ];
    match style {
        Style::Basic => {
            let name = form_encoded(client_id);
            let name = name.expose_str().unwrap_or_default();
            headers.push(header("authorization", basic(name, &form_encoded(secret.expose()))));
        }
        Style::Body => {
            fields.push(("client_id", client_id));
            if !secret.is_empty() {
                fields.push(("client_secret", secret.expose()));
            }
        }
    }
    SendRequest {
        method: Method::Post,
        url: endpoint.into(),
        headers,
        body: form(&fields),
        tls: Tls { roots, ..Tls::default() },
        proxy: Proxy::Environment,
        limit,
    }
}

/// What came of a refresh.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was granted. Tokens that are there are not empty.
    Granted { id_token: Option<Secret>, refresh_token: Option<Secret> },
    /// It was not. `client`: perhaps for how the client said who it is, and so the refresh token
    /// has not been looked at; `grant`: for the refresh token, which is of no use any more.
    Refused { problem: OidcProblem, client: bool, grant: bool },
}

/// Reads the answer. `secrets`: what must not show in an error.
pub(super) fn read(response: &HttpResponse, secrets: &[&Secret]) -> Answer {
    const FIELDS: Fields =
        Fields { read: &["error", "error_description", "id_token", "refresh_token"], raw: None };
    let step = OidcStep::Refresh;
    let status = response.status;
    let is_success = (200..300).contains(&status);
    let may_be_client = matches!(status, 400 | 401 | 403);
    let fields = Value::from_json(response.body.expose(), FIELDS)
        .and_then(|document| document.map("the answer"));
    let (mut error, mut description, mut id_token, mut refresh_token) = (None, None, None, None);
    let fields = match fields {
        Ok(fields) => fields,
        Err(detail) if is_success => {
            let problem = OidcProblem::Malformed { step, detail };
            return Answer::Refused { problem, client: false, grant: false };
        }
        Err(_) => Vec::new(),
    };
    for (name, value) in fields {
        let text = value.text(name).ok().flatten().filter(|text| !text.is_empty());
        match name {
            "error" => error = text,
            "error_description" => description = text,
            "id_token" => id_token = text,
            _ => refresh_token = text,
        }
    }
    if let Some(error) = error {
        let error = error.expose_str().unwrap_or_default();
        let description = description.as_ref().and_then(Secret::expose_str).unwrap_or_default();
        let grant = error == "invalid_grant";
        let other = matches!(error, "unsupported_grant_type" | "invalid_scope");
        let problem = OidcProblem::Refused {
            code: word::code(error, secrets),
            description: word::description(description, secrets),
        };
        return Answer::Refused { problem, client: may_be_client && !grant && !other, grant };
    }
    if is_success {
        return Answer::Granted { id_token, refresh_token };
    }
    let problem = OidcProblem::Status { step, status };
    Answer::Refused { problem, client: may_be_client, grant: false }
}

/// What stays as it is in a form.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value as forms have it, without copies that nobody wipes.
fn form_encoded(value: &[u8]) -> Secret {
    let size = percent_encode(value, PLAIN).map(str::len).sum();
    let mut text = Vec::with_capacity(size);
    percent_encode(value, PLAIN).for_each(|piece| text.extend_from_slice(piece.as_bytes()));
    Secret::from(text)
}

fn form(fields: &[(&str, &[u8])]) -> Secret {
    let encoded: Vec<Secret> = fields.iter().map(|(_, value)| form_encoded(value)).collect();
    let mut pieces: Vec<&[u8]> = Vec::new();
    for ((name, _), value) in fields.iter().zip(&encoded) {
        let joint: &[u8] = if pieces.is_empty() { b"" } else { b"&" };
        pieces.extend([joint, name.as_bytes(), b"=", value.expose()]);
    }
    Secret::new(pieces.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use base64::{Engine, prelude::BASE64_STANDARD};

    fn config(secret: Option<&str>) -> Oidc {
        Oidc {
            client_id: "cl:ient é".into(),
            client_secret: secret.map(Secret::from),
            ..Oidc::default()
        }
    }

    /// The body and the `Authorization` header.
    fn sent(secret: Option<&str>, style: Style) -> (String, Option<String>) {
        let request =
            request("https://i/t", &config(secret), &"r/t+1=".into(), style, Roots::System, 1);
        assert_eq!((request.method, request.url.as_str()), (Method::Post, "https://i/t"));
        let value = |name| request.headers.iter().find(|header| header.name == name);
        let content = value("content-type").map(|header| header.value.expose());
        assert_eq!(content, Some(b"application/x-www-form-urlencoded".as_slice()));
        let decode = |header: &crate::Header| {
            let text = header.value.expose_str().unwrap().strip_prefix("Basic ").unwrap();
            String::from_utf8(BASE64_STANDARD.decode(text).unwrap()).unwrap()
        };
        let body = request.body.expose_str().unwrap().into();
        (body, value("authorization").map(decode))
    }

    #[test]
    fn oi_21_oi_22_the_client_is_named_in_a_header_or_in_the_body() {
        let grant = "grant_type=refresh_token&refresh_token=r%2Ft%2B1%3D";
        let name = "cl%3Aient%20%C3%A9";
        let (body, header) = sent(Some("s:e c"), Style::Basic);
        assert_eq!((body.as_str(), header), (grant, Some([name, ":s%3Ae%20c"].concat())));
        let (body, header) = sent(None, Style::Basic);
        assert_eq!((body.as_str(), header), (grant, Some([name, ":"].concat())));
        let (body, header) = sent(Some("s:e c"), Style::Body);
        let fields = [grant, "&client_id=", name, "&client_secret=s%3Ae%20c"].concat();
        assert_eq!((body, header), (fields, None));
        let (body, header) = sent(None, Style::Body);
        assert_eq!((body, header), ([grant, "&client_id=", name].concat(), None));
    }

    #[test]
    fn oi_22_improved_what_worked_comes_first_then_what_is_listed_then_what_is_usual() {
        use Style::{Basic, Body};
        for (known, supported, has_secret, order) in [
            (None, None, true, (Basic, Some(Body))),
            (None, None, false, (Body, Some(Basic))),
            (Some(Body), None, true, (Body, Some(Basic))),
            (None, Some([Body].as_slice()), true, (Body, None)),
            (None, Some(&[Basic]), true, (Basic, None)),
            (None, Some(&[Body, Basic]), true, (Basic, Some(Body))),
            (None, Some(&[Basic]), false, (Body, Some(Basic))),
            (None, Some(&[Body]), false, (Body, None)),
            (Some(Basic), Some(&[Basic]), false, (Basic, Some(Body))),
            (Some(Basic), Some(&[Body]), true, (Body, None)),
        ] {
            let found = Style::order(known, supported, has_secret);
            assert_eq!(found, order, "{known:?} {supported:?} {has_secret}");
        }
    }

    fn answer(status: u16, body: &str) -> Answer {
        read(&HttpResponse { status, body: body.into() }, &[])
    }

    fn granted(id_token: Option<&str>, refresh_token: Option<&str>) -> Answer {
        let secret = |text: Option<&str>| text.map(Secret::from);
        Answer::Granted { id_token: secret(id_token), refresh_token: secret(refresh_token) }
    }

    #[test]
    fn oi_23_improved_an_access_token_is_not_missed() {
        assert_eq!(answer(200, r#"{"id_token":"i"}"#), granted(Some("i"), None));
        let both = r#"{"access_token":"a","id_token":"i","refresh_token":"r","expires_in":"9"}"#;
        assert_eq!(answer(201, both), granted(Some("i"), Some("r")));
    }

    #[test]
    fn oi_24_oi_26_what_is_no_text_or_empty_is_not_there() {
        for body in [
            "{}",
            "null",
            r#"{"id_token":"","refresh_token":""}"#,
            r#"{"id_token":7,"refresh_token":null}"#,
            r#"{"id_token":["i"],"refresh_token":{}}"#,
        ] {
            assert_eq!(answer(200, body), granted(None, None), "{body}");
        }
    }

    #[test]
    fn oi_22_improved_only_a_client_that_is_not_known_is_a_reason_for_the_other_style() {
        for (status, error, client, grant) in [
            (401, "invalid_client", true, false),
            (400, "invalid_client", true, false),
            (400, "invalid_request", true, false),
            (403, "access_denied", true, false),
            (400, "invalid_grant", false, true),
            (401, "invalid_grant", false, true),
            (200, "invalid_grant", false, true),
            (400, "unsupported_grant_type", false, false),
            (400, "invalid_scope", false, false),
            (429, "slow_down", false, false),
            (500, "server_error", false, false),
            (200, "invalid_client", false, false),
        ] {
            let body = [r#"{"error":""#, error, r#"","error_description":"Why not"}"#].concat();
            let (code, description) = (error.into(), "Why not".into());
            let problem = OidcProblem::Refused { code, description };
            assert_eq!(answer(status, &body), Answer::Refused { problem, client, grant });
        }
        for (status, client) in [(400, true), (401, true), (403, true), (302, false), (502, false)]
        {
            for body in ["", "<html>", "{}", r#"{"error":"","id_token":"i"}"#] {
                let problem = OidcProblem::Status { step: OidcStep::Refresh, status };
                let expected = Answer::Refused { problem, client, grant: false };
                assert_eq!(answer(status, body), expected);
            }
        }
        let Answer::Refused { problem, client: false, grant: false } = answer(200, "<html>") else {
            panic!()
        };
        assert!(matches!(problem, OidcProblem::Malformed { .. }));
    }
}
