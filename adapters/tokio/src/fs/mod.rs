//! Files, where waiting for them holds no task up.

mod kubeconfig_files;

pub use kubeconfig_files::KubeconfigFiles;

use kubecred_core::protocol::{FileBytes, ReadFile, WriteFile};
use kubecred_core::{Failure, FailureKind, Secret};
use kubecred_host::fs::{self, Placed};
use std::path::PathBuf;

pub(crate) async fn read(request: &ReadFile) -> Result<FileBytes, Failure> {
    read_file(&request.path, request.limit).await.map(FileBytes)
}

/// The whole content of a regular file.
pub(crate) async fn read_file(path: &str, limit: u64) -> Result<Secret, Failure> {
    let path = path.to_owned();
    job(move || fs::read_file(&path, limit)).await
}

/// Whole or not at all where that is possible, under kubectl's lock.
pub(crate) async fn write(request: &WriteFile) -> Result<Placed, Failure> {
    let file = PathBuf::from(&request.path);
    let locks = acquire(vec![file], fs::SAVE_PATIENCE).await?;
    let request = request.clone();
    job(move || fs::save_locked(&request, locks)).await
}

/// Takes the locks of all these files, or none. Dropped, it holds none.
async fn acquire(
    files: Vec<PathBuf>,
    patience: std::time::Duration,
) -> Result<Vec<fs::Lock>, fs::LockError> {
    let mut attempts = fs::Attempts::within(patience);
    loop {
        let files = files.clone();
        match spawn_blocking_io(move || fs::try_acquire(&files)).await {
            Ok(locks) => return Ok(locks),
            Err(error) => tokio::time::sleep(attempts.after(error)?).await,
        }
    }
}

/// The machine's: a panic is a failure of the job.
async fn job<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Failure::new(FailureKind::Other, error.to_string())),
    }
}

/// Does what may take time on a thread that may wait. A panic is handed on.
pub(crate) async fn spawn_blocking_io<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // The runtime does not end while a task waits here: it was a panic.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
