//! Certificate authorities from files.

use kubecred_core::{Event, Generation};
use world::profiles::{self, PLUGIN, ROOTS, TOKEN};
use world::{Content, Run, Span, World, certificates};

fn world() -> World {
    let mut world = World::new(&profiles::trusting(profiles::token_file()));
    world.token(TOKEN, "one").file(ROOTS, Content::Roots("a".into()));
    world
}

fn trusted(world: &mut World) -> &'static str {
    let roots = world.credential().expect("served").roots.expect("not the system's");
    certificates::name_of_roots(&roots).unwrap_or("nothing known")
}

#[test]
fn roots_and_token_are_read_at_the_same_time() {
    let mut world = world();
    world.request().is("200 as one");
    assert_eq!(world.elapsed(), 1, "each read takes a millisecond");
    assert_eq!(trusted(&mut world), "a");
    assert!(!world.pushed().expect("pushed").reconnect);
}

#[test]
fn ht_30_roots_in_use_are_read_again_within_five_minutes() {
    let mut world = world();
    world.request().is("200 as one");
    world.file(ROOTS, Content::Roots("b".into()));
    for _ in 0..9 {
        world.pass(30.s()).request().is("200 as one");
    }
    assert_eq!(trusted(&mut world), "a");
    world.pass(30.s()).request().is("200 as one");
    assert_eq!(trusted(&mut world), "b");
    let pushed = world.pushed().expect("pushed");
    assert!(pushed.reconnect && pushed.generation.as_u64() == 2);
    assert!(world.reads(ROOTS) <= 3, "{} reads", world.reads(ROOTS));
}

#[test]
fn ht_30_bad_roots_leave_the_old_ones_in_use() {
    let mut world = world();
    world.request().is("200 as one");
    let garbled = certificates::roots("b").replace("MII", "???");
    for bad in ["no PEM", garbled.as_str()] {
        world.file(ROOTS, Content::Text(bad.into())).pass(6.minutes()).request().is("200 as one");
        assert_eq!(trusted(&mut world), "a");
    }
    world.remove(ROOTS).pass(6.minutes()).request().is("200 as one");
    assert_eq!(trusted(&mut world), "a");
    let failed = |event: &Event| matches!(event, Event::Failed { serving: true, .. });
    assert!(world.take_events().iter().any(failed));
}

#[test]
fn ua_33_an_empty_file_trusts_nothing_until_it_is_filled() {
    let mut world = world();
    world.file(ROOTS, Content::Text(String::new())).request().is("200 as one");
    assert_eq!(world.credential().expect("served").roots.as_deref(), Some(&[][..]));
    world.file(ROOTS, Content::Roots("a".into())).pass(6.minutes()).request().is("200 as one");
    assert_eq!(trusted(&mut world), "a");
}

#[test]
fn ua_32_a_file_without_certificates_is_an_error() {
    let mut world = world();
    world.file(ROOTS, Content::Text("no PEM".into()));
    world.request().is("error: certificate authority \"/pki/ca.crt\" contains no PEM block");
    world.file(ROOTS, Content::Roots("a".into())).pass(2.s()).request().is("200 as one");
}

#[test]
fn ht_21_every_file_must_be_readable_before_the_first_request() {
    let profile = profiles::certified(profiles::trusting(profiles::literal()));
    let files = [
        (ROOTS, Content::Roots("a".into())),
        (profiles::CERTIFICATE, Content::Certificate("a".into())),
        (profiles::KEY, Content::Key("a".into())),
    ];
    for (missing, content) in &files {
        let mut world = World::new(&profile);
        for (path, content) in &files {
            world.file(path, content.clone());
        }
        let answer = world.remove(missing).request();
        answer.is("error: cannot read ");
        assert!(answer.as_str().contains(missing), "{answer}");
        world.file(missing, content.clone()).pass(2.s()).request();
        world.request().is("200 as literal with certificate a");
    }
}

#[test]
fn ht_30_a_401_is_no_reason_to_read_roots() {
    let mut world = world();
    world.request().is("200 as one");
    world.pass(5.s()).token(TOKEN, "two").revoke("one").request().is("200 as two");
    assert_eq!((world.reads(ROOTS), world.reads(TOKEN)), (1, 2));
}

#[test]
fn the_first_push_never_says_reconnect() {
    let mut world = World::new(&profiles::trusting(profiles::exec()));
    world.file(ROOTS, Content::Roots("a".into())).program(PLUGIN, &[Run::exit(1)]);
    world.request().is("error");
    world.file(ROOTS, Content::Roots("b".into())).pass(10.minutes());
    world.demand().pass(1.minutes());
    world.program(PLUGIN, &[Run::token("one")]).pass(2.minutes()).request().is("200 as one");
    let first = world.pushed().expect("pushed");
    assert!(first.generation == Generation::from_u64(1) && !first.reconnect, "{first:?}");
}
