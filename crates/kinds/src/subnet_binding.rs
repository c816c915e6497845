//! `SubnetBinding`: a few fields of one subnet that other people own.

use std::collections::BTreeMap;

use kube::ResourceExt;
use privatelink_api::{
    ConditionType, EndpointPolicies, ManagedResource, NetworkSecurityGroup, ObjectReference, Reason,
    RouteTable, ServicePolicies, SubnetBinding, Verb,
};
use privatelink_arm::ResourceId;
use privatelink_arm::model::{ResourceModel, is_same_location};
use privatelink_arm::models::private_endpoint::SubResource;
use privatelink_arm::models::subnet::{self as wire, MODEL, NETWORK_SECURITY_GROUP, ROUTE_TABLE};
use privatelink_arm::models::{network_security_group, route_table, virtual_network};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::loan::{self, Kept};
use privatelink_engine::plan::{DesiredNode, Snapshot, Want};
use privatelink_engine::{
    Claim, Finding, Grant, Kind, Missing, ObjectKey, Outputs, Resolved, Right, Snapshots, Truth, Unresolved,
    World, all, both,
};
use serde_json::{Map, Value, json};

use crate::{reference, rights};

const NODE: &str = "subnet";

/// The kind `SubnetBinding`.
pub struct SubnetBindingKind;

impl Kind for SubnetBindingKind {
    type Object = SubnetBinding;

    const MAIN_NODE: &'static str = NODE;
    const ADOPTS_FROM_OTHERS: bool = false;

    fn model(id: &ResourceId) -> Option<&'static ResourceModel> {
        id.resource_type()
            .eq_ignore_ascii_case(MODEL.resource_type)
            .then_some(&MODEL)
    }

    fn rights(id: &ResourceId) -> Vec<Grant> {
        vec![Grant::On {
            id: id.clone(),
            verb: Verb::Bind,
        }]
    }

    fn references(object: &SubnetBinding) -> Vec<ObjectKey> {
        let namespace = object.namespace().unwrap_or_default();
        let named = bound(object);
        named
            .filter_map(|bound| reference::object_key(bound.kind, bound.reference, &namespace))
            .collect()
    }

    fn azure_rights() -> Vec<Right> {
        let mut rights = Right::changing(Verb::Bind, &MODEL, "the subnet");
        rights.extend(rights::joins(&MODEL));
        rights.extend([
            rights::network("bind nothing of another region"),
            Right::by(
                Verb::Use,
                network_security_group::MODEL.read_action(),
                "the network security group, and the one that the subnet had before",
                "bind nothing of another region; put back nothing that is gone",
            ),
            Right::by(
                Verb::Use,
                route_table::MODEL.read_action(),
                "the route table, and the one that the subnet had before",
                "bind nothing of another region; put back nothing that is gone",
            ),
        ]);
        rights
    }

    fn claim(object: &SubnetBinding, world: &World<'_>) -> Result<Claim, Unresolved> {
        let id = reference::resolve("spec.subnet", &object.spec.subnet, world.scope)?;
        if Self::model(&id).is_none() {
            return Err(Unresolved::invalid(format!(
                "spec.subnet: {id} is not the id of a subnet"
            )));
        }
        let mut grants = Vec::new();
        for bound in bound(object) {
            takes(&bound, &id)?;
            let given = reference::given(bound.field, bound.reference, world.scope)?;
            grants.extend(given.as_ref().map(reference::uses));
        }
        Ok(Claim {
            effective: effective(&id, world),
            grants,
            id,
        })
    }

    fn resolve(object: &SubnetBinding, id: &ResourceId, world: &World<'_>) -> Result<Resolved, Missing> {
        let namespace = object.namespace().unwrap_or_default();
        let spec = &object.spec;
        let mut effective = effective(id, world);
        let mut properties = wire::Properties {
            private_endpoint_network_policies: spec.private_endpoint_network_policies.map(endpoint_policies),
            private_link_service_network_policies: spec
                .private_link_service_network_policies
                .map(service_policies),
            service_endpoints: spec
                .service_endpoints
                .iter()
                .map(|service| wire::ServiceEndpoint {
                    service: service.clone(),
                })
                .collect(),
            ..wire::Properties::default()
        };
        for bound in bound(object) {
            let has = reference::is_programmed(object);
            let resource =
                reference::object(bound.field, bound.kind, bound.reference, &namespace, has, world)?;
            world.scope.check(&[reference::uses(&resource)])?;
            if !has {
                bindable(&bound, &resource, id, world)?;
            }
            effective.insert(bound.name.to_owned(), resource.to_string());
            let resource = SubResource {
                id: resource.to_string(),
            };
            match bound.path {
                NETWORK_SECURITY_GROUP => properties.network_security_group = Some(resource),
                _ => properties.route_table = Some(resource),
            }
        }
        let held: Vec<&str> = bound(object).map(|bound| bound.path).collect();
        let fields = json!(wire::Subnet { properties });
        Ok(Resolved {
            nodes: vec![node(id, fields, kept(&held, world)?)],
            effective,
        })
    }

    fn departing(
        _object: &SubnetBinding,
        id: &ResourceId,
        world: &World<'_>,
    ) -> Result<Vec<DesiredNode>, Missing> {
        Ok(vec![node(id, json!({}), kept(&[], world)?)])
    }

    fn outputs(
        _object: &SubnetBinding,
        resolved: &Resolved,
        observed: &Snapshots,
        recorded: &Map<String, Value>,
        world: &World<'_>,
    ) -> Result<Outputs, Missing> {
        let mut outputs = Outputs::default();
        let Some(subnet) = observed.get(NODE) else {
            return Ok(outputs);
        };
        let status = &mut outputs.status;
        let prefixes = prefixes(&subnet.body);
        if !prefixes.is_empty() {
            status.insert("addressPrefixes".to_owned(), json!(prefixes));
        }
        for (name, path) in [
            ("networkSecurityGroupId", NETWORK_SECURITY_GROUP),
            ("routeTableId", ROUTE_TABLE),
        ] {
            status.extend(named(subnet, path).map(|id| (name.to_owned(), json!(id))));
        }
        let left = left(resolved, subnet, recorded, world);
        if !left.is_empty() {
            status.insert("left".to_owned(), json!(left));
        }
        outputs.findings.extend(ignored(subnet));
        Ok(outputs)
    }
}

