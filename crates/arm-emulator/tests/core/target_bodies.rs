//! What targets ask of a request, what they ignore of it, and what they show that nobody sent.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use crate::support::{Bench, SUBSCRIPTION, id, network, target_body};
use privatelink_arm_emulator::seed;
use serde_json::{Value, json};

fn target(kind: &str) -> String {
    id(&format!("{kind}/target"))
}

/// A body without the value at a dotted path.
fn without(path: &str) -> Value {
    let mut body = target_body(&json!({}));
    let (owner, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut place = &mut body;
    for step in owner.split('.').filter(|step| !step.is_empty()) {
        place = &mut place[step];
    }
    place.as_object_mut().unwrap().remove(name);
    body
}

#[test]
fn what_azure_requires_has_to_be_there() {
    for (kind, paths) in [
        (
            "Microsoft.KeyVault/vaults",
            &[
                "properties.tenantId",
                "properties.sku.name",
                "properties.sku.family",
            ][..],
        ),
        ("Microsoft.KeyVault/managedHSMs", &["sku.family", "sku.name"]),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            &["properties.locations", "properties.databaseAccountOfferType"],
        ),
        ("Microsoft.ContainerRegistry/registries", &["sku.name"]),
        ("Microsoft.AppConfiguration/configurationStores", &["sku.name"]),
        (
            "Microsoft.Cache/redis",
            &[
                "properties.sku.name",
                "properties.sku.family",
                "properties.sku.capacity",
            ],
        ),
        ("Microsoft.Cache/redisEnterprise", &["sku.name"]),
        (
            "Microsoft.DBforPostgreSQL/flexibleServers",
            &["sku.name", "sku.tier"],
        ),
        ("Microsoft.DBforMySQL/flexibleServers", &["sku.name", "sku.tier"]),
        ("Microsoft.EventHub/namespaces", &["sku.name"]),
        ("Microsoft.ServiceBus/namespaces", &["sku.name"]),
        ("Microsoft.CognitiveServices/accounts", &["sku.name"]),
        ("Microsoft.Storage/storageAccounts", &["sku.name", "kind"]),
    ] {
        let bench = Bench::with_network();
        for path in paths {
            let (status, answer, _) = bench.send("PUT", &target(kind), without(path));
            assert_eq!(status, 400, "{kind} without {path}: {answer}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.contains(&format!("'{path}'")), "{kind}: {message}");
        }
        bench.ok("PUT", &target(kind), target_body(&json!({})));
        bench.pass();
        // A change of tags alone needs none of it.
        bench.ok("PATCH", &target(kind), json!({"tags": {"a": "b"}}));
    }
    let bench = Bench::with_network();
    let vault = target("Microsoft.KeyVault/vaults");
    for wrong in [
        json!({"tenantId": "t"}),
        json!({"sku": {"family": "A", "name": "gold"}}),
    ] {
        assert_eq!(
            bench.refused("PUT", &vault, target_body(&wrong)).1,
            "InvalidPropertyValue"
        );
    }
}

#[test]
fn a_redis_enterprise_cluster_says_who_reaches_it_from_a_version_on() {
    let bench = Bench::with_network();
    let at = |version: &str| {
        format!(
            "{}?api-version={version}",
            target("Microsoft.Cache/redisEnterprise")
        )
    };
    assert_eq!(
        bench.refused("PUT", &at("2025-07-01"), target_body(&json!({}))).0,
        400
    );
    let said = target_body(&json!({"publicNetworkAccess": "Disabled"}));
    bench.ok("PUT", &at("2025-07-01"), said);
    bench.pass();
    bench.ok("PUT", &at("2024-10-01"), target_body(&json!({})));
    bench.pass();
    bench.ok("PATCH", &at("2025-07-01"), json!({"tags": {"a": "b"}}));
}

#[test]
fn names_have_the_patterns_of_their_types() {
    for (kind, good, wrong) in [
        (
            "Microsoft.ContainerRegistry/registries",
            &["Abcd1"][..],
            &["abcd", "my-registry", "a@bcd"][..],
        ),
        (
            "Microsoft.EventHub/namespaces",
            &["events"],
            &["event", "6events", "events-"],
        ),
        (
            "Microsoft.ServiceBus/namespaces",
            &["queues"],
            &["queue", "queues_"],
        ),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            &["a-b"],
            &["ab", "Abc", "abc-"],
        ),
        (
            "Microsoft.DBforPostgreSQL/flexibleServers",
            &["pg1"],
            &["pg", "pg--1"],
        ),
        ("Microsoft.DBforMySQL/flexibleServers", &["m"], &["m-", "Z"]),
        ("Microsoft.Cache/redisEnterprise", &["r"], &["r-", "r_1"]),
        (
            "Microsoft.AppConfiguration/configurationStores",
            &["conf_"],
            &["conf", "conf.1"],
        ),
        ("Microsoft.CognitiveServices/accounts", &["ai"], &["a", "-ai"]),
        ("Microsoft.Search/searchServices", &["s1"], &["s", "Z1", "s--1"]),
        ("Microsoft.Batch/batchAccounts", &["bat"], &["ba", "bat-1"]),
        ("Microsoft.EventGrid/namespaces", &["grid-1"], &["gr", "grid_1"]),
        (
            "Microsoft.ContainerService/managedClusters",
            &["a", "a_b"],
            &["-a", "a-"],
        ),
    ] {
        let bench = Bench::with_network();
        for name in good {
            bench.ok("PUT", &id(&format!("{kind}/{name}")), target_body(&json!({})));
        }
        for name in wrong {
            let path = id(&format!("{kind}/{name}"));
            let refused = bench.refused("PUT", &path, target_body(&json!({})));
            assert_eq!(refused, (400, "InvalidResourceName".to_owned()), "{kind} {name}");
        }
    }
}

