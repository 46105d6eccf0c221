//! The ways through a proxy, by the kubeconfig's word or the environment's.

use crate::case::{Case, Proxy, TOKEN};
use crate::plugin::Answer;
use kubecred_loopback::{ApiServer, Authority, HttpProxy, ProxyCredentials, SocksProxy};
use serde_json::{Value, json};

/// A host that only the proxies know.
const INTERNAL: &str = "api.internal:443";
const PORT_80: &str = "api.internal:80";

/// A case whose server is [`INTERNAL`].
async fn internal() -> Case {
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    case.cluster(json!({ "server": "https://api.internal" }))
}

/// A case whose server is [`INTERNAL`] without TLS.
async fn internal_without_tls() -> Case {
    let case = Case::with(ApiServer::builder().plain_http()).await.open();
    case.cluster(json!({ "server": "http://api.internal", "certificate-authority-data": null }))
}

/// An HTTP proxy that leads to the case's server, with its URL.
async fn http(case: &Case) -> (HttpProxy, String) {
    let address = case.server.address();
    let proxy = HttpProxy::builder().route(INTERNAL, address).route(PORT_80, address);
    let proxy = proxy.credentials("jane", "s3cret").start().await.unwrap();
    let url = proxy.url().replace("://", "://jane:s3cret@");
    (proxy, url)
}

async fn socks(case: &Case) -> (SocksProxy, String) {
    let address = case.server.address();
    let proxy = SocksProxy::builder().route(INTERNAL, address).route(PORT_80, address);
    let proxy = proxy.credentials("jane", "s3cret").start().await.unwrap();
    let url = proxy.url().replace("://", "://jane:s3cret@");
    (proxy, url)
}

fn proxy_url(url: &str) -> Value {
    json!({ "proxy-url": url })
}

#[tokio::test]
async fn kc_73_by_http_connect() {
    let case = internal().await;
    let (proxy, url) = http(&case).await;
    let both = case.cluster(proxy_url(&url)).proxy(Proxy::Http(proxy)).agree().await.succeed();
    let asked = &both.kubectl.proxied[0];
    assert_eq!((asked.target.as_str(), asked.by_name), (INTERNAL, true));
    assert_eq!(asked.credentials, ProxyCredentials::Accepted);
    assert_eq!(both.kubectl.request().sni.as_deref(), Some("api.internal"));
    assert_eq!(both.kubectl.request().header("proxy-authorization"), None);
}

#[tokio::test]
async fn kc_73_by_http_connect_over_tls() {
    let case = internal().await;
    // kubectl trusts a proxy by the authority of the cluster behind it.
    let proxy = HttpProxy::builder().route(INTERNAL, case.server.address());
    let proxy = proxy.tls(case.server.authority()).credentials("jane", "s3cret");
    let proxy = proxy.start().await.unwrap();
    let url = proxy.url().replace("://", "://jane:s3cret@");
    let both = case.cluster(proxy_url(&url)).proxy(Proxy::Http(proxy)).agree().await.succeed();
    assert_eq!(both.kubectl.proxied[0].credentials, ProxyCredentials::Accepted);
}

#[tokio::test]
async fn kc_73_what_is_said_of_the_servers_tls_is_said_of_the_proxys() {
    let by = async |cluster: Value| {
        let case = internal().await;
        let proxy = HttpProxy::builder().route(INTERNAL, case.server.address());
        let proxy = proxy.tls(&Authority::new("the proxy's")).start().await.unwrap();
        let case = case.cluster(proxy_url(&proxy.url())).cluster(cluster);
        case.proxy(Proxy::Http(proxy)).agree().await
    };
    let both = by(json!({})).await.fail_saying(&["tls"]);
    assert!(both.kubecred.proxied.is_empty(), "nobody vouches for it");
    let skip = json!({
        "certificate-authority-data": null,
        "insecure-skip-tls-verify": true,
        "tls-server-name": "a.b",
    });
    assert_eq!(by(skip).await.succeed().kubecred.proxied.len(), 1);
}

#[tokio::test]
async fn kc_73_a_proxy_must_have_the_tls_server_name() {
    for (name, is_its_own) in [("localhost", true), ("api.internal", false)] {
        let case = internal().await.cluster(json!({ "tls-server-name": name }));
        let proxy = HttpProxy::builder().route(INTERNAL, case.server.address());
        let proxy = proxy.tls(case.server.authority()).start().await.unwrap();
        let case = case.cluster(proxy_url(&proxy.url())).proxy(Proxy::Http(proxy));
        let both = case.agree().await;
        assert_eq!(both.kubecred.proxied.len(), usize::from(is_its_own), "{name}");
        assert_eq!(both.kubecred.success, is_its_own, "{name}");
    }
}

#[tokio::test]
async fn kc_73_by_socks5() {
    let case = internal().await;
    let (proxy, url) = socks(&case).await;
    let both = case.cluster(proxy_url(&url)).proxy(Proxy::Socks(proxy)).agree().await.succeed();
    let asked = &both.kubectl.proxied[0];
    assert_eq!((asked.target.as_str(), asked.by_name), (INTERNAL, true));
    assert_eq!(asked.credentials, ProxyCredentials::Accepted);
}

