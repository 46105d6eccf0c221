//! The events of an authenticator as text. Never a secret: events hold none.

use crate::clock;
use kubecred_core::{Event, Generation, UnixTime};
use std::time::Duration;

/// Formats the events of one authenticator, one after the other.
#[derive(Debug, Default)]
pub(crate) struct EventFormatter {
    held: Option<Generation>,
}

impl EventFormatter {
    /// The next event.
    pub(crate) fn format(&mut self, event: &Event) -> String {
        match event {
            Event::Renewed { generation, expires, .. } => {
                let number = generation.as_u64();
                let life = expires.map(until).map(|life| format!(", good for {}", seconds(life)));
                let life = life.unwrap_or_default();
                match self.held.replace(*generation) == Some(*generation) {
                    true => format!("credential {number} is still valid{life}"),
                    false => format!("has credential {number}{life}"),
                }
            }
            Event::Failed { error, retry_at, serving, .. } => {
                let goes_on = match serving {
                    true => "the present credential stays in use",
                    false => "there is no credential",
                };
                let again = seconds(until(*retry_at));
                format!("refresh failed: {error}; {goes_on}, next attempt in {again}")
            }
            Event::Rejected { generation } => {
                format!("credential {} was rejected; getting another", generation.as_u64())
            }
            Event::Withdrawn { generation, .. } => {
                format!(
                    "credential {} has expired; requests wait for the next",
                    generation.as_u64()
                )
            }
            Event::ClockSkew { millis, .. } => format!(
                "the new credential expired {} ago, so a clock is wrong; the server decides",
                seconds(Duration::from_millis(*millis))
            ),
            Event::NotSaved { error, retry_at: Some(at) } => {
                format!("{error}; next attempt in {}", seconds(until(*at)))
            }
            other => other.to_string(),
        }
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

fn until(at: UnixTime) -> Duration {
    at.since(clock::now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubecred_core::protocol::SlotName;
    use kubecred_core::{Error, Failure, FailureKind, FileRole};

    #[test]
    fn a_failure_says_what_stays_and_when_it_goes_on() {
        let error = Error::File {
            role: FileRole::Token,
            path: "/t".into(),
            failure: Failure::new(FailureKind::NotFound, "no such file"),
        };
        let retry_at = clock::now().saturating_add(Duration::from_secs(3600 * 72 - 1));
        let slot = SlotName::Authorization;
        let mut formatter = EventFormatter::default();
        assert_eq!(
            formatter.format(&Event::Failed { slot, error, retry_at, serving: true }),
            "refresh failed: cannot read token \"/t\": no such file; the present credential stays in \
             use, next attempt in 71 h"
        );
    }

    #[test]
    fn what_is_the_same_is_not_called_new() {
        let mut formatter = EventFormatter::default();
        let mut renewed = |generation| {
            let generation = Generation::from_u64(generation);
            formatter.format(&Event::Renewed {
                slot: SlotName::Authorization,
                generation,
                expires: None,
            })
        };
        assert_eq!(renewed(1), "has credential 1");
        assert_eq!(renewed(1), "credential 1 is still valid");
        assert_eq!(renewed(2), "has credential 2");
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
