//! The rules that a test's name says it holds.

/// The ids at the start of a test's name, in the list's spelling: of `kc_36_kc_39_paths` KC-36 and
/// KC-39, of `ex_80_to_86_policies` EX-80 to EX-86. Words that are no ids end them.
pub(crate) fn claims(name: &str) -> Vec<Claim> {
    split(name).0
}

/// Whether `improved` stands right after the ids: the test holds something better than client-go's.
pub(crate) fn is_improved(name: &str) -> bool {
    split(name).1.next() == Some("improved")
}

/// The ids, and the words after them.
fn split(name: &str) -> (Vec<Claim>, impl Iterator<Item = &str>) {
    let mut claims = Vec::new();
    let mut words = name.split('_').peekable();
    loop {
        let mut ahead = words.clone();
        let family = ahead.next_if(|word| is_family(word));
        let (Some(family), Some(first)) = (family, ahead.next().and_then(number)) else {
            return (claims, words);
        };
        words = ahead.clone();
        let mut last = first;
        if ahead.next() == Some("to") {
            ahead.next_if(|word| *word == family);
            if let Some(number) = ahead.next().and_then(number) {
                (last, words) = (number, ahead);
            }
        }
        claims.push(Claim { family: family.to_ascii_uppercase(), first, last });
    }
}

/// One id, or a range of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    family: String,
    first: u16,
    last: u16,
}

impl Claim {
    /// The ids that must be in the list: of a range its ends, since there are gaps in the list.
    pub(crate) fn ends(&self) -> Vec<String> {
        let mut ends = vec![self.first, self.last];
        ends.dedup();
        ends.iter().map(|number| format!("{}-{number}", self.family)).collect()
    }

    /// Whether an id of the list is meant.
    pub(crate) fn covers(&self, id: &str) -> bool {
        let Some((family, number)) = id.split_once('-') else { return false };
        let number = number.parse();
        family == self.family && number.is_ok_and(|n| (self.first..=self.last).contains(&n))
    }
}

/// Two letters that ids begin with. Others may begin a test's name as they like.
fn is_family(word: &str) -> bool {
    ["ck", "ex", "ht", "ic", "kb", "kc", "lg", "oi", "px", "rv", "tk", "tr", "ua", "wh"]
        .contains(&word)
}

fn number(word: &str) -> Option<u16> {
    word.parse().ok().filter(|number: &u16| number.to_string() == word)
}

#[test]
fn ids_stand_at_the_start_of_a_name_and_nowhere_else() {
    let of = |name: &str| -> Vec<String> {
        claims(name).iter().map(|claim| claim.ends().join(" to ")).collect()
    };
    assert_eq!(of("kc_32_first_file_wins"), ["KC-32"]);
    assert_eq!(of("kc_36_ua_2_more"), ["KC-36", "UA-2"]);
    assert_eq!(of("ex_80_to_86_matrix"), ["EX-80 to EX-86"]);
    assert_eq!(of("ex_80_to_ex_86_kc_1_x"), ["EX-80 to EX-86", "KC-1"]);
    assert_eq!(of("kc_24_010_is_eight"), ["KC-24"]);
    assert_eq!(of("kc_24_to_be_or_not"), ["KC-24"]);
    assert!(is_improved("ex_61_improved_x") && is_improved("kc_1_to_3_improved_x"));
    assert!(!is_improved("ex_61_x_improved") && !is_improved("kc_1_x"));
    for name in ["a_kc_32_x", "kc_x", "kc", "the_kc_1_rule", "in_2_files", "kc_032_x", ""] {
        assert!(of(name).is_empty(), "{name}");
    }
}

#[test]
fn a_range_means_what_is_between_its_ends() {
    let [range] = &claims("ex_80_to_86_matrix")[..] else { panic!("one range") };
    assert!(["EX-80", "EX-83", "EX-86"].iter().all(|id| range.covers(id)));
    assert!(!["EX-79", "EX-87", "KC-83", "EX-", "EX83"].iter().any(|id| range.covers(id)));
}
