//! Private endpoints and what they bring about.

use crate::support::{Bench, endpoint_body, endpoint_on, id, network};
use serde_json::{Value, json};

#[test]
fn an_endpoint_is_made_with_interface_address_and_connection() {
    let bench = Bench::with_network();
    let path = network("privateEndpoints/pe");
    let (status, made, headers) = bench.send("PUT", &path, endpoint_body("a"));
    assert_eq!(status, 201);
    assert_eq!(made["properties"]["provisioningState"], "Updating");
    assert_eq!(headers["retry-after"], "10");
    let state = "/properties/privateLinkServiceConnections/0/properties/privateLinkServiceConnectionState";
    assert_eq!(made.pointer(state).unwrap()["description"], "Auto Approved");
    assert_eq!(made["properties"]["customDnsConfigs"], json!([]));
    let operation = headers["azure-asyncoperation"].to_str().unwrap().to_owned();
    assert_eq!(bench.get(&operation), json!({"status": "InProgress"}));
    bench.pass();
    assert_eq!(bench.get(&operation), json!({"status": "Succeeded"}));
    let shown = bench.get(&path);
    assert_ne!(
        shown["etag"], made["etag"],
        "the end of the operation gives a new etag"
    );
    assert_eq!(
        shown.pointer(state).unwrap(),
        &json!({"status": "Approved", "description": "Auto-Approved", "actionsRequired": "None"})
    );
    assert_eq!(
        shown["properties"]["customDnsConfigs"],
        json!([{"fqdn": "acct.blob.core.windows.net", "ipAddresses": ["10.0.0.4"]}])
    );
    let interface = bench.get(
        shown["properties"]["networkInterfaces"][0]["id"]
            .as_str()
            .unwrap(),
    );
    assert_eq!(interface["managedBy"], shown["id"]);
    assert_eq!(
        interface["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"],
        "10.0.0.4"
    );
    let subnet = bench.get(&network("virtualNetworks/vnet/subnets/a"));
    let reference = subnet["properties"]["privateEndpoints"][0]["id"]
        .as_str()
        .unwrap();
    assert!(
        reference.ends_with("/resourceGroups/G/providers/Microsoft.Network/privateEndpoints/PE"),
        "{reference}"
    );
    let connections = bench.get(&id(
        "Microsoft.Storage/storageAccounts/acct/privateEndpointConnections",
    ));
    assert_eq!(
        connections["value"][0]["properties"]["privateEndpoint"]["id"],
        shown["id"]
    );
    assert_eq!(
        connections["value"][0]["properties"]["privateLinkServiceConnectionState"]["actionRequired"],
        "None"
    );
}

#[test]
fn the_interface_has_the_tags_of_its_endpoint_and_takes_others() {
    let bench = Bench::with_network();
    let path = network("privateEndpoints/pe");
    let mut body = endpoint_body("a");
    body["tags"] = json!({"team": "data"});
    bench.ok("PUT", &path, body);
    bench.pass();
    let shown = bench.get(&path);
    assert_eq!(shown["properties"]["ipVersionType"], "IPv4");
    let mut other = endpoint_body("a");
    other["properties"]["ipVersionType"] = json!("DualStack");
    assert_eq!(
        bench.refused("PUT", &network("privateEndpoints/dual"), other).1,
        "EmulatorValueNotSupported"
    );
    let interface = shown["properties"]["networkInterfaces"][0]["id"]
        .as_str()
        .unwrap();
    let made = bench.get(interface);
    assert_eq!(made["tags"], json!({"team": "data"}));
    let patched = bench.ok("PATCH", interface, json!({"tags": {"a": "b"}}));
    assert!(bench.last_changed());
    assert_eq!(patched["tags"], json!({"a": "b"}));
    assert_eq!(
        patched["properties"]["ipConfigurations"][0]["name"],
        made["properties"]["ipConfigurations"][0]["name"]
    );
    bench.ok("PATCH", interface, json!({"tags": {"a": "b"}}));
    assert!(!bench.last_changed());
    assert_eq!(
        bench.refused("PUT", interface, made).1,
        "CannotModifyNicAttachedToPrivateEndpoint"
    );
    assert_eq!(bench.get(&path)["tags"], json!({"team": "data"}));
    let subnet = bench.get(&network("virtualNetworks/vnet/subnets/a"));
    assert_eq!(subnet["properties"]["purpose"], "PrivateEndpoints");
}

