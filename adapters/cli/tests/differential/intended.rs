//! Where kubecred means to differ, and what exactly it does then. Cases by hand of the weightier ones
//! are in `end_to_end/differences.rs`.
//!
//! An entry forgives nothing. It says, of the cases it is about, what kubecred must do instead of
//! what kubectl did, and that is compared whole: every other fact must still be kubectl's.

use crate::draft::{Draft, Layout, Node, Reply};
use crate::observation::{Facts, Run};
use kubecred_loopback::ProxyRequest;
use serde_json::json;

/// Something that kubecred does in another way.
pub(crate) struct Intended {
    pub(crate) rule: &'static str,
    pub(crate) reason: &'static str,
    /// Whether a case is about it, going by the draft and by what kubectl did.
    pub(crate) about: fn(&Draft, &Run) -> bool,
    pub(crate) instead: Instead,
}

/// The rules of those that the newest kubectl does not need any more: it does what kubecred does.
pub(crate) const SETTLED: [&str; 2] = ["KC-65", "KC-72"];

fn is_newest(kubectl: &Run) -> bool {
    kubectl.program == format!("kubectl.1.{}", kubecred_kubectl::NEWEST)
}

/// What kubecred must do instead.
pub(crate) enum Instead {
    /// What kubectl does with this change of the draft.
    As(fn(&mut Draft)),
    /// What comes of the facts of kubectl's run.
    Facts(fn(&Draft, &mut Facts)),
    /// What comes of the facts of kubectl's run, and of those of its run with this change.
    Both(fn(&mut Draft), fn(&Draft, Facts, Facts) -> Facts),
}

