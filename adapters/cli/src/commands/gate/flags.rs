//! The flags of `kubecred gate`, and what they mean together.

use crate::report::{Exit, Report};
use clap::{Args, ValueEnum};
use kubecred_core::api::subject_access_review::ResourceAttributes;
use kubecred_core::kubeconfig::parse_timeout;
use kubecred_proxy::gate::{AccessRule, Groups, Origin};
use std::net::SocketAddr;
use std::time::Duration;

/// What stands on the command line.
#[derive(Args)]
pub(crate) struct GateFlags {
    /// Where to listen: ADDRESS:PORT or unix:PATH
    #[arg(long, value_name = "PLACE", default_value = "127.0.0.1:8443")]
    pub(super) listen: String,
    /// The application: http://HOST:PORT, https://…, h2c://… (gRPC) or unix:PATH. Of several, HOST=…
    /// and /PATH=… before it say which requests are for it
    #[arg(long, value_name = "[HOST][/PATH=]TARGET")]
    pub(super) upstream: Vec<String>,
    /// CA bundle that the application's certificate is verified with (PEM file)
    #[arg(long, value_name = "FILE")]
    pub(super) upstream_ca: Option<String>,
    /// Name for SNI and verification of the application (default: the host of its URL)
    #[arg(long, value_name = "NAME")]
    pub(super) upstream_server_name: Option<String>,
    /// Answer a proxy's questions about requests, instead of sending them on
    #[arg(long, conflicts_with = "upstream", requires = "origin")]
    pub(super) check: bool,
    /// Where the proxy says which request it is: envoy: in the request line (ext_authz with
    /// path_prefix); forwarded: in X-Forwarded-Uri and -Method (Traefik, Caddy); original: in
    /// X-Original-URI and -Method (nginx). What one proxy overwrites, another lets callers forge
    #[arg(long, value_enum, value_name = "PROXY", requires = "check")]
    pub(super) origin: Option<OriginFlag>,
    /// With --check --origin envoy: the path_prefix that Envoy puts before the path
    #[arg(long, value_name = "PATH", default_value = "/")]
    pub(super) mount: String,
    /// The token must be for this audience, or for one of several
    #[arg(long, value_name = "AUDIENCE")]
    pub(super) audience: Vec<String>,
    /// Let in any token that the API server takes for its own. Whoever has one for this gate can use
    /// it at the API server, and the other way round
    #[arg(long, conflicts_with = "audience")]
    pub(super) any_audience: bool,
    /// Ask whether the user may, too: path (the request's path and method, nonResourceURLs), or
    /// attributes of a resource such as group=apps,resource=deployments,subresource=log,namespace=prod,
    /// name=web,verb=get; without verb it is made of the method
    #[arg(long, value_name = "RULE", value_parser = rule)]
    pub(super) authorize: Option<AccessRule>,
    /// A path that is open to all, exactly as it is written; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(super) open_path: Vec<String>,
    /// How groups are written: repeated, a header X-Remote-Group for each; or joined:SEPARATOR, one
    /// header with all, for proxies that copy only one
    #[arg(long, value_name = "FORM", default_value = "repeated", value_parser = groups)]
    pub(super) groups: Groups,
    /// While the API server cannot be asked, go on with tokens that were good for so long after their
    /// ten seconds; 0: not at all
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = time)]
    pub(super) stale: Duration,
    /// The most reviews of unknown tokens at a time; more are answered 503
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    pub(super) max_reviews: usize,
    /// How often the token of a WebSocket or another long answer is reviewed again. When it is not
    /// good any more, the stream is cut
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub(super) review_streams: Duration,
    /// Certificate for TLS, and those that lead to its root (PEM file)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_certificate: Option<String>,
    /// Key of the certificate (PEM file)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(super) tls_key: Option<String>,
    /// Where /healthz, /readyz and /metrics are, without a login: ADDRESS:PORT
    #[arg(long, value_name = "ADDRESS")]
    pub(super) health: Option<SocketAddr>,
    /// How long requests that have begun may take when it is told to end
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub(super) grace: Duration,
    /// How to log requests on standard error
    #[arg(long, value_enum, value_name = "FORM", default_value_t = LogForm::Text)]
    pub(super) log: LogForm,
}

/// `--origin`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum OriginFlag {
    Envoy,
    Forwarded,
    Original,
}

/// `--log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogForm {
    Off,
    Text,
    Json,
}

