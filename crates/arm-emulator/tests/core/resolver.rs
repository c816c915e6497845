//! DNS resolvers, their endpoints, and the subnets that these take.

use crate::support::{Bench, SUBSCRIPTION, comes_back_and_goes, network};
use serde_json::{Value, json};

const RESOLVER: &str = "dnsResolvers/r";

fn resolver_on(vnet: &str) -> Value {
    json!({"location": "westeurope", "properties": {"virtualNetwork": {"id": network(&format!("virtualNetworks/{vnet}"))}}})
}

fn subnet_id(name: &str) -> String {
    network(&format!("virtualNetworks/vnet/subnets/{name}"))
}

fn inbound(subnet: &str) -> Value {
    json!({"location": "westeurope", "properties": {"ipConfigurations": [{"subnet": {"id": subnet_id(subnet)}}]}})
}

fn inbound_at(subnet: &str, address: &str) -> Value {
    json!({"location": "westeurope", "properties": {"ipConfigurations": [{
        "subnet": {"id": subnet_id(subnet)}, "privateIpAllocationMethod": "static", "privateIpAddress": address}]}})
}

fn outbound(subnet: &str) -> Value {
    json!({"location": "westeurope", "properties": {"subnet": {"id": subnet_id(subnet)}}})
}

fn add_subnet(bench: &Bench, name: &str, prefix: &str) {
    bench.ok(
        "PUT",
        &subnet_id(name),
        json!({"properties": {"addressPrefix": prefix}}),
    );
    bench.pass();
}

/// The resolver [`RESOLVER`] on a network whose subnet `a` is a /24 and `in` and `out` are a /28.
fn with_resolver() -> Bench {
    let bench = Bench::with_network();
    add_subnet(&bench, "in", "10.0.2.0/28");
    add_subnet(&bench, "out", "10.0.2.16/28");
    bench.ok("PUT", &network(RESOLVER), resolver_on("vnet"));
    bench.pass();
    bench
}

fn endpoint(rest: &str) -> String {
    network(&format!("{RESOLVER}/{rest}"))
}

/// Sends a write that is accepted, lets its operation end, and gives back what its status says.
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an answer in another form fails the test"
)]
fn outcome(bench: &Bench, method: &str, path: &str, body: Value) -> Value {
    let (status, answer, headers) = bench.send(method, path, body);
    assert_eq!(status, 202, "{method} {path}: {answer}");
    bench.pass();
    bench.get(headers["azure-asyncoperation"].to_str().unwrap())
}

/// How the status of an accepted PUT says in the end that it failed.
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an answer in another form fails the test"
)]
fn failure(bench: &Bench, path: &str, body: Value) -> (u16, String) {
    let (status, answer, headers) = bench.send("PUT", path, body);
    assert_eq!(status, 202, "{path}: {answer}");
    bench.pass();
    bench.refused(
        "GET",
        headers["azure-asyncoperation"].to_str().unwrap(),
        Value::Null,
    )
}

