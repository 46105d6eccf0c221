//! What others send back: text that may repeat a secret that we sent.
//!
//! A server may quote the `Authorization` header in an error, a provider the refresh token, a proxy
//! the password. What they say is shown without it, whether they repeat it as it is, in base64 (any
//! alphabet, any alignment), in capitals, wrapped, or with escapes of URLs, JSON or HTML, once or
//! several times.

mod reading;

use crate::secret::Secret;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use reading::{Unit, is_break, plain, unescaped, without_breaks};
use zeroize::Zeroizing;

/// A piece of a secret of this many bytes is not shown.
const PIECE: usize = 8;

/// The secrets of which nothing may be shown. Wiped on drop; `Debug` shows nothing of them.
///
/// ```
/// use kubecred_core::{Secret, SentSecrets};
///
/// let sent = SentSecrets::new([&Secret::from("hunter2-hunter2")]);
/// assert_eq!(sent.hide("bad token hunter2-hunter2"), "bad token …");
/// assert_eq!(sent.hide("bad token aHVudGVyMi1odW50ZXIy"), "bad token …");
/// assert_eq!(sent.hide("bad token hunter2%2Dhunter%32"), "bad token …");
/// ```
#[derive(Clone, Default)]
pub struct SentSecrets(Vec<Secret>);

impl core::fmt::Debug for SentSecrets {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SentSecrets").finish_non_exhaustive()
    }
}

impl SentSecrets {
    /// These secrets. An empty one hides nothing.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.is_empty()).cloned().collect())
    }

    /// The text with `…` in place of what is also in a secret: any eight bytes in a row of one, or
    /// the whole of a shorter one where it stands as a word.
    ///
    /// The time grows with the length of the secrets plus that of the text, not with their product.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.into();
        }
        let mut hidden = alloc::vec![false; text.len()];
        let mut read: Vec<Unit> = plain(text);
        for _ in 0..=ESCAPES {
            self.mark(&read, &mut hidden);
            let decoded = unescaped(&read);
            if decoded.len() == read.len() {
                break;
            }
            read = decoded;
        }
        shown(text, &hidden)
    }

    /// Marks what the text has of the secrets, read in one way.
    fn mark(&self, read: &[Unit], hidden: &mut [bool]) {
        let close = without_breaks(read);
        let pieces = Pieces::of(&close);
        let mut hide = |units: &[Unit]| {
            let (Some(first), Some(last)) = (units.first(), units.last()) else { return };
            let length = (last.start + last.length).saturating_sub(first.start);
            hidden.iter_mut().skip(first.start).take(length).for_each(|hidden| *hidden = true);
        };
        for secret in &self.0 {
            each_form(secret.expose(), &mut |form| {
                let long: Zeroizing<Vec<u8>> =
                    Zeroizing::new(form.iter().copied().filter(|b| !is_break(*b)).collect());
                if long.len() < PIECE {
                    return words(read, form).for_each(&mut hide);
                }
                for piece in long.windows(PIECE) {
                    for at in pieces.find(piece) {
                        hide(close.get(at..at + PIECE).unwrap_or_default());
                    }
                }
            });
        }
    }
}

/// Hands over the secret as it is and in base64.
fn each_form(secret: &[u8], each: &mut dyn FnMut(&[u8])) {
    each(secret);
    each(Zeroizing::new(BASE64_STANDARD_NO_PAD.encode(secret)).as_bytes());
    // In base64, three bytes are four characters: in a longer text the secret starts at any of three
    // alignments, and its first and last characters depend on what is around it.
    for skipped in 0..3 {
        let rest = secret.get(skipped..).unwrap_or_default();
        let whole = rest.get(..rest.len() - rest.len() % 3).unwrap_or_default();
        if whole.len() / 3 * 4 >= PIECE {
            each(Zeroizing::new(BASE64_STANDARD_NO_PAD.encode(whole)).as_bytes());
        }
    }
}

