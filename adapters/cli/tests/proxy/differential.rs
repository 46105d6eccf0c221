//! `kubecred proxy` and `kubectl proxy` 1.33 and 1.35 side by side: the same request to each, before
//! one server that writes down what it sees. Answer and exchanges must be the same, or differ in the
//! way that is listed, with the reason.

use crate::run::{Running, code, stage};
use crate::stage::Stage;
use kubecred_loopback::Exchange;
use std::collections::BTreeMap;

/// What is expected of a case.
enum Expect {
    /// Answer and exchange are the same.
    Same,
    /// The status of kubectl's answer, of ours, and why.
    Differs(u16, u16, &'static str),
}
use Expect::{Differs, Same};

/// Name, request line, header lines and body, expectation.
type Case = (&'static str, &'static str, &'static str, Expect);

/// One that both answer, or neither.
const NO_REDIRECT: &str = "PX-19: nothing is redirected; doubled slashes pass";
const DOTS: &str = "PX-19: dot segments are refused, not redirected";
const HOST: &str = "PX-13: hosts are compared as hosts";
const PAGE: &str = "PX-17: pages of other sites are refused";
const STATUS: &str = "PX-12: the same refusal, as a Status object that names the rule";

/// What one proxy did with a request.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    code: u16,
    /// Names in lower case; without those that say when and how it was sent.
    headers: Vec<(String, String)>,
    body: String,
    upstream: Vec<Sent>,
}

#[derive(Debug, PartialEq, Eq)]
struct Sent {
    line: String,
    authority: Option<String>,
    headers: Vec<(String, String)>,
}

impl Sent {
    fn of(exchange: &Exchange, has_user_agent: bool) -> Self {
        let mut headers: Vec<_> = exchange
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
            // PX-24: kubectl asks for gzip by itself. Each has its own name.
            .filter(|(name, _)| {
                name != "accept-encoding" && (has_user_agent || name != "user-agent")
            })
            // By HTTP/2 or not, the host is said once.
            .filter(|(name, _)| name != "host")
            // That there is no body can be said, or not.
            .filter(|(name, value)| !(name == "content-length" && value == "0"))
            .collect();
        headers.sort();
        let line = format!("{} {}", exchange.method, exchange.path_and_query);
        Self { line, authority: exchange.authority.clone(), headers }
    }
}

async fn outcome(stage: &Stage, running: &Running, (line, rest): (&str, &str)) -> Outcome {
    stage.server.take_exchanges();
    let (head, body) = rest.split_once("\n\n").unwrap_or((rest, ""));
    let mut lines: Vec<&str> = head.lines().collect();
    if !lines.iter().any(|line| line.to_lowercase().starts_with("host:")) {
        lines.push("Host: localhost");
    }
    if !lines.iter().any(|line| line.to_lowercase().starts_with("connection:")) {
        lines.push("Connection: close");
    }
    let length = format!("Content-Length: {}", body.len());
    let is_chunked = lines.iter().any(|line| line.starts_with("Transfer-Encoding"));
    if !body.is_empty() && !is_chunked {
        lines.push(&length);
    }
    let request = format!("{line} HTTP/1.1\r\n{}\r\n\r\n{body}", lines.join("\r\n"));
    let answer = running.raw(&request).await;
    let answer = answer.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let mut headers: Vec<_> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .filter(|(name, _)| {
            !["date", "content-length", "transfer-encoding", "connection"].contains(&name.as_str())
        })
        .collect();
    headers.sort();
    let has_user_agent = rest.to_lowercase().contains("user-agent:");
    let upstream = stage.server.take_exchanges();
    let upstream = upstream.iter().map(|exchange| Sent::of(exchange, has_user_agent)).collect();
    Outcome { code: code(answer), headers, body: unchunked(head, body), upstream }
}

/// The content of a body, however it was sent.
fn unchunked(head: &str, body: &str) -> String {
    if !head.to_lowercase().contains("transfer-encoding: chunked") {
        return body.to_owned();
    }
    let (mut content, mut rest) = (String::new(), body);
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 || size > after.len() {
            break;
        }
        content += &after[..size];
        rest = after[size..].trim_start_matches("\r\n");
    }
    content
}

