//! Private DNS: zones, links to networks, record sets.

use crate::support::{Bench, network};
use serde_json::{Value, json};

const ZONE: &str = "privateDnsZones/corp.example";

fn zone_body() -> Value {
    json!({"location": "global"})
}

fn link_body(vnet: &str) -> Value {
    json!({"location": "global", "properties": {"registrationEnabled": false,
        "virtualNetwork": {"id": network(&format!("virtualNetworks/{vnet}"))}}})
}

/// A network, and the zone [`ZONE`].
fn with_zone() -> Bench {
    let bench = Bench::with_network();
    bench.ok("PUT", &network(ZONE), zone_body());
    bench.pass();
    bench
}

/// Sends a write that is accepted, lets its operation end, and gives back what its status says.
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an answer in another form fails the test"
)]
fn outcome(bench: &Bench, method: &str, path: &str, body: &Value, headers: &[(&str, &str)]) -> Value {
    let text = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let response = bench.send_with(method, path, text.as_bytes(), headers);
    assert_eq!(response.status, 202, "{method} {path}: {:?}", response.body);
    let url = response.headers["azure-asyncoperation"]
        .to_str()
        .unwrap()
        .to_owned();
    bench.pass();
    bench.get(&url)
}

#[test]
fn a_zone_is_made_by_an_operation_with_202_while_it_runs() {
    let bench = Bench::with_network();
    let path = network(ZONE);
    let (status, body, headers) = bench.send("PUT", &path, zone_body());
    assert_eq!((status, body), (202, json!({})));
    assert_eq!(headers["retry-after"], "30");
    let status_url = headers["azure-asyncoperation"].to_str().unwrap().to_owned();
    let result_url = headers["location"].to_str().unwrap().to_owned();
    assert!(status_url.contains("/resourceGroups/g/providers/Microsoft.Network/privateDnsOperationStatuses/RnJvbnRFbmRBc3luY09wZXJhdGlvbjtVcHNlcnRQcml2YXRlRG5zWm9uZT"), "{status_url}");
    assert!(
        result_url.contains("/privateDnsOperationResults/"),
        "{result_url}"
    );
    let (status, body, headers) = bench.send("GET", &status_url, Value::Null);
    assert_eq!((status, body), (202, json!({"status": "InProgress"})));
    assert!(headers.contains_key("azure-asyncoperation") && headers.contains_key("retry-after"));
    assert_eq!(bench.get(&path)["properties"]["provisioningState"], "Creating");
    let (status, code) = bench.refused("PUT", &path, zone_body());
    assert_eq!(
        (status, code.as_str()),
        (409, "Conflict"),
        "one operation at a time"
    );
    bench.pass();
    assert_eq!(
        bench.send("GET", &status_url, Value::Null).1,
        json!({"status": "Succeeded"})
    );
    let (status, shown, headers) = bench.send("GET", &path, Value::Null);
    assert_eq!(status, 200);
    assert_eq!(bench.get(&result_url), shown);
    let etag = shown["etag"].as_str().unwrap();
    assert!(etag.len() == 36 && !etag.contains('"'), "{etag}");
    assert_eq!(headers["etag"], etag);
    let properties = &shown["properties"];
    assert_eq!(properties["numberOfRecordSets"], 1, "the SOA");
    assert_eq!(properties["maxNumberOfRecordSets"], 25_000);
    assert_eq!(properties["provisioningState"], "Succeeded");
    assert!(shown.get("tags").is_none() && properties.get("resourceGuid").is_none());
    let start = bench.get(&format!("{path}/SOA/@"));
    assert_eq!(start["properties"]["fqdn"], "corp.example.");
    assert_eq!(start["properties"]["soaRecord"]["host"], "azureprivatedns.net");
    assert!(start["properties"].get("provisioningState").is_none());
    // Again: accepted, and nothing is different but the etag.
    let told = outcome(&bench, "PUT", &path, &zone_body(), &[]);
    assert_eq!(told, json!({"status": "Succeeded"}));
    let mut again = bench.get(&path);
    assert_ne!(again["etag"], etag);
    again["etag"] = json!(etag);
    assert_eq!(again, shown);
}

#[test]
fn tags_with_colons_and_blanks_get_lost() {
    let bench = with_zone();
    let path = network(ZONE);
    let tags = json!({"tags": {"a:b": "1", "c d": "2", "kubernetes.io_cluster.x": "owned"}});
    assert_eq!(
        outcome(&bench, "PATCH", &path, &tags, &[]),
        json!({"status": "Succeeded"})
    );
    assert_eq!(
        bench.get(&path)["tags"],
        json!({"kubernetes.io_cluster.x": "owned"})
    );
    let illegal = json!({"location": "global", "tags": {"a/b": "1"}});
    assert_eq!(
        bench.refused("PUT", &path, illegal),
        (400, "InvalidTagNameCharacters".into())
    );
}

