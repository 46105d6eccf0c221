//! Why an exchange over HTTP failed, in words: the messages of hyper and h2 name stages of theirs
//! (`client error (SendRequest)`) and show Rust (`b"too_many_continuations"`).

use super::ConnectError;
use super::tls;
use h2::Reason;
use std::error::Error;
use std::fmt;

/// In one line: what connecting or TLS says of it, or else the causes, each in words about the
/// server. What the other side wrote for debugging is left out: it may repeat what was sent.
pub(crate) fn words(error: &(dyn Error + 'static)) -> String {
    Chain(error).to_string()
}

/// Displays [`words`].
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(failure) = tls::find_failure(self.0) {
            return failure.fmt(f);
        }
        let (mut colon, mut cause) = ("", Some(self.0));
        while let Some(error) = cause {
            cause = error.source();
            if let Some(connect) = error.downcast_ref::<ConnectError>() {
                return write!(f, "{colon}{connect}");
            }
            let words = match error.downcast_ref::<hyper::Error>() {
                // Its cause says more.
                Some(_) if cause.is_some_and(<dyn Error>::is::<h2::Error>) => continue,
                Some(error) => of_http(error),
                None => match error.downcast_ref() {
                    Some(error) => of_http2(error),
                    None => error.to_string(),
                },
            };
            write!(f, "{colon}{words}")?;
            colon = ": ";
        }
        Ok(())
    }
}

fn of_http(error: &hyper::Error) -> String {
    if error.is_parse_too_large() {
        "the head of its answer is too large: more than 100 headers, or some 400 kB".to_owned()
    } else if error.is_parse() {
        "what it sent is not HTTP".to_owned()
    } else if error.is_incomplete_message() || error.is_closed() {
        "it closed the connection before it answered".to_owned()
    } else if error.is_canceled() {
        "the connection ended before the request was sent".to_owned()
    } else {
        error.to_string()
    }
}

fn of_http2(error: &h2::Error) -> String {
    let Some(reason) = error.reason() else {
        return match error.is_io() {
            true => error.to_string(),
            false => "the request is not one for HTTP/2".to_owned(),
        };
    };
    let why = of_reason(reason);
    if !error.is_remote() {
        format!("it broke the rules of HTTP/2 ({why})")
    } else if error.is_go_away() {
        format!("it ended the connection ({why})")
    } else {
        format!("it ended the request ({why})")
    }
}

/// The name of RFC 9113, section 7, and what it means where that does not say it.
fn of_reason(reason: Reason) -> String {
    match reason {
        Reason::NO_ERROR => "NO_ERROR".to_owned(),
        Reason::PROTOCOL_ERROR => "PROTOCOL_ERROR".to_owned(),
        Reason::INTERNAL_ERROR => "INTERNAL_ERROR".to_owned(),
        Reason::FLOW_CONTROL_ERROR => "FLOW_CONTROL_ERROR".to_owned(),
        Reason::SETTINGS_TIMEOUT => "SETTINGS_TIMEOUT".to_owned(),
        Reason::STREAM_CLOSED => "STREAM_CLOSED".to_owned(),
        Reason::FRAME_SIZE_ERROR => "FRAME_SIZE_ERROR".to_owned(),
        Reason::REFUSED_STREAM => "REFUSED_STREAM".to_owned(),
        Reason::CANCEL => "CANCEL".to_owned(),
        Reason::COMPRESSION_ERROR => "COMPRESSION_ERROR".to_owned(),
        Reason::CONNECT_ERROR => "CONNECT_ERROR".to_owned(),
        Reason::ENHANCE_YOUR_CALM => {
            "ENHANCE_YOUR_CALM: a request is too large for it, or there are too many".to_owned()
        }
        Reason::INADEQUATE_SECURITY => "INADEQUATE_SECURITY: of TLS".to_owned(),
        Reason::HTTP_1_1_REQUIRED => "HTTP_1_1_REQUIRED".to_owned(),
        unknown => format!("error {}", u32::from(unknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_http_2_has_a_name() {
        for code in 0..=13 {
            let words = of_reason(code.into());
            let name = words.split(':').next().unwrap_or_default();
            let is_name = |letter: char| letter.is_ascii_uppercase() || "_1".contains(letter);
            assert!(name.chars().all(is_name), "{code}: {words}");
        }
        assert_eq!(of_reason(14.into()), "error 14");
    }
}