/// Something that the subnet is to use.
struct Bound<'a> {
    field: &'static str,
    name: &'static str,
    path: &'static str,
    kind: &'static str,
    reference: &'a ObjectReference,
}

fn bound(object: &SubnetBinding) -> impl Iterator<Item = Bound<'_>> {
    let group = object.spec.network_security_group.as_ref();
    let table = object.spec.route_table.as_ref();
    let group = group.map(|reference| Bound {
        field: "spec.networkSecurityGroup",
        name: "networkSecurityGroup",
        path: NETWORK_SECURITY_GROUP,
        kind: NetworkSecurityGroup::KIND,
        reference,
    });
    let table = table.map(|reference| Bound {
        field: "spec.routeTable",
        name: "routeTable",
        path: ROUTE_TABLE,
        kind: RouteTable::KIND,
        reference,
    });
    group.into_iter().chain(table)
}

/// Azure's own subnets that take no group, or no route table.
const NEVER: &[(&str, &str)] = &[
    ("GatewaySubnet", NETWORK_SECURITY_GROUP),
    ("AzureFirewallSubnet", NETWORK_SECURITY_GROUP),
    ("AzureBastionSubnet", ROUTE_TABLE),
];

/// Whether Azure takes something of this kind on a subnet of this name.
fn takes(bound: &Bound<'_>, subnet: &ResourceId) -> Result<(), Unresolved> {
    let never = NEVER
        .iter()
        .any(|(name, path)| subnet.name().eq_ignore_ascii_case(name) && bound.path == *path);
    if never {
        return Err(Unresolved::invalid(format!(
            "{}: Azure takes no {} on {}; leave it out",
            bound.field,
            bound.kind,
            subnet.name()
        )));
    }
    Ok(())
}

