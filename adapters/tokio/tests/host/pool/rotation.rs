//! A client certificate that is replaced.

use super::{status, within};
use http::StatusCode;
use kubecred_core::policy::Reload;
use kubecred_core::{Authentication, Material, Policy, Profile, Roots};
use kubecred_loopback::{ApiServer, Authority, Exchange};
use kubecred_tokio::{Auth, Client};
use std::time::Duration;
use tempfile::TempDir;

/// The certificate is in files that are read again at once.
fn certificate(folder: &TempDir, authority: &Authority, name: &str) {
    let pair = authority.client(name, &[]);
    for (file, text) in [("crt", pair.certificate_pem()), ("key", pair.key_pem())] {
        let new = folder.path().join(format!("new.{file}"));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, folder.path().join(format!("client.{file}"))).unwrap();
    }
}

/// I: Go's client makes the first request after a rotation wait for a handshake.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_certificate_is_dialled_before_a_request_needs_it() {
    let server = ApiServer::builder().start().await.unwrap();
    let folder = TempDir::new().unwrap();
    certificate(&folder, server.authority(), "one");
    let path = |file: &str| folder.path().join(file).to_str().unwrap().to_owned();
    let authentication = Authentication::certificate(
        Material::File(path("client.crt")),
        Material::File(path("client.key")),
    );
    let mut profile = Profile { authentication, ..Profile::new(server.url()) };
    profile.cluster.roots = Roots::Pem(server.authority().certificate_pem().into());
    let policy = Policy {
        min_interval: Duration::from_millis(1),
        certificate_files: Reload { every: Duration::from_millis(20), leeway: Duration::ZERO },
        ..Policy::default()
    };
    let auth = Auth::builder().policy(policy).profile(profile);
    let client = Client::new(auth).unwrap();
    assert_eq!(status(&client, "/version").await, StatusCode::OK);
    certificate(&folder, server.authority(), "two");
    let names = |exchanges: &[Exchange]| -> Vec<(u64, String)> {
        let name = |exchange: &Exchange| exchange.client_certificate.clone()?.common_name.clone();
        exchanges.iter().filter_map(|e| Some((e.connection, name(e)?))).collect()
    };
    let seen = within("the new certificate", async {
        loop {
            assert_eq!(status(&client, "/version").await, StatusCode::OK);
            let handshakes = server.counters().handshakes;
            let seen = names(&server.exchanges());
            if seen.last().is_some_and(|(_, name)| name == "two") {
                return seen;
            }
            // While the new connection is made, requests go on over the old one.
            assert!(handshakes <= 2, "{seen:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert!(
        seen.iter().all(|(connection, name)| (*connection == 1) == (name == "one")),
        "{seen:?}"
    );
    assert_eq!(server.counters().connections, 2);
}
