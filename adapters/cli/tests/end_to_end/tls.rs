//! Whom the programs trust, what they call the server, and how they write its address.

use crate::case::{Case, TOKEN};
use http::{Response, StatusCode, Version};
use kubecred_loopback::{ApiServer, Authority};
use serde_json::json;
use std::net::Ipv6Addr;

#[tokio::test]
async fn ua_30_the_server_name_is_for_tls_alone() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let case = case.cluster(json!({ "tls-server-name": "api.internal" }));
    let both = case.agree().await.succeed();
    let request = both.kubectl.request();
    assert_eq!(request.sni.as_deref(), Some("api.internal"));
    assert_eq!(request.authority, Some(case.server.address().to_string()));
}

#[tokio::test]
async fn ua_30_by_name_the_server_is_called_by_that_name() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let port = case.server.address().port();
    let case = case.cluster(json!({ "server": format!("https://localhost:{port}") }));
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.request().sni.as_deref(), Some("localhost"));
}

#[tokio::test]
async fn ua_30_by_address_the_server_is_called_nothing() {
    let both = Case::start().await.user(json!({ "token": TOKEN })).agree().await.succeed();
    assert_eq!(both.kubectl.request().sni, None);
}

#[tokio::test]
async fn ua_32_the_authority_may_be_a_file() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let pem = case.server.authority().certificate_pem().to_owned();
    // Among others, and after words, as bundles are.
    let bundle = format!("# A bundle\n{}{pem}", Authority::new("other").certificate_pem());
    let cluster =
        json!({ "certificate-authority-data": null, "certificate-authority": "ca/bundle.crt" });
    case.cluster(cluster).file("ca/bundle.crt", &bundle).agree().await.succeed();
}

#[tokio::test]
async fn ua_32_another_authority_is_not_trusted() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let pem = Authority::new("kubernetes").certificate_pem().to_owned();
    let cluster = json!({ "certificate-authority-data": null, "certificate-authority": "ca.crt" });
    let both = case.cluster(cluster).file("ca.crt", &pem).agree().await;
    assert!(both.fail_saying(&["certificate"]).kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn ua_30_another_name_is_not_trusted() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let both = case.cluster(json!({ "tls-server-name": "other.internal" })).agree().await;
    let both = both.fail_saying(&["certificate", "other.internal"]);
    assert!(both.kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn ua_32_without_an_authority_the_roots_of_the_system_count() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let case = case.cluster(json!({ "certificate-authority-data": null }));
    let both = case.agree().await.fail_saying(&["certificate"]);
    assert!(both.kubectl.exchanges.is_empty());
    // Which roots those are, both let the environment say.
    let pem = case.server.authority().certificate_pem().to_owned();
    let roots = case.directory().join("roots.crt").to_string_lossy().into_owned();
    case.file("roots.crt", &pem).env("SSL_CERT_FILE", &roots).agree().await.succeed();
}

#[tokio::test]
async fn ua_32_an_authority_that_is_none_is_an_error() {
    for contents in ["", "no PEM at all\n", "-----BEGIN CERTIFICATE-----\n????\n-----END"] {
        let case = Case::start().await.user(json!({ "token": TOKEN }));
        let cluster =
            json!({ "certificate-authority-data": null, "certificate-authority": "ca.crt" });
        let both = case.cluster(cluster).file("ca.crt", contents).agree().await;
        assert!(both.fail_saying(&["certificate"]).kubectl.exchanges.is_empty());
    }
}

#[tokio::test]
async fn kc_53_both_forms_of_the_authority_are_an_error() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let pem = case.server.authority().certificate_pem().to_owned();
    let case = case.cluster(json!({ "certificate-authority": "ca.crt" })).file("ca.crt", &pem);
    case.agree().await.fail_saying(&["certificate-authority-data", "main"]);
}

#[tokio::test]
async fn kc_54_an_authority_that_is_missing_is_named() {
    let cluster = json!({ "certificate-authority-data": null, "certificate-authority": "no.crt" });
    let case = Case::start().await.user(json!({ "token": TOKEN })).cluster(cluster);
    case.agree().await.fail_saying(&["no.crt", "no such file"]);
}

