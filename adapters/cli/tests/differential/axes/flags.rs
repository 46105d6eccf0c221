//! Flags, which are laid over the kubeconfig.

use crate::axis::{Axis, always, no, ok};
use crate::draft::{MAIN, OTHER, OTHER_TOKEN, ProxyKind};
use serde_json::json;

pub(crate) const AXES: &[Axis] =
    &[TOKENS, NAMES, SERVERS, TRUST, CERTIFICATES, PASSWORDS, IMPERSONATION, OTHERS];

const TOKENS: Axis = Axis {
    name: "--token",
    with: &[],
    applies: always,
    variants: &[
        ok("another", |d| d.flags.push(format!("--token={OTHER_TOKEN}"))),
        ok("refused", |d| d.flag(&["--token=bad"])),
        ok("empty", |d| d.flag(&["--token="])),
        no("a line break", |d| d.flag(&["--token=go\nod"])),
    ],
};

const NAMES: Axis = Axis {
    name: "names",
    with: &[],
    applies: always,
    variants: &[
        ok("--context of the other", |d| d.flags.push(format!("--context={OTHER}"))),
        ok("--cluster of the other", |d| d.flags.push(format!("--cluster={OTHER}"))),
        ok("--user of the other", |d| d.flags.push(format!("--user={OTHER}"))),
        ok("--context and --user", |d| {
            d.flags.extend([format!("--context={OTHER}"), format!("--user={MAIN}")]);
        }),
        ok("--context, the second counts", |d| {
            d.flags.extend(["--context=gone".to_owned(), format!("--context={OTHER}")]);
        }),
        ok("empty ones", |d| d.flag(&["--context=", "--cluster=", "--user="])),
        no("--context that is missing", |d| d.flag(&["--context=gone"])),
        no("--cluster that is missing", |d| d.flag(&["--cluster=gone"])),
        no("--user that is missing", |d| d.flag(&["--user=gone"])),
        ok("--context, and a current-context that is missing", |d| {
            d.root(json!({ "current-context": "gone" }));
            d.flags.push(format!("--context={OTHER}"));
        }),
        no("--cluster and --user without a context", |d| {
            d.root(json!({ "current-context": "gone" }));
            d.flags.extend([format!("--cluster={OTHER}"), format!("--user={OTHER}")]);
        }),
        ok("--cluster and --user and no current-context", |d| {
            d.root(json!({ "current-context": "" }));
            d.flags.extend([format!("--cluster={OTHER}"), format!("--user={OTHER}")]);
        }),
    ],
};

const SERVERS: Axis = Axis {
    name: "--server",
    with: &[],
    applies: always,
    variants: &[
        ok("by name", |d| d.flag(&["--server=https://localhost:«port»"])),
        ok("-s", |d| d.flag(&["-s", "https://127.0.0.1:«port»"])),
        ok("drops the server name", |d| {
            d.cluster(json!({ "tls-server-name": "a.b" }));
            d.flag(&["--server=https://localhost:«port»"]);
        }),
        ok("and --tls-server-name", |d| {
            d.flag(&["--server=https://localhost:«port»", "--tls-server-name=api.internal"]);
        }),
        ok("--tls-server-name", |d| d.flag(&["--tls-server-name=api.internal"])),
        no("--tls-server-name that is not its", |d| d.flag(&["--tls-server-name=a.b"])),
        ok("without TLS", |d| {
            d.plain_http = true;
            d.flag(&["--server=127.0.0.1:«port»"]);
        }),
        ok("empty", |d| d.flag(&["--server="])),
        no("nobody there", |d| d.flag(&["--server=https://127.0.0.1:1"])),
        no("broken", |d| d.flag(&["--server=https://[::1"])),
        ok("and no current-context", |d| {
            d.root(json!({ "current-context": "" }));
            d.flag(&[
                "--server=https://127.0.0.1:«port»",
                "--insecure-skip-tls-verify",
                "--token=good",
            ]);
        }),
    ],
};

const TRUST: Axis = Axis {
    name: "--certificate-authority",
    with: &[],
    applies: always,
    variants: &[
        ok("the server's", |d| {
            d.file("flag.crt", "«ca»");
            d.flag(&["--certificate-authority=flag.crt"]);
        }),
        ok("the server's, for one that was not verified", |d| {
            let none = json!(null);
            d.cluster(
                json!({ "certificate-authority-data": none, "insecure-skip-tls-verify": true }),
            );
            d.file("flag.crt", "«ca»");
            d.flag(&["--certificate-authority=flag.crt"]);
        }),
        no("another", |d| {
            d.file("flag.crt", "«other-ca»");
            d.flag(&["--certificate-authority=flag.crt"]);
        }),
        no("missing", |d| d.flag(&["--certificate-authority=no/such/ca"])),
        ok("--insecure-skip-tls-verify", |d| d.flag(&["--insecure-skip-tls-verify"])),
        ok("--insecure-skip-tls-verify=false", |d| d.flag(&["--insecure-skip-tls-verify=false"])),
        no("--insecure-skip-tls-verify too", |d| {
            d.file("flag.crt", "«ca»");
            d.flag(&["--certificate-authority=flag.crt", "--insecure-skip-tls-verify=true"]);
        }),
        no("--insecure-skip-tls-verify=maybe", |d| d.flag(&["--insecure-skip-tls-verify=maybe"])),
    ],
};

