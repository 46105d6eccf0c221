//! Sending one HTTP request with its own connection settings, as a source wants it.

use super::Host;
use crate::net::pool::{Outgoing, Pool, PoolError};
use crate::net::words::words;
use crate::net::{ConnectionSettings, ServerNames, tls};
use bytes::Bytes;
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full};
use kubecred_core::protocol::{HttpResponse, Method, SendRequest, TrustAnchors};
use kubecred_core::{Failure, FailureKind, Header, Secret};
use kubecred_host::fs::Bounded;
use kubecred_host::net::route;
use std::error::Error;
use tower_service::Service;

/// Sends it over a connection of its own, and does not follow redirects: the credentials are for
/// whom they were addressed to.
pub(super) async fn send(request: &SendRequest, host: &Host) -> Result<HttpResponse, Failure> {
    let uri: Uri = request.url.parse().map_err(|_| unsupported("the URL is not one"))?;
    let settings = settings(request, &uri, host)?;
    let (roots, identity) = (roots(request), request.tls.identity.as_ref());
    let connector = settings.connector(roots, identity, true).map_err(|e| refuse(&e))?;
    let message = message(request, uri)?;
    // It ends with this request, and its connection with it.
    let mut pool = Pool::new(connector.clone(), connector, message.uri().clone());
    let response = pool.call(message).await.map_err(|error| no_answer(&error))?;
    let mut answer = HttpResponse::new(response.status().as_u16(), Secret::default());
    for (name, value) in response.headers() {
        answer.push_header(name.as_str(), value.as_bytes());
    }
    let mut body = Bounded::new(request.limit);
    let mut frames = response.into_body();
    while let Some(frame) = frames.frame().await {
        if let Ok(data) = frame.map_err(|error| network(words(&error)))?.into_data() {
            body.push(&data)?;
        }
    }
    Ok(HttpResponse { body: body.into_secret(), ..answer })
}

fn settings(request: &SendRequest, uri: &Uri, host: &Host) -> Result<ConnectionSettings, Failure> {
    let route = route(&request.proxy, uri, &host.proxies).map_err(|e| refuse(&e))?;
    let name_from = match uri.scheme_str() {
        Some("https") => Some(uri.host().unwrap_or_default()),
        Some("http") => None,
        _ => return Err(unsupported("the URL is neither http nor https")),
    };
    let names = ServerNames::of(request.tls.server_name.as_deref(), name_from);
    Ok(ConnectionSettings {
        route,
        names: names.map_err(|e| refuse(&e))?,
        skip_verify: request.tls.insecure_skip_verify,
        system_roots: host.system_roots,
        http2: true,
        keep_alive: None,
        provider: tls::provider(host.crypto.as_ref()).map_err(|e| refuse(&e))?,
    })
}

