//! Whom the programs trust: every kind of anchor with every kind of server certificate, by the names
//! and flags with which a server can be asked, and kubectl 1.33 and 1.35 to say what is right.
//!
//! A cell is an anchor (what `certificate-authority-data` holds), a path (what the server presents
//! beside its certificate), a leaf and a way to ask. Anchors meet all leaves by name; each anchor, path
//! and leaf meets the other ways to ask.

use crate::case::{Case, TOKEN};
use crate::programs::Program;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubecred_loopback::Issued;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose as Purpose, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose as Usage, NameConstraints, SanType, date_time_ymd,
};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// What is changed of the certificate of an authority.
type Change = fn(&mut CertificateParams);

const ANCHORS: [(&str, Change); 27] = [
    ("plain", |_| {}),
    ("expired", |anchor| anchor.not_after = date_time_ymd(2021, 1, 1)),
    ("not valid yet", |anchor| anchor.not_before = date_time_ymd(2098, 1, 1)),
    ("CA:FALSE", |anchor| anchor.is_ca = IsCa::ExplicitNoCa),
    ("no basic constraints", |anchor| anchor.is_ca = IsCa::NoCa),
    ("no key usage", |anchor| anchor.key_usages = Vec::new()),
    ("key usage without signing", |anchor| anchor.key_usages = vec![Usage::DigitalSignature]),
    ("for servers", |anchor| anchor.extended_key_usages = vec![Purpose::ServerAuth]),
    ("for clients", |anchor| anchor.extended_key_usages = vec![Purpose::ClientAuth]),
    ("for anything", |anchor| anchor.extended_key_usages = vec![Purpose::Any]),
    ("path length 0", |anchor| anchor.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))),
    ("only for .internal", |anchor| constrain(anchor, &["internal"], &[])),
    ("not for .internal", |anchor| constrain(anchor, &[], &["internal"])),
    ("only for .example", |anchor| constrain(anchor, &["example"], &[])),
    ("unknown extension", |anchor| extend(anchor, &[1, 2, 3, 4], NULL, false)),
    ("unknown critical extension", |anchor| extend(anchor, &[1, 2, 3, 4], NULL, true)),
    ("critical names of the issuer", |anchor| extend(anchor, &[2, 5, 29, 18], DNS_NAME, true)),
    ("critical names of the subject", |anchor| extend(anchor, &[2, 5, 29, 17], DNS_NAME, true)),
    ("critical identifier as the subject's name", |anchor| {
        extend(anchor, &[2, 5, 29, 17], REGISTERED_ID, true);
    }),
    ("critical limit to registered identifiers", |anchor| {
        extend(anchor, &[2, 5, 29, 30], REGISTERED_TREE, true);
    }),
    ("critical identifier of the authority's key", |anchor| {
        extend(anchor, &[2, 5, 29, 35], &[0x30, 3, 0x80, 1, 7], true);
    }),
    ("critical information on the authority", |anchor| {
        extend(anchor, &[1, 3, 6, 1, 5, 5, 7, 1, 1], AUTHORITY_INFO, true);
    }),
    ("critical policies", |anchor| extend(anchor, &[2, 5, 29, 32], ANY_POLICY, true)),
    ("critical policy constraints", |anchor| {
        extend(anchor, &[2, 5, 29, 36], &[0x30, 3, 0x80, 1, 1], true);
    }),
    ("critical end of any policy", |anchor| extend(anchor, &[2, 5, 29, 54], &[2, 1, 0], true)),
    ("critical revocation list", |anchor| extend(anchor, &[2, 5, 29, 31], REVOCATION, true)),
    ("the same extension twice", |anchor| {
        extend(anchor, &[1, 2, 3, 4], NULL, false);
        extend(anchor, &[1, 2, 3, 4], NULL, false);
    }),
];

/// Contents of extensions, in DER.
const NULL: &[u8] = &[5, 0];
const DNS_NAME: &[u8] = &[0x30, 4, 0x82, 2, b'c', b'a'];
const REGISTERED_ID: &[u8] = &[0x30, 5, 0x88, 3, 0x2a, 3, 4];
const REGISTERED_TREE: &[u8] = &[0x30, 9, 0xa1, 7, 0x30, 5, 0x88, 3, 0x2a, 3, 4];
const AUTHORITY_INFO: &[u8] =
    &[0x30, 16, 0x30, 14, 6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 0x86, 2, b'a', b':'];
