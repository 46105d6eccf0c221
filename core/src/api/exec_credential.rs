//! `ExecCredential` of `client.authentication.k8s.io`, `v1` and `v1beta1`: the input and the output
//! of an exec plugin.
//!
//! The two versions have the same fields. Input and output can be both read and written, so that
//! you can also write a plugin with this crate.

use super::document::{Fields, Malformed, Value};
use crate::error::OutputProblem;
use crate::profile::{ExecApiVersion, ExecCluster, Roots};
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The input of a plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct Spec {
    /// The cluster to log in to, if the kubeconfig says `provideClusterInfo`.
    pub cluster: Option<ExecCluster>,
    /// Whether the plugin may read the user's standard input.
    pub interactive: bool,
}

/// The output of a plugin, as it was printed. [`accept`](crate::exec::accept) checks it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct Status {
    /// When it expires; `None`: not known (EX-57).
    pub expires: Option<UnixTime>,
    /// The bearer token; not empty.
    pub token: Option<Secret>,
    /// PEM, leaf first; not empty.
    pub certificate: Option<Secret>,
    /// PEM; not empty.
    pub key: Option<Secret>,
}

/// An `ExecCredential`, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct ExecCredential {
    /// `apiVersion`. It may differ from the requested version.
    pub api_version: ExecApiVersion,
    /// The plugin's input.
    pub spec: Spec,
    /// The plugin's output.
    pub status: Option<Status>,
}

const READ: Fields = Fields {
    read: &[
        "apiVersion",
        "certificate-authority-data",
        "clientCertificateData",
        "clientKeyData",
        "cluster",
        "disable-compression",
        "expirationTimestamp",
        "insecure-skip-tls-verify",
        "interactive",
        "kind",
        "proxy-url",
        "server",
        "spec",
        "status",
        "tls-server-name",
        "token",
    ],
    raw: None,
};

/// An `ExecCredential` whose version and kind have not been judged yet.
pub(crate) struct Unchecked {
    /// Empty if it is missing.
    pub(crate) api_version: String,
    /// Empty if it is missing.
    pub(crate) kind: String,
    /// Every `spec` there is.
    spec: Vec<Value>,
    /// Every `status` there is.
    status: Vec<Value>,
}

/// A field may be there twice (EX-54). Go's decoder then goes on filling what the first one began:
/// the last value wins, null changes no text, and null takes away what may be absent.
impl Unchecked {
    /// Reads JSON, and keeps `config` as it is written.
    pub(crate) fn from_json(text: &[u8]) -> Result<Self, Malformed> {
        Self::read(Value::from_json(text, Fields { raw: Some("config"), ..READ })?)
    }

    /// Reads what a plugin printed. `config` is of no use in an answer and passed over.
    pub(crate) fn from_output(text: &[u8]) -> Result<Self, Malformed> {
        Self::read(Value::from_output(text, READ)?)
    }

    fn read(document: Value) -> Result<Self, Malformed> {
        let mut read =
            Self { api_version: String::new(), kind: String::new(), spec: vec![], status: vec![] };
        for (name, value) in document.map("the document")? {
            match name {
                "apiVersion" => value.plain_into(&mut read.api_version, name)?,
                "kind" => value.plain_into(&mut read.kind, name)?,
                "spec" => read.spec.push(value),
                "status" => read.status.push(value),
                _ => {}
            }
        }
        Ok(read)
    }

    /// Reads the rest.
    pub(crate) fn check(
        self,
        api_version: ExecApiVersion,
    ) -> Result<ExecCredential, OutputProblem> {
        let mut credential = ExecCredential { api_version, ..ExecCredential::default() };
        for spec in self.spec {
            read_spec(spec, &mut credential.spec).map_err(OutputProblem::Malformed)?;
        }
        for status in self.status {
            match status {
                Value::Null => credential.status = None,
                status => read_status(status, credential.status.get_or_insert_default())?,
            }
        }
        Ok(credential)
    }
}

fn read_spec(value: Value, spec: &mut Spec) -> Result<(), Malformed> {
    for (name, value) in value.map("spec")? {
        match (name, value) {
            ("cluster", Value::Null) => spec.cluster = None,
            ("cluster", value) => read_cluster(value, spec.cluster.get_or_insert_default())?,
            ("interactive", value) => value.bool_into(&mut spec.interactive, "spec.interactive")?,
            _ => {}
        }
    }
    Ok(())
}

fn read_cluster(value: Value, cluster: &mut ExecCluster) -> Result<(), Malformed> {
    for (name, value) in value.map("spec.cluster")? {
        let path = ["spec.cluster.", name].concat();
        match name {
            "certificate-authority-data" => {
                cluster.certificate_authority = match value.text(&path)? {
                    Some(text) if !text.is_empty() => Roots::Pem(decode(&text, &path)?),
                    _ => Roots::System,
                }
            }
            "config" => cluster.config = value.raw(),
            "disable-compression" => value.bool_into(&mut cluster.disable_compression, &path)?,
            "insecure-skip-tls-verify" => {
                value.bool_into(&mut cluster.insecure_skip_tls_verify, &path)?;
            }
            "proxy-url" => value.plain_into(&mut cluster.proxy_url, &path)?,
            "server" => value.plain_into(&mut cluster.server, &path)?,
            "tls-server-name" => value.plain_into(&mut cluster.tls_server_name, &path)?,
            _ => {}
        }
    }
    Ok(())
}

/// Go's reader of base64 passes over line breaks.
fn decode(text: &Secret, path: &str) -> Result<Secret, Malformed> {
    let digits: Vec<u8> =
        text.expose().iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let bytes = BASE64_STANDARD.decode(digits).map_err(|_| [path, " is not base64"].concat())?;
    Ok(Secret::new(bytes))
}

fn read_status(value: Value, status: &mut Status) -> Result<(), OutputProblem> {
    for (name, value) in value.map("status").map_err(OutputProblem::Malformed)? {
        let path = ["status.", name].concat();
        let field = match name {
            "clientCertificateData" => &mut status.certificate,
            "clientKeyData" => &mut status.key,
            "token" => &mut status.token,
            "expirationTimestamp" => {
                let text = value.text(&path).map_err(OutputProblem::Malformed)?;
                status.expires = text.as_ref().map(read_time).transpose()?.flatten();
                continue;
            }
            _ => continue,
        };
        if let Some(text) = value.text(&path).map_err(OutputProblem::Malformed)? {
            *field = Some(text).filter(|text| !text.is_empty());
        }
    }
    Ok(())
}

/// The zero time means none, as absence does (EX-57).
fn read_time(text: &Secret) -> Result<Option<UnixTime>, OutputProblem> {
    const ZERO: UnixTime = UnixTime::from_secs(-62_135_596_800);
    let time = text.expose_str().and_then(UnixTime::parse_rfc3339);
    let time = time.ok_or(OutputProblem::Expiration)?;
    Ok((time != ZERO).then_some(time))
}
