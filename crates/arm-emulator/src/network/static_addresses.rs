//! Static addresses of private endpoints: what their `ipConfigurations` ask for.

use std::net::Ipv4Addr;

use crate::body;
use crate::errors::Failure;
use crate::network::allocation;
use crate::record::{EndpointFacts, Record};
use crate::state::State;

/// The addresses of an endpoint in a request, by member.
const ADDRESSES: &str = "properties.ipConfigurations.*";

/// An address that a request asks for.
pub(super) struct Asked {
    pub(super) member: String,
    pub(super) address: u32,
    /// Of the configuration.
    pub(super) name: String,
}

/// What a request asks for.
pub(super) struct Addresses {
    /// Of the members that the target needs.
    pub(super) members: Vec<Asked>,
    /// Of others, or of none: nobody else gets them.
    pub(super) others: Vec<u32>,
}

/// The addresses that a request asks for.
///
/// ARM behaviour: what is asked for members that the target does not need is shown, and no name leads to it. Where there is
/// any address, each member that it needs has one.
pub(super) fn asked(
    state: &State,
    record: &Record,
    subnet: &Record,
    needed: &[&str],
    group: &str,
) -> Result<Addresses, Failure> {
    let (key, own) = (subnet.key(), record.key());
    let pool = state.pool(&key);
    let mut found: Vec<Asked> = Vec::new();
    for configuration in body::all(&record.body, ADDRESSES) {
        let part = |name: &str| body::text(configuration, name).unwrap_or_default().to_owned();
        let text = part("properties.privateIPAddress");
        let address = text.parse::<Ipv4Addr>().map(u32::from).map_err(|_| {
            Failure::network(
                400,
                "InvalidIPAddressFormat",
                format!(
                    "IP address {text} of private endpoint {} is not valid.",
                    record.id
                ),
            )
        })?;
        allocation::check_in_subnet(address, subnet)?;
        let owner = pool
            .and_then(|pool| pool.owner(address))
            .filter(|owner| ***owner != own)
            .map(|owner| allocation::holder(state, owner, address));
        let twice = found.iter().any(|other| other.address == address);
        if let Some(other) = owner.or_else(|| twice.then(|| record.id.clone())) {
            let configuration = format!("{}/ipConfigurations/{}", record.id, part("name"));
            return Err(allocation::is_allocated(&configuration, address, &other));
        }
        found.push(Asked {
            member: part("properties.memberName"),
            address,
            name: part("name"),
        });
    }
    let missing: Vec<&str> = needed
        .iter()
        .copied()
        .filter(|member| {
            !found
                .iter()
                .any(|asked| asked.member.eq_ignore_ascii_case(member))
        })
        .collect();
    if !found.is_empty() && !missing.is_empty() {
        return Err(incomplete(record, group, &found, &missing));
    }
    let (members, others): (Vec<Asked>, Vec<Asked>) = found.into_iter().partition(|asked| {
        needed
            .iter()
            .any(|member| member.eq_ignore_ascii_case(&asked.member))
    });
    Ok(Addresses {
        members,
        others: others.into_iter().map(|asked| asked.address).collect(),
    })
}

fn incomplete(record: &Record, group: &str, found: &[Asked], missing: &[&str]) -> Failure {
    let given: Vec<String> = found
        .iter()
        .map(|asked| {
            format!(
                "PrivateIPAddress: {}, GroupId: {group}, MemberName: {}",
                Ipv4Addr::from(asked.address),
                asked.member
            )
        })
        .collect();
    let missing: Vec<String> = missing
        .iter()
        .map(|member| format!("GroupId: {group}, MemberName: {member}"))
        .collect();
    Failure::network(
        400,
        "PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps",
        format!(
            "Private Endpoint {} contains static ipconfigurations: [{}] and its missing these membernames/groupids requested by Private Link service [{}]. Private Endpoint needs to be reconfigured with missing memberNames.",
            record.id,
            given.join("; "),
            missing.join("; ")
        ),
    )
}

/// Holds a later request against the addresses that an endpoint has, and notes down which it names. Answers with those of no
/// member.
///
/// ARM behaviour: a member may be given the address that it has; it never gets another, and keeps one that was asked for.
pub(super) fn check_later(
    state: &State,
    record: &Record,
    subnet: &Record,
    facts: &mut EndpointFacts,
) -> Result<Vec<u32>, Failure> {
    // A member that the target got later has an address that nobody asked for.
    let some = facts.members.iter().any(|member| member.is_static);
    let needed: Vec<&str> = facts
        .members
        .iter()
        .filter(|member| !some || member.is_static)
        .map(|member| member.member.as_str())
        .collect();
    let asked = asked(
        state,
        record,
        subnet,
        &needed,
        facts.group_id.as_deref().unwrap_or_default(),
    )?;
    for member in &mut facts.members {
        let wanted = asked
            .members
            .iter()
            .find(|asked| asked.member.eq_ignore_ascii_case(&member.member));
        let stays = wanted.map_or(!member.is_static, |asked| asked.address == member.address);
        if !stays {
            return Err(super::endpoint_request::unchangeable(
                record,
                "properties.ipConfigurations",
            ));
        }
        member.is_static = wanted.is_some();
    }
    Ok(asked.others)
}