const ANY_POLICY: &[u8] = &[0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0];
const REVOCATION: &[u8] = &[0x30, 10, 0x30, 8, 0xa0, 6, 0xa0, 4, 0x86, 2, b'a', b':'];

/// These anchors meet all leaves; the others, which differ by an extension, only the plain one.
const WITH_ALL_LEAVES: usize = 14;

/// The anchor is another than the root: what it is, of root, middle authority and leaf.
const BUNDLES: [&str; 5] = [
    "the leaf itself",
    "the middle authority",
    "an expired and a renewed certificate of one key",
    "another authority of the same name",
    "nothing that can be parsed beside the root",
];

const PATHS: [&str; 5] =
    ["direct", "middle", "middle expired", "middle CA:FALSE", "middle not presented"];

const LEAVES: [(&str, Change); 17] = [
    ("plain", |_| {}),
    ("expired", |leaf| leaf.not_after = date_time_ymd(2021, 1, 1)),
    ("not valid yet", |leaf| leaf.not_before = date_time_ymd(2098, 1, 1)),
    ("CA:TRUE", |leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
    ("CA:FALSE", |leaf| leaf.is_ca = IsCa::ExplicitNoCa),
    ("CA:TRUE for clients", |leaf| {
        leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        leaf.extended_key_usages = vec![Purpose::ClientAuth];
    }),
    ("for clients", |leaf| leaf.extended_key_usages = vec![Purpose::ClientAuth]),
    ("for anything", |leaf| leaf.extended_key_usages = vec![Purpose::Any]),
    ("no purpose", |leaf| leaf.extended_key_usages = Vec::new()),
    ("key usage for agreement", |leaf| leaf.key_usages = vec![Usage::KeyAgreement]),
    ("no names", |leaf| leaf.subject_alt_names = Vec::new()),
    ("common name only", |leaf| {
        leaf.subject_alt_names = Vec::new();
        leaf.distinguished_name.push(DnType::CommonName, "api.internal");
    }),
    ("other names", |leaf| leaf.subject_alt_names = names(&["other.internal"])),
    ("wildcard", |leaf| leaf.subject_alt_names = names(&["*.internal"])),
    ("mapped address", |leaf| {
        let address = [0, 0, 0, 0, 0, 0xffff, 0x7f00, 1];
        leaf.subject_alt_names = vec![SanType::IpAddress(IpAddr::from(address))];
    }),
    ("address as a name", |leaf| {
        leaf.subject_alt_names = vec![SanType::DnsName("127.0.0.1".try_into().expect("ASCII"))];
    }),
    ("unknown critical extension", |leaf| extend(leaf, &[1, 2, 3, 4], NULL, true)),
];

/// How the server is asked.
const WAYS: [&str; 5] =
    ["by name", "by address", "by mapped address", "by another name", "insecure"];

/// How a cell that differs on purpose is recognised, and why it does.
type Intended = (fn(&Cell) -> bool, &'static str);

/// What differs on purpose; `kubecred --help` lists it too.
const INTENDED: [Intended; 2] = [
    (
        |cell| {
            let constrained = ANCHORS[cell.anchor].0.ends_with(".internal");
            LEAVES[cell.leaf].0 == "CA:TRUE" && (cell.path != "direct" || constrained)
        },
        "a server certificate with CA:TRUE is taken only if a trusted authority without name \
         constraints signed it itself",
    ),
    (
        |cell| LEAVES[cell.leaf].0 == "wildcard",
        "wildcard certificates with a single label after the star are refused",
    ),
];

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cell {
    /// Of [`ANCHORS`].
    anchor: usize,
    /// Of [`BUNDLES`], if it is not the root that is trusted.
    bundle: Option<&'static str>,
    path: &'static str,
    /// Of [`LEAVES`].
    leaf: usize,
    way: &'static str,
}

impl Cell {
    fn words(&self) -> String {
        let anchor = self.bundle.unwrap_or(ANCHORS[self.anchor].0);
        format!(
            "anchor {anchor:?}, path {:?}, leaf {:?}, {}",
            self.path, LEAVES[self.leaf].0, self.way
        )
    }
}

fn cells() -> Vec<Cell> {
    let plain = Cell { anchor: 0, bundle: None, path: "direct", leaf: 0, way: "by name" };
    let mut cells = Vec::new();
    for anchor in 0..ANCHORS.len() {
        let leaves = if anchor < WITH_ALL_LEAVES { LEAVES.len() } else { 1 };
        cells.extend((0..leaves).map(|leaf| Cell { anchor, leaf, ..plain.clone() }));
        cells.extend(PATHS.map(|path| Cell { anchor, path, ..plain.clone() }));
        cells.extend(WAYS.map(|way| Cell { anchor, way, ..plain.clone() }));
    }
    for leaf in 0..LEAVES.len() {
        cells.extend(WAYS.map(|way| Cell { leaf, way, ..plain.clone() }));
        cells.push(Cell { leaf, bundle: Some(BUNDLES[0]), ..plain.clone() });
        cells.push(Cell { leaf, path: "middle", ..plain.clone() });
    }
    for bundle in BUNDLES.map(Some) {
        cells.extend(PATHS.map(|path| Cell { bundle, path, ..plain.clone() }));
        cells.extend(WAYS.map(|way| Cell { bundle, way, ..plain.clone() }));
    }
    let mut distinct = Vec::new();
    for cell in cells {
        if !distinct.contains(&cell) {
            distinct.push(cell);
        }
    }
    distinct
}

fn constrain(anchor: &mut CertificateParams, permitted: &[&str], excluded: &[&str]) {
    let subtrees = |names: &[&str]| {
        names.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned())).collect()
    };
    anchor.name_constraints = Some(NameConstraints {
        permitted_subtrees: subtrees(permitted),
        excluded_subtrees: subtrees(excluded),
    });
}

