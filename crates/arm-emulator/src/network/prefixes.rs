//! The address prefixes of networks and subnets: their form, and which of them Azure takes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::errors::Failure;

/// The addresses of a prefix, IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) is_six: bool,
    pub(super) length: u32,
    first: u128,
    last: u128,
}

/// Ranges that no network can have.
///
/// ARM behaviour: multicast, broadcast, loopback, link-local addresses and the address of the platform.
const RESERVED: &[&str] = &[
    "224.0.0.0/4",
    "255.255.255.255/32",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "168.63.129.16/32",
];

/// ARM behaviour: a network's IPv4 prefixes are /2 at most.
const LARGEST: u32 = 2;

/// ARM behaviour: a subnet's IPv4 prefixes are /29 at least.
const SMALLEST: u32 = 29;

/// ARM behaviour: a subnet's IPv6 prefixes are /64.
const IPV6: u32 = 64;

impl Range {
    /// Reads `10.0.0.0/24` or `fd00::/64`, and whether bits are set that belong to hosts.
    fn parse(text: &str) -> Option<(Self, bool)> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let (is_six, bits, value) = match address {
            IpAddr::V4(address) => (false, 32, u128::from(u32::from(address))),
            IpAddr::V6(address) => (true, 128, u128::from(address)),
        };
        if !length.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let length = length.parse::<u32>().ok().filter(|length| *length <= bits)?;
        let hosts = match bits.checked_sub(length)? {
            0 => 0,
            free => u128::MAX.checked_shr(128_u32.checked_sub(free)?)?,
        };
        let range = Range {
            is_six,
            length,
            first: value & !hosts,
            last: value | hosts,
        };
        Some((range, value & hosts != 0))
    }

    /// The prefixes that are in the right form.
    pub(super) fn all(texts: &[String]) -> Vec<Self> {
        texts
            .iter()
            .filter_map(|text| Self::parse(text))
            .map(|(range, _)| range)
            .collect()
    }

    /// A prefix of a resource.
    ///
    /// ARM behaviour: what is no prefix, and what has bits of hosts in it, is refused, each in words of its own.
    pub(super) fn read(text: &str, id: &str) -> Result<Self, Failure> {
        match Self::parse(text) {
            None => Err(Failure::network(
                400,
                "InvalidAddressPrefixFormat",
                format!(
                    "Address prefix {text} of resource {id} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24."
                ),
            )),
            Some((range, true)) => Err(Failure::network(
                400,
                "InvalidCIDRNotation",
                format!(
                    "The address prefix {text} in resource {id} has an invalid CIDR notation. For the given prefix length, the address prefix should be {}.",
                    range.text()
                ),
            )),
            Some((range, false)) => Ok(range),
        }
    }

    fn text(self) -> String {
        let address = match u32::try_from(self.first) {
            Ok(first) if !self.is_six => IpAddr::V4(Ipv4Addr::from(first)),
            _ => IpAddr::V6(Ipv6Addr::from(self.first)),
        };
        format!("{address}/{}", self.length)
    }

    pub(super) fn covers(self, other: Self) -> bool {
        self.is_six == other.is_six && self.first <= other.first && other.last <= self.last
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.is_six == other.is_six && self.first <= other.last && other.first <= self.last
    }

    /// Whether a subnet can be of this size.
    ///
    /// ARM behaviour: an IPv4 prefix of a subnet is a /29 at least, an IPv6 prefix a /64.
    pub(super) fn fits_subnet(self) -> bool {
        if self.is_six {
            self.length == IPV6
        } else {
            self.length <= SMALLEST
        }
    }
}

/// Checks the prefixes of a network.
pub(super) fn check_space(texts: &[String], id: &str) -> Result<(), Failure> {
    let refused = |reason: String| Failure::network(400, "NetcfgInvalidIPAddressPrefix", reason);
    let mut seen: Vec<Range> = Vec::new();
    for text in texts {
        let range = Range::read(text, id)?;
        let reserved = RESERVED
            .iter()
            .find(|reserved| Range::parse(reserved).is_some_and(|(reserved, _)| reserved.covers(range)));
        if let Some(reserved) = reserved {
            return Err(refused(format!(
                "Address prefix {text} of resource {id} is not valid: the address range {reserved} is reserved."
            )));
        }
        if !range.is_six && range.length < LARGEST {
            return Err(refused(format!(
                "Address prefix {text} of resource {id} is not valid: it is larger than /{LARGEST}."
            )));
        }
        if seen.iter().any(|other| other.overlaps(range)) {
            return Err(Failure::network(
                400,
                "NetcfgOverlappingAddressPrefixes",
                format!("The address prefixes of resource {id} overlap: {text}."),
            ));
        }
        seen.push(range);
    }
    Ok(())
}
