//! A rustls configuration of one's own that follows a profile.

use crate::plugin::Plugin;
use kubecred_core::{Authentication, Exec, Material, Policy, Profile, Roots};
use kubecred_loopback::ApiServer;
use kubecred_tokio::{Auth, tls};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

#[tokio::test]
async fn each_handshake_presents_the_certificate_of_that_moment() {
    let server = ApiServer::builder().http1_only().start().await.unwrap();
    let one = server.authority().client("one", &[]);
    let two = server.authority().client("two", &[]);
    let plugin = Plugin::presenting(&[&one, &two]);
    let mut profile = Profile::new(server.url());
    profile.authentication = Authentication::exec(Exec::new(plugin.path()));
    profile.cluster.roots = Roots::Pem(server.authority().certificate_pem().into());
    let policy = Policy { min_interval: Duration::ZERO, ..Policy::default() };
    let auth = Auth::builder().policy(policy).profile(profile);
    let config = Arc::new(tls::rustls_config(&auth).unwrap());

    let ask = async || {
        let tcp = TcpStream::connect(server.address()).await.unwrap();
        let name = tls::server_name(None, "127.0.0.1").unwrap();
        let mut stream = TlsConnector::from(Arc::clone(&config)).connect(name, tcp).await?;
        stream.write_all(b"GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
        stream.read_to_end(&mut Vec::new()).await?;
        let seen = server.exchanges().pop().unwrap();
        Ok::<_, std::io::Error>(seen.client_certificate.unwrap().common_name.clone().unwrap())
    };
    let error = ask().await.unwrap_err();
    assert!(error.to_string().contains("no credential yet"), "{error}");
    let credential = auth.credential().await.unwrap();
    assert_eq!(ask().await.unwrap(), "one");
    assert!(auth.unauthorized(credential.generation()).await);
    assert_eq!(ask().await.unwrap(), "two");
    let newer = auth.credential().await.unwrap();
    assert!(newer.connection() > credential.connection());
}

/// Both cryptographies speak TLS with the same server, and present a certificate.
#[tokio::test]
async fn ua_34_each_cryptography_may_be_given() {
    let given =
        [rustls::crypto::aws_lc_rs::default_provider(), rustls::crypto::ring::default_provider()];
    for provider in given {
        let server = ApiServer::builder().start().await.unwrap();
        let jane = server.authority().client("jane", &[]);
        let mut profile = Profile::new(server.url());
        let (certificate, key) = (jane.certificate_pem().into(), jane.key_pem().into());
        profile.authentication =
            Authentication::certificate(Material::Data(certificate), Material::Data(key));
        profile.cluster.roots = Roots::Pem(server.authority().certificate_pem().into());
        let auth = Auth::builder().crypto_provider(Arc::new(provider)).profile(profile);
        let client = kubecred_tokio::Client::new(auth).unwrap();
        assert_eq!(client.get("/version").await.unwrap().status(), 200);
        assert!(server.exchanges()[0].client_certificate.is_some());
    }
}

#[test]
fn server_names_are_names_and_addresses() {
    for (given, host, name) in [
        (None, "api.example", "api.example"),
        (None, "[fd00::1]", "fd00::1"),
        (Some(""), "10.0.0.1", "10.0.0.1"),
        (Some("other"), "10.0.0.1", "other"),
    ] {
        assert_eq!(tls::server_name(given, host).unwrap().to_str(), name);
    }
    assert!(tls::server_name(None, "not a name").is_err());
}
