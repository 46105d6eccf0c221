//! PEM blocks, found by the same rules as Go's reader, which is kubectl's: whatever is not a whole
//! block is text between blocks and is passed over.
//!
//! The TLS libraries bring readers of their own; they take a closing line with something glued to
//! it, and silently lose the block that was glued on (UA-32).

use alloc::vec::Vec;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// Padding is wanted; stray bits in the last digit are not looked at.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// One block, decoded.
pub(crate) struct Block<'a> {
    /// What the first line says it is.
    pub(crate) label: &'a str,
    /// Whether header lines (`Proc-Type: 4,ENCRYPTED`) stand before the data.
    pub(crate) headers: bool,
    /// The data; may be a private key.
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// The blocks of `pem`, in order.
pub(crate) fn blocks(pem: &[u8]) -> impl Iterator<Item = Block<'_>> {
    let mut lines = pem.split(|byte| *byte == b'\n');
    core::iter::from_fn(move || {
        loop {
            let Some(label) = between(lines.next()?, BEGIN) else { continue };
            // A block that is no block gives its own lines back: another may begin in them.
            let mut ahead = lines.clone();
            if let Some(block) = read(label, &mut ahead) {
                lines = ahead;
                return Some(block);
            }
        }
    })
}

/// The rest of a block, up to its closing line. It ends early where another block begins.
fn read<'a>(
    label: &'a str,
    lines: &mut (impl Iterator<Item = &'a [u8]> + Clone),
) -> Option<Block<'a>> {
    let body = || |line: &&[u8]| !line.starts_with(DASHES.as_bytes());
    let size = lines.clone().take_while(body()).map(<[u8]>::len).sum();
    // Of the right size at once: a buffer that grew would leave copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(size));
    let mut headers = false;
    loop {
        let line = lines.next()?;
        if !body()(&line) {
            return (between(line, END)? == label).then(|| decode(label, headers, &text))?;
        } else if line.contains(&b':') {
            headers = true;
        } else {
            text.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
        }
    }
}

fn decode<'a>(label: &'a str, headers: bool, text: &[u8]) -> Option<Block<'a>> {
    let mut der = Zeroizing::new(alloc::vec![0; base64::decoded_len_estimate(text.len())]);
    let length = BASE64.decode_slice(text, &mut der).ok()?;
    der.truncate(length);
    Some(Block { label, headers, der })
}

/// The label in a first or last line; nothing but white space may follow the dashes.
fn between<'a>(line: &'a [u8], opening: &str) -> Option<&'a str> {
    core::str::from_utf8(line).ok()?.trim_end().strip_prefix(opening)?.strip_suffix(DASHES)
}