#[test]
fn what_the_provider_makes_is_shown_and_cannot_be_sent() {
    let grid = json!("https://target.westeurope-1.eventgrid.azure.net/api/events");
    for (kind, path, made) in [
        (
            "Microsoft.KeyVault/managedHSMs",
            "hsmUri",
            json!("https://target.managedhsm.azure.net/"),
        ),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            "documentEndpoint",
            json!("https://target.documents.azure.com:443/"),
        ),
        (
            "Microsoft.ContainerRegistry/registries",
            "loginServer",
            json!("target.azurecr.io"),
        ),
        (
            "Microsoft.DBforPostgreSQL/flexibleServers",
            "fullyQualifiedDomainName",
            json!("target.postgres.database.azure.com"),
        ),
        (
            "Microsoft.DBforPostgreSQL/flexibleServers",
            "state",
            json!("Ready"),
        ),
        (
            "Microsoft.DBforMySQL/flexibleServers",
            "fullyQualifiedDomainName",
            json!("target.mysql.database.azure.com"),
        ),
        (
            "Microsoft.Cache/redis",
            "hostName",
            json!("target.redis.cache.windows.net"),
        ),
        ("Microsoft.Cache/redis", "sslPort", json!(6380)),
        (
            "Microsoft.Cache/redisEnterprise",
            "hostName",
            json!("target.westeurope.redisenterprise.cache.azure.net"),
        ),
        (
            "Microsoft.AppConfiguration/configurationStores",
            "endpoint",
            json!("https://target.azconfig.io"),
        ),
        (
            "Microsoft.EventHub/namespaces",
            "serviceBusEndpoint",
            json!("https://target.servicebus.windows.net:443/"),
        ),
        (
            "Microsoft.ServiceBus/namespaces",
            "serviceBusEndpoint",
            json!("https://target.servicebus.windows.net:443/"),
        ),
        (
            "Microsoft.Web/sites",
            "defaultHostName",
            json!("target.azurewebsites.net"),
        ),
        (
            "Microsoft.Web/sites",
            "hostNames",
            json!(["target.azurewebsites.net"]),
        ),
        (
            "Microsoft.CognitiveServices/accounts",
            "endpoint",
            json!("https://target.cognitiveservices.azure.com/"),
        ),
        (
            "Microsoft.Search/searchServices",
            "endpoint",
            json!("https://target.search.windows.net"),
        ),
        (
            "Microsoft.Batch/batchAccounts",
            "accountEndpoint",
            json!("target.westeurope.batch.azure.com"),
        ),
        ("Microsoft.EventGrid/topics", "endpoint", grid.clone()),
        ("Microsoft.EventGrid/domains", "endpoint", grid.clone()),
        ("Microsoft.EventGrid/partnerNamespaces", "endpoint", grid),
        (
            "Microsoft.EventGrid/namespaces",
            "topicsConfiguration",
            json!({"hostname": "target.westeurope-1.eventgrid.azure.net"}),
        ),
    ] {
        let bench = Bench::with_network();
        bench.ok("PUT", &target(kind), target_body(&json!({})));
        bench.pass();
        assert_eq!(bench.get(&target(kind))["properties"][path], made, "{kind}");
        let sent = match path {
            "topicsConfiguration" => json!({path: {"hostname": "theirs"}}),
            _ => json!({path: "theirs"}),
        };
        bench.ok("PUT", &target(kind), target_body(&sent));
        bench.pass();
        assert_eq!(bench.get(&target(kind))["properties"][path], made, "{kind}");
    }
}

