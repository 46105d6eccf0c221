//! `kubectl get --raw`, as a guest of WASI 0.2: sends a GET request for each path that is named,
//! and prints what the server says.
//!
//! ```sh
//! wasmtime run -S http --env KUBECONFIG=/kube/config --dir ~/.kube::/kube \
//!     target/wasm/kubecred-get.wasm /version
//! ```
//!
//! Options say what the embedder's HTTP does that this program cannot ask it to do:
//! `--embedder-does roots` (or `identity`, `server-name`, `skip-verify`, `proxy`); and
//! `--write-in-place` that refreshed tokens may be written back.

use kubecred_wasi::{Auth, Builder, Capability, Client};
use std::error::Error;
use std::process::ExitCode;

/// More than anybody wants to read.
const MOST: u64 = 64 << 20;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all answers are good.
fn run() -> Result<bool, Box<dyn Error>> {
    let mut builder = Auth::builder();
    let mut paths = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--embedder-does" => {
                builder = builder.embedder_does(need(&arguments.next().unwrap_or_default())?);
            }
            "--write-in-place" => builder = builder.write_in_place(),
            path => paths.push(path.to_owned()),
        }
    }
    let client = Client::new(with_commands(builder).load()?)?;
    let mut good = true;
    for path in paths {
        let answer = client.get(&path)?;
        good &= answer.status().is_success();
        println!("{} {path}", answer.status().as_u16());
        println!("{}", String::from_utf8_lossy(&answer.into_body().bytes(MOST)?));
    }
    client.auth().close();
    for event in client.auth().take_events() {
        eprintln!("{event:?}");
    }
    Ok(good)
}

fn need(name: &str) -> Result<Capability, String> {
    Ok(match name {
        "roots" => Capability::Roots,
        "identity" => Capability::Identity,
        "server-name" => Capability::ServerName,
        "skip-verify" => Capability::SkipVerify,
        "proxy" => Capability::Proxy,
        _ => return Err(format!("--embedder-does {name}: there is no such need")),
    })
}

#[cfg(feature = "run-command")]
fn with_commands(builder: Builder) -> Builder {
    builder.command_runner(kubecred_wasi::EmbedderCommands)
}

#[cfg(not(feature = "run-command"))]
fn with_commands(builder: Builder) -> Builder {
    builder
}
