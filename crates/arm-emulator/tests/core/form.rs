//! The form of requests and answers: spelling of ids and regions, kinds of JSON, lists of everything.

use crate::support::{Bench, SUBSCRIPTION, endpoint_body, id, network, target_body};
use serde_json::{Value, json};

#[test]
fn ids_are_answered_in_arms_spelling() {
    let bench = Bench::empty();
    let group = format!("/SUBSCRIPTIONS/{SUBSCRIPTION}/resourcegroups/Demo");
    let made = bench.ok("PUT", &group, json!({"location": "West Europe"}));
    assert_eq!(
        made["id"],
        format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/Demo")
    );
    assert_eq!(made["location"], "westeurope");
    let vnet = format!("{group}/PROVIDERS/microsoft.network/virtualnetworks/Net");
    let body = json!({"location": "West Europe", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
    let made = bench.ok("PUT", &vnet, body);
    let expected = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/Demo/providers/Microsoft.Network/virtualNetworks/Net"
    );
    assert_eq!(made["id"], expected);
    assert_eq!(made["location"], "westeurope");
    bench.pass();
    let subnet = bench.ok(
        "PUT",
        &format!("{}/SUBNETS/One", vnet.replace("Net", "NET")),
        json!({"properties": {"addressPrefix": "10.0.0.0/24"}}),
    );
    assert_eq!(
        subnet["id"],
        format!("{expected}/subnets/One"),
        "as its parent is spelled"
    );
    let missing = bench.send(
        "GET",
        &format!("{group}/providers/Microsoft.Network/virtualNetworks/Gone/subnets"),
        Value::Null,
    );
    assert!(
        missing.1["error"]["message"]
            .as_str()
            .unwrap()
            .contains("'Microsoft.Network/virtualNetworks/Gone'")
    );
}

#[test]
fn properties_of_the_wrong_kind_are_refused() {
    let bench = Bench::with_network();
    let vnet = |properties: Value| {
        (
            "virtualNetworks/bad",
            json!({"location": "westeurope", "properties": properties}),
        )
    };
    let endpoint = |name: &str, value: Value| {
        let mut body = endpoint_body("a");
        body["properties"][name] = value;
        ("privateEndpoints/bad", body)
    };
    let space = json!({"addressPrefixes": ["10.0.0.0/16"]});
    for (path, body) in [
        vnet(json!({"addressSpace": "10.0.0.0/16"})),
        vnet(json!({"addressSpace": {"addressPrefixes": "10.0.0.0/16"}})),
        vnet(json!({"addressSpace": {"addressPrefixes": [1, {}]}})),
        vnet(json!({"addressSpace": {"addressPrefixes": []}})),
        vnet(json!({"addressSpace": space, "subnets": "x"})),
        vnet(json!({"addressSpace": space, "subnets": [1]})),
        vnet(
            json!({"addressSpace": space, "subnets": [{"name": "", "properties": {"addressPrefix": "10.0.0.0/24"}}]}),
        ),
        vnet(
            json!({"addressSpace": space, "subnets": [{"name": "a/b", "properties": {"addressPrefix": "10.0.0.0/24"}}]}),
        ),
        endpoint("ipConfigurations", json!("x")),
        endpoint("ipConfigurations", json!([1, "x"])),
        endpoint("subnet", json!("x")),
        endpoint("privateLinkServiceConnections", json!({})),
        endpoint("privateLinkServiceConnections", json!(["x"])),
        endpoint("applicationSecurityGroups", json!([[]])),
        vnet(
            json!({"addressSpace": space, "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": "x"}}]}),
        ),
        (
            "networkSecurityGroups/bad",
            json!({"location": "westeurope", "properties": {"securityRules": {}}}),
        ),
        (
            "networkSecurityGroups/bad",
            json!({"location": "westeurope", "properties": {"securityRules": ["x"]}}),
        ),
        (
            "networkSecurityGroups/bad",
            json!({"location": "westeurope", "properties": {"securityRules": [{"name": "r", "properties": "x"}]}}),
        ),
        (
            "routeTables/bad",
            json!({"location": "westeurope", "properties": {"routes": [{"properties": {}}]}}),
        ),
        (
            "routeTables/bad",
            json!({"location": "westeurope", "properties": {"disableBgpRoutePropagation": "no"}}),
        ),
        (
            "privateLinkServices/bad",
            json!({"location": "westeurope", "properties": {"loadBalancerFrontendIpConfigurations": "x"}}),
        ),
        (
            "privateLinkServices/bad",
            json!({"location": "westeurope", "properties": {"visibility": {"subscriptions": "*"}}}),
        ),
    ] {
        let (status, answer, _) = bench.send("PUT", &network(path), body.clone());
        assert_eq!(status, 400, "{body}: {answer}");
        assert_eq!(bench.send("GET", &network(path), Value::Null).0, 404, "{body}");
    }
}

