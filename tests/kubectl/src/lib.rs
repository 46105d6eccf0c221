//! kubectl is real client-go, so tests ask it what is right. This says where its versions are.
//!
//! They are looked for in the folder that the variable `KUBECRED_KUBECTLS` names; in
//! `target/tools/kubectl`, where `tests/tools kubectl` installs them; and beside the `kubectl` on
//! `PATH`. In each they are called `kubectl.1.33`, as Google's packages call them.

use std::env;
use std::path::{Path, PathBuf};

/// The minor version that tests compare with unless they say another: 33 stands for kubectl 1.33.
pub const USUAL: u8 = 33;

/// The newest that tests compare with: it has kuberc's plugin policies.
pub const NEWEST: u8 = 35;

/// The kubectl that tests compare with unless they say another.
///
/// # Panics
///
/// If it is in none of the folders.
#[must_use]
pub fn kubectl() -> PathBuf {
    version(USUAL)
}

/// kubectl 1.`minor`.
///
/// # Panics
///
/// If it is in none of the folders.
#[must_use]
pub fn version(minor: u8) -> PathBuf {
    find(minor).unwrap_or_else(|| {
        panic!(
            "this test compares with kubectl 1.{minor}: `tests/tools kubectl 1.{minor}` installs it"
        )
    })
}

/// Every version that is there, oldest first, with its minor number.
#[must_use]
pub fn versions() -> Vec<(u8, PathBuf)> {
    (20..60).filter_map(|minor| Some((minor, find(minor)?))).collect()
}

fn find(minor: u8) -> Option<PathBuf> {
    let name = format!("kubectl.1.{minor}");
    folders().into_iter().map(|folder| folder.join(&name)).find(|file| file.is_file())
}

fn folders() -> Vec<PathBuf> {
    let named = env::var_os("KUBECRED_KUBECTLS").map(PathBuf::from);
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/kubectl");
    let path = env::var_os("PATH").unwrap_or_default();
    let beside = env::split_paths(&path)
        .filter_map(|folder| folder.join("kubectl").canonicalize().ok())
        .filter_map(|file| file.parent().map(Path::to_owned));
    named.into_iter().chain([installed]).chain(beside).collect()
}
