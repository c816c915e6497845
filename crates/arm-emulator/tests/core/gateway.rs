//! The gateway, groups, networks, lists and the generic resource.

use crate::support::{Bench, SUBSCRIPTION, endpoint_body, id, network};
use jiff::{SignedDuration, Timestamp};
use privatelink_arm_emulator::{Emulator, Options};
use serde_json::{Value, json};
use std::sync::Arc;

fn group() -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g")
}

#[test]
fn the_gateway_refuses_in_arms_words() {
    let bench = Bench::empty();
    let vnet = network("virtualNetworks/vnet");
    let (status, answer, headers) = bench.send("GET", &vnet, Value::Null);
    assert_eq!(
        (status, answer),
        (
            404,
            json!({"error": {"code": "ResourceGroupNotFound", "message": "Resource group 'g' could not be found."}})
        )
    );
    assert_eq!(headers["x-ms-failure-cause"], "gateway");
    bench.ok("PUT", &group(), json!({"location": "westeurope"}));
    let (_, answer, _) = bench.send("GET", &vnet, Value::Null);
    assert_eq!(
        answer["error"]["message"],
        "The Resource 'Microsoft.Network/virtualNetworks/vnet' under resource group 'g' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    );
    for (path, code) in [
        (
            "https://management.azure.com/subscriptions/s",
            "MissingApiVersionParameter",
        ),
        (
            "https://management.azure.com/subscriptions/s?api-version=latest",
            "InvalidApiVersionParameter",
        ),
    ] {
        assert_eq!(bench.refused("GET", path, Value::Null), (400, code.into()));
    }
    for path in [
        "/subscriptions/zzz",
        "/subscriptions/resourceGroups/g",
        "/subscriptions/11111111-1111",
    ] {
        let (status, body, _) = bench.send("GET", path, Value::Null);
        let id = path.split('/').nth(2).unwrap();
        assert_eq!(
            (status, &body["error"]),
            (
                400,
                &json!({
                    "code": "InvalidSubscriptionId",
                    "message": format!("The provided subscription identifier '{id}' is malformed or invalid."),
                })
            )
        );
    }
    let old = format!("https://management.azure.com{}?api-version=2012-01-01", vnet);
    assert_eq!(
        bench.refused("GET", &old, Value::Null),
        (404, "InvalidResourceType".into())
    );
    for (body, code) in [
        (&b"{"[..], "InvalidRequestContent"),
        (b"[]", "InvalidRequestContent"),
        (b"", "InvalidRequestContent"),
        (b"{\"properties\":{}}", "LocationRequired"),
        (b"{\"location\":\"westeurope\"}", "InvalidRequestFormat"),
        (
            b"{\"location\":\"westeurope\",\"tags\":{\"a/b\":\"c\"}}",
            "InvalidTagNameCharacters",
        ),
    ] {
        let response = bench.send_with("PUT", &vnet, body, &[]);
        let answer: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(
            (
                response.status.as_u16(),
                answer["error"]["code"].as_str().unwrap()
            ),
            (400, code),
            "{answer}"
        );
    }
    let register = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/unregister");
    bench.ok("POST", &register, Value::Null);
    assert_eq!(
        bench.refused("GET", &vnet, Value::Null),
        (409, "MissingSubscriptionRegistration".into())
    );
}

#[test]
fn ids_compare_without_case_and_keep_their_casing() {
    let bench = Bench::with_network();
    let shown = bench.get(
        &network("virtualNetworks/vnet")
            .to_uppercase()
            .replace("SUBSCRIPTIONS", "subscriptions"),
    );
    assert_eq!(shown["id"], network("virtualNetworks/vnet"));
    let (status, ..) = bench.send(
        "PUT",
        &network("VIRTUALNETWORKS/VNET"),
        bench.get(&network("virtualNetworks/vnet")),
    );
    assert_eq!(status, 200);
    assert!(!bench.last_changed());
}

#[test]
fn a_network_put_replaces_its_subnets() {
    let bench = Bench::with_network();
    let vnet = network("virtualNetworks/vnet");
    let bare = json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
    bench.ok("PUT", &network("privateEndpoints/pe"), endpoint_body("a"));
    bench.pass();
    assert_eq!(
        bench.refused("PUT", &vnet, bare.clone()),
        (400, "InUseSubnetCannotBeDeleted".into())
    );
    bench.ok("DELETE", &network("privateEndpoints/pe"), Value::Null);
    bench.pass();
    let answer = bench.ok("PUT", &vnet, bare);
    assert_eq!(answer["properties"]["subnets"], json!([]));
    bench.pass();
    let subnet = network("virtualNetworks/vnet/subnets/n");
    for (prefix, code) in [
        ("11.0.0.0/24", "NetcfgSubnetRangeOutsideVnet"),
        ("10.0.0.0/30", "NetcfgInvalidSubnet"),
        ("10.0.0.1/24", "InvalidCIDRNotation"),
    ] {
        assert_eq!(
            bench.refused("PUT", &subnet, json!({"properties": {"addressPrefix": prefix}})),
            (400, code.into())
        );
    }
    bench.ok(
        "PUT",
        &subnet,
        json!({"properties": {"addressPrefix": "10.0.0.0/24"}}),
    );
    let other = network("virtualNetworks/vnet/subnets/o");
    let body = json!({"properties": {"addressPrefix": "10.0.0.128/25"}});
    assert_eq!(
        bench.refused("PUT", &other, body.clone()),
        (409, "AnotherOperationInProgress".into())
    );
    bench.pass();
    assert_eq!(
        bench.refused("PUT", &other, body.clone()),
        (400, "NetcfgSubnetRangesOverlap".into())
    );
    let refusal = bench.send("PUT", &other, body).1["error"]["message"].to_string();
    assert!(refusal.contains("Subnet 'o' is not valid"), "{refusal}");
    assert_eq!(
        bench.get(&subnet)["etag"],
        bench.get(&vnet)["etag"],
        "network and subnets share an etag"
    );
    assert_eq!(
        bench.refused("GET", &other, Value::Null),
        (404, "NotFound".into())
    );
    assert_eq!(
        bench.refused("PUT", &network("virtualNetworks/none/subnets/o"), json!({})),
        (404, "ParentResourceNotFound".into())
    );
}

#[test]
fn a_group_takes_everything_with_it() {
    let bench = Bench::with_network();
    bench.ok("PUT", &network("privateEndpoints/pe"), endpoint_body("a"));
    bench.pass();
    let (status, _, headers) = bench.send("DELETE", &group(), Value::Null);
    assert_eq!(status, 202);
    assert!(!headers.contains_key("azure-asyncoperation"));
    let location = headers["location"].to_str().unwrap().to_owned();
    assert_eq!(bench.send("GET", &location, Value::Null).0, 202);
    assert_eq!(
        bench.refused(
            "PUT",
            &network("virtualNetworks/wnet"),
            json!({"location": "westeurope"})
        ),
        (409, "ResourceGroupBeingDeleted".into())
    );
    bench.pass();
    assert_eq!(bench.send("GET", &location, Value::Null).0, 200);
    assert_eq!(bench.emulator.resource_ids(), Vec::<String>::new());
    assert_eq!(
        bench.refused("GET", &group(), Value::Null),
        (404, "ResourceGroupNotFound".into())
    );
}

#[test]
fn lists_have_pages() {
    let bench = Bench::with_network();
    for number in 0..5 {
        bench.ok(
            "PUT",
            &network(&format!("applicationSecurityGroups/g{number}")),
            json!({"location": "westeurope"}),
        );
    }
    for path in [
        network("applicationSecurityGroups"),
        format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/applicationSecurityGroups"),
    ] {
        let mut next = Some(format!("{path}?$top=2"));
        let mut seen = Vec::new();
        let mut pages = 0;
        while let Some(path) = next {
            let page = bench.get(&path);
            seen.extend(
                page["value"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| one["name"].as_str().unwrap().to_owned()),
            );
            next = page.get("nextLink").map(|link| link.as_str().unwrap().to_owned());
            pages += 1;
        }
        assert_eq!(
            (seen, pages),
            (["g0", "g1", "g2", "g3", "g4"].map(str::to_owned).to_vec(), 3)
        );
    }
}

#[test]
fn any_other_type_is_stored_and_marked() {
    let bench = Bench::with_network();
    let path = id("Contoso.Things/boxes/one");
    let (status, _, headers) = bench.send(
        "PUT",
        &path,
        json!({"location": "westeurope", "properties": {"size": 3}}),
    );
    assert_eq!(
        (status, headers["x-emulator-generic"].to_str().unwrap()),
        (201, "true")
    );
    assert!(bench.emulator.journal_since(0).entries.last().unwrap().generic);
    bench.ok("PUT", &format!("{path}/parts/p"), json!({"properties": {}}));
    bench.ok(
        "PUT",
        &format!("{path}/providers/Microsoft.ServiceLinker/linkers/d"),
        json!({"properties": {}}),
    );
    assert_eq!(
        bench.get(&format!("{path}/parts"))["value"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        bench
            .send(
                "PUT",
                &path,
                json!({"location": "westeurope", "properties": {"size": 3}})
            )
            .0,
        200
    );
    assert!(!bench.last_changed());
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 200);
    assert_eq!(
        bench.refused("GET", &format!("{path}/parts/p"), Value::Null).0,
        404
    );
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 204);
}

