//! Pipes: a kubeconfig may come out of one (`--kubeconfig <(…)`), from a slow writer.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};

/// How long a pipe may have no writer. In a shell the reader may well be the first.
const NO_WRITER: Timespec = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };

/// The reading end, opened without blocking. A writer is waited for as long as it takes, the lack
/// of one for half a second.
pub(super) struct Pipe {
    file: File,
    /// A writer has it open, or had.
    met: bool,
}

impl Pipe {
    pub(super) fn new(file: File) -> Self {
        Self { file, met: false }
    }

    fn wait(&self, limit: Option<&Timespec>) -> Result<()> {
        poll(&mut [PollFd::new(&self.file, PollFlags::IN)], limit)?;
        Ok(())
    }
}

impl Read for Pipe {
    fn read(&mut self, space: &mut [u8]) -> Result<usize> {
        let mut waited = false;
        loop {
            match self.file.read(space) {
                Ok(0) if self.met => return Ok(0),
                // No bytes and no writer look the same as the end.
                Ok(0) if waited => {
                    return Err(Error::new(ErrorKind::TimedOut, "no process writes to this pipe"));
                }
                Ok(0) => {
                    waited = true;
                    self.wait(Some(&NO_WRITER))?;
                }
                Ok(count) => {
                    self.met = true;
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.met = true;
                    self.wait(None)?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fs::read_any;
    use kubecred_core::FailureKind;
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::fs::OpenOptions;
    use std::io::Write;

    fn fifo(folder: &tempfile::TempDir) -> String {
        let path = folder.path().join("fifo");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_pipe_is_read_to_its_end_however_slow_its_writer_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = fifo(&folder);
        let writer = std::thread::spawn({
            let path = path.clone();
            move || {
                let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
                for _ in 0..3 {
                    // Long enough for the reader to be waiting, most of the time.
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    pipe.write_all(&[b'x'; 30_000]).unwrap();
                }
            }
        });
        assert_eq!(read_any(&path, 90_000).unwrap().len(), 90_000);
        writer.join().unwrap();
    }

    #[test]
    fn a_pipe_without_a_writer_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let failure = read_any(&fifo(&folder), 10).unwrap_err();
        assert_eq!(failure.kind, FailureKind::TimedOut);
        assert!(failure.detail.contains("no process writes"), "{failure}");
    }

    #[test]
    fn a_pipe_without_an_end_is_read_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = fifo(&folder);
        let writer = std::thread::spawn({
            let path = path.clone();
            move || {
                let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
                while pipe.write_all(&[b'x'; 4096]).is_ok() {}
            }
        });
        assert_eq!(read_any(&path, 100_000).unwrap_err().kind, FailureKind::TooLarge);
        writer.join().unwrap();
    }
}
