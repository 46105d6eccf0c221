//! A pod's account (IC-1…IC-8, KC-80).

use crate::{kinds, missing, rules};
use kubecred_core::kubeconfig::ProblemKind;
use kubecred_core::{
    Authorization, ConfigError, Environment, Failure, FailureKind, InCluster, Origin, Overrides,
    Profile, Roots, Secret, Token,
};

/// A CA of our own, as PEM.
pub(crate) const CA: &str = include_str!("../../../tests/vectors/certificates/p256.crt");

const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount/";

pub(crate) fn pod() -> Environment {
    Environment::new([("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("KUBERNETES_SERVICE_PORT", "443")])
}

pub(crate) fn reads() -> [Result<Secret, Failure>; 3] {
    [Ok("t0ken\n".into()), Ok(CA.into()), Ok(" shop\n".into())]
}

fn with(overrides: Overrides) -> Result<Profile, ConfigError> {
    InCluster::default().profile(&pod(), reads(), &overrides)
}

#[test]
fn ic_1_ic_6_the_account_of_a_pod() {
    let paths = ["token", "ca.crt", "namespace"].map(|name| [FOLDER, name].concat());
    assert_eq!(InCluster::default().paths(), paths);
    let profile = with(Overrides::default()).unwrap();
    assert_eq!(profile.cluster.server, "https://10.0.0.1:443");
    assert_eq!(profile.cluster.roots, Roots::File(paths[1].clone()));
    let fallback = Some(Token("t0ken".into()));
    assert_eq!(
        profile.authentication.authorization,
        Authorization::TokenFile { path: paths[0].clone(), fallback }
    );
    assert_eq!((profile.namespace.name.as_str(), profile.namespace.overridden), ("shop", false));
    assert_eq!((profile.context, profile.notices), (None, vec![]));
    let origins: Vec<_> =
        profile.provenance.into_iter().map(|known| (known.setting, known.origin)).collect();
    let account = |path: &String| Origin::ServiceAccount(path.clone());
    assert_eq!(
        origins,
        [
            ("server".into(), Origin::Variable("KUBERNETES_SERVICE_HOST".into())),
            ("certificate-authority".into(), account(&paths[1])),
            ("token".into(), account(&paths[0])),
            ("tokenFile".into(), account(&paths[0])),
            ("namespace".into(), account(&paths[2])),
        ]
    );
}

#[test]
fn ic_2_ic_3_elsewhere_it_says_so() {
    for variables in [
        vec![],
        vec![("KUBERNETES_SERVICE_HOST", "h")],
        vec![("KUBERNETES_SERVICE_HOST", "h"), ("KUBERNETES_SERVICE_PORT", "")],
        vec![("KUBERNETES_SERVICE_PORT", "1")],
    ] {
        let environment = Environment::new(variables);
        let pod = InCluster::default();
        assert!(!pod.is_possible(&environment));
        let error = pod.profile(&environment, reads(), &Overrides::default()).unwrap_err();
        assert!(error.is_not_in_cluster() && !error.is_invalid(), "{error}");
        assert!(error.to_string().contains("KUBERNETES_SERVICE_HOST"), "{error}");
    }
    assert!(InCluster::default().is_possible(&pod()));
}

#[test]
fn ic_3_a_token_that_cannot_be_read_is_an_error() {
    let [_, ca, namespace] = reads();
    let denied = Err(Failure::new(FailureKind::Denied, "permission denied"));
    let result =
        InCluster::default().profile(&pod(), [denied, ca, namespace], &Overrides::default());
    assert_eq!(
        result.unwrap_err().to_string(),
        format!("{FOLDER}token: cannot be read: permission denied")
    );
}

/// I: client-go gives an address that has brackets a second pair.
#[test]
fn ic_4_ipv6_gets_brackets_once() {
    for (host, server) in [
        ("fd00::1", "https://[fd00::1]:443"),
        ("[fd00::1]", "https://[fd00::1]:443"),
        ("kubernetes.default", "https://kubernetes.default:443"),
    ] {
        let pod = InCluster { host: host.into(), port: "443".into(), ..InCluster::default() };
        let profile = pod.profile(&Environment::default(), reads(), &Overrides::default());
        assert_eq!(profile.unwrap().cluster.server, server);
    }
    let odd = InCluster { host: "h".into(), port: "https".into(), ..InCluster::default() };
    let result = odd.profile(&Environment::default(), reads(), &Overrides::default());
    assert_eq!(kinds(&result), [ProblemKind::BadServer]);
}

/// O: the system's as in client-go with a notice, or an error.
#[test]
fn ic_5_a_broken_ca_means_the_systems_or_an_error_if_strict() {
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for ca in [missing(), Ok("".into()), Ok("no PEM".into()), Ok(garbage.into())] {
        let [token, _, namespace] = reads();
        let reads = [token, ca, namespace];
        let profile =
            InCluster::default().profile(&pod(), reads.clone(), &Overrides::default()).unwrap();
        assert_eq!(profile.cluster.roots, Roots::System);
        assert_eq!(rules(&profile), ["IC-5"]);
        assert!(profile.notices[0].text.contains("ca.crt"), "{:?}", profile.notices);
        let strict = Overrides { strict: true, ..Overrides::default() };
        let error = InCluster::default().profile(&pod(), reads, &strict).unwrap_err();
        assert!(error.to_string().contains("ca.crt"), "{error}");
    }
}

#[test]
fn ic_6_an_empty_token_file_is_for_later() {
    let [_, ca, namespace] = reads();
    let reads = [Ok("\n".into()), ca, namespace];
    let profile = InCluster::default().profile(&pod(), reads, &Overrides::default()).unwrap();
    assert!(matches!(
        profile.authentication.authorization,
        Authorization::TokenFile { fallback: None, .. }
    ));
}

#[test]
fn kc_80_overrides_for_server_token_and_ca() {
    let profile = with(Overrides { server: "https://x".into(), ..Overrides::default() }).unwrap();
    assert_eq!(profile.cluster.server, "https://x");
    let profile = with(Overrides { token: "mine".into(), ..Overrides::default() }).unwrap();
    assert_eq!(profile.authentication.authorization, Authorization::Token("mine".into()));
    let profile = with(Overrides { token_file: "/mine".into(), ..Overrides::default() }).unwrap();
    let authorization = Authorization::TokenFile { path: "/mine".into(), fallback: None };
    assert_eq!(profile.authentication.authorization, authorization);
    let overrides = Overrides { certificate_authority: "/ca".into(), ..Overrides::default() };
    assert_eq!(with(overrides).unwrap().cluster.roots, Roots::File("/ca".into()));
    // A plain server gets no token (KC-71).
    let profile = with(Overrides { server: "http://x".into(), ..Overrides::default() }).unwrap();
    assert_eq!(profile.authentication.authorization, Authorization::Anonymous);
    assert_eq!(rules(&profile), ["KC-71"]);
}

/// Quirk 22: what is asked for takes effect here too.
#[test]
fn kc_79_the_other_overrides_take_effect_as_well() {
    let profile = with(Overrides {
        impersonate_user: "someone".into(),
        timeout: Some(std::time::Duration::from_secs(3)),
        disable_compression: true,
        namespace: "mine".into(),
        ..Overrides::default()
    })
    .unwrap();
    assert_eq!(profile.authentication.impersonation.user, "someone");
    assert_eq!(profile.timeout, Some(std::time::Duration::from_secs(3)));
    assert!(profile.cluster.disable_compression);
    assert_eq!((profile.namespace.name.as_str(), profile.namespace.overridden), ("mine", true));
    assert!(matches!(profile.authentication.authorization, Authorization::TokenFile { .. }));
    let basic = Overrides { username: "me".into(), ..Overrides::default() };
    assert!(!kinds(&with(basic)).is_empty());
}

#[test]
fn ic_8_namespaces() {
    let namespace = |environment: Environment, read: Result<Secret, Failure>| {
        let [token, ca, _] = reads();
        let reads = [token, ca, read];
        let profile = InCluster::default().profile(&environment, reads, &Overrides::default());
        profile.unwrap().namespace.name
    };
    let with_variable = |value: &str| {
        let mut environment = pod();
        environment.variables.insert("POD_NAMESPACE".into(), value.into());
        environment
    };
    assert_eq!(namespace(pod(), Ok("\tshop \n".into())), "shop");
    assert_eq!(namespace(pod(), Ok(" \n".into())), "default");
    assert_eq!(namespace(pod(), missing()), "default");
    assert_eq!(namespace(with_variable(" v"), Ok("shop".into())), " v");
    assert_eq!(namespace(with_variable(""), Ok("shop".into())), "shop");
}

#[test]
fn the_places_can_be_others() {
    let pod = InCluster {
        host: "h".into(),
        port: "1".into(),
        token: "/t".into(),
        certificate_authority: "/c".into(),
        namespace: "/n".into(),
    };
    assert_eq!(pod.paths(), ["/t", "/c", "/n"]);
    let profile = pod.profile(&Environment::default(), reads(), &Overrides::default()).unwrap();
    assert_eq!(profile.cluster.roots, Roots::File("/c".into()));
    assert_eq!(profile.provenance[0].origin, Origin::Default);
}
