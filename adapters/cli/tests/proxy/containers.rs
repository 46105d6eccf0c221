//! A server whose one pod runs real commands of this machine: exec, attach and cp by WebSocket, as
//! kubectl 1.30 and later speak it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    UPGRADE,
};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use kubecred_loopback::Authority;
use kubecred_proxy::server::{Drain, Listener, Place, Server, Tls};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::process::Command;
use tokio::sync::mpsc;

/// What WebSocket puts behind the key before it hashes it (RFC 6455).
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
/// In v5: the channel that follows has ended.
const CLOSE: u8 = 255;

const BINARY: u8 = 2;
const END: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// The server, and the tokens it takes: the first is good once it was refused so many times.
pub(crate) struct Containers {
    pub(crate) url: String,
    pub(crate) authority: Authority,
    protocols: Arc<Mutex<Vec<String>>>,
    drain: Drain,
}

impl Containers {
    /// Commands run in `folder`, for callers who show `token`.
    pub(crate) fn start(folder: PathBuf, token: &'static str) -> Self {
        let authority = Authority::new("containers");
        let issued = authority.server(&["127.0.0.1"]);
        let tls = Tls::from_pem(issued.certificate_pem().as_bytes(), issued.key_pem().as_bytes());
        let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        let Place::Tcp(address) = listener.place() else { panic!("a port") };
        let (drain, protocols) = (Drain::new(), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&protocols);
        let service = tower::service_fn(move |request: Request<Incoming>| {
            let (folder, seen) = (folder.clone(), Arc::clone(&seen));
            async move { Ok::<_, Infallible>(answer(request, folder, token, &seen)) }
        });
        tokio::spawn(Server::new(&drain).tls(tls.unwrap()).serve(listener, service));
        Self { url: format!("https://{address}"), authority, protocols, drain }
    }

    /// The subprotocols of the streams so far.
    pub(crate) fn protocols(&self) -> Vec<String> {
        self.protocols.lock().unwrap().clone()
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        self.drain.begin();
        self.drain.end();
    }
}

fn answer(
    mut request: Request<Incoming>,
    folder: PathBuf,
    token: &str,
    seen: &Mutex<Vec<String>>,
) -> Response<Full<Bytes>> {
    let shown = request.headers().get("authorization").map(HeaderValue::as_bytes);
    if shown != Some(format!("Bearer {token}").as_bytes()) {
        return document(StatusCode::UNAUTHORIZED, &status("Unauthorized", 401));
    }
    let path = request.uri().path().to_owned();
    let resource = |name: &str, kind: &str| json!({ "name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["create", "get"] });
    match path.as_str() {
        "/api" => document(StatusCode::OK, &json!({ "kind": "APIVersions", "versions": ["v1"] })),
        "/apis" => document(
            StatusCode::OK,
            &json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": [] }),
        ),
        "/api/v1" => document(
            StatusCode::OK,
            &json!({
                "kind": "APIResourceList", "groupVersion": "v1",
                "resources": [resource("pods", "Pod"), resource("pods/exec", "PodExecOptions"), resource("pods/attach", "PodAttachOptions")],
            }),
        ),
        "/api/v1/namespaces/default/pods/web" => document(
            StatusCode::OK,
            &json!({
                "kind": "Pod", "apiVersion": "v1", "metadata": { "name": "web", "namespace": "default" },
                "spec": { "containers": [{ "name": "main", "image": "x", "stdin": true }] },
                "status": { "phase": "Running" },
            }),
        ),
        "/api/v1/namespaces/default/pods/web/exec"
        | "/api/v1/namespaces/default/pods/web/attach" => stream(&mut request, folder, seen),
        _ => document(StatusCode::NOT_FOUND, &status("NotFound", 404)),
    }
}

fn document(code: StatusCode, document: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(document.to_string()));
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn status(reason: &str, code: u16) -> Value {
    json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": reason, "code": code })
}

/// 101, and the command in a task of its own.
fn stream(
    request: &mut Request<Incoming>,
    folder: PathBuf,
    seen: &Mutex<Vec<String>>,
) -> Response<Full<Bytes>> {
    let headers = request.headers();
    let (Some(key), Some(offered)) =
        (headers.get(SEC_WEBSOCKET_KEY), headers.get(SEC_WEBSOCKET_PROTOCOL))
    else {
        return document(StatusCode::BAD_REQUEST, &status("BadRequest", 400));
    };
    let digest = ring::digest::digest(
        &ring::digest::SHA1_FOR_LEGACY_USE_ONLY,
        &[key.as_bytes(), MAGIC.as_bytes()].concat(),
    );
    let accept = BASE64_STANDARD.encode(digest);
    let protocol = offered.to_str().unwrap().split(',').next().unwrap().trim().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    seen.lock().unwrap().push(protocol.clone());
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        run(TokioIo::new(upgraded), &query, folder).await;
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept.parse().unwrap());
    headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol.parse().unwrap());
    response
}

