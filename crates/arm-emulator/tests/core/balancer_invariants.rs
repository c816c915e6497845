//! Balancers, services, interfaces and peerings in whatever order they are written: no answer says that the server broke, no
//! address is taken twice, and both sides of a peering agree.

use std::collections::BTreeSet;

use crate::support::{Bench, comes_back_and_goes, endpoint_body, network};
use proptest::prelude::*;
use serde_json::{Value, json};

/// One request, or time that passes.
#[derive(Clone, Debug)]
enum Step {
    /// A resource with so many IP configurations, the first with a fixed address, in one of two subnets.
    Write {
        kind: u8,
        name: u8,
        count: u8,
        fixed: Option<u8>,
        subnet: u8,
    },
    Delete {
        kind: u8,
        name: u8,
    },
    Peer {
        from: u8,
        to: u8,
        delete: bool,
    },
    DeleteNetwork {
        name: u8,
    },
    /// What was read of a network, written again.
    Again {
        name: u8,
    },
    Pass {
        seconds: i64,
    },
}

const KINDS: [&str; 4] = [
    "loadBalancers",
    "privateLinkServices",
    "networkInterfaces",
    "privateEndpoints",
];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..4_u8, 0..3_u8, 0..4_u8, prop::option::of(2..9_u8), 0..2_u8)
            .prop_map(|(kind, name, count, fixed, subnet)| Step::Write { kind, name, count, fixed, subnet }),
        3 => (0..4_u8, 0..3_u8).prop_map(|(kind, name)| Step::Delete { kind, name }),
        6 => (0..3_u8, 0..3_u8, prop::bool::weighted(0.3)).prop_map(|(from, to, delete)| Step::Peer { from, to, delete }),
        1 => (0..3_u8).prop_map(|name| Step::DeleteNetwork { name }),
        2 => (0..3_u8).prop_map(|name| Step::Again { name }),
        5 => (1..20_i64).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

fn resource(kind: u8, name: u8) -> String {
    let kind = KINDS.get(usize::from(kind)).unwrap_or(&"loadBalancers");
    network(&format!("{kind}/r{name}"))
}

/// Networks 10.20.0.0/16 and following.
fn vnet(name: u8) -> String {
    network(&format!("virtualNetworks/v{name}"))
}

fn space(name: u8) -> Value {
    let prefix = format!("10.{}.0.0/16", 20 + name);
    json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": [prefix]}}})
}

fn written(kind: u8, count: u8, fixed: Option<u8>, subnet: u8) -> Value {
    let name = if subnet == 0 { "a" } else { "b" };
    if kind == 3 {
        return endpoint_body(name);
    }
    let configurations: Vec<Value> = (0..count)
        .map(|number| {
            let mut properties =
                json!({"subnet": {"id": network(&format!("virtualNetworks/vnet/subnets/{name}"))}});
            if let (0, Some(last), Some(fields)) = (number, fixed, properties.as_object_mut()) {
                fields.insert("privateIPAllocationMethod".into(), json!("Static"));
                fields.insert("privateIPAddress".into(), json!(format!("10.0.{subnet}.{last}")));
            }
            json!({"name": format!("ip{number}"), "properties": properties})
        })
        .collect();
    let properties = match kind {
        0 => json!({"frontendIPConfigurations": configurations}),
        1 if count.is_multiple_of(2) => {
            json!({"destinationIPAddress": "10.0.9.9", "ipConfigurations": configurations})
        }
        1 => json!({"ipConfigurations": configurations, "loadBalancerFrontendIpConfigurations":
            [{"id": format!("{}/frontendIPConfigurations/ip0", resource(0, 0))}]}),
        _ => json!({"ipConfigurations": configurations}),
    };
    json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": properties})
}

