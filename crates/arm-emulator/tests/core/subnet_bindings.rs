//! Subnets with all that is bound to them, and route tables.

use crate::support::traffic::subnet_with;
use crate::support::{Bench, SUBSCRIPTION, endpoint_body, network};
use serde_json::{Value, json};

const TABLE: &str = "routeTables/rt";

fn subnet() -> String {
    network("virtualNetworks/vnet/subnets/a")
}

/// A bench with a security group `nsg` and a route table `rt`.
fn with_bindings() -> Bench {
    let bench = Bench::with_network();
    for path in ["networkSecurityGroups/nsg", TABLE] {
        bench.ok("PUT", &network(path), json!({"location": "westeurope"}));
    }
    bench.pass();
    bench
}

#[test]
fn everything_on_a_subnet_survives_a_write_of_what_was_read() {
    let bench = with_bindings();
    let (nsg, table) = (network("networkSecurityGroups/nsg"), network(TABLE));
    let body = subnet_with(&json!({
        "networkSecurityGroup": {"id": nsg},
        "routeTable": {"id": table},
        "serviceEndpoints": [{"service": "Microsoft.Storage"}, {"service": "Microsoft.Sql", "locations": ["westeurope"]}],
        "delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}],
        "privateEndpointNetworkPolicies": "networksecuritygroupenabled",
        "privateLinkServiceNetworkPolicies": "Disabled",
        "defaultOutboundAccess": false,
        // Of these the emulator knows no more than that they are there.
        "sharingScope": "Tenant",
        "applicationGatewayIPConfigurations": [1, {"x": "y"}],
    }));
    bench.ok("PUT", &subnet(), body);
    bench.pass();
    let shown = bench.get(&subnet());
    let properties = &shown["properties"];
    assert_eq!(
        properties["privateEndpointNetworkPolicies"],
        "NetworkSecurityGroupEnabled"
    );
    assert_eq!(
        properties["serviceEndpoints"],
        json!([
            {"service": "Microsoft.Storage", "locations": ["*"], "provisioningState": "Succeeded"},
            {"service": "Microsoft.Sql", "locations": ["westeurope"], "provisioningState": "Succeeded"},
        ])
    );
    assert_eq!(properties["delegations"][0]["etag"], shown["etag"]);
    assert_eq!(
        properties["delegations"][0]["properties"]["actions"],
        json!(["Microsoft.Network/virtualNetworks/subnets/action"])
    );
    assert_eq!(properties["sharingScope"], "Tenant");
    assert_eq!(
        properties["applicationGatewayIPConfigurations"],
        json!([1, {"x": "y"}])
    );
    bench.ok("PUT", &subnet(), shown.clone());
    assert!(!bench.last_changed(), "what was read says nothing new");
    assert_eq!(bench.get(&subnet()), shown);
    // In the network's body too.
    bench.ok(
        "PUT",
        &network("virtualNetworks/vnet"),
        bench.get(&network("virtualNetworks/vnet")),
    );
    assert!(!bench.last_changed());
    let mut changed = shown;
    changed["properties"]["privateEndpointNetworkPolicies"] = json!("Enabled");
    bench.ok("PUT", &subnet(), changed);
    bench.pass();
    let after = bench.get(&subnet());
    assert_eq!(
        after["properties"]["applicationGatewayIPConfigurations"],
        json!([1, {"x": "y"}])
    );
    // A PUT replaces: what it leaves out is gone.
    bench.ok("PUT", &subnet(), subnet_with(&json!({})));
    bench.pass();
    let after = bench.get(&subnet());
    for gone in [
        "applicationGatewayIPConfigurations",
        "networkSecurityGroup",
        "routeTable",
        "serviceEndpoints",
    ] {
        assert_eq!(after["properties"].get(gone), None, "{gone}");
    }
    assert_eq!(after["properties"]["delegations"], json!([]));
    assert_eq!(after["properties"]["privateEndpointNetworkPolicies"], "Disabled");
}

