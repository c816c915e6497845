//! Peerings of virtual networks.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use crate::support::{Bench, network};
use serde_json::{Value, json};

fn vnet(bench: &Bench, name: &str, prefix: &str) -> String {
    let id = network(&format!("virtualNetworks/{name}"));
    bench.ok("PUT", &id, space(prefix));
    bench.pass();
    id
}

fn space(prefix: &str) -> Value {
    json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": [prefix]}}})
}

/// `vnet` (10.0.0.0/16) and `far` (10.1.0.0/16).
fn two() -> (Bench, String, String) {
    let bench = Bench::with_network();
    let far = vnet(&bench, "far", "10.1.0.0/16");
    (bench, network("virtualNetworks/vnet"), far)
}

fn to(remote: &str) -> Value {
    json!({"properties": {"remoteVirtualNetwork": {"id": remote}}})
}

fn peering(of: &str) -> String {
    format!("{of}/virtualNetworkPeerings/p")
}

fn states(bench: &Bench, ids: [&str; 2]) -> Vec<String> {
    let state = |id: &&str| {
        let (status, shown, _) = bench.send("GET", &peering(id), Value::Null);
        match status {
            200 => shown["properties"]["peeringState"].as_str().unwrap().to_owned(),
            _ => "none".to_owned(),
        }
    };
    ids.iter().map(state).collect()
}

#[test]
fn two_sides_are_connected_and_one_alone_is_not() {
    let (bench, here, far) = two();
    let made = bench.ok("PUT", &peering(&here), to(&far));
    assert_eq!(made["properties"]["provisioningState"], "Updating");
    assert_eq!(
        made["properties"]["remoteAddressSpace"]["addressPrefixes"],
        json!(["10.1.0.0/16"])
    );
    assert_eq!(made["properties"]["allowVirtualNetworkAccess"], true);
    assert_eq!(states(&bench, [&here, &far]), ["Initiated", "none"]);
    bench.pass();
    bench.ok("PUT", &peering(&far), to(&here));
    bench.pass();
    assert_eq!(states(&bench, [&here, &far]), ["Connected", "Connected"]);
    assert_eq!(
        bench.get(&here)["properties"]["virtualNetworkPeerings"],
        json!([bench.get(&peering(&here))])
    );
    bench.ok("PUT", &peering(&here), bench.get(&peering(&here)));
    assert!(!bench.last_changed(), "what is read can be written back");
    // A side that goes cuts the other one off; that has to be begun anew.
    bench.ok("DELETE", &peering(&far), Value::Null);
    bench.pass();
    assert_eq!(states(&bench, [&here, &far]), ["Disconnected", "none"]);
    assert_eq!(
        bench.refused("PUT", &peering(&far), to(&here)).1,
        "RemotePeeringIsDisconnected"
    );
    bench.ok("PUT", &peering(&here), to(&far));
    bench.pass();
    bench.ok("PUT", &peering(&far), to(&here));
    bench.pass();
    assert_eq!(states(&bench, [&here, &far]), ["Connected", "Connected"]);
    // So does a network that goes.
    bench.ok("DELETE", &far, Value::Null);
    bench.pass();
    assert_eq!(states(&bench, [&here, &far]), ["Disconnected", "none"]);
    bench.ok("PUT", &far, space("10.1.0.0/16"));
    bench.pass();
    bench.ok("PUT", &peering(&here), to(&far));
    bench.pass();
    assert_eq!(states(&bench, [&here, &far]), ["Initiated", "none"]);
    bench.ok("DELETE", &far, Value::Null);
    bench.pass();
    assert_eq!(states(&bench, [&here, &far]), ["Disconnected", "none"]);
    // What is said of tags says nothing of peerings.
    bench.ok("PATCH", &here, json!({"tags": {"a": "b"}}));
    bench.pass();
    assert_eq!(states(&bench, [&here, &far]), ["Disconnected", "none"]);
    bench.ok("DELETE", &peering(&here), Value::Null);
    bench.pass();
    assert_eq!(
        bench.get(&here)["properties"]["virtualNetworkPeerings"],
        json!([])
    );
}

#[test]
fn a_network_can_be_written_back_when_its_peer_is_gone() {
    let (bench, here, far) = two();
    bench.ok("PUT", &peering(&here), to(&far));
    bench.pass();
    bench.ok("DELETE", &far, Value::Null);
    bench.pass();
    let shown = bench.get(&here);
    bench.ok("PUT", &here, shown.clone());
    assert!(!bench.last_changed());
    let mut more = shown;
    more["tags"] = json!({"a": "b"});
    bench.ok("PUT", &here, more.clone());
    bench.pass();
    assert_eq!(states(&bench, [&here, &far]), ["Disconnected", "none"]);
    // A new one to what is not there is refused as ever.
    more["properties"]["virtualNetworkPeerings"] =
        json!([{"name": "other", "properties": {"remoteVirtualNetwork": {"id": far}}}]);
    assert_eq!(bench.refused("PUT", &here, more).1, "InvalidResourceReference");
}

