//! Application security groups: who is in them, and which virtual network that ties them to.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::body;
use crate::network::{referring, security_rule};
use crate::request::errors::Failure;
use crate::request::place::parent_key;
use crate::state::State;
use crate::state::record::{Facts, Record};
use crate::state::world::World;

const GROUPS_OF_MEMBER: usize = 20;
const MEMBERS_WITH_ENDPOINT: usize = 50;

/// A resource that is in groups: its IP configurations by name, and their subnets.
struct Member {
    configurations: Vec<String>,
    subnets: Vec<String>,
    is_endpoint: bool,
}

/// What a user of a group puts into it; `None` for a security rule.
fn member(user: &Record) -> Option<Member> {
    if let Facts::Endpoint(facts) = &user.facts {
        return Some(Member {
            configurations: facts
                .members
                .iter()
                .map(|member| member.configuration.clone())
                .collect(),
            subnets: vec![facts.subnet_id.clone()],
            is_endpoint: true,
        });
    }
    let texts = |path: &str| {
        body::all(&user.body, path)
            .into_iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    user.resource_type
        .eq_ignore_ascii_case("Microsoft.Network/networkInterfaces")
        .then(|| Member {
            configurations: texts("properties.ipConfigurations.*.name"),
            subnets: texts("properties.ipConfigurations.*.properties.subnet.id"),
            is_endpoint: false,
        })
}

/// Virtual networks by their keys, with their ids.
type Networks = BTreeMap<String, String>;

fn network_of(subnet: &str) -> Option<(String, String)> {
    let id = parent_key(subnet)?;
    Some((id.to_ascii_lowercase(), id.to_owned()))
}

/// The virtual networks that a group's members are in, without the member whose id is `except`.
fn networks_of(state: &State, group: &str, except: &str) -> Networks {
    state
        .referrers(&group.to_ascii_lowercase())
        .filter(|user| !user.id.eq_ignore_ascii_case(except))
        .filter_map(|user| member(user))
        .flat_map(|member| member.subnets)
        .filter_map(|subnet| network_of(&subnet))
        .collect()
}

/// ARM behaviour: the members of all groups that one rule names, on both sides, are in one virtual network.
pub(super) fn check_one_network<'a>(
    state: &State,
    rule: &Record,
    groups: impl Iterator<Item = &'a str>,
    joining: &Networks,
    except: &str,
) -> Result<(), Failure> {
    let mut networks = joining.clone();
    for group in groups {
        networks.extend(networks_of(state, group, except));
    }
    if networks.len() <= 1 {
        return Ok(());
    }
    let ids: Vec<&str> = networks.values().map(String::as_str).collect();
    Err(Failure::network(
        400,
        "AllApplicationSecurityGroupsInSecurityRuleMustBeFromSameVnet",
        format!(
            "Security Rule {} has Application Security Groups (ASGs) from multiple virtual networks ({}). All ASGs on the Security Rule must be from the same virtual network.",
            rule.id,
            ids.join(", ")
        ),
    ))
}

/// Checks that `record` may be in groups, with so many IP configurations in these subnets.
///
/// ARM behaviour: the groups are in its region, and nothing in them or in a rule with them is in another virtual network.
pub(super) fn check_joining(
    state: &State,
    record: &Record,
    groups: &[&str],
    subnets: &[&str],
    configurations: usize,
) -> Result<(), Failure> {
    if groups.len() > GROUPS_OF_MEMBER {
        return Err(Failure::network(
            400,
            "ApplicationSecurityGroupsPerIpConfigurationLimitReached",
            format!(
                "{} is in {} application security groups; up to {GROUPS_OF_MEMBER} are allowed.",
                record.id,
                groups.len()
            ),
        ));
    }
    let own: Networks = subnets.iter().filter_map(|subnet| network_of(subnet)).collect();
    let is_endpoint = record
        .resource_type
        .eq_ignore_ascii_case("Microsoft.Network/privateEndpoints");
    for group in groups {
        let mut networks = networks_of(state, group, &record.id);
        networks.extend(own.clone());
        if networks.len() > 1 {
            let ids: Vec<&str> = networks.values().map(String::as_str).collect();
            return Err(Failure::network(
                400,
                "AllMembersOfApplicationSecurityGroupMustBeFromSameVnet",
                format!(
                    "Application security group {group} would have members from multiple virtual networks ({}).",
                    ids.join(", ")
                ),
            ));
        }
        check_size(state, record, group, configurations, is_endpoint)?;
        let key = group.to_ascii_lowercase();
        for rule in referring(
            state,
            &key,
            "Microsoft.Network/networkSecurityGroups/securityRules",
        ) {
            check_one_network(state, rule, security_rule::all_groups(rule), &own, &record.id)?;
        }
    }
    Ok(())
}

/// ARM behaviour: a group with a private endpoint in it has 50 members at most.
fn check_size(
    state: &State,
    record: &Record,
    group: &str,
    configurations: usize,
    is_endpoint: bool,
) -> Result<(), Failure> {
    let others: Vec<Member> = state
        .referrers(&group.to_ascii_lowercase())
        .filter(|user| !user.id.eq_ignore_ascii_case(&record.id))
        .filter_map(|user| member(user))
        .collect();
    let count = configurations
        + others
            .iter()
            .map(|member| member.configurations.len())
            .sum::<usize>();
    if count <= MEMBERS_WITH_ENDPOINT || !(is_endpoint || others.iter().any(|member| member.is_endpoint)) {
        return Ok(());
    }
    Err(Failure::network(
        400,
        "ApplicationSecurityGroupMemberLimitReached",
        format!(
            "Application security group {group} has a private endpoint in it and would have {count} members; up to {MEMBERS_WITH_ENDPOINT} are allowed."
        ),
    ))
}

/// ARM behaviour: a group that rules name, or that has members, is not deleted.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let state = &*world.state;
    let key = record.key();
    let rules: Vec<String> = referring(
        state,
        &key,
        "Microsoft.Network/networkSecurityGroups/securityRules",
    )
    .map(|rule| rule.id.clone())
    .collect();
    let configurations: Vec<String> = state
        .referrers(&key)
        .filter_map(|user| member(user))
        .flat_map(|member| member.configurations)
        .collect();
    let referenced = match (configurations.as_slice(), rules.as_slice()) {
        ([], []) => return Ok(()),
        ([], rules) => format!("SecurityRule(s) {}", rules.join(", ")),
        (configurations, _) => format!("IpConfiguration(s) {}", configurations.join(", ")),
    };
    Err(Failure::network(
        400,
        "InUseApplicationSecurityGroupCannotBeDeleted",
        format!(
            "Application Security Group {} cannot be deleted because it is referenced by {referenced}.",
            record.name()
        ),
    ))
}
