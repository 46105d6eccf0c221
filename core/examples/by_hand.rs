//! A whole host with nothing but `std`: one thread, no runtime. Run it with a token file:
//!
//! ```sh
//! echo one > /tmp/token
//! cargo run -p kubecred-core --example by_hand -- /tmp/token
//! ```
//!
//! It sends nothing; it shows what it would send each second for five seconds. Write another token
//! into the file while it runs: the third request pretends that the server said 401.

use kubecred_core::protocol::{Exit, FileBytes, Stdin};
use kubecred_core::{Action, Authentication, Authenticator, Failure, FailureKind, Input};
use kubecred_core::{Now, Policy, Profile, Unavailable};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() {
    let path = std::env::args().nth(1).unwrap_or_else(|| "/tmp/token".into());
    let mut profile = Profile::new("https://kubernetes.default.svc");
    profile.authentication = Authentication::token_file(path);
    let mut host = Host::new(Authenticator::new(&profile, Policy::default(), 0));

    for request in 1..=5 {
        match host.credential() {
            Ok(generation) if request == 3 => {
                println!("request {request}: the server says 401");
                host.feed(Input::Reject(generation));
            }
            Ok(_) => println!("request {request}: sent"),
            Err(why) => println!("request {request}: not sent: {why}"),
        }
        host.sleep(Duration::from_secs(1));
    }
}

struct Host {
    machine: Authenticator,
    started: Instant,
}

impl Host {
    fn new(machine: Authenticator) -> Self {
        Self { machine, started: Instant::now() }
    }

    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now::from_millis(self.started.elapsed().as_millis() as u64, wall.as_millis() as i64)
    }

    /// Hands something in and carries out what comes of it.
    fn feed(&mut self, input: Input) {
        self.machine.handle_input(self.now(), input);
        while let Some(action) = self.machine.poll_action() {
            println!("    {action:?}");
            if let Some(answer) = perform(action) {
                self.machine.handle_input(self.now(), answer);
            }
        }
    }

    /// What a request would carry: its generation, or why there is nothing to send.
    fn credential(&mut self) -> Result<kubecred_core::Generation, String> {
        let now = self.now();
        if !self.machine.credential(now).is_ok_and(|credential| !credential.demand) {
            self.feed(Input::Demand);
        }
        match self.machine.credential(self.now()) {
            Ok(credential) => Ok(credential.generation),
            Err(Unavailable::Failed(error)) => Err(error.to_string()),
            Err(other) => Err(format!("{other:?}")),
        }
    }

    fn sleep(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let due = self.machine.poll_timeout();
            let wait = due.map_or(left, |at| at.since(self.now().monotonic).min(left));
            std::thread::sleep(wait.max(Duration::from_millis(1)));
            self.feed(Input::Tick);
        }
    }
}

/// Does a job. (A host for real would also hold to `limit` and `allowlist`.)
fn perform(action: Action) -> Option<Input> {
    Some(match action {
        Action::ReadFile(job) => {
            let read = std::fs::read(&job.request.path);
            job.done(read.map(|bytes| FileBytes(bytes.into())).map_err(|error| failure(&error)))
        }
        Action::RunCommand(job) => {
            let request = &job.request;
            let env = request.env.iter().filter_map(|v| Some((&v.name, v.value.expose_str()?)));
            let output = Command::new(&request.program)
                .args(&request.args)
                .envs(env)
                .stdin(if request.stdin == Stdin::Null { Stdio::null() } else { Stdio::inherit() })
                .stderr(Stdio::inherit())
                .output();
            job.done(output.map_err(|error| failure(&error)).map(|output| Exit {
                code: output.status.code().unwrap_or(-1),
                stdout: output.stdout.into(),
            }))
        }
        Action::SendRequest(job) => job.done(Err(unsupported())),
        Action::WriteFile(job) => job.done(Err(unsupported())),
        Action::Provide(job) => job.done(Err(unsupported())),
        Action::Cancel(_) | Action::SetHeaders(_) | Action::RefreshAt(_) | Action::Report(_) => {
            return None;
        }
    })
}

fn unsupported() -> Failure {
    Failure::new(FailureKind::Unsupported, "this host only reads files and runs commands")
}

fn failure(error: &std::io::Error) -> Failure {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => FailureKind::NotFound,
        std::io::ErrorKind::PermissionDenied => FailureKind::Denied,
        _ => FailureKind::Other,
    };
    Failure::new(kind, error.to_string())
}
