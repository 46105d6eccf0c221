//! What plugins print.

use super::{Case, Size, lines, nested, utf_16};

const V1: &str = "client.authentication.k8s.io/v1";

/// ExecCredentials of `client.authentication.k8s.io/v1` that are too deep, too long, no text, or
/// from another time. Full ones are below a mebibyte: more is never looked at.
pub fn answers(size: Size) -> Vec<Case> {
    let n = |full, seed| size.of(full, seed);
    let status = |inner: &str| {
        format!(r#"{{"apiVersion":"{V1}","kind":"ExecCredential","status":{{{inner}}}}}"#)
    };
    let expires = |time: &str| status(&format!(r#""token":"t","expirationTimestamp":{time}"#));
    let yaml = |inner: &str| format!("apiVersion: {V1}\nkind: ExecCredential\n{inner}");
    let digits = "9".repeat(n(500_000, 1_000));
    let texts: Vec<(&str, String)> = vec![
        (
            "deep_list",
            status(&format!(r#""token":"t","x":{}"#, nested(n(100_000, 300), "[", "", "]"))),
        ),
        ("deep_maps", nested(n(90_000, 300), r#"{"status":"#, "null", "}")),
        ("deep_unclosed", r#"{"a":"#.repeat(n(100_000, 300))),
        ("deep_yaml", yaml(&format!("x: {}", nested(n(100_000, 300), "[", "", "]")))),
        ("laughs_yaml", {
            let line =
                |i: usize| format!("a{}: &a{} [{}]\n", i + 1, i + 1, format!("*a{i},").repeat(9));
            yaml(&format!("a0: &a0 [lol]\n{}status: *a20\n", lines(20, line)))
        }),
        ("fields_30k", {
            let fields = lines(n(30_000, 200), |i| format!(r#""f{i}":[{{}},1e400],"#));
            status(&format!(r#"{fields}"token":"t""#))
        }),
        ("statuses_10k", {
            let statuses = r#""status":{"token":"t"},"#.repeat(n(10_000, 100));
            format!(r#"{{{statuses}"apiVersion":"{V1}","kind":"ExecCredential"}}"#)
        }),
        ("expires_in_year_99999", expires(r#""99999-01-01T00:00:00Z""#)),
        ("expires_before_year_0", expires(r#""-0001-01-01T00:00:00Z""#)),
        ("expires_on_no_day", expires(r#""2030-13-45T99:99:99+99:99""#)),
        ("expires_in_a_long_fraction", expires(&format!(r#""2030-01-01T00:00:00.{digits}Z""#))),
        ("expires_by_number", expires(&digits)),
        ("expires_at_1e999", expires("1e999")),
        ("expires_in_the_last_second", expires(r#""9999-12-31T23:59:59.999999999-23:59""#)),
        ("expires_in_the_first_second", expires(r#""0000-01-01T00:00:00+23:59""#)),
        ("token_with_nul", status(r#""token":"a\u0000b""#)),
        ("token_with_line_break", status(r#""token":"a\r\nX-Remote-User: admin""#)),
        ("token_with_half_pair", status(r#""token":"\ud800""#)),
        (
            "token_of_half_a_mebibyte",
            status(&format!(r#""token":"{}""#, "t".repeat(n(1 << 19, 3_000)))),
        ),
        ("key_that_is_none", {
            let key = "k".repeat(n(900_000, 3_000));
            status(&format!(r#""clientCertificateData":"c","clientKeyData":"{key}""#))
        }),
        ("pem_lines", {
            let pem = r"-----BEGIN CERTIFICATE-----\n".repeat(n(16_000, 60));
            status(&format!(r#""clientCertificateData":"{pem}","clientKeyData":"{pem}""#))
        }),
    ];
    let mut cases: Vec<Case> =
        texts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    cases.extend([
        ("zeros", vec![0; n(100_000, 100)]),
        ("not_utf_8", [b"{\"apiVersion\":\"", &[0xff; 16][..], b"\"}"].concat()),
        ("utf_16", utf_16(&status(r#""token":"t""#))),
        ("blanks", vec![b' '; n(900_000, 3_000)]),
    ]);
    cases
}
