//! What the network provider says of wrong requests, word for word as Azure was recorded or reported to.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use crate::support::{Bench, network};
use serde_json::{Value, json};

fn refusal(bench: &Bench, method: &str, path: &str, body: Value) -> Value {
    let (status, answer, _) = bench.send(method, &network(path), body);
    assert_eq!(status, 400, "{answer}");
    answer["error"].clone()
}

fn said(code: &str, message: &str) -> Value {
    json!({"code": code, "message": message, "details": []})
}

/// A body that cannot be parsed: what is in the details has no details of its own.
fn unparsed(code: &str, message: &str) -> Value {
    json!({"code": "InvalidRequestFormat", "message": "Cannot parse the request.",
        "details": [{"code": code, "message": message}]})
}

#[test]
fn two_parts_of_one_name_cannot_be_parsed() {
    let bench = Bench::with_network();
    let subnet = |prefix: &str| json!({"name": "ps1934", "properties": {"addressPrefix": prefix}});
    assert_eq!(
        refusal(
            &bench,
            "PUT",
            "virtualNetworks/ps9078",
            json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
                "subnets": [subnet("10.0.1.0/24"), subnet("10.0.1.0/24")]}})
        ),
        unparsed(
            "DuplicateResourceName",
            "Resource /subscriptions//resourceGroups//providers/Microsoft.Network/virtualNetworks/ has two child resources with the same name (ps1934)."
        )
    );
    let frontend = || json!({"name": "default", "properties": {"subnet": {"id": network("virtualNetworks/vnet/subnets/a")}}});
    assert_eq!(
        refusal(
            &bench,
            "PUT",
            "loadBalancers/lb",
            json!({"location": "westeurope", "properties": {"frontendIPConfigurations": [frontend(), frontend()]}})
        ),
        unparsed(
            "DuplicateResourceName",
            "Resource /subscriptions//resourceGroups//providers/Microsoft.Network/loadBalancers/ has two child resources with the same name (default)."
        )
    );
}

#[test]
fn a_reference_without_an_id_is_told_with_its_number() {
    let bench = Bench::with_network();
    let inside = |name: &str, subnet: Value| json!({"name": name, "properties": {"subnet": subnet}});
    let good = || json!({"id": network("virtualNetworks/vnet/subnets/a")});
    assert_eq!(
        refusal(
            &bench,
            "PUT",
            "loadBalancers/lb",
            json!({"location": "westeurope", "properties": {"frontendIPConfigurations": [
                inside("one", good()), inside("two", good()), inside("three", json!({}))]}})
        ),
        unparsed(
            "MissingJsonReferenceId",
            "Value for reference id is missing. Path properties.frontendIPConfigurations[2].properties.subnet."
        )
    );
}

#[test]
fn subnets_that_do_not_fit_are_told_with_their_network() {
    let bench = Bench::with_network();
    let body = |prefix: &str| json!({"properties": {"addressPrefix": prefix}});
    for (prefix, code, message) in [
        (
            "10.1.0.0/16",
            "NetcfgSubnetRangeOutsideVnet",
            "Subnet 'cloudshellsubnet' is not valid because its IP address range is outside the IP address range of virtual network 'vnet'.",
        ),
        (
            "10.0.0.0/25",
            "NetcfgSubnetRangesOverlap",
            "Subnet 'cloudshellsubnet' is not valid because its IP address range overlaps with that of an existing subnet in virtual network 'vnet'.",
        ),
        (
            "10.0.9.0/30",
            "NetcfgInvalidSubnet",
            "Subnet 'cloudshellsubnet' is not valid in virtual network 'vnet'.",
        ),
    ] {
        let path = "virtualNetworks/vnet/subnets/cloudshellsubnet";
        assert_eq!(refusal(&bench, "PUT", path, body(prefix)), said(code, message));
    }
}

fn nic(configurations: Value) -> Value {
    json!({"location": "westeurope", "properties": {"ipConfigurations": configurations}})
}

