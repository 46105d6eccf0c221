//! The output of a plugin: read from plugins, and written for programs that are plugins themselves.

use crate::api::exec_credential::{Status, Unchecked};
use crate::api::gcloud::ConfigHelper;
use crate::api::json::{Json, string_size};
use crate::api::word;
use crate::certificate;
use crate::content::header_text;
use crate::credential::Identity;
use crate::error::{ContentProblem, FileRole, OutputProblem, PluginProblem};
use crate::profile::{Exec, ExecApiVersion};
use crate::protocol::Exit;
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::borrow::ToOwned;
use alloc::string::ToString;

/// The credential that a plugin printed: a token, a client certificate, or both (EX-56).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data between two rooms")]
pub struct Fetched {
    /// The token for `Authorization: Bearer`.
    pub token: Option<Secret>,
    /// The client certificate and key. Both can be parsed, and they belong together.
    pub identity: Option<Identity>,
    /// The earlier of `expirationTimestamp` and the certificate's expiry. (client-go goes on using
    /// an expired certificate.) `None`: not known.
    pub expires: Option<UnixTime>,
}

/// Reads the result of a plugin.
///
/// # Errors
/// If the exit code is not 0 (EX-41), or the output is not a valid ExecCredential of the configured
/// version (EX-50…EX-57). The error repeats nothing of the output, except an `apiVersion` or `kind`
/// that looks like one.
pub fn accept(exec: &Exec, exit: &Exit) -> Result<Fetched, PluginProblem> {
    if exit.code != 0 {
        return Err(PluginProblem::Exit(exit.code));
    }
    read(exec.api_version, exit.stdout.expose()).and_then(check).map_err(PluginProblem::Output)
}

fn read(configured: ExecApiVersion, output: &[u8]) -> Result<Status, OutputProblem> {
    let text = output;
    let output = Unchecked::from_output(text).map_err(OutputProblem::Malformed)?;
    let configured_text = || configured.as_str().to_owned();
    if output.api_version.is_empty() {
        if ConfigHelper::from_output(text).is_some() {
            return Err(OutputProblem::ConfigHelper);
        }
        return Err(OutputProblem::NoApiVersion { configured: configured_text() });
    }
    if output.api_version != configured.as_str() {
        let returned = word::version(&output.api_version);
        return Err(OutputProblem::ApiVersion { configured: configured_text(), returned });
    }
    if !matches!(&*output.kind, "" | "ExecCredential") {
        return Err(OutputProblem::Kind(word::kind(&output.kind)));
    }
    output.check(configured)?.status.ok_or(OutputProblem::NoStatus)
}

fn check(status: Status) -> Result<Fetched, OutputProblem> {
    let Status { expires, token, certificate, key } = status;
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
        (None, None) if token.is_none() => return Err(OutputProblem::NoCredential),
        (None, None) => None,
        _ => return Err(OutputProblem::HalfPair),
    };
    if let Some(token) = &token {
        header_text(token.expose()).map_err(OutputProblem::Token)?;
    }
    let ends = identity.as_ref().map(check_pair).transpose()?.flatten();
    let expires = expires.into_iter().chain(ends).min();
    Ok(Fetched { token, identity, expires })
}

/// Checks certificate and key. Returns the certificate's expiry.
fn check_pair(identity: &Identity) -> Result<Option<UnixTime>, OutputProblem> {
    let (certificate, key) = (identity.certificate.expose(), identity.key.expose());
    certificate::check_pair(certificate, key)
        .and_then(|()| certificate::not_after(certificate))
        .map_err(|problem| match problem {
            ContentProblem::BadKey => OutputProblem::Pair(FileRole::ClientKey, problem),
            problem => OutputProblem::Pair(FileRole::ClientCertificate, problem),
        })
}

/// An `ExecCredential` for a plugin to print: one line of JSON. `None` if one of the values is not
/// UTF-8.
#[must_use]
pub fn credential_json(
    api_version: ExecApiVersion,
    token: Option<&Secret>,
    identity: Option<&Identity>,
    expires: Option<UnixTime>,
) -> Option<Secret> {
    let token = token.map(Secret::expose_str);
    let certificate = identity.map(|identity| identity.certificate.expose_str());
    let key = identity.map(|identity| identity.key.expose_str());
    let expires = expires.map(|expires| expires.to_string());
    let fields = [
        ("expirationTimestamp", expires.as_deref().map(Some)),
        ("token", token),
        ("clientCertificateData", certificate),
        ("clientKeyData", key),
    ];
    let size = fields.iter().filter_map(|(_, text)| (*text)?).map(string_size).sum::<usize>();
    let mut json = Json::with_capacity(size.saturating_add(512));
    json.plain(r#"{"kind":"ExecCredential","apiVersion":"#).string(api_version.as_str());
    json.plain(r#","spec":{"interactive":false},"status":{"#);
    let mut comma = "";
    for (name, text) in fields {
        if let Some(text) = text {
            json.plain(comma).string(name).plain(":").string(text?);
            comma = ",";
        }
    }
    json.plain("}}\n");
    Some(Secret::new(json.bytes()))
}
