//! A file that another program keeps fresh: a service account's token (TK-1…TK-9).

use super::{CredentialParts, JobFailure, Lifecycle, Progress, Source, read};
use crate::content::{ContentProblem, FileRole, header_text};
use crate::cx::Cx;
use crate::error::Error;
use crate::policy::Policy;
use crate::protocol::Reply;
use crate::secret::Secret;
use alloc::boxed::Box;
use alloc::string::String;

/// A token file, and what to use until it has been read once.
#[derive(Debug)]
pub(crate) struct TokenFile {
    path: String,
    fallback: Option<Box<CredentialParts>>,
}

impl TokenFile {
    pub(crate) fn new(path: &str, fallback: Option<CredentialParts>) -> Self {
        Self { path: path.into(), fallback: fallback.map(Box::new) }
    }
}

impl Source for TokenFile {
    fn begin(&mut self, cx: &Cx<'_>) -> Result<Progress, Error> {
        Ok(read(&self.path, cx))
    }

    fn accept(&mut self, _: &Cx<'_>, reply: Reply) -> Result<Progress, Error> {
        match reply {
            Reply::File(bytes) => token(&self.path, &bytes.0).map(Progress::Done),
            _ => Err(Error::WrongReply),
        }
    }

    fn recover(&mut self, _: &Cx<'_>, job: JobFailure) -> Result<Progress, Error> {
        let (role, path) = (FileRole::Token, self.path.clone());
        Err(Error::File { role, path, failure: job.of_file() })
    }

    fn lifecycle(&self, policy: &Policy) -> Lifecycle {
        Lifecycle::reloaded(policy, policy.token_file)
    }

    fn fallback(&self) -> Option<CredentialParts> {
        self.fallback.as_deref().cloned()
    }
}

/// What a token file holds, as a header (TK-3).
fn token(path: &str, content: &Secret) -> Result<CredentialParts, Error> {
    let wrong = |problem| Error::FileContent { role: FileRole::Token, path: path.into(), problem };
    let token = trimmed(content.expose());
    if token.is_empty() {
        return Err(wrong(ContentProblem::Empty));
    }
    header_text(token).map_err(wrong)?;
    Ok(CredentialParts::bearer(token))
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    match core::str::from_utf8(bytes) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => bytes.trim_ascii(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn token_of(content: &[u8]) -> Result<Vec<u8>, Error> {
        token("/t", &Secret::new(content)).map(|f| f.authorization.unwrap().expose().to_vec())
    }

    #[test]
    fn tk_3_a_token_is_trimmed_and_an_empty_one_is_an_error() {
        assert_eq!(token_of(b" \r\n abc.def \r\n"), Ok(b"Bearer abc.def".to_vec()));
        let empty = Error::FileContent {
            role: FileRole::Token,
            path: "/t".into(),
            problem: ContentProblem::Empty,
        };
        for content in [vec![], b" \n\t\r\n".to_vec()] {
            assert_eq!(token_of(&content), Err(empty.clone()));
        }
    }

    #[test]
    fn ht_4_a_line_break_inside_a_token_is_an_error_that_does_not_show_it() {
        let error = token_of(b"hush\r\nhush").unwrap_err();
        assert!(!alloc::format!("{error} {error:?}").contains("hush"));
        assert!(alloc::format!("{error}").contains("/t"));
    }
}
