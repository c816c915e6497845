//! What vaults, accounts and providers answered to other clients, as it was recorded.

#![allow(clippy::indexing_slicing, reason = "test code")]

use crate::support::{Bench, SUBSCRIPTION, id, target_body};
use jiff::SignedDuration;
use serde_json::{Value, json};

fn deleted(name: &str) -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/{name}"
    )
}

fn vault_body(more: &Value) -> Value {
    let mut body = json!({"location": "westeurope", "properties": {
        "tenantId": SUBSCRIPTION, "sku": {"family": "A", "name": "standard"}, "accessPolicies": [],
        "softDeleteRetentionInDays": 7,
    }});
    for (name, value) in more.as_object().into_iter().flatten() {
        body["properties"][name] = value.clone();
    }
    body
}

#[test]
fn a_vault_shows_who_reaches_it_as_recorded() {
    let bench = Bench::with_network();
    let path = id("Microsoft.KeyVault/vaults/kv1");
    let open = vault_body(&json!({"networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"}}));
    let shown = json!({
        "sku": {"family": "A", "name": "standard"}, "tenantId": SUBSCRIPTION, "accessPolicies": [],
        "enabledForDeployment": false, "enableSoftDelete": true, "softDeleteRetentionInDays": 7,
        "vaultUri": "https://kv1.vault.azure.net", "provisioningState": "RegisteringDns", "publicNetworkAccess": "Enabled",
    });
    assert_eq!(bench.ok("PUT", &path, open)["properties"], shown);
    bench.pass();
    assert_eq!(bench.get(&path)["properties"]["publicNetworkAccess"], "Enabled");
    let older = bench.get(&format!("{path}?api-version=2021-04-01-preview"));
    assert_eq!(older["properties"]["publicNetworkAccess"], Value::Null);
    let rules = json!({
        "bypass": "AzureServices", "defaultAction": "Deny", "ipRules": [{"value": "4.5.0.0/16"}], "virtualNetworkRules": [],
    });
    let closed = vault_body(&json!({"networkAcls": rules}));
    let changed = bench.ok("PUT", &path, closed);
    assert_eq!(changed["properties"]["networkAcls"], rules);
    assert_eq!(changed["properties"]["provisioningState"], "Succeeded");
    assert_eq!(changed["properties"]["vaultUri"], "https://kv1.vault.azure.net/");
}

/// A vault `kv1` that was made and deleted.
fn with_deleted(more: &Value) -> (Bench, String) {
    let bench = Bench::with_network();
    let vault = id("Microsoft.KeyVault/vaults/kv1");
    bench.ok("PUT", &vault, vault_body(more));
    bench.pass();
    let (status, body, _) = bench.send("DELETE", &vault, Value::Null);
    assert_eq!((status, body), (200, Value::Null));
    (bench, vault)
}

#[test]
fn a_deleted_vault_is_kept_and_comes_back() {
    let (bench, vault) = with_deleted(&json!({}));
    let shown = bench.get(&deleted("kv1"));
    let date = "2026-01-0";
    let properties = &shown["properties"];
    let day = |name: &str| properties[name].as_str().unwrap_or_default().to_owned();
    assert!(day("deletionDate").starts_with(date), "{shown}");
    assert_eq!(day("deletionDate").len(), "2022-04-07T07:21:39Z".len());
    assert_eq!(
        shown,
        json!({
            "id": deleted("kv1"), "name": "kv1", "type": "Microsoft.KeyVault/deletedVaults",
            "properties": {
                "vaultId": vault, "location": "westeurope", "tags": {},
                "deletionDate": day("deletionDate"), "scheduledPurgeDate": day("scheduledPurgeDate"),
            },
        })
    );
    let list = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/deletedVaults");
    assert_eq!(bench.get(&list), json!({"value": [shown]}));
    // Its name cannot be taken.
    let (status, refusal, _) = bench.send("PUT", &vault, vault_body(&json!({})));
    assert_eq!(status, 409);
    assert_eq!(
        refusal["error"],
        json!({
            "code": "ConflictError",
            "message": "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.",
        })
    );
    let check = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/checkNameAvailability");
    let asked = json!({"name": "kv1", "type": "Microsoft.KeyVault/vaults"});
    assert_eq!(bench.ok("POST", &check, asked.clone())["nameAvailable"], false);
    // A snapshot knows it.
    let other = Bench::empty();
    assert!(other.emulator.load(&bench.emulator.snapshot()).is_ok());
    assert_eq!(other.get(&deleted("kv1")), shown);

    let minimal = json!({"location": "westeurope", "properties": {
        "tenantId": SUBSCRIPTION, "sku": {"family": "A", "name": "standard"}, "createMode": "recover",
    }});
    let (status, answer, _) = bench.send("PUT", &vault, minimal.clone());
    assert_eq!(status, 200);
    assert_eq!(answer["properties"]["provisioningState"], "Succeeded");
    assert_eq!(answer["properties"]["softDeleteRetentionInDays"], 7);
    assert_eq!(answer["properties"]["vaultUri"], "https://kv1.vault.azure.net/");
    assert_eq!(bench.get(&vault), answer);
    assert_eq!(
        bench.refused("GET", &deleted("kv1"), Value::Null).1,
        "DeletedVaultNotFound"
    );
    assert_eq!(bench.get(&list), json!({"value": []}));
    let none = id("Microsoft.KeyVault/vaults/kv2");
    assert_eq!(
        bench.refused("PUT", &none, minimal),
        (404, "DeletedVaultNotFound".into())
    );
}

