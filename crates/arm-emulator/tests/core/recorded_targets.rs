//! What targets of private endpoints answered to other clients, as it was recorded.

#![allow(clippy::indexing_slicing, reason = "test code")]

use crate::support::{Bench, SUBSCRIPTION, endpoint_on, id, network, service_body, target_body};
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
        let body = target_body(&properties);
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

const LIST: &str = "/properties/privateLinkServiceConnections/0/properties/privateLinkServiceConnectionState";

/// The state of an endpoint's connection, as the endpoint shows it.
fn state(endpoint: &Value) -> Value {
    endpoint.pointer(LIST).cloned().unwrap_or_default()
}

/// An endpoint `pe` with a connection `c`: its state as it is made and once it is, and the only connection on the target.
fn connected(bench: &Bench, target: &str, groups: &[&str]) -> (Value, Value, Value) {
    let made = bench.ok(
        "PUT",
        &network("privateEndpoints/pe"),
        endpoint_on("a", target, groups, false),
    );
    bench.pass();
    let shown = bench.get(&network("privateEndpoints/pe"));
    let listed = bench.get(&format!("{target}/privateEndpointConnections"));
    (state(&made), state(&shown), listed["value"][0].clone())
}

fn decision(connection: &Value, state: Value) -> Value {
    let mut body = connection.clone();
    body["properties"]["privateLinkServiceConnectionState"] = state;
    body
}

fn url(headers: &http::HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    value.to_str().ok().map(str::to_owned)
}

#[test]
fn a_vault_rejects_and_approves_after_all() {
    let bench = Bench::with_network();
    let vault = id("Microsoft.KeyVault/vaults/kvx");
    bench.ok(
        "PUT",
        &vault,
        json!({"location": "centraluseuap", "properties": {"tenantId": SUBSCRIPTION, "sku": {"family": "A", "name": "standard"}}}),
    );
    bench.pass();
    let (made, shown, connection) = connected(&bench, &vault, &["vault"]);
    assert_eq!(
        made,
        json!({"status": "Approved", "description": "Auto Approved", "actionsRequired": "None"})
    );
    assert_eq!(
        shown,
        json!({"status": "Approved", "description": "", "actionsRequired": "None"})
    );
    let path = format!("{vault}/privateEndpointConnections/c");
    let endpoint = network("privateEndpoints/pe");
    let untouched = json!({
        "id": path, "name": "c", "type": "Microsoft.KeyVault/vaults/privateEndpointConnections",
        "location": "centraluseuap",
        "properties": {
            "provisioningState": "Succeeded",
            "privateEndpoint": {"id": endpoint},
            "privateLinkServiceConnectionState": {"status": "Approved", "actionsRequired": "None"},
        },
    });
    assert_eq!(connection, untouched);
    for (status, words) in [
        ("Rejected", "You are rejected!"),
        ("Approved", "You are approved!"),
    ] {
        let wanted = json!({"status": status, "description": words, "actionsRequired": "None"});
        let body = decision(&bench.get(&path), wanted.clone());
        let (code, answer, headers) = bench.send("PUT", &path, body);
        assert_eq!(code, 200, "{answer}");
        let told = url(&headers, "azure-asyncoperation").unwrap_or_default();
        assert!(
            told.contains(&format!("{path}?api-version=2024-05-01&kv-operation=")),
            "{told}"
        );
        assert_eq!(url(&headers, "location"), None);
        assert_eq!(url(&headers, "retry-after"), None);
        assert_eq!(answer["properties"]["provisioningState"], "Updating");
        assert_eq!(answer["location"], "centraluseuap");
        let etag = answer["etag"].as_str().unwrap_or_default().to_owned();
        assert!(
            etag.len() == 32 && etag.chars().all(|one| one.is_ascii_hexdigit()),
            "{etag}"
        );
        assert_eq!(bench.get(&path), answer);
        assert_eq!(bench.get(&told)["status"], "InProgress");
        bench.pass();
        assert_eq!(bench.get(&told)["status"], "Succeeded");
        let shown = bench.get(&path);
        assert_eq!(shown["properties"]["provisioningState"], "Succeeded");
        assert_eq!(shown["properties"]["privateLinkServiceConnectionState"], wanted);
        assert_ne!(shown["etag"], json!(etag));
        let listed = bench.get(&vault)["properties"]["privateEndpointConnections"][0].clone();
        assert_eq!(listed["etag"], shown["etag"]);
        let shown = bench.get(&endpoint);
        assert_eq!(state(&shown), wanted);
        assert_eq!(
            shown["properties"]["customDnsConfigs"][0]["fqdn"] == "kvx.vault.azure.net",
            status == "Approved"
        );
    }
    let (code, answer, headers) = bench.send("DELETE", &path, Value::Null);
    assert_eq!((code, answer), (202, Value::Null));
    assert_eq!(url(&headers, "azure-asyncoperation"), None);
    let told = url(&headers, "location").unwrap_or_default();
    assert!(
        told.contains(&format!("{path}?")) && told.contains("&kv-operation="),
        "{told}"
    );
    assert_eq!(bench.send("GET", &told, Value::Null).0, 202);
    bench.pass();
    assert_eq!(bench.send("GET", &told, Value::Null).0, 204);
    assert_eq!(bench.send("GET", &path, Value::Null).0, 404);
}

