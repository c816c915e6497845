//! Rights that change while there is work: scopes that are narrowed, namespaces that are relabelled, annotations that move.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use privatelink_testkit::scenario::{
    ENDPOINTS, GROUP, NAMESPACE, RECORD_SETS, SECURITY_GROUPS, SUBNET_BINDINGS, World, dns_object, endpoint,
    in_virtual_time, one_of_each, scope, subnet_id, target, zone_id,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::recorder::{CALL, Recorder};
use crate::rights::{Allowed, Request, is_about_the_identity, judge};

pub const MINUTE: Duration = Duration::from_secs(60);
pub const SCOPES: &str = "azurescopes.privatelink.dev";
/// A pass reads one thing after the other, and writes at most once: what is in hand when the scope changes comes to its end.
const PASS: Duration = CALL.saturating_mul(30);
/// So many objects are looked at at once.
const WORKERS: usize = 4;

/// A world whose calls are written down.
pub fn recorded() -> Result<(World, Recorder), String> {
    let mut world = World::new()?;
    let recorder = Recorder::new(&world.emulator);
    world.replace_azure(Arc::new(recorder.clone()));
    Ok((world, recorder))
}

/// Why the object's Ready is as it is, and the message.
pub fn ready(world: &World, plural: &str, name: &str) -> (String, String) {
    let object = world.api.get(plural, NAMESPACE, name).unwrap_or_default();
    let conditions = object["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let ready = conditions
        .iter()
        .find(|shown| shown["type"] == "Ready")
        .cloned()
        .unwrap_or_default();
    let text = |field: &str| ready[field].as_str().unwrap_or_default().to_owned();
    (text("reason"), text("message"))
}

/// What is in the group, and the fields of the subnet that a binding sets.
pub fn in_azure(world: &World) -> Vec<String> {
    let mut all: Vec<String> = world.emulator.resource_ids();
    all.retain(|id| !id.contains("/operations/"));
    all.sort();
    let subnet = world
        .emulator
        .resource(&subnet_id("endpoints"))
        .unwrap_or_default();
    let group = subnet.pointer("/properties/networkSecurityGroup/id");
    all.push(format!("{group:?}"));
    all
}

pub fn beyond(requests: &[Request], scope: &Value) -> Vec<String> {
    let allowed = Allowed::of(scope);
    let judged = requests.iter().map(|request| (request, judge(request, &allowed)));
    judged
        .filter_map(|(request, why)| Some(format!("{request}: {}", why.err()?)))
        .collect()
}

/// What was asked for objects, and not by a scope for itself.
fn for_objects(requests: Vec<Request>) -> Vec<String> {
    let of_objects = requests.iter().filter(|request| !is_about_the_identity(request));
    of_objects.map(ToString::to_string).collect()
}

fn writes(requests: &[Request]) -> Vec<String> {
    let writes = requests.iter().filter(|request| request.method != "GET");
    writes.map(ToString::to_string).collect()
}

/// The ways in which a scope takes everything back that it takes to write.
fn narrowed(random: &mut Rng) -> Value {
    let mut narrow = scope(&[NAMESPACE]);
    match random.u32(..5) {
        0 => narrow["spec"]["allow"] = json!([]),
        1 => narrow["spec"]["allow"][0]["verbs"] = json!(["Join"]),
        2 => narrow["spec"]["allow"][0]["on"] = json!(format!("{GROUP}2")),
        3 => narrow["spec"]["namespaces"] = json!(["orders-2"]),
        _ => {
            narrow["spec"]["allow"] = json!([{"on": target("orders"), "verbs": ["Manage", "Bind", "Link", "WriteRecords"], "recordNames": ["*", "@"]}]);
        }
    }
    narrow
}

/// A scope is narrowed at any moment of the objects' life; `told`: and the controller is told.
fn narrow_at_random(seed: u64, told: bool) -> Result<(), String> {
    in_virtual_time(async {
        let random = &mut Rng::with_seed(seed);
        let (mut world, recorder) = recorded()?;
        let objects = one_of_each();
        world.start();
        for (_, _, manifest) in &objects {
            world.apply(manifest.clone());
        }
        let most = if random.bool() { 40_000 } else { 400_000 };
        tokio::time::sleep(Duration::from_millis(random.u64(..most))).await;
        if random.bool() {
            world.patch_spec("one", json!({"tags": {"team": "changed"}}));
            world.patch_spec_of(
                SUBNET_BINDINGS,
                "bound",
                json!({"privateEndpointNetworkPolicies": "Disabled"}),
            );
            world.patch_spec_of(SECURITY_GROUPS, "guard", json!({"tags": {"team": "changed"}}));
        }
        let delete = |world: &World| {
            objects
                .iter()
                .for_each(|(plural, name, _)| world.delete_of(plural, name))
        };
        let deletes_first = random.bool();
        if deletes_first {
            delete(&world);
            tokio::time::sleep(Duration::from_millis(random.u64(..30_000))).await;
        }
        let narrow = narrowed(random);
        let moment = Instant::now();
        if told {
            world.apply(narrow.clone());
        }
        tokio::time::sleep(PASS).await;
        let in_hand = writes(&recorder.after(moment));
        if in_hand.len() > WORKERS {
            return Err(format!(
                "{} writes were in hand: {}",
                in_hand.len(),
                in_hand.join("\n")
            ));
        }
        // What Azure was asked for before takes its time there.
        tokio::time::sleep(MINUTE * 2).await;
        let (then, before) = (Instant::now(), in_azure(&world));
        if !deletes_first {
            delete(&world);
        }
        tokio::time::sleep(MINUTE * 30).await;
        let late = writes(&recorder.after(moment + PASS));
        if !late.is_empty() {
            return Err(format!(
                "written under a scope that does not allow it: {}",
                late.join("\n")
            ));
        }
        let mut later = recorder.after(moment + PASS);
        let mut narrow = narrow;
        if narrow["spec"]["namespaces"] == json!(["orders-2"]) {
            // It is as wide as before, for others: what it asks is asked for itself.
            later.retain(|request| !is_about_the_identity(request));
            narrow["spec"]["allow"] = json!([]);
        }
        let beyond = beyond(&later, &narrow);
        if !beyond.is_empty() {
            return Err(beyond.join("\n"));
        }
        if in_azure(&world) != before {
            return Err(format!("Azure has changed since {then:?}"));
        }
        for (plural, name, _) in &objects {
            let Some(object) = world.api.get(plural, NAMESPACE, name) else {
                continue;
            };
            let (reason, message) = ready(&world, plural, name);
            let waits = reason == "ForbiddenByScope" && message.contains("widen the scope");
            if object["metadata"]["deletionTimestamp"].is_null() || !waits {
                return Err(format!("{plural}/{name} says {reason}: {message}"));
            }
        }
        world.apply(scope(&[NAMESPACE]));
        tokio::time::sleep(MINUTE * 40).await;
        let left = |(plural, name, _): &&(&'static str, &'static str, Value)| {
            world.api.get(plural, NAMESPACE, name).is_some()
        };
        if let Some((plural, name, _)) = objects.iter().find(left) {
            return Err(format!(
                "{plural}/{name} is left: {:?}",
                ready(&world, plural, name)
            ));
        }
        let ours: Vec<String> = world
            .emulator
            .resource_ids()
            .into_iter()
            .filter(|id| is_ours(&world, id))
            .collect();
        if ours.is_empty() {
            Ok(())
        } else {
            Err(format!("left in Azure: {ours:?}"))
        }
    })
}

fn is_ours(world: &World, id: &str) -> bool {
    let body = world.emulator.resource(id).unwrap_or_default();
    body.pointer("/tags/privatelink.dev_owner").is_some()
}

#[test]
fn a_narrowed_scope_stops_writes_and_deletes_within_one_pass() {
    let only = crate::number("TENANCY_CHANGE");
    let seeds = only.map_or(1..=10, |seed| seed..=seed);
    let wrong: Vec<String> = seeds
        .filter_map(|seed| {
            Some(format!(
                "TENANCY_CHANGE={seed}: {}",
                narrow_at_random(seed, true).err()?
            ))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_narrowed_scope_that_is_not_heeded_is_noticed() {
    let unheeded = narrow_at_random(1, false);
    assert!(unheeded.is_err_and(|why| why.contains("written under a scope")));
}

#[test]
fn a_namespace_that_is_relabelled_has_what_the_selector_gives_it_and_no_more() {
    in_virtual_time(async {
        let (mut world, recorder) = recorded()?;
        let mut selecting = scope(&[NAMESPACE]);
        selecting["spec"]["namespaces"] = Value::Null;
        selecting["spec"]["namespaceSelector"] = json!({"matchLabels": {"team": "orders"}});
        let _ = world
            .api
            .patch(SCOPES, "", "orders", &json!({"spec": selecting["spec"]}));
        let relabel = |world: &World, team: &str| {
            let labels = json!({"metadata": {"labels": {"team": team}}});
            world
                .api
                .patch("namespaces", "", NAMESPACE, &labels)
                .map_err(|refusal| refusal.to_string())
        };
        world.start();
        world.apply(endpoint("one", json!({})));
        world.pass(MINUTE).await;
        assert_eq!(ready(&world, ENDPOINTS, "one").0, "ForbiddenByScope");
        assert!(
            for_objects(recorder.after(Instant::now() - MINUTE)).is_empty(),
            "no scope, no call"
        );
        relabel(&world, "orders")?;
        world.pass(MINUTE * 3).await;
        assert_eq!(ready(&world, ENDPOINTS, "one").0, "Succeeded");
        let moment = Instant::now();
        relabel(&world, "Orders")?;
        world.patch_spec("one", json!({"tags": {"team": "changed"}}));
        world.pass(MINUTE).await;
        world.delete("one");
        world.pass(MINUTE * 20).await;
        assert_eq!(for_objects(recorder.after(moment)), Vec::<String>::new());
        assert_eq!(ready(&world, ENDPOINTS, "one").0, "ForbiddenByScope");
        relabel(&world, "orders")?;
        world.pass(MINUTE * 10).await;
        assert!(world.get("one").is_none());
        assert_eq!(world.violations(), []);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_reference_into_another_namespace_is_followed_only_while_that_admits_it() {
    in_virtual_time(async {
        let (mut world, recorder) = recorded()?;
        world.api.create_namespace("platform").map_err(|refusal| refusal.to_string())?;
        world.apply(scope(&[NAMESPACE, "platform"]));
        let mut zone = dns_object("PrivateDnsZone", "orders.internal", json!({}));
        zone["metadata"]["namespace"] = json!("platform");
        let admits = |allowed: Value| {
            let mut zone = zone.clone();
            zone["spec"]["allowedNamespaces"] = allowed;
            zone
        };
        world.start();
        let spec = json!({"zone": {"name": "orders.internal", "namespace": "platform"}, "recordName": "a", "a": ["10.1.0.4"]});
        world.apply(dns_object("PrivateDnsRecordSet", "record", spec));
        let writes_to_record = |recorder: &Recorder, since: Instant| {
            let writes = recorder.after(since).into_iter().filter(|request| request.method != "GET");
            writes.filter(|request| request.path.contains("/A/")).count()
        };
        let begin = Instant::now();
        for closed in [
            json!({"names": ["order", "orders-2"]}),
            json!({"selector": {"matchLabels": {"team": "orders"}}}),
        ] {
            world.apply(admits(closed));
            world.pass(MINUTE * 5).await;
            assert_eq!(ready(&world, RECORD_SETS, "record").0, "DependencyNotReady");
            assert!(recorder.after(begin).iter().all(|request| !request.path.contains("/A/")), "nor is it read");
        }
        let label = |team: &str| json!({"metadata": {"labels": {"team": team}}});
        let _ = world.api.patch("namespaces", "", NAMESPACE, &label("orders"));
        world.pass(MINUTE * 5).await;
        assert_eq!(ready(&world, RECORD_SETS, "record").0, "Succeeded");
        assert_eq!(writes_to_record(&recorder, begin), 1);
        // It is not admitted any longer: what it made stays as it is, and nothing more is written.
        let moment = Instant::now();
        let _ = world.api.patch("namespaces", "", NAMESPACE, &label("others"));
        world.patch_spec_of(RECORD_SETS, "record", json!({"a": ["10.1.0.66"]}));
        world.pass(MINUTE * 10).await;
        assert_eq!(ready(&world, RECORD_SETS, "record").0, "DependencyNotReady");
        assert_eq!(writes_to_record(&recorder, moment), 0);
        assert!(world.emulator.resource(&format!("{}/A/a", zone_id("orders.internal"))).is_some());
        assert_eq!(world.violations(), []);
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_is_paused_or_abandoned_calls_nobody_whatever_else_moves() {
    in_virtual_time(async {
        let (mut world, recorder) = recorded()?;
        world.start();
        let objects = one_of_each();
        objects
            .iter()
            .for_each(|(_, _, manifest)| world.apply(manifest.clone()));
        world.pass(MINUTE * 6).await;
        let annotate = |world: &World, annotation: &str, value: Option<&str>| {
            for (plural, name, _) in &objects {
                let _ = world.api.annotate(plural, NAMESPACE, name, annotation, value);
            }
        };
        annotate(&world, "privatelink.dev/paused", Some("true"));
        tokio::time::sleep(PASS).await;
        let moment = Instant::now();
        annotate(&world, "privatelink.dev/reconcile-requested-at", Some("now"));
        annotate(&world, "privatelink.dev/allow-mass-deletion", Some("true"));
        world.patch_spec("one", json!({"tags": {"team": "changed"}}));
        objects
            .iter()
            .for_each(|(plural, name, _)| world.delete_of(plural, name));
        world.pass(MINUTE * 20).await;
        let before = in_azure(&world);
        annotate(&world, "privatelink.dev/abandon", Some("true"));
        annotate(&world, "privatelink.dev/paused", None);
        world.pass(MINUTE * 20).await;
        assert_eq!(for_objects(recorder.after(moment)), Vec::<String>::new());
        assert_eq!(in_azure(&world), before);
        assert!(
            objects
                .iter()
                .all(|(plural, name, _)| world.api.get(plural, NAMESPACE, name).is_none())
        );
        Ok(())
    })
    .unwrap();
}
