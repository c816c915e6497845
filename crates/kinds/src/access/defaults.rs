//! Azure's default rules, which every security group ends with (`arm.md` 1.6).

use privatelink_api::{Access, Direction, Protocol};

use super::model::{INTERNET, LOAD_BALANCER, Match, Rule, VIRTUAL_NETWORK};

/// One default rule: name, priority, direction, access, source tag, destination tag. Without a tag it is anywhere.
type Default = (
    &'static str,
    i32,
    Direction,
    Access,
    Option<&'static str>,
    Option<&'static str>,
);

const NETWORK: Option<&str> = Some(VIRTUAL_NETWORK);

/// The rules. They are for all protocols and ports.
pub const DEFAULT_RULES: [Default; 6] = [
    (
        "AllowVnetInBound",
        65000,
        Direction::Inbound,
        Access::Allow,
        NETWORK,
        NETWORK,
    ),
    (
        "AllowAzureLoadBalancerInBound",
        65001,
        Direction::Inbound,
        Access::Allow,
        Some(LOAD_BALANCER),
        None,
    ),
    (
        "DenyAllInBound",
        65500,
        Direction::Inbound,
        Access::Deny,
        None,
        None,
    ),
    (
        "AllowVnetOutBound",
        65000,
        Direction::Outbound,
        Access::Allow,
        NETWORK,
        NETWORK,
    ),
    (
        "AllowInternetOutBound",
        65001,
        Direction::Outbound,
        Access::Allow,
        None,
        Some(INTERNET),
    ),
    (
        "DenyAllOutBound",
        65500,
        Direction::Outbound,
        Access::Deny,
        None,
        None,
    ),
];

/// The same as rules.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    let side = |tag: Option<&str>| tag.map_or(Match::Any, |tag| Match::Tag(tag.to_owned()));
    DEFAULT_RULES.iter().map(
        move |(name, priority, direction, access, source, destination)| Rule {
            name: (*name).to_owned(),
            priority: *priority,
            direction: *direction,
            access: *access,
            protocol: Protocol::Any,
            source: side(*source),
            destination: side(*destination),
            ports: Vec::new(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_those_that_azure_shows() {
        let shown: Vec<String> = DEFAULT_RULES
            .iter()
            .map(|(name, priority, direction, access, source, destination)| {
                let (source, destination) = (source.unwrap_or("*"), destination.unwrap_or("*"));
                format!("{priority} {direction:?} {access:?} {source} {destination} {name}")
            })
            .collect();
        assert_eq!(
            shown,
            [
                "65000 Inbound Allow VirtualNetwork VirtualNetwork AllowVnetInBound",
                "65001 Inbound Allow AzureLoadBalancer * AllowAzureLoadBalancerInBound",
                "65500 Inbound Deny * * DenyAllInBound",
                "65000 Outbound Allow VirtualNetwork VirtualNetwork AllowVnetOutBound",
                "65001 Outbound Allow * Internet AllowInternetOutBound",
                "65500 Outbound Deny * * DenyAllOutBound",
            ]
        );
    }
}
