//! What `explain` says is what `detect` and the machine do.

mod cases;
mod generated;
mod reasons;

use kubecred_core::kubeconfig::explain::{Explanation, FileFacts, Setting, explain};
use kubecred_core::{
    ConfigError, DetectionStep, Environment, Failure, FailureKind, Overrides, Profile, Secret,
    UnixTime, detect,
};
use std::collections::BTreeMap;

/// Files by path; whatever else is asked for is not there.
type Files = BTreeMap<String, String>;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

fn read(files: &Files, path: &str) -> Result<FileFacts, Failure> {
    let missing = || Failure::new(FailureKind::NotFound, "no such file");
    let contents = files.get(path).ok_or_else(missing)?;
    Ok(FileFacts { contents: Secret::from(contents.as_str()), mode: Some(0o600) })
}

/// Explains, with every program found but `missing-…`.
fn explained(files: &Files, overrides: &Overrides, environment: &Environment) -> Explanation {
    let request = explain(None, overrides.clone(), environment);
    let reads: Vec<_> = request.paths().iter().map(|path| read(files, path)).collect();
    let inputs = request.open(reads);
    let reads: Vec<_> = inputs.paths().iter().map(|path| read(files, path)).collect();
    let find = |name: &String| match name.contains("missing-") {
        true => Err(Failure::new(FailureKind::NotFound, "no such program")),
        false => Ok(format!("/bin/{name}")),
    };
    let programs = inputs.programs().iter().map(find).collect();
    inputs.finish(reads, programs, NOW)
}

/// What is used, by the code that is used.
fn detected(
    files: &Files,
    overrides: &Overrides,
    environment: &Environment,
) -> Result<Profile, ConfigError> {
    let mut detection = detect(None, overrides.clone(), environment);
    loop {
        let reads = detection.reads().iter();
        let reads = reads.map(|path| read(files, path).map(|facts| facts.contents)).collect();
        match detection.feed(reads)? {
            DetectionStep::Read(next) => detection = *next,
            DetectionStep::Done(profile) => return Ok(*profile),
        }
    }
}

fn all(explanation: &Explanation) -> impl Iterator<Item = &Setting> {
    explanation.settings.iter().chain(&explanation.credentials)
}

fn used<'e>(explanation: &'e Explanation, name: &str) -> Option<&'e Setting> {
    all(explanation).find(|setting| setting.used && setting.name == name)
}