#[test]
fn what_a_subnet_is_bound_to_is_near() {
    let bench = with_bindings();
    let elsewhere = network("networkSecurityGroups/elsewhere");
    bench.ok("PUT", &elsewhere, json!({"location": "northeurope"}));
    bench.pass();
    let (nsg, table) = (network("networkSecurityGroups/nsg"), network(TABLE));
    for (changes, code) in [
        (
            json!({"networkSecurityGroup": {"id": network("networkSecurityGroups/absent")}}),
            "InvalidResourceReference",
        ),
        (
            json!({"networkSecurityGroup": {"id": elsewhere}}),
            "InvalidResourceReference",
        ),
        (
            json!({"networkSecurityGroup": {"id": table}}),
            "InvalidResourceReference",
        ),
        (json!({"routeTable": {"id": nsg}}), "InvalidResourceReference"),
        (json!({"routeTable": {}}), "InvalidRequestFormat"),
        (
            json!({"privateEndpointNetworkPolicies": "Sometimes"}),
            "InvalidRequestFormat",
        ),
        (
            json!({"privateLinkServiceNetworkPolicies": "RouteTableEnabled"}),
            "InvalidRequestFormat",
        ),
        (
            json!({"addressPrefix": "10.1.0.0/24"}),
            "NetcfgSubnetRangeOutsideVnet",
        ),
    ] {
        assert_eq!(
            bench.refused("PUT", &subnet(), subnet_with(&changes)),
            (400, code.to_owned()),
            "{changes}"
        );
        let mut inline = subnet_with(&changes);
        inline["name"] = json!("a");
        let body = json!({"location": "westeurope", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [inline]}});
        assert_eq!(
            bench.refused("PUT", &network("virtualNetworks/vnet"), body).1,
            code,
            "inline: {changes}"
        );
    }
    let gateway = network("virtualNetworks/vnet/subnets/GatewaySubnet");
    let at = |prefix: &str, changes: Value| {
        let mut body = subnet_with(&changes);
        body["properties"]["addressPrefix"] = json!(prefix);
        body
    };
    assert_eq!(
        bench
            .refused(
                "PUT",
                &gateway,
                at("10.0.2.0/24", json!({"networkSecurityGroup": {"id": nsg}}))
            )
            .1,
        "NetworkSecurityGroupCannotBeAttachedToGatewaySubnet"
    );
    bench.ok(
        "PUT",
        &gateway,
        at("10.0.2.0/24", json!({"routeTable": {"id": table}})),
    );
    bench.pass();
    assert_eq!(
        bench
            .refused(
                "PUT",
                &network("virtualNetworks/vnet/subnets/AzureBastionSubnet"),
                at("10.0.3.0/24", json!({"routeTable": {"id": table}}))
            )
            .1,
        "RouteTableCannotBeAttachedForAzureBastionSubnet"
    );
}

#[test]
fn a_subnet_in_use_keeps_prefix_and_delegations() {
    let bench = with_bindings();
    bench.ok("PUT", &network("privateEndpoints/pe"), endpoint_body("a"));
    bench.pass();
    assert_eq!(
        bench
            .refused(
                "PUT",
                &subnet(),
                subnet_with(&json!({"addressPrefix": "10.0.0.128/25"}))
            )
            .1,
        "InUsePrefixCannotBeDeleted"
    );
    let delegated =
        json!({"delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]});
    let (_, answer, _) = bench.send("PUT", &subnet(), subnet_with(&delegated));
    assert_eq!(
        answer["error"]["code"],
        "SubnetDelegationsCannotChangeWhenSubnetUsedByResource"
    );
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("from [] to [Microsoft.Web/serverFarms]")
    );
    bench.ok(
        "PUT",
        &subnet(),
        subnet_with(&json!({"privateEndpointNetworkPolicies": "Enabled"})),
    );
}

#[test]
fn one_write_at_a_time_in_a_network_and_only_on_what_was_read() {
    let bench = with_bindings();
    let other = network("virtualNetworks/vnet/subnets/b");
    let write =
        json!({"properties": {"addressPrefix": "10.0.1.0/29", "privateEndpointNetworkPolicies": "Enabled"}});
    let etag = bench.get(&other)["etag"].as_str().unwrap().to_owned();
    bench.ok(
        "PUT",
        &subnet(),
        subnet_with(&json!({"privateEndpointNetworkPolicies": "Enabled"})),
    );
    assert_eq!(
        bench.refused("PUT", &other, write.clone()),
        (409, "AnotherOperationInProgress".to_owned())
    );
    bench.pass();
    let conditional = |etag: &str| {
        bench
            .send_with("PUT", &other, write.to_string().as_bytes(), &[("if-match", etag)])
            .status
            .as_u16()
    };
    assert_eq!(conditional(&etag), 412, "a neighbour has changed the network");
    let etag = bench.get(&other)["etag"].as_str().unwrap().to_owned();
    assert_eq!(conditional(&etag), 200);
}

#[test]
fn a_table_names_its_subnets_and_stays_while_it_has_some() {
    let bench = with_bindings();
    let table = network(TABLE);
    bench.ok(
        "PUT",
        &subnet(),
        subnet_with(&json!({"routeTable": {"id": table}})),
    );
    bench.pass();
    let shown = bench.get(&table);
    assert_eq!(shown["properties"]["subnets"], json!([{"id": subnet()}]));
    assert_eq!(shown["properties"]["disableBgpRoutePropagation"], false);
    assert_eq!(shown["properties"]["routes"], json!([]));
    let (status, answer, _) = bench.send("DELETE", &table, Value::Null);
    assert_eq!(
        (status, answer["error"]["code"].as_str().unwrap()),
        (400, "InUseRouteTableCannotBeDeleted")
    );
    assert_eq!(
        answer["error"]["message"],
        "Route table rt is in use and cannot be deleted."
    );
    bench.ok("PUT", &subnet(), subnet_with(&json!({})));
    bench.pass();
    let (status, _, headers) = bench.send("DELETE", &table, Value::Null);
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (202, "2"));
}

