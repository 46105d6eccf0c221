//! The proxy beside `kubectl proxy` 1.33 and 1.35, before nginx, under wrk: 32 connections that are
//! kept open. Rounds are interleaved, so that what else the machine does is the same for all; the
//! table shows each one's median, and kubectl's as a multiple of ours.
//!
//! ```text
//! cargo bench -p kubecred-proxy --bench proxy
//! ```
//!
//! nginx, wrk and both kubectls must be there. `KUBECRED_BENCH_SECONDS` and `KUBECRED_BENCH_ROUNDS`
//! say how long it takes: by default 5 s a run and 3 rounds. The process under test writes an access
//! log and counts, as it does in use.
#![allow(missing_docs, reason = "a program")]

use kubecred_loopback::Authority;
use kubecred_proxy::forward::{Proxy, Settings, Upstreams};
use kubecred_proxy::server::{Listener, Server};
use kubecred_tokio::Auth;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// In this role the program is the proxy under test.
const SERVE: &str = "--serve";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, kubeconfig, log] = arguments.as_slice()
        && role == SERVE
    {
        return serve(kubeconfig, log);
    }
    let (seconds, rounds) =
        (number("KUBECRED_BENCH_SECONDS", 5), number("KUBECRED_BENCH_ROUNDS", 3));
    let stage = Stage::new();
    for upstream in ["plain", "tls-h2"] {
        let mut proxies = vec![stage.ours(upstream)];
        for minor in [33, 35] {
            proxies.push(stage.kubectl(minor, upstream));
        }
        for (what, path) in [("small", "/small"), ("1 MiB", "/big")] {
            let mut runs: Vec<Vec<Run>> = proxies.iter().map(|_| Vec::new()).collect();
            for _ in 0..rounds {
                for (proxy, runs) in proxies.iter().zip(&mut runs) {
                    runs.push(proxy.load(path, seconds));
                }
            }
            print(&format!("{what}, {upstream} upstream"), &proxies, &runs);
        }
    }
    for (scheme, port) in [("http", stage.plain), ("https", stage.tls)] {
        let (rate, p99) = wrk(&format!("{scheme}://127.0.0.1:{port}/small"), seconds);
        println!("nginx itself by {scheme}: {rate:.0} requests/s, p99 {p99:.2} ms");
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The proxy under test, with an access log.
fn serve(kubeconfig: &str, log: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let outcome: Result<(), Box<dyn std::error::Error>> = runtime.block_on(async {
        let auth = Auth::builder().kubeconfig(kubeconfig).load().await?;
        auth.credential().await?;
        let log = Mutex::new(fs::File::create(log)?);
        let mut settings = Settings::default();
        settings.access_log = Some(Arc::new(move |record| {
            let line = format!("{record}\n");
            let _ = log.lock().expect("no one panics").write_all(line.as_bytes());
        }));
        let drain = settings.drain.clone();
        let proxy = Proxy::new(Upstreams::one(auth), settings)?;
        let listener = Listener::tcp("127.0.0.1:0".parse()?)?;
        println!("Starting to serve on {}", listener.place());
        Server::new(&drain).serve(listener, proxy).await;
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("the proxy does not start: {error}"));
}

/// nginx, by HTTP and by HTTPS with HTTP/2, and kubeconfigs for both.
struct Stage {
    folder: TempDir,
    plain: u16,
    tls: u16,
    nginx: Child,
}

impl Stage {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().display().to_string();
        let authority = Authority::new("bench");
        let issued = authority.server(&["127.0.0.1"]);
        let [plain, tls] = [(); 2].map(|()| {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
            free.expect("a port").port()
        });
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("the folder is ours");
        };
        write("ca.crt", authority.certificate_pem());
        write("tls.crt", issued.certificate_pem());
        write("tls.key", issued.key_pem());
        write("small", &"{\"kind\":\"Pod\"}".repeat(36));
        write("big", &"x".repeat(1 << 20));
        write(
            "nginx.conf",
            &format!(
                "daemon off; worker_processes 1; pid {path}/pid; error_log stderr crit;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; keepalive_requests 100000000; types {{}} default_type application/json;\n\
             client_body_temp_path {path}/t; proxy_temp_path {path}/t; fastcgi_temp_path {path}/t;\n\
             uwsgi_temp_path {path}/t; scgi_temp_path {path}/t;\n\
             server {{ listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl http2; root {path};\n\
             ssl_certificate {path}/tls.crt; ssl_certificate_key {path}/tls.key;\n\
             http2_max_concurrent_streams 250; }} }}\n"
            ),
        );
        for (name, server) in [
            ("plain", format!("http://127.0.0.1:{plain}")),
            ("tls-h2", format!("https://127.0.0.1:{tls}")),
        ] {
            write(
                name,
                &format!(
                    "{{\"apiVersion\":\"v1\",\"kind\":\"Config\",\"current-context\":\"c\",\
                 \"clusters\":[{{\"name\":\"c\",\"cluster\":{{\"server\":\"{server}\",\"certificate-authority\":\"{path}/ca.crt\"}}}}],\
                 \"users\":[{{\"name\":\"c\",\"user\":{{\"token\":\"t\"}}}}],\
                 \"contexts\":[{{\"name\":\"c\",\"context\":{{\"cluster\":\"c\",\"user\":\"c\"}}}}]}}"
                ),
            );
        }
        let nginx = Command::new("nginx").args(["-c", &format!("{path}/nginx.conf")]).spawn();
        let nginx = nginx.expect("nginx is needed for this benchmark");
        let stage = Self { folder, plain, tls, nginx };
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", tls)).is_ok() {
                return stage;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nginx does not listen");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn ours(&self, upstream: &str) -> Under {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg(SERVE).arg(self.path(upstream)).arg(self.path("access.log"));
        Under::start("kubecred", command)
    }

    fn kubectl(&self, minor: u8, upstream: &str) -> Under {
        let mut command = Command::new(kubecred_kubectl::version(minor));
        command.arg("--kubeconfig").arg(self.path(upstream)).args(["proxy", "--port=0"]);
        Under::start(&format!("kubectl 1.{minor}"), command)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.nginx.kill();
        let _ = self.nginx.wait();
    }
}

