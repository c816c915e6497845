//! IP configurations of load balancers, private link services and network interfaces: which one is the primary one, and the
//! private addresses that they take from their subnets.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::body;
use crate::network::parts::parts;
use crate::network::subnet;
use crate::request::answer::dotted;
use crate::request::errors::Failure;
use crate::request::place::parent_key;
use crate::state::record::{Facts, Record};
use crate::state::{Key, State};

const ADDRESS: &str = "properties.privateIPAddress";
const METHOD: &str = "properties.privateIPAllocationMethod";
const PRIMARY: &str = "properties.primary";
const SUBNET: &str = "properties.subnet.id";

/// ARM behaviour: the subnets of all parts are in one virtual network.
pub(crate) fn check_one_network(record: &Record, list: &str) -> Result<(), Failure> {
    let networks: BTreeSet<String> = parts(record, list)
        .into_iter()
        .filter_map(|part| body::text(part, SUBNET))
        .map(str::to_ascii_lowercase)
        .filter_map(|subnet| parent_key(&subnet).map(str::to_owned))
        .collect();
    if networks.len() < 2 {
        return Ok(());
    }
    Err(Failure::network(
        400,
        "SubnetsNotInSameVnet",
        format!(
            "Subnets referenced by {list} of resource {} are not in the same virtual network.",
            record.id
        ),
    ))
}

/// Marks the primary IP configuration: the first one where the request marks none.
///
/// ARM behaviour: there is exactly one, and it is IPv4.
pub(crate) fn settle_primary(record: &mut Record) -> Result<(), Failure> {
    let marks: Vec<Option<bool>> = parts(record, "ipConfigurations")
        .into_iter()
        .map(|part| body::at(part, PRIMARY).and_then(Value::as_bool))
        .collect();
    let marked = marks.iter().filter(|mark| **mark == Some(true)).count();
    let unmarked = marks.iter().any(Option::is_none);
    if marked > 1 || (marked == 0 && !unmarked && !marks.is_empty()) {
        return Err(Failure::network(
            400,
            "IpConfigurationsMustHaveExactlyOnePrimary",
            format!(
                "Resource {} has {marked} primary IP configurations. Exactly one of them must be primary.",
                record.id
            ),
        ));
    }
    let mut chosen = marked == 1;
    body::each(&mut record.body, "properties.ipConfigurations.*", &mut |part| {
        if body::at(part, PRIMARY).is_none() {
            let choice = !chosen && !is_of_other_version(part);
            body::put(part, PRIMARY, json!(choice));
            chosen |= choice;
        }
    });
    let is_ipv4 = parts(record, "ipConfigurations")
        .into_iter()
        .any(|part| body::at(part, PRIMARY) == Some(&Value::Bool(true)) && !is_of_other_version(part));
    if is_ipv4 || marks.is_empty() {
        return Ok(());
    }
    Err(Failure::network(
        400,
        "IpConfigurationsMustHaveExactlyOnePrimary",
        format!(
            "The primary IP configuration of resource {} must be IPv4.",
            record.id
        ),
    ))
}

/// Gives each IPv4 configuration in a subnet its address, and notes the addresses down on the record.
///
/// ARM behaviour: a dynamic address is the lowest that is free, and stays for as long as its configuration does.
pub(crate) fn assign(
    state: &State,
    record: &mut Record,
    existing: Option<&Record>,
    list: &str,
) -> Result<(), Failure> {
    let mut wanted: Vec<Value> = parts(record, list).into_iter().cloned().collect();
    let mut taken: Vec<(Key, u32)> = Vec::new();
    for first in [true, false] {
        for part in &mut wanted {
            let (Some(id), false) = (body::text(part, SUBNET), is_of_other_version(part)) else {
                continue;
            };
            let Some(subnet) = state.get(&id.to_ascii_lowercase()) else {
                continue;
            };
            // Those that ask for an address choose before those that take any.
            let is_static = is_static(part);
            if is_static != first {
                continue;
            }
            let address = if is_static {
                asked(state, record, (part, list), subnet, &taken)?
            } else {
                any(state, earlier(existing, list, part), subnet, &taken)?
            };
            taken.push((Key::from(subnet.key()), address));
            body::put(part, ADDRESS, json!(dotted(address)));
            for (path, usual) in [
                (METHOD, "Dynamic"),
                ("properties.privateIPAddressVersion", "IPv4"),
            ] {
                if body::at(part, path).is_none() {
                    body::put(part, path, json!(usual));
                }
            }
        }
    }
    if !wanted.is_empty() {
        body::put(
            &mut record.body,
            &format!("properties.{list}"),
            Value::Array(wanted),
        );
    }
    record.addresses = taken;
    Ok(())
}

/// Whether a configuration asks for its address.
pub(crate) fn is_static(part: &Value) -> bool {
    body::text(part, METHOD).is_some_and(|method| method.eq_ignore_ascii_case("Static"))
}

fn is_of_other_version(part: &Value) -> bool {
    body::text(part, "properties.privateIPAddressVersion")
        .is_some_and(|version| version.eq_ignore_ascii_case("IPv6"))
}

