//! Security rules: what a rule by itself, and all rules of a group together, are checked for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::body;
use crate::network::addresses::{is_address, is_prefix};
use crate::network::application_security_group;
use crate::request::errors::Failure;
use crate::state::State;
use crate::state::record::Record;
use crate::types::traffic::{DENY_ONLY_TAGS, is_service_tag};

const PRIORITIES: std::ops::RangeInclusive<i64> = 100..=4096;
const DESCRIPTION: usize = 140;
const GROUPS_OF_SIDE: usize = 10;
const GROUPS_OF_ALL_RULES: usize = 100;
/// Of each list, in all rules of a security group together.
const ADDRESSES_OR_PORTS: usize = 4000;

/// One end of the traffic: how Azure calls its properties, and where they are.
struct Side {
    port: (&'static str, &'static str),
    ports: (&'static str, &'static str),
    prefix: (&'static str, &'static str),
    prefixes: (&'static str, &'static str),
    groups: (&'static str, &'static str),
}

const SIDES: [Side; 2] = [
    Side {
        port: ("SourcePortRange", "properties.sourcePortRange"),
        ports: ("SourcePortRanges", "properties.sourcePortRanges"),
        prefix: ("SourceAddressPrefix", "properties.sourceAddressPrefix"),
        prefixes: ("SourceAddressPrefixes", "properties.sourceAddressPrefixes"),
        groups: (
            "SourceApplicationSecurityGroups",
            "properties.sourceApplicationSecurityGroups",
        ),
    },
    Side {
        port: ("DestinationPortRange", "properties.destinationPortRange"),
        ports: ("DestinationPortRanges", "properties.destinationPortRanges"),
        prefix: ("DestinationAddressPrefix", "properties.destinationAddressPrefix"),
        prefixes: (
            "DestinationAddressPrefixes",
            "properties.destinationAddressPrefixes",
        ),
        groups: (
            "DestinationApplicationSecurityGroups",
            "properties.destinationApplicationSecurityGroups",
        ),
    },
];

/// Checks a rule by itself.
pub(super) fn check(rule: &Record) -> Result<(), Failure> {
    for (name, path) in [
        ("Protocol", "properties.protocol"),
        ("Access", "properties.access"),
        ("Direction", "properties.direction"),
        ("Priority", "properties.priority"),
    ] {
        if body::at(&rule.body, path).is_none() {
            return Err(parameter_missing(rule, name));
        }
    }
    let priority = priority(rule);
    if !PRIORITIES.contains(&priority) {
        return Err(Failure::network(
            400,
            "SecurityRuleInvalidPriority",
            format!(
                "Security rule has invalid Priority. Value provided: {priority} Allowed range {}-{}.",
                PRIORITIES.start(),
                PRIORITIES.end()
            ),
        ));
    }
    let description = body::text(&rule.body, "properties.description").unwrap_or_default();
    if description.chars().count() > DESCRIPTION {
        return Err(Failure::network(
            400,
            "SecurityRuleDescriptionTooLong",
            format!(
                "The description of security rule {} has more than {DESCRIPTION} characters.",
                rule.id
            ),
        ));
    }
    SIDES
        .iter()
        .try_for_each(|side| check_ports(rule, side).and_then(|()| check_addresses(rule, side)))?;
    check_family(rule)
}

/// ARM behaviour: the addresses of a rule are all IPv4, or all IPv6.
fn check_family(rule: &Record) -> Result<(), Failure> {
    let addresses = SIDES
        .iter()
        .flat_map(|side| [side.prefix.1, side.prefixes.1])
        .flat_map(|path| body::texts(&rule.body, path))
        .filter(|text| is_address(text) || is_prefix(text));
    let (six, four): (Vec<String>, Vec<String>) = addresses.partition(|text| text.contains(':'));
    if six.is_empty() || four.is_empty() {
        return Ok(());
    }
    Err(Failure::network(
        400,
        "ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies",
        format!(
            "Resource {} contains IP addresses or prefixes that belong to different address families. All IP addresses or prefixes in the resource should belong to the same address family.",
            rule.id
        ),
    ))
}

