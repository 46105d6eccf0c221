//! Files that nobody chose, against the kubectl on `PATH`.

use crate::corpus;
use crate::kubeconfig::Kubeconfig;
use crate::kubectl::{Answer, Kubectl};

/// How many files are tried; each takes kubectl about 50 ms.
const FILES: usize = 160;

const BASE: &str = "\
apiVersion: v1
kind: Config
current-context: x
clusters:
- name: c
  cluster:
    server: https://h:6443
users:
- name: u
  user:
    token: abc
contexts:
- name: x
  context:
    cluster: c
    user: u
    namespace: ns
    extensions:
    - name: e
      extension: {k: v}
";

/// What mutations are made of.
const ATOMS: &[&str] = &[
    "0",
    "1",
    "9",
    "12",
    "0x",
    "0o",
    "0b",
    ".",
    "e",
    "E",
    "+",
    "-",
    "_",
    ":",
    " ",
    "#",
    "~",
    "yes",
    "no",
    "on",
    "null",
    "true",
    "False",
    ".inf",
    ".nan",
    "\"",
    "'",
    "\\",
    "\\n",
    "\\x41",
    "\\u00e9",
    "&a ",
    "*a",
    "!!str ",
    "!!int ",
    "!!float ",
    "!!binary ",
    "! ",
    "!foo ",
    "|",
    ">",
    "|-",
    ">-",
    "\n",
    "\n  ",
    "\n      ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "? ",
    "- ",
    "<<",
    "<<: ",
    "=",
    "%",
    "@",
    "`",
    "\u{e9}",
    "\u{85}",
    "2001-12-14",
    "T",
    "Z",
    "a",
    "abc",
    "\r",
    "---",
    "...",
];

/// Deliberate differences that a mutation can hit, by what kubectl says. Each is in the corpus
/// too, where its reason stands.
const DELIBERATE: &[&str] = &[
    "unknown escape character",
    "unknown directive name",
    "could not find expected directive name",
    "found unexpected non-alphabetical character",
];

/// Whether it is on purpose that we refuse what kubectl accepts, for this error.
///
/// Behind a root in brackets kubectl looks at nothing, and in the middle of a tag at little.
fn refused_on_purpose(file: &str, error: &str) -> bool {
    let behind = ["misplaced bracket", "invalid trailing content", "cannot be a key"];
    let root_in_brackets = file.starts_with(['{', '[']);
    root_in_brackets && behind.iter().any(|known| error.contains(known))
        || error.contains("while scanning a tag, did not find expected whitespace")
}

/// Whether it may be on purpose that we accept what kubectl refuses, for this error: a plain scalar
/// between brackets does not end with a question mark. Then it would go on with any other character.
fn without_question_marks(file: &str, error: &str) -> Option<String> {
    let torn_apart = error.contains("did not find expected ',' or ");
    (torn_apart && file.contains('?')).then(|| file.replace('?', "q"))
}

#[test]
fn mutated_kubeconfigs_read_as_kubectl_reads_them() {
    let mut random = Random(0x5eed_0f1e_55ed_cafe);
    let files: Vec<String> = (0..FILES).map(|_| mutation(&mut random)).collect();
    let (left, right) = files.split_at(FILES / 2);
    let (left, right) = std::thread::scope(|scope| {
        let left = scope.spawn(|| compare(&Kubectl::new("mutations-left"), left));
        (compare(&Kubectl::new("mutations-right"), right), left.join().expect("a thread"))
    });
    let accepted = left.accepted + right.accepted;
    let faults: Vec<String> = left.faults.into_iter().chain(right.faults).collect();
    assert!(faults.is_empty(), "{} of {FILES} differ:\n{}", faults.len(), faults.join("\n\n"));
    assert!((FILES / 5..FILES).contains(&accepted), "{accepted} accepted: the mix is no test");
}

/// How many files are made from those of the corpus.
const FROM_CORPUS: usize = 240;

#[test]
fn mutated_files_of_the_corpus_read_as_kubectl_reads_them() {
    let seed = match std::env::var("KUBECRED_SEED") {
        Ok(seed) => seed.parse().expect("KUBECRED_SEED is a number"),
        Err(_) => 1_u64,
    };
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    // What differs on purpose would differ again.
    let deliberate = corpus::deliberate();
    let bases: Vec<Vec<u8>> = corpus::kept()
        .into_iter()
        .filter(|(case, bytes)| !deliberate.contains(case) && bytes.len() < 4096)
        .map(|(_, bytes)| bytes)
        .collect();
    let files: Vec<String> = (0..FROM_CORPUS)
        .map(|_| {
            let base = &bases[random.below(bases.len())];
            changed(String::from_utf8_lossy(base).chars().collect(), &mut random)
        })
        .collect();
    let (left, right) = files.split_at(FROM_CORPUS / 2);
    let (left, right) = std::thread::scope(|scope| {
        let left = scope.spawn(|| compare(&Kubectl::new("corpus-left"), left));
        (compare(&Kubectl::new("corpus-right"), right), left.join().expect("a thread"))
    });
    let accepted = left.accepted + right.accepted;
    let faults: Vec<String> = left.faults.into_iter().chain(right.faults).collect();
    let summary = format!("seed {seed}: {} of {FROM_CORPUS} differ", faults.len());
    assert!(faults.is_empty(), "{summary}:\n{}", faults.join("\n========\n"));
    assert!((FROM_CORPUS / 5..FROM_CORPUS).contains(&accepted), "{accepted}: the mix is no test");
}

