//! What the heads of HTTP/2 frames tell (RFC 9113, section 4.1), where hyper tells nothing: that the
//! server's settings have come, and how many informational answers a request got.

use crate::net::informational::{MOST, TooMany};
use std::collections::BTreeMap;

const HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;

/// Streams whose answers are counted at a time; more than we open.
const MAX_COUNTED: usize = 256;

/// Reads what the server sends, in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: [u8; HEAD],
    /// How much of the head there is.
    have: usize,
    /// How much of the frame is to come after its head.
    rest: usize,
    /// How many answers without an end or data came on a stream.
    answers: BTreeMap<u32, usize>,
    has_settings: bool,
}

impl Frames {
    /// Whether the server's settings have begun to come.
    pub(super) fn has_settings(&self) -> bool {
        self.has_settings
    }

    /// Reads on.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), TooMany> {
        while !bytes.is_empty() {
            if self.rest > 0 {
                let skipped = self.rest.min(bytes.len());
                self.rest -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let taken = (HEAD - self.have).min(bytes.len());
            self.head[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have == HEAD {
                self.have = 0;
                self.frame()?;
            }
        }
        Ok(())
    }

    /// A head is there.
    fn frame(&mut self) -> Result<(), TooMany> {
        let [a, b, c, kind, flags, s, t, u, v] = self.head;
        self.rest = u32::from_be_bytes([0, a, b, c]) as usize;
        let stream = u32::from_be_bytes([s & 0x7f, t, u, v]);
        match kind {
            SETTINGS if flags & ACK == 0 => self.has_settings = true,
            HEADERS if flags & END_STREAM == 0 => {
                let count = self.answers.entry(stream).or_default();
                *count += 1;
                // One of them may be the answer itself.
                if *count > MOST + 1 {
                    return Err(TooMany);
                }
                // A request that we gave up may leave its count behind.
                if self.answers.len() > MAX_COUNTED {
                    self.answers.pop_first();
                }
            }
            HEADERS | DATA | RST_STREAM => {
                self.answers.remove(&stream);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(content);
        frame
    }

    fn answers(count: usize, stream: u32) -> Vec<u8> {
        frame(HEADERS, 4, stream, b"\x08\x03100").repeat(count)
    }

    #[test]
    fn informational_answers_are_counted_in_pieces_of_any_size() {
        for size in 1..40 {
            let mut frames = Frames::default();
            let read = |frames: &mut Frames, bytes: &[u8]| {
                bytes.chunks(size).try_for_each(|piece| frames.read(piece)).is_ok()
            };
            assert!(read(&mut frames, &frame(SETTINGS, ACK, 0, b"")) && !frames.has_settings());
            assert!(read(&mut frames, &frame(SETTINGS, 0, 0, &[0; 6])) && frames.has_settings());
            // Five and the answer, then its data; and once more on the same connection.
            for stream in [1, 3] {
                assert!(read(&mut frames, &answers(6, stream)));
                assert!(read(&mut frames, &frame(DATA, 0, stream, &[1; 100])));
                assert!(read(&mut frames, &frame(HEADERS, END_STREAM, stream, b"x")));
            }
            assert!(frames.answers.is_empty());
            // Those of several requests between each other.
            assert!(read(&mut frames, &[answers(6, 5), answers(6, 7)].concat()));
            assert!(!read(&mut frames, &answers(1, 5)));
        }
    }

    #[test]
    fn counts_that_are_left_behind_do_not_add_up() {
        let mut frames = Frames::default();
        for stream in (1..10_000).step_by(2) {
            assert!(frames.read(&answers(1, stream)).is_ok());
        }
        assert_eq!(frames.answers.len(), MAX_COUNTED);
        assert!(frames.read(&answers(7, 9_999)).is_err());
    }
}
