//! An exec plugin as a guest of WASI 0.2: logs in to an OpenID provider with a device code, and prints
//! the credential for kubectl.
//!
//! ```sh
//! wasmtime run -S http target/wasm/kubecred-login.wasm \
//!     --issuer https://login.example.com --client-id kubernetes --scope groups
//! ```
//!
//! The code and the address to enter it at are shown on standard error. Nothing is stored, so every
//! run is a login.
//!
//! `--grant-type device-code` is the default, and the only flow that works here. `--embedder-does` is
//! as in the example `get`.

use kubecred_wasi::kubecred_core::login::{Event, Grant, Settings, Success};
use kubecred_wasi::{Capability, DeviceLogin};
use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut settings = Settings::new("", "");
    let mut does = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
        match argument.as_str() {
            "--issuer" => settings.issuer = value,
            "--client-id" => settings.client_id = value,
            "--scope" => settings.extra_scopes.push(value),
            "--grant-type" => settings.grant = grant(&value)?,
            "--embedder-does" => does.push(capability(&value)?),
            _ => return Err(format!("there is no option {argument}").into()),
        }
    }
    let login = does.into_iter().fold(DeviceLogin::new(settings), DeviceLogin::embedder_does);
    if let Success::Credential(granted) = login.run(|event: Event| eprintln!("{event}"))? {
        print!("{}", granted.output.expose_str().unwrap_or_default());
    }
    Ok(())
}

fn grant(name: &str) -> Result<Grant, String> {
    Ok(match name {
        "auto" => Grant::Auto,
        "device-code" => Grant::Device,
        "authcode" => Grant::AuthorizationCode,
        "authcode-keyboard" => Grant::Paste,
        "password" => Grant::Password,
        "client-credentials" => Grant::ClientCredentials,
        "token-exchange" => Grant::TokenExchange,
        _ => return Err(format!("--grant-type {name}: there is no such flow")),
    })
}

fn capability(name: &str) -> Result<Capability, String> {
    Ok(match name {
        "roots" => Capability::Roots,
        "skip-verify" => Capability::SkipVerify,
        "proxy" => Capability::Proxy,
        _ => return Err(format!("--embedder-does {name}: the provider needs no such thing")),
    })
}
