//! Where answers are kept.

use crate::folder::{Folder, FolderError};
use kubecred_core::redact;
use std::fmt;
use std::path::PathBuf;

/// Which store to use. The exec API wants credentials to be kept in memory only, so a disk is used
/// only if somebody says so (LG-122).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreChoice {
    /// The runtime folder, which is in memory and gone when the user logs out.
    #[default]
    Runtime,
    /// The cache folder in the home directory, or `KUBECACHEDIR`.
    Disk,
    /// None: the plugin runs each time.
    None,
}

/// Why nothing is kept.
#[derive(Debug)]
pub(super) enum NoStore {
    /// As asked for.
    Chosen,
    /// There is no runtime folder.
    NoRuntimeFolder,
    /// `XDG_RUNTIME_DIR` is relative: whose folder it is depends on where the program runs.
    RelativeRuntimeFolder(PathBuf),
    /// There is no home directory.
    NoHome,
    /// The folder cannot be used.
    Folder(FolderError),
}

impl fmt::Display for NoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chosen => f.write_str("the store is \"none\""),
            Self::NoRuntimeFolder => f.write_str(
                "XDG_RUNTIME_DIR is not set, so there is no folder in memory; --store=disk keeps \
                 credentials in files of mode 0600",
            ),
            Self::RelativeRuntimeFolder(path) => write!(
                f,
                "XDG_RUNTIME_DIR is {:?}, which is no absolute path; --store=disk keeps credentials \
                 in files of mode 0600",
                redact::text(&path.to_string_lossy())
            ),
            Self::NoHome => f.write_str("neither KUBECACHEDIR nor HOME is set"),
            Self::Folder(error) => write!(f, "{error}"),
        }
    }
}

/// Opens the folder of a store.
pub(super) fn open(choice: StoreChoice) -> Result<Folder, NoStore> {
    let (base, names): (PathBuf, &[&str]) = match choice {
        StoreChoice::None => return Err(NoStore::Chosen),
        StoreChoice::Runtime => (runtime_folder()?, &["kubecred", "plugins"]),
        StoreChoice::Disk => match variable("KUBECACHEDIR") {
            Some(base) => (base, &["kubecred", "plugins"]),
            None => {
                let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
                let base = home.ok_or(NoStore::NoHome)?.join(".kube").join("cache");
                (base, &["kubecred", "plugins"])
            }
        },
    };
    if choice == StoreChoice::Disk {
        std::fs::create_dir_all(&base)
            .map_err(|error| NoStore::Folder(FolderError::Io(base.clone(), error)))?;
    }
    Folder::open(&base, names).map_err(NoStore::Folder)
}

/// `XDG_RUNTIME_DIR`, or where systemd has it; it is in memory and this user's alone.
fn runtime_folder() -> Result<PathBuf, NoStore> {
    if let Some(path) = variable("XDG_RUNTIME_DIR") {
        return match path.is_absolute() {
            true => Ok(path),
            false => Err(NoStore::RelativeRuntimeFolder(path)),
        };
    }
    #[cfg(target_os = "linux")]
    {
        let user = rustix::process::geteuid().as_raw();
        let path = PathBuf::from(format!("/run/user/{user}"));
        if path.is_dir() {
            return Ok(path);
        }
    }
    Err(NoStore::NoRuntimeFolder)
}

/// A variable; an empty one is an unset one.
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
