//! What private DNS and the DNS resolver answered to Azure PowerShell, where no other recording shows it.

use crate::support::{Bench, SUBSCRIPTION, network};
use serde_json::{Value, json};

const LINK: &str = "privateDnsZones/corp.example/virtualNetworkLinks/l";

fn zone() -> Value {
    json!({"location": "global"})
}

fn link(registers: bool) -> Value {
    json!({"location": "global", "properties": {
        "virtualNetwork": {"id": network("virtualNetworks/vnet")}, "registrationEnabled": registers}})
}

/// Writes something that takes time, and waits for it.
fn made(bench: &Bench, path: &str, body: Value) -> Value {
    bench.ok("PUT", path, body);
    bench.pass();
    bench.get(path)
}

fn with_zone(name: &str) -> Bench {
    let bench = Bench::with_network();
    made(&bench, &network(&format!("privateDnsZones/{name}")), zone());
    bench
}

/// What the URL of the result says once a deletion has ended: status, body and whether there is one.
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an answer in another form fails the test"
)]
fn result_of_deletion(bench: &Bench, path: &str) -> (u16, Vec<u8>, bool) {
    let deletion = bench.send_with("DELETE", path, b"", &[]);
    assert_eq!(deletion.status, 202);
    assert!(deletion.body.is_empty(), "nothing is said at its beginning");
    bench.pass();
    let url = deletion.headers["location"].to_str().unwrap().to_owned();
    let result = bench.send_with("GET", &url, b"", &[]);
    let has_type = result.headers.contains_key("content-type");
    (result.status.as_u16(), result.body.to_vec(), has_type)
}

#[test]
fn the_result_of_a_deletion_is_200_with_braces_or_without_a_body() {
    let bench = with_zone("corp.example");
    made(&bench, &network(LINK), link(false));
    let braces = (200, b"{}".to_vec(), true);
    assert_eq!(result_of_deletion(&bench, &network(LINK)), braces);
    let other = network("privateDnsZones/other.example");
    made(&bench, &other, zone());
    assert_eq!(result_of_deletion(&bench, &other), braces);

    let resolver = network("dnsResolvers/r");
    let body = json!({"location": "westeurope", "properties": {"virtualNetwork": {"id": network("virtualNetworks/vnet")}}});
    made(&bench, &resolver, body);
    assert_eq!(result_of_deletion(&bench, &resolver), (200, Vec::new(), false));
}

#[test]
fn a_write_that_changes_nothing_gives_another_etag() {
    let bench = with_zone("corp.example");
    made(&bench, &network(LINK), link(false));
    for (path, body) in [
        (network("privateDnsZones/corp.example"), zone()),
        (network(LINK), link(false)),
    ] {
        let before = bench.get(&path);
        let mut after = made(&bench, &path, body);
        assert_ne!(after["etag"], before["etag"], "{path}");
        after["etag"] = before["etag"].clone();
        assert_eq!(after, before, "{path}");
    }
    let path = network("privateDnsZones/corp.example/AAAA/ps3685");
    let body = json!({"properties": {"ttl": 100, "aaaaRecords": []}});
    let mut etags = Vec::new();
    for status in [201, 200, 200] {
        let (answered, shown, headers) = bench.send("PUT", &path, body.clone());
        assert_eq!(answered, status);
        assert_eq!(
            shown["properties"]["aaaaRecords"],
            json!([]),
            "empty sets are kept"
        );
        assert_eq!(headers["etag"], shown["etag"].as_str().unwrap());
        etags.push(shown["etag"].clone());
    }
    etags.dedup();
    assert_eq!(etags.len(), 3);
    let stale = [("if-match", etags.first().unwrap().as_str().unwrap())];
    let refused = bench.send_with("DELETE", &path, b"", &stale);
    assert_eq!(refused.status, 412);
}

#[test]
fn machines_can_be_registered_in_a_zone_of_private_endpoints() {
    let bench = with_zone("privatelink.com");
    let path = network("privateDnsZones/privatelink.com/virtualNetworkLinks/mylink");
    let mut body = link(true);
    body["properties"]["resolutionPolicy"] = json!("Default");
    let shown = made(&bench, &path, body);
    assert_eq!(
        shown,
        json!({
            "id": path, "name": "mylink", "type": "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
            "etag": shown["etag"], "location": "global",
            "properties": {
                "provisioningState": "Succeeded",
                "registrationEnabled": true,
                "resolutionPolicy": "Default",
                "virtualNetwork": {"id": network("virtualNetworks/vnet")},
                "virtualNetworkLinkState": "Completed",
            },
        })
    );
    let zone = bench.get(&network("privateDnsZones/privatelink.com"));
    assert_eq!(
        zone["properties"]["numberOfVirtualNetworkLinksWithRegistration"],
        1
    );
}

