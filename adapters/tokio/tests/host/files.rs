//! Which files are read to find out how to connect, how often, and that none is written.

use kubecred_core::{Environment, InCluster, Overrides, Profile};
use kubecred_tokio::Auth;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn write(path: &Path, text: &str) -> String {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    path.to_str().unwrap().into()
}

fn kubeconfig(server: &str, token: &str) -> String {
    format!(
        "current-context: a\nclusters: [{{name: c, cluster: {{server: '{server}'}}}}]\n\
         users: [{{name: u, user: {{token: {token}}}}}]\n\
         contexts: [{{name: a, context: {{cluster: c, user: u}}}}]\n"
    )
}

async fn authorization(auth: &Auth) -> String {
    let credential = auth.credential().await.unwrap();
    credential.headers()["authorization"].to_str().unwrap().into()
}

/// Everything under a folder, with what it holds.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.push((path.clone(), std::fs::read(path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

#[tokio::test]
async fn kc_11_files_and_variables_are_those_of_the_start() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config");
    let name = write(&path, &kubeconfig("https://api", "one"));
    let environment = Environment::new([("KUBECONFIG", name)]);
    let load = || Auth::builder().environment_of(environment.clone()).load();
    let first = load().await.unwrap();
    write(&path, &kubeconfig("https://other", "two"));
    assert_eq!(authorization(&first).await, "Bearer one");
    assert_eq!(first.profile().cluster.server, "https://api");
    assert_eq!(authorization(&load().await.unwrap()).await, "Bearer two");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(authorization(&first).await, "Bearer one");
}

/// client-go's helper for two flags is three calls here.
#[tokio::test]
async fn kc_12_with_a_path_or_a_server_nothing_is_searched_and_a_pod_is_a_pod() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| write(&folder.path().join(name), text);
    let found = write(".kube/config", &kubeconfig("https://found", "found"));
    let named = write("named", &kubeconfig("https://named", "named"));
    let home = folder.path().to_str().unwrap().to_owned();
    let environment = Environment::new([("HOME", home), ("KUBECONFIG", found)]);
    let builder = || Auth::builder().environment_of(environment.clone());

    // A path, and perhaps a server that goes over it.
    let server = Overrides { server: "https://flag".into(), ..Overrides::default() };
    let auth = builder().kubeconfig(&named).overrides(server).load().await.unwrap();
    assert_eq!(authorization(&auth).await, "Bearer named");
    assert_eq!(auth.profile().cluster.server, "https://flag");
    let gone = folder.path().join("gone").to_str().unwrap().to_owned();
    assert!(builder().kubeconfig(gone).load().await.unwrap_err().is_not_found());
    // A server alone.
    let auth = builder().profile(Profile::new("https://flag"));
    assert!(auth.credential().await.unwrap().headers().is_empty());
    // Neither.
    let error = builder().load_in_cluster(InCluster::default()).await.unwrap_err();
    assert!(error.is_not_in_cluster(), "{error}");
}

/// I: client-go first copies a file of before 2015 to the home file's place. Who only reads should
/// not write, and such a file can be named.
#[tokio::test]
async fn kc_16_kc_17_nothing_is_moved_or_written() {
    let folder = TempDir::new().unwrap();
    let legacy = folder.path().join(".kube/.kubeconfig");
    let name = write(&legacy, &kubeconfig("https://api", "legacy"));
    let home = folder.path().to_str().unwrap().to_owned();
    let before = tree(folder.path());
    for variables in [vec![("HOME", home.clone())], vec![("HOME", home), ("KUBECONFIG", name)]] {
        let named = variables.len() > 1;
        let builder = Auth::builder().environment_of(Environment::new(variables));
        match builder.load().await {
            Ok(auth) => assert!(named && authorization(&auth).await == "Bearer legacy"),
            Err(error) => assert!(!named && error.is_empty_config(), "{error}"),
        }
        assert_eq!(tree(folder.path()), before);
    }
}