#[test]
fn a_group_keeps_what_others_use() {
    let bench = Bench::with_network();
    let far = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/far");
    bench.ok("PUT", &far, json!({"location": "westeurope"}));
    let table = format!("{far}/providers/Microsoft.Network/routeTables/rt");
    bench.ok("PUT", &table, json!({"location": "westeurope"}));
    bench.pass();
    bench.ok(
        "PUT",
        &subnet(),
        subnet_with(&json!({"routeTable": {"id": table}})),
    );
    bench.pass();
    bench.ok("DELETE", &far, Value::Null);
    bench.pass();
    assert_eq!(bench.get(&table)["name"], "rt");
}

#[test]
fn routes_that_are_taken_and_refused() {
    let bench = with_bindings();
    let path = network(&format!("{TABLE}/routes/r"));
    let taken: Option<&str> = None;
    for (properties, code) in [
        (
            json!({"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}),
            taken,
        ),
        (
            json!({"addressPrefix": "10.0.0.0/16", "nextHopType": "VnetLocal"}),
            taken,
        ),
        (
            json!({"addressPrefix": "Storage.WestEurope", "nextHopType": "None"}),
            taken,
        ),
        (
            json!({"addressPrefix": "fd00::/8", "nextHopType": "VirtualNetworkGateway"}),
            taken,
        ),
        (
            json!({"addressPrefix": "10.0.0.4/32", "nextHopType": "virtualappliance", "nextHopIpAddress": "10.1.0.4"}),
            taken,
        ),
        (
            json!({"addressPrefix": "10.2.0.0/16", "nextHopType": "VirtualApplianceEcmp", "nextHop": {"nextHopIpAddresses": ["10.1.0.4", "10.1.0.5"]}}),
            taken,
        ),
        (
            json!({"addressPrefix": "0.0.0.0/0"}),
            Some("InvalidRequestFormat"),
        ),
        (json!({"nextHopType": "Internet"}), Some("InvalidRequestFormat")),
        (
            json!({"addressPrefix": "0.0.0.0/0", "nextHopType": "Elsewhere"}),
            Some("InvalidRequestFormat"),
        ),
        (
            json!({"addressPrefix": "10.0.0.1/16", "nextHopType": "None"}),
            Some("InvalidAddressPrefixFormat"),
        ),
        (
            json!({"addressPrefix": "Nowhere", "nextHopType": "None"}),
            Some("InvalidAddressPrefixFormat"),
        ),
        (
            json!({"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance"}),
            Some("MissingNextHopIpAddress"),
        ),
        (
            json!({"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "x"}),
            Some("InvalidNextHopIpAddress"),
        ),
        (
            json!({"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet", "nextHopIpAddress": "10.1.0.4"}),
            Some("InvalidNextHopIpAddress"),
        ),
        (
            json!({"addressPrefix": "10.2.0.0/16", "nextHopType": "VirtualApplianceEcmp", "nextHop": {"nextHopIpAddresses": ["10.1.0.4"]}}),
            Some("InvalidNextHopIpAddress"),
        ),
    ] {
        let (status, answer, _) = bench.send("PUT", &path, json!({"properties": properties}));
        match code {
            None => {
                assert!(status < 300, "{properties}: {answer}");
                assert_eq!(answer["properties"]["hasBgpOverride"], false);
            }
            Some(code) => assert_eq!(answer["error"]["code"], code, "{properties}"),
        }
        let body = json!({"location": "westeurope", "properties": {"routes": [{"name": "r", "properties": properties}]}});
        bench.pass();
        let (status, answer, _) = bench.send("PUT", &network(TABLE), body);
        assert_eq!(status >= 400, code.is_some(), "inline: {properties}: {answer}");
        bench.pass();
    }
}

#[test]
fn routes_are_children_and_parts_and_their_prefixes_differ() {
    let bench = with_bindings();
    let path = |name: &str| network(&format!("{TABLE}/routes/{name}"));
    let route = |prefix: &str| json!({"addressPrefix": prefix, "nextHopType": "None"});
    let (status, _, headers) = bench.send("PUT", &path("one"), json!({"properties": route("10.1.0.0/16")}));
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (201, "2"));
    // Side by side, as a client writes several routes at once.
    bench.ok("PUT", &path("two"), json!({"properties": route("10.2.0.0/16")}));
    let (_, answer, _) = bench.send("PUT", &path("three"), json!({"properties": route("10.1.0.0/16")}));
    assert_eq!(answer["error"]["code"], "RouteConflict");
    assert_eq!(
        answer["error"]["message"],
        "Route: three conflicts with Route: one. Routes cannot have the same AddressPrefix."
    );
    bench.pass();
    let shown = bench.get(&network(TABLE));
    assert_eq!(shown["properties"]["routes"][1], bench.get(&path("two")));
    assert_eq!(shown["properties"]["routes"][1]["etag"], shown["etag"]);
    let mut tagged = shown;
    tagged["tags"] = json!({"team": "network"});
    let (_, answer, headers) = bench.send("PUT", &network(TABLE), tagged);
    assert_eq!(
        answer["properties"]["provisioningState"], "Succeeded",
        "only the tags are new"
    );
    assert!(!headers.contains_key("retry-after"));
    let many: Vec<Value> = (0..401)
        .map(|number| {
            json!({"name": format!("r{number}"), "properties": route(&format!("10.{}.{}.0/24", number / 256, number % 256))})
        })
        .collect();
    let table = |routes: &[Value]| json!({"location": "westeurope", "properties": {"routes": routes}});
    assert_eq!(
        bench.refused("PUT", &network(TABLE), table(&many)).1,
        "RouteCountLimitReached"
    );
    bench.ok("PUT", &network(TABLE), table(&many[..400]));
    bench.pass();
    assert_eq!(bench.refused("GET", &path("one"), Value::Null).1, "NotFound");
}

#[test]
fn subnets_are_updating_while_one_beside_them_is_written() {
    let bench = with_bindings();
    let other = network("virtualNetworks/vnet/subnets/b");
    let state = || bench.get(&other)["properties"]["provisioningState"].clone();
    assert_eq!(state(), "Succeeded");
    let before = bench.get(&other)["etag"].clone();
    let body = subnet_with(&json!({"privateEndpointNetworkPolicies": "Enabled"}));
    let written = bench.ok("PUT", &subnet(), body.clone());
    assert_eq!(state(), "Updating");
    assert_eq!(bench.get(&other)["etag"], written["etag"]);
    assert_ne!(written["etag"], before);
    bench.pass();
    assert_eq!(state(), "Succeeded");
    bench.ok("PUT", &subnet(), body);
    assert_eq!(state(), "Succeeded", "nothing is written");
    bench.ok("DELETE", &subnet(), Value::Null);
    assert_eq!(state(), "Succeeded", "nor is it by a deletion");
    bench.pass();
    assert_eq!(state(), "Succeeded");
}

#[test]
fn the_dns_servers_of_a_network_are_addresses() {
    let bench = with_bindings();
    let path = network("virtualNetworks/other");
    let with = |servers: Value| {
        json!({"location": "westeurope", "properties": {
            "addressSpace": {"addressPrefixes": ["10.7.0.0/16"]}, "dhcpOptions": {"dnsServers": servers}}})
    };
    let code = |servers: Value| bench.refused("PUT", &path, with(servers));
    assert_eq!(
        code(json!(["10.0.0.4", "x"])),
        (400, "InvalidIPAddressFormat".to_owned())
    );
    let many: Vec<String> = (0..21).map(|number| format!("10.0.0.{number}")).collect();
    assert_eq!(code(json!(many)), (400, "DnsServersCountLimitReached".to_owned()));
    let made = bench.ok("PUT", &path, with(json!(["10.0.0.4", "10.0.0.5"])));
    assert_eq!(
        made["properties"]["dhcpOptions"]["dnsServers"],
        json!(["10.0.0.4", "10.0.0.5"])
    );
    bench.pass();
    bench.ok("PUT", &path, with(json!([])));
    bench.pass();
    let mut unset = with(Value::Null);
    unset["tags"] = json!({});
    let made = bench.ok("PUT", &path, unset);
    assert_eq!(made["properties"]["dhcpOptions"], json!({"dnsServers": []}));
    assert_eq!(made["tags"], json!({}), "an empty map is one");
}
