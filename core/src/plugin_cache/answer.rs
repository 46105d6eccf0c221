//! What a plugin has answered, whichever form it has, and how it is handed on.

use super::decide::margin;
use crate::api::gcloud::ConfigHelper;
use crate::content::header_text;
use crate::error::{OutputProblem, PluginProblem};
use crate::profile::{Exec, ExecApiVersion};
use crate::protocol::Exit;
use crate::secret::Secret;
use crate::source::exec::{self, Fetched};
use crate::time::UnixTime;

/// A plugin's answer, and the version to print it in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain data for a host")]
pub struct Answer {
    /// The version that was asked for; the plugin's own if nothing was asked for.
    pub api_version: ExecApiVersion,
    /// The credential.
    pub fetched: Fetched,
}

/// What came of a plugin's run. `asked` is the version in `KUBERNETES_EXEC_INFO`; `None` if the
/// variable is not set, and then any known version is taken.
///
/// The output of `gcloud config config-helper` is translated.
///
/// # Errors
/// As for [`exec::accept`].
pub fn accept(asked: Option<ExecApiVersion>, exit: &Exit) -> Result<Answer, PluginProblem> {
    let versions = match asked {
        Some(version) => [version, version],
        None => [ExecApiVersion::V1, ExecApiVersion::V1Beta1],
    };
    let accept = |api_version| {
        let exec = Exec { api_version, ..Exec::default() };
        exec::accept(&exec, exit).map(|fetched| Answer { api_version, fetched })
    };
    let [first, second] = versions;
    match accept(first) {
        Err(PluginProblem::Output(OutputProblem::ConfigHelper)) => translate(first, exit),
        Err(PluginProblem::Output(OutputProblem::ApiVersion { .. })) if asked.is_none() => {
            accept(second)
        }
        accepted => accepted,
    }
}

fn translate(api_version: ExecApiVersion, exit: &Exit) -> Result<Answer, PluginProblem> {
    let problem = OutputProblem::ConfigHelper;
    let output = ConfigHelper::from_output(exit.stdout.expose());
    let ConfigHelper { token, expires } = output.ok_or(PluginProblem::Output(problem))?;
    header_text(token.expose())
        .map_err(|problem| PluginProblem::Output(OutputProblem::Token(problem)))?;
    let fetched = Fetched { token: Some(token), identity: None, expires };
    Ok(Answer { api_version, fetched })
}

/// The `ExecCredential` to print for an answer that came at `now` and ends at `ends`.
///
/// A client runs the plugin again only after `expirationTimestamp`, so it is told an end that lies
/// by the [`margin`] before the real one, unless that has passed (LG-83). `None` if a value is not
/// UTF-8.
#[must_use]
pub fn printed(answer: &Answer, ends: Option<UnixTime>, now: UnixTime) -> Option<Secret> {
    let told = ends.map(|ends| match ends.saturating_sub(margin(now, ends)) {
        early if early > now => early,
        _ => ends,
    });
    let Fetched { token, identity, .. } = &answer.fetched;
    exec::credential_json(answer.api_version, token.as_ref(), identity.as_ref(), told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(stdout: &str) -> Exit {
        Exit { code: 0, stdout: stdout.into() }
    }

    const GCLOUD: &str =
        r#"{"credential":{"access_token":"ya29","token_expiry":"2026-11-30T18:00:00Z"}}"#;

    #[test]
    fn gclouds_own_form_is_translated() {
        let answer = accept(Some(ExecApiVersion::V1Beta1), &ended(GCLOUD)).unwrap();
        assert_eq!(answer.api_version, ExecApiVersion::V1Beta1);
        assert_eq!(answer.fetched.token, Some("ya29".into()));
        assert_eq!(answer.fetched.expires, UnixTime::parse_rfc3339("2026-11-30T18:00:00Z"));
        let spoiled = GCLOUD.replace("ya29", "ya\\n29");
        let refused = accept(None, &ended(&spoiled)).unwrap_err();
        assert!(matches!(refused, PluginProblem::Output(OutputProblem::Token(_))), "{refused}");
    }

    #[test]
    fn gclouds_own_form_bare_is_an_error_that_says_what_to_do() {
        let refused = exec::accept(&Exec::default(), &ended(GCLOUD)).unwrap_err();
        let text = alloc::string::ToString::to_string(&refused);
        assert!(text.contains("gcloud config config-helper"), "{text}");
        assert!(text.contains("kubecred cache --"), "{text}");
        assert!(!text.contains("ya29"), "{text}");
    }

    #[test]
    fn the_version_asked_for_must_be_answered_and_any_known_one_if_none_was() {
        let answer = |version: &str| {
            ended(&alloc::format!(
                r#"{{"apiVersion":"client.authentication.k8s.io/{version}","status":{{"token":"t"}}}}"#
            ))
        };
        for version in [ExecApiVersion::V1, ExecApiVersion::V1Beta1] {
            let (_, short) = version.as_str().split_once('/').unwrap();
            let taken = accept(None, &answer(short)).unwrap();
            assert_eq!(taken.api_version, version);
            assert!(accept(Some(version), &answer(short)).is_ok());
        }
        assert!(accept(Some(ExecApiVersion::V1), &answer("v1beta1")).is_err());
        assert!(accept(None, &answer("v1alpha1")).is_err());
        let failed = accept(None, &Exit { code: 255, stdout: Secret::default() });
        assert_eq!(failed, Err(PluginProblem::Exit(255)));
    }

    #[test]
    fn lg_83_the_end_that_a_client_is_told_lies_before_the_real_one_and_never_in_the_past() {
        let told = |now: i64, ends: i64| {
            let answer = accept(None, &ended(GCLOUD)).unwrap();
            let ends = Some(UnixTime::from_secs(ends));
            let text = printed(&answer, ends, UnixTime::from_secs(now)).unwrap();
            let read = accept(None, &Exit { code: 0, stdout: text }).unwrap();
            read.fetched.expires.unwrap().as_millis() / 1000
        };
        assert_eq!(told(0, 900), 840);
        assert_eq!(told(0, 100), 90);
        assert_eq!(told(1000, 900), 900, "what has ended is handed on as it is");
    }
}
