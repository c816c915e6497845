//! What the judge knows of each kind: where its objects are listed, which resources they stand for, and when Azure is
//! not as one of them wants it.

use privatelink_arm_emulator::Emulator;
use serde_json::{Value, json};

use super::manifests::{
    APPLICATION_GROUPS, ENDPOINTS, GROUP, GROUP_BINDINGS, LINKS, RECORD_SETS, ROUTE_TABLES, SECURITY_GROUPS,
    SUBNET_BINDINGS, ZONES, endpoint_id, zone_id,
};

/// One kind, as the judge sees it.
pub(super) struct Subject {
    pub(super) plural: &'static str,
    /// What the ids of its resources contain, in lower case.
    pub(super) resources: &'static str,
    /// Why Azure is not as an object wants it, if it is not.
    pub(super) unfaithful: fn(&Emulator, &Value) -> Option<String>,
}

pub(super) static SUBJECTS: [Subject; 9] = [
    Subject {
        plural: ENDPOINTS,
        resources: "/microsoft.network/privateendpoints/",
        unfaithful: endpoint,
    },
    Subject {
        plural: ZONES,
        resources: "/microsoft.network/privatednszones/",
        unfaithful: |emulator, object| resource(emulator, object, "tags").err(),
    },
    Subject {
        plural: LINKS,
        resources: "/microsoft.network/privatednszones/",
        unfaithful: link,
    },
    Subject {
        plural: RECORD_SETS,
        resources: "/microsoft.network/privatednszones/",
        unfaithful: record_set,
    },
    Subject {
        plural: SECURITY_GROUPS,
        resources: "/microsoft.network/networksecuritygroups/",
        unfaithful: security_group,
    },
    Subject {
        plural: APPLICATION_GROUPS,
        resources: "/microsoft.network/applicationsecuritygroups/",
        unfaithful: |emulator, object| resource(emulator, object, "tags").err(),
    },
    Subject {
        plural: ROUTE_TABLES,
        resources: "/microsoft.network/routetables/",
        unfaithful: route_table,
    },
    Subject {
        plural: GROUP_BINDINGS,
        resources: "(nothing of its own)",
        unfaithful: joined,
    },
    Subject {
        plural: SUBNET_BINDINGS,
        resources: "/subnets/",
        unfaithful: subnet,
    },
];

/// The lists that count of what guards and leads traffic, by name and what is compared of their elements.
const TRAFFIC_LISTS: &[&str] = &["securityRules", "routes"];

/// The lists of which only the names count.
const NAMES: &[(&str, &str)] = &[("serviceEndpoints", "service")];

/// The properties of subnets, zones, links and record sets that count.
const FIELDS: &[&str] = &[
    "networkSecurityGroup",
    "routeTable",
    "privateEndpointNetworkPolicies",
    "delegations",
    "applicationSecurityGroups",
    "virtualNetwork",
    "registrationEnabled",
    "resolutionPolicy",
    "ttl",
    "metadata",
    "aRecords",
    "cnameRecord",
    "txtRecords",
];

impl Subject {
    /// An object's name in what the bench prints: bare for endpoints, with the plural before it for all others.
    pub(super) fn name_of(&self, object: &Value) -> String {
        let name = object
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match self.plural.split_once('.') {
            Some((plural, _)) if self.plural != ENDPOINTS => format!("{plural}/{name}"),
            _ => name.to_owned(),
        }
    }
}

