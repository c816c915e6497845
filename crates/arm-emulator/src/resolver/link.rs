//! Links from a forwarding ruleset to virtual networks.

use super::{bad_request, check_metadata, conflict, lies_in, network_of};
use crate::operations::region_of;
use crate::request::errors::Failure;
use crate::state::record::Record;
use crate::state::world::{Draft, World};

/// The name that the link of a network takes: there is one ruleset for a network.
pub(crate) fn claim(network: &str) -> String {
    format!("dns ruleset on {}", network.to_ascii_lowercase())
}

/// Prepares a write.
///
/// ARM behaviour: a network is in the ruleset's region, linked to one ruleset, and the link's for good.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    check_metadata(record)?;
    let network = network_of(record)?;
    let settled = existing.filter(|old| old.provisioning_state != "Failed");
    let was = settled.and_then(|old| old.text(&["properties", "virtualNetwork", "id"]));
    if was.is_some_and(|old| !old.eq_ignore_ascii_case(&network)) {
        return Err(conflict(format!(
            "The virtual network of the link {} cannot be changed.",
            record.id
        )));
    }
    let found = world.state.get(&network.to_ascii_lowercase());
    let Some(found) = found.filter(|found| !found.deleting) else {
        record.claims.clear();
        if settled.is_none() {
            let message = format!("The virtual network '{network}' was not found.");
            draft.fails = Some(("BadRequest".to_owned(), message));
        }
        return Ok(());
    };
    let region = region_of(world.state, record);
    if !lies_in(found, &region) {
        return Err(bad_request(format!(
            "The virtual network {network} is not in the region '{region}' of the DNS forwarding ruleset."
        )));
    }
    record.claims = vec![claim(&network)];
    if let Some(other) = world.state.taken_by_other(&claim(&network), &record.key()) {
        return Err(conflict(format!(
            "The virtual network {network} is linked to a DNS forwarding ruleset already: {}.",
            other.id
        )));
    }
    Ok(())
}

/// What failed holds no network.
pub(crate) fn ended(state: &mut crate::state::State, key: &str, succeeded: bool) {
    if !succeeded {
        state.update(key, |record| record.claims.clear());
    }
}
