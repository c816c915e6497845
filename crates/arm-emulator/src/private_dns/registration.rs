//! Registration of machines: the A records that virtual machines have in the zone that registers their network.
//!
//! ARM behaviour: one record for a machine, under its name, with the first address of its primary network interface. A record
//! that somebody wrote stays in its place; the machine is registered once that one has gone.

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::body;
use crate::dns::is_in_force;
use crate::private_dns::{names, zone};
use crate::request::place::parent_key;
use crate::state::record::{Facts, Record, Writers};
use crate::state::{Key, State};

pub(crate) const MACHINE: &str = "Microsoft.Compute/virtualMachines";
const INTERFACE: &str = "Microsoft.Network/networkInterfaces";
pub(crate) const LINK: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";
const A: &str = "Microsoft.Network/privateDnsZones/A";
const CNAME: &str = "Microsoft.Network/privateDnsZones/CNAME";

/// How long the records live.
const TTL: u32 = 10;

/// The name that the link takes that registers the machines of a network: there is one.
pub(crate) fn claim(network_key: &str) -> String {
    format!("registration on {network_key}")
}

/// The name that a machine's record takes, by which it is found.
fn record_of(machine_key: &str) -> String {
    format!("record of {machine_key}")
}

/// What changed and has to be looked at before anybody sees records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pending {
    machines: BTreeSet<Key>,
    networks: BTreeSet<Key>,
    /// Machines that wait for a name, by the key of the record set that has it.
    waiting: HashMap<Key, BTreeSet<Key>>,
}

/// Notes down what a change of a record may mean for the registration of machines.
pub(crate) fn note(state: &mut State, key: &Key, before: Option<&Record>, after: Option<&Record>) {
    let Some(record) = after.or(before) else {
        return;
    };
    let is = |kind: &str| record.resource_type.eq_ignore_ascii_case(kind);
    if is(MACHINE) {
        state.registration.machines.insert(key.clone());
    } else if is(INTERFACE) {
        let users = machines_on(state, key);
        state.registration.machines.extend(users);
    } else if is(LINK) {
        let claims = before.into_iter().chain(after).flat_map(|link| &link.claims);
        let networks = claims.filter_map(|name| name.strip_prefix(&claim("")).map(Key::from));
        state.registration.networks.extend(networks);
    } else if is(A) || is(CNAME) {
        if let Some(Facts::Registered(machine)) = before.map(|before| &before.facts) {
            state.registration.machines.insert(machine.clone());
        }
        if after.is_none()
            && let Some(machines) = state.registration.waiting.remove(key)
        {
            state.registration.machines.extend(machines);
        }
    }
}

/// The machines that use an interface.
pub(crate) fn machines_on(state: &State, interface_key: &str) -> Vec<Key> {
    state
        .referrers(interface_key)
        .filter(|user| user.resource_type.eq_ignore_ascii_case(MACHINE))
        .map(|machine| Key::from(machine.key()))
        .collect()
}

/// Brings the records of machines in line with what changed.
pub(crate) fn settle(state: &mut State) {
    loop {
        for network in std::mem::take(&mut state.registration.networks) {
            let machines = machines_in(state, &network);
            state.registration.machines.extend(machines);
        }
        let Some(machine) = state.registration.machines.pop_first() else {
            return;
        };
        register(state, &machine);
    }
}

/// The machines with an interface in a network, once for each address.
pub(crate) fn machines_in(state: &State, network: &str) -> Vec<Key> {
    state
        .collection(&format!("{network}/subnets"))
        .filter_map(|subnet| state.pool(&subnet.key()))
        .flat_map(|pool| pool.owners())
        .flat_map(|owner| machines_on(state, owner))
        .collect()
}

/// The record that a machine is to have.
struct Wanted {
    id: String,
    name: String,
    zone: String,
    body: Value,
    made: jiff::Timestamp,
}