/// All of them, in the order in which they apply: first what changes the draft for good.
pub(crate) const INTENDED: &[Intended] = &[
    Intended {
        rule: "KC-18",
        reason: "a slash that JSON escapes is a slash",
        about: |draft, kubectl| {
            matches!(draft.layout, Layout::EscapedSlashes)
                && kubectl.stderr.contains("found unknown escape character")
        },
        instead: Instead::As(|draft| draft.layout = Layout::Yaml),
    },
    Intended {
        rule: "YAML 1.1",
        reason: "a raw U+2028 is a line break to some readers and text to others: it is refused",
        about: |draft, _| draft.kubeconfig().to_string().contains('\u{2028}'),
        instead: Instead::As(|draft| draft.flags.push("--kubeconfig=no/such/file".to_owned())),
    },
    Intended {
        rule: "UA-7",
        reason: "who types a token means it",
        about: |draft, _| {
            draft.flag_value("--token").is_some_and(|token| !token.is_empty())
                && draft.user_text("tokenFile").is_some()
        },
        instead: Instead::As(|draft| draft.user(json!({ "tokenFile": null }))),
    },
    Intended {
        rule: "OI-2",
        reason: "the issuer's authority is read when the issuer is asked for something",
        about: |_, kubectl| kubectl.stderr.starts_with("error: open no/such/file: "),
        instead: Instead::As(|draft| draft.provider(json!({ "idp-certificate-authority": null }))),
    },
    Intended {
        rule: "KC-72",
        reason: "the path in the server's URL comes before the path asked for",
        about: |draft, kubectl| {
            server_path(draft).is_some_and(|path| path != "/") && !is_newest(kubectl)
        },
        instead: Instead::As(|draft| {
            let prefix = server_path(draft).unwrap_or_default().trim_end_matches('/');
            draft.path = format!("{prefix}{}", draft.path);
        }),
    },
    Intended {
        rule: "KC-71",
        reason: "a password in the URL of a server without TLS would go in clear",
        about: |draft, _| {
            server_url(draft).is_some_and(|url| url.starts_with("http://joe:secret@"))
        },
        instead: Instead::As(|draft| {
            let url = server_url(draft).unwrap_or_default().replace("joe:secret@", "");
            draft.cluster(json!({ "server": url }));
        }),
    },
    Intended {
        rule: "UA-1",
        reason: "a plugin is not run for a request that another's name and password go with",
        about: |draft, kubectl| {
            server_url(draft).is_some_and(|url| url.starts_with("https://joe:secret@"))
                && !kubectl.plugin_runs.is_empty()
        },
        instead: Instead::As(|draft| draft.user(json!({ "exec": null, "token": "not sent" }))),
    },
    Intended {
        rule: "KC-54",
        reason: "a file that a server without TLS does not get need not be there",
        about: |draft, kubectl| {
            let unread = ["unable to read client-", "unable to read certificate-authority"];
            draft.plain_http && unread.iter().any(|words| kubectl.stderr.contains(words))
        },
        instead: Instead::As(|draft| {
            draft.user(json!({ "client-certificate": null, "client-key": null }));
            draft.cluster(json!({ "certificate-authority": null }));
            draft.flags.retain(|flag| {
                !["--client-", "--certificate-"].iter().any(|start| flag.starts_with(start))
            });
        }),
    },
    Intended {
        rule: "KC-65",
        reason: "a certificate by flag replaces one in data, as in newer kubectls",
        about: |draft, kubectl| {
            kubectl.stderr.contains(" are both specified for ")
                && draft.flags.iter().any(|flag| flag.starts_with("--client-"))
        },
        instead: Instead::As(|draft| {
            for part in ["client-certificate", "client-key"] {
                if draft.flag_value(&format!("--{part}")).is_some() {
                    draft.user.remove(&format!("{part}-data"));
                }
            }
        }),
    },
    Intended {
        rule: "KC-60",
        reason: "no proxy is asked for a server that nobody has named",
        about: |draft, kubectl| {
            let by_default = |asked: &ProxyRequest| asked.target.contains("localhost:8080");
            server_url(draft).is_none_or(str::is_empty)
                && (kubectl.proxied.iter().any(by_default)
                    || kubectl.stderr.contains("proxyconnect"))
        },
        instead: Instead::Facts(|_, facts| {
            facts.take("proxy request");
            facts.state("failure", "the configuration is wrong");
        }),
    },
    Intended {
        rule: "UA-30",
        reason: "what is no server name is not asked for, and nothing is done for it",
        about: |_, kubectl| kubectl.stderr.contains("remote error: tls: illegal parameter"),
        instead: Instead::Facts(|_, facts| {
            for done in ["proxy request", "plugin run"] {
                facts.take(done);
            }
            facts.state("plugin runs", "0");
        }),
    },
    Intended {
        rule: "UA-21",
        reason: "whom no header can name is refused before a plugin runs for it",
        about: |_, kubectl| {
            kubectl.stderr.contains("invalid header field value for \"Impersonate-")
        },
        instead: Instead::Facts(|_, facts| {
            facts.take("plugin run");
            facts.state("plugin runs", "0");
            facts.state("failure", "the configuration is wrong");
        }),
    },
    Intended {
        rule: "KC-75",
        reason: "a script has nobody to ask for a user name",
        about: |_, kubectl| kubectl.stdout.starts_with(b"Please enter Username"),
        instead: Instead::Both(
            |draft| draft.flags.push("--username=nobody".to_owned()),
            |draft, _, mut instead| {
                // Nobody's, that is; one in the server's URL is sent.
                let header = "request 1: header authorization";
                if instead.text(header).is_some_and(|basic| basic.starts_with("Basic bm9ib2R5O")) {
                    instead.take(header);
                }
                // With a name there would be two ways to log in: there is a token file, and nothing
                // in it (TK-3).
                let refused = instead
                    .text("failure")
                    .is_some_and(|kind| kind == "the configuration is wrong");
                let empty = Node::Text(String::new());
                if refused && draft.has("tokenFile") && draft.files.get("token") == Some(&empty) {
                    instead.state("failure", "there is no credential");
                }
                instead
            },
        ),
    },
    Intended {
        rule: "HT-20",
        reason: "compression is disabled without TLS too, if it is",
        about: |draft, kubectl| {
            let disabled = draft.cluster.get("disable-compression").is_some_and(|yes| yes == true)
                || draft.flags.iter().any(|flag| flag == "--disable-compression");
            let first = kubectl.exchanges.first();
            draft.plain_http
                && disabled
                && first.is_some_and(|first| first.header("accept-encoding") == Some("gzip"))
        },
        instead: Instead::Facts(|_, facts| {
            facts.take("request 1: header accept-encoding");
        }),
    },
    Intended {
        rule: "EX-62",
        reason: "an answer that has expired is no newer the second time",
        about: |draft, kubectl| {
            let expired = Reply::Status(
                json!({ "token": "good", "expirationTimestamp": "2006-01-02T15:04:05Z" }),
            );
            draft.answers == [expired] && kubectl.plugin_runs.len() == 2
        },
        instead: Instead::Facts(|_, facts| {
            facts.take("plugin run 2");
            facts.state("plugin runs", "1");
        }),
    },
    Intended {
        rule: "EX-63",
        reason: "a new credential after a 401 is used at once",
        about: |draft, kubectl| {
            matches!(draft.answers.as_slice(), [Reply::Status(_), Reply::Status(_)])
                && kubectl.plugin_runs.len() == 2
                && kubectl.exchanges.first().is_some_and(|first| first.status == 401)
        },
        instead: Instead::Both(
            |draft| drop(draft.answers.remove(0)),
            |draft, first, again| {
                let certificates = draft.answers.iter().all(|answer| {
                    matches!(answer, Reply::Status(status) if status.get("token").is_none())
                });
                once_more(first, again, certificates)
            },
        ),
    },
    Intended {
        rule: "TK-7",
        reason: "after a 401 a token file is read at once",
        about: |draft, kubectl| {
            draft.rotated.is_some()
                && kubectl.exchanges.first().is_some_and(|first| first.status == 401)
        },
        instead: Instead::Both(
            |draft| {
                let token = draft.rotated.take().expect("it is rotated");
                let file = draft.user_text("tokenFile").expect("there is one").to_owned();
                draft.file(&file, &token);
            },
            |_, first, again| once_more(first, again, false),
        ),
    },
    Intended {
        rule: "raw path",
        reason: "a path goes out as it is written: not decoded, its query not sorted",
        about: |draft, _| rewritten(&draft.path).is_some(),
        instead: Instead::Facts(|draft, facts| {
            in_paths(facts, |path| {
                let (theirs, ours) = rewritten(&draft.path).unwrap_or_default();
                path.replace(theirs, ours)
            });
        }),
    },
    Intended {
        rule: "KC-69",
        reason: "a path goes out as it is written: no timeout is added to its query",
        about: |draft, _| {
            draft.flag_value("--request-timeout").is_some_and(|time| !matches!(time, "" | "0"))
        },
        instead: Instead::Facts(|_, facts| {
            in_paths(facts, |path| {
                let without = |time| path.replace(&format!("?timeout={time}"), "");
                let alone = ["30s", "1m30.5s"].map(without).into_iter().min_by_key(String::len);
                let among = |path: String, time| path.replace(&format!("&timeout={time}"), "");
                ["30s", "1m30.5s"].into_iter().fold(alone.unwrap_or_default(), among)
            });
        }),
    },
];