/// Where a text has the form as a word, with no letter or digit right before or after.
fn words<'a>(read: &'a [Unit], form: &'a [u8]) -> impl Iterator<Item = &'a [Unit]> {
    read.windows(form.len()).enumerate().filter_map(move |(at, units)| {
        let same = units.iter().zip(form).all(|(unit, byte)| unit.byte == *byte);
        let before = at.checked_sub(1).and_then(|at| read.get(at));
        let beside = [before, read.get(at + form.len())];
        let is_word = beside.into_iter().flatten().all(|unit| !unit.byte.is_ascii_alphanumeric());
        (same && is_word).then_some(units)
    })
}

/// Every run of [`PIECE`] bytes of a text, sorted, with its place.
struct Pieces {
    sorted: Vec<([u8; PIECE], usize)>,
    /// Whether any of them starts with these two bytes: most of a secret's do not.
    begins: Vec<bool>,
}

impl Pieces {
    fn of(read: &[Unit]) -> Self {
        let bytes: Vec<u8> = read.iter().map(|unit| unit.byte).collect();
        let places = bytes.windows(PIECE).enumerate();
        let mut sorted: Vec<_> =
            places.filter_map(|(at, piece)| Some((normalized_piece(piece)?, at))).collect();
        sorted.sort_unstable();
        let mut begins = alloc::vec![false; 1 << 16];
        for (piece, _) in &sorted {
            if let Some(begins) = begins.get_mut(beginning(piece)) {
                *begins = true;
            }
        }
        Self { sorted, begins }
    }

    /// Where in the text the piece stands.
    fn find(&self, piece: &[u8]) -> impl Iterator<Item = usize> {
        let piece = normalized_piece(piece)
            .filter(|piece| self.begins.get(beginning(piece)).copied().unwrap_or_default());
        let first = piece.map_or(self.sorted.len(), |piece| {
            self.sorted.partition_point(|(other, _)| *other < piece)
        });
        let same =
            self.sorted.iter().skip(first).take_while(move |(other, _)| Some(*other) == piece);
        same.map(|(_, at)| *at)
    }
}

fn beginning(piece: &[u8; PIECE]) -> usize {
    let [first, second, ..] = *piece;
    usize::from(first) << 8 | usize::from(second)
}

/// How often a text is read as escaped: a proxy may escape what a server escaped.
const ESCAPES: usize = 3;

fn normalized_piece(bytes: &[u8]) -> Option<[u8; PIECE]> {
    let piece: [u8; PIECE] = bytes.try_into().ok()?;
    Some(piece.map(normalized))
}