/// A file with some characters, words or lines changed.
fn changed(mut text: Vec<char>, random: &mut Random) -> String {
    for _ in 0..=random.below(2) {
        let at = random.below(text.len().max(1)).min(text.len());
        let end = (at + 1).min(text.len());
        let atom = ATOMS[random.below(ATOMS.len())].chars();
        let line = text[..at].iter().rposition(|c| *c == '\n').map_or(0, |found| found + 1);
        let line_end =
            text[at..].iter().position(|c| *c == '\n').map_or(text.len(), |found| at + found + 1);
        match random.below(6) {
            0 => drop(text.drain(at..end)),
            1 => drop(text.splice(at..at, atom)),
            2 => drop(text.splice(at..end, atom)),
            // A line twice, a line less, the end gone.
            3 => {
                let twice = text[line..line_end].to_vec();
                text.splice(line..line, twice);
            }
            4 => drop(text.drain(line..line_end)),
            _ => text.truncate(at),
        }
    }
    text.into_iter().collect()
}

struct Comparison {
    /// How many kubectl accepted.
    accepted: usize,
    faults: Vec<String>,
}

fn compare(kubectl: &Kubectl, files: &[String]) -> Comparison {
    let mut comparison = Comparison { accepted: 0, faults: Vec::new() };
    for file in files {
        let fault = fault(kubectl, file, &mut comparison.accepted);
        comparison.faults.extend(fault.map(|fault| format!("{file}\n{fault}")));
    }
    comparison
}

/// What is wrong with how we read a file.
fn fault(kubectl: &Kubectl, file: &str, accepted: &mut usize) -> Option<String> {
    match (kubectl.view(file.as_bytes()), Kubeconfig::read(file.as_bytes())) {
        (Answer::Refused(_), Err(_)) => None,
        (Answer::Refused(error), Ok(_)) => {
            if let Some(other) = without_question_marks(file, &error) {
                return fault(kubectl, &other, accepted);
            }
            let deliberate = DELIBERATE.iter().any(|known| error.contains(known));
            (!deliberate).then(|| format!("kubectl refuses: {error}"))
        }
        (answer, ours) => {
            *accepted += 1;
            let Answer::Read(json) = answer else { panic!("much JSON from so small a file") };
            match ours {
                Err(error) if refused_on_purpose(file, &error) => None,
                Err(error) => Some(format!("we refuse: {error}")),
                Ok(ours) => (Kubeconfig::viewed(json.clone()) != ours)
                    .then(|| format!("kubectl reads {json}\nwe read {ours:?}")),
            }
        }
    }
}

/// Another scalar, another field, or the file with some characters changed.
fn mutation(random: &mut Random) -> String {
    let scalar = scalar(random);
    match random.below(100) {
        0..35 => BASE.replace("token: abc", &format!("token: {scalar}")),
        35..45 => BASE.replace("namespace: ns", &format!("namespace: {scalar}")),
        45..50 => BASE.replace("current-context: x", &format!("current-context: {scalar}")),
        50..60 => BASE.replace("k: v", &format!("k: {scalar}, j: v")),
        60..70 => BASE.replace("{k: v}", &format!("\n        k: {scalar}\n        {scalar}: v")),
        70..80 => {
            let key = self::scalar(random);
            BASE.replace("    token: abc", &format!("    token: abc\n    {key}: {scalar}"))
        }
        _ => {
            let mut text: Vec<char> = BASE.chars().collect();
            for _ in 0..=random.below(3) {
                let at = random.below(text.len());
                let atom = ATOMS[random.below(ATOMS.len())].chars();
                match random.below(5) {
                    0 | 1 => drop(text.remove(at)),
                    2 | 3 => drop(text.splice(at..at, atom)),
                    _ => drop(text.splice(at..=at, atom)),
                }
            }
            text.into_iter().collect()
        }
    }
}

fn scalar(random: &mut Random) -> String {
    (0..=random.below(5)).map(|_| ATOMS[random.below(ATOMS.len())]).collect()
}

/// Xorshift: the same files every time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }
}
