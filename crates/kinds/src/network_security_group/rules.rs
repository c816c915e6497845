//! Rules as Azure takes them, and what is wrong with those that it would not take.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use kube::ResourceExt;
use privatelink_api::{
    Access, ApplicationSecurityGroup, Direction, ManagedResource, NetworkSecurityGroup, Protocol,
    SecurityRule, Side,
};
use privatelink_arm::models::network_security_group::{Rule, RuleProperties};
use privatelink_arm::models::private_endpoint::SubResource;
use privatelink_engine::{Unresolved, World};

use crate::reference;

/// Azure takes so many sources, destinations, ports and source ports in all rules of a group together, each.
const MOST_OF_A_LIST: usize = 4000;
/// Azure takes so many application security groups in all rules together.
const MOST_GROUPS: usize = 100;

/// The rules as Azure takes them, in their order.
///
/// # Errors
/// The field that Azure would refuse, or a group that is not there yet.
pub(super) fn wire_rules(object: &NetworkSecurityGroup, world: &World<'_>) -> Result<Vec<Rule>, Unresolved> {
    let rules = &object.spec.rules;
    differ(rules)?;
    few_enough(object)?;
    let namespace = object.namespace().unwrap_or_default();
    let from = Referrer {
        namespace: &namespace,
        has: reference::is_programmed(object),
    };
    rules.iter().map(|rule| wire_rule(rule, &from, world)).collect()
}

/// Who refers to groups.
struct Referrer<'a> {
    namespace: &'a str,
    /// Azure has the rules as they are.
    has: bool,
}

/// No two rules have a name, or a direction and a priority, in common.
fn differ(rules: &[SecurityRule]) -> Result<(), Unresolved> {
    let (mut names, mut places) = (BTreeMap::new(), BTreeMap::new());
    for rule in rules {
        if let Some(other) = names.insert(rule.name.to_ascii_lowercase(), &rule.name) {
            return Err(Unresolved::invalid(format!(
                "spec.rules: the names {other} and {} are one for Azure; rename one of the rules",
                rule.name
            )));
        }
        if let Some(other) = places.insert((rule.direction, rule.priority), &rule.name) {
            return Err(Unresolved::invalid(format!(
                "spec.rules: {other} and {} are both {:?} with priority {}; give one of them another priority",
                rule.name, rule.direction, rule.priority
            )));
        }
    }
    Ok(())
}

/// Azure's limits on all rules together.
fn few_enough(object: &NetworkSecurityGroup) -> Result<(), Unresolved> {
    let rules = &object.spec.rules;
    let sum = |count: fn(&SecurityRule) -> usize| rules.iter().map(count).sum::<usize>();
    for (field, many) in [
        ("source.prefixes", sum(|rule| prefixes(rule.source.as_ref()))),
        (
            "destination.prefixes",
            sum(|rule| prefixes(rule.destination.as_ref())),
        ),
        ("ports", sum(|rule| rule.ports.len())),
        ("sourcePorts", sum(|rule| rule.source_ports.len())),
    ] {
        if many > MOST_OF_A_LIST {
            return Err(Unresolved::invalid(format!(
                "spec.rules: {} has {many} entries of {field}, and Azure takes {MOST_OF_A_LIST} in all rules of a group: use wider prefixes, service tags or application security groups, or another group",
                super::named(object)
            )));
        }
    }
    let groups: BTreeSet<String> = super::sides(object)
        .flat_map(|side| side.application_security_groups.iter().flatten())
        .map(|group| format!("{group:?}").to_ascii_lowercase())
        .collect();
    if groups.len() > MOST_GROUPS {
        return Err(Unresolved::invalid(format!(
            "spec.rules: {} names {} application security groups, and Azure takes {MOST_GROUPS} in all rules of a group",
            super::named(object),
            groups.len()
        )));
    }
    Ok(())
}

fn prefixes(side: Option<&Side>) -> usize {
    side.and_then(|side| side.prefixes.as_ref()).map_or(0, Vec::len)
}

/// How many combinations of source, destination and port the rules of a direction come to, at most.
pub(super) fn combinations(rules: &[SecurityRule]) -> usize {
    let of = |rule: &SecurityRule| {
        let (source, destination) = (rule.source.as_ref(), rule.destination.as_ref());
        prefixes(source).max(1) * prefixes(destination).max(1) * rule.ports.len().max(1)
    };
    let sum = |direction| {
        let rules = rules.iter().filter(|rule| rule.direction == direction);
        rules.map(of).sum::<usize>()
    };
    sum(Direction::Inbound).max(sum(Direction::Outbound))
}

fn wire_rule(rule: &SecurityRule, from: &Referrer<'_>, world: &World<'_>) -> Result<Rule, Unresolved> {
    let field = |name: &str| format!("spec.rules[{}].{name}", rule.name);
    let mut properties = RuleProperties {
        description: rule.description.clone(),
        protocol: protocol(rule.protocol.unwrap_or_default()),
        access: match rule.access {
            Access::Allow => "Allow",
            Access::Deny => "Deny",
        },
        direction: match rule.direction {
            Direction::Inbound => "Inbound",
            Direction::Outbound => "Outbound",
        },
        priority: rule.priority,
        ..RuleProperties::default()
    };
    (properties.source_port_range, properties.source_port_ranges) =
        ports(&field("sourcePorts"), &rule.source_ports)?;
    (
        properties.destination_port_range,
        properties.destination_port_ranges,
    ) = ports(&field("ports"), &rule.ports)?;
    let source = addresses(&field("source"), rule.source.as_ref(), from, world)?;
    properties.source_address_prefix = source.prefix;
    properties.source_address_prefixes = source.prefixes;
    properties.source_application_security_groups = source.groups;
    let destination = addresses(&field("destination"), rule.destination.as_ref(), from, world)?;
    properties.destination_address_prefix = destination.prefix;
    properties.destination_address_prefixes = destination.prefixes;
    properties.destination_application_security_groups = destination.groups;
    Ok(Rule {
        name: rule.name.clone(),
        properties,
    })
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Any => "*",
        Protocol::Tcp => "Tcp",
        Protocol::Udp => "Udp",
        Protocol::Icmp => "Icmp",
        Protocol::Esp => "Esp",
        Protocol::Ah => "Ah",
    }
}

