//! Requests that no client should send: each gets an error as Azure's, and nothing comes of it.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use crate::support::{Bench, SUBSCRIPTION, id, network};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use privatelink_arm_emulator::wire::Request;
use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

fn space() -> Value {
    json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}})
}

/// Status and code of a request with its own query.
fn asked(bench: &Bench, method: &str, path: &str, body: &[u8], headers: &[(&str, &str)]) -> (u16, String) {
    let response = bench.send_with(
        method,
        &format!("https://management.azure.com{path}"),
        body,
        headers,
    );
    let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let code = answer["error"]["code"].as_str().unwrap_or_default().to_owned();
    (response.status.as_u16(), code)
}

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn a_path_is_not_taken_apart_by_what_a_segment_holds() {
    let bench = Bench::with_network();
    let before = bench.emulator.resource_ids();
    for (name, expected) in [
        ("x%2Fy", "InvalidResourceName"),
        ("x%2fsubnets%2fy", "InvalidResourceName"),
        ("..%2Fq", "InvalidResourceName"),
        ("x%5Cy", "InvalidResourceName"),
        ("x%00", "InvalidRequestUri"),
        ("x%0D%0Ay", "InvalidRequestUri"),
        ("x%FF", "InvalidRequestUri"),
        ("%3Cx%3E", "InvalidResourceName"),
        ("a%25b", "InvalidResourceName"),
        ("a%26b", "InvalidResourceName"),
        ("a%3Ab", "InvalidResourceName"),
        ("a:b", "InvalidResourceName"),
        ("a%3Fb", "InvalidResourceName"),
        // Two that are well formed but too long or odd for a network.
        (&"n".repeat(300), "InvalidResourceName"),
        ("a%20b", "InvalidResourceName"),
    ] {
        let path = network(&format!("virtualNetworks/{name}"));
        assert_eq!(
            bench.refused("PUT", &path, space()),
            code(400, expected),
            "{name}"
        );
    }
    // Types without a table have the same names.
    assert_eq!(
        bench.refused(
            "PUT",
            &id("Microsoft.Fabric/capacities/a%3Ab"),
            json!({"location": "x"})
        ),
        code(400, "InvalidResourceName")
    );
    assert_eq!(bench.emulator.resource_ids(), before);
}

#[test]
fn empty_segments_of_a_path_do_not_count() {
    let bench = Bench::with_network();
    let lock = "providers/Microsoft.Authorization/locks/l";
    let vnet = id("Microsoft.Network//virtualNetworks/vnet");
    let made = bench.ok(
        "PUT",
        &format!("{vnet}/{lock}?api-version=2020-05-01"),
        json!({"properties": {"level": "CanNotDelete"}}),
    );
    assert_eq!(made["id"], format!("{}/{lock}", network("virtualNetworks/vnet")));
    assert_eq!(
        bench.refused("DELETE", &vnet, Value::Null),
        code(409, "ScopeLocked")
    );
    assert_eq!(
        bench.get(&format!("/{vnet}//"))["id"],
        network("virtualNetworks/vnet")
    );
    // A list is a list, whatever is empty in it.
    assert_eq!(
        bench.get(&id("Microsoft.Network//virtualNetworks/"))["value"][0]["id"],
        network("virtualNetworks/vnet")
    );
}

#[test]
fn the_casing_of_a_path_does_not_matter() {
    let bench = Bench::with_network();
    let shown = bench.get(&network("virtualNetworks/vnet").to_uppercase());
    assert_eq!(shown["id"], network("virtualNetworks/vnet"));
}

#[test]
fn a_body_says_that_it_is_json() {
    let bench = Bench::with_network();
    let path = format!("{}?api-version=2024-05-01", network("virtualNetworks/new"));
    let body = space().to_string();
    for given in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "",
    ] {
        let (status, told) = asked(&bench, "PUT", &path, body.as_bytes(), &[("content-type", given)]);
        assert_eq!((status, told.as_str()), (415, "UnsupportedMediaType"), "{given}");
    }
    for given in ["application/json; charset=utf-8", "Application/JSON"] {
        let (status, _) = asked(&bench, "PUT", &path, body.as_bytes(), &[("content-type", given)]);
        assert!(status < 300, "{given}: {status}");
        bench.pass();
    }
    // What has no body says nothing about it.
    let (status, _) = asked(&bench, "GET", &path, b"", &[("content-type", "text/plain")]);
    assert_eq!(status, 200);
}

