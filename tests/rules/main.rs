//! Every rule of `rules.tsv` is held by a test that names it, or stands in `exceptions.tsv`.
//! `README.md` has the conventions.

mod list;
mod names;
mod sources;

use list::{Exception, Kind, Rule, Stance};
use names::Claim;
use sources::TestFunction;
use std::collections::BTreeSet;
use std::fmt;
use std::io::Write;

/// How many rules may be `open`. It is lowered from time to time, never raised.
const OPEN_AT_MOST: usize = 100;

#[test]
fn every_rule_is_held_by_a_test_or_does_not_apply() {
    let rules = list::rules(include_str!("rules.tsv"));
    let exceptions = list::exceptions(include_str!("exceptions.tsv"));
    let coverage = Coverage::new(&rules, &exceptions, &sources::workspace());
    // Past the harness, which swallows what a test that passes prints.
    writeln!(std::io::stdout(), "{coverage}").expect("standard output");
    assert!(coverage.complaints.is_empty(), "\n{}\n", coverage.complaints.join("\n"));
    assert!(coverage.open <= OPEN_AT_MOST, "{} rules are open", coverage.open);
}

/// Which rules have tests, and everything that is wrong with that.
#[derive(Debug, Default)]
struct Coverage {
    rules: usize,
    covered: usize,
    not_applicable: usize,
    open: usize,
    complaints: Vec<String>,
}

impl Coverage {
    fn new(rules: &[Rule], exceptions: &[Exception], tests: &[TestFunction]) -> Self {
        let claims: Vec<(Claim, &TestFunction)> = tests
            .iter()
            .flat_map(|test| names::claims(&test.name).into_iter().map(move |claim| (claim, test)))
            .collect();
        let of = |kind| exceptions.iter().filter(|exception| exception.kind == kind).count();
        let mut coverage = Self {
            rules: rules.len(),
            not_applicable: of(Kind::NotApplicable),
            open: of(Kind::Open),
            ..Self::default()
        };
        coverage.check_ids(rules, exceptions, &claims);
        for rule in rules {
            let holding = claims.iter().filter(|(claim, _)| claim.covers(&rule.id));
            let holding: Vec<&TestFunction> = holding.map(|(_, test)| *test).collect();
            let exception = exceptions.iter().find(|exception| exception.id == rule.id);
            coverage.check_rule(rule, exception, &holding);
        }
        coverage
    }

    /// Every id in the tables and in the names of tests is that of one rule.
    fn check_ids(
        &mut self,
        rules: &[Rule],
        exceptions: &[Exception],
        claims: &[(Claim, &TestFunction)],
    ) {
        let known: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        if known.len() < rules.len() {
            self.complain("rules.tsv: an id stands there twice");
        }
        let excepted: BTreeSet<&str> = exceptions.iter().map(|e| e.id.as_str()).collect();
        if excepted.len() < exceptions.len() {
            self.complain("exceptions.tsv: an id stands there twice");
        }
        for id in excepted.difference(&known) {
            self.complain(format!("exceptions.tsv: {id} is no rule"));
        }
        for (claim, test) in claims {
            for id in claim.ends().iter().filter(|id| !known.contains(id.as_str())) {
                let (name, file) = (&test.name, test.file.display());
                self.complain(format!("{file}: {name} names {id}, which is no rule"));
            }
        }
        for Exception { id, reason, .. } in exceptions {
            let vague = ["not yet", "todo", "later"];
            if vague.iter().any(|words| reason.to_lowercase().contains(words)) {
                self.complain(format!("exceptions.tsv: {id}: {reason:?} is no reason"));
            }
        }
    }

    fn check_rule(
        &mut self,
        Rule { id, stance }: &Rule,
        exception: Option<&Exception>,
        holding: &[&TestFunction],
    ) {
        match (exception, holding) {
            (None, []) => self.complain(format!("{id}: no test has it in its name")),
            (None, _) => {
                self.covered += 1;
                self.check_stance(id, *stance, holding);
            }
            (Some(_), []) => {}
            (Some(_), [test, ..]) => {
                let name = &test.name;
                self.complain(format!("{id}: {name} holds it: take it out of exceptions.tsv"));
            }
        }
    }

