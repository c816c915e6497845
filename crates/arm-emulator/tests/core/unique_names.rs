//! Names that only one target in the world may have.

use serde_json::{Value, json};

use crate::support::{Bench, SUBSCRIPTION, id, purge, target_body};

const ELSEWHERE: &str = "22222222-2222-2222-2222-222222222222";

/// The same resource in another group, and in another subscription.
fn other_places(bench: &Bench, path: &str) -> [String; 2] {
    let here = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g");
    [(SUBSCRIPTION, "h"), (ELSEWHERE, "g")].map(|(subscription, group)| {
        let group = format!("/subscriptions/{subscription}/resourceGroups/{group}");
        bench.send("PUT", &group, json!({"location": "westeurope"}));
        path.replace(&here, &group)
    })
}

#[test]
fn a_public_name_belongs_to_one_target() {
    let bench = Bench::with_network();
    for (kind, status, code, words) in [
        (
            "Microsoft.Storage/storageAccounts",
            409,
            "StorageAccountAlreadyTaken",
            "The storage account named taken1 is already taken.",
        ),
        (
            "Microsoft.KeyVault/vaults",
            409,
            "VaultAlreadyExists",
            "The vault name 'taken1' is already in use.",
        ),
        (
            "Microsoft.Sql/servers",
            409,
            "NameAlreadyExists",
            "The name 'taken1' already exists. Choose a different name.",
        ),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            400,
            "BadRequest",
            "Dns record for taken1 under zone Document is already taken.",
        ),
        (
            "Microsoft.ContainerRegistry/registries",
            409,
            "AlreadyInUse",
            "The registry DNS name taken1.azurecr.io is already in use.",
        ),
        (
            "Microsoft.Web/sites",
            409,
            "Conflict",
            "Website with given name taken1 already exists.",
        ),
        (
            "Microsoft.EventHub/namespaces",
            400,
            "BadRequest",
            "The specified name is not available.",
        ),
        (
            "Microsoft.Cache/redis",
            409,
            "NameNotAvailable",
            "An error occured when trying to reserve the DNS name",
        ),
        (
            "Microsoft.AppConfiguration/configurationStores",
            409,
            "NameUnavailable",
            "The specified name 'taken1' is already in use.",
        ),
        (
            "Microsoft.CognitiveServices/accounts",
            409,
            "CustomDomainInUse",
            "Please pick a different name.",
        ),
        (
            "Microsoft.Search/searchServices",
            409,
            "NameAlreadyExists",
            "The name 'taken1' already exists.",
        ),
    ] {
        let body = target_body(&json!({}));
        let body = if kind.contains("Storage") {
            json!({"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}})
        } else {
            body
        };
        let own = id(&format!("{kind}/taken1"));
        let (made, answer, _) = bench.send("PUT", &own, body.clone());
        assert!(made < 300, "{kind}: {answer}");
        bench.pass();
        for other in other_places(&bench, &own) {
            let (refused, answer, _) = bench.send("PUT", &other, body.clone());
            assert_eq!(
                (refused, answer["error"]["code"].as_str()),
                (status, Some(code)),
                "{kind}"
            );
            let told = answer["error"]["message"].as_str().unwrap_or_default();
            assert!(told.starts_with(words), "{told}");
            assert_eq!(bench.send("GET", &other, Value::Null).0, 404);
        }
        // Its own name is no obstacle.
        let (again, answer, _) = bench.send("PUT", &own, body.clone());
        assert!(again < 300, "{kind}: {answer}");
        bench.pass();
        bench.send("DELETE", &own, Value::Null);
        bench.pass();
        if kind == "Microsoft.KeyVault/vaults" {
            // A deleted vault has its name until it is purged.
            bench.ok("POST", &purge("taken1"), Value::Null);
        }
        let [next, _] = other_places(&bench, &own);
        let (free, answer, _) = bench.send("PUT", &next, body);
        assert!(free < 300, "{kind}: {answer}");
        bench.pass();
    }
}

#[test]
fn what_is_named_by_region_or_privately_may_share_a_name() {
    let bench = Bench::with_network();
    let topic = id("Microsoft.EventGrid/topics/t");
    let cluster = id("Microsoft.ContainerService/managedClusters/k");
    let [topic_in_h, topic_elsewhere] = other_places(&bench, &topic);
    let [cluster_in_h, _] = other_places(&bench, &cluster);
    for (path, location, good) in [
        (&topic, "westeurope", true),
        (&topic_in_h, "westeurope", false),
        (&topic_elsewhere, "northeurope", true),
        (&cluster, "westeurope", true),
        (&cluster_in_h, "westeurope", true),
    ] {
        let (status, answer, _) = bench.send("PUT", path, json!({"location": location, "properties": {}}));
        assert_eq!(status < 300, good, "{path}: {answer}");
    }
}

#[test]
fn queues_and_hubs_share_one_zone() {
    let bench = Bench::with_network();
    let body = json!({"location": "westeurope", "sku": {"name": "Premium"}});
    let (status, answer, _) = bench.send("PUT", &id("Microsoft.EventHub/namespaces/shared"), body.clone());
    assert!(status < 300, "{answer}");
    bench.pass();
    assert_eq!(
        bench.refused("PUT", &id("Microsoft.ServiceBus/namespaces/shared"), body),
        (400, "BadRequest".to_owned())
    );
}

#[test]
fn providers_say_whether_a_name_can_be_had() {
    let bench = Bench::with_network();
    let storage = format!("/subscriptions/{ELSEWHERE}/providers/Microsoft.Storage/checkNameAvailability");
    let vaults = format!("/subscriptions/{ELSEWHERE}/providers/Microsoft.KeyVault/checkNameAvailability");
    let account = "Microsoft.Storage/storageAccounts";
    bench.ok(
        "PUT",
        &id("Microsoft.KeyVault/vaults/safe"),
        json!({"location": "westeurope",
        "properties": {"tenantId": ELSEWHERE, "sku": {"family": "A", "name": "standard"}}}),
    );
    for (path, kind, name, expected) in [
        (&storage, account, "free1", json!({"nameAvailable": true})),
        (
            &storage,
            account,
            "acct",
            json!({"nameAvailable": false, "reason": "AlreadyExists",
            "message": "The storage account named acct is already taken."}),
        ),
        (
            &storage,
            account,
            "A-b",
            json!({"nameAvailable": false, "reason": "AccountNameInvalid",
            "message": "A-b is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only."}),
        ),
        (
            &vaults,
            "Microsoft.KeyVault/vaults",
            "free1",
            json!({"nameAvailable": true}),
        ),
    ] {
        assert_eq!(
            bench.ok("POST", path, json!({"name": name, "type": kind})),
            expected
        );
    }
    let taken = bench.ok(
        "POST",
        &vaults,
        json!({"name": "SAFE", "type": "Microsoft.KeyVault/vaults"}),
    );
    assert_eq!(
        (&taken["nameAvailable"], &taken["reason"]),
        (&json!(false), &json!("AlreadyExists"))
    );
    let invalid = bench.ok(
        "POST",
        &vaults,
        json!({"name": "1", "type": "Microsoft.KeyVault/vaults"}),
    );
    assert_eq!(invalid["reason"], "AccountNameInvalid");
    assert_eq!(bench.refused("POST", &storage, json!({"type": account})).0, 400);
    assert_eq!(
        bench
            .refused(
                "POST",
                &format!("/subscriptions/{ELSEWHERE}/providers/Microsoft.Storage/nothing"),
                json!({})
            )
            .0,
        404
    );
}
