//! OAuth 2.0 and OpenID Connect as far as a refresh and a login share them: where a provider's
//! endpoints are, how a client says who it is, what the token endpoint answers.

use crate::credential::Header;
use crate::secret::Secret;
use alloc::borrow::Cow;

mod client_auth;
mod discovery;
mod endpoint;
mod form;
pub(crate) mod id_token;
mod json;
mod message;
mod redact;
mod redirect;
mod token_endpoint;

pub(crate) use client_auth::ClientAuthMethod;
pub(crate) use discovery::{
    Metadata, read as read_discovery, request as discovery_request, url as discovery_url,
};
pub(crate) use endpoint::{EndpointProblem, check as check_endpoint};
pub(crate) use redirect::Trail;
pub(crate) use token_endpoint::{Answer, AnswerProblem, TokenRequest, read as read_answer};

#[cfg(feature = "login")]
pub(crate) use {
    form::PLAIN,
    json::Object,
    redact::{code, description},
    token_endpoint::Granted,
};

fn header(name: &'static str, value: Secret) -> Header {
    Header { name: Cow::Borrowed(name), value }
}
