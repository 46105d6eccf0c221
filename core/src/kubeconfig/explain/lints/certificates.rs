//! Certificates that have ended, or not begun.

use super::LintContext;
use crate::certificate;
use crate::kubeconfig::explain::explanation::Lint;
use crate::profile::{Material, Roots};
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// A warning by then leaves time to act.
const SOON: Duration = Duration::from_secs(7 * 24 * 3600);

pub(super) const AUTHORITY: [&str; 2] = ["certificate-authority", "certificate-authority-data"];
pub(super) const CERTIFICATE: [&str; 2] = ["client-certificate", "client-certificate-data"];

impl LintContext<'_> {
    pub(super) fn certificates(&self, lints: &mut Vec<Lint>) {
        let pem = match &self.profile.cluster.roots {
            Roots::Pem(pem) => Some(pem),
            Roots::File(path) => self.content(path),
            Roots::System => None,
        };
        if let Some(pem) = pem {
            self.roots(pem, lints);
        }
        let certificate = self.profile.authentication.certificate.as_ref();
        let pem = match certificate.map(|pair| &pair.certificate) {
            Some(Material::Data(pem)) => Some(pem),
            Some(Material::File(path)) => self.content(path),
            None => None,
        };
        if let Some(pem) = pem {
            self.leaf(pem, lints);
        }
    }

    pub(super) fn content(&self, path: &str) -> Option<&Secret> {
        Some(&self.inputs.facts.get(path)?.as_ref().ok()?.contents)
    }

    /// Whom to trust: one that has ended is as good as none.
    fn roots(&self, pem: &Secret, lints: &mut Vec<Lint>) {
        let origin = || self.origin(&AUTHORITY);
        if pem.is_empty() {
            let text = "the CA bundle is empty: no server is trusted";
            lints.push(Lint::error("empty-authority", "UA-33", text).at(origin()));
            return;
        }
        let faults: Vec<Option<(Kind, String)>> = certificate::validities(pem.expose())
            .map(|(begin, end)| fault(begin, end, self.now).filter(|(kind, _)| *kind != Kind::Soon))
            .collect();
        let good = faults.iter().filter(|fault| fault.is_none()).count();
        let code = |kind: &Kind| match kind {
            Kind::Early => "early-authority",
            _ => "expired-authority",
        };
        let Some((kind, when)) = faults.iter().flatten().next() else { return };
        let advice = "Get the cluster's current CA certificate.";
        lints.push(if good == 0 {
            let text = format!("the CA certificate {when}");
            Lint::error(code(kind), "UA-32", text).at(origin()).advise(advice)
        } else {
            let text = format!("one of {} CA certificates {when}", faults.len());
            Lint::note(code(kind), "UA-32", text).at(origin())
        });
    }

    fn leaf(&self, pem: &Secret, lints: &mut Vec<Lint>) {
        let pem = pem.expose();
        let (Ok(begin), Ok(end)) = (certificate::not_before(pem), certificate::not_after(pem))
        else {
            return; // The dry run says so.
        };
        let Some((kind, when)) = fault(begin, end, self.now) else { return };
        let (text, origin) = (format!("the client certificate {when}"), self.origin(&CERTIFICATE));
        lints.push(
            match kind {
                Kind::Ended => {
                    Lint::error("expired-certificate", "", text).advise("Get a new one.")
                }
                Kind::Early => Lint::error("early-certificate", "", text)
                    .advise("Check this machine's clock, or wait."),
                Kind::Soon => {
                    Lint::warning("certificate-ends-soon", "", text).advise("Get a new one.")
                }
            }
            .at(origin),
        );
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Early,
    Ended,
    Soon,
}

/// What is wrong with a certificate now, in words that follow on its name.
fn fault(begin: UnixTime, end: Option<UnixTime>, now: UnixTime) -> Option<(Kind, String)> {
    match end {
        _ if now < begin => Some((Kind::Early, format!("is not valid before {begin}"))),
        Some(end) if end <= now => Some((Kind::Ended, format!("expired at {end}"))),
        Some(end) if end <= now.saturating_add(SOON) => {
            Some((Kind::Soon, format!("ends at {end}")))
        }
        _ => None,
    }
}
