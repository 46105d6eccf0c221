//! What a scalar is, by the rules of Go's `yaml.v2`: YAML 1.1 as Go understands it.
//!
//! The rules look at the first character, then at a table of words, then try an integer, then a
//! float. What none of them takes is a string. Dates and base-60 numbers stay strings.

use alloc::borrow::Cow;
use alloc::string::String;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::document::Content;
use super::error::Error;
use super::event::Tag;

/// Resolves a scalar. Errors do not quote it.
pub(super) fn scalar<'a>(text: Cow<'a, str>, plain: bool, tag: Tag) -> Result<Content<'a>, Error> {
    match tag {
        Tag::Absent if plain => Ok(untagged(&text).unwrap_or(Content::Text(text))),
        Tag::Absent | Tag::NonSpecific | Tag::Str | Tag::Merge | Tag::Foreign => {
            Ok(Content::Text(text))
        }
        Tag::Binary => Ok(Content::Text(Cow::Owned(binary(&text)?))),
        Tag::Timestamp if timestamp::is(&text) => Ok(Content::Text(text)),
        Tag::Timestamp => Err(Error::new("not a !!timestamp")),
        Tag::Bool | Tag::Int | Tag::Float | Tag::Null => tagged(&text, tag),
    }
}

/// A tag other than those for texts must agree with what the text looks like, quoted or not.
fn tagged(text: &str, tag: Tag) -> Result<Content<'static>, Error> {
    match (tag, untagged(text)) {
        (Tag::Bool, Some(content @ Content::Bool(_)))
        | (Tag::Int, Some(content @ (Content::Int(_) | Content::UInt(_))))
        | (Tag::Float, Some(content @ Content::Float(_)))
        | (Tag::Null, Some(content @ Content::Null)) => Ok(content),
        // Go converts only what fits its `int`.
        (Tag::Float, Some(Content::Int(int))) => Ok(Content::Float(int as f64)),
        (Tag::Bool, _) => Err(Error::new("not a !!bool")),
        (Tag::Int, _) => Err(Error::new("not an !!int")),
        (Tag::Null, _) => Err(Error::new("not a !!null")),
        _ => Err(Error::new("not a !!float")),
    }
}

/// What a plain scalar is when it is no string.
fn untagged(text: &str) -> Option<Content<'static>> {
    match text.bytes().next() {
        None => Some(Content::Null),
        Some(b'.') => word(text).or_else(|| dotted_float(text).map(Content::Float)),
        Some(b'0'..=b'9' | b'+' | b'-') => word(text).or_else(|| number(text)),
        Some(b'~' | b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O') => {
            word(text)
        }
        Some(_) => None,
    }
}

#[cfg(feature = "edit")]
/// Whether a string could be taken for something else when written without quotes.
pub(super) fn is_word(text: &str) -> bool {
    word(text).is_some()
}

fn word(text: &str) -> Option<Content<'static>> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            Content::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            Content::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Content::Null,
        ".nan" | ".NaN" | ".NAN" => Content::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Content::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Content::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// A number that starts with a digit or a sign. Underscores count nowhere.
fn number(text: &str) -> Option<Content<'static>> {
    let digits =
        if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    integer(&digits)
        .or_else(|| is_float(&digits).then(|| finite(&digits)).flatten().map(Content::Float))
        .or_else(|| signed_binary(&digits))
}

/// Go's `ParseInt` and `ParseUint` with base 0: `12`, `-0x1F`, `0o17`, `017`, `0b101`.
fn integer(text: &str) -> Option<Content<'static>> {
    let (sign, magnitude) = split_sign(text);
    let (radix, digits) = match magnitude.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, magnitude.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, magnitude.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, magnitude.get(2..)?),
        [b'0', _, ..] => (8, magnitude.get(1..)?),
        _ => (10, magnitude),
    };
    in_range(sign, radix, digits)
}