#[test]
fn connections_of_one_name_can_be_on_one_vault() {
    let bench = Bench::with_network();
    let vault = id("Microsoft.KeyVault/vaults/kvx");
    bench.ok("PUT", &vault, target_body(&json!({})));
    bench.pass();
    for endpoint in ["one", "two"] {
        bench.ok(
            "PUT",
            &network(&format!("privateEndpoints/{endpoint}")),
            endpoint_on("a", &vault, &["vault"], false),
        );
    }
    let listed = bench.get(&format!("{vault}/privateEndpointConnections"));
    let names: Vec<&str> = listed["value"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert!(
        matches!(names.as_slice(), ["c", other] if other.starts_with("c.")),
        "{names:?}"
    );
}

#[test]
fn a_server_names_and_drops_its_connections() {
    let bench = Bench::with_network();
    let path = id(SERVER);
    bench.ok("PUT", &path, server());
    bench.pass();
    let (made, shown, connection) = connected(&bench, &path, &["sqlServer"]);
    assert_eq!(made["description"], "Auto Approved");
    let approved = json!({"status": "Approved", "description": "Auto-approved", "actionsRequired": "None"});
    assert_eq!(shown, approved);
    let name = connection["name"].as_str().unwrap_or_default();
    assert!(name.starts_with("pe-") && name.len() == 39, "{name}");
    assert_eq!(
        connection,
        json!({
            "id": format!("{path}/privateEndpointConnections/{name}"), "name": name,
            "type": "Microsoft.Sql/servers/privateEndpointConnections",
            "properties": {
                "privateEndpoint": {"id": network("privateEndpoints/pe")},
                "groupIds": ["sqlServer"],
                "privateLinkServiceConnectionState": approved,
                "provisioningState": "Ready",
            },
        })
    );
    let (status, answer, headers) = bench.send(
        "DELETE",
        connection["id"].as_str().unwrap_or_default(),
        Value::Null,
    );
    assert_eq!(status, 202);
    assert_eq!(
        answer,
        json!({"operation": "DropPrivateEndpointConnection", "startTime": answer["startTime"]})
    );
    let below = "/resourceGroups/g/providers/Microsoft.Sql/locations/westus/privateEndpointConnection";
    for (header, last) in [
        ("azure-asyncoperation", "AzureAsyncOperation"),
        ("location", "OperationResults"),
    ] {
        let told = url(&headers, header).unwrap_or_default();
        assert!(told.contains(&format!("{below}{last}/")), "{told}");
    }
}

#[test]
fn a_service_keeps_what_its_owner_says_has_to_be_done() {
    let bench = Bench::with_network();
    let service = network("privateLinkServices/pls");
    let subscriptions = json!({"subscriptions": [crate::support::SUBSCRIPTION]});
    let more = json!({"autoApproval": subscriptions, "visibility": subscriptions});
    bench.ok("PUT", &service, service_body(&bench, more));
    bench.pass();
    let (made, shown, connection) = connected(&bench, &service, &[]);
    let approved = json!({"status": "Approved", "description": "Auto Approved", "actionsRequired": "None"});
    assert_eq!((&made, &shown), (&approved, &approved));
    assert_eq!(
        connection["properties"]["privateLinkServiceConnectionState"],
        approved
    );
    let path = connection["id"].as_str().unwrap_or_default().to_owned();
    let wanted = json!({"status": "Rejected", "description": "", "actionsRequired": "need action"});
    let (status, answer, headers) = bench.send("PUT", &path, decision(&connection, wanted.clone()));
    assert_eq!(status, 200, "{answer}");
    let told = url(&headers, "azure-asyncoperation").unwrap_or_default();
    assert!(told.contains("/providers/Microsoft.Network/locations/westeurope/operations/"));
    assert_eq!(url(&headers, "location"), None);
    assert_eq!(answer["properties"]["provisioningState"], "Updating");
    assert_eq!(answer["properties"]["privateLinkServiceConnectionState"], wanted);
    let whole = bench.get(&service);
    assert!(whole["etag"].is_string());
    assert_eq!(answer["etag"], whole["etag"]);
    assert_eq!(
        whole["properties"]["privateEndpointConnections"][0]["etag"],
        whole["etag"]
    );
    bench.pass();
    assert_eq!(bench.get(&told)["status"], "Succeeded");
    let shown = bench.get(&path);
    assert_eq!(shown["properties"]["provisioningState"], "Succeeded");
    assert_eq!(shown["properties"]["privateLinkServiceConnectionState"], wanted);
    assert_eq!(state(&bench.get(&network("privateEndpoints/pe"))), wanted);
    let copy = bench.emulator.snapshot();
    bench.emulator.restore(&copy);
    assert_eq!(state(&bench.get(&network("privateEndpoints/pe"))), wanted);
}

#[test]
fn each_target_names_connections_in_its_own_way() {
    let bench = Bench::with_network();
    for (target, group, begin, length) in [
        // A registry's GUID has no hyphens.
        (
            "Microsoft.ContainerRegistry/registries/regis",
            "registry",
            "regis.",
            38,
        ),
        (
            "Microsoft.AppConfiguration/configurationStores/store",
            "configurationStores",
            "c",
            1,
        ),
        ("Microsoft.Web/sites/site", "sites", "c-", 38),
        ("Microsoft.DocumentDB/databaseAccounts/cos", "Sql", "reached", 7),
        ("Microsoft.Storage/storageAccounts/acct", "blob", "acct.", 41),
    ] {
        let path = id(target);
        if !target.ends_with("acct") {
            bench.ok("PUT", &path, target_body(&json!({})));
            bench.pass();
        }
        let endpoint = network("privateEndpoints/reached");
        bench.ok("PUT", &endpoint, endpoint_on("a", &path, &[group], true));
        bench.pass();
        let listed = bench.get(&format!("{path}/privateEndpointConnections"));
        let name = listed["value"][0]["name"].as_str().unwrap_or_default();
        assert!(
            name.starts_with(begin) && name.len() == length,
            "{target}: {name}"
        );
        // A site shows no address to whom it has not approved.
        if group == "sites" {
            assert_eq!(listed["value"][0]["properties"]["ipAddresses"], json!([]));
        }
        bench.ok("DELETE", &endpoint, Value::Null);
        bench.pass();
    }
}

#[test]
fn an_account_lists_its_second_region_where_it_can_be_read() {
    let bench = Bench::with_network();
    let groups = |sku: &str| {
        let path = id("Microsoft.Storage/storageAccounts/other");
        let body =
            json!({"location": "westeurope", "kind": "StorageV2", "sku": {"name": sku}, "properties": {}});
        bench.ok("PUT", &path, body);
        bench.pass();
        let listed = bench.get(&format!("{path}/privateLinkResources"));
        listed["value"].as_array().map(Vec::len).unwrap_or_default()
    };
    for (sku, count) in [
        ("Standard_LRS", 6),
        ("Standard_GRS", 6),
        ("Standard_RAGRS", 11),
        ("Standard_RAGZRS", 11),
    ] {
        assert_eq!(groups(sku), count, "{sku}");
    }
}

#[test]
fn an_account_encrypts_blobs_and_files() {
    let bench = Bench::with_network();
    let path = id("Microsoft.Storage/storageAccounts/other");
    let sent = json!({"services": {"blob": {}}, "keySource": "Microsoft.Storage"});
    bench.ok(
        "PUT",
        &path,
        json!({"location": "westus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {"encryption": sent}}),
    );
    bench.pass();
    let shown = bench.get(&path);
    let service = json!({"keyType": "Account", "enabled": true, "lastEnabledTime": shown["properties"]["creationTime"]});
    assert_eq!(
        shown["properties"]["encryption"],
        json!({"services": {"file": service, "blob": service}, "keySource": "Microsoft.Storage"})
    );
    assert_eq!(
        shown["properties"]["primaryEndpoints"]["web"],
        "https://other.z22.web.core.windows.net/"
    );
    bench.ok("PUT", &path, shown);
    assert!(!bench.last_changed(), "what is read can be written back");
}

#[test]
fn an_account_s_own_name_comes_before_those_of_its_regions() {
    let bench = Bench::with_network();
    let account = id("Microsoft.DocumentDB/databaseAccounts/cos");
    bench.ok(
        "PUT",
        &account,
        target_body(&json!({"locations": [{"locationName": "West Europe"}]})),
    );
    bench.pass();
    connected(&bench, &account, &["Sql"]);
    let shown = bench.get(&network("privateEndpoints/pe"));
    assert_eq!(
        shown["properties"]["customDnsConfigs"],
        json!([
            {"fqdn": "cos.documents.azure.com", "ipAddresses": ["10.0.0.4"]},
            {"fqdn": "cos-westeurope.documents.azure.com", "ipAddresses": ["10.0.0.5"]},
        ])
    );
}
