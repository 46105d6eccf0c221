//! The plugin that most people have: `aws eks get-token`. With keys, made up or not, it signs
//! without a network.

use crate::case::Case;
use crate::observation::Run;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use std::path::PathBuf;

/// What the token is: a prefix, and a signed URL in base64.
const PREFIX: &str = "Bearer k8s-aws-v1.";

/// The signed URL in the one request's token, its parameters sorted, those left out that depend on
/// the moment.
fn signed_url(run: &Run) -> Vec<String> {
    let token = run.request().header("authorization").expect("a token is sent");
    let encoded = token.strip_prefix(PREFIX).expect("it is one for EKS");
    let url = URL_SAFE_NO_PAD.decode(encoded).expect("it is base64");
    let url = String::from_utf8(url).expect("it is a URL");
    let (host, query) = url.split_once('?').expect("it has parameters");
    let mut parts: Vec<String> = query.split('&').map(str::to_owned).collect();
    let count = parts.len();
    parts.retain(|part| !part.starts_with("X-Amz-Date=") && !part.starts_with("X-Amz-Signature="));
    assert_eq!(parts.len() + 2, count, "a date and a signature");
    parts.sort();
    parts.insert(0, host.to_owned());
    parts
}

#[tokio::test]
async fn aws_eks_get_token_is_a_plugin_like_any_other() {
    let aws =
        on_path("aws").expect("aws is needed on PATH; tests/tools installs it in target/tools/bin");
    // A stanza as `aws eks update-kubeconfig` writes it, with the keys beside it.
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "interactiveMode": null,
        "command": aws,
        "args": [
            "--region", "eu-central-1", "eks", "get-token", "--cluster-name", "demo",
            "--output", "json",
        ],
        "env": [
            { "name": "AWS_ACCESS_KEY_ID", "value": "AKIAIOSFODNN7EXAMPLE" },
            { "name": "AWS_SECRET_ACCESS_KEY", "value": "made-up" },
            { "name": "AWS_EC2_METADATA_DISABLED", "value": "true" },
        ],
    });
    let both = Case::start().await.open().exec(exec).both().await.succeed();
    // The token is signed for a moment, so all but that is compared.
    let authorization = "request 1: header authorization";
    let (mut theirs, mut ours) = (both.kubectl.facts(), both.kubecred.facts());
    theirs.replace(authorization, &signed_url(&both.kubectl).join("&"));
    ours.replace(authorization, &signed_url(&both.kubecred).join("&"));
    let differences = theirs.differences(&ours);
    assert!(differences.is_empty(), "kubectl (-) and kubecred (+)\n{differences}");
    assert!(signed_url(&both.kubectl)[0].starts_with("https://sts.eu-central-1.amazonaws.com/"));
}

/// Where PATH has a program.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