#[test]
fn names_and_places_of_zones_are_checked() {
    let bench = Bench::with_network();
    for (name, body, code) in [
        ("com", zone_body(), "BadRequest"),
        ("windows.net", zone_body(), "BadRequest"),
        ("a..b", zone_body(), "BadRequest"),
        (
            "a.b",
            json!({"location": "westeurope"}),
            "LocationNotAvailableForResourceType",
        ),
        ("a.b", json!({}), "LocationRequired"),
        ("a.b", json!({"location": "global", "tags": []}), "InvalidTags"),
    ] {
        let refused = bench.refused("PUT", &network(&format!("privateDnsZones/{name}")), body);
        assert_eq!(refused, (400, code.into()), "{name}");
    }
    let (status, body, _) = bench.send("PUT", &network("privateDnsZones/com"), zone_body());
    assert_eq!(
        (status, &body["code"]),
        (400, &json!("BadRequest")),
        "no 'error' around it"
    );
    let wrong_version = format!(
        "https://management.azure.com{}?api-version=2025-05-01",
        network(ZONE)
    );
    assert_eq!(
        bench.refused("PUT", &wrong_version, zone_body()).1,
        "InvalidResourceType"
    );
}

#[test]
fn a_private_zone_has_no_other_kinds_of_records() {
    let bench = with_zone();
    for kind in ["NS", "CAA", "FOO"] {
        let path = format!("{}/{kind}/w", network(ZONE));
        for method in ["PUT", "GET", "DELETE"] {
            let body = if method == "PUT" { json!({}) } else { Value::Null };
            assert_eq!(
                bench.refused(method, &path, body).1,
                "InvalidResourceType",
                "{method} {kind}"
            );
        }
    }
}

#[test]
fn preconditions_of_zones_and_links_are_told_by_the_operation() {
    let bench = with_zone();
    let zone = network(ZONE);
    let link = format!("{zone}/virtualNetworkLinks/l");
    bench.ok("PUT", &link, link_body("vnet"));
    bench.pass();
    let create_only = [("if-none-match", "*")];
    let stale = [("if-match", "00000000-0000-0000-0000-000000000000")];
    for (path, headers, message) in [
        (
            &zone,
            create_only,
            "The Zone corp.example exists already and hence cannot be created again.",
        ),
        (
            &zone,
            stale,
            "The Zone corp.example has been modified (etag mismatch).",
        ),
        (
            &link,
            create_only,
            "The Virtual Network link l for the Private DNS zone corp.example exists already and hence cannot be created again.",
        ),
        (
            &link,
            stale,
            "The Virtual Network link 'l' for the Private DNS zone 'corp.example' has been modified (etag mismatch).",
        ),
    ] {
        let before = bench.get(path);
        let told = outcome(
            &bench,
            "PUT",
            path,
            &json!({"location": "global", "tags": {"a": "b"}}),
            &headers,
        );
        assert_eq!(
            told,
            json!({"status": "Failed", "error": {"code": "PreconditionFailed", "message": message}})
        );
        assert_eq!(&bench.get(path), &before);
    }
    let told = outcome(&bench, "DELETE", &link, &Value::Null, &stale);
    assert_eq!(told["error"]["code"], "PreconditionFailed");
    let etag = bench.get(&link)["etag"].as_str().unwrap().to_owned();
    assert!(
        etag.starts_with('"') && etag.ends_with("0000\"") && etag.contains("-0000-0100-0000-"),
        "{etag}"
    );
    let mut body = link_body("vnet");
    body["tags"] = json!({"a": "b"});
    let told = outcome(&bench, "PUT", &link, &body, &[("if-match", &etag)]);
    assert_eq!(told, json!({"status": "Succeeded"}));
    assert_ne!(bench.get(&link)["etag"].as_str().unwrap(), etag);
}

