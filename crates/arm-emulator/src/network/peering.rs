//! Peerings of virtual networks: each network has one for the other, and each knows how the other one is.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::body;
use crate::network::addresses::Prefix;
use crate::network::{children, referring};
use crate::operations::{Operation, OperationKind};
use crate::request::errors::Failure;
use crate::request::place::{Place, parent_key};
use crate::request::refusals;
use crate::request::resource::{own_operation, running};
use crate::state::State;
use crate::state::record::{Body, Record};
use crate::state::world::{Draft, World};

const PEERING: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";
const LIST: &str = "virtualNetworkPeerings";
const PEERINGS: &str = "/virtualnetworkpeerings/";
const REMOTE: &str = "properties.remoteVirtualNetwork.id";
const STATE: &str = "properties.peeringState";
const KNOWN_HERE: &str = "properties.localAddressSpace";
const KNOWN_THERE: &str = "properties.remoteAddressSpace";
const SPACE: &str = "properties.addressSpace";

/// The key of the network on the other side.
fn remote_key(peering: &Record) -> String {
    body::text(&peering.body, REMOTE)
        .unwrap_or_default()
        .to_ascii_lowercase()
}

fn state_of(peering: &Record) -> &str {
    body::text(&peering.body, STATE).unwrap_or("Initiated")
}

/// The peerings of a network.
fn of<'a>(state: &'a State, network: &str) -> Vec<&'a Arc<Record>> {
    let list = format!("{network}/virtualnetworkpeerings");
    state.collection(&list).collect()
}

/// The peering of the other network that leads back here.
fn reverse<'a>(state: &'a State, peering: &Record) -> Option<&'a Arc<Record>> {
    let key = peering.key();
    let own = parent_key(&key)?;
    of(state, &remote_key(peering))
        .into_iter()
        .find(|other| remote_key(other) == own && !other.deleting)
}

/// The keys of the networks that a network can reach, and that can reach it.
///
/// ARM behaviour: a peering is in force once both sides have it; either of them can forbid the traffic.
pub(crate) fn connected(state: &State, network: &str) -> Vec<String> {
    let lets_pass = |peering: &Record| {
        let access = body::at(&peering.body, "properties.allowVirtualNetworkAccess");
        !peering.deleting && state_of(peering) == "Connected" && access != Some(&Value::Bool(false))
    };
    of(state, network)
        .into_iter()
        .filter(|peering| lets_pass(peering))
        .filter(|peering| reverse(state, peering).is_some_and(|back| lets_pass(back)))
        .map(|peering| remote_key(peering))
        .collect()
}

/// Adds how far the two sides know each other.
///
/// ARM behaviour: an address space that changes has to be synchronised by hand, on both sides.
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let key = record.key();
    let changed = |network: &str, known: &str| {
        let now = state
            .get(network)
            .and_then(|network| body::at(&network.body, SPACE).cloned());
        now.is_some_and(|now| body::at(&record.body, known).is_some_and(|known| *known != now))
    };
    let here = changed(parent_key(&key).unwrap_or_default(), KNOWN_HERE);
    // ARM behaviour: a network that does not lead back knows nothing of this one.
    let there = state_of(record) == "Initiated" || changed(&remote_key(record), KNOWN_THERE);
    let level = match (here, there) {
        (false, false) => "FullyInSync",
        (false, true) => "RemoteNotInSync",
        (true, false) => "LocalNotInSync",
        (true, true) => "LocalAndRemoteNotInSync",
    };
    properties.insert("peeringSyncLevel".into(), json!(level));
    properties.insert("peerCompleteVnets".into(), json!(true));
    properties.insert("routeServiceVips".into(), json!({}));
    properties.insert("resourceGuid".into(), json!(record.guid));
    for (known, network) in [
        ("remoteAddressSpace", remote_key(record)),
        (
            "localAddressSpace",
            parent_key(&key).unwrap_or_default().to_owned(),
        ),
    ] {
        let now = state
            .get(&network)
            .and_then(|network| body::at(&network.body, SPACE).cloned())
            .or_else(|| properties.get(known).cloned());
        let name = known.replace("AddressSpace", "VirtualNetworkAddressSpace");
        if let Some(now) = now {
            properties.insert(name, now);
        }
    }
}

