//! The token endpoint: a request with the client's name on it, and what the answer means (RFC 6749,
//! 5; OI-23, OI-24). Revocation, device and pushed authorization requests have the same form.

use super::client_auth::ClientAuthMethod;
use super::form::form;
use super::json::Object;
use super::message;
use super::{header, redact};
use crate::profile::Proxy;
use crate::protocol::{HttpResponse, Method, SendRequest, Tls};
use crate::secret::Secret;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// A request that a client makes of its provider.
#[derive(Debug)]
pub(crate) struct TokenRequest<'r> {
    pub(crate) endpoint: &'r str,
    pub(crate) client_id: &'r str,
    /// `None` for a public client.
    pub(crate) client_secret: Option<&'r Secret>,
    pub(crate) method: ClientAuthMethod,
    /// The form, without what names the client.
    pub(crate) fields: Vec<(&'r str, &'r [u8])>,
    pub(crate) tls: Tls,
    pub(crate) proxy: Proxy,
    /// The most bytes of an answer.
    pub(crate) limit: u64,
}

impl TokenRequest<'_> {
    /// The HTTP request.
    pub(crate) fn into_http(mut self) -> SendRequest {
        let mut headers = vec![
            header("accept", Secret::from("application/json")),
            header("content-type", Secret::from("application/x-www-form-urlencoded")),
        ];
        match self.method {
            ClientAuthMethod::Basic => {
                let value = ClientAuthMethod::basic_header(self.client_id, self.client_secret);
                headers.push(header("authorization", value));
            }
            ClientAuthMethod::Body => {
                self.fields.push(("client_id", self.client_id.as_bytes()));
                if let Some(secret) = self.client_secret.filter(|secret| !secret.is_empty()) {
                    self.fields.push(("client_secret", secret.expose()));
                }
            }
        }
        SendRequest {
            method: Method::Post,
            url: self.endpoint.into(),
            headers,
            body: form(&self.fields),
            tls: self.tls,
            proxy: self.proxy,
            limit: self.limit,
        }
    }
}

/// What came of a token request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It was granted.
    Granted(Granted),
    /// It was not. `client`: perhaps for how the client said who it is, and so the grant has not
    /// been looked at; `grant`: for the grant, which is of no use any more.
    Refused { problem: AnswerProblem, client: bool, grant: bool },
}

/// What a token endpoint gave. Tokens that are there are not empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) id_token: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) access_token: Option<Secret>,
    pub(crate) token_type: Option<String>,
    pub(crate) issued_token_type: Option<String>,
    /// In seconds.
    pub(crate) expires_in: Option<i64>,
}

/// Why an answer of a provider is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AnswerProblem {
    /// This status, and what it says of it in no words of OAuth 2.0, cleaned; may be empty.
    Status { status: u16, message: String },
    /// It cannot be read; says where, not what.
    Malformed(String),
    /// In the words of OAuth 2.0, cleaned.
    Refused { code: String, description: String },
}

impl AnswerProblem {
    /// Of an answer that is no success. It may have a format of the provider's own, or a gateway
    /// speaks for the provider.
    pub(crate) fn status(response: &HttpResponse, secrets: &[&Secret]) -> Self {
        let message = message::find(response.body.expose(), secrets).unwrap_or_default();
        Self::Status { status: response.status, message }
    }
}

