//! Both clocks, always together.
//!
//! `expirationTimestamp` is wall time; waiting is monotonic time. Neither can stand in for the
//! other (a suspended machine stops one, an administrator moves the other), so every input brings
//! both and a credential is dead when *either* says so. Milliseconds survive JSON's 2^53.

use core::fmt;
use core::time::Duration;

/// A point on the host's monotonic clock: milliseconds since whatever the host likes.
///
/// A host that restarts the clock, or has only a wall clock that steps back, does no harm: the
/// machine goes on from where it was, by differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Instant(u64);

impl Instant {
    /// The instant `millis` milliseconds after the clock's own origin.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the clock's own origin.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// `self + duration`, or the last representable instant.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// `self - duration`, or the clock's origin.
    #[must_use]
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A point on the wall clock: milliseconds since 1970-01-01T00:00:00Z. It may jump either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UnixTime(i64);

impl UnixTime {
    /// The time `millis` milliseconds after the epoch (before it, if negative).
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The time `seconds` seconds after the epoch (before it, if negative).
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// `self + duration`, or the last representable time.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(millis(duration)))
    }

    /// `self - duration`, or the first representable time.
    #[must_use]
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(millis(duration)))
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        let difference = self.0.saturating_sub(earlier.0);
        Duration::from_millis(if difference < 0 { 0 } else { difference.unsigned_abs() })
    }

    /// Reads an RFC 3339 time with any offset and fraction, as `expirationTimestamp` carries
    /// (EX-57), and as Go reads it: an hour may have one digit, a fraction may begin with a comma, and
    /// an offset may be of 24 hours or 60 minutes; small letters, a space and leap seconds are no part
    /// of it. Fractions below a millisecond are dropped. `None` for anything else.
    ///
    /// An offset may lead out of the years 0 to 9999, which this form is for: then it is the first
    /// or the last second of them.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        const FIRST: i64 = -62_167_219_200_000;
        const LAST: i64 = 253_402_300_799_000;
        let mut digits = Digits(text.as_bytes());
        let date = (digits.take(4)?, digits.after(b'-')?.take(2)?, digits.after(b'-')?.take(2)?);
        let hour = digits.after(b'T')?.one_or_two()?;
        let minute = digits.after(b':')?.take(2)?;
        let second = digits.after(b':')?.take(2)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let millis = digits.fraction();
        let offset = digits.offset()?;
        let month = time::Month::try_from(u8::try_from(date.1).ok()?).ok()?;
        let (year, day) = (i32::try_from(date.0).ok()?, u8::try_from(date.2).ok()?);
        let date = time::Date::from_calendar_date(year, month, day).ok()?;
        let minutes = (hour * 60 + minute) - offset;
        let midnight = time::OffsetDateTime::new_utc(date, time::Time::MIDNIGHT).unix_timestamp();
        let seconds = midnight + minutes * 60 + second;
        Some(Self((seconds * 1000 + millis).clamp(FIRST, LAST)))
    }
}

/// The rest of a text whose numbers have a known number of digits.
struct Digits<'t>(&'t [u8]);

impl Digits<'_> {
    fn take(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let number = digits.iter().try_fold(0, |number, digit| match digit.is_ascii_digit() {
            true => Some(number * 10 + i64::from(digit - b'0')),
            false => None,
        })?;
        self.0 = rest;
        Some(number)
    }

    fn one_or_two(&mut self) -> Option<i64> {
        self.take(2).or_else(|| self.take(1))
    }

    fn after(&mut self, separator: u8) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(&[separator])?;
        Some(self)
    }

    /// A fraction of a second, if there is one, in whole milliseconds.
    fn fraction(&mut self) -> i64 {
        let [b'.' | b',', rest @ ..] = self.0 else { return 0 };
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let Some((digits, after)) = rest.split_at_checked(count).filter(|_| count > 0) else {
            return 0;
        };
        self.0 = after;
        let digit = |nth: usize| digits.get(nth).map_or(0, |digit| i64::from(digit - b'0'));
        digit(0) * 100 + digit(1) * 10 + digit(2)
    }

    /// The offset from UTC that ends the text, in minutes.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.0 {
            b"Z" => return Some(0),
            [b'+', ..] => 1,
            [b'-', ..] => -1,
            _ => return None,
        };
        self.0 = self.0.get(1..)?;
        let hours = self.take(2)?;
        let minutes = self.after(b':')?.take(2)?;
        let is_offset = hours <= 24 && minutes <= 60 && self.0.is_empty();
        is_offset.then_some(sign * (hours * 60 + minutes))
    }
}

