//! The cluster's entry: where the server is, how it is trusted, what is asked of it.

use crate::axis::{Axis, always, no, ok};
use crate::draft::{Draft, Node, ProxyKind};
use serde_json::json;

pub(crate) const AXES: &[Axis] =
    &[SERVERS, SERVER_NAMES, AUTHORITIES, INSECURE, PROXIES, COMPRESSION, EXTENSIONS];

fn server(draft: &mut Draft, url: &str) {
    draft.cluster(json!({ "server": url }));
}

fn plain(draft: &mut Draft, url: &str) {
    draft.plain_http = true;
    server(draft, url);
}

const SERVERS: Axis = Axis {
    name: "server",
    with: &[],
    applies: always,
    variants: &[
        ok("by name", |d| server(d, "https://localhost:«port»")),
        ok("name in capitals", |d| server(d, "https://LocalHost:«port»")),
        ok("scheme in capitals", |d| server(d, "HTTPS://127.0.0.1:«port»")),
        ok("a slash at its end", |d| server(d, "https://127.0.0.1:«port»/")),
        ok("IPv6", |d| {
            d.listen_on_ipv6 = true;
            server(d, "https://[::1]:«port»");
        }),
        ok("IPv6, long", |d| {
            d.listen_on_ipv6 = true;
            server(d, "https://[0:0:0:0:0:0:0:1]:«port»");
        }),
        ok("a path", |d| server(d, "https://127.0.0.1:«port»/k8s/clusters/c-1")),
        ok("a path with a slash at its end", |d| server(d, "https://127.0.0.1:«port»/k8s/")),
        ok("an encoded path", |d| server(d, "https://127.0.0.1:«port»/a%20b")),
        ok("two slashes", |d| server(d, "https://127.0.0.1:«port»//")),
        ok("a query", |d| server(d, "https://127.0.0.1:«port»?q=1")),
        ok("a path and a query", |d| server(d, "https://127.0.0.1:«port»/k8s?q=1#f")),
        ok("a user", |d| server(d, "https://joe:secret@127.0.0.1:«port»")),
        ok("without TLS", |d| plain(d, "http://127.0.0.1:«port»")),
        ok("without TLS, scheme in capitals", |d| plain(d, "HTTP://127.0.0.1:«port»")),
        ok("without TLS, a path", |d| plain(d, "http://127.0.0.1:«port»/k8s")),
        ok("without TLS, a user", |d| plain(d, "http://joe:secret@127.0.0.1:«port»")),
        ok("without scheme", |d| plain(d, "127.0.0.1:«port»")),
        ok("without scheme, by name", |d| plain(d, "localhost:«port»")),
        ok("without scheme, a path", |d| plain(d, "127.0.0.1:«port»/k8s")),
        ok("slashes without scheme", |d| plain(d, "//127.0.0.1:«port»")),
        no("a TLS server called without", |d| server(d, "http://127.0.0.1:«port»")),
        no("called with TLS, a server without", |d| plain(d, "https://127.0.0.1:«port»")),
        no("nobody there", |d| server(d, "https://127.0.0.1:1")),
        no("nobody there, the usual port", |d| server(d, "https://127.0.0.1")),
        no("an address of another certificate", |d| server(d, "https://127.0.0.2:«port»")),
        no("another scheme", |d| server(d, "ftp://127.0.0.1:«port»")),
        no("a broken address", |d| server(d, "https://[::1")),
        no("a broken port", |d| server(d, "https://127.0.0.1:port")),
        no("a port too big", |d| server(d, "https://127.0.0.1:70000")),
        no("a broken escape", |d| server(d, "https://127.0.0.1:«port»/%zz")),
        no("a blank in it", |d| server(d, "https://127.0.0.1 :«port»")),
        no("blanks around", |d| server(d, " https://127.0.0.1:«port» ")),
        no("a line break", |d| server(d, "https://127.0.0.1:«port»\n")),
        no("no host", |d| server(d, "https://")),
        no("no host, a path", |d| server(d, "https:///k8s")),
        no("no slashes", |d| server(d, "https:127.0.0.1:«port»")),
        no("a path only", |d| server(d, "/k8s")),
        no("empty", |d| server(d, "")),
        no("none", |d| d.cluster(json!({ "server": null }))),
        ok("a port of nothing", |d| server(d, "https://127.0.0.1:")),
    ],
};

