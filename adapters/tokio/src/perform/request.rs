//! Sending one HTTP request on its own terms, as a source wants it.

use super::Host;
use super::bounded::Bounded;
use super::file::read_file;
use crate::client::{Outgoing, Terms};
use crate::connect::ConnectError;
use crate::{proxy, tls};
use bytes::Bytes;
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use kubecred_core::protocol::{HttpResponse, Method, SendRequest};
use kubecred_core::{Failure, FailureKind, Header, Roots, Secret};
use std::error::Error;

/// Sends it over a connection of its own, and does not follow redirects: the credentials are for
/// whom they were addressed to.
pub(super) async fn send(request: &SendRequest, host: &Host) -> Result<HttpResponse, Failure> {
    let uri: Uri = request.url.parse().map_err(|_| unsupported("the URL is not one"))?;
    let terms = terms(request, &uri, host)?;
    let roots = roots(request).await?;
    let connector = terms
        .connector(roots.as_ref().map(Secret::expose), request.tls.identity.as_ref(), true)
        .map_err(|error| unsupported(&error.to_string()))?;
    let client = legacy::Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build::<_, Outgoing>(connector);

    let response = client.request(message(request, uri)?).await.map_err(|e| network(&e))?;
    let status = response.status().as_u16();
    let mut body = Bounded::new(request.limit);
    let mut frames = response.into_body();
    while let Some(frame) = frames.frame().await {
        if let Ok(data) = frame.map_err(|error| network(&error))?.into_data() {
            body.push(&data)?;
        }
    }
    Ok(HttpResponse { status, body: body.into_secret() })
}

fn terms(request: &SendRequest, uri: &Uri, host: &Host) -> Result<Terms, Failure> {
    let refuse = |error: &dyn Error| unsupported(&error.to_string());
    let route = proxy::route(&request.proxy, uri, &host.proxies).map_err(|e| refuse(&e))?;
    let server_name = match uri.scheme_str() {
        Some("https") => {
            let name = request.tls.server_name.as_deref();
            Some(tls::server_name(name, uri.host().unwrap_or_default()).map_err(|e| refuse(&e))?)
        }
        Some("http") => None,
        _ => return Err(unsupported("the URL is neither http nor https")),
    };
    Ok(Terms {
        route,
        server_name,
        skip_verify: request.tls.insecure_skip_verify,
        http2: true,
        provider: tls::provider(host.crypto.as_ref()).map_err(|e| refuse(&e))?,
    })
}

async fn roots(request: &SendRequest) -> Result<Option<Secret>, Failure> {
    match &request.tls.roots {
        Roots::System => Ok(None),
        Roots::Pem(pem) => Ok(Some(pem.clone())),
        Roots::File(path) => read_file(path, request.limit).await.map(Some),
    }
}

fn message(request: &SendRequest, uri: Uri) -> Result<Request<Outgoing>, Failure> {
    let method = match request.method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
    };
    let mut builder = Request::builder().method(method).uri(uri);
    for Header { name, value } in &request.headers {
        let mut value = HeaderValue::from_bytes(value.expose())
            .map_err(|_| unsupported("a header is not one for HTTP"))?;
        value.set_sensitive(true);
        builder = builder.header(&**name, value);
    }
    let body = Full::new(Bytes::copy_from_slice(request.body.expose()));
    builder
        .body(Outgoing::Whole(body))
        .map_err(|_| unsupported("a header or the URL is not one for HTTP"))
}

fn unsupported(why: &str) -> Failure {
    Failure::new(FailureKind::Unsupported, why)
}

/// The last cause says most; what is about connecting says it all.
fn network(error: &dyn Error) -> Failure {
    let mut last = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        last = error.to_string();
        cause = if error.is::<ConnectError>() { None } else { error.source() };
    }
    Failure::new(FailureKind::Network, last)
}
