//! A request to an API server as data, and how its response is read. A host sends it with its own
//! HTTP client.

use super::reader::{Malformed, Node};
use super::status::Status;
use super::word;
use crate::credential::Header;
use crate::protocol::{HttpResponse, Method};
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The largest response, in bytes.
pub const MAX_REPLY: usize = 1 << 20;

/// The largest token, in bytes.
pub const MAX_TOKEN: usize = 16 << 10;

/// A request to an API server. The host adds the server's address and the credential.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct ApiRequest {
    /// The method.
    pub method: Method,
    /// The path on the server, percent-encoded; the path in the server's URL goes before it.
    pub path: String,
    /// `accept` and `content-type`.
    pub headers: Vec<Header>,
    /// The body, JSON. It may hold a token.
    pub body: Secret,
}

impl ApiRequest {
    pub(crate) fn post(path: String, body: Secret) -> Self {
        let header =
            |name: &'static str| Header { name: name.into(), value: "application/json".into() };
        Self {
            method: Method::Post,
            path,
            headers: vec![header("accept"), header("content-type")],
            body,
        }
    }
}

/// The response of an API server. `Debug` does not show the body.
#[derive(Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct ApiReply<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The header `Content-Type`, if there is one.
    pub content_type: Option<&'a str>,
    /// The header `Retry-After`, if there is one.
    pub retry_after: Option<&'a str>,
    /// The whole body, which may hold a token.
    pub body: &'a [u8],
}

impl<'a> ApiReply<'a> {
    /// Of an answer that a host gave to a machine.
    pub fn of(response: &'a HttpResponse) -> Self {
        Self {
            status: response.status,
            content_type: response.header("content-type"),
            retry_after: response.header("retry-after"),
            body: response.body.expose(),
        }
    }
}

impl fmt::Debug for ApiReply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiReply")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("retry_after", &self.retry_after)
            .field("body", &format_args!("[{} bytes]", self.body.len()))
            .finish()
    }
}

/// Why a call gave no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The server answered with an error.
    #[error("{0}")]
    Status(Box<Status>),
    /// The answer is not an object of the kind that was asked for.
    #[error("the server answered with {found}, not a {expected}")]
    WrongKind {
        /// The kind that was asked for.
        expected: &'static str,
        /// Kind and API version of the answer; `(not shown)` for what is not the name of one.
        found: String,
    },
    /// The answer cannot be read.
    #[error("the answer is not a valid {kind}: {detail}")]
    Malformed {
        /// The kind that was asked for.
        kind: &'static str,
        /// The path of the field and what is wrong with it, without its value.
        detail: String,
    },
    /// The answer is larger than [`MAX_REPLY`].
    #[error("the answer is larger than {MAX_REPLY} bytes")]
    TooLarge,
}

impl CallError {
    /// The HTTP status of the answer, if the server answered with an error.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Status(status) => Some(status),
            _ => None,
        }
    }
}

/// A call that cannot be made: the name of an object is no path segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid resource name {name:?}: [{problem}]")]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct InvalidName {
    /// The name.
    pub name: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// What a call is about, for errors that the server does not explain itself.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    /// `serviceaccounts`, `tokenreviews.authentication.k8s.io`.
    pub(crate) resource: &'a str,
    /// The object's name; empty if there is none.
    pub(crate) name: &'a str,
}

/// The object in a reply, if it is one of this kind and of one of these versions.
pub(crate) fn accept<'a>(
    reply: &ApiReply<'a>,
    target: Target<'_>,
    kind: &'static str,
    versions: &[&str],
) -> Result<Object<'a>, CallError> {
    if !(200..300).contains(&reply.status) {
        return Err(CallError::Status(Box::new(Status::of_reply(reply, target))));
    }
    if reply.body.len() > MAX_REPLY {
        return Err(CallError::TooLarge);
    }
    let malformed = |detail| CallError::Malformed { kind, detail };
    let document = Node::document(reply.body).map_err(malformed)?;
    let (mut found, mut version) = (String::new(), String::new());
    let type_meta = document.fields(|name, value| {
        match name {
            "kind" => found = value.text()?,
            "apiVersion" => version = value.text()?,
            _ => {}
        }
        Ok(())
    });
    type_meta.map_err(malformed)?;
    if found == kind && versions.contains(&version.as_str()) {
        return Ok(Object { document, version, kind });
    }
    if found == "Status" && version == "v1" {
        return Err(CallError::Status(Box::new(Status::of_reply(reply, target))));
    }
    let found = match (found.as_str(), version.as_str()) {
        ("", "") => "an object without kind and apiVersion".to_owned(),
        (kind, version) => format!("kind {} of {}", word::kind(kind), word::version(version)),
    };
    Err(CallError::WrongKind { expected: kind, found })
}

/// An object of the right kind and version.
pub(crate) struct Object<'a> {
    document: Node<'a>,
    /// Its `apiVersion`.
    pub(crate) version: String,
    kind: &'static str,
}

impl<'a> Object<'a> {
    /// Calls `visit` with each of its fields.
    pub(crate) fn read(
        &self,
        visit: impl FnMut(&str, Node<'a>) -> Result<(), Malformed>,
    ) -> Result<(), CallError> {
        let malformed = |detail| CallError::Malformed { kind: self.kind, detail };
        self.document.fields(visit).map_err(malformed)
    }
}

/// A token, if it is not too long.
pub(crate) fn token(node: &Node<'_>) -> Result<Secret, Malformed> {
    let token = node.secret()?;
    match token.len() > MAX_TOKEN {
        true => Err(node.fault(&format!("is longer than {MAX_TOKEN} bytes"))),
        false => Ok(token),
    }
}

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> Result<String, InvalidName> {
    // What Go's path escaping leaves as it is, so that the request line is kubectl's.
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~')
        .remove(b'$')
        .remove(b'&')
        .remove(b'+')
        .remove(b',')
        .remove(b':')
        .remove(b';')
        .remove(b'=')
        .remove(b'@');
    let problem = match name {
        "" => "may not be empty",
        "." => "may not be '.'",
        ".." => "may not be '..'",
        name if name.contains('/') => "may not contain '/'",
        name if name.contains('%') => "may not contain '%'",
        name => return Ok(utf8_percent_encode(name, ESCAPED).collect()),
    };
    Err(InvalidName { name: name.to_owned(), problem })
}
