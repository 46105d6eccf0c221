//! Files, plugins and servers that mean harm, against the program as it is run: each ends in an
//! error that says whose fault it is, within a hard limit of memory, and shows no secret.

mod answers;
mod files;
mod kubeconfigs;
mod plugins;
mod servers;

use crate::stage::{Ended, Stage, clean, ended, start};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Nothing here takes as long as this, on the slowest machine. The time that each case took is
/// printed (`cargo test -- --nocapture hostile`).
const PATIENCE: Duration = Duration::from_secs(300);

/// Mebibytes of memory for data, enough for everything but kubeconfigs: twice the mebibyte that is
/// read of any file, answer or output, and what the program takes anyway.
const LITTLE: u64 = 48;

/// Runs `kubecred` with the kubeconfig `config`, unless another is named, and with so many mebibytes
/// of memory for data. To take more is its end, which is none of its exit codes.
async fn run(stage: &Stage, case: &str, mebibytes: u64, arguments: &[&str]) -> Ended {
    let mut command = clean("/bin/sh".as_ref(), stage.folder.path());
    let limit = format!("ulimit -d {} && exec \"$0\" \"$@\"", mebibytes * 1024);
    command.args(["-c", &limit, env!("CARGO_BIN_EXE_kubecred")]).args(arguments);
    if !arguments.contains(&"--kubeconfig") {
        command.args(["--kubeconfig", "config"]);
    }
    let begin = Instant::now();
    let ended = timeout(PATIENCE, ended(start(&mut command))).await;
    let ended = ended.unwrap_or_else(|_| panic!("{case}: it does not end"));
    println!("{case}: {} ms: {}", begin.elapsed().as_millis(), ended.stderr.trim_end());
    ended.hides_the_canary();
    ended
}

/// How a case must end.
struct Expected {
    code: i32,
    /// Words of the error.
    says: Vec<String>,
}

impl Expected {
    fn new(code: i32, says: &[&str]) -> Self {
        Self { code, says: says.iter().map(|word| (*word).to_owned()).collect() }
    }

    /// Finds fault with the end of a run.
    fn check(&self, case: &str, ended: &Ended, faults: &mut Vec<String>) {
        let said = ended.stderr.as_str();
        let mut wrong = Vec::new();
        if ended.code != Some(self.code) {
            wrong.push(format!("ends with {:?} instead of {}", ended.code, self.code));
        }
        if self.code != 0 && !(ended.stdout.is_empty() && said.starts_with("error: ")) {
            wrong.push("prints more than an error".to_owned());
        }
        if said.len() > 16_384 {
            wrong.push(format!("says {} bytes", said.len()));
        }
        for word in self.says.iter().filter(|word| !said.contains(word.as_str())) {
            wrong.push(format!("does not say {word:?}"));
        }
        if !wrong.is_empty() {
            let said: String = said.chars().take(500).collect();
            faults.push(format!("{case} {}: {said}", wrong.join(", ")));
        }
    }
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
