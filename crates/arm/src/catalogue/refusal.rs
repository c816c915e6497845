//! Why the catalogue recommends no zones, said so that a person knows what to do next.

use super::near::{NearMatch, by_nearness, near_types};
use super::region::{region_codes, region_name};
use super::{Fact, KnownCloud, rows};

/// How zones are named without the catalogue. It ends every message.
const BY_HAND: &str = "Zones can be named by hand: where the service answers under a name such as \
     x.blob.core.windows.net, the zone is privatelink.blob.core.windows.net; \
     https://learn.microsoft.com/azure/private-link/private-endpoint-dns lists Microsoft's";

/// The most characters of somebody else's text that a message repeats.
const SHOWN: usize = 128;

/// Why the catalogue recommends no zones for a target. All of these are expected outcomes; Display is a whole message
/// for the person who wrote the endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRecommendation {
    #[error("there is no table of private DNS zones for the cloud {cloud:?}. {BY_HAND}")]
    UnlistedCloud { cloud: String },
    #[error(
        "a private link service has no private DNS zone of its own: whoever uses it chooses a name and a zone for it"
    )]
    PrivateLinkService,
    #[error("no private DNS zones are known for {resource_type}{}. {BY_HAND}", nearest(.near))]
    UnknownType {
        resource_type: String,
        /// Nearest first; may be empty.
        near: Vec<NearMatch>,
    },
    #[error("{resource_type} {}; its groups are {}. {BY_HAND}", no_group(.group), .groups.join(", "))]
    UnknownGroup {
        resource_type: &'static str,
        group: String,
        /// The type's groups in this cloud, nearest first.
        groups: Vec<&'static str>,
    },
    #[error(
        "Microsoft lists private DNS zones for {resource_type} {group:?} in {} and none in {cloud}: the service may \
         not be offered there, and its names are others. {BY_HAND}",
        clouds(.listed_in)
    )]
    NotListed {
        cloud: KnownCloud,
        resource_type: String,
        group: String,
        listed_in: Vec<KnownCloud>,
    },
    #[error(
        "the zones of {service} depend on the target's {fact}, which the target does not show. {BY_HAND}"
    )]
    MissingFact { service: &'static str, fact: Fact },
    #[error("the zones of {service} depend on the target's {fact}; {value:?} {reason}. {BY_HAND}")]
    UnusableFact {
        service: &'static str,
        fact: Fact,
        /// At most 128 characters.
        value: String,
        reason: String,
    },
    #[error(
        "the zone {zone} of {service} needs the region's short code, and none is known for the region {region:?}{}. \
         Zones can be named by hand: put the region's code, which Azure's names for the target show, in place of \
         {{regionCode}}",
        did_you_mean(.near)
    )]
    UnknownRegion {
        service: &'static str,
        region: String,
        /// The zone with its placeholder.
        zone: &'static str,
        /// Regions that are spelt nearly so; may be empty.
        near: Vec<&'static str>,
    },
    #[error(
        "the target keeps its name in public DNS ({fact} is {value:?}), and Microsoft recommends no private DNS zone \
         for it. A zone in which the endpoint's own address answers can be named by hand"
    )]
    PublicName { fact: Fact, value: String },
}

/// Why no row of a cloud speaks of a type and group.
pub(super) fn not_found(cloud: KnownCloud, resource_type: &str, group: &str) -> NoRecommendation {
    if resource_type.eq_ignore_ascii_case("Microsoft.Network/privateLinkServices") {
        return NoRecommendation::PrivateLinkService;
    }
    let of_type = || rows().filter(|row| row.resource_type().eq_ignore_ascii_case(resource_type));
    let mut listed_in: Vec<KnownCloud> = of_type()
        .filter(|row| row.matches_group(group))
        .map(|row| row.cloud())
        .collect();
    let mut here = None;
    let mut groups: Vec<&'static str> = Vec::new();
    for row in of_type().filter(|row| row.cloud() == cloud) {
        here = Some(row.resource_type());
        groups.extend(row.groups());
    }
    groups.dedup();
    match here {
        Some(resource_type) if listed_in.is_empty() => {
            return NoRecommendation::UnknownGroup {
                resource_type,
                group: shown(group),
                groups: by_nearness(group, groups),
            };
        }
        None if listed_in.is_empty() => listed_in.extend(of_type().map(|row| row.cloud())),
        _ => {}
    }
    if listed_in.is_empty() {
        return NoRecommendation::UnknownType {
            resource_type: shown(resource_type),
            near: near_types(cloud, resource_type),
        };
    }
    listed_in.sort_unstable();
    listed_in.dedup();
    NoRecommendation::NotListed {
        cloud,
        resource_type: shown(resource_type),
        group: shown(group),
        listed_in,
    }
}

/// That a region has no code.
pub(super) fn unknown_region(service: &'static str, region: &str, zone: &'static str) -> NoRecommendation {
    let name = region_name(region);
    let alike = |known: &&str| {
        let short = known.len().min(name.len());
        short > 4 && (known.starts_with(name.as_str()) || name.starts_with(known))
    };
    let near = region_codes().map(|(known, _)| known).filter(alike).collect();
    let mut near = by_nearness(&name, near);
    near.truncate(3);
    NoRecommendation::UnknownRegion {
        service,
        region: shown(region),
        zone,
        near,
    }
}

/// As much of a text as a message repeats.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

fn no_group(group: &str) -> String {
    if group.is_empty() {
        "needs a group id".to_owned()
    } else {
        format!("has no group {group:?} with a known private DNS zone")
    }
}

fn nearest(near: &[NearMatch]) -> String {
    let types: Vec<String> = near
        .iter()
        .map(|near| format!("{} ({})", near.resource_type, near.groups.join(", ")))
        .collect();
    if types.is_empty() {
        String::new()
    } else {
        format!("; the nearest that are: {}", types.join("; "))
    }
}

fn did_you_mean(near: &[&str]) -> String {
    if near.is_empty() {
        String::new()
    } else {
        format!(" (did you mean {}?)", near.join(" or "))
    }
}

fn clouds(clouds: &[KnownCloud]) -> String {
    let names: Vec<String> = clouds.iter().map(KnownCloud::to_string).collect();
    names.join(" and ")
}
