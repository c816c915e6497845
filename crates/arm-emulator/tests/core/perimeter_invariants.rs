//! Perimeters, associations and links in whatever order they are written: mirrors and what they mirror agree.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use crate::support::perimeters::{Perimeters, association_body, link_body, perimeter};
use crate::support::{comes_back_and_goes, id};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What can happen to two perimeters and two accounts.
#[derive(Clone, Debug)]
enum Step {
    Perimeter(usize),
    DeletePerimeter(usize, bool),
    Profile(usize),
    DeleteProfile(usize),
    Associate(usize, usize, usize),
    Dissociate(usize, usize),
    Link(usize),
    Unlink(usize),
    DeleteReference(usize),
    Account(usize),
    DeleteAccount(usize),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..2_usize).prop_map(Step::Perimeter),
        (0..2_usize, any::<bool>()).prop_map(|(one, force)| Step::DeletePerimeter(one, force)),
        (0..2_usize).prop_map(Step::Profile),
        (0..2_usize).prop_map(Step::DeleteProfile),
        (0..2_usize, 0..2_usize, 0..2_usize).prop_map(|(one, name, on)| Step::Associate(one, name, on)),
        (0..2_usize, 0..2_usize, 0..2_usize).prop_map(|(one, name, on)| Step::Associate(one, name, on)),
        (0..2_usize, 0..2_usize).prop_map(|(one, name)| Step::Dissociate(one, name)),
        (0..2_usize).prop_map(Step::Link),
        (0..2_usize).prop_map(Step::Unlink),
        (0..2_usize).prop_map(Step::DeleteReference),
        (0..2_usize).prop_map(Step::Account),
        (0..2_usize).prop_map(Step::DeleteAccount),
        (1..12_i64).prop_map(Step::Wait),
    ]
}

const NAMES: [&str; 2] = ["p", "q"];

fn account(number: usize) -> String {
    format!("Microsoft.Storage/storageAccounts/acct{number}")
}

fn reference_of(bench: &Perimeters, one: usize) -> Option<String> {
    let (_, from, _) = bench.send("GET", &perimeter(NAMES[one]), Value::Null);
    let guid = from["properties"]["perimeterGuid"].as_str()?.to_owned();
    Some(perimeter(&format!(
        "{}/linkReferences/Ref-from-l-{guid}",
        NAMES[1 - one]
    )))
}

fn take(bench: &Perimeters, step: &Step) -> u16 {
    let send = |method: &str, path: &str, body: Value| bench.send(method, path, body).0;
    match step {
        Step::Perimeter(one) => send("PUT", &perimeter(NAMES[*one]), json!({"location": "westeurope"})),
        Step::DeletePerimeter(one, force) => {
            let path = format!("{}?forceDeletion={force}", perimeter(NAMES[*one]));
            send("DELETE", &path, Value::Null)
        }
        Step::Profile(one) => send(
            "PUT",
            &perimeter(&format!("{}/profiles/f", NAMES[*one])),
            json!({}),
        ),
        Step::DeleteProfile(one) => send(
            "DELETE",
            &perimeter(&format!("{}/profiles/f", NAMES[*one])),
            Value::Null,
        ),
        Step::Associate(one, name, on) => {
            let (one, target) = (NAMES[*one], account(*on));
            let body = association_body(&target, &format!("{one}/profiles/f"), "Enforced");
            send(
                "PUT",
                &perimeter(&format!("{one}/resourceAssociations/a{name}")),
                body,
            )
        }
        Step::Dissociate(one, name) => {
            let path = format!("{}/resourceAssociations/a{name}", NAMES[*one]);
            send("DELETE", &perimeter(&path), Value::Null)
        }
        Step::Link(one) => {
            let mut body = link_body(NAMES[1 - *one]);
            body["properties"]["remoteInboundProfiles"] = json!(["*"]);
            send("PUT", &perimeter(&format!("{}/links/l", NAMES[*one])), body)
        }
        Step::Unlink(one) => send(
            "DELETE",
            &perimeter(&format!("{}/links/l", NAMES[*one])),
            Value::Null,
        ),
        Step::DeleteReference(one) => match reference_of(bench, *one) {
            Some(path) => send("DELETE", &path, Value::Null),
            None => 204,
        },
        Step::Account(number) => send(
            "PUT",
            &id(&account(*number)),
            json!({"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {}}),
        ),
        Step::DeleteAccount(number) => send("DELETE", &id(&account(*number)), Value::Null),
        Step::Wait(seconds) => {
            bench.0.emulator.advance(SignedDuration::from_secs(*seconds));
            200
        }
    }
}

fn listed(bench: &Perimeters, path: &str) -> Vec<Value> {
    let (_, answer, _) = bench.send("GET", path, Value::Null);
    answer["value"].as_array().cloned().unwrap_or_default()
}

/// Mirrors and what they mirror are always both there, and agree.
fn agrees(bench: &Perimeters) -> Result<(), TestCaseError> {
    let mut mirrored = Vec::new();
    for number in 0..2 {
        let target = id(&account(number));
        let list = listed(bench, &format!("{target}/networkSecurityPerimeterConfigurations"));
        prop_assert!(list.len() <= 1, "in one perimeter");
        for one in list {
            let shown = &one["properties"];
            let name = shown["resourceAssociation"]["name"].as_str().unwrap_or_default();
            let within = shown["networkSecurityPerimeter"]["id"]
                .as_str()
                .unwrap_or_default();
            let association = format!("{within}/resourceAssociations/{name}");
            let (status, of, _) = bench.send("GET", &association, Value::Null);
            prop_assert_eq!(status, 200, "{}", association);
            prop_assert_eq!(&of["properties"]["privateLinkResource"]["id"], &json!(target));
            mirrored.push(association);
        }
    }
    for (one, name) in NAMES.iter().enumerate() {
        for association in listed(bench, &perimeter(&format!("{name}/resourceAssociations"))) {
            let state = &association["properties"]["provisioningState"];
            let there = mirrored.contains(&association["id"].as_str().unwrap_or_default().to_owned());
            prop_assert!(there || state != "Succeeded", "{}", association);
        }
        let approved = |path: &str| {
            let (_, shown, _) = bench.send("GET", path, Value::Null);
            shown["properties"]["status"] == "Approved"
        };
        let link = approved(&perimeter(&format!("{name}/links/l")));
        let reference = reference_of(bench, one).is_some_and(|reference| approved(&reference));
        prop_assert_eq!(link, reference, "link and reference of {}", name);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(96)))]
    #[test]
    fn mirrors_agree_whatever_happens(steps in proptest::collection::vec(step(), 1..40)) {
        play(&steps)?;
    }
}

#[test]
fn an_operation_ends_only_what_it_began() {
    // The first association goes with its account; the second takes its id, and is to fail.
    play(&[
        Step::Associate(1, 0, 0),
        Step::Associate(0, 1, 1),
        Step::DeleteAccount(1),
        Step::Wait(5),
        Step::Associate(0, 1, 0),
        Step::Wait(2),
    ])
    .unwrap();
}

fn play(steps: &[Step]) -> Result<(), TestCaseError> {
    let bench = Perimeters::new();
    for number in 0..2 {
        take(&bench, &Step::Account(number));
    }
    bench.0.pass();
    for step in steps {
        let status = take(&bench, step);
        prop_assert!(status < 500, "{:?}: {}", step, status);
        agrees(&bench)?;
    }
    bench.0.pass();
    agrees(&bench)?;
    comes_back_and_goes(&bench.0)
}
