//! What kubecred says of each way in which TLS and HTTP can fail: in words, without the TLS library's
//! names for it, and with advice where there is some.

use crate::case::{Case, TOKEN};
use crate::programs::Program;
use kubecred_loopback::{Authority, Issued};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What kubecred says, with these fields in the cluster's entry; it must fail.
async fn said(case: &Case) -> String {
    let run = case.run(&Program::kubecred()).await;
    assert!(!run.success, "it should fail");
    in_words(&run.stderr);
    run.stderr
}

async fn case() -> Case {
    Case::start().await.user(json!({ "token": TOKEN }))
}

/// Holds a message to no Rust: no `Name(…)`, no `Name { … }`, no name in camel case.
fn in_words(message: &str) {
    let camel = |word: &str| {
        let lower_then_upper = |pair: &[char]| pair[0].is_lowercase() && pair[1].is_uppercase();
        let chars: Vec<char> = word.chars().collect();
        chars.windows(2).any(lower_then_upper) && word.chars().all(char::is_alphanumeric)
    };
    // A temporary folder may have any name.
    let words = message.split_whitespace().filter(|word| !word.contains('/'));
    let words = words.flat_map(|word| word.split(|c: char| !c.is_alphanumeric()));
    let found: Vec<&str> = words.filter(|word| camel(word)).collect();
    assert!(found.is_empty(), "{found:?} in {message}");
    for debug in ["Err(", "Some(", " { ", "(os error 0)"] {
        assert!(!message.contains(debug), "{debug} in {message}");
    }
}

/// Holds a message to saying all this, and nothing of the other.
fn says(message: &str, words: &[&str], not: &[&str]) {
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message}");
    }
    for word in not {
        assert!(!message.contains(word), "{word:?} is in {message}");
    }
}

#[tokio::test]
async fn a_certificate_for_other_names_says_which_and_how_to_name_it() {
    let case = case().await.cluster(json!({ "tls-server-name": "other.internal" }));
    let said = said(&case).await;
    let words = [
        "is for api.internal, localhost, 127.0.0.1, ::1",
        "not for other.internal",
        "--tls-server-name",
    ];
    says(&said, &words, &["authority of its own"]);
}

#[tokio::test]
async fn an_unknown_authority_is_the_one_failure_that_advises_to_name_one() {
    let case = case().await;
    case.server.present(&Authority::new("elsewhere").server(&["127.0.0.1"]));
    says(&said(&case).await, &["signed by an unknown authority", "--certificate-authority"], &[]);
}

#[tokio::test]
async fn an_authority_that_has_expired_is_named_with_its_date() {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "old");
    params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(params, key);
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
    let case = case().await;
    case.server.present(&Issued::from_pem(&leaf.pem(), &leaf_key.serialize_pem()));
    let case = case.file("ca.crt", &authority.pem());
    let cluster = json!({ "certificate-authority-data": null, "certificate-authority": "ca.crt" });
    let said = said(&case.cluster(cluster)).await;
    says(&said, &["\"CN=old\" expired on 2021-01-01T00:00:00Z"], &["authority of its own"]);
}

#[tokio::test]
async fn a_client_certificate_that_has_expired_is_said_to_be_refused_or_is_refused_before() {
    let case = case().await;
    let (then, day) =
        (SystemTime::now() - Duration::from_secs(864_000), Duration::from_secs(86_400));
    let issued = case.server.authority().client_valid("jane", &[], then, then + day);
    let user =
        json!({ "token": null, "client-certificate": "client.crt", "client-key": "client.key" });
    let said = said(&case.user(user).client_files(&issued)).await;
    says(&said, &["client certificate"], &["authority of its own"]);
}

/// A server that reads what comes first and answers with these bytes.
async fn answering(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut first = [0; 4096];
            let _ = stream.read(&mut first).await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        }
    });
    address.to_string()
}

async fn said_of(scheme: &str, bytes: &'static [u8]) -> String {
    let server = format!("{scheme}://{}", answering(bytes).await);
    let case = case().await;
    let cluster = match scheme {
        "http" => json!({ "server": server, "certificate-authority-data": Value::Null }),
        _ => json!({ "server": server }),
    };
    said(&case.cluster(cluster)).await
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_said_to_do_so() {
    let said = said_of("https", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    says(&said, &["does not speak TLS", "http://"], &["authority of its own"]);
    let said = said_of("https", b"").await;
    says(&said, &["closed the connection during the handshake"], &["authority of its own"]);
    let said = said_of("https", b"220 mail.example ESMTP ready\r\n").await;
    says(&said, &["does not speak TLS"], &["authority of its own"]);
}

#[tokio::test]
async fn http_to_a_tls_port_is_said_to_be_so() {
    // An alert of TLS, which is what most servers answer to bytes that are none.
    let said = said_of("http", b"\x15\x03\x01\x00\x02\x02\x46").await;
    says(&said, &["not HTTP", "https"], &[]);
    let said = said_of("http", b"").await;
    says(&said, &["closed the connection before it answered"], &[]);
    let said = said_of("http", b"\x00\x01\x02 nonsense\r\n\r\n").await;
    says(&said, &["not HTTP"], &[]);
}

#[tokio::test]
async fn every_alert_has_words() {
    const OF_CERTIFICATES: [u8; 9] = [42, 43, 44, 45, 46, 48, 49, 51, 116];
    const OTHERS: [u8; 16] = [10, 20, 22, 40, 47, 50, 70, 71, 80, 86, 109, 110, 112, 113, 120, 200];
    for alert in OF_CERTIFICATES.into_iter().chain(OTHERS) {
        let bytes: Vec<u8> = vec![0x15, 3, 3, 0, 2, 2, alert];
        let said = said_of("https", bytes.leak()).await;
        let of_certificate = said.contains("client certificate");
        assert_eq!(of_certificate, OF_CERTIFICATES.contains(&alert), "{alert}: {said}");
        assert!(!said.contains("authority of its own"), "{said}");
    }
}
