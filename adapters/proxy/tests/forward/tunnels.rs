//! Upgraded connections: any protocol, every byte, half-closes.

use crate::upstream::{Stage, Upstream, header};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const UPGRADE: &str = "GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: foo/1\r\n\
     Sec-WebSocket-Protocol: a, b\r\nX-Stream-Protocol-Version: v4\r\nX-Stream-Protocol-Version: v3\r\n\r\n";
const SWITCHING: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo/1\r\nConnection: Upgrade\r\nX-Own: 1\r\n\r\nearly ";

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let (mut text, mut piece) = (String::new(), [0; 4096]);
    while !text.ends_with(end) {
        let size = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut piece));
        let size = size.await.unwrap_or_else(|_| panic!("{text}")).unwrap();
        assert!(size > 0, "the end after {text}");
        text += &String::from_utf8_lossy(&piece[..size]);
    }
    text
}

#[tokio::test]
async fn px_34_no_byte_of_an_upgraded_stream_is_lost() {
    let upstream = Upstream::start(|mut stream, _, rest| async move {
        stream.write_all(SWITCHING).await.ok()?;
        stream.write_all(&rest).await.ok()?;
        let (mut read, mut write) = tokio::io::split(stream);
        tokio::io::copy(&mut read, &mut write).await.ok()?;
        None
    })
    .await;
    let stage = Stage::new(&upstream).await;
    let mut stream = stage.connect().await;
    stream.write_all(format!("{UPGRADE}sent early;").as_bytes()).await.unwrap();
    let text = read_until(&mut stream, "early sent early;").await;
    assert!(text.starts_with("HTTP/1.1 101"), "{text}");
    assert_eq!(header(&text, "upgrade"), ["foo/1"]);
    assert_eq!(header(&text, "connection"), ["Upgrade"]);
    assert_eq!(header(&text, "x-own"), ["1"]);
    let head = upstream.last();
    assert_eq!(header(&head, "x-stream-protocol-version"), ["v4", "v3"]);
    assert_eq!(header(&head, "sec-websocket-protocol"), ["a, b"]);
    assert_eq!(header(&head, "authorization"), ["Bearer ours"]);
    stream.write_all(b"more").await.unwrap();
    read_until(&mut stream, "more").await;

    // 64 MiB there and back, with a reader that starts late.
    const SIZE: usize = 64 << 20;
    let (mut read, mut write) = stream.into_split();
    let writing = tokio::spawn(async move {
        let piece: Vec<u8> = (0..65_536_u32).map(|n| (n % 251) as u8).collect();
        for _ in 0..SIZE / piece.len() {
            write.write_all(&piece).await.unwrap();
        }
        write.shutdown().await.unwrap();
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut got = Vec::with_capacity(SIZE);
    read.read_to_end(&mut got).await.unwrap();
    writing.await.unwrap();
    assert_eq!(got.len(), SIZE);
    assert!(got.iter().enumerate().all(|(at, byte)| *byte == ((at % 65_536) % 251) as u8));
}

/// I: kubectl closes both directions at the first end.
#[tokio::test]
async fn px_36_a_half_close_is_passed_on_and_the_rest_arrives() {
    let upstream = Upstream::start(|mut stream, _, mut rest| async move {
        stream.write_all(SWITCHING).await.ok()?;
        stream.read_to_end(&mut rest).await.ok()?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let said = format!("after the end: {}", String::from_utf8_lossy(&rest));
        stream.write_all(said.as_bytes()).await.ok()?;
        None
    })
    .await;
    let stage = Stage::new(&upstream).await;
    let mut stream = stage.connect().await;
    stream.write_all(UPGRADE.as_bytes()).await.unwrap();
    read_until(&mut stream, "early ").await;
    stream.write_all(b"all").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "after the end: all");
}

/// I: as above, in the other direction: upstream ends, and hears what the caller still sends.
#[tokio::test]
async fn px_36_upstreams_half_close_leaves_the_caller_time() {
    let (told, heard) = tokio::sync::oneshot::channel();
    let told = std::sync::Mutex::new(Some(told));
    let upstream = Upstream::start(move |mut stream, _, mut rest| {
        let told = told.lock().unwrap().take();
        async move {
            stream.write_all(SWITCHING).await.ok()?;
            stream.shutdown().await.ok()?;
            stream.read_to_end(&mut rest).await.ok()?;
            told?.send(rest).ok()?;
            None
        }
    })
    .await;
    let stage = Stage::new(&upstream).await;
    let mut stream = stage.connect().await;
    stream.write_all(UPGRADE.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    stream.write_all(b"still here").await.unwrap();
    drop(stream);
    assert_eq!(heard.await.unwrap(), b"still here");
}

#[tokio::test]
async fn px_35_a_refused_upgrade_comes_back_and_another_answer_is_an_error() {
    for (answer, code, text) in [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nX-Own: 1\r\n\r\nnope", 404, "nope"),
        ("HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nnope", 500, "nope"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnope",
            502,
            "invalid upgrade response: status code 200",
        ),
        ("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 502, "status code 302"),
    ] {
        let upstream = Upstream::answering(answer).await;
        let stage = Stage::new(&upstream).await;
        let said = stage.raw(UPGRADE).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {code}")) && said.contains(text), "{said}");
    }
}

#[tokio::test]
async fn px_34_upgrade_without_connection_is_a_plain_request() {
    let upstream = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let stage = Stage::new(&upstream).await;
    let answer = stage.request("GET /a", "Upgrade: foo\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(header(&upstream.last(), "upgrade").is_empty());
}

/// I: kubectl is killed by the signal.
#[tokio::test]
async fn px_8_draining_waits_for_tunnels_and_then_cuts_them() {
    let upstream = Upstream::start(|mut stream, _, _| async move {
        stream.write_all(SWITCHING).await.ok()?;
        let (mut read, mut write) = tokio::io::split(stream);
        tokio::io::copy(&mut read, &mut write).await.ok()?;
        None
    })
    .await;
    let stage = Stage::new(&upstream).await;
    let mut stream = stage.connect().await;
    stream.write_all(UPGRADE.as_bytes()).await.unwrap();
    read_until(&mut stream, "early ").await;
    stage.drain.begin();
    tokio::time::sleep(Duration::from_millis(200)).await;
    stream.write_all(b"still").await.unwrap();
    read_until(&mut stream, "still").await;
    assert_eq!(stage.drain.open(), 1);
    stage.drain.end();
    let mut rest = String::new();
    let _ = stream.read_to_string(&mut rest).await;
    assert_eq!(rest, "");
    stage.drain.finished().await;
}
