//! Client certificates: where they come from, and what of them reaches the server.

use crate::case::{Case, TOKEN};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubecred_loopback::{Authority, Exchange, Issued};
use serde_json::json;

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// The names of the presented certificate's subject, and whether it is `issued` with all of its
/// path.
fn presents(request: &Exchange, issued: &Issued) -> bool {
    request.client_certificate.as_ref().is_some_and(|shown| shown.chain == issued.chain())
}

#[tokio::test]
async fn ua_2_certificate_and_key_are_read_from_files() {
    let case = Case::start().await;
    let user = json!({ "client-certificate": "client.crt", "client-key": "client.key" });
    let issued = case.server.authority().client("jane", &["a", "b"]);
    let both = case.user(user).client_files(&issued).agree().await.succeed();
    assert!(presents(both.kubectl.request(), &issued));
    assert_eq!(both.kubectl.request().header("authorization"), None);
}

#[tokio::test]
async fn ua_2_certificate_and_key_stand_in_the_kubeconfig() {
    let case = Case::start().await;
    // A path as cluster authorities have it: the leaf, and who issued it.
    let issued = case.server.authority().intermediate("office").client("jane", &["a"]);
    let user = json!({
        "client-certificate-data": base64(issued.certificate_pem()),
        "client-key-data": base64(issued.key_pem()),
    });
    let both = case.user(user).agree().await.succeed();
    assert_eq!(issued.chain().len(), 2);
    assert!(presents(both.kubectl.request(), &issued));
}

#[tokio::test]
async fn ht_22_one_half_may_stand_in_the_kubeconfig_and_one_in_a_file() {
    let case = Case::start().await;
    let issued = case.server.authority().client("jane", &[]);
    let case = case.client_files(&issued);
    let data = base64(issued.certificate_pem());
    let case = case.user(json!({ "client-certificate-data": data, "client-key": "client.key" }));
    assert!(presents(case.agree().await.succeed().kubectl.request(), &issued));
    let other = json!({
        "client-certificate-data": null,
        "client-key": null,
        "client-certificate": "client.crt",
        "client-key-data": base64(issued.key_pem()),
    });
    assert!(presents(case.user(other).agree().await.succeed().kubectl.request(), &issued));
}

#[tokio::test]
async fn ua_2_a_token_goes_along_with_a_certificate() {
    let case = Case::start().await;
    let issued = case.server.authority().client("jane", &[]);
    let user = json!({
        "client-certificate": "client.crt",
        "client-key": "client.key",
        "token": TOKEN,
    });
    let both = case.user(user).client_files(&issued).agree().await.succeed();
    assert!(presents(both.kubectl.request(), &issued));
    assert_eq!(both.kubectl.request().header("authorization"), Some("Bearer good"));
}

#[tokio::test]
async fn ua_2_a_password_goes_along_with_a_certificate() {
    let case = Case::start().await;
    let issued = case.server.authority().client("joe", &[]);
    let user = json!({
        "client-certificate": "client.crt",
        "client-key": "client.key",
        "username": "jane",
        "password": "secret",
    });
    let both = case.user(user).client_files(&issued).agree().await.succeed();
    assert!(presents(both.kubectl.request(), &issued));
    assert_eq!(both.kubectl.request().header("authorization"), Some("Basic amFuZTpzZWNyZXQ="));
}

#[tokio::test]
async fn ua_2_a_stranger_to_the_server_is_presented_all_the_same() {
    let case = Case::start().await;
    let issued = Authority::new("somebody else").client("jane", &[]);
    let user = json!({ "client-certificate": "client.crt", "client-key": "client.key" });
    let both = case.user(user).client_files(&issued).agree().await.fail_saying(&["unauthorized"]);
    assert!(presents(both.kubectl.request(), &issued));
}

/// The forms in which OpenSSL, kubeadm (RSA, PKCS #1) and k3s (EC, SEC 1) write keys.
#[tokio::test]
async fn keys_of_every_form_are_understood() {
    macro_rules! vector {
        ($name:literal) => {
            include_str!(concat!("../../../../tests/vectors/certificates/", $name))
        };
    }
    for (certificate, key) in [
        (vector!("rsa.crt"), vector!("rsa.pkcs1.key")),
        (vector!("rsa.crt"), vector!("rsa.pkcs8.key")),
        (vector!("p256.crt"), vector!("p256.sec1.key")),
        (vector!("p256.crt"), vector!("p256.with-parameters.key")),
        (vector!("p384.crt"), vector!("p384.sec1.key")),
        (vector!("p384.crt"), vector!("p384.pkcs8.key")),
        (vector!("ed25519.crt"), vector!("ed25519.pkcs8.key")),
    ] {
        let user = json!({ "client-certificate": "client.crt", "client-key": "client.key" });
        let case = Case::start().await.open().user(user);
        let case = case.file("client.crt", certificate).file("client.key", key);
        let both = case.agree().await.succeed();
        assert!(both.kubectl.request().client_certificate.is_some());
    }
}

#[tokio::test]
async fn kc_56_both_forms_of_one_half_are_an_error() {
    let case = Case::start().await;
    let issued = case.server.authority().client("jane", &[]);
    let user = json!({
        "client-certificate": "client.crt",
        "client-certificate-data": base64(issued.certificate_pem()),
        "client-key": "client.key",
        "client-key-data": base64(issued.key_pem()),
    });
    let both = case.user(user).client_files(&issued).agree().await;
    both.fail_saying(&["client-cert", "client-key", "main"]);
}

