//! The calls of authentication.k8s.io and authorization.k8s.io, typed.

use super::{Body, Client, ClientError};
use http::{HeaderName, HeaderValue, Request, Response};
use kubecred_core::api::call::{ApiReply, ApiRequest, CallError, InvalidName, MAX_REPLY};
use kubecred_core::api::calls::{Accepted, Answer, Call, CreateToken, WhoAmI};
use kubecred_core::api::self_subject_review::SelfSubjectReview;
use kubecred_core::api::subject_access_review::SubjectAccessReview;
use kubecred_core::api::token_request::TokenRequest;
use kubecred_core::api::token_review::TokenReview;
use kubecred_core::protocol::HttpResponse;
use kubecred_core::{Failure, FailureKind, Secret};
use kubecred_host::fs::Bounded;
use kubecred_host::net::AddressError;
use std::io::{self, Read};

/// Why a typed call gave no object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// There is no answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server refused, or its answer is not the object.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The name of a namespace or an account is no path segment.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

impl Client {
    /// Asks who this client is to the server, in the newest version of the API that it has (WH-1).
    ///
    /// # Errors
    /// When there is no answer, or the server refused.
    pub fn whoami(&self) -> Result<Answer<SelfSubjectReview>, ApiError> {
        self.make_call(WhoAmI::default())
    }

    /// Asks for a token of the service account `account`.
    ///
    /// ```no_run
    /// # fn token(client: &kubecred_wasi::Client) -> Result<(), kubecred_wasi::ApiError> {
    /// use kubecred_core::api::token_request::TokenRequest;
    ///
    /// let mut wanted = TokenRequest::default();
    /// wanted.spec.expiration_seconds = Some(600);
    /// let answer = client.create_token("prod", "deployer", &wanted)?;
    /// let token = &answer.object.status.token;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When there is no answer, or the server refused.
    pub fn create_token(
        &self,
        namespace: &str,
        account: &str,
        wanted: &TokenRequest,
    ) -> Result<Answer<TokenRequest>, ApiError> {
        self.make_call(CreateToken { namespace, account, wanted })
    }

    /// Asks whose a token is; [`TokenReview::verdict`] judges the answer.
    ///
    /// # Errors
    /// When there is no answer, or the server refused to judge.
    pub fn review_token(&self, review: &TokenReview) -> Result<Answer<TokenReview>, ApiError> {
        self.make_call(review)
    }

    /// Asks whether a user may do something.
    ///
    /// # Errors
    /// When there is no answer, or the server refused to judge.
    pub fn review_access(
        &self,
        review: &SubjectAccessReview,
    ) -> Result<Answer<SubjectAccessReview>, ApiError> {
        self.make_call(review)
    }

    /// Makes a call; those above are in [`kubecred_core::api::calls`].
    ///
    /// # Errors
    /// When there is no answer, or the server refused.
    pub fn make_call<C: Call>(&self, mut call: C) -> Result<Answer<C::Object>, ApiError> {
        loop {
            let reply = self.send_call(&call.request()?)?;
            if let Accepted::Object(object) = call.accept(&ApiReply::of(&reply))? {
                let warnings = reply.headers.iter().filter(|header| header.name == "warning");
                let warnings = warnings.filter_map(|header| header.value.expose_str());
                return Ok(Answer::new(object, warnings));
            }
        }
    }

    fn send_call(&self, call: &ApiRequest) -> Result<HttpResponse, ApiError> {
        let request = Request::post(&call.path).body(());
        let request = request.map_err(|_| ClientError::from(AddressError::Path(call.path.clone())));
        let (mut head, ()) = request?.into_parts();
        for header in &call.headers {
            if let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(header.name.as_bytes()),
                HeaderValue::from_bytes(header.value.expose()),
            ) {
                head.headers.insert(name, value);
            }
        }
        read(self.send_retrying(head, call.body.expose())?)
    }
}

/// The whole answer, which may hold a token.
fn read(response: Response<Body>) -> Result<HttpResponse, ApiError> {
    let (head, mut body) = response.into_parts();
    let mut whole = HttpResponse::new(head.status.as_u16(), Secret::default());
    for (name, value) in &head.headers {
        whole.push_header(name.as_str(), value.as_bytes());
    }
    let mut bytes = Bounded::new(MAX_REPLY as u64);
    loop {
        match body.read(bytes.space()).map_err(broken)? {
            0 => break,
            // One byte too many is enough for core to say so.
            count if bytes.advance(count).is_err() => break,
            _ => {}
        }
    }
    whole.body = bytes.into_secret();
    Ok(whole)
}

/// Why a body ended early.
fn broken(error: io::Error) -> ClientError {
    let other =
        |error: io::Error| ClientError::Http(Failure::new(FailureKind::Network, error.to_string()));
    error.downcast().unwrap_or_else(other)
}