#[test]
fn what_is_read_only_is_ignored() {
    for (kind, names) in [
        (
            "Microsoft.ContainerRegistry/registries",
            &["creationDate", "status"][..],
        ),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            &["keysMetadata", "keyVaultKeyUriVersion"],
        ),
        ("Microsoft.Web/sites", &["outboundIpAddresses", "usageState"]),
        ("Microsoft.DBforPostgreSQL/flexibleServers", &["minorVersion"]),
        (
            "Microsoft.ContainerService/managedClusters",
            &["fqdn", "powerState"],
        ),
        (
            "Microsoft.Storage/storageAccounts",
            &["secondaryLocation", "failoverInProgress"],
        ),
    ] {
        let bench = Bench::with_network();
        let sent = names
            .iter()
            .map(|name| ((*name).to_owned(), json!("theirs")))
            .collect();
        bench.ok("PUT", &target(kind), target_body(&Value::Object(sent)));
        bench.pass();
        for name in names {
            assert_eq!(
                bench.get(&target(kind))["properties"][name],
                Value::Null,
                "{kind} {name}"
            );
        }
    }
}

#[test]
fn a_storage_account_is_of_a_known_kind_and_sku() {
    let bench = Bench::with_network();
    let path = target("Microsoft.Storage/storageAccounts");
    for (kind, sku, part) in [("Foo", "Standard_LRS", "kind"), ("StorageV2", "Nope", "sku")] {
        let mut body = target_body(&json!({}));
        body["kind"] = json!(kind);
        body["sku"] = json!({"name": sku});
        let (status, answer, _) = bench.send("PUT", &path, body);
        assert_eq!(
            (status, &answer["error"]["code"]),
            (400, &json!("InvalidValuesForRequestParameters"))
        );
        let message = format!("Values for request parameters are invalid: {part}.");
        assert_eq!(answer["error"]["message"], message);
    }
}

#[test]
fn a_storage_account_lets_in_subnets_that_lead_to_it() {
    let bench = Bench::with_network();
    let path = target("Microsoft.Storage/storageAccounts");
    let vnet = network("virtualNetworks/vnet");
    let body = |id: &str| {
        target_body(&json!({"networkAcls": {"defaultAction": "Deny", "virtualNetworkRules": [{"id": id}]}}))
    };
    let refused = |id: &str| {
        let (status, answer, _) = bench.send("PUT", &path, body(id));
        assert_eq!(status, 400, "{id}: {answer}");
        let error = &answer["error"];
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (text("code"), text("message"))
    };
    let (code, message) = refused(&vnet);
    assert_eq!(code, "InvalidValuesForRequestParameters");
    assert!(
        message.contains("networkAcls.virtualNetworkRules[*].id"),
        "{message}"
    );
    let subnet = format!("{vnet}/subnets/a");
    for (id, why) in [
        (
            network("virtualNetworks/none/subnets/a"),
            "ParentResourceNotFound:Can not perform requested operation on nested resource. Parent resource 'none' not found.",
        ),
        (format!("{vnet}/subnets/none"), "NotFound:"),
        (
            subnet.clone(),
            "SubnetsHaveNoServiceEndpointsConfigured:Subnets a of virtual network ",
        ),
    ] {
        let (code, message) = refused(&id);
        assert_eq!(code, "NetworkAclsValidationFailure", "{id}");
        assert!(
            message.starts_with(&format!("Validation of network acls failure: {why}")),
            "{message}"
        );
    }
    bench.ok(
        "PUT",
        &subnet,
        json!({"properties": {"addressPrefix": "10.0.0.0/24", "serviceEndpoints": [{"service": "Microsoft.Storage"}]}}),
    );
    assert!(refused(&subnet).1.contains("SubnetsNotProvisioned:"));
    bench.pass();
    bench.ok("PUT", &path, body(&subnet));
    bench.pass();
    // The rule stays when its subnet has gone.
    bench.ok("DELETE", &subnet, Value::Null);
    bench.pass();
    bench.ok("PUT", &path, body(&subnet));
}

#[test]
fn targets_of_a_seed_are_given_what_their_types_ask_for() {
    let text = format!(
        "subscriptions:
- id: {SUBSCRIPTION}
  tenantId: 33333333-3333-3333-3333-333333333333
  resourceGroups:
  - name: g
    location: westeurope
    targets:
    - storageAccount: acct
    - keyVault: vault
    - keyVault: dear
      properties: {{sku: {{family: A, name: premium}}}}
    - sqlServer: sql
    - cosmosAccount: cosmos
    - containerRegistry: registry
    - webApp: site
    - serviceBus: queues
    - eventHub: events
"
    );
    let bench = Bench::empty();
    let read = seed::parse("estate.yaml", &text).unwrap();
    bench.emulator.apply_seed(&read).unwrap();
    let vault =
        |name: &str| bench.get(&id(&format!("Microsoft.KeyVault/vaults/{name}")))["properties"].clone();
    assert_eq!(vault("vault")["tenantId"], "33333333-3333-3333-3333-333333333333");
    assert_eq!(vault("vault")["sku"]["name"], "standard");
    assert_eq!(vault("dear")["sku"]["name"], "premium");
    let cosmos = bench.get(&id("Microsoft.DocumentDB/databaseAccounts/cosmos"));
    assert_eq!(
        cosmos["properties"]["locations"][0]["locationName"],
        "West Europe"
    );
    assert_eq!(cosmos["properties"]["provisioningState"], "Succeeded");
}
