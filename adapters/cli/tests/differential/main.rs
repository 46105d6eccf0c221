//! kubeconfigs that nobody wrote, and kubectl to say what each of them means: both programs are run
//! with each against a server that writes down what it sees, and must do the same.
//!
//! A case is a recipe (`recipe.rs`): of some axes (`axes`), a variant. There is each variant alone,
//! there are combinations that somebody chose (`chosen.rs`), and random ones from a seed:
//!
//! ```sh
//! KUBECRED_SEED=7 KUBECRED_CASES=2000 cargo test -p kubecred --test differential generated
//! ```
//!
//! Where they differ, choices are left out until nothing more can be, and the shortest recipe is
//! printed with what differs, to be pasted into `chosen.rs` once it is mended. Where kubecred means
//! to differ, `intended.rs` says what it must do instead.
#![cfg(unix)]

#[path = "../support/case.rs"]
#[expect(dead_code, reason = "cases by hand need more of it")]
mod case;
#[path = "../support/observation.rs"]
#[expect(dead_code, reason = "cases by hand need more of it")]
mod observation;
#[path = "../support/plugin.rs"]
#[expect(dead_code, reason = "cases by hand need more of it")]
mod plugin;
#[path = "../support/programs.rs"]
mod programs;

mod axes;
mod axis;
mod blanks;
mod chosen;
mod compare;
mod draft;
mod generate;
mod intended;
mod layout;
mod recipe;
mod stage;

use compare::{Verdict, compare, details, shorten};
use intended::{INTENDED, Intended, SETTLED};
use programs::Program;
use recipe::Recipe;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The seed, unless `KUBECRED_SEED` is another: the same cases with every run.
const SEED: u64 = 1;

/// How many random cases there are, unless `KUBECRED_CASES` says otherwise.
const RANDOM: usize = 300;

/// How many cases each of the older kubectls is asked about.
const SAMPLE: usize = 24;

/// How many cases are under way at once: kubectl is busy, servers and plugins wait.
const AT_ONCE: usize = 4;

/// How many differences are looked into, and how many of those are shown with their kubeconfig.
const SHOWN: usize = 8;
const DETAILED: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_kubeconfigs_are_used_as_kubectl_uses_them() {
    compare_with(&Program::kubectl()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_kubeconfigs_are_used_as_the_newest_kubectl_uses_them() {
    compare_with(&Program::kubectl_version(kubecred_kubectl::NEWEST)).await;
}

async fn compare_with(oracle: &Program) {
    let seed = number("KUBECRED_SEED", SEED);
    let count = number("KUBECRED_CASES", RANDOM as u64) as usize;
    let mut recipes = generate::singles();
    recipes.extend(generate::chosen());
    recipes.extend(generate::random(seed, count));
    let tally = Tally::of(recipes, oracle).await;
    tell(&format!("{}, seed {seed}: {}", oracle.name, tally.summary()));
    assert!(tally.different.is_empty(), "seed {seed}\n{}", tally.report().await);
    assert!(tally.compared >= 500 || count < RANDOM, "{} are too few", tally.compared);
    for intended in INTENDED {
        let rule = intended.rule;
        let settled = oracle.name.ends_with(&format!("1.{}", kubecred_kubectl::NEWEST))
            && SETTLED.contains(&rule);
        let found = tally.intended.contains_key(rule);
        assert!(found != settled, "{rule}: whether it is a difference has changed");
    }
    let answered = tally.by_code.get(&0).copied().unwrap_or_default();
    assert!(answered * 3 > tally.compared, "only {answered} got an answer: the mix is no test");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_kubectls_use_a_sample_in_the_same_way() {
    let whole = [kubecred_kubectl::USUAL, kubecred_kubectl::NEWEST];
    let others =
        kubecred_kubectl::versions().into_iter().filter(|(minor, _)| !whole.contains(minor));
    for oracle in others.map(|(minor, _)| Program::kubectl_version(minor)) {
        // Other ones for each.
        let seed = oracle.name.bytes().fold(SEED, |seed, byte| seed * 31 + u64::from(byte));
        let tally = Tally::of(generate::random(seed, SAMPLE), &oracle).await;
        tell(&format!("{}: {}", oracle.name, tally.summary()));
        assert!(tally.different.is_empty(), "{}\n{}", oracle.name, tally.report().await);
    }
}

/// What came of many cases.
struct Tally {
    oracle: Program,
    compared: usize,
    /// Cases in which both did the same, by kubecred's exit code.
    by_code: BTreeMap<i32, usize>,
    intended: BTreeMap<&'static str, usize>,
    different: Vec<(Recipe, compare::Difference)>,
}

impl Tally {
    async fn of(recipes: Vec<Recipe>, oracle: &Program) -> Self {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut cases = JoinSet::new();
        for recipe in recipes {
            let (turns, oracle) = (Arc::clone(&turns), oracle.clone());
            cases.spawn(async move {
                let _turn = turns.acquire().await.expect("nobody closes it");
                let verdict = compare(&recipe, &oracle).await;
                (recipe, verdict)
            });
        }
        let mut tally = Self {
            oracle: oracle.clone(),
            compared: 0,
            by_code: BTreeMap::new(),
            intended: BTreeMap::new(),
            different: Vec::new(),
        };
        while let Some(case) = cases.join_next().await {
            let (recipe, verdict) = case.expect("a case is carried out");
            tally.compared += 1;
            match verdict {
                Verdict::Same(code) => *tally.by_code.entry(code).or_default() += 1,
                Verdict::Intended(rules) => {
                    rules.iter().for_each(|rule| *tally.intended.entry(rule).or_default() += 1);
                }
                Verdict::Different(difference) => tally.different.push((recipe, difference)),
            }
        }
        tally.different.sort_by(|one, other| one.0.cmp(&other.0));
        tally
    }

    fn summary(&self) -> String {
        let same: usize = self.by_code.values().sum();
        let mut text = format!(
            "compared {}, same {same} (by exit code: {:?}), differences {}",
            self.compared,
            self.by_code,
            self.different.len()
        );
        for Intended { rule, reason, .. } in INTENDED {
            if let Some(cases) = self.intended.get(rule) {
                let _ = write!(text, "\n  meant in {cases}: {rule}: {reason}");
            }
        }
        text
    }

    /// The differences, each as short as it gets, and no two the same.
    async fn report(self) -> String {
        let mut shortest = BTreeMap::new();
        let all = self.different.len();
        for (recipe, difference) in self.different.into_iter().take(SHOWN) {
            let (recipe, difference) = shorten(&recipe, &self.oracle, difference).await;
            shortest.insert(recipe, difference);
        }
        let mut report =
            format!("{all} differ; the first of them, kubectl (-) and kubecred (+):\n\n");
        for (index, (recipe, difference)) in shortest.iter().enumerate() {
            let _ = writeln!(report, "{}", difference.report(recipe, &self.oracle));
            if index < DETAILED {
                let _ = writeln!(report, "{}", details(recipe));
            }
        }
        report
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let Ok(text) = std::env::var(variable) else { return otherwise };
    text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text:?}"))
}

/// Tells it whether or not the test fails.
fn tell(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output");
}

#[test]
fn names_are_said_once() {
    let mut names = std::collections::BTreeSet::new();
    for axis in Recipe::axes() {
        for variant in axis.variants {
            let choice = format!("{}={}", axis.name, variant.name);
            assert!(names.insert(choice.clone()), "{choice} comes twice");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_cases() {
    assert_eq!(generate::random(3, 50), generate::random(3, 50));
    assert_ne!(generate::random(3, 50), generate::random(4, 50));
}