#[test]
fn a_deleted_vault_is_purged() {
    let (bench, vault) = with_deleted(&json!({}));
    let purge = format!("{}/purge", deleted("kv1"));
    let (status, body, headers) = bench.send("POST", &purge, Value::Null);
    assert_eq!((status, body), (202, Value::Null));
    assert!(!headers.contains_key("azure-asyncoperation"));
    let url = headers["location"].to_str().unwrap_or_default().to_owned();
    assert!(
        url.contains("/providers/Microsoft.KeyVault/locations/westeurope/operationResults/"),
        "{url}"
    );
    assert_eq!(bench.send("GET", &url, Value::Null).0, 202);
    bench.pass();
    let (status, answer, _) = bench.send("GET", &url, Value::Null);
    assert_eq!((status, &answer["status"]), (200, &json!("Succeeded")));
    let begun = answer["createdDateTime"].as_str().unwrap_or_default();
    assert_eq!(begun.len(), "2022-04-07 07:22:08Z".len(), "{answer}");
    assert!(answer["lastActionDateTime"].is_string());
    assert_eq!(
        bench.refused("POST", &purge, Value::Null),
        (404, "DeletedVaultNotFound".into())
    );
    bench.ok("PUT", &vault, vault_body(&json!({})));
}

#[test]
fn a_protected_vault_waits_for_its_day() {
    let (bench, vault) = with_deleted(&json!({"enablePurgeProtection": true}));
    assert_eq!(
        bench.get(&deleted("kv1"))["properties"]["purgeProtectionEnabled"],
        true
    );
    let (_, refusal, _) = bench.send("POST", &format!("{}/purge", deleted("kv1")), Value::Null);
    assert_eq!(
        refusal["error"],
        json!({"code": "MethodNotAllowed", "message": "Operation 'DeletedVaultPurge' is not allowed."})
    );
    bench.emulator.advance(SignedDuration::from_hours(8 * 24));
    assert_eq!(bench.refused("GET", &deleted("kv1"), Value::Null).0, 404);
    bench.ok("PUT", &vault, vault_body(&json!({})));
}

#[test]
fn vaults_go_with_their_group_and_are_kept() {
    let bench = Bench::with_network();
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g");
    bench.ok(
        "PUT",
        &id("Microsoft.KeyVault/vaults/kv1"),
        vault_body(&json!({})),
    );
    bench.pass();
    bench.ok("DELETE", &group, Value::Null);
    bench.pass();
    assert_eq!(bench.get(&deleted("kv1"))["name"], "kv1");
}

