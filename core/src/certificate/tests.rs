use super::*;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/vectors/certificates/", $name)).as_slice()
    };
}

/// Each certificate with a key in each of its forms; the last says whether the key carries its
/// public half.
const PAIRS: [(&str, &[u8], &[u8], bool); 15] = [
    ("rsa pkcs1", vector!("rsa.crt"), vector!("rsa.pkcs1.key"), true),
    ("rsa pkcs8", vector!("rsa.crt"), vector!("rsa.pkcs8.key"), true),
    ("p256 sec1", vector!("p256.crt"), vector!("p256.sec1.key"), true),
    ("p256 pkcs8", vector!("p256.crt"), vector!("p256.pkcs8.key"), true),
    ("p256 with parameters", vector!("p256.crt"), vector!("p256.with-parameters.key"), true),
    ("p384 sec1", vector!("p384.crt"), vector!("p384.sec1.key"), true),
    ("p384 pkcs8", vector!("p384.crt"), vector!("p384.pkcs8.key"), true),
    ("p521 sec1", vector!("p521.crt"), vector!("p521.sec1.key"), true),
    ("p521 pkcs8", vector!("p521.crt"), vector!("p521.pkcs8.key"), true),
    ("rsa as pkcs8", vector!("rsa.crt"), vector!("rsa.pkcs1.mislabelled.key"), true),
    ("rsa as pkcs1", vector!("v1.crt"), vector!("rsa.pkcs8.mislabelled.key"), true),
    ("p256 as pkcs8", vector!("p256.crt"), vector!("p256.sec1.mislabelled.key"), true),
    ("ed25519 v2", vector!("ed25519.crt"), vector!("ed25519.v2.key"), true),
    ("p256 no public", vector!("p256.crt"), vector!("p256.no-public.key"), false),
    ("ed25519 v1", vector!("ed25519.crt"), vector!("ed25519.pkcs8.key"), false),
];

const RSA: &[u8] = vector!("rsa.crt");
const P256: &[u8] = vector!("p256.crt");
const P256_KEY: &[u8] = vector!("p256.pkcs8.key");
const CHAIN: &[u8] = vector!("chain.crt");
const CHAIN_KEY: &[u8] = vector!("chain.key");

#[test]
fn ex_55_pairs_belong_together_in_every_format() {
    for (name, certificate, key, _) in PAIRS {
        assert_eq!(check_pair(certificate, key), Ok(()), "{name}");
    }
    assert_eq!(check_pair(CHAIN, CHAIN_KEY), Ok(()), "the leaf comes first");
}

#[test]
fn ex_55_keys_of_another_kind_or_curve_are_a_mismatch() {
    for (name, certificate, _, _) in PAIRS {
        for (other, _, key, _) in PAIRS {
            let same = name.split(' ').next() == other.split(' ').next();
            let expected = if same { Ok(()) } else { Err(ContentProblem::PairMismatch) };
            assert_eq!(check_pair(certificate, key), expected, "{name} with {other}");
        }
    }
}

#[test]
fn ex_55_another_key_of_the_same_kind_is_a_mismatch() {
    let other = [
        (vector!("rsa.crt"), vector!("rsa-other.pkcs8.key")),
        (P256, vector!("p256-other.pkcs8.key")),
        (P256, CHAIN_KEY),
        (CHAIN, P256_KEY),
    ];
    for (certificate, key) in other {
        assert_eq!(check_pair(certificate, key), Err(ContentProblem::PairMismatch));
    }
    // Another certificate of the chain is not the leaf.
    let leaf_last = [P256, CHAIN].concat();
    assert_eq!(check_pair(&leaf_last, CHAIN_KEY), Err(ContentProblem::PairMismatch));
}

#[test]
fn ex_55_what_is_no_certificate_and_what_is_no_key_are_told_apart() {
    assert_eq!(check_pair(b"", P256_KEY), Err(ContentProblem::NoPem));
    assert_eq!(check_pair(P256_KEY, P256_KEY), Err(ContentProblem::NoPem));
    assert_eq!(
        check_pair(&wrapped("CERTIFICATE", "AAAA"), P256_KEY),
        Err(ContentProblem::BadCertificate)
    );
    let keys = [
        Vec::new(),
        P256.to_vec(),
        wrapped("PRIVATE KEY", "AAAA"),
        wrapped("PRIVATE KEY", "MAA="),
        vector!("p256.encrypted.key").to_vec(),
    ];
    for key in keys {
        assert_eq!(check_pair(P256, &key), Err(ContentProblem::BadKey));
    }
}

#[test]
fn ex_55_the_leaf_is_the_first_certificate_and_other_blocks_do_not_count() {
    let with_key = [P256_KEY, b"some words\n", CHAIN].concat();
    assert_eq!(check_pair(&with_key, CHAIN_KEY), Ok(()));
    assert_eq!(not_after(&with_key), not_after(CHAIN));
}

#[test]
fn q_12_not_after_is_the_leaf_s() {
    let expired = vector!("expired.crt");
    assert_eq!(not_after(expired).unwrap().unwrap().to_string(), "2021-01-01T00:00:00Z");
    assert_eq!(not_before(expired).unwrap().to_string(), "2020-01-01T00:00:00Z");
    assert_eq!(not_after(vector!("never.crt")), Ok(None));
    let root_first = [P256, CHAIN].concat();
    assert_eq!(not_after(&root_first), not_after(P256));
    assert_ne!(not_after(&root_first), not_after(CHAIN));
    assert_eq!(not_after(b"-----BEGIN"), Err(ContentProblem::NoPem));
}

