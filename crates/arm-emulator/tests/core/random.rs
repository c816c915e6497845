//! Requests at random about every type that has a table: no answer says that the server broke, and after every step the store
//! agrees with itself.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::support::examples::{EXAMPLES, Example, Numbers};
use crate::support::symmetry::contradictions;
use crate::support::{Bench, SUBSCRIPTION, id};
use privatelink_arm_emulator::Emulator;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What is done to a body that would be taken.
#[derive(Clone, Debug)]
enum Mutation {
    Removed,
    Null,
    /// Another kind of JSON, or another value of the same.
    Value(Value),
    /// Another region, where it has one.
    Region,
    /// A property that nobody knows.
    Unknown,
}

/// One request, or what else changes the state.
#[derive(Clone, Debug)]
enum Step {
    Put {
        example: usize,
        numbers: Numbers,
        /// What happens to which of its values, counted from its root.
        mutation: Option<(usize, Mutation)>,
    },
    Patch {
        example: usize,
        numbers: Numbers,
        body: Value,
    },
    Delete {
        example: usize,
        numbers: Numbers,
    },
    /// What is shown is sent again.
    Again {
        example: usize,
        numbers: Numbers,
    },
    Read {
        example: usize,
        numbers: Numbers,
    },
    List {
        example: usize,
        numbers: Numbers,
    },
    Action {
        example: usize,
        numbers: Numbers,
        action: usize,
    },
    /// A write of the connection of an endpoint by its target's owner.
    Decide {
        example: usize,
        number: u8,
        decision: usize,
    },
    DeleteGroup,
    Pass {
        seconds: i64,
    },
    Restore,
}

const ACTIONS: &[&str] = &[
    "reconcile",
    "listKeys",
    "listDnsResolvers",
    "listDnsForwardingRulesets",
    "regenerateKey",
    "nothing",
];
/// The types of targets that endpoints of the estate are on.
const WITH_ENDPOINTS: &[&str] = &[
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Sql/servers",
    "Microsoft.DocumentDB/databaseAccounts",
    "Microsoft.Network/privateLinkServices",
];
const DECISIONS: &[&str] = &[
    "Approved",
    "Rejected",
    "Disconnected",
    "Pending",
    "Sometimes",
    "DELETE",
];

fn numbers() -> impl Strategy<Value = Numbers> {
    (0..3_u8, 0..3_u8, 0..3_u8).prop_map(|(own, parent, other)| Numbers { own, parent, other })
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let values = vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!("é\u{0}/%"),
        json!("x".repeat(5000)),
        json!([]),
        json!({}),
        json!([null]),
        json!([{}]),
        json!([[["x"]]]),
        json!({"id": 7}),
        json!({"id": "/"}),
        json!({"id": "/subscriptions/"}),
        json!([{"id": "/subscriptions/x/resourceGroups/y/providers/z"}]),
        json!({"id": id("Microsoft.Network/virtualNetworks/net0")}),
        json!(id("Microsoft.Network/virtualNetworks/net1/subnets/pe").to_uppercase()),
        json!({"id": id("Microsoft.Storage/storageAccounts/acct0")}),
        json!([{"name": "a"}, {"name": "A"}]),
        json!(["10.0.0.0/8", "10.0.0.0/33", "::/0", "0.0.0.0/0"]),
        json!("10.0.0.255"),
        json!("255.255.255.255/32"),
        json!("*"),
    ];
    prop_oneof![
        3 => Just(Mutation::Removed),
        1 => Just(Mutation::Null),
        8 => prop::sample::select(values).prop_map(Mutation::Value),
        1 => Just(Mutation::Region),
        1 => Just(Mutation::Unknown),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    // What hangs together counts for more than what stands alone.
    let together: Vec<usize> = (0..EXAMPLES.len())
        .filter(|number| pick(*number).path.starts_with("$N"))
        .collect();
    let example = move || prop_oneof![3 => prop::sample::select(together.clone()), 1 => 0..EXAMPLES.len()];
    let targets: Vec<usize> = (0..EXAMPLES.len())
        .filter(|number| WITH_ENDPOINTS.contains(&pick(*number).kind))
        .collect();
    let patch = prop::sample::select(vec![
        json!({}),
        json!({"tags": {"c": "d"}}),
        json!({"tags": null}),
        json!({"tags": {"a": null, "b": 7}}),
        json!({"properties": {}}),
        json!({"properties": null}),
        json!({"properties": {"publicNetworkAccess": "Enabled"}}),
        json!({"properties": {"subnets": [], "securityRules": null, "ttl": 0}}),
        json!({"location": "eastus"}),
        json!({"properties": {"provisioningState": "Failed"}}),
    ]);
    prop_oneof![
        8 => (example(), numbers()).prop_map(|(example, numbers)| Step::Put { example, numbers, mutation: None }),
        8 => (example(), numbers(), 0..64_usize, mutation())
            .prop_map(|(example, numbers, at, mutation)| Step::Put { example, numbers, mutation: Some((at, mutation)) }),
        2 => (example(), numbers(), patch).prop_map(|(example, numbers, body)| Step::Patch { example, numbers, body }),
        5 => (example(), numbers()).prop_map(|(example, numbers)| Step::Delete { example, numbers }),
        2 => (example(), numbers()).prop_map(|(example, numbers)| Step::Again { example, numbers }),
        1 => (example(), numbers()).prop_map(|(example, numbers)| Step::Read { example, numbers }),
        1 => (example(), numbers()).prop_map(|(example, numbers)| Step::List { example, numbers }),
        1 => (example(), numbers(), 0..ACTIONS.len())
            .prop_map(|(example, numbers, action)| Step::Action { example, numbers, action }),
        3 => (prop::sample::select(targets), 0..2_u8, 0..DECISIONS.len())
            .prop_map(|(example, number, decision)| Step::Decide { example, number, decision }),
        10 => prop_oneof![Just(0_i64), Just(1), Just(5), Just(30), Just(120)].prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Restore),
    ]
}