/// Frames to be sent, as opcode and payload.
type Frames = mpsc::Sender<(u8, Vec<u8>)>;

/// Runs the command of the query; `cat`, if it names none: an attach.
async fn run(stream: TokioIo<Upgraded>, query: &str, folder: PathBuf) {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " "))
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let command = pairs.clone().filter(|(name, _)| *name == "command");
    let mut command: Vec<String> = command.map(|(_, value)| decode(value)).collect();
    let has_stdin = pairs.clone().any(|pair| pair == ("stdin", "true"));
    if command.is_empty() {
        command = vec!["cat".into()];
    }
    let (read, write) = tokio::io::split(stream);
    let (frames, queue) = mpsc::channel(16);
    let writing = tokio::spawn(write_frames(write, queue));
    let stdin = if has_stdin { Stdio::piped() } else { Stdio::null() };
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .current_dir(folder)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let stdin = child.stdin.take();
    let reading = tokio::spawn(read_frames(read, stdin, frames.clone()));
    let out = pump(child.stdout.take().unwrap(), STDOUT, frames.clone());
    let err = pump(child.stderr.take().unwrap(), STDERR, frames.clone());
    tokio::join!(out, err);
    let ended = child.wait().await.unwrap();
    let status = match ended.code().unwrap_or(137) {
        0 => json!({ "metadata": {}, "status": "Success" }),
        code => json!({
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": format!("command terminated with non-zero exit code: {code}"),
            "details": { "causes": [{ "reason": "ExitCode", "message": code.to_string() }] },
        }),
    };
    let _ = frames.send((BINARY, [&[STATUS], status.to_string().as_bytes()].concat())).await;
    let _ = frames.send((END, 1000_u16.to_be_bytes().to_vec())).await;
    drop(frames);
    // The client answers the end with its own.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(5), reading).await;
    let _ = writing.await;
}

async fn pump(mut from: impl AsyncRead + Unpin, channel: u8, frames: Frames) {
    let mut piece = vec![0; 32 << 10];
    while let Ok(size) = from.read(&mut piece).await {
        if size == 0 || frames.send((BINARY, [&[channel], &piece[..size]].concat())).await.is_err()
        {
            return;
        }
    }
}

async fn write_frames(
    mut write: WriteHalf<TokioIo<Upgraded>>,
    mut queue: mpsc::Receiver<(u8, Vec<u8>)>,
) {
    while let Some((opcode, payload)) = queue.recv().await {
        let mut frame = vec![0x80 | opcode];
        match payload.len() {
            small @ 0..126 => frame.push(small as u8),
            size @ 126..65536 => {
                frame.push(126);
                frame.extend((size as u16).to_be_bytes());
            }
            size => {
                frame.push(127);
                frame.extend((size as u64).to_be_bytes());
            }
        }
        frame.extend(payload);
        if write.write_all(&frame).await.is_err() || write.flush().await.is_err() {
            return;
        }
        if opcode == END {
            return;
        }
    }
}

async fn read_frames(
    mut read: ReadHalf<TokioIo<Upgraded>>,
    mut stdin: Option<tokio::process::ChildStdin>,
    frames: Frames,
) -> std::io::Result<()> {
    loop {
        let mut head = [0; 2];
        read.read_exact(&mut head).await?;
        let (opcode, size) = (head[0] & 15, head[1] & 127);
        let size = match size {
            126 => u64::from(read.read_u16().await?),
            127 => read.read_u64().await?,
            size => u64::from(size),
        };
        let mut mask = [0; 4];
        read.read_exact(&mut mask).await?;
        let mut payload = vec![0; size as usize];
        read.read_exact(&mut payload).await?;
        for (at, byte) in payload.iter_mut().enumerate() {
            *byte ^= mask[at % 4];
        }
        match (opcode, payload.as_slice()) {
            (END, _) => return Ok(()),
            (PING, payload) => drop(frames.send((PONG, payload.to_vec())).await),
            (BINARY, [0, input @ ..]) => {
                if let Some(stdin) = &mut stdin {
                    // The command may have closed it.
                    let _ = stdin.write_all(input).await;
                }
            }
            (BINARY, [CLOSE, 0]) => stdin = None,
            _ => {}
        }
    }
}
