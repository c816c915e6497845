//! One case: a namespace of objects under scopes that change, and every call to Azure judged. A case follows from its seed.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use privatelink_testkit::scenario::{World, in_virtual_time};
use serde_json::{Value, json};

use crate::azure::Azure;
use crate::breaks::{Break, as_seen, identity};
use crate::estate::{self, MARK, NAMESPACE, OTHERS, Object, SORTS};
use crate::rights::{Allowed, Request, is_about_the_identity, judge};
use crate::words::{chance, one};

const SCOPES: &str = "azurescopes.privatelink.dev";
/// The installation's name in owner tags.
const OWNER: &str = "world";
/// Before the name of a scope: its identity, which is what its tokens say.
pub const IDENTITY: &str = "identity-of-";
const OBJECTS: usize = 90;
const ROUNDS: usize = 10;

/// What came of a case.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Objects, each with each scope that it was looked at under: a scope that has changed is another.
    pub pairs: usize,
    pub reads: usize,
    pub writes: usize,
    /// Objects that the API server would not take.
    pub refused: usize,
    pub violations: Vec<String>,
}

/// What the scopes say in a round, and which of them are open to the asking namespace.
#[derive(Default)]
struct Law {
    scopes: BTreeMap<String, Value>,
    open: BTreeSet<String>,
}

impl Law {
    /// The scope of an object: the one that it names, or the only one.
    fn of(&self, object: &Object) -> Option<&str> {
        let open = match object.manifest["spec"]["scopeName"].as_str() {
            Some(name) => self.open.get(name),
            None => self.open.first().filter(|_| self.open.len() == 1),
        };
        open.map(String::as_str)
    }

    /// Whose a token is: of one scope, or of all that have no identity of their own.
    fn acting(&self, token: &str) -> Vec<&str> {
        let named = token
            .strip_prefix("Bearer ")
            .and_then(|token| token.strip_prefix(IDENTITY));
        let acts = |(name, scope): &(&String, &Value)| match named {
            Some(named) => named == *name && scope["spec"]["identity"].is_object(),
            None => scope["spec"]["identity"].is_null(),
        };
        let acting = self.scopes.iter().filter(acts);
        acting.map(|(name, _)| name.as_str()).collect()
    }

