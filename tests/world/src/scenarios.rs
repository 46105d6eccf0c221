//! Stories with a committed transcript. Every host plays them: the native machine and each machine
//! behind a boundary must say the same at the same time, word for word.
//!
//! Kubecred's own: of use to whoever puts the machine behind another boundary, and not to test a
//! program that embeds it.

use crate::profiles::{
    self, CERTIFICATE, KEY, KUBECONFIG, PLUGIN, PLUGIN_ROOTS, PROVIDER, PROVIDER_ROOTS, ROOTS,
    TOKEN,
};
use crate::{Content, Faults, Machine, OpenId, OpenIdTokens, Run, Span, Step, Transcript, World};
use kubecred_core::Profile;

/// The seed of the machine that plays.
pub const SEED: u64 = 1;

/// A world for any machine.
pub type AnyWorld = World<Box<dyn Machine>>;

/// A story.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// The transcript is `transcripts/NAME.txt`.
    pub name: &'static str,
    /// From which the machine is made, with the default policy and [`SEED`].
    pub profile: fn() -> Profile,
    /// What happens.
    pub play: fn(&mut AnyWorld),
}

impl Scenario {
    /// Plays it on a machine to which nothing has happened, and holds the dialogue against the
    /// committed one.
    ///
    /// # Panics
    /// When something else is said, or at another time.
    #[track_caller]
    pub fn play(&self, machine: Box<dyn Machine>) {
        let mut world = World::around(machine, &(self.profile)());
        (self.play)(&mut world);
        world.transcript().matches(Transcript::folder().join(format!("{}.txt", self.name)));
    }
}

macro_rules! scenarios {
    ($($name:ident: $profile:expr;)*) => {
        /// All of them.
        pub const ALL: &[Scenario] =
            &[$(Scenario { name: stringify!($name), profile: $profile, play: $name }),*];
    };
}

scenarios! {
    certificate_rotated: profiles::certificate_files;
    clock_hours_ahead: profiles::exec;
    close: || profiles::trusting(profiles::exec());
    exec_401: profiles::exec;
    exec_401_for_ever: profiles::exec;
    exec_401_then_expired: profiles::exec_interactive;
    exec_401_refresh_fails: profiles::exec;
    exec_401_storm: profiles::exec;
    exec_fails_first: profiles::exec;
    exec_hangs: profiles::exec;
    exec_interactive: profiles::exec_interactive;
    exec_refused_by_the_host: profiles::exec;
    exec_renewed_ahead: profiles::exec;
    exec_with_roots: profiles::exec_with_roots;
    exec_withdrawn: profiles::exec;
    literal: || profiles::impersonating(profiles::literal());
    oidc_401: profiles::oidc;
    oidc_from_a_file: profiles::oidc_from_file;
    oidc_refused: profiles::oidc;
    provided: profiles::provided;
    provided_fails: profiles::provided;
    roots_rotated: || profiles::trusting(profiles::token_file());
    suspend: profiles::exec;
    token_file_401: profiles::token_file;
    token_file_gone: profiles::token_file;
    service_account: || profiles::service_account(profiles::exec());
}

fn hourly() -> Run {
    Run::token("token-*").living(1.h())
}

fn certificate_rotated(world: &mut AnyWorld) {
    let pair = |world: &mut AnyWorld, name: &str| {
        world.file(CERTIFICATE, Content::Certificate(name.into()));
        world.file(KEY, Content::Key(name.into()));
    };
    pair(world, "a");
    world.request();
    world.file(CERTIFICATE, Content::Certificate("b".into()));
    world.pass(5.minutes()).request();
    world.file(KEY, Content::Key("b".into()));
    world.pass(8.s()).request();
}

fn clock_hours_ahead(world: &mut AnyWorld) {
    world.program(PLUGIN, &[hourly()]).wall_forward(5.h());
    world.request();
    world.pass(4.s()).request();
    world.wall_back(5.h()).pass(7.s()).request();
}

fn close(world: &mut AnyWorld) {
    world.file(ROOTS, Content::Roots("a".into())).program(PLUGIN, &[Run::hang()]);
    world.demand().pass(1.s());
    world.perform(Step::Close);
    world.request();
    world.pass(24.h());
    world.perform(Step::Tick);
}

fn exec_401(world: &mut AnyWorld) {
    world.program(PLUGIN, &[Run::token("first"), Run::token("second")]);
    world.request();
    world.pass(5.s()).revoke("first").request();
    world.pass(1.h()).request();
}

fn exec_401_for_ever(world: &mut AnyWorld) {
    world.program(PLUGIN, &[Run::token("new-*")]).revoke("*");
    for _ in 0..16 {
        world.request();
        world.pass(1.s());
    }
    world.perform(Step::Unrevoke);
    world.request();
}

/// While the next login has to wait, the rejected token expires: requests fail, and do not wait for a
/// person who is not asked.
fn exec_401_then_expired(world: &mut AnyWorld) {
    world.program(PLUGIN, &[hourly()]).revoke("*");
    for _ in 0..3 {
        world.request();
    }
    world.wall_forward(24.h()).request();
    world.perform(Step::Unrevoke);
    world.pass(2.minutes()).request();
}

fn exec_401_refresh_fails(world: &mut AnyWorld) {
    world.program(PLUGIN, &[Run::token("first"), Run::exit(1), Run::token("second")]);
    world.request();
    world.pass(5.s()).revoke("first").request();
    world.pass(10.s()).request();
}