#[test]
fn a_resolver_is_made_by_an_operation_of_its_own_style() {
    let bench = Bench::with_network();
    let path = network(RESOLVER);
    let (status, body, headers) = bench.send("PUT", &path, resolver_on("vnet"));
    assert_eq!((status, body), (202, json!({})));
    assert_eq!(headers["retry-after"], "5");
    let status_url = headers["azure-asyncoperation"].to_str().unwrap().to_owned();
    assert!(
        status_url.contains("/resourceGroups/g/providers/Microsoft.Network/locations/westeurope/dnsResolverOperationStatuses/eyJPcGVyYXRpb25UeXBlIjoiVXBzZXJ0RG5zUmVzb2x2ZXIi"),
        "{status_url}"
    );
    assert!(
        headers["location"]
            .to_str()
            .unwrap()
            .contains("/dnsResolverOperationResults/")
    );
    let (status, body, _) = bench.send("GET", &status_url, Value::Null);
    assert_eq!((status, &body["status"]), (200, &json!("InProgress")));
    assert!(body["id"].is_string() && body["name"].is_string() && body.get("endTime").is_none());
    assert_eq!(bench.get(&path)["properties"]["provisioningState"], "Creating");
    assert_eq!(
        bench.refused("PUT", &path, resolver_on("vnet")),
        (409, "Conflict".into())
    );
    bench.pass();
    let body = bench.get(&status_url);
    assert_eq!(body["status"], "Succeeded");
    assert!(body["endTime"].is_string());
    let (_, shown, headers) = bench.send("GET", &path, Value::Null);
    assert!(!headers.contains_key("etag"));
    assert!(shown["etag"].as_str().unwrap().starts_with('"'));
    assert_eq!(shown["properties"]["dnsResolverState"], "Connected");
    assert!(shown["properties"]["resourceGuid"].is_string());
    assert!(shown["systemData"]["createdAt"].is_string());
    assert!(shown["systemData"].get("createdBy").is_none() && shown.get("tags").is_none());
    assert_eq!(
        outcome(&bench, "PATCH", &path, json!({"tags": {"a": "b"}}))["status"],
        "Succeeded"
    );
    let after = bench.get(&path);
    assert_eq!(after["tags"], json!({"a": "b"}));
    assert_ne!(after["etag"], shown["etag"]);
    assert_eq!(
        after["properties"]["resourceGuid"],
        shown["properties"]["resourceGuid"]
    );
    for list in [
        network("dnsResolvers"),
        format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/dnsResolvers"),
    ] {
        assert_eq!(bench.get(&list)["value"][0]["id"], json!(path));
    }
    let found = bench.ok(
        "POST",
        &network("virtualNetworks/vnet/listDnsResolvers"),
        Value::Null,
    );
    assert_eq!(found, json!({"value": [{"id": path}]}));
    assert_eq!(
        outcome(&bench, "DELETE", &path, Value::Null)["status"],
        "Succeeded"
    );
    let (status, gone, headers) = bench.send("GET", &path, Value::Null);
    assert_eq!(status, 404);
    assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
    assert!(headers.contains_key("x-ms-activity-id"), "its own answer");
    let nothing = network("dnsResolvers/none/inboundEndpoints/i");
    let (_, _, headers) = bench.send("GET", &nothing, Value::Null);
    assert!(!headers.contains_key("x-ms-activity-id"), "the gateway's");
    assert_eq!(
        gone,
        json!({"error": {"code": "NotFound", "message": format!("DNS resolver not found in database. dnsResolverResourceId=/subscriptions/{SUBSCRIPTION}/resourceGroups/g/dnsResolvers/r"),
            "target": "", "details": {}, "innererror": {}}})
    );
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 204);
    let found = bench.ok(
        "POST",
        &network("virtualNetworks/vnet/listDnsResolvers"),
        Value::Null,
    );
    assert_eq!(found, json!({"value": []}));
}

#[test]
fn a_network_may_come_shortly_after_its_resolver_which_outlives_it() {
    let bench = Bench::with_network();
    let path = network(RESOLVER);
    let (_, _, headers) = bench.send("PUT", &path, resolver_on("later"));
    let status_url = headers["azure-asyncoperation"].to_str().unwrap().to_owned();
    assert_eq!(bench.get(&status_url)["status"], "InProgress");
    let body = json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}});
    bench.ok("PUT", &network("virtualNetworks/later"), body);
    bench.pass();
    assert_eq!(bench.get(&status_url)["status"], "Succeeded");
    bench.ok("DELETE", &network("virtualNetworks/later"), Value::Null);
    bench.pass();
    assert_eq!(bench.get(&path)["properties"]["dnsResolverState"], "Disconnected");
    assert_eq!(
        outcome(&bench, "PATCH", &path, json!({"tags": {"a": "b"}}))["status"],
        "Succeeded"
    );
    // Its network's end does not end it, and it can be deleted before its network comes.
    bench.ok("PUT", &network("dnsResolvers/s"), resolver_on("never"));
    assert_eq!(
        outcome(&bench, "DELETE", &network("dnsResolvers/s"), Value::Null)["status"],
        "Succeeded"
    );
}

