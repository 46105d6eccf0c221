//! An answer as it is kept: a line about it, and the `ExecCredential` that is printed.

use crate::api::exec_credential::Unchecked;
use crate::profile::ExecApiVersion;
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The form of an entry. A reader of another one takes the entry for missing.
const FORMAT: u32 = 1;

/// A kept answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a host makes one")]
pub struct Entry {
    /// Tells credentials apart without showing them: a digest, in hexadecimal.
    pub id: String,
    /// Which command gave it, whatever its environment: a digest, in hexadecimal.
    pub command: String,
    /// When the plugin had answered.
    pub obtained: UnixTime,
    /// When the credential ends.
    pub ends: UnixTime,
    /// How many runs in a row, this one included, happened because a client had the credential
    /// refused.
    pub refusals: u32,
    /// The `ExecCredential` to print, with its line break.
    pub credential: Secret,
}

#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    id: String,
    command: String,
    obtained: i64,
    ends: i64,
    refusals: u32,
    bytes: usize,
}

impl Entry {
    /// The content of its file.
    #[must_use]
    pub fn write(&self) -> Secret {
        let head = Head {
            format: FORMAT,
            id: self.id.clone(),
            command: self.command.clone(),
            obtained: self.obtained.as_millis(),
            ends: self.ends.as_millis(),
            refusals: self.refusals,
            bytes: self.credential.len(),
        };
        // Numbers and hexadecimal digits: nothing that could not be written.
        let head = serde_json::to_string(&head).unwrap_or_default();
        let mut text = Vec::with_capacity(head.len() + 1 + self.credential.len());
        text.extend_from_slice(head.as_bytes());
        text.push(b'\n');
        text.extend_from_slice(self.credential.expose());
        Secret::new(text)
    }

    /// Reads the content of a file. `None` if it is cut, of another form, or holds no credential of
    /// this version: then there is no entry (LG-91).
    #[must_use]
    pub fn read(text: &[u8], api_version: ExecApiVersion) -> Option<Self> {
        let end = text.iter().position(|byte| *byte == b'\n')?;
        let (head, credential) = text.split_at_checked(end)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        let (_, credential) = credential.split_first()?;
        if head.format != FORMAT || head.bytes != credential.len() {
            return None;
        }
        let read = Unchecked::from_json(credential).ok()?;
        if read.kind != "ExecCredential" || read.api_version != api_version.as_str() {
            return None;
        }
        let status = read.check(api_version).ok()?.status?;
        if status.token.is_none() && (status.certificate.is_none() || status.key.is_none()) {
            return None;
        }
        Some(Self {
            id: head.id,
            command: head.command,
            obtained: UnixTime::from_millis(head.obtained),
            ends: UnixTime::from_millis(head.ends),
            refusals: head.refusals,
            credential: Secret::new(credential.to_owned()),
        })
    }

    /// Which command gave an entry, and when it ends, of whatever version it is.
    #[must_use]
    pub fn read_head(text: &[u8]) -> Option<(String, UnixTime)> {
        let head = text.split(|byte| *byte == b'\n').next()?;
        let head: Head = serde_json::from_slice(head).ok()?;
        Some((head.command, UnixTime::from_millis(head.ends)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let text = "{\"kind\":\"ExecCredential\",\
            \"apiVersion\":\"client.authentication.k8s.io/v1\",\"spec\":{\"interactive\":false},\
            \"status\":{\"token\":\"t0ken\"}}\n";
        Entry {
            id: "1a".into(),
            command: "2b".into(),
            obtained: UnixTime::from_millis(5),
            ends: UnixTime::from_millis(900_000),
            refusals: 2,
            credential: text.into(),
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = entry().write();
        assert_eq!(Entry::read(text.expose(), ExecApiVersion::V1), Some(entry()));
        assert_eq!(Entry::read(text.expose(), ExecApiVersion::V1Beta1), None);
        assert_eq!(Entry::read_head(text.expose()), Some(("2b".into(), entry().ends)));
    }

    #[test]
    fn lg_91_a_cut_or_foreign_file_is_no_entry() {
        let text = entry().write();
        let text = text.expose_str().unwrap();
        for end in 0..text.len() {
            assert_eq!(Entry::read(&text.as_bytes()[..end], ExecApiVersion::V1), None, "{end}");
        }
        for other in [
            text.replace("\"format\":1", "\"format\":2"),
            text.replace("t0ken", "t0kens"),
            text.replace("\"token\"", "\"tokem\""),
            text.replace("ExecCredential", "ExecCredentiaI"),
            [text, " "].concat(),
        ] {
            assert_eq!(Entry::read(other.as_bytes(), ExecApiVersion::V1), None, "{other}");
        }
    }
}
