//! A thousand components in one process: each keeps to itself.

use kubecred_core::protocol::Exit;
use kubecred_core::{Action, Input, Now, Policy};
use kubecred_wasm_tests::Guest;
use native_world::{Machine as _, Refusal, profiles};

const MANY: usize = 1000;

fn at(seconds: u64) -> Now {
    Now::from_millis(1000 * seconds, 1_893_456_000_000 + 1000 * i64::try_from(seconds).unwrap())
}

/// Runs the plugin that the guest wants run, which prints this token.
fn log_in(guest: &mut Guest, now: Now, token: &str) {
    let job = std::iter::from_fn(|| guest.poll_action()).find_map(|action| match action {
        Action::RunCommand(job) => Some(job),
        _ => None,
    });
    let stdout = format!(
        r#"{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",
        "status":{{"token":"{token}"}}}}"#
    );
    let exit = Exit { code: 0, stdout: stdout.into() };
    guest.handle_input(now, job.expect("it runs the plugin").done(Ok(exit)));
}

/// The headers that a request of this guest carries, one in a line.
fn headers(guest: &Guest, now: Now) -> Result<String, Refusal> {
    let served = guest.credential(now)?;
    let line = |header: &kubecred_core::Header| {
        format!("{}: {}\n", header.name, header.value.expose_str().unwrap())
    };
    Ok(served.headers.iter().map(line).collect())
}

fn bearer(token: &str) -> Result<String, Refusal> {
    Ok(format!("authorization: Bearer {token}\n"))
}

#[test]
fn a_thousand_instances_have_a_credential_each_and_none_sees_anothers() {
    let policy = Policy::default();
    let mut guests: Vec<Guest> = (0..MANY)
        .map(|seed| Guest::new(&profiles::exec(), &policy, u64::try_from(seed).unwrap()))
        .collect();
    for guest in &mut guests {
        guest.handle_input(at(0), Input::Demand);
    }
    // In another order than they were made in, and one answers while its neighbours wait.
    for index in (0..MANY).map(|n| n * 7 % MANY) {
        assert_eq!(headers(&guests[index], at(1)), Err(Refusal::Pending));
        log_in(&mut guests[index], at(1), &format!("token-{index}"));
    }
    for (index, guest) in guests.iter().enumerate() {
        assert_eq!(headers(guest, at(2)), bearer(&format!("token-{index}")));
    }
    // What happens to one in three does not happen to the others.
    for (index, guest) in guests.iter_mut().enumerate() {
        match index % 3 {
            0 => {
                let generation = guest.credential(at(60)).unwrap().generation;
                guest.handle_input(at(60), Input::Reject(generation));
                log_in(guest, at(61), &format!("second-{index}"));
            }
            1 => guest.handle_input(at(60), Input::Close),
            _ => {}
        }
    }
    for (index, guest) in guests.iter().enumerate() {
        let expected = match index % 3 {
            0 => bearer(&format!("second-{index}")),
            1 => Err(Refusal::Closed),
            _ => bearer(&format!("token-{index}")),
        };
        assert_eq!(headers(guest, at(62)), expected, "{index}");
        assert_eq!(guest.is_closed(), index % 3 == 1);
    }
}

#[test]
fn an_instance_is_content_with_two_mebibytes_however_long_it_lives() {
    let mut guest = Guest::new(&profiles::token_file(), &Policy::default(), 1);
    let token = "t".repeat(16 * 1024);
    let (mut reads, mut after_ten) = (0, 0);
    for hour in 0..24 * 30 {
        let now = at(3600 * hour);
        guest.handle_input(now, Input::Demand);
        while let Some(action) = guest.poll_action() {
            if let Action::ReadFile(job) = action {
                reads += 1;
                let contents = kubecred_core::Secret::from(format!("{token}{hour}"));
                guest.handle_input(now, job.done(Ok(kubecred_core::protocol::FileBytes(contents))));
            }
        }
        assert!(headers(&guest, now).is_ok(), "{hour}");
        if reads == 10 {
            after_ten = guest.memory();
        }
    }
    assert!(reads >= 24 * 30, "{reads}");
    assert_eq!(guest.memory(), after_ten, "it grows");
    assert!(guest.memory() <= 2 << 20, "{}", guest.memory());
}