/// What Go's own branch for binary takes besides: a sign after the prefix, as in `0b-1`.
fn signed_binary(text: &str) -> Option<Content<'static>> {
    let (sign, digits) = split_sign(text.strip_prefix("0b")?);
    in_range(sign, 2, digits)
}

/// Signed numbers must fit `i64`, others `i64` or `u64`.
fn in_range(sign: Option<u8>, radix: u32, digits: &str) -> Option<Content<'static>> {
    // `from_str_radix` would take a second sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if sign == Some(b'-') {
        return 0_i64.checked_sub_unsigned(magnitude).map(Content::Int);
    }
    match i64::try_from(magnitude) {
        Ok(int) => Some(Content::Int(int)),
        Err(_) if sign.is_none() => Some(Content::UInt(magnitude)),
        Err(_) => None,
    }
}

fn split_sign(text: &str) -> (Option<u8>, &str) {
    match text.as_bytes().first() {
        Some(sign @ (b'+' | b'-')) => (Some(*sign), text.get(1..).unwrap_or_default()),
        _ => (None, text),
    }
}

/// A float by `yaml.v2`'s pattern `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn is_float(text: &str) -> bool {
    let (_, rest) = split_sign(text);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(split_sign(exponent).1)),
        None => (rest, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|digits| !digits.is_empty() && all_digits(digits))
}

/// A float that starts with a dot: Go's `ParseFloat`, in which an underscore must stand between
/// two digits.
fn dotted_float(text: &str) -> Option<f64> {
    if !text.contains('_') {
        return is_float(text).then(|| finite(text)).flatten();
    }
    let ends_and_starts_with_digits = |(left, right): (&str, &str)| {
        left.ends_with(|c: char| c.is_ascii_digit())
            && right.starts_with(|c: char| c.is_ascii_digit())
    };
    let separated = text
        .match_indices('_')
        .filter_map(|(at, _)| Some((text.get(..at)?, text.get(at + 1..)?)))
        .all(ends_and_starts_with_digits);
    let digits = text.replace('_', "");
    (separated && is_float(&digits)).then(|| finite(&digits)).flatten()
}

/// A number too big for a float is not one, for Go.
fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|float: &f64| float.is_finite())
}

/// The text that `!!binary` stands for. Bytes that are no UTF-8 become U+FFFD, one for each, as
/// Go's JSON writes them.
fn binary(text: &str) -> Result<String, Error> {
    /// Like Go, pays no heed to bits after the last byte.
    const BASE64: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let encoded: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = BASE64.decode(encoded).map_err(|_| Error::new("!!binary is not valid base64"))?;
    let mut decoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Ok(decoded)
}

/// The string that a float is as a mapping key: Go's shortest form of the 32-bit float.
pub(super) fn float_key(float: f64) -> String {
    let float = float as f32;
    if float.is_nan() {
        return String::from(".nan");
    }
    if float.is_infinite() {
        return String::from(if float > 0.0 { ".inf" } else { "-.inf" });
    }
    // `{:e}` has the shortest digits and one before the point.
    let scientific = alloc::format!("{float:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            alloc::format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => alloc::format!("{float}"),
    }
}

/// Go's layouts for `!!timestamp`.
mod timestamp {
    /// `2001-12-14`, or that and a time after `T`, `t` (with a zone) or a blank (without).
    pub(super) fn is(text: &str) -> bool {
        let Some((date, rest)) = date(text) else { return false };
        match rest.as_bytes().first() {
            None => date,
            Some(b'T' | b't') => date && rest.get(1..).and_then(time).is_some_and(zone),
            Some(b' ') => date && rest.get(1..).and_then(time).is_some_and(str::is_empty),
            Some(_) => false,
        }
    }

