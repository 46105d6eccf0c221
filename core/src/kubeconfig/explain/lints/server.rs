//! Where requests go, and on which way.

use super::Evidence;
use crate::kubeconfig::explain::explanation::{Lint, Source};
use crate::profile::{Bearer, Origin, Proxy};
use crate::redact;
use crate::url::Url;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::vec::Vec;

impl Evidence<'_> {
    pub(super) fn server(&self, lints: &mut Vec<Lint>) {
        let cluster = &self.profile.cluster;
        if self.source == Source::Nothing || cluster.server.is_empty() {
            return;
        }
        self.address(lints);
        let origin = self.origin(&["insecure-skip-tls-verify"]);
        if cluster.insecure_skip_tls_verify && cluster.is_https() {
            let text = "the server is not verified: whoever answers gets the credential";
            let lint = Lint::warning("insecure", "UA-31", text).at(origin);
            lints.push(lint.advise("Name its authority with certificate-authority instead."));
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
            let text = "there is no https:// before the server, so that it is spoken to in clear";
            let lint = Lint::warning("server-without-scheme", "KC-71", text).at(place());
            lints.push(lint.advise("Put https:// before it."));
        } else if !self.profile.cluster.is_https() && !withheld && self.problems.is_empty() {
            let text = "the server is spoken to in clear, without credentials";
            lints.push(Lint::note("plain-http", "KC-71", text).at(place()));
        }
        if url.path.len() > 1 {
            let text = format!("the path {} goes before every path of the API", url.path);
            lints.push(Lint::note("server-path", "KC-72", text).at(place()));
        }
        if server.len() < written.len() && written.starts_with(server.as_str()) {
            let text =
                "what follows the path of the server is not used: it has a query or a fragment";
            lints.push(Lint::warning("server-query", "KC-70", text).at(place()));
        } else if server.contains(['?', '#']) {
            let text = "the server has a query or a fragment, for which there is no use";
            lints.push(Lint::warning("server-query", "KC-70", text).at(place()));
        }
    }

    /// Variables that say how to get there, where nothing else does (KC-73).
    fn proxy(&self, lints: &mut Vec<Lint>) {
        if self.profile.cluster.proxy != Proxy::Environment {
            return;
        }
        let names = match self.profile.cluster.is_https() {
            true => ["HTTPS_PROXY", "https_proxy"],
            false => ["HTTP_PROXY", "http_proxy"],
        };
        let environment = &self.survey.environment;
        let given = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| Some((name, environment.variable(name)?)))
        };
        let Some((name, proxy)) = given(names) else { return };
        let but = match given(["NO_PROXY", "no_proxy"]) {
            Some((name, hosts)) => format!(", unless {name} has the server: {hosts}"),
            None => "".to_owned(),
        };
        let proxy = match redact::url(proxy) {
            proxy if proxy.contains("://") => proxy,
            proxy => ["http://", &proxy].concat(),
        };
        let text = format!("requests go through {proxy}{but}");
        let origin = Origin::Variable(name.to_owned());
        let lint = Lint::note("proxy-from-environment", "KC-73", text).at(origin);
        let plugin = matches!(self.profile.authentication.bearer, Bearer::Exec(_));
        let advice = match plugin {
            true => {
                "The plugin hears of it as a variable, and not in KUBERNETES_EXEC_INFO (EX-36)."
            }
            false => "",
        };
        lints.push(lint.advise(advice));
    }
}