fn register(state: &mut State, machine: &Key) {
    let current = state.claimant(&record_of(machine)).cloned();
    let wanted = wanted(state, machine);
    if let (Some(current), Some(wanted)) = (&current, &wanted)
        && current.key() == wanted.id.to_ascii_lowercase()
    {
        if *current.body != wanted.body {
            let (etag, body) = (state.random.guid(), wanted.body.clone());
            state.update(&current.key(), |record| {
                record.body = body.into();
                record.etag = etag;
            });
        }
        return;
    }
    if let Some(current) = current {
        state.remove(&current.key());
    }
    let Some(wanted) = wanted else {
        return;
    };
    let key = wanted.id.to_ascii_lowercase();
    let alias = format!("{}/cname/{}", wanted.zone, wanted.name);
    if let Some(taken) = [&key, &alias].into_iter().find(|key| state.get(key).is_some()) {
        let waiting = &mut state.registration.waiting;
        let machines = waiting.entry(Key::from(taken.as_str())).or_default();
        machines.insert(machine.clone());
        return;
    }
    if state.collection_size(&format!("{}/all", wanted.zone)) >= zone::RECORD_SETS {
        return;
    }
    let made = record(state, wanted, machine);
    state.insert(Arc::new(made));
}

fn wanted(state: &State, machine_key: &str) -> Option<Wanted> {
    let machine = state.get(machine_key).filter(|machine| !machine.deleting)?;
    let name = machine.name().to_ascii_lowercase();
    let Place {
        interface,
        address,
        network,
    } = place_of(state, machine)?;
    let link = state
        .claimant(&claim(&network))
        .filter(|link| is_in_force(link))?;
    let link_key = link.key();
    let zone = parent_key(&link_key).and_then(|zone| state.get(zone))?;
    let fits = names::is_label(&name) && name.len() + zone.name().len() < 253 && !zone.deleting;
    fits.then(|| Wanted {
        id: format!("{}/A/{name}", zone.id),
        name,
        zone: zone.key(),
        body: json!({"properties": {"ttl": TTL, "aRecords": [{"ipv4Address": address.to_string()}]}}),
        made: machine.modified.max(interface.modified),
    })
}

/// Where a machine is.
pub(crate) struct Place<'a> {
    pub(crate) interface: &'a Record,
    pub(crate) address: Ipv4Addr,
    /// The network's key.
    network: String,
}

/// Where a machine's primary interface is.
pub(crate) fn place_of<'a>(state: &'a State, machine: &Record) -> Option<Place<'a>> {
    let interface = primary_interface(state, machine)?;
    let (address, network) = address_of(interface)?;
    Some(Place {
        interface,
        address,
        network,
    })
}

/// The full name of a machine's record, in lower case.
pub(crate) fn name_of(state: &State, machine_key: &str) -> Option<String> {
    let record = state.claimant(&record_of(machine_key))?;
    let zone = record.id.rsplit('/').nth(2)?.to_ascii_lowercase();
    Some(names::full_name(record.name(), &zone))
}

/// ARM behaviour: of several interfaces one is primary.
fn primary_interface<'a>(state: &'a State, machine: &Record) -> Option<&'a Arc<Record>> {
    let interfaces = body::all(&machine.body, "properties.networkProfile.networkInterfaces.*");
    let chosen = match interfaces.as_slice() {
        [only] => *only,
        several => *several
            .iter()
            .find(|one| body::at(one, "properties.primary") == Some(&json!(true)))?,
    };
    let id = body::text(chosen, "id")?;
    state.get(&id.to_ascii_lowercase()).filter(|found| {
        found.resource_type.eq_ignore_ascii_case(INTERFACE)
            && !found.deleting
            && !matches!(found.facts, Facts::Interface(_))
    })
}

/// The address of an interface's primary IP configuration, and the network that it is in.
fn address_of(interface: &Record) -> Option<(Ipv4Addr, String)> {
    let configurations = body::all(&interface.body, "properties.ipConfigurations.*");
    let chosen = configurations
        .iter()
        .find(|one| body::at(one, "properties.primary") == Some(&json!(true)))
        .or(configurations.first())?;
    let address = body::text(chosen, "properties.privateIPAddress")?.parse().ok()?;
    let subnet = body::text(chosen, "properties.subnet.id")?.to_ascii_lowercase();
    Some((address, parent_key(&subnet)?.to_owned()))
}

fn record(state: &mut State, wanted: Wanted, machine: &Key) -> Record {
    Record {
        id: wanted.id,
        resource_type: A.to_owned(),
        body: wanted.body.into(),
        provisioning_state: "Succeeded".to_owned(),
        etag: state.random.guid(),
        guid: state.random.guid(),
        created: wanted.made,
        modified: wanted.made,
        writers: Writers::default(),
        operation: None,
        deleting: false,
        generic: false,
        facts: Facts::Registered(machine.clone()),
        references: BTreeSet::new(),
        addresses: Vec::new(),
        alias: None,
        counted_in: Vec::new(),
        claims: vec![record_of(machine)],
        previous: None,
    }
}