/// A proxy under load.
struct Under {
    name: String,
    child: Child,
    address: String,
}

/// What one run showed.
#[derive(Clone, Copy)]
struct Run {
    rate: f64,
    p99: f64,
    /// CPU milliseconds of the proxy's process for 1,000 requests.
    cpu: f64,
    /// The most memory so far, MiB.
    memory: f64,
}

impl Under {
    fn start(name: &str, mut command: Command) -> Self {
        let child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it is text");
        let address = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        assert!(address.contains(':'), "{name}: {line:?}");
        Self { name: name.to_owned(), child, address }
    }

    fn load(&self, path: &str, seconds: u64) -> Run {
        let before = self.cpu();
        let (rate, p99) = wrk(&format!("http://{}{path}", self.address), seconds);
        let requests = rate * seconds as f64;
        let cpu = (self.cpu() - before) / requests * 1000.0;
        Run { rate, p99, cpu, memory: self.memory() }
    }

    /// CPU time so far in milliseconds; the kernel counts in hundredths of a second.
    fn cpu(&self) -> f64 {
        let stat = read(format!("/proc/{}/stat", self.child.id()));
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks = |at: usize| fields[at].parse::<f64>().expect("a number");
        (ticks(11) + ticks(12)) * 10.0
    }

    fn memory(&self) -> f64 {
        let status = read(format!("/proc/{}/status", self.child.id()));
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux has it");
        let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok());
        kib.expect("a number") / 1024.0
    }
}

impl Drop for Under {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).expect("the process runs")
}

/// Requests a second, and the 99th percentile of latency in milliseconds.
fn wrk(url: &str, seconds: u64) -> (f64, f64) {
    let output = Command::new("wrk")
        .args(["-t1", "-c32", &format!("-d{seconds}s"), "--latency", url])
        .output()
        .expect("wrk is needed for this benchmark");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "{url}:\n{text}");
    let word = |start: &str| {
        let line = text.lines().find(|line| line.trim().starts_with(start));
        line.and_then(|line| line.split_whitespace().last()).unwrap_or_else(|| panic!("{text}"))
    };
    let rate = word("Requests/sec:").parse().expect("a number");
    let p99 = word("99%");
    let unit = p99.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = p99.trim_end_matches(unit).parse().expect("a number");
    let factor = match unit {
        "us" => 0.001,
        "ms" => 1.0,
        _ => 1000.0,
    };
    (rate, number * factor)
}

fn print(title: &str, proxies: &[Under], runs: &[Vec<Run>]) {
    println!("{title}");
    println!(
        "  {:14}{:>12}{:>10}{:>18}{:>10}",
        "", "requests/s", "p99 ms", "CPU ms per 1,000", "MiB"
    );
    let median = |runs: &[Run], of: fn(&Run) -> f64| {
        let mut values: Vec<f64> = runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let all: Vec<[f64; 4]> = runs
        .iter()
        .map(|runs| {
            [
                median(runs, |r| r.rate),
                median(runs, |r| r.p99),
                median(runs, |r| r.cpu),
                median(runs, |r| r.memory),
            ]
        })
        .collect();
    for (proxy, values) in proxies.iter().zip(&all) {
        let [rate, p99, cpu, memory] = values;
        println!("  {:14}{rate:>12.0}{p99:>10.2}{cpu:>18.1}{memory:>10.1}", proxy.name);
    }
    for (proxy, theirs) in proxies.iter().zip(&all).skip(1) {
        let ratio = |at: usize| theirs[at] / all[0][at];
        println!(
            "  ours / {:10}{:>9.2}×{:>9.2}×{:>17.2}×{:>9.2}×",
            proxy.name,
            1.0 / ratio(0),
            1.0 / ratio(1),
            1.0 / ratio(2),
            1.0 / ratio(3)
        );
    }
}