    /// A test that holds something else than client-go's behaviour says so, in its doc comment or
    /// right after the ids in its name.
    fn check_stance(&mut self, id: &str, stance: Stance, holding: &[&TestFunction]) {
        let Some(mark) = stance.mark() else { return };
        let says = |test: &&TestFunction| {
            names::is_improved(&test.name) || test.docs.iter().any(|line| line.starts_with(mark))
        };
        if !holding.iter().any(says) {
            let names: Vec<&str> = holding.iter().map(|test| test.name.as_str()).collect();
            self.complain(format!(
                "{id}: no doc comment says {mark:?} and what is better, of {}",
                names.join(", ")
            ));
        }
    }

    fn complain(&mut self, complaint: impl Into<String>) {
        self.complaints.push(complaint.into());
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { covered, not_applicable, open, rules, .. } = self;
        write!(f, "rules: {covered} covered, {not_applicable} not applicable")?;
        if *open > 0 {
            write!(f, ", {open} open")?;
        }
        write!(f, ", of {rules} (tests/rules/rules.tsv)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(exceptions: &str, tests: &[(&str, &str)]) -> Vec<String> {
        let rules = list::rules(
            "id\n\
            KC-1\t1.1\tM\tone\nKC-2\t1.1\tI\ttwo\nKC-5\t1.1\tO\tfive\n",
        );
        let exceptions = list::exceptions(&["id\n", exceptions].concat());
        let tests: Vec<TestFunction> = tests
            .iter()
            .map(|(name, docs)| TestFunction {
                name: (*name).into(),
                docs: vec![(*docs).into()],
                file: "x.rs".into(),
            })
            .collect();
        Coverage::new(&rules, &exceptions, &tests).complaints
    }

    const ALL: [(&str, &str); 3] =
        [("kc_1_a", ""), ("kc_2_b", "I: better."), ("kc_5_c", "O: choose.")];

    #[test]
    fn a_rule_without_a_test_is_missed() {
        assert_eq!(complaints("", &ALL), [""; 0]);
        assert_eq!(complaints("", &ALL[1..]), ["KC-1: no test has it in its name"]);
        assert_eq!(complaints("KC-1\tnot applicable\twe have no such\n", &ALL[1..]), [""; 0]);
        assert_eq!(complaints("KC-1\topen\tits theme\n", &ALL[1..]), [""; 0]);
        assert_eq!(complaints("", &[("kc_1_to_5_all", "I: O: x"), ALL[2]]), [""; 0]);
    }

    #[test]
    fn an_exception_for_a_rule_with_a_test_or_for_no_rule_is_noticed() {
        for kind in ["open", "not applicable"] {
            let found = complaints(&format!("KC-1\t{kind}\tsome reason\n"), &ALL);
            assert_eq!(found, ["KC-1: kc_1_a holds it: take it out of exceptions.tsv"]);
            let found = complaints(&format!("KC-3\t{kind}\tsome reason\n"), &ALL);
            assert_eq!(found, ["exceptions.tsv: KC-3 is no rule"]);
        }
        let twice = "KC-1\topen\tx\nKC-1\topen\tx\n";
        assert_eq!(complaints(twice, &ALL[1..]), ["exceptions.tsv: an id stands there twice"]);
        let found = complaints("KC-1\tnot applicable\tNot yet built\n", &ALL[1..]);
        assert_eq!(found, ["exceptions.tsv: KC-1: \"Not yet built\" is no reason"]);
    }

    #[test]
    fn a_name_that_claims_no_rule_is_noticed() {
        let mut tests = ALL.to_vec();
        tests.push(("kc_3_x", ""));
        assert_eq!(complaints("", &tests), ["x.rs: kc_3_x names KC-3, which is no rule"]);
        tests[3] = ("kc_1_to_4_x", "");
        assert_eq!(complaints("", &tests), ["x.rs: kc_1_to_4_x names KC-4, which is no rule"]);
    }

    #[test]
    fn a_deliberate_difference_is_said() {
        let found = complaints("", &[ALL[0], ("kc_2_b", "Better."), ALL[2]]);
        assert_eq!(found, ["KC-2: no doc comment says \"I: \" and what is better, of kc_2_b"]);
        let found = complaints("", &[ALL[0], ALL[1], ("kc_5_b", "I: x")]);
        assert_eq!(found, ["KC-5: no doc comment says \"O: \" and what is better, of kc_5_b"]);
        assert!(complaints("", &[ALL[0], ("kc_2_improved_b", ""), ALL[2]]).is_empty());
    }
}