    /// Whether the date exists, and what follows it.
    fn date(text: &str) -> Option<(bool, &str)> {
        let (year, rest) = digits(text, 4, 4)?;
        let (month, rest) = digits(rest.strip_prefix('-')?, 1, 2)?;
        let (day, rest) = digits(rest.strip_prefix('-')?, 1, 2)?;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        Some(((1..=days).contains(&day), rest))
    }

    /// What follows a time of day such as `21:59:43.10`.
    fn time(text: &str) -> Option<&str> {
        let (hour, rest) = digits(text, 1, 2)?;
        let (minute, rest) = digits(rest.strip_prefix(':')?, 1, 2)?;
        let (second, rest) = digits(rest.strip_prefix(':')?, 1, 2)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        match rest.strip_prefix(['.', ',']) {
            Some(fraction) => {
                let end = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
                (end.len() < fraction.len()).then_some(end)
            }
            None => Some(rest),
        }
    }

    /// Whether this is `Z` or an offset such as `-05:00`, and nothing more.
    fn zone(text: &str) -> bool {
        let offset = || {
            let (hours, rest) = digits(text.strip_prefix(['+', '-'])?, 2, 2)?;
            let (minutes, rest) = digits(rest.strip_prefix(':')?, 2, 2)?;
            Some(hours <= 24 && minutes <= 60 && rest.is_empty())
        };
        text == "Z" || offset().unwrap_or(false)
    }

