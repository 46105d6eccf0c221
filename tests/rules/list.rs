//! The rules and the exceptions from having a test, as the two tables beside this have them.

/// One rule: a behaviour of Kubernetes' own clients or servers, or of a standard, or a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: String,
    /// What this project makes of it.
    pub(crate) stance: Stance,
}

/// Whether to behave the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stance {
    /// `I`: something better.
    Improve,
    /// `M`: the same.
    Match,
    /// `O`: something better that can be chosen, or the same that can.
    Offer,
    /// `S`: what a standard says or this project promises; there is no behaviour of others to differ from.
    Standard,
}

impl Stance {
    /// How the doc comment of a test begins that holds the better behaviour.
    pub(crate) fn mark(self) -> Option<&'static str> {
        match self {
            Self::Improve => Some("I: "),
            Self::Match | Self::Standard => None,
            Self::Offer => Some("O: "),
        }
    }
}

/// A rule without a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exception {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is about something that this project does not have by design.
    NotApplicable,
    /// What it is about is still to be built; the reason names that.
    Open,
}

/// Reads the table of rules.
pub(crate) fn rules(table: &str) -> Vec<Rule> {
    let row = |[id, _section, stance, _words]: [&str; 4]| Rule {
        id: id.to_owned(),
        stance: match stance {
            "I" => Stance::Improve,
            "M" => Stance::Match,
            "O" => Stance::Offer,
            "S" => Stance::Standard,
            other => panic!("{id}: {other:?} is no stance"),
        },
    };
    rows(table).map(row).collect()
}

/// Reads the table of exceptions.
pub(crate) fn exceptions(table: &str) -> Vec<Exception> {
    let row = |[id, kind, reason]: [&str; 3]| Exception {
        id: id.to_owned(),
        kind: match kind {
            "not applicable" => Kind::NotApplicable,
            "open" => Kind::Open,
            other => panic!("{id}: {other:?} is no kind of exception"),
        },
        reason: reason.to_owned(),
    };
    rows(table).map(row).collect()
}

/// The rows below the header, each of so many fields, none of them empty.
fn rows<const N: usize>(table: &str) -> impl Iterator<Item = [&str; N]> {
    table.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let full = fields.iter().all(|field| !field.trim().is_empty());
        match <[&str; N]>::try_from(fields) {
            Ok(fields) if full => fields,
            _ => panic!("{line:?} does not have {N} fields"),
        }
    })
}
