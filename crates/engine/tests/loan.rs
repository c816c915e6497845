//! Fields of somebody else's resource, by properties: whatever others do between any two steps, nothing of theirs is lost,
//! what is wanted gets there, and what was there before comes back where it is still as we left it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use privatelink_arm::ResourceId;
use privatelink_arm::models::subnet::{MODEL, NETWORK_SECURITY_GROUP};
use privatelink_engine::Owner;
use privatelink_engine::diff::Applied;
use privatelink_engine::loan::{Kept, Loans, from_status, left, to_status};
use privatelink_engine::plan::{
    Adoption, DesiredNode, Intent, NodeState, NodeStep, Observed, Refusal, Snapshot, Step, Want, plan,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const SUBNET: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s";

/// What can be set, and what somebody else may set in the same places.
const PLACES: [&str; 4] = [
    "networkSecurityGroup",
    "routeTable",
    "privateEndpointNetworkPolicies",
    "serviceEndpoints",
];

fn value(place: &str, choice: u8) -> Option<Value> {
    let name = ["a", "b", "c"].get(usize::from(choice))?;
    Some(match place {
        "networkSecurityGroup" | "routeTable" => json!({"id": format!("/{place}/{name}")}),
        "serviceEndpoints" => json!([{"service": format!("Microsoft.{name}")}]),
        _ => json!(["Disabled", "Enabled", "RouteTableEnabled"][usize::from(choice)]),
    })
}

fn fields(choices: [u8; 4]) -> Value {
    let named = PLACES.into_iter().zip(choices);
    let named = named.filter_map(|(place, choice)| Some((place.to_owned(), value(place, choice)?)));
    json!({"properties": named.collect::<Map<String, Value>>()})
}

/// Places by choice; the last is none at all.
fn choices() -> impl Strategy<Value = [u8; 4]> {
    prop::array::uniform4(0..4_u8)
}

/// Anything that nobody here has heard of.
fn invented() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,6}".prop_map(Value::from),
        Just(Value::Null)
    ];
    let value = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("(invented|recordSets)[A-Z]?", value, 0..4)
        .prop_map(|map| map.into_iter().collect())
}

/// Azure's subnet, and what we have written down.
struct World {
    body: Value,
    version: u32,
    loans: Loans,
    recorded: bool,
}

impl World {
    fn new(choices: [u8; 4], invented: Map<String, Value>) -> Self {
        let mut body = fields(choices);
        let properties = body["properties"].as_object_mut().unwrap();
        properties.extend(invented);
        properties.insert("addressPrefix".to_owned(), json!("10.0.0.0/24"));
        properties.insert(
            "delegations".to_owned(),
            json!([{"name": "d", "properties": {"serviceName": "x"}}]),
        );
        World {
            body,
            version: 1,
            loans: Loans::new(),
            recorded: false,
        }
    }

    fn shown(&self) -> Snapshot {
        let mut body = self.body.clone();
        body["etag"] = json!(self.version.to_string());
        body["properties"]["provisioningState"] = json!("Succeeded");
        body["properties"]["ipConfigurations"] = json!([{"id": "/ip"}]);
        Snapshot::listed(body)
    }

