//! `Status` of `meta/v1`: the error response of an API server.

use super::call::{ApiReply, MAX_REPLY, Target};
use super::json::{Json, Object};
use super::reader::{Malformed, Node};
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// The most causes that are read.
const MAX_CAUSES: usize = 1024;

/// The most characters of an answer that is no `Status` which are quoted; as client-go.
const MAX_QUOTE: usize = 2048;

/// A `Status`. An error response that is not a `Status` is converted to one, with client-go's
/// texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct Status {
    /// `Success` or `Failure`.
    pub status: String,
    /// A message for the user.
    pub message: String,
    /// The reason as one word: `NotFound`, `Forbidden`; empty if it is unknown.
    pub reason: String,
    /// Further details.
    pub details: StatusDetails,
    /// The HTTP status.
    pub code: u16,
}

/// What an error is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct StatusDetails {
    /// The object's name.
    pub name: String,
    /// The API group of the object's kind.
    pub group: String,
    /// The object's kind, or the resource.
    pub kind: String,
    /// The object's uid.
    pub uid: String,
    /// The causes, if there are several.
    pub causes: Vec<StatusCause>,
    /// How many seconds to wait before the request is repeated; 0 if the server does not say.
    /// The header `Retry-After`, if there is one, is here too.
    pub retry_after_seconds: u32,
}

/// One fault of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct StatusCause {
    /// One word for programs: `FieldValueInvalid`.
    pub reason: String,
    /// For people.
    pub message: String,
    /// The field at fault.
    pub field: String,
}

impl Status {
    /// The status that a reply holds or stands for. It never fails: what is not a `Status` of
    /// failure is described by the HTTP status, as client-go does.
    pub(crate) fn of_reply(reply: &ApiReply<'_>, target: Target<'_>) -> Self {
        let body = reply.body.get(..reply.body.len().min(MAX_REPLY)).unwrap_or_default();
        let mut status = match Self::read(body) {
            Ok(status) if status.status != "Success" => status,
            _ => Self::of_http(reply, target),
        };
        if status.code == 0 {
            status.code = reply.status;
        }
        if let Some(seconds) = reply.retry_after.and_then(|text| text.trim().parse().ok()) {
            status.details.retry_after_seconds = seconds;
        }
        status
    }

    /// Reads a `Status`.
    ///
    /// # Errors
    /// The path of the field at fault, without its value, if the text is not a `Status`.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let document = Node::document(text)?;
        let (mut status, mut kind, mut version) = (Self::default(), String::new(), String::new());
        document.fields(|name, value| {
            match name {
                "kind" => kind = value.text()?,
                "apiVersion" => version = value.text()?,
                "status" => status.status = value.text()?,
                "message" => status.message = value.text()?,
                "reason" => status.reason = value.text()?,
                "details" => status.details.read(&value)?,
                "code" => {
                    let code = value.integer()?.unwrap_or_default();
                    status.code =
                        u16::try_from(code).map_err(|_| value.fault("is not an HTTP status"))?;
                }
                _ => {}
            }
            Ok(())
        })?;
        match (kind.as_str(), version.as_str()) {
            ("Status", "v1") => Ok(status),
            _ => Err("kind is not Status, or apiVersion is not v1".to_owned()),
        }
    }

    /// Its JSON.
    pub fn to_json(&self) -> Secret {
        Json::object(|object| {
            object.text("kind", "Status");
            object.text("apiVersion", "v1");
            object.object("metadata", |_| {});
            object.text("status", &self.status);
            object.text("message", &self.message);
            object.text("reason", &self.reason);
            if self.details != StatusDetails::default() {
                object.object("details", |details| self.details.write(details));
            }
            object.integer("code", Some(i64::from(self.code)).filter(|code| *code != 0));
        })
    }

    /// How long to wait before the request is repeated, if the server says it.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = u64::from(self.details.retry_after_seconds);
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    /// In the words of client-go for an answer that has none of its own.
    fn of_http(reply: &ApiReply<'_>, target: Target<'_>) -> Self {
        let said = said(reply);
        let said = said.as_str();
        let (reason, message) = reason_and_message(reply.status, said);
        let message = match (target.resource, target.name) {
            ("", _) => message,
            (resource, "") => format!("{message} (post {resource})"),
            (resource, name) => format!("{message} (post {resource} {name})"),
        };
        let cause = StatusCause {
            reason: "UnexpectedServerResponse".into(),
            message: said.to_owned(),
            field: String::new(),
        };
        Self {
            status: "Failure".into(),
            message,
            reason: reason.into(),
            details: StatusDetails {
                name: target.name.to_owned(),
                kind: target.resource.to_owned(),
                causes: vec![cause],
                ..StatusDetails::default()
            },
            code: reply.status,
        }
    }
}

