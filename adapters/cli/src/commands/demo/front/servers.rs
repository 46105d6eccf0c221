//! The servers of the demo, and the kubeconfig that leads to them.

use super::way::Way;
use super::{Tallies, failed};
use crate::commands::demo::PLUGIN_SECRET;
use crate::commands::demo::issuer::Issuer;
use crate::commands::demo::random::hex;
use crate::commands::demo::timeline::{Timeline, Who};
use crate::connection_flags::ConnectionFlags;
use crate::report::Report;
use crate::settings;
use crate::verbose_log::VerboseLog;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use kubecred_core::reviewer::Settings;
use kubecred_core::{Authentication, Profile, Proxy, Roots, StdinState};
use kubecred_loopback::{API_AUDIENCE, Accounts, ApiServer, Authority, User};
use kubecred_proxy::gate::{Exchange, Gate, Reviewer, Route};
use kubecred_proxy::server::{Drain, Listener};
use kubecred_tokio::{Auth, Client};
use serde_json::json;
use std::collections::BTreeSet;
use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long the gate believes a verdict: shorter than by default, so that more happens in a demo.
const BELIEVED: Duration = Duration::from_secs(2);

/// And for how long beyond that while the API server cannot be asked, as by `--stale 5s`.
const STALE: Duration = Duration::from_secs(5);

/// The API server, on this port. It counts how often it refuses the proxy.
pub(super) async fn api_server(
    accounts: &Accounts,
    authority: &Authority,
    tallies: &Tallies,
    port: u16,
) -> io::Result<ApiServer> {
    let tallies = Arc::clone(tallies);
    let see = move |request: &Request<Bytes>| {
        if request.uri().path() == super::PATH && request.extensions().get::<User>().is_none() {
            tallies[Way::Proxy as usize].refusal();
        }
        None
    };
    let builder = ApiServer::builder().accounts(accounts).authority(authority).record(false);
    builder.respond(see).port(port).start().await
}

/// The application: it answers with the name of the user that the gate tells.
pub(super) async fn application() -> io::Result<ApiServer> {
    let greet = |request: &Request<Bytes>| {
        let user = request.headers().get("x-remote-user").map(|user| user.as_bytes().to_vec());
        Some(Response::new(user.unwrap_or_default().into()))
    };
    ApiServer::builder().plain_http().record(false).respond(greet).start().await
}

/// The gate before the application, with a login of its own that may review tokens.
pub(super) fn gate(
    (server, accounts): (&ApiServer, &Accounts),
    application: &ApiServer,
    drain: &Drain,
    timeline: &Timeline,
) -> Result<Gate, Box<dyn Error>> {
    let token = hex();
    accounts.allow_token(&token, User::new("gate"));
    let authentication = Authentication::token(token.as_str());
    let mut profile = Profile { authentication, ..Profile::new(server.url()) };
    profile.cluster.roots = Roots::Pem(server.authority().certificate_pem().into());
    profile.cluster.proxy = Proxy::Direct; // no proxy leads to this machine's loopback
    let client = Client::new(Auth::from_profile(profile))?;
    let mut settings = Settings::for_audiences([API_AUDIENCE]);
    (settings.accepted_for, settings.stale_for) = (BELIEVED, STALE);
    // All callers may come with a new token in one moment.
    settings.max_in_flight = 1000;
    let reviewer = Reviewer::new(client, settings)?;
    let route = Route::parse(&application.url(), &Profile::new("https://unused"))?;
    let tell = once(timeline, Who::Gate);
    let log = move |exchange: &Exchange| {
        if let Some(reason) = &exchange.reason {
            tell(&format!("answers {}: {reason}", exchange.status.as_u16()));
        }
    };
    Ok(Gate::builder(reviewer).drain(drain).upstream(route).log(log).build())
}

/// A free port of loopback, and the URL of what is served there.
pub(super) fn listen() -> Result<(Listener, String), Report> {
    let listener = Listener::tcp(([127, 0, 0, 1], 0).into()).map_err(failed)?;
    let url = format!("http://{}", listener.place());
    Ok((listener, url))
}

/// Tells the timeline each thing once: a thousand requests may meet the same.
pub(super) fn once(timeline: &Timeline, who: Who) -> impl Fn(&str) + Send + Sync + 'static {
    let (timeline, told) = (timeline.clone(), Mutex::new(BTreeSet::new()));
    move |what| {
        let is_new = told.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned());
        if is_new {
            timeline.mark(who, what);
        }
    }
}

/// What the proxy's kubeconfig says.
pub(super) fn profile(kubeconfig: &Path) -> Result<Profile, Report> {
    let flags = ConnectionFlags {
        kubeconfig: Some(kubeconfig.to_string_lossy().into_owned()),
        ..ConnectionFlags::default()
    };
    let mut profile = settings::profile(&flags, StdinState::default(), VerboseLog::new(false))?;
    profile.cluster.proxy = Proxy::Direct; // as above
    Ok(profile)
}

/// One context, whose user runs the plugin. JSON is YAML.
pub(super) fn kubeconfig(server: &ApiServer, issuer: &Issuer) -> io::Result<String> {
    let program = std::env::current_exe()?;
    let authority = BASE64_STANDARD.encode(server.authority().certificate_pem());
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": program.to_string_lossy(),
        "args": ["demo-plugin", format!("--issuer={}", issuer.address())],
        "env": [{ "name": PLUGIN_SECRET, "value": issuer.secret() }],
        "interactiveMode": "Never",
    });
    let cluster = json!({ "server": server.url(), "certificate-authority-data": authority });
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "demo",
        "contexts": [{ "name": "demo", "context": { "cluster": "demo", "user": "demo" } }],
        "clusters": [{ "name": "demo", "cluster": cluster }],
        "users": [{ "name": "demo", "user": { "exec": exec } }],
    });
    Ok(format!("{kubeconfig:#}\n"))
}
