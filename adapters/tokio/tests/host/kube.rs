//! kube's client over ours, and kube's own transport with our layer.

use crate::plugin::Plugin;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{Api, ListParams, PostParams, ResourceExt};
use kube::client::{Body, ClientBuilder};
use kubecred_core::{Authentication, Exec, Policy, Profile, Roots};
use kubecred_loopback::{ApiServer, User};
use kubecred_tokio::tower::{AuthLayer, SharedLayer};
use kubecred_tokio::{Auth, AuthError, Client};
use std::time::Duration;

async fn server() -> ApiServer {
    let server = ApiServer::builder().start().await.unwrap();
    server.accounts().allow_token("token-2", User::new("jane"));
    server
}

/// Its first token is refused, its second is good.
fn auth(server: &ApiServer, plugin: &Plugin) -> Auth {
    let mut profile = Profile::new(server.url());
    profile.authentication = Authentication::exec(Exec::new(plugin.path()));
    profile.cluster.roots = Roots::Pem(server.authority().certificate_pem().into());
    let policy = Policy { min_interval: Duration::ZERO, ..Policy::default() };
    Auth::builder().policy(policy).profile(profile)
}

/// A read, a write and a list.
async fn use_it(client: kube::Client) {
    let review = SelfSubjectReview::default();
    let review = Api::all(client.clone()).create(&PostParams::default(), &review).await.unwrap();
    let user: SelfSubjectReview = review;
    assert_eq!(user.status.unwrap().user_info.unwrap().username.as_deref(), Some("jane"));
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let names: Vec<_> = namespaces.list(&ListParams::default()).await.unwrap().items;
    assert!(names.iter().any(|namespace| namespace.name_any() == "kube-system"));
    let pods: Api<Pod> = Api::default_namespaced(client);
    let pods = pods.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(pods[0].name_any(), "web-0");
}

#[tokio::test]
async fn kube_works_over_our_client_and_a_401_is_mended() {
    let (server, plugin) = (server().await, Plugin::counting());
    let client = Client::new(auth(&server, &plugin)).unwrap();
    use_it(kube::Client::new(client, "default")).await;
    assert_eq!(plugin.runs(), 2, "client-go and kube give the caller that 401");
    let seen = server.exchanges();
    assert_eq!(seen.iter().filter(|e| e.status.as_u16() == 401).count(), 1);
    assert!(seen.iter().all(|e| e.header_all("authorization").len() == 1));
}

#[tokio::test]
async fn kube_works_over_its_own_transport_with_our_layer() {
    let (server, plugin) = (server().await, Plugin::counting());
    let mut config = kube::Config::new(server.url().parse().unwrap());
    config.root_cert = Some(vec![server.authority().certificate_der().to_vec()]);
    let client = ClientBuilder::try_from(config)
        .unwrap()
        .with_layer(&SharedLayer::new())
        .with_layer(&AuthLayer::new(auth(&server, &plugin)).with_replay(Body::try_clone))
        .build();
    use_it(client).await;
    assert_eq!(plugin.runs(), 2);
}

#[tokio::test]
async fn our_errors_arrive_through_kube() {
    let (server, plugin) = (server().await, Plugin::saying("exit 3"));
    let client = kube::Client::new(Client::new(auth(&server, &plugin)).unwrap(), "default");
    let kube::Error::Service(error) = client.apiserver_version().await.unwrap_err() else {
        panic!("another error")
    };
    let error = error.downcast::<kubecred_tokio::ClientError>().unwrap();
    let kubecred_tokio::ClientError::Auth(AuthError::Source(_)) = *error else { panic!("{error}") };
    assert!(error.to_string().contains("exit code 3"), "{error}");
}
