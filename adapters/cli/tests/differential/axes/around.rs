//! What is around a kubeconfig: variables, and the path that is asked for.

use crate::axis::{Axis, always, no, ok};
use crate::draft::{Draft, ProxyKind};
use serde_json::json;

pub(crate) const AXES: &[Axis] = &[VARIABLES, PATHS];

/// A server that only the proxy knows, and these variables that lead to the proxy.
fn internal(draft: &mut Draft, kind: ProxyKind, variables: &[(&str, &str)]) {
    draft.proxy = Some(kind);
    draft.cluster(json!({ "server": "https://api.internal" }));
    for (name, value) in variables {
        draft.env(name, value);
    }
}

const VARIABLES: Axis = Axis {
    name: "environment",
    with: &[],
    applies: always,
    variants: &[
        ok("HTTPS_PROXY", |d| internal(d, ProxyKind::Http, &[("HTTPS_PROXY", "http://«proxy»")])),
        ok("https_proxy", |d| internal(d, ProxyKind::Http, &[("https_proxy", "«proxy»")])),
        ok("HTTPS_PROXY with a password", |d| {
            internal(d, ProxyKind::Http, &[("HTTPS_PROXY", "http://jane:s3cret@«proxy»")]);
        }),
        ok("HTTPS_PROXY of SOCKS", |d| {
            internal(d, ProxyKind::Socks, &[("HTTPS_PROXY", "socks5://«proxy»")]);
        }),
        ok("both cases of HTTPS_PROXY", |d| {
            let proxies =
                [("HTTPS_PROXY", "http://«proxy»"), ("https_proxy", "http://127.0.0.1:1")];
            internal(d, ProxyKind::Http, &proxies);
        }),
        ok("HTTPS_PROXY and NO_PROXY of others", |d| {
            let proxies =
                [("HTTPS_PROXY", "http://«proxy»"), ("NO_PROXY", "example.com, .svc,10.0.0.0/8")];
            internal(d, ProxyKind::Http, &proxies);
        }),
        ok("HTTPS_PROXY, empty NO_PROXY", |d| {
            internal(d, ProxyKind::Http, &[("HTTPS_PROXY", "http://«proxy»"), ("NO_PROXY", "")]);
        }),
        ok("HTTPS_PROXY for loopback", |d| d.env("HTTPS_PROXY", "http://127.0.0.1:1")),
        ok("HTTPS_PROXY over proxy-url", |d| {
            let url = "http://«proxy»";
            internal(
                d,
                ProxyKind::Http,
                &[("HTTPS_PROXY", "http://127.0.0.1:1"), ("NO_PROXY", "*")],
            );
            d.cluster(json!({ "proxy-url": url }));
        }),
        no("HTTPS_PROXY that is broken", |d| {
            internal(d, ProxyKind::Http, &[("HTTPS_PROXY", "http://[::1")]);
        }),
        ok("KUBERNETES_MASTER beside a server", |d| {
            d.env("KUBERNETES_MASTER", "https://127.0.0.1:1")
        }),
        ok("KUBERNETES_MASTER for a cluster that is missing", |d| {
            d.plain_http = true;
            d.context(json!({ "cluster": "gone" }));
            d.env("KUBERNETES_MASTER", "http://127.0.0.1:«port»");
        }),
        ok("a pod's variables", |d| {
            d.env("KUBERNETES_SERVICE_HOST", "127.0.0.1");
            d.env("KUBERNETES_SERVICE_PORT", "1");
        }),
        ok("POD_NAMESPACE", |d| d.env("POD_NAMESPACE", "of-the-pod")),
        ok("no HOME", |d| drop(d.environment.insert("HOME".to_owned(), None))),
        ok("odd ones", |d| {
            d.env("EMPTY", "");
            d.env("LINES", "a\nb=c\n");
            d.env("with.dots-and", "é");
        }),
    ],
};

const PATHS: Axis = Axis {
    name: "path",
    with: &[],
    applies: always,
    variants: &[
        ok("another", |d| d.path = "/api/v1/namespaces".to_owned()),
        ok("refused", |d| d.path = "/forbidden".to_owned()),
        ok("of nothing", |d| d.path = "/no/such/thing".to_owned()),
        ok("with a query", |d| d.path = "/version?limit=5".to_owned()),
        ok("with an unsorted query", |d| d.path = "/version?b=2&a=1".to_owned()),
        ok("encoded", |d| d.path = "/api/v1/namespaces/a%2Fb".to_owned()),
        ok("of the root", |d| d.path = "/".to_owned()),
        ok("a slash at its end", |d| d.path = "/version/".to_owned()),
    ],
};
