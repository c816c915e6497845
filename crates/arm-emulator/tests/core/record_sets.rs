//! Record sets of private DNS zones.

use crate::support::{Bench, SUBSCRIPTION, network};
use serde_json::{Value, json};

fn zone() -> String {
    network("privateDnsZones/corp.example")
}

fn with_zone() -> Bench {
    let bench = Bench::with_network();
    bench.ok("PUT", &zone(), json!({"location": "global"}));
    bench.pass();
    bench
}

fn address(text: &str) -> Value {
    json!({"properties": {"ttl": 300, "aRecords": [{"ipv4Address": text}]}})
}

#[test]
fn a_record_set_is_written_at_once() {
    let bench = with_zone();
    let path = format!("{}/a/WWW", zone());
    let (status, made, headers) = bench.send("PUT", &path, address("10.1.0.4"));
    assert_eq!(status, 201);
    assert!(!headers.contains_key("azure-asyncoperation"));
    assert_eq!(headers["etag"], made["etag"].as_str().unwrap());
    assert_eq!(
        made,
        json!({
            "id": format!("{}/A/www", zone()), "name": "www", "type": "Microsoft.Network/privateDnsZones/A",
            "etag": made["etag"],
            "properties": {"ttl": 300, "fqdn": "www.corp.example.", "isAutoRegistered": false, "aRecords": [{"ipv4Address": "10.1.0.4"}]},
        })
    );
    let (status, same, _) = bench.send("PUT", &path, address("10.1.0.4"));
    assert_eq!((status, &same["properties"]), (200, &made["properties"]));
    assert_ne!(same["etag"], made["etag"]);
    assert!(!bench.last_changed());
    let (_, other, _) = bench.send(
        "PATCH",
        &path,
        json!({"properties": {"metadata": {"owner": "me"}}}),
    );
    assert_eq!(other["properties"]["metadata"], json!({"owner": "me"}));
    assert_ne!(other["etag"], same["etag"]);
    assert_eq!(bench.get(&zone())["properties"]["numberOfRecordSets"], 2);
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 200);
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 204);
    assert_eq!(bench.refused("GET", &path, Value::Null), (404, "NotFound".into()));
}

#[test]
fn preconditions_are_told_at_once_and_without_a_wrapper() {
    let bench = with_zone();
    let path = format!("{}/A/www", zone());
    let put = |headers: &[(&str, &str)]| {
        let response = bench.send_with("PUT", &path, address("10.1.0.9").to_string().as_bytes(), headers);
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        (response.status.as_u16(), body)
    };
    assert_eq!(put(&[("if-match", "x")]).0, 412, "nothing is there yet");
    let (status, made) = put(&[("if-none-match", "*")]);
    assert_eq!(status, 201);
    assert_eq!(
        put(&[("if-none-match", "*")]),
        (
            412,
            json!({"code": "PreconditionFailed", "message": "The Record set www exists already and hence cannot be created again."})
        )
    );
    assert_eq!(
        put(&[("if-match", "other")]),
        (
            412,
            json!({"code": "PreconditionFailed", "message": "The Record set www has been modified (etag mismatch)."})
        )
    );
    assert_eq!(put(&[("if-match", made["etag"].as_str().unwrap())]).0, 200);
    let refused = bench.send_with("DELETE", &path, b"", &[("if-match", "other")]);
    assert_eq!(refused.status, 412);
}

#[test]
fn every_type_keeps_its_records() {
    let bench = with_zone();
    for (path, properties) in [
        (
            "A/a",
            json!({"aRecords": [{"ipv4Address": "10.0.0.1"}, {"ipv4Address": "10.0.0.2"}]}),
        ),
        ("AAAA/a", json!({"aaaaRecords": [{"ipv6Address": "fd00::1"}]})),
        ("CNAME/c", json!({"cnameRecord": {"cname": "a.corp.example"}})),
        (
            "MX/@",
            json!({"mxRecords": [{"preference": 10, "exchange": "mail.corp.example"}]}),
        ),
        (
            "PTR/4.0.0.10",
            json!({"ptrRecords": [{"ptrdname": "a.corp.example"}]}),
        ),
        (
            "SRV/_sip._tcp",
            json!({"srvRecords": [{"priority": 1, "weight": 2, "port": 5060, "target": "a.corp.example"}]}),
        ),
        ("TXT/*.apps", json!({"txtRecords": [{"value": ["v=1", "x"]}]})),
        ("A/*", json!({"aRecords": []})),
    ] {
        let mut body = json!({"properties": properties});
        body["properties"]["ttl"] = json!(60);
        let path = format!("{}/{path}", zone());
        let (status, made, _) = bench.send("PUT", &path, body);
        assert_eq!(status, 201, "{path}: {made}");
        for (name, value) in properties.as_object().unwrap() {
            assert_eq!(&bench.get(&path)["properties"][name], value, "{path}");
        }
    }
    let start = format!("{}/SOA/@", zone());
    let wanted = json!({"properties": {"ttl": 60, "soaRecord": {"host": "mine", "email": "a.b", "refreshTime": 1, "retryTime": 2, "expireTime": 3, "minimumTtl": 4, "serialNumber": 9}}});
    assert_eq!(bench.send("PUT", &start, wanted).0, 200);
    let shown = bench.get(&start)["properties"]["soaRecord"].clone();
    assert_eq!(
        (&shown["host"], &shown["email"], &shown["serialNumber"]),
        (&json!("azureprivatedns.net"), &json!("a.b"), &json!(1))
    );
    let (status, refused, _) = bench.send("DELETE", &start, Value::Null);
    assert_eq!(
        (status, refused),
        (
            400,
            json!({"code": "BadRequest", "message": "Record sets of type 'SOA' with name '@' cannot be deleted."})
        )
    );
}

