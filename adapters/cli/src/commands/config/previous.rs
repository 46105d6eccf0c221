//! The context that was current before `use-context`, for `use-context -`.
//!
//! kubectl's files have no place for it, so it is kept in the cache folder, for each list of
//! kubeconfig files: KUBECACHEDIR, or ~/.kube/cache. It is a convenience: what cannot be read or
//! written there is no error of a command that does not ask for it.

use kubecred_login::Folder;
use kubecred_login::login::cache_folder;
use serde_json::{Map, Value};

/// Its file in the folder `kubecred`.
const FILE: &str = "previous-contexts.json";

/// Where the contexts are kept, and for which files.
pub(super) struct Previous {
    files: String,
}

impl Previous {
    /// For these files, in this order.
    pub(super) fn of(paths: &[String]) -> Self {
        let absolute = |path: &String| {
            let absolute = std::path::absolute(path).ok();
            absolute.map_or_else(|| path.clone(), |path| path.to_string_lossy().into_owned())
        };
        Self { files: paths.iter().map(absolute).collect::<Vec<_>>().join("\n") }
    }

    /// The one before, if it is known.
    pub(super) fn read(&self) -> Option<String> {
        self.all(&mut folder()?).get(&self.files)?.as_str().map(str::to_owned)
    }

    /// Keeps it for the next time.
    pub(super) fn write(&self, name: &str) -> Result<(), String> {
        let mut folder = folder().ok_or("neither KUBECACHEDIR nor HOME is a folder to write to")?;
        let mut all = self.all(&mut folder);
        all.insert(self.files.clone(), name.into());
        let text = Value::Object(all).to_string();
        folder.write(FILE, text.as_bytes()).map_err(|error| error.to_string())
    }

    fn all(&self, folder: &mut Folder) -> Map<String, Value> {
        let bytes = folder.read(FILE).ok().flatten();
        let all = bytes.and_then(|bytes| serde_json::from_slice(bytes.expose()).ok());
        all.unwrap_or_default()
    }
}

fn folder() -> Option<Folder> {
    let base = cache_folder()?;
    std::fs::create_dir_all(&base).ok()?;
    Folder::open(&base, &["kubecred"]).ok()
}
