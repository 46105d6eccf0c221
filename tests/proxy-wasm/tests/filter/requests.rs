//! What becomes of requests.

use crate::with_both;
use kubecred_proxy_wasm_tests::{Engine, Issuer, Sent, Simulation, State, kubeconfig_of};
use serde_json::json;

fn answered(state: &State) -> (u16, &str) {
    let State::Answered(status, text) = state else { panic!("{state:?}") };
    (*status, text)
}

#[test]
fn a_static_token_is_there_from_the_first_request_on_and_nothing_is_called() {
    with_both(&kubeconfig_of(&json!({ "token": "t0ken" })), 1, |mut proxy| {
        let stream = proxy.request(0, &[("authorization", "Bearer own"), ("x", "y")]);
        assert_eq!(proxy.state(stream), State::Forwarded);
        assert_eq!(proxy.header(stream, "authorization"), ["Bearer t0ken"]);
        assert_eq!(proxy.header(stream, "x"), ["y"]);
        proxy.respond(stream, 401);
        proxy.advance(10_000);
        assert!(proxy.calls().is_empty());
        let again = proxy.request(0, &[]);
        assert_eq!(proxy.state(again), State::Forwarded);
        assert_eq!(proxy.stat("responses_unauthorized"), 1);
        assert!(!proxy.log().contains("t0ken"), "{}", proxy.log());
    });
}

/// The call that comes within this time.
fn next_call(proxy: &mut Simulation, within: u64) -> Sent {
    for _ in 0..within / 100 {
        if let Some(call) = proxy.calls().into_iter().next() {
            return call;
        }
        proxy.advance(100);
    }
    panic!("no call within {within} ms");
}

#[test]
fn tr_21_a_service_accounts_token_is_asked_for_with_the_users_and_only_that_is_sent() {
    let mut plugin = kubeconfig_of(&json!({ "token": "boot" }));
    plugin["serviceAccount"] = json!({ "namespace": "prod", "name": "deployer" });
    plugin["clusters"] = json!({ "api.example": "east" });
    let granted = |token: &str| {
        json!({
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "spec": { "expirationSeconds": 3600 }, "status": { "token": token },
        })
        .to_string()
    };
    with_both(&plugin, 2, |mut proxy| {
        let (first, other) = (proxy.request(0, &[]), proxy.request(1, &[]));
        assert_eq!((proxy.state(first), proxy.state(other)), (State::Held, State::Held));
        proxy.advance(20);
        let [call] = proxy.calls().try_into().expect("one call for all threads");
        let path = "/api/v1/namespaces/prod/serviceaccounts/deployer/token";
        assert_eq!((call.cluster.as_str(), call.header(":authority")), ("east", "api.example"));
        assert_eq!((call.header(":method"), call.header(":path")), ("POST", path));
        assert_eq!(call.header("authorization"), "Bearer boot");
        proxy.answer(&call, Some((201, &granted("minted-1"))));
        proxy.advance(20);
        for stream in [first, other] {
            assert_eq!(proxy.header(stream, "authorization"), ["Bearer minted-1"]);
        }
        // At 80 % of its life there is another, and requests never wait for it.
        proxy.advance(46 * 60_000);
        assert!(proxy.calls().is_empty());
        let call = next_call(&mut proxy, 2 * 60_000);
        let stream = proxy.request(0, &[]);
        assert_eq!(proxy.header(stream, "authorization"), ["Bearer minted-1"]);
        proxy.answer(&call, Some((201, &granted("minted-2"))));
        proxy.advance(20);
        let stream = proxy.request(1, &[]);
        assert_eq!(proxy.header(stream, "authorization"), ["Bearer minted-2"]);
        // The upstream refuses it: another is asked for; the server refuses the user: that is said.
        proxy.respond(stream, 401);
        let call = next_call(&mut proxy, 2_000);
        let refused = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 403,
            "reason": "Forbidden", "message": "user \"me\" cannot create serviceaccounts/token",
        });
        proxy.answer(&call, Some((403, &refused.to_string())));
        proxy.advance(20);
        assert!(proxy.log().contains("cannot create serviceaccounts/token"), "{}", proxy.log());
        assert!(!proxy.log().contains("minted-2") && !proxy.log().contains("boot"));
    });
}