/// Base64 for URLs has `-` and `_` for `+` and `/`; and a text may be written in capitals.
fn normalized(byte: u8) -> u8 {
    match byte.to_ascii_lowercase() {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

fn shown(text: &str, hidden: &[bool]) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, char) in text.char_indices() {
        let mut bytes = hidden.iter().skip(at).take(char.len_utf8());
        if !bytes.any(|hidden| *hidden) {
            shown.push(char);
        } else if !shown.ends_with('…') {
            shown.push('…');
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

    const TOKEN: &str = "tok?en>0123456789~abcdefÿ";

    #[test]
    fn a_secret_that_comes_back_is_hidden_in_every_form() {
        let sent = SentSecrets::new([&Secret::from(TOKEN)]);
        let percent: String = TOKEN.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let json: String = TOKEN.bytes().map(|byte| format!("\\u00{byte:02X}")).collect();
        for form in [TOKEN, &percent, &json] {
            for (before, after) in [("", ""), ("Bearer ", " no"), ("(", ")")] {
                let shown = sent.hide(&format!("{before}{form}{after}"));
                assert_eq!(shown, format!("{before}…{after}"));
            }
        }
        for before in ["", "B", "Be", "Bearer "] {
            for after in ["", "!", "!!", " is no token"] {
                let whole = format!("{before}{TOKEN}{after}");
                for form in [BASE64_STANDARD.encode(&whole), BASE64_URL_SAFE_NO_PAD.encode(&whole)]
                {
                    let shown = sent.hide(&form);
                    assert!(shown.contains('…'), "{form}: {shown}");
                    // What is left holds less than a piece of it.
                    let left = form.len() - TOKEN.len() * 4 / 3;
                    assert!(shown.chars().count() <= left + 5, "{form}: {shown}");
                }
            }
        }
    }

    /// Wrapped, in capitals, with escapes of any kind, and with those escaped once more.
    #[test]
    fn a_secret_that_is_written_in_another_way_is_hidden() {
        let token = "sEcReTcAnArY7tok-en_9ZqXw";
        let sent = SentSecrets::new([&Secret::from(token)]);
        let each = |form: fn(u8) -> String| token.bytes().map(form).collect::<String>();
        let apart = |between: &str, size: usize| {
            let parts = token.as_bytes().chunks(size).map(String::from_utf8_lossy);
            parts.collect::<Vec<_>>().join(between)
        };
        let base64 = BASE64_STANDARD.encode(token);
        for form in [
            token.to_ascii_uppercase(),
            token.to_ascii_lowercase(),
            apart(" ", 1),
            apart("\n", 6),
            apart("\r\n  ", 7),
            apart("\t", 7),
            apart("\u{1}", 7),
            apart("\u{1b}[0m", 7),
            apart("\u{1b}[1;31m", 1),
            apart("\u{200b}", 1),
            apart("\u{ad}", 3),
            apart("U+000A", 7),
            apart("U+001B[0m", 7),
            apart("U+200B", 1),
            base64.as_bytes().chunks(7).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n"),
            each(|byte| format!("&#{byte};")),
            each(|byte| format!("&#x{byte:X};")),
            each(|byte| format!("&amp;#{byte};")),
            each(|byte| format!("%25{byte:02X}")),
            each(|byte| format!("%2525{byte:02X}")),
            each(|byte| format!("\\\\u{byte:04x}")),
            each(|byte| format!("\\{byte:03o}")),
            each(|byte| format!("\\u{{{byte:x}}}")),
            each(|byte| format!("\\U{byte:08x}")),
            each(|byte| format!("={byte:02X}")),
        ] {
            // The padding of base64 may stay: it says nothing.
            let hidden = sent.hide(&format!("({form})")).replace(['=', '\n'], "");
            assert_eq!(hidden, "(…)", "{form}");
        }
        assert_eq!(
            sent.hide("a%25b &amp; c=40 \\u{zz} &#; U+000A 100%"),
            "a%25b &amp; c=40 \\u{zz} &#; U+000A 100%"
        );
    }

    /// What looks like an escape in the secret itself.
    #[test]
    fn a_secret_with_escapes_in_it_is_hidden_as_it_is() {
        let token = "ab%41cd=42ef\\u0043gh&#68;ij%45k";
        let sent = SentSecrets::new([&Secret::from(token)]);
        let percent: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for form in [token, &percent] {
            assert_eq!(sent.hide(&format!("token {form} is bad")), "token … is bad");
        }
    }

    #[test]
    fn half_a_secret_is_hidden_too_and_less_than_a_piece_is_not() {
        let sent = SentSecrets::new([&Secret::from("ey.0123456789abcdef")]);
        assert_eq!(sent.hide("token \"89abcdef\""), "token \"…\"");
        assert_eq!(sent.hide("token 9abcdef"), "token 9abcdef");
    }

    #[test]
    fn a_short_secret_is_hidden_as_a_word() {
        let sent = SentSecrets::new([&Secret::from("pw"), &Secret::default()]);
        assert_eq!(sent.hide("pw is wrong: 'pw' cHc= %70w"), "… is wrong: '…' …= …");
        assert_eq!(sent.hide("power"), "power");
        assert_eq!(SentSecrets::default().hide("power"), "power");
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        let sent = SentSecrets::new([&Secret::from("pw"), &Secret::from(TOKEN)]);
        assert_eq!(format!("{sent:?}"), "SentSecrets { .. }");
    }
}
