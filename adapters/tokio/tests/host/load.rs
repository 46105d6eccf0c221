//! Finding out how to connect: kubeconfigs and pods on a real file system.

use kubecred_core::{Environment, InCluster, Overrides, PluginPolicy};
use kubecred_tokio::Auth;
use std::path::Path;
use tempfile::TempDir;

fn write(path: &Path, text: &str) -> String {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    path.to_str().unwrap().into()
}

fn kubeconfig(token: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
         clusters: [{{name: c, cluster: {{server: 'https://api:6443'}}}}]\n\
         users: [{{name: u, user: {{token: {token}}}}}]\n\
         contexts: [{{name: a, context: {{cluster: c, user: u, namespace: shop}}}}]\n"
    )
}

async fn authorization(auth: &Auth) -> String {
    let credential = auth.credential().await.unwrap();
    credential.headers()["authorization"].to_str().unwrap().into()
}

fn pod(folder: &TempDir) -> (Environment, InCluster) {
    let file = |name: &str, text: &str| write(&folder.path().join("account").join(name), text);
    let authority = kubecred_loopback::Authority::new("pod");
    let pod = InCluster {
        token: file("token", "pod-token\n"),
        certificate_authority: file("ca.crt", authority.certificate_pem()),
        namespace: file("namespace", "shop\n"),
        ..InCluster::default()
    };
    let environment = Environment::new([
        ("HOME", folder.path().to_str().unwrap()),
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("KUBERNETES_SERVICE_PORT", "443"),
    ]);
    (environment, pod)
}

#[tokio::test]
async fn kc_2_an_explicit_kubeconfig_is_read_and_overridden() {
    let folder = TempDir::new().unwrap();
    let path = write(&folder.path().join("config"), &kubeconfig("from-file"));
    let auth = Auth::from_kubeconfig(&path).await.unwrap();
    assert_eq!(authorization(&auth).await, "Bearer from-file");
    assert_eq!(auth.profile().namespace.name, "shop");

    let overrides = Overrides { token: "by-flag".into(), ..Overrides::default() };
    let auth = Auth::builder().kubeconfig(path).overrides(overrides).load().await.unwrap();
    assert_eq!(authorization(&auth).await, "Bearer by-flag");
}

#[tokio::test]
async fn kc_1_the_home_folder_has_a_kubeconfig() {
    let folder = TempDir::new().unwrap();
    write(&folder.path().join(".kube/config"), &kubeconfig("at-home"));
    let environment = Environment::new([("HOME", folder.path().to_str().unwrap())]);
    let auth = Auth::builder().environment_of(environment).load().await.unwrap();
    assert_eq!(authorization(&auth).await, "Bearer at-home");
}

#[tokio::test]
async fn a_missing_or_broken_kubeconfig_is_an_error_that_names_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config");
    let name = path.to_str().unwrap().to_owned();
    let error = Auth::from_kubeconfig(&name).await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains(&name), "{error}");
    write(&path, "clusters: [");
    let error = Auth::from_kubeconfig(&name).await.unwrap_err();
    assert!(error.to_string().contains(&name), "{error}");
}

#[tokio::test]
async fn ic_2_a_pod_uses_its_own_account() {
    let folder = TempDir::new().unwrap();
    let (environment, pod) = pod(&folder);
    let auth = Auth::builder().environment_of(environment);
    let auth = auth.load_in_cluster(pod).await.unwrap();
    assert_eq!(authorization(&auth).await, "Bearer pod-token");
    assert_eq!(auth.profile().cluster.server, "https://10.0.0.1:443");

    let nowhere = Auth::builder().environment_of(Environment::default());
    let error = nowhere.load_in_cluster(InCluster::default()).await.unwrap_err();
    assert!(error.is_not_in_cluster(), "{error}");
}

fn with_plugin(command: &str) -> String {
    let stanza = "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, ";
    kubeconfig("x").replace("token: x", &format!("{stanza}command: {command}}}"))
}

/// The exit code that a plugin ends with, or why it does not run.
async fn outcome(builder: kubecred_tokio::Builder) -> String {
    builder.load().await.unwrap().credential().await.unwrap_err().to_string()
}

#[tokio::test]
async fn ex_83_the_builders_plugin_policy_goes_on_top_of_the_profiles() {
    let folder = TempDir::new().unwrap();
    let path = write(&folder.path().join("config"), &with_plugin("/bin/false"));
    let builder = || Auth::builder().kubeconfig(path.as_str());
    let runs = outcome(builder()).await;
    assert!(runs.contains("exit code 1"), "{runs}");
    let denied = outcome(builder().plugin_policy(PluginPolicy::DenyAll)).await;
    assert!(denied.contains("DenyAll"), "{denied}");
    let environment = Environment::default().with_plugin_policy(PluginPolicy::DenyAll);
    let builder = builder().environment_of(environment).plugin_policy(PluginPolicy::AllowAll);
    let denied = outcome(builder).await;
    assert!(denied.contains("DenyAll"), "{denied}");
}

#[tokio::test]
async fn kb_60_kb_63_kuberc_is_obeyed_by_who_asks_for_it() {
    let folder = TempDir::new().unwrap();
    let path = write(&folder.path().join("config"), &with_plugin("/bin/false"));
    let kuberc = |policy: &str| {
        format!(
            "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n\
             credentialPluginPolicy: {policy}\n"
        )
    };
    write(&folder.path().join(".kube/kuberc"), &kuberc("DenyAll"));
    let home = Environment::new([("HOME", folder.path().to_str().unwrap())]);
    let builder = || Auth::builder().kubeconfig(path.as_str()).environment_of(home.clone());
    assert!(outcome(builder()).await.contains("exit code 1"), "client-go knows no kuberc");
    let denied = outcome(builder().kuberc(None)).await;
    assert!(denied.contains("DenyAll"), "{denied}");
    // What is forbidden by one of them is forbidden.
    let denied = outcome(builder().kuberc(None).plugin_policy(PluginPolicy::AllowAll)).await;
    assert!(denied.contains("DenyAll"), "{denied}");

    let other = kuberc("Allowlist") + "credentialPluginAllowlist: [{command: /bin/false}]\n";
    let other = write(&folder.path().join("rc"), &other);
    let runs = outcome(builder().kuberc(Some(&other))).await;
    assert!(runs.contains("exit code 1"), "{runs}");

    let error = builder().kuberc(Some("/none/rc")).load().await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("/none/rc"), "{error}");
}
