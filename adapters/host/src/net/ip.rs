//! IP addresses and networks as Go reads them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `::ffff:0:0/96`, in which IPv6 has the IPv4 addresses.
const MAPPED: u128 = 0xffff << 32;

/// An address of a host, in its shortest form: an IPv4-mapped one is the IPv4 address. A zone
/// (`fe80::1%eth0`) does not count.
pub(super) fn parse(host: &str) -> Option<IpAddr> {
    let bare = match host.split_once('%') {
        Some((bare, zone)) if bare.contains(':') && !zone.is_empty() => bare,
        _ => host,
    };
    bare.parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

/// The same, where numbers may begin with zeros, which are decimal all the same: client-go's
/// `ParseIPSloppy`.
pub(super) fn parse_sloppy(host: &str) -> Option<IpAddr> {
    parse_exact_sloppy(host).map(|ip| ip.to_canonical())
}

fn parse_exact_sloppy(host: &str) -> Option<IpAddr> {
    let (before, v4) = host.split_at(host.rfind(':').map_or(0, |colon| colon + 1));
    match sloppy_v4(v4) {
        Some(v4) if before.is_empty() => Some(v4.into()),
        Some(v4) => format!("{before}{v4}").parse::<Ipv6Addr>().ok().map(Into::into),
        None => host.parse::<Ipv6Addr>().ok().map(Into::into),
    }
}

fn sloppy_v4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        *octet = u8::try_from(decimal(parts.next()?)?).ok()?;
    }
    parts.next().is_none().then(|| octets.into())
}

/// Digits alone, as many zeros before them as there may be.
fn decimal(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// A network of addresses. One whose address is IPv4-mapped, and stays so under its mask, is the
/// IPv4 network; no other IPv6 network has an IPv4 address in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    V4 { address: u32, mask: u32 },
    V6 { address: u128, mask: u128 },
}

impl Network {
    /// Go's `ParseCIDR`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::new(text, |address| address.parse().ok())
    }

    /// client-go's `ParseCIDRSloppy`.
    pub(super) fn parse_sloppy(text: &str) -> Option<Self> {
        Self::new(text, parse_exact_sloppy)
    }

    fn new(text: &str, parse: impl Fn(&str) -> Option<IpAddr>) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let bits = decimal(bits)?;
        match parse(address)? {
            IpAddr::V4(address) if bits <= 32 => {
                let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                Some(Self::V4 { address: address.to_bits() & mask, mask })
            }
            IpAddr::V6(address) if bits <= 128 => {
                let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
                let address = address.to_bits() & mask;
                Some(match address & !u128::from(u32::MAX) == MAPPED {
                    true => Self::V4 { address: low(address), mask: low(mask) },
                    false => Self::V6 { address, mask },
                })
            }
            _ => None,
        }
    }

    /// Whether an address, in its shortest form, is in it.
    pub(super) fn contains(self, ip: IpAddr) -> bool {
        match (self, ip) {
            (Self::V4 { address, mask }, IpAddr::V4(ip)) => ip.to_bits() & mask == address,
            (Self::V6 { address, mask }, IpAddr::V6(ip)) => ip.to_bits() & mask == address,
            _ => false,
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is meant")]
fn low(bits: u128) -> u32 {
    bits as u32
}
