//! A server upstream that a test scripts byte by byte, and a proxy before it.

use kubecred_core::{Authentication, Profile, Roots};
use kubecred_loopback::Authority;
use kubecred_proxy::forward::{Proxy, Settings, Upstreams};
use kubecred_proxy::server::{Drain, Listener, Place, Server};
use kubecred_tokio::{Auth, ProvidedToken};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A connection on the side of the server.
pub(crate) type Stream = TlsStream<TcpStream>;

/// A server that writes down the heads of requests, and answers by a script.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    authority: Authority,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    /// `serve` gets the connection after the head of a request was read, with the head and the bytes
    /// that came after it; it gives the connection back for the next request.
    pub(crate) async fn start<F>(
        serve: impl Fn(Stream, String, Vec<u8>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Option<Stream>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let authority = Authority::new("upstream");
        let acceptor = acceptor(&authority);
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (written, serve) = (Arc::clone(&heads), Arc::new(serve));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (written, serve) = (Arc::clone(&written), Arc::clone(&serve));
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    while let Some((head, rest)) = read_head(&mut stream).await {
                        written.lock().unwrap().push(head.clone());
                        match serve(stream, head, rest).await {
                            Some(back) => stream = back,
                            None => return,
                        }
                    }
                });
            }
        });
        Self { address, authority, heads }
    }

    /// One that answers each request, which has no body, with this.
    pub(crate) async fn answering(answer: &'static str) -> Self {
        Self::start(move |mut stream, _, _| async move {
            stream.write_all(answer.as_bytes()).await.ok()?;
            Some(stream)
        })
        .await
    }

    /// The heads of the requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> String {
        self.heads().last().expect("a request").clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// A profile for it, without a login.
    pub(crate) fn profile(&self) -> Profile {
        let mut profile = Profile::new(self.url());
        profile.cluster.roots = Roots::Pem(self.authority.certificate_pem().into());
        profile
    }

    /// A profile whose token is `ours`.
    pub(crate) fn with_token(&self) -> Profile {
        let mut profile = self.profile();
        profile.authentication = Authentication::token("ours");
        profile
    }
}

fn acceptor(authority: &Authority) -> TlsAcceptor {
    let issued = authority.server(&["localhost", "127.0.0.1"]);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(issued.chain().to_vec(), issued.key_der())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// The lines of a header in a head, in order.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
}

pub(crate) async fn read_head(stream: &mut Stream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let rest = bytes.split_off(end + 4);
            return Some((String::from_utf8(bytes).unwrap(), rest));
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(size) => bytes.extend_from_slice(&piece[..size]),
        }
    }
}

/// A proxy that listens.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) proxy: Proxy,
    pub(crate) drain: Drain,
}

impl Stage {
    pub(crate) async fn new(upstream: &Upstream) -> Self {
        Self::with(Auth::from_profile(upstream.with_token()), Settings::default()).await
    }

    pub(crate) async fn with(auth: Auth, settings: Settings) -> Self {
        let drain = settings.drain.clone();
        let proxy = Proxy::new(Upstreams::one(auth), settings).unwrap();
        let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        let Place::Tcp(address) = listener.place() else { panic!("a port") };
        tokio::spawn(Server::new(&drain).serve(listener, proxy.clone()));
        Self { address, proxy, drain }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends text, says no more, and reads to the end; or for two seconds.
    pub(crate) async fn raw(&self, text: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut bytes)).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A request with these header lines, on a connection of its own.
    pub(crate) async fn request(&self, line: &str, headers: &str) -> String {
        self.raw(&format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
        ))
        .await
    }
}

/// A login that gives `token-1`, `token-2`, … and counts how often it was asked.
pub(crate) fn counting(upstream: &Upstream, delay: Duration) -> (Auth, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let provider = move || {
        let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            tokio::time::sleep(delay).await;
            Ok::<_, String>(ProvidedToken::new(format!("token-{number}")))
        }
    };
    (Auth::builder().with_token_provider(provider).profile(upstream.profile()), count)
}