#[test]
fn a_body_comes_as_it_is_and_in_utf_8() {
    let bench = Bench::with_network();
    let path = format!("{}?api-version=2024-05-01", network("virtualNetworks/new"));
    let body = space().to_string();
    let put = |headers: &[(&str, &str)]| asked(&bench, "PUT", &path, body.as_bytes(), headers);
    for given in ["gzip", "GZIP", "deflate, gzip", "identity, br", "x"] {
        let refused = put(&[("content-encoding", given)]);
        assert_eq!(refused, code(415, "UnsupportedMediaType"), "{given}");
    }
    for given in [
        "application/json; charset=utf-16",
        "application/json;charset=iso-8859-1",
        "text/json; a=b; Charset=\"latin1\"",
    ] {
        let refused = put(&[("content-type", given)]);
        assert_eq!(refused, code(415, "UnsupportedMediaType"), "{given}");
    }
    for given in [
        ("content-encoding", "identity"),
        ("content-encoding", ""),
        ("content-type", "application/json; charset=\"UTF-8\""),
        ("content-type", "application/json; charset=utf8; a=b"),
        ("content-type", "application/json;odata=verbose"),
    ] {
        assert!(put(&[given]).0 < 300, "{given:?}");
        bench.pass();
    }
}

#[test]
fn what_is_no_json_object_is_refused() {
    let bench = Bench::with_network();
    let path = format!("{}?api-version=2024-05-01", network("virtualNetworks/new"));
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"a\":1e999}",
        "{\"a\":}",
        &deep,
        "\u{0}",
    ] {
        assert_eq!(
            asked(&bench, "PUT", &path, body.as_bytes(), &[]),
            code(400, "InvalidRequestContent"),
            "{body:.20}"
        );
    }
    assert_eq!(
        asked(&bench, "PUT", &path, b"{\"location\": \"\xff\"}", &[]),
        code(400, "InvalidRequestContent")
    );
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    assert_eq!(
        asked(&bench, "PUT", &path, &large, &[]),
        code(413, "RequestContentTooLarge")
    );
    let marked = format!("\u{feff}{}", space());
    assert_eq!(asked(&bench, "PUT", &path, marked.as_bytes(), &[]).0, 201);
}

#[test]
fn an_api_version_is_given_once_and_is_a_date() {
    let bench = Bench::with_network();
    let path = network("virtualNetworks/vnet");
    for (query, expected) in [
        ("", "MissingApiVersionParameter"),
        ("?api-version=", "MissingApiVersionParameter"),
        ("?api-version=latest", "InvalidApiVersionParameter"),
        ("?api-version=2024-13-01", "InvalidApiVersionParameter"),
        ("?api-version=2024-02-30", "InvalidApiVersionParameter"),
        ("?api-version=2024-05-01-", "InvalidApiVersionParameter"),
        ("?api-version=2024%2D05%2D0é", "InvalidApiVersionParameter"),
        (
            "?api-version=2024-05-01&api-version=2024-05-01",
            "InvalidApiVersionParameter",
        ),
        ("?api-version=1999-01-01", "InvalidResourceType"),
    ] {
        assert_eq!(
            asked(&bench, "GET", &format!("{path}{query}"), b"", &[]),
            code(
                if expected == "InvalidResourceType" {
                    404
                } else {
                    400
                },
                expected
            ),
            "{query}"
        );
    }
}

#[test]
fn a_list_is_read_page_by_page_and_not_otherwise() {
    let bench = Bench::with_network();
    let list = network("virtualNetworks");
    for name in ["n1", "n2", "n3"] {
        bench.ok("PUT", &network(&format!("virtualNetworks/{name}")), space());
    }
    bench.pass();
    for top in ["abc", "-1", "0", "00", "1.5", "+1", "%2B1", ""] {
        let told = bench.refused("GET", &format!("{list}?$top={top}"), Value::Null);
        assert_eq!(told, code(400, "InvalidTopParameter"), "{top}");
    }
    for top in ["1000", "5000", "99999999999999999999999999"] {
        let shown = bench.get(&format!("{list}?$top={top}"));
        assert_eq!(shown["value"].as_array().unwrap().len(), 4, "{top}");
    }
    let first = bench.get(&format!("{list}?$top=2"));
    let rest = bench.get(first["nextLink"].as_str().unwrap());
    assert_eq!(rest["value"].as_array().unwrap().len(), 2);
    let foreign = network("privateEndpoints/a").to_lowercase();
    let below = format!("{}/subnets/a", network("virtualNetworks/n1").to_lowercase());
    for token in ["x", "/", "%00", foreign.as_str(), below.as_str(), "'; drop"] {
        assert_eq!(
            bench.refused("GET", &format!("{list}?$skipToken={token}"), Value::Null),
            code(400, "InvalidSkipToken"),
            "{token}"
        );
    }
    // What a page ended with may be gone when the next one is asked for.
    bench.ok("DELETE", &network("virtualNetworks/n2"), Value::Null);
    bench.pass();
    let rest = bench.get(first["nextLink"].as_str().unwrap());
    assert_eq!(rest["value"].as_array().unwrap().len(), 2);
}

#[test]
fn two_tokens_are_none() {
    let bench = Bench::with_network();
    let mut headers = HeaderMap::new();
    for token in ["Bearer a", "Bearer b"] {
        headers.append("authorization", HeaderValue::from_static(token));
    }
    let url = format!(
        "https://management.azure.com{}?api-version=2024-05-01",
        network("virtualNetworks/vnet")
    );
    let request = Request {
        method: Method::GET,
        url: Url::parse(&url).unwrap(),
        headers,
        body: Bytes::new(),
        peer: None,
    };
    let response = bench.emulator.exchange(request).response.unwrap();
    assert_eq!(response.status, 401);
}

