//! Changing kubeconfig files, without holding a task up.

use super::{acquire, spawn_blocking_io};
use kubecred_core::Kubeconfig;
use kubecred_core::kubeconfig::Search;
use kubecred_core::kubeconfig::edit::Chain;
use kubecred_host::fs::{self, Changed, Editing, FileError};
use std::time::Duration;

/// The kubeconfig files of a [`Search`], to read them as they are and to change them: a
/// [`kubecred_host::fs::KubeconfigFiles`] whose calls are awaited.
///
/// ```
/// use kubecred_core::kubeconfig::edit::EditError;
/// use kubecred_tokio::KubeconfigFiles;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("config");
/// # let path = path.to_str().unwrap();
/// # std::fs::write(path, "contexts: [{name: prod, context: {cluster: c}}] # ours\n")?;
/// let files = KubeconfigFiles::at(path); // or from_env()
/// let changed = files.edit(|config| config.use_context("prod")).await?;
/// assert_eq!(changed.written, [path]);
/// # assert!(std::fs::read_to_string(path)?.contains("# ours"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KubeconfigFiles(fs::KubeconfigFiles);

impl KubeconfigFiles {
    /// The files that a search names.
    pub fn new(search: Search) -> Self {
        Self(fs::KubeconfigFiles::new(search))
    }

    /// The files of this process: those in `KUBECONFIG`, or else `~/.kube/config`.
    pub fn from_env() -> Self {
        Self(fs::KubeconfigFiles::from_env())
    }

    /// This file and no other. An empty path is none, as an empty flag is.
    pub fn at(path: &str) -> Self {
        Self(fs::KubeconfigFiles::at(path))
    }

    /// Waits no longer than this for another program's lock; five seconds if this is not said. What
    /// is stale is not waited for at all.
    #[must_use]
    pub fn wait_at_most(self, patience: Duration) -> Self {
        Self(self.0.wait_at_most(patience))
    }

    /// Writes paths as they are given. Without this, one that leads into the folder of its file is
    /// written relative to it, and others are written absolute (KC-90).
    #[must_use]
    pub fn with_paths_as_given(self) -> Self {
        Self(self.0.with_paths_as_given())
    }

    /// Reads the files, and takes no lock. Paths in them are as they are written (KB-1).
    ///
    /// # Errors
    /// Everything that is wrong with the files. One that is not there is an empty one.
    pub async fn read(&self) -> Result<Chain, FileError> {
        let files = self.0.clone();
        spawn_blocking_io(move || files.read()).await
    }

    /// Takes the locks, reads the files, lets `change` change them, writes what differs, and gives
    /// the locks back. `change` runs on a thread that may wait; kubectl fails as long as it does.
    ///
    /// Each file is replaced at once or not at all. All drafts are written before the first file is
    /// replaced, so that a full disk or a missing permission leaves all as they were.
    ///
    /// If the future is dropped before the first file is written, nothing is written, and the locks
    /// are given back; later the change is made nevertheless.
    ///
    /// # Errors
    /// Nothing has changed then, unless a file could not be replaced after others were.
    ///
    /// # Panics
    /// If `change` does. The locks are given back, nothing is written.
    pub async fn edit<T, E>(
        &self,
        change: impl FnOnce(&mut Kubeconfig) -> Result<T, E> + Send + 'static,
    ) -> Result<Changed<T>, FileError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.edit_with(Editing::default(), change).await
    }

    /// The same, as a change that can be given up from elsewhere: [`Editing::cancel`] also says
    /// whether files are being written already, and the end of that is to be waited for.
    ///
    /// # Errors
    /// As [`KubeconfigFiles::edit`]; [`FileError::Cancelled`].
    ///
    /// # Panics
    /// As [`KubeconfigFiles::edit`].
    pub async fn edit_with<T, E>(
        &self,
        editing: Editing,
        change: impl FnOnce(&mut Kubeconfig) -> Result<T, E> + Send + 'static,
    ) -> Result<Changed<T>, FileError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let _cancel = CancelOnDrop(editing.clone());
        let files = self.0.clone();
        spawn_blocking_io(move || files.make_folders()).await?;
        editing.hold(acquire(self.0.paths(), self.0.patience()).await?);
        let files = self.0.clone();
        spawn_blocking_io(move || files.edit_locked(&editing, change)).await
    }
}

struct CancelOnDrop(Editing);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