#[tokio::test]
async fn kc_56_a_certificate_without_a_key_is_an_error() {
    let case = Case::start().await;
    let issued = case.server.authority().client("jane", &[]);
    let user = json!({ "client-certificate": "client.crt", "token": TOKEN });
    let both = case.user(user).client_files(&issued).agree().await;
    both.fail_saying(&["client-key", "main"]);
}

#[tokio::test]
async fn kc_56_a_key_without_a_certificate_is_nothing() {
    let case = Case::start().await;
    let issued = case.server.authority().client("jane", &[]);
    let user = json!({ "client-key": "client.key", "token": TOKEN });
    let both = case.user(user).client_files(&issued).agree().await.succeed();
    assert!(both.kubectl.request().client_certificate.is_none());
}

#[tokio::test]
async fn kc_56_a_file_that_is_missing_is_named() {
    for missing in ["no.crt", "no.key"] {
        let case = Case::start().await;
        let issued = case.server.authority().client("jane", &[]);
        let case = case.client_files(&issued);
        let user = match missing {
            "no.crt" => json!({ "client-certificate": missing, "client-key": "client.key" }),
            _ => json!({ "client-certificate": "client.crt", "client-key": missing }),
        };
        let both = case.user(user).agree().await.fail_saying(&[missing, "no such file"]);
        assert!(both.kubectl.exchanges.is_empty());
    }
}

#[tokio::test]
async fn ua_34_a_key_of_another_certificate_is_an_error() {
    let case = Case::start().await;
    let authority = case.server.authority();
    let (one, other) = (authority.client("jane", &[]), authority.client("jane", &[]));
    let user = json!({
        "client-certificate-data": base64(one.certificate_pem()),
        "client-key-data": base64(other.key_pem()),
    });
    let both = case.user(user).agree().await.fail_saying(&["key"]);
    assert!(both.kubectl.exchanges.is_empty());
}

#[tokio::test]
async fn ua_34_a_certificate_that_is_none_is_an_error() {
    let case = Case::start().await;
    let issued = case.server.authority().client("jane", &[]);
    let user = json!({
        "client-certificate-data": base64("-----BEGIN CERTIFICATE-----\n???\n"),
        "client-key-data": base64(issued.key_pem()),
    });
    let both = case.user(user).agree().await.fail_saying(&[]);
    assert!(both.kubectl.exchanges.is_empty());
}

/// A file of the vectors' certificates.
macro_rules! vector {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/vectors/certificates/", $name))
    };
}

/// Certificates and keys that Go takes and a TLS library may not: X.509 version 1, as a cluster's
/// own tool issues it, and keys under another label than their format has.
#[tokio::test]
async fn ua_34_certificates_and_keys_are_taken_whatever_their_version_and_label() {
    let pairs = [
        ("version 1", vector!("v1.crt"), vector!("rsa.pkcs8.key")),
        ("PKCS #1", vector!("rsa.crt"), vector!("rsa.pkcs1.key")),
        ("PKCS #1 labelled PKCS #8", vector!("rsa.crt"), vector!("rsa.pkcs1.mislabelled.key")),
        ("PKCS #8 labelled PKCS #1", vector!("v1.crt"), vector!("rsa.pkcs8.mislabelled.key")),
        ("SEC 1 labelled PKCS #8", vector!("p256.crt"), vector!("p256.sec1.mislabelled.key")),
        ("parameters before it", vector!("p256.crt"), vector!("p256.with-parameters.key")),
    ];
    for (name, certificate, key) in pairs {
        let case = Case::start().await.open();
        let user = json!({
            "client-certificate-data": base64(certificate),
            "client-key-data": base64(key),
        });
        let both = case.user(user).agree().await.succeed();
        for run in [&both.kubectl, &both.kubecred] {
            assert!(run.request().client_certificate.is_some(), "{name}: {}", run.program);
        }
    }
}

/// What cannot be had of the TLS library is named.
#[tokio::test]
async fn ua_34_a_key_that_is_not_supported_is_named() {
    let user = json!({
        "client-certificate-data": base64(vector!("rsa1024.crt")),
        "client-key-data": base64(vector!("rsa1024.pkcs8.key")),
    });
    let case = Case::start().await.open().user(user);
    let run = case.run(&crate::programs::Program::kubecred()).await;
    assert!(!run.success && run.exchanges.is_empty());
    assert!(
        run.stderr.contains("an RSA key of 1024 bits, which is not supported"),
        "{}",
        run.stderr
    );
}

/// With `insecure-skip-tls-verify` only the key in the certificate matters.
#[tokio::test]
async fn ua_31_an_insecure_server_may_present_a_certificate_of_version_1() {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    case.server.present(&Issued::from_pem(vector!("v1.crt"), vector!("rsa.pkcs8.key")));
    let insecure = json!({ "certificate-authority-data": null, "insecure-skip-tls-verify": true });
    case.cluster(insecure).agree().await.succeed();
}

/// P-521, which Go takes: for a client and for a server.
#[tokio::test]
async fn ua_34_p_521_is_taken() {
    for key in [vector!("p521.pkcs8.key"), vector!("p521.sec1.key")] {
        let case = Case::start().await.open();
        let certificate = base64(vector!("p521.crt"));
        let user =
            json!({ "client-certificate-data": certificate, "client-key-data": base64(key) });
        let both = case.user(user).agree().await.succeed();
        for run in [&both.kubectl, &both.kubecred] {
            assert!(run.request().client_certificate.is_some(), "{}", run.program);
        }
    }
    let server = vector!("p521-server.crt");
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    case.server.present(&Issued::from_pem(server, vector!("p521.pkcs8.key")));
    let cluster = json!({ "certificate-authority-data": base64(server) });
    case.cluster(cluster).agree().await.succeed();
}
