//! Whether a kept answer is printed, or the plugin is run.

use super::entry::Entry;
use crate::time::UnixTime;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// The largest part of a life that is left unused: a request in flight must arrive.
const MARGIN: Duration = Duration::from_secs(60);

/// How long a credential is printed again although a client had it refused, after the first run
/// for that reason; doubled for each further one. The server may refuse whatever the plugin says.
const AFTER_REFUSAL: Duration = Duration::from_secs(10);

/// The longest such time.
const AFTER_REFUSALS: Duration = Duration::from_secs(600);

/// How long a plugin that has failed is not run again; doubled for each failure in a row. Short
/// enough that a person who has mended what was wrong does not notice.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The longest such time.
const AFTER_FAILURES: Duration = Duration::from_secs(30);

/// How long before its end a credential is no longer used: a minute, or a tenth of its life if that
/// is less (LG-82).
#[must_use]
pub fn margin(obtained: UnixTime, ends: UnixTime) -> Duration {
    (ends.since(obtained) / 10).min(MARGIN)
}

/// The client that wants a credential: the parent process, if it runs plugins by the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two numbers")]
pub struct Asker {
    /// Its process id.
    pub process: u32,
    /// When it started, in any unit: tells it from a later process with the same id.
    pub started: u64,
}

/// A note that a client was given a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a host makes one")]
pub struct Grant {
    /// [`Entry::id`].
    pub id: String,
    /// The client.
    pub asker: Asker,
    /// When it was given.
    pub at: UnixTime,
}

impl Grant {
    /// One line, with its line break; short enough that systems append it whole.
    #[must_use]
    pub fn write(&self) -> String {
        let Self { id, asker, at } = self;
        format!("{id} {} {} {}\n", asker.process, asker.started, at.as_millis())
    }

    /// Reads lines; those that are cut or not understood do not count.
    #[must_use]
    pub fn read(text: &str) -> Vec<Self> {
        text.lines().filter_map(Self::read_line).collect()
    }

    fn read_line(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let grant = Self {
            id: words.next()?.into(),
            asker: Asker {
                process: words.next()?.parse().ok()?,
                started: words.next()?.parse().ok()?,
            },
            at: UnixTime::from_millis(words.next()?.parse().ok()?),
        };
        words.next().is_none().then_some(grant)
    }
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host must act on each")]
pub enum Decision {
    /// Print the entry.
    Print,
    /// Run the plugin.
    Run(RunReason),
}

/// Why the plugin is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host acts on each")]
pub enum RunReason {
    /// No answer is kept.
    NoEntry,
    /// The kept answer has ended, or soon will; or the clock was set back to before it was made, so
    /// that its end cannot be trusted.
    Ended,
    /// The client was given the answer and asks again although it is good: a client that follows
    /// client-go does so after a 401 (LG-120).
    Refused,
}

/// Decides for a process that was started at `started`.
///
/// A client that asks twice at the same time, as for two connections, has had nothing refused: only
/// what was given before this process started counts.
#[must_use]
pub fn decide(
    entry: Option<&Entry>,
    grants: &[Grant],
    asker: Option<Asker>,
    started: UnixTime,
    now: UnixTime,
) -> Decision {
    let Some(entry) = entry else { return Decision::Run(RunReason::NoEntry) };
    let until = entry.ends.saturating_sub(margin(entry.obtained, entry.ends));
    if now >= until || now < entry.obtained {
        return Decision::Run(RunReason::Ended);
    }
    let given =
        |grant: &Grant| Some(grant.asker) == asker && grant.id == entry.id && grant.at < started;
    if grants.iter().any(given) && now >= entry.obtained.saturating_add(pause(entry.refusals)) {
        return Decision::Run(RunReason::Refused);
    }
    Decision::Print
}

/// How long an answer that was fetched because of so many refusals is printed in any case.
fn pause(refusals: u32) -> Duration {
    doubled(AFTER_REFUSAL, refusals).min(AFTER_REFUSALS)
}

/// Nothing for zero, `first` for one, twice as much for each more.
fn doubled(first: Duration, count: u32) -> Duration {
    match count.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => first.saturating_mul(1 << doublings.min(16)),
    }
}

/// A failed run: kept for a short pause, so that a tool that asks all the time does not run a
/// broken plugin all the time. The failure itself is not an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a host makes one")]
pub struct Failed {
    /// When it ended.
    pub at: UnixTime,
    /// How many there were in a row.
    pub count: u32,
    /// What went wrong, in words without secrets.
    pub reason: String,
}

impl Failed {
    /// The content of its file.
    #[must_use]
    pub fn write(&self) -> String {
        format!("{} {} {}\n", self.at.as_millis(), self.count, self.reason)
    }

