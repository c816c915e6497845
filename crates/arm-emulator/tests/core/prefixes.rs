//! The address prefixes of networks and subnets.

#![allow(clippy::indexing_slicing, reason = "tests")]

use crate::support::{Bench, network};
use serde_json::{Value, json};

fn space(prefixes: &Value, subnet: &Value) -> Value {
    json!({"location": "westeurope", "properties": {
        "addressSpace": {"addressPrefixes": prefixes},
        "subnets": [{"name": "one", "properties": {"addressPrefixes": subnet}}],
    }})
}

/// Code and message of a refused network.
fn refusal(bench: &Bench, prefixes: Value, subnet: Value) -> (String, String) {
    let (status, answer, _) = bench.send("PUT", &network("virtualNetworks/new"), space(&prefixes, &subnet));
    assert_eq!(status, 400, "{prefixes} {subnet}: {answer}");
    let text = |name: &str| answer["error"][name].as_str().unwrap_or_default().to_owned();
    (text("code"), text("message"))
}

#[test]
fn ranges_that_are_reserved_are_no_networks() {
    let bench = Bench::with_network();
    for (prefix, reserved) in [
        ("224.0.0.0/4", "224.0.0.0/4"),
        ("239.1.0.0/16", "224.0.0.0/4"),
        ("255.255.255.255/32", "255.255.255.255/32"),
        ("127.0.0.0/8", "127.0.0.0/8"),
        ("169.254.10.0/24", "169.254.0.0/16"),
        ("168.63.129.16/32", "168.63.129.16/32"),
    ] {
        let (code, message) = refusal(&bench, json!(["10.9.0.0/16", prefix]), json!(["10.9.0.0/24"]));
        assert_eq!(code, "NetcfgInvalidIPAddressPrefix", "{prefix}");
        assert!(
            message.contains(&format!("Address prefix {prefix} of")),
            "{message}"
        );
        assert!(message.contains(&format!("range {reserved} is")), "{message}");
    }
    for prefix in ["0.0.0.0/0", "0.0.0.0/1"] {
        let (code, _) = refusal(&bench, json!([prefix]), json!(["10.9.0.0/24"]));
        assert_eq!(code, "NetcfgInvalidIPAddressPrefix", "{prefix}");
    }
    for prefix in [
        "0.0.0.0/2",
        "100.64.0.0/10",
        "168.63.128.0/24",
        "198.18.0.0/15",
        "240.0.0.0/8",
    ] {
        let subnet = prefix.split_once('/').map(|(base, _)| format!("{base}/29"));
        let body = space(&json!([prefix]), &json!([subnet]));
        bench.ok("PUT", &network("virtualNetworks/new"), body);
        bench.pass();
        bench.ok("DELETE", &network("virtualNetworks/new"), Value::Null);
        bench.pass();
    }
}

#[test]
fn a_prefix_has_no_bits_of_hosts() {
    let bench = Bench::with_network();
    let wrong = |prefix: &str, resource: &str, right: &str| {
        (
            "InvalidCIDRNotation".to_owned(),
            format!(
                "The address prefix {prefix} in resource {} has an invalid CIDR notation. For the given prefix length, the address prefix should be {right}.",
                network(resource)
            ),
        )
    };
    assert_eq!(
        refusal(&bench, json!(["10.9.1.0/16"]), json!(["10.9.0.0/24"])),
        wrong("10.9.1.0/16", "virtualNetworks/new", "10.9.0.0/16")
    );
    assert_eq!(
        refusal(&bench, json!(["10.9.0.0/16"]), json!(["10.9.52.0/21"])),
        wrong("10.9.52.0/21", "virtualNetworks/new/subnets/one", "10.9.48.0/21")
    );
    assert_eq!(
        refusal(&bench, json!(["fd00::1/48"]), json!(["fd00::/64"])),
        wrong("fd00::1/48", "virtualNetworks/new", "fd00::/48")
    );
    for prefix in [
        "10.9.0.0",
        "10.9.0.0/33",
        "10.9.0.0/+16",
        "fd00::/129",
        "fd00::/x",
        "x/8",
        "10.9/16",
    ] {
        let (code, _) = refusal(&bench, json!([prefix]), json!(["10.9.0.0/24"]));
        assert_eq!(code, "InvalidAddressPrefixFormat", "{prefix}");
    }
}

#[test]
fn subnets_are_29_at_least_and_64_in_ipv6() {
    let bench = Bench::with_network();
    let both = || json!(["10.9.0.0/16", "fd00:9::/48"]);
    for (subnet, code) in [
        (json!(["10.9.0.0/30"]), "NetcfgInvalidSubnet"),
        (json!(["10.9.0.0/24", "fd00:9::/63"]), "NetcfgInvalidSubnet"),
        (json!(["10.9.0.0/24", "fd00:9::/65"]), "NetcfgInvalidSubnet"),
        (
            json!(["10.9.0.0/24", "fd00:8::/64"]),
            "NetcfgSubnetRangeOutsideVnet",
        ),
        (json!(["10.9.0.0/24", "fd00:9::1/64"]), "InvalidCIDRNotation"),
    ] {
        assert_eq!(refusal(&bench, both(), subnet).0, code);
    }
    let path = network("virtualNetworks/new");
    bench.ok(
        "PUT",
        &path,
        space(&both(), &json!(["10.9.0.0/29", "fd00:9::/64"])),
    );
    bench.pass();
    let other = format!("{path}/subnets/two");
    let body = |six: &str| json!({"properties": {"addressPrefixes": ["10.9.1.0/24", six]}});
    assert_eq!(
        bench.refused("PUT", &other, body("fd00:9::/64")),
        (400, "NetcfgSubnetRangesOverlap".to_owned())
    );
    bench.ok("PUT", &other, body("fd00:9:0:1::/64"));
    bench.pass();
    assert_eq!(
        refusal(
            &bench,
            json!(["10.9.0.0/16", "fd00:9::/48", "fd00:9:0:8::/61"]),
            json!([])
        )
        .0,
        "NetcfgOverlappingAddressPrefixes"
    );
}

#[test]
fn flows_of_a_network_end_after_4_to_30_minutes() {
    let bench = Bench::with_network();
    let path = network("virtualNetworks/new");
    let body = |minutes: Value| {
        let mut body = space(&json!(["10.9.0.0/16"]), &json!(["10.9.0.0/24"]));
        body["properties"]["flowTimeoutInMinutes"] = minutes;
        body
    };
    for minutes in [json!(3), json!(31), json!(0), json!("ten"), json!(4.5)] {
        assert_eq!(
            bench.refused("PUT", &path, body(minutes.clone())),
            (400, "InvalidRequestFormat".to_owned()),
            "{minutes}"
        );
    }
    for minutes in [json!(4), json!(30), Value::Null] {
        bench.ok("PUT", &path, body(minutes.clone()));
        bench.pass();
        assert_eq!(bench.get(&path)["properties"]["flowTimeoutInMinutes"], minutes);
    }
}
