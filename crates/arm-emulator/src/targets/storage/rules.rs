//! The rules of a storage account that let subnets in: what they refer to has to be there, and to lead to storage.

use serde_json::Value;

use super::invalid;
use crate::body;
use crate::request::answer;
use crate::request::errors::Failure;
use crate::request::place::Place;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};

const IDS: &str = "properties.networkAcls.virtualNetworkRules.*.id";

/// Refuses a new rule for a subnet that is not there, is being written, or has no service endpoint for storage. What was in the
/// account before stays, whatever became of its subnet.
///
/// ARM behaviour: the storage provider asks the network provider, and hands its refusal on.
pub(crate) fn check(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    before: Option<&Record>,
) -> Result<(), Failure> {
    let texts = |record: &Record| -> Vec<String> {
        body::all(&record.body, IDS)
            .into_iter()
            .map(|id| id.as_str().unwrap_or_default().to_ascii_lowercase())
            .collect()
    };
    let kept = before.map(texts).unwrap_or_default();
    for id in body::all(&draft.record.body, IDS) {
        let id = id.as_str().unwrap_or_default();
        if !kept.contains(&id.to_ascii_lowercase()) {
            check_subnet(world.state, id)?;
        }
    }
    Ok(())
}

fn check_subnet(state: &State, id: &str) -> Result<(), Failure> {
    let place = Place::parse(id).filter(|place| {
        place
            .resource_type
            .eq_ignore_ascii_case("Microsoft.Network/virtualNetworks/subnets")
    });
    let Some(place) = place else {
        return Err(invalid("networkAcls.virtualNetworkRules[*].id"));
    };
    let network = place.parent.as_deref().unwrap_or_default();
    let name = network.rsplit('/').next().unwrap_or_default();
    if state.get(&network.to_ascii_lowercase()).is_none() {
        return Err(refused(&format!(
            "ParentResourceNotFound:Can not perform requested operation on nested resource. Parent resource '{name}' not found"
        )));
    }
    let Some(subnet) = state.get(&place.key) else {
        return Err(refused(&format!("NotFound:Resource {id} not found")));
    };
    let name = subnet.name();
    let shown = answer::provisioning_state(state, subnet);
    if shown != "Succeeded" {
        return Err(refused(&format!(
            "SubnetsNotProvisioned:Cannot proceed with operation because subnets {name} of the virtual network {network} are not provisioned. They are in {shown} state."
        )));
    }
    let leads_to_storage = body::all(&subnet.body, "properties.serviceEndpoints.*.service")
        .into_iter()
        .filter_map(Value::as_str)
        .any(|service| {
            ["Microsoft.Storage", "Microsoft.Storage.Global"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(service))
        });
    if leads_to_storage {
        return Ok(());
    }
    Err(refused(&format!(
        "SubnetsHaveNoServiceEndpointsConfigured:Subnets {name} of virtual network {network} do not have ServiceEndpoints for Microsoft.Storage resources configured. Add Microsoft.Storage to subnet's ServiceEndpoints collection before trying to ACL Microsoft.Storage resources to these subnets."
    )))
}

fn refused(why: &str) -> Failure {
    Failure::provider(
        400,
        "NetworkAclsValidationFailure",
        format!("Validation of network acls failure: {why}."),
    )
}
