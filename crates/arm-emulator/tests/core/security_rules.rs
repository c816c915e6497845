//! Security rules: what Azure takes and refuses, the rules that every group has, limits.

use crate::support::network;
use crate::support::traffic::{NSG, asg, group, make_in, named, names, rule, with_group};
use serde_json::{Value, json};

#[test]
fn rules_that_are_taken() {
    let bench = with_group();
    for (number, changes) in [
        json!({"protocol": "*", "destinationPortRange": "*"}),
        json!({"protocol": "Icmp"}),
        json!({"protocol": "Esp"}),
        json!({"protocol": "Ah"}),
        json!({"destinationPortRange": "0-65535"}),
        json!({"destinationPortRange": null, "destinationPortRanges": ["22", "8000-8080"]}),
        // An empty text beside a list counts for nothing.
        json!({"destinationPortRange": "", "destinationPortRanges": ["443"]}),
        json!({"sourceAddressPrefix": "", "sourceAddressPrefixes": ["10.0.0.0/24"]}),
        json!({"sourceAddressPrefix": "10.1.2.3"}),
        json!({"sourceAddressPrefix": "0.0.0.0/0"}),
        json!({"sourceAddressPrefix": "fd00:db8::/48"}),
        json!({"sourceAddressPrefix": "VirtualNetwork"}),
        json!({"sourceAddressPrefix": "Internet", "destinationAddressPrefix": "Storage.WestEurope"}),
        json!({"sourceAddressPrefix": null, "sourceAddressPrefixes": ["10.0.0.0/24", "10.1.0.4"]}),
        json!({"destinationAddressPrefix": "AzurePlatformDNS", "access": "Deny"}),
        json!({"priority": 100}),
        json!({"priority": 4096}),
        json!({"description": "d".repeat(140)}),
    ]
    .iter()
    .enumerate()
    {
        let path = network(&format!("{NSG}/securityRules/r"));
        let (status, answer, _) = bench.send("PUT", &path, rule(changes));
        assert!(status < 300, "{number} {changes}: {answer}");
        bench.pass();
        for (name, value) in changes.as_object().unwrap() {
            let shown = &bench.get(&path)["properties"][name];
            assert_eq!(shown, value, "{changes}");
        }
    }
}

