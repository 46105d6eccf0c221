//! Exec plugins.
#![expect(missing_docs, clippy::exhaustive_structs, reason = "replaced by the branch exec")]
use crate::protocol::*;
use crate::*;
use alloc::string::String;
pub struct Fetched {
    pub token: Option<Secret>,
    pub identity: Option<Identity>,
    pub expires: Option<UnixTime>,
}
pub fn request(e: &Exec, _: Option<&[u8]>, limit: u64) -> Result<RunCommand, PluginProblem> {
    Ok(RunCommand {
        program: e.command.clone(),
        args: e.args.clone(),
        env: e.env.clone(),
        stdin: Stdin::Null,
        allowlist: None,
        limit,
    })
}
pub fn accept(_: &Exec, exit: &Exit) -> Result<Fetched, PluginProblem> {
    if exit.code != 0 {
        return Err(PluginProblem::Exit(exit.code));
    }
    let s = exit.stdout.expose_str().unwrap_or("");
    let v: serde_json::Value =
        serde_json::from_str(s).map_err(|_| PluginProblem::Output(OutputProblem::NoStatus))?;
    let st = v.get("status");
    let f = |k: &str| st.and_then(|s| s.get(k)).and_then(|v| v.as_str());
    let t = f("token");
    Ok(Fetched {
        token: t.map(Secret::from),
        identity: None,
        expires: f("expirationTimestamp").and_then(UnixTime::parse_rfc3339),
    })
}
pub fn explain(
    e: &Exec,
    user: &str,
    failure: Failure,
    waited: Option<core::time::Duration>,
) -> Error {
    Error::Plugin {
        user: user.into(),
        command: e.command.clone(),
        problem: match waited {
            Some(d) => PluginProblem::TimedOut(d),
            None => PluginProblem::NotRun(failure),
        },
        hint: None,
    }
}
pub fn permit(
    p: &str,
    _: Option<&[String]>,
    r: &mut dyn FnMut(&str) -> Option<String>,
) -> Result<Option<String>, String> {
    Ok(r(p))
}