/// One port or range in Azure's field for one, several in the one for several.
fn ports(field: &str, ports: &[String]) -> Result<(Option<String>, Vec<String>), Unresolved> {
    if let Some(port) = ports.iter().find(|port| !is_port(port)) {
        return Err(Unresolved::invalid(format!(
            "{field}: {port} is no port; give ports from 0 to 65535 such as 443, ranges such as 8000-8100, or *"
        )));
    }
    match ports {
        [] => Ok((Some("*".to_owned()), Vec::new())),
        [port] => Ok((Some(port.clone()), Vec::new())),
        several if several.iter().any(|port| port == "*") => Err(Unresolved::invalid(format!(
            "{field}: * is every port; leave the others out"
        ))),
        several => Ok((None, several.to_vec())),
    }
}

fn is_port(text: &str) -> bool {
    let number = |text: &str| {
        text.parse::<u16>()
            .ok()
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match text.split_once('-') {
        _ if text == "*" => true,
        Some((first, last)) => {
            matches!((number(first), number(last)), (Some(first), Some(last)) if first <= last)
        }
        None => number(text).is_some(),
    }
}

#[derive(Default)]
struct Addresses {
    prefix: Option<String>,
    prefixes: Vec<String>,
    groups: Vec<SubResource>,
}

fn addresses(
    field: &str,
    side: Option<&Side>,
    from: &Referrer<'_>,
    world: &World<'_>,
) -> Result<Addresses, Unresolved> {
    let Some(side) = side else {
        return Ok(Addresses {
            prefix: Some("*".to_owned()),
            ..Addresses::default()
        });
    };
    if let Some(tag) = &side.service_tag {
        return Ok(Addresses {
            prefix: Some(tag.clone()),
            ..Addresses::default()
        });
    }
    if let Some(prefixes) = &side.prefixes {
        if let Some(prefix) = prefixes.iter().find(|prefix| !is_prefix(prefix)) {
            return Err(Unresolved::invalid(format!(
                "{field}.prefixes: {prefix} is neither an address such as 10.1.0.4 nor a prefix such as 10.1.0.0/16; a service tag goes into {field}.serviceTag, and a side that is left out is anywhere"
            )));
        }
        return Ok(match prefixes.as_slice() {
            [prefix] => Addresses {
                prefix: Some(prefix.clone()),
                ..Addresses::default()
            },
            several => Addresses {
                prefixes: several.to_vec(),
                ..Addresses::default()
            },
        });
    }
    let groups = side.application_security_groups.iter().flatten().enumerate();
    let groups = groups.map(|(index, group)| {
        let field = format!("{field}.applicationSecurityGroups[{index}]");
        let id = reference::object(
            &field,
            ApplicationSecurityGroup::KIND,
            group,
            from.namespace,
            from.has,
            world,
        )?;
        Ok(SubResource { id: id.to_string() })
    });
    Ok(Addresses {
        groups: groups.collect::<Result<_, Unresolved>>()?,
        ..Addresses::default()
    })
}

fn is_prefix(text: &str) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    length.is_none_or(|length| {
        let digits = length.bytes().all(|byte| byte.is_ascii_digit());
        digits && length.parse::<u8>().is_ok_and(|length| length <= most)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ports_are_numbers_ranges_and_the_star() {
        for good in ["0", "443", "65535", "8000-8100", "1-1", "*"] {
            assert!(is_port(good), "{good}");
        }
        for bad in [
            "",
            "-",
            "65536",
            "8100-8000",
            "1-",
            "-1",
            "+1",
            "http",
            "1 ",
            "1-2-3",
            "**",
        ] {
            assert!(!is_port(bad), "{bad}");
        }
    }

    #[test]
    fn prefixes_are_addresses_with_or_without_a_length() {
        for good in ["10.1.0.4", "10.1.0.0/16", "0.0.0.0/0", "fd00::/8", "::1"] {
            assert!(is_prefix(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "Internet",
            "10.1.0/16",
            "10.1.0.0/33",
            "10.1.0.0/",
            "10.1.0.0/+8",
            "fd00::/129",
            "10.1.0.0/8/8",
        ] {
            assert!(!is_prefix(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_checks_panic(text in "[ -~]{0,20}") {
            let _ = (is_port(&text), is_prefix(&text));
        }

        #[test]
        fn two_rules_of_one_place_are_found_among_many(
            priorities in prop::collection::vec((100..110i32, any::<bool>()), 1..12),
        ) {
            let rules: Vec<SecurityRule> = priorities
                .iter()
                .enumerate()
                .map(|(index, (priority, inbound))| SecurityRule {
                    name: format!("rule-{index}"),
                    priority: *priority,
                    direction: if *inbound { Direction::Inbound } else { Direction::Outbound },
                    ..SecurityRule::default()
                })
                .collect();
            let doubles = priorities.iter().enumerate().any(|(index, place)| priorities[..index].contains(place));
            prop_assert_eq!(differ(&rules).is_err(), doubles);
        }
    }
}
