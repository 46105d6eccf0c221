//! What the filter's README shows works.

use kubecred_envoy_tests::Envoy;
use kubecred_loopback::Authority;

#[tokio::test]
async fn envoy_takes_the_configuration_of_the_readme() {
    let readme = include_str!("../../../../wasm/envoy/README.md");
    let (_, yaml) = readme.split_once("```yaml\n").expect("it shows one");
    let (yaml, _) = yaml.split_once("```").expect("which has an end");
    let authority = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(authority.path(), Authority::new("any").certificate_pem()).expect("a file");
    let authority = authority.path().display().to_string();
    let yaml = yaml
        .replace("/etc/envoy/kubecred_envoy.wasm", "FILTER")
        .replace("/etc/envoy/api-ca.crt", &authority)
        .replace("/etc/ssl/certs/ca-certificates.crt", &authority);
    Envoy::validate(&yaml).await.unwrap_or_else(|said| panic!("{said}"));
    let broken = yaml.replace("client-id: kube", "client-id: 7");
    let said = Envoy::validate(&broken).await.expect_err("it is looked at");
    assert!(said.contains("kubecred: "), "{said}");
}