    /// Between `least` and `most` digits, as many as there are.
    fn digits(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
        let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (number, rest) = text.split_at_checked(count)?;
        (count >= least).then_some((number.parse().ok()?, rest))
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// The kind and, where it can be written, the value.
    fn resolved(text: &str, tag: Tag) -> String {
        match scalar(Cow::Borrowed(text), true, tag) {
            Ok(Content::Null) => "null".into(),
            Ok(Content::Bool(bool)) => alloc::format!("{bool}"),
            Ok(Content::Int(int)) => alloc::format!("{int}"),
            Ok(Content::UInt(int)) => alloc::format!("{int}u"),
            Ok(Content::Float(float)) => alloc::format!("{float:?}f"),
            Ok(Content::Text(text)) => alloc::format!("'{text}'"),
            Ok(_) => "collection".into(),
            Err(_) => "error".into(),
        }
    }

    fn check(tag: Tag, cases: &[(&str, &str)]) {
        let found: Vec<_> = cases.iter().map(|(text, _)| (*text, resolved(text, tag))).collect();
        let expected: Vec<_> = cases.iter().map(|(text, is)| (*text, String::from(*is))).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn kc_24_words_are_those_of_yaml_1_1() {
        check(Tag::Absent, &[("yes", "true"), ("On", "true"), ("y", "true"), ("TRUE", "true")]);
        check(Tag::Absent, &[("no", "false"), ("OFF", "false"), ("N", "false"), ("t", "'t'")]);
        check(Tag::Absent, &[("tRue", "'tRue'"), ("yEs", "'yEs'"), ("yess", "'yess'")]);
        check(Tag::Absent, &[("", "null"), ("~", "null"), ("Null", "null"), ("nUll", "'nUll'")]);
        check(Tag::Absent, &[(".NaN", "NaNf"), ("-.inf", "-inff"), ("+.INF", "inff")]);
        check(Tag::Absent, &[(".nAn", "'.nAn'"), ("inf", "'inf'"), ("=", "'='"), ("<<", "'<<'")]);
    }

    #[test]
    fn kc_24_integers_are_those_of_go() {
        check(Tag::Absent, &[("12", "12"), ("+12", "12"), ("-5", "-5"), ("-0", "0"), ("00", "0")]);
        check(Tag::Absent, &[("0x1F", "31"), ("0X1f", "31"), ("-0b11", "-3"), ("0x", "'0x'")]);
        check(Tag::Absent, &[("010", "8"), ("-010", "-8"), ("0o17", "15"), ("0o8", "'0o8'")]);
        check(Tag::Absent, &[("1_000", "1000"), ("1__", "1"), ("+_1", "1"), ("-_", "'-_'")]);
        check(Tag::Absent, &[("0b-1", "-1"), ("0b+1", "1"), ("0b-0", "0"), ("-0b-1", "'-0b-1'")]);
        check(Tag::Absent, &[("0x-1", "'0x-1'"), ("--1", "'--1'"), ("+-1", "'+-1'")]);
        check(Tag::Absent, &[("9223372036854775807", "9223372036854775807")]);
        check(Tag::Absent, &[("-9223372036854775808", "-9223372036854775808")]);
        check(Tag::Absent, &[("18446744073709551615", "18446744073709551615u")]);
        check(Tag::Absent, &[("18446744073709551616", "1.8446744073709552e19f")]);
        check(Tag::Absent, &[("+18446744073709551615", "1.8446744073709552e19f")]);
    }

    #[test]
    fn kc_24_floats_are_those_of_go() {
        check(Tag::Absent, &[("1.5", "1.5f"), ("1.", "1.0f"), (".5", "0.5f"), ("-.5", "-0.5f")]);
        check(Tag::Absent, &[("1e3", "1000.0f"), ("12E-1", "1.2f"), ("1e", "'1e'"), (".", "'.'")]);
        check(Tag::Absent, &[("089", "89.0f"), ("1_0.5", "10.5f"), ("1e400", "'1e400'")]);
        check(Tag::Absent, &[(".5_0", "0.5f"), ("._5", "'._5'"), (".5_", "'.5_'")]);
        check(Tag::Absent, &[("1:20", "'1:20'"), ("1.2.3", "'1.2.3'"), ("1e1e1", "'1e1e1'")]);
        check(
            Tag::Absent,
            &[("2001-12-14", "'2001-12-14'"), ("1 2", "'1 2'"), ("\u{661}", "'\u{661}'")],
        );
    }

    #[test]
    fn tags_must_agree_with_the_text() {
        check(Tag::Str, &[("12", "'12'"), ("null", "'null'"), ("", "''")]);
        check(Tag::NonSpecific, &[("12", "'12'")]);
        check(Tag::Foreign, &[("12", "'12'")]);
        check(Tag::Int, &[("0x1F", "31"), ("1.0", "error"), ("x", "error"), ("", "error")]);
        check(Tag::Float, &[("12", "12.0f"), ("1.5", "1.5f"), ("18446744073709551615", "error")]);
        check(Tag::Bool, &[("yes", "true"), ("1", "error")]);
        check(Tag::Null, &[("", "null"), ("~", "null"), ("x", "error")]);
        check(Tag::Binary, &[("aGVs\nbG8=", "'hello'"), ("aGVsbG9=", "'hello'"), ("%%%", "error")]);
        check(Tag::Binary, &[("4oI=", "'\u{fffd}\u{fffd}'"), ("aGVsbG8", "error")]);
        check(Tag::Timestamp, &[("2001-2-3", "'2001-2-3'"), ("2001-02-29", "error")]);
        check(Tag::Timestamp, &[("2000-02-29t1:2:3.5Z", "'2000-02-29t1:2:3.5Z'"), ("x", "error")]);
    }

    #[test]
    fn quoted_text_is_text() {
        for text in ["12", "yes", "", "null"] {
            let content = scalar(Cow::Borrowed(text), false, Tag::Absent).unwrap();
            assert!(matches!(content, Content::Text(same) if same == text));
        }
    }

    #[test]
    fn kc_29_float_keys_are_in_go_s_shortest_form() {
        for (float, key) in [
            (1.5, "1.5"),
            (-0.1, "-0.1"),
            (100_000.0, "100000"),
            (1e6, "1e+06"),
            (1_234_567.5, "1.2345675e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e39, ".inf"),
            (-1e39, "-.inf"),
            (f64::NAN, ".nan"),
        ] {
            assert_eq!(float_key(float), key);
        }
    }
}
