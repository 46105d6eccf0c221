//! Certificates of this world by name. The clock starts at 2030-01-01T00:00:00Z: `a` and `b`
//! outlive every test, `short` ends ten minutes after the start, `gone` ended a year before it.

/// The end of the certificate `short`, in milliseconds since the start.
pub const SHORT_ENDS: u64 = 600_000;

macro_rules! pem {
    ($file:literal) => {
        include_str!(concat!("../pem/", $file, ".pem"))
    };
}

const CERTIFICATES: [(&str, &str); 4] = [
    ("a", pem!("a.crt")),
    ("b", pem!("b.crt")),
    ("short", pem!("short.crt")),
    ("gone", pem!("gone.crt")),
];

const KEYS: [(&str, &str); 4] = [
    ("a", pem!("a.key")),
    ("b", pem!("b.key")),
    ("short", pem!("short.key")),
    ("gone", pem!("gone.key")),
];

const ROOTS: [(&str, &str); 2] = [("a", pem!("roots-a.crt")), ("b", pem!("roots-b.crt"))];

/// The client certificate with this name, as PEM.
pub fn certificate(name: &str) -> &'static str {
    find(&CERTIFICATES, name)
}

/// The key of the client certificate with this name, as PEM.
pub fn key(name: &str) -> &'static str {
    find(&KEYS, name)
}

/// The certificate authority with this name, as PEM.
pub fn roots(name: &str) -> &'static str {
    find(&ROOTS, name)
}

/// The name of a client certificate.
pub fn name_of(pem: &[u8]) -> Option<&'static str> {
    CERTIFICATES.iter().find(|(_, text)| text.as_bytes() == pem).map(|(name, _)| *name)
}

/// The name of a certificate authority.
pub fn name_of_roots(pem: &[u8]) -> Option<&'static str> {
    ROOTS.iter().find(|(_, text)| text.as_bytes() == pem).map(|(name, _)| *name)
}

/// A line of every key that must not show anywhere.
pub fn key_lines() -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter_map(|(_, text)| text.lines().nth(2))
}

fn find(table: &[(&str, &'static str)], name: &str) -> &'static str {
    let found = table.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no certificate or key is named {name:?}")).1
}