/// Steps, with the end of the group among them now and then.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![300 => step(), 1 => Just(Step::DeleteGroup)];
    prop::collection::vec(step, 1..100)
}

/// All values of a body, each by how many come before it.
fn count_of(value: &Value) -> usize {
    1 + match value {
        Value::Object(fields) => fields.values().map(count_of).sum(),
        Value::Array(items) => items.iter().map(count_of).sum(),
        _ => 0,
    }
}

/// Changes the value with a number; whether it was there.
fn change(value: &mut Value, at: usize, mutation: &Mutation) -> bool {
    let mut left = at;
    let inner: Vec<(Option<String>, usize)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, inner)| (Some(name.clone()), count_of(inner)))
            .collect(),
        Value::Array(items) => items.iter().map(|inner| (None, count_of(inner))).collect(),
        _ => return false,
    };
    for (number, (name, count)) in inner.into_iter().enumerate() {
        if left >= count {
            left -= count;
            continue;
        }
        let found = match (&name, &mut *value) {
            (Some(name), Value::Object(fields)) => fields.get_mut(name),
            (_, Value::Array(items)) => items.get_mut(number),
            _ => None,
        };
        let Some(found) = found else {
            return false;
        };
        if left > 0 {
            return change(found, left - 1, mutation);
        }
        match mutation {
            Mutation::Value(new) => *found = new.clone(),
            Mutation::Null => *found = Value::Null,
            Mutation::Removed => match (name, value) {
                (Some(name), Value::Object(fields)) => drop(fields.remove(&name)),
                (_, Value::Array(items)) => drop(items.remove(number)),
                _ => {}
            },
            Mutation::Region | Mutation::Unknown => return false,
        }
        return true;
    }
    false
}

fn mutated(mut body: Value, at: usize, mutation: &Mutation) -> Value {
    match mutation {
        Mutation::Region => body["location"] = json!("northeurope"),
        Mutation::Unknown => body["properties"]["nobodyKnows"] = json!({"this": [1]}),
        _ => {
            let count = count_of(&body) - 1;
            change(&mut body, at % count.max(1), mutation);
        }
    }
    body
}

fn pick(number: usize) -> &'static Example {
    EXAMPLES.get(number).unwrap()
}

