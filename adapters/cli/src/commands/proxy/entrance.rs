//! Where the proxy listens, and who may come in.

use super::flags::{PORT, Proxy};
use super::kubeconfig::Entrance;
use crate::report::{Exit, Report, warn};
use kubecred_core::Secret;
use kubecred_proxy::server::{ListenError, Listener, OwnCertificate, Place, Tls, random_token};
use std::net::{IpAddr, SocketAddr};

/// A listener, and what clients need to use it.
pub(super) struct Opened {
    pub(super) listener: Listener,
    pub(super) tls: Option<Tls>,
    /// What callers must show.
    pub(super) token: Option<Secret>,
    /// Names of ours beside those of the filter.
    pub(super) names: Vec<String>,
    pub(super) entrance: Entrance,
}

impl Proxy {
    /// Whether callers come by TLS, and show a token.
    fn is_tls(&self) -> bool {
        self.own.tls || !self.command.is_empty()
    }

    /// Listens. Called in a runtime.
    pub(super) fn open(&self) -> Result<Opened, Report> {
        self.check()?;
        let address = self.socket_address()?;
        let listener = match &self.unix_socket {
            #[cfg(unix)]
            Some(path) => Listener::unix(path),
            #[cfg(not(unix))]
            Some(_) => return Err(usage("--unix-socket needs Unix")),
            None => Listener::tcp(address),
        };
        let listener =
            listener.map_err(|error: ListenError| Report::new(Exit::ErrorStatus, error))?;
        let mut names = self.own.tls_name.clone();
        let mut entrance =
            Entrance { url: String::new(), authority: Secret::default(), token: Secret::default() };
        if let Place::Tcp(bound) = listener.place() {
            let scheme = if self.is_tls() { "https" } else { "http" };
            let host = match (bound.ip(), names.first()) {
                (ip, Some(name)) if ip.is_unspecified() => name.clone(),
                (IpAddr::V4(ip), _) if ip.is_unspecified() => "127.0.0.1".into(),
                (IpAddr::V6(ip), _) if ip.is_unspecified() => "[::1]".into(),
                (IpAddr::V6(ip), _) => format!("[{ip}]"),
                (ip, _) => ip.to_string(),
            };
            let prefix = self.api_prefix.trim_matches('/');
            let slash = if prefix.is_empty() { "" } else { "/" };
            entrance.url = format!("{scheme}://{host}:{}{slash}{prefix}", bound.port());
            if !bound.ip().is_loopback() && !bound.ip().is_unspecified() {
                names.push(bound.ip().to_string());
            }
        }
        let mut opened = Opened { listener, tls: None, token: None, names, entrance };
        if self.is_tls() {
            self.secure(&mut opened)?;
        }
        for name in &mut opened.names {
            if name.parse::<std::net::Ipv6Addr>().is_ok() {
                *name = format!("[{name}]");
            }
        }
        Ok(opened)
    }

    /// A certificate, and a token.
    fn secure(&self, opened: &mut Opened) -> Result<(), Report> {
        let failed = |error| Report::new(Exit::Configuration, error);
        let loopback = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let names: Vec<String> = loopback.into_iter().chain(opened.names.clone()).collect();
        let own = OwnCertificate::generate(&names).map_err(failed)?;
        let tls = Tls::from_pem(own.certificate.as_bytes(), own.key.expose()).map_err(failed)?;
        opened.tls = Some(tls);
        opened.entrance.authority = Secret::from(own.authority.as_str());
        if !self.own.insecure_allow_unauthenticated {
            let token = random_token().map_err(failed)?;
            crate::redact::learn(&token);
            opened.entrance.token = token.clone();
            opened.token = Some(token);
        }
        Ok(())
    }

    /// What does not go together.
    fn check(&self) -> Result<(), Report> {
        if self.unix_socket.is_some() && self.port != PORT {
            return Err(usage("cannot set --unix-socket and --port at the same time"));
        }
        let is_for_clients = self.own.write_kubeconfig.is_some() || !self.command.is_empty();
        if self.unix_socket.is_some() && is_for_clients {
            return Err(usage("a kubeconfig cannot point to a unix socket"));
        }
        if self.own.tls && !is_for_clients {
            return Err(usage("--tls makes up a certificate and a token that no caller knows")
                .advise("--write-kubeconfig FILE writes a kubeconfig with both."));
        }
        let patterns = kubecred_proxy::forward::REJECT_PATHS;
        if !self.own.allow.is_empty() && self.reject_paths != patterns {
            return Err(usage("--allow is about the default of --reject-paths, which is replaced"));
        }
        let address = self.ip()?;
        let is_open = self.unix_socket.is_none() && !address.is_loopback();
        if is_open && !self.is_tls() && !self.own.insecure_allow_unauthenticated {
            let text =
                format!("others than this machine can reach {address}, and would use your login");
            return Err(usage(&text).advise(
                "--tls --write-kubeconfig FILE asks callers for a token; --insecure-allow-unauthenticated serves everyone.",
            ));
        }
        if is_open && self.own.insecure_allow_unauthenticated {
            warn(&format!("everyone who can reach {address} can use your login"));
        }
        if self.disable_filter && self.unix_socket.is_none() {
            warn(
                "Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious",
            );
        }
        Ok(())
    }

    fn ip(&self) -> Result<IpAddr, Report> {
        let text = self.address.trim_start_matches('[').trim_end_matches(']');
        let text = if text == "localhost" { "127.0.0.1" } else { text };
        text.parse().map_err(|_| usage("--address: say an IP address, such as 127.0.0.1 or ::1"))
    }

    fn socket_address(&self) -> Result<SocketAddr, Report> {
        let port = if self.command.is_empty() || self.port != PORT { self.port } else { 0 };
        let port = u16::try_from(port).map_err(|_| {
            let text = format_args!("cannot listen on port {port}: it is not between 0 and 65535");
            Report::new(Exit::ErrorStatus, text)
        })?;
        Ok((self.ip()?, port).into())
    }
}

pub(super) fn usage(text: &str) -> Report {
    Report::new(Exit::Usage, format_args!("invalid command line: {text}"))
}