fn configuration(name: &str, more: Value) -> Value {
    let mut properties = json!({"subnet": {"id": network("virtualNetworks/vnet/subnets/a")}});
    for (name, value) in more.as_object().unwrap() {
        properties[name] = value.clone();
    }
    json!({"name": name, "properties": properties})
}

#[test]
fn a_static_address_is_taken_once_and_inside_the_subnet() {
    let bench = Bench::with_network();
    let fixed = |name: &str, address: &str| {
        configuration(
            name,
            json!({"privateIPAllocationMethod": "Static", "privateIPAddress": address}),
        )
    };
    bench.ok(
        "PUT",
        &network("networkInterfaces/one"),
        nic(json!([fixed("ip", "10.0.0.5")])),
    );
    bench.pass();
    for (address, code, message) in [
        (
            "10.0.0.5",
            "PrivateIPAddressIsAllocated",
            format!(
                "IP configuration {} is using the private IP address 10.0.0.5 which is already allocated to resource {}.",
                network("networkInterfaces/two/ipConfigurations/mine"),
                network("networkInterfaces/one/ipConfigurations/ip")
            ),
        ),
        (
            "10.0.0.255",
            "PrivateIPAddressInReservedRange",
            "Private static IP address 10.0.0.255 falls within reserved IP range of subnet prefix 10.0.0.0/24."
                .to_owned(),
        ),
        (
            "10.0.1.5",
            "PrivateIPAddressNotInSubnet",
            "Private static IP address 10.0.1.5 does not belong to the range of subnet prefix 10.0.0.0/24."
                .to_owned(),
        ),
    ] {
        assert_eq!(
            refusal(
                &bench,
                "PUT",
                "networkInterfaces/two",
                nic(json!([fixed("mine", address)]))
            ),
            said(code, &message)
        );
    }
    assert_eq!(
        refusal(
            &bench,
            "PUT",
            "networkInterfaces/two",
            nic(json!([fixed("mine", "10.0.0.9"), fixed("more", "10.0.0.9")]))
        )["code"],
        "PrivateIPAddressIsAllocated"
    );
}

#[test]
fn an_address_and_its_configuration_are_of_one_version() {
    let bench = Bench::with_network();
    let six = json!({"location": "westeurope", "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv6"}});
    bench.ok("PUT", &network("publicIPAddresses/six"), six);
    bench.pass();
    let public = json!({"publicIPAddress": {"id": network("publicIPAddresses/six")}});
    assert_eq!(
        refusal(
            &bench,
            "PUT",
            "networkInterfaces/mynic",
            nic(json!([configuration("myipv6config", public.clone())]))
        ),
        said(
            "IPVersionForPublicIpAndNicIpConfigurationMustMatch",
            &format!(
                "IP version for publicIPAddress '{}', version 'IPv6' and network interface ipConfiguration '{}', version 'IPv4' must match.",
                network("publicIPAddresses/six"),
                network("networkInterfaces/mynic/ipConfigurations/myipv6config")
            )
        )
    );
    let mut both = public;
    both["privateIPAddressVersion"] = json!("IPv6");
    let made = bench.ok(
        "PUT",
        &network("networkInterfaces/mynic"),
        nic(json!([
            configuration("myipv6config", both.clone()),
            configuration("four", json!({}))
        ])),
    );
    let primary =
        |number: usize| made["properties"]["ipConfigurations"][number]["properties"]["primary"].clone();
    assert_eq!(
        (primary(0), primary(1)),
        (json!(false), json!(true)),
        "the first of IPv4 is primary"
    );
    assert_eq!(
        refusal(
            &bench,
            "PUT",
            "networkInterfaces/alone",
            nic(json!([configuration(
                "six",
                json!({"privateIPAddressVersion": "IPv6"})
            )]))
        )["code"],
        "IpConfigurationsMustHaveExactlyOnePrimary"
    );
}

