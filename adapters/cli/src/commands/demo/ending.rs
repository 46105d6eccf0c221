//! How a demo ends: what came of it is printed, and then judged.

use crate::report::{Exit, Report};
use std::fmt::{Debug, Display};
use std::io::Write;

/// What came of a demo.
pub(super) trait Ending {
    /// For people.
    fn text(&self) -> String;
    /// For machines.
    fn json(&self) -> String;
    /// Whether it is a success.
    fn verdict(&self) -> Result<(), Report>;
}

/// Plays a demo and tells what came of it.
pub(super) fn play<E: Ending>(
    json: bool,
    demo: impl Future<Output = Result<E, Report>>,
) -> Result<(), Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(failed)?;
    let ending = runtime.block_on(demo)?;
    runtime.shutdown_background();

    let text = if json { ending.json() } else { ending.text() };
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| Report::output(&error))?;
    ending.verdict()
}

/// The demo cannot be played.
pub(super) fn failed(error: impl Display) -> Report {
    Report::new(Exit::ErrorStatus, format_args!("cannot set up the demo: {error}"))
}

/// The verdict on a demo under load: `failed` says which requests failed, `missing` is what was
/// planned and did not come about.
pub(super) fn judge(
    failed: Option<String>,
    interrupted: bool,
    missing: &[impl Debug],
) -> Result<(), Report> {
    if let Some(text) = failed {
        return Err(Report::new(Exit::ErrorStatus, text));
    }
    if interrupted {
        return Err(Report::new(Exit::Interrupted, "interrupted"));
    }
    match missing {
        [] => Ok(()),
        missing => {
            let text = format!("not everything planned came about: {missing:?} did not");
            Err(Report::new(Exit::ErrorStatus, text))
        }
    }
}
