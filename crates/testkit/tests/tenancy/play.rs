//! One case: a namespace of objects under scopes that change, and every call to Azure judged. A case follows from its seed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use privatelink_testkit::scenario::{World, in_virtual_time};
use serde_json::{Value, json};

use crate::azure::Azure;
use crate::estate::{self, MARK, NAMESPACE, OTHERS, Object, SORTS};
use crate::rights::{Allowed, Request, judge};
use crate::words::{chance, one};

const SCOPES: &str = "azurescopes.privatelink.dev";
/// The installation's name in owner tags.
const OWNER: &str = "world";
/// The token of the one identity that all scopes have.
const TOKEN: &str = "Bearer controller";
const OBJECTS: usize = 90;
const ROUNDS: usize = 10;

/// A deliberate break, as if the controller understood a scope, or an object of others, in another way than it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    None,
    /// `on` is for every id that begins with the same characters.
    PrefixByCharacters,
    /// Whatever an entry's verbs are, it allows everything.
    AnyVerb,
    /// An entry is for its whole resource group.
    WholeGroup,
    /// An entry lets others' things be read in its resource group.
    ReadsAround,
    AnyRecord,
    AnyZoneName,
    /// A service alias is for every alias that begins with it.
    AliasBeginnings,
    /// Scopes that change are not looked at again.
    LateNarrowing,
    /// Objects of others may be referred to by everybody.
    AdmitsEverybody,
    /// A scope of others is for everybody.
    EveryNamespace,
    /// The token of another scope's identity.
    AnotherToken,
}

pub const BREAKS: [Break; 11] = [
    Break::PrefixByCharacters,
    Break::AnyVerb,
    Break::WholeGroup,
    Break::ReadsAround,
    Break::AnyRecord,
    Break::AnyZoneName,
    Break::AliasBeginnings,
    Break::LateNarrowing,
    Break::AdmitsEverybody,
    Break::EveryNamespace,
    Break::AnotherToken,
];

/// What came of a case.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Objects, each under each set of scopes that it was looked at.
    pub pairs: usize,
    pub reads: usize,
    pub writes: usize,
    /// Objects that the API server would not take.
    pub refused: usize,
    pub violations: Vec<String>,
}

/// A scope as the controller sees it.
fn as_seen(scope: &Value, broken: Break) -> Value {
    let mut seen = scope.clone();
    let others = scope["metadata"]["name"] == "others";
    let entries = scope["spec"]["allow"].as_array().cloned().unwrap_or_default();
    let text = |entry: &Value| entry["on"].as_str().unwrap_or_default().to_owned();
    let group = |entry: &Value| text(entry).split('/').take(5).collect::<Vec<_>>().join("/");
    let mut allow = entries.clone();
    match broken {
        Break::PrefixByCharacters => {
            for entry in &entries {
                for more in ["b", "-2", "2"] {
                    let mut longer = entry.clone();
                    longer["on"] = json!(format!("{}{more}", text(entry)));
                    allow.push(longer);
                }
            }
        }
        Break::AnyVerb => allow.iter_mut().for_each(|entry| {
            entry["verbs"] = json!([
                "Manage",
                "Use",
                "Join",
                "Bind",
                "Connect",
                "AutoApprove",
                "Link",
                "LinkZones",
                "WriteRecords"
            ]);
        }),
        Break::WholeGroup => allow
            .iter_mut()
            .for_each(|entry| entry["on"] = json!(group(entry))),
        Break::ReadsAround => {
            let around = entries
                .iter()
                .map(|entry| json!({"on": group(entry), "verbs": ["Approve"]}));
            allow.extend(around.collect::<Vec<_>>());
        }
        Break::AnyRecord => allow
            .iter_mut()
            .for_each(|entry| entry["recordNames"] = json!(["*", "@", "*.orders"])),
        Break::AnyZoneName => seen["spec"]["zoneNames"] = json!(["*"]),
        Break::AliasBeginnings => seen["spec"]["serviceAliases"] = json!(crate::words::ALIASES),
        Break::EveryNamespace if others => {
            seen["spec"]["namespaces"] = json!([OTHERS[0], OTHERS[1], NAMESPACE])
        }
        _ => {}
    }
    seen["spec"]["allow"] = json!(allow);
    seen
}

/// What the asking namespace's scopes are in a round.
#[derive(Clone, Default)]
struct Law {
    scopes: BTreeMap<String, Value>,
}

impl Law {
    fn allowed(&self) -> Vec<Allowed> {
        self.scopes.values().map(Allowed::of).collect()
    }

