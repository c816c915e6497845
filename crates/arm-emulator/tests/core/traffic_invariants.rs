//! Security groups, route tables and subnets in whatever order they are written: no answer says that the server broke, and
//! both ends of every reference agree.

use crate::support::traffic::{named, rule, subnet_with};
use crate::support::{Bench, comes_back_and_goes, network};
use proptest::prelude::*;
use serde_json::{Value, json};

/// One request, or time that passes.
#[derive(Clone, Debug)]
enum Step {
    /// The whole list of a group's rules, each by the number of its name and its priority.
    Rules {
        group: u8,
        rules: Vec<(u8, u8)>,
    },
    Rule {
        group: u8,
        name: u8,
        priority: u8,
        delete: bool,
    },
    Routes {
        table: u8,
        routes: Vec<(u8, u8)>,
    },
    Route {
        table: u8,
        name: u8,
        prefix: u8,
        delete: bool,
    },
    Bind {
        subnet: u8,
        group: Option<u8>,
        table: Option<u8>,
    },
    /// What was read of the network, written again.
    Again,
    DeleteGroup {
        group: u8,
    },
    DeleteTable {
        table: u8,
    },
    Pass {
        seconds: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let list = || prop::collection::vec((0..4_u8, 0..4_u8), 0..4);
    prop_oneof![
        2 => (0..2_u8, list()).prop_map(|(group, rules)| Step::Rules { group, rules }),
        4 => (0..2_u8, 0..4_u8, 0..4_u8, prop::bool::weighted(0.3))
            .prop_map(|(group, name, priority, delete)| Step::Rule { group, name, priority, delete }),
        2 => (0..2_u8, list()).prop_map(|(table, routes)| Step::Routes { table, routes }),
        4 => (0..2_u8, 0..4_u8, 0..4_u8, prop::bool::weighted(0.3))
            .prop_map(|(table, name, prefix, delete)| Step::Route { table, name, prefix, delete }),
        4 => (0..2_u8, prop::option::of(0..2_u8), prop::option::of(0..2_u8))
            .prop_map(|(subnet, group, table)| Step::Bind { subnet, group, table }),
        1 => Just(Step::Again),
        1 => (0..2_u8).prop_map(|group| Step::DeleteGroup { group }),
        1 => (0..2_u8).prop_map(|table| Step::DeleteTable { table }),
        6 => prop_oneof![Just(1_i64), Just(2), Just(60)].prop_map(|seconds| Step::Pass { seconds }),
    ]
}

fn group(number: u8) -> String {
    network(&format!("networkSecurityGroups/nsg{number}"))
}

fn table(number: u8) -> String {
    network(&format!("routeTables/rt{number}"))
}

fn subnet(number: u8) -> String {
    network(&format!(
        "virtualNetworks/vnet/subnets/{}",
        if number == 0 { "a" } else { "b" }
    ))
}

fn one_route(prefix: u8) -> Value {
    json!({"addressPrefix": format!("10.{prefix}.0.0/16"), "nextHopType": "None"})
}

fn priority(number: u8) -> Value {
    json!({"priority": 100 + u32::from(number)})
}

/// The request of a step: method, path and body; `None` for what is no request.
fn request(bench: &Bench, step: &Step) -> Option<(&'static str, String, Value)> {
    let (path, body, delete) = match step {
        Step::Rules { group: number, rules } => {
            let rules: Vec<Value> = rules
                .iter()
                .map(|(name, number)| named(&format!("r{name}"), &priority(*number)))
                .collect();
            let body = json!({"location": "westeurope", "properties": {"securityRules": rules}});
            (group(*number), body, false)
        }
        Step::Rule {
            group: number,
            name,
            priority: wanted,
            delete,
        } => (
            format!("{}/securityRules/r{name}", group(*number)),
            rule(&priority(*wanted)),
            *delete,
        ),
        Step::Routes {
            table: number,
            routes,
        } => {
            let routes: Vec<Value> = routes
                .iter()
                .map(|(name, prefix)| json!({"name": format!("r{name}"), "properties": one_route(*prefix)}))
                .collect();
            let body = json!({"location": "westeurope", "properties": {"routes": routes}});
            (table(*number), body, false)
        }
        Step::Route {
            table: number,
            name,
            prefix,
            delete,
        } => (
            format!("{}/routes/r{name}", table(*number)),
            json!({"properties": one_route(*prefix)}),
            *delete,
        ),
        Step::Bind {
            subnet: number,
            group: nsg,
            table: rt,
        } => {
            let mut changes =
                json!({"addressPrefix": if *number == 0 { "10.0.0.0/24" } else { "10.0.1.0/29" }});
            if let Some(fields) = changes.as_object_mut() {
                fields.extend(nsg.map(|nsg| ("networkSecurityGroup".to_owned(), json!({"id": group(nsg)}))));
                fields.extend(rt.map(|rt| ("routeTable".to_owned(), json!({"id": table(rt)}))));
            }
            (subnet(*number), subnet_with(&changes), false)
        }
        Step::Again => {
            let path = network("virtualNetworks/vnet");
            let body = bench.get(&path);
            (path, body, false)
        }
        Step::DeleteGroup { group: number } => (group(*number), Value::Null, true),
        Step::DeleteTable { table: number } => (table(*number), Value::Null, true),
        Step::Pass { .. } => return None,
    };
    Some(if delete {
        ("DELETE", path, Value::Null)
    } else {
        ("PUT", path, body)
    })
}

fn run(bench: &Bench, step: &Step) -> Result<(), TestCaseError> {
    if let Step::Pass { seconds } = step {
        bench.emulator.advance(jiff::SignedDuration::from_secs(*seconds));
    } else if let Some((method, path, body)) = request(bench, step) {
        let (status, answer, _) = bench.send(method, &path, body);
        prop_assert!(status < 500, "{step:?}: {status} {answer}");
        if matches!(step, Step::Again) {
            prop_assert!(status == 409 || !bench.last_changed(), "{answer}");
        }
    }
    Ok(())
}

fn items(shown: &Value, path: &str) -> Vec<Value> {
    shown
        .pointer(path)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

fn texts(items: &[Value], path: &str) -> Vec<String> {
    let mut found: Vec<String> = items
        .iter()
        .filter_map(|item| item.pointer(path))
        .map(Value::to_string)
        .collect();
    found.sort();
    found
}

/// A parent's list is its children's collection, and what may be there once is there once.
fn check_parent(
    bench: &Bench,
    path: &str,
    list: &str,
    unique: &str,
    bound: &str,
) -> Result<(), TestCaseError> {
    let (status, shown, _) = bench.send("GET", path, Value::Null);
    let mut bound_subnets: Vec<String> = Vec::new();
    for number in 0..2 {
        let id = bench
            .get(&subnet(number))
            .pointer(bound)
            .cloned()
            .unwrap_or_default();
        if id == json!(path) {
            bound_subnets.push(json!(subnet(number)).to_string());
        }
    }
    if status != 200 {
        prop_assert!(bound_subnets.is_empty(), "a subnet refers to what is gone");
        return Ok(());
    }
    let children = items(&shown, &format!("/properties/{list}"));
    let collection = items(&bench.get(&format!("{path}/{list}")), "/value");
    prop_assert_eq!(texts(&children, "/name"), texts(&collection, "/name"));
    let mut values = texts(&children, unique);
    let count = values.len();
    values.dedup();
    prop_assert_eq!(values.len(), count, "once each");
    for child in &children {
        prop_assert_eq!(child.pointer("/etag"), shown.pointer("/etag"));
        prop_assert_eq!(
            child.pointer("/properties/provisioningState"),
            Some(&json!("Succeeded"))
        );
    }
    prop_assert_eq!(texts(&items(&shown, "/properties/subnets"), "/id"), bound_subnets);
    Ok(())
}

fn check(bench: &Bench) -> Result<(), TestCaseError> {
    for number in 0..2 {
        check_parent(
            bench,
            &group(number),
            "securityRules",
            "/properties/priority",
            "/properties/networkSecurityGroup/id",
        )?;
        check_parent(
            bench,
            &table(number),
            "routes",
            "/properties/addressPrefix",
            "/properties/routeTable/id",
        )?;
    }
    comes_back_and_goes(bench)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_ends_of_every_reference_agree(steps in prop::collection::vec(step(), 1..60)) {
        let bench = Bench::with_network();
        // So that most steps have something to work on.
        for number in 0..2 {
            for path in [group(number), table(number)] {
                bench.ok("PUT", &path, json!({"location": "westeurope"}));
            }
        }
        bench.pass();
        for step in &steps {
            run(&bench, step)?;
        }
        bench.pass();
        check(&bench)?;
    }
}