#[test]
fn an_account_shows_its_regions_as_recorded() {
    let bench = Bench::with_network();
    let path = id("Microsoft.DocumentDB/databaseAccounts/cli2");
    let begun = bench.ok(
        "PUT",
        &path,
        json!({"location": "westus", "kind": "MongoDB", "properties": {
            "locations": [{"locationName": "westus", "failoverPriority": 0, "isZoneRedundant": false}],
            "databaseAccountOfferType": "Standard", "ipRules": [{"ipAddressOrRange": "20.10.10.10"}],
            "apiProperties": {"serverVersion": "3.2"}, "enableAnalyticalStorage": true,
        }}),
    );
    let place = json!({
        "id": "cli2-westus", "locationName": "West US", "provisioningState": "Creating", "failoverPriority": 0,
        "isZoneRedundant": false,
    });
    assert_eq!(begun["properties"]["writeLocations"], json!([place]));
    bench.pass();
    let mut shown = bench.get(&path);
    assert_eq!(shown["location"], "West US");
    assert_eq!(
        (&shown["tags"], &shown["identity"]),
        (&json!({}), &json!({"type": "None"}))
    );
    let made = shown["systemData"]["createdAt"].clone();
    assert_eq!(shown["systemData"], json!({"createdAt": made}));
    let place = json!({
        "id": "cli2-westus", "locationName": "West US", "documentEndpoint": "https://cli2-westus.documents.azure.com:443/",
        "provisioningState": "Succeeded", "failoverPriority": 0, "isZoneRedundant": false,
    });
    let instance = shown["properties"]["instanceId"].clone();
    // Later versions than the recorded one show it.
    if let Some(fields) = shown["properties"].as_object_mut() {
        fields.remove("minimalTlsVersion");
    }
    assert_eq!(
        shown["properties"],
        json!({
            "provisioningState": "Succeeded", "documentEndpoint": "https://cli2.documents.azure.com:443/",
            "publicNetworkAccess": "Enabled", "enableAutomaticFailover": false, "enableMultipleWriteLocations": false,
            "enablePartitionKeyMonitor": false, "isVirtualNetworkFilterEnabled": false, "virtualNetworkRules": [],
            "EnabledApiTypes": "MongoDB", "disableKeyBasedMetadataWriteAccess": false, "enableFreeTier": false,
            "enableAnalyticalStorage": true, "instanceId": instance, "createMode": "Default",
            "databaseAccountOfferType": "Standard", "defaultIdentity": "FirstPartyIdentity", "networkAclBypass": "None",
            "consistencyPolicy": {"defaultConsistencyLevel": "Session", "maxIntervalInSeconds": 5, "maxStalenessPrefix": 100},
            "apiProperties": {"serverVersion": "3.2"}, "configurationOverrides": {},
            "writeLocations": [place], "readLocations": [place], "locations": [place],
            "failoverPolicies": [{"id": "cli2-westus", "locationName": "West US", "failoverPriority": 0}],
            "cors": [], "capabilities": [], "ipRules": [{"ipAddressOrRange": "20.10.10.10"}],
            "backupPolicy": {"type": "Periodic", "periodicModeProperties": {
                "backupIntervalInMinutes": 240, "backupRetentionIntervalInHours": 8, "backupStorageRedundancy": "Geo",
            }},
            "networkAclBypassResourceIds": [],
        })
    );
    // What a client has read it sends back in an update.
    let whole = bench.get(&path);
    bench.ok("PUT", &path, whole.clone());
    assert!(!bench.last_changed(), "what is read can be written back");
    bench.pass();
    let theirs =
        json!({"properties": {"writeLocations": [], "instanceId": "theirs", "failoverPolicies": []}});
    bench.ok("PATCH", &path, theirs);
    assert!(!bench.last_changed(), "what the provider makes nobody sets");
    bench.pass();
    bench.ok(
        "PATCH",
        &path,
        json!({"properties": {"locations": whole["properties"]["locations"], "ipRules": [], "enableAutomaticFailover": true}}),
    );
    bench.pass();
    assert_eq!(bench.get(&path)["properties"]["enableAutomaticFailover"], true);
}

#[test]
fn a_site_s_name_is_checked() {
    let bench = Bench::with_network();
    let check = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Web/checknameavailability");
    let asked = json!({"name": "mysite", "type": "Microsoft.Web/sites"});
    assert_eq!(
        bench.ok("POST", &check, asked.clone()),
        json!({"nameAvailable": true, "reason": "", "message": ""})
    );
    bench.ok("PUT", &id("Microsoft.Web/sites/mysite"), target_body(&json!({})));
    bench.pass();
    assert_eq!(
        bench.ok("POST", &check, asked),
        json!({
            "nameAvailable": false, "reason": "AlreadyExists",
            "message": "Hostname 'mysite' already exists. Please select a different name.",
        })
    );
    assert_eq!(bench.refused("POST", &check, json!({"name": "x"})).0, 400);
}

#[test]
fn providers_say_where_their_types_can_be() {
    let bench = Bench::with_network();
    let provider = |name: &str| bench.get(&format!("/subscriptions/{SUBSCRIPTION}/providers/{name}"));
    let locations = |provider: &Value, kind: &str| {
        provider["resourceTypes"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|shown| shown["resourceType"] == kind)
            .map(|shown| (shown["locations"].clone(), shown["capabilities"].clone()))
            .unwrap_or_default()
    };
    let network = provider("Microsoft.Network");
    let (regions, capabilities) = locations(&network, "virtualNetworks");
    let named = |name: &str| regions.as_array().is_some_and(|all| all.contains(&json!(name)));
    assert!(
        named("West Europe") && named("East US 2") && !named("China East"),
        "{regions}"
    );
    assert_eq!(capabilities, "SupportsTags, SupportsLocation");
    assert_eq!(locations(&network, "virtualNetworks/subnets").0, regions);
    assert_eq!(locations(&network, "privateDnsZones").0, json!(["global"]));
    let rights = provider("Microsoft.Authorization");
    assert_eq!(
        locations(&rights, "locks"),
        (json!([]), json!("SupportsExtension"))
    );
    let vaults = provider("Microsoft.KeyVault");
    assert_eq!(locations(&vaults, "deletedVaults"), (json!([]), json!("None")));
    let stores = provider("Microsoft.AppConfiguration");
    assert_eq!(stores["resourceTypes"][0]["defaultApiVersion"], "2024-06-01");
}