/// A duration in seconds, for people: `1.5`. In whole milliseconds, and without the formatting of
/// floating point numbers, which is large.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        match (millis, millis % 100, millis % 10) {
            (0, ..) => write!(f, "{seconds}"),
            (_, 0, _) => write!(f, "{seconds}.{}", millis / 100),
            (_, _, 0) => write!(f, "{seconds}.{:02}", millis / 10),
            _ => write!(f, "{seconds}.{millis:03}"),
        }
    }
}

/// RFC 3339 in UTC, whole seconds: the form that `metav1.Time` has on the wire.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match time::OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000)) {
            Ok(t) => write!(
                f,
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                t.year(),
                u8::from(t.month()),
                t.day(),
                t.hour(),
                t.minute(),
                t.second()
            ),
            Err(_) => write!(f, "{} ms after 1970", self.0),
        }
    }
}

/// What both clocks say at one moment.
///
/// A host with a single clock passes it twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::exhaustive_structs, reason = "there is no third clock")]
pub struct Now {
    /// The clock that only runs forward; deadlines are on it.
    pub monotonic: Instant,
    /// The clock that people set; expiry times are on it.
    pub wall: UnixTime,
}

impl Now {
    /// Both clocks from their millisecond counts.
    pub const fn from_millis(monotonic: u64, wall: i64) -> Self {
        Self { monotonic: Instant(monotonic), wall: UnixTime(wall) }
    }
}

const fn millis(duration: Duration) -> u64 {
    let millis = duration.as_millis();
    if millis > u64::MAX as u128 { u64::MAX } else { millis as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn ex_57_any_offset_and_fraction_is_read() {
        let utc = UnixTime::parse_rfc3339("2024-02-29T12:00:00Z").unwrap();
        assert_eq!(UnixTime::parse_rfc3339("2024-02-29T14:00:00+02:00"), Some(utc));
        assert_eq!(
            UnixTime::parse_rfc3339("2024-02-29T12:00:00.123456789Z").unwrap().as_millis(),
            utc.as_millis() + 123
        );
        for (text, millis) in [
            ("2024-02-29T7:00:00Z", -18_000_000),
            ("2024-02-29T12:00:00,5Z", 500),
            ("2024-02-29T12:00:00.0009Z", 0),
            ("2024-02-29T12:00:00+24:00", -86_400_000),
            ("2024-02-29T12:00:00-00:60", 3_600_000),
        ] {
            let time = UnixTime::parse_rfc3339(text).map(UnixTime::as_millis);
            assert_eq!(time, Some(utc.as_millis() + millis), "{text}");
        }
        for text in [
            "",
            "soon",
            "2024-02-29T12:00:00.Z",
            "2024-02-29T12:00:00+25:00",
            "2024-02-29T12:00:00+00:61",
            "2024-02-29T12:00:00+01:00x",
            "2024-02-29T12:0:00Z",
            "2024-02-29T12:00:60Z",
            "2016-12-31T23:59:60Z",
            "2024-13-01T12:00:00Z",
            "2024-02-29T24:00:00Z",
            "2024-02-29T112:00:00Z",
            "+024-02-29T12:00:00Z",
            "2024-02-29T12:00:00",
            "2024-02-29",
            "2023-02-29T12:00:00Z",
            "2024-02-29 12:00:00Z",
            "2024-02-29t12:00:00Z",
            "2024-02-29T12:00:00z",
            "1709208000",
        ] {
            assert_eq!(UnixTime::parse_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_printed_reads_back() {
        for text in ["1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2036-02-29T00:00:01Z"] {
            assert_eq!(UnixTime::parse_rfc3339(text).unwrap().to_string(), text);
        }
        for (beyond, end) in [
            ("9999-12-31T23:59:59.9-23:59", "9999-12-31T23:59:59Z"),
            ("0000-01-01T00:00:00+23:59", "0000-01-01T00:00:00Z"),
        ] {
            let time = UnixTime::parse_rfc3339(beyond).unwrap();
            assert_eq!(time.to_string(), end);
            assert_eq!(UnixTime::parse_rfc3339(end), Some(time));
        }
    }

    #[test]
    fn arithmetic_saturates() {
        let far = Instant::from_millis(u64::MAX);
        assert_eq!(far.saturating_add(Duration::MAX), far);
        assert_eq!(Instant::default().since(far), Duration::ZERO);
        let last = UnixTime::from_millis(i64::MAX);
        assert_eq!(last.saturating_add(Duration::MAX), last);
        assert_eq!(UnixTime::from_millis(i64::MIN).since(last), Duration::ZERO);
    }

    #[test]
    fn seconds_have_as_many_digits_as_they_need() {
        for (millis, text) in [
            (0, "0"),
            (60_000, "60"),
            (1_500, "1.5"),
            (1_050, "1.05"),
            (1_005, "1.005"),
            (1_250, "1.25"),
            (700, "0.7"),
        ] {
            assert_eq!(alloc::format!("{}", Seconds(Duration::from_millis(millis))), text);
        }
    }
}
