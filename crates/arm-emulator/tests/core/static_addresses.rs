//! Addresses that private endpoints ask for.

use serde_json::{Value, json};

use crate::support::{Bench, endpoint_body, network};

#[test]
fn a_static_address_is_for_a_member_of_a_group() {
    let bench = Bench::with_network();
    let endpoint = network("privateEndpoints/pe");
    let with = |parts: &[(&str, Value, &str)]| {
        let mut body = endpoint_body("b");
        let parts: Vec<Value> = parts
            .iter()
            .map(|(name, group, address)| {
                json!({"name": name, "properties": {"groupId": group, "memberName": "blob", "privateIPAddress": address}})
            })
            .collect();
        body["properties"]["ipConfigurations"] = json!(parts);
        body
    };
    for (group, shown) in [(json!("vault"), "vault"), (Value::Null, ""), (json!(""), "")] {
        let (status, answer, _) = bench.send("PUT", &endpoint, with(&[("ip", group, "10.0.1.5")]));
        assert_eq!(status, 400, "{answer}");
        assert_eq!(
            answer["error"]["code"],
            "PrivateEndpointIpConfigurationMissingMemberNamesRequiredByFps"
        );
        assert_eq!(
            answer["error"]["message"],
            format!(
                "Private Endpoint {endpoint} contains static ipconfigurations: [PrivateIPAddress: 10.0.1.5, GroupId: {shown}, MemberName: blob] and its missing these membernames/groupids requested by Private Link service [GroupId: blob, MemberName: blob]. Private Endpoint needs to be reconfigured with missing memberNames."
            )
        );
    }
    let twice = with(&[
        ("ip", json!("blob"), "10.0.1.5"),
        ("IP", json!("blob"), "10.0.1.6"),
    ]);
    assert_eq!(
        bench.refused("PUT", &endpoint, twice),
        (400, "InvalidRequestFormat".to_owned())
    );
    // The first is the member's; nobody else gets the other.
    let both = with(&[
        ("ip", json!("Blob"), "10.0.1.5"),
        ("more", json!("blob"), "10.0.1.4"),
    ]);
    bench.ok("PUT", &endpoint, both);
    bench.pass();
    let names =
        |endpoint: &str| bench.get(endpoint)["properties"]["customDnsConfigs"][0]["ipAddresses"].clone();
    assert_eq!(names(&endpoint), json!(["10.0.1.5"]));
    let other = network("privateEndpoints/other");
    bench.ok("PUT", &other, endpoint_body("b"));
    bench.pass();
    assert_eq!(names(&other), json!(["10.0.1.6"]));
}