#[test]
fn public_addresses_are_refused_in_azures_words() {
    let bench = Bench::with_network();
    let path = "publicIPAddresses/myPublicIP";
    assert_eq!(
        refusal(
            &bench,
            "PUT",
            path,
            json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {}})
        ),
        said(
            "StandardSkuPublicIPAddressesMustBeStatic",
            &format!(
                "Standard sku publicIp {} must have AllocationMethod set to Static.",
                network(path)
            )
        )
    );
    assert_eq!(
        refusal(
            &bench,
            "PUT",
            path,
            json!({"location": "westeurope", "properties": {"publicIPAddressVersion": "IPv6", "publicIPAllocationMethod": "Static"}})
        ),
        said(
            "CannotSpecifyPublicIpAllocationMethodAsStaticForIpV6PublicIp",
            "Cannot specify publicIpAllocationMethod as Static for IPv6 PublicIp"
        )
    );
    assert_eq!(
        refusal(
            &bench,
            "PUT",
            path,
            json!({"location": "westeurope", "properties": {"dnsSettings": {"domainNameLabel": "AD_LB"}}})
        ),
        said(
            "InvalidDomainNameLabel",
            "The domain name label AD_LB is invalid. It must conform to the following regular expression: ^[a-z][a-z0-9-]{1,61}[a-z0-9]$."
        )
    );
}

#[test]
fn a_label_is_free_until_an_address_of_the_region_has_it() {
    let bench = Bench::with_network();
    let ask = |region: &str, label: &str| {
        let subscription = crate::support::SUBSCRIPTION;
        bench.send(
            "GET",
            &format!(
                "/subscriptions/{subscription}/providers/Microsoft.Network/locations/{region}/CheckDnsNameAvailability?domainNameLabel={label}"
            ),
            Value::Null,
        )
    };
    assert_eq!(ask("westeurope", "front").1, json!({"available": true}));
    bench.ok(
        "PUT",
        &network("publicIPAddresses/ip"),
        json!({"location": "westeurope", "properties": {"dnsSettings": {"domainNameLabel": "front"}}}),
    );
    assert_eq!(ask("westeurope", "front").1, json!({"available": false}));
    assert_eq!(ask("West Europe", "front").1, json!({"available": false}));
    assert_eq!(ask("northeurope", "front").1, json!({"available": true}));
    let (status, answer, _) = ask("westeurope", "No_");
    assert_eq!(
        (status, answer["error"]["code"].as_str()),
        (400, Some("InvalidDomainNameLabel"))
    );
}

#[test]
fn a_network_says_how_many_addresses_of_its_subnets_are_in_use() {
    let bench = Bench::with_network();
    bench.ok(
        "PUT",
        &network("networkInterfaces/nic"),
        nic(json!([configuration("ip", json!({}))])),
    );
    let usage = |name: &str, used: u32, limit: u32| {
        json!({"currentValue": used, "id": network(&format!("virtualNetworks/vnet/subnets/{name}")), "limit": limit,
            "name": {"localizedValue": "Subnet size and usage", "value": "SubnetSpace"}, "unit": "Count"})
    };
    assert_eq!(
        bench.get(&network("virtualNetworks/vnet/usages")),
        json!({"value": [usage("a", 1, 251), usage("b", 0, 3)]})
    );
    assert_eq!(
        bench
            .refused("GET", &network("virtualNetworks/none/usages"), Value::Null)
            .0,
        404
    );
}

#[test]
fn numbers_and_flags_are_taken_from_texts() {
    let bench = Bench::with_network();
    let rule = json!({"properties": {"protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": "101",
        "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"}});
    bench.ok(
        "PUT",
        &network("networkSecurityGroups/nsg"),
        json!({"location": "westeurope"}),
    );
    bench.pass();
    let made = bench.ok("PUT", &network("networkSecurityGroups/nsg/securityRules/r"), rule);
    assert_eq!(made["properties"]["priority"], 101);
    let made = bench.ok(
        "PUT",
        &network("routeTables/rt"),
        json!({"location": "westeurope", "properties": {"disableBgpRoutePropagation": "True"}}),
    );
    assert_eq!(made["properties"]["disableBgpRoutePropagation"], true);
    let made = bench.ok(
        "PUT",
        &network("publicIPAddresses/ip"),
        json!({"location": "westeurope", "properties": {"idleTimeoutInMinutes": "15"}}),
    );
    assert_eq!(made["properties"]["idleTimeoutInMinutes"], 15);
}