/// A request of a step: method, URL and body.
fn request(bench: &Bench, step: &Step) -> Option<(&'static str, String, Value)> {
    Some(match step {
        Step::Put {
            example,
            numbers,
            mutation,
        } => {
            let example = pick(*example);
            let mut body = example.body(*numbers);
            if let Some((at, mutation)) = mutation {
                body = mutated(body, *at, mutation);
            }
            ("PUT", example.url(*numbers, ""), body)
        }
        Step::Patch {
            example,
            numbers,
            body,
        } => ("PATCH", pick(*example).url(*numbers, ""), body.clone()),
        Step::Delete { example, numbers } => ("DELETE", pick(*example).url(*numbers, ""), Value::Null),
        Step::Again { example, numbers } => {
            let url = pick(*example).url(*numbers, "");
            let (200, shown, _) = bench.send("GET", &url, Value::Null) else {
                return None;
            };
            ("PUT", url, shown)
        }
        Step::Read { example, numbers } => ("GET", pick(*example).url(*numbers, ""), Value::Null),
        Step::List { example, numbers } => {
            let example = pick(*example);
            let url = example.url(*numbers, "");
            let (path, query) = url.split_once('?').unwrap();
            let (collection, _) = path.rsplit_once('/').unwrap();
            ("GET", format!("{collection}?{query}&$top=1"), Value::Null)
        }
        Step::Action {
            example,
            numbers,
            action,
        } => {
            let below = format!("/{}", ACTIONS.get(*action).unwrap());
            ("POST", pick(*example).url(*numbers, &below), json!({}))
        }
        Step::Decide {
            example,
            number,
            decision,
        } => {
            let target = pick(*example).url(Numbers::all(*number), "/privateEndpointConnections");
            let (_, listed, _) = bench.send("GET", &target, Value::Null);
            let connection = listed.pointer("/value/0/id").and_then(Value::as_str)?;
            let url = format!("https://management.azure.com{connection}?api-version=2024-05-01");
            match *DECISIONS.get(*decision).unwrap() {
                "DELETE" => ("DELETE", url, Value::Null),
                status => (
                    "PUT",
                    url,
                    json!({"properties": {"privateLinkServiceConnectionState": {"status": status, "description": "d"}}}),
                ),
            }
        }
        Step::DeleteGroup => ("DELETE", group(), Value::Null),
        Step::Pass { .. } | Step::Restore => return None,
    })
}

fn group() -> String {
    format!(
        "https://management.azure.com/subscriptions/{SUBSCRIPTION}/resourceGroups/g?api-version=2024-05-01"
    )
}

fn run(bench: &Bench, step: &Step) -> Result<(), TestCaseError> {
    match step {
        Step::Pass { seconds } => bench.emulator.advance(jiff::SignedDuration::from_secs(*seconds)),
        Step::Restore => {
            let snapshot = serde_json::to_value(bench.emulator.snapshot()).unwrap();
            let read = serde_json::from_value(snapshot.clone()).unwrap();
            bench.emulator.restore(&read);
            prop_assert_eq!(serde_json::to_value(bench.emulator.snapshot()).unwrap(), snapshot);
        }
        _ => {
            if let Some((method, url, body)) = request(bench, step) {
                let about = |url: &str| {
                    let path = url.trim_start_matches("https://management.azure.com");
                    bench
                        .emulator
                        .resource(path.split('?').next().unwrap_or_default())
                };
                // A service of a storage account is there with it, and stored once somebody asks for it.
                if url.contains("Services/default?") {
                    bench.send("GET", &url, Value::Null);
                }
                let before = about(&url);
                let (status, answer, _) = bench.send(method, &url, body.clone());
                prop_assert!(
                    status < 400 || before == about(&url),
                    "refused, and changed: {method} {url} {body}: {status} {answer}"
                );
                prop_assert!(status < 500, "{method} {url} {body}: {status} {answer}");
                prop_assert!(
                    status < 400 || answer.is_object(),
                    "{method} {url} {body}: {status} {answer}"
                );
            }
        }
    }
    let wrong = bench.emulator.audit();
    prop_assert!(wrong.is_empty(), "after {step:?}: {wrong:#?}");
    Ok(())
}

