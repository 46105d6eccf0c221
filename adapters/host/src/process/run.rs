//! Running a plugin to its end on a thread that may wait.

use super::PIPE_GRACE;
use super::command::{Prepared, code, not_run, prepare, stop};
use super::stderr::{PluginStderr, Tail};
use crate::clock::Clock;
use crate::fs::{Bounded, failure};
use kubecred_core::protocol::{Exit, RunCommand};
use kubecred_core::{Failure, FailureKind};
use std::io::Read;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use zeroize::Zeroizing;

/// How often to look whether the plugin has ended, or is to be stopped, while its pipes are silent.
const POLL: Duration = Duration::from_millis(10);

/// The same once its pipes are closed, when its end is near.
const CLOSED_POLL: Duration = Duration::from_millis(1);

/// How many pieces of output may wait to be taken.
const PIECES: usize = 4;

/// A wish to stop a job, to be set from another thread.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks for the job to be stopped.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether that was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Runs a program to its end, or until it is cancelled: then it is killed with all that it started.
///
/// # Errors
/// Why it did not run, or not to its end.
pub fn run(request: &RunCommand, stderr: &PluginStderr, cancel: &Cancel) -> Result<Exit, Failure> {
    let mut process = Process::spawn(prepare(request, stderr)?, request)?;
    let pieces = process.pipes();
    let mut output = Bounded::new(request.limit);
    let mut tail = Tail::new(stderr);
    let clock = Clock::start();
    let (mut exit, mut closed) = (None, false);
    loop {
        match pieces.recv_timeout(if closed { CLOSED_POLL } else { POLL }) {
            Ok(Piece::Stdout(bytes)) => output.push(&bytes)?,
            Ok(Piece::Stderr(bytes)) => tail.push(&bytes),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) if closed => std::thread::sleep(CLOSED_POLL),
            Err(RecvTimeoutError::Disconnected) => closed = true,
        }
        if cancel.is_cancelled() {
            return Err(Failure::new(FailureKind::Other, "it was stopped"));
        }
        if exit.is_none() {
            exit = process.ended()?.map(|code| (code, clock.now().monotonic));
        }
        // A process that it started may hold its pipes open.
        if let Some((code, at)) = exit
            && (closed || clock.now().monotonic.since(at) >= PIPE_GRACE)
        {
            return Ok(Exit { code, stdout: output.into_secret() });
        }
    }
}

enum Piece {
    Stdout(Zeroizing<Vec<u8>>),
    Stderr(Vec<u8>),
}

/// A running plugin. Dropped before its end, it is killed with all that it started.
struct Process {
    child: Child,
    leads_group: bool,
    running: bool,
}

impl Process {
    fn spawn(prepared: Prepared, request: &RunCommand) -> Result<Self, Failure> {
        let Prepared { mut command, leads_group } = prepared;
        let child = command.spawn().map_err(|error| not_run(&error, request))?;
        Ok(Self { child, leads_group, running: true })
    }

    /// What comes out of its pipes, read on threads of their own. Disconnected at the end of both.
    fn pipes(&mut self) -> Receiver<Piece> {
        let (sender, receiver) = sync_channel(PIECES);
        if let Some(pipe) = self.child.stdout.take() {
            follow(pipe, sender.clone(), |bytes| Piece::Stdout(Zeroizing::new(bytes)));
        }
        if let Some(pipe) = self.child.stderr.take() {
            follow(pipe, sender, Piece::Stderr);
        }
        receiver
    }

    fn ended(&mut self) -> Result<Option<i32>, Failure> {
        let status = self.child.try_wait().map_err(|error| failure(&error))?;
        self.running = status.is_none();
        Ok(status.map(code)) // EX-41
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.running {
            stop(self.child.id(), self.leads_group);
            let _ = self.child.kill(); // it may have ended by itself
            let _ = self.child.wait();
        }
    }
}

/// Hands on what a pipe gives, until its end or until the receiver is gone. Where no thread can be
/// had, the pipe counts as closed: the plugin sees that, and ends.
fn follow(
    mut pipe: impl Read + Send + 'static,
    to: SyncSender<Piece>,
    piece: fn(Vec<u8>) -> Piece,
) {
    let read = move || {
        let mut space = Zeroizing::new(vec![0; 16 * 1024]);
        while let Ok(count @ 1..) = pipe.read(&mut space) {
            if to.send(piece(space[..count].to_vec())).is_err() {
                return;
            }
        }
    };
    let _ = std::thread::Builder::new().name("kubecred-pipe".to_owned()).spawn(read);
}
