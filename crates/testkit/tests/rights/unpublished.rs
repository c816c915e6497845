//! What no custom role can have, because its provider has not published it: endpoints do without it, or say what to do.

use std::time::Duration;

use futures::future::FutureExt;
use privatelink_arm::models::private_link_resource::{
    approval_action, groups_action, is_published, target_types,
};
use privatelink_testkit::scenario::under_rights::{Act, Played, play};
use privatelink_testkit::scenario::{Allowed, World, condition, endpoint, endpoint_id, subnet_id};
use serde_json::{Value, json};

use crate::targets::{GROUPS, make_target};

const MINUTE: Duration = Duration::from_secs(60);

/// An endpoint of a target of this type, whose connection is to be approved at once, under the shipped role.
fn connect(target: &'static str) -> Played {
    let (_, group) = GROUPS.iter().find(|(known, _)| *known == target).unwrap();
    let act: Box<Act> = Box::new(move |world: &mut World| {
        async move {
            let id = make_target(world, target).await;
            let connected = json!({"id": id, "groupId": group});
            world.apply(endpoint("one", json!({"spec": {"target": connected}})));
            world.pass(MINUTE * 2).await;
        }
        .boxed()
    });
    play(&*act, &Allowed::shipped().unwrap()).unwrap()
}

fn ready(played: &Played) -> &Value {
    let conditions = played.said["says PrivateEndpoint one"]["status"]["conditions"]
        .as_array()
        .unwrap();
    conditions.iter().find(|one| one["type"] == "Ready").unwrap()
}

#[test]
fn a_target_whose_groups_nobody_may_list_is_connected_to_without_a_look_at_them() {
    let targets: Vec<&str> = target_types()
        .filter(|target| !is_published(&groups_action(target)))
        .collect();
    assert_eq!(targets.len(), 3, "{targets:?}");
    for target in targets {
        let played = connect(target);
        assert_eq!(ready(&played)["status"], "True", "{target}: {}", ready(&played));
        let denied: Vec<&String> = played.denied.iter().collect();
        assert_eq!(denied, [&groups_action(target)]);
    }
}

#[test]
fn what_cannot_be_listed_hides_nothing_that_is_gone() {
    let target = target_types()
        .find(|target| !is_published(&groups_action(target)))
        .unwrap();
    let (_, group) = GROUPS.iter().find(|(known, _)| *known == target).unwrap();
    let act: Box<Act> = Box::new(move |world: &mut World| {
        async move {
            let id = make_target(world, target).await;
            let connected = json!({"id": id, "groupId": group});
            world.apply(endpoint("one", json!({"spec": {"target": connected}})));
            world.pass(MINUTE * 2).await;
            let conditions = world.get("one").unwrap();
            assert_eq!(condition(&conditions, "Ready").unwrap().0, "True");
            // Somebody deletes the endpoint and then its network.
            world.delete_outside(&endpoint_id("one"));
            world.pass(Duration::from_secs(20)).await;
            let network = subnet_id("endpoints");
            let (network, _) = network.rsplit_once("/subnets/").unwrap();
            world.delete_outside(network);
            world.pass(MINUTE * 10).await;
        }
        .boxed()
    });
    let played = play(&*act, &Allowed::shipped().unwrap()).unwrap();
    let ready = ready(&played);
    assert_eq!(
        (&ready["status"], &ready["reason"]),
        (&json!("False"), &json!("DependencyNotReady")),
        "{ready}"
    );
}

#[test]
fn where_nobody_may_approve_the_endpoint_says_what_to_do_instead() {
    let targets: Vec<&str> = target_types()
        .filter(|target| !is_published(&approval_action(target)))
        .collect();
    assert_eq!(targets.len(), 2, "{targets:?}");
    for target in targets {
        let played = connect(target);
        let ready = ready(&played);
        assert_eq!(ready["status"], "False", "{target}: {ready}");
        assert_eq!(ready["reason"], "Forbidden", "{target}: {ready}");
        let message = ready["message"].as_str().unwrap();
        assert!(
            message.contains("no custom role can have it")
                && message.contains("spec.target.approval: Manual"),
            "{target}: {message}"
        );
    }
}
