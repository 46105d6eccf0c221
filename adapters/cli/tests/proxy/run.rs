//! A proxy that runs: ours or kubectl's.

use crate::stage::{Ended, Stage, clean, command, ended, start};
use kubecred_loopback::User;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

/// Nothing takes so long; what does has hung.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) const TOKEN: &str = "token-of-jane";

/// A server with a user, and a kubeconfig that logs in as her.
pub(crate) async fn stage() -> Stage {
    stage_with(kubecred_loopback::ApiServer::builder()).await
}

pub(crate) async fn stage_with(builder: kubecred_loopback::ApiServerBuilder) -> Stage {
    let stage = Stage::with(builder).await;
    stage.accounts().allow_token(TOKEN, User::new("jane"));
    stage.kubeconfig(json!({ "token": TOKEN }));
    stage
}

/// A proxy at work.
pub(crate) struct Running {
    pub(crate) child: Child,
    stdout: BufReader<ChildStdout>,
    /// `127.0.0.1:PORT`, or the path of a socket.
    pub(crate) place: String,
}

impl Running {
    /// `kubecred proxy` with these flags, on a free port.
    pub(crate) async fn kubecred(stage: &Stage, flags: &[&str]) -> Self {
        let mut program = command(stage.folder.path());
        program.arg("proxy").args(["--kubeconfig", "config"]).args(flags);
        Self::start(program, flags).await
    }

    /// `kubectl proxy` 1.`minor`.
    pub(crate) async fn kubectl(stage: &Stage, minor: u8, flags: &[&str]) -> Self {
        let mut program = clean(&kubecred_kubectl::version(minor), stage.folder.path());
        program.arg("proxy").args(["--kubeconfig", "config"]).args(flags);
        Self::start(program, flags).await
    }

    async fn start(mut program: Command, flags: &[&str]) -> Self {
        let is_placed = flags.iter().any(|flag| {
            ["--port", "-p", "--unix-socket", "-u"].iter().any(|placed| flag.starts_with(placed))
        });
        if !is_placed {
            program.arg("--port=0");
        }
        let mut child = start(&mut program);
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let read = tokio::time::timeout(LIMIT, stdout.read_line(&mut line)).await;
        read.expect("it hangs").unwrap();
        let Some(place) = line.strip_prefix("Starting to serve on ") else {
            let ended = ended(child).await;
            panic!("{flags:?}: {line:?} {ended:?}");
        };
        Self { place: place.trim_end().to_owned(), child, stdout }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.place)
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.place).await.unwrap()
    }

    /// Sends this, and reads until the other side says no more, or for a second.
    pub(crate) async fn raw(&self, text: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes)).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A GET on a connection of its own.
    pub(crate) async fn get(&self, path: &str) -> String {
        self.raw(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
            .await
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Waits for its end; what it printed after its first line is in `stdout`.
    pub(crate) async fn ended(self) -> Ended {
        let mut rest = String::new();
        let mut stdout = self.stdout;
        let read = tokio::time::timeout(LIMIT, stdout.read_to_string(&mut rest)).await;
        read.expect("it hangs").unwrap();
        let mut ended = tokio::time::timeout(LIMIT, ended(self.child)).await.expect("it hangs");
        ended.stdout = rest;
        ended
    }

    /// Ends it with SIGTERM.
    pub(crate) async fn stop(self) -> Ended {
        self.signal(rustix::process::Signal::TERM);
        self.ended().await
    }
}

/// Status line's code of an answer.
pub(crate) fn code(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    code.unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

/// Runs another program, such as kubectl or curl, in the folder of the stage.
pub(crate) async fn program(stage: &Stage, program: &std::path::Path, arguments: &[&str]) -> Ended {
    let child = start(clean(program, stage.folder.path()).args(arguments));
    tokio::time::timeout(LIMIT, ended(child))
        .await
        .unwrap_or_else(|_| panic!("{arguments:?} hangs"))
}
