//! Requests that the server asks to send again, as client-go sends them again (HT-5).

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use std::time::Duration;

/// How often a request is sent again, as client-go has it.
pub const MAX_RETRIES: usize = 10;

/// How long the server asks to wait before the request is sent again: after 429, or a failure of its
/// own, with whole seconds in `Retry-After`. A date there is not client-go's way, and no request to
/// send it again.
pub fn retry_after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let asks = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
    let seconds = headers.get(RETRY_AFTER).filter(|_| asks)?.to_str().ok()?;
    // Go counts in nanoseconds, in 64 bits that wrap; a time that is over is no pause.
    let pause = seconds.parse::<i64>().ok()?.wrapping_mul(1_000_000_000);
    Some(Duration::from_nanos(u64::try_from(pause).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(status: u16, after: Option<&str>) -> Option<u64> {
        let status = StatusCode::from_u16(status).expect("a status");
        let value = after.map(|after| (RETRY_AFTER, after.parse().expect("a value")));
        retry_after(status, &value.into_iter().collect()).map(|pause| pause.as_secs())
    }

    #[test]
    fn ht_5_what_the_server_asks_for_in_seconds_counts() {
        for (status, after, pause) in [
            (429, "0", Some(0)),
            (429, "7", Some(7)),
            (500, "1", Some(1)),
            (503, "1", Some(1)),
            (599, "1", Some(1)),
            (429, "-1", Some(0)),
            (429, "+1", Some(1)),
            (429, "4294967296", Some(4_294_967_296)),
            (429, "9223372036854775807", Some(0)),
            (429, "9223372036854775808", None),
            (429, "0x1", None),
            (429, "1.5", None),
            (429, "", None),
            (429, "Wed, 21 Oct 2026 07:28:00 GMT", None),
            (200, "1", None),
            (301, "1", None),
            (401, "1", None),
            (404, "1", None),
        ] {
            assert_eq!(asked(status, Some(after)), pause, "{status} {after:?}");
        }
        assert_eq!(asked(429, None), None);
    }
}
