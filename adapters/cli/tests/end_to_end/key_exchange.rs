//! Which key exchanges are offered to a server, in which order.

use crate::case::{Case, TOKEN};
use crate::programs::Program;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

const X25519MLKEM768: u16 = 0x11ec;
const X25519: u16 = 0x001d;
const P256: u16 = 0x0017;
const P384: u16 = 0x0018;

/// The `supported_groups` of the first message that a program sends.
async fn offered(program: &Program) -> Vec<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("https://{}", listener.local_addr().unwrap());
    let case =
        Case::start().await.user(json!({ "token": TOKEN })).cluster(json!({ "server": server }));
    let hello = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut header = [0; 5];
        stream.read_exact(&mut header).await.unwrap();
        let mut hello = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        stream.read_exact(&mut hello).await.unwrap();
        hello
    });
    let run = case.run(program).await;
    assert!(!run.success, "nobody answers");
    groups(&hello.await.unwrap())
}

/// Of a `ClientHello` (RFC 8446 4.1.2), the groups (4.2.7).
fn groups(hello: &[u8]) -> Vec<u16> {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    // Type and length, version, random.
    let mut rest = &hello[4 + 2 + 32..];
    let mut skip = |width: usize| {
        let length = number(&rest[..width]);
        let (taken, left) = rest[width..].split_at(length);
        rest = left;
        taken
    };
    let (_session, _suites, _compression, mut extensions) = (skip(1), skip(2), skip(1), skip(2));
    while let [a, b, c, d, left @ ..] = extensions {
        let (body, left) = left.split_at(number(&[*c, *d]));
        if [*a, *b] == [0, 10] {
            return body[2..].chunks(2).map(|pair| number(pair) as u16).collect();
        }
        extensions = left;
    }
    Vec::new()
}

/// Go has offered the hybrid of ML-KEM and X25519 first since 1.24, which kubectl 1.35 is built with.
#[tokio::test]
async fn ua_34_a_post_quantum_key_exchange_is_offered_first_as_by_kubectl() {
    let known = [X25519MLKEM768, X25519, P256, P384];
    let of = async |program| {
        let offered = offered(&program).await;
        offered.into_iter().filter(|group| known.contains(group)).collect::<Vec<_>>()
    };
    let theirs = of(Program::kubectl_version(kubecred_kubectl::NEWEST)).await;
    assert_eq!(of(Program::kubecred()).await, theirs);
    assert_eq!(theirs, known);
}
