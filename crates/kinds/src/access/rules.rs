//! From the rules and routes of objects to those of the model.

use kube::ResourceExt;
use privatelink_api::{
    NetworkSecurityGroup, ObjectReference, RouteTable as Table, SecurityRule, Side, UnmanagedRules,
};

use super::model::{Match, Route, RouteTable, Rule, SecurityGroup};
use super::prefix::Prefix;

/// What is wrong with the rules of a group.
///
/// # Errors
/// The field, and what it should be.
pub fn check(object: &NetworkSecurityGroup) -> Result<(), String> {
    security_group(object, |_| String::new()).map(drop)
}

/// A group of an object's rules. References to application security groups are for others to resolve.
///
/// # Errors
/// The field that is wrong, and what it should be.
pub(super) fn security_group(
    object: &NetworkSecurityGroup,
    resolve: impl Fn(&ObjectReference) -> String,
) -> Result<SecurityGroup, String> {
    let own = &object.spec.rules;
    let rules = own
        .iter()
        .map(|own| rule(own, &resolve))
        .collect::<Result<_, _>>()?;
    let mut group = SecurityGroup::new(object.name_any(), rules);
    let found = object.status.as_ref().and_then(|status| status.rules);
    let counted = found.and_then(|found| usize::try_from(found).ok());
    group.others = object.spec.unmanaged_rules == Some(UnmanagedRules::Keep) && counted != Some(own.len());
    Ok(group)
}

fn rule(own: &SecurityRule, resolve: &impl Fn(&ObjectReference) -> String) -> Result<Rule, String> {
    let field = |name: &str| format!("spec.rules[{}].{name}", own.name);
    Ok(Rule {
        name: own.name.clone(),
        priority: own.priority,
        direction: own.direction,
        access: own.access,
        protocol: own.protocol.unwrap_or_default(),
        source: side(&field("source"), own.source.as_ref(), resolve)?,
        destination: side(&field("destination"), own.destination.as_ref(), resolve)?,
        ports: ports(&own.ports).map_err(|port| {
            format!(
                "{}: {port} is neither a port such as 443 nor a range such as 8000-8100 nor *",
                field("ports")
            )
        })?,
    })
}

fn side(
    field: &str,
    side: Option<&Side>,
    resolve: &impl Fn(&ObjectReference) -> String,
) -> Result<Match, String> {
    let Some(side) = side else { return Ok(Match::Any) };
    match side {
        Side {
            service_tag: Some(tag),
            ..
        } if tag == "*" => Ok(Match::Any),
        Side {
            service_tag: Some(tag),
            ..
        } => Ok(Match::Tag(tag.clone())),
        Side {
            prefixes: Some(prefixes),
            ..
        } => {
            let prefix = |text: &String| {
                text.parse::<Prefix>()
                    .map_err(|error| format!("{field}.prefixes: {text} is {error}"))
            };
            prefixes
                .iter()
                .map(prefix)
                .collect::<Result<_, _>>()
                .map(Match::Prefixes)
        }
        Side {
            application_security_groups: Some(groups),
            ..
        } => Ok(Match::Groups(groups.iter().map(resolve).collect())),
        _ => Err(format!(
            "{field} has none of prefixes, serviceTag and applicationSecurityGroups"
        )),
    }
}

/// Ranges; none: all ports.
fn ports(texts: &[String]) -> Result<Vec<(u16, u16)>, &str> {
    let mut ranges = Vec::new();
    for text in texts {
        if text == "*" {
            return Ok(Vec::new());
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) if first <= last => ranges.push((first, last)),
            _ => return Err(text),
        }
    }
    Ok(ranges)
}

/// The routes of an object. Those for service tags are left out, for no endpoint's address is in one.
pub(super) fn route_table(object: &Table) -> RouteTable {
    let routes = object.spec.routes.iter().filter_map(|route| {
        Some(Route {
            name: route.name.clone(),
            prefix: route.address_prefix.parse().ok()?,
            next_hop: route.next_hop_type,
            address: route.next_hop_ip_address.clone(),
        })
    });
    RouteTable {
        name: object.name_any(),
        routes: routes.collect(),
    }
}