/// The address that the configuration of this name has in the same subnet.
fn earlier(existing: Option<&Record>, list: &str, part: &Value) -> Option<u32> {
    let same = |other: &Value, path: &str| match (body::text(other, path), body::text(part, path)) {
        (Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
        _ => false,
    };
    parts(existing?, list)
        .into_iter()
        .find(|other| same(other, "name") && same(other, SUBNET))
        .and_then(|other| body::text(other, ADDRESS))
        .and_then(|address| address.parse::<Ipv4Addr>().ok())
        .map(u32::from)
}

fn any(state: &State, earlier: Option<u32>, subnet: &Record, taken: &[(Key, u32)]) -> Result<u32, Failure> {
    let key = subnet.key();
    let here: Vec<u32> = taken
        .iter()
        .filter(|(of, _)| **of == *key)
        .map(|(_, address)| *address)
        .collect();
    let prefixes = subnet::prefixes(subnet);
    if let Some(earlier) = earlier
        && !here.contains(&earlier)
        && prefixes.iter().any(|prefix| prefix.contains(earlier))
    {
        return Ok(earlier);
    }
    let free = state.lowest_free(&key, &prefixes, &here);
    free.ok_or_else(|| {
        let texts = subnet::prefix_texts(subnet);
        Failure::network(
            400,
            "SubnetIsFull",
            format!(
                "Subnet {} with address prefix {} does not have enough capacity for 1 IP addresses.",
                subnet.name(),
                texts.join(",")
            ),
        )
    })
}

/// Refuses an address that somebody asks for and that is not in the subnet, or that Azure reserves there.
pub(crate) fn check_in_subnet(address: u32, subnet: &Record) -> Result<(), Failure> {
    let prefixes = subnet::prefixes(subnet);
    let Some(prefix) = prefixes.iter().find(|prefix| prefix.contains(address)) else {
        return Err(Failure::network(
            400,
            "PrivateIPAddressNotInSubnet",
            format!(
                "Private static IP address {} does not belong to the range of subnet prefix {}.",
                dotted(address),
                subnet::prefix_texts(subnet).join(",")
            ),
        ));
    };
    if prefix.reserves(address) {
        return Err(Failure::network(
            400,
            "PrivateIPAddressInReservedRange",
            format!(
                "Private static IP address {} falls within reserved IP range of subnet prefix {}/{}.",
                dotted(address),
                dotted(prefix.base),
                prefix.length
            ),
        ));
    }
    Ok(())
}

/// An address that somebody asks for and another IP configuration has.
pub(crate) fn is_allocated(configuration: &str, address: u32, other: &str) -> Failure {
    Failure::network(
        400,
        "PrivateIPAddressIsAllocated",
        format!(
            "IP configuration {configuration} is using the private IP address {} which is already allocated to resource {other}.",
            dotted(address)
        ),
    )
}

/// The id of the IP configuration with an address that a resource has taken; where there is none, of the resource.
pub(crate) fn holder(state: &State, owner: &str, address: u32) -> String {
    let Some(record) = state.get(owner) else {
        return owner.to_owned();
    };
    let member = match &record.facts {
        Facts::Endpoint(facts) => facts
            .members
            .iter()
            .find(|member| member.address == address)
            .map(|member| format!("{}/ipConfigurations/{}", facts.interface_id, member.configuration)),
        _ => part_with(record, address),
    };
    member.unwrap_or_else(|| record.id.clone())
}

fn part_with(record: &Record, address: u32) -> Option<String> {
    let text = dotted(address);
    ["ipConfigurations", "frontendIPConfigurations"]
        .iter()
        .find_map(|list| {
            let part = parts(record, list)
                .into_iter()
                .find(|part| body::text(part, ADDRESS) == Some(&text))?;
            Some(format!("{}/{list}/{}", record.id, body::text(part, "name")?))
        })
}

fn asked(
    state: &State,
    record: &Record,
    (part, list): (&Value, &str),
    subnet: &Record,
    taken: &[(Key, u32)],
) -> Result<u32, Failure> {
    let name = body::text(part, "name").unwrap_or_default();
    let Some(text) = body::text(part, ADDRESS) else {
        return Err(Failure::network(
            400,
            "StaticIPAddressNotSpecified",
            format!(
                "IP configuration {name} of resource {} has the allocation method Static and no private IP address.",
                record.id
            ),
        ));
    };
    let Ok(address) = text.parse::<Ipv4Addr>().map(u32::from) else {
        return Err(Failure::network(
            400,
            "InvalidIPAddressFormat",
            format!("IP address {text} of resource {} is not valid.", record.id),
        ));
    };
    check_in_subnet(address, subnet)?;
    let (own, key) = (record.key(), subnet.key());
    let configuration = format!("{}/{list}/{name}", record.id);
    let other = state
        .pool(&key)
        .and_then(|pool| pool.owner(address))
        .filter(|owner| ***owner != *own);
    if let Some(other) = other {
        return Err(is_allocated(
            &configuration,
            address,
            &holder(state, other, address),
        ));
    }
    if taken.iter().any(|(of, other)| **of == *key && *other == address) {
        let other = part_with(record, address).unwrap_or_else(|| record.id.clone());
        return Err(is_allocated(&configuration, address, &other));
    }
    Ok(address)
}