#[test]
fn networks_have_shorter_names_than_others_and_are_not_of_ipv6_alone() {
    let bench = Bench::with_network();
    let body = |prefixes: Value| json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": prefixes}}});
    let four = json!(["10.9.0.0/16"]);
    let site = |name: &str| {
        said(
            "NetcfgInvalidVirtualNetworkSite",
            &format!("Virtual network site is not valid as specified with the name '{name}'."),
        )
    };
    let long = "generic-worker-win2022-staging-4qqpektj4xl3ivd77cfx-centralusVNET";
    for (name, prefixes) in [
        (long, four.clone()),
        ("v", four.clone()),
        ("six", json!(["fd00:9::/48"])),
    ] {
        let path = format!("virtualNetworks/{name}");
        assert_eq!(refusal(&bench, "PUT", &path, body(prefixes)), site(name));
    }
    let longer = "v".repeat(81);
    assert_eq!(
        refusal(&bench, "PUT", &format!("virtualNetworks/{longer}"), body(four))["code"],
        "InvalidResourceName"
    );
    bench.ok(
        "PUT",
        &network("virtualNetworks/both"),
        body(json!(["fd00:9::/48", "10.9.0.0/16"])),
    );
}

#[test]
fn lists_of_references_that_are_empty_are_not_shown() {
    let bench = Bench::with_network();
    // As a client sends them that fills in every list.
    let made = bench.ok(
        "PUT",
        &network("virtualNetworks/ps9078"),
        json!({"location": "westcentralus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
            "virtualNetworkPeerings": [], "subnets": [{"name": "ps1934", "properties": {
                "addressPrefix": "10.0.1.0/24", "addressPrefixes": [], "serviceEndpoints": [], "serviceEndpointPolicies": [],
                "resourceNavigationLinks": [], "serviceAssociationLinks": [], "delegations": [],
                "privateEndpointNetworkPolicies": "Enabled", "privateLinkServiceNetworkPolicies": "Enabled"}}]}}),
    );
    let recorded = json!({"provisioningState": "Updating", "addressPrefix": "10.0.1.0/24", "serviceEndpoints": [],
        "delegations": [], "privateEndpointNetworkPolicies": "Enabled", "privateLinkServiceNetworkPolicies": "Enabled"});
    assert_eq!(made["properties"]["subnets"][0]["properties"], recorded);
    bench.pass();
    let subnet = network("virtualNetworks/ps9078/subnets/ps1934");
    bench.ok(
        "PUT",
        &subnet,
        json!({"properties": {"addressPrefix": "10.0.1.0/24", "addressPrefixes": [], "serviceEndpoints": [],
            "serviceEndpointPolicies": [], "privateEndpointNetworkPolicies": "Enabled"}}),
    );
    assert!(!bench.last_changed());
    let made = bench.ok(
        "PUT",
        &network("networkInterfaces/ps2477"),
        nic(json!([configuration(
            "ipconfig1",
            json!({"virtualNetworkTaps": [], "applicationGatewayBackendAddressPools": [], "loadBalancerBackendAddressPools": [],
                "loadBalancerInboundNatRules": [], "applicationSecurityGroups": [], "privateIPAllocationMethod": "Dynamic"})
        )])),
    );
    assert_eq!(
        made["properties"]["ipConfigurations"][0]["properties"],
        json!({"provisioningState": "Succeeded", "privateIPAddress": "10.0.0.4", "privateIPAllocationMethod": "Dynamic",
            "subnet": {"id": network("virtualNetworks/vnet/subnets/a")}, "primary": true, "privateIPAddressVersion": "IPv4"})
    );
}