/// Reads the answer. `secrets`: what must not show in an error.
pub(crate) fn read(response: &HttpResponse, secrets: &[&Secret]) -> Answer {
    let status = response.status;
    let is_success = (200..300).contains(&status);
    let may_be_client = matches!(status, 400 | 401 | 403);
    let answer = match Object::parse(response.body.expose(), "the answer") {
        Ok(answer) => answer,
        Err(detail) if is_success => {
            let problem = AnswerProblem::Malformed(detail);
            return Answer::Refused { problem, client: false, grant: false };
        }
        Err(_) => Object::default(),
    };
    if let Some(error) = answer.text("error") {
        let grant = error == "invalid_grant";
        let other = matches!(&*error, "unsupported_grant_type" | "invalid_scope");
        let code = redact::code(&error, secrets);
        let problem = AnswerProblem::Refused {
            description: match answer.text("error_description") {
                Some(description) => redact::description(&description, secrets),
                // A provider may say it in another member; one that has no codes says it in this one.
                None => message::find(response.body.expose(), secrets)
                    .filter(|message| *message != code)
                    .unwrap_or_default(),
            },
            code,
        };
        return Answer::Refused { problem, client: may_be_client && !grant && !other, grant };
    }
    if is_success {
        let plain = |name| answer.text(name).map(String::from);
        return Answer::Granted(Granted {
            id_token: answer.secret("id_token"),
            refresh_token: answer.secret("refresh_token"),
            access_token: answer.secret("access_token"),
            token_type: plain("token_type"),
            issued_token_type: plain("issued_token_type"),
            expires_in: answer.seconds("expires_in"),
        });
    }
    let problem = AnswerProblem::status(response, secrets);
    Answer::Refused { problem, client: may_be_client, grant: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use base64::{Engine, prelude::BASE64_STANDARD};

    /// The body and the `Authorization` header.
    fn sent(secret: Option<&str>, method: ClientAuthMethod) -> (String, Option<String>) {
        let client_secret = secret.map(Secret::from);
        let request = TokenRequest {
            endpoint: "https://i/t",
            client_id: "cl:ient é",
            client_secret: client_secret.as_ref(),
            method,
            fields: vec![("grant_type", b"refresh_token"), ("refresh_token", b"r/t+1=")],
            tls: Tls::default(),
            proxy: Proxy::Environment,
            limit: 1,
        }
        .into_http();
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
        let (body, header) = sent(Some("s:e c"), ClientAuthMethod::Basic);
        assert_eq!((body.as_str(), header), (grant, Some([name, ":s%3Ae%20c"].concat())));
        let (body, header) = sent(None, ClientAuthMethod::Basic);
        assert_eq!((body.as_str(), header), (grant, Some([name, ":"].concat())));
        let (body, header) = sent(Some("s:e c"), ClientAuthMethod::Body);
        let fields = [grant, "&client_id=", name, "&client_secret=s%3Ae%20c"].concat();
        assert_eq!((body, header), (fields, None));
        let (body, header) = sent(None, ClientAuthMethod::Body);
        assert_eq!((body, header), ([grant, "&client_id=", name].concat(), None));
    }

    fn answer(status: u16, body: &str) -> Answer {
        read(&HttpResponse::new(status, body), &[])
    }

    fn granted(id_token: Option<&str>, refresh_token: Option<&str>) -> Answer {
        let secret = |text: Option<&str>| text.map(Secret::from);
        let (id_token, refresh_token) = (secret(id_token), secret(refresh_token));
        Answer::Granted(Granted { id_token, refresh_token, ..Granted::default() })
    }

    #[test]
    fn oi_23_improved_an_access_token_is_not_missed() {
        assert_eq!(answer(200, r#"{"id_token":"i"}"#), granted(Some("i"), None));
        let both = r#"{"access_token":"a","id_token":"i","refresh_token":"r","expires_in":"9"}"#;
        let Answer::Granted(granted) = answer(201, both) else { panic!() };
        assert_eq!(granted.id_token, Some("i".into()));
        assert_eq!(granted.refresh_token, Some("r".into()));
        assert_eq!((granted.access_token, granted.expires_in), (Some("a".into()), Some(9)));
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
            let problem = AnswerProblem::Refused { code, description };
            assert_eq!(answer(status, &body), Answer::Refused { problem, client, grant });
        }
        for (status, client) in [(400, true), (401, true), (403, true), (302, false), (502, false)]
        {
            for body in ["", "<html>", "{}", r#"{"error":"","id_token":"i"}"#] {
                let problem = AnswerProblem::Status { status, message: String::new() };
                let expected = Answer::Refused { problem, client, grant: false };
                assert_eq!(answer(status, body), expected);
            }
        }
        let Answer::Refused { problem, client: false, grant: false } = answer(200, "<html>") else {
            panic!()
        };
        assert!(matches!(problem, AnswerProblem::Malformed(_)));
    }
}