#[test]
fn a_snapshot_brings_back_resources_operations_and_indexes() {
    let bench = Bench::with_network();
    let path = network("privateEndpoints/pe");
    bench.ok("PUT", &path, endpoint_body("a"));
    let text = serde_json::to_string(&bench.emulator.snapshot()).unwrap();
    bench.pass();
    let settled = bench.get(&path);
    bench.ok("DELETE", &path, Value::Null);
    bench.pass();
    bench.emulator.restore(&serde_json::from_str(&text).unwrap());
    assert_eq!(bench.get(&path)["properties"]["provisioningState"], "Updating");
    bench.emulator.advance(SignedDuration::from_secs(60));
    assert_eq!(
        bench.get(&path)["properties"]["customDnsConfigs"],
        settled["properties"]["customDnsConfigs"]
    );
    assert!(
        bench.get(&network("virtualNetworks/vnet/subnets/a"))["properties"]["privateEndpoints"].is_array()
    );
    bench.ok("PUT", &network("privateEndpoints/next"), endpoint_body("a"));
    bench.pass();
    assert_eq!(
        bench.get(&network("privateEndpoints/next"))["properties"]["customDnsConfigs"][0]["ipAddresses"],
        json!(["10.0.0.5"])
    );
    bench.emulator.reset();
    assert!(bench.emulator.resource_ids().is_empty());
}