#[test]
fn a_role_says_what_it_was_made_with() {
    let bench = Bench::with_network();
    let scope = format!("/subscriptions/{SUBSCRIPTION}");
    let role = format!(
        "{scope}/providers/Microsoft.Authorization/roleDefinitions/14347f94-76d9-48f6-932e-7997d99a45b2"
    );
    let properties = json!({
        "roleName": "Reader vm", "description": "Read, monitor and restart virtual machines", "type": "CustomRole",
        "permissions": [{"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}],
        "assignableScopes": [scope],
    });
    let (status, made, _) = bench.send("PUT", &format!("/{role}"), json!({"properties": properties}));
    assert_eq!(status, 201);
    let read = bench.get(&role);
    assert_eq!(read, made);
    let mut shown = read["properties"].clone();
    if let Some(fields) = shown.as_object_mut() {
        for name in ["createdOn", "updatedOn", "createdBy", "updatedBy"] {
            assert!(
                fields.remove(name).is_some_and(|value| value.is_string()),
                "{name}"
            );
        }
    }
    assert_eq!(shown, properties);
    let list = format!(
        "{scope}/providers/Microsoft.Authorization/roleDefinitions?api-version=2018-01-01-preview&$filter=roleName%20eq%20'Reader%20vm'"
    );
    assert_eq!(bench.get(&list), json!({"value": [read]}));
}

#[test]
fn a_lock_says_from_a_version_on_who_made_it() {
    let bench = Bench::with_network();
    let list = id("Microsoft.Authorization/locks");
    let path = format!("{list}/l");
    let older = |path: &str| format!("{path}?api-version=2016-09-01");
    let shown = |properties: Value| json!({"properties": properties, "id": path, "type": "Microsoft.Authorization/locks", "name": "l"});
    for (properties, expected) in [
        (json!({"level": "CanNotDelete"}), 201),
        (json!({"level": "ReadOnly", "notes": "notes"}), 200),
    ] {
        let (status, answer, _) = bench.send("PUT", &older(&path), json!({"properties": properties}));
        assert_eq!((status, answer), (expected, shown(properties)));
    }
    let last = shown(json!({"level": "ReadOnly", "notes": "notes"}));
    assert_eq!(bench.get(&older(&path)), last);
    assert_eq!(bench.get(&older(&list)), json!({"value": [last]}));
    let newer = bench.get(&format!("{path}?api-version=2020-05-01"));
    assert!(newer["systemData"]["createdAt"].is_string(), "{newer}");
    let (status, body, _) = bench.send("DELETE", &older(&path), Value::Null);
    assert_eq!((status, body), (200, Value::Null));
}

#[test]
fn an_account_of_the_first_kind_shows_less() {
    let bench = Bench::with_network();
    let path = id("Microsoft.Storage/storageAccounts/sa4");
    let body = json!({"location": "westus", "kind": "Storage", "sku": {"name": "Standard_LRS"}});
    bench.ok("PUT", &path, body);
    bench.pass();
    let shown = bench.get(&path);
    let properties = &shown["properties"];
    let made = properties["creationTime"].clone();
    let key = properties["keyCreationTime"]["key1"].clone();
    let service = json!({"keyType": "Account", "enabled": true, "lastEnabledTime": made});
    assert_eq!(
        *properties,
        json!({
            "keyCreationTime": {"key1": key, "key2": key}, "allowCrossTenantReplication": false,
            "privateEndpointConnections": [], "minimumTlsVersion": "TLS1_0", "allowBlobPublicAccess": false,
            "networkAcls": {"ipv6Rules": [], "bypass": "AzureServices", "virtualNetworkRules": [], "ipRules": [], "defaultAction": "Allow"},
            "supportsHttpsTrafficOnly": true,
            "encryption": {"services": {"file": service, "blob": service}, "keySource": "Microsoft.Storage"},
            "provisioningState": "Succeeded", "creationTime": made,
            "primaryEndpoints": {
                "blob": "https://sa4.blob.core.windows.net/", "queue": "https://sa4.queue.core.windows.net/",
                "table": "https://sa4.table.core.windows.net/", "file": "https://sa4.file.core.windows.net/",
            },
            "primaryLocation": "westus", "statusOfPrimary": "available",
        })
    );
    assert_eq!(shown["tags"], json!({}));
    assert_eq!(shown["sku"], json!({"name": "Standard_LRS", "tier": "Standard"}));
}