#[test]
fn wrong_record_sets_are_refused() {
    let bench = with_zone();
    let long = "x".repeat(256);
    let many: Vec<Value> = (0..21)
        .map(|number| json!({"ipv4Address": format!("10.0.0.{number}")}))
        .collect();
    for (path, properties) in [
        ("A/a", json!({"ttl": 0, "aRecords": []})),
        ("A/a", json!({"ttl": 2_147_483_648_u64, "aRecords": []})),
        ("A/a", json!({"ttl": "60", "aRecords": []})),
        (
            "A/a",
            json!({"ttl": 60, "aRecords": [{"ipv4Address": "10.0.0.256"}]}),
        ),
        ("A/a", json!({"ttl": 60, "aRecords": [{}]})),
        ("A/a", json!({"ttl": 60, "aRecords": "x"})),
        ("A/a", json!({"ttl": 60, "aRecords": many})),
        ("A/a", json!({"ttl": 60, "cnameRecord": {"cname": "x.y"}})),
        ("A/a", json!({"ttl": 60, "metadata": {"a": 1}})),
        ("A/a b", json!({"ttl": 60})),
        ("A/a..b", json!({"ttl": 60})),
        ("A/a.*", json!({"ttl": 60})),
        (
            "AAAA/a",
            json!({"ttl": 60, "aaaaRecords": [{"ipv6Address": "10.0.0.1"}]}),
        ),
        ("CNAME/@", json!({"ttl": 60, "cnameRecord": {"cname": "x.y"}})),
        ("CNAME/a", json!({"ttl": 60, "cnameRecord": {"cname": "x..y"}})),
        ("CNAME/a", json!({"ttl": 60, "cnameRecord": [{"cname": "x.y"}]})),
        (
            "MX/a",
            json!({"ttl": 60, "mxRecords": [{"preference": 65_536, "exchange": "x.y"}]}),
        ),
        (
            "SRV/a",
            json!({"ttl": 60, "srvRecords": [{"priority": 0, "weight": 0, "port": 0, "target": "x.y"}]}),
        ),
        ("TXT/a", json!({"ttl": 60, "txtRecords": [{"value": [long]}]})),
        ("TXT/a", json!({"ttl": 60, "txtRecords": [{"value": "x"}]})),
        ("SOA/a", json!({"ttl": 60})),
    ] {
        let refused = bench.refused(
            "PUT",
            &format!("{}/{path}", zone()),
            json!({"properties": properties}),
        );
        assert_eq!(refused, (400, "BadRequest".into()), "{path} {properties}");
    }
    let tagged = json!({"tags": {"a": "b"}, "properties": {"ttl": 60}});
    assert_eq!(
        bench.refused("PUT", &format!("{}/A/a", zone()), tagged),
        (400, "BadRequest".into())
    );
}

#[test]
fn a_cname_has_its_name_for_itself() {
    let bench = with_zone();
    let alias = json!({"properties": {"ttl": 60, "cnameRecord": {"cname": "x.y"}}});
    bench.ok("PUT", &format!("{}/A/a", zone()), address("10.0.0.1"));
    bench.ok("PUT", &format!("{}/CNAME/c", zone()), alias.clone());
    assert_eq!(
        bench.refused("PUT", &format!("{}/CNAME/A", zone()), alias),
        (409, "Conflict".into())
    );
    assert_eq!(
        bench.refused(
            "PUT",
            &format!("{}/TXT/C", zone()),
            json!({"properties": {"ttl": 60}})
        ),
        (409, "Conflict".into())
    );
}

