//! `NO_PROXY` as kubectl understands it: every pair of 73 values and 19 servers.

use http::Uri;
use kubecred_core::Environment;
use kubecred_host::net::{NoProxyReason, ProxyVariables, Route};

struct Pair {
    value: String,
    server: Uri,
    proxied: bool,
}

fn pairs() -> Vec<Pair> {
    let mut lines = include_str!("no_proxy.tsv").lines().filter(|line| !line.starts_with("# "));
    let servers: Vec<Uri> =
        lines.next().unwrap().split(' ').map(|server| server.parse().unwrap()).collect();
    let mut pairs = Vec::new();
    for line in lines {
        let (value, row) = line.rsplit_once('\t').unwrap();
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap();
        assert_eq!(row.len(), servers.len(), "{line}");
        pairs.extend(servers.iter().zip(row.chars()).map(|(server, letter)| Pair {
            value: value.to_owned(),
            server: server.clone(),
            proxied: letter == 'P',
        }));
    }
    pairs
}

fn variables(value: &str) -> ProxyVariables {
    let both = [("HTTPS_PROXY", "http://127.0.0.1:3128"), ("NO_PROXY", value)];
    ProxyVariables::new(&Environment::new(both))
}

#[test]
fn kc_73_no_proxy_means_what_it_means_to_kubectl() {
    let pairs = pairs();
    assert_eq!(pairs.len(), 73 * 19);
    let wrong: Vec<String> = pairs
        .iter()
        .filter(|pair| {
            let route = variables(&pair.value).route(&pair.server).unwrap();
            (route != Route::Direct) != pair.proxied
        })
        .map(|pair| format!("{:?} {} proxied: {}", pair.value, pair.server, pair.proxied))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), pairs.len(), wrong.join("\n"));
}

/// What `config explain` says of it.
#[test]
fn kc_73_the_entry_that_matches_is_named_as_it_was_written() {
    let reason = |value: &str, server: &str| {
        variables(value).exception(&server.parse().unwrap()).unwrap().map(|r| r.to_string())
    };
    let entry = |text: &str| Some(NoProxyReason::Entry(text.to_owned()).to_string());
    assert_eq!(reason("other, A.b ,b", "https://x.a.b"), entry("A.b"));
    assert_eq!(reason("010.0.0.0/8", "https://10.1.2.3:6443"), entry("010.0.0.0/8"));
    assert_eq!(reason("b", "https://localhost:6443"), Some(NoProxyReason::Loopback.to_string()));
    assert_eq!(reason("b", "https://api"), None);
}