#[test]
fn ua_32_roots_need_one_certificate_that_can_be_parsed() {
    let broken = wrapped("CERTIFICATE", "AAAA");
    let headed = String::from_utf8(RSA.to_vec()).unwrap().replacen('\n', "\nComment: x\n\n", 1);
    let good: [&[u8]; 5] = [
        RSA,
        CHAIN,
        &[&broken, RSA].concat(),
        &[RSA, b"\n\ntext between blocks\n", P256].concat(),
        &String::from_utf8(RSA.to_vec()).unwrap().replace('\n', "\r\n").into_bytes(),
    ];
    for pem in good {
        assert_eq!(check_roots(pem), Ok(()));
    }
    assert_eq!(check_roots(&broken), Err(ContentProblem::BadCertificate));
    for pem in [b"no PEM at all".as_slice(), b" \n", P256_KEY, headed.as_bytes()] {
        assert_eq!(check_roots(pem), Err(ContentProblem::NoPem));
    }
}

#[test]
fn ua_32_a_block_with_something_glued_to_its_end_is_none() {
    let glued = [RSA.trim_ascii_end(), b"this is not valid"].concat();
    assert_eq!(check_roots(&glued), Err(ContentProblem::NoPem));
    let joined = [RSA.trim_ascii_end(), P256].concat();
    assert_eq!(check_roots(&joined), Err(ContentProblem::NoPem));
    assert_eq!(check_roots(&[&joined[..], CHAIN].concat()), Ok(()));
}

#[test]
fn ua_33_an_empty_file_trusts_nobody() {
    assert_eq!(check_roots(b""), Ok(()));
}

/// Every byte of a certificate and of each key, changed and cut off: an answer, no panic.
#[test]
fn hostile_der_is_an_answer() {
    let mut answers = 0;
    for (_, certificate, key, _) in PAIRS {
        let certificate = pem::blocks(certificate).next().unwrap().der;
        for block in pem::blocks(key) {
            for at in 0..block.der.len() {
                for byte in [0x00, 0x30, 0x7f, 0x80, 0x84, 0xa0, 0xff] {
                    let mut der = block.der.to_vec();
                    der[at] = byte;
                    answers += usize::from(key::PrivateKey::parse(&der).is_none());
                    answers += usize::from(key::PrivateKey::parse(&der[..at]).is_none());
                }
            }
        }
        for at in 0..certificate.len() {
            let mut der = certificate.to_vec();
            der[at] ^= 0x81;
            answers += usize::from(Certificate::parse(&der).is_err());
            assert!(Certificate::parse(&certificate[..at]).is_err());
        }
    }
    assert!(answers > 10_000, "{answers}");
}

/// Many openings, no end: the work is in proportion to the size.
#[test]
fn hostile_pem_is_read_once() {
    let openings = b"-----BEGIN CERTIFICATE-----\nAAAA\n".repeat(30_000);
    assert_eq!(check_roots(&openings), Err(ContentProblem::NoPem));
    assert_eq!(
        check_roots(&b"-----END CERTIFICATE-----\n".repeat(30_000)),
        Err(ContentProblem::NoPem)
    );
    let small = wrapped("CERTIFICATE", "AAAA").repeat(30_000);
    assert_eq!(check_roots(&small), Err(ContentProblem::BadCertificate));
}

fn wrapped(label: &str, base64: &str) -> Vec<u8> {
    alloc::format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n").into_bytes()
}

/// What tools call a key is not always what it is.
#[test]
fn ua_34_the_format_of_a_key_is_found_in_the_key() {
    let keys: [(&[u8], KeyFormat, &str); 9] = [
        (vector!("rsa.pkcs1.key"), KeyFormat::Pkcs1, "an RSA key of 2048 bits"),
        (vector!("rsa.pkcs1.mislabelled.key"), KeyFormat::Pkcs1, "an RSA key of 2048 bits"),
        (vector!("rsa.pkcs8.mislabelled.key"), KeyFormat::Pkcs8, "an RSA key of 2048 bits"),
        (vector!("rsa1024.pkcs8.key"), KeyFormat::Pkcs8, "an RSA key of 1024 bits"),
        (vector!("p256.sec1.mislabelled.key"), KeyFormat::Sec1, "an elliptic curve key on P-256"),
        (vector!("p384.pkcs8.key"), KeyFormat::Pkcs8, "an elliptic curve key on P-384"),
        (vector!("p521.sec1.key"), KeyFormat::Sec1, "an elliptic curve key on P-521"),
        (vector!("p256.no-public.key"), KeyFormat::Sec1, "an elliptic curve key on P-256"),
        (vector!("ed25519.v2.key"), KeyFormat::Pkcs8, "a key for Ed25519"),
    ];
    for (pem, format, kind) in keys {
        let key = private_key(pem).unwrap();
        assert_eq!((key.format, key.kind.as_str()), (format, kind));
    }
    assert_eq!(private_key(vector!("p256.encrypted.key")), Err(ContentProblem::BadKey));
    assert_eq!(private_key(P256), Err(ContentProblem::BadKey));
    assert_eq!(chain(CHAIN).count(), 3);
}
