//! Token files: read on demand, again before they grow stale, and never worse than before.

use kubecred_core::{Event, FileRole};
use world::profiles::{self, TOKEN};
use world::{Content, Faults, Refusal, Span, World};

fn world() -> World {
    let mut world = World::new(&profiles::token_file());
    world.token(TOKEN, "first");
    world
}

#[test]
fn tk_1_nothing_is_read_before_somebody_asks() {
    let mut world = world();
    world.pass(24.h());
    world.perform(world::Step::Tick);
    assert_eq!(world.reads(TOKEN), 0);
    assert_eq!(world.credential(), Err(Refusal::Pending));
    world.request().is("200 as first");
    assert_eq!(world.reads(TOKEN), 1);
}

#[test]
fn tk_3_a_token_is_trimmed() {
    let mut world = world();
    let text = format!(" \r\n{}\r\n\n", world::secret("trimmed"));
    world.file(TOKEN, Content::Text(text)).request().is("200 as trimmed");
}

#[test]
fn tk_3_an_empty_file_is_an_error_that_names_it() {
    for text in ["", " \r\n\t"] {
        let mut world = world();
        world.file(TOKEN, Content::Text(text.into()));
        world.request().is("error: token \"/run/token\" is empty");
    }
}

#[test]
fn ht_4_a_token_that_no_header_can_carry_is_an_error_that_does_not_show_it() {
    let mut world = world();
    let text = format!("{}\r\nand more", world::secret("broken"));
    world.file(TOKEN, Content::Text(text));
    world
        .request()
        .is("error: token \"/run/token\" contains a character that an HTTP header cannot");
}

#[test]
fn tk_4_a_busy_machine_reads_again_after_fifty_seconds_beside_the_requests() {
    let mut world = world();
    world.request().is("200 as first");
    world.token(TOKEN, "second");
    world.at(49_900.ms()).request().is("200 as first");
    assert_eq!(world.reads(TOKEN), 1);
    world.at(50_100.ms());
    assert_eq!(world.reads(TOKEN), 2, "the timer did it");
    let before = world.elapsed();
    world.request().is("200 as second");
    assert_eq!(world.elapsed(), before, "nobody had to wait");
}

#[test]
fn tk_4_an_idle_machine_reads_once_more_and_then_rests() {
    let mut world = world();
    world.request().is("200 as first");
    world.at(49.s()).request().is("200 as first");
    world.pass(24.h());
    assert_eq!(world.reads(TOKEN), 2);
    assert_eq!(world.next_tick_in(), None);
}

#[test]
fn tk_4_beyond_a_minute_a_request_waits_for_the_next_read() {
    let mut world = world();
    world.request().is("200 as first");
    world.pass(24.h());
    world.token(TOKEN, "second");
    let before = world.elapsed();
    world.request().is("200 as second");
    assert!(world.elapsed() > before);
}

#[test]
fn tk_5_the_last_good_token_serves_while_the_file_is_bad() {
    let mut world = world();
    world.request().is("200 as first");
    world.remove(TOKEN);
    for minute in 1..30 {
        world.at((60 * minute).s()).request().is("200 as first");
    }
    world.file(TOKEN, Content::Text("\n".into()));
    world.pass(2.minutes()).request().is("200 as first");
    world.token(TOKEN, "second").pass(2.minutes());
    world.request().is("200 as second");
}

#[test]
fn tk_5_a_bad_file_is_not_read_at_each_request() {
    let mut world = world();
    world.request().is("200 as first");
    world.at(60.s()).remove(TOKEN);
    let before = world.reads(TOKEN);
    for _ in 0..600 {
        world.pass(100.ms()).request().is("200 as first");
    }
    let reads = world.reads(TOKEN) - before;
    assert!((3..=8).contains(&reads), "{reads} reads in a minute");
}

#[test]
fn tk_5_failures_are_reported_with_the_file_and_what_goes_on() {
    let mut world = world();
    world.request().is("200 as first");
    world.take_events();
    world.remove(TOKEN).at(61.s()).request().is("200 as first");
    let events = world.take_events();
    let [Event::Failed { error, serving: true, .. }, ..] = events.as_slice() else {
        panic!("{events:?}");
    };
    let text = error.to_string();
    assert_eq!(text, "cannot read token \"/run/token\": no such file or directory");
    assert!(matches!(error, kubecred_core::Error::File { role: FileRole::Token, .. }));
}

#[test]
fn tk_6_the_literal_serves_for_as_long_as_the_file_has_never_been_readable() {
    let mut world = World::new(&profiles::token_file_with_literal());
    world.request().is("200 as literal");
    world.pass(5.minutes()).request().is("200 as literal");
    world.token(TOKEN, "first").pass(2.minutes()).request().is("200 as literal");
    world.pass(1.s()).request().is("200 as first");
}

#[test]
fn tk_6_a_file_that_stays_unreadable_is_not_read_at_each_request() {
    let mut world = World::new(&profiles::token_file_with_literal());
    for _ in 0..6_000 {
        world.pass(100.ms()).request().is("200 as literal");
    }
    let reads = world.reads(TOKEN);
    assert!((8..=20).contains(&reads), "{reads} reads in ten minutes");
    world.pass(24.h());
    assert!(world.reads(TOKEN) <= reads + 1, "nobody asks");
    assert_eq!(world.next_tick_in(), None);
}

#[test]
fn ua_7_the_file_wins_over_the_literal() {
    let mut world = World::new(&profiles::token_file_with_literal());
    world.token(TOKEN, "first").request().is("200 as first");
}

/// I: client-go keeps what was refused until the fifty seconds are over.
#[test]
fn tk_7_improved_a_401_reads_the_file_at_once() {
    let mut world = world();
    world.request().is("200 as first");
    world.pass(5.s()).token(TOKEN, "second").revoke("first");
    world.request().is("200 as second");
    assert_eq!(world.reads(TOKEN), 2);
}

#[test]
fn tk_8_a_hundred_callers_are_one_read() {
    let mut world = world();
    for answer in world.requests(100) {
        answer.is("200 as first");
    }
    assert_eq!(world.reads(TOKEN), 1);
}

#[test]
fn the_same_bytes_wake_nobody() {
    let mut world = world();
    world.request().is("200 as first");
    let first = world.credential().map(|served| served.generation);
    for _ in 0..20 {
        world.pass(45.s()).request().is("200 as first");
    }
    assert!(world.reads(TOKEN) > 10);
    assert_eq!(world.credential().map(|served| served.generation), first);
}

#[test]
fn a_dead_mount_holds_a_request_for_the_time_limit_and_no_longer() {
    let mut world = world();
    world.perform(world::Step::SlowFiles(true));
    world.request().is("error: cannot read token \"/run/token\": not read within 10 s");
    assert_eq!(world.elapsed(), 10_000);
    world.perform(world::Step::SlowFiles(false));
    world.pass(2.s()).request().is("200 as first");
}

#[test]
fn a_host_without_files_says_so() {
    let mut world = world();
    world.faults(Faults { refuse: vec!["file".into()], ..Faults::default() });
    world.request().is("error: cannot read token \"/run/token\": not supported by this host");
}