#[test]
fn deletion_takes_everything_away_and_frees_the_address() {
    let bench = Bench::with_network();
    let path = network("privateEndpoints/pe");
    bench.ok("PUT", &path, endpoint_body("a"));
    bench.pass();
    let subnet = network("virtualNetworks/vnet/subnets/a");
    assert_eq!(
        bench.refused("DELETE", &subnet, Value::Null),
        (400, "InUseSubnetCannotBeDeleted".into())
    );
    assert_eq!(
        bench
            .refused("DELETE", &network("virtualNetworks/vnet"), Value::Null)
            .1,
        "InUseSubnetCannotBeDeleted"
    );
    let before = bench.emulator.resource_ids().len();
    let (status, _, headers) = bench.send("DELETE", &path, Value::Null);
    assert_eq!(status, 202);
    assert!(headers.contains_key("location") && headers.contains_key("azure-asyncoperation"));
    assert_eq!(bench.get(&path)["properties"]["provisioningState"], "Deleting");
    bench.pass();
    assert_eq!(
        bench.refused("GET", &path, Value::Null),
        (404, "ResourceNotFound".into())
    );
    assert_eq!(
        bench.emulator.resource_ids().len(),
        before - 3,
        "endpoint, interface and connection are gone"
    );
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 204);
    bench.ok("PUT", &path, endpoint_body("a"));
    bench.pass();
    assert_eq!(
        bench.get(&path)["properties"]["customDnsConfigs"][0]["ipAddresses"],
        json!(["10.0.0.4"])
    );
}

#[test]
fn a_write_without_a_difference_is_marked_and_keeps_the_etag() {
    let bench = Bench::with_network();
    let path = network("privateEndpoints/pe");
    bench.ok("PUT", &path, endpoint_body("a"));
    assert!(bench.last_changed());
    bench.pass();
    let before = bench.get(&path);
    let (status, answer, headers) = bench.send("PUT", &path, endpoint_body("a"));
    assert_eq!((status, &answer["etag"]), (200, &before["etag"]));
    assert!(
        !bench.last_changed()
            && headers.contains_key("azure-asyncoperation")
            && !headers.contains_key("retry-after")
    );
    // What a GET answered can be put again.
    bench.ok("PUT", &path, before.clone());
    assert!(!bench.last_changed(), "a GET's body put back changes nothing");
    let mut tagged = endpoint_body("a");
    tagged["tags"] = json!({"x": "y"});
    let (_, answer, _) = bench.send("PUT", &path, tagged);
    assert!(bench.last_changed());
    assert_eq!(answer["properties"]["provisioningState"], "Succeeded");
    assert_ne!(answer["etag"], before["etag"]);
    bench.ok("PUT", &path, endpoint_body("a"));
    assert!(
        bench.last_changed() && bench.get(&path).get("tags").is_none(),
        "a tag that is left out goes"
    );
}

#[test]
fn manual_connections_wait_and_are_decided_by_the_target() {
    let bench = Bench::with_network();
    let target = id("Microsoft.Storage/storageAccounts/acct");
    for (name, expected) in [
        ("one", "Approved"),
        ("two", "Rejected"),
        ("three", "Disconnected"),
    ] {
        let path = network(&format!("privateEndpoints/{name}"));
        let mut body = endpoint_on("a", &target, &["blob"], true);
        body["properties"]["manualPrivateLinkServiceConnections"][0]["properties"]["requestMessage"] =
            json!("please");
        let made = bench.ok("PUT", &path, body);
        bench.pass();
        let state = |shown: &Value| {
            shown["properties"]["manualPrivateLinkServiceConnections"][0]["properties"]["privateLinkServiceConnectionState"].clone()
        };
        assert_eq!(state(&made)["description"], "Awaiting Approval");
        let shown = bench.get(&path);
        assert_eq!(state(&shown)["status"], "Pending");
        assert_eq!(state(&shown)["description"], "please", "what the target was told");
        assert_eq!(shown["properties"]["customDnsConfigs"], json!([]));
        match expected {
            "Approved" => bench.emulator.approve(&path, "fine").unwrap(),
            "Rejected" => bench.emulator.reject(&path, "no").unwrap(),
            _ => bench.emulator.disconnect(&path).unwrap(),
        }
        let shown = bench.get(&path);
        assert_eq!(state(&shown)["status"], expected);
        assert_eq!(
            shown["properties"]["customDnsConfigs"]
                .as_array()
                .unwrap()
                .is_empty(),
            expected != "Approved"
        );
    }
    // The list of connections has the approved and the rejected one.
    let list = bench.get(&format!("{target}/privateEndpointConnections"));
    assert_eq!(list["value"].as_array().unwrap().len(), 2);
}