/// A client must not be able to bring the filter down.
#[test]
fn headers_that_are_no_text_do_no_harm() {
    with_both(&kubeconfig_of(&json!({ "token": "t0ken" })), 1, |mut proxy| {
        let header = ("x".to_owned(), vec![0xff, 0xfe, 0]);
        let stream = proxy.request_bytes(0, vec![header]);
        assert_eq!(proxy.header(stream, "authorization"), ["Bearer t0ken"]);
    });
}

#[test]
fn clients_pass_for_nobody_unless_they_may() {
    let theirs = [("impersonate-user", "admin"), ("impersonate-extra-x", "1")];
    for (user, keep, kept) in [
        (json!({ "token": "t" }), json!(null), vec![]),
        (json!({ "token": "t" }), json!("keep"), vec!["admin"]),
        (json!({ "token": "t", "as": "jane" }), json!("remove"), vec!["jane"]),
        (json!({ "token": "t", "as": "jane" }), json!("keep"), vec!["jane"]),
    ] {
        let mut plugin = kubeconfig_of(&user);
        plugin["clientImpersonation"] = keep;
        with_both(&plugin, 1, |mut proxy| {
            let stream = proxy.request(0, &theirs);
            assert_eq!(proxy.header(stream, "impersonate-user"), kept, "{plugin}");
            let extra = proxy.header(stream, "impersonate-extra-x");
            assert_eq!(extra.is_empty(), kept != ["admin"], "{plugin}");
        });
    }
}

#[test]
fn requests_wait_for_the_first_credential_and_then_go_on_in_their_order() {
    with_both(&Issuer::plugin(), 1, |mut proxy| {
        assert!(proxy.is_idle(), "nothing runs before somebody asks");
        let mut issuer = Issuer::new(3600);
        let streams: Vec<u32> = (0..5).map(|_| proxy.request(0, &[])).collect();
        assert!(streams.iter().all(|stream| proxy.state(*stream) == State::Held));
        proxy.hang_up(streams[2]);
        let at = proxy.now();
        proxy.serve(&mut issuer);
        assert_eq!(issuer.issued, 1);
        for stream in [streams[0], streams[1], streams[3], streams[4]] {
            assert_eq!(proxy.state(stream), State::Forwarded);
            let sent = &proxy.header(stream, "authorization")[0];
            assert!((at..=proxy.now()).any(|at| issuer.header(at) == *sent), "{sent}");
        }
        assert_eq!((proxy.stat("requests_held"), proxy.stat("requests_forwarded")), (5, 4));
    });
}

#[test]
fn waiting_has_limits_in_number_and_in_time() {
    let mut plugin = Issuer::plugin();
    plugin["hold"] = json!({ "requests": 2, "milliseconds": 700 });
    with_both(&plugin, 1, |mut proxy| {
        let (first, second) = (proxy.request(0, &[]), proxy.request(0, &[]));
        let third = proxy.request(0, &[]);
        let expected = "kubecred: 2 requests, which is the limit, wait for a credential\n";
        assert_eq!(answered(&proxy.state(third)), (503, expected));
        proxy.advance(699);
        assert_eq!(proxy.state(first), State::Held);
        proxy.advance(2);
        let expected = "kubecred: there was no credential within 700 ms\n";
        assert_eq!(answered(&proxy.state(first)), (503, expected));
        assert_eq!(answered(&proxy.state(second)), (503, expected));
        assert_eq!(proxy.stat("requests_refused_full"), 1);
        assert_eq!(proxy.stat("requests_refused_late"), 2);
        // The call is still on its way; who comes now waits for it, and there is no second one.
        let fourth = proxy.request(0, &[]);
        proxy.serve(&mut Issuer::new(3600));
        assert_eq!(proxy.state(fourth), State::Forwarded);
    });
}

