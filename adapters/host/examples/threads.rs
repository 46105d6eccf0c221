//! A program with threads and no runtime: four of them share one login, and show what each of their
//! requests would carry. With a kubeconfig:
//!
//! ```sh
//! cargo run -p kubecred-host --example threads -- ~/.kube/config
//! ```
//!
//! Without one, `KUBECONFIG`, `~/.kube/config` or the pod's service account is used, as by kubectl.

use kubecred_core::{Failure, FailureKind};
use kubecred_host::Settings;
use kubecred_host::blocking::Auth;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    for line in run(std::env::args().nth(1))? {
        println!("{line}");
    }
    Ok(())
}

/// One line for each thread: the names of the headers, never what they hold.
pub(crate) fn run(kubeconfig: Option<String>) -> Result<Vec<String>, Box<dyn Error>> {
    let mut settings = Settings::default();
    settings.kubeconfig = kubeconfig;
    let auth = Auth::builder()
        .settings(settings)
        // An HTTP client of the program's goes here; this program has none.
        .send_with(|request| {
            let why = format!("no HTTP client for {}", request.url);
            Err(Failure::new(FailureKind::Unsupported, why))
        })
        .load()?;
    let threads: Vec<_> = (1..=4)
        .map(|number| {
            let auth = auth.clone();
            std::thread::spawn(move || request(number, &auth))
        })
        .collect();
    let lines: Vec<String> =
        threads.into_iter().map(|thread| thread.join().unwrap_or_default()).collect();
    auth.close();
    Ok(lines)
}

fn request(number: u32, auth: &Auth) -> String {
    let server = &auth.profile().cluster.server;
    match auth.credential() {
        Ok(credential) => {
            let names: Vec<_> = credential.headers().keys().map(|name| name.as_str()).collect();
            // Upon a 401: `auth.unauthorized(credential.generation())`, and once more if that is true.
            format!("thread {number} to {server}: {}", names.join(", "))
        }
        Err(error) => format!("thread {number} to {server}: {error}"),
    }
}
