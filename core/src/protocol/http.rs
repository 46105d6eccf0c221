//! HTTP requests of sources, and the answers to them.

use crate::credential::{Header, Identity};
use crate::profile::Proxy;
use crate::secret::Secret;
use alloc::string::String;
use alloc::vec::Vec;

#[cfg(feature = "serde")]
use crate::secret::exposed;

/// Send one HTTP request on its own connection terms. A host that cannot honour one of them
/// refuses with [`FailureKind::Unsupported`]; it never ignores one. Any status is an answer:
/// redirects are not followed, since a body may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct SendRequest {
    /// GET or POST.
    pub method: Method,
    /// Absolute.
    pub url: String,
    /// Beyond those that the host's HTTP stack sets itself.
    pub headers: Vec<Header>,
    /// Empty for none.
    #[cfg_attr(feature = "serde", serde(with = "exposed"))]
    pub body: Secret,
    /// Terms of the TLS connection; ignored for an `http` URL.
    pub tls: Tls,
    /// How to get there.
    pub proxy: Proxy,
    /// The most bytes of body that will be taken; more is [`FailureKind::TooLarge`].
    pub limit: u64,
}

/// The request methods that sources use.
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

/// How a TLS connection is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Tls {
    /// Whom to trust.
    pub roots: TrustAnchors,
    /// What to present when the server asks.
    pub identity: Option<Identity>,
    /// The name to ask for and verify; `None`: the host of the URL (UA-30).
    pub server_name: Option<String>,
    /// Do not verify the server at all.
    pub insecure_skip_verify: bool,
}

/// The certificate authorities that may vouch for a server. There is no file here: the machine has
/// it read, so that every host trusts the same content at the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum TrustAnchors {
    /// Those of the operating system.
    #[default]
    System,
    /// Only these, as PEM. Empty: trust nothing (UA-33).
    Pem(#[cfg_attr(feature = "serde", serde(with = "exposed"))] Secret),
}

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Of the answer's headers those that [`HttpResponse::HEADERS`] names, in order; a name may occur
    /// more than once.
    pub headers: Vec<Header>,
    /// The whole body.
    #[cfg_attr(feature = "serde", serde(with = "exposed"))]
    pub body: Secret,
}

impl HttpResponse {
    /// The headers of an answer that rules need, by their names in lower case. A host passes on
    /// these, and no others.
    pub const HEADERS: [&'static str; 5] =
        ["content-type", "date", "location", "retry-after", "warning"];

    /// An answer without headers.
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

    /// Adds a header as the server sent it, if it is one of [`HttpResponse::HEADERS`], in any case
    /// of letters.
    pub fn push_header(&mut self, name: &str, value: &[u8]) {
        let known = Self::HEADERS.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        if let Some(name) = known {
            self.headers.push(Header { name: name.into(), value: Secret::new(value) });
        }
    }

    /// The first header of this name, which is in lower case, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|header| header.name == name)?;
        header.value.expose_str()
    }
}