#[tokio::test]
async fn insecure_skip_tls_verify_trusts_anyone() {
    let cluster = json!({ "certificate-authority-data": null, "insecure-skip-tls-verify": true });
    let case = Case::start().await.user(json!({ "token": TOKEN })).cluster(cluster);
    let case = case.cluster(json!({ "tls-server-name": "any.name" }));
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.request().sni.as_deref(), Some("any.name"));
}

#[tokio::test]
async fn insecure_skip_tls_verify_still_presents_the_certificate() {
    let cluster = json!({ "certificate-authority-data": null, "insecure-skip-tls-verify": true });
    let case = Case::start().await.cluster(cluster);
    let issued = case.server.authority().client("jane", &[]);
    let user = json!({ "client-certificate": "client.crt", "client-key": "client.key" });
    let both = case.user(user).client_files(&issued).agree().await.succeed();
    assert!(both.kubectl.request().client_certificate.is_some());
}

#[tokio::test]
async fn ua_31_trusting_anyone_and_an_authority_is_an_error() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let both = case.cluster(json!({ "insecure-skip-tls-verify": true })).agree().await;
    assert!(both.fail_saying(&["insecure"]).kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn a_server_by_its_ipv6_address() {
    let server = ApiServer::builder().listen(Ipv6Addr::LOCALHOST.into());
    let both = Case::with(server).await.user(json!({ "token": TOKEN })).agree().await.succeed();
    let request = both.kubectl.request();
    assert!(request.authority.as_deref().is_some_and(|host| host.starts_with("[::1]:")));
    assert_eq!(request.sni, None);
}

#[tokio::test]
async fn http_1_is_spoken_where_the_server_has_nothing_else() {
    let server = ApiServer::builder().http1_only();
    let both = Case::with(server).await.user(json!({ "token": TOKEN })).agree().await.succeed();
    assert_eq!(both.kubectl.request().version, Version::HTTP_11);
}

#[tokio::test]
async fn kc_70_slashes_after_the_server_and_its_query_are_dropped() {
    for end in ["/", "//", "/?q=1", "?q=1"] {
        let case = Case::start().await.user(json!({ "token": TOKEN }));
        let server = case.server.url() + end;
        let both = case.cluster(json!({ "server": server })).agree().await;
        assert_eq!(both.kubectl.request().path_and_query, "/version", "{end}");
    }
}

#[tokio::test]
async fn paths_are_sent_as_they_are_given() {
    for path in [
        "/api/v1/namespaces?labelSelector=a%3Db%2Cc&limit=2",
        "/api/v1/namespaces?limit=1&limit=2&watch=",
        "/api/v1/namespaces/caf%C3%A9",
        "/api//v1/../version",
        "/",
    ] {
        let case = Case::start().await.user(json!({ "token": TOKEN })).get(path);
        let both = case.agree().await;
        assert_eq!(both.kubectl.request().path_and_query, path);
    }
}

#[tokio::test]
async fn ht_23_compression_is_offered_unless_disabled() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let case = case.cluster(json!({ "disable-compression": true }));
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.request().header("accept-encoding"), None);
}

#[tokio::test]
async fn ht_23_a_compressed_answer_is_unpacked() {
    // `{}` and a line break, by gzip.
    const COMPRESSED: [u8; 23] = [
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xab, 0xae, 0xe5, 2, 0, 6, 0xb0, 0xa1, 0xdd, 3, 0, 0, 0,
    ];
    let server = ApiServer::builder().respond(|_| {
        let reply = Response::builder().status(StatusCode::OK).header("content-encoding", "gzip");
        Some(reply.header("content-type", "application/json").body(COMPRESSED[..].into()).unwrap())
    });
    let both = Case::with(server).await.user(json!({ "token": TOKEN })).agree().await.succeed();
    assert_eq!(String::from_utf8_lossy(&both.kubectl.stdout), "{}\n");
}
