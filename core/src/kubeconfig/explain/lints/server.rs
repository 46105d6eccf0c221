//! Where requests go, and on which way.

use super::LintContext;
use crate::kubeconfig::explain::ProxyAnswer;
use crate::kubeconfig::explain::explanation::{Lint, Source};
use crate::profile::{Origin, Proxy};
use crate::redact;
use crate::url::Url;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::vec::Vec;

impl LintContext<'_> {
    pub(super) fn server(&self, lints: &mut Vec<Lint>) {
        let cluster = &self.profile.cluster;
        if self.source == Source::Nothing || cluster.server.is_empty() {
            return;
        }
        self.address(lints);
        let origin = self.origin(&["insecure-skip-tls-verify"]);
        if cluster.insecure_skip_tls_verify && cluster.is_https() {
            let text =
                "the server's certificate is not verified: anyone who answers gets the credentials";
            let lint = Lint::warning("insecure", "UA-31", text).at(origin);
            lints.push(lint.advise("Set certificate-authority instead."));
        }
        self.proxy(lints);
    }

    fn address(&self, lints: &mut Vec<Lint>) {
        let server = &self.profile.cluster.server;
        let place = || self.origin(&["server"]);
        let written = &self.selection.cluster.server;
        let Some(url) = Url::parse(server) else { return };
        let withheld = self.profile.notices.iter().any(|notice| notice.rule == "KC-71");
        if !written.contains("://") && self.problems.is_empty() {
            let text = "server has no scheme, so it is http: requests are sent in clear text";
            let lint = Lint::warning("server-without-scheme", "KC-71", text).at(place());
            lints.push(lint.advise("Put https:// before it."));
        } else if !self.profile.cluster.is_https() && !withheld && self.problems.is_empty() {
            let text = "server is http: requests are sent in clear text, without credentials";
            lints.push(Lint::note("plain-http", "KC-71", text).at(place()));
        }
        if url.path.len() > 1 {
            let text = format!("every API path is prefixed with {}", redact::text(url.path));
            lints.push(Lint::note("server-path", "KC-72", text).at(place()));
        }
        if server.len() < written.len() && written.starts_with(server.as_str()) {
            let text = "the query or fragment of server is not used";
            lints.push(Lint::warning("server-query", "KC-70", text).at(place()));
        } else if server.contains(['?', '#']) {
            let text = "server has a query or a fragment, which is of no use";
            lints.push(Lint::warning("server-query", "KC-70", text).at(place()));
        }
    }

    /// Variables that say how to get there, where nothing else does (KC-73). Whether they apply to
    /// this server is the host's to say, by the function that it connects with.
    fn proxy(&self, lints: &mut Vec<Lint>) {
        let Some(answer) = &self.inputs.proxy else { return };
        if self.profile.cluster.proxy != Proxy::Environment {
            return;
        }
        let names = match self.profile.cluster.is_https() {
            true => ["HTTPS_PROXY", "https_proxy"],
            false => ["HTTP_PROXY", "http_proxy"],
        };
        let environment = &self.inputs.environment;
        let given = names.into_iter().find_map(|name| Some((name, environment.variable(name)?)));
        let Some((name, proxy)) = given else { return };
        let origin = Origin::Variable(name.to_owned());
        let (code, text) = match answer {
            ProxyAnswer::Used => {
                let text = format!("requests go through the proxy {}", redact::url(proxy));
                ("proxy-from-environment", text)
            }
            ProxyAnswer::NotUsed(reason) => {
                let reason = redact::text(reason);
                ("proxy-not-used", format!("requests do not go through this proxy: {reason}"))
            }
        };
        lints.push(Lint::note(code, "KC-73", text).at(origin));
    }
}