fn priority(rule: &Record) -> i64 {
    body::at(&rule.body, "properties.priority")
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

fn is_given(rule: &Record, path: &str) -> bool {
    match body::at(&rule.body, path) {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::String(text)) => !text.is_empty(),
        other => other.is_some(),
    }
}

/// ARM behaviour: exactly one of several properties has to be given; an empty text beside it is shown and counts for nothing.
fn check_one_of(rule: &Record, choices: &[(&str, &str)], named: &str) -> Result<(), Failure> {
    let empty = choices
        .iter()
        .find(|(_, path)| body::text(&rule.body, path).is_some_and(str::is_empty));
    let given: Vec<&str> = choices
        .iter()
        .filter(|(_, path)| is_given(rule, path))
        .map(|(name, _)| *name)
        .collect();
    match given.as_slice() {
        [_] => Ok(()),
        [] if let Some((name, _)) = empty => Err(parameter_missing(rule, name)),
        [] => Err(Failure::network(
            400,
            "SecurityRuleParametersMissing",
            format!(
                "Required security rule parameters are missing for security rule with Id: {}. Security rule must specify {named}.",
                rule.id
            ),
        )),
        several => Err(Failure::network(
            400,
            "SecurityRuleParametersConflict",
            format!(
                "Security rule with Id {} cannot specify more than one of {}.",
                rule.id,
                several.join(", ")
            ),
        )),
    }
}

fn parameter_missing(rule: &Record, name: &str) -> Failure {
    Failure::network(
        400,
        "SecurityRuleParameterMissing",
        format!(
            "Required security rule parameter {name} is missing for security rule with Id: {}.",
            rule.id
        ),
    )
}

fn check_ports(rule: &Record, side: &Side) -> Result<(), Failure> {
    let named = format!("{} or {}", side.ports.0, side.port.0);
    check_one_of(rule, &[side.port, side.ports], &named)?;
    let any = body::text(&rule.body, side.port.1) == Some("*");
    let ranges = body::texts(&rule.body, side.port.1)
        .into_iter()
        .chain(body::texts(&rule.body, side.ports.1));
    for range in ranges.filter(|range| !any && !range.is_empty()) {
        if !is_port_range(&range) {
            return Err(Failure::network(
                400,
                "SecurityRuleInvalidPortRange",
                format!(
                    "Security rule has invalid Port range. Value provided: {range}. Value should be an integer OR integer range with '-' delimiter. Valid range 0-65535."
                ),
            ));
        }
    }
    Ok(())
}

fn is_port_range(text: &str) -> bool {
    let port = |text: &str| {
        text.bytes()
            .all(|digit| digit.is_ascii_digit())
            .then(|| text.parse::<u16>().ok())
            .flatten()
    };
    match text.split_once('-') {
        Some((first, last)) => {
            matches!((port(first), port(last)), (Some(first), Some(last)) if first <= last)
        }
        None => port(text).is_some(),
    }
}

/// ARM behaviour: a service tag or `*` stands alone; a list holds addresses and prefixes only.
fn check_addresses(rule: &Record, side: &Side) -> Result<(), Failure> {
    let named = format!("{}, {}, or {}", side.prefixes.0, side.prefix.0, side.groups.0);
    check_one_of(rule, &[side.prefix, side.prefixes, side.groups], &named)?;
    let is_tag = |text: &str| text == "*" || is_service_tag(text);
    if let Some(prefix) = body::text(&rule.body, side.prefix.1).filter(|prefix| !prefix.is_empty()) {
        if !is_tag(prefix) && !is_address(prefix) && !is_prefix(prefix) {
            return Err(invalid_prefix(rule, prefix));
        }
        let denied = DENY_ONLY_TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(prefix));
        if denied && body::text(&rule.body, "properties.access") != Some("Deny") {
            return Err(Failure::network(
                400,
                "SecurityRuleInvalidAccessType",
                format!(
                    "Security rule {} has invalid Access type. Value provided: Allow. Allowed values with {prefix}: Deny.",
                    rule.id
                ),
            ));
        }
    }
    for prefix in body::texts(&rule.body, side.prefixes.1) {
        if is_tag(&prefix) {
            return Err(Failure::network(
                400,
                "SecurityRuleParameterContainsUnsupportedValue",
                format!(
                    "Security rule parameter {} for rule with Id {} cannot specify existing VIRTUALNETWORK, INTERNET, AZURELOADBALANCER, '*' or system tags. Unsupported value used: {prefix}.",
                    side.prefix.0, rule.id
                ),
            ));
        }
        if !is_address(&prefix) && !is_prefix(&prefix) {
            return Err(invalid_prefix(rule, &prefix));
        }
    }
    let groups = groups(rule, side).count();
    if groups > GROUPS_OF_SIDE {
        return Err(Failure::network(
            400,
            "NumberOfApplicationSecurityGroupsReferencedInSecurityRuleLimitReached",
            format!(
                "A security rule may have up to {GROUPS_OF_SIDE} Application Security Groups in the source or destination fields. The requested configuration has {groups} in the {} field.",
                side.groups.0
            ),
        ));
    }
    Ok(())
}

