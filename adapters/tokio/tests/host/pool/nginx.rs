//! nginx, as a server with a low limit of streams that ends connections often.

use super::{client, hold, status, within};
use http::StatusCode;
use kubecred_core::Authentication;
use kubecred_loopback::{ApiServer, Authority, User};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// nginx, which Debian and others have, with a limit of four streams before a server that is slow.
struct Nginx {
    folder: TempDir,
    process: tokio::process::Child,
    port: u16,
}

impl Nginx {
    async fn before(upstream: &ApiServer, authority: &Authority) -> Self {
        let folder = TempDir::new().unwrap();
        let issued = authority.server(&["127.0.0.1", "localhost"]);
        std::fs::write(folder.path().join("tls.crt"), issued.certificate_pem()).unwrap();
        std::fs::write(folder.path().join("tls.key"), issued.key_pem()).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let configuration = format!(
            "daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log stderr warn;
            events {{ worker_connections 2000; }}
            http {{
              access_log off; client_body_temp_path body; proxy_temp_path proxy;
              fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
              server {{
                listen 127.0.0.1:{port} ssl http2;
                ssl_certificate tls.crt; ssl_certificate_key tls.key;
                http2_max_concurrent_streams 4; keepalive_requests 50;
                location / {{ proxy_pass {}; proxy_http_version 1.1; proxy_read_timeout 60s; }}
              }}
            }}",
            upstream.url()
        );
        std::fs::write(folder.path().join("nginx.conf"), configuration).unwrap();
        let mut command = tokio::process::Command::new("nginx");
        command.arg("-p").arg(folder.path()).args(["-c", "nginx.conf"]).kill_on_drop(true);
        command.env("PATH", "/usr/sbin:/usr/local/sbin:/usr/bin:/bin:/usr/local/bin");
        command.stderr(Stdio::null());
        let mut process = command.spawn().unwrap_or_else(|error| {
            panic!("nginx is needed for this test (tests/tools debian nginx-light): {error}")
        });
        within("nginx", async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                let ended = process.try_wait().unwrap();
                assert!(ended.is_none(), "nginx does not start: {ended:?}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        Self { folder, process, port }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its process ends with it, and then the folder may go.
        let _ = self.process.start_kill();
        let _ = self.folder.path();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn px_28_slow_requests_through_nginx_hold_up_no_other_and_its_goaways_lose_none() {
    let upstream = ApiServer::builder().plain_http().start().await.unwrap();
    upstream.accounts().accept_any(true);
    upstream.accounts().allow_token("good", User::new("jane"));
    let authority = Authority::new("nginx");
    let nginx = Nginx::before(&upstream, &authority).await;
    let url = format!("https://127.0.0.1:{}", nginx.port);
    let client = client(url, &authority, Authentication::token("good"));
    let held = hold(&client, 100);
    within("not all come through", upstream.holds(100)).await;
    assert_eq!(within("the fast one", status(&client, "/version")).await, StatusCode::OK);
    upstream.release();
    within("the held ones", held.join_all()).await;
    // nginx ends each connection after fifty requests.
    let mut load = JoinSet::new();
    for _ in 0..16 {
        let client = client.clone();
        load.spawn(async move {
            for _ in 0..60 {
                assert_eq!(status(&client, "/version").await, StatusCode::OK);
            }
        });
    }
    within("the load", load.join_all()).await;
}
