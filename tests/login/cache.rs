//! The cache, the lock, the pause, and many processes at once.

use crate::{error, logged_in};
use kubecred_core::login::{Event, Operation, Status, Storage, Success, TokenKind};
use std::collections::BTreeSet;
use std::time::Duration;
use world::login::{Lie, Place, Process, User};

const MINUTE: Duration = Duration::from_secs(60);

fn expiration(process: &Process) -> String {
    let Some(Ok(Success::Credential(granted))) = &process.outcome else { panic!() };
    let output: serde_json::Value = serde_json::from_slice(granted.output.expose()).unwrap();
    output["status"]["expirationTimestamp"].as_str().unwrap().to_owned()
}

fn status(place: &mut Place) -> Status {
    let id = place.start(Place::settings(), Operation::Status);
    place.settle();
    let Some(Ok(Success::Status(status))) = &place.processes[id].outcome else { panic!() };
    status.clone()
}

#[test]
fn lg_82_a_token_is_printed_until_a_minute_or_a_tenth_of_its_life_is_left() {
    for (life, refreshed_after) in [(3600, 3541), (100, 91)] {
        let mut place = Place::default();
        place.provider.life = life;
        place.run(Place::settings());
        let mut elapsed = 0;
        for at in [refreshed_after - 3, refreshed_after + 2] {
            place.pass(Duration::from_secs(at - elapsed));
            elapsed = at;
            let id = place.start(Place::settings(), Operation::Token);
            place.settle();
            let cached = place.processes[id].actions == ["ReadEntry", "Finish"];
            assert_eq!(cached, at < refreshed_after, "{life} {at}");
        }
    }
}

#[test]
fn lg_83_the_end_that_is_printed_is_that_of_the_token_less_the_margin() {
    let mut place = Place::default();
    let now = place.now().wall;
    let first = expiration(place.run(Place::settings()));
    assert_eq!(first, now.saturating_add(Duration::from_secs(3540)).to_string());
    // The cached one says the same, and a refreshed one its own.
    place.pass(30 * MINUTE);
    assert_eq!(expiration(place.run(Place::settings())), first);
    place.pass(40 * MINUTE);
    let now = place.now().wall;
    let third = expiration(place.run(Place::settings()));
    assert_eq!(third, now.saturating_add(Duration::from_secs(3540)).to_string());
}

#[test]
fn lg_90_the_key_depends_on_what_decides_the_token_and_on_nothing_else() {
    let key = |change: &dyn Fn(&mut kubecred_core::login::Settings)| {
        let mut settings = Place::settings();
        change(&mut settings);
        let mut place = Place::default();
        let id = place.start(settings, Operation::Status);
        place.settle();
        let Some(Ok(Success::Status(status))) = &place.processes[id].outcome else { panic!() };
        status.key.clone()
    };
    let usual = key(&|_| {});
    assert_eq!(usual.len(), 64);
    // Found by other means: the format must not change unnoticed, or everybody logs in again.
    let others = [
        key(&|settings| settings.client_id = "other".into()),
        key(&|settings| settings.issuer = "https://other.example".into()),
        key(&|settings| settings.extra_scopes = vec!["groups".into()]),
        key(&|settings| settings.account = Some("work".into())),
        key(&|settings| settings.token = TokenKind::Access),
        key(&|settings| drop(settings.extra_params.insert("audience".into(), "a".into()))),
        key(&|settings| drop(settings.extra_params.insert("audience".into(), "b".into()))),
        key(&|settings| settings.extra_scopes = vec!["audience".into(), "a".into()]),
    ];
    let different: BTreeSet<&String> = others.iter().chain([&usual]).collect();
    assert_eq!(different.len(), others.len() + 1);
    let scopes =
        |list: [&str; 3]| key(&|settings| settings.extra_scopes = list.map(String::from).into());
    assert_eq!(scopes(["a", "b", "b"]), scopes(["b", "a", "openid"]));
    let same = key(&|settings| {
        settings.pkce = false;
        settings.redirect_uri = Some("http://localhost:1".into());
        settings.client_credential = kubecred_core::login::ClientCredential::Secret("hush".into());
        settings.extra_params.insert("prompt".into(), "login".into());
    });
    assert_eq!(same, usual);
}

