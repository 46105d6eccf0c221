//! Every file of the corpus, and every hostile one, against what kubectl made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use kubecred_hostile::{Size, kubeconfigs};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kubeconfig::Kubeconfig;
use crate::kubectl::{Answer, Kubectl};

/// A line of `answers.jsonl`.
#[derive(Serialize, Deserialize)]
struct Line {
    case: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
}

impl Line {
    fn new(case: &str, answer: Answer) -> Self {
        let (error, json) = match answer {
            Answer::Read(json) => (None, Some(json)),
            Answer::ReadMuch => (None, None),
            Answer::Refused(error) => (Some(error), None),
        };
        Self { case: case.to_owned(), error, json }
    }

    fn answer(self) -> Answer {
        match (self.error, self.json) {
            (Some(error), _) => Answer::Refused(error),
            (None, Some(json)) => Answer::Read(json),
            (None, None) => Answer::ReadMuch,
        }
    }
}

/// A line of `differences.jsonl`.
#[derive(Deserialize)]
struct Difference {
    case: String,
    kubectl: String,
    ours: String,
    reason: String,
}

#[test]
fn corpus_reads_as_kubectl_reads_it() {
    let cases = cases();
    let answers = answers(&cases);
    assert_eq!(answers.keys().collect::<Vec<_>>(), cases.keys().collect::<Vec<_>>());
    let mut deliberate: BTreeMap<String, Difference> = lines("differences.jsonl")
        .into_iter()
        .map(|difference: Difference| (difference.case.clone(), difference))
        .collect();
    let mut faults = Vec::new();
    for (case, bytes) in &cases {
        let found = difference(bytes, &answers[case]);
        let expected = deliberate.remove(case);
        match (found, expected) {
            (None, None) => {}
            (Some(found), None) => faults.push(format!("{case}: {found:?}")),
            (None, Some(_)) => faults.push(format!("{case}: listed as a difference, and is none")),
            (Some((kubectl, ours, _)), Some(listed)) => {
                assert!(!listed.reason.is_empty(), "{case}: no reason");
                if (kubectl, ours) != (listed.kubectl.as_str(), listed.ours.as_str()) {
                    faults.push(format!("{case}: another difference than listed"));
                }
            }
        }
    }
    faults.extend(deliberate.keys().map(|case| format!("{case}: listed, and no such case")));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// `None` when we agree with kubectl: both refuse, or both accept and hold the same.
fn difference(bytes: &[u8], answer: &Answer) -> Option<(&'static str, &'static str, String)> {
    match (answer, Kubeconfig::read(bytes)) {
        (Answer::Refused(_), Err(_)) | (Answer::ReadMuch, Ok(_)) => None,
        (Answer::Refused(error), Ok(_)) => Some(("refuses", "accepts", error.clone())),
        (_, Err(error)) => Some(("accepts", "refuses", error)),
        (Answer::Read(json), Ok(ours)) => {
            let theirs = Kubeconfig::viewed(json.clone());
            (theirs != ours).then(|| ("reads", "differs", format!("{theirs:#?} {ours:#?}")))
        }
    }
}

/// The cases on file.
pub(crate) fn kept() -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(vectors().join("cases"))
        .expect("the corpus")
        .map(|entry| entry.expect("a file of the corpus").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("a readable file"))
        })
        .collect()
}

/// The cases in which kubecred differs on purpose.
pub(crate) fn deliberate() -> BTreeSet<String> {
    lines("differences.jsonl").into_iter().map(|listed: Difference| listed.case).collect()
}

/// Those, and the ones too big to keep.
fn cases() -> BTreeMap<String, Vec<u8>> {
    let mut cases = kept();
    for (name, bytes) in kubeconfigs(Size::Full) {
        let before = cases.insert(format!("hostile/{name}"), bytes);
        assert!(before.is_none(), "{name} comes twice");
    }
    assert!(cases.len() > 290, "the corpus is there as a whole");
    cases
}

/// The answers on file; asked anew from the kubectl on `PATH`, and written, if
/// `KUBECRED_ASK_KUBECTL` is set.
fn answers(cases: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Answer> {
    if std::env::var_os("KUBECRED_ASK_KUBECTL").is_some() {
        let kubectl = Kubectl::new("corpus");
        let text: String = cases
            .iter()
            .map(|(case, bytes)| {
                let line = Line::new(case, kubectl.view(bytes));
                serde_json::to_string(&line).expect("an answer as JSON") + "\n"
            })
            .collect();
        std::fs::write(vectors().join("answers.jsonl"), text).expect("answers written");
    }
    answers_on_file()
}

pub(crate) fn answers_on_file() -> BTreeMap<String, Answer> {
    lines("answers.jsonl")
        .into_iter()
        .map(|line: Line| (line.case.clone(), line.answer()))
        .collect()
}

fn lines<T: for<'de> Deserialize<'de>>(file: &str) -> Vec<T> {
    let text = std::fs::read_to_string(vectors().join(file)).expect("a file of the corpus");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/yaml")
}
