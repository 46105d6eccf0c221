//! A pod's account: what the kubelet replaces is picked up.

use kubecred_core::{Environment, InCluster, Overrides, Profile, Secret};
use world::{Content, Faults, Span, World, certificates, secret};

const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

/// As a pod finds it at its start.
fn profile() -> Profile {
    found(&secret("first"))
}

/// The same with this in its token file.
fn found(token: &str) -> Profile {
    let variables = [("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("KUBERNETES_SERVICE_PORT", "443")];
    let reads = [
        Ok(Secret::from(token)),
        Ok(Secret::from(certificates::roots("a"))),
        Ok(Secret::from("shop")),
    ];
    let pod = InCluster::default();
    assert_eq!(pod.paths().map(str::to_owned), ["token", "ca.crt", "namespace"].map(path));
    pod.profile(&Environment::new(variables), reads, &Overrides::default()).expect("a pod")
}

fn world() -> World {
    let mut world = World::new(&profile());
    world.token(&path("token"), "first").file(&path("ca.crt"), Content::Roots("a".into()));
    world
}

#[test]
fn ic_6_the_token_file_is_what_counts() {
    let mut world = world();
    world.token(&path("token"), "newer").request().is("200 as newer");
    let served = world.credential().expect("served");
    assert_eq!(served.roots.as_deref(), Some(certificates::roots("a").as_bytes()));
}

#[test]
fn tk_4_a_token_that_the_kubelet_replaces_is_picked_up_within_a_minute() {
    let mut world = world();
    world.request().is("200 as first");
    // The kubelet writes a new one at 80 % of an hour; the server takes the old one to its end.
    world.at(48.minutes()).token(&path("token"), "second");
    world.at(49.minutes() + 1.s()).request().is("200 as second");
    world.at(60.minutes()).revoke("first").request().is("200 as second");
}

#[test]
fn tk_4_a_busy_pod_never_waits_for_its_token() {
    let mut world = world();
    world.request().is("200 as first");
    for number in 0..2_000 {
        world.pass(7.s());
        if number % 300 == 0 {
            world.token(&path("token"), &format!("token-{number}"));
        }
        let before = world.elapsed();
        assert!(world.request().as_str().starts_with("200"));
        assert_eq!(world.elapsed(), before);
    }
}

#[test]
fn ic_5_ht_30_the_ca_file_is_followed_too() {
    let mut world = world();
    world.request().is("200 as first");
    world.file(&path("ca.crt"), Content::Roots("b".into()));
    world.pass(6.minutes()).request().is("200 as first");
    let served = world.credential().expect("served");
    assert_eq!(served.roots.as_deref(), Some(certificates::roots("b").as_bytes()));
    assert!(world.pushed().expect("pushed").reconnect);
}

#[test]
fn tk_6_a_pod_whose_token_cannot_be_read_again_lives_on_the_first_one() {
    let mut world = world();
    world.remove(&path("token")).request().is("200 as first");
}

/// I: client-go keeps the line break of the first read, and sends a header that no server takes.
#[test]
fn ua_9_the_token_of_the_first_read_is_trimmed_too() {
    let token = format!(" {}\r\n", secret("first"));
    let mut world = World::new(&found(&token));
    world.file(&path("ca.crt"), Content::Roots("a".into()));
    world.request().is("200 as first");
    world.token(&path("token"), "second").pass(2.minutes()).request();
    world.pass(1.s()).request().is("200 as second");
}

#[test]
fn a_day_of_a_pod_on_a_bad_disk() {
    let mut world = world();
    world.request().is("200 as first");
    world.faults(Faults { fail_one_in: 3, drop_one_in: 50, ..Faults::default() });
    for number in 1..24 * 60 {
        if number % 48 == 0 {
            world.token(&path("token"), &format!("token-{number}"));
        }
        world.pass(1.minutes());
        assert!(world.request().as_str().starts_with("200"), "minute {number}");
    }
    assert!(world.stats().failed > 100, "{:?}", world.stats());
}
