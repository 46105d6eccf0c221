//! A program that uses the machine, and of each feature of `kubecred-core` what it is for. It does
//! nothing useful: `wasm/build` links it for each set of features and prints how large it is.

use kubecred_core::protocol::{Exit, FileBytes};
use kubecred_core::{
    Action, Authentication, Authenticator, Exec, Input, Now, Policy, Profile, Secret,
};
use std::hint::black_box;

fn main() {
    for kind in 0..black_box(3) {
        black_box(credential(&profile(kind)));
    }
    #[cfg(feature = "kubeconfig")]
    black_box(detected());
    #[cfg(feature = "edit")]
    black_box(changed());
    #[cfg(feature = "explain")]
    black_box(explained());
}

/// What the compiler cannot know.
fn content() -> Secret {
    Secret::from(black_box(""))
}

fn profile(kind: u32) -> Profile {
    let mut profile = Profile::new(black_box("https://h"));
    profile.authentication = match kind {
        0 => Authentication::token(content()),
        1 => Authentication::token_file(black_box("/token")),
        _ => Authentication::exec(Exec::new(black_box("login"))),
    };
    profile
}

/// Whether a machine has a credential in the end.
fn credential(profile: &Profile) -> bool {
    let now = Now::from_millis(black_box(0), black_box(0));
    let mut machine = Authenticator::new(profile, Policy::default(), black_box(0));
    machine.handle_input(now, Input::Demand);
    for _ in 0..black_box(10) {
        match machine.poll_action() {
            Some(Action::ReadFile(job)) => {
                machine.handle_input(now, job.done(Ok(FileBytes(content()))));
            }
            Some(Action::RunCommand(job)) => {
                let exit = Exit { code: black_box(0), stdout: content() };
                machine.handle_input(now, job.done(Ok(exit)));
            }
            _ => {}
        }
    }
    machine.credential(now).is_ok()
}

#[cfg(feature = "kubeconfig")]
fn detected() -> bool {
    use kubecred_core::{Environment, Overrides, detect};
    let environment = Environment::new([(black_box("HOME"), black_box("/h"))]);
    let detection = detect(None, Overrides::default(), &environment);
    let reads = detection.reads().iter().map(|_| Ok(content())).collect();
    detection.feed(reads).is_ok()
}

#[cfg(feature = "edit")]
fn changed() -> bool {
    use kubecred_core::kubeconfig::edit::Chain;
    let Ok(chain) = Chain::of_file(black_box("/config"), content()) else { return false };
    let mut wanted = chain.config().clone();
    wanted.use_context(black_box("x")).is_ok() && chain.changes(&wanted).is_ok()
}

#[cfg(feature = "explain")]
fn explained() -> usize {
    use kubecred_core::kubeconfig::explain::{FileFacts, explain};
    use kubecred_core::{Environment, Overrides, UnixTime};
    let environment = Environment::new([(black_box("HOME"), black_box("/h"))]);
    let file = |_: &String| Ok(FileFacts { contents: content(), mode: None });
    let request = explain(None, Overrides::default(), &environment);
    let reads: Vec<_> = request.paths().iter().map(file).collect();
    let inputs = request.open(reads);
    let reads: Vec<_> = inputs.paths().iter().map(file).collect();
    inputs.finish(reads, Vec::new(), UnixTime::from_secs(black_box(0))).lints.len()
}
