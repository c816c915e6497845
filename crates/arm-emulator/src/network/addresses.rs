//! IPv4 prefixes, and which addresses of a subnet are in use.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// An IPv4 prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    pub base: u32,
    pub length: u8,
}

impl Prefix {
    /// Parses `10.0.0.0/24`. A base with host bits set is refused.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: Ipv4Addr = address.parse().ok()?;
        let length: u8 = length.parse().ok().filter(|length| *length <= 32)?;
        let prefix = Prefix {
            base: u32::from(address),
            length,
        };
        (prefix.base & prefix.host_mask() == 0).then_some(prefix)
    }

    fn host_mask(self) -> u32 {
        u32::MAX.checked_shr(u32::from(self.length)).unwrap_or(0)
    }

    /// The last address.
    pub fn last(self) -> u32 {
        self.base | self.host_mask()
    }

    /// Whether the address lies in it.
    pub fn contains(self, address: u32) -> bool {
        self.base <= address && address <= self.last()
    }

    /// Whether any address lies in both.
    pub fn overlaps(self, other: Prefix) -> bool {
        self.contains(other.base) || other.contains(self.base)
    }

    /// Whether Azure keeps the address for itself.
    ///
    /// ARM behaviour: the first four addresses and the last one of a subnet are reserved.
    pub fn reserves(self, address: u32) -> bool {
        self.contains(address) && (address < self.base.saturating_add(4) || address == self.last())
    }
}

/// Whether a text is an IPv4 or IPv6 prefix without host bits.
pub fn is_prefix(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    if !length.bytes().all(|digit| digit.is_ascii_digit()) {
        return false;
    }
    match (address.parse::<Ipv6Addr>(), length.parse::<u32>()) {
        (Ok(address), Ok(length)) => {
            let host = u128::MAX.checked_shr(length).unwrap_or(0);
            length <= 128 && u128::from(address) & host == 0
        }
        _ => Prefix::parse(text).is_some(),
    }
}

/// Whether a text is an IPv4 or IPv6 address.
pub fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// The addresses of one subnet that are in use, and by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressPool {
    owners: BTreeMap<u32, Arc<str>>,
}

impl AddressPool {
    /// Marks an address as used by the record `owner`.
    pub fn take(&mut self, address: u32, owner: Arc<str>) {
        self.owners.insert(address, owner);
    }

    /// Frees an address.
    pub fn release(&mut self, address: u32) {
        self.owners.remove(&address);
    }

    /// The key of the record that uses the address.
    pub fn owner(&self, address: u32) -> Option<&Arc<str>> {
        self.owners.get(&address)
    }

    /// The keys of the records that use addresses, once for each address.
    pub fn owners(&self) -> impl Iterator<Item = &Arc<str>> {
        self.owners.values()
    }

    /// Whether no address is in use.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// The lowest address of the subnet that is neither in use, nor reserved, nor in `planned`.
    pub fn lowest_free(&self, prefixes: &[Prefix], planned: &[u32]) -> Option<u32> {
        for prefix in prefixes {
            let mut candidate = prefix.base.saturating_add(4);
            let mut used = self
                .owners
                .range(candidate..)
                .map(|(address, _)| *address)
                .peekable();
            while candidate < prefix.last() {
                if used.peek() == Some(&candidate) {
                    used.next();
                } else if !planned.contains(&candidate) {
                    return Some(candidate);
                }
                candidate = candidate.saturating_add(1);
            }
        }
        None
    }
}