#[test]
fn lg_91_an_entry_that_is_cut_or_foreign_is_none() {
    let place = logged_in(&Place::settings());
    let (key, good) = place.stores.entries.iter().find(|(key, _)| key.len() == 64).unwrap();
    let good = good.expose_str().unwrap().to_owned();
    for bad in [
        String::new(),
        "{}".into(),
        "null".into(),
        good[..good.len() / 2].into(),
        good.replace("\"version\":1", "\"version\":2"),
        good.replace("kubernetes", "another"),
        good.replace("login.example", "other.example"),
        good.replace("\"version\":1", "\"version\":1,\"version\":1"),
    ] {
        let mut place = Place::default();
        place.stores.entries.insert(key.clone(), bad.as_str().into());
        let process = place.run(Place::settings());
        assert!(process.count("Listen") == 1 && process.token().is_some(), "{bad}");
    }
    // And whatever else is in it, nothing breaks.
    for at in 0..good.len() {
        let mut place = Place::default();
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= 4;
        place.stores.entries.insert(key.clone(), bytes.into());
        let id = place.start(Place::settings(), Operation::Status);
        place.settle();
        assert!(place.processes[id].outcome.is_some());
    }
}

#[test]
fn lg_94_a_cache_that_cannot_be_written_is_a_warning() {
    let mut place = Place::default();
    place.stores.read_only = true;
    place.stores.no_keyring = true;
    let process = place.run(Place::settings());
    assert!(process.token().is_some());
    assert!(process.events.iter().any(|event| matches!(event, Event::NotStored(_))));
}

#[test]
fn lg_95_the_refresh_token_is_in_the_keyring_and_the_common_run_asks_none() {
    let place = logged_in(&Place::settings());
    let refresh = place.secrets("refresh").pop_first().unwrap();
    assert!(!place.disk_has(&refresh));
    assert_eq!(place.stores.keyring.len(), 1);
    for (storage, on_disk, items) in
        [(Storage::Disk, true, 0), (Storage::Keyring, false, 1), (Storage::None, false, 0)]
    {
        let mut settings = Place::settings();
        settings.storage = storage;
        let mut place = logged_in(&settings);
        let refresh = place.secrets("refresh").pop_first().unwrap();
        assert_eq!(place.disk_has(&refresh), on_disk, "{storage:?}");
        assert_eq!(place.stores.keyring.len(), items, "{storage:?}");
        let again = place.run(settings);
        assert_eq!(again.count("Listen"), usize::from(storage == Storage::None));
    }
}

#[test]
fn lg_96_without_a_keyring_it_is_as_if_there_were_none_with_one_notice() {
    let mut place = Place::default();
    place.stores.no_keyring = true;
    let process = place.run(Place::settings());
    assert!(process.token().is_some());
    let notices = process.events.iter().filter(|event| matches!(event, Event::NoKeyring(_)));
    assert_eq!(notices.count(), 1);
    // The refresh token is in the cache folder then, and of use.
    place.pass(59 * MINUTE + MINUTE / 2);
    let process = place.run(Place::settings());
    assert!(process.token().is_some() && process.count("Listen") == 0);
    // It has been said, and is not said again by every refresh.
    assert!(!process.events.iter().any(|event| matches!(event, Event::NoKeyring(_))));
}

/// A place where kubekey has left this token, and the settings of its user.
fn with_kubekeys(token: &str) -> (Place, kubecred_core::login::Settings) {
    let mut settings = Place::settings();
    settings.kubekey = true;
    settings.storage = Storage::Keyring;
    let mut place = Place::default();
    let account = [&*settings.client_id, "@", &*settings.issuer].concat();
    let item = format!("{token}.1700000000");
    place.stores.keyring.insert(("github.com/metno/kubekey".into(), account), item.into());
    (place, settings)
}

