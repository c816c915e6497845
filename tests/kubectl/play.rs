//! How a situation is played in the simulated world until an object is in it, and how that object is taken out: with the
//! status that the engine wrote, and the events that it made.

use std::time::Duration;

use futures::future::BoxFuture;
use privatelink_testkit::scenario::{ArmCall, ArmFault, World, in_virtual_time};
use serde_json::{Value, json};

use crate::subjects::Subject;

/// How often it is looked whether an object is in a situation: shorter than any operation in Azure.
const LOOK: Duration = Duration::from_millis(200);
/// In the world's time, of which hours pass in a second.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A situation that `kubectl get` shows.
pub struct Situation {
    /// The name of the object that is in it.
    pub name: &'static str,
    /// Ready's reason.
    pub reason: &'static str,
    /// The kinds, by short name.
    pub kinds: &'static [&'static str],
    pub play: Play,
}

pub type Play = for<'a> fn(&'a mut World, &'a Subject, &'a str) -> BoxFuture<'a, ()>;

/// An object as it was when it was in the situation.
pub struct Shown {
    pub object: Value,
    pub events: Vec<Value>,
}

/// Plays a situation with an object of a kind.
pub fn play(situation: &Situation, subject: &Subject) -> Shown {
    let shown = in_virtual_time(async {
        let mut world = World::new()?;
        (situation.play)(&mut world, subject, situation.name).await;
        let object = subject
            .object(&world, situation.name)
            .ok_or("the object is gone")?;
        let mut events = world.api.list("events.events.k8s.io", None);
        events.retain(|event| {
            event["regarding"]["name"] == situation.name && event["regarding"]["kind"] == subject.kind
        });
        Ok(Shown { object, events })
    });
    let at = format!("{} of {}", situation.name, subject.kind);
    let shown = shown.unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!(
        reason(&shown.object),
        situation.reason,
        "{at}: {}",
        shown.object["status"]
    );
    shown
}

/// The reason of an object's Ready condition.
pub fn reason(object: &Value) -> &str {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let mut ready = conditions.filter(|condition| condition["type"] == "Ready");
    ready
        .next()
        .and_then(|ready| ready["reason"].as_str())
        .unwrap_or_default()
}

impl Subject {
    /// Starts a controller and makes what the object needs.
    pub async fn begin(&self, world: &mut World) {
        world.start();
        (self.needs)(world);
        tokio::time::sleep(Duration::from_secs(120)).await;
    }

    pub fn apply(&self, world: &World, name: &str) {
        world.apply((self.manifest)(name));
    }

    /// Applies the object with something laid over it.
    pub fn apply_with(&self, world: &World, name: &str, more: &Value) {
        let mut manifest = (self.manifest)(name);
        lay_over(&mut manifest, more);
        world.apply(manifest);
    }

    /// Lets time pass until Ready says a reason.
    pub async fn until(&self, world: &World, name: &str, wanted: &str) {
        let until = tokio::time::Instant::now() + PATIENCE;
        while !self.says(world, name, wanted) {
            assert!(
                tokio::time::Instant::now() < until,
                "{} {name} never says {wanted}: {:#}",
                self.kind,
                self.object(world, name).unwrap_or_default()["status"],
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    pub fn says(&self, world: &World, name: &str, wanted: &str) -> bool {
        self.object(world, name)
            .is_some_and(|object| reason(&object) == wanted)
    }

    /// Makes the object and waits until it is Ready.
    pub async fn succeed(&self, world: &mut World, name: &str) {
        self.begin(world).await;
        self.apply(world, name);
        self.until(world, name, "Succeeded").await;
        tokio::time::sleep(Duration::from_secs(10)).await;
    }

    pub fn id(&self, name: &str) -> String {
        (self.id)(name).expect("a kind with something of its own in Azure")
    }

    /// Azure answers every write to the resource with an error.
    pub fn refuse_writes(&self, world: &World, name: &str, status: u16, code: &'static str) {
        fail(world, "PUT", &self.id(name), status, code);
    }
}

/// The next calls with this method and path fail.
pub fn fail(world: &World, method: &str, path: &str, status: u16, code: &'static str) {
    let before = world.door.calls();
    let before = before
        .iter()
        .filter(|call| call.method == method && call.path == path)
        .count();
    for more in 1..=20 {
        let occurrence = u64::try_from(before).unwrap() + more;
        let call = ArmCall {
            method: method.to_owned(),
            path: path.to_owned(),
            occurrence,
        };
        world.door.add_fault(
            call,
            ArmFault::Answer {
                status,
                code,
                retry_after: None,
            },
        );
    }
}

/// From now on everything that was read before fails, for a while.
pub fn fail_reads(world: &World, status: u16, code: &'static str) {
    let mut paths: Vec<String> = world
        .door
        .calls()
        .into_iter()
        .filter(|call| call.method == "GET")
        .map(|call| call.path)
        .collect();
    paths.sort();
    paths.dedup();
    paths
        .iter()
        .for_each(|path| fail(world, "GET", path, status, code));
}

/// Lays a JSON object over another, member by member.
pub fn lay_over(value: &mut Value, more: &Value) {
    match (value.as_object_mut(), more.as_object()) {
        (Some(map), Some(more)) => {
            for (name, more) in more {
                lay_over(map.entry(name.clone()).or_insert(json!(null)), more);
            }
        }
        _ => *value = more.clone(),
    }
}
