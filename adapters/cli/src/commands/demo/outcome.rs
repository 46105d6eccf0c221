//! What came of the demo, for people and for machines.

use super::Demo;
use super::ending::{Ending, judge};
use super::login::Login;
use super::plan::Incident;
use super::table::{self, count};
use super::tally::Counts;
use super::timeline::{self, Entry, Timeline};
use super::world::{Tallies, World};
use crate::report::Report;
use kubecred_core::printable;
use serde_json::{Value, json};
use std::time::Duration;

/// Everything that is told in the end.
pub(crate) struct Outcome {
    lasted: Duration,
    workers: u32,
    rows: [(Login, Counts); Login::ALL.len()],
    plugin_runs: u64,
    plugin_failures: u64,
    missing: Vec<Incident>,
    interrupted: bool,
    timeline: Vec<Entry>,
}

impl Outcome {
    /// Takes stock.
    pub(crate) fn new(
        demo: &Demo,
        world: &World,
        tallies: &Tallies,
        timeline: &Timeline,
        interrupted: bool,
    ) -> Self {
        let came_about = |incident: &Incident| incident.came_about(world, tallies);
        Self {
            lasted: timeline.elapsed(),
            workers: demo.workers,
            rows: Login::ALL.map(|login| (login, tallies[login as usize].read())),
            plugin_runs: world.issuer.asked(),
            plugin_failures: world.issuer.failed(),
            missing: Incident::ALL.into_iter().filter(|i| !came_about(i)).collect(),
            interrupted,
            timeline: timeline.entries(),
        }
    }

    fn sum(&self) -> Counts {
        self.rows.iter().map(|(_, counts)| *counts).sum()
    }

    fn row(&self, name: &str, counts: Counts, login: Option<Login>) -> [String; 7] {
        let runs = match login {
            None | Some(Login::Plugin) => count(self.plugin_runs),
            Some(_) => "-".into(),
        };
        [
            name.into(),
            count(counts.requests),
            count(counts.failed),
            count(counts.refused),
            format!("{} ms", count(u64::try_from(counts.longest.as_millis()).unwrap_or(u64::MAX))),
            runs,
            count(counts.rotations),
        ]
    }
}

impl Ending for Outcome {
    fn verdict(&self) -> Result<(), Report> {
        let failed = self.sum().failed;
        let text = format!("{failed} requests failed; the timeline says why");
        judge((failed > 0).then_some(text), self.interrupted, &self.missing)
    }

    fn text(&self) -> String {
        let rows = self.rows.map(|(login, counts)| self.row(login.name(), counts, Some(login)));
        let rows = rows.into_iter().chain([self.row("all", self.sum(), None)]).collect::<Vec<_>>();
        let head = [
            "login",
            "requests",
            "failed",
            "sent again",
            "longest wait",
            "plugin runs",
            "rotations",
        ];
        let table = table::render(head, &rows);
        let timeline = timeline::render(&self.timeline);
        let (lasted, workers) = (self.lasted.as_secs_f64(), self.workers);
        let text = format!(
            "What was decided, and why:\n\n{timeline}\n\
             What {workers} workers saw in {lasted:.1} s:\n\n{table}\n\
             sent again: after a 401, with a fresh credential, within the same call\n"
        );
        printable(&text)
    }

    fn json(&self) -> String {
        let login = |(login, counts): &(Login, Counts)| {
            let mut row = json!({
                "login": login.name(),
                "requests": counts.requests,
                "failed": counts.failed,
                "retries": counts.refused,
                "longestWaitSeconds": counts.longest.as_secs_f64(),
                "rotations": counts.rotations,
                "failedRenewals": counts.failures_to_renew,
            });
            if *login == Login::Plugin {
                row["pluginRuns"] = self.plugin_runs.into();
                row["pluginFailures"] = self.plugin_failures.into();
            }
            row
        };
        let sum = self.sum();
        let whole = json!({
            "seconds": self.lasted.as_secs_f64(),
            "workers": self.workers,
            "requests": sum.requests,
            "failed": sum.failed,
            "interrupted": self.interrupted,
            "notComeAbout": self.missing.iter().map(|i| format!("{i:?}")).collect::<Vec<_>>(),
            "logins": self.rows.iter().map(login).collect::<Vec<Value>>(),
            "timeline": timeline::json(&self.timeline),
        });
        format!("{whole:#}\n")
    }
}