/// A group with both estates.
fn estate() -> Bench {
    let bench = Bench::empty();
    bench.ok("PUT", &group(), json!({"location": "westeurope"}));
    for example in EXAMPLES {
        for number in 0..2 {
            let numbers = Numbers::all(number);
            let url = example.url(numbers, "");
            bench.ok("PUT", &url, example.body(numbers));
            bench.pass();
            let shown = bench.get(&url);
            let state = shown["properties"]["provisioningState"].as_str();
            assert_ne!(state, Some("Failed"), "{url}");
        }
    }
    bench
}

#[test]
fn every_type_with_a_table_has_an_example() {
    for (name, methods) in Emulator::modelled_types() {
        let has = EXAMPLES
            .iter()
            .any(|example| example.kind.eq_ignore_ascii_case(name));
        assert_eq!(has, methods.contains(&"PUT"), "{name}");
    }
}

#[test]
fn every_example_is_taken_and_agrees_with_the_others() {
    let bench = estate();
    assert_eq!(bench.emulator.audit(), Vec::<String>::new());
    assert_eq!(contradictions(&bench), Vec::<String>::new());
}

#[test]
fn what_is_read_can_be_written_back() {
    let bench = estate();
    let mut wrong = Vec::new();
    for example in EXAMPLES {
        for number in 0..2 {
            let url = example.url(Numbers::all(number), "");
            let shown = bench.get(&url);
            let (status, answer, _) = bench.send("PUT", &url, shown.clone());
            if status >= 300 {
                wrong.push(format!("{url}: {status} {answer}"));
            } else if bench.last_changed() {
                wrong.push(format!("{url} has changed: {shown}"));
            }
            bench.pass();
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Deletes what is marked of the estate, the last first, so that what is left hangs together less.
fn thin_out(bench: &Bench, gone: &[bool]) {
    let all = EXAMPLES
        .iter()
        .rev()
        .flat_map(|example| [(example, 0), (example, 1)]);
    for ((example, number), _) in all.zip(gone).filter(|(_, gone)| **gone) {
        bench.send("DELETE", &example.url(Numbers::all(number), ""), Value::Null);
        bench.pass();
    }
}

/// A group takes everything with it that is in it, unless something outside holds it.
fn check_the_end(bench: &Bench) -> Result<(), TestCaseError> {
    let locks: Vec<String> = bench
        .emulator
        .resource_ids()
        .into_iter()
        .filter(|id| id.contains("/locks/"))
        .collect();
    for lock in locks {
        let url = format!("https://management.azure.com{lock}?api-version=2020-05-01");
        bench.ok("DELETE", &url, Value::Null);
    }
    bench.send("DELETE", &group(), Value::Null);
    bench.pass();
    let left: Vec<String> = bench
        .emulator
        .resource_ids()
        .into_iter()
        .filter(|id| id.contains("/resourceGroups/"))
        .collect();
    prop_assert_eq!(left, Vec::<String>::new());
    prop_assert_eq!(bench.emulator.audit(), Vec::<String>::new());
    Ok(())
}

/// How many sequences are tried: `PROPTEST_CASES` asks for more, and gets an eighth of them.
fn cases() -> u32 {
    (ProptestConfig::default().cases / 8).max(1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_the_store_agrees_with_itself(
        (gone, steps) in (prop_oneof![Just(0_u8), 50..250_u8], prop::collection::vec(any::<u8>(), EXAMPLES.len() * 2))
            .prop_map(|(part, dice)| dice.into_iter().map(|thrown| thrown < part).collect::<Vec<bool>>())
            .prop_flat_map(|gone| (Just(gone), steps()))
    ) {
        thread_local! {
            static ESTATE: (Bench, privatelink_arm_emulator::Snapshot) = {
                let bench = estate();
                let snapshot = bench.emulator.snapshot();
                (bench, snapshot)
            };
        }
        ESTATE.with(|(bench, start)| {
            bench.emulator.restore(start);
            thin_out(bench, &gone);
            for step in &steps {
                run(bench, step)?;
            }
            bench.pass();
            let wrong = bench.emulator.audit();
            prop_assert!(wrong.is_empty(), "at the end: {wrong:#?}");
            let wrong = contradictions(bench);
            prop_assert!(wrong.is_empty(), "at the end: {wrong:#?}");
            check_the_end(bench)
        })?;
    }
}
