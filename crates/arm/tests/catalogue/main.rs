//! The service catalogue: what is recommended for which target, what is said where nothing is, and how public names
//! belong to zones.

mod chosen;
mod messages;
mod names;
mod properties;
mod targets;

use privatelink_arm::catalogue::{
    KnownCloud, NoRecommendation, Recommendation, Target, TargetFacts, recommended,
};

/// A target with everything that any zone may depend on.
pub(crate) fn plausible(region: &str) -> TargetFacts {
    TargetFacts {
        region: Some(region.to_owned()),
        private_dns_zone: Some("system".to_owned()),
        dns_zone: Some("0f1e2d3c4b5a".to_owned()),
        default_hostname: Some("white-river-0a1b2c3d4.5.azurestaticapps.net".to_owned()),
        sku: Some("Balanced_B5".to_owned()),
    }
}

pub(crate) fn zones_of(
    cloud: KnownCloud,
    resource_type: &str,
    group: &str,
    facts: &TargetFacts,
) -> Result<Recommendation, NoRecommendation> {
    recommended(&Target {
        cloud,
        resource_type,
        group,
        facts,
    })
}

/// The required zones as a line, or what is said instead.
pub(crate) fn line(cloud: KnownCloud, resource_type: &str, group: &str, facts: &TargetFacts) -> String {
    match zones_of(cloud, resource_type, group, facts) {
        Ok(found) => found.required().collect::<Vec<_>>().join(" "),
        Err(refusal) => refusal.to_string(),
    }
}
