//! Many threads, one leader.

use crate::with_both;
use kubecred_proxy_wasm_tests::{Issuer, State};

#[test]
fn sixteen_threads_make_one_token_request() {
    with_both(&Issuer::plugin(), 16, |mut proxy| {
        let mut issuer = Issuer::new(900);
        let streams: Vec<u32> = (0..16).map(|thread| proxy.request(thread, &[])).collect();
        proxy.serve(&mut issuer);
        proxy.advance(20);
        assert!(streams.iter().all(|stream| proxy.state(*stream) == State::Forwarded));
        for round in 0..240 {
            proxy.advance(15_000);
            proxy.serve(&mut issuer);
            let stream = proxy.request(round % 16, &[]);
            assert_eq!(proxy.state(stream), State::Forwarded);
            proxy.respond(stream, 200);
        }
        assert_eq!((issuer.refused, proxy.stat("leads")), (0, 1));
        assert!((5..=6).contains(&issuer.issued), "{} in an hour", issuer.issued);
        assert_eq!(proxy.stat("refreshes_succeeded"), issuer.issued);
    });
}

#[test]
fn a_401_that_a_follower_sees_reaches_the_leader() {
    with_both(&Issuer::plugin(), 3, |mut proxy| {
        let mut issuer = Issuer::new(3600);
        proxy.request(0, &[]);
        proxy.serve(&mut issuer);
        proxy.advance(5_000);
        let stream = proxy.request(2, &[]);
        proxy.respond(stream, 401);
        let waits = proxy.request(1, &[]);
        assert_eq!(proxy.state(waits), State::Held);
        proxy.serve(&mut issuer);
        proxy.advance(20);
        assert_eq!(proxy.state(waits), State::Forwarded);
        assert_eq!((issuer.issued, proxy.stat("rejected")), (2, 1));
    });
}

/// The refresh token that the kubeconfig had is of no use any more; the one that came for it is not
/// lost with the thread.
#[test]
fn when_the_leader_dies_another_goes_on_with_its_tokens() {
    with_both(&Issuer::plugin(), 3, |mut proxy| {
        let mut issuer = Issuer::new(900);
        let first = proxy.request(0, &[]);
        proxy.serve(&mut issuer);
        assert_eq!(proxy.state(first), State::Forwarded);
        proxy.kill(0);
        // What is in the leader's state is good until its end, whoever has put it there.
        proxy.advance(1_000);
        let stream = proxy.request(1, &[]);
        assert_eq!(proxy.state(stream), State::Forwarded);
        proxy.advance(5_000);
        let stream = proxy.request(2, &[]);
        proxy.serve(&mut issuer);
        assert_eq!(proxy.state(stream), State::Forwarded);
        assert_eq!((proxy.stat("leads"), issuer.issued), (2, 1), "the id-token was still good");
        for _ in 0..120 {
            proxy.advance(15_000);
            proxy.serve(&mut issuer);
            let stream = proxy.request(1, &[]);
            assert_eq!(proxy.state(stream), State::Forwarded, "{}", proxy.log());
        }
        assert!(issuer.issued >= 3);
        assert_eq!(issuer.refused, 0);
    });
}

#[test]
fn a_leader_that_waits_for_an_answer_is_not_taken_down_before_it_has_it() {
    with_both(&Issuer::plugin(), 2, |mut proxy| {
        let mut issuer = Issuer::new(900);
        proxy.request(0, &[]);
        proxy.advance(1);
        assert!(!proxy.take_down(0), "a call is out");
        proxy.serve(&mut issuer);
        assert!(proxy.has_finished(0));
        proxy.kill(0);
        let stream = proxy.request(1, &[]);
        proxy.serve(&mut issuer);
        assert_eq!(proxy.state(stream), State::Forwarded, "{}", proxy.log());
        assert_eq!((issuer.issued, issuer.refused, proxy.stat("leads")), (1, 0, 2));
        assert!(proxy.take_down(1), "nothing is in flight");
    });
}

#[test]
fn a_message_to_a_dead_leader_is_not_the_last_word() {
    with_both(&Issuer::plugin(), 2, |mut proxy| {
        let mut issuer = Issuer::new(3600);
        proxy.request(0, &[]);
        proxy.kill(0);
        let stream = proxy.request(1, &[]);
        assert_eq!(proxy.state(stream), State::Held);
        proxy.advance(3_100);
        proxy.serve(&mut issuer);
        assert_eq!(proxy.state(stream), State::Forwarded, "{}", proxy.log());
    });
}