    /// Steps until nothing is left to do. `disturb` comes between a read and what is decided on it. How many PUTs Azure took.
    fn bring(
        &mut self,
        wanted: &Value,
        kept: &Kept,
        deleting: bool,
        mut disturb: impl FnMut(&mut World),
    ) -> u32 {
        let node = DesiredNode {
            name: "subnet",
            id: ResourceId::parse(SUBNET).unwrap(),
            model: &MODEL,
            want: Want::Lent {
                fields: if deleting { json!({}) } else { wanted.clone() },
                kept: kept.clone(),
            },
        };
        let (mut observed, mut writes) = (Observed::Unread, 0);
        for _ in 0..40 {
            let nothing = Applied::new();
            let state = NodeState {
                node: &node,
                observed: &observed,
                listed: &nothing,
                applied: &nothing,
                loans: &self.loans,
                recorded: self.recorded,
                operation: false,
            };
            let recorded = self.recorded.then(|| node.id.clone());
            match plan(&intent(deleting), &owner(), recorded.as_ref(), &[state]) {
                Step::Record { loans, .. } => {
                    // As another process would read it.
                    self.loans = from_status(&to_status(&loans));
                    assert_eq!(self.loans, loans);
                    self.recorded = true;
                    observed = Observed::Unread;
                }
                Step::Node(0, NodeStep::Read) => {
                    observed = Observed::Present(self.shown());
                    disturb(self);
                }
                Step::Node(0, NodeStep::Update { body, if_match, .. }) => {
                    observed = Observed::Unread;
                    if if_match == Some(self.version.to_string()) {
                        writes += 1;
                        self.put(body);
                        let fields = if deleting { json!({}) } else { wanted.clone() };
                        self.loans = privatelink_engine::loan::confirmed(&MODEL, &fields, &self.loans);
                    }
                }
                Step::InSync => {
                    self.loans = privatelink_engine::loan::settled(&MODEL, wanted, &self.loans);
                    return writes;
                }
                Step::RemoveFinalizer => return writes,
                step => panic!("{step:?}"),
            }
        }
        panic!("it does not come to an end")
    }

    fn put(&mut self, body: Value) {
        self.body = body;
        self.version += 1;
    }
}

fn intent(deleting: bool) -> Intent {
    Intent {
        deleting,
        finalizer: true,
        observe_only: false,
        retain: false,
        recreate: false,
        adoption: Adoption::default(),
    }
}

fn owner() -> Owner {
    Owner {
        owner_id: "us".to_owned(),
        kind: "SubnetBinding".to_owned(),
        namespace: "n".to_owned(),
        name: "b".to_owned(),
        uid: "1".to_owned(),
    }
}

/// A body without the places that can be set.
fn rest(body: &Value) -> Value {
    let mut body = body.clone();
    for place in PLACES {
        body["properties"].as_object_mut().unwrap().remove(place);
    }
    body
}