#[test]
fn rules_that_are_refused() {
    let bench = with_group();
    let absent = json!({"id": network("applicationSecurityGroups/absent")});
    let far = json!({"id": make_in(&bench, "applicationSecurityGroups/far", "northeurope")});
    let web = asg(&bench, "web");
    let many: Vec<Value> = (0..11).map(|number| asg(&bench, &format!("g{number}"))).collect();
    for (changes, code) in [
        (json!({"protocol": "Sctp"}), "InvalidRequestFormat"),
        (json!({"direction": "Sideways"}), "InvalidRequestFormat"),
        (json!({"access": "Maybe"}), "InvalidRequestFormat"),
        (json!({"priority": "high"}), "InvalidRequestFormat"),
        (
            json!({"sourceAddressPrefixes": "10.0.0.0/8"}),
            "InvalidRequestFormat",
        ),
        (
            json!({"sourceApplicationSecurityGroups": [{}]}),
            "InvalidRequestFormat",
        ),
        (json!({"protocol": null}), "SecurityRuleParameterMissing"),
        (json!({"priority": null}), "SecurityRuleParameterMissing"),
        (json!({"sourceAddressPrefix": ""}), "SecurityRuleParameterMissing"),
        (
            json!({"sourceAddressPrefix": null, "sourceAddressPrefixes": ["10.0.0.0/24", "fd00::/64"]}),
            "ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies",
        ),
        (
            json!({"sourceAddressPrefix": null}),
            "SecurityRuleParametersMissing",
        ),
        (
            json!({"sourceAddressPrefix": null, "sourceAddressPrefixes": []}),
            "SecurityRuleParametersMissing",
        ),
        (
            json!({"destinationPortRange": null}),
            "SecurityRuleParametersMissing",
        ),
        (json!({"priority": 99}), "SecurityRuleInvalidPriority"),
        (json!({"priority": 4097}), "SecurityRuleInvalidPriority"),
        (
            json!({"destinationPortRange": "65536"}),
            "SecurityRuleInvalidPortRange",
        ),
        (
            json!({"destinationPortRange": "90-80"}),
            "SecurityRuleInvalidPortRange",
        ),
        (
            json!({"destinationPortRange": "80,443"}),
            "SecurityRuleInvalidPortRange",
        ),
        (
            json!({"destinationPortRange": "any"}),
            "SecurityRuleInvalidPortRange",
        ),
        (
            json!({"destinationPortRange": "+80"}),
            "SecurityRuleInvalidPortRange",
        ),
        (
            json!({"destinationPortRange": null, "destinationPortRanges": ["80", "*"]}),
            "SecurityRuleInvalidPortRange",
        ),
        (
            json!({"sourceAddressPrefix": "any"}),
            "SecurityRuleInvalidAddressPrefix",
        ),
        (
            json!({"sourceAddressPrefix": "10.0.0/16"}),
            "SecurityRuleInvalidAddressPrefix",
        ),
        (
            json!({"sourceAddressPrefix": "10.0.0.0/33"}),
            "SecurityRuleInvalidAddressPrefix",
        ),
        (
            json!({"sourceAddressPrefix": "50.206.209.68/27"}),
            "SecurityRuleInvalidAddressPrefix",
        ),
        (
            json!({"sourceAddressPrefix": "fd00::1/64"}),
            "SecurityRuleInvalidAddressPrefix",
        ),
        (
            json!({"sourceAddressPrefix": "VIRTUAL_NETWORK"}),
            "SecurityRuleInvalidAddressPrefix",
        ),
        (
            json!({"sourceAddressPrefix": "Storage."}),
            "SecurityRuleInvalidAddressPrefix",
        ),
        (
            json!({"sourceAddressPrefix": null, "sourceAddressPrefixes": ["10.0.0.0/8", "x"]}),
            "SecurityRuleInvalidAddressPrefix",
        ),
        (
            json!({"sourceAddressPrefix": null, "sourceAddressPrefixes": ["Internet"]}),
            "SecurityRuleParameterContainsUnsupportedValue",
        ),
        (
            json!({"destinationAddressPrefix": null, "destinationAddressPrefixes": ["10.0.0.0/8", "*"]}),
            "SecurityRuleParameterContainsUnsupportedValue",
        ),
        (
            json!({"sourceAddressPrefixes": ["10.0.0.0/24"]}),
            "SecurityRuleParametersConflict",
        ),
        (
            json!({"destinationPortRanges": ["80"]}),
            "SecurityRuleParametersConflict",
        ),
        (
            json!({"sourceApplicationSecurityGroups": [web]}),
            "SecurityRuleParametersConflict",
        ),
        (
            json!({"destinationAddressPrefix": "AzurePlatformDNS"}),
            "SecurityRuleInvalidAccessType",
        ),
        (
            json!({"description": "d".repeat(141)}),
            "SecurityRuleDescriptionTooLong",
        ),
        (
            json!({"sourceAddressPrefix": null, "sourceApplicationSecurityGroups": [absent]}),
            "InvalidResourceReference",
        ),
        (
            json!({"sourceAddressPrefix": null, "sourceApplicationSecurityGroups": [far]}),
            "InvalidResourceReference",
        ),
        (
            json!({"sourceAddressPrefix": null, "sourceApplicationSecurityGroups": many}),
            "NumberOfApplicationSecurityGroupsReferencedInSecurityRuleLimitReached",
        ),
    ] {
        let child = network(&format!("{NSG}/securityRules/r"));
        assert_eq!(
            bench.refused("PUT", &child, rule(&changes)),
            (400, code.to_owned()),
            "{changes}"
        );
        assert_eq!(
            bench.refused("PUT", &network(NSG), group(&[named("r", &changes)])),
            (400, code.to_owned()),
            "inline: {changes}"
        );
        assert_eq!(bench.send("GET", &child, Value::Null).0, 404);
    }
}

