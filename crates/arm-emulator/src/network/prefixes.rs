//! The address prefixes of networks and subnets: their form, and which of them Azure takes.

use ipnet::IpNet;

use crate::request::errors::Failure;
use crate::request::refusals;

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
const LARGEST: u8 = 2;

/// ARM behaviour: a subnet's IPv4 prefixes are /29 at least.
const SMALLEST: u8 = 29;

/// ARM behaviour: a subnet's IPv6 prefixes are /64.
const IPV6: u8 = 64;

/// The prefixes that are in the right form.
pub(super) fn all(texts: &[String]) -> Vec<IpNet> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// A prefix of a resource.
///
/// ARM behaviour: what is no prefix, and what has bits of hosts in it, is refused, each in words of its own.
pub(super) fn read(text: &str, id: &str) -> Result<IpNet, Failure> {
    let Ok(prefix) = text.parse::<IpNet>() else {
        return Err(Failure::network(
            400,
            "InvalidAddressPrefixFormat",
            format!(
                "Address prefix {text} of resource {id} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24."
            ),
        ));
    };
    if prefix != prefix.trunc() {
        return Err(Failure::network(
            400,
            "InvalidCIDRNotation",
            format!(
                "The address prefix {text} in resource {id} has an invalid CIDR notation. For the given prefix length, the address prefix should be {}.",
                prefix.trunc()
            ),
        ));
    }
    Ok(prefix)
}

pub(super) fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

/// Whether a subnet can have this prefix.
///
/// ARM behaviour: an IPv4 prefix of a subnet is a /29 at least, an IPv6 prefix a /64.
pub(super) fn fits_subnet(prefix: &IpNet) -> bool {
    match prefix {
        IpNet::V4(prefix) => prefix.prefix_len() <= SMALLEST,
        IpNet::V6(prefix) => prefix.prefix_len() == IPV6,
    }
}

/// Checks the prefixes of a network.
///
/// ARM behaviour: no network is of IPv6 alone.
pub(super) fn check_space(texts: &[String], id: &str) -> Result<(), Failure> {
    let refused = |reason: String| Failure::network(400, "NetcfgInvalidIPAddressPrefix", reason);
    let mut seen: Vec<IpNet> = Vec::new();
    for text in texts {
        let prefix = read(text, id)?;
        let reserved = RESERVED.iter().find(|reserved| {
            reserved
                .parse::<IpNet>()
                .is_ok_and(|reserved| reserved.contains(&prefix))
        });
        if let Some(reserved) = reserved {
            return Err(refused(format!(
                "Address prefix {text} of resource {id} is not valid: the address range {reserved} is reserved."
            )));
        }
        if matches!(prefix, IpNet::V4(_)) && prefix.prefix_len() < LARGEST {
            return Err(refused(format!(
                "Address prefix {text} of resource {id} is not valid: it is larger than /{LARGEST}."
            )));
        }
        if seen.iter().any(|other| overlap(other, &prefix)) {
            return Err(Failure::network(
                400,
                "NetcfgOverlappingAddressPrefixes",
                format!("The address prefixes of resource {id} overlap: {text}."),
            ));
        }
        seen.push(prefix);
    }
    let has_ipv4 = seen.iter().any(|prefix| matches!(prefix, IpNet::V4(_)));
    if !has_ipv4 && !seen.is_empty() {
        return Err(refusals::network_site(id.rsplit('/').next().unwrap_or_default()));
    }
    Ok(())
}
