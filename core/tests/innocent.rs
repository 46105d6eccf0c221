//! Ordinary text that stays as it is, whatever looks for secrets in it.

use kubecred_core::{Secret, SentSecrets, redact};

/// What people and clusters write.
const INNOCENT: [&str; 48] = [
    "/home/me/.kube/config",
    "/etc/kubernetes/pki/apiserver-kubelet-client.crt",
    "/var/run/secrets/kubernetes.io/serviceaccount/token",
    "/var/lib/kubelet/pki/kubelet-client-2026-11-30-21-57-54.pem",
    r"C:\Users\Me\.minikube\profiles\minikube\client.crt",
    "/nix/store/0c5b2b8vj9x7i7mzc0b1r3ysr2z8v0qf-kubelogin-1.2.3/bin/kubelogin",
    "/opt/homebrew/Cellar/kubelogin/0.1.4/bin/kubelogin",
    "https://10.0.0.1:6443",
    "https://[fd00::1]:6443/k8s/clusters/c-m-abcdefgh",
    "https://api.crc-testing.cluster.example.com:6443",
    "https://my-cluster-dns-5a1b2c3d.hcp.westeurope.azmk8s.io:443",
    "gke_my-project-name_europe-west1-b_production-cluster-with-a-name",
    "arn:aws:eks:us-east-1:123456789012:cluster/production-cluster-with-a-name",
    "kubernetes-admin@kubernetes",
    "default/api-crc-testing:6443/kubeadmin",
    "system:serviceaccount:kube-system:horizontal-pod-autoscaler",
    "system:serviceaccounts:monitoring",
    "system:node:ip-10-0-12-34.eu-central-1.compute.internal",
    "system:kube-controller-manager",
    "system:bootstrap:abcdef",
    "bootstrap-token-abcdef",
    "coredns-5dd5756b68-x7k2p",
    "kube-prometheus-stack-prometheus-node-exporter-7xk2q",
    "my-release-postgresql-ha-pgpool-6d9f8c7b5d-2lqzs",
    "registry.k8s.io/kube-apiserver:v1.33.0",
    "ghcr.io/example/kubecred:1.2.3-rc.1",
    "quay.io/prometheus/node-exporter:v1.8.2",
    "v1.33.1+k3s1",
    "go1.24.2 linux/amd64",
    "2026-11-30T21:57:54Z",
    "0f8fad5b-d9cb-469f-a165-70867728950e",
    "customresourcedefinitions.apiextensions.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "selfsubjectreviews.authentication.k8s.io/v1beta1",
    "client.authentication.k8s.io/v1",
    "node.kubernetes.io/memory-pressure",
    "topology.kubernetes.io/zone=eu-west-1a",
    "worker.kubernetesdefault",
    "pods is forbidden: User jane cannot list resource pods in API group at the cluster scope",
    "serviceaccounts web not found",
    "error from server (NotFound): namespaces team-a-staging not found",
    "requested expiration of 1000 seconds shortened to 900 seconds",
    "the object has been modified; please apply your changes to the latest version",
    "policy/v1beta1 PodDisruptionBudget is deprecated in v1.21+, unavailable in v1.25+",
    "no such file or directory (os error 2)",
    "dial tcp 10.0.0.1:6443: connect: connection refused",
    "100% of 40 replicas=40 &amp; more",
    "see https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
];

#[test]
fn ordinary_text_is_shown_as_it_is() {
    let sent = [
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6YTpiIn0.c2lnbmF0dXJl",
        "07401b.f395accd246ae52d",
        "sha256~0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3",
        "hunter2-hunter2",
        "0aB1cD",
    ];
    let sent: Vec<Secret> = sent.into_iter().map(Secret::from).collect();
    let sent = SentSecrets::new(&sent);
    for text in INNOCENT {
        assert_eq!(redact::text(text), text);
        assert_eq!(sent.hide(text), text);
    }
}