fn services(body: &Value) -> Vec<String> {
    let list = body["properties"]["serviceEndpoints"].as_array();
    let mut names: Vec<String> = list
        .into_iter()
        .flatten()
        .map(|service| service["service"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

proptest! {
    #[test]
    fn what_is_wanted_gets_there_what_was_there_comes_back_and_the_rest_survives(
        before in choices(), first in choices(), second in choices(), invented in invented(),
    ) {
        let mut world = World::new(before, invented);
        let original = world.body.clone();
        for wanted in [fields(first), fields(second)] {
            world.bring(&wanted, &Kept::new(), false, |_| {});
            for place in PLACES.into_iter().take(3) {
                let expected = wanted["properties"].get(place).or(original["properties"].get(place));
                prop_assert_eq!(world.body["properties"].get(place), expected, "{}", place);
            }
            let mut expected: Vec<String> = services(&original).into_iter().chain(services(&wanted)).collect();
            expected.sort();
            expected.dedup();
            prop_assert_eq!(services(&world.body), expected);
            prop_assert_eq!(rest(&world.body), rest(&original));
            prop_assert_eq!(world.bring(&wanted, &Kept::new(), false, |_| {}), 0, "written again");
        }
        world.bring(&json!({}), &Kept::new(), true, |_| {});
        for place in PLACES.into_iter().take(3) {
            prop_assert_eq!(world.body["properties"].get(place), original["properties"].get(place), "{}", place);
        }
        prop_assert_eq!(services(&world.body), services(&original));
        prop_assert_eq!(rest(&world.body), rest(&original));
    }

    #[test]
    fn what_others_change_meanwhile_is_theirs(
        before in choices(), wanted in choices(), invented in invented(),
        theirs in prop::collection::vec((0..4_usize, 0..4_u8), 0..2), later in (0..4_usize, 0..4_u8),
    ) {
        let mut world = World::new(before, invented);
        let wanted = fields(wanted);
        let (mut turns, mut count) = (theirs.into_iter(), 0);
        // What there is in each place before our first write is taken.
        let mut last = world.body.clone();
        world.bring(&wanted, &Kept::new(), false, |world| {
            if let Some((place, choice)) = turns.next() {
                count += 1;
                let mut body = world.body.clone();
                set(&mut body, place, choice);
                body["properties"]["of others"] = json!(count);
                last = body.clone();
                world.put(body);
            }
        });
        if count > 0 {
            prop_assert_eq!(&world.body["properties"]["of others"], &json!(count), "a change of others is lost");
        }
        let wanted_places = wanted["properties"].as_object().unwrap();
        for (place, value) in wanted_places.iter().filter(|(place, _)| *place != "serviceEndpoints") {
            prop_assert_eq!(&world.body["properties"][place], value);
        }
        // They change one of the places for good, and the object goes.
        let unwritten = PLACES.into_iter().take(3).filter(|name| {
            // A value of theirs that is the same as ours cannot be told from it.
            wanted["properties"].get(name).is_none_or(|ours| last["properties"].get(name) != Some(ours))
        });
        let before_us: Vec<(&str, Option<Value>)> =
            unwritten.map(|name| (name, last["properties"].get(name).cloned())).collect();
        let (place, choice) = later;
        let mut body = world.body.clone();
        set(&mut body, place, choice);
        let changed = body != world.body;
        world.put(body.clone());
        world.bring(&json!({}), &Kept::new(), true, |_| {});
        for (name, value) in before_us.iter().filter(|(name, _)| *name != PLACES[place]) {
            prop_assert_eq!(world.body["properties"].get(name), value.as_ref(), "{}: not the last value before ours", name);
        }
        if changed && place < 3 {
            let name = PLACES[place];
            prop_assert_eq!(world.body["properties"].get(name), body["properties"].get(name), "{}", name);
        }
    }

    #[test]
    fn what_is_kept_stays_and_is_told(before in choices(), mut wanted in choices()) {
        wanted[0] = 0;
        prop_assume!(before[0] != 0);
        let mut world = World::new(before, Map::new());
        let wanted = fields(wanted);
        world.bring(&wanted, &Kept::new(), false, |_| {});
        let kept = Kept::from([(NETWORK_SECURITY_GROUP.to_owned(), "the one before is gone".to_owned())]);
        world.bring(&json!({}), &kept, true, |_| {});
        prop_assert_eq!(world.body.pointer("/properties/networkSecurityGroup"), wanted.pointer("/properties/networkSecurityGroup"));
        let told = left(&MODEL, &world.body, &world.loans, &kept);
        prop_assert_eq!(told, [format!("{NETWORK_SECURITY_GROUP} stays {{\"id\":\"/networkSecurityGroup/a\"}}: the one before is gone")]);
    }
}

fn set(body: &mut Value, place: usize, choice: u8) {
    let name = PLACES[place];
    let properties = body["properties"].as_object_mut().unwrap();
    match value(name, choice) {
        Some(value) => drop(properties.insert(name.to_owned(), value)),
        None => drop(properties.remove(name)),
    }
}

#[test]
fn a_subnet_that_is_not_there_is_nobody_s_to_make() {
    let node = DesiredNode {
        name: "subnet",
        id: ResourceId::parse(SUBNET).unwrap(),
        model: &MODEL,
        want: Want::Lent {
            fields: fields([0, 3, 3, 3]),
            kept: Kept::new(),
        },
    };
    let (applied, loans) = (Applied::new(), Loans::new());
    let state = |observed| NodeState {
        node: &node,
        observed,
        listed: &applied,
        applied: &applied,
        loans: &loans,
        recorded: true,
        operation: false,
    };
    let step = plan(
        &intent(false),
        &owner(),
        Some(&node.id),
        &[state(&Observed::Absent)],
    );
    assert_eq!(step, Step::Node(0, NodeStep::Refuse(Refusal::NotThere)));
    let step = plan(
        &intent(true),
        &owner(),
        Some(&node.id),
        &[state(&Observed::Unread)],
    );
    assert_eq!(step, Step::RemoveFinalizer, "nothing was set");
}
