//! Address prefixes, and how prefixes that are named cut others into parts.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A prefix of IPv4 or IPv6 addresses; a single address is one of full length.
///
/// Any two prefixes are either apart, or one of them holds the other. They are ordered by their first address, and a wider
/// one comes before those in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix {
    v6: bool,
    /// The first address; that of IPv4 in the upper bits, so that one arithmetic does for both.
    first: u128,
    length: u8,
}

/// Why a text is no prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an address such as 10.1.0.4 nor a prefix such as 10.1.0.0/16")]
pub struct InvalidPrefix;

const IPV4_BITS: u8 = 32;
const IPV6_BITS: u8 = 128;

/// The prefixes of private addresses, which the public internet and Azure's services do not have.
#[must_use]
pub fn private() -> [Prefix; 5] {
    let v4 = |first: [u8; 4], length| Prefix::new(IpAddr::from(first), length);
    [
        v4([10, 0, 0, 0], 8),
        v4([172, 16, 0, 0], 12),
        v4([192, 168, 0, 0], 16),
        v4([100, 64, 0, 0], 10),
        Prefix::new(IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    ]
}

impl Prefix {
    /// All IPv4 addresses.
    pub const ALL_V4: Prefix = Prefix {
        v6: false,
        first: 0,
        length: 0,
    };

    /// The prefix of so many bits around an address; bits behind them are dropped, and a length that is too great is
    /// cut.
    #[must_use]
    pub fn new(address: IpAddr, length: u8) -> Prefix {
        let (v6, bits, most) = match address {
            IpAddr::V4(address) => (false, u128::from(address.to_bits()) << 96, IPV4_BITS),
            IpAddr::V6(address) => (true, address.to_bits(), IPV6_BITS),
        };
        let length = length.min(most);
        Prefix {
            v6,
            first: bits & mask(length),
            length,
        }
    }

    /// How many bits are fixed.
    #[must_use]
    pub fn length(&self) -> u8 {
        self.length
    }

    /// Whether this is a single address.
    #[must_use]
    pub fn is_address(&self) -> bool {
        self.length == if self.v6 { IPV6_BITS } else { IPV4_BITS }
    }

    /// Whether these are IPv6 addresses.
    #[must_use]
    pub fn is_v6(&self) -> bool {
        self.v6
    }

    /// Whether every address of the other is one of this.
    #[must_use]
    pub fn contains(&self, other: &Prefix) -> bool {
        self.v6 == other.v6 && self.length <= other.length && other.first & mask(self.length) == self.first
    }

    /// Whether this is the other or a part of it.
    #[must_use]
    pub fn as_narrow_as(&self, other: &Prefix) -> bool {
        other.contains(self)
    }

    /// Whether they have an address in common.
    #[must_use]
    pub fn overlaps(&self, other: &Prefix) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// Whether all addresses are private ones.
    #[must_use]
    pub fn is_private(&self) -> bool {
        private().iter().any(|private| private.contains(self))
    }

    fn last(&self) -> u128 {
        self.first | !mask(self.length)
    }
}

fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(u32::from(IPV6_BITS - length)).unwrap_or(0)
}

impl FromStr for Prefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidPrefix)?;
        let most = if address.is_ipv4() { IPV4_BITS } else { IPV6_BITS };
        let length = match length {
            None => most,
            Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
                length.parse().map_err(|_| InvalidPrefix)?
            }
            Some(_) => return Err(InvalidPrefix),
        };
        if length > most {
            return Err(InvalidPrefix);
        }
        Ok(Prefix::new(address, length))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, most) = if self.v6 {
            (IpAddr::V6(Ipv6Addr::from_bits(self.first)), IPV6_BITS)
        } else {
            let bits = u32::try_from(self.first >> 96).unwrap_or_default();
            (IpAddr::V4(Ipv4Addr::from_bits(bits)), IPV4_BITS)
        };
        if self.length == most {
            write!(formatter, "{address}")
        } else {
            write!(formatter, "{address}/{}", self.length)
        }
    }
}