/// Runs cases with flags that all three understand.
async fn compare(flags: &[&str], cases: &[Case]) -> usize {
    let stage = stage().await;
    let ours = Running::kubecred(&stage, flags).await;
    let mut theirs = BTreeMap::new();
    for minor in [33, 35] {
        theirs.insert(minor, Running::kubectl(&stage, minor, flags).await);
    }
    for (name, line, rest, expect) in cases {
        let our = outcome(&stage, &ours, (line, rest)).await;
        for (minor, kubectl) in &theirs {
            let their = outcome(&stage, kubectl, (line, rest)).await;
            match expect {
                Same => assert_eq!(our, their, "{name}: ours, and kubectl's 1.{minor}"),
                Differs(kubectl, ours, reason) => {
                    assert_eq!(
                        their.code, *kubectl,
                        "{name}: kubectl 1.{minor} ({reason}): {their:?}"
                    );
                    assert_eq!(our.code, *ours, "{name}: ours ({reason}): {our:?}");
                    assert_ne!(our, their, "{name}: there is no difference any more");
                }
            }
        }
    }
    ours.stop().await;
    cases.len()
}

/// M: but for the differences that each case names.
#[tokio::test]
async fn px_19_px_22_px_23_px_26_px_27_requests_are_passed_on_as_by_kubectl() {
    let count = compare(
        &[],
        &[
            ("a get", "GET /version", "", Same),
            ("a list", "GET /api/v1/namespaces/default/pods?limit=5", "", Same),
            ("a 404 of the server", "GET /nothing", "", Same),
            ("a 403 of the server", "GET /forbidden", "", Same),
            ("a 405 of the server", "PUT /version", "X: y\n\nbody", Same),
            ("root", "GET /", "", Same),
            ("escapes", "GET /api/x%2Fy/%7Ea;b?c=d;e", "", Same),
            ("an escaped slash", "GET /api%2Fv1", "", Same),
            ("UTF-8", "GET /%C3%A9", "", Same),
            ("an odd query", "GET /api?a=%2e%2e/../b&c=//", "", Same),
            ("an empty query", "GET /api?", "", Same),
            ("three dots", "GET /a/.../b", "", Same),
            ("post", "POST /api/v1/x", "Content-Type: application/json\n\n{}", Same),
            ("put", "PUT /api/v1/x", "X: y\n\nbody", Same),
            ("patch", "PATCH /api/v1/x", "Content-Type: application/merge-patch+json\n\n{}", Same),
            ("delete", "DELETE /api/v1/x", "", Same),
            ("delete with a body", "DELETE /api/v1/x", "X: y\n\n{}", Same),
            ("head", "HEAD /version", "", Same),
            ("options", "OPTIONS /version", "", Same),
            ("a made-up method", "FOO /version", "", Same),
            (
                "chunked",
                "POST /api/v1/x",
                "Transfer-Encoding: chunked\n\n3\r\nabc\r\n0\r\n\r\n",
                Same,
            ),
            ("expect", "POST /api/v1/x", "Expect: 100-continue\n\nbody", Same),
            ("user agent", "GET /version", "User-Agent: mine", Same),
            ("accept", "GET /version", "Accept: application/vnd.kubernetes.protobuf", Same),
            ("own authorization", "GET /version", "Authorization: Bearer mine", Same),
            ("empty authorization", "GET /version", "Authorization:", Same),
            ("basic authorization", "GET /version", "Authorization: Basic bWU6cHc=", Same),
            ("cookies", "GET /version", "Cookie: a=b\nCookie: c=d", Same),
            ("forwarded for", "GET /version", "X-Forwarded-For: 9.9.9.9", Same),
            (
                "forwarded for, twice",
                "GET /version",
                "X-Forwarded-For: 9.9.9.9\nX-Forwarded-For: 8.8.8.8",
                Same,
            ),
            (
                "forwarded",
                "GET /version",
                "X-Forwarded-Proto: https\nX-Forwarded-Host: h\nForwarded: for=x",
                Same,
            ),
            (
                "remote user",
                "GET /version",
                "X-Remote-User: root\nX-Remote-Group: system:masters",
                Same,
            ),
            ("te", "GET /version", "TE: trailers", Same),
            (
                "hop by hop",
                "GET /version",
                "Keep-Alive: 1\nProxy-Authorization: Basic x\nProxy-Connection: close",
                Same,
            ),
            (
                "listed by connection",
                "GET /version",
                "Connection: close, X-Mine\nX-Mine: 1\nX-Other: 2",
                Same,
            ),
            ("authorization listed", "GET /version", "Connection: close, Authorization", Same),
            ("impersonation", "GET /version", "Impersonate-User: joe\nImpersonate-Group: g", Same),
            ("upgrade without connection", "GET /version", "Upgrade: foo", Same),
            ("a refused upgrade", "GET /nothing", "Connection: Upgrade\nUpgrade: websocket", Same),
            (
                "an upgrade answered 200",
                "GET /version",
                "Connection: Upgrade\nUpgrade: websocket",
                Differs(500, 502, "PX-29: the fault is the server's, and said in a Status"),
            ),
            ("range", "GET /version", "Range: bytes=0-3", Same),
            (
                "conditions",
                "GET /version",
                "If-None-Match: \"x\"\nIf-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT",
                Same,
            ),
            ("doubled slash", "GET //api//v1", "", Differs(301, 404, NO_REDIRECT)),
            ("dot dot", "GET /a/../version", "", Differs(301, 400, DOTS)),
            ("dot", "GET /./version", "", Differs(301, 400, DOTS)),
            ("escaped dots", "GET /a/%2e%2e/version", "", Differs(404, 400, DOTS)),
        ],
    )
    .await;
    println!("{count} cases");
}