#[tokio::test]
async fn kc_73_by_a_proxy_that_asks_for_nothing() {
    let case = internal().await;
    let http = HttpProxy::builder().route(INTERNAL, case.server.address()).start().await.unwrap();
    let socks = SocksProxy::builder().route(INTERNAL, case.server.address()).start().await.unwrap();
    let case = case.cluster(proxy_url(&http.url())).proxy(Proxy::Http(http));
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.proxied[0].credentials, ProxyCredentials::Missing);
    let case = case.cluster(proxy_url(&socks.url())).proxy(Proxy::Socks(socks));
    let both = case.agree().await.succeed();
    assert_eq!(both.kubectl.proxied[0].credentials, ProxyCredentials::Missing);
}

#[tokio::test]
async fn kc_73_credentials_are_unescaped() {
    let case = internal().await;
    let proxy = HttpProxy::builder().route(INTERNAL, case.server.address());
    let proxy = proxy.credentials("jane@corp", "a:b/c%d").start().await.unwrap();
    let url = proxy.url().replace("://", "://jane%40corp:a%3Ab%2Fc%25d@");
    let both = case.cluster(proxy_url(&url)).proxy(Proxy::Http(proxy)).agree().await.succeed();
    assert_eq!(both.kubectl.proxied[0].credentials, ProxyCredentials::Accepted);
}

#[tokio::test]
async fn kc_73_refused_by_the_proxy_nothing_reaches_the_server() {
    for kind in ["http", "socks5"] {
        let case = internal().await;
        let (http, socks) = (http(&case).await, socks(&case).await);
        let (proxy, url) = match kind {
            "http" => (Proxy::Http(http.0), http.1),
            _ => (Proxy::Socks(socks.0), socks.1),
        };
        let case = case.cluster(proxy_url(&url.replace("s3cret", "wr0ng"))).proxy(proxy);
        let both = case.agree().await.fail_saying(&[]);
        assert!(both.kubectl.exchanges.is_empty());
        assert_eq!(both.kubectl.proxied[0].credentials, ProxyCredentials::Refused);
        assert!(!both.kubecred.stderr.contains("wr0ng"), "the password is told to nobody");
    }
}

#[tokio::test]
async fn kc_73_a_certificate_goes_through_the_proxy() {
    let case = internal().await;
    let (proxy, url) = http(&case).await;
    let issued = case.server.authority().client("jane", &["a"]);
    let user = json!({
        "token": null,
        "client-certificate": "client.crt",
        "client-key": "client.key",
    });
    let case = case.user(user).client_files(&issued).cluster(proxy_url(&url));
    let both = case.proxy(Proxy::Http(proxy)).agree().await.succeed();
    assert!(both.kubectl.request().client_certificate.is_some());
}

#[tokio::test]
async fn kc_73_a_server_without_tls_is_reached_through_proxies_too() {
    let case = internal_without_tls().await;
    let (proxy, url) = http(&case).await;
    let both = case.cluster(proxy_url(&url)).proxy(Proxy::Http(proxy)).agree().await.succeed();
    assert!(both.kubectl.proxied[0].forward);
    let case = internal_without_tls().await;
    let (proxy, url) = socks(&case).await;
    case.cluster(proxy_url(&url)).proxy(Proxy::Socks(proxy)).agree().await.succeed();
}

#[tokio::test]
async fn kc_73_the_environment_names_a_proxy() {
    for variable in ["HTTPS_PROXY", "https_proxy"] {
        let case = internal().await;
        let (proxy, url) = http(&case).await;
        let case = case.env(variable, &url).env("HTTP_PROXY", "http://127.0.0.1:1");
        let both = case.proxy(Proxy::Http(proxy)).agree().await.succeed();
        assert_eq!(both.kubectl.proxied[0].credentials, ProxyCredentials::Accepted);
    }
}

#[tokio::test]
async fn kc_73_the_environment_names_a_socks_proxy() {
    let case = internal().await;
    let (proxy, url) = socks(&case).await;
    let both = case.env("HTTPS_PROXY", &url).proxy(Proxy::Socks(proxy)).agree().await.succeed();
    assert_eq!(both.kubectl.proxied.len(), 1);
}

#[tokio::test]
async fn kc_73_the_environment_has_another_proxy_for_servers_without_tls() {
    for variable in ["HTTP_PROXY", "http_proxy"] {
        let case = internal_without_tls().await;
        let (proxy, url) = http(&case).await;
        let case = case.env(variable, &url).env("HTTPS_PROXY", "http://127.0.0.1:1");
        let both = case.proxy(Proxy::Http(proxy)).agree().await.succeed();
        assert_eq!(both.kubectl.proxied.len(), 1);
    }
}