    /// The scopes that an object may use: the one that it names, or the only one.
    fn of(&self, scope_name: Option<&str>) -> Vec<Allowed> {
        match scope_name {
            Some(name) => self.scopes.get(name).map(Allowed::of).into_iter().collect(),
            None if self.scopes.len() == 1 => self.allowed(),
            None => Vec::new(),
        }
    }
}

struct Case {
    seed: u64,
    broken: Break,
    random: Rng,
    world: World,
    azure: Azure,
    objects: BTreeMap<String, Object>,
    /// Azure names of objects of others that do not admit us.
    closed: Vec<String>,
    law: Law,
    judged: usize,
    outcome: Outcome,
}

/// Plays a case.
///
/// # Errors
/// A message where the world cannot be made.
pub fn play(seed: u64, broken: Break) -> Result<Outcome, String> {
    in_virtual_time(async {
        let azure = Azure::new(seed, chance(&mut Rng::with_seed(seed), 40));
        let mut world = World::new()?;
        world.replace_azure(Arc::new(azure.clone()));
        let mut case = Case {
            seed,
            broken,
            random: Rng::with_seed(seed),
            world,
            azure,
            objects: BTreeMap::new(),
            closed: Vec::new(),
            law: Law::default(),
            judged: 0,
            outcome: Outcome::default(),
        };
        case.settle_others()?;
        case.settle_ours();
        case.world.start();
        for round in 0..ROUNDS {
            if round > 0 {
                case.change(round).await;
            }
            let time = one(&mut case.random, &["8", "16", "16", "45", "150"])
                .parse()
                .unwrap_or(16);
            tokio::time::sleep(Duration::from_secs(time) + Duration::from_micros(37)).await;
            case.judge_round(round);
        }
        if std::env::var("TENANCY_TELL").is_ok() {
            println!("{:?}", case.world.api.counts());
            let mut why: BTreeMap<String, usize> = BTreeMap::new();
            for sort in SORTS {
                for object in case.world.api.list(sort.plural, Some(NAMESPACE)) {
                    let conditions = object["status"]["conditions"]
                        .as_array()
                        .cloned()
                        .unwrap_or_default();
                    let ready = conditions
                        .iter()
                        .find(|shown| shown["type"] == "Ready")
                        .cloned()
                        .unwrap_or_default();
                    let message: String = ready["message"]
                        .as_str()
                        .unwrap_or_default()
                        .chars()
                        .take(170)
                        .collect();
                    *why.entry(format!("{} {} {message}", sort.short, ready["reason"]))
                        .or_default() += 1;
                }
            }
            why.iter().for_each(|(why, count)| println!("{count} {why}"));
        }
        Ok(case.outcome)
    })
}

impl Case {
    fn apply(&mut self, object: &Object, namespace: &str) {
        let api = &self.world.api;
        if api.apply(object.manifest.clone()).is_err() {
            self.outcome.refused += 1;
            return;
        }
        if let Some(status) = &object.status {
            let _ = api.force_status(object.sort.plural, namespace, &object.name, status);
        }
    }

    fn apply_scope(&self, scope: &Value) {
        let _ = self.world.api.apply(as_seen(scope, self.broken));
    }