/// The resource that an object says it stands for, where it is provisioned and the object's own.
fn resource(emulator: &Emulator, object: &Value, marks: &str) -> Result<Value, String> {
    let id = object
        .pointer("/status/resourceId")
        .and_then(Value::as_str)
        .ok_or("it names no resource")?;
    let body = emulator.resource(id).ok_or("the resource is not there")?;
    let state = body.pointer("/properties/provisioningState");
    if state.is_some_and(|state| state != "Succeeded") {
        return Err("it is not provisioned".to_owned());
    }
    let owner = body
        .pointer(&format!("/{marks}/privatelink.dev_owner"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    if !owner.starts_with(&format!("world/{kind}/")) {
        return Err(format!("its owner is {owner:?}"));
    }
    for (tag, value) in object
        .pointer("/spec/tags")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if body.pointer(&format!("/tags/{tag}")) != Some(value) {
            return Err(format!("tag {tag} is not {value}"));
        }
    }
    Ok(body)
}

/// Whether each element of a list in spec is in Azure's, by name and by one field that has another name there.
fn listed(
    emulator: &Emulator,
    object: &Value,
    (ours, theirs): (&str, &str),
    (field, property): (&str, &str),
) -> Option<String> {
    let body = match resource(emulator, object, "tags") {
        Ok(body) => body,
        Err(why) => return Some(why),
    };
    let list = |value: &Value, pointer: &str| {
        let list = value.pointer(pointer).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let found = list(&body, &format!("/properties/{theirs}"));
    let wanted = list(object, &format!("/spec/{ours}"));
    let keeps = object.pointer("/spec/unmanagedRules") == Some(&json!("Keep"));
    if !keeps && found.len() != wanted.len() {
        return Some(format!("{theirs} has {} and not {}", found.len(), wanted.len()));
    }
    wanted.iter().find_map(|wanted| {
        let same = found.iter().find(|found| found.get("name") == wanted.get("name"));
        let shown = same.and_then(|same| same.pointer(&format!("/properties/{property}")));
        (shown != wanted.get(field)).then(|| format!("{wanted} is {same:?}"))
    })
}

fn security_group(emulator: &Emulator, object: &Value) -> Option<String> {
    listed(
        emulator,
        object,
        ("rules", "securityRules"),
        ("priority", "priority"),
    )
}

fn route_table(emulator: &Emulator, object: &Value) -> Option<String> {
    listed(
        emulator,
        object,
        ("routes", "routes"),
        ("addressPrefix", "addressPrefix"),
    )
}

/// Every endpoint that a binding names is in its groups.
fn joined(emulator: &Emulator, object: &Value) -> Option<String> {
    let list = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    for endpoint in list("/status/privateEndpoints").filter_map(Value::as_str) {
        let body = emulator.resource(&endpoint_id(endpoint)).unwrap_or_default();
        let groups = body
            .pointer("/properties/applicationSecurityGroups")
            .and_then(Value::as_array);
        let groups: Vec<&str> = groups
            .into_iter()
            .flatten()
            .map(|group| text(group, "id"))
            .collect();
        for group in list("/spec/applicationSecurityGroups") {
            let name = text(group, "name");
            if !groups.iter().any(|id| id.rsplit('/').next() == Some(name)) {
                return Some(format!("{endpoint} is not in {name}: {groups:?}"));
            }
        }
    }
    None
}

/// A subnet is as its binding wants it, whatever else is there.
fn subnet(emulator: &Emulator, object: &Value) -> Option<String> {
    let id = object.pointer("/status/resourceId").and_then(Value::as_str);
    let Some(body) = id.and_then(|id| emulator.resource(id)) else {
        return Some("the subnet is not there".to_owned());
    };
    let state = body
        .pointer("/properties/provisioningState")
        .and_then(Value::as_str);
    let beside = state == Some("Updating") && id.is_some_and(|id| !emulator.is_written(id));
    if state != Some("Succeeded") && !beside {
        return Some("it is not provisioned".to_owned());
    }
    for (field, resources) in [
        ("networkSecurityGroup", "networkSecurityGroups"),
        ("routeTable", "routeTables"),
    ] {
        let Some(name) = object
            .pointer(&format!("/spec/{field}/name"))
            .and_then(Value::as_str)
        else {
            continue;
        };
        let wanted = format!("{GROUP}/providers/Microsoft.Network/{resources}/{name}");
        let found = body
            .pointer(&format!("/properties/{field}/id"))
            .and_then(Value::as_str);
        if !found.is_some_and(|found| found.eq_ignore_ascii_case(&wanted)) {
            return Some(format!("{field} is {found:?}"));
        }
    }
    let policies = "privateEndpointNetworkPolicies";
    let wanted = object.pointer(&format!("/spec/{policies}"));
    let found = body.pointer(&format!("/properties/{policies}"));
    if wanted.is_some() && wanted != found {
        return Some(format!("{policies} is {found:?}"));
    }
    let found = body
        .pointer("/properties/serviceEndpoints")
        .and_then(Value::as_array);
    let found: Vec<&str> = found
        .into_iter()
        .flatten()
        .map(|one| text(one, "service"))
        .collect();
    let wanted = object.pointer("/spec/serviceEndpoints").and_then(Value::as_array);
    let mut missing = wanted.into_iter().flatten().filter_map(Value::as_str);
    missing
        .find(|service| !found.contains(service))
        .map(|service| format!("there is no service endpoint for {service}"))
}

fn link(emulator: &Emulator, object: &Value) -> Option<String> {
    let body = match resource(emulator, object, "tags") {
        Ok(body) => body,
        Err(why) => return Some(why),
    };
    let wanted = object
        .pointer("/spec/registrationEnabled")
        .cloned()
        .unwrap_or(json!(false));
    let found = body.pointer("/properties/registrationEnabled");
    (found != Some(&wanted)).then(|| format!("registrationEnabled is {found:?}"))
}

fn record_set(emulator: &Emulator, object: &Value) -> Option<String> {
    let body = match resource(emulator, object, "properties/metadata") {
        Ok(body) => body,
        Err(why) => return Some(why),
    };
    let wanted = object.pointer("/spec/ttl").cloned().unwrap_or(json!(300));
    if body.pointer("/properties/ttl") != Some(&wanted) {
        return Some(format!("the TTL is not {wanted}"));
    }
    let addresses = object.pointer("/spec/a").and_then(Value::as_array)?;
    let mut wanted: Vec<&str> = addresses.iter().filter_map(Value::as_str).collect();
    let records = body.pointer("/properties/aRecords").and_then(Value::as_array);
    let mut found: Vec<&str> = records
        .into_iter()
        .flatten()
        .map(|record| text(record, "ipv4Address"))
        .collect();
    wanted.sort_unstable();
    found.sort_unstable();
    (wanted != found).then(|| format!("the addresses are {found:?}"))
}

/// Why Azure is not as an object wants it, if it is not.
fn endpoint(emulator: &Emulator, object: &Value) -> Option<String> {
    let name = object
        .pointer("/spec/azureName")
        .or_else(|| object.pointer("/metadata/name"))
        .and_then(Value::as_str)?;
    let Some(body) = emulator.resource(&endpoint_id(name)) else {
        return Some("the resource is not there".to_owned());
    };
    if body.pointer("/properties/provisioningState") != Some(&json!("Succeeded")) {
        return Some("it is not provisioned".to_owned());
    }
    for (tag, value) in object
        .pointer("/spec/tags")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if body.pointer(&format!("/tags/{tag}")) != Some(value) {
            return Some(format!("tag {tag} is not {value}"));
        }
    }
    let observe_only = object.pointer("/spec/managementPolicy") == Some(&json!("ObserveOnly"));
    let owner = body
        .pointer("/tags/privatelink.dev_owner")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !observe_only && !owner.starts_with("world/PrivateEndpoint/") {
        return Some(format!("its owner is {owner:?}"));
    }
    let lists = [
        "privateLinkServiceConnections",
        "manualPrivateLinkServiceConnections",
    ];
    let approved = lists.iter().any(|list| {
        body.pointer(&format!(
            "/properties/{list}/0/properties/privateLinkServiceConnectionState/status"
        )) == Some(&json!("Approved"))
    });
    if !approved {
        return Some("the connection is not approved".to_owned());
    }
    misled(emulator, object)
}

/// Why clients would not find an endpoint that says its names resolve.
fn misled(emulator: &Emulator, object: &Value) -> Option<String> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array)?;
    let resolves = conditions
        .iter()
        .any(|condition| text(condition, "type") == "DNSReady" && text(condition, "reason") == "Succeeded");
    if !resolves {
        return None;
    }
    // Named as the target is.
    let target = object.pointer("/spec/target/id").and_then(Value::as_str)?;
    let name = target.rsplit('/').next()?;
    let record = emulator.resource(&format!(
        "{}/A/{name}",
        zone_id("privatelink.blob.core.windows.net")
    ));
    let found = record
        .as_ref()
        .and_then(|record| record.pointer("/properties/aRecords/0/ipv4Address"));
    let wanted = object.pointer("/status/ipConfigurations/0/ipAddress");
    (found.is_none() || found != wanted).then(|| format!("the record has {found:?}, not {wanted:?}"))
}

