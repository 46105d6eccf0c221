//! How the client says who it is (OI-22), and what else goes with a request.

use super::{asked, changed, profile};
use kubecred_core::protocol::{FileBytes, HttpResponse, Method, SendRequest, Tls, TrustAnchors};
use kubecred_core::{Action, Authenticator, Input, Job, Now, Policy, Profile, Proxy, Roots};
use world::openid::{DISCOVERY, TOKEN_ENDPOINT};
use world::profiles::PROVIDER_ROOTS;
use world::{OpenId, START_WALL, Span, World, profiles};

const BASIC: &str = "client_secret_basic";
const POST: &str = "client_secret_post";

fn names(methods: &[&str]) -> Vec<String> {
    methods.iter().map(|method| (*method).to_owned()).collect()
}

fn takes(methods: &[&str]) -> OpenId {
    OpenId { takes: names(methods), ..OpenId::default() }
}

fn refresh_twice(profile: &Profile, provider: OpenId) -> World {
    let mut world = World::new(profile);
    world.openid(provider).request().is("200 as id-2");
    world.at(70.minutes()).request().is("200 as id-3");
    world
}

#[test]
fn oi_22_a_header_is_tried_first() {
    let world = refresh_twice(&profiles::oidc(), takes(&[BASIC, POST]));
    assert_eq!(world.styles(), [BASIC, BASIC]);
}

#[test]
fn oi_22_improved_basic_refused_but_post_accepted_is_remembered() {
    let world = refresh_twice(&profiles::oidc(), takes(&[POST]));
    assert_eq!(world.styles(), [BASIC, POST, POST]);
    assert_eq!(world.presented("refresh-1"), 1, "the first was not looked at");
}

#[test]
fn oi_22_improved_what_the_provider_says_of_itself_saves_a_try() {
    let provider = OpenId { says: Some(names(&[POST, "private_key_jwt"])), ..takes(&[POST]) };
    assert_eq!(refresh_twice(&profiles::oidc(), provider).styles(), [POST, POST]);
    // Both for some clients, one for this.
    let provider = OpenId { says: Some(names(&[POST, BASIC])), ..takes(&[POST]) };
    assert_eq!(refresh_twice(&profiles::oidc(), provider).styles(), [BASIC, POST, POST]);
}

#[test]
fn oi_22_a_public_client_has_no_secret() {
    for secret in [None, Some("".into())] {
        let public = profile(|oidc| oidc.client_secret = secret);
        let world = refresh_twice(&public, takes(&["none"]));
        assert_eq!(world.styles(), ["none", "none"]);
        let listed = OpenId { says: Some(names(&[BASIC])), ..takes(&["none"]) };
        assert_eq!(refresh_twice(&public, listed).styles(), ["none", "none"]);
    }
}

#[test]
fn oi_22_a_client_that_is_not_known_is_told_so_after_two_tries() {
    let mut world = World::new(&profile(|oidc| oidc.client_secret = Some("wrong".into())));
    world.openid(takes(&[BASIC, POST]));
    let answer = world.request();
    assert!(answer.as_str().ends_with("refresh: the provider refused: invalid_client"), "{answer}");
    assert_eq!((asked(&world), world.styles().len()), ((1, 2), 2));
    assert_eq!(world.presented("refresh-1"), 0);
}

/// The requests of one refresh, as a host sees them.
fn requests(profile: &Profile) -> Vec<SendRequest> {
    let mut machine = Authenticator::new(profile, Policy::default(), 0);
    let now = Now::from_millis(0, START_WALL);
    let mut requests = Vec::new();
    machine.handle_input(now, Input::Demand);
    while let Some(action) = machine.poll_action() {
        let answer = match action {
            Action::SendRequest(Job { id, request }) => {
                let body = format!("{{\"token_endpoint\":\"{TOKEN_ENDPOINT}\"}}");
                requests.push(request.clone());
                Job { id, request }.done(Ok(HttpResponse::new(200, body)))
            }
            Action::ReadFile(job) if job.request.path == PROVIDER_ROOTS => {
                job.done(Ok(FileBytes(world::certificates::roots("a").into())))
            }
            Action::ReadFile(job) => job.done(Ok(FileBytes("".into()))),
            _ => continue,
        };
        machine.handle_input(now, answer);
    }
    requests
}

#[test]
fn oi_2_requests_trust_the_given_roots_and_go_through_the_proxy_of_the_environment() {
    let file = TrustAnchors::Pem(world::certificates::roots("a").into());
    for (given, sent) in [
        (Roots::System, TrustAnchors::System),
        (Roots::Pem("pem".into()), TrustAnchors::Pem("pem".into())),
        (Roots::File(PROVIDER_ROOTS.into()), file),
    ] {
        let mut profile = profile(|oidc| oidc.roots = given);
        // Those of the cluster are for the cluster.
        profile.cluster.tls_server_name = Some("api".into());
        profile.cluster.insecure_skip_tls_verify = true;
        profile.cluster.proxy = Proxy::Url("http://proxy:3128".into());
        let requests = requests(&profile);
        let told: Vec<_> = requests.iter().map(|r| (r.method, r.url.as_str())).collect();
        assert_eq!(told, [(Method::Get, DISCOVERY), (Method::Post, TOKEN_ENDPOINT)]);
        for request in requests {
            assert_eq!(request.tls, Tls { roots: sent.clone(), ..Tls::default() });
            assert_eq!(request.proxy, Proxy::Environment);
            assert_eq!(request.limit, Policy::default().max_reply);
        }
    }
}

#[test]
fn oi_2_a_bad_certificate_authority_is_an_error_that_names_its_file() {
    let from_file = changed(profiles::oidc_from_file(), |oidc| oidc.id_token = None);
    let mut world = World::new(&from_file);
    world.request().is("error: cannot read certificate authority \"/pki/id-ca.crt\": no such");
    world.file(PROVIDER_ROOTS, world::Content::Text("none".into())).pass(2.s());
    world.request().is("error: certificate authority \"/pki/id-ca.crt\" contains no PEM block");
    world.file(PROVIDER_ROOTS, world::Content::Roots("a".into())).pass(3.s());
    world.request().is("200 as id-2");
}

#[test]
fn the_http_layer_sees_no_token_in_a_url() {
    for request in requests(&profiles::oidc()) {
        assert!(!request.url.contains(world::CANARY) && !request.url.contains('?'));
    }
}