#[test]
fn a_priority_is_taken_once_in_each_direction() {
    let bench = with_group();
    let path = |name: &str| network(&format!("{NSG}/securityRules/{name}"));
    bench.ok("PUT", &path("first"), rule(&json!({})));
    bench.ok("PUT", &path("out"), rule(&json!({"direction": "Outbound"})));
    let (status, answer, _) = bench.send("PUT", &path("second"), rule(&json!({})));
    assert_eq!(status, 400);
    assert_eq!(answer["error"]["code"], "SecurityRuleConflict");
    assert_eq!(
        answer["error"]["message"],
        "Security rule first conflicts with rule second. Rules cannot have the same Priority and Direction. To learn more, see aka.ms/nsgrules."
    );
    assert_eq!(answer["error"]["details"], json!([]));
    // The same rule may be written again, and two rules may change places in one write of the group.
    bench.pass();
    bench.ok("PUT", &path("first"), rule(&json!({"priority": 201})));
    bench.ok("PUT", &path("second"), rule(&json!({})));
    bench.pass();
    let swapped = group(&[
        named("first", &json!({})),
        named("second", &json!({"priority": 201})),
    ]);
    bench.ok("PUT", &network(NSG), swapped);
    assert_eq!(
        bench.refused(
            "PUT",
            &network(NSG),
            group(&[named("a", &json!({})), named("b", &json!({}))])
        ),
        (409, "AnotherOperationInProgress".to_owned())
    );
    bench.pass();
    assert_eq!(
        bench
            .refused(
                "PUT",
                &network(NSG),
                group(&[named("a", &json!({})), named("b", &json!({}))])
            )
            .1,
        "SecurityRuleConflict"
    );
    assert_eq!(
        bench
            .refused(
                "PUT",
                &network(NSG),
                group(&[named("a", &json!({})), named("A", &json!({"priority": 300}))])
            )
            .1,
        "InvalidRequestFormat"
    );
}

#[test]
fn a_group_has_the_default_rules() {
    let bench = with_group();
    let shown = bench.get(&network(NSG));
    assert_eq!(shown["properties"]["securityRules"], json!([]));
    let rules = &shown["properties"]["defaultSecurityRules"];
    let expected = [
        "AllowVnetInBound",
        "AllowAzureLoadBalancerInBound",
        "DenyAllInBound",
        "AllowVnetOutBound",
        "AllowInternetOutBound",
        "DenyAllOutBound",
    ];
    assert_eq!(names(rules), expected);
    assert_eq!(rules[0]["etag"], shown["etag"]);
    let list = network(&format!("{NSG}/defaultSecurityRules"));
    assert_eq!(bench.get(&list)["value"], *rules);
    let one = format!("{list}/DenyAllInBound");
    assert_eq!(bench.get(&one), rules[2]);
    assert_eq!(bench.get(&one)["properties"]["priority"], 65500);
    for method in ["PUT", "DELETE"] {
        assert_eq!(bench.refused(method, &one, rule(&json!({}))).0, 405);
    }
    assert_eq!(bench.refused("GET", &format!("{list}/Mine"), Value::Null).0, 404);
    // They are not written, whoever sends them.
    let mut body = shown;
    body["properties"]["defaultSecurityRules"] = json!([]);
    body["properties"]["subnets"] = json!([{"id": network("virtualNetworks/vnet/subnets/a")}]);
    bench.ok("PUT", &network(NSG), body);
    assert!(!bench.last_changed());
    assert_eq!(
        names(&bench.get(&network(NSG))["properties"]["defaultSecurityRules"]),
        expected
    );
}

#[test]
fn limits_of_a_group() {
    let bench = with_group();
    let rules: Vec<Value> = (0..1000)
        .map(|number| named(&format!("r{number:04}"), &json!({"priority": 100 + number})))
        .collect();
    bench.ok("PUT", &network(NSG), group(&rules));
    bench.pass();
    assert_eq!(
        bench.refused(
            "PUT",
            &network(&format!("{NSG}/securityRules/more")),
            rule(&json!({"priority": 2000}))
        ),
        (400, "SecurityRuleCountLimitReached".to_owned())
    );
    let mut more = rules;
    more.push(named("more", &json!({"priority": 2000})));
    assert_eq!(
        bench.refused("PUT", &network(NSG), group(&more)).1,
        "SecurityRuleCountLimitReached"
    );
    // Addresses count over all rules of the group.
    let addresses = |count: u32, from: u32| -> Vec<String> {
        (0..count)
            .map(|number| format!("10.{from}.{}.{}", number / 256, number % 256))
            .collect()
    };
    let big = |name: &str, priority: u32, count: u32| {
        named(
            name,
            &json!({"priority": priority, "sourceAddressPrefix": null, "sourceAddressPrefixes": addresses(count, priority - 100)}),
        )
    };
    bench.ok(
        "PUT",
        &network(NSG),
        group(&[big("a", 100, 2000), big("b", 101, 2000)]),
    );
    bench.pass();
    let (_, answer, _) = bench.send(
        "PUT",
        &network(NSG),
        group(&[big("a", 100, 2000), big("b", 101, 2001)]),
    );
    assert_eq!(
        answer["error"]["code"],
        "SecurityRuleAddressesOrPortsPerSecurityGroupLimitReached"
    );
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("has 4001 SourceAddressPrefixes")
    );
}