#[tokio::test]
async fn kc_73_no_proxy_is_used_for_its_hosts_and_for_this_machine() {
    // A name that nobody has (RFC 6761), so that going there without the proxy fails at once.
    for exempt in ["api.invalid", ".invalid", "other, invalid", "*", "api.invalid:443"] {
        let case = internal().await.cluster(json!({ "server": "https://api.invalid" }));
        let (proxy, url) = http(&case).await;
        let case = case.env("HTTPS_PROXY", &url).env("NO_PROXY", exempt);
        let both = case.proxy(Proxy::Http(proxy)).agree().await.fail_saying(&[]);
        assert!(both.kubectl.proxied.is_empty(), "NO_PROXY={exempt}");
    }
    for used in ["other", "i.internal", "api.internal:8443", "10.0.0.0/8"] {
        let case = internal().await;
        let (proxy, url) = http(&case).await;
        let case = case.env("HTTPS_PROXY", &url).env("no_proxy", used);
        let both = case.proxy(Proxy::Http(proxy)).agree().await.succeed();
        assert_eq!(both.kubectl.proxied.len(), 1, "no_proxy={used}");
    }
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    let (proxy, url) = http(&case).await;
    let both = case.env("HTTPS_PROXY", &url).proxy(Proxy::Http(proxy)).agree().await.succeed();
    assert!(both.kubectl.proxied.is_empty(), "127.0.0.1 needs no proxy");
}

#[tokio::test]
async fn kc_73_the_kubeconfig_goes_before_the_environment() {
    let case = internal().await;
    let (proxy, url) = http(&case).await;
    let case = case.cluster(proxy_url(&url)).env("HTTPS_PROXY", "http://127.0.0.1:1");
    let case = case.env("NO_PROXY", "*").proxy(Proxy::Http(proxy));
    assert_eq!(case.agree().await.succeed().kubectl.proxied.len(), 1);
}

#[tokio::test]
async fn kc_52_a_proxy_of_another_kind_is_an_error() {
    for url in ["ftp://127.0.0.1:21", "127.0.0.1:3128", "socks4://127.0.0.1:1"] {
        let both = internal().await.cluster(proxy_url(url)).agree().await;
        assert!(both.fail_saying(&["proxy-url", "main"]).kubectl.exchanges.is_empty());
    }
}

#[tokio::test]
async fn ex_36_a_plugin_is_told_of_the_proxy_of_the_kubeconfig_only() {
    let case = internal().await.user(json!({ "token": null }));
    let (proxy, url) = http(&case).await;
    let case = case.exec(json!({ "provideClusterInfo": true })).plugin(&[Answer::token(TOKEN)]);
    let case = case.cluster(proxy_url(&url)).proxy(Proxy::Http(proxy));
    let both = case.agree().await.succeed();
    let info: Value = serde_json::from_str(both.kubectl.plugin_run().exec_info()).unwrap();
    assert_eq!(info["spec"]["cluster"]["proxy-url"], url);

    let case = internal().await.user(json!({ "token": null }));
    let (proxy, url) = http(&case).await;
    let case = case.exec(json!({ "provideClusterInfo": true })).plugin(&[Answer::token(TOKEN)]);
    let both = case.env("HTTPS_PROXY", &url).proxy(Proxy::Http(proxy)).agree().await.succeed();
    let info: Value = serde_json::from_str(both.kubectl.plugin_run().exec_info()).unwrap();
    assert_eq!(info["spec"]["cluster"]["proxy-url"], Value::Null);
}

#[tokio::test]
async fn ex_36_a_plugin_is_told_of_a_proxy_as_go_writes_it() {
    let case = internal().await;
    let (proxy, url) = http(&case).await;
    let url = url.replace("http://jane:s3cret", "HTTP://j%61ne:s%33cret");
    let case = case.cluster(proxy_url(&url)).user(json!({ "token": null }));
    let case = case.exec(json!({ "provideClusterInfo": true })).plugin(&[Answer::token(TOKEN)]);
    let both = case.proxy(Proxy::Http(proxy)).agree().await.succeed();
    assert!(both.kubectl.plugin_run().exec_info().contains("http://jane:s3cret@"));
}

/// A host in any letters is asked for by DNS, proxy, SNI and certificate in ASCII (UTS 46).
#[tokio::test]
async fn kc_70_a_host_in_any_letters_is_written_in_ascii() {
    let ascii = "xn--bcher-kva.example";
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    case.server.present(&case.server.authority().server(&[ascii]));
    let proxy = HttpProxy::builder().route(&format!("{ascii}:443"), case.server.address());
    let proxy = proxy.start().await.unwrap();
    let cluster = json!({ "server": "https://bücher.example", "proxy-url": proxy.url() });
    let both = case.cluster(cluster).proxy(Proxy::Http(proxy)).agree().await.succeed();
    for run in [&both.kubectl, &both.kubecred] {
        assert_eq!(run.proxied[0].target, format!("{ascii}:443"), "{}", run.program);
        assert_eq!(run.request().sni.as_deref(), Some(ascii), "{}", run.program);
    }
}
