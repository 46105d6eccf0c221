//! Where a server listens.

use super::Peer;
#[cfg(unix)]
use super::socket_file::SocketFile;
use std::fmt;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// Connections that may wait to be accepted; the system may allow fewer.
const BACKLOG: u32 = 1024;

/// Why it cannot be listened there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address or port cannot be had.
    #[error("cannot listen on {address}: {error}")]
    Tcp {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system says.
        error: io::Error,
    },
    /// The socket cannot be made.
    #[error("cannot listen on the unix socket {path:?}: {error}")]
    Socket {
        /// Its file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// Another process listens on the socket.
    #[error("cannot listen on the unix socket {0:?}: another process is listening on it")]
    SocketInUse(PathBuf),
    /// There is something else in the place of the socket.
    #[error("cannot listen on the unix socket {0:?}: a file that is not a socket is in its place")]
    NotASocket(PathBuf),
}

/// A TCP port or a unix socket that is listened on. Connections wait until it is
/// [served](super::Server::serve). The file of a unix socket is removed when this is dropped.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix(UnixListener, SocketFile),
}

/// A connection that was accepted.
pub(crate) enum Accepted {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Listener {
    /// Listens on a TCP port; port 0 picks one that is free.
    ///
    /// # Errors
    /// What the operating system says.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn tcp(address: SocketAddr) -> Result<Self, ListenError> {
        let bind = || {
            let socket =
                if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            // Started again on the same port, it need not wait for the last one's connections to be
            // forgotten.
            #[cfg(unix)]
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            let listener = socket.listen(BACKLOG)?;
            let address = listener.local_addr()?;
            Ok(Self(Kind::Tcp(listener, address)))
        };
        bind().map_err(|error| ListenError::Tcp { address, error })
    }

    /// Listens on a unix socket that only this user may connect to. A socket that a process left
    /// behind when it was killed is replaced.
    ///
    /// # Errors
    /// When the socket is in use, its place is taken by another file, or the operating system says so.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[cfg(unix)]
    pub fn unix(path: &Path) -> Result<Self, ListenError> {
        let (listener, file) = SocketFile::bind(path)?;
        let listener = UnixListener::from_std(listener)
            .map_err(|error| ListenError::Socket { path: path.to_owned(), error })?;
        Ok(Self(Kind::Unix(listener, file)))
    }

    /// Where it listens.
    #[must_use]
    pub fn place(&self) -> Place {
        match &self.0 {
            Kind::Tcp(_, address) => Place::Tcp(*address),
            #[cfg(unix)]
            Kind::Unix(_, file) => Place::Unix(file.path().to_owned()),
        }
    }

    pub(crate) async fn accept(&self) -> io::Result<(Accepted, Peer)> {
        match &self.0 {
            Kind::Tcp(listener, _) => {
                let (stream, address) = listener.accept().await?;
                // Nagle's algorithm would hold small answers back.
                let _ = stream.set_nodelay(true);
                Ok((Accepted::Tcp(stream), Peer { address: Some(address), ..Peer::default() }))
            }
            #[cfg(unix)]
            Kind::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                let uid = stream.peer_cred().ok().map(|credentials| credentials.uid());
                Ok((Accepted::Unix(stream), Peer { uid, ..Peer::default() }))
            }
        }
    }
}

/// Where a server listens. Shown as `127.0.0.1:8001`, or as the path of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A TCP port.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}
