//! What the names in an estate mean.

use super::estate::EstateGroup;
use super::expand::scope;
use super::{SeededSubscription, typed_path};

/// What names in an estate can mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Network,
    Zone,
    Target,
}

impl Kind {
    pub(super) fn words(self) -> &'static str {
        match self {
            Kind::Network => "network",
            Kind::Zone => "private DNS zone",
            Kind::Target => "target",
        }
    }
}

/// What is in the file, by name.
#[derive(Default)]
pub(super) struct Names(Vec<Named>);

struct Named {
    kind: Kind,
    group: String,
    name: String,
    id: String,
}

impl Names {
    pub(super) fn of(subscriptions: &[SeededSubscription]) -> Self {
        let mut names = Names::default();
        for subscription in subscriptions {
            for group in &subscription.resource_groups {
                names.add(&subscription.id.value, group);
            }
        }
        names
    }

    fn add(&mut self, subscription: &str, group: &EstateGroup) {
        let scope = scope(subscription, group);
        let mut note = |kind, resource_type: &str, name: &str| {
            let path = typed_path(resource_type, name).unwrap_or_default();
            self.0.push(Named {
                kind,
                group: group.name.value.clone(),
                name: name.to_owned(),
                id: format!("{scope}/providers/{path}"),
            });
        };
        for network in &group.networks {
            note(
                Kind::Network,
                "Microsoft.Network/virtualNetworks",
                &network.name.value,
            );
        }
        for zone in &group.zones {
            note(Kind::Zone, "Microsoft.Network/privateDnsZones", &zone.name.value);
        }
        for target in &group.targets {
            for (resource_type, name) in target.value.named() {
                note(Kind::Target, resource_type, &name.value);
            }
        }
        for other in &group.resources {
            if crate::targets::Target::of(&other.r#type.value).is_some() {
                note(Kind::Target, &other.r#type.value, &other.name.value);
            }
        }
    }

    /// The ids of what a name means, as seen from a group: what is in that group itself goes before.
    pub(super) fn find(&self, kind: Kind, group: &str, name: &str) -> Vec<&str> {
        let (wanted_group, name) = match name.split_once('/') {
            Some((group, name)) => (Some(group), name),
            None => (None, name),
        };
        let found: Vec<&Named> = self
            .0
            .iter()
            .filter(|named| named.kind == kind && named.name.eq_ignore_ascii_case(name))
            .filter(|named| wanted_group.is_none_or(|group| named.group.eq_ignore_ascii_case(group)))
            .collect();
        let near: Vec<&str> = found
            .iter()
            .filter(|named| named.group.eq_ignore_ascii_case(group))
            .map(|named| named.id.as_str())
            .collect();
        match near.len() {
            1 => near,
            _ => found.iter().map(|named| named.id.as_str()).collect(),
        }
    }
}
