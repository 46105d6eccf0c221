//! What a plugin prints.

use crate::MARK;
use kubecred_core::exec::{accept, credential_json};
use kubecred_core::protocol::Exit;
use kubecred_core::{Action, Profile, Secret};
use kubecred_core::{Authentication, Authenticator, Exec, ExecApiVersion, Input, Now, Policy};

/// Any output of a plugin: it is understood or refused, refusals show nothing of it, and what is
/// understood can be printed again, understood the same, and served.
///
/// # Panics
/// When that is not so.
pub fn exec_credential(bytes: &[u8]) {
    // Where the mark goes is the fuzzer's choice.
    let (place, output) = bytes.split_first().unwrap_or((&0, &[]));
    let at = output.len() * usize::from(*place) / 256;
    let marked = [&output[..at], MARK.as_bytes(), &output[at..]].concat();
    for api_version in [ExecApiVersion::V1, ExecApiVersion::V1Beta1] {
        let exec = Exec { api_version, ..Exec::new("plugin") };
        try_output(&exec, &marked);
        try_output(&exec, output);
    }
}

fn try_output(exec: &Exec, output: &[u8]) {
    let exit = Exit { code: 0, stdout: Secret::new(output) };
    let fetched = match accept(exec, &exit) {
        Err(problem) => {
            let shown = format!("{problem} {problem:?}");
            assert!(!shown.contains(MARK), "the output shows in {shown}");
            return;
        }
        Ok(fetched) => fetched,
    };
    let shown = format!("{fetched:?}");
    assert!(!shown.contains(MARK), "a credential shows in {shown}");

    let (token, identity) = (fetched.token.as_ref(), fetched.identity.as_ref());
    if let Some(stdout) = credential_json(exec.api_version, token, identity, fetched.expires) {
        let again = accept(exec, &Exit { code: 0, stdout }).expect("what was understood once");
        assert_eq!((&again.token, &again.identity), (&fetched.token, &fetched.identity));
        // Fractions of a second are not printed.
        let seconds = |fetched: &kubecred_core::exec::Fetched| {
            fetched.expires.map(|end| end.as_millis().div_euclid(1000))
        };
        assert_eq!(seconds(&again), seconds(&fetched));
    }
    serve(exec, exit, &fetched);
}

/// A machine that gets this output serves it, unless it has ended.
fn serve(exec: &Exec, exit: Exit, fetched: &kubecred_core::exec::Fetched) {
    let mut profile = Profile::new("https://api");
    profile.authentication = Authentication::exec(exec.clone());
    let mut machine = Authenticator::new(&profile, Policy::default(), 0);
    let now = Now::from_millis(0, 1_893_456_000_000);
    machine.handle_input(now, Input::Demand);
    let job = std::iter::from_fn(|| machine.poll_action()).find_map(|action| match action {
        Action::RunCommand(job) => Some(job),
        _ => None,
    });
    machine.handle_input(now, job.expect("a run").done(Ok(exit)));
    let lent = machine.credential(now).expect("what was understood is served");
    assert_eq!(lent.identity, fetched.identity.as_ref());
    assert_eq!(lent.headers.len(), usize::from(fetched.token.is_some()));
    let shown = format!("{machine:?} {lent:?}");
    assert!(!shown.contains(MARK), "a credential shows in {shown}");
}