const SERVER_NAMES: Axis = Axis {
    name: "tls-server-name",
    with: &[],
    applies: always,
    variants: &[
        ok("another of its names", |d| name(d, "api.internal")),
        ok("in capitals", |d| name(d, "API.Internal")),
        ok("an address", |d| name(d, "127.0.0.1")),
        ok("an IPv6 address", |d| name(d, "::1")),
        ok("empty", |d| name(d, "")),
        ok("a dot at its end", |d| name(d, "api.internal.")),
        no("an IPv6 address in brackets", |d| name(d, "[::1]")),
        no("not its name", |d| name(d, "api.external")),
        no("with a port", |d| name(d, "api.internal:443")),
        no("with a blank", |d| name(d, "api internal")),
        no("not ASCII", |d| name(d, "äpi.internal")),
        no("a wildcard", |d| name(d, "*.internal")),
    ],
};

fn name(draft: &mut Draft, name: &str) {
    draft.cluster(json!({ "tls-server-name": name }));
}

/// The authority in a file of this text, and nowhere else.
fn file(draft: &mut Draft, text: &str) {
    draft.file("ca.crt", text);
    draft.cluster(json!({ "certificate-authority-data": null, "certificate-authority": "ca.crt" }));
}

const AUTHORITIES: Axis = Axis {
    name: "authority",
    with: &[],
    applies: always,
    variants: &[
        ok("in a file", |d| file(d, "«ca»")),
        ok("in a file, by an absolute path", |d| {
            file(d, "«ca»");
            d.cluster(json!({ "certificate-authority": "«dir»/ca.crt" }));
        }),
        ok("in a file, up and down", |d| {
            file(d, "«ca»");
            d.cluster(json!({ "certificate-authority": "no/../ca.crt" }));
        }),
        no("in a file and in data", |d| {
            file(d, "«ca»");
            d.cluster(json!({ "certificate-authority-data": "«base64 ca»" }));
        }),
        no("missing", |d| {
            let path = "no/such/ca";
            d.cluster(json!({ "certificate-authority-data": null, "certificate-authority": path }));
        }),
        no("a folder", |d| {
            file(d, "");
            d.files.insert("ca.crt".to_owned(), Node::Folder);
        }),
        no("none", |d| d.cluster(json!({ "certificate-authority-data": null }))),
        no("another", |d| d.cluster(json!({ "certificate-authority-data": "«base64 other-ca»" }))),
        ok("among others", |d| file(d, "«two-cas»")),
        ok("in a file with text", |d| file(d, "«ca-in-text»")),
        ok("CRLF", |d| file(d, "«crlf-ca»")),
        ok("with a key beside it", |d| file(d, "«ca-and-key»")),
        no("the server's own certificate", |d| file(d, "«crt»")),
        no("no PEM", |d| file(d, "authority")),
        no("data that is no PEM", |d| {
            d.cluster(json!({ "certificate-authority-data": "YXV0aG9yaXR5" }));
        }),
        no("a key", |d| file(d, "«key»")),
        no("PEM of nothing", |d| file(d, "«hollow»")),
        no("PEM that breaks off", |d| file(d, "«torn-ca»")),
        no("an empty file", |d| file(d, "")),
        no("no base64", |d| d.cluster(json!({ "certificate-authority-data": "a b" }))),
        no("base64 for URLs", |d| d.cluster(json!({ "certificate-authority-data": "-_-_" }))),
        no("base64 without padding", |d| d.cluster(json!({ "certificate-authority-data": "YQ" }))),
        ok("base64 in lines", |d| {
            d.cluster(json!({ "certificate-authority-data": "«base64-lines ca»" }));
        }),
        ok("skipped", |d| {
            let none = json!(null);
            d.cluster(
                json!({ "certificate-authority-data": none, "insecure-skip-tls-verify": true }),
            );
        }),
    ],
};