#[test]
fn peerings_stand_in_the_networks_own_list_too() {
    let (bench, here, far) = two();
    bench.ok("PUT", &peering(&far), to(&here));
    bench.pass();
    let mut body = bench.get(&here);
    body["properties"]["virtualNetworkPeerings"] =
        json!([{"name": "p", "properties": {"remoteVirtualNetwork": {"id": far}}}]);
    bench.ok("PUT", &here, body.clone());
    bench.pass();
    assert_eq!(states(&bench, [&here, &far]), ["Connected", "Connected"]);
    bench.ok("PUT", &here, bench.get(&here));
    assert!(!bench.last_changed());
    // A body without the list says nothing about it; an empty list takes them away.
    body["properties"]
        .as_object_mut()
        .unwrap()
        .remove("virtualNetworkPeerings");
    bench.ok("PUT", &here, body.clone());
    bench.pass();
    assert_eq!(states(&bench, [&here, &far]), ["Connected", "Connected"]);
    bench.ok("PATCH", &here, json!({"tags": {"a": "b"}}));
    bench.pass();
    assert_eq!(states(&bench, [&here, &far]), ["Connected", "Connected"]);
    body["properties"]["virtualNetworkPeerings"] = json!([]);
    bench.ok("PUT", &here, body);
    bench.pass();
    assert_eq!(states(&bench, [&here, &far]), ["none", "Disconnected"]);
}

#[test]
fn what_a_peering_needs_is_checked() {
    let (bench, here, far) = two();
    let refused = |id: &str, body: Value| bench.refused("PUT", id, body).1;
    assert_eq!(
        refused(&peering(&here), json!({"properties": {}})),
        "InvalidRequestFormat"
    );
    assert_eq!(
        refused(&peering(&here), to(&network("virtualNetworks/none"))),
        "InvalidResourceReference"
    );
    assert_eq!(
        refused(&peering(&here), to(&here)),
        "CannotPeerVirtualNetworkWithItself"
    );
    let same = vnet(&bench, "same", "10.0.128.0/17");
    assert_eq!(refused(&peering(&here), to(&same)), "VnetAddressSpacesOverlap");
    bench.ok("PUT", &peering(&here), to(&far));
    bench.pass();
    assert_eq!(
        refused(&format!("{here}/virtualNetworkPeerings/second"), to(&far)),
        "AnotherPeeringAlreadyReferencesRemoteVnet"
    );
    let near = vnet(&bench, "near", "10.1.2.0/24");
    assert_eq!(
        refused(&format!("{here}/virtualNetworkPeerings/second"), to(&near)),
        "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet"
    );
    assert_eq!(
        refused(&peering(&here), to(&near)),
        "ChangingRemoteVirtualNetworkNotAllowed"
    );
    let mut grown = bench.get(&here);
    grown["properties"]["addressSpace"]["addressPrefixes"] = json!(["10.0.0.0/16", "10.1.0.0/24"]);
    grown["properties"]
        .as_object_mut()
        .unwrap()
        .remove("virtualNetworkPeerings");
    assert_eq!(
        refused(&here, grown),
        "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet"
    );
    let mut through = to(&far);
    through["properties"]["useRemoteGateways"] = json!(true);
    assert_eq!(
        refused(&peering(&here), through.clone()),
        "RemoteVnetHasNoGateways"
    );
    through["properties"]["doNotVerifyRemoteGateways"] = json!(true);
    bench.ok("PUT", &peering(&here), through);
}

#[test]
fn a_changed_address_space_is_synchronised_by_hand() {
    let (bench, here, far) = two();
    bench.ok("PUT", &peering(&here), to(&far));
    bench.pass();
    let alone = bench.get(&peering(&here));
    assert_eq!(alone["properties"]["peeringSyncLevel"], "RemoteNotInSync");
    assert_eq!(alone["properties"]["routeServiceVips"], json!({}));
    bench.ok("PUT", &peering(&far), to(&here));
    bench.pass();
    let both = [&here, &far].map(|one| bench.get(&peering(one)));
    for one in &both {
        assert_eq!(one["properties"]["peeringSyncLevel"], "FullyInSync");
        assert_eq!(
            one["properties"]["resourceGuid"],
            both[0]["properties"]["resourceGuid"]
        );
    }
    bench.ok("PUT", &far, space("10.2.0.0/16"));
    bench.pass();
    let shown = bench.get(&peering(&here));
    assert_eq!(shown["properties"]["peeringSyncLevel"], "RemoteNotInSync");
    assert_eq!(
        shown["properties"]["remoteAddressSpace"]["addressPrefixes"],
        json!(["10.1.0.0/16"])
    );
    bench.ok(
        "PUT",
        &format!("{}?syncRemoteAddressSpace=true", peering(&here)),
        to(&far),
    );
    bench.pass();
    let shown = bench.get(&peering(&here));
    assert_eq!(shown["properties"]["peeringSyncLevel"], "FullyInSync");
    assert_eq!(
        shown["properties"]["remoteAddressSpace"]["addressPrefixes"],
        json!(["10.2.0.0/16"])
    );
}

#[test]
fn what_waits_for_a_peering_is_tried_again() {
    let (bench, here, far) = two();
    bench.ok("PUT", &peering(&here), to(&far));
    let subnet = json!({"properties": {"addressPrefix": "10.0.7.0/24"}});
    let (status, answer, headers) = bench.send("PUT", &format!("{here}/subnets/late"), subnet.clone());
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (429, "12"));
    let detail = &answer["error"]["details"][0];
    assert_eq!(detail["code"], "RetryableErrorDueToAnotherOperation");
    let message = detail["message"].as_str().unwrap();
    assert!(
        message.starts_with("Operation PutVirtualNetworkPeeringOperation (")
            && message.ends_with(&format!(
                ") is updating resource {here}. The call can be retried in 12 seconds."
            )),
        "{message}"
    );
    bench.pass();
    bench.ok("PUT", &format!("{here}/subnets/late"), subnet);
}