fn extend(params: &mut CertificateParams, id: &[u64], content: &[u8], critical: bool) {
    let mut extension = CustomExtension::from_oid_content(id, content.to_vec());
    extension.set_criticality(critical);
    params.custom_extensions.push(extension);
}

fn names(names: &[&str]) -> Vec<SanType> {
    names.iter().map(|name| SanType::DnsName((*name).try_into().expect("ASCII"))).collect()
}

/// An authority's certificate, before a change.
fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![Usage::KeyCertSign, Usage::CrlSign];
    dated(params)
}

fn server() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = names(&["api.internal"]);
    params.subject_alt_names.push(SanType::IpAddress([127, 0, 0, 1].into()));
    params.extended_key_usages = vec![Purpose::ServerAuth];
    params.key_usages = vec![Usage::DigitalSignature];
    dated(params)
}

fn dated(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2099, 1, 1);
    params
}

fn key() -> KeyPair {
    KeyPair::generate().expect("there is randomness")
}

/// The certificates of a cell: what is trusted, in PEM, and what the server presents.
fn certificates(cell: &Cell) -> (String, Issued) {
    let (root_key, middle_key, leaf_key) = (key(), key(), key());
    let mut root = authority("root");
    ANCHORS[cell.anchor].1(&mut root);
    let trusted = root.self_signed(&root_key).expect("it can be signed");
    let root = Issuer::new(root, root_key);

    let mut middle = authority("middle");
    match cell.path {
        "middle expired" => middle.not_after = date_time_ymd(2021, 1, 1),
        "middle CA:FALSE" => middle.is_ca = IsCa::ExplicitNoCa,
        _ => {}
    }
    let middle_certificate = middle.signed_by(&middle_key, &root).expect("it can be signed");
    let middle = Issuer::new(middle, middle_key);

    let mut leaf = server();
    LEAVES[cell.leaf].1(&mut leaf);
    let issuer = if cell.path == "direct" { &root } else { &middle };
    let leaf = leaf.signed_by(&leaf_key, issuer).expect("it can be signed");

    let mut chain = leaf.pem();
    if !["direct", "middle not presented"].contains(&cell.path) {
        chain += &middle_certificate.pem();
    }
    let pem = bundle(cell, &trusted, &middle_certificate, &leaf, root.key());
    (pem, Issued::from_pem(&chain, &leaf_key.serialize_pem()))
}