fn exec_401_storm(world: &mut AnyWorld) {
    world.program(PLUGIN, &[Run::token("first"), Run::token("second").taking(2.s())]);
    world.requests(10);
    world.pass(5.s()).revoke("first");
    world.requests(10);
}

fn exec_fails_first(world: &mut AnyWorld) {
    world.program(PLUGIN, &[Run::exit(1), Run::print("{}"), Run::token("good")]);
    world.request();
    world.demand().pass(2.s()).request();
    world.pass(5.s()).request();
}

fn exec_hangs(world: &mut AnyWorld) {
    world.program(PLUGIN, &[Run::hang(), Run::token("good")]);
    world.request();
    world.pass(2.s()).request();
}

fn exec_interactive(world: &mut AnyWorld) {
    world.program(PLUGIN, &[hourly().taking(2.minutes())]);
    world.request();
    world.at(59.minutes()).request();
    world.pass(3.minutes()).request();
    world.pass(24.h());
}

fn exec_refused_by_the_host(world: &mut AnyWorld) {
    world.faults(Faults { refuse: vec!["command".into()], ..Faults::default() });
    world.program(PLUGIN, &[hourly()]).request();
}

fn exec_renewed_ahead(world: &mut AnyWorld) {
    world.program(PLUGIN, &[hourly()]);
    world.request();
    world.at(46.minutes()).request();
    world.at(49.minutes()).request();
}

fn exec_with_roots(world: &mut AnyWorld) {
    world.program(PLUGIN, &[Run::token("one").and_certificate("a")]);
    world.request();
    world.file(PLUGIN_ROOTS, Content::Roots("a".into())).pass(2.s()).request();
}

fn exec_withdrawn(world: &mut AnyWorld) {
    world.program(PLUGIN, &[Run::token("token-*").living(1.minutes()), Run::exit(1)]);
    world.request();
    world.at(59.s()).request();
    world.at(61.s()).request();
}

fn literal(world: &mut AnyWorld) {
    world.perform(Step::Tick);
    world.request();
    world.revoke("literal").request();
}

fn oidc_401(world: &mut AnyWorld) {
    let post = OpenId { takes: vec!["client_secret_post".into()], ..OpenId::default() };
    world.openid(post).request();
    world.pass(5.s()).revoke("id-2").request();
    world.pass(1.h()).request();
}

fn oidc_from_a_file(world: &mut AnyWorld) {
    let tokens = OpenIdTokens { id: Some(("id-1".into(), 600_000)), refresh: None };
    let before = Content::OpenId(OpenIdTokens { refresh: Some("refresh-1".into()), ..tokens });
    world.file(PROVIDER_ROOTS, Content::Roots("a".into())).file(KUBECONFIG, before);
    world.request();
    world.at(599.s()).request();
    world.at(601.s()).request();
}

fn oidc_refused(world: &mut AnyWorld) {
    world.openid(OpenId { refresh: "another".into(), ..OpenId::default() }).request();
    world.pass(2.minutes()).request();
}

/// A token of the program's own: renewed ahead, refused, replaced.
fn provided(world: &mut AnyWorld) {
    world.program(PROVIDER, &[hourly()]);
    world.request().is("200 as token-1");
    world.at(46.minutes()).request().is("200 as token-1");
    world.at(49.minutes()).request().is("200 as token-2");
    world.at(50.minutes()).revoke("token-2").request().is("200 as token-3");
}

fn provided_fails(world: &mut AnyWorld) {
    let runs = [Run::exit(1), Run::print(""), Run::hang(), Run::token("good")];
    world.program(PROVIDER, &runs);
    world.request();
    world.pass(5.s()).request();
    world.pass(10.s()).request();
    world.pass(1.minutes()).request().is("200 as good");
}

fn roots_rotated(world: &mut AnyWorld) {
    world.token(TOKEN, "first").file(ROOTS, Content::Roots("a".into()));
    world.request();
    world.file(ROOTS, Content::Roots("b".into())).pass(6.minutes()).request();
}

fn suspend(world: &mut AnyWorld) {
    world.program(PLUGIN, &[hourly()]);
    world.request();
    world.perform(Step::Suspend(7_200_000));
    world.request();
}

fn token_file_401(world: &mut AnyWorld) {
    world.token(TOKEN, "first").request();
    world.pass(5.s()).token(TOKEN, "second").revoke("first").request();
}

fn token_file_gone(world: &mut AnyWorld) {
    world.request();
    world.token(TOKEN, "first").pass(2.s()).request();
    world.remove(TOKEN).pass(70.s()).request();
    world.token(TOKEN, "second").pass(5.s()).request();
    world.pass(1.s()).request();
}

/// A service account's token: asked for with a plugin's login, renewed, refused, and the login refused.
fn service_account(world: &mut AnyWorld) {
    world.program(PLUGIN, &[Run::token("boot-*").living(10.minutes())]);
    world.request().is("200 as sa-1");
    world.at(30.minutes()).request().is("200 as sa-1");
    world.at(50.minutes()).request().is("200 as sa-2");
    world.at(51.minutes()).revoke("sa-2").request().is("200 as sa-3");
    world.at(52.minutes()).revoke("boot-2").revoke("sa-3").request();
    world.at(53.minutes()).request();
}
