//! One run of an exec plugin for many processes: `kubecred cache -- COMMAND…`.
//!
//! The common run finds a good answer in a file, and prints it: no runtime, no lock, no other
//! process. Otherwise one process runs the plugin under a lock, and those that wait for it get its
//! answer, or its failure.

mod key;
mod process;
mod store;

pub use store::StoreChoice;

use crate::folder::Folder;
use crate::lock::{Lock, LockError};
use crate::signals::Interrupt;
use key::Key;
use kubecred_core::api::exec_credential::ExecCredential;
use kubecred_core::exec::{self, InfoProblem};
use kubecred_core::plugin_cache::{
    Asker, Decision, Entry, Failed, Grant, RunReason, accept, decide, printed,
};
use kubecred_core::protocol::Stdin;
use kubecred_core::{PluginProblem, Secret, UnixTime};
use kubecred_host::Clock;
use process::{ProcessError, Run};
use std::path::Path;
use std::time::Duration;
use store::NoStore;

/// A file of notes that is longer than this is begun anew; what is lost is a refusal unnoticed.
const MOST_NOTES: usize = 64 << 10;

/// How long a note of a failure is of use to nobody but the next run.
const OLD_FAILURE: Duration = Duration::from_secs(3600);

/// What to run, and how to keep what it answers.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "settings")]
pub struct Request {
    /// The plugin's program, a path or a name to look up in PATH, and its arguments.
    pub command: Vec<String>,
    /// Where to keep the answer.
    pub store: StoreChoice,
    /// The variables that make a difference; `None`: all but
    /// [`VOLATILE`](kubecred_core::plugin_cache::VOLATILE).
    pub key_env: Option<Vec<String>>,
    /// How long to keep a credential that does not say when it ends; `None`: not at all.
    pub ttl: Option<Duration>,
    /// How long the plugin may take, and how long to wait for a process that runs it.
    pub timeout: Duration,
}

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// `KUBERNETES_EXEC_INFO` is set and cannot be understood.
    #[error("{0}")]
    Info(InfoProblem),
    /// There is no command to run.
    #[error("no command is given")]
    NoCommand,
    /// The plugin could not be run, or gave no usable answer.
    #[error("plugin {program:?}: {problem}")]
    Plugin {
        /// Its program, as it was given.
        program: String,
        /// What is wrong.
        problem: PluginProblem,
    },
    /// It has just failed, and is not run again yet.
    #[error("plugin {program:?}: {reason}{}", retry(.wait))]
    JustFailed {
        /// Its program, as it was given.
        program: String,
        /// What was wrong.
        reason: String,
        /// How long until it is run again; `None`: the next run runs it.
        wait: Option<Duration>,
    },
    /// Another process has been running it for the whole time limit.
    #[error("timed out after {} s: {holder} is still running plugin {program:?}", .limit.as_secs())]
    Busy {
        /// Its program, as it was given.
        program: String,
        /// The process that runs it.
        holder: String,
        /// The limit.
        limit: Duration,
    },
    /// A signal ended the run; the plugin is stopped.
    #[error("interrupted")]
    Interrupted(Interrupt),
    /// Certificate, key or token is not text.
    #[error("plugin {0:?} printed a token, certificate or key that is not UTF-8")]
    NotText(String),
}

fn retry(wait: &Option<Duration>) -> String {
    match wait {
        Some(wait) => format!("; it is run again in {} s", wait.as_millis().div_ceil(1000)),
        None => String::new(),
    }
}

/// Gives the `ExecCredential` to print, with its line break. `tell` gets notices for people.
///
/// # Errors
/// See [`CacheError`]. None holds a secret.
pub fn run(request: &Request, tell: &mut dyn FnMut(String)) -> Result<Secret, CacheError> {
    let started = key::started();
    let (name, args) = request.command.split_first().ok_or(CacheError::NoCommand)?;
    let asked = asked()?;
    let question = asked.clone().unwrap_or_default();
    let Some(program) = kubecred_host::process::find_program(name) else {
        let problem = PluginProblem::NotFound;
        return Err(CacheError::Plugin { program: name.clone(), problem });
    };
    let folder = match store::open(request.store) {
        Ok(folder) => Some(folder),
        Err(NoStore::Chosen) => None,
        Err(why) => {
            tell(format!("the credential of {name:?} is not kept: {why}"));
            None
        }
    };
    let mut cache = Cache {
        request,
        name,
        args,
        key: key::key(&program, args, &question, request.key_env.as_deref()),
        asker: asked.is_some().then(key::asker).flatten(),
        asked,
        question,
        started,
        clock: Clock::start(),
        tell,
    };
    match folder {
        Some(folder) => cache.kept_or_run(folder),
        None => cache.run_plugin().map(|(credential, _)| credential),
    }
}