/// What client-go makes of a status code for a person, where the server says no more.
fn reason_and_message(status: u16, said: &str) -> (&'static str, String) {
    let (reason, message) = match status {
        400 => ("BadRequest", "the server rejected our request for an unknown reason"),
        401 => ("Unauthorized", "the server has asked for the client to provide credentials"),
        403 => ("Forbidden", said),
        404 => ("NotFound", "the server could not find the requested resource"),
        405 => {
            ("MethodNotAllowed", "the server does not allow this method on the requested resource")
        }
        406 if said == "unknown" => (
            "NotAcceptable",
            "the server was unable to respond with a content type that the client supports",
        ),
        406 => ("NotAcceptable", said),
        409 => ("AlreadyExists", "the server reported a conflict"),
        415 => ("UnsupportedMediaType", said),
        422 => ("Invalid", "the server rejected our request due to an error in our request"),
        429 => (
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
        ),
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => (
            "Timeout",
            "the server was unable to return a response in the time allotted, but may still be \
             processing the request",
        ),
        500.. => ("InternalError", ""),
        _ => ("Unknown", "the server responded with the status code"),
    };
    let message = match (message, status) {
        ("", _) => {
            format!("an error on the server ({said:?}) has prevented the request from succeeding")
        }
        ("the server responded with the status code", code) => {
            format!(
                "the server responded with the status code {code} but did not return more information"
            )
        }
        (message, _) => message.to_owned(),
    };
    (reason, message)
}

/// What an answer says that is no `Status`, if it is a text.
fn said(reply: &ApiReply<'_>) -> String {
    let media = reply.content_type.unwrap_or_default().trim_start();
    let is_text =
        media.is_empty() || media.get(..5).is_some_and(|m| m.eq_ignore_ascii_case("text/"));
    let body = reply.body.get(..reply.body.len().min(MAX_QUOTE)).unwrap_or_default();
    match String::from_utf8_lossy(body).trim() {
        text if is_text && !text.is_empty() => text.to_owned(),
        _ => "unknown".to_owned(),
    }
}

impl StatusDetails {
    fn read(&mut self, node: &Node<'_>) -> Result<(), Malformed> {
        node.fields(|name, value| {
            match name {
                "name" => self.name = value.text()?,
                "group" => self.group = value.text()?,
                "kind" => self.kind = value.text()?,
                "uid" => self.uid = value.text()?,
                "causes" => {
                    self.causes.clear();
                    value.items(MAX_CAUSES, |item| {
                        self.causes.push(StatusCause::read(&item)?);
                        Ok(())
                    })?;
                }
                "retryAfterSeconds" => {
                    let seconds = value.integer()?.unwrap_or_default();
                    self.retry_after_seconds = u32::try_from(seconds.max(0)).unwrap_or(u32::MAX);
                }
                _ => {}
            }
            Ok(())
        })
    }

    fn write(&self, object: &mut Object<'_>) {
        object.text("name", &self.name);
        object.text("group", &self.group);
        object.text("kind", &self.kind);
        object.text("uid", &self.uid);
        object.objects("causes", &self.causes, |cause, object| {
            object.text("reason", &cause.reason);
            object.text("message", &cause.message);
            object.text("field", &cause.field);
        });
        let seconds = Some(i64::from(self.retry_after_seconds)).filter(|seconds| *seconds > 0);
        object.integer("retryAfterSeconds", seconds);
    }
}

impl StatusCause {
    fn read(node: &Node<'_>) -> Result<Self, Malformed> {
        let mut cause = Self::default();
        node.fields(|name, value| {
            match name {
                "reason" => cause.reason = value.text()?,
                "message" => cause.message = value.text()?,
                "field" => cause.field = value.text()?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(cause)
    }
}

/// The message, or else the reason, or else the HTTP status.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.message.as_str(), self.reason.as_str()) {
            ("", "") => write!(f, "HTTP status {}", self.code),
            ("", reason) => f.write_str(reason),
            (message, _) => f.write_str(message),
        }
    }
}
