//! What is in storage accounts, and vaults whose names are being registered.

use crate::support::{Bench, SUBSCRIPTION, id};
use serde_json::{Value, json};

fn account(rest: &str) -> String {
    id(&format!("Microsoft.Storage/storageAccounts/acct{rest}"))
}

#[test]
fn the_services_are_there_with_their_account() {
    let bench = Bench::with_network();
    let blob = bench.get(&account("/blobServices/default"));
    assert_eq!(blob["sku"], json!({"name": "Standard_LRS", "tier": "Standard"}));
    assert_eq!(
        blob["properties"],
        json!({"cors": {"corsRules": []}, "deleteRetentionPolicy": {"allowPermanentDelete": false, "enabled": false}})
    );
    let file = bench.get(&account("/fileServices/default"));
    assert_eq!(
        file["properties"]["shareDeleteRetentionPolicy"],
        json!({"enabled": true, "days": 7})
    );
    assert_eq!(
        bench.get(&account("/queueServices/default"))["properties"]["logging"]["version"],
        "1.0"
    );
    assert_eq!(
        bench.get(&account("/tableServices"))["value"][0]["name"],
        "default"
    );
    let change = json!({"properties": {"deleteRetentionPolicy": {"enabled": true, "days": 5}}});
    assert_eq!(
        bench.send("PUT", &account("/blobServices/default"), change).0,
        200
    );
    let blob = bench.get(&account("/blobServices/default"));
    assert_eq!(blob["sku"]["tier"], "Standard");
    assert_eq!(blob["properties"]["deleteRetentionPolicy"]["days"], 5);
    assert_eq!(
        bench.refused("PUT", &account("/blobServices/other"), json!({})).0,
        400
    );
    assert_eq!(
        bench
            .refused("DELETE", &account("/blobServices/default"), Value::Null)
            .0,
        405
    );
    assert_eq!(
        bench.refused(
            "GET",
            &id("Microsoft.Storage/storageAccounts/none/blobServices/default"),
            Value::Null
        ),
        (404, "ParentResourceNotFound".to_owned())
    );
}

#[test]
fn containers_shares_queues_and_tables_come_and_go() {
    let bench = Bench::with_network();
    for (path, created, deleted, missing) in [
        (
            "/blobServices/default/containers/c-1",
            201,
            200,
            "ContainerNotFound",
        ),
        ("/fileServices/default/shares/s-1", 201, 200, "ShareNotFound"),
        ("/queueServices/default/queues/q-1", 200, 204, "QueueNotFound"),
        ("/tableServices/default/tables/Table1", 200, 204, "TableNotFound"),
    ] {
        let path = account(path);
        let (list, name) = path.rsplit_once('/').unwrap_or_default();
        assert_eq!(
            bench.refused("GET", &path, Value::Null),
            (404, missing.to_owned())
        );
        let (status, answer, _) = bench.send("PUT", &path, json!({"name": name}));
        assert_eq!(status, created, "{answer}");
        assert_eq!(answer["properties"]["provisioningState"], Value::Null);
        assert_eq!(bench.send("PUT", &path, json!({})).0, 200);
        assert_eq!(bench.get(list)["value"][0]["id"], path);
        assert_eq!(bench.refused("PUT", &format!("{list}/-x"), json!({})).0, 400);
        assert_eq!(bench.send("DELETE", &path, Value::Null).0, deleted);
        assert_eq!(bench.send("DELETE", &path, Value::Null).0, 204);
    }
    let container = account("/blobServices/default/containers/data");
    bench.ok("PUT", &container, json!({"properties": {"publicAccess": "blob"}}));
    let shown = bench.get(&container);
    assert_eq!(shown["properties"]["publicAccess"], "Blob");
    assert!(shown["etag"].as_str().unwrap_or_default().starts_with("\"0x8D"));
    bench.ok(
        "PATCH",
        &container,
        json!({"properties": {"metadata": {"a": "b"}}}),
    );
    assert_eq!(bench.get(&container)["properties"]["metadata"], json!({"a": "b"}));
    let share = account("/fileServices/default/shares/data");
    assert_eq!(
        bench
            .refused("PUT", &share, json!({"properties": {"shareQuota": 0}}))
            .0,
        400
    );
    bench.ok("DELETE", &account(""), Value::Null);
    assert!(
        bench
            .emulator
            .resource_ids()
            .iter()
            .all(|id| !id.contains("/acct"))
    );
}

