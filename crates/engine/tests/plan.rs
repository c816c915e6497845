//! The decision table, by exhaustion: for every combination of intent, record and observation the plan has an answer,
//! and the answers keep the promises that crash safety and ownership rest on.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use privatelink_arm::ResourceId;
use privatelink_arm::model::{Change, Compare, Conditional, Field, ResourceModel, SERVER_NAMES};
use privatelink_arm::models::private_endpoint::MODEL;
use privatelink_engine::Owner;
use privatelink_engine::diff::{Applied, owned_keys};
use privatelink_engine::loan::Loans;
use privatelink_engine::plan::{
    Adoption, DesiredNode, Intent, NodeState, NodeStep, Observed, Snapshot, Step, Wait, Want, plan,
};
use serde_json::{Value, json};

const ID: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/e";

/// A child that cannot carry a mark.
static CHILD: ResourceModel = ResourceModel {
    resource_type: "Microsoft.Network/privateEndpoints/children",
    api_version: "2025-05-01",
    fields: &[Field::atomic(
        &["properties", "value"],
        Compare::Exact,
        Change::Allowed,
    )],
    read_only: &[],
    mark: None,
    conditional: Conditional::Updates,
    alone: false,
    one_at_a_time: false,
    operations: None,
    joins: &[],
    server_names: SERVER_NAMES,
};

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

fn endpoint_body() -> Value {
    let mut body = body("orders");
    for (name, value) in owner().tags() {
        body["tags"][name] = json!(value);
    }
    body
}

fn endpoint() -> DesiredNode {
    DesiredNode {
        name: "endpoint",
        id: ResourceId::parse(ID).unwrap(),
        model: &MODEL,
        want: Want::Present(endpoint_body()),
    }
}

fn child(want: Want) -> DesiredNode {
    DesiredNode {
        name: "child",
        id: ResourceId::parse(ID).unwrap().child("children", "c").unwrap(),
        model: &CHILD,
        want,
    }
}

fn child_body(value: &str) -> Value {
    json!({"properties": {"value": value}})
}

static NO_LOANS: Loans = Loans::new();

/// What we know of a node from our own record.
#[derive(Clone, Debug, Default)]
struct Record {
    applied: Applied,
    recorded: bool,
    operation: bool,
}