/// The parts that named prefixes cut a domain into: each part stands for the addresses of its prefix that are in no
/// narrower named one. So all addresses of a part are in the same named prefixes: those that hold the part's own. Parts
/// without an address are left out.
#[must_use]
pub fn parts(domain: &[Prefix], named: &[Prefix]) -> Vec<Prefix> {
    let mut all: Vec<Prefix> = named
        .iter()
        .filter(|named| domain.iter().any(|domain| domain.contains(named)))
        .chain(domain)
        .copied()
        .collect();
    all.sort_unstable();
    all.dedup();
    let mut rest = all.as_slice();
    let mut parts = Vec::new();
    while let Some((prefix, behind)) = rest.split_first() {
        if !covered(prefix, behind) {
            parts.push(*prefix);
        }
        rest = behind;
    }
    parts
}

/// Whether the prefixes that follow in order leave no address of this one.
fn covered(prefix: &Prefix, behind: &[Prefix]) -> bool {
    let mut next = prefix.first;
    for inner in behind.iter().take_while(|inner| prefix.contains(inner)) {
        if inner.first > next {
            return false;
        }
        if inner.last() == prefix.last() {
            return true;
        }
        next = next.max(inner.last().saturating_add(1));
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn prefixes_are_read_and_written() {
        for text in ["10.1.0.4", "10.1.0.0/16", "0.0.0.0/0", "fd00::/8", "::1", "::/0"] {
            assert_eq!(prefix(text).to_string(), text);
        }
        assert_eq!(prefix("10.1.2.3/16").to_string(), "10.1.0.0/16");
        for bad in [
            "",
            "*",
            "Internet",
            "10.1.0/16",
            "10.1.0.0/33",
            "10.1.0.0/",
            "10.1.0.0/+8",
            "::/129",
        ] {
            assert_eq!(bad.parse::<Prefix>(), Err(InvalidPrefix), "{bad}");
        }
    }

    #[test]
    fn private_addresses_are_known() {
        for private in [
            "10.0.0.0/8",
            "172.31.255.255",
            "192.168.1.0/24",
            "100.64.0.1",
            "fd00::/8",
        ] {
            assert!(prefix(private).is_private(), "{private}");
        }
        for public in [
            "0.0.0.0/0",
            "8.0.0.0/6",
            "172.32.0.1",
            "20.1.2.3",
            "2001:db8::/32",
        ] {
            assert!(!prefix(public).is_private(), "{public}");
        }
    }

    #[test]
    fn a_prefix_that_others_cover_is_no_part() {
        let halves = [prefix("10.0.0.0/9"), prefix("10.128.0.0/9")];
        assert_eq!(parts(&[prefix("10.0.0.0/8")], &halves), halves);
        let last = [prefix("128.0.0.0/1"), prefix("0.0.0.0/1")];
        assert_eq!(parts(&[Prefix::ALL_V4], &last), [last[1], last[0]]);
    }

    fn any_prefix() -> impl Strategy<Value = Prefix> {
        (0_u32..16, 26_u8..=32).prop_map(|(bits, length)| {
            Prefix::new(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + bits * 4)), length)
        })
    }

    proptest! {
        #[test]
        fn every_address_is_in_the_narrowest_part_and_every_part_has_an_address(
            domain in any_prefix(), named in prop::collection::vec(any_prefix(), 0..12),
        ) {
            let parts = parts(&[domain], &named);
            let mut used = vec![false; parts.len()];
            for bits in 0x0a00_0000..0x0a00_0080_u32 {
                let address = Prefix::new(IpAddr::V4(Ipv4Addr::from_bits(bits)), 32);
                let narrowest = (0..parts.len()).filter(|index| parts[*index].contains(&address)).max_by_key(|index| parts[*index].length());
                prop_assert_eq!(narrowest.is_some(), domain.contains(&address));
                if let Some(narrowest) = narrowest {
                    used[narrowest] = true;
                    for named in &named {
                        prop_assert_eq!(named.contains(&address), named.contains(&parts[narrowest]));
                    }
                }
            }
            prop_assert!(used.iter().all(|used| *used));
        }
    }
}
