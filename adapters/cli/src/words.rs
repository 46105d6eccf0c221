//! What the core decided, in words. Never a secret: events hold none.

use kubecred_core::{Event, Instant, UnixTime};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An event of an authenticator that was started `age` ago.
pub(crate) fn event(event: &Event, age: Duration) -> String {
    match event {
        Event::Renewed { generation, expires } => {
            let life = expires.map(|end| format!(", good for {}", life(end))).unwrap_or_default();
            format!("holds credential {}{life}", generation.as_u64())
        }
        Event::Failed { error, retry_at, serving } => {
            let goes_on = if *serving { "what it holds stays in use" } else { "it holds nothing" };
            let again = seconds(remaining(*retry_at, age));
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
        other => format!("{other:?}"),
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

fn life(end: UnixTime) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = UnixTime::from_millis(i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
    seconds(end.since(now))
}

/// The authenticator's monotonic clock counts from its start.
fn remaining(at: Instant, age: Duration) -> Duration {
    Duration::from_millis(at.as_millis()).saturating_sub(age)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubecred_core::{Error, Failure, FailureKind, FileRole, Generation};

    #[test]
    fn a_failure_says_what_stays_and_when_it_goes_on() {
        let error = Error::File {
            role: FileRole::Token,
            path: "/t".into(),
            failure: Failure::new(FailureKind::NotFound, "no such file"),
        };
        let failed = Event::Failed { error, retry_at: Instant::from_millis(5250), serving: true };
        assert_eq!(
            event(&failed, Duration::from_secs(4)),
            "could not renew: cannot read token \"/t\": no such file; what it holds stays in use, \
             next try in 1.2 s"
        );
        let renewed = Event::Renewed { generation: Generation::from_u64(2), expires: None };
        assert_eq!(event(&renewed, Duration::ZERO), "holds credential 2");
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
