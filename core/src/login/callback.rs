//! What a request at the loopback address means (LG-43…LG-59). Pure: nothing is remembered here.

use super::authorization::{Redirect, Secrets};
use super::protocol::Exchange;
use crate::secret::Secret;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use percent_encoding::percent_decode;
use subtle::ConstantTimeEq;

/// What one request is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// It is answered with this status and changes nothing.
    Refused(u16),
    /// It belongs to no login here: a missing or other `state`, a parameter twice, a page of
    /// somebody else (LG-45, LG-48, LG-50).
    Foreign,
    /// A prefetch, which burns nothing (LG-49).
    Prefetch,
    /// The start address: it leads to the provider (LG-36).
    Start,
    /// The page at the end (LG-53).
    Result,
    /// The provider's answer, with the right state.
    Answer(Parameters),
}

/// The parameters of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) state: Option<Secret>,
    pub(super) code: Option<Secret>,
    pub(super) issuer: Option<String>,
    pub(super) error: Option<String>,
    pub(super) error_description: Option<String>,
    /// The answer is in `response`, as JARM has it.
    pub(super) response: bool,
}

/// What a listener answers to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address<'a> {
    pub(super) redirect: &'a Redirect,
    pub(super) secrets: &'a Secrets,
    pub(super) form_post: bool,
    /// Scheme, host and port of the provider's authorization endpoint.
    pub(super) provider_origin: &'a str,
}

/// Judges a request. The order matters: nothing of it is believed before its `Host` is (LG-43).
pub(super) fn judge(exchange: &Exchange, address: &Address<'_>) -> Request {
    let Address { redirect, secrets, .. } = *address;
    if !one(exchange, "host").is_some_and(|host| is_ours(host, redirect)) {
        return Request::Refused(421);
    }
    let target = exchange.target.expose_str().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_result = path.strip_prefix("/done/").is_some_and(|rest| same(&secrets.path, rest));
    let is_start = path.strip_prefix("/login/").is_some_and(|rest| same(&secrets.path, rest));
    let is_callback = path == redirect.path;
    if !(is_result || is_start || is_callback) {
        return Request::Refused(404);
    }
    let is_form = is_callback && address.form_post && exchange.method == "POST";
    if exchange.method != "GET" && !is_form {
        return Request::Refused(405);
    }
    if ["sec-purpose", "purpose", "x-moz"].iter().any(|name| is_prefetch(exchange, name)) {
        return Request::Prefetch;
    }
    if !is_navigation(exchange, is_form, address.provider_origin) {
        return Request::Foreign;
    }
    if is_result || is_start {
        return if is_start { Request::Start } else { Request::Result };
    }
    let text = if is_form { exchange.body.expose_str().unwrap_or_default() } else { query };
    match parse(text) {
        Some(answer) if answer.state.as_ref().is_some_and(|state| equal(state, &secrets.state)) => {
            Request::Answer(answer)
        }
        _ => Request::Foreign,
    }
}

/// Reads the parameters; `None` if one of those that count occurs twice (LG-48).
pub(super) fn parse(query: &str) -> Option<Parameters> {
    let mut answer = Parameters::default();
    let mut seen: Vec<Cow<'_, str>> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name)?;
        if seen.contains(&name) {
            return None;
        }
        let value = decoded(value)?;
        let secret = || Some(Secret::from(&*value)).filter(|value| !value.is_empty());
        match &*name {
            "state" => answer.state = secret(),
            "code" => answer.code = secret(),
            "iss" => answer.issuer = Some(value.into_owned()),
            "error" => answer.error = Some(value.into_owned()),
            "error_description" => answer.error_description = Some(value.into_owned()),
            "response" => answer.response = true,
            _ => {}
        }
        seen.push(name);
    }
    Some(answer)
}

/// A name or value of a form: `+` is a space.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['+', '%']) {
        return Some(Cow::Borrowed(text));
    }
    let spaced = text.replace('+', " ");
    let bytes: Vec<u8> = percent_decode(spaced.as_bytes()).collect();
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Compares in constant time, apart from the lengths, which are no secret (LG-45).
pub(super) fn equal(one: &Secret, other: &Secret) -> bool {
    one.expose().ct_eq(other.expose()).into()
}

fn same(secret: &Secret, text: &str) -> bool {
    secret.expose().ct_eq(text.as_bytes()).into()
}

/// The value of a header that must not occur twice.
fn one<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e str> {
    let mut values = exchange.headers.iter().filter(|header| header.name == name);
    let value = values.next()?.value.expose_str()?;
    values.next().is_none().then_some(value)
}

fn header<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e str> {
    let header = exchange.headers.iter().find(|header| header.name == name)?;
    Some(header.value.expose_str().unwrap_or_default())
}

/// Whether a `Host` is a name of this listener with its port. Without a port it is the scheme's
/// own, which a listener of a front may have.
fn is_ours(host: &str, redirect: &Redirect) -> bool {
    redirect.hosts.iter().any(|own| {
        let default = own.strip_suffix(":80").or_else(|| own.strip_suffix(":443"));
        own.eq_ignore_ascii_case(host) || default.is_some_and(|own| own.eq_ignore_ascii_case(host))
    })
}

fn is_prefetch(exchange: &Exchange, name: &str) -> bool {
    header(exchange, name).is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("prefetch") || value.contains("prerender") || value.contains("preview")
    })
}

/// Whether a browser says that the user goes there, and not that a page loads something (LG-50).
/// Browsers that say nothing are believed.
fn is_navigation(exchange: &Exchange, is_form: bool, provider: &str) -> bool {
    let is = |name, wanted| header(exchange, name).is_none_or(|value| value == wanted);
    let origin = match header(exchange, "origin") {
        None => true,
        Some(origin) => is_form && (origin == "null" || origin.eq_ignore_ascii_case(provider)),
    };
    origin && is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
}

/// What is wrong with an answer whose state is right, before its code is presented (LG-57, LG-59);
/// `promised`: discovery says that `iss` is always there.
pub(super) fn check<'p>(
    answer: &'p Parameters,
    issuer: &str,
    promised: bool,
) -> Result<Result<&'p Secret, (&'p str, &'p str)>, &'static str> {
    match &answer.issuer {
        Some(found) if found != issuer => {
            return Err("is from another issuer than the one that was asked (iss)");
        }
        None if promised => return Err("has no iss, which the provider promises"),
        _ => {}
    }
    if let Some(error) = &answer.error {
        return Ok(Err((error, answer.error_description.as_deref().unwrap_or_default())));
    }
    match &answer.code {
        Some(code) => Ok(Ok(code)),
        None if answer.response => {
            Err("has its parameters in a JWT (response); set the client at the provider to \
             response_mode query")
        }
        None => Err(
            "has neither a code nor an error; if its address has them behind a #, set the client at \
             the provider to response_mode query",
        ),
    }
}
