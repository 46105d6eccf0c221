//! What there is to say of a configuration, as plain data.

use crate::profile::Origin;
use alloc::string::String;
use alloc::vec::Vec;

/// A configuration explained: where it was looked for, what came of it, which credential goes out,
/// and what is wrong or odd. Holds no secret.
///
/// With the feature `serde` it is a JSON document that names its version and its kind:
///
/// ```text
/// {"kind": "Explanation", "apiVersion": "explain.kubecred/v1",
///  "search":      {"named_by": ORIGIN, "files": [{"path", "state"}], "source", "rule", "reason"},
///  "settings":    [{"name", "value", "origin": ORIGIN, "used", "rule", "reason",
///                   "masked": [{"value", "origin": ORIGIN}]}],
///  "credentials": [ .. the same .. ],
///  "lints":       [{"severity", "code", "rule", "origin": ORIGIN, "message", "advice"}]}
/// ```
///
/// An `ORIGIN` is `"default"`, `{"file": {"path", "entry", "line"}}`, `{"override": FLAG}`,
/// `{"variable": NAME}` or `{"service-account": PATH}`. Fields may be added to a version; none goes,
/// and none changes its meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "kind"))]
#[non_exhaustive]
pub struct Explanation {
    /// The version of this form.
    #[cfg_attr(feature = "serde", serde(rename = "apiVersion"))]
    pub api_version: ExplanationVersion,
    /// Where it was looked for.
    pub search: Searched,
    /// Where requests go and how, the namespace, and whom to impersonate: what is used, in the order
    /// of a profile, and then what is not.
    pub settings: Vec<Setting>,
    /// Everything that the user has to authenticate with: what is used, and then what is not.
    pub credentials: Vec<Setting>,
    /// What is wrong or odd, the worst first.
    pub lints: Vec<Lint>,
}

impl Explanation {
    /// How bad the worst of the lints is; `None` without any.
    pub fn worst(&self) -> Option<Severity> {
        self.lints.iter().map(|lint| lint.severity).max()
    }
}

/// The versions of the form of an [`Explanation`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ExplanationVersion {
    /// The first.
    #[default]
    #[cfg_attr(feature = "serde", serde(rename = "explain.kubecred/v1"))]
    V1,
}

/// Where a configuration was looked for, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Searched {
    /// What named the files: the flag `kubeconfig`, the variable `KUBECONFIG`, or neither, so that
    /// it is the one in the home directory.
    pub named_by: Origin,
    /// The kubeconfig files, in order of precedence.
    pub files: Vec<SearchedFile>,
    /// What the connection was made of in the end.
    pub source: Source,
    /// The rule for that.
    pub rule: String,
    /// The rule as a sentence, without a full stop.
    pub reason: String,
}

/// A kubeconfig file of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SearchedFile {
    /// As it was named.
    pub path: String,
    /// What became of it.
    pub state: FileState,
}

/// What became of a kubeconfig file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum FileState {
    /// It cannot be read or decoded.
    Broken,
    /// It is not there.
    Missing,
    /// It was read.
    Read,
    /// It was not looked at, since another was found.
    Skipped,
}

/// What a connection is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Source {
    /// Of flags alone.
    Flags,
    /// Of kubeconfig files, with flags laid over.
    Kubeconfig,
    /// There is none.
    #[default]
    Nothing,
    /// Of the pod's service account.
    ServiceAccount,
}

/// A setting, used or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Setting {
    /// By its kubeconfig name.
    pub name: String,
    /// What it says; a secret is only said to be there.
    pub value: String,
    /// Where it stands.
    pub origin: Origin,
    /// Whether it has an effect.
    pub used: bool,
    /// The rule that decides it.
    pub rule: String,
    /// The rule as a sentence, without a full stop.
    pub reason: String,
    /// What else says it, and is not heard; next in precedence first.
    pub masked: Vec<Masked>,
}

/// A setting that is masked by one of higher precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Masked {
    /// What it says; a secret is only said to be there.
    pub value: String,
    /// Where it stands.
    pub origin: Origin,
}

/// Something wrong or odd.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Lint {
    /// How bad it is.
    pub severity: Severity,
    /// A name that stays: `expired-certificate`.
    pub code: String,
    /// The rule behind it; empty where there is none.
    pub rule: String,
    /// Where it stands.
    pub origin: Origin,
    /// What is the matter, without a full stop.
    pub message: String,
    /// What to do, in sentences; may be empty.
    pub advice: String,
}

/// How bad something is, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "three are enough")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// It works, but hardly as it was meant to, or not safely.
    Warning,
    /// It does not work.
    Error,
}

impl Severity {
    /// `note`, `warning`, `error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