#[test]
fn a_policy_of_lifecycles_answers_days_with_a_fraction() {
    let bench = Bench::with_network();
    let path = account("/managementPolicies/default");
    let rule = |name: &str, kind: &str| {
        json!({"name": name, "type": kind, "enabled": true,
            "definition": {"actions": {"version": {"delete": {"daysAfterCreationGreaterThan": 30}}}}})
    };
    let policy = |rules: Value| json!({"properties": {"policy": {"rules": rules}}});
    assert_eq!(
        bench.refused("GET", &path, Value::Null),
        (404, "ManagementPolicyNotFound".to_owned())
    );
    let (status, answer, _) = bench.send("PUT", &path, policy(json!([rule("r", "Lifecycle")])));
    assert_eq!(
        (status, &answer["name"]),
        (200, &json!("DefaultManagementPolicy"))
    );
    let days = &answer["properties"]["policy"]["rules"][0]["definition"]["actions"]["version"]["delete"];
    assert_eq!(days["daysAfterCreationGreaterThan"].to_string(), "30.0");
    for rules in [
        json!([]),
        json!([rule("r", "Other")]),
        json!([rule("r", "Lifecycle"), rule("r", "Lifecycle")]),
    ] {
        assert_eq!(bench.refused("PUT", &path, policy(rules)).0, 400);
    }
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 200);
}

#[test]
fn a_vault_is_registered_after_its_time_or_some_reads() {
    let bench = Bench::with_network();
    let body = json!({"location": "westeurope", "properties": {"tenantId": SUBSCRIPTION, "accessPolicies": [], "sku": {"family": "A", "name": "standard"}}});
    let path = id("Microsoft.KeyVault/vaults/first");
    let state = || bench.get(&path)["properties"]["provisioningState"].clone();
    let (_, answer, _) = bench.send("PUT", &path, body.clone());
    assert_eq!(answer["properties"]["vaultUri"], "https://first.vault.azure.net");
    assert_eq!(
        [state(), state(), state()],
        ["RegisteringDns"; 3].map(Value::from)
    );
    assert_eq!(state(), "Succeeded");
    assert_eq!(
        bench.get(&path)["properties"]["vaultUri"],
        "https://first.vault.azure.net/"
    );
    // Recorded of updates once the name is registered.
    let (_, answer, _) = bench.send("PATCH", &path, json!({"tags": {"a": "b"}}));
    assert_eq!(answer["properties"]["vaultUri"], "https://first.vault.azure.net/");
    assert_eq!(bench.get(&path)["properties"]["sku"]["family"], "A");
    let other = id("Microsoft.KeyVault/vaults/second");
    bench.ok("PUT", &other, body);
    bench.pass();
    assert_eq!(bench.get(&other)["properties"]["provisioningState"], "Succeeded");
}

#[test]
fn an_account_has_two_keys_until_one_is_made_anew() {
    let bench = Bench::with_network();
    let keys = || bench.ok("POST", &account("/listKeys"), Value::Null)["keys"].clone();
    let before = keys();
    assert_eq!(before.as_array().map(Vec::len), Some(2));
    for (key, name) in [(&before[0], "key1"), (&before[1], "key2")] {
        assert_eq!(key["keyName"], name);
        assert_eq!(key["permissions"], "FULL");
        assert_eq!(key["creationTime"], "2026-01-01T00:00:00Z");
        // 64 bytes in Base64.
        let value = key["value"].as_str().unwrap_or_default();
        assert_eq!((value.len(), value.ends_with("==")), (88, true), "{value}");
    }
    assert_ne!(before[0]["value"], before[1]["value"]);
    assert_eq!(keys(), before);

    let after = bench.ok("POST", &account("/regenerateKey"), json!({"keyName": "key2"}))["keys"].clone();
    assert!(bench.last_changed());
    assert_eq!(after, keys());
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1]["value"], before[1]["value"]);

    assert_eq!(
        bench
            .refused("POST", &account("/regenerateKey"), json!({"keyName": "key3"}))
            .0,
        400
    );
    assert_eq!(
        bench.refused("POST", &account("/regenerateKey"), json!({})).0,
        400
    );
    assert_eq!(
        bench.refused(
            "POST",
            &id("Microsoft.Storage/storageAccounts/none/listKeys"),
            Value::Null
        ),
        (404, "ResourceNotFound".to_owned())
    );
}