/// What is trusted.
fn bundle(
    cell: &Cell,
    root: &Certificate,
    middle: &Certificate,
    leaf: &Certificate,
    root_key: &KeyPair,
) -> String {
    let signed = |params: CertificateParams, key: &KeyPair| {
        params.self_signed(key).expect("it can be signed").pem()
    };
    match cell.bundle {
        Some("the leaf itself") => leaf.pem(),
        Some("the middle authority") => middle.pem(),
        Some("an expired and a renewed certificate of one key") => {
            let mut expired = authority("root");
            expired.not_after = date_time_ymd(2021, 1, 1);
            signed(expired, root_key) + &root.pem()
        }
        Some("another authority of the same name") => signed(authority("root"), &key()),
        Some(_) => {
            let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
            broken.to_owned() + &root.pem()
        }
        None => root.pem(),
    }
}

/// Whether a program gets its answer; the last line that it says if not.
async fn connects(case: &Case, program: &Program) -> Result<(), String> {
    let run = case.run(program).await;
    let said = run.stderr.trim().replace('\n', " | ");
    if run.success { Ok(()) } else { Err(said) }
}

/// What the three programs make of a cell.
async fn judge(cell: Cell) -> (Cell, [Result<(), String>; 3]) {
    let (pem, identity) = certificates(&cell);
    let case = Case::start().await.user(json!({ "token": TOKEN }));
    case.server.present(&identity);
    let cluster = match cell.way {
        "by name" => json!({ "tls-server-name": "api.internal" }),
        "by mapped address" => {
            let port = case.server.address().port();
            json!({ "server": format!("https://[::ffff:127.0.0.1]:{port}") })
        }
        "by another name" => json!({ "tls-server-name": "elsewhere.internal" }),
        "insecure" => {
            json!({ "insecure-skip-tls-verify": true, "certificate-authority-data": Value::Null })
        }
        _ => json!({}),
    };
    let trusted = json!({ "certificate-authority-data": STANDARD.encode(pem) });
    let case = case.cluster(trusted).cluster(cluster);
    let newest = Program::kubectl_version(kubecred_kubectl::NEWEST);
    let usual = connects(&case, &Program::kubectl()).await;
    let newest = connects(&case, &newest).await;
    let ours = connects(&case, &Program::kubecred()).await;
    (cell, [usual, newest, ours])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ua_32_whom_the_programs_trust() {
    let cells = cells();
    let all = cells.len();
    let turns = Arc::new(Semaphore::new(4));
    let mut running = JoinSet::new();
    for cell in cells {
        let turns = Arc::clone(&turns);
        running.spawn(async move {
            let _turn = turns.acquire().await.expect("it stays open");
            judge(cell).await
        });
    }
    let (mut different, mut trusted, mut intended) = (String::new(), 0, [0; INTENDED.len()]);
    while let Some(judged) = running.join_next().await {
        let (cell, [usual, newest, ours]) = judged.expect("a cell is judged");
        trusted += usize::from(usual.is_ok());
        let same = usual.is_ok() == ours.is_ok() && newest.is_ok() == ours.is_ok();
        match INTENDED.iter().position(|(is_meant, _)| is_meant(&cell)) {
            Some(meant) if !same => intended[meant] += 1,
            _ if same => {}
            _ => {
                let cell = cell.words();
                let _ = write!(
                    different,
                    "{cell}\n  1.33: {usual:?}\n  1.35: {newest:?}\n  ours: {ours:?}\n"
                );
            }
        }
    }
    let count = |name: &str, number: usize| format!("{number} {name}, ");
    let axes = count("anchors", ANCHORS.len() + BUNDLES.len())
        + &count("paths", PATHS.len())
        + &count("leaves", LEAVES.len())
        + &count("ways to ask", WAYS.len());
    let mut told = format!("trust: {axes}{all} cells, {trusted} trusted by kubectl");
    for ((_, reason), cells) in INTENDED.iter().zip(intended) {
        let _ = write!(told, "\n  meant in {cells}: {reason}");
    }
    writeln!(std::io::stdout(), "{told}").expect("standard output");
    assert!(different.is_empty(), "\n{different}");
    assert!(intended.iter().all(|cells| *cells > 0), "a difference that is meant is none any more");
    assert!(
        all >= 250 && trusted * 5 > all && trusted * 2 < all,
        "{trusted} of {all}: the mix is no test"
    );
}