#[test]
fn all_record_sets_are_listed_by_name_whatever_their_type() {
    let bench = with_zone("corp.example");
    let set = |kind_and_name: &str| network(&format!("privateDnsZones/corp.example/{kind_and_name}"));
    for (path, list) in [
        ("AAAA/ps8735", "aaaaRecords"),
        ("AAAA/ps3922", "aaaaRecords"),
        ("MX/ps8991", "mxRecords"),
        ("A/ps8991", "aRecords"),
        ("TXT/ps4000", "txtRecords"),
    ] {
        bench.ok("PUT", &set(path), json!({"properties": {"ttl": 100, list: []}}));
    }
    let wanted = [
        "SOA/@",
        "AAAA/ps3922",
        "TXT/ps4000",
        "AAAA/ps8735",
        "A/ps8991",
        "MX/ps8991",
    ];
    for size in [1, 2, 5, 100] {
        let mut found = Vec::new();
        let mut next = Some(format!("{}?$top={size}", set("ALL")));
        while let Some(url) = next {
            let page = bench.get(&url);
            let ids = page["value"].as_array().unwrap().iter();
            found.extend(ids.map(|one| one["id"].as_str().unwrap().replace(&set(""), "")));
            next = page["nextLink"].as_str().map(str::to_owned);
        }
        assert_eq!(found, wanted, "{size} on a page");
    }
}

#[test]
fn a_resolver_whose_network_never_comes_is_not_made() {
    let bench = Bench::with_network();
    let path = network("dnsResolvers/r");
    let body = json!({"location": "westeurope", "properties": {"virtualNetwork": {"id": network("virtualNetworks/never")}}});
    let (status, accepted, headers) = bench.send("PUT", &path, body);
    assert_eq!((status, accepted), (202, json!({})));
    bench.pass();
    let scope = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g");
    let refusal = |code: &str, message: String| json!({"error": {"code": code, "message": message, "target": "", "details": {}, "innererror": {}}});
    let no_network = refusal(
        "BadRequest",
        format!(
            "Virtual network does not exist in NRP - not continuing. virtualNetworkResourceId={scope}/virtualNetworks/never"
        ),
    );
    for name in ["azure-asyncoperation", "location"] {
        let (status, answer, headers) = bench.send("GET", headers[name].to_str().unwrap(), Value::Null);
        assert_eq!((status, &answer), (400, &no_network), "{name}");
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
    }
    let (status, answer, _) = bench.send("GET", &path, Value::Null);
    let gone = format!("DNS resolver not found in database. dnsResolverResourceId={scope}/dnsResolvers/r");
    assert_eq!((status, answer), (404, refusal("NotFound", gone)));
}

#[test]
fn a_rule_keeps_the_spelling_of_its_domain() {
    let bench = Bench::with_network();
    bench.ok(
        "PUT",
        &network("virtualNetworks/vnet/subnets/out"),
        json!({"properties": {"addressPrefix": "10.0.2.0/28"}}),
    );
    bench.pass();
    let resolver = network("dnsResolvers/r");
    let body = json!({"location": "westeurope", "properties": {"virtualNetwork": {"id": network("virtualNetworks/vnet")}}});
    made(&bench, &resolver, body);
    let endpoint = format!("{resolver}/outboundEndpoints/o");
    let subnet = network("virtualNetworks/vnet/subnets/out");
    made(
        &bench,
        &endpoint,
        json!({"location": "westeurope", "properties": {"subnet": {"id": subnet}}}),
    );
    let ruleset = network("dnsForwardingRulesets/set");
    let body =
        json!({"location": "westeurope", "properties": {"dnsResolverOutboundEndpoints": [{"id": endpoint}]}});
    made(&bench, &ruleset, body);
    let path = format!("{ruleset}/forwardingRules/rule");
    let body = json!({"properties": {
        "domainName": "psdomainName57.com.", "targetDnsServers": [{"ipAddress": "10.0.0.3", "port": 53}]}});
    let (status, first, _) = bench.send("PUT", &path, body);
    assert_eq!(status, 201);
    let metadata = json!({"key8oxlg": "value8oxlg"});
    let (status, second, headers) = bench.send("PATCH", &path, json!({"properties": {"metadata": metadata}}));
    assert_eq!(status, 200);
    assert!(!headers.contains_key("azure-asyncoperation") && !headers.contains_key("etag"));
    assert_eq!(
        second["properties"],
        json!({
            "domainName": "psdomainName57.com.",
            "targetDnsServers": [{"ipAddress": "10.0.0.3", "port": 53}],
            "metadata": metadata,
            "forwardingRuleState": "Enabled",
            "provisioningState": "Succeeded",
        })
    );
    assert_ne!(second["etag"], first["etag"]);
}
