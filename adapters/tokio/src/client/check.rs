//! What keeps a client from connecting, as far as it can be known without connecting: for
//! `config explain`. Each answer is given by the function that a connection asks.

use crate::clock;
use crate::net::tls::{self, TlsError, Trust, UnusableAnchor};
use crate::net::{ConnectionSettings, ServerNames};
use kubecred_core::kubeconfig::explain::{ConnectionPart, ConnectionProblem, Severity};
use kubecred_core::{Environment, Identity, Material, Profile, Roots};
use kubecred_host::net::{self, Address, ProxyError, ProxyVariables};
use rustls::pki_types::UnixTime;
use std::error::Error;
use std::time::Duration;

/// What keeps a [`Client`](crate::Client) from connecting to the server of this profile, in this
/// environment. It does not connect, and reads no file: a certificate or key that the profile only
/// names is not looked at. An answer to [`finish_with`].
///
/// [`finish_with`]: kubecred_core::kubeconfig::explain::ExplainInputs::finish_with
///
/// ```
/// use kubecred_core::{Environment, Profile};
/// use kubecred_tokio::client::check_connection;
///
/// let environment = Environment::default();
/// assert_eq!(check_connection(&Profile::new("https://10.0.0.1:6443"), &environment), []);
/// let problems = check_connection(&Profile::new("https://10.0.0.1:99999"), &environment);
/// assert!(problems[0].message.contains("not an http or https URL"), "{problems:?}");
/// ```
pub fn check_connection(profile: &Profile, environment: &Environment) -> Vec<ConnectionProblem> {
    let mut found = Found(Vec::new());
    if let Err(error) = profile.check() {
        found.error(ConnectionPart::Other, &error);
    }
    let cluster = &profile.cluster;
    let address = match Address::parse(cluster) {
        Ok(address) => address,
        Err(error) => {
            found.error(ConnectionPart::Server, &error);
            return found.0;
        }
    };
    let route = net::route(&cluster.proxy, &address.base(), &ProxyVariables::new(environment));
    let route = route.map_err(|error| found.proxy(&error)).ok();
    let names = ServerNames::of_cluster(cluster, &address);
    let names = names.map_err(|error| found.error(ConnectionPart::ServerName, &error)).ok();
    let provider = tls::provider(None);
    let provider = provider.map_err(|error| found.error(ConnectionPart::Other, &error)).ok();
    if let (Some(route), Some(names), Some(provider)) = (route, names, provider) {
        found.tls(profile, &ConnectionSettings::new(cluster, route, names, provider));
    }
    found.0
}

struct Found(Vec<ConnectionProblem>);

impl Found {
    fn add(&mut self, part: ConnectionPart, severity: Severity, message: String) {
        self.0.push(ConnectionProblem { part, severity, message });
    }

    fn error(&mut self, part: ConnectionPart, error: &dyn Error) {
        self.add(part, Severity::Error, error.to_string());
    }

    fn proxy(&mut self, error: &ProxyError) {
        let variable = match error {
            ProxyError::Variable(error) => error.problems().first().map(|problem| &problem.field),
            _ => None,
        };
        match variable.and_then(|field| field.strip_prefix('$')) {
            Some(name) => {
                let part = ConnectionPart::Variable(name.to_owned());
                self.add(part, Severity::Error, "the variable is not UTF-8".to_owned());
            }
            None => self.error(ConnectionPart::Proxy, error),
        }
    }

    /// The roots, and the client certificate.
    fn tls(&mut self, profile: &Profile, settings: &ConnectionSettings) {
        if settings.names.server.is_none() && !settings.route.is_https_proxy() {
            return;
        }
        let roots = match &profile.cluster.roots {
            Roots::File(_) => return, // it could not be read
            Roots::Pem(pem) => Some(pem.expose()),
            Roots::System => None,
        };
        match settings.connector(roots, None, false) {
            Err(error) => return self.of_tls(&error),
            Ok(_) if settings.skip_verify => {}
            Ok(_) => self.anchors(roots, settings),
        }
        let pair = profile.authentication.certificate.as_ref();
        let pair = pair.map(|pair| (&pair.certificate, &pair.key));
        if let Some((Material::Data(certificate), Material::Data(key))) = pair {
            let identity = Identity { certificate: certificate.clone(), key: key.clone() };
            if let Err(error) = settings.connector(roots, Some(&identity), false) {
                self.of_tls(&error);
            }
        }
    }

    fn of_tls(&mut self, error: &TlsError) {
        let part = match error {
            TlsError::Identity(_) => ConnectionPart::ClientCertificate,
            TlsError::NoProvider => ConnectionPart::Other,
            TlsError::Roots(_) => ConnectionPart::Roots,
            TlsError::ServerName(_) => ConnectionPart::ServerName,
        };
        self.error(part, error);
    }

    /// Roots that vouch for no server. What their dates say, the core tells.
    fn anchors(&mut self, roots: Option<&[u8]>, settings: &ConnectionSettings) {
        let Ok(trust) = Trust::new(roots, &settings.provider) else { return };
        let now = u64::try_from(clock::wall().as_millis() / 1000).unwrap_or_default();
        let (unusable, count) =
            trust.unusable(UnixTime::since_unix_epoch(Duration::from_secs(now)));
        let is_good = unusable.len() < count;
        let is_any_trusted = is_good || unusable.iter().any(UnusableAnchor::may_be_presented);
        for anchor in unusable.iter().filter(|anchor| !anchor.is_of_another_time()) {
            let (severity, then) = match (is_any_trusted, anchor.may_be_presented()) {
                (false, _) => (Severity::Error, "so no server is trusted"),
                (_, true) => (Severity::Note, "so it is for the server that presents it"),
                (true, false) => (Severity::Note, "others are given beside it"),
            };
            self.add(ConnectionPart::Roots, severity, format!("{anchor}; {then}"));
        }
    }
}