#[test]
fn lists_have_pages_and_suffixes() {
    let bench = with_zone();
    for number in 0..150 {
        bench.ok(
            "PUT",
            &format!(
                "{}/A/host{number:03}.{}",
                zone(),
                if number % 2 == 0 { "even" } else { "odd" }
            ),
            address("10.0.0.1"),
        );
    }
    bench.ok(
        "PUT",
        &format!("{}/TXT/x.odd", zone()),
        json!({"properties": {"ttl": 60, "txtRecords": []}}),
    );
    let names = |first: String| {
        let mut found = Vec::new();
        let mut pages = 0;
        let mut next = Some(first);
        while let Some(url) = next {
            let answer = bench.get(&url);
            pages += 1;
            found.extend(
                answer["value"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["name"].as_str().unwrap().to_owned()),
            );
            next = answer["nextLink"].as_str().map(str::to_owned);
        }
        (found.len(), pages)
    };
    assert_eq!(names(format!("{}/aLL", zone())), (152, 2), "100 on a page");
    assert_eq!(names(format!("{}/A?$top=60", zone())), (150, 3));
    assert_eq!(
        names(format!("{}/ALL?$top=10&$recordsetnamesuffix=.odd", zone())),
        (76, 8)
    );
    assert_eq!(names(format!("{}/MX", zone())), (0, 1));
    assert_eq!(names(network("privateDnsZones")), (1, 1));
    assert_eq!(
        bench
            .refused(
                "GET",
                &format!("{}/ALL", network("privateDnsZones/no.example")),
                Value::Null
            )
            .0,
        404
    );
}

#[test]
fn a_snapshot_and_a_groups_end_cover_private_dns() {
    let bench = with_zone();
    let link = format!("{}/virtualNetworkLinks/l", zone());
    bench.ok("PUT", &link, json!({"location": "global", "properties": {"virtualNetwork": {"id": network("virtualNetworks/vnet")}}}));
    bench.ok("PUT", &format!("{}/A/a", zone()), address("10.0.0.1"));
    bench.pass();
    let text = serde_json::to_string(&bench.emulator.snapshot()).unwrap();
    bench.ok(
        "DELETE",
        &format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g"),
        Value::Null,
    );
    bench.pass();
    assert!(bench.emulator.resource_ids().is_empty());
    bench.emulator.restore(&serde_json::from_str(&text).unwrap());
    let shown = bench.get(&zone());
    assert_eq!(
        (
            &shown["properties"]["numberOfRecordSets"],
            &shown["properties"]["numberOfVirtualNetworkLinks"]
        ),
        (&json!(2), &json!(1))
    );
    let second = format!("{}/virtualNetworkLinks/second", zone());
    let (_, _, headers) = bench.send("PUT", &second, json!({"location": "global", "properties": {"virtualNetwork": {"id": network("virtualNetworks/vnet")}}}));
    bench.pass();
    let told = bench.get(headers["azure-asyncoperation"].to_str().unwrap());
    assert_eq!(
        told["error"]["code"], "Conflict",
        "what is taken is known after a restore"
    );
}

#[test]
fn a_record_set_has_each_address_and_text_once() {
    let bench = with_zone();
    for (path, properties, message) in [
        (
            "TXT/a",
            json!({"txtRecords": [{"value": ["one", "two"]}, {"value": ["one", "two"]}]}),
            "The list of record sets of type 'TXT' may not contain multiple entries with the same 'value'.",
        ),
        (
            "A/a",
            json!({"aRecords": [{"ipv4Address": "10.0.0.1"}, {"ipv4Address": "10.0.0.2"}, {"ipv4Address": "10.0.0.1"}]}),
            "The list of record sets of type 'A' may not contain multiple entries with the same 'ipv4Address'.",
        ),
        (
            "AAAA/a",
            json!({"aaaaRecords": [{"ipv6Address": "fd00::1"}, {"ipv6Address": "FD00:0::1"}]}),
            "The list of record sets of type 'AAAA' may not contain multiple entries with the same 'ipv6Address'.",
        ),
    ] {
        let path = format!("{}/{path}", zone());
        let (status, answer, _) = bench.send("PUT", &path, json!({"properties": properties}));
        assert_eq!(status, 400);
        assert_eq!(answer, json!({"code": "BadRequest", "message": message}));
    }
    let several = json!({"properties": {"txtRecords": [{"value": ["a"]}, {"value": ["b"]}]}});
    bench.ok("PUT", &format!("{}/TXT/a", zone()), several);
}