#[test]
fn a_network_has_one_link_to_a_zone_and_one_zone_of_a_name() {
    let bench = with_zone();
    let zone = network(ZONE);
    let link = format!("{zone}/virtualNetworkLinks/l");
    let (status, body, _) = bench.send("PUT", &link, link_body("vnet"));
    assert_eq!((status, body), (202, json!({})));
    assert_eq!(
        bench.get(&link)["properties"]["virtualNetworkLinkState"],
        "InProgress"
    );
    bench.pass();
    let shown = bench.get(&link);
    assert_eq!(shown["properties"]["virtualNetworkLinkState"], "Completed");
    assert_eq!(shown["properties"]["resolutionPolicy"], "Default");
    assert_eq!(bench.get(&zone)["properties"]["numberOfVirtualNetworkLinks"], 1);
    let told = outcome(
        &bench,
        "PUT",
        &format!("{zone}/virtualNetworkLinks/second"),
        &link_body("vnet"),
        &[],
    );
    assert_eq!(told["error"]["code"], "Conflict");
    let message = told["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Private zone 'corp.example' is already linked to the virtual network"),
        "{message}"
    );
    // A zone of the same name in another group.
    let group = format!(
        "/subscriptions/{}/resourceGroups/other",
        crate::support::SUBSCRIPTION
    );
    bench.ok("PUT", &group, json!({"location": "westeurope"}));
    let other = format!("{group}/providers/Microsoft.Network/{ZONE}");
    bench.ok("PUT", &other, zone_body());
    bench.pass();
    let told = outcome(
        &bench,
        "PUT",
        &format!("{other}/virtualNetworkLinks/l"),
        &link_body("vnet"),
        &[],
    );
    assert_eq!(
        told["error"],
        json!({"code": "BadRequest", "message": "A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network with 'corp.example' and 'corp.example' zones."})
    );
    assert_eq!(
        bench
            .send("GET", &format!("{other}/virtualNetworkLinks/l"), Value::Null)
            .0,
        404
    );
    // Once the first is gone the second can be made.
    bench.ok("DELETE", &link, Value::Null);
    bench.pass();
    let told = outcome(
        &bench,
        "PUT",
        &format!("{other}/virtualNetworkLinks/l"),
        &link_body("vnet"),
        &[],
    );
    assert_eq!(told, json!({"status": "Succeeded"}));
}

#[test]
fn one_zone_registers_the_machines_of_a_network() {
    let bench = with_zone();
    bench.ok("PUT", &network("privateDnsZones/b.example"), zone_body());
    bench.ok(
        "PUT",
        &network("privateDnsZones/privatelink.blob.core.windows.net"),
        zone_body(),
    );
    bench.pass();
    let mut body = link_body("vnet");
    body["properties"]["registrationEnabled"] = json!(true);
    let told = outcome(
        &bench,
        "PUT",
        &network(&format!("{ZONE}/virtualNetworkLinks/l")),
        &body,
        &[],
    );
    assert_eq!(told, json!({"status": "Succeeded"}));
    let counted = |bench: &Bench| {
        bench.get(&network(ZONE))["properties"]["numberOfVirtualNetworkLinksWithRegistration"].clone()
    };
    assert_eq!(counted(&bench), 1);
    let second = network("privateDnsZones/b.example/virtualNetworkLinks/l");
    let private = network("privateDnsZones/privatelink.blob.core.windows.net/virtualNetworkLinks/l");
    for link in [&second, &private] {
        assert_eq!(
            outcome(&bench, "PUT", link, &body, &[])["error"],
            json!({"code": "Conflict", "message": "A virtual network can only be linked to 1 Private DNS zone(s) with auto-registration enabled; conflicting Private DNS zone is 'corp.example'."})
        );
    }
    let off = json!({"properties": {"registrationEnabled": false}});
    let first = network(&format!("{ZONE}/virtualNetworkLinks/l"));
    let told = outcome(&bench, "PATCH", &first, &off, &[]);
    assert_eq!(told, json!({"status": "Succeeded"}));
    assert_eq!(counted(&bench), 0);
    assert_eq!(
        outcome(&bench, "PUT", &second, &body, &[]),
        json!({"status": "Succeeded"})
    );
}

