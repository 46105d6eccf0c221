//! Kubeconfigs from search to profile, rule by rule (KC-*, UA-*, IC-*).

mod auth_provider;
mod decode;
mod detect;
mod exec;
mod in_cluster;
mod kubectl;
mod kubectl_connect;
mod merge;
mod origins;
mod overrides;
mod search;
mod secrets;
mod select;
mod users;
mod validate;

use kubecred_core::kubeconfig::{ProblemKind, search as find};
use kubecred_core::{
    ConfigError, Environment, Failure, FailureKind, Kubeconfig, Overrides, Profile, Secret,
};

/// A failure to read a file that is not there.
fn missing() -> Result<Secret, Failure> {
    Err(Failure::new(FailureKind::NotFound, "no such file or directory"))
}

/// Loads these files as `KUBECONFIG` would name them, on Unix in `/work`.
fn load(files: &[(&str, &str)]) -> Result<Kubeconfig, ConfigError> {
    let list = files.iter().map(|(path, _)| *path).collect::<Vec<_>>().join(":");
    let environment = Environment::new([("KUBECONFIG", list)]).in_directory("/work");
    let search = find(None, &environment);
    assert_eq!(search.paths().len(), files.len(), "a name that cannot stand in a list");
    search.load(files.iter().map(|(_, text)| Ok(Secret::from(*text))))
}

/// Loads one file, `/k/config`.
fn parse(text: &str) -> Result<Kubeconfig, ConfigError> {
    load(&[("/k/config", text)])
}

/// A file whose current context `c` has cluster `k` and user `u` with these bodies.
fn file(cluster: &str, user: &str) -> String {
    format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
         clusters:\n- name: k\n  cluster: {cluster}\nusers:\n- name: u\n  user: {user}\n"
    )
}

fn select_with(cluster: &str, user: &str, overrides: &Overrides) -> Result<Profile, ConfigError> {
    let config = parse(&file(cluster, user)).expect("a kubeconfig that can be decoded");
    config.select(overrides, &Environment::default())
}

fn select(cluster: &str, user: &str) -> Result<Profile, ConfigError> {
    select_with(cluster, user, &Overrides::default())
}

/// The profile of a user of an HTTPS server.
fn user(body: &str) -> Result<Profile, ConfigError> {
    select("{server: 'https://h'}", body)
}

/// The profile of a cluster without a user.
fn cluster(body: &str) -> Result<Profile, ConfigError> {
    select(body, "{}")
}

fn kinds<T>(result: &Result<T, ConfigError>) -> Vec<ProblemKind> {
    match result {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().iter().map(|problem| problem.kind.clone()).collect(),
    }
}

fn text<T>(result: Result<T, ConfigError>) -> String {
    match result {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn rules(profile: &Profile) -> Vec<&str> {
    profile.notices.iter().map(|notice| notice.rule.as_str()).collect()
}