#[test]
fn a_user_of_kubekey_is_logged_in_already_by_its_item_which_stays() {
    let token = Place::default().run(Place::settings()).token().unwrap();
    let (mut place, settings) = with_kubekeys(&token);
    let items = place.stores.keyring.clone();
    let first = place.run(settings.clone());
    assert_eq!(first.token().as_ref(), Some(&token), "{:?}", first.outcome);
    assert_eq!((first.count("Listen"), place.provider.count("/token")), (0, 0));
    assert!(items.iter().all(|(name, item)| place.stores.keyring.get(name) == Some(item)));
    assert_eq!(place.run(settings.clone()).actions, ["KeyringGet", "Finish"]);
    let id = place.start(settings, Operation::Logout { revoke: false, end_session: false });
    place.settle();
    let named = |event: &Event| event.to_string().contains("github.com/metno/kubekey");
    assert!(place.processes[id].events.iter().any(named));
    assert_eq!(place.stores.keyring, items);
}

#[test]
fn an_item_of_kubekey_that_is_not_good_is_none() {
    let token = Place::default().run(Place::settings()).token().unwrap();
    let forged = [&token[..token.len() - 4], "AAAA"].concat();
    for (bad, hours) in [(forged.as_str(), 0), ("no token", 0), (token.as_str(), 2)] {
        let (mut place, settings) = with_kubekeys(bad);
        place.pass(Duration::from_secs(3600 * hours));
        let process = place.run(settings);
        assert!(process.token().is_some_and(|got| got != bad), "{bad}: {:?}", process.outcome);
        assert_eq!(process.count("Listen"), 1, "{bad}");
    }
    // Others do not ask for it.
    let (mut place, mut settings) = with_kubekeys(&token);
    settings.kubekey = false;
    assert_eq!(place.run(settings).count("Listen"), 1);
}

#[test]
fn lg_97_lg_98_ten_processes_at_once_make_one_login() {
    let mut place = Place::default();
    for _ in 0..10 {
        place.start(Place::settings(), Operation::Token);
    }
    place.settle();
    assert_eq!(place.provider.count("/authorize"), 1);
    assert_eq!(place.provider.count("/token"), 1);
    let tokens: BTreeSet<Option<String>> = place.processes.iter().map(Process::token).collect();
    assert!(tokens.len() == 1 && !tokens.contains(&None), "{tokens:?}");
    let opened: usize = place.processes.iter().map(|process| process.opened.len()).sum();
    assert_eq!(opened, 1);
    let waited = |process: &&Process| {
        process.events.iter().any(|event| matches!(event, Event::Waiting { .. }))
    };
    assert_eq!(place.processes.iter().filter(waited).count(), 9);
}

#[test]
fn lg_98_those_who_waited_fail_with_the_login_that_they_waited_for() {
    let mut place = Place::default();
    place.provider.user = User::Refuses;
    for _ in 0..10 {
        place.start(Place::settings(), Operation::Token);
    }
    place.settle();
    assert_eq!(place.provider.count("/authorize"), 1);
    for process in &place.processes {
        assert!(error(process).contains("access_denied"));
    }
}

#[test]
fn lg_97_where_no_lock_can_be_had_the_login_goes_on_with_a_notice() {
    let mut place = Place::default();
    place.stores.no_locks = true;
    let process = place.run(Place::settings());
    assert!(process.token().is_some());
    assert!(process.events.iter().any(|event| matches!(event, Event::NoLock(_))));
    assert_eq!(process.count("Unlock"), 0);
}

#[test]
fn lg_99_an_abandoned_login_starts_a_pause_that_doubles_to_a_quarter_of_an_hour() {
    let mut place = Place::default();
    place.provider.user = User::IsAway;
    for minutes in [1, 2, 4, 8, 15, 15] {
        let process = place.run(Place::settings());
        assert!(error(process).starts_with("timed out"), "{:?}", process.outcome);
        for _ in 0..3 {
            let process = place.run(Place::settings());
            assert_eq!((process.opened.len(), process.count("Lock")), (0, 1));
            let text = error(process);
            assert!(text.contains("kubecred login") && text.contains("not completed"), "{text}");
            assert_eq!(crate::exit_code(&process.outcome), 3);
        }
        place.pass(minutes * MINUTE);
    }
    // A clock that is set back does not make it endless.
    place.run(Place::settings());
    place.set_back(Duration::from_secs(24 * 3600));
    let process = place.run(Place::settings());
    assert_eq!(process.opened.len(), 1);
}