/// I: but for the differences that each case names.
#[tokio::test]
async fn kb_51_px_12_px_13_px_14_px_15_px_17_the_filter_is_kubectls_and_stricter() {
    let pod = "/api/v1/namespaces/n/pods/p";
    let exec: &'static str = "POST /api/v1/namespaces/n/pods/p/exec?command=ls";
    assert!(exec.contains(pod));
    compare(
        &[],
        &[
            ("localhost", "GET /version", "Host: localhost:99", Same),
            ("127.0.0.1", "GET /version", "Host: 127.0.0.1:8001", Same),
            ("bare IPv6", "GET /version", "Host: [::1]", Same),
            ("IPv6 with a port", "GET /version", "Host: [::1]:8001", Differs(403, 200, HOST)),
            ("upper case", "GET /version", "Host: LOCALHOST", Differs(403, 200, HOST)),
            (
                "a name under localhost",
                "GET /version",
                "Host: k.localhost",
                Differs(403, 200, HOST),
            ),
            ("foreign host", "GET /version", "Host: evil.example", Differs(403, 403, STATUS)),
            (
                "host with a prefix",
                "GET /version",
                "Host: localhost.evil.example",
                Differs(403, 403, STATUS),
            ),
            ("exec", exec, "", Differs(403, 403, STATUS)),
            (
                "escaped exec",
                "POST /api/v1/namespaces/n/pods/p/%65xec",
                "",
                Differs(403, 403, STATUS),
            ),
            (
                "exec behind an escaped slash",
                "POST /api/v1/namespaces/n/pods/p%2Fexec",
                "",
                Differs(403, 403, STATUS),
            ),
            ("attach", "POST /api/v1/namespaces/n/pods/p/attach", "", Differs(403, 403, STATUS)),
            ("portforward", "POST /api/v1/namespaces/n/pods/p/portforward", "", Same),
            ("log", "GET /api/v1/namespaces/n/pods/p/log", "", Same),
            ("proxy", "GET /api/v1/namespaces/n/services/s/proxy/x", "", Same),
            ("exec below apis", "POST /apis/x/v1/namespaces/n/pods/p/exec", "", Same),
            (
                "own origin",
                "POST /api/v1/x",
                "Host: localhost:8001\nOrigin: http://localhost:8001\n\n{}",
                Same,
            ),
            (
                "foreign origin",
                "POST /api/v1/x",
                "Origin: https://evil.example\n\n{}",
                Differs(404, 403, PAGE),
            ),
            ("cross-site", "GET /version", "Sec-Fetch-Site: cross-site", Differs(200, 403, PAGE)),
            ("same-site", "GET /version", "Sec-Fetch-Site: same-site", Differs(200, 403, PAGE)),
            ("same-origin", "GET /version", "Sec-Fetch-Site: same-origin", Same),
        ],
    )
    .await;
}

