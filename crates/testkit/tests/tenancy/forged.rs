//! Statuses that say whatever might help whoever wrote them.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::estate::{Sort, some};
use crate::words::{self, OWN, THEIRS, What, chance, one};

fn operation_url(random: &mut Rng) -> String {
    let operation = "providers/Microsoft.Network/locations/westeurope/operations";
    match random.u32(..9) {
        0..=2 => format!("https://management.azure.com/subscriptions/{OWN}/{operation}/1?api-version=1"),
        3 => format!("https://management.azure.com/subscriptions/{THEIRS}/{operation}/1?api-version=1"),
        4 => format!("https://evil.example/subscriptions/{OWN}/{operation}/1"),
        5 => format!("https://management.azure.com@evil.example/subscriptions/{OWN}/{operation}/1"),
        6 => format!(
            "https://management.azure.com/subscriptions/{OWN}/{operation}/../../../../../resourceGroups/rg-b/providers/Microsoft.Storage/storageAccounts/secret"
        ),
        7 => format!(
            "https://management.azure.com/subscriptions/{OWN}/resourceGroups/rg-operations/providers/Microsoft.Storage/storageAccounts/secret?api-version=1"
        ),
        _ => format!(
            "https://management.azure.com/subscriptions/{OWN}/resourceGroups/rg-b/providers/Microsoft.ApiManagement/service/theirs/apis/a/operations/secret"
        ),
    }
}

/// A status that says whatever might help.
pub fn forged(random: &mut Rng, sort: &Sort) -> Value {
    let mut status = Map::new();
    let mut put = |name: &str, value: Value| drop(status.insert(name.to_owned(), value));
    put("observedGeneration", json!(1));
    if chance(random, 75) {
        put(
            "resourceId",
            json!(if chance(random, 80) {
                words::id(random, sort.what)
            } else {
                words::any(random)
            }),
        );
    }
    let said = some(random, &["Programmed", "Accepted", "Ready", "DNSReady"], 50);
    let condition = |name: &&str| json!({"type": name, "status": "True", "reason": "Succeeded", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1});
    put("conditions", said.iter().map(condition).collect());
    if chance(random, 35) {
        let node = if chance(random, 80) {
            sort.node
        } else {
            "zoneGroup"
        };
        let operation = json!({"node": node, "url": operation_url(random), "startedAt": "2026-01-01T00:00:00Z", "kind": one(random, &["Create", "Update", "Delete"])});
        put("operations", json!([operation]));
    }
    if chance(random, 40) {
        let groups = json!([words::id(random, What::ApplicationGroup).to_ascii_lowercase()]);
        put(
            "applied",
            json!({sort.node: {"tags": ["theirs", "team"], "properties.applicationSecurityGroups": groups, "properties.securityRules": ["one", "theirs"]}, "zoneGroup": {}}),
        );
    }
    if chance(random, 40) {
        put(
            "effective",
            json!({
                "dnsResourceGroup": words::group(random), "subnet": words::id(random, What::Subnet), "resourceGroup": "rg-b",
                "scope": "others", "zone": words::id(random, What::Zone), "resolutionPolicy": "Default",
            }),
        );
    }
    match sort.short {
        "snb" => {
            let theirs = format!(
                "/subscriptions/{OWN}/resourceGroups/{}/providers/Microsoft.Network",
                one(random, &["rg-a", "rg-b"])
            );
            let previous = |random: &mut Rng, field: &str, kind: &str, what: What| {
                let put = json!({"id": format!("{theirs}/{kind}/theirs")}).to_string();
                let mut previous = json!({"path": format!("properties.{field}"), "put": [put]});
                if chance(random, 50) {
                    previous["value"] = json!(json!({"id": words::id(random, what)}).to_string());
                }
                previous
            };
            let group = previous(
                random,
                "networkSecurityGroup",
                "networkSecurityGroups",
                What::SecurityGroup,
            );
            let table = previous(random, "routeTable", "routeTables", What::RouteTable);
            let others = json!({"path": "properties.delegations", "value": "\"none\"", "put": []});
            let services = json!({"path": "properties.serviceEndpoints[microsoft.storage]", "put": [json!({"service": "Microsoft.Storage"}).to_string()]});
            put("previous", json!([group, table, others, services]));
        }
        "pe" => {
            put(
                "connection",
                json!({"status": one(random, &["Approved", "Disconnected", "Pending"])}),
            );
            put("networkInterfaceId", json!(words::any(random)));
            put("targetIdentity", json!("another"));
            put(
                "ipConfigurations",
                json!([{"memberName": "blob", "ipAddress": "10.1.0.9", "fqdns": ["x.evil.example"]}]),
            );
            put(
                "dnsRecords",
                json!([{"fqdn": "stone.privatelink.blob.core.windows.net", "zone": words::id(random, What::Zone), "ipAddresses": ["10.1.0.9"]}]),
            );
            put(
                "applicationSecurityGroups",
                json!([words::id(random, What::ApplicationGroup)]),
            );
        }
        _ => {}
    }
    Value::Object(status)
}
