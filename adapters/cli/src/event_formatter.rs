//! What the core decided, in words. Never a secret: events hold none.

use crate::clock;
use kubecred_core::{Event, Generation, Instant, UnixTime};
use std::time::{Duration, Instant as Moment};

/// Puts the events of one authenticator into words, one after the other.
#[derive(Debug)]
pub(crate) struct EventFormatter {
    /// When the authenticator was started, whose clock counts from there.
    born: Moment,
    held: Option<Generation>,
}

impl EventFormatter {
    /// For an authenticator that has just been started.
    pub(crate) fn new() -> Self {
        Self { born: Moment::now(), held: None }
    }

    /// The next event.
    pub(crate) fn format(&mut self, event: &Event) -> String {
        match event {
            Event::Renewed { generation, expires } => {
                let number = generation.as_u64();
                let life = expires.map(life).map(|life| format!(", good for {}", seconds(life)));
                let life = life.unwrap_or_default();
                match self.held.replace(*generation) == Some(*generation) {
                    true => format!("looked again: still credential {number}{life}"),
                    false => format!("holds credential {number}{life}"),
                }
            }
            Event::Failed { error, retry_at, serving } => {
                let goes_on =
                    if *serving { "what it holds stays in use" } else { "it holds nothing" };
                let again = seconds(self.until(*retry_at));
                format!("could not renew: {error}; {goes_on}, next try in {again}")
            }
            Event::Rejected { generation } => {
                format!("was told that credential {} is refused; gets another", generation.as_u64())
            }
            Event::Withdrawn { generation } => {
                format!("credential {} has ended; requests wait for the next", generation.as_u64())
            }
            Event::ClockSkew { millis } => format!(
                "got a credential that ended {} ago: a clock is wrong; lets the server decide",
                seconds(Duration::from_millis(*millis))
            ),
            Event::NotSaved { error, retry_at: Some(at) } => {
                format!("{error}; tries again in {}", seconds(self.until(*at)))
            }
            Event::NotSaved { error, retry_at: None } => {
                format!("{error}; gives up, and the next program may have to log in anew")
            }
            Event::Saved { path } => format!("has saved the refreshed tokens in {path}"),
            other => format!("{other:?}"),
        }
    }

    fn until(&self, at: Instant) -> Duration {
        Duration::from_millis(at.as_millis()).saturating_sub(self.born.elapsed())
    }
}

/// A duration as people say it.
pub(crate) fn seconds(duration: Duration) -> String {
    match duration {
        short if short < Duration::from_secs(100) => format!("{:.1} s", short.as_secs_f64()),
        long if long < Duration::from_secs(100 * 60) => format!("{} min", long.as_secs() / 60),
        long => format!("{} h", long.as_secs() / 3600),
    }
}

fn life(end: UnixTime) -> Duration {
    end.since(clock::now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubecred_core::{Error, Failure, FailureKind, FileRole};

    #[test]
    fn a_failure_says_what_stays_and_when_it_goes_on() {
        let error = Error::File {
            role: FileRole::Token,
            path: "/t".into(),
            failure: Failure::new(FailureKind::NotFound, "no such file"),
        };
        let retry_at = Instant::from_millis(1000 * 3600 * 24 * 3 - 1);
        let mut formatter = EventFormatter::new();
        assert_eq!(
            formatter.format(&Event::Failed { error, retry_at, serving: true }),
            "could not renew: cannot read token \"/t\": no such file; what it holds stays in use, \
             next try in 71 h"
        );
    }

    #[test]
    fn what_is_the_same_is_not_called_new() {
        let mut formatter = EventFormatter::new();
        let mut renewed = |generation| {
            let generation = Generation::from_u64(generation);
            formatter.format(&Event::Renewed { generation, expires: None })
        };
        assert_eq!(renewed(1), "holds credential 1");
        assert_eq!(renewed(1), "looked again: still credential 1");
        assert_eq!(renewed(2), "holds credential 2");
    }

    #[test]
    fn durations_are_short() {
        for (millis, text) in [
            (40, "0.0 s"),
            (2960, "3.0 s"),
            (99_900, "99.9 s"),
            (600_000, "10 min"),
            (86_400_000, "24 h"),
        ] {
            assert_eq!(seconds(Duration::from_millis(millis)), text);
        }
    }
}
