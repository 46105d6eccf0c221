//! How the demo is getting on, while it is: a line that is written over on a terminal, a line each
//! second elsewhere. On standard error: the outcome goes to standard output.

use super::Demo;
use super::login::Login;
use super::table::count;
use super::tally::Counts;
use super::timeline::Timeline;
use super::world::{Tallies, World};
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
    pub(crate) fn start(demo: &Demo, world: &World) -> Self {
        let progress = Self { terminal: std::io::stderr().is_terminal(), seconds: demo.seconds };
        progress.line(&format!(
            "API server at {}, {} workers, {} seconds; kubeconfig (while it lasts): {}",
            world.server.url(),
            demo.workers,
            demo.seconds,
            world.kubeconfig().display()
        ));
        progress
    }

    /// Shows how it is getting on, until dropped.
    pub(crate) async fn show(
        &mut self,
        timeline: &Timeline,
        tallies: &Tallies,
        world: &World,
    ) -> Infallible {
        loop {
            let pause = if self.terminal { 100 } else { 1000 };
            sleep(Duration::from_millis(pause)).await;
            let counts = Login::ALL.map(|login| tallies[login as usize].read());
            let sum = counts.into_iter().fold(Counts::default(), Counts::plus);
            let line = format!(
                "{:>5.1} of {} s  {} requests, {} failed, {} sent again; plugin runs {}, rotations {}",
                timeline.elapsed().as_secs_f64(),
                self.seconds,
                count(sum.requests),
                sum.failed,
                sum.refused,
                world.issuer.asked(),
                sum.rotations,
            );
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
