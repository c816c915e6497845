//! How many there may be.

use crate::support::{Bench, SUBSCRIPTION, id};
use serde_json::json;

#[test]
fn a_network_takes_a_thousand_endpoints() {
    let bench = Bench::with_network();
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Network");
    let network = format!("{group}/virtualNetworks/large");
    bench.ok(
        "PUT",
        &network,
        json!({"location": "westeurope", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/20"}}]}}),
    );
    bench.pass();
    let endpoint = json!({"location": "westeurope", "properties": {
        "subnet": {"id": format!("{network}/subnets/s")},
        "privateLinkServiceConnections": [{"name": "c", "properties": {
            "privateLinkServiceId": id("Microsoft.Storage/storageAccounts/acct"), "groupIds": ["blob"]}}]}});
    for number in 0..1_000 {
        bench.ok(
            "PUT",
            &format!("{group}/privateEndpoints/pe{number}"),
            endpoint.clone(),
        );
    }
    let (_, code) = bench.refused("PUT", &format!("{group}/privateEndpoints/more"), endpoint);
    assert_eq!(code, "PrivateEndpointCountLimitReached");
}