/// Prepares a write of one peering.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let key = draft.record.key();
    let Some(network) = parent_key(&key)
        .and_then(|parent| world.state.get(parent))
        .cloned()
    else {
        return Ok(());
    };
    let others: Vec<Record> = children::others(world.state, &draft.record)
        .into_iter()
        .cloned()
        .collect();
    let others: Vec<&Record> = others.iter().collect();
    check(world, &network, &draft.record, &others)?;
    complete(world, &network, &mut draft.record);
    let answer = answer_of(world.state, &draft.record);
    draft.also.extend(answer);
    Ok(())
}

/// Prepares the peerings in the body of a network.
///
/// ARM behaviour: a body without the list leaves the peerings as they are.
pub(crate) fn prepare_list(world: &mut World<'_, '_>, draft: &mut Draft, given: bool) -> Result<(), Failure> {
    let Some(inline) = children::list_of(&draft.record, LIST).filter(|_| given) else {
        return check_space(world.state, &draft.record);
    };
    let mut planned = children::plan(world, &mut draft.record, inline)?;
    let network = draft.record.clone();
    for number in 0..planned.len() {
        let (before, rest) = planned.split_at_mut(number);
        if let Some(made) = rest.first_mut() {
            // ARM behaviour: what a network's body says again of a peering begins nothing.
            if let Some(known) = unchanged(world.state, made) {
                made.body = known;
                continue;
            }
            check(world, &network, made, &before.iter().collect::<Vec<_>>())?;
            complete(world, &network, made);
            draft.also.extend(answer_of(world.state, made));
        }
    }
    children::replace(world, draft, inline, planned, |_| Ok(()), |_, _| Ok(()))
}

/// The body of a peering that is there and says all that is asked for.
fn unchanged(state: &State, wanted: &Record) -> Option<Body> {
    let known = &state.get(&wanted.key())?.body;
    let asked = wanted.body.get("properties").and_then(Value::as_object)?;
    asked
        .iter()
        .all(|(name, value)| known.get("properties").and_then(|known| known.get(name)) == Some(value))
        .then(|| known.clone())
}

fn refused(code: &str, message: String) -> Result<(), Failure> {
    Err(Failure::network(400, code, message))
}

/// Checks a peering against its network, the network's other peerings, and the other side.
fn check(
    world: &World<'_, '_>,
    network: &Record,
    peering: &Record,
    others: &[&Record],
) -> Result<(), Failure> {
    let remote_key = remote_key(peering);
    let Some(remote) = world.state.get(&remote_key) else {
        return Ok(());
    };
    let name = peering.name();
    if remote_key == network.key() {
        return refused(
            "CannotPeerVirtualNetworkWithItself",
            format!(
                "Peering {name}: virtual network {} cannot be peered with itself.",
                network.id
            ),
        );
    }
    if let Some(existing) = world.state.get(&peering.key())
        && self::remote_key(existing) != remote_key
    {
        return refused(
            "ChangingRemoteVirtualNetworkNotAllowed",
            format!(
                "The remote virtual network of peering {} cannot be changed.",
                peering.id
            ),
        );
    }
    if let Some(other) = others.iter().find(|other| self::remote_key(other) == remote_key) {
        return refused(
            "AnotherPeeringAlreadyReferencesRemoteVnet",
            format!(
                "Peering {} already references remote virtual network {}. Cannot add another peering {name} referencing the same remote virtual network.",
                other.name(),
                remote.id
            ),
        );
    }
    let overlap = overlapping(network, remote);
    if !overlap.is_empty() {
        return refused(
            "VnetAddressSpacesOverlap",
            format!(
                "Cannot create or update peering {name}. Virtual networks {} and {} cannot be peered because their address spaces overlap. Overlapping address prefixes: {}.",
                network.id,
                remote.id,
                overlap.join(", ")
            ),
        );
    }
    for other in others {
        let Some(peered) = world.state.get(&self::remote_key(other)) else {
            continue;
        };
        let overlap = overlapping(peered, remote);
        if !overlap.is_empty() {
            return refused(
                "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
                format!(
                    "Cannot create or update peering {name}. Remote virtual network {} cannot be peered with {} because its address space overlaps with the address space of virtual network {} that is already peered. Overlapping address prefixes: {}.",
                    remote.id,
                    network.id,
                    peered.id,
                    overlap.join(", ")
                ),
            );
        }
    }
    if let Some(back) = reverse(world.state, peering)
        && state_of(back) == "Disconnected"
    {
        return refused(
            "RemotePeeringIsDisconnected",
            format!(
                "Cannot create or update peering {} because remote peering {} referencing parent virtual network {} is in Disconnected state. Update or re-create the remote peering to get it back to Initiated state. Peering gets Disconnected when remote vnet or remote peering is deleted and re-created.",
                peering.id, back.id, network.id
            ),
        );
    }
    check_gateways(world.state, peering, remote)
}

