//! An HTTP client for one profile, over `wasi:http`.

mod api;
mod body;
mod error;

pub use api::ApiError;
pub use body::Body;
pub use error::ClientError;

use crate::capability::ConnectionSettings;
use crate::perform::{Answer, Message, wait};
use crate::{Auth, Credential};
use body::Timer;
use http::header::USER_AGENT;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use kubecred_core::Roots;
use kubecred_host::headers;
use kubecred_host::net::{Address, AddressError};
use kubecred_host::retry::{MAX_RETRIES, retry_after};

const USER_AGENT_OURS: HeaderValue =
    HeaderValue::from_static(concat!("kubecred/", env!("CARGO_PKG_VERSION")));

/// Sends requests to the server of a profile, authenticated.
///
/// On a 401 the credential is refreshed and the request sent once more. One that the server asks to
/// send again, by 429 or 5xx with `Retry-After` in seconds, is sent up to ten times more (HT-5). What `wasi:http` cannot be
/// told is refused, unless the embedder is known to do it: see [`Capability`](crate::Capability).
#[derive(Clone, Debug)]
pub struct Client {
    auth: Auth,
    address: Address,
}

impl Client {
    /// A client for what the [`Auth`] authenticates to. Connects to nothing yet.
    ///
    /// # Errors
    /// When the settings cannot be honoured: the server's URL, or something that connections need
    /// and the embedder is not known to do.
    pub fn new(auth: Auth) -> Result<Self, ClientError> {
        let address = Address::parse(&auth.profile().cluster)?;
        let client = Self { auth, address };
        let certified = client.auth.profile().authentication.certificate.is_some();
        client.check(certified)?;
        client.auth.check()?;
        Ok(client)
    }

    /// Sends a GET request for a path, such as `/api/v1/namespaces?limit=10`.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub fn get(&self, path: &str) -> Result<Response<Body>, ClientError> {
        let request = Request::builder().method(Method::GET).uri(path).body(Vec::new());
        self.request(request.map_err(|_| AddressError::Path(path.to_owned()))?)
    }

    /// Sends a request. A URI without a host is a path on the server, with the prefix that the
    /// server's URL may have (KC-72); one of another host is refused, for it would be told the
    /// credentials. One that has `authorization` keeps its own (UA-1).
    ///
    /// # Errors
    /// When there is no credential, no connection, or no answer in time. An answer with a status of
    /// failure is an answer.
    pub fn request(&self, request: Request<Vec<u8>>) -> Result<Response<Body>, ClientError> {
        let (head, body) = request.into_parts();
        self.send_retrying(head, &body)
    }

    /// [`Client::request`], with a body that stays where it is.
    fn send_retrying(&self, mut head: Parts, body: &[u8]) -> Result<Response<Body>, ClientError> {
        head.uri = self.address.join(&head.uri)?;
        head.headers.entry(USER_AGENT).or_insert(USER_AGENT_OURS);
        let timer = self.timer();
        for _ in 0..MAX_RETRIES {
            let answer = self.send(&head, body, timer)?;
            match retry_after(answer.status(), answer.headers()) {
                // A pause that the time limit would end is not waited for: the answer says more.
                Some(pause) if timer.left().is_none_or(|left| pause < left) => {
                    drop(answer);
                    wait(&[], Some(pause));
                }
                _ => return Ok(answer),
            }
        }
        self.send(&head, body, timer)
    }

    /// Sends it once, or twice if the credential is refused.
    fn send(&self, head: &Parts, body: &[u8], timer: Timer) -> Result<Response<Body>, ClientError> {
        let send = |headers: &HeaderMap| {
            let message = Message {
                method: head.method.clone(),
                url: head.uri.clone(),
                headers: headers.iter().map(|(n, value)| (n.as_str(), value.as_bytes())).collect(),
                body,
                timeout: self.auth.profile().timeout,
            };
            let answer = Answer::start(&message).map_err(ClientError::Http)?;
            body::receive(answer, timer)
        };
        if headers::is_authenticated(&head.headers) {
            let mut headers = head.headers.clone();
            headers::impersonate(&mut headers, self.auth.impersonation()?);
            self.check(self.auth.profile().authentication.certificate.is_some())?;
            return send(&headers);
        }
        let credential = self.credential()?;
        let answer = send(&authenticated(&head.headers, &credential))?;
        if answer.status() != StatusCode::UNAUTHORIZED
            || !self.auth.unauthorized(credential.generation())
        {
            return Ok(answer);
        }
        // Whatever goes wrong with the newer one, there is an answer: the first.
        match self.credential() {
            Ok(newer) => {
                drop(answer);
                send(&authenticated(&head.headers, &newer))
            }
            Err(_) => Ok(answer),
        }
    }

    /// Where the credentials come from.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// A credential that can be sent over the connections that the embedder makes.
    fn credential(&self) -> Result<Credential, ClientError> {
        let credential = self.auth.credential()?;
        self.check(credential.identity().is_some())?;
        Ok(credential)
    }

    /// Whether connections are made as they have to be.
    fn check(&self, identity: bool) -> Result<(), ClientError> {
        let cluster = &self.auth.profile().cluster;
        let named = cluster.tls_server_name.as_ref().is_some_and(|name| !name.is_empty());
        let roots = cluster.roots != Roots::System;
        let settings =
            ConnectionSettings::new(roots, identity, named, cluster.insecure_skip_tls_verify);
        Ok(self.auth.embedder().admits(&self.address.base(), &settings, &cluster.proxy)?)
    }

    fn timer(&self) -> Timer {
        let clock = self.auth.clock();
        let limit = self.auth.profile().timeout;
        let end = |limit| (limit, clock.now().monotonic.saturating_add(limit));
        Timer { clock, limit: limit.map(end) }
    }
}

fn authenticated(headers: &HeaderMap, credential: &Credential) -> HeaderMap {
    let mut headers = headers.clone();
    headers::authenticate(&mut headers, credential);
    headers
}