/// A field that is a string; empty where it is not.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What a resource is, without etags, GUIDs and times.
pub(super) fn essence(body: &Value) -> Value {
    let mut essence = json!({"tags": body.get("tags"), "location": body.get("location")});
    if let (Some(properties), Some(target)) = (body.get("properties"), essence.as_object_mut()) {
        let lists = [
            "privateLinkServiceConnections",
            "manualPrivateLinkServiceConnections",
        ];
        for list in lists {
            let states: Vec<&Value> = properties
                .get(list)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|connection| {
                    connection.pointer("/properties/privateLinkServiceConnectionState/status")
                })
                .collect();
            if !states.is_empty() {
                target.insert(list.to_owned(), json!(states));
            }
        }
        for field in FIELDS {
            if let Some(value) = properties.get(*field) {
                target.insert((*field).to_owned(), value.clone());
            }
        }
        for list in TRAFFIC_LISTS {
            let elements = properties.get(*list).and_then(Value::as_array);
            if let Some(elements) = elements {
                let mut elements: Vec<Value> = elements
                    .iter()
                    .map(|element| json!({"name": element.get("name"), "properties": element.get("properties")}))
                    .collect();
                elements.sort_by_key(Value::to_string);
                target.insert((*list).to_owned(), json!(elements));
            }
        }
        for (list, name) in NAMES {
            let elements = properties.get(*list).and_then(Value::as_array);
            if let Some(elements) = elements.filter(|elements| !elements.is_empty()) {
                let mut names: Vec<&str> = elements.iter().map(|element| text(element, name)).collect();
                names.sort_unstable();
                target.insert((*list).to_owned(), json!(names));
            }
        }
        if let Some(state) = properties.get("provisioningState") {
            target.insert("provisioningState".to_owned(), state.clone());
        }
    }
    // The uid of an object that is made in another order differs and only informs.
    for marks in ["tags", "metadata"] {
        if let Some(marks) = essence.get_mut(marks).and_then(Value::as_object_mut) {
            marks.remove("privatelink.dev_uid");
            // Names the endpoint by a GUID that Azure chooses.
            marks.remove("creator");
        }
    }
    essence
}
