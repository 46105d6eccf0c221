//! A SOCKS5 proxy (RFC 1928) with user name and password (RFC 1929), for CONNECT only.

use crate::listener::Listener;
use crate::proxy::{Gate, ProxyCredentials, ProxyRequest};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

const VERSION: u8 = 5;
const PASSWORD_VERSION: u8 = 1;
const CONNECT: u8 = 1;

/// Ways to authenticate (RFC 1928 section 3).
const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const NOTHING_ACCEPTABLE: u8 = 0xff;

/// Kinds of address (RFC 1928 section 5).
const IPV4: u8 = 1;
const DOMAIN: u8 = 3;
const IPV6: u8 = 4;

/// Answers to a request (RFC 1928 section 6).
const SUCCEEDED: u8 = 0;
const NOT_ALLOWED: u8 = 2;
const REFUSED: u8 = 5;
const COMMAND_UNKNOWN: u8 = 7;
const ADDRESS_UNKNOWN: u8 = 8;

/// A SOCKS5 proxy on loopback that leads to loopback, and by its routes anywhere. It stops when it is dropped.
#[derive(Debug)]
pub struct SocksProxy {
    listener: Listener,
    gate: Gate,
}

impl SocksProxy {
    /// Settings to start a proxy with: no credentials asked for, a free port of 127.0.0.1.
    pub fn builder() -> SocksProxyBuilder {
        SocksProxyBuilder::default()
    }

    /// The proxy's URL as `proxy-url` has it, without credentials.
    pub fn url(&self) -> String {
        format!("socks5://{}", self.address())
    }

    /// Where a client connects.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// What clients asked for so far, in order. One that never came to naming a target is written down with an empty one.
    pub fn requests(&self) -> Vec<ProxyRequest> {
        self.gate.requests()
    }

    /// Ends all tunnels and stops listening; when it returns, the port is free.
    pub async fn shutdown(self) {
        self.listener.shutdown().await;
    }
}

/// Settings of a [`SocksProxy`] to be.
#[derive(Debug, Default)]
#[must_use]
pub struct SocksProxyBuilder {
    gate: Gate,
}

impl SocksProxyBuilder {
    /// Leads whoever asks for `target` (`host:port`) to `address`. Names without a route are not looked up.
    pub fn route(mut self, target: &str, address: SocketAddr) -> Self {
        self.gate.route(target, address);
        self
    }

    /// Serves nobody but who shows this name and password.
    pub fn credentials(mut self, name: &str, password: &str) -> Self {
        self.gate.require(name, password);
        self
    }

    /// Starts the proxy on the tokio runtime this is called in.
    ///
    /// # Errors
    ///
    /// What the system says to listening on the address.
    pub async fn start(self) -> io::Result<SocksProxy> {
        let gate = self.gate.clone();
        let listener = Listener::start((Ipv4Addr::LOCALHOST, 0).into(), move |stream| {
            let gate = gate.clone();
            async move {
                // An error is the client's going away, or its not speaking SOCKS5.
                let _ = serve(&gate, stream).await;
            }
        })?;
        Ok(SocksProxy { listener, gate: self.gate })
    }
}

async fn serve(gate: &Gate, mut client: TcpStream) -> io::Result<()> {
    let mut record = ProxyRequest {
        target: String::new(),
        by_name: false,
        credentials: ProxyCredentials::Missing,
        forward: false,
        granted: false,
    };
    let way = agree_on_authentication(gate, &mut client).await?;
    if way == PASSWORD {
        record.credentials = check_password(gate, &mut client).await?;
    }
    if way == NOTHING_ACCEPTABLE || !gate.admits(record.credentials) {
        gate.record(record);
        return Ok(());
    }
    let server = match read_request(&mut client).await? {
        Err(answer) => Err(answer),
        Ok((host, port, by_name)) => {
            record.target = Gate::target(&host, port);
            record.by_name = by_name;
            match gate.find(&host, port) {
                None => Err(NOT_ALLOWED),
                Some(address) => TcpStream::connect(address).await.map_err(|_| REFUSED),
            }
        }
    };
    record.granted = server.is_ok();
    gate.record(record);
    let answer = server.as_ref().err().copied().unwrap_or(SUCCEEDED);
    // The address bound for the tunnel is nobody's business; clients do not look at it.
    client.write_all(&[VERSION, answer, 0, IPV4, 0, 0, 0, 0, 0, 0]).await?;
    if let Ok(mut server) = server {
        copy_bidirectional(&mut client, &mut server).await?;
    }
    Ok(())
}

/// Reads the ways the client can authenticate by, and picks one.
async fn agree_on_authentication(gate: &Gate, client: &mut TcpStream) -> io::Result<u8> {
    expect(client, VERSION).await?;
    let offered = read_short(client).await?;
    let preferred: &[u8] =
        if gate.requires_credentials() { &[PASSWORD] } else { &[NO_AUTHENTICATION, PASSWORD] };
    let way = preferred.iter().copied().find(|way| offered.contains(way));
    let way = way.unwrap_or(NOTHING_ACCEPTABLE);
    client.write_all(&[VERSION, way]).await?;
    Ok(way)
}

async fn check_password(gate: &Gate, client: &mut TcpStream) -> io::Result<ProxyCredentials> {
    expect(client, PASSWORD_VERSION).await?;
    let name = String::from_utf8_lossy(&read_short(client).await?).into_owned();
    let password = String::from_utf8_lossy(&read_short(client).await?).into_owned();
    let credentials = gate.judge(Some(&(name, password)));
    let failure = u8::from(!gate.admits(credentials));
    client.write_all(&[PASSWORD_VERSION, failure]).await?;
    Ok(credentials)
}

/// Reads where the client wants to go: host, port and whether the host is a name. Inside is the answer to what this proxy
/// does not do.
async fn read_request(client: &mut TcpStream) -> io::Result<Result<(String, u16, bool), u8>> {
    expect(client, VERSION).await?;
    let command = client.read_u8().await?;
    let _reserved = client.read_u8().await?;
    let (host, by_name) = match client.read_u8().await? {
        IPV4 => (Ipv4Addr::from(client.read_u32().await?).to_string(), false),
        IPV6 => (Ipv6Addr::from(client.read_u128().await?).to_string(), false),
        DOMAIN => (String::from_utf8_lossy(&read_short(client).await?).into_owned(), true),
        _ => return Ok(Err(ADDRESS_UNKNOWN)),
    };
    let port = client.read_u16().await?;
    Ok(if command == CONNECT { Ok((host, port, by_name)) } else { Err(COMMAND_UNKNOWN) })
}

/// Reads bytes that come after their number.
async fn read_short(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn expect(client: &mut TcpStream, version: u8) -> io::Result<()> {
    let found = client.read_u8().await?;
    if found == version { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}