const CERTIFICATES: Axis = Axis {
    name: "--client-certificate",
    with: &[],
    applies: always,
    variants: &[
        ok("and --client-key", |d| {
            d.file("flag.crt", "«stranger-crt»");
            d.file("flag.key", "«stranger-key»");
            d.flag(&["--client-certificate=flag.crt", "--client-key=flag.key"]);
        }),
        no("missing", |d| d.flag(&["--client-certificate=no/crt", "--client-key=no/key"])),
        no("alone", |d| {
            d.user(json!({ "client-key": null, "client-key-data": null }));
            d.file("flag.crt", "«crt»");
            d.flag(&["--client-certificate=flag.crt"]);
        }),
        ok("--client-key alone", |d| {
            d.user(json!({ "client-certificate": null, "client-certificate-data": null }));
            d.file("flag.key", "«key»");
            d.flag(&["--client-key=flag.key"]);
        }),
        ok("with the key of the kubeconfig", |d| {
            d.user(json!({ "client-key": null, "client-key-data": "«base64 key»" }));
            d.file("flag.crt", "«crt»");
            d.flag(&["--client-certificate=flag.crt"]);
        }),
    ],
};

const PASSWORDS: Axis = Axis {
    name: "--username",
    with: &["login=nothing"],
    applies: always,
    variants: &[
        ok("and --password", |d| {
            d.user(json!({ "token": null, "tokenFile": null }));
            d.flag(&["--username=jane", "--password=secret"]);
        }),
        ok("only", |d| {
            d.user(json!({ "token": null, "tokenFile": null }));
            d.flag(&["--username=jane"]);
        }),
        no("and --password over a token", |d| {
            d.user(json!({ "token": "good" }));
            d.flag(&["--username=jane", "--password=secret"]);
        }),
        ok("over the kubeconfig's", |d| {
            d.user(json!({ "token": null, "tokenFile": null, "username": "joe", "password": "secret" }));
            d.flag(&["--username=jane"]);
        }),
        ok("--password over the kubeconfig's", |d| {
            d.user(
                json!({ "token": null, "tokenFile": null, "username": "jane", "password": "old" }),
            );
            d.flag(&["--password=secret"]);
        }),
    ],
};

const IMPERSONATION: Axis = Axis {
    name: "--as",
    with: &[],
    applies: always,
    variants: &[
        ok("a user", |d| d.flag(&["--as=carl"])),
        ok("and --as-group", |d| d.flag(&["--as=carl", "--as-group=x,y", "--as-group=z"])),
        ok("and --as-uid", |d| d.flag(&["--as=carl", "--as-uid=9"])),
        ok("over the kubeconfig's", |d| {
            d.user(json!({ "as": "joe", "as-groups": ["a"], "as-uid": "7" }));
            d.flag(&["--as=carl"]);
        }),
        ok("--as-group over the kubeconfig's", |d| {
            d.user(
                json!({ "as": "joe", "as-groups": ["a", "b"], "as-user-extra": { "k": ["v"] } }),
            );
            d.flag(&["--as-group=c"]);
        }),
        ok("empty", |d| d.flag(&["--as="])),
        no("--as-group alone", |d| d.flag(&["--as-group=a"])),
        no("--as-uid alone", |d| d.flag(&["--as-uid=9"])),
        no("a line break", |d| d.flag(&["--as=ca\nrl"])),
        ok("an empty group", |d| d.flag(&["--as=carl", "--as-group="])),
    ],
};

const OTHERS: Axis = Axis {
    name: "other flags",
    with: &[],
    applies: always,
    variants: &[
        ok("-n", |d| d.flag(&["-n", "team-b"])),
        ok("--namespace with a kind", |d| d.flag(&["--namespace=ns/team-b"])),
        ok("--request-timeout in seconds", |d| d.flag(&["--request-timeout=30"])),
        ok("--request-timeout with a unit", |d| d.flag(&["--request-timeout=1m30.5s"])),
        ok("--request-timeout of none", |d| d.flag(&["--request-timeout=0"])),
        ok("--request-timeout empty", |d| d.flag(&["--request-timeout="])),
        no("--request-timeout of words", |d| d.flag(&["--request-timeout=soon"])),
        no("--request-timeout of a blank", |d| d.flag(&["--request-timeout= 5s"])),
        ok("--disable-compression", |d| d.flag(&["--disable-compression"])),
        ok("--disable-compression=false", |d| {
            d.cluster(json!({ "disable-compression": true }));
            d.flag(&["--disable-compression=false"]);
        }),
        no("an unknown one", |d| d.flag(&["--no-such-flag"])),
        ok("over a proxy", |d| {
            d.proxy = Some(ProxyKind::Http);
            d.cluster(json!({ "proxy-url": "http://«proxy»" }));
            d.flag(&["--server=https://localhost:«port»"]);
        }),
    ],
};
