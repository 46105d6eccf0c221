//! A listener with the connections it accepted: together they stop.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Connections that may wait to be accepted; the system may allow fewer.
const BACKLOG: u32 = 4096;

/// How long to leave a listener alone that could not accept, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A listener at work. Dropped, it stops listening and ends its connections.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    /// Counts the calls for all connections to end.
    hang_up: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

impl Listener {
    /// Listens on `address` and serves each connection by the future that `serve` makes of it.
    pub(crate) fn start<S, F>(address: SocketAddr, serve: S) -> io::Result<Self>
    where
        S: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = listen(address)?;
        let address = reachable(listener.local_addr()?);
        let hang_up = watch::Sender::new(0);
        let accepting = tokio::spawn(accept(listener, serve, hang_up.subscribe()));
        Ok(Self { address, hang_up, accepting })
    }

    /// Where a client connects.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the connections that are open.
    pub(crate) fn hang_up(&self) {
        self.hang_up.send_modify(|calls| *calls += 1);
    }

    /// Ends everything; when it returns, the port is free.
    pub(crate) async fn shutdown(mut self) {
        self.accepting.abort();
        // It was aborted, so it says so.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Accepts connections for ever. Its end ends them, for the set of their tasks is its own.
async fn accept<S, F>(listener: TcpListener, serve: S, mut hang_up: watch::Receiver<u64>)
where
    S: Fn(TcpStream) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Nagle's algorithm would hold small replies back.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve(stream));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
            Ok(()) = hang_up.changed() => connections.abort_all(),
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A server started again on the same port need not wait for the last one's connections to be forgotten.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Where a client of this host reaches a listener that may listen everywhere.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
