//! What the host says that it cannot connect with.

use super::LintContext;
use super::certificates::{AUTHORITY, CERTIFICATE};
use crate::kubeconfig::explain::connection::{ConnectionPart, ConnectionProblem};
use crate::kubeconfig::explain::explanation::{Lint, Severity};
use crate::profile::Origin;
use alloc::vec::Vec;

/// What the core finds by itself of certificates that no connection can be made with.
const OF_AUTHORITIES: &[&str] = &["bad-authority", "empty-authority", "unreadable-file"];
const OF_PAIRS: &[&str] =
    &["bad-certificate", "bad-key", "certificate-key-mismatch", "unreadable-file"];

impl LintContext<'_> {
    /// After all others: what one of them has said already is not said again.
    pub(super) fn connection(&self, lints: &mut Vec<Lint>) {
        for problem in self.connection {
            let ConnectionProblem { part, severity, message } = problem;
            let (code, rule, names, said): (_, _, &[&str], &[&str]) = match part {
                ConnectionPart::ClientCertificate => {
                    ("bad-certificate", "UA-34", &CERTIFICATE, OF_PAIRS)
                }
                ConnectionPart::Other => ("problem", "KC-48", &[], &[]),
                ConnectionPart::Proxy => ("bad-proxy", "KC-52", &["proxy-url"], &[]),
                ConnectionPart::Roots => ("bad-authority", "UA-32", &AUTHORITY, OF_AUTHORITIES),
                ConnectionPart::Server => ("bad-server", "KC-72", &["server"], &[]),
                ConnectionPart::ServerName => {
                    ("bad-server-name", "UA-30", &["tls-server-name", "server"], &[])
                }
                ConnectionPart::Variable(_) => ("not-utf8", "KC-73", &[], &[]),
            };
            let is_said = |lint: &Lint| {
                lint.severity == Severity::Error && said.contains(&lint.code.as_str())
            };
            if lints.iter().any(is_said) {
                continue;
            }
            let origin = match part {
                ConnectionPart::Variable(name) => Origin::Variable(name.clone()),
                _ => self.first_origin(names),
            };
            lints.push(Lint::new(*severity, code, rule, message.as_str()).at(origin));
        }
    }

    /// Where the first of the settings stands that is used at all.
    fn first_origin(&self, names: &[&str]) -> Origin {
        let origins = names.iter().map(|name| self.origin(&[name]));
        origins.into_iter().find(|origin| *origin != Origin::Default).unwrap_or_default()
    }
}
