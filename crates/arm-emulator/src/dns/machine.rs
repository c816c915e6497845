//! The names that machines have without a zone of anybody's: below `internal.cloudapp.net`, and backwards from their addresses.
//!
//! ARM behaviour: both within their own network only. An address leads to the machine's name below `internal.cloudapp.net`,
//! and to that in the zone that registers the network.

use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::dns::zone::Found;
use crate::dns::{RecordData, RecordType};
use crate::network::addresses::Prefix;
use crate::network::{interface, subnet};
use crate::private_dns::registration;
use crate::state::State;
use crate::state::record::Record;

/// How long the records live.
const TTL: u32 = 10;

const BACKWARDS: &str = ".in-addr.arpa";

/// What a network's machines say about a lower-cased name, and the machine; `None` when it is nobody's.
pub(super) fn lookup(
    state: &State,
    network_key: &str,
    name: &str,
    record_type: RecordType,
) -> Option<(Found, String)> {
    let (machine, records) = match name.strip_suffix(BACKWARDS) {
        Some(reversed) => {
            let machine = with_address(state, network_key, forwards(reversed)?)?;
            let names = [
                internal_name(state, machine),
                registration::name_of(state, &machine.key()),
            ];
            let names = names.into_iter().flatten().map(RecordData::Ptr);
            (machine, names.collect::<Vec<_>>())
        }
        None => {
            let machine = named(state, network_key, name)?;
            let place = registration::place_of(state, machine)?;
            (machine, vec![RecordData::A(place.address)])
        }
    };
    let fits = records
        .first()
        .is_some_and(|data| data.record_type() == record_type);
    let found = if fits {
        Found::Records(TTL, records)
    } else {
        Found::NoData
    };
    Some((found, machine.id.clone()))
}

/// `4.0.1.10` is 10.1.0.4.
fn forwards(reversed: &str) -> Option<Ipv4Addr> {
    let address: Ipv4Addr = reversed.parse().ok()?;
    let [first, second, third, fourth] = address.octets();
    Some(Ipv4Addr::new(fourth, third, second, first))
}

fn with_address<'a>(state: &'a State, network_key: &str, address: Ipv4Addr) -> Option<&'a Arc<Record>> {
    let number = u32::from(address);
    let holds = |prefixes: Vec<Prefix>| prefixes.iter().any(|prefix| prefix.contains(number));
    let subnet = state
        .collection(&format!("{network_key}/subnets"))
        .find(|one| holds(subnet::prefixes(one)))?;
    let owner = state.pool(&subnet.key())?.owner(number)?;
    registration::machines_on(state, owner)
        .iter()
        .filter_map(|key| state.get(key))
        .find(|machine| registration::place_of(state, machine).is_some_and(|place| place.address == address))
}

fn internal_name(state: &State, machine: &Record) -> Option<String> {
    let place = registration::place_of(state, machine)?;
    let suffix = interface::internal_suffix(place.interface);
    Some(format!("{}.{suffix}", machine.name().to_ascii_lowercase()))
}

fn named<'a>(state: &'a State, network_key: &str, name: &str) -> Option<&'a Arc<Record>> {
    if !name.ends_with(interface::INTERNAL) {
        return None;
    }
    registration::machines_in(state, network_key)
        .iter()
        .filter_map(|key| state.get(key))
        .find(|machine| internal_name(state, machine).is_some_and(|internal| internal == name))
}