#[test]
fn a_network_has_one_resolver_near_to_it() {
    let bench = with_resolver();
    let other = network("dnsResolvers/other");
    for (body, wanted) in [
        (resolver_on("vnet"), (409, "Conflict")),
        (
            json!({"location": "northeurope", "properties": {"virtualNetwork": {"id": network("virtualNetworks/vnet")}}}),
            (400, "BadRequest"),
        ),
        (
            json!({"location": "westeurope", "properties": {"virtualNetwork": {"id": subnet_id("a")}}}),
            (400, "BadRequest"),
        ),
        (
            json!({"location": "westeurope", "properties": {"virtualNetwork": {"id":
                network("virtualNetworks/vnet").replace(SUBSCRIPTION, "22222222-2222-2222-2222-222222222222")}}}),
            (400, "BadRequest"),
        ),
        (
            json!({"location": "westeurope", "properties": {}}),
            (400, "BadRequest"),
        ),
        (
            json!({"properties": {"virtualNetwork": {"id": network("virtualNetworks/vnet")}}}),
            (400, "LocationRequired"),
        ),
    ] {
        let (status, code) = bench.refused("PUT", &other, body.clone());
        assert_eq!((status, code.as_str()), wanted, "{body}");
    }
    assert_eq!(
        bench.refused("PUT", &network(RESOLVER), resolver_on("another")),
        (409, "Conflict".into()),
        "the network of a resolver stays"
    );
    for name in ["-r", "r-", "a.b", "r_"] {
        let path = network(&format!("dnsResolvers/{name}"));
        assert_eq!(
            bench.refused("PUT", &path, resolver_on("vnet")),
            (400, "BadRequest".into()),
            "{name}"
        );
    }
}

#[test]
fn etags_are_compared() {
    let bench = with_resolver();
    let path = network(RESOLVER);
    let text = resolver_on("vnet").to_string();
    let send = |method: &str, header: &str, value: &str| {
        bench
            .send_with(method, &path, text.as_bytes(), &[(header, value)])
            .status
            .as_u16()
    };
    let etag = bench.get(&path)["etag"].as_str().unwrap().to_owned();
    assert_eq!(send("PUT", "if-none-match", "*"), 412);
    assert_eq!(
        send("PUT", "if-match", "\"00000000-0000-0100-0000-000000000000\""),
        412
    );
    assert_eq!(send("PATCH", "if-match", "\"x\""), 412);
    assert_eq!(send("DELETE", "if-match", "\"x\""), 412);
    assert_eq!(send("PUT", "if-match", &etag), 202);
    bench.pass();
}

#[test]
fn an_inbound_endpoint_has_an_address_and_keeps_it() {
    let bench = with_resolver();
    let path = endpoint("inboundEndpoints/i");
    assert_eq!(
        outcome(&bench, "PUT", &path, inbound("in"))["status"],
        "Succeeded"
    );
    let shown = bench.get(&path);
    assert_eq!(
        shown["properties"]["ipConfigurations"],
        json!([{"subnet": {"id": subnet_id("in")}, "privateIpAddress": "10.0.2.4", "privateIpAllocationMethod": "Dynamic"}])
    );
    assert!(shown["properties"]["resourceGuid"].is_string());
    let mut again = inbound("in");
    again["tags"] = json!({"a": "b"});
    assert_eq!(outcome(&bench, "PUT", &path, again)["status"], "Succeeded");
    assert_eq!(
        bench.get(&path)["properties"]["ipConfigurations"][0]["privateIpAddress"],
        "10.0.2.4"
    );
    assert_eq!(
        bench.refused("PUT", &path, inbound("out")),
        (409, "Conflict".into()),
        "the subnet stays"
    );
    // The one that is free is chosen, also beside it.
    let other = endpoint("inboundEndpoints/j");
    for (address, wanted) in [
        ("10.0.2.1", 400),
        ("10.0.3.7", 400),
        ("x", 400),
        ("10.0.2.24", 202),
    ] {
        let (status, answer, _) = bench.send("PUT", &other, inbound_at("out", address));
        assert_eq!(status, wanted, "{address}: {answer}");
    }
    bench.pass();
    let configuration = bench.get(&other)["properties"]["ipConfigurations"][0].clone();
    assert_eq!(
        (
            &configuration["privateIpAddress"],
            &configuration["privateIpAllocationMethod"]
        ),
        (&json!("10.0.2.24"), &json!("Static"))
    );
    let (status, answer, _) = bench.send("PUT", &other, inbound("out"));
    assert_eq!(
        (status, answer["error"]["message"].clone()),
        (
            400,
            json!(format!(
                "IP allocation method cannot be changed after creation. inboundEndpointResourceId=/subscriptions/{SUBSCRIPTION}/resourceGroups/g/dnsResolvers/r/inboundEndpoints/j"
            ))
        )
    );
    assert_eq!(
        outcome(&bench, "DELETE", &path, Value::Null)["status"],
        "Succeeded"
    );
    let (status, answer, headers) = bench.send("GET", &path, Value::Null);
    assert_eq!(
        (status, &answer["error"]["code"]),
        (404, &json!("ResourceNotFound"))
    );
    assert_eq!(headers["x-ms-failure-cause"], "gateway");
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("'Microsoft.Network/dnsResolvers/r/inboundEndpoints/i'")
    );
}