/// Any program of the user can have written the file.
#[test]
fn lg_114_what_a_cache_file_gives_as_a_reason_is_fit_for_a_terminal() {
    let mut place = Place::default();
    place.provider.user = User::IsAway;
    place.run(Place::settings());
    for entry in place.stores.entries.values_mut() {
        let text = entry.expose_str().unwrap();
        let (before, reason) = text.split_once(r#""pause_reason":""#).expect("it is a pause");
        let after = &reason[reason.find('"').unwrap()..];
        *entry = format!(r#"{before}"pause_reason":"\u001b[2Jgone{after}"#).as_str().into();
    }
    let text = error(place.run(Place::settings()));
    assert!(text.contains("U+001B[2Jgone") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn lg_99_a_login_by_hand_ends_the_pause() {
    let mut place = Place::default();
    place.provider.user = User::IsAway;
    place.run(Place::settings());
    assert!(status(&mut place).paused_until.is_some());
    place.provider.user = User::LogsIn;
    place.start(Place::settings(), Operation::Login);
    place.settle();
    assert_eq!(status(&mut place).paused_until, None);
    assert!(place.run(Place::settings()).token().is_some());
}

#[test]
fn lg_118_status_says_what_is_stored_and_asks_nobody() {
    let mut place = Place::default();
    let empty = status(&mut place);
    assert!(!empty.usable && empty.subject.is_none());
    place.run(Place::settings());
    let asked = place.provider.asked.clone();
    let full = status(&mut place);
    assert_eq!(full.subject.as_deref(), Some("anne"));
    assert!(full.usable && full.refreshable && full.in_keyring);
    assert_eq!(place.provider.asked, asked);
    assert_eq!(place.processes.last().unwrap().actions, ["ReadEntry", "Finish"]);
}

#[test]
fn lg_119_accounts_are_kept_apart_and_named_to_the_provider() {
    let mut settings = Place::settings();
    settings.account = Some("anne@work".into());
    let mut place = logged_in(&settings);
    assert_eq!(place.provider.queries[0]["login_hint"], "anne@work");
    place.run(Place::settings());
    assert_eq!(place.provider.count("/authorize"), 2);
    place.run(settings);
    assert_eq!(place.provider.count("/authorize"), 2);
}

#[test]
fn lg_22_discovery_and_keys_are_kept_for_a_day_and_fetched_again_for_a_new_key() {
    let mut place = logged_in(&Place::settings());
    place.pass(2 * 60 * MINUTE);
    place.run(Place::settings());
    assert_eq!(place.provider.count("/.well-known/openid-configuration"), 1);
    assert_eq!(place.provider.count("/keys"), 1);
    place.provider.rotate_keys();
    place.pass(2 * 60 * MINUTE);
    assert!(place.run(Place::settings()).token().is_some());
    assert_eq!(place.provider.count("/keys"), 2);
    place.pass(24 * 60 * MINUTE);
    place.run(Place::settings());
    assert_eq!(place.provider.count("/.well-known/openid-configuration"), 2);
    // No secret is in what is kept of a provider.
    let (_, kept) = place.stores.entries.iter().find(|(key, _)| key.starts_with("prov")).unwrap();
    assert!(!kept.expose_str().unwrap().contains("canary"));
}

#[test]
fn lg_69_keys_are_fetched_again_once_and_then_it_is_over() {
    let mut place = Place::default();
    place.provider.lie = Lie::Signature;
    let process = place.run(Place::settings());
    assert!(error(process).contains("does not verify"));
    assert_eq!(place.provider.count("/keys"), 2);
    assert_eq!(place.provider.count("/token"), 1);
}
