//! Metrics that tell of what goes wrong: a pass that panics, objects that are not verified, operations in flight, and a
//! leader that leads no longer.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use privatelink_arm_emulator::faults::{ErrorAnswer, FaultAction, FaultRule};
use privatelink_testkit::scenario::{DRIFT, GROUP, World, dns_object, endpoint, one_of_each, simulate};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
const PANICS: &str = "controller_runtime_reconcile_panics_total{controller=\"privateendpoint\"}";
const ERRORS: &str = "controller_runtime_reconcile_errors_total{controller=\"privateendpoint\"}";
const AGE: &str = "privatelink_verification_age_seconds{kind=\"PrivateEndpoint\"}";
const LEADER: &str = "leader_election_master_status{name=\"privatelink.dev-controller\"}";

fn objects(world: &World, ready: &str, reason: &str) -> Option<f64> {
    world.metric(&format!(
        "privatelink_objects{{kind=\"PrivateEndpoint\",ready=\"{ready}\",reason=\"{reason}\"}}"
    ))
}

fn reason(world: &World, name: &str) -> String {
    let object = world.get(name).unwrap();
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|shown| shown.get("type").is_some_and(|kind| kind == "Ready"));
    ready.unwrap()["reason"].as_str().unwrap().to_owned()
}

#[test]
fn a_pass_that_panics_is_counted_and_takes_nothing_with_it_but_its_object() {
    simulate(async |mut world| {
        world.let_lookups_panic(true);
        let zone = "privatelink.blob.core.windows.net";
        let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
        let link = json!({"zone": {"name": zone}, "virtualNetwork": {"id": network}});
        world.apply(dns_object("PrivateDnsZone", zone, json!({})));
        world.apply(dns_object("PrivateDnsZoneLink", zone, link));
        let dns = json!({"mode": "Managed", "zones": [{"name": zone}], "verify": "Lookup"});
        world.apply(endpoint("bad", json!({"spec": {"dns": dns}})));
        world.apply(endpoint("good", json!({})));
        world.pass(MINUTE * 4).await;
        assert_eq!(reason(&world, "bad"), "InternalError");
        assert_eq!(reason(&world, "good"), "Succeeded");
        assert_eq!(
            world.metric(PANICS),
            Some(1.0),
            "it is left alone after the first"
        );
        assert_eq!(world.metric(ERRORS), Some(1.0), "and counts as a failure");
        assert_eq!(objects(&world, "False", "InternalError"), Some(1.0));
        assert_eq!(objects(&world, "True", "Succeeded"), Some(1.0));

        world.pass(MINUTE * 8).await;
        assert_eq!(
            world.metric(PANICS),
            Some(2.0),
            "it is tried again after ten minutes"
        );
        world.let_lookups_panic(false);
        world.pass(MINUTE * 12).await;
        assert_eq!(world.metric(PANICS), Some(2.0));
        assert_eq!(reason(&world, "bad"), "Succeeded");
        assert_eq!(objects(&world, "False", "InternalError"), None);
    })
    .unwrap();
}

#[test]
fn the_age_of_verification_grows_while_reads_fail_and_only_then() {
    simulate(async |mut world| {
        world.apply(endpoint("one", json!({})));
        world.pass(MINUTE * 10).await;
        let within = DRIFT.as_secs_f64();
        let age = world.metric(AGE).unwrap();
        assert!(age <= within, "{age}");

        let fails = FaultAction::Answer(ErrorAnswer::new(500, "InternalServerError", "Try again."));
        world.emulator.add_fault(FaultRule::new(fails).method("GET"));
        world.pass(MINUTE * 10).await;
        let age = world.metric(AGE).unwrap();
        assert!(age >= 8.0 * 60.0, "{age}");
        assert_eq!(objects(&world, "True", "Unverified"), Some(1.0));
        assert!(world.metric(ERRORS).unwrap() > 0.0);
        let scrape = world.scrape();
        let mut requests = scrape
            .lines()
            .filter(|line| line.starts_with("privatelink_arm_requests_total{"));
        assert!(requests.any(|line| line.contains("status=\"500\"")), "{scrape}");

        world.emulator.clear_faults();
        world.pass(MINUTE * 10).await;
        let age = world.metric(AGE).unwrap();
        assert!(age <= within, "{age}");
        assert_eq!(objects(&world, "True", "Succeeded"), Some(1.0));
        assert_eq!(objects(&world, "True", "Unverified"), None);

        world.delete("one");
        world.pass(MINUTE * 4).await;
        assert_eq!(world.metric(AGE), None, "what is gone has no age");
        assert_eq!(objects(&world, "True", "Succeeded"), None);
    })
    .unwrap();
}

#[test]
fn operations_are_counted_while_they_run_and_one_who_leads_no_longer_counts_nothing() {
    simulate(async |mut world| {
        world.apply(endpoint("one", json!({})));
        let running = "privatelink_arm_operations_in_flight{kind=\"PrivateEndpoint\"}";
        let mut most: f64 = 0.0;
        for _ in 0..40 {
            world.pass(Duration::from_secs(2)).await;
            most = most.max(world.metric(running).unwrap_or(0.0));
        }
        assert_eq!(most, 1.0);
        world.pass(MINUTE * 2).await;
        assert_eq!(world.metric(running), Some(0.0));
        assert_eq!(world.metric(LEADER), Some(1.0));

        let theirs =
            json!({"spec": {"holderIdentity": "another", "renewTime": "2026-01-01T01:00:00.000000Z"}});
        world
            .api
            .patch(
                "leases.coordination.k8s.io",
                "default",
                "privatelink.dev-controller",
                &theirs,
            )
            .unwrap();
        world.pass(Duration::from_secs(20)).await;
        assert_eq!(world.metric(LEADER), Some(0.0));
        assert_eq!(
            objects(&world, "True", "Succeeded"),
            None,
            "the next leader counts them"
        );
    })
    .unwrap();
}

#[test]
fn at_rest_the_age_of_no_kinds_verification_passes_the_drift_interval() {
    simulate(async |mut world| {
        let objects = one_of_each();
        for (_, _, manifest) in &objects {
            world.apply(manifest.clone());
        }
        let selecting = json!({
            "privateEndpointSelector": {"matchLabels": {"some": "label"}}, "applicationSecurityGroups": [{"name": "web"}],
        });
        world.apply(dns_object("ApplicationSecurityGroupBinding", "all", selecting));
        world.pass(MINUTE * 40).await;
        let text = world.scrape();
        let ages: Vec<(&str, f64)> = text
            .lines()
            .filter_map(|line| line.strip_prefix("privatelink_verification_age_seconds{"))
            .map(|line| {
                let (labels, age) = line.split_once(' ').unwrap();
                (labels, age.parse().unwrap())
            })
            .collect();
        assert_eq!(
            ages.len(),
            objects.len(),
            "each kind that is in Azure, and no other: {ages:?}"
        );
        // A pass is due a little before or after its time.
        let most = DRIFT.as_secs_f64() * 1.2;
        let old: Vec<_> = ages.iter().filter(|(_, age)| *age > most).collect();
        assert!(old.is_empty(), "{old:?} are more than {most} s");
    })
    .unwrap();
}
