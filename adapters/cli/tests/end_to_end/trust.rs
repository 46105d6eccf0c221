//! Which chains of certificates and which spellings of names both programs believe.

use crate::case::{Both, Case, TOKEN};
use kubecred_loopback::{Authority, Issued};
use serde_json::json;

/// The outcome of a server that presents `identity` to clients that trust this PEM.
async fn trusting(pem: &str, identity: &Issued) -> Both {
    let case = Case::start().await.user(json!({ "token": TOKEN })).file("ca.crt", pem);
    case.server.present(identity);
    let cluster = json!({ "certificate-authority-data": null, "certificate-authority": "ca.crt" });
    case.cluster(cluster).agree().await
}

/// Holds both programs to believing nobody.
fn refused(both: Both) {
    assert!(both.fail_saying(&["certificate"]).kubectl.exchanges.is_empty());
}

const HERE: [&str; 1] = ["127.0.0.1"];

#[tokio::test]
async fn a_path_through_an_intermediate_authority_leads_to_the_root() {
    let root = Authority::new("root");
    let identity = root.intermediate("middle").intermediate("lower").server(&HERE);
    trusting(root.certificate_pem(), &identity).await.succeed();
}

#[tokio::test]
async fn an_intermediate_authority_may_be_trusted_alone() {
    let middle = Authority::new("root").intermediate("middle");
    trusting(middle.certificate_pem(), &middle.server(&HERE)).await.succeed();
}

#[tokio::test]
async fn a_server_certificate_may_be_trusted_by_itself() {
    let identity = Authority::new("unknown").server(&HERE);
    trusting(identity.certificate_pem(), &identity).await.succeed();
    // For its names only.
    let identity = Authority::new("unknown").server(&["other.internal"]);
    refused(trusting(identity.certificate_pem(), &identity).await);
}

#[tokio::test]
async fn the_path_must_be_whole() {
    let root = Authority::new("root");
    let whole = root.intermediate("middle").server(&HERE);
    // An authority of the same name with another key vouches for nothing.
    let namesake = Authority::new("root");
    refused(trusting(namesake.certificate_pem(), &whole).await);
}

#[tokio::test]
async fn line_ends_of_other_systems_are_no_matter() {
    let case = Case::start().await;
    let crlf = |pem: &str| pem.replace('\n', "\r\n");
    let issued = case.server.authority().client("jane", &[]);
    let authority = crlf(case.server.authority().certificate_pem());
    let cluster = json!({ "certificate-authority-data": null, "certificate-authority": "ca.crt" });
    let user = json!({ "client-certificate": "client.crt", "client-key": "client.key" });
    let case = case
        .cluster(cluster)
        .user(user)
        .file("ca.crt", &authority)
        .file("client.crt", &crlf(issued.certificate_pem()))
        .file("client.key", &crlf(issued.key_pem()));
    case.agree().await.succeed();
}

#[tokio::test]
async fn a_bundle_may_hold_what_is_no_certificate() {
    let authority = Authority::new("root");
    let key = Authority::new("other").server(&HERE).key_pem().to_owned();
    let pem = format!("{key}\ntext\n{}", authority.certificate_pem());
    trusting(&pem, &authority.server(&HERE)).await.succeed();
}

#[tokio::test]
async fn ua_30_a_server_name_in_each_spelling() {
    for (name, sni) in [
        ("api.internal", Some("api.internal")),
        // The server lowers the case when it writes down.
        ("API.Internal", Some("api.internal")),
        ("api.internal.", Some("api.internal")),
        // An address is verified and not sent.
        ("127.0.0.1", None),
        ("::1", None),
    ] {
        let case = Case::start().await.user(json!({ "token": TOKEN }));
        let both = case.cluster(json!({ "tls-server-name": name })).agree().await.succeed();
        assert_eq!(both.kubectl.request().sni.as_deref(), sni, "{name}");
    }
}

#[tokio::test]
async fn ua_30_a_name_may_be_covered_by_a_wildcard() {
    for (name, covered) in
        [("api.corp.internal", true), ("a.b.corp.internal", false), ("corp.internal", false)]
    {
        let root = Authority::new("root");
        let case = Case::start().await.user(json!({ "token": TOKEN }));
        case.server.present(&root.server(&["*.corp.internal"]));
        let case = case.file("ca.crt", root.certificate_pem()).cluster(json!({
            "certificate-authority-data": null,
            "certificate-authority": "ca.crt",
            "tls-server-name": name,
        }));
        let both = case.agree().await;
        assert_eq!(both.kubectl.success, covered, "{name}: {}", both.kubectl.stderr);
    }
}

#[tokio::test]
async fn ua_30_the_host_in_the_url_may_be_in_capitals() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let port = case.server.address().port();
    let case = case.cluster(json!({ "server": format!("HTTPS://LocalHost:{port}") }));
    case.agree().await.succeed();
}
