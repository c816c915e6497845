//! The decision table, by exhaustion: for every combination of intent, record and observation the plan has an answer,
//! and the answers keep the promises that crash safety and ownership rest on.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use privatelink_arm::ResourceId;
use privatelink_arm::models::private_endpoint::MODEL;
use privatelink_engine::Owner;
use privatelink_engine::diff::owned_keys;
use privatelink_engine::plan::{Adoption, DesiredNode, Intent, Observed, Record, Snapshot, Step, plan};
use serde_json::{Value, json};

const ID: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/e";

fn owner() -> Owner {
    let text = |text: &str| text.to_owned();
    Owner {
        owner_id: text("us"),
        kind: text("PrivateEndpoint"),
        namespace: text("n"),
        name: text("e"),
        uid: text("1"),
    }
}

fn body(team: &str) -> Value {
    json!({"location": "westeurope", "tags": {"team": team}, "properties": {"subnet": {"id": "/subnet"}}})
}

fn desired() -> DesiredNode {
    let mut body = body("orders");
    for (name, value) in owner().tags() {
        body["tags"][name] = json!(value);
    }
    DesiredNode {
        name: "endpoint",
        id: ResourceId::parse(ID).unwrap(),
        model: &MODEL,
        body,
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Owned {
    Ours,
    Nobody,
    Other,
}

fn observed(owned: Owned, team: &str, state: &str, subnet: &str) -> Snapshot {
    let mut body = body(team);
    body["properties"]["provisioningState"] = json!(state);
    body["properties"]["subnet"]["id"] = json!(subnet);
    match owned {
        Owned::Ours => owner()
            .tags()
            .into_iter()
            .for_each(|(name, value)| body["tags"][name] = json!(value)),
        Owned::Nobody => {}
        Owned::Other => body["tags"]["privatelink.dev_owner"] = json!("them/PrivateEndpoint/n/e"),
    }
    Snapshot {
        body,
        etag: Some("W/\"1\"".to_owned()),
    }
}

fn intents() -> Vec<Intent> {
    let mut intents = Vec::new();
    let adoptions = [
        Adoption::default(),
        Adoption {
            unowned: true,
            from: None,
        },
        Adoption {
            unowned: false,
            from: Some("them".to_owned()),
        },
    ];
    for bits in 0..32_u8 {
        let bit = |number: u8| bits & (1 << number) != 0;
        for adoption in &adoptions {
            intents.push(Intent {
                deleting: bit(0),
                finalizer: bit(1),
                observe_only: bit(2),
                retain: bit(3),
                recreate: bit(4),
                adoption: adoption.clone(),
            });
        }
    }
    intents
}

fn observations() -> Vec<(Observed, Option<Owned>)> {
    let mut all = vec![
        (Observed::Unread, None),
        (Observed::Absent, None),
        (Observed::Lagging, None),
    ];
    for owned in [Owned::Ours, Owned::Nobody, Owned::Other] {
        for team in ["orders", "changed"] {
            for state in ["Succeeded", "Updating", "Failed", "Unheard-of"] {
                for subnet in ["/subnet", "/other"] {
                    let snapshot = observed(owned, team, state, subnet);
                    all.push((Observed::Swept(snapshot.clone()), Some(owned)));
                    all.push((Observed::Present(snapshot), Some(owned)));
                }
            }
        }
    }
    all.push((
        Observed::Present(Snapshot {
            body: json!({"properties": 7}),
            etag: None,
        }),
        None,
    ));
    all
}

fn records() -> Vec<Record> {
    let node = desired();
    let applied = owned_keys(node.model, &node.body);
    let id = Some(node.id);
    vec![
        Record::default(),
        Record {
            resource_id: id.clone(),
            ..Record::default()
        },
        Record {
            resource_id: id.clone(),
            applied: applied.clone(),
            operation: false,
        },
        Record {
            resource_id: id,
            applied,
            operation: true,
        },
    ]
}

#[test]
fn every_combination_keeps_the_promises() {
    let (node, owner) = (desired(), owner());
    let mut combinations = 0;
    for intent in intents() {
        for record in records() {
            for (seen, owned) in observations() {
                combinations += 1;
                let step = plan(&intent, &owner, &node, &seen, &record);
                let context = format!("{intent:?}\n{record:?}\n{seen:?}\n-> {step:?}");
                let writes = matches!(
                    step,
                    Step::Create { .. } | Step::Update { .. } | Step::Delete { .. }
                );
                if writes {
                    assert!(intent.finalizer, "a write without a finalizer: {context}");
                    assert!(!intent.observe_only, "a write under ObserveOnly: {context}");
                    assert!(!record.operation, "a write while an operation runs: {context}");
                    assert!(
                        !matches!(seen, Observed::Unread | Observed::Swept(_) | Observed::Lagging),
                        "a write on a guess: {context}"
                    );
                }
                if matches!(step, Step::Create { .. } | Step::Update { .. }) {
                    assert!(!intent.deleting, "made while deleting: {context}");
                    assert_eq!(
                        record.resource_id.as_ref(),
                        Some(&node.id),
                        "a write before the id is recorded: {context}"
                    );
                    assert!(
                        !record.applied.is_empty(),
                        "a write before its keys are recorded: {context}"
                    );
                }
                if matches!(step, Step::Delete { .. }) {
                    assert_eq!(
                        owned,
                        Some(Owned::Ours),
                        "somebody else's resource is deleted: {context}"
                    );
                    assert!(
                        intent.deleting && !intent.retain || intent.recreate,
                        "deleted without a reason: {context}"
                    );
                }
                if let Step::Update { adopts, .. } = &step {
                    let allowed = match owned {
                        Some(Owned::Ours) => !adopts,
                        Some(Owned::Nobody) => *adopts && intent.adoption.unowned,
                        Some(Owned::Other) => *adopts && intent.adoption.from.as_deref() == Some("them"),
                        None => false,
                    };
                    assert!(allowed, "written without ownership: {context}");
                }
                if let Observed::Present(snapshot) | Observed::Swept(snapshot) = &seen
                    && matches!(step, Step::InSync)
                    && !intent.deleting
                {
                    assert_eq!(
                        snapshot.body["tags"]["team"], "orders",
                        "in sync with a difference: {context}"
                    );
                    assert_eq!(
                        snapshot.body["properties"]["subnet"]["id"], "/subnet",
                        "in sync with a difference: {context}"
                    );
                    assert!(
                        ["Succeeded", "Failed"]
                            .contains(&snapshot.body["properties"]["provisioningState"].as_str().unwrap()),
                        "in sync while Azure is busy: {context}"
                    );
                }
            }
        }
    }
    assert!(combinations > 15_000, "{combinations} combinations");
}

#[test]
fn a_new_object_goes_from_finalizer_to_record_to_read_to_create() {
    let (node, owner) = (desired(), owner());
    let mut intent = Intent {
        deleting: false,
        finalizer: false,
        observe_only: false,
        retain: false,
        recreate: false,
        adoption: Adoption::default(),
    };
    let mut record = Record::default();
    assert_eq!(
        plan(&intent, &owner, &node, &Observed::Unread, &record),
        Step::EnsureFinalizer
    );
    intent.finalizer = true;
    let Step::Record { resource_id, applied } = plan(&intent, &owner, &node, &Observed::Unread, &record)
    else {
        panic!("no record")
    };
    record = Record {
        resource_id: Some(resource_id),
        applied,
        operation: false,
    };
    assert_eq!(
        plan(&intent, &owner, &node, &Observed::Unread, &record),
        Step::Read
    );
    assert!(matches!(
        plan(&intent, &owner, &node, &Observed::Absent, &record),
        Step::Create { .. }
    ));
    record.operation = true;
    assert_eq!(
        plan(&intent, &owner, &node, &Observed::Unread, &record),
        Step::Poll
    );
    record.operation = false;
    let there = Observed::Present(Snapshot {
        body: desired().body,
        etag: None,
    });
    assert_eq!(plan(&intent, &owner, &node, &there, &record), Step::InSync);
}
