//! The rules one by one. The laws over random scripts are in `world::reviewer`.

use super::*;
use crate::protocol::{Failure, FailureKind, Job};
use crate::{Now, Secret};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use core::time::Duration;

type Sent = Job<crate::api::call::ApiRequest, ReviewWire>;

const START: i64 = 1_700_000_000_000;

fn at(millis: u64) -> Now {
    Now::from_millis(millis, START + i64::try_from(millis).unwrap())
}

fn reviewer(change: impl FnOnce(&mut Settings)) -> Reviewer {
    let mut settings = Settings::for_audiences(["web"]);
    change(&mut settings);
    Reviewer::new(settings, [1; 32], 7)
}

/// What it wants: reviews to send, decisions, and the time to wake it.
#[derive(Default)]
struct Wanted {
    sent: Vec<Sent>,
    decided: Vec<Decided>,
    cancelled: usize,
    wake_at: Option<u64>,
}

fn poll(reviewer: &mut Reviewer) -> Wanted {
    let mut wanted = Wanted::default();
    while let Some(action) = reviewer.poll_action() {
        match action {
            Action::SendReview(job) => wanted.sent.push(job),
            Action::Decided(decided) => wanted.decided.push(decided),
            Action::Cancel(_) => wanted.cancelled += 1,
            Action::WakeAt(time) => wanted.wake_at = Some(time.as_millis()),
        }
    }
    wanted
}

fn ask(reviewer: &mut Reviewer, now: Now, token: &str) -> Wanted {
    reviewer.handle_input(now, Input::Review(token.into()));
    poll(reviewer)
}

fn answer(reviewer: &mut Reviewer, now: Now, job: Sent, status: u16, body: &str) -> Wanted {
    let reply = ReviewReply { status, retry_after: None, body: body.into() };
    reviewer.handle_input(now, job.done(Ok(reply)));
    poll(reviewer)
}

