//! The service catalogue: which private DNS zones a private endpoint needs, by what it leads to.
//!
//! A name such as `orders.blob.core.windows.net` resolves to a private endpoint only where a private DNS zone of the
//! right name, `privatelink.blob.core.windows.net`, holds a record for it. Which zone that is depends on the target's
//! type, on the group (part) of it that the endpoint leads to and on the cloud; a few also on where the target is or
//! on how it was made. Microsoft publishes the names as a page; its rows are data of this crate,
//! `data/private-dns-zones.json`, and `docs/private-dns-zones.md` shows them.
//!
//! The order of use: [`needs`] says whether the target has to be read, [`recommended`] gives the zones, and
//! [`cross_check`] compares them with what Azure itself says about the target and the endpoint. All of it is pure.
//!
//! A row that a cloud does not have means "not listed", never "as in the public cloud".

mod cross_check;
mod facts;
mod known_cloud;
mod near;
mod placeholder;
mod recommendation;
mod refusal;
mod region;
mod table;
mod written;
mod zone_name;

pub use cross_check::{CrossCheck, Lacking, NameInZone, cross_check, record_in, zone_of};
pub use facts::{Fact, Needed, TargetFacts, needs};
pub use known_cloud::KnownCloud;
pub use near::NearMatch;
pub use recommendation::{MAX_ZONES_IN_ZONE_GROUP, Recommendation, RecommendedZone, Target, recommended};
pub use refusal::NoRecommendation;
pub use region::{region_code, region_codes};
pub use table::{CatalogueRow, ChosenBy, Rule, rows};
pub use zone_name::{InvalidZoneName, check_zone_name};

/// The rows of a cloud that speak of a type and group, compared without case: none, one, or several that a property
/// of the target tells apart.
fn matching(cloud: KnownCloud, resource_type: &str, group: &str) -> impl Iterator<Item = CatalogueRow> {
    rows().filter(move |row| {
        row.cloud() == cloud
            && row.resource_type().eq_ignore_ascii_case(resource_type)
            && row.matches_group(group)
    })
}
