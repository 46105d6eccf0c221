//! The host of a login: it carries out what [`kubecred_core::login`] decides.
//!
//! [`run`] gives the outcome. A run that finds a good token in the cache reads one file and starts
//! no runtime; only what comes after that does.

mod browser;
mod driver;
mod forget;
mod keyring;
mod listener;
mod perform;
mod prompt;
mod qr;
mod render;
mod surroundings;

pub use browser::Launchers;
pub use driver::{Finished, run};
pub use forget::{Forgotten, forget_all};
pub use keyring::KeyringChoice;
pub use listener::{Arrival, Listener};
pub use qr::{QrDrawing, qr_code};
pub use render::Rendered;
pub use surroundings::facts;

use crate::folder::Folder;
use crate::page::TemplateFolders;
use kubecred_core::login::Event;
use std::path::PathBuf;

/// What a login may use of this process.
pub struct Host {
    /// Where tokens are cached: `KUBECACHEDIR`, `--token-cache-dir`, or [`cache_folder`]'s default.
    pub cache: Option<PathBuf>,
    /// Which keyring holds what is not to be in files.
    pub keyring: KeyringChoice,
    /// Trust the system's certificate authorities beside those of the settings (LG-26).
    pub system_roots: bool,
    /// Where the user's own pages are.
    pub templates: TemplateFolders,
    /// Whether browsers may write to standard error.
    pub browser_stderr: bool,
    /// Gets what a person should know.
    pub tell: Box<dyn FnMut(Event)>,
    /// Gets notices of the host: a template that is broken, a file whose mode was narrowed.
    pub warn: Box<dyn FnMut(String)>,
}

/// The folder that holds caches: `KUBECACHEDIR`, or `.kube/cache` in the home directory. `None` if
/// there is neither (LG-100).
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    let named = std::env::var_os("KUBECACHEDIR").filter(|value| !value.is_empty());
    if let Some(named) = named {
        return Some(named.into());
    }
    let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty())?;
    Some(home.join(".kube").join("cache"))
}

/// Opens the folder of entries under a cache folder.
fn entries(cache: Option<&PathBuf>) -> Result<Folder, String> {
    let base = cache.ok_or("neither KUBECACHEDIR nor a home directory is set")?;
    std::fs::create_dir_all(base).map_err(|error| format!("{}: {error}", base.display()))?;
    Folder::open(base, &["kubecred", "login"]).map_err(|error| error.to_string())
}