/// ARM behaviour: a network either lends its gateway or uses the other one's, which has to be there.
fn check_gateways(state: &State, peering: &Record, remote: &Record) -> Result<(), Failure> {
    let is = |name: &str| body::at(&peering.body, &format!("properties.{name}")) == Some(&json!(true));
    if !is("useRemoteGateways") {
        return Ok(());
    }
    if is("allowGatewayTransit") {
        return refused(
            "AllowGatewayTransitAndUseRemoteGatewaysAreMutuallyExclusive",
            format!(
                "Peering {} cannot have both AllowGatewayTransit and UseRemoteGateways set to true.",
                peering.id
            ),
        );
    }
    let has_gateway = state
        .referrers(&format!("{}/subnets/gatewaysubnet", remote.key()))
        .any(|user| {
            user.resource_type
                .eq_ignore_ascii_case("Microsoft.Network/virtualNetworkGateways")
        });
    if has_gateway || is("doNotVerifyRemoteGateways") {
        return Ok(());
    }
    refused(
        "RemoteVnetHasNoGateways",
        format!(
            "Peering {} cannot have UseRemoteGateways flag set to true because remote virtual network {} referenced by the peering does not have any gateways.",
            peering.id, remote.id
        ),
    )
}

/// The prefixes of a network that overlap with any of the other one's.
fn overlapping(one: &Record, other: &Record) -> Vec<String> {
    let texts = |network: &Record| body::texts(&network.body, "properties.addressSpace.addressPrefixes");
    let there: Vec<Prefix> = texts(other)
        .iter()
        .filter_map(|text| Prefix::parse(text))
        .collect();
    texts(one)
        .into_iter()
        .filter(|text| {
            Prefix::parse(text).is_some_and(|prefix| there.iter().any(|there| there.overlaps(prefix)))
        })
        .collect()
}

/// ARM behaviour: a network's address space does not come to overlap with that of one it is peered with.
fn check_space(state: &State, network: &Record) -> Result<(), Failure> {
    for peering in of(state, &network.key()) {
        let Some(remote) = state.get(&remote_key(peering)) else {
            continue;
        };
        let overlap = overlapping(network, remote);
        if !overlap.is_empty() {
            return refused(
                "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
                format!(
                    "Address space of virtual network {} overlaps with the address space of virtual network {} that is already peered. Overlapping address prefixes: {}.",
                    network.id,
                    remote.id,
                    overlap.join(", ")
                ),
            );
        }
    }
    Ok(())
}