#[test]
fn the_writers_of_each_part_are_known() {
    let bench = Bench::with_network();
    let path = network("privateEndpoints/pe");
    bench.ok("PUT", &path, endpoint_body("a"));
    bench.pass();
    let own = bench.emulator.writers(&path).unwrap().created_by;
    bench
        .emulator
        .put_as_someone_else(&path, |body| body["tags"] = json!({"theirs": "1"}))
        .unwrap();
    let writers = bench.emulator.writers(&path).unwrap();
    assert_eq!(writers.areas["properties.subnet"], own);
    assert_ne!(writers.areas["tags"], own);
    assert_eq!(writers.last_modified_by, writers.areas["tags"]);
    bench.emulator.delete_as_someone_else(&path).unwrap();
    assert!(bench.emulator.resource(&path).is_none());
}

#[test]
fn groups_are_listed_by_a_tag_and_in_pages() {
    let bench = Bench::empty();
    let groups = format!("/subscriptions/{SUBSCRIPTION}/resourcegroups");
    for (name, tags) in [
        ("a", json!({"team": "network"})),
        ("b", json!({"Team": "dns"})),
        ("c", json!({})),
        ("d", json!({"owner": "network", "team": "network"})),
    ] {
        bench.ok(
            "PUT",
            &format!("{groups}/{name}"),
            json!({"location": "westeurope", "tags": tags}),
        );
    }
    let names = |query: &str| -> String {
        let list = bench.get(&format!("{groups}?{query}"));
        let names = list["value"].as_array().unwrap().iter();
        names.map(|group| group["name"].as_str().unwrap()).collect()
    };
    for (query, expected) in [
        ("", "abcd"),
        ("$filter=tagName eq 'team'", "abd"),
        ("$filter=tagname eq 'team' and tagvalue eq 'network'", "ad"),
        ("$filter=tagName eq 'nosuch'", ""),
    ] {
        assert_eq!(names(query), expected, "{query}");
    }
    for filter in [
        "name eq 'a'",
        "location eq 'x'",
        "tagName ne 'team'",
        "tagName eq 'a' and tagName eq 'b'",
        "bogus",
    ] {
        let (status, answer, _) = bench.send("GET", &format!("{groups}?$filter={filter}"), Value::Null);
        assert_eq!(
            (status, &answer["error"]["code"]),
            (400, &json!("InvalidFilterInQueryString"))
        );
        assert_eq!(
            answer["error"]["message"],
            format!("Invalid $filter '{filter}' specified in the query string.")
        );
    }
    // Page by page, the filter goes along.
    let mut seen = String::new();
    let mut next = Some(format!("{groups}?$top=1&$filter=tagName eq 'team'"));
    while let Some(link) = next {
        let page = bench.get(&link);
        assert!(page["value"].as_array().unwrap().len() <= 1);
        seen += page["value"][0]["name"].as_str().unwrap();
        next = page["nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, "abd");
    assert_eq!(
        bench.refused("GET", &format!("{groups}?$top=x"), Value::Null).0,
        400
    );
}

#[test]
fn a_patch_without_tags_leaves_them() {
    let bench = Bench::with_network();
    let group = network("networkSecurityGroups/nsg");
    bench.ok(
        "PUT",
        &group,
        json!({"location": "westeurope", "tags": {"team": "network"}}),
    );
    bench.pass();
    bench.ok("PATCH", &group, json!({"properties": {}}));
    assert_eq!(bench.get(&group)["tags"], json!({"team": "network"}));
    bench.ok("PATCH", &group, json!({"tags": {}}));
    assert_eq!(bench.get(&group)["tags"], json!({}));
}

#[test]
fn members_of_a_network_are_known_in_any_case() {
    let bench = Bench::with_network();
    let vnet = network("virtualNetworks/other");
    let body = json!({"Location": "westeurope", "PROPERTIES": {"addressspace": {"AddressPrefixes": ["10.7.0.0/16"]}}});
    bench.ok("PUT", &vnet, body);
    assert_eq!(
        bench.get(&vnet)["properties"]["addressSpace"]["addressPrefixes"],
        json!(["10.7.0.0/16"])
    );
}

#[test]
fn times_have_seven_digits_of_a_second() {
    let now: Timestamp = "2026-01-01T00:00:00.123456789Z".parse().unwrap();
    let bench = Bench {
        emulator: Emulator::new(Options::new(Arc::new(move || now)).unwrap()),
    };
    bench.ok("PUT", &group(), json!({"location": "westeurope"}));
    let registry = id("Microsoft.ContainerRegistry/registries/registry1");
    bench.ok(
        "PUT",
        &registry,
        json!({"location": "westeurope", "sku": {"name": "Premium"}}),
    );
    assert_eq!(
        bench.get(&registry)["systemData"]["createdAt"],
        "2026-01-01T00:00:00.1234567Z"
    );
}
