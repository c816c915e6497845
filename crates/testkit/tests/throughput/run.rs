//! Plays a number of objects in a world with limits, until all are Ready.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use privatelink_testkit::scenario::{
    ENDPOINTS, GROUP, NAMESPACE, RECORD_SETS, World, dns_object, endpoint, in_virtual_time, target,
};
use serde_json::{Value, json};

const ENDPOINT_ZONE: &str = "privatelink.blob.core.windows.net";
const RECORD_ZONE: &str = "orders.internal";
/// Where the zones of all scenes are made, before anything is counted.
const SETTLING: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_secs(10);

/// What is made, and how many.
#[derive(Clone, Copy)]
pub enum Scene {
    /// Endpoints whose names are kept in one zone.
    Endpoints(u32),
    /// Record sets of one zone.
    RecordSets(u32),
}

impl fmt::Display for Scene {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scene::Endpoints(many) => {
                write!(formatter, "{many} private endpoints with zone groups, one zone")
            }
            Scene::RecordSets(many) => write!(formatter, "{many} record sets, one zone"),
        }
    }
}

impl Scene {
    pub fn objects(self) -> u32 {
        match self {
            Scene::Endpoints(many) | Scene::RecordSets(many) => many,
        }
    }

    /// The PUTs that it takes, by type.
    pub fn puts(self) -> Vec<(&'static str, u32)> {
        match self {
            Scene::Endpoints(many) => vec![("privateEndpoints", many), ("privateDnsZoneGroups", many)],
            Scene::RecordSets(many) => vec![("A", many)],
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Scene::Endpoints(_) => ENDPOINTS,
            Scene::RecordSets(_) => RECORD_SETS,
        }
    }

    fn zone(self) -> &'static str {
        match self {
            Scene::Endpoints(_) => ENDPOINT_ZONE,
            Scene::RecordSets(_) => RECORD_ZONE,
        }
    }

    /// What the objects need in Azure: an account for each endpoint. Made slowly, for Azure counts this as well.
    async fn furnish(self, world: &World) -> Result<(), String> {
        if let Scene::Endpoints(many) = self {
            for number in 0..many {
                tokio::time::sleep(Duration::from_millis(100)).await;
                world.make_target(&account(number))?;
            }
        }
        Ok(())
    }

    fn apply(self, world: &World) {
        for number in 0..self.objects() {
            let name = format!("n{number:04}");
            match self {
                Scene::Endpoints(_) => {
                    let spec = json!({"target": {"id": target(&account(number))}, "dns": {"mode": "Managed", "zones": [{"name": ENDPOINT_ZONE}]}});
                    world.apply(endpoint(&name, json!({"spec": spec})));
                }
                Scene::RecordSets(_) => {
                    let address = format!("10.2.{}.{}", number / 250, number % 250 + 1);
                    let spec = json!({"zone": {"name": RECORD_ZONE}, "recordName": name, "a": [address]});
                    world.apply(dns_object("PrivateDnsRecordSet", &name, spec));
                }
            }
        }
    }
}

fn account(number: u32) -> String {
    format!("account{number:04}")
}

/// What a scene came to.
pub struct Run {
    pub ready: u32,
    /// Answers with 429.
    pub refused: u32,
    pub writes: u32,
    /// From the first write to the last.
    pub writing: Duration,
    /// Until all were Ready, at the grain of the looks.
    pub took: Duration,
    /// Requests by method, type and status.
    pub counts: BTreeMap<String, u32>,
    pub violations: Vec<String>,
    pub journal: Vec<String>,
    puts: BTreeMap<String, u32>,
}

impl Run {
    /// Plays a scene, at most for so long.
    ///
    /// # Errors
    /// A message where the world cannot be made.
    pub fn play(scene: Scene, most: Duration) -> Result<Self, String> {
        in_virtual_time(async {
            let mut world = World::limited()?;
            world.start();
            world.apply(dns_object("PrivateDnsZone", scene.zone(), json!({})));
            let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
            let link = json!({"zone": {"name": scene.zone()}, "virtualNetwork": {"id": network}});
            world.apply(dns_object("PrivateDnsZoneLink", "net", link));
            scene.furnish(&world).await?;
            world.pass(SETTLING).await;
            let since = world.emulator.journal_since(u64::MAX).last;
            let began = tokio::time::Instant::now();
            scene.apply(&world);
            let mut ready = 0;
            while ready < scene.objects() && began.elapsed() < most {
                // The judge would look at every object each time.
                tokio::time::sleep(LOOK).await;
                ready = count_ready(&world, scene.plural());
            }
            let took = began.elapsed();
            world.judge_now();
            Ok(Self::of(&world, since, ready, took))
        })
    }

    fn of(world: &World, since: u64, ready: u32, took: Duration) -> Self {
        let mut run = Run {
            ready,
            refused: 0,
            writes: 0,
            writing: Duration::ZERO,
            took,
            counts: BTreeMap::new(),
            violations: Vec::new(),
            journal: Vec::new(),
            puts: BTreeMap::new(),
        };
        let mut first: Option<Timestamp> = None;
        for entry in world.emulator.journal_since(since).entries {
            let status = entry.status.unwrap_or_default();
            let kind = kind(&entry.path);
            run.journal
                .push(format!("{} {} {} {status}", entry.time, entry.method, entry.path));
            *run.counts
                .entry(format!("{} {kind} {status}", entry.method))
                .or_insert(0) += 1;
            run.refused += u32::from(status == 429);
            if entry.method == "PUT" || entry.method == "DELETE" {
                run.writes += 1;
                *run.puts.entry(kind).or_insert(0) += u32::from(entry.method == "PUT");
                if let Ok(at) = entry.time.parse::<Timestamp>() {
                    let first = *first.get_or_insert(at);
                    run.writing = at.duration_since(first).try_into().unwrap_or_default();
                }
            }
        }
        run.violations = world
            .violations()
            .into_iter()
            .map(|violation| format!("{}: {}", violation.property, violation.text))
            .collect();
        run
    }

    pub fn puts_of(&self, kind: &str) -> u32 {
        self.puts.get(kind).copied().unwrap_or_default()
    }
}

fn count_ready(world: &World, plural: &str) -> u32 {
    let is_ready = |object: &Value| {
        let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
        conditions
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    };
    let objects = world.api.list(plural, Some(NAMESPACE));
    u32::try_from(objects.iter().filter(|object| is_ready(object)).count()).unwrap_or(u32::MAX)
}

/// The last type of resource in a path.
fn kind(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let rest = path.rsplit_once("/providers/").map_or(path, |(_, rest)| rest);
    let last = rest.split('/').skip(1).step_by(2).last();
    last.unwrap_or_default().to_owned()
}