fn step(intent: &Intent, recorded: Option<&ResourceId>, nodes: &[(DesiredNode, Observed, Record)]) -> Step {
    let states: Vec<NodeState<'_>> = nodes
        .iter()
        .map(|(node, observed, record)| NodeState {
            node,
            observed,
            listed: &record.applied,
            applied: &record.applied,
            loans: &NO_LOANS,
            recorded: record.recorded,
            operation: record.operation,
        })
        .collect();
    plan(intent, &owner(), recorded, &states)
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

fn unseen() -> [(Observed, Option<Owned>); 3] {
    [
        (Observed::Unread, None),
        (Observed::Absent, None),
        (Observed::Lagging, None),
    ]
}

fn observations() -> Vec<(Observed, Option<Owned>)> {
    let mut all = unseen().to_vec();
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

fn records() -> Vec<(Option<ResourceId>, Record)> {
    let applied = owned_keys(&MODEL, &endpoint_body());
    let id = Some(endpoint().id);
    let record = |applied: &Applied, operation| Record {
        applied: applied.clone(),
        recorded: true,
        operation,
    };
    vec![
        (None, Record::default()),
        (id.clone(), Record::default()),
        (id.clone(), record(&applied, false)),
        (id, record(&applied, true)),
    ]
}

#[test]
fn every_combination_of_one_node_keeps_the_promises() {
    let mut combinations = 0;
    for intent in intents() {
        for (recorded, record) in records() {
            for (seen, owned) in observations() {
                combinations += 1;
                let node = endpoint();
                let found = step(
                    &intent,
                    recorded.as_ref(),
                    &[(node, seen.clone(), record.clone())],
                );
                let context = || format!("{intent:?}\n{recorded:?} {record:?}\n{seen:?}\n-> {found:?}");
                if found == Step::InSync && !intent.deleting {
                    in_sync_is_true(&seen, &context);
                }
                let Step::Node(0, step) = &found else { continue };
                let writes = matches!(
                    step,
                    NodeStep::Create { .. } | NodeStep::Update { .. } | NodeStep::Delete { .. }
                );
                if writes {
                    assert!(intent.finalizer, "a write without a finalizer: {}", context());
                    assert!(!intent.observe_only, "a write under ObserveOnly: {}", context());
                    assert!(
                        !record.operation,
                        "a write while an operation runs: {}",
                        context()
                    );
                    assert!(
                        !matches!(seen, Observed::Unread | Observed::Swept(_) | Observed::Lagging),
                        "a write on a guess: {}",
                        context()
                    );
                }
                match step {
                    NodeStep::Create { .. } | NodeStep::Update { .. } => {
                        assert!(!intent.deleting, "made while deleting: {}", context());
                        assert_eq!(
                            recorded,
                            Some(endpoint().id),
                            "a write before the id is recorded: {}",
                            context()
                        );
                        assert!(
                            !record.applied.is_empty(),
                            "a write before its keys are recorded: {}",
                            context()
                        );
                    }
                    NodeStep::Delete { .. } => {
                        assert_eq!(
                            owned,
                            Some(Owned::Ours),
                            "somebody else's resource is deleted: {}",
                            context()
                        );
                        assert!(
                            intent.deleting && !intent.retain || intent.recreate,
                            "deleted without a reason: {}",
                            context()
                        );
                    }
                    _ => {}
                }
                if let NodeStep::Update { adopts, .. } = step {
                    let allowed = match owned {
                        Some(Owned::Ours) => !adopts,
                        Some(Owned::Nobody) => *adopts && intent.adoption.unowned,
                        Some(Owned::Other) => *adopts && intent.adoption.from.as_deref() == Some("them"),
                        None => false,
                    };
                    assert!(allowed, "written without ownership: {}", context());
                }
            }
        }
    }
    assert!(combinations > 15_000, "{combinations} combinations");
}

fn in_sync_is_true(seen: &Observed, context: &dyn Fn() -> String) {
    let (Observed::Present(snapshot) | Observed::Swept(snapshot)) = seen else {
        panic!("in sync without a look: {}", context())
    };
    assert_eq!(
        snapshot.body["tags"]["team"],
        "orders",
        "in sync with a difference: {}",
        context()
    );
    assert_eq!(
        snapshot.body["properties"]["subnet"]["id"],
        "/subnet",
        "in sync with a difference: {}",
        context()
    );
    assert!(
        ["Succeeded", "Failed"].contains(&snapshot.body["properties"]["provisioningState"].as_str().unwrap()),
        "in sync while Azure is busy: {}",
        context()
    );
}

#[test]
fn a_child_without_a_mark_is_made_after_the_main_node_and_touched_only_where_that_is_ours() {
    let children = [
        Observed::Unread,
        Observed::Absent,
        Observed::Lagging,
        Observed::Present(Snapshot {
            body: child_body("wanted"),
            etag: None,
        }),
        Observed::Present(Snapshot {
            body: child_body("other"),
            etag: None,
        }),
    ];
    let wants = [Want::Present(child_body("wanted")), Want::Absent];
    let mut writes = 0;
    let known = Record {
        recorded: true,
        ..Record::default()
    };
    let intents = intents().into_iter();
    for intent in intents.filter(|intent| intent.adoption == Adoption::default()) {
        for (recorded, record) in records() {
            for (seen, owned) in observations() {
                for (child_seen, want) in children
                    .iter()
                    .flat_map(|seen| wants.iter().map(move |want| (seen, want)))
                {
                    let nodes = [
                        (endpoint(), seen.clone(), record.clone()),
                        (child(want.clone()), child_seen.clone(), known.clone()),
                    ];
                    let found = step(&intent, recorded.as_ref(), &nodes);
                    let context = || format!("{intent:?}\n{seen:?}\n{want:?} {child_seen:?}\n-> {found:?}");
                    match &found {
                        Step::Node(1, NodeStep::Create { .. } | NodeStep::Update { .. }) => {
                            writes += 1;
                            assert!(!intent.deleting && !intent.observe_only, "{}", context());
                            in_sync_is_true(&seen, &context);
                        }
                        Step::Node(1, NodeStep::Delete { .. }) => {
                            writes += 1;
                            assert_eq!(
                                owned,
                                Some(Owned::Ours),
                                "somebody else's child is deleted: {}",
                                context()
                            );
                            assert!(intent.deleting || *want == Want::Absent, "{}", context());
                        }
                        // The main node goes last.
                        Step::Node(0, NodeStep::Delete { .. }) if intent.deleting => {
                            assert_eq!(*child_seen, Observed::Absent, "{}", context());
                        }
                        Step::RemoveFinalizer if !intent.retain && !intent.observe_only => {
                            let ours = owned == Some(Owned::Ours);
                            assert!(
                                !ours,
                                "the finalizer goes while something of ours is there: {}",
                                context()
                            );
                        }
                        Step::InSync if !intent.deleting && !intent.observe_only => {
                            let as_wanted = match (want, child_seen) {
                                (Want::Present(body), Observed::Present(seen)) => *body == seen.body,
                                (Want::Absent, Observed::Absent) => true,
                                (Want::Absent, Observed::Present(_)) => owned != Some(Owned::Ours),
                                _ => false,
                            };
                            assert!(as_wanted, "{}", context());
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    assert!(writes > 100, "{writes} writes of a child");
}

fn plain() -> Intent {
    Intent {
        deleting: false,
        finalizer: true,
        observe_only: false,
        retain: false,
        recreate: false,
        adoption: Adoption::default(),
    }
}

#[test]
fn a_new_object_goes_from_finalizer_to_record_to_read_to_create() {
    let mut intent = plain();
    intent.finalizer = false;
    let at = |intent: &Intent, recorded: Option<&ResourceId>, seen: &Observed, record: &Record| {
        step(intent, recorded, &[(endpoint(), seen.clone(), record.clone())])
    };
    let nothing = Record::default();
    assert_eq!(
        at(&intent, None, &Observed::Unread, &nothing),
        Step::EnsureFinalizer
    );
    intent.finalizer = true;
    let Step::Record {
        resource_id, applied, ..
    } = at(&intent, None, &Observed::Unread, &nothing)
    else {
        panic!("no record")
    };
    let recorded = Some(&resource_id);
    let mut record = Record {
        applied: applied["endpoint"].clone(),
        recorded: true,
        operation: false,
    };
    assert_eq!(
        at(&intent, recorded, &Observed::Unread, &record),
        Step::Node(0, NodeStep::Read)
    );
    assert!(matches!(
        at(&intent, recorded, &Observed::Absent, &record),
        Step::Node(0, NodeStep::Create { .. })
    ));
    assert_eq!(
        at(&intent, recorded, &Observed::Lagging, &record),
        Step::Node(0, NodeStep::Wait(Wait::Lagging))
    );
    record.operation = true;
    assert_eq!(
        at(&intent, recorded, &Observed::Unread, &record),
        Step::Node(0, NodeStep::Poll)
    );
    record.operation = false;
    let there = Observed::Present(Snapshot {
        body: endpoint_body(),
        etag: None,
    });
    assert_eq!(at(&intent, recorded, &there, &record), Step::InSync);
}
