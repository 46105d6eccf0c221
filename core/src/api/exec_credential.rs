//! `ExecCredential` of `client.authentication.k8s.io`, `v1` and `v1beta1`: what a plugin is told,
//! and what it answers.
//!
//! The two versions have the same fields. Both directions are here, so that a plugin can be
//! written with this crate too.

use super::document::{Fields, Malformed, Value};
use crate::error::OutputProblem;
use crate::profile::{ExecApiVersion, ExecCluster, Roots};
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::string::String;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// What a plugin is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct Spec {
    /// The cluster to log in to, if the kubeconfig says `provideClusterInfo`.
    pub cluster: Option<ExecCluster>,
    /// Whether standard input is the user's.
    pub interactive: bool,
}

/// What a plugin answers, as it stands there: see [`accept`](crate::exec::accept) for what it
/// must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the API's")]
pub struct Status {
    /// When to stop using it; `None`: not known (EX-57).
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
    /// `apiVersion`; known, but perhaps another than was asked for.
    pub api_version: ExecApiVersion,
    /// What the plugin was told.
    pub spec: Spec,
    /// What it answers.
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
    spec: Value,
    status: Value,
}

impl Unchecked {
    /// Reads JSON, and keeps `config` as it is written.
    pub(crate) fn from_json(text: &[u8]) -> Result<Self, Malformed> {
        Self::read(Value::from_json(text, Fields { raw: Some("config"), ..READ })?)
    }

    /// Reads what a plugin printed: JSON if it starts with a brace, else YAML (EX-50). `config` is
    /// of no use in an answer and passed over.
    pub(crate) fn from_output(text: &[u8]) -> Result<Self, Malformed> {
        match text.trim_ascii_start().first() {
            Some(b'{') => Self::read(Value::from_json(text, READ)?),
            _ => Self::read(Value::from_yaml(text, READ)?),
        }
    }

    fn read(document: Value) -> Result<Self, Malformed> {
        let (mut api_version, mut kind) = (String::new(), String::new());
        let (mut spec, mut status) = (Value::Null, Value::Null);
        for (name, value) in document.map("it")? {
            match name {
                "apiVersion" => api_version = value.plain(name)?,
                "kind" => kind = value.plain(name)?,
                "spec" => spec = value,
                "status" => status = value,
                _ => {}
            }
        }
        Ok(Self { api_version, kind, spec, status })
    }

    /// Reads the rest.
    pub(crate) fn check(
        self,
        api_version: ExecApiVersion,
    ) -> Result<ExecCredential, OutputProblem> {
        let spec = read_spec(self.spec).map_err(OutputProblem::Malformed)?;
        Ok(ExecCredential { api_version, spec, status: read_status(self.status)? })
    }
}

fn read_spec(value: Value) -> Result<Spec, Malformed> {
    let mut spec = Spec::default();
    for (name, value) in value.map("spec")? {
        match name {
            "cluster" if value.is_null() => spec.cluster = None,
            "cluster" => spec.cluster = Some(read_cluster(value)?),
            "interactive" => spec.interactive = value.bool("spec.interactive")?,
            _ => {}
        }
    }
    Ok(spec)
}

fn read_cluster(value: Value) -> Result<ExecCluster, Malformed> {
    let mut cluster = ExecCluster::default();
    for (name, value) in value.map("spec.cluster")? {
        let path = ["spec.cluster.", name].concat();
        match name {
            "certificate-authority-data" => {
                let text = value.text(&path)?.unwrap_or_default();
                let pem = BASE64_STANDARD.decode(text.expose());
                let pem = pem.map_err(|_| [&path, " is not base64"].concat())?;
                cluster.certificate_authority =
                    if pem.is_empty() { Roots::System } else { Roots::Pem(pem.into()) };
            }
            "config" => cluster.config = value.raw(),
            "disable-compression" => cluster.disable_compression = value.bool(&path)?,
            "insecure-skip-tls-verify" => cluster.insecure_skip_tls_verify = value.bool(&path)?,
            "proxy-url" => cluster.proxy_url = value.plain(&path)?,
            "server" => cluster.server = value.plain(&path)?,
            "tls-server-name" => cluster.tls_server_name = value.plain(&path)?,
            _ => {}
        }
    }
    Ok(cluster)
}

fn read_status(value: Value) -> Result<Option<Status>, OutputProblem> {
    if value.is_null() {
        return Ok(None);
    }
    let mut status = Status::default();
    for (name, value) in value.map("status").map_err(OutputProblem::Malformed)? {
        let field = match name {
            "clientCertificateData" => &mut status.certificate,
            "clientKeyData" => &mut status.key,
            "expirationTimestamp" => {
                status.expires = read_time(value)?;
                continue;
            }
            "token" => &mut status.token,
            _ => continue,
        };
        let text = value.text(&["status.", name].concat()).map_err(OutputProblem::Malformed)?;
        *field = text.filter(|text| !text.is_empty());
    }
    Ok(Some(status))
}

/// The zero time means none, as absence does (EX-57).
fn read_time(value: Value) -> Result<Option<UnixTime>, OutputProblem> {
    const ZERO: UnixTime = UnixTime::from_secs(-62_135_596_800);
    let text = value.text("status.expirationTimestamp").map_err(OutputProblem::Malformed)?;
    let Some(text) = text else { return Ok(None) };
    let time = text.expose_str().and_then(UnixTime::parse_rfc3339);
    let time = time.ok_or(OutputProblem::Expiration)?;
    Ok((time != ZERO).then_some(time))
}