#[test]
fn methods_that_nobody_knows_do_nothing() {
    let bench = Bench::with_network();
    let before = bench.emulator.resource_ids();
    for method in ["BREW", "TRACE", "OPTIONS", "CONNECT", "POST", "PROPFIND"] {
        let (status, _, _) = bench.send(method, &network("virtualNetworks/vnet"), json!({}));
        assert!((400..500).contains(&status), "{method}: {status}");
        let (status, _, _) = bench.send(method, &network("virtualNetworks"), json!({}));
        assert!((400..500).contains(&status), "{method}: {status}");
    }
    assert_eq!(bench.emulator.resource_ids(), before);
}

/// Pieces of paths, so that a random one gets past the first check now and then.
fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec![
            "subscriptions", SUBSCRIPTION, "resourceGroups", "g", "providers", "Microsoft.Network", "virtualNetworks", "vnet",
            "subnets", "a", "privateDnsZones", "Microsoft.Storage", "storageAccounts", "acct", "privateEndpointConnections",
            "privateLinkResources", "locations", "operations", "operationResults", "Microsoft.Authorization", "locks",
            "roleAssignments", "resources", "Microsoft.ResourceGraph", "networkSecurityPerimeters", "$default", "ALL", "@", "*",
        ]).prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
        1 => "(%[0-9a-fA-F]{2}|%|\\.){1,6}",
        1 => "\\PC{0,6}",
    ]
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec!["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"]).prop_map(str::to_owned),
        1 => "[A-Z]{1,8}",
    ]
}

fn query() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("api-version=2024-05-01".to_owned()),
        1 => "[ -~]{0,20}".prop_map(|rest| format!("api-version=2024-05-01&{rest}")),
        1 => "[0-9+-]{0,22}".prop_map(|top| format!("api-version=2024-05-01&$top={top}")),
        1 => "\\PC{0,20}".prop_map(|token| format!("api-version=2024-05-01&$skipToken={token}&$filter={token}")),
        1 => "\\PC{0,20}",
    ]
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => Just(Vec::new()),
        2 => prop::collection::vec(any::<u8>(), 0..40),
        3 => prop::sample::select(vec![
            "{}", "{\"properties\":{}}", "{\"properties\":[]}", "{\"location\":7,\"tags\":\"x\"}",
            "{\"location\":\"westeurope\",\"properties\":{\"subnet\":{\"id\":7}}}", "[[[[",
            "{\"properties\":{\"addressSpace\":{\"addressPrefixes\":[null,{},\"::/0\",\"1.2.3.4/99\"]}}}",
            "{\"query\":\"resources | \",\"subscriptions\":7}",
        ]).prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let name = prop::sample::select(vec![
        "content-type",
        "if-match",
        "if-none-match",
        "x-ms-client-request-id",
        "x-ms-return-client-request-id",
        "x-ms-correlation-request-id",
        "host",
        "accept",
    ]);
    (
        name.prop_map(str::to_owned),
        prop_oneof![
            "[ -~]{0,16}".prop_map(String::into_bytes),
            prop::collection::vec(128_u8..=255, 0..8),
        ],
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_comes_in_breaks_the_server(
        method in method(),
        segments in prop::collection::vec(segment(), 0..12),
        prefix in 0..3_u8,
        query in query(),
        body in content(),
        headers in prop::collection::vec(header(), 0..4),
        json in any::<bool>(),
    ) {
        let bench = Bench::with_network();
        let prefix = match prefix {
            0 => String::new(),
            1 => format!("/subscriptions/{SUBSCRIPTION}"),
            _ => format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers"),
        };
        let Ok(url) = Url::parse(&format!("https://management.azure.com{prefix}/{}?{query}", segments.join("/"))) else {
            return Ok(());
        };
        let mut map = HeaderMap::new();
        map.insert("authorization", HeaderValue::from_static("Bearer any"));
        if json {
            map.insert("content-type", HeaderValue::from_static("application/json"));
        }
        for (name, value) in &headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_bytes(value)) {
                map.append(name, value);
            }
        }
        let request = Request { method: Method::from_bytes(method.as_bytes()).unwrap(), url, headers: map, body: body.into(), peer: None };
        let told = format!("{request:?}");
        let response = bench.emulator.exchange(request).response.unwrap();
        prop_assert!(response.status.as_u16() < 500, "{told}: {response:?}");
        // The store is still one that can be written down and read again.
        let snapshot = serde_json::to_value(bench.emulator.snapshot()).unwrap();
        prop_assert_eq!(serde_json::from_value(snapshot).map(|read| bench.emulator.restore(&read)).is_ok(), true);
    }
}