const INSECURE: Axis = Axis {
    name: "insecure-skip-tls-verify",
    with: &[],
    applies: always,
    variants: &[
        no("with an authority", |d| d.cluster(json!({ "insecure-skip-tls-verify": true }))),
        ok("false", |d| d.cluster(json!({ "insecure-skip-tls-verify": false }))),
        ok("and a name that is not the server's", |d| {
            d.cluster(json!({
                "certificate-authority-data": null, "certificate-authority": null,
                "insecure-skip-tls-verify": true, "tls-server-name": "a.b",
            }));
        }),
        no("as text", |d| d.cluster(json!({ "insecure-skip-tls-verify": "true" }))),
    ],
};

const PROXIES: Axis = Axis {
    name: "proxy-url",
    with: &[],
    applies: always,
    variants: &[
        ok("HTTP", |d| proxy(d, ProxyKind::Http, "http://«proxy»")),
        ok("HTTP, with a password", |d| proxy(d, ProxyKind::Http, "http://jane:s%33cret@«proxy»")),
        ok("HTTP, a slash at its end", |d| proxy(d, ProxyKind::Http, "HTTP://«proxy»/")),
        ok("HTTPS", |d| proxy(d, ProxyKind::Https, "https://«proxy»")),
        ok("SOCKS", |d| proxy(d, ProxyKind::Socks, "socks5://«proxy»")),
        ok("SOCKS, with a password", |d| {
            proxy(d, ProxyKind::Socks, "socks5://jane:s3cret@«proxy»")
        }),
        ok("empty", |d| d.cluster(json!({ "proxy-url": "" }))),
        no("nobody there", |d| d.cluster(json!({ "proxy-url": "http://127.0.0.1:1" }))),
        no("another scheme", |d| d.cluster(json!({ "proxy-url": "ftp://127.0.0.1:1" }))),
        no("socks5h", |d| d.cluster(json!({ "proxy-url": "socks5h://127.0.0.1:1" }))),
        no("without scheme", |d| d.cluster(json!({ "proxy-url": "127.0.0.1:1" }))),
        no("name without scheme", |d| d.cluster(json!({ "proxy-url": "localhost:1" }))),
        no("a path", |d| d.cluster(json!({ "proxy-url": "/proxy" }))),
        no("broken", |d| d.cluster(json!({ "proxy-url": "http://[::1" }))),
        no("a line break", |d| d.cluster(json!({ "proxy-url": "http://127.0.0.1:1\n" }))),
    ],
};

/// Through a proxy that runs. It knows the way to loopback only, which no proxy is asked for if the
/// environment names it, and every one if the kubeconfig does.
fn proxy(draft: &mut Draft, kind: ProxyKind, url: &str) {
    draft.proxy = Some(kind);
    draft.cluster(json!({ "proxy-url": url }));
}

const COMPRESSION: Axis = Axis {
    name: "disable-compression",
    with: &[],
    applies: always,
    variants: &[
        ok("true", |d| d.cluster(json!({ "disable-compression": true }))),
        ok("false", |d| d.cluster(json!({ "disable-compression": false }))),
    ],
};

const EXTENSIONS: Axis = Axis {
    name: "cluster extensions",
    with: &[],
    applies: always,
    variants: &[
        ok("of others", |d| {
            extensions(d, json!([{ "name": "minikube.sigs.k8s.io", "extension": { "a": 1 } }]))
        }),
        ok("empty", |d| extensions(d, json!([]))),
        ok("without a body", |d| extensions(d, json!([{ "name": "a" }]))),
        no("twice", |d| {
            let one = json!({ "name": "a", "extension": 1 });
            extensions(d, json!([one, one]));
        }),
        no("a mapping", |d| extensions(d, json!({ "a": 1 }))),
        no("a raw line separator", |d| {
            extensions(d, json!([{ "name": "note", "extension": "a\u{2028}b" }]));
        }),
    ],
};

fn extensions(draft: &mut Draft, list: serde_json::Value) {
    draft.cluster(json!({ "extensions": list }));
}