fn review(status: &str) -> String {
    format!(r#"{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":{status}}}"#)
}

fn good() -> String {
    review(r#"{"authenticated":true,"user":{"username":"ann"},"audiences":["web"]}"#)
}

fn bad() -> String {
    review(r#"{"error":"invalid bearer token"}"#)
}

/// One review from its beginning to its end.
fn decide(reviewer: &mut Reviewer, now: Now, token: &str, status: u16, body: &str) -> Decision {
    let job = ask(reviewer, now, token).sent.pop().expect("a review");
    let mut decided = answer(reviewer, now, job, status, body).decided;
    assert_eq!(decided.len(), 1);
    decided.remove(0).decision
}

fn known(reviewer: &Reviewer, now: Now, token: &str) -> Option<Decision> {
    match reviewer.lookup(now, &reviewer.key(token.as_bytes())) {
        Lookup::Known { decision, .. } => Some(decision),
        Lookup::Unknown => None,
    }
}

fn is_accepted(decision: Option<Decision>) -> bool {
    matches!(decision, Some(Decision::Accepted(_)))
}

#[test]
fn rv_6_a_review_is_posted_with_token_and_audiences_and_has_ten_seconds() {
    let mut reviewer = reviewer(|_| {});
    let wanted = ask(&mut reviewer, at(0), "t");
    let job = &wanted.sent[0];
    assert_eq!(job.request.path, "/apis/authentication.k8s.io/v1/tokenreviews");
    let spec = r#""spec":{"token":"t","audiences":["web"]}"#;
    assert!(job.request.body.expose_str().unwrap().contains(spec));
    assert_eq!(wanted.wake_at, Some(10_000));
    reviewer.handle_input(at(9_999), Input::Tick);
    assert!(poll(&mut reviewer).decided.is_empty());
    reviewer.handle_input(at(10_000), Input::Tick);
    let wanted = poll(&mut reviewer);
    assert_eq!(wanted.cancelled, 1);
    assert!(matches!(wanted.decided[0].decision, Decision::Unavailable { .. }));
}

#[test]
fn rv_7_what_may_pass_is_tried_five_times_with_growing_pauses() {
    for status in [429, 500, 504] {
        let mut reviewer = reviewer(|settings| settings.timeout = Duration::from_secs(60));
        let (mut now, mut pauses) = (0, Vec::new());
        let mut wanted = ask(&mut reviewer, at(now), "t");
        for _ in 1..5 {
            let job = wanted.sent.pop().expect("an attempt");
            let wake = answer(&mut reviewer, at(now), job, status, "").wake_at.expect("a pause");
            pauses.push(wake - now);
            now = wake;
            reviewer.handle_input(at(now), Input::Tick);
            wanted = poll(&mut reviewer);
        }
        let job = wanted.sent.pop().expect("the fifth attempt");
        let wanted = answer(&mut reviewer, at(now), job, status, "");
        assert!(matches!(wanted.decided[0].decision, Decision::Unavailable { .. }));
        for (pause, usual) in pauses.iter().zip([500, 750, 1125, 1687]) {
            let within = usual * 8 / 10 - 1..=usual * 12 / 10 + 1;
            assert!(within.contains(pause), "{pauses:?}");
        }
        assert_eq!(reviewer.stats().attempts, 5);
    }
}

#[test]
fn rv_7_retry_after_is_kept_to_and_a_broken_connection_is_tried_again() {
    let mut reviewer = reviewer(|_| {});
    let job = ask(&mut reviewer, at(0), "t").sent.pop().unwrap();
    let reply = ReviewReply { status: 503, retry_after: Some("3".into()), body: "".into() };
    reviewer.handle_input(at(0), job.done(Ok(reply)));
    assert_eq!(poll(&mut reviewer).wake_at, Some(3000));
    reviewer.handle_input(at(3000), Input::Tick);
    let job = poll(&mut reviewer).sent.pop().expect("another attempt");
    reviewer.handle_input(at(3000), job.done(Err(Failure::new(FailureKind::Network, "reset"))));
    assert!(poll(&mut reviewer).decided.is_empty());
}

#[test]
fn rv_7_rv_9_everything_else_fails_at_once_and_is_no_refusal() {
    for (status, body) in [(403, ""), (404, ""), (401, ""), (503, ""), (200, "{}"), (201, "<html>")]
    {
        let mut reviewer = reviewer(|_| {});
        let decision = decide(&mut reviewer, at(0), "t", status, body);
        let Decision::Unavailable { reason, .. } = decision else {
            panic!("{status}: {decision:?}")
        };
        assert_eq!(reason.contains("system:auth-delegator"), status == 403, "{reason}");
        assert_eq!(known(&reviewer, at(0), "t"), None, "errors are not kept");
    }
    let mut reviewer = reviewer(|_| {});
    let job = ask(&mut reviewer, at(0), "t").sent.pop().unwrap();
    reviewer.handle_input(at(0), job.done(Err(Failure::new(FailureKind::Unsupported, "no"))));
    assert!(matches!(poll(&mut reviewer).decided[0].decision, Decision::Unavailable { .. }));
}

#[test]
fn rv_8_as_many_reviews_as_there_are_tokens_are_sent_at_once_up_to_the_bound() {
    let mut reviewer = reviewer(|settings| settings.max_in_flight = 3);
    for token in ["a", "b", "c"] {
        assert_eq!(ask(&mut reviewer, at(0), token).sent.len(), 1);
    }
    let wanted = ask(&mut reviewer, at(0), "d");
    assert!(wanted.sent.is_empty());
    assert!(matches!(wanted.decided[0].decision, Decision::Unavailable { .. }));
    // Those that are in flight may still be joined.
    let wanted = ask(&mut reviewer, at(0), "a");
    assert!(wanted.sent.is_empty() && wanted.decided.is_empty());
}

#[test]
fn rv_15_keys_differ_by_token_audiences_and_process_and_show_no_token() {
    let key = |audiences: &[&str], token: &str, process: u8| {
        let settings = Settings::for_audiences(audiences.iter().copied());
        Reviewer::new(settings, [process; 32], 0).key(token.as_bytes())
    };
    let keys = [
        key(&["a"], "t", 1),
        key(&["a"], "u", 1),
        key(&["a"], "t", 2),
        key(&["a", "b"], "t", 1),
        key(&["ab"], "t", 1),
        key(&[], "t", 1),
        key(&["a", ""], "t", 1),
    ];
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    assert_eq!(key(&["a"], "t", 1), keys[0]);
    let mut reviewer = reviewer(|_| {});
    decide(&mut reviewer, at(0), "s3cret-token", 201, &good());
    assert!(
        !format!("{reviewer:?} {:?}", reviewer.lookup(at(0), &reviewer.key(b"s3cret-token")))
            .contains("s3cret")
    );
}

/// I: delegated authentication keeps both for 10 s, in a cache without bound.
#[test]
fn rv_16_accepted_and_refused_are_kept_apart_for_their_times() {
    let mut reviewer = reviewer(|settings| {
        (settings.max_accepted, settings.max_refused) = (2, 3);
    });
    decide(&mut reviewer, at(0), "good", 201, &good());
    for token in 0..100 {
        decide(&mut reviewer, at(0), &format!("unknown-{token}"), 201, &bad());
    }
    assert!(is_accepted(known(&reviewer, at(9_999), "good")), "a flood evicts no good one");
    assert_eq!(known(&reviewer, at(10_000), "good"), None);
    let stats = reviewer.stats();
    assert_eq!((stats.accepted_held, stats.refused_held), (1, 3));
    assert!(known(&reviewer, at(1_999), "unknown-99").is_some());
    assert_eq!(known(&reviewer, at(2_000), "unknown-99"), None);
    reviewer.handle_input(at(10_000), Input::Tick);
    assert_eq!(known(&reviewer, at(10_000), "good"), None, "it is remembered, but does not hold");
    reviewer.handle_input(at(310_000), Input::Tick);
    assert_eq!(reviewer.stats().accepted_held, 0, "what is over is forgotten");
}

#[test]
fn rv_17_one_review_of_a_token_is_in_flight() {
    let mut reviewer = reviewer(|_| {});
    let job = ask(&mut reviewer, at(0), "t").sent.pop().unwrap();
    for _ in 0..10 {
        let wanted = ask(&mut reviewer, at(5), "t");
        assert!(wanted.sent.is_empty() && wanted.decided.is_empty());
    }
    assert_eq!(answer(&mut reviewer, at(9), job, 201, &good()).decided.len(), 1);
    // One that asks late is answered from what has come meanwhile.
    let wanted = ask(&mut reviewer, at(9), "t");
    assert!(wanted.sent.is_empty());
    assert!(matches!(wanted.decided[0].decision, Decision::Accepted(_)));
}

fn jwt(exp: &str) -> String {
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.x", part("{}"), part(&format!(r#"{{"exp":{exp}}}"#)))
}

#[test]
fn a_verdict_never_outlives_the_token() {
    let mut reviewer = reviewer(|settings| settings.stale_for = Duration::from_secs(60));
    let token = jwt("1700000005");
    decide(&mut reviewer, at(0), &token, 201, &good());
    assert!(is_accepted(known(&reviewer, at(4_999), &token)));
    assert_eq!(known(&reviewer, at(5_000), &token), None);
    // Whose clock was set back: the monotonic one still counts.
    let back = Now::from_millis(10_000, START);
    assert_eq!(known(&reviewer, back, &token), None);
    // An answer that comes after the end, too.
    let late = jwt("1700000007");
    let job = ask(&mut reviewer, at(6_000), &late).sent.pop().expect("a review");
    let decided = answer(&mut reviewer, at(7_000), job, 201, &good()).decided;
    assert!(matches!(decided[0].decision, Decision::Refused { .. }));
    // An expired one is refused without asking; a claim that is no number is none.
    let wanted = ask(&mut reviewer, at(6_000), &token);
    assert!(wanted.sent.is_empty());
    assert!(matches!(wanted.decided[0].decision, Decision::Refused { .. }));
    for exp in ["\"soon\"", "1e400", "null", "-1e300"] {
        let sent = ask(&mut reviewer, at(0), &jwt(exp)).sent.len();
        assert!(sent <= 1, "{exp}");
    }
}

#[test]
fn tokens_that_are_none_are_refused_without_asking() {
    let mut reviewer = reviewer(|_| {});
    let long = "x".repeat((16 << 10) + 1);
    for token in [Secret::default(), long.into(), Secret::new([0xff, 0xfe])] {
        reviewer.handle_input(at(0), Input::Review(token));
        let wanted = poll(&mut reviewer);
        assert!(wanted.sent.is_empty());
        assert!(matches!(wanted.decided[0].decision, Decision::Refused { .. }));
    }
}

#[test]
fn a_token_in_use_is_reviewed_again_before_it_ends() {
    let mut reviewer = reviewer(|_| {});
    decide(&mut reviewer, at(0), "t", 201, &good());
    let key = reviewer.key(b"t");
    let wants = |reviewer: &Reviewer, now| match reviewer.lookup(at(now), &key) {
        Lookup::Known { review, .. } => review,
        Lookup::Unknown => panic!("it is known"),
    };
    assert!(!wants(&reviewer, 7_999));
    assert!(wants(&reviewer, 8_000));
    let job = ask(&mut reviewer, at(8_000), "t").sent.pop().expect("it is asked beside");
    assert!(!wants(&reviewer, 8_001), "it is being asked already");
    answer(&mut reviewer, at(8_500), job, 201, &good());
    assert!(is_accepted(known(&reviewer, at(18_499), "t")));
    // When the verdict turns, it turns at once.
    let job = ask(&mut reviewer, at(17_000), "t").sent.pop().unwrap();
    answer(&mut reviewer, at(17_001), job, 201, &bad());
    assert!(matches!(known(&reviewer, at(17_001), "t"), Some(Decision::Refused { .. })));
}

#[test]
fn while_the_server_is_away_accepted_tokens_go_on_for_a_bounded_time() {
    for (stale, last) in [(0, 9_999), (5_000, 14_999)] {
        let mut reviewer = reviewer(|settings| settings.stale_for = Duration::from_millis(stale));
        decide(&mut reviewer, at(0), "t", 201, &good());
        assert_eq!(known(&reviewer, at(10_000), "t"), None, "no failure has been seen");
        let job = ask(&mut reviewer, at(9_000), "t").sent.pop().unwrap();
        answer(&mut reviewer, at(9_001), job, 503, "");
        assert!(is_accepted(known(&reviewer, at(last), "t")));
        assert_eq!(known(&reviewer, at(last + 1), "t"), None);
    }
}

/// One that asks after the end of a verdict is not kept waiting for five attempts.
#[test]
fn a_stale_verdict_answers_after_the_first_attempt_that_failed() {
    let mut reviewer = reviewer(|settings| settings.stale_for = Duration::from_secs(60));
    decide(&mut reviewer, at(0), "t", 201, &good());
    let job = ask(&mut reviewer, at(11_000), "t").sent.pop().unwrap();
    let wanted = answer(&mut reviewer, at(11_001), job, 500, "");
    assert!(is_accepted(wanted.decided.first().map(|decided| decided.decision.clone())));
    // The review goes on, and what it says counts.
    reviewer.handle_input(at(13_000), Input::Tick);
    let job = poll(&mut reviewer).sent.pop().expect("another attempt");
    answer(&mut reviewer, at(13_000), job, 201, &bad());
    assert!(matches!(known(&reviewer, at(13_000), "t"), Some(Decision::Refused { .. })));
}

#[test]
fn while_the_server_is_away_a_hot_token_is_not_asked_about_with_each_request() {
    let mut reviewer = reviewer(|_| {});
    decide(&mut reviewer, at(0), "t", 201, &good());
    let mut sent = 0;
    for millis in (8_000..10_000).step_by(10) {
        let key = reviewer.key(b"t");
        if let Lookup::Known { review: true, .. } = reviewer.lookup(at(millis), &key) {
            let job = ask(&mut reviewer, at(millis), "t").sent.pop().expect("a review");
            answer(&mut reviewer, at(millis), job, 403, "");
            sent += 1;
        }
    }
    assert_eq!(sent, 2);
}

#[test]
fn a_flood_of_unknown_tokens_does_not_keep_a_good_one_from_being_reviewed_again() {
    let mut reviewer = reviewer(|settings| settings.max_in_flight = 5);
    decide(&mut reviewer, at(0), "good", 201, &good());
    for flood in 0..20 {
        ask(&mut reviewer, at(9_000), &format!("unknown-{flood}"));
    }
    assert_eq!(reviewer.stats().in_flight, 5);
    // Ahead of its end, and minutes after it.
    assert_eq!(ask(&mut reviewer, at(9_000), "good").sent.len(), 1);
    reviewer.handle_input(at(200_000), Input::Tick);
    poll(&mut reviewer);
    for flood in 0..20 {
        ask(&mut reviewer, at(200_000), &format!("unknown-{flood}"));
    }
    assert_eq!(ask(&mut reviewer, at(200_000), "good").sent.len(), 1);
}

#[test]
fn a_clock_that_is_set_back_makes_no_verdict_longer() {
    let mut reviewer = reviewer(|_| {});
    let late = Now::from_millis(100_000, START);
    decide(&mut reviewer, late, "t", 201, &good());
    assert!(is_accepted(known(&reviewer, late, "t")));
    assert_eq!(known(&reviewer, Now::from_millis(50_000, START), "t"), None);
}

#[test]
fn rv_4_the_group_of_all_who_are_authenticated_is_added_unless_it_is_there() {
    for (user, groups) in [
        (r#"{"username":"ann"}"#, &["system:authenticated"][..]),
        (
            r#"{"username":"ann","groups":["a","system:authenticated"]}"#,
            &["a", "system:authenticated"],
        ),
        (r#"{"username":"ann","groups":["system:unauthenticated"]}"#, &["system:unauthenticated"]),
        (r#"{"username":"system:anonymous","groups":["a"]}"#, &["a"]),
    ] {
        let mut reviewer = reviewer(|_| {});
        let body = format!(r#"{{"authenticated":true,"user":{user},"audiences":["web"]}}"#);
        let decision = decide(&mut reviewer, at(0), "t", 201, &review(&body));
        let Decision::Accepted(identity) = decision else { panic!("{decision:?}") };
        assert_eq!(identity.user.groups, groups);
    }
}

/// I: an empty list of audiences checks none.
#[test]
fn an_empty_list_of_audiences_refuses_every_token() {
    let mut reviewer = reviewer(|settings| settings.audiences = Audiences::OneOf(Vec::new()));
    let wanted = ask(&mut reviewer, at(0), "t");
    assert!(wanted.sent.is_empty());
    assert!(matches!(wanted.decided[0].decision, Decision::Refused { .. }));
}

#[test]
fn a_user_without_a_name_is_refused() {
    let mut reviewer = reviewer(|_| {});
    let nameless = review(r#"{"authenticated":true,"audiences":["web"]}"#);
    let decision = decide(&mut reviewer, at(0), "t", 201, &nameless);
    assert!(matches!(decision, Decision::Refused { .. }), "{decision:?}");
}

#[test]
fn a_reason_repeats_no_token_and_is_short() {
    let token = "s3cret-token-that-is-sent-back";
    let mut reviewer = reviewer(|_| {});
    let error = format!("{} no such token {token}", "x".repeat(300));
    let decision =
        decide(&mut reviewer, at(0), token, 201, &review(&format!(r#"{{"error":"{error}"}}"#)));
    let Decision::Refused { reason } = &decision else { panic!("{decision:?}") };
    assert!(reason.contains("no such token …"), "{reason}");
    let message = format!(
        r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":"{token} {}"}}"#,
        "y".repeat(10_000)
    );
    let decision = decide(&mut reviewer, at(3_000), token, 403, &message);
    let Decision::Unavailable { reason, .. } = &decision else { panic!("{decision:?}") };
    assert!(!reason.contains("s3cret") && reason.chars().count() <= 512, "{reason}");
}

#[test]
fn callers_are_told_to_wait_a_minute_at_most() {
    let mut reviewer = reviewer(|_| {});
    let job = ask(&mut reviewer, at(0), "t").sent.pop().unwrap();
    let reply = ReviewReply { status: 503, retry_after: Some("86400".into()), body: "".into() };
    reviewer.handle_input(at(0), job.done(Ok(reply)));
    let decided = poll(&mut reviewer).decided;
    let Decision::Unavailable { retry_after, .. } = decided[0].decision else { panic!() };
    assert_eq!(retry_after, Duration::from_secs(60));
}

#[test]
fn after_the_end_nothing_is_held_or_done() {
    let mut reviewer = reviewer(|_| {});
    decide(&mut reviewer, at(0), "t", 201, &good());
    let job = ask(&mut reviewer, at(0), "u").sent.pop().unwrap();
    reviewer.handle_input(at(1), Input::Close);
    assert_eq!(poll(&mut reviewer).cancelled, 1);
    assert_eq!(known(&reviewer, at(1), "t"), None);
    let wanted = answer(&mut reviewer, at(2), job, 201, &good());
    assert!(wanted.decided.is_empty() && ask(&mut reviewer, at(2), "v").sent.is_empty());
}