#[test]
fn what_is_wrong_with_a_body_is_said_at_once() {
    let bench = with_resolver();
    let path = endpoint("inboundEndpoints/i");
    let configuration = json!({"subnet": {"id": subnet_id("in")}});
    for body in [
        json!({"location": "westeurope", "properties": {"ipConfigurations": []}}),
        json!({"location": "westeurope", "properties": {"ipConfigurations": [configuration, configuration]}}),
        json!({"location": "westeurope", "properties": {"ipConfigurations": [{}]}}),
        json!({"location": "westeurope", "properties": {"ipConfigurations": [{"subnet": {}}]}}),
        json!({"location": "westeurope", "properties": {"ipConfigurations": [{"subnet": {"id": subnet_id("in")}, "privateIpAllocationMethod": "Any"}]}}),
        json!({"location": "northeurope", "properties": {"ipConfigurations": [configuration]}}),
    ] {
        assert_eq!(
            bench.refused("PUT", &path, body.clone()),
            (400, "BadRequest".into()),
            "{body}"
        );
    }
    let lost = network("dnsResolvers/none/inboundEndpoints/i");
    assert_eq!(
        bench.refused("PUT", &lost, inbound("in")),
        (404, "ParentResourceNotFound".into())
    );
}

#[test]
fn an_endpoint_has_a_subnet_for_itself_or_fails() {
    let bench = with_resolver();
    add_subnet(&bench, "large", "10.0.128.0/17");
    bench.ok(
        "PUT",
        &subnet_id("web"),
        json!({"properties": {"addressPrefix": "10.0.2.32/28",
            "delegations": [{"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]}}),
    );
    bench.pass();
    bench.ok(
        "PUT",
        &network("privateEndpoints/pe"),
        crate::support::endpoint_body("a"),
    );
    bench.pass();
    assert_eq!(
        outcome(&bench, "PUT", &endpoint("outboundEndpoints/o"), outbound("out"))["status"],
        "Succeeded"
    );
    let path = endpoint("outboundEndpoints/p");
    for subnet in ["a", "b", "large", "web", "out", "none"] {
        let told = failure(&bench, &path, outbound(subnet));
        assert_eq!(told, (400, "BadRequest".into()), "{subnet}");
        assert_eq!(bench.get(&path)["properties"]["provisioningState"], "Failed");
    }
    // What failed is in nobody's way, and can be written again.
    assert_eq!(
        outcome(&bench, "PUT", &path, outbound("in"))["status"],
        "Succeeded"
    );
    assert_eq!(
        failure(&bench, &endpoint("inboundEndpoints/i"), inbound("in")).0,
        400
    );
    assert_eq!(
        outcome(&bench, "DELETE", &path, Value::Null)["status"],
        "Succeeded"
    );
    assert_eq!(
        outcome(&bench, "PUT", &endpoint("inboundEndpoints/i"), inbound("in"))["status"],
        "Succeeded"
    );
}

#[test]
fn a_subnet_with_an_endpoint_is_delegated_and_stays() {
    let bench = with_resolver();
    let path = endpoint("outboundEndpoints/o");
    let before = bench.get(&subnet_id("out"))["etag"].clone();
    assert_eq!(
        outcome(&bench, "PUT", &path, outbound("out"))["status"],
        "Succeeded"
    );
    let shown = bench.get(&subnet_id("out"));
    assert_ne!(shown["etag"], before);
    assert_eq!(
        shown["properties"]["delegations"][0]["properties"]["serviceName"],
        "Microsoft.Network/dnsResolvers"
    );
    let bare = json!({"properties": {"addressPrefix": "10.0.2.16/28"}});
    assert_eq!(
        bench.refused("PUT", &subnet_id("out"), bare),
        (400, "SubnetMissingRequiredDelegation".into())
    );
    let mut moved = shown.clone();
    moved["properties"]["addressPrefix"] = json!("10.0.2.64/28");
    assert_eq!(
        bench.refused("PUT", &subnet_id("out"), moved),
        (400, "InUsePrefixCannotBeDeleted".into())
    );
    bench.ok("PUT", &subnet_id("out"), shown);
    let (status, answer, _) = bench.send("DELETE", &subnet_id("out"), Value::Null);
    assert_eq!(status, 400);
    assert_eq!(
        answer["error"]["message"],
        json!(format!(
            "Subnet out is in use by {}/serviceAssociationLinks/dnsResolverLink and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
            subnet_id("out")
        ))
    );
    assert_eq!(
        bench.refused("DELETE", &network("virtualNetworks/vnet"), Value::Null),
        (400, "InUseSubnetCannotBeDeleted".into())
    );
    assert_eq!(
        bench.refused(
            "PUT",
            &network("privateEndpoints/pe"),
            crate::support::endpoint_body("out")
        ),
        (400, "ResourceNotPermittedOnDelegatedSubnet".into())
    );
    assert_eq!(
        bench.refused("DELETE", &network(RESOLVER), Value::Null),
        (409, "CannotDeleteResource".into())
    );
    assert_eq!(
        outcome(&bench, "DELETE", &path, Value::Null)["status"],
        "Succeeded"
    );
    bench.ok("DELETE", &subnet_id("out"), Value::Null);
    bench.pass();
    assert_eq!(
        outcome(&bench, "DELETE", &network(RESOLVER), Value::Null)["status"],
        "Succeeded"
    );
}

#[test]
fn numbers_are_limited() {
    let bench = with_resolver();
    for number in 0..5 {
        let path = endpoint(&format!("outboundEndpoints/o{number}"));
        add_subnet(
            &bench,
            &format!("s{number}"),
            &format!("10.0.3.{}/28", number * 16),
        );
        assert_eq!(
            outcome(&bench, "PUT", &path, outbound(&format!("s{number}")))["status"],
            "Succeeded"
        );
    }
    assert_eq!(
        bench.refused("PUT", &endpoint("outboundEndpoints/o5"), outbound("out")),
        (400, "BadRequest".into())
    );
    for number in 0..14 {
        bench.ok(
            "PUT",
            &network(&format!("dnsResolvers/r{number}")),
            resolver_on(&format!("v{number}")),
        );
    }
    assert_eq!(
        bench.refused("PUT", &network("dnsResolvers/one-more"), resolver_on("v14")),
        (400, "BadRequest".into())
    );
}

#[test]
fn all_of_it_comes_back_and_goes_with_its_group() {
    let bench = with_resolver();
    bench.ok("PUT", &endpoint("inboundEndpoints/i"), inbound("in"));
    bench.ok("PUT", &endpoint("outboundEndpoints/o"), outbound("out"));
    bench.pass();
    comes_back_and_goes(&bench).unwrap();
    assert_eq!(
        bench.refused("GET", &endpoint("inboundEndpoints/i"), Value::Null),
        (404, "ResourceGroupNotFound".into())
    );
}