/// What it is to be.
pub(super) enum Form<'f> {
    Check { origin: Origin },
    Upstreams(&'f [String]),
}

/// Whom tokens must be for.
pub(super) enum Audience {
    Any,
    OneOf(Vec<String>),
}

impl GateFlags {
    /// What clap cannot say.
    pub(super) fn check(&self) -> Result<(), Report> {
        self.form()?;
        if self.audience.is_empty() && !self.any_audience {
            let text = "no --audience is given: which tokens are for this application?";
            return Err(Report::new(Exit::Usage, text).advise(
                "A pod gets one with a projected volume (serviceAccountToken.audience), a person with \
                 kubecred create-token --audience. --any-audience lets in tokens for the API server.",
            ));
        }
        if self.audience.iter().any(String::is_empty) {
            return Err(Report::new(Exit::Usage, "--audience must not be an empty string"));
        }
        if self.max_reviews == 0 {
            return Err(Report::new(Exit::Usage, "--max-reviews must be at least 1"));
        }
        Ok(())
    }

    pub(super) fn form(&self) -> Result<Form<'_>, Report> {
        let origin = self.origin.map(|origin| match origin {
            OriginFlag::Envoy => Origin::Envoy,
            OriginFlag::Forwarded => Origin::Forwarded,
            OriginFlag::Original => Origin::Original,
        });
        match origin {
            Some(origin) if self.check => Ok(Form::Check { origin }),
            _ if self.upstream.is_empty() => {
                let text = "neither --upstream nor --check is given: what is to be guarded?";
                Err(Report::new(Exit::Usage, text))
            }
            _ => Ok(Form::Upstreams(&self.upstream)),
        }
    }

    pub(super) fn audience(&self) -> Audience {
        match self.any_audience {
            true => Audience::Any,
            false => Audience::OneOf(self.audience.clone()),
        }
    }

    /// Whether only this machine reaches it.
    pub(super) fn is_local(&self) -> bool {
        let address: Result<SocketAddr, _> = self.listen.parse();
        address.map_or(true, |address| address.ip().is_loopback())
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let wrong = |_| "say a time such as 500ms, 30s or 5m".to_owned();
    Ok(parse_timeout(text).map_err(wrong)?.unwrap_or_default())
}

fn groups(text: &str) -> Result<Groups, String> {
    match text.split_once(':') {
        None if text == "repeated" => Ok(Groups::Repeated),
        Some(("joined", separator)) if !separator.is_empty() => {
            Ok(Groups::Joined(separator.to_owned()))
        }
        _ => Err("say repeated, or joined: and a separator, such as joined:|".to_owned()),
    }
}

fn rule(text: &str) -> Result<AccessRule, String> {
    if text == "path" {
        return Ok(AccessRule::Path);
    }
    let mut attributes = ResourceAttributes::default();
    for part in text.split(',') {
        let (key, value) = part
            .split_once('=')
            .ok_or("say path, or attributes such as resource=pods,namespace=x")?;
        let field = match key {
            "namespace" => &mut attributes.namespace,
            "verb" => &mut attributes.verb,
            "group" => &mut attributes.group,
            "version" => &mut attributes.version,
            "resource" => &mut attributes.resource,
            "subresource" => &mut attributes.subresource,
            "name" => &mut attributes.name,
            _ => {
                return Err(
                    "the attributes are namespace, verb, group, version, resource, subresource, name"
                        .to_owned(),
                );
            }
        };
        value.clone_into(field);
    }
    match attributes.resource.is_empty() {
        true => Err("the attributes name no resource".to_owned()),
        false => Ok(AccessRule::Resource(Box::new(attributes))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_the_path_or_attributes_of_a_resource() {
        assert_eq!(rule("path"), Ok(AccessRule::Path));
        let Ok(AccessRule::Resource(found)) = rule("group=apps,resource=deployments,name=web")
        else {
            panic!("it is one")
        };
        assert_eq!((&*found.group, &*found.resource, &*found.name), ("apps", "deployments", "web"));
        for wrong in ["", "paths", "namespace=x", "resource=x,user=root", "resource"] {
            assert!(rule(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn groups_are_repeated_or_joined_by_something() {
        assert_eq!(groups("joined:::"), Ok(Groups::Joined("::".into())));
        for wrong in ["", "joined", "joined:", "one:|"] {
            assert!(groups(wrong).is_err(), "{wrong}");
        }
    }
}
