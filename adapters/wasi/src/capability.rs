//! What connections need that `wasi:http` has no field for.

use http::Uri;
use http::uri::Scheme;
use kubecred_core::Proxy;
use kubecred_core::protocol::{Tls, TrustAnchors};
use kubecred_host::net::{ProxyVariables, Route};
use std::fmt;

/// Something that a connection needs, and that only the embedder can do: `wasi:http` has no field
/// for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// Trust the certificate authorities that are configured, and no others
    /// (`certificate-authority`, `idp-certificate-authority`).
    Roots,
    /// Present the client certificate when the server asks (`client-certificate`).
    Identity,
    /// Ask for another name than the URL's, and verify that one (`tls-server-name`).
    ServerName,
    /// Do not verify the server at all (`insecure-skip-tls-verify`).
    SkipVerify,
    /// Go through the proxy that is configured (`proxy-url`, `HTTPS_PROXY` and its kin).
    Proxy,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Roots => "a certificate authority of its own",
            Self::Identity => "a client certificate",
            Self::ServerName => "a TLS server name of its own",
            Self::SkipVerify => "TLS without verification",
            Self::Proxy => "a proxy",
        })
    }
}

/// A connection needs something that the embedder is not known to do; so nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{server} needs {capability}, and wasi:http has no field for it; if the embedder sees to that, \
     say so with Builder::embedder_does(Capability::{capability:?})"
)]
pub struct MissingCapability {
    /// What is missing.
    pub capability: Capability,
    /// What is to be connected to: scheme and host, without user information.
    pub server: String,
}

/// What the embedder does, as it was declared, and the variables about proxies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Embedder {
    pub(crate) does: Vec<Capability>,
    pub(crate) proxies: ProxyVariables,
}

impl Embedder {
    /// Whether a connection to this server can be made as it has to be.
    pub(crate) fn admits(
        &self,
        server: &Uri,
        settings: &ConnectionSettings,
        proxy: &Proxy,
    ) -> Result<(), MissingCapability> {
        let https = server.scheme() == Some(&Scheme::HTTPS);
        let of_tls = settings.0.iter().filter(|_| https).copied();
        // In doubt there is a proxy: what is meant can be said in the kubeconfig.
        let proxied = match proxy {
            Proxy::Direct => false,
            Proxy::Environment => self.proxies.route(server) != Ok(Route::Direct),
            Proxy::Url(_) => true,
        };
        let mut needed = of_tls.chain(proxied.then_some(Capability::Proxy));
        match needed.find(|capability| !self.does.contains(capability)) {
            Some(capability) => {
                let (scheme, host) = (server.scheme_str(), server.host());
                let server =
                    format!("{}://{}", scheme.unwrap_or_default(), host.unwrap_or_default());
                Err(MissingCapability { capability, server })
            }
            None => Ok(()),
        }
    }
}

/// What a TLS connection needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConnectionSettings(Vec<Capability>);

impl ConnectionSettings {
    pub(crate) fn new(roots: bool, identity: bool, server_name: bool, skip_verify: bool) -> Self {
        let all = [
            (roots, Capability::Roots),
            (identity, Capability::Identity),
            (server_name, Capability::ServerName),
            (skip_verify, Capability::SkipVerify),
        ];
        Self(
            all.into_iter()
                .filter_map(|(needed, capability)| needed.then_some(capability))
                .collect(),
        )
    }
}

impl From<&Tls> for ConnectionSettings {
    fn from(tls: &Tls) -> Self {
        let named = tls.server_name.as_ref().is_some_and(|name| !name.is_empty());
        let roots = tls.roots != TrustAnchors::System;
        Self::new(roots, tls.identity.is_some(), named, tls.insecure_skip_verify)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(embedder: &Embedder, scheme: &str, tls: &Tls, proxy: &Proxy) -> Option<Capability> {
        embedder
            .admits(&format!("{scheme}://api").parse().unwrap(), &tls.into(), proxy)
            .err()
            .map(|missing| missing.capability)
    }

    #[test]
    fn each_need_is_refused_until_it_is_declared() {
        let none = Tls::default;
        let identity = || kubecred_core::Identity { certificate: "c".into(), key: "k".into() };
        let all = [
            (Capability::Roots, Tls { roots: TrustAnchors::Pem("".into()), ..none() }),
            (Capability::Identity, Tls { identity: Some(identity()), ..none() }),
            (Capability::ServerName, Tls { server_name: Some("other".into()), ..none() }),
            (Capability::SkipVerify, Tls { insecure_skip_verify: true, ..none() }),
        ];
        for (need, tls) in all {
            let mut embedder = Embedder::default();
            assert_eq!(refused(&embedder, "https", &tls, &Proxy::Direct), Some(need));
            // Settings of TLS mean nothing without TLS.
            assert_eq!(refused(&embedder, "http", &tls, &Proxy::Direct), None);
            embedder.does.push(need);
            assert_eq!(refused(&embedder, "https", &tls, &Proxy::Direct), None);
            let proxy = Proxy::Url("http://proxy:3128".into());
            assert_eq!(refused(&embedder, "https", &tls, &proxy), Some(Capability::Proxy));
            embedder.does.push(Capability::Proxy);
            assert_eq!(refused(&embedder, "https", &tls, &proxy), None);
        }
        assert_eq!(refused(&Embedder::default(), "https", &none(), &Proxy::Environment), None);
    }

    #[test]
    fn kc_73_a_proxy_of_the_environment_is_refused_and_not_passed_by() {
        let needs_proxy = |variables: &[(&str, &str)], url: &str| {
            let environment = kubecred_core::Environment::new(variables.iter().copied());
            let proxies = ProxyVariables::new(&environment);
            let embedder = Embedder { does: Vec::new(), proxies };
            let settings = ConnectionSettings::default();
            embedder.admits(&url.parse().unwrap(), &settings, &Proxy::Environment).is_err()
        };
        let proxy = ("https_proxy", "http://proxy:3128");
        assert!(needs_proxy(&[proxy], "https://api.example"));
        assert!(!needs_proxy(&[proxy], "http://api.example"));
        assert!(needs_proxy(&[("HTTP_PROXY", "proxy")], "http://api.example"));
        assert!(!needs_proxy(&[proxy], "https://localhost"));
        for none in ["*", "api.example", ".example", "example", "other, API.example"] {
            assert!(!needs_proxy(&[proxy, ("NO_PROXY", none)], "https://api.example"), "{none}");
        }
        assert!(needs_proxy(&[proxy, ("NO_PROXY", "other")], "https://api.example"));
    }
}