    fn judge(&self, request: &Request, scope: &str) -> Result<(), String> {
        let scope = &self.scopes[scope];
        let judged = judge(request, &Allowed::of(scope));
        judged.map_err(|lack| {
            format!(
                "{lack} (AzureScope {})",
                json!([scope["metadata"]["name"], scope["spec"]])
            )
        })
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
    /// The pairs that are counted.
    pairs: BTreeSet<u64>,
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
            pairs: BTreeSet::new(),
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
            if broken != Break::None && !case.outcome.violations.is_empty() {
                break;
            }
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

    fn apply_scope(&mut self, scope: &Value) {
        if let Err(refusal) = self.world.api.apply(as_seen(scope, self.broken)) {
            let line = format!(
                "TENANCY_SEED={}: the API server refuses a scope: {refusal}",
                self.seed
            );
            self.outcome.violations.push(line);
        }
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
                "identity": identity("others"),
                "defaults": {"resourceGroup": format!("/subscriptions/{}/resourceGroups/rg-a", crate::words::THEIRS)},
                "allow": [
                    {"on": format!("/subscriptions/{}", crate::words::OWN), "verbs": ["Manage", "Join", "Bind", "Connect", "AutoApprove", "Link", "LinkZones", "WriteRecords"], "recordNames": ["*", "@"]},
                    {"on": format!("/subscriptions/{}", crate::words::THEIRS), "verbs": ["Manage", "Join", "Bind", "Connect", "AutoApprove", "Link", "LinkZones", "WriteRecords"], "recordNames": ["*", "@"]},
                ],
                "zoneNames": ["*"],
            },
        });
        self.apply_scope(&everything);
        self.law.scopes.insert("others".to_owned(), everything);
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
            let mut scope = estate::scope(&mut self.random, name, matches);
            if chance(&mut self.random, 75) {
                scope["spec"]["identity"] = identity(name);
            }
            self.apply_scope(&scope);
            if ours {
                self.law.open.insert((*name).to_owned());
            }
            self.law.scopes.insert((*name).to_owned(), scope);
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
        let names: Vec<String> = self.law.open.iter().cloned().collect();
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
                    let status = crate::forged::forged(&mut self.random, &object.sort);
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
            let mut scope = estate::scope(&mut self.random, &name, matches);
            self.set_identity(&mut scope, &name, last);
            return scope;
        }
        let mut scope = last.clone();
        self.set_identity(&mut scope, &name, last);
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

    /// The identity that a scope had, or now and then another: one of its own for the controller's, or the other way.
    fn set_identity(&mut self, scope: &mut Value, name: &str, last: &Value) {
        let had = last["spec"].get("identity").cloned();
        let other = chance(&mut self.random, 20);
        scope["spec"]["identity"] = match (had, other) {
            (Some(identity), false) => identity,
            (None, true) => identity(name),
            (Some(_), true) | (None, false) => Value::Null,
        };
        if let Some(spec) = scope["spec"].as_object_mut() {
            spec.retain(|_, value| !value.is_null());
        }
    }

    fn judge_round(&mut self, round: usize) {
        let seen = self.azure.since(self.judged);
        self.judged += seen.len();
        if self.azure.is_stormed() {
            let last = seen.last().map(Request::to_string).unwrap_or_default();
            let line = format!(
                "TENANCY_SEED={} round {round}: requests without end, the last of them {last}",
                self.seed
            );
            self.outcome.violations.push(line);
        }
        for request in &seen {
            match request.method.as_str() {
                "GET" => self.outcome.reads += 1,
                _ => self.outcome.writes += 1,
            }
            // A break has to show in what is done for objects.
            let counts = self.broken == Break::None || !is_about_the_identity(request);
            if let Err(why) = self.judge_one(request)
                && counts
            {
                let line = format!("TENANCY_SEED={} round {round}: {}: {why}", self.seed, request);
                self.outcome.violations.push(line);
            }
        }
        let api = &self.world.api;
        let lives = |object: &&Object| api.get(object.sort.plural, NAMESPACE, &object.name).is_some();
        for object in self.objects.values().filter(lives) {
            let scope = self
                .law
                .of(object)
                .map(|name| self.law.scopes[name]["spec"].to_string());
            let mut hasher = DefaultHasher::new();
            (object.sort.kind, &object.name, scope).hash(&mut hasher);
            self.pairs.insert(hasher.finish());
        }
        self.outcome.pairs = self.pairs.len();
    }

    fn judge_one(&self, request: &Request) -> Result<(), String> {
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
        let acting = self.law.acting(&request.token);
        match self.owner(request)? {
            Owner::One(object) => return self.judge_for(object, &acting, request),
            Owner::AnyOf(kind) => {
                let of_kind = |object: &&Object| object.sort.kind == kind;
                let mut why = format!("it is for no {kind}");
                for object in self.objects.values().filter(of_kind) {
                    match self.judge_for(object, &acting, request) {
                        Ok(()) => return Ok(()),
                        Err(lack) => why = lack,
                    }
                }
                return Err(why);
            }
            Owner::Nobody => {}
        }
        let mut why = "nobody may ask under the identity".to_owned();
        for scope in acting {
            if self.law.open.contains(scope) || is_about_the_identity(request) {
                match self.law.judge(request, scope) {
                    Ok(()) => return Ok(()),
                    Err(lack) => why = lack,
                }
            }
        }
        Err(why)
    }

    /// Whether a request may be made for an object: under its scope's identity, by what its scope allows.
    fn judge_for(&self, object: &Object, acting: &[&str], request: &Request) -> Result<(), String> {
        let Some(scope) = self.law.of(object) else {
            return Err("no scope is open to the object".to_owned());
        };
        if !acting.contains(&scope) {
            return Err(format!(
                "the token is of {acting:?}, and the object's scope is {scope}"
            ));
        }
        self.law.judge(request, scope)
    }

    /// Whom a write is for, by the mark on it or on the endpoint that it is in. It must be one of the asking namespace.
    fn owner(&self, request: &Request) -> Result<Owner<'_>, String> {
        let path = request.path.to_ascii_lowercase();
        let marked = match request.method.as_str() {
            "GET" => return Ok(Owner::Nobody),
            _ if path.contains("/privatednszonegroups/") => &request.above,
            "PUT" => &request.body,
            _ => &request.before,
        };
        let tag = [
            "/tags/privatelink.dev_owner",
            "/properties/metadata/privatelink.dev_owner",
        ];
        let tag = tag.iter().find_map(|place| marked.pointer(place)?.as_str());
        let Some(tag) = tag else {
            // A subnet has no place for a mark.
            return if path.contains("/subnets/") {
                Ok(Owner::AnyOf("SubnetBinding"))
            } else {
                Err("it is of nobody's".to_owned())
            };
        };
        let parts: Vec<&str> = tag.split('/').collect();
        match parts.as_slice() {
            [OWNER, kind, NAMESPACE, name] => {
                let object = self.objects.get(&format!("{kind}/{name}"));
                object.map(Owner::One).ok_or_else(|| format!("there is no {tag}"))
            }
            _ => Err(format!("it is for {tag}, which asks for nothing")),
        }
    }
}

/// Whom a request is for.
enum Owner<'a> {
    One(&'a Object),
    /// Any object of a kind.
    AnyOf(&'static str),
    /// A read: whoever acts.
    Nobody,
}