/// Whether Azure would bind it: what is there, in the network's subscription and region. What cannot be read is for Azure to say.
fn bindable(
    bound: &Bound<'_>,
    resource: &ResourceId,
    subnet: &ResourceId,
    world: &World<'_>,
) -> Result<(), Missing> {
    let Some(network) = subnet.parent() else {
        return Ok(());
    };
    let same = match (resource.subscription_id(), network.subscription_id()) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => true,
    };
    let refuse = |why: String| {
        let (field, kind) = (bound.field, bound.kind);
        Missing::from(Unresolved::invalid(format!(
            "{field}: {why}, and Azure binds a {kind} of the network's own subscription and region only; name another one"
        )))
    };
    if !same {
        return Err(refuse(format!(
            "{resource} is in another subscription than {network}"
        )));
    }
    let query = FactQuery::of(resource, MODEL.api_version).keeping(&["/location"]);
    let (resource_fact, network_fact) = both(
        world.fact(&query),
        world.fact(&reference::network_facts(&network)),
    )?;
    if *resource_fact == Fact::Absent {
        return Err(Unresolved::dependency(format!(
            "{}: {resource} does not exist; it is looked for again",
            bound.field
        ))
        .into());
    }
    let location = |fact: &Fact| match fact {
        Fact::Known(body) => virtual_network::location(body).map(str::to_owned),
        _ => None,
    };
    match (location(resource_fact), location(network_fact)) {
        (Some(here), Some(there)) if !is_same_location(&here, &there) => Err(refuse(format!(
            "{resource} is in {here} and {network} in {there}"
        ))),
        _ => Ok(()),
    }
}

fn node(id: &ResourceId, fields: Value, kept: Kept) -> DesiredNode {
    DesiredNode {
        name: NODE,
        id: id.clone(),
        model: &MODEL,
        want: Want::Lent { fields, kept },
    }
}

/// What cannot be put back, because it is gone. `held` are the places that stay the binding's. What status says was there
/// before is bound only where the scope allows it, as if spec said so; and what it says that the binding has put there is
/// taken away only where the scope allows that: whoever may write status has no group taken off a subnet that spec could not
/// have put on it.
fn kept(held: &[&str], world: &World<'_>) -> Result<Kept, Missing> {
    for (path, id) in put(held, world) {
        let id = reference::parse(&format!("status.previous[{path}].put"), &id)?;
        world
            .scope
            .check(&[reference::uses(&id)])
            .map_err(|unresolved| Unresolved {
                message: format!("to take {path} back, which is {id} now: {}", unresolved.message),
                ..unresolved
            })?;
    }
    let before = world.loans.iter().filter_map(|(path, loan)| {
        let names = [NETWORK_SECURITY_GROUP, ROUTE_TABLE].contains(&path.as_str());
        let id = loan.before.as_ref()?.get("id")?.as_str()?.to_owned();
        (names && !held.contains(&path.as_str())).then_some((path.clone(), id))
    });
    let gone = all(before.map(|(path, id)| {
        let field = format!("status.previous[{path}]");
        let id = reference::parse(&field, &id)?;
        world
            .scope
            .check(&[reference::uses(&id)])
            .map_err(|unresolved| Unresolved {
                message: format!(
                    "to put back {path}, which was {id} before: {}",
                    unresolved.message
                ),
                ..unresolved
            })?;
        let query = FactQuery::of(&id, MODEL.api_version).keeping(&["/id"]).now();
        let gone = *world.fact(&query)? == Fact::Absent;
        Ok(gone.then(|| (path, format!("{id}, which was there before, no longer exists"))))
    }))?;
    Ok(gone.into_iter().flatten().collect())
}

/// The groups and tables that status says the binding has put in places that are its own no longer.
fn put(held: &[&str], world: &World<'_>) -> Vec<(String, String)> {
    let left = world.loans.iter().filter(|(path, _)| {
        [NETWORK_SECURITY_GROUP, ROUTE_TABLE].contains(&path.as_str()) && !held.contains(&path.as_str())
    });
    left.flat_map(|(path, loan)| {
        let ids = loan.put.iter().filter_map(|put| put.get("id")?.as_str());
        ids.map(|id| (path.clone(), id.to_owned()))
    })
    .collect()
}