#[test]
fn a_failure_is_told_at_once_and_tried_again_after_a_pause() {
    with_both(&Issuer::plugin(), 1, |mut proxy| {
        let stream = proxy.request(0, &[]);
        proxy.advance(1);
        let call = proxy.calls().remove(0);
        proxy.answer(&call, None);
        let expected = "kubecred: no credential is to be had; the proxy's log says why\n";
        assert_eq!(answered(&proxy.state(stream)), (503, expected));
        let during = proxy.request(0, &[]);
        assert_eq!(answered(&proxy.state(during)), (503, expected));
        assert!(proxy.log().contains("the proxy got no answer"), "{}", proxy.log());
        proxy.advance(1300);
        let after = proxy.request(0, &[]);
        assert_eq!(proxy.state(after), State::Held);
        proxy.serve(&mut Issuer::new(3600));
        assert_eq!(proxy.state(after), State::Forwarded);
        assert_eq!((proxy.stat("calls_sent"), proxy.stat("calls_failed")), (3, 1));
    });
}

#[test]
fn an_hour_of_requests_waits_once() {
    with_both(&Issuer::plugin(), 1, |mut proxy| {
        let mut issuer = Issuer::new(900);
        let first = proxy.request(0, &[]);
        proxy.serve(&mut issuer);
        assert_eq!(proxy.state(first), State::Forwarded);
        for _ in 0..60 {
            proxy.advance(60_000 - 50);
            proxy.serve(&mut issuer);
            let stream = proxy.request(0, &[]);
            assert_eq!(proxy.state(stream), State::Forwarded);
            proxy.respond(stream, 200);
        }
        // At four fifths of a life each, give or take the jitter.
        assert!((5..=6).contains(&issuer.issued), "{}", issuer.issued);
        assert_eq!((issuer.refused, proxy.stat("requests_held")), (0, 1));
    });
}

#[test]
fn nothing_is_refreshed_while_nobody_asks() {
    with_both(&Issuer::plugin(), 1, |mut proxy| {
        let mut issuer = Issuer::new(900);
        proxy.request(0, &[]);
        proxy.serve(&mut issuer);
        for _ in 0..40 {
            proxy.advance(60_000);
            proxy.serve(&mut issuer);
        }
        // The one request counts as a use of the first.
        assert!(issuer.issued <= 2, "{}", issuer.issued);
        let stream = proxy.request(0, &[]);
        assert_eq!(proxy.state(stream), State::Held);
        proxy.serve(&mut issuer);
        assert_eq!(proxy.state(stream), State::Forwarded);
    });
}

#[test]
fn a_401_brings_another_token_and_holds_who_comes_in_between() {
    with_both(&Issuer::plugin(), 1, |mut proxy| {
        let mut issuer = Issuer::new(3600);
        let streams: Vec<u32> = (0..10).map(|_| proxy.request(0, &[])).collect();
        proxy.serve(&mut issuer);
        proxy.advance(5_000);
        for stream in streams {
            proxy.respond(stream, 401);
        }
        let next = proxy.request(0, &[]);
        assert_eq!(proxy.state(next), State::Held);
        proxy.serve(&mut issuer);
        assert_eq!(proxy.state(next), State::Forwarded);
        assert_eq!(issuer.issued, 2, "ten 401s are one reason");
        assert_eq!((proxy.stat("responses_unauthorized"), proxy.stat("rejected")), (10, 1));
    });
}

/// Threads that were there before, and a clock that somebody sets.
#[test]
fn a_clock_that_is_set_back_does_not_stop_anything() {
    with_both(&Issuer::plugin(), 2, |mut proxy| {
        let mut issuer = Issuer::new(900);
        proxy.request(0, &[]);
        proxy.serve(&mut issuer);
        proxy.set_clock(-3_600_000);
        for _ in 0..60 {
            proxy.advance(30_000);
            proxy.serve(&mut issuer);
            for thread in 0..2 {
                let stream = proxy.request(thread, &[]);
                proxy.serve(&mut issuer);
                assert_eq!(proxy.state(stream), State::Forwarded, "{}", proxy.log());
            }
        }
        assert_eq!(issuer.refused, 0);
    });
}

#[test]
fn a_bad_configuration_is_refused_by_both_in_the_same_words() {
    let exec = json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "aws",
        "interactiveMode": "Never",
    } });
    let refusal = |engine| Simulation::new(engine, &kubeconfig_of(&exec), 1).expect_err("refused");
    let line = refusal(Engine::Wasm);
    assert!(
        line.starts_with("kubecred: user \"me\": exec: a filter starts no processes"),
        "{line}"
    );
    assert_eq!(line, refusal(Engine::Native));
}
