//! From a job to its answer.

use super::browser::Launchers;
use super::keyring::Keyring;
use super::prompt;
use crate::folder::{Folder, narrowed, not_used};
use crate::lock::Lock;
use kubecred_core::login::{self, DeleteEntry};
use kubecred_core::login::{
    EntryBytes, Input, KeyringItem, Locked, LoginWire, Opened, Random, RandomBytes, ReadEntry,
    Stored, WriteEntry,
};
use kubecred_core::protocol::{FileBytes, ReadFile};
use kubecred_core::{Failure, FailureKind, Job, Secret};
use kubecred_host::fs::failure;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;

/// How often to look whether a lock has been given back.
const INTERVAL: Duration = Duration::from_millis(50);

/// The cache of credentials; `None` without a home.
pub(super) type Entries = Result<Folder, String>;

/// What the jobs need from this process.
pub(super) struct Tools {
    pub(super) entries: Entries,
    pub(super) launchers: Launchers,
    pub(super) keyring: Keyring,
    pub(super) requests: kubecred_tokio::RequestSender,
}

fn folder(entries: &Entries) -> Result<&Folder, Failure> {
    entries.as_ref().map_err(|why| Failure::new(FailureKind::Unsupported, why.clone()))
}

fn entry(key: &str) -> String {
    [key, ".json"].concat()
}

/// Reads an entry of the cache; an unreadable one is none, and `warn` gets the reason.
pub(super) fn read_entry(
    job: Job<ReadEntry, LoginWire>,
    entries: &Entries,
    warn: &mut dyn FnMut(String),
) -> Input {
    let found = folder(entries).map(|folder| {
        let (mut folder, name) = (folder.clone(), entry(&job.request.key));
        let found = folder.read(&name).unwrap_or_else(|error| {
            warn(not_used(&folder.path().join(&name), &error));
            None
        });
        folder.take_narrowed().iter().for_each(|path| warn(narrowed(path)));
        found.filter(|bytes| bytes.len() as u64 <= job.request.limit)
    });
    // No cache is an empty one; that nothing can be stored is said when something is to be.
    job.done(Ok(EntryBytes(found.unwrap_or_default())))
}

pub(super) fn write_entry(job: Job<WriteEntry, LoginWire>, entries: &Entries) -> Input {
    let written = folder(entries).and_then(|folder| {
        let name = entry(&job.request.key);
        folder.write(&name, job.request.contents.expose()).map_err(|error| failure(&error))
    });
    job.done(written.map(|()| Stored))
}

pub(super) fn delete_entry(job: Job<DeleteEntry, LoginWire>, entries: &Entries) -> Input {
    let removed = folder(entries).and_then(|folder| {
        folder.remove(&entry(&job.request.key)).map_err(|error| failure(&error))
    });
    job.done(removed.map(|()| Stored))
}

/// Takes a lock; it is held for as long as what is given back lives.
pub(super) async fn lock(
    job: Job<login::Lock, LoginWire>,
    tools: Arc<Tools>,
) -> (Input, Option<Lock>) {
    let request = &job.request;
    let taken = match folder(&tools.entries) {
        Ok(folder) => take(folder, request).await,
        Err(why) => Err(why),
    };
    match taken {
        Ok(lock) => (job.done(Ok(Locked)), Some(lock)),
        Err(why) => (job.done(Err(why)), None),
    }
}

async fn take(folder: &Folder, request: &login::Lock) -> Result<Lock, Failure> {
    let name = [&request.key, ".lock"].concat();
    let note = format!("process {}: {}", std::process::id(), request.note);
    let mut lock = Lock::open(folder, &name).map_err(|error| failure(&error))?;
    let mut left = request.timeout;
    loop {
        match lock.try_lock(&note) {
            Ok(Ok(())) => return Ok(lock),
            Ok(Err(holder)) if left.is_zero() => {
                return Err(Failure::new(FailureKind::Conflict, holder));
            }
            Ok(Err(_)) => {}
            Err(error) => return Err(failure(&error)),
        }
        let pause = INTERVAL.min(left);
        tokio::time::sleep(pause).await;
        left -= pause;
    }
}

pub(super) async fn read_file(job: Job<ReadFile, LoginWire>) -> Input {
    let (path, limit) = (job.request.path.clone(), job.request.limit);
    let read = spawn_blocking(move || kubecred_host::fs::read_file(&path, limit).map(FileBytes));
    let read = read.await;
    job.done(read.unwrap_or_else(|error| Err(Failure::new(FailureKind::Other, error.to_string()))))
}

pub(super) fn random(job: Job<RandomBytes, LoginWire>) -> Input {
    let mut bytes = vec![0; job.request.count];
    let filled = getrandom::fill(&mut bytes);
    let filled = filled.map_err(|error| Failure::new(FailureKind::Other, error.to_string()));
    job.done(filled.map(|()| Random(Secret::new(bytes))))
}

pub(super) async fn open_browser(
    job: Job<login::OpenBrowser, LoginWire>,
    tools: Arc<Tools>,
) -> Input {
    let opened = tools.launchers.open(&job.request.url, &job.request.command).await;
    job.done(opened.map(|()| Opened))
}

pub(super) async fn ask(job: Job<login::Prompt, LoginWire>) -> Input {
    let typed = prompt::ask(job.request.what).await;
    job.done(typed.map(login::Typed))
}

pub(super) async fn keyring_get(
    job: Job<login::KeyringGet, LoginWire>,
    tools: Arc<Tools>,
) -> Input {
    let login::KeyringGet { service, account, timeout } = &job.request;
    let found = tools.keyring.get(service, account, *timeout).await;
    job.done(found.map(KeyringItem))
}

pub(super) async fn keyring_set(
    job: Job<login::KeyringSet, LoginWire>,
    tools: Arc<Tools>,
) -> Input {
    let login::KeyringSet { service, account, secret, timeout } = &job.request;
    let set = tools.keyring.set(service, account, secret, *timeout).await;
    job.done(set.map(|()| Stored))
}

pub(super) async fn keyring_delete(
    job: Job<login::KeyringDelete, LoginWire>,
    tools: Arc<Tools>,
) -> Input {
    let login::KeyringDelete { service, account, timeout } = &job.request;
    let gone = tools.keyring.delete(service, account, *timeout).await;
    job.done(gone.map(|()| Stored))
}