    /// The other namespaces, what is theirs, and a scope that lets them do everything.
    fn settle_others(&mut self) -> Result<(), String> {
        let _ = self.world.api.delete(SCOPES, "", "orders");
        for namespace in OTHERS {
            self.world
                .api
                .create_namespace(namespace)
                .map_err(|refusal| refusal.to_string())?;
        }
        let labels = json!({"metadata": {"labels": {"team": "orders"}}});
        let _ = self.world.api.patch("namespaces", "", NAMESPACE, &labels);
        let everything = json!({
            "apiVersion": "privatelink.dev/v1alpha1", "kind": "AzureScope", "metadata": {"name": "others"},
            "spec": {
                "namespaces": OTHERS,
                "defaults": {"resourceGroup": format!("/subscriptions/{}/resourceGroups/rg-a", crate::words::THEIRS)},
                "allow": [
                    {"on": format!("/subscriptions/{}", crate::words::OWN), "verbs": ["Manage", "Join", "Bind", "Connect", "AutoApprove", "Link", "LinkZones", "WriteRecords"], "recordNames": ["*", "@"]},
                    {"on": format!("/subscriptions/{}", crate::words::THEIRS), "verbs": ["Manage", "Join", "Bind", "Connect", "AutoApprove", "Link", "LinkZones", "WriteRecords"], "recordNames": ["*", "@"]},
                ],
                "zoneNames": ["*"],
            },
        });
        self.apply_scope(&everything);
        for mut object in estate::objects_of_others(&mut self.random) {
            let namespace = object.manifest["metadata"]["namespace"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let allowed = &object.manifest["spec"]["allowedNamespaces"];
            let named = allowed["names"]
                .as_array()
                .is_some_and(|names| names.iter().any(|name| name == NAMESPACE));
            let selected = allowed["selector"]["matchLabels"]["team"] == "orders";
            if !named && !selected {
                let id = object
                    .status
                    .as_ref()
                    .and_then(|status| status["resourceId"].as_str())
                    .unwrap_or_default();
                self.closed
                    .push(id.rsplit('/').next().unwrap_or_default().to_owned());
            }
            if self.broken == Break::AdmitsEverybody {
                object.manifest["spec"]["allowedNamespaces"] = json!({"names": [NAMESPACE]});
            }
            self.apply(&object, &namespace);
        }
        Ok(())
    }

    fn settle_ours(&mut self) {
        let matches = match self.random.u32(..20) {
            0..=12 => vec![json!({"namespaces": ["orders-2", NAMESPACE]})],
            13..=15 => vec![json!({"namespaceSelector": {"matchLabels": {"team": "orders"}}})],
            16..=18 => vec![
                json!({"namespaces": [NAMESPACE]}),
                json!({"namespaceSelector": {"matchLabels": {"team": "orders"}}}),
            ],
            _ => vec![
                json!({"namespaces": ["order", "orders-2", "ORDERS"]}),
                json!({"namespaceSelector": {"matchLabels": {"team": "other"}}}),
            ],
        };
        let ours = matches[0]["namespaces"]
            .as_array()
            .is_none_or(|names| names.iter().any(|name| name == NAMESPACE));
        let names: Vec<&str> = ["mine", "mine-too"].into_iter().take(matches.len()).collect();
        for (name, matches) in names.iter().zip(matches) {
            let scope = estate::scope(&mut self.random, name, matches);
            self.apply_scope(&scope);
            if ours {
                self.law.scopes.insert((*name).to_owned(), scope);
            }
        }
        let objects: Vec<Object> = (0..OBJECTS)
            .map(|number| {
                estate::object(
                    &mut self.random,
                    number / SORTS.len(),
                    SORTS[number % SORTS.len()],
                    &names,
                )
            })
            .collect();
        for object in objects {
            let (segment, kind) = (object.sort.segment, object.sort.kind);
            let tag = format!("{OWNER}/{kind}/{NAMESPACE}/{}", object.name);
            let records: &[&str] = if segment == "a" {
                &["a", "cname", "txt"]
            } else {
                std::slice::from_ref(&segment)
            };
            records
                .iter()
                .for_each(|segment| self.azure.add_owner(segment, &tag));
            self.apply(&object, NAMESPACE);
            self.objects.insert(format!("{kind}/{}", object.name), object);
        }
        for sort in SORTS {
            self.azure.add_owner(
                sort.segment,
                &format!("{OWNER}/{}/{}/shared-0", sort.kind, OTHERS[0]),
            );
        }
    }

    /// What changes before a round: one scope, and here and there an object.
    async fn change(&mut self, round: usize) {
        let restart = round == ROUNDS / 2;
        if restart {
            // What is forged while nobody leads is believed more than what is forged beside a leader.
            self.world.stop().await;
            self.judge_round(round - 1);
        }
        let names: Vec<String> = self.law.scopes.keys().cloned().collect();
        if !names.is_empty() {
            let name = names[self.random.usize(..names.len())].clone();
            let last = self.law.scopes[&name].clone();
            let scope = self.changed(&last);
            if self.broken != Break::LateNarrowing {
                self.apply_scope(&scope);
            }
            self.law.scopes.insert(name, scope);
        }
        let keys: Vec<String> = self.objects.keys().cloned().collect();
        for key in keys {
            let Some(object) = self.objects.get(&key).cloned() else {
                continue;
            };
            match self.random.u32(..60) {
                0 => drop(self.world.api.delete(object.sort.plural, NAMESPACE, &object.name)),
                1 => self.annotate(
                    &object,
                    "privatelink.dev/reconcile-requested-at",
                    &round.to_string(),
                ),
                2..=5 if restart => {
                    let status = estate::forged(&mut self.random, &object.sort);
                    let _ = self
                        .world
                        .api
                        .force_status(object.sort.plural, NAMESPACE, &object.name, &status);
                }
                _ => {}
            }
        }
        if restart {
            self.world.start();
        }
    }

    fn annotate(&self, object: &Object, annotation: &str, value: &str) {
        let _ = self.world.api.annotate(
            object.sort.plural,
            NAMESPACE,
            &object.name,
            annotation,
            Some(value),
        );
    }

    /// A scope that was narrowed, widened, or made anew.
    fn changed(&mut self, last: &Value) -> Value {
        let name = last["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let mut matches = json!({});
        for field in ["namespaces", "namespaceSelector"] {
            if let Some(value) = last["spec"].get(field) {
                matches[field] = value.clone();
            }
        }
        if chance(&mut self.random, 60) {
            return estate::scope(&mut self.random, &name, matches);
        }
        let mut scope = last.clone();
        let random = &mut self.random;
        match random.u32(..12) {
            0 => scope["spec"]["allow"] = json!([]),
            1 => scope["spec"]["zoneNames"] = json!([]),
            _ => {}
        }
        for entry in scope["spec"]["allow"].as_array_mut().into_iter().flatten() {
            for list in ["verbs", "recordNames"] {
                let Some(all) = entry[list].as_array_mut() else {
                    continue;
                };
                let first = all.first().cloned();
                all.retain(|_| !chance(random, 20));
                if list == "verbs" && all.is_empty() {
                    all.extend(first);
                }
            }
        }
        scope
    }

    fn judge_round(&mut self, round: usize) {
        let seen = self.azure.since(self.judged);
        self.judged += seen.len();
        for request in &seen {
            match request.method.as_str() {
                "GET" => self.outcome.reads += 1,
                _ => self.outcome.writes += 1,
            }
            if let Err(why) = self.judge_one(request) {
                let line = format!("TENANCY_SEED={} round {round}: {}: {why}", self.seed, request);
                self.outcome.violations.push(line);
            }
        }
        self.outcome.pairs += self.objects.len();
    }

    fn judge_one(&self, request: &Request) -> Result<(), String> {
        let mut request = request.clone();
        if self.broken == Break::AnotherToken && request.path.len().is_multiple_of(50) {
            request.token = "Bearer another".to_owned();
        }
        if request.token != TOKEN {
            return Err("the token is of another identity".to_owned());
        }
        let words = format!("{} {}", request.path, request.body).to_ascii_lowercase();
        let ends = |name: &str| {
            let name = name.to_ascii_lowercase();
            words
                .match_indices(&name)
                .any(|(at, _)| !words[at + name.len()..].starts_with(|next: char| next.is_ascii_digit()))
        };
        if words.contains(MARK)
            && let Some(name) = self.closed.iter().find(|name| ends(name))
        {
            return Err(format!(
                "the object that {name} is of does not admit the namespace"
            ));
        }
        let scopes = match self.owner(&request)? {
            Some(object) => self.law.of(object.manifest["spec"]["scopeName"].as_str()),
            None => self.law.allowed(),
        };
        let mut why = "no scope is open to the object".to_owned();
        for scope in &scopes {
            match judge(&request, scope) {
                Ok(()) => return Ok(()),
                Err(lack) => {
                    why = format!(
                        "{lack} (AzureScope {}: {})",
                        scope.name, self.law.scopes[&scope.name]["spec"]
                    )
                }
            }
        }
        Err(why)
    }

    /// The object that a write is for, where a mark says so. It must be one of the asking namespace.
    fn owner(&self, request: &Request) -> Result<Option<&Object>, String> {
        let marked = match request.method.as_str() {
            "PUT" => &request.body,
            "DELETE" => &request.before,
            _ => return Ok(None),
        };
        let tag = [
            "/tags/privatelink.dev_owner",
            "/properties/metadata/privatelink.dev_owner",
        ];
        let tag = tag.iter().find_map(|place| marked.pointer(place)?.as_str());
        let nameless = ["/privatednszonegroups/", "/subnets/"];
        let path = request.path.to_ascii_lowercase();
        let Some(tag) = tag else {
            let known = nameless.iter().any(|segment| path.contains(segment));
            return if known {
                Ok(None)
            } else {
                Err("it is of nobody's".to_owned())
            };
        };
        let parts: Vec<&str> = tag.split('/').collect();
        match parts.as_slice() {
            [OWNER, kind, NAMESPACE, name] => {
                let object = self.objects.get(&format!("{kind}/{name}"));
                object.map(Some).ok_or_else(|| format!("there is no {tag}"))
            }
            _ => Err(format!("it is for {tag}, which asks for nothing")),
        }
    }
}