#[test]
fn a_service_keeps_its_balancer_and_needs_a_subnet_without_policies() {
    let bench = Bench::with_network();
    let balancer = network("loadBalancers/lb");
    bench.ok(
        "PUT",
        &balancer,
        json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {"frontendIPConfigurations": [
            {"name": "fe", "properties": {"subnet": {"id": network("virtualNetworks/vnet/subnets/a")}}}]}}),
    );
    bench.pass();
    let service = |subnet: &str| {
        json!({"location": "westeurope", "properties": {
            "loadBalancerFrontendIpConfigurations": [{"id": format!("{balancer}/frontendIpConfigurations/fe")}],
            "ipConfigurations": [{"name": "nat", "properties": {"subnet": {"id": network(&format!("virtualNetworks/vnet/subnets/{subnet}"))}}}],
        }})
    };
    assert_eq!(
        bench
            .refused("PUT", &network("privateLinkServices/pls"), service("a"))
            .1,
        "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled"
    );
    bench.ok("PUT", &network("virtualNetworks/vnet/subnets/nat"), json!({"properties": {"addressPrefix": "10.0.2.0/24", "privateLinkServiceNetworkPolicies": "Disabled"}}));
    bench.pass();
    let made = bench.ok("PUT", &network("privateLinkServices/pls"), service("nat"));
    assert_eq!(
        made["properties"]["loadBalancerFrontendIpConfigurations"][0]["id"],
        format!("{balancer}/frontendIPConfigurations/fe"),
        "in the spelling of its type"
    );
    bench.pass();
    assert_eq!(
        bench.refused("DELETE", &balancer, Value::Null).1,
        "InUseLoadBalancerCannotBeDeleted"
    );
}