#[test]
fn requests_for_links_are_checked() {
    let bench = with_zone();
    let link = network(&format!("{ZONE}/virtualNetworkLinks/l"));
    let told = outcome(&bench, "PUT", &link, &link_body("absent"), &[]);
    assert_eq!(told["error"]["code"], "BadRequest");
    let with = |name: &str, value: Value| {
        let mut body = link_body("vnet");
        body["properties"][name] = value;
        body
    };
    for (body, why) in [
        (json!({"location": "global"}), "no network"),
        (
            with(
                "virtualNetwork",
                json!({"id": network("virtualNetworks/vnet/subnets/a")}),
            ),
            "a subnet",
        ),
        (with("virtualNetwork", json!("x")), "no object"),
        (with("registrationEnabled", json!("yes")), "no boolean"),
        (with("resolutionPolicy", json!("Sometimes")), "no policy"),
        (
            with("resolutionPolicy", json!("NxDomainRedirect")),
            "no zone of endpoints",
        ),
    ] {
        assert_eq!(
            bench.refused("PUT", &link, body),
            (400, "BadRequest".into()),
            "{why}"
        );
    }
    let zone = network("privateDnsZones/no.example");
    let orphan = format!("{zone}/virtualNetworkLinks/l");
    let message = |method: &str, path: &str, body: Value| {
        let (status, body, _) = bench.send(method, path, body);
        let error = &body["error"];
        (
            status,
            error["code"].clone(),
            error["message"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let (status, code, said) = message("PUT", &orphan, link_body("vnet"));
    assert_eq!((status, code), (404, json!("ParentResourceNotFound")));
    assert_eq!(
        said,
        format!(
            "Failed to perform 'write' on resource(s) of type 'privateDnsZones/virtualNetworkLinks', because the parent resource '{zone}' could not be found."
        )
    );
    // The gateway knows links by themselves, as they have a location.
    let (status, code, said) = message("GET", &orphan, Value::Null);
    assert_eq!((status, code), (404, json!("ResourceNotFound")));
    assert!(
        said.starts_with(
            "The Resource 'Microsoft.Network/privateDnsZones/no.example/virtualNetworkLinks/l' under"
        ),
        "{said}"
    );
    assert_eq!(bench.send("DELETE", &orphan, Value::Null).0, 204);
    let (status, code, _) = message("DELETE", &format!("{zone}/A/www"), Value::Null);
    assert_eq!((status, code), (404, json!("ParentResourceNotFound")));
}

#[test]
fn a_zone_with_links_stays_and_takes_its_record_sets_with_it() {
    let bench = with_zone();
    let zone = network(ZONE);
    let link = format!("{zone}/virtualNetworkLinks/l");
    bench.ok("PUT", &link, link_body("vnet"));
    bench.ok(
        "PUT",
        &format!("{zone}/A/www"),
        json!({"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "10.1.2.3"}]}}),
    );
    bench.pass();
    let (status, body, headers) = bench.send("DELETE", &zone, Value::Null);
    assert_eq!(
        (status, &body["error"]["code"]),
        (409, &json!("CannotDeleteResource"))
    );
    assert_eq!(headers["x-ms-failure-cause"], "gateway");
    assert!(
        body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("'Microsoft.Network/privateDnsZones/corp.example/virtualNetworkLinks/l'")
    );
    bench.ok("DELETE", &link, Value::Null);
    assert_eq!(
        bench.refused("DELETE", &zone, Value::Null).0,
        409,
        "the link is still going"
    );
    bench.pass();
    let (status, body, headers) = bench.send("DELETE", &zone, Value::Null);
    assert_eq!((status, body), (202, Value::Null));
    assert!(headers.contains_key("azure-asyncoperation") && headers.contains_key("location"));
    bench.pass();
    assert_eq!(
        bench.refused("GET", &zone, Value::Null),
        (404, "ResourceNotFound".into())
    );
    assert_eq!(
        bench.refused("DELETE", &format!("{zone}/A/www"), Value::Null),
        (404, "ParentResourceNotFound".into())
    );
    assert_eq!(bench.send("DELETE", &zone, Value::Null).0, 204);
    assert!(
        bench
            .emulator
            .resource_ids()
            .iter()
            .all(|id| !id.contains("privateDnsZones"))
    );
}

#[test]
fn the_gateway_learns_late_that_a_link_is_gone() {
    let bench = with_zone();
    let zone = network(ZONE);
    let link = format!("{zone}/virtualNetworkLinks/l");
    bench.ok("PUT", &link, link_body("vnet"));
    bench.pass();
    bench.ok("DELETE", &link, Value::Null);
    bench.emulator.advance(jiff::SignedDuration::from_secs(16));
    assert_eq!(bench.send("GET", &link, Value::Null).0, 404);
    for _ in 0..3 {
        assert_eq!(
            bench.refused("DELETE", &zone, Value::Null).1,
            "CannotDeleteResource"
        );
    }
    assert_eq!(bench.send("DELETE", &zone, Value::Null).0, 202);
}

#[test]
fn a_linked_network_can_be_deleted_and_its_links_go_with_it() {
    let bench = with_zone();
    let zone = network(ZONE);
    let link = format!("{zone}/virtualNetworkLinks/l");
    bench.ok("PUT", &link, link_body("vnet"));
    bench.pass();
    assert_eq!(bench.get(&zone)["properties"]["numberOfVirtualNetworkLinks"], 1);
    bench.ok("DELETE", &network("virtualNetworks/vnet"), Value::Null);
    bench.pass();
    assert_eq!(
        bench.send("GET", &network("virtualNetworks/vnet"), Value::Null).0,
        404
    );
    assert_eq!(bench.send("GET", &link, Value::Null).0, 404);
    assert_eq!(bench.get(&zone)["properties"]["numberOfVirtualNetworkLinks"], 0);
    bench.ok("DELETE", &zone, Value::Null);
}
