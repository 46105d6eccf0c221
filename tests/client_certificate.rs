//! Client certificates from files: read as a pair, again from time to time, torn ones noticed.

use kubecred_core::{Authentication, Event, Material};
use world::profiles::{self, CERTIFICATE, KEY};
use world::{Content, Span, World, certificates};

fn write(world: &mut World, name: &str) {
    write_certificate(world, name);
    world.file(KEY, Content::Key(name.into()));
}

fn write_certificate(world: &mut World, name: &str) {
    world.file(CERTIFICATE, Content::Certificate(name.into()));
}

fn world() -> World {
    let mut world = World::new(&profiles::certificate_files());
    write(&mut world, "a");
    world
}

#[test]
fn ht_22_a_pair_of_files_is_read_when_somebody_asks() {
    let mut world = world();
    world.pass(1.h());
    assert_eq!((world.reads(KEY), world.reads(CERTIFICATE)), (0, 0));
    world.request().is("200 as certificate a");
    assert_eq!((world.reads(KEY), world.reads(CERTIFICATE)), (1, 1));
    let served = world.credential().expect("served");
    let identity = served.identity.expect("a certificate");
    assert_eq!(identity.certificate.expose(), certificates::certificate("a").as_bytes());
    assert_eq!(identity.key.expose(), certificates::key("a").as_bytes());
    assert!(served.headers.is_empty());
}

#[test]
fn ht_31_files_in_use_are_read_again_and_a_change_means_new_connections() {
    let mut world = world();
    world.request().is("200 as certificate a");
    assert!(!world.pushed().expect("pushed").reconnect, "the first closes nothing");
    write(&mut world, "b");
    world.pass(4.minutes()).request().is("200 as certificate a");
    world.pass(1.minutes()).request().is("200 as certificate b");
    assert!(world.pushed().expect("pushed").reconnect);
}

#[test]
fn ht_31_the_same_files_close_nothing() {
    let mut world = world();
    world.request().is("200 as certificate a");
    for _ in 0..60 {
        world.pass(1.minutes()).request().is("200 as certificate a");
    }
    assert!(world.reads(KEY) >= 12);
    assert_eq!(world.pushed().expect("pushed").generation.as_u64(), 1);
}

/// I: in client-go handshakes fail for as long as a file is bad.
#[test]
fn ht_32_improved_a_bad_file_leaves_the_old_pair_in_use() {
    let mut world = world();
    world.request().is("200 as certificate a");
    for bad in [Content::Text(String::new()), Content::Text("no PEM".into())] {
        world.file(CERTIFICATE, bad).pass(6.minutes()).request().is("200 as certificate a");
    }
    world.remove(KEY).pass(6.minutes()).request().is("200 as certificate a");
    write(&mut world, "b");
    world.pass(6.minutes()).request().is("200 as certificate b");
}

#[test]
fn a_torn_pair_is_noticed_and_read_again() {
    let mut world = world();
    write_certificate(&mut world, "b");
    world
        .request()
        .is("error: client certificate \"/pki/client.crt\" does not match the client key");
    world.file(KEY, Content::Key("b".into()));
    world.pass(2.s()).request().is("200 as certificate b");
}

#[test]
fn a_pair_that_is_being_replaced_never_shows_torn() {
    let mut world = world();
    world.request().is("200 as certificate a");
    write_certificate(&mut world, "b");
    world.pass(5.minutes()).request().is("200 as certificate a");
    let torn = |event: &Event| matches!(event, Event::Failed { serving: true, .. });
    assert!(world.take_events().iter().any(torn));
    world.file(KEY, Content::Key("b".into())).pass(10.s());
    world.request();
    world.pass(2.s()).request().is("200 as certificate b");
}

#[test]
fn a_missing_file_is_named_with_its_part() {
    let mut world = world();
    world.remove(KEY).request().is("error: cannot read client key \"/pki/client.key\": no such");
    world.file(KEY, Content::Text("nonsense".into())).pass(2.s());
    world.request().is("error: client key \"/pki/client.key\" contains no private key");
    world.remove(CERTIFICATE).file(KEY, Content::Key("a".into())).pass(10.s());
    world.request().is("error: cannot read client certificate \"/pki/client.crt\": no such");
}

#[test]
fn one_half_can_be_given_outright() {
    let mut world = World::new(&profiles::certificate_mixed());
    world.file(KEY, Content::Key("a".into())).request().is("200 as certificate a");
    assert_eq!((world.reads(KEY), world.reads(CERTIFICATE)), (1, 0));

    let (certificate, key) = (Material::File(CERTIFICATE.into()), certificates::key("a"));
    let profile = Authentication::certificate(certificate, Material::Data(key.into()));
    let mut world = World::new(&profiles::with(profile));
    write_certificate(&mut world, "a");
    world.request().is("200 as certificate a");
    assert_eq!((world.reads(KEY), world.reads(CERTIFICATE)), (0, 1));
}

#[test]
fn a_certificate_in_a_file_is_not_served_past_its_end() {
    let mut world = world();
    write(&mut world, "short");
    world.request().is("200 as certificate short");
    write(&mut world, "b");
    world.at(9.minutes()).request().is("200 as certificate b");

    let mut world = self::world();
    write(&mut world, "short");
    world.request().is("200 as certificate short");
    world.at(9.minutes()).request().is("200 as certificate short");
    world.at(10.minutes());
    assert!(world.credential().is_err());
    let withdrawn = |event: &Event| matches!(event, Event::Withdrawn { .. });
    assert!(world.take_events().iter().any(withdrawn));
    write(&mut world, "b");
    world.pass(2.minutes()).request().is("200 as certificate b");
}

#[test]
fn kc_56_of_two_files_that_are_missing_the_error_names_both() {
    let mut world = World::new(&profiles::certificate_files());
    world.request().is(
        "error: cannot read client key \"/pki/client.key\": no such file or directory; and cannot \
         read client certificate \"/pki/client.crt\": no such file",
    );
    write_certificate(&mut world, "a");
    let both = world.pass(1.minutes());
    both.request().is("error: cannot read client key \"/pki/client.key\": no such file");
    assert!(!both.request().as_str().contains("and cannot"), "the certificate is there");
    world.file(KEY, Content::Key("a".into()));
    world.pass(2.minutes()).request().is("200 as certificate a");
}
