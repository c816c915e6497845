//! What targets of private endpoints answered to other clients, as it was recorded.

use crate::support::{Bench, id};
use serde_json::{Value, json};

const SERVER: &str = "Microsoft.Sql/servers/s";

fn server() -> Value {
    json!({"location": "westus", "properties": {
        "administratorLogin": "admin123", "administratorLoginPassword": "SecretPassword123", "administrators": {},
    }})
}

#[test]
fn a_server_is_made_by_an_operation() {
    let bench = Bench::with_network();
    let path = id(SERVER);
    let (status, answer, headers) = bench.send("PUT", &path, server());
    assert_eq!(status, 202);
    assert_eq!(
        answer,
        json!({"operation": "UpsertLogicalServer", "startTime": answer["startTime"]})
    );
    let begun = answer["startTime"].as_str().unwrap_or_default().to_owned();
    assert!(begun.ends_with('Z'), "{begun}");
    let url = |name: &str| headers[name].to_str().unwrap_or_default().to_owned();
    let (told, result) = (url("azure-asyncoperation"), url("location"));
    let below = "/resourceGroups/g/providers/Microsoft.Sql/locations/westus";
    assert!(
        told.contains(&format!("{below}/serverAzureAsyncOperation/")),
        "{told}"
    );
    assert!(
        result.contains(&format!("{below}/serverOperationResults/")),
        "{result}"
    );
    assert!(!headers.contains_key("azure-asyncnotification"));
    assert!(!headers.contains_key("retry-after"));
    let name = told.split(['/', '?']).rev().nth(1).unwrap_or_default();
    for status in ["InProgress", "Succeeded"] {
        let (code, answer, _) = bench.send("GET", &told, Value::Null);
        assert_eq!(code, 200);
        assert_eq!(
            answer,
            json!({"name": name, "status": status, "startTime": begun})
        );
        bench.pass();
    }
    let shown = bench.get(&path);
    assert_eq!(shown["kind"], "v12.0");
    let mut properties = shown["properties"].clone();
    if let Some(fields) = properties.as_object_mut() {
        // Later versions than the recorded one show it.
        fields.remove("minimalTlsVersion");
        // What was sent and is empty stays.
        fields.remove("administrators");
    }
    assert_eq!(
        properties,
        json!({"administratorLogin": "admin123", "version": "12.0", "state": "Ready",
            "fullyQualifiedDomainName": "s.database.windows.net", "privateEndpointConnections": [],
            "publicNetworkAccess": "Enabled", "restrictOutboundNetworkAccess": "Disabled"})
    );
    assert_eq!(shown.get("systemData"), None);
    let (status, answer, _) = bench.send("DELETE", &path, Value::Null);
    assert_eq!(
        (status, answer["operation"].as_str()),
        (202, Some("DropLogicalServer"))
    );
    bench.pass();
    assert_eq!(bench.send("GET", &path, Value::Null).0, 404);
}

#[test]
fn secrets_are_not_shown_again() {
    let secret = "SecretPassword123";
    let named = json!([{"name": "a", "value": secret}]);
    for (kind, properties) in [
        (
            "Microsoft.Sql/servers",
            json!({"administratorLoginPassword": secret}),
        ),
        (
            "Microsoft.DBforPostgreSQL/flexibleServers",
            json!({"administratorLoginPassword": secret}),
        ),
        (
            "Microsoft.DBforMySQL/flexibleServers",
            json!({"administratorLoginPassword": secret, "importSourceProperties": {"sasToken": secret}}),
        ),
        (
            "Microsoft.Web/sites",
            json!({"siteConfig": {"appSettings": named, "metadata": named, "connectionStrings": named}}),
        ),
        (
            "Microsoft.ContainerService/managedClusters",
            json!({"windowsProfile": {"adminPassword": secret}, "servicePrincipalProfile": {"secret": secret},
                "aadProfile": {"serverAppSecret": secret}}),
        ),
        ("Microsoft.KeyVault/vaults", json!({"createMode": secret})),
        ("Microsoft.KeyVault/managedHSMs", json!({"createMode": secret})),
        (
            "Microsoft.AppConfiguration/configurationStores",
            json!({"createMode": secret}),
        ),
    ] {
        let bench = Bench::with_network();
        let path = id(&format!("{kind}/target"));
        let body = json!({"location": "westeurope", "properties": properties});
        for method in ["PUT", "PUT", "PATCH"] {
            let (status, answer, _) = bench.send(method, &path, body.clone());
            assert!(status < 300, "{kind}: {answer}");
            bench.pass();
            for shown in [answer, bench.get(&path)] {
                assert!(!shown.to_string().contains(secret), "{method} {kind}: {shown}");
            }
        }
        let snapshot = serde_json::to_string(&bench.emulator.snapshot()).unwrap_or_default();
        assert!(snapshot.contains("target"), "{kind}");
        assert!(!snapshot.contains(secret), "{kind}");
    }
}