fn invalid_prefix(rule: &Record, prefix: &str) -> Failure {
    Failure::network(
        400,
        "SecurityRuleInvalidAddressPrefix",
        format!(
            "Security rule {} has invalid Address prefix. Value provided: {prefix}",
            rule.id
        ),
    )
}

fn groups<'a>(rule: &'a Record, side: &Side) -> impl Iterator<Item = &'a str> {
    body::all(&rule.body, &format!("{}.*.id", side.groups.1))
        .into_iter()
        .filter_map(Value::as_str)
}

/// The application security groups of both sides.
pub(super) fn all_groups(rule: &Record) -> impl Iterator<Item = &str> {
    SIDES.iter().flat_map(|side| groups(rule, side))
}

/// ARM behaviour: the members of all application security groups of a rule are in one virtual network.
pub(super) fn check_groups(state: &State, rule: &Record) -> Result<(), Failure> {
    application_security_group::check_one_network(state, rule, all_groups(rule), &BTreeMap::new(), "")
}

/// Checks the rules of a security group together.
pub(super) fn check_together(group_id: &str, rules: &[&Record]) -> Result<(), Failure> {
    let mut taken: BTreeMap<(&str, i64), &Record> = BTreeMap::new();
    for rule in rules {
        let direction = body::text(&rule.body, "properties.direction").unwrap_or_default();
        if let Some(other) = taken.insert((direction, priority(rule)), rule) {
            return Err(Failure::network(
                400,
                "SecurityRuleConflict",
                format!(
                    "Security rule {} conflicts with rule {}. Rules cannot have the same Priority and Direction. To learn more, see aka.ms/nsgrules.",
                    other.name(),
                    rule.name()
                ),
            ));
        }
    }
    for side in &SIDES {
        for (name, path) in [side.prefixes, side.ports] {
            let count: usize = rules
                .iter()
                .filter_map(|rule| body::at(&rule.body, path)?.as_array())
                .map(Vec::len)
                .sum();
            if count > ADDRESSES_OR_PORTS {
                return Err(Failure::network(
                    400,
                    "SecurityRuleAddressesOrPortsPerSecurityGroupLimitReached",
                    format!(
                        "Network security group {group_id} has {count} {name}. A security group cannot have more than {ADDRESSES_OR_PORTS} {name} as per the limit MaxSecurityRuleAddressesOrPortsPerSecurityGroup."
                    ),
                ));
            }
        }
    }
    let groups: BTreeSet<String> = rules
        .iter()
        .flat_map(|rule| all_groups(rule))
        .map(str::to_ascii_lowercase)
        .collect();
    if groups.len() > GROUPS_OF_ALL_RULES {
        return Err(Failure::network(
            400,
            "ApplicationSecurityGroupsPerSecurityGroupLimitReached",
            format!(
                "The rules of network security group {group_id} refer to {} application security groups; up to {GROUPS_OF_ALL_RULES} are allowed.",
                groups.len()
            ),
        ));
    }
    Ok(())
}
