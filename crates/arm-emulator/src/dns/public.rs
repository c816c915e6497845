//! What the Internet knows: the public names of targets, and their aliases for networks with private endpoints.
//!
//! ARM behaviour: with its first private endpoint connection, approved or not, a target's public name becomes an alias of its
//! `privatelink` name. Outside of private DNS zones that name leads to the same public address as before.

use std::net::Ipv4Addr;

use crate::private_dns::names;
use crate::state::State;
use crate::state::record::{Facts, Record};
use crate::targets::{FilledGroup, Target};

/// How long public records live.
pub(super) const TTL: u32 = 60;

/// What the Internet says about a name.
pub(super) enum Public {
    Address(Ipv4Addr),
    Alias(String),
    Missing,
}

/// The Internet's answer about a lower-cased name.
pub(super) fn lookup(state: &State, name: &str) -> Public {
    if let Some(target) = Named::find(state, name) {
        return match target.private_name {
            // ARM behaviour: the server of a private AKS cluster has this one name, and it is in its zone only.
            Some(private) if private == name => Public::Missing,
            Some(private) if target.connected => Public::Alias(private),
            _ => Public::Address(address(name)),
        };
    }
    names::public_names(name)
        .into_iter()
        .find(|public| {
            Named::find(state, public)
                .is_some_and(|target| target.connected && target.private_name.as_deref() == Some(name))
        })
        .map_or(Public::Missing, |public| Public::Address(address(&public)))
}

/// A target by one of its public names.
struct Named {
    /// What the name becomes an alias of.
    private_name: Option<String>,
    /// Whether the target has a private endpoint connection for the group that the name belongs to.
    connected: bool,
}

impl Named {
    /// The target with this public name. Where two have it, one with a connection.
    fn find(state: &State, name: &str) -> Option<Self> {
        let mut found = None;
        for record in state.targets_named(name) {
            let Some(group) = group_of(state, record, name) else {
                continue;
            };
            let connected = is_connected(state, record, &group);
            if connected || found.is_none() {
                let private_name = group
                    .zones
                    .iter()
                    .find_map(|zone| names::private_name(name, zone));
                found = Some(Named {
                    private_name,
                    connected,
                });
            }
            if connected {
                break;
            }
        }
        found
    }
}

fn group_of(state: &State, record: &Record, name: &str) -> Option<FilledGroup> {
    Target::of(&record.resource_type)?
        .groups_of(state, record)
        .into_iter()
        .find(|group| {
            group
                .members
                .iter()
                .flat_map(|(_, names)| names)
                .any(|known| known.eq_ignore_ascii_case(name))
        })
}

fn is_connected(state: &State, target: &Record, group: &FilledGroup) -> bool {
    state
        .collection(&format!("{}/privateendpointconnections", target.key()))
        .any(|connection| match &connection.facts {
            Facts::Connection(facts) => facts
                .group_id
                .as_ref()
                .is_some_and(|id| id.eq_ignore_ascii_case(&group.id)),
            _ => false,
        })
}

/// The public address behind a name: always the same one, out of two ranges that are kept for documentation.
fn address(name: &str) -> Ipv4Addr {
    // FNV-1a.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let host = u8::try_from((hash >> 32) % 254).unwrap_or_default() + 1;
    if hash >> 63 == 0 {
        Ipv4Addr::new(203, 0, 113, host)
    } else {
        Ipv4Addr::new(198, 51, 100, host)
    }
}
