//! `serde_yaml`, the reader that most Rust programs have: where it agrees, and where it does not.

use crate::corpus;
use crate::kubeconfig::Kubeconfig;
use crate::kubectl::Answer;

#[path = "../../benches/generated.rs"]
mod generated;

/// Kubeconfigs as the tools write them, without anything odd.
const PLAIN: &[&str] = &[
    // kind, kubeadm
    "\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTg==
    server: https://127.0.0.1:37135
  name: kind-kind
contexts:
- context:
    cluster: kind-kind
    user: kind-kind
  name: kind-kind
current-context: kind-kind
kind: Config
preferences: {}
users:
- name: kind-kind
  user:
    client-certificate-data: LS0tLS1CRUdJTg==
    client-key-data: LS0t
",
    // minikube
    "\
apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority: /home/me/.minikube/ca.crt
    extensions:
    - extension:
        last-update: Mon, 01 Jan 2024 00:00:00 UTC
        provider: minikube.sigs.k8s.io
        version: v1.32.0
      name: cluster_info
    server: https://192.168.49.2:8443
  name: minikube
contexts: []
current-context: minikube
users: []
",
    // EKS, with comments and quotes
    "\
# written by hand
apiVersion: v1
kind: Config
users:
- name: \"eks\" # the user
  user:
    exec:
      apiVersion: 'client.authentication.k8s.io/v1beta1'
      command: aws
      args:
        - --region
        - eu-west-1
        - \"eks\"
      env:
        - name: AWS_PROFILE
          value: prod
      interactiveMode: IfAvailable
      provideClusterInfo: false
",
    // GKE, OIDC, tokens and impersonation
    "\
apiVersion: v1
kind: Config
users:
- name: gke
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: gke-gcloud-auth-plugin
      installHint: Install it
        from the package
      provideClusterInfo: true
- name: oidc
  user:
    auth-provider:
      name: oidc
      config:
        client-id: kubernetes
        idp-issuer-url: https://issuer.example.com/realm
- name: sa
  user:
    token: eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln
    as: jane
    as-groups: [a, b]
    as-user-extra:
      scopes: [view]
",
    // JSON
    r#"{"apiVersion": "v1", "kind": "Config", "current-context": "a", "contexts": [
        {"name": "a", "context": {"cluster": "c", "user": "u", "namespace": "n"}}
    ]}"#,
    "",
    "{}",
];

fn baseline(bytes: &[u8]) -> Result<Kubeconfig, String> {
    let file: Kubeconfig = serde_yaml::from_slice(bytes).map_err(|error| error.to_string())?;
    file.finished()
}

#[test]
fn plain_kubeconfigs_read_the_same_with_serde_yaml() {
    let generated = [1, 10, 100].map(generated::kubeconfig);
    for text in PLAIN.iter().copied().chain(generated.iter().map(String::as_str)) {
        let ours = Kubeconfig::read(text.as_bytes()).expect("ours");
        assert_eq!(ours, baseline(text.as_bytes()).expect("serde_yaml"), "{text}");
    }
}

/// How far the baseline is from kubectl on the corpus, which is odd by design. When a new version
/// of it, or a new case, changes these numbers, they are to be looked at and written down anew.
#[test]
fn serde_yaml_differs_from_kubectl_on_four_odd_cases_in_ten() {
    let (mut accepts, mut refuses, mut misreads) = (0, 0, 0);
    let cases = corpus::kept();
    let answers = corpus::answers_on_file();
    for (case, bytes) in &cases {
        match (&answers[case], baseline(bytes)) {
            (Answer::Refused(_), Err(_)) | (Answer::ReadMuch, Ok(_)) => {}
            (Answer::Refused(_), Ok(_)) => accepts += 1,
            (_, Err(_)) => refuses += 1,
            (Answer::Read(json), Ok(file)) => {
                misreads += usize::from(Kubeconfig::viewed(json.clone()) != file);
            }
        }
    }
    assert_eq!((cases.len(), accepts, refuses, misreads), (327, 86, 32, 23));
}
