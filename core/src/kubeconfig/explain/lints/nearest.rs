//! The known name that is closest to an unknown one.

use alloc::string::String;
use alloc::vec::Vec;

/// The known name that is most like `name`: the same but for case, `-` and `_`, or so few letters
/// away that it is a slip.
///
/// ```
/// use kubecred_core::kubeconfig::explain::nearest;
///
/// let contexts = ["prod-eu", "staging"];
/// assert_eq!(nearest("pord-eu", contexts.into_iter()), Some("prod-eu"));
/// assert_eq!(nearest("minikube", contexts.into_iter()), None);
/// ```
pub fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let wanted = plain(name);
    let near = |known: &'k str| {
        let known_plain = plain(known);
        let most = 1 + known_plain.chars().count().min(20) / 6;
        let distance = distance(&wanted, &known_plain, most)?;
        Some((distance, known))
    };
    known.filter_map(near).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

fn plain(name: &str) -> String {
    let plain = name.chars().filter(|c| !matches!(c, '-' | '_' | ' ' | '.'));
    plain.flat_map(char::to_lowercase).take(100).collect()
}

/// How many letters must be put in, taken out or changed, or swapped with the next one; `None` if it
/// is more than `most`.
fn distance(one: &str, other: &str, most: usize) -> Option<usize> {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut line = Vec::with_capacity(last.len());
        line.push(row + 1);
        for (column, b) in other.iter().enumerate() {
            let at =
                |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX);
            let change = at(&last, column).saturating_add(usize::from(a != b));
            let put = at(&line, column).min(at(&last, column + 1)).saturating_add(1);
            let previous =
                |text: &[char], at: usize| at.checked_sub(1).and_then(|at| text.get(at).copied());
            let swapped = previous(&one, row) == Some(*b) && previous(&other, column) == Some(*a);
            let swap = match column.checked_sub(1).filter(|_| swapped) {
                Some(column) => at(&before, column).saturating_add(1),
                None => usize::MAX,
            };
            line.push(change.min(put).min(swap));
        }
        before = core::mem::replace(&mut last, line);
    }
    last.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_has_a_nearest_name_and_another_word_has_none() {
        let known = [
            "token",
            "tokenFile",
            "certificate-authority-data",
            "client-certificate-data",
            "server",
        ];
        for (name, near) in [
            ("token-file", Some("tokenFile")),
            ("tokenfile", Some("tokenFile")),
            ("certificate-authority-date", Some("certificate-authority-data")),
            ("clientCertificateData", Some("client-certificate-data")),
            ("sevrer", Some("server")),
            ("serverr", Some("server")),
            ("tokn", Some("token")),
            ("region", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), near, "{name}");
        }
    }
}
