//! kube on kubecred: finds the cluster as kubectl does, and lists the pods of the namespace.
//!
//! Plugins run once and are renewed ahead, a 401 is answered with a fresh credential and a second
//! try, rotated certificates are picked up, `NO_PROXY` and `tls-server-name` count.
//!
//! ```text
//! cargo run -p kubecred-tokio --example kube
//! ```

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, ResourceExt};
use kubecred_tokio::{Auth, Client};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let auth = Auth::from_env().await?;
    let namespace = auth.profile().namespace.name.clone();
    let client = kube::Client::new(Client::new(auth)?, namespace);

    let pods: Api<Pod> = Api::default_namespaced(client);
    for pod in pods.list(&ListParams::default().limit(20)).await? {
        println!("{}", pod.name_any());
    }
    Ok(())
}
