//! Where a setting comes from, for errors and the log.

use kubecred_core::{Origin, Profile, redact};
use std::fmt;

/// What may make the `Authorization` header or the client certificate.
pub(crate) const CREDENTIALS: &[&str] = &[
    "token",
    "tokenFile",
    "username",
    "exec",
    "auth-provider",
    "client-certificate",
    "client-certificate-data",
];

/// ` (FILE:LINE, ENTRY)` of the first of these settings that the profile has; empty if it has none,
/// or nobody set it.
pub(crate) fn of(profile: &Profile, settings: &[&str]) -> String {
    let known = settings
        .iter()
        .find_map(|setting| profile.provenance.iter().find(|known| known.setting == **setting));
    match known.map(|known| &known.origin) {
        None | Some(Origin::Default) => String::new(),
        Some(origin) => format!(" ({})", Place(origin)),
    }
}

/// An origin, without what looks like a secret.
pub(crate) struct Place<'a>(pub(crate) &'a Origin);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Origin::Default => f.write_str("the default"),
            Origin::File { path, entry, line } => {
                f.write_str(&redact::text(path))?;
                if *line > 0 {
                    write!(f, ":{line}")?;
                }
                match entry.as_str() {
                    "" => Ok(()),
                    entry => write!(f, ", {}", redact::text(entry)),
                }
            }
            Origin::Override(flag) => write!(f, "--{flag}"),
            Origin::ServiceAccount(path) => write!(f, "the pod's {path}"),
            Origin::Variable(name) => write!(f, "${name}"),
            _ => f.write_str("an unknown source"),
        }
    }
}