fn roots(request: &SendRequest) -> Option<&[u8]> {
    match &request.tls.roots {
        TrustAnchors::System => None,
        TrustAnchors::Pem(pem) => Some(pem.expose()),
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
    let body = Outgoing::Whole(Full::new(Bytes::copy_from_slice(request.body.expose())));
    builder.body(body).map_err(|_| unsupported("a header or the URL is not one for HTTP"))
}

fn unsupported(why: &str) -> Failure {
    Failure::new(FailureKind::Unsupported, why)
}

fn refuse(error: &dyn Error) -> Failure {
    unsupported(&error.to_string())
}

fn network(why: String) -> Failure {
    Failure::new(FailureKind::Network, why)
}

fn no_answer(error: &PoolError) -> Failure {
    network(error.to_string())
}

#[cfg(all(test, feature = "ring"))]
mod tests {
    use super::*;
    use crate::perform::SystemCommands;
    use kubecred_core::protocol::Tls;
    use kubecred_core::{Identity, Proxy};
    use kubecred_loopback::{ApiServer, HttpProxy, User};

    fn host() -> Host {
        let runner = Box::new(SystemCommands::default());
        Host {
            runner,
            provider: None,
            in_place: None,
            crypto: None,
            proxies: kubecred_host::net::ProxyVariables::default(),
            system_roots: false,
        }
    }

    fn get(server: &ApiServer, path: &str) -> SendRequest {
        SendRequest {
            method: Method::Get,
            url: format!("{}{path}", server.url()),
            headers: vec![Header { name: "authorization".into(), value: "Bearer t".into() }],
            body: Secret::default(),
            tls: Tls {
                roots: TrustAnchors::Pem(server.authority().certificate_pem().into()),
                ..Tls::default()
            },
            proxy: Proxy::Direct,
            limit: 100_000,
        }
    }

    #[tokio::test]
    async fn a_request_is_sent_with_its_own_settings() {
        let server = ApiServer::builder().names(&["api.internal"]).start().await.unwrap();
        server.accounts().allow_token("t", User::new("jane"));
        let proxy = HttpProxy::builder().start().await.unwrap();
        let issued = server.authority().client("joe", &[]);
        let mut request = get(&server, "/apis/authentication.k8s.io/v1/selfsubjectreviews");
        request.method = Method::Post;
        request.body = "{}".into();
        request.tls.server_name = Some("api.internal".into());
        request.tls.identity = Some(Identity {
            certificate: issued.certificate_pem().into(),
            key: issued.key_pem().into(),
        });
        request.proxy = Proxy::Url(proxy.url());
        let response = send(&request, &host()).await.unwrap();
        assert_eq!(response.status, 201);
        assert!(response.body.expose_str().unwrap().contains("userInfo"));
        assert_eq!(response.header("content-type"), Some("application/json"));
        let seen = &server.exchanges()[0];
        assert_eq!(seen.sni.as_deref(), Some("api.internal"));
        assert_eq!(seen.header("authorization"), Some("Bearer t"));
        let presented = seen.client_certificate.as_ref().unwrap().common_name.as_deref();
        assert_eq!(presented, Some("joe"));
        assert_eq!(proxy.requests().len(), 1);
    }

    #[tokio::test]
    async fn where_a_redirect_leads_is_told_and_not_followed() {
        let server = ApiServer::builder().respond(|_| {
            let moved = http::Response::builder().status(301).header("location", "/elsewhere");
            Some(moved.body("".into()).unwrap())
        });
        let server = server.start().await.unwrap();
        let response = send(&get(&server, "/here"), &host()).await.unwrap();
        assert_eq!((response.status, response.header("location")), (301, Some("/elsewhere")));
        assert_eq!(server.exchanges().len(), 1);
    }

    #[tokio::test]
    async fn what_cannot_be_honoured_is_refused_and_nothing_is_sent() {
        let server = ApiServer::builder().start().await.unwrap();
        let kind = async |change: &dyn Fn(&mut SendRequest)| {
            let mut request = get(&server, "/version");
            change(&mut request);
            send(&request, &host()).await.unwrap_err().kind
        };
        let unsupported = FailureKind::Unsupported;
        assert_eq!(kind(&|r| r.url = "ftp://x".into()).await, unsupported);
        assert_eq!(kind(&|r| r.proxy = Proxy::Url("ftp://x".into())).await, unsupported);
        assert_eq!(kind(&|r| r.tls.server_name = Some("a b".into())).await, unsupported);
        assert_eq!(kind(&|r| r.headers[0].value = "a\nb".into()).await, unsupported);
        assert_eq!(kind(&|r| r.tls.roots = TrustAnchors::Pem("junk".into())).await, unsupported);
        let nobody = TrustAnchors::Pem(Secret::default());
        assert_eq!(kind(&|r| r.tls.roots = nobody.clone()).await, FailureKind::Network);
        assert!(server.exchanges().is_empty());
    }

    #[tokio::test]
    async fn an_answer_over_the_limit_is_refused() {
        let server = ApiServer::builder().start().await.unwrap();
        server.accounts().accept_any(true);
        assert_eq!(send(&get(&server, "/big?bytes=100000"), &host()).await.unwrap().status, 200);
        let failure = send(&get(&server, "/big?bytes=100001"), &host()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::TooLarge);
    }
}
