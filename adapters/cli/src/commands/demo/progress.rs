//! How the demo is getting on, while it is: a line that is written over on a terminal, a line each
//! second elsewhere. On standard error: the outcome goes to standard output.

use super::timeline::Timeline;
use std::convert::Infallible;
use std::io::{IsTerminal, Write};
use std::time::Duration;
use tokio::time::sleep;

/// To the start of the line, and clear it.
const AFRESH: &str = "\r\x1b[2K";

/// What does not fit into the line is cut off, or is not: one line must stay one.
const CUT: [&str; 2] = ["\x1b[?7l", "\x1b[?7h"];

/// Where progress is shown.
pub(crate) struct Progress {
    terminal: bool,
    seconds: u32,
}

impl Progress {
    /// Says what is going to happen.
    pub(crate) fn start(seconds: u32, what: &str) -> Self {
        let progress = Self { terminal: std::io::stderr().is_terminal(), seconds };
        progress.line(what);
        progress
    }

    /// Shows how it is getting on, until dropped.
    pub(crate) async fn show(
        &mut self,
        timeline: &Timeline,
        so_far: impl Fn() -> String,
    ) -> Infallible {
        loop {
            let pause = if self.terminal { 100 } else { 1000 };
            sleep(Duration::from_millis(pause)).await;
            let passed = timeline.elapsed().as_secs_f64();
            let line = format!("{passed:>5.1} of {} s  {}", self.seconds, so_far());
            if self.terminal {
                self.write(&[AFRESH, CUT[0], &line, CUT[1]].concat())
            } else {
                self.line(&line)
            }
        }
    }

    /// Makes room for the outcome.
    pub(crate) fn end(&self) {
        if self.terminal {
            self.write(AFRESH);
        }
    }

    fn line(&self, text: &str) {
        self.write(&[text, "\n"].concat());
    }

    fn write(&self, text: &str) {
        let mut stderr = std::io::stderr().lock();
        // Nobody has to watch.
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}
