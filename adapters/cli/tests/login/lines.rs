//! What a process prints, read with a limit: a test that waits for it ends in any case.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than any step takes on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The lines of a pipe. Somebody reads it to its end, so nobody blocks on a full one.
pub(crate) struct Lines(Receiver<String>);

impl Lines {
    pub(crate) fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let (sender, lines) = channel();
        if let Some(pipe) = pipe {
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    // A test that has ended reads no more; the pipe is read on.
                    let _ = sender.send(line);
                }
            });
        }
        Self(lines)
    }

    /// The next line; `None` at the end, or if there is none in time.
    pub(crate) fn next(&self) -> Option<String> {
        self.0.recv_timeout(PATIENCE).ok()
    }

    /// Does this with each line that comes, in a thread of its own.
    pub(crate) fn for_each(self, each: impl Fn(String) + Send + 'static) {
        std::thread::spawn(move || self.0.iter().for_each(each));
    }

    /// What is left, up to the end.
    #[track_caller]
    pub(crate) fn rest(&self) -> String {
        let begin = Instant::now();
        let mut text = String::new();
        while let Some(line) = self.next() {
            text.push_str(&line);
            text.push('\n');
            assert!(begin.elapsed() < PATIENCE, "it prints without end:\n{text}");
        }
        text
    }
}

/// Waits for the end of a process; one that does not end in time is killed.
#[track_caller]
pub(crate) fn code(child: &mut Child) -> Option<i32> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it is ours") {
            return status.code();
        }
        if begin.elapsed() > PATIENCE {
            let _ = child.kill(); // it may have ended
            let _ = child.wait();
            panic!("a process has not ended within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
