//! HTTP requests of the machine, and their responses.

use crate::credential::{Header, Identity};
use crate::profile::Proxy;
use crate::secret::Secret;
use alloc::string::String;
use alloc::vec::Vec;

#[cfg(feature = "serde")]
use crate::secret::exposed;

/// Send one HTTP request, with its own TLS and proxy settings. A host that does not support one of
/// the settings must fail with [`FailureKind::Unsupported`](super::FailureKind::Unsupported), and
/// must not ignore it. Every status is an answer; a host follows no redirect, since the body may
/// hold a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct SendRequest {
    /// GET or POST.
    pub method: Method,
    /// The absolute URL.
    pub url: String,
    /// Headers, in addition to those that the host's HTTP client sets.
    pub headers: Vec<Header>,
    /// Empty for none.
    #[cfg_attr(feature = "serde", serde(with = "exposed"))]
    pub body: Secret,
    /// Settings of the TLS connection; ignored for an `http` URL.
    pub tls: Tls,
    /// How to connect: directly or through a proxy.
    pub proxy: Proxy,
    /// The largest size of the body, in bytes; more is
    /// [`FailureKind::TooLarge`](super::FailureKind::TooLarge).
    pub limit: u64,
}

/// The HTTP methods of a [`SendRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "UPPERCASE"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

/// Settings of a TLS connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Tls {
    /// The CA certificates used to verify the server.
    pub roots: TrustAnchors,
    /// The client certificate, if any.
    pub identity: Option<Identity>,
    /// The name for SNI and verification; `None`: the host of the URL (UA-30).
    pub server_name: Option<String>,
    /// Do not verify the server at all.
    pub insecure_skip_verify: bool,
}

/// The certificate authorities used to verify a server. Never a file: the machine requests the
/// file's content first, so that all hosts trust the same content at the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum TrustAnchors {
    /// Those of the operating system.
    #[default]
    System,
    /// These, as PEM. If empty, trust no server (UA-33).
    Pem(#[cfg_attr(feature = "serde", serde(with = "exposed"))] Secret),
}

/// An HTTP response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The headers that [`HttpResponse::HEADERS`] lists, in order; a name may occur more than once.
    pub headers: Vec<Header>,
    /// The whole body.
    #[cfg_attr(feature = "serde", serde(with = "exposed"))]
    pub body: Secret,
}

impl HttpResponse {
    /// The names, in lower case, of the response headers that the machine reads. A host passes
    /// these on, and no others.
    pub const HEADERS: [&'static str; 5] =
        ["content-type", "date", "location", "retry-after", "warning"];

    /// A response without headers.
    ///
    /// ```
    /// use kubecred_core::protocol::HttpResponse;
    ///
    /// let mut answer = HttpResponse::new(429, "busy");
    /// answer.push_header("Retry-After", b"3");
    /// answer.push_header("Set-Cookie", b"no rule needs it");
    /// assert_eq!((answer.header("retry-after"), answer.headers.len()), (Some("3"), 1));
    /// ```
    pub fn new(status: u16, body: impl Into<Secret>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// Adds a header if its name, in upper or lower case, is in [`HttpResponse::HEADERS`].
    pub fn push_header(&mut self, name: &str, value: &[u8]) {
        let known = Self::HEADERS.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        if let Some(name) = known {
            self.headers.push(Header { name: name.into(), value: Secret::new(value) });
        }
    }

    /// The value of the first header with this name (in lower case), if it is UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|header| header.name == name)?;
        header.value.expose_str()
    }
}