    /// Reads the content of a file; `None` if it is not of this form.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n')?.splitn(3, ' ');
        Some(Self {
            at: UnixTime::from_millis(words.next()?.parse().ok()?),
            count: words.next()?.parse().ok()?,
            reason: words.next()?.into(),
        })
    }

    /// Until when the plugin is not run again, if that is later than `now`. A failure that lies in
    /// the future, since the clock was set back, delays nothing.
    #[must_use]
    pub fn pause(&self, now: UnixTime) -> Option<UnixTime> {
        let until = self.at.saturating_add(doubled(AFTER_FAILURE, self.count).min(AFTER_FAILURES));
        (self.at <= now && now < until).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const ASKER: Asker = Asker { process: 7, started: 70 };

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_secs(seconds)
    }

    fn entry(obtained: i64, ends: i64, refusals: u32) -> Entry {
        let (obtained, ends) = (at(obtained), at(ends));
        let (id, command) = ("a1".into(), "c0".into());
        Entry { id, command, obtained, ends, refusals, credential: "{}".into() }
    }

    fn grant(seconds: i64) -> Grant {
        Grant { id: "a1".into(), asker: ASKER, at: at(seconds) }
    }

    fn plain(entry: &Entry, now: i64) -> Decision {
        decide(Some(entry), &[], Some(ASKER), at(now), at(now))
    }

    #[test]
    fn lg_82_an_answer_is_printed_until_a_minute_or_a_tenth_of_its_life_is_left() {
        for (life, last) in [(900, 839), (100, 89), (10, 8), (100_000, 99_939)] {
            let entry = entry(0, life, 0);
            assert_eq!(plain(&entry, 0), Decision::Print, "{life}");
            assert_eq!(plain(&entry, last), Decision::Print, "{life}");
            assert_eq!(plain(&entry, last + 1), Decision::Run(RunReason::Ended), "{life}");
        }
        assert_eq!(decide(None, &[], None, at(0), at(0)), Decision::Run(RunReason::NoEntry));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_an_answer_useless() {
        let entry = entry(1000, 1900, 0);
        assert_eq!(plain(&entry, 999), Decision::Run(RunReason::Ended));
    }

    #[test]
    fn lg_120_a_client_that_was_given_an_answer_and_asks_again_has_had_it_refused() {
        let entry = entry(0, 900, 0);
        let decided = |grant: Grant, asker, started| {
            decide(Some(&entry), &[grant], asker, at(started), at(started))
        };
        let refused = Decision::Run(RunReason::Refused);
        assert_eq!(decided(grant(5), Some(ASKER), 6), refused);
        assert_eq!(decided(grant(6), Some(ASKER), 6), Decision::Print, "at the same time");
        assert_eq!(decided(grant(5), None, 6), Decision::Print, "started by hand");
        let later = Asker { started: 71, ..ASKER };
        assert_eq!(decided(grant(5), Some(later), 6), Decision::Print, "the id was used again");
        let other = Grant { id: "b2".into(), ..grant(5) };
        assert_eq!(decided(other, Some(ASKER), 6), Decision::Print, "of an older answer");
    }

    #[test]
    fn lg_120_runs_for_refusals_are_paced() {
        for (refusals, pause) in [(1, 10), (2, 20), (3, 40), (7, 600), (u32::MAX, 600)] {
            let entry = entry(1000, 9000, refusals);
            let decided =
                |now: i64| decide(Some(&entry), &[grant(1000)], Some(ASKER), at(now), at(now));
            assert_eq!(decided(1000 + pause - 1), Decision::Print, "{refusals}");
            let run = Decision::Run(RunReason::Refused);
            assert_eq!(decided(1000 + pause), run, "{refusals}");
        }
    }

    #[test]
    fn failures_are_paced_and_a_clock_that_was_set_back_does_not_prolong_a_pause() {
        for (count, pause) in [(1, 1), (2, 2), (5, 16), (6, 30), (u32::MAX, 30)] {
            let failed = Failed { at: at(100), count, reason: "exit code 1".into() };
            assert_eq!(failed.pause(at(100)), Some(at(100 + pause)), "{count}");
            assert_eq!(failed.pause(at(100 + pause)), None, "{count}");
            assert_eq!(failed.pause(at(99)), None, "{count}");
        }
    }

    #[test]
    fn notes_read_back_and_cut_ones_do_not_count() {
        let text = [grant(1).write(), grant(2).write(), "a1 7 70".into()].concat();
        assert_eq!(Grant::read(&text), vec![grant(1), grant(2)]);
        assert_eq!(Grant::read("a1 7 x 3\n\na1 7 70 3 4\n"), vec![]);
        let failed = Failed { at: at(3), count: 2, reason: "it failed: a b".into() };
        assert_eq!(Failed::read(&failed.write()), Some(failed));
        for text in ["", "1 2", "1 2 cut", "x 2 z\n"] {
            assert_eq!(Failed::read(text), None, "{text}");
        }
    }
}