/// What is done if, after a request that was answered 401, it is sent once more as `again` has it.
fn once_more(mut first: Facts, mut again: Facts, new_connection: bool) -> Facts {
    let request = again.take("request 1: ");
    first.add(request, "request 1: ", "request 2: ");
    if new_connection {
        first.state("request 2: connection", "2");
    }
    first.state("requests", "2");
    for outcome in ["exit", "failure", "standard output"] {
        first.take(outcome);
        first.add(again.take(outcome), "", "");
    }
    first
}

/// The end of a path that kubectl rewrites: what it makes of it, and how it is written.
fn rewritten(path: &str) -> Option<(&'static str, &'static str)> {
    [
        ("/version?a=1&b=2", "/version?b=2&a=1"),
        ("/api/v1/namespaces/a/b", "/api/v1/namespaces/a%2Fb"),
    ]
    .into_iter()
    .find(|(_, written)| path.ends_with(written))
}

/// Changes the path of each request.
fn in_paths(facts: &mut Facts, change: impl Fn(String) -> String) {
    for what in ["request 1: path and query", "request 2: path and query"] {
        if let Some(path) = facts.text(what).map(|path| path.into_owned()) {
            facts.state(what, &change(path));
        }
    }
}

/// The URL of the server that is used, if the kubeconfig says which that is.
fn server_url(draft: &Draft) -> Option<&str> {
    let url = draft.flag_value("--server").filter(|url| !url.is_empty());
    url.or_else(|| draft.cluster.get("server")?.as_str())
}

/// The path in it.
fn server_path(draft: &Draft) -> Option<&str> {
    let (_, rest) = server_url(draft)?.split_once("://")?;
    let path = rest.find('/').map_or("", |at| rest.get(at..).unwrap_or_default());
    let end = path.find(['?', '#']).unwrap_or(path.len());
    path.get(..end).filter(|path| !path.is_empty())
}
