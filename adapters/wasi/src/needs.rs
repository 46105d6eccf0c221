//! What connections need that `wasi:http` has no words for.

use kubecred_core::protocol::Tls;
use kubecred_core::{Environment, Proxy, Roots};
use std::fmt;

/// Something that a connection needs, and that only the embedder can do: `wasi:http` has no field
/// for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Need {
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

impl fmt::Display for Need {
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
    "{whom} needs {need}, and wasi:http has no field for it; if the embedder sees to that, say \
     so with Builder::embedder_does(Need::{need:?})"
)]
pub struct Unmet {
    /// What is missing.
    pub need: Need,
    /// Who is to be connected to, without user information.
    pub whom: String,
}

/// What the embedder does, as it was declared, and the variables about proxies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Embedder {
    pub(crate) does: Vec<Need>,
    pub(crate) proxies: ProxyVariables,
}

impl Embedder {
    /// Whether a connection to `scheme://host` can be made as it has to be.
    pub(crate) fn admits(
        &self,
        scheme: &str,
        host: &str,
        tls: &Terms,
        proxy: &Proxy,
    ) -> Result<(), Unmet> {
        let https = scheme.eq_ignore_ascii_case("https");
        let of_tls = tls.0.iter().filter(|_| https).copied();
        let through = match proxy {
            Proxy::Direct => false,
            Proxy::Environment => self.proxies.lead_to(https, host),
            Proxy::Url(_) => true,
        };
        let mut needs = of_tls.chain(through.then_some(Need::Proxy));
        match needs.find(|need| !self.does.contains(need)) {
            Some(need) => Err(Unmet { need, whom: format!("{scheme}://{host}") }),
            None => Ok(()),
        }
    }
}

/// What a TLS connection needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms(Vec<Need>);

impl Terms {
    pub(crate) fn new(roots: bool, identity: bool, server_name: bool, skip_verify: bool) -> Self {
        let all = [
            (roots, Need::Roots),
            (identity, Need::Identity),
            (server_name, Need::ServerName),
            (skip_verify, Need::SkipVerify),
        ];
        Self(all.into_iter().filter_map(|(needed, need)| needed.then_some(need)).collect())
    }
}

impl From<&Tls> for Terms {
    fn from(tls: &Tls) -> Self {
        let named = tls.server_name.as_ref().is_some_and(|name| !name.is_empty());
        let roots = tls.roots != Roots::System;
        Self::new(roots, tls.identity.is_some(), named, tls.insecure_skip_verify)
    }
}

/// Which schemes have a proxy by the variables (KC-73), and for whom there is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProxyVariables {
    http: bool,
    https: bool,
    except: Vec<String>,
}

impl ProxyVariables {
    pub(crate) fn of(environment: &Environment) -> Self {
        let value = |upper: &str, lower: &str| {
            let set = |name| environment.variable(name).filter(|value| !value.is_empty());
            set(upper).or_else(|| set(lower)).map(str::to_owned)
        };
        let except = value("NO_PROXY", "no_proxy").unwrap_or_default();
        Self {
            http: value("HTTP_PROXY", "http_proxy").is_some(),
            https: value("HTTPS_PROXY", "https_proxy").is_some(),
            except: except.split(',').map(|entry| entry.trim().to_ascii_lowercase()).collect(),
        }
    }

    /// In doubt it does: that is refused, and what is meant can be said in the kubeconfig. So
    /// address blocks and ports in `NO_PROXY` are not understood here.
    fn lead_to(&self, https: bool, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let local = host == "localhost" || host.starts_with("127.") || host == "[::1]";
        let suffix = |entry: &str| host.strip_suffix(entry).is_some_and(|rest| rest.ends_with('.'));
        let excepted = |entry: &String| {
            let name = entry.trim_start_matches("*.").trim_start_matches('.');
            entry == "*" || *entry == host || (!name.is_empty() && suffix(name))
        };
        let set = if https { self.https } else { self.http };
        set && !local && !self.except.iter().any(excepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(embedder: &Embedder, scheme: &str, tls: &Tls, proxy: &Proxy) -> Option<Need> {
        embedder.admits(scheme, "api", &tls.into(), proxy).err().map(|unmet| unmet.need)
    }

    #[test]
    fn each_need_is_refused_until_it_is_declared() {
        let none = Tls::default;
        let identity = || kubecred_core::Identity { certificate: "c".into(), key: "k".into() };
        let all = [
            (Need::Roots, Tls { roots: Roots::File("/ca".into()), ..none() }),
            (Need::Roots, Tls { roots: Roots::Pem("".into()), ..none() }),
            (Need::Identity, Tls { identity: Some(identity()), ..none() }),
            (Need::ServerName, Tls { server_name: Some("other".into()), ..none() }),
            (Need::SkipVerify, Tls { insecure_skip_verify: true, ..none() }),
        ];
        for (need, tls) in all {
            let mut embedder = Embedder::default();
            assert_eq!(refused(&embedder, "https", &tls, &Proxy::Direct), Some(need));
            // The terms of TLS mean nothing without TLS.
            assert_eq!(refused(&embedder, "http", &tls, &Proxy::Direct), None);
            embedder.does.push(need);
            assert_eq!(refused(&embedder, "https", &tls, &Proxy::Direct), None);
            let proxy = Proxy::Url("http://proxy:3128".into());
            assert_eq!(refused(&embedder, "https", &tls, &proxy), Some(Need::Proxy));
            embedder.does.push(Need::Proxy);
            assert_eq!(refused(&embedder, "https", &tls, &proxy), None);
        }
        assert_eq!(refused(&Embedder::default(), "https", &none(), &Proxy::Environment), None);
    }

    #[test]
    fn kc_73_a_proxy_of_the_environment_is_refused_and_not_passed_by() {
        let says = |variables: &[(&str, &str)], https, host: &str| {
            let environment = Environment::new(variables.iter().copied());
            ProxyVariables::of(&environment).lead_to(https, host)
        };
        let proxy = ("https_proxy", "http://proxy:3128");
        assert!(says(&[proxy], true, "api.example"));
        assert!(!says(&[proxy], false, "api.example"));
        assert!(says(&[("HTTP_PROXY", "proxy")], false, "api.example"));
        assert!(!says(&[proxy], true, "localhost"));
        for none in ["*", "api.example", ".example", "example", "other, API.example"] {
            assert!(!says(&[proxy, ("NO_PROXY", none)], true, "api.example"), "{none}");
        }
        for other in ["", "pi.example", "10.0.0.0/8", "api.example:443"] {
            assert!(says(&[proxy, ("no_proxy", other)], true, "api.example"), "{other}");
        }
    }

    #[test]
    fn a_refusal_says_who_needs_what_and_what_to_do() {
        let unmet = Unmet { need: Need::Roots, whom: "https://api".into() };
        let said = unmet.to_string();
        for part in ["https://api", "certificate authority", "embedder_does(Need::Roots)"] {
            assert!(said.contains(part), "{said}");
        }
    }
}
