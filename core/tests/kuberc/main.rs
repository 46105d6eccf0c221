//! kuberc: which file, what of it counts, what it does to a profile (KB-60…KB-63).

mod apply;
mod kubectl;
mod read;
mod search;

use kubecred_core::kubeconfig::{Kuberc, KubercPolicy};
use kubecred_core::{
    Authentication, ConfigError, Environment, Exec, Failure, FailureKind, Profile, Secret,
};

fn missing() -> Result<Secret, Failure> {
    Err(Failure::new(FailureKind::NotFound, "no such file or directory"))
}

/// The file that `--kuberc=/k/rc` names.
fn named() -> Kuberc {
    Kuberc::search(Some("/k/rc"), &Environment::default()).unwrap().unwrap()
}

/// The one in the home directory: `/h/.kube/kuberc`.
fn default() -> Kuberc {
    Kuberc::search(None, &Environment::new([("HOME", "/h")])).unwrap().unwrap()
}

fn read(kuberc: &Kuberc, text: &str) -> Result<KubercPolicy, ConfigError> {
    kuberc.read([Ok(Secret::from(text))])
}

/// A Preference of version `v1beta1` with these fields, at line 3.
fn beta(fields: &str) -> String {
    format!("apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n{fields}\n")
}

/// A Preference of version `v1alpha1` with these fields, at line 3.
fn alpha(fields: &str) -> String {
    format!("apiVersion: kubectl.config.k8s.io/v1alpha1\nkind: Preference\n{fields}\n")
}

/// A profile that runs a plugin.
fn with_plugin() -> Profile {
    let mut profile = Profile::new("https://h");
    profile.authentication = Authentication::exec(Exec::new("login"));
    profile
}

/// What is told of a file to who does not run a plugin.
fn notices(policy: KubercPolicy) -> Vec<(String, String)> {
    let mut profile = Profile::new("https://h");
    policy.apply(&mut profile).expect("no plugin is run");
    profile.notices.into_iter().map(|notice| (notice.rule, notice.text)).collect()
}
