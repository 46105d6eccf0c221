//! What came of the demo, for people and for machines.

use super::plan::Incident;
use super::stage::Stage;
use super::way::Way;
use super::{DemoProxy, Tallies};
use crate::commands::demo::ending::{Ending, judge};
use crate::commands::demo::table::{self, count};
use crate::commands::demo::tally::Counts;
use crate::commands::demo::timeline::{self, Entry, Timeline};
use crate::report::Report;
use kubecred_core::printable;
use serde_json::{Value, json};
use std::time::Duration;

/// Everything that is told in the end.
pub(super) struct Outcome {
    lasted: Duration,
    workers: u32,
    rows: [(Way, Counts); Way::ALL.len()],
    plugin_runs: u64,
    plugin_failures: u64,
    reviews: u64,
    missing: Vec<Incident>,
    interrupted: bool,
    timeline: Vec<Entry>,
}

impl Outcome {
    /// Takes stock.
    pub(super) fn new(
        demo: &DemoProxy,
        stage: &Stage,
        tallies: &Tallies,
        timeline: &Timeline,
        interrupted: bool,
    ) -> Self {
        let came_about = |incident: &Incident| incident.came_about(stage, tallies);
        Self {
            lasted: timeline.elapsed(),
            workers: demo.workers,
            rows: Way::ALL.map(|way| (way, tallies[way as usize].read())),
            plugin_runs: stage.issuer.asked(),
            plugin_failures: stage.issuer.failed(),
            reviews: stage.reviews(),
            missing: Incident::ALL.into_iter().filter(|i| !came_about(i)).collect(),
            interrupted,
            timeline: timeline.entries(),
        }
    }

    fn sum(&self) -> Counts {
        self.rows.iter().map(|(_, counts)| *counts).sum()
    }
}

impl Ending for Outcome {
    fn verdict(&self) -> Result<(), Report> {
        let failed = self.sum().failed;
        let text =
            format!("{failed} requests failed that need not have; the timeline says which and why");
        judge((failed > 0).then_some(text), self.interrupted, &self.missing)
    }

    fn text(&self) -> String {
        let rows = self.rows.map(|(way, counts)| row(way.name(), counts, refused(way, counts)));
        let sum = self.sum();
        let refused = self.rows.iter().map(|(way, counts)| refused(*way, *counts)).sum();
        let rows = rows.into_iter().chain([row("all", sum, refused)]).collect::<Vec<_>>();
        let head = ["through", "requests", "failed", "told to wait", "refused", "longest answer"];
        let table = table::render(head, &rows);
        let timeline = timeline::render(&self.timeline);
        let (lasted, workers) = (self.lasted.as_secs_f64(), self.workers);
        let [(_, proxy), gate @ ..] = &self.rows;
        let guarded = gate.iter().map(|(_, counts)| counts.requests).sum();
        let text = format!(
            "What happened, and why:\n\n{timeline}\n\
             What {workers} workers saw in {lasted:.1} s:\n\n{table}\n\
             told to wait: by 503 with Retry-After, while the API server was down, and then answered\n\
             behind the proxy: {} plugin runs, {} failed; {} rotations; {} requests refused by the \
             API server, and sent again with a fresh token\n\
             behind the gate: {} token reviews for {} requests\n",
            count(self.plugin_runs),
            count(self.plugin_failures),
            count(proxy.rotations),
            count(proxy.refused),
            count(self.reviews),
            count(guarded),
        );
        printable(&text)
    }

    fn json(&self) -> String {
        let through = |(way, counts): &(Way, Counts)| {
            json!({
                "through": way.name(),
                "requests": counts.requests,
                "failed": counts.failed,
                "toldToWait": counts.told_to_wait,
                "refused": refused(*way, *counts),
                "longestAnswerSeconds": counts.longest.as_secs_f64(),
            })
        };
        let (sum, [(_, proxy), ..]) = (self.sum(), &self.rows);
        let whole = json!({
            "seconds": self.lasted.as_secs_f64(),
            "workers": self.workers,
            "requests": sum.requests,
            "failed": sum.failed,
            "interrupted": self.interrupted,
            "notComeAbout": self.missing.iter().map(|i| format!("{i:?}")).collect::<Vec<_>>(),
            "through": self.rows.iter().map(through).collect::<Vec<Value>>(),
            "pluginRuns": self.plugin_runs,
            "pluginFailures": self.plugin_failures,
            "rotations": proxy.rotations,
            "retries": proxy.refused,
            "tokenReviews": self.reviews,
            "timeline": timeline::json(&self.timeline),
        });
        format!("{whole:#}\n")
    }
}

/// How often a caller was refused. What the API server refuses the proxy, callers do not notice.
fn refused(way: Way, counts: Counts) -> u64 {
    if way == Way::Proxy { 0 } else { counts.refused }
}

fn row(name: &str, counts: Counts, refused: u64) -> [String; 6] {
    let longest = u64::try_from(counts.longest.as_millis()).unwrap_or(u64::MAX);
    [
        name.into(),
        count(counts.requests),
        count(counts.failed),
        count(counts.told_to_wait),
        count(refused),
        format!("{} ms", count(longest)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(failed: u64, missing: Vec<Incident>, interrupted: bool) -> Outcome {
        let counts = Counts { requests: 10, failed, ..Counts::default() };
        Outcome {
            lasted: Duration::from_secs(1),
            workers: 5,
            rows: Way::ALL.map(|way| (way, counts)),
            plugin_runs: 1,
            plugin_failures: 0,
            reviews: 1,
            missing,
            interrupted,
            timeline: Vec::new(),
        }
    }

    #[test]
    fn a_request_that_need_not_have_failed_is_a_failure_of_the_demo() {
        let said = |outcome: Outcome| outcome.verdict().map_err(|report| report.to_string());
        assert_eq!(said(outcome(0, Vec::new(), false)), Ok(()));
        let failed = said(outcome(2, Vec::new(), true)).unwrap_err();
        assert!(failed.contains("8 requests failed"), "{failed}");
        let missing = said(outcome(0, vec![Incident::Outage], false)).unwrap_err();
        assert!(missing.contains("[Outage] did not"), "{missing}");
        assert_eq!(said(outcome(0, Vec::new(), true)), Err("error: interrupted\n".to_owned()));
    }
}
