//! The pool: no request waits behind the server's limit of streams, and what ends loses no request.

mod answers;
mod endings;
mod limits;
mod nginx;
mod rotation;

use http::StatusCode;
use kubecred_core::{Authentication, Profile, Proxy, Roots};
use kubecred_loopback::{ApiServer, ApiServerBuilder, Authority, User};
use kubecred_tokio::{Auth, Client};
use std::time::Duration;
use tokio::task::JoinSet;

/// Long enough for anything; a test that gets here has failed.
const LONG: Duration = Duration::from_secs(60);

async fn start(builder: ApiServerBuilder) -> (ApiServer, Client) {
    let server = builder.start().await.unwrap();
    server.accounts().allow_token("good", User::new("jane"));
    let client = client(server.url(), server.authority(), Authentication::token("good"));
    (server, client)
}

fn client(url: String, authority: &Authority, authentication: Authentication) -> Client {
    let mut profile = Profile { authentication, ..Profile::new(url) };
    profile.cluster.roots = Roots::Pem(authority.certificate_pem().into());
    profile.cluster.proxy = Proxy::Direct;
    Client::new(Auth::from_profile(profile)).unwrap()
}

async fn status(client: &Client, path: &str) -> StatusCode {
    let response = client.get(path).await.unwrap_or_else(|error| panic!("{path}: {error}"));
    let status = response.status();
    response.into_body().bytes().await.unwrap();
    status
}

/// Sends requests that are not answered before the server is told to.
fn hold(client: &Client, count: usize) -> JoinSet<StatusCode> {
    let mut held = JoinSet::new();
    for _ in 0..count {
        let client = client.clone();
        held.spawn(async move { status(&client, "/held").await });
    }
    held
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, future).await.unwrap_or_else(|_| panic!("{what} hangs"))
}