fn run(bench: &Bench, step: &Step) -> Result<(), TestCaseError> {
    let peering = |from: u8, to: u8| format!("{}/virtualNetworkPeerings/p{to}", vnet(from));
    let (method, path, body) = match step {
        Step::Write {
            kind,
            name,
            count,
            fixed,
            subnet,
        } => (
            "PUT",
            resource(*kind, *name),
            written(*kind, *count, *fixed, *subnet),
        ),
        Step::Delete { kind, name } => ("DELETE", resource(*kind, *name), Value::Null),
        Step::Peer {
            from,
            to,
            delete: true,
        } => ("DELETE", peering(*from, *to), Value::Null),
        Step::Peer { from, to, .. } => (
            "PUT",
            peering(*from, *to),
            json!({"properties": {"remoteVirtualNetwork": {"id": vnet(*to)}}}),
        ),
        Step::DeleteNetwork { name } => ("DELETE", vnet(*name), Value::Null),
        Step::Again { name } => match bench.send("GET", &vnet(*name), Value::Null) {
            (200, shown, _) => ("PUT", vnet(*name), shown),
            _ => ("PUT", vnet(*name), space(*name)),
        },
        Step::Pass { seconds } => {
            bench.emulator.advance(jiff::SignedDuration::from_secs(*seconds));
            return Ok(());
        }
    };
    let (status, answer, _) = bench.send(method, &path, body);
    prop_assert!(status < 500, "{step:?}: {status} {answer}");
    Ok(())
}

fn list(bench: &Bench, path: &str) -> Vec<Value> {
    match bench.send("GET", path, Value::Null) {
        (200, shown, _) => shown
            .pointer("/value")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn check(bench: &Bench) -> Result<(), TestCaseError> {
    let (mut addresses, mut count) = (BTreeSet::new(), 0);
    for (kind, parts) in [
        ("loadBalancers", "/properties/frontendIPConfigurations"),
        ("networkInterfaces", "/properties/ipConfigurations"),
    ] {
        for one in list(bench, &network(kind)) {
            for part in one.pointer(parts).and_then(Value::as_array).into_iter().flatten() {
                addresses.insert(text(part, "/properties/privateIPAddress").to_owned());
                count += 1;
            }
        }
    }
    prop_assert_eq!(addresses.len(), count, "no address twice");
    prop_assert!(!addresses.contains(""), "none without an address");
    for service in list(bench, &network("privateLinkServices")) {
        let interface = text(&service, "/properties/networkInterfaces/0/id");
        prop_assert_eq!(bench.send("GET", interface, Value::Null).0, 200);
        for frontend in service
            .pointer("/properties/loadBalancerFrontendIpConfigurations")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            prop_assert_eq!(bench.send("GET", text(frontend, "/id"), Value::Null).0, 200);
        }
    }
    for from in 0..3 {
        for peering in list(bench, &format!("{}/virtualNetworkPeerings", vnet(from))) {
            let there = text(&peering, "/properties/remoteVirtualNetwork/id");
            let back = list(bench, &format!("{there}/virtualNetworkPeerings"))
                .into_iter()
                .find(|back| text(back, "/properties/remoteVirtualNetwork/id") == vnet(from));
            let states = (
                text(&peering, "/properties/peeringState").to_owned(),
                back.map(|back| text(&back, "/properties/peeringState").to_owned()),
            );
            let agree = match (states.0.as_str(), states.1.as_deref()) {
                ("Connected", back) => back == Some("Connected"),
                ("Initiated", back) => back != Some("Connected"),
                _ => true,
            };
            prop_assert!(agree, "{states:?}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn addresses_and_peerings_agree_with_themselves(steps in prop::collection::vec(step(), 1..60)) {
        let bench = Bench::with_network();
        for name in 0..3 {
            bench.ok("PUT", &vnet(name), space(name));
        }
        for (name, prefix) in [("a", "10.0.0.0/24"), ("b", "10.0.1.0/29")] {
            bench.pass();
            bench.ok(
                "PUT",
                &network(&format!("virtualNetworks/vnet/subnets/{name}")),
                json!({"properties": {"addressPrefix": prefix, "privateLinkServiceNetworkPolicies": "Disabled"}}),
            );
        }
        bench.pass();
        for step in &steps {
            run(&bench, step)?;
        }
        bench.pass();
        check(&bench)?;
        comes_back_and_goes(&bench)?;
    }
}
