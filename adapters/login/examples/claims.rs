//! A login in a program of your own: prints the claims of whoever logs in, as an API server reads them.
//!
//! ```sh
//! cargo run -p kubecred-login --example claims -- https://idp.example CLIENT_ID [CA_FILE]
//! ```
//!
//! The first run opens a browser. Later ones find the token in the cache, which the program `kubecred`
//! uses, too, or refresh it.

use kubecred_core::Roots;
use kubecred_core::login::{Operation, Settings, Success};
use kubecred_login::login::{Host, KeyringChoice, cache_folder, run};
use kubecred_login::page::TemplateFolders;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(issuer), Some(client)) = (arguments.next(), arguments.next()) else {
        return Err("usage: claims ISSUER CLIENT_ID [CA_FILE]".into());
    };
    let mut settings = Settings::new(issuer, client);
    if let Some(file) = arguments.next() {
        settings.roots = Roots::File(file);
    }
    let host = Host {
        cache: cache_folder(),
        keyring: KeyringChoice::default(),
        system_roots: false,
        templates: TemplateFolders::from_env(),
        browser_stderr: false,
        tell: Box::new(|event| eprintln!("{event}")),
        warn: Box::new(|notice| eprintln!("warning: {notice}")),
    };
    let finished = run(settings, Operation::Token, host);
    let outcome = finished.outcome.clone();
    if let Ok(Success::Credential(granted)) = &outcome {
        let claims = granted.claims.as_ref().map_or(&b"{}"[..], |claims| claims.expose());
        println!("{}", String::from_utf8_lossy(claims));
    }
    // The browser gets its last page.
    finished.deliver();
    outcome?;
    Ok(())
}