/// What `KUBERNETES_EXEC_INFO` says; `None` if it is unset.
fn asked() -> Result<Option<ExecCredential>, CacheError> {
    let info = std::env::var_os(exec::KUBERNETES_EXEC_INFO).unwrap_or_default();
    match exec::parse_info(&info.to_string_lossy()) {
        Ok(info) => Ok(Some(info)),
        Err(InfoProblem::Unset) => Ok(None),
        Err(problem) => Err(CacheError::Info(problem)),
    }
}

/// Removes what is kept: of this command, with whatever arguments of ours and environment it was
/// run, or of all. Gives how many credentials there were.
///
/// # Errors
/// Those of the system.
pub fn clear(command: &[String]) -> std::io::Result<usize> {
    let wanted = command.split_first().map(|(name, args)| {
        let program = kubecred_host::process::find_program(name).unwrap_or_else(|| name.clone());
        key::command(&program, args)
    });
    let mut removed = 0;
    for choice in [StoreChoice::Runtime, StoreChoice::Disk] {
        let Ok(mut folder) = store::open(choice) else { continue };
        for name in folder.names(".json")? {
            let text = folder.read(&file(&name, "json")).ok().flatten().unwrap_or_default();
            let head = Entry::read_head(text.expose());
            if wanted.is_none() || wanted == head.map(|(command, _)| command) {
                removed += 1;
                remove(&folder, &name)?;
            }
        }
        if wanted.is_none() {
            for name in folder.names(".failed")? {
                remove(&folder, &name)?;
            }
        }
    }
    Ok(removed)
}

fn file(key: &str, kind: &str) -> String {
    [key, ".", kind].concat()
}

/// Removes all of one key but the lock, which others may hold.
fn remove(folder: &Folder, key: &str) -> std::io::Result<()> {
    for kind in ["json", "given", "failed"] {
        folder.remove(&file(key, kind))?;
    }
    Ok(())
}

struct Cache<'a> {
    request: &'a Request,
    name: &'a str,
    args: &'a [String],
    key: Key,
    asker: Option<Asker>,
    asked: Option<ExecCredential>,
    question: ExecCredential,
    started: UnixTime,
    clock: Clock,
    tell: &'a mut dyn FnMut(String),
}

