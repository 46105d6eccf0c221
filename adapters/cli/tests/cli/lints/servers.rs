//! Servers, whom they are trusted by, and proxies.

use super::Case;
use super::certificates::valid;
use super::setup::Setup;
use kubecred_loopback::Authority;

/// Addresses, authorities, proxies.
pub(super) fn of_servers() -> Vec<Case> {
    let good = valid(-1, 300);
    let both = [valid(-300, -1).certificate_pem(), good.certificate_pem()].concat();
    let ca = |issued: &str| {
        Setup::cluster("{server: 'https://h', certificate-authority: ca}").with("ca", issued, 0o644)
    };
    vec![
        (
            "no-server",
            Setup::cluster("{tls-server-name: t}"),
            Setup::cluster("{tls-server-name: t}").flag("--server=https://h"),
        ),
        (
            "bad-server",
            Setup::cluster("{server: 'ftp://h'}"),
            Setup::cluster("{server: 'https://ftp'}"),
        ),
        (
            "bad-server-name",
            Setup::cluster("{server: 'https://h', tls-server-name: 'a b'}"),
            Setup::cluster("{server: 'https://h', tls-server-name: 'a-b'}"),
        ),
        (
            "server-without-scheme",
            Setup::cluster("{server: 'h:443'}"),
            Setup::cluster("{server: 'http://h:443'}"),
        ),
        (
            "plain-http",
            Setup::of("{server: 'http://h'}", "{}"),
            Setup::of("{server: 'https://h'}", "{}"),
        ),
        (
            "credentials-withheld",
            Setup::cluster("{server: 'http://h'}"),
            Setup::of("{server: 'http://h'}", "{as: ann}"),
        ),
        (
            "server-path",
            Setup::cluster("{server: 'https://h/k8s'}"),
            Setup::cluster("{server: 'https://h/'}"),
        ),
        (
            "server-query",
            Setup::cluster("{server: 'https://h/a?b'}"),
            Setup::cluster("{server: 'https://h/a%3Fb'}"),
        ),
        (
            "server-user",
            Setup::cluster("{server: 'https://a:b@h'}"),
            Setup::cluster("{server: 'https://h/a@b'}"),
        ),
        (
            "insecure",
            Setup::cluster("{server: 'https://h', insecure-skip-tls-verify: true}"),
            Setup::cluster("{server: 'https://h', insecure-skip-tls-verify: false}"),
        ),
        (
            "authority-and-insecure",
            ca(good.certificate_pem()).edit("ca}", "ca, insecure-skip-tls-verify: true}"),
            ca(good.certificate_pem()).flag("--insecure-skip-tls-verify"),
        ),
        (
            "bad-proxy",
            Setup::cluster("{server: 'https://h', proxy-url: 'p:1'}"),
            Setup::cluster("{server: 'https://h', proxy-url: 'http://p:1'}"),
        ),
        (
            "proxy-from-environment",
            Setup::user("{}").variable("HTTPS_PROXY", "p:1"),
            Setup::user("{}").variable("HTTP_PROXY", "p:1"),
        ),
        (
            "proxy-not-used",
            Setup::user("{}").variable("HTTPS_PROXY", "p:1").variable("NO_PROXY", ".x,h"),
            Setup::user("{}").variable("HTTPS_PROXY", "p:1").variable("NO_PROXY", "h2"),
        ),
        ("bad-authority", ca("nonsense"), ca(Authority::new("some").certificate_pem())),
        ("empty-authority", ca(""), ca(good.certificate_pem())),
        ("expired-authority", ca(&both), ca(good.certificate_pem())),
        (
            "early-authority",
            ca(valid(1, 300).certificate_pem()),
            ca(valid(-1, 3).certificate_pem()),
        ),
    ]
}