#[test]
fn resources_are_listed_briefly_and_by_filter() {
    let bench = Bench::with_network();
    bench.ok(
        "PUT",
        &network("applicationSecurityGroups/asg"),
        json!({"location": "westeurope", "tags": {"team": "net"}}),
    );
    bench.pass();
    let list = |filter: &str| {
        let encoded: String = filter.replace(' ', "%20").replace('\'', "%27");
        let answer = bench.get(&format!(
            "/subscriptions/{SUBSCRIPTION}/resources?$filter={encoded}"
        ));
        let items = answer["value"].as_array().unwrap().clone();
        assert!(items.iter().all(|item| item.get("properties").is_none()));
        items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(list(""), ["asg", "vnet", "acct"]);
    assert_eq!(
        list("resourceType eq 'microsoft.network/virtualNetworks'"),
        ["vnet"]
    );
    assert_eq!(list("tagName eq 'team' and tagValue eq 'net'"), ["asg"]);
    assert_eq!(list("location eq 'North Europe'"), ["acct"]);
    assert_eq!(list("resourceGroup eq 'G' and name ne 'acct'"), ["asg", "vnet"]);
    let unknown = format!("/subscriptions/{SUBSCRIPTION}/resources?$filter=colour");
    assert_eq!(
        bench.refused("GET", &unknown, Value::Null).1,
        "InvalidFilterInQueryString"
    );
}

#[test]
fn subscriptions_and_providers_can_be_found() {
    let bench = Bench::empty();
    assert_eq!(bench.get("/subscriptions")["value"], json!([]));
    bench.ok(
        "PUT",
        &format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g"),
        json!({"location": "westeurope"}),
    );
    assert_eq!(
        bench.get("/subscriptions")["value"][0]["subscriptionId"],
        SUBSCRIPTION
    );
    let provider = bench.get(&format!(
        "/subscriptions/{SUBSCRIPTION}/providers/microsoft.network"
    ));
    assert_eq!(provider["namespace"], "Microsoft.Network");
    let types = provider["resourceTypes"].as_array().unwrap();
    let zones = types
        .iter()
        .find(|one| one["resourceType"] == "privateDnsZones")
        .unwrap();
    assert_eq!(
        zones["apiVersions"][0], "2024-06-01",
        "the newest that the type answers to"
    );
    assert!(
        types
            .iter()
            .any(|one| one["resourceType"] == "privateLinkServices")
    );
}

#[test]
fn head_only_says_whether_a_resource_is_there() {
    let bench = Bench::with_network();
    let (status, body, _) = bench.send("HEAD", &network("virtualNetworks/vnet"), Value::Null);
    assert_eq!((status, body), (204, Value::Null));
    assert_eq!(
        bench
            .send("HEAD", &network("virtualNetworks/gone"), Value::Null)
            .0,
        404
    );
}

#[test]
fn a_vault_registers_its_name() {
    let bench = Bench::with_network();
    let vault = id("Microsoft.KeyVault/vaults/kv1");
    let (status, made, _) = bench.send(
        "PUT",
        &vault,
        target_body(&json!({"enableSoftDelete": false, "accessPolicies": []})),
    );
    assert_eq!(status, 200);
    assert_eq!(made["properties"]["provisioningState"], "RegisteringDns");
    assert_eq!(made["properties"]["enableSoftDelete"], true);
    assert_eq!(made["tags"], json!({}));
    bench.pass();
    let shown = bench.get(&vault);
    assert_eq!(shown["properties"]["provisioningState"], "Succeeded");
    assert_eq!(shown["properties"]["vaultUri"], "https://kv1.vault.azure.net/");
    let deleted = format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv1"
    );
    assert_eq!(
        bench.refused("GET", &deleted, Value::Null),
        (404, "DeletedVaultNotFound".into())
    );
}

#[test]
fn children_of_an_ended_group_are_answered_about_their_parents() {
    let bench = Bench::with_network();
    bench.ok(
        "DELETE",
        &format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g"),
        Value::Null,
    );
    bench.pass();
    let service = |name: &str| id(&format!("Microsoft.Storage/storageAccounts/acct/{name}/default"));
    for name in [
        "blobServices",
        "fileServices",
        "queueServices",
        "tableServices",
        "x",
    ] {
        assert_eq!(
            bench.refused("DELETE", &service(name), Value::Null).1,
            "ParentResourceNotFound"
        );
    }
    for name in ["a", "b", "c"] {
        assert_eq!(
            bench
                .refused(
                    "DELETE",
                    &network(&format!("virtualNetworks/{name}")),
                    Value::Null
                )
                .1,
            "ResourceGroupNotFound"
        );
    }
    assert_eq!(
        bench
            .refused("DELETE", &network("virtualNetworks/vnet/subnets/a"), Value::Null)
            .1,
        "ResourceGroupNotFound"
    );
}

#[test]
fn an_account_enqueues_what_is_decided_about_its_connections() {
    let bench = Bench::with_network();
    let account = id("Microsoft.DocumentDB/databaseAccounts/cos");
    bench.ok("PUT", &account, target_body(&json!({})));
    bench.ok(
        "PUT",
        &network("privateEndpoints/pe"),
        crate::support::endpoint_on("a", &account, &["Sql"], true),
    );
    bench.pass();
    let connection = format!("{account}/privateEndpointConnections/pe");
    let approval = json!({"properties": {"privateLinkServiceConnectionState": {"status": "Approved", "description": "yes"}}});
    let enqueued = (202, json!({"status": "Enqueued"}));
    let (status, body, headers) = bench.send("PUT", &connection, approval);
    assert_eq!((status, body), enqueued);
    assert!(headers.contains_key("azure-asyncoperation"));
    bench.pass();
    let (status, body, _) = bench.send("DELETE", &connection, Value::Null);
    assert_eq!((status, body), enqueued);
}
