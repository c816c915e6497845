//! Static addresses of private endpoints: what their `ipConfigurations` ask for.

use std::net::Ipv4Addr;

use crate::body;
use crate::network::allocation;
use crate::request::errors::Failure;
use crate::state::State;
use crate::state::record::{EndpointFacts, Record};

/// The addresses of an endpoint in a request, by member.
const ADDRESSES: &str = "properties.ipConfigurations.*";

/// An address that a request asks for.
pub(super) struct Asked {
    pub(super) group: String,
    pub(super) member: String,
    pub(super) address: u32,
    /// Of the configuration.
    pub(super) name: String,
}

impl Asked {
    /// Whether it is asked for this member of a target's group.
    fn is_for(&self, group: &str, member: &str) -> bool {
        self.group.eq_ignore_ascii_case(group) && self.member.eq_ignore_ascii_case(member)
    }
}

/// What a request asks for.
pub(super) struct Addresses {
    /// Of the members that the target needs.
    pub(super) members: Vec<Asked>,
    /// Of others, of none, or of a member a second time: nobody else gets them.
    pub(super) others: Vec<u32>,
}

/// The addresses that a request asks for.
///
/// ARM behaviour: a member is meant by its name and its group, both. What is asked for members that the target does not need is
/// shown, and no name leads to it. Where there is any address, each member that it needs has one.
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
            group: part("properties.groupId"),
            member: part("properties.memberName"),
            address,
            name: part("name"),
        });
    }
    let missing: Vec<&str> = needed
        .iter()
        .copied()
        .filter(|member| !found.iter().any(|asked| asked.is_for(group, member)))
        .collect();
    if !found.is_empty() && !missing.is_empty() {
        return Err(incomplete(record, group, &found, &missing));
    }
    let (mut members, mut others): (Vec<Asked>, Vec<u32>) = (Vec::new(), Vec::new());
    for asked in found {
        let is_needed = needed.iter().any(|member| asked.is_for(group, member));
        if is_needed && !members.iter().any(|other| other.is_for(group, &asked.member)) {
            members.push(asked);
        } else {
            others.push(asked.address);
        }
    }
    Ok(Addresses { members, others })
}

fn incomplete(record: &Record, group: &str, found: &[Asked], missing: &[&str]) -> Failure {
    let given: Vec<String> = found
        .iter()
        .map(|asked| {
            format!(
                "PrivateIPAddress: {}, GroupId: {}, MemberName: {}",
                Ipv4Addr::from(asked.address),
                asked.group,
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