impl Cache<'_> {
    fn now(&self) -> UnixTime {
        self.clock.now().wall
    }

    fn kept_or_run(&mut self, mut folder: Folder) -> Result<Secret, CacheError> {
        let (entry, decision) = self.look(&mut folder);
        if let (Some(entry), Decision::Print) = (&entry, decision) {
            return Ok(self.give(&folder, entry));
        }
        let _lock = self.lock(&folder)?;
        // Another process may have run it meanwhile, with whatever outcome.
        let (entry, decision) = self.look(&mut folder);
        let reason = match (&entry, decision) {
            (Some(entry), Decision::Print) => return Ok(self.give(&folder, entry)),
            (_, Decision::Run(reason)) => reason,
            (None, Decision::Print) => RunReason::NoEntry,
        };
        let still_good = entry.as_ref().filter(|entry| self.now() < entry.ends);
        let failed = self.read_failed(&mut folder);
        let error = match failed.as_ref().filter(|failed| self.counts(failed)) {
            Some(failed) => self.just_failed(failed),
            None => match self.run_and_keep(&mut folder, reason, entry.as_ref()) {
                Ok(credential) => return Ok(credential),
                Err(error @ (CacheError::Interrupted(_) | CacheError::Busy { .. })) => {
                    return Err(error);
                }
                Err(error) => {
                    self.note_failure(&folder, &error, failed.as_ref());
                    error
                }
            },
        };
        match still_good {
            Some(entry) => {
                (self.tell)(format!("{error}; its last credential is used until {}", entry.ends));
                Ok(self.give(&folder, entry))
            }
            None => Err(error),
        }
    }

    /// The kept answer, and what to do.
    fn look(&mut self, folder: &mut Folder) -> (Option<Entry>, Decision) {
        let entry = self.read(folder, "json").and_then(|text| {
            let entry = Entry::read(text.expose(), self.question.api_version);
            // Entries of a plugin that chose its version itself are of either.
            let other = || match self.asked {
                Some(_) => None,
                None => Entry::read(text.expose(), kubecred_core::ExecApiVersion::V1Beta1),
            };
            entry.or_else(other)
        });
        let entry = entry.filter(|entry| entry.id == key::digest(entry.credential.expose(), 8));
        let grants = match self.asker {
            Some(_) => self.read(folder, "given"),
            None => None,
        };
        let grants = grants.as_ref().and_then(Secret::expose_str).map(Grant::read);
        let grants = grants.unwrap_or_default();
        let decision = decide(entry.as_ref(), &grants, self.asker, self.started, self.now());
        (entry, decision)
    }

    /// A file that cannot be read is no file: the plugin is run then.
    fn read(&mut self, folder: &mut Folder, kind: &str) -> Option<Secret> {
        let name = file(&self.key.run, kind);
        let read = folder.read(&name);
        for path in folder.take_narrowed() {
            (self.tell)(crate::folder::narrowed(&path));
        }
        read.unwrap_or_else(|error| {
            (self.tell)(crate::folder::not_used(&folder.path().join(name), &error));
            None
        })
    }

    fn read_failed(&mut self, folder: &mut Folder) -> Option<Failed> {
        let text = self.read(folder, "failed")?;
        Failed::read(text.expose_str()?)
    }

    /// Whether it stands for this run's own: it is too recent, or happened while this one waited.
    fn counts(&self, failed: &Failed) -> bool {
        failed.pause(self.now()).is_some() || failed.at >= self.started
    }

    fn just_failed(&self, failed: &Failed) -> CacheError {
        let now = self.now();
        CacheError::JustFailed {
            program: self.name.to_owned(),
            reason: failed.reason.clone(),
            wait: failed.pause(now).map(|until| until.since(now)),
        }
    }

    /// Notes who was given the entry, so that the same client's next question is understood.
    fn give(&self, folder: &Folder, entry: &Entry) -> Secret {
        if let Some(asker) = self.asker {
            let grant = Grant { id: entry.id.clone(), asker, at: self.now() };
            let name = file(&self.key.run, "given");
            let size = std::fs::metadata(folder.path().join(&name)).map_or(0, |file| file.len());
            // Without the note a refusal is not noticed; the credential is good all the same.
            if size > MOST_NOTES as u64 {
                let _ = folder.remove(&name);
            }
            let _ = folder.append(&name, &grant.write());
        }
        entry.credential.clone()
    }

    /// Where there are no locks, everybody runs the plugin.
    fn lock(&mut self, folder: &Folder) -> Result<Option<Lock>, CacheError> {
        let note = format!("process {}", std::process::id());
        let name = self.name;
        let tell = &mut *self.tell;
        let mut waiting = |holder: &str| {
            tell(format!("waiting for {holder}, which is running plugin {name:?}"));
        };
        let limit = self.request.timeout;
        let lock = Lock::take(folder, &file(&self.key.run, "lock"), &note, limit, &mut waiting);
        match lock {
            Ok(lock) => Ok(Some(lock)),
            Err(LockError::Busy(holder)) => {
                Err(CacheError::Busy { program: name.to_owned(), holder, limit })
            }
            Err(LockError::Io(error)) => {
                (self.tell)(format!("going on without a lock in {:?}: {error}", folder.path()));
                Ok(None)
            }
        }
    }

    fn run_and_keep(
        &mut self,
        folder: &mut Folder,
        reason: RunReason,
        old: Option<&Entry>,
    ) -> Result<Secret, CacheError> {
        let (credential, ends) = self.run_plugin()?;
        let now = self.now();
        let Some(ends) = ends.filter(|ends| *ends > now) else {
            let text = match ends {
                Some(_) => "has already ended",
                None => "does not say when it ends; --ttl=TIME keeps it for that long",
            };
            (self.tell)(format!("not kept: the credential of plugin {:?} {text}", self.name));
            return Ok(credential);
        };
        let refusals = match (reason, old) {
            (RunReason::Refused, Some(old)) => old.refusals.saturating_add(1),
            _ => 0,
        };
        let id = key::digest(credential.expose(), 8);
        let command = self.key.command.clone();
        let entry = Entry { id, command, obtained: now, ends, refusals, credential };
        let written = folder.write(&file(&self.key.run, "json"), entry.write().expose());
        match written {
            Ok(()) => {
                let _ = folder.remove(&file(&self.key.run, "failed"));
                // Notes about the old one are of no use, unless it is the same.
                if old.is_none_or(|old| old.id != entry.id) {
                    let _ = folder.remove(&file(&self.key.run, "given"));
                }
                sweep(folder, now);
            }
            Err(error) => {
                let path = folder.path();
                (self.tell)(format!("the credential cannot be kept in {path:?}: {error}"));
            }
        }
        Ok(self.give(folder, &entry))
    }

    /// Runs the plugin; gives what to print, and when it ends.
    fn run_plugin(&mut self) -> Result<(Secret, Option<UnixTime>), CacheError> {
        let interactive = self.asked.as_ref().is_none_or(|asked| asked.spec.interactive);
        let run = Run {
            program: self.name,
            args: self.args,
            stdin: if interactive { Stdin::Inherit } else { Stdin::Null },
            timeout: self.request.timeout,
        };
        let plugin = |problem| CacheError::Plugin { program: self.name.to_owned(), problem };
        let exit = run.to_its_end().map_err(|error| match error {
            ProcessError::Interrupted(interrupt) => CacheError::Interrupted(interrupt),
            ProcessError::Plugin(problem) => plugin(problem),
        })?;
        let version = self.asked.as_ref().map(|asked| asked.api_version);
        let answer = accept(version, &exit).map_err(plugin)?;
        let now = self.now();
        let ttl = self.request.ttl.map(|ttl| now.saturating_add(ttl));
        let ends = answer.fetched.expires.or(ttl);
        let text = printed(&answer, ends, now);
        let text = text.ok_or_else(|| CacheError::NotText(self.name.to_owned()))?;
        Ok((text, ends))
    }

    fn note_failure(&self, folder: &Folder, error: &CacheError, last: Option<&Failed>) {
        let reason = match error {
            CacheError::Plugin { problem, .. } => problem.to_string(),
            other => other.to_string(),
        };
        let reason = reason.replace(['\n', '\r'], " ");
        let count = last.map_or(1, |last| last.count.saturating_add(1));
        let failed = Failed { at: self.now(), count, reason };
        // Without the note the next run tries again at once.
        let _ = folder.write(&file(&self.key.run, "failed"), failed.write().as_bytes());
    }
}

/// Removes what has ended: keys change with the environment, and would pile up.
fn sweep(folder: &mut Folder, now: UnixTime) {
    let ended = |folder: &mut Folder, name: &str| {
        let text = folder.read(&file(name, "json")).ok().flatten().unwrap_or_default();
        Entry::read_head(text.expose()).is_none_or(|(_, ends)| ends < now)
    };
    for name in folder.names(".json").unwrap_or_default() {
        if ended(folder, &name) {
            let _ = remove(folder, &name);
        }
    }
    for name in folder.names(".failed").unwrap_or_default() {
        let text = folder.read(&file(&name, "failed")).ok().flatten().unwrap_or_default();
        let failed = text.expose_str().and_then(Failed::read);
        if failed.is_none_or(|failed| failed.at.saturating_add(OLD_FAILURE) < now) {
            let _ = folder.remove(&file(&name, "failed"));
        }
    }
}

/// Where credentials are kept in this store, for people to look at; `None` if it cannot be used.
#[must_use]
pub fn folder(choice: StoreChoice) -> Option<Box<Path>> {
    store::open(choice).ok().map(|folder| folder.path().into())
}