#[test]
fn a_target_that_goes_disconnects_for_good() {
    let bench = Bench::with_network();
    let path = network("privateEndpoints/pe");
    bench.ok("PUT", &path, endpoint_body("a"));
    bench.pass();
    let target = id("Microsoft.Storage/storageAccounts/acct");
    let before = bench.get(&target);
    bench.ok("DELETE", &target, Value::Null);
    let status = |shown: Value| {
        shown["properties"]["privateLinkServiceConnections"][0]["properties"]["privateLinkServiceConnectionState"]["status"].clone()
    };
    assert_eq!(status(bench.get(&path)), "Disconnected");
    bench.emulator.advance(jiff::SignedDuration::from_secs(60));
    bench.ok(
        "PUT",
        &target,
        json!({"location": "northeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}),
    );
    bench.pass();
    assert_eq!(status(bench.get(&path)), "Disconnected");
    assert_eq!(bench.get(&target)["name"], before["name"]);
}

#[test]
fn several_members_get_an_address_each_and_later_ones_too() {
    let bench = Bench::with_network();
    let registry = id("Microsoft.ContainerRegistry/registries/regis");
    bench.ok(
        "PUT",
        &registry,
        json!({"location": "West Europe", "sku": {"name": "Premium"}, "properties": {}}),
    );
    let path = network("privateEndpoints/pe");
    bench.ok("PUT", &path, endpoint_on("a", &registry, &["registry"], false));
    bench.pass();
    let names = |shown: Value| {
        shown["properties"]["customDnsConfigs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["fqdn"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(bench.get(&path)),
        ["regis.westeurope.data.azurecr.io", "regis.azurecr.io"]
    );
    bench
        .emulator
        .add_member(
            &registry,
            "registry",
            "registry_data_northeurope",
            "regis.northeurope.data.azurecr.io",
        )
        .unwrap();
    let shown = bench.get(&path);
    assert_eq!(
        shown["properties"]["customDnsConfigs"][2]["ipAddresses"],
        json!(["10.0.0.6"])
    );
    let links = bench.get(&format!("{registry}/privateLinkResources"));
    assert_eq!(
        links["value"][0]["properties"]["requiredMembers"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn static_addresses_are_checked_and_kept() {
    let bench = Bench::with_network();
    let with_address = |address: &str, member: &str| {
        let mut body = endpoint_body("b");
        body["properties"]["ipConfigurations"] = json!([{"name": "ip", "properties": {"groupId": "blob", "memberName": member, "privateIPAddress": address}}]);
        body
    };
    let path = network("privateEndpoints/pe");
    for (address, member, code) in [
        ("10.0.2.4", "blob", "PrivateIPAddressNotInSubnet"),
        ("10.0.1.3", "blob", "PrivateIPAddressInReservedRange"),
        ("10.0.1.7", "blob", "PrivateIPAddressInReservedRange"),
        ("ten", "blob", "InvalidIPAddressFormat"),
        (
            "10.0.1.5",
            "file",
            "PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps",
        ),
    ] {
        assert_eq!(
            bench.refused("PUT", &path, with_address(address, member)),
            (400, code.into())
        );
    }
    let mut for_nobody = with_address("10.0.1.5", "blob");
    for_nobody["properties"]["ipConfigurations"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "second", "properties": {"privateIPAddress": "10.0.1.6"}}));
    let made = bench.ok("PUT", &path, for_nobody);
    assert_eq!(
        made["properties"]["ipConfigurations"][1]["properties"]["privateIPAddress"],
        "10.0.1.6"
    );
    bench.pass();
    assert_eq!(
        bench.get(&path)["properties"]["customDnsConfigs"][0]["ipAddresses"],
        json!(["10.0.1.5"]),
        "an address that names no member has no name"
    );
    let other = network("privateEndpoints/other");
    assert_eq!(
        bench.refused("PUT", &other, with_address("10.0.1.6", "blob")).1,
        "PrivateIPAddressIsAllocated",
        "and is nobody else's"
    );
    // Later requests are looked at in the same way, and move nothing.
    let mut later = with_address("10.0.1.5", "blob");
    for (address, expected) in [
        ("10.0.1.6", None),
        ("10.0.1.5", Some("PrivateIPAddressIsAllocated")),
        ("10.0.2.9", Some("PrivateIPAddressNotInSubnet")),
        ("ten", Some("InvalidIPAddressFormat")),
    ] {
        later["properties"]["ipConfigurations"] = json!([
            with_address("10.0.1.5", "blob")["properties"]["ipConfigurations"][0],
            {"name": "more", "properties": {"groupId": "blob", "memberName": "blob2", "privateIPAddress": address}}
        ]);
        match expected {
            None => drop(bench.ok("PUT", &path, later.clone())),
            Some(code) => assert_eq!(bench.refused("PUT", &path, later.clone()), (400, code.into())),
        }
        bench.pass();
    }
    for body in [with_address("10.0.1.6", "blob"), endpoint_body("b")] {
        assert_eq!(bench.refused("PUT", &path, body).1, "PropertyChangeNotAllowed");
    }
    bench.ok("PUT", &path, with_address("10.0.1.5", "blob"));
    bench.pass();
    assert_eq!(
        bench.refused("PUT", &other, with_address("10.0.1.5", "blob")).1,
        "PrivateIPAddressIsAllocated"
    );
    bench.ok("PUT", &other, endpoint_body("b"));
    bench.ok("PUT", &network("privateEndpoints/third"), endpoint_body("b"));
    assert_eq!(
        bench
            .refused("PUT", &network("privateEndpoints/fourth"), endpoint_body("b"))
            .1,
        "SubnetIsFull"
    );
    bench.pass();
    assert_eq!(
        bench.get(&network("privateEndpoints/third"))["properties"]["customDnsConfigs"][0]["ipAddresses"],
        json!(["10.0.1.6"])
    );
}

#[test]
fn what_azure_refuses_is_refused() {
    let bench = Bench::with_network();
    let account = id("Microsoft.Storage/storageAccounts/acct");
    let path = network("privateEndpoints/pe");
    let put = |body: Value| bench.refused("PUT", &path, body);
    assert_eq!(
        put(endpoint_on("nowhere", &account, &["blob"], false)),
        (400, "InvalidResourceReference".into())
    );
    assert_eq!(
        put(endpoint_on(
            "a",
            &id("Microsoft.Storage/storageAccounts/other"),
            &["blob"],
            false
        ))
        .1,
        "InvalidResourceReference"
    );
    assert_eq!(put(endpoint_on("a", &account, &["blobs"], false)).1, "BadRequest");
    assert_eq!(
        put(endpoint_on("a", &account, &[], false)).1,
        "MissingParameterOnPrivateLinkServiceConnection"
    );
    assert_eq!(
        put(endpoint_on("a", &account, &["blob", "file"], false)).1,
        "MultipleGroupIdsOnPrivateLinkServiceConnection"
    );
    let mut both = endpoint_body("a");
    both["properties"]["manualPrivateLinkServiceConnections"] =
        both["properties"]["privateLinkServiceConnections"].clone();
    assert_eq!(put(both).1, "InvalidRequestFormat");
    let mut elsewhere = endpoint_body("a");
    elsewhere["location"] = json!("northeurope");
    assert_eq!(put(elsewhere).1, "InvalidResourceReference");
    for name in [json!("bad name/!"), json!("x".repeat(81)), json!(5)] {
        let mut chosen = endpoint_body("a");
        chosen["properties"]["customNetworkInterfaceName"] = name.clone();
        assert_eq!(bench.refused("PUT", &path, chosen).0, 400, "{name}");
    }
    for (field, value) in [
        ("groupIds", json!("blob")),
        ("requestMessage", json!(5)),
        ("privateLinkServiceId", json!([account])),
    ] {
        let mut mistyped = endpoint_body("a");
        mistyped["properties"]["privateLinkServiceConnections"][0]["properties"][field] = value;
        assert_eq!(bench.refused("PUT", &path, mistyped).0, 400, "{field}");
    }
    let mut nameless = endpoint_body("a");
    nameless["name"] = json!("other");
    assert_eq!(put(nameless).1, "MismatchingResourceName");
    bench.ok(
        "PUT",
        &network("virtualNetworks/vnet/subnets/d"),
        json!({"properties": {"addressPrefix": "10.0.3.0/24", "delegations": [
        {"name": "x", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]}}),
    );
    assert_eq!(put(endpoint_body("d")), (429, "RetryableError".into()));
    bench.pass();
    assert_eq!(put(endpoint_body("d")).1, "ResourceNotPermittedOnDelegatedSubnet");
    bench.ok("PUT", &path, endpoint_body("a"));
    assert_eq!(
        put(endpoint_body("a")),
        (409, "AnotherOperationInProgress".into())
    );
    bench.pass();
    assert_eq!(put(endpoint_body("b")), (400, "PropertyChangeNotAllowed".into()));
    assert_eq!(
        put(endpoint_on("a", &account, &["file"], false)).1,
        "PropertyChangeNotAllowed"
    );
    let interface = bench.get(&path)["properties"]["networkInterfaces"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        bench.refused("DELETE", &interface, Value::Null).1,
        "NicInUseWithPrivateEndpoint"
    );
    let response = bench.send_with(
        "PUT",
        &path,
        endpoint_body("a").to_string().as_bytes(),
        &[("if-match", "W/\"old\"")],
    );
    assert_eq!(response.status, 412);
    let etag = bench.get(&path)["etag"].as_str().unwrap().to_owned();
    let response = bench.send_with(
        "PUT",
        &path,
        endpoint_body("a").to_string().as_bytes(),
        &[("if-match", &etag)],
    );
    assert_eq!(response.status, 200);
}

#[test]
fn a_service_is_found_by_its_alias_and_approves_by_itself() {
    let bench = Bench::with_network();
    let service = network("privateLinkServices/pls");
    let body = crate::support::service_body(
        &bench,
        json!({"visibility": {"subscriptions": ["*"]}, "autoApproval": {"subscriptions": [crate::support::SUBSCRIPTION]}}),
    );
    let made = bench.ok("PUT", &service, body);
    bench.pass();
    let alias = made["properties"]["alias"].as_str().unwrap();
    assert!(
        alias.starts_with("pls.") && alias.ends_with(".westeurope.azure.privatelinkservice"),
        "{alias}"
    );
    let path = network("privateEndpoints/pe");
    assert_eq!(
        bench.refused("PUT", &path, endpoint_on("a", alias, &[], false)).1,
        "PrivateLinkServiceAliasRequiresManualConnection"
    );
    assert_eq!(
        bench
            .refused(
                "PUT",
                &path,
                endpoint_on("a", "x.azure.privatelinkservice", &[], true)
            )
            .1,
        "InvalidPrivateLinkServiceId"
    );
    let state = |shown: &Value| {
        let connection = &shown["properties"]["manualPrivateLinkServiceConnections"][0]["properties"];
        connection["privateLinkServiceConnectionState"].clone()
    };
    let made = bench.ok("PUT", &path, endpoint_on("a", alias, &[], true));
    assert_eq!(
        state(&made),
        json!({"status": "Pending", "description": "Awaiting Approval", "actionsRequired": "None"})
    );
    bench.pass();
    assert_eq!(
        state(&bench.get(&path)),
        json!({"status": "Approved", "description": "Approved", "actionsRequired": "None"})
    );
    assert_eq!(
        bench.refused("DELETE", &service, Value::Null).1,
        "CannotDeletePrivateLinkServiceWithPrivateEndpointConnections"
    );
    let check = format!(
        "/subscriptions/{}/providers/Microsoft.Network/locations/westeurope/checkPrivateLinkServiceVisibility",
        crate::support::SUBSCRIPTION
    );
    assert_eq!(
        bench.ok("POST", &check, json!({"privateLinkServiceAlias": alias})),
        json!({"visible": true})
    );
}
