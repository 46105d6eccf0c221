//! The kubeconfig, or else the pod (KC-76…KC-79, KC-84).

use crate::in_cluster::{CA, pod};
use crate::{missing, rules};
use kubecred_core::{
    Authorization, ConfigError, DetectionStep, Environment, Failure, FailureKind, InCluster,
    Origin, Overrides, Profile, Roots, Secret, detect,
};
use std::collections::BTreeMap;

/// What files there are, and a record of what was read.
#[derive(Default)]
struct World {
    files: BTreeMap<&'static str, Result<Secret, Failure>>,
    read: Vec<String>,
}

const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

impl World {
    fn new(files: &[(&'static str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| (*path, Ok(Secret::from(*text)))).collect();
        Self { files, read: Vec::new() }
    }

    fn pod(kubeconfig: Option<&str>) -> Self {
        let mut world = Self::new(&[
            (TOKEN, "pod-token"),
            ("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", CA),
            (NAMESPACE, "pod-namespace"),
        ]);
        if let Some(text) = kubeconfig {
            world.files.insert("/h/.kube/config", Ok(text.into()));
        }
        world
    }

    fn detect(
        &mut self,
        explicit: Option<&str>,
        overrides: Overrides,
        environment: &Environment,
    ) -> Result<Profile, ConfigError> {
        let mut detection = detect(explicit, overrides, environment);
        loop {
            self.read.extend_from_slice(detection.reads());
            let read =
                |path: &String| self.files.get(path.as_str()).cloned().unwrap_or_else(missing);
            let reads = detection.reads().iter().map(read).collect();
            match detection.feed(reads)? {
                DetectionStep::Read(next) => detection = *next,
                DetectionStep::Done(profile) => return Ok(*profile),
            }
        }
    }
}

fn in_pod() -> Environment {
    let mut environment = pod();
    environment.variables.insert("HOME".into(), "/h".into());
    environment
}

fn outside() -> Environment {
    Environment::new([("HOME", "/h")])
}

fn is_pod(profile: &Profile) -> bool {
    profile.cluster.server == "https://10.0.0.1:443"
}

const WHOLE: &str = "current-context: c\n\
    contexts: [{name: c, context: {cluster: k, user: u, namespace: ns}}]\n\
    clusters: [{name: k, cluster: {server: 'https://h'}}]\nusers: [{name: u, user: {token: t}}]\n";

#[test]
fn kc_76_a_kubeconfig_goes_before_the_pod() {
    let mut world = World::pod(Some(WHOLE));
    let profile = world.detect(None, Overrides::default(), &in_pod()).unwrap();
    assert_eq!(profile.cluster.server, "https://h");
    assert_eq!(profile.namespace.name, "ns");
    assert_eq!(world.read, ["/h/.kube/config"]);
}

#[test]
fn kc_76_what_is_wrong_with_a_kubeconfig_is_never_hidden() {
    for broken in
        ["users: [", "current-context: gone", "kind: Pod", &WHOLE.replace("https:", "ftp:")]
    {
        let mut world = World::pod(Some(broken));
        let error = world.detect(None, Overrides::default(), &in_pod()).unwrap_err();
        assert!(error.to_string().contains("/h/.kube/config"), "{error}");
    }
    let mut world = World::pod(None);
    world
        .files
        .insert("/h/.kube/config", Err(Failure::new(FailureKind::Denied, "permission denied")));
    assert!(world.detect(None, Overrides::default(), &in_pod()).is_err());
    let error =
        World::pod(None).detect(Some("/gone"), Overrides::default(), &in_pod()).unwrap_err();
    assert!(error.is_not_found());
}

#[test]
fn kc_78_without_a_kubeconfig_it_is_the_pod() {
    let mut world = World::pod(None);
    let profile = world.detect(None, Overrides::default(), &in_pod()).unwrap();
    assert!(is_pod(&profile) && profile.notices.is_empty());
    assert_eq!(profile.namespace.name, "pod-namespace");
    assert_eq!(world.read.len(), 4);
    let mut list = pod();
    list.variables.insert("KUBECONFIG".into(), "/a:/b".into());
    let profile = World::pod(None).detect(None, Overrides::default(), &list).unwrap();
    assert!(is_pod(&profile));
    assert_eq!(rules(&profile), ["KC-8"]);
}

#[test]
fn kc_78_outside_a_pod_the_lack_of_a_kubeconfig_is_the_error() {
    let error = World::default().detect(None, Overrides::default(), &outside()).unwrap_err();
    assert!(error.is_empty_config() && error.to_string().contains("/h/.kube/config"), "{error}");
    // The variables alone make no pod (IC-2).
    let mut world = World::default();
    let error = world.detect(None, Overrides::default(), &in_pod()).unwrap_err();
    assert!(error.is_empty_config(), "{error}");
    assert_eq!(world.read.len(), 4);
}

#[test]
fn kc_78_a_token_that_cannot_be_read_is_the_pods_error() {
    let mut world = World::pod(None);
    world.files.insert(TOKEN, Err(Failure::new(FailureKind::Denied, "permission denied")));
    let error = world.detect(None, Overrides::default(), &in_pod()).unwrap_err();
    assert!(error.to_string().contains(TOKEN), "{error}");
}

#[test]
fn kc_45_kc_47_a_kubeconfig_that_chooses_nothing_gives_way_and_someone_is_told() {
    for text in [
        "",
        &WHOLE.replace("current-context: c\n", ""),
        &WHOLE.replace("cluster: k,", "cluster: gone,"),
    ] {
        let profile = World::pod(Some(text)).detect(None, Overrides::default(), &in_pod()).unwrap();
        assert!(is_pod(&profile), "{text}");
        assert_eq!(rules(&profile), ["KC-78"]);
        assert!(profile.notices[0].text.contains("/h/.kube/config"), "{:?}", profile.notices);
        let strict = Overrides { strict: true, ..Overrides::default() };
        assert!(World::pod(Some(text)).detect(None, strict, &in_pod()).is_err());
        let error = World::pod(Some(text)).detect(None, Overrides::default(), &outside());
        assert!(error.unwrap_err().is_empty_config());
    }
}

/// I: in kubectl these turn the pod into `localhost:8080`.
#[test]
fn kc_79_overrides_keep_the_pod() {
    let default_server = "http://localhost:8080".to_owned();
    for default_server in [String::new(), default_server] {
        let overrides = Overrides {
            impersonate_user: "someone".into(),
            timeout: Some(std::time::Duration::from_secs(1)),
            disable_compression: true,
            default_server,
            ..Overrides::default()
        };
        let result = World::pod(None).detect(None, overrides, &in_pod());
        let profile = result.unwrap();
        assert!(is_pod(&profile));
        assert_eq!(profile.authentication.impersonation.user, "someone");
    }
}

#[test]
fn ic_7_overrides_reach_the_pods_account() {
    let with = |overrides| World::pod(None).detect(None, overrides, &in_pod()).unwrap();
    let token = with(Overrides { token: "mine".into(), ..Overrides::default() });
    assert!(is_pod(&token));
    assert_eq!(token.authentication.authorization, Authorization::Token("mine".into()));
    let file = with(Overrides { token_file: "/mine".into(), ..Overrides::default() });
    let authorization = Authorization::TokenFile { path: "/mine".into(), fallback: None };
    assert_eq!(file.authentication.authorization, authorization);
    let roots = with(Overrides { certificate_authority: "/ca".into(), ..Overrides::default() });
    assert!(is_pod(&roots));
    assert_eq!(roots.cluster.roots, Roots::File("/ca".into()));
}

#[test]
fn kc_77_a_server_that_is_asked_for_is_no_default() {
    let overrides = Overrides {
        server: "https://x".into(),
        default_server: "http://localhost:8080".into(),
        ..Overrides::default()
    };
    let profile = World::pod(None).detect(None, overrides, &in_pod()).unwrap();
    assert_eq!(
        (profile.cluster.server.as_str(), profile.authentication.authorization),
        ("https://x", Authorization::Anonymous)
    );
}

#[test]
fn kc_77_outside_a_pod_the_default_server_stays() {
    let overrides =
        Overrides { default_server: "http://localhost:8080".into(), ..Overrides::default() };
    let profile = World::default().detect(None, overrides, &outside()).unwrap();
    assert_eq!(profile.cluster.server, "http://localhost:8080");
}

#[test]
fn kc_84_a_kubeconfig_without_a_namespace_takes_the_pods() {
    let without = WHOLE.replace(", namespace: ns", "");
    let mut world = World::pod(Some(&without));
    let profile = world.detect(None, Overrides::default(), &in_pod()).unwrap();
    assert_eq!(profile.cluster.server, "https://h");
    assert_eq!(profile.namespace.name, "pod-namespace");
    let origin = &profile.provenance.last().unwrap().origin;
    assert_eq!(*origin, Origin::ServiceAccount(NAMESPACE.into()));
    let stated = WHOLE.replace("namespace: ns", "namespace: default");
    let profile = World::pod(Some(&stated)).detect(None, Overrides::default(), &in_pod()).unwrap();
    assert_eq!(profile.namespace.name, "default");
    let overrides = Overrides { namespace: "mine".into(), ..Overrides::default() };
    let profile = World::pod(Some(&without)).detect(None, overrides, &in_pod()).unwrap();
    assert_eq!((profile.namespace.name.as_str(), profile.namespace.overridden), ("mine", true));
    // No pod, no namespace of one.
    let mut world = World::new(&[(NAMESPACE, "stray")]);
    world.files.insert("/h/.kube/config", Ok(without.as_str().into()));
    let profile = world.detect(None, Overrides::default(), &in_pod()).unwrap();
    assert_eq!(profile.namespace.name, "default");
}

#[test]
fn the_pods_account_may_be_elsewhere() {
    let in_cluster = InCluster { token: "/t".into(), ..InCluster::default() };
    let detection = detect(None, Overrides::default(), &pod()).with_in_cluster(in_cluster);
    let DetectionStep::Read(next) = detection.feed(vec![missing()]).unwrap() else { panic!() };
    assert_eq!(next.reads()[0], "/t");
}