/// Notes down the state of a peering, and how it knows both address spaces.
///
/// ARM behaviour: the first of two is `Initiated`; the second makes both `Connected`. Writing a peering that is
/// `Disconnected` begins it anew. The address spaces are those of the peering's first write, or of the last one that asks to
/// synchronise them. The two have one `resourceGuid`.
fn complete(world: &World<'_, '_>, network: &Record, peering: &mut Record) {
    let back = reverse(world.state, peering);
    if let Some(back) = back {
        peering.guid = back.guid.clone();
    }
    let state = if back.is_some() { "Connected" } else { "Initiated" };
    let synchronises = world
        .call
        .query("syncRemoteAddressSpace")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let existing = world
        .state
        .get(&peering.key())
        .filter(|existing| !synchronises && state_of(existing) != "Disconnected");
    let remote = world.state.get(&remote_key(peering));
    for (path, of) in [
        (KNOWN_HERE, Some(network)),
        (KNOWN_THERE, remote.map(|remote| &**remote)),
    ] {
        let known = existing
            .and_then(|existing| body::at(&existing.body, path))
            .or_else(|| of.and_then(|network| body::at(&network.body, SPACE)))
            .cloned();
        if let Some(known) = known {
            body::put(&mut peering.body, path, known);
        }
    }
    body::put(&mut peering.body, STATE, json!(state));
}

/// The other side of a peering as it becomes with it; `None` where it stays as it is.
fn answer_of(state: &State, peering: &Record) -> Option<Record> {
    let back = reverse(state, peering)?;
    (state_of(back) == "Initiated").then(|| in_state(back, "Connected"))
}

/// The other side of a peering that is going.
fn cut_off(state: &State, peering: &Record) -> Option<Record> {
    let back = reverse(state, peering)?;
    (state_of(back) == "Connected").then(|| in_state(back, "Disconnected"))
}

fn in_state(peering: &Record, state: &str) -> Record {
    let mut changed = peering.clone();
    body::put(&mut changed.body, STATE, json!(state));
    changed
}

/// Takes a peering out.
///
/// ARM behaviour: the other side is `Disconnected` from then on.
pub(crate) fn remove(state: &mut State, peering: &Arc<Record>) {
    let back = cut_off(state, peering);
    state.remove(&peering.key());
    if let Some(back) = back {
        state.insert(Arc::new(back));
    }
}

/// Notes down that a network has gone.
///
/// ARM behaviour: what leads to it is `Disconnected` from then on, also where it never led back.
pub(crate) fn network_gone(state: &mut State, key: &str) {
    let lost: Vec<Record> = referring(state, key, PEERING)
        .filter(|peering| state_of(peering) != "Disconnected")
        .map(|peering| in_state(peering, "Disconnected"))
        .collect();
    for peering in lost {
        state.insert(Arc::new(peering));
    }
}

/// What keeps a peering from being written: an operation on its network, or on any peering of it.
pub(crate) fn conflict<'a>(
    world: &'a World<'_, '_>,
    place: &Place,
    existing: Option<&Record>,
) -> Option<&'a Operation> {
    let network = parent_key(&place.key)?;
    own_operation(world, place, existing)
        .or_else(|| {
            world
                .state
                .get(network)
                .and_then(|network| running(world, network))
        })
        .or_else(|| written_in(world, network))
}

/// An operation that still runs on any peering of a network.
pub(crate) fn written_in<'a>(world: &'a World<'_, '_>, network: &str) -> Option<&'a Operation> {
    of(world.state, network)
        .into_iter()
        .find_map(|peering| running(world, peering))
}

/// ARM behaviour: what waits for the write of a peering is to be tried again.
pub(crate) fn busy(world: &World<'_, '_>, place: &Place, operation: &Operation) -> Failure {
    let network = match parent_key(&operation.target) {
        Some(network) if operation.target.to_ascii_lowercase().contains(PEERINGS) => network,
        _ => return refusals::busy(world, place, operation),
    };
    let verb = match operation.kind {
        OperationKind::Delete => "Delete",
        _ => "Put",
    };
    let wait = world.call.scaled(12);
    let mut failure = Failure::network(429, "RetryableError", "A retryable error occurred.").detail(
        "RetryableErrorDueToAnotherOperation",
        format!(
            "Operation {verb}VirtualNetworkPeeringOperation ({}) is updating resource {network}. The call can be retried in {wait} seconds.",
            operation.name
        ),
    );
    failure.headers.push(("retry-after", wait.to_string()));
    failure
}
