//! reqwest, for programs that use it already.
//!
//! [`Authenticated`] sends requests as [`Client`](crate::Client) does, with reqwest's own types.
//! [`client`] gives a bare reqwest client whose TLS follows the profile, without authentication.
//!
//! ```no_run
//! # async fn show(auth: kubecred_tokio::Auth) -> Result<(), Box<dyn std::error::Error>> {
//! use kubecred_tokio::reqwest::Authenticated;
//!
//! let api = Authenticated::new(auth)?;
//! let pods = reqwest::Request::new(reqwest::Method::GET, api.url("/api/v1/pods?limit=5")?);
//! let pods = api.execute(pods).await?.text().await?;
//! # Ok(())
//! # }
//! ```

use crate::client::{ClientError, rustls_config};
use crate::net::tls::{self, Trust};
use crate::{Auth, AuthError, Credential};
use ::reqwest::{Client, Proxy, Request, Response, StatusCode, Url, redirect};
use arc_swap::ArcSwapOption;
use kubecred_core::{Identity, Secret};
use kubecred_host::net::{self, Address, AddressError, ProxyKind, Route};
use kubecred_host::{TlsMaterial, headers};
use rustls::ClientConfig;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::timeout;

/// Why reqwest gives no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReqwestError {
    /// There is no credential.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// reqwest's own error.
    #[error(transparent)]
    Reqwest(#[from] ::reqwest::Error),
    /// The profile cannot be honoured, or the request does not fit it.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The profile asks for something that reqwest cannot do.
    #[error("reqwest cannot honour {0}; kubecred_tokio::Client can")]
    Unsupported(&'static str),
}

/// A reqwest client for the server of a profile: its roots, client certificate, proxy, HTTP/2,
/// compression and time limit. It adds no headers; [`Authenticated`] does.
///
/// Each handshake presents the certificate, and trusts the roots, of that moment, once
/// [`Auth::credential`] has been awaited; connections that are open are not ended by a rotation.
/// It follows no redirects, for credentials are for whom they were addressed to.
///
/// # Errors
/// When the profile asks for what reqwest cannot do: a `tls-server-name` that is not the server's
/// host, or an `https` proxy, which would be shown the client certificate.
pub fn client(auth: &Auth) -> Result<Client, ReqwestError> {
    let config = rustls_config(auth).map_err(ClientError::from)?;
    build(auth, &Address::parse(&auth.profile().cluster).map_err(ClientError::from)?, config)
}

/// Sends requests to the server of a profile, authenticated, with reqwest.
///
/// A 401 is handled as [`AuthLayer`](crate::tower::AuthLayer) does. When the client certificate or
/// the roots rotate, new requests use new connections.
#[derive(Clone, Debug)]
pub struct Authenticated {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    auth: Auth,
    address: Address,
    /// For requests that brought credentials of their own before there was one.
    own_authorization: Mutex<Option<(Arc<TlsMaterial>, Client)>>,
    current: ArcSwapOption<Connected>,
}

/// A client, and the number of the credential that it was made for.
#[derive(Debug)]
struct Connected {
    connection: u64,
    client: Client,
}

impl Authenticated {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// As [`client`].
    pub fn new(auth: Auth) -> Result<Self, ReqwestError> {
        let address = Address::parse(&auth.profile().cluster).map_err(ClientError::from)?;
        client(&auth)?; // says now what cannot be honoured
        let (own_authorization, current) = (Mutex::new(None), ArcSwapOption::empty());
        Ok(Self { inner: Arc::new(Inner { auth, address, own_authorization, current }) })
    }

    /// The URL of a path on the server (KC-72).
    ///
    /// # Errors
    /// When it is not a path.
    pub fn url(&self, path: &str) -> Result<Url, ReqwestError> {
        let bad = || ClientError::from(AddressError::Path(path.to_owned()));
        let uri = self
            .inner
            .address
            .join(&path.parse().map_err(|_| bad())?)
            .map_err(ClientError::from)?;
        Ok(Url::parse(&uri.to_string()).map_err(|_| bad())?)
    }

    /// Sends a request, once more after a 401 if there is a newer credential then and the body
    /// can be had again.
    ///
    /// # Errors
    /// When the URL is another server's, there is no credential, or no answer. A status of failure
    /// is an answer.
    pub async fn execute(&self, request: Request) -> Result<Response, ReqwestError> {
        let inner = &self.inner;
        inner.address.admits(request.url().as_str()).map_err(ClientError::from)?;
        let Some(limit) = inner.auth.profile().timeout else { return inner.send(request).await };
        // reqwest's own limit ends the body in time, and this one the plugin.
        match timeout(limit, inner.send(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::TimedOut(limit).into()),
        }
    }

    /// Where the credentials come from.
    pub fn auth(&self) -> &Auth {
        &self.inner.auth
    }
}

impl Inner {
    async fn send(&self, mut request: Request) -> Result<Response, ReqwestError> {
        if headers::is_authenticated(request.headers()) {
            headers::impersonate(request.headers_mut(), self.auth.impersonation()?);
            let client = match self.auth.peek() {
                Some(credential) => self.client(&credential)?,
                None => self.client_without_credential().await?,
            };
            return Ok(client.execute(request).await?);
        }
        let again = request.try_clone();
        let credential = self.auth.credential().await?;
        headers::authenticate(request.headers_mut(), &credential);
        let response = self.client(&credential)?.execute(request).await?;
        if response.status() != StatusCode::UNAUTHORIZED
            || !self.auth.unauthorized(credential.generation()).await
        {
            return Ok(response);
        }
        let (Some(mut request), Ok(credential)) = (again, self.auth.credential().await) else {
            return Ok(response);
        };
        headers::authenticate(request.headers_mut(), &credential);
        Ok(self.client(&credential)?.execute(request).await?)
    }

    /// The client for this credential. An older one may use newer connections.
    fn client(&self, credential: &Credential) -> Result<Client, ReqwestError> {
        if let Some(current) = &*self.current.load()
            && current.connection >= credential.connection()
        {
            return Ok(current.client.clone());
        }
        let client = self.connecting(credential.roots(), credential.identity())?;
        let connection = credential.connection();
        self.current.store(Some(Arc::new(Connected { connection, client: client.clone() })));
        Ok(client)
    }

    /// The client for a request that brings credentials of its own: for it nothing is run.
    async fn client_without_credential(&self) -> Result<Client, ReqwestError> {
        let material = self.auth.connection().await.map_err(ClientError::from)?;
        let mut made = self.own_authorization.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = made.as_ref().filter(|(of, _)| *of == material) {
            return Ok(client.clone());
        }
        let roots = material.roots.as_ref().map(Secret::expose);
        let client = self.connecting(roots, material.identity.as_ref())?;
        *made = Some((material, client.clone()));
        Ok(client)
    }

    fn connecting(
        &self,
        roots: Option<&[u8]>,
        identity: Option<&Identity>,
    ) -> Result<Client, ReqwestError> {
        let provider = self.auth.crypto_provider().map_err(ClientError::from)?;
        let trust = match self.auth.profile().cluster.insecure_skip_tls_verify {
            true => Ok(Trust::dangerously_anybody(&provider)),
            false => Trust::new(roots, &provider),
        };
        let config = trust.and_then(|trust| tls::fixed(trust, identity, &provider));
        build(&self.auth, &self.address, config.map_err(ClientError::from)?)
    }
}

fn build(auth: &Auth, address: &Address, mut config: ClientConfig) -> Result<Client, ReqwestError> {
    let profile = auth.profile();
    let name = profile.cluster.tls_server_name.as_deref().unwrap_or_default();
    if address.is_https() && !name.is_empty() && name != address.host() {
        return Err(ReqwestError::Unsupported("a tls-server-name other than the server's host"));
    }
    let route = net::route(&profile.cluster.proxy, &address.base(), auth.proxies())
        .map_err(ClientError::from)?;
    let builder = Client::builder().no_proxy();
    let builder = match route {
        Route::Direct => builder,
        Route::Proxy(endpoint) if endpoint.kind == ProxyKind::Https => {
            return Err(ReqwestError::Unsupported("an https proxy"));
        }
        Route::Proxy(endpoint) => builder.proxy(Proxy::all(endpoint.url())?),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let builder = builder
        .tls_backend_preconfigured(config)
        .gzip(!profile.cluster.disable_compression)
        .redirect(redirect::Policy::none())
        .user_agent(crate::client::USER_AGENT_OURS);
    let builder = match profile.timeout {
        Some(limit) => builder.timeout(limit),
        None => builder,
    };
    Ok(builder.build()?)
}
