//! The calls of authentication.k8s.io and authorization.k8s.io, typed.

use super::body::{Body, outgoing};
use super::{Client, ClientError};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use kubecred_core::Secret;
use kubecred_core::api::call::{ApiReply, ApiRequest, CallError, InvalidName, MAX_REPLY};
use kubecred_core::api::calls::{Accepted, Answer, Call, CreateToken, WhoAmI};
use kubecred_core::api::self_subject_review::SelfSubjectReview;
use kubecred_core::api::subject_access_review::SubjectAccessReview;
use kubecred_core::api::token_request::TokenRequest;
use kubecred_core::api::token_review::TokenReview;
use kubecred_host::net::AddressError;
use std::fmt;
use tower_service::Service;

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
    pub async fn whoami(&self) -> Result<Answer<SelfSubjectReview>, ApiError> {
        self.make_call(WhoAmI::default()).await
    }

    /// Asks for a token of the service account `account`.
    ///
    /// ```no_run
    /// # async fn token(client: &kubecred_tokio::Client) -> Result<(), kubecred_tokio::client::ApiError> {
    /// use kubecred_core::api::token_request::TokenRequest;
    ///
    /// let mut wanted = TokenRequest::default();
    /// wanted.spec.expiration_seconds = Some(600);
    /// let answer = client.create_token("prod", "deployer", &wanted).await?;
    /// let token = &answer.object.status.token;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When there is no answer, or the server refused.
    pub async fn create_token(
        &self,
        namespace: &str,
        account: &str,
        wanted: &TokenRequest,
    ) -> Result<Answer<TokenRequest>, ApiError> {
        self.make_call(CreateToken { namespace, account, wanted }).await
    }

    /// Asks whose a token is; [`TokenReview::verdict`] judges the answer.
    ///
    /// # Errors
    /// When there is no answer, or the server refused to judge.
    pub async fn review_token(
        &self,
        review: &TokenReview,
    ) -> Result<Answer<TokenReview>, ApiError> {
        self.make_call(review).await
    }

    /// Asks whether a user may do something.
    ///
    /// # Errors
    /// When there is no answer, or the server refused to judge.
    pub async fn review_access(
        &self,
        review: &SubjectAccessReview,
    ) -> Result<Answer<SubjectAccessReview>, ApiError> {
        self.make_call(review).await
    }

    /// Makes a call; those above are in [`kubecred_core::api::calls`].
    ///
    /// # Errors
    /// When there is no answer, or the server refused.
    pub async fn make_call<C: Call>(&self, mut call: C) -> Result<Answer<C::Object>, ApiError> {
        loop {
            let request = to_http(call.request()?)?;
            let reply = CallReply::read(self.request(request).await?).await?;
            if let Accepted::Object(object) = call.accept(&reply.as_api_reply())? {
                return Ok(reply.answer(object));
            }
        }
    }

    /// Sends a call once, for callers that have retries and a time limit of their own: unlike
    /// [`Client::request`], neither `Retry-After` nor the profile's time limit counts. A 401 is
    /// handled as always.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send_call(&self, call: ApiRequest) -> Result<CallReply, ClientError> {
        let (head, body) = to_http(call)?.into_parts();
        let request = Request::from_parts(head, outgoing(body).await?);
        let answer = self.service.clone().call(request).await.map_err(ClientError::from_layer)?;
        CallReply::read(answer).await
    }
}

fn to_http(call: ApiRequest) -> Result<Request<Full<Bytes>>, ClientError> {
    let body = Bytes::from_owner(Wiped(call.body));
    let mut request = Request::post(&call.path)
        .body(Full::new(body))
        .map_err(|_| AddressError::Path(call.path.clone()))?;
    for header in call.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(header.name.as_bytes()),
            HeaderValue::from_bytes(header.value.expose()),
        ) {
            request.headers_mut().insert(name, value);
        }
    }
    Ok(request)
}

/// Bytes that are wiped when the request is done.
struct Wiped(Secret);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

/// The answer to a call, with as much of its body as [`MAX_REPLY`] and one piece more. `Debug` does
/// not show the body.
pub struct CallReply {
    status: u16,
    headers: HeaderMap,
    body: Secret,
}

impl fmt::Debug for CallReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_api_reply().fmt(f)
    }
}

impl CallReply {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// A header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body.
    pub fn into_body(self) -> Secret {
        self.body
    }

    async fn read(response: Response<Body>) -> Result<Self, ClientError> {
        let (head, mut body) = response.into_parts();
        let mut pieces: Vec<Bytes> = Vec::new();
        let mut size = 0;
        while size <= MAX_REPLY
            && let Some(frame) = body.frame().await
        {
            if let Ok(data) = frame.map_err(ClientError::from_body)?.into_data() {
                size += data.len();
                pieces.push(data);
            }
        }
        let body = Secret::new(pieces.concat());
        Ok(Self { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// What the functions of [`kubecred_core::api`] read.
    pub fn as_api_reply(&self) -> ApiReply<'_> {
        let header = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        ApiReply {
            status: self.status,
            content_type: header(CONTENT_TYPE),
            retry_after: header(RETRY_AFTER),
            body: self.body.expose(),
        }
    }

    fn answer<T>(&self, object: T) -> Answer<T> {
        let lines = self.headers.get_all("warning").iter();
        Answer::new(object, lines.filter_map(|line| line.to_str().ok()))
    }
}
