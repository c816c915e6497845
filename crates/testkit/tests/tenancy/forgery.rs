//! Whoever may patch a status gains nothing: each field of it that the engine reads is forged, while no process remembers better.
//!
//! The one who forges may not change specs, and wants what the scope does not allow, or what belongs to others. What spec could
//! say as well is no gain: an author of specs in the namespace has it anyway.

use std::time::Duration;

use privatelink_testkit::scenario::{
    APPLICATION_GROUPS, ENDPOINTS, GROUP, LINKS, NAMESPACE, RECORD_SETS, ROUTE_TABLES, SECURITY_GROUPS,
    SUBNET_BINDINGS, World, ZONES, dns_object, in_virtual_time, one_of_each, scope, subnet_id, zone_id,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::changes::{MINUTE, SCOPES, beyond, in_azure, ready, recorded};

const THEIRS: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-orders-2";
const PLATFORM: &str = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-platform";

/// The main node and the type of a kind, as ids have it.
fn node_and_type(plural: &str) -> (&'static str, &'static str) {
    match plural {
        ENDPOINTS => ("endpoint", "privateEndpoints/x"),
        ZONES => ("zone", "privateDnsZones/stolen.internal"),
        LINKS => ("link", "privateDnsZones/orders.internal/virtualNetworkLinks/x"),
        RECORD_SETS => ("recordSet", "privateDnsZones/orders.internal/A/x"),
        SECURITY_GROUPS => ("group", "networkSecurityGroups/x"),
        APPLICATION_GROUPS => ("group", "applicationSecurityGroups/x"),
        ROUTE_TABLES => ("table", "routeTables/x"),
        SUBNET_BINDINGS => ("subnet", "virtualNetworks/vnet/subnets/x"),
        other => panic!("{other} has no node"),
    }
}

/// What is forged, by field. `None` leaves the kind's status as it is.
type Forgery = fn(&'static str) -> Option<Value>;

fn resource_in(group: &str, plural: &str) -> Value {
    json!({"resourceId": format!("{group}/providers/Microsoft.Network/{}", node_and_type(plural).1)})
}

fn operation(plural: &str, path: &str) -> Option<Value> {
    let operation = |node: &str, kind: &str| json!({"node": node, "url": path, "startedAt": "2026-01-01T00:00:00Z", "kind": kind});
    Some(
        json!({"operations": [operation(node_and_type(plural).0, "Delete"), operation("zoneGroup", "Create"), operation("nobody", "Delete")]}),
    )
}

fn only_of(plural: &str, of: &str, status: Value) -> Option<Value> {
    (plural == of).then_some(status)
}

const FORGERIES: &[(&str, Forgery)] = &[
    ("resourceId in another tenant's group", |plural| {
        Some(resource_in(THEIRS, plural))
    }),
    ("resourceId in another subscription", |plural| {
        Some(resource_in(PLATFORM, plural))
    }),
    (
        "resourceId of something unowned that the scope allows",
        |plural| Some(resource_in(GROUP, plural)),
    ),
    ("resourceId of another type", |plural| {
        let id = if plural == SUBNET_BINDINGS {
            zone_id("orders.internal")
        } else {
            subnet_id("endpoints")
        };
        Some(json!({ "resourceId": id }))
    }),
    ("resourceId that climbs", |plural| {
        let up = format!(
            "{GROUP}/../rg-orders-2/providers/Microsoft.Network/{}",
            node_and_type(plural).1
        );
        Some(json!({ "resourceId": up }))
    }),
    ("operations of another subscription", |plural| {
        operation(
            plural,
            "https://management.azure.com/subscriptions/22222222-2222-2222-2222-222222222222/providers/Microsoft.Network/locations/westeurope/operations/1",
        )
    }),
    ("operations of another host", |plural| {
        operation(
            plural,
            "https://evil.example/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Network/locations/westeurope/operations/1",
        )
    }),
    ("operations that are none", |plural| {
        operation(
            plural,
            "https://management.azure.com/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-operations/providers/Microsoft.KeyVault/vaults/secret",
        )
    }),
    ("applied", |plural| {
        let keys = json!({
            "tags": ["theirs", "team"], "properties.applicationSecurityGroups": [format!("{THEIRS}/providers/Microsoft.Network/applicationSecurityGroups/x")],
            "properties.securityRules": ["web"], "properties.routes": ["all"],
        });
        Some(json!({"applied": {node_and_type(plural).0: keys, "zoneGroup": {}}}))
    }),
    ("effective", |_| {
        Some(json!({"effective": {
            "dnsResourceGroup": PLATFORM, "resourceGroup": "rg-orders-2", "scope": "others", "subnet": format!("{PLATFORM}/providers/Microsoft.Network/virtualNetworks/hub/subnets/x"),
            "resolutionPolicy": "Default", "zone": format!("{PLATFORM}/providers/Microsoft.Network/privateDnsZones/x"),
        }}))
    }),
    ("conditions", |_| {
        let said = ["Programmed", "Accepted", "Ready", "DNSReady"];
        let condition = |name: &&str| json!({"type": name, "status": "True", "reason": "Succeeded", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 9});
        Some(json!({"observedGeneration": 9, "conditions": said.iter().map(condition).collect::<Vec<_>>()}))
    }),
    ("previous", |plural| {
        let put = |kind: &str, name: &str| {
            json!({"id": format!("{GROUP}/providers/Microsoft.Network/{kind}/{name}")}).to_string()
        };
        let before =
            |kind: &str| json!({"id": format!("{THEIRS}/providers/Microsoft.Network/{kind}/x")}).to_string();
        only_of(
            plural,
            SUBNET_BINDINGS,
            json!({"previous": [
                {"path": "properties.networkSecurityGroup", "value": before("networkSecurityGroups"), "put": [put("networkSecurityGroups", "guard")]},
                {"path": "properties.routeTable", "value": before("routeTables"), "put": [put("routeTables", "ways")]},
                {"path": "properties.delegations", "value": "\"none\"", "put": ["\"theirs\""]},
            ]}),
        )
    }),
    ("what an endpoint shows", |plural| {
        let theirs = format!("{THEIRS}/providers/Microsoft.Network");
        only_of(
            plural,
            ENDPOINTS,
            json!({
                "connection": {"status": "Disconnected"}, "targetIdentity": "another", "networkInterfaceId": format!("{theirs}/networkInterfaces/x"),
                "ipConfigurations": [{"memberName": "blob", "ipAddress": "10.9.9.9", "fqdns": ["x.evil.example"]}],
                "dnsRecords": [{"fqdn": "x.stolen.internal", "zone": format!("{theirs}/privateDnsZones/stolen.internal"), "ipAddresses": ["10.9.9.9"]}],
                "applicationSecurityGroups": [format!("{theirs}/applicationSecurityGroups/x")],
            }),
        )
    }),
    ("everything gone", |_| Some(json!({}))),
];

/// What others have, all of it where a scope of theirs lets them.
fn furnish_others(world: &World) -> Vec<String> {
    let mut made = Vec::new();
    let mut make = |id: String, body: Value| {
        world.make_outside(&id, body);
        made.push(id);
    };
    let located = || json!({"location": "westeurope", "tags": {"theirs": "stays"}});
    make(THEIRS.to_owned(), json!({"location": "westeurope"}));
    for group in [THEIRS, GROUP] {
        for kind in [
            "networkSecurityGroups/x",
            "applicationSecurityGroups/x",
            "routeTables/x",
        ] {
            make(format!("{group}/providers/Microsoft.Network/{kind}"), located());
        }
        for zone in ["stolen.internal", "orders.internal"] {
            let body = json!({"location": "global", "tags": {"theirs": "stays"}});
            make(
                format!("{group}/providers/Microsoft.Network/privateDnsZones/{zone}"),
                body,
            );
        }
        let record = json!({"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "10.1.0.200"}]}});
        make(
            format!("{group}/providers/Microsoft.Network/privateDnsZones/orders.internal/A/x"),
            record,
        );
    }
    made
}

fn forge(what: &str, forgery: Forgery) -> Result<(), String> {
    in_virtual_time(async {
        let (mut world, recorder) = recorded()?;
        let others = furnish_others(&world);
        let states = |world: &World| {
            others
                .iter()
                .map(|id| world.emulator.resource(id))
                .collect::<Vec<_>>()
        };
        let mut law = scope(&[NAMESPACE]);
        law["spec"]["zoneNames"] = json!(["privatelink.*"]);
        world.apply(law.clone());
        world.start();
        let objects = one_of_each();
        objects
            .iter()
            .for_each(|(_, _, manifest)| world.apply(manifest.clone()));
        world.pass(MINUTE * 6).await;
        let id_of = |world: &World, plural, name| {
            let object = world.api.get(plural, NAMESPACE, name).unwrap_or_default();
            (
                object["status"]["resourceId"].clone(),
                ready(world, plural, name).0,
            )
        };
        let before: Vec<_> = objects
            .iter()
            .map(|(plural, name, _)| id_of(&world, plural, name))
            .collect();
        if before
            .iter()
            .any(|(id, reason)| !id.is_string() || reason != "Succeeded")
        {
            return Err(format!("they are not ready: {before:?}"));
        }
        let (had, azure) = (states(&world), in_azure(&world));
        world.stop().await;
        let moment = Instant::now();
        for (plural, name, _) in &objects {
            let Some(forged) = forgery(plural) else { continue };
            let object = world.api.get(plural, NAMESPACE, name).unwrap_or_default();
            let mut status = if forged == json!({}) {
                json!({})
            } else {
                object["status"].clone()
            };
            if let (Some(status), Some(forged)) = (status.as_object_mut(), forged.as_object()) {
                status.extend(forged.clone());
            }
            let forced = world.api.force_status(plural, NAMESPACE, name, &status);
            forced.map_err(|refusal| refusal.to_string())?;
        }
        world.start();
        world.pass(MINUTE * 20).await;
        let judged = |wrong: Vec<String>| {
            if wrong.is_empty() {
                Ok(())
            } else {
                Err(wrong.join("\n"))
            }
        };
        judged(beyond(&recorder.after(moment), &law))?;
        let under_way: Vec<String> = objects
            .iter()
            .filter_map(|(plural, name, _)| world.api.get(plural, NAMESPACE, name))
            .filter_map(|object| object.pointer("/status/operations").map(Value::to_string))
            .collect();
        if !under_way.is_empty() {
            return Err(format!("operations stay in status: {under_way:?}"));
        }
        let after: Vec<_> = objects
            .iter()
            .map(|(plural, name, _)| id_of(&world, plural, name))
            .collect();
        if after != before {
            return Err(format!("before: {before:?}\nafter: {after:?}"));
        }
        if in_azure(&world) != azure || states(&world) != had {
            return Err(format!("Azure is another: {:?}", in_azure(&world)));
        }
        objects
            .iter()
            .for_each(|(plural, name, _)| world.delete_of(plural, name));
        world.pass(MINUTE * 40).await;
        judged(beyond(&recorder.after(moment), &law))?;
        if states(&world) != had {
            return Err("what others have is another after the deletion".to_owned());
        }
        let left = objects
            .iter()
            .filter(|(plural, name, _)| world.api.get(plural, NAMESPACE, name).is_some());
        let left = left.map(|(plural, name, _)| (*plural, ready(&world, plural, name).0));
        // Whose record of the subnet was taken away puts nothing back: what it has bound stays until somebody takes it off.
        // What is not allowed to be put back stays as well.
        let loses = ["resourceId", "previous", "everything"]
            .iter()
            .any(|field| what.starts_with(field));
        let stays = |(plural, reason): &(&str, String)| match *plural {
            SECURITY_GROUPS | ROUTE_TABLES => reason == "InUse",
            SUBNET_BINDINGS => what == "previous" && reason == "ForbiddenByScope",
            _ => false,
        };
        let left: Vec<_> = left.filter(|left| !(loses && stays(left))).collect();
        if !left.is_empty() {
            return Err(format!("left: {left:?}"));
        }
        // Until it is looked at, the forged status says what is not true.
        let violations = world
            .violations()
            .into_iter()
            .filter(|violation| violation.property != "ready");
        judged(violations.map(|violation| format!("{violation:?}")).collect())
    })
}

#[test]
fn each_field_of_status_that_is_forged_gains_nothing() {
    let wrong: Vec<String> = FORGERIES
        .iter()
        .filter_map(|(what, forgery)| Some(format!("{what}: {}", forge(what, *forgery).err()?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `status.previous` is the record of what others had in a subnet, and nothing in Azure can vouch for it: a subnet carries no
/// mark. Whoever forges it can have a field put back that was never ours.
///
/// - To another group or table: only with Use on it, which is what spec would need.
/// - A policy to another word: spec can name any word.
/// - A group or table to nothing: no spec can say that. It takes Use on what is there, so what the platform put there and lends
///   to nobody stays. Where the scope lends it, and lends the subnet by Bind, it says of both that the namespace decides about
///   them; and an author of specs has as much: a group of its own without rules does the same to the subnet.
/// - A service endpoint to nothing: within Bind, as those that spec adds. It takes the right to patch the status of
///   SubnetBindings, which only the controller's own role has.
fn take_off(lent: bool) -> Result<(String, Value), String> {
    in_virtual_time(async {
        let (mut world, recorder) = recorded()?;
        let theirs = format!("{PLATFORM}/providers/Microsoft.Network/networkSecurityGroups/platform")
            .replace("2222", "1111");
        let group = theirs.split("/providers/").next().unwrap_or_default().to_owned();
        world.make_outside(&group, json!({"location": "westeurope"}));
        world.make_outside(&theirs, json!({"location": "westeurope"}));
        world.meddle(
            &subnet_id("endpoints"),
            json!({"properties": {"networkSecurityGroup": {"id": theirs}}}),
        );
        let mut allow = vec![json!({"on": subnet_id("endpoints"), "verbs": ["Bind"]})];
        if lent {
            allow.push(json!({"on": theirs, "verbs": ["Use"]}));
        }
        let law = json!({"apiVersion": "privatelink.dev/v1alpha1", "kind": "AzureScope", "metadata": {"name": "orders"}, "spec": {"namespaces": [NAMESPACE], "allow": allow}});
        let _ = world.api.delete(SCOPES, "", "orders");
        world.apply(law.clone());
        world.apply(dns_object(
            "SubnetBinding",
            "bound",
            json!({
                "subnet": {"id": subnet_id("endpoints")}, "privateLinkServiceNetworkPolicies": "Disabled",
            }),
        ));
        let put = json!({"id": theirs}).to_string();
        let forged = json!({"observedGeneration": 1, "resourceId": subnet_id("endpoints"), "applied": {"subnet": {}}, "previous": [{"path": "properties.networkSecurityGroup", "put": [put]}]});
        let forced = world
            .api
            .force_status(SUBNET_BINDINGS, NAMESPACE, "bound", &forged);
        forced.map_err(|refusal| refusal.to_string())?;
        let moment = Instant::now() - Duration::from_millis(1);
        world.start();
        world.pass(MINUTE * 10).await;
        let (reason, message) = ready(&world, SUBNET_BINDINGS, "bound");
        world.delete_of(SUBNET_BINDINGS, "bound");
        world.pass(MINUTE * 10).await;
        let wrong = beyond(&recorder.after(moment), &law);
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        let subnet = world
            .emulator
            .resource(&subnet_id("endpoints"))
            .unwrap_or_default();
        Ok((
            format!("{reason}: {message}"),
            subnet["properties"]["networkSecurityGroup"]["id"].clone(),
        ))
    })
}

#[test]
fn a_forged_record_takes_no_group_off_a_subnet_that_the_scope_does_not_lend() {
    let (said, group) = take_off(false).unwrap();
    assert!(
        group.as_str().is_some_and(|id| id.ends_with("/platform")),
        "{group}"
    );
    assert!(
        said.starts_with("ForbiddenByScope") && said.contains("Use on"),
        "{said}"
    );
    let (_, group) = take_off(true).unwrap();
    assert_eq!(
        group,
        Value::Null,
        "within Bind on the subnet and Use on the group"
    );
}