#[tokio::test]
async fn px_12_patterns_mean_what_they_mean_to_kubectl() {
    compare(
        &["--accept-paths=^/api/.*", "--reject-methods=DELETE,PUT", "--reject-paths=secrets"],
        &[
            ("accepted", "GET /api/v1", "", Same),
            ("not accepted", "GET /version", "", Differs(403, 403, STATUS)),
            ("rejected method", "DELETE /api/v1/x", "", Differs(403, 403, STATUS)),
            ("rejected path", "GET /api/v1/secrets", "", Differs(403, 403, STATUS)),
            (
                "exec, which the list no longer has",
                "POST /api/v1/namespaces/n/pods/p/exec",
                "",
                Same,
            ),
        ],
    )
    .await;
}

/// I: the path of the server's URL is sent without being asked for (PX-11).
#[tokio::test]
async fn kb_54_px_20_prefixes_are_kubectls() {
    let missing = "a Status object, not the router's text";
    compare(
        &["--api-prefix=/custom"],
        &[
            ("below", "GET /custom/version?x", "", Same),
            ("the prefix itself", "GET /custom", "", Differs(301, 404, NO_REDIRECT)),
            ("its folder", "GET /custom/", "", Same),
            ("beside", "GET /version", "", Differs(404, 404, missing)),
        ],
    )
    .await;
    compare(
        &["--api-prefix=/api"],
        &[
            ("not cut off", "GET /api/v1", "", Same),
            ("beside", "GET /apis/x", "", Differs(404, 404, missing)),
        ],
    )
    .await;
}

/// M: but inside the filter, and for GET and HEAD only.
#[tokio::test]
async fn px_16_files_are_kubectls_inside_the_filter() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.bin"), "0123456789").unwrap();
    let www = format!("--www={}", folder.path().display());
    let stage = stage().await;
    let ours = Running::kubecred(&stage, &[&www]).await;
    let theirs = Running::kubectl(&stage, 33, &[&www]).await;
    for (line, rest, kubectl, our) in [
        ("GET /static/a.bin", "", 200, 200),
        ("GET /static/a.bin", "Range: bytes=2-4", 206, 206),
        ("GET /static/a.bin", "Host: evil.example", 200, 403),
        ("POST /static/a.bin", "", 200, 405),
        ("GET /static/none", "", 404, 404),
        ("GET /static/", "", 200, 200),
    ] {
        let (ours, theirs) = (
            outcome(&stage, &ours, (line, rest)).await,
            outcome(&stage, &theirs, (line, rest)).await,
        );
        assert_eq!((theirs.code, ours.code), (kubectl, our), "{line} {rest}");
        if ours.code == theirs.code && line.ends_with("bin") {
            assert_eq!(ours.body, theirs.body);
        }
    }
    ours.stop().await;
}