/// What status says was not put back: what it said before, of what is not the binding's again, and what is new.
fn left(
    resolved: &Resolved,
    subnet: &Snapshot,
    recorded: &Map<String, Value>,
    world: &World<'_>,
) -> Vec<String> {
    let Some(Want::Lent { fields, kept }) = resolved.nodes.first().map(|node| &node.want) else {
        return Vec::new();
    };
    let held = loan::paths(&MODEL, fields);
    let is_held = |text: &str| held.iter().any(|path| text.starts_with(&format!("{path} ")));
    let before = recorded
        .get("left")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut left: Vec<String> = before
        .filter_map(Value::as_str)
        .filter(|text| !is_held(text))
        .map(str::to_owned)
        .collect();
    let mut given_back = world.loans.clone();
    given_back.retain(|path, _| !held.contains(path));
    left.extend(loan::left(&MODEL, &subnet.body, &given_back, kept));
    left.sort();
    left.dedup();
    left.truncate(MOST_LEFT);
    left
}

/// At most so many places are told of.
const MOST_LEFT: usize = 16;

/// The prefixes of a subnet, as Azure shows them.
pub(crate) fn prefixes(subnet: &Value) -> Vec<&str> {
    let several = subnet
        .pointer("/properties/addressPrefixes")
        .and_then(Value::as_array);
    let several = several.into_iter().flatten().filter_map(Value::as_str);
    let one = subnet
        .pointer("/properties/addressPrefix")
        .and_then(Value::as_str);
    let mut prefixes: Vec<&str> = several.chain(one).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    prefixes
}

fn named<'a>(subnet: &'a Snapshot, path: &str) -> Option<&'a str> {
    let pointer = format!("/{}/id", path.replace('.', "/"));
    subnet.body.pointer(&pointer)?.as_str()
}

/// The trap: endpoints are in a subnet with a group, and the subnet's policy makes Azure ignore it for them.
fn ignored(subnet: &Snapshot) -> Option<Finding> {
    let group = named(subnet, NETWORK_SECURITY_GROUP)?;
    let endpoints = subnet
        .body
        .pointer("/properties/privateEndpoints")
        .and_then(Value::as_array);
    endpoints.filter(|endpoints| !endpoints.is_empty())?;
    let policy = wire::endpoint_policies(&subnet.body);
    (!wire::applies_groups(policy)).then(|| {
        let message = format!(
            "the subnet's privateEndpointNetworkPolicies is {policy}: Azure ignores {group} for the private endpoints in it; set spec.privateEndpointNetworkPolicies: NetworkSecurityGroupEnabled (or Enabled)"
        );
        Finding::new(
            ConditionType::NetworkPolicyEnforced,
            Truth::False,
            Reason::PolicyDisabled,
            message,
        )
    })
}

fn endpoint_policies(policies: EndpointPolicies) -> &'static str {
    match policies {
        EndpointPolicies::Disabled => "Disabled",
        EndpointPolicies::Enabled => "Enabled",
        EndpointPolicies::NetworkSecurityGroupEnabled => "NetworkSecurityGroupEnabled",
        EndpointPolicies::RouteTableEnabled => "RouteTableEnabled",
    }
}

fn service_policies(policies: ServicePolicies) -> &'static str {
    match policies {
        ServicePolicies::Disabled => "Disabled",
        ServicePolicies::Enabled => "Enabled",
    }
}

fn effective(id: &ResourceId, world: &World<'_>) -> BTreeMap<String, String> {
    let effective = [
        ("scope", world.scope.name().to_owned()),
        ("subnet", id.to_string()),
        ("subnetName", id.name().to_owned()),
    ];
    let network = id.parent().map(|network| ("virtualNetwork", network.to_string()));
    effective
        .into_iter()
        .chain(network)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
