//! Kubeconfigs of any size, as tools write them.

use std::fmt::Write as _;

/// What certificates look like: 2 344 characters of base64.
fn certificate(seed: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::with_capacity(2344);
    for _ in 0..2343 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push(ALPHABET[(state >> 32) as usize % ALPHABET.len()].into());
    }
    text + "="
}

/// A kubeconfig with so many contexts, each with a cluster and a user of its own.
///
/// Every cluster has a CA; every second user has a client certificate and key, the others a plugin.
pub(crate) fn kubeconfig(contexts: usize) -> String {
    let mut out = String::from("apiVersion: v1\nkind: Config\n");
    let mut line = |text: std::fmt::Arguments<'_>| {
        out.write_fmt(text).expect("a string takes all");
        out.push('\n');
    };
    let (ca, key) = (certificate(1), certificate(2));
    line(format_args!("current-context: ctx-{}", contexts.saturating_sub(1)));
    line(format_args!("preferences: {{}}\nclusters:"));
    for i in 0..contexts {
        line(format_args!("- cluster:\n    certificate-authority-data: {ca}"));
        line(format_args!("    server: https://k8s-{i}.example.com:6443\n  name: cluster-{i}"));
    }
    line(format_args!("contexts:"));
    for i in 0..contexts {
        line(format_args!("- context:\n    cluster: cluster-{i}\n    namespace: ns-{i}"));
        line(format_args!("    user: user-{i}\n  name: ctx-{i}"));
    }
    line(format_args!("users:"));
    for i in 0..contexts {
        line(format_args!("- name: user-{i}\n  user:"));
        if i % 2 == 0 {
            line(format_args!("    client-certificate-data: {ca}\n    client-key-data: {key}"));
            continue;
        }
        line(format_args!("    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1"));
        line(format_args!("      args:\n      - --region\n      - eu-west-1\n      - eks"));
        line(format_args!("      - get-token\n      - --cluster-name\n      - c{i}"));
        line(format_args!("      command: aws\n      env:\n      - name: AWS_PROFILE"));
        line(format_args!("        value: p{i}\n      interactiveMode: IfAvailable"));
        line(format_args!("      provideClusterInfo: false"));
    }
    out
}
