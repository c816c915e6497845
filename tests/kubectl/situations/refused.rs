//! A user must act.

use futures::future::FutureExt;
use privatelink_arm_emulator::change::ConnectionStatus;
use privatelink_testkit::scenario::{NAMESPACE, dns_object, endpoint, endpoint_id, scope, subnet_id, target};
use serde_json::json;
use tokio::time::sleep;

use super::{NAMESPACED, OWNERS, SECOND, link, manual, network, situation};
use crate::play::Situation;

pub(super) fn refused() -> Vec<Situation> {
    vec![
        situation!(
            "unknown-alias",
            "InvalidSpec",
            &["pe"],
            |world, subject, object| {
                world.start();
                let mut manifest = (subject.manifest)(object);
                manifest["spec"]["target"] = json!({"alias": "nowhere", "groupId": "blob"});
                world.apply(manifest);
                subject.until(world, object, "InvalidSpec").await;
            }
        ),
        situation!(
            "unknown-alias",
            "InvalidSpec",
            &["asgb"],
            |world, subject, object| {
                world.start();
                subject.apply_with(
                    world,
                    object,
                    &json!({"spec": {"applicationSecurityGroups": [{"alias": "nowhere"}]}}),
                );
                subject.until(world, object, "InvalidSpec").await;
            }
        ),
        situation!(
            "not-in-a-scope",
            "ForbiddenByScope",
            NAMESPACED,
            |world, subject, object| {
                subject.begin(world).await;
                world.apply(scope(&["elsewhere"]));
                subject.apply(world, object);
                subject.until(world, object, "ForbiddenByScope").await;
            }
        ),
        situation!(
            "in-two-scopes",
            "AmbiguousScope",
            NAMESPACED,
            |world, subject, object| {
                subject.begin(world).await;
                let mut second = scope(&[NAMESPACE]);
                second["metadata"]["name"] = json!("payments");
                world.apply(second);
                subject.apply(world, object);
                subject.until(world, object, "AmbiguousScope").await;
            }
        ),
        // Records have no tags to be taken over by: see record-of-others.
        situation!(
            "of-others",
            "NotOwned",
            &["pe", "pdz", "pdl", "nsg", "asg", "rt"],
            |world, subject, object| {
                subject.begin(world).await;
                world.make_outside(&subject.id(object), (subject.existing)(object));
                subject.apply(world, object);
                subject.until(world, object, "NotOwned").await;
            }
        ),
        situation!(
            "second",
            "Conflict",
            &["pe", "pdl", "nsg", "asg", "rt"],
            |world, subject, object| {
                subject.begin(world).await;
                let shared = json!({"spec": {"azureName": "shared"}});
                subject.apply_with(world, "first", &shared);
                sleep(SECOND * 60).await;
                subject.apply_with(world, object, &shared);
                subject.until(world, object, "Conflict").await;
            }
        ),
        situation!("second", "Conflict", &["pdz"], |world, subject, object| {
            let shared = json!({"spec": {"zoneName": "shared.internal"}});
            world.start();
            subject.apply_with(world, "first", &shared);
            sleep(SECOND * 60).await;
            subject.apply_with(world, object, &shared);
            subject.until(world, object, "Conflict").await;
        }),
        situation!("second", "Conflict", &["pdr", "snb"], |world, subject, object| {
            subject.begin(world).await;
            let shared = if subject.short == "pdr" {
                json!({"spec": {"recordName": "shared"}})
            } else {
                json!({})
            };
            subject.apply_with(world, "first", &shared);
            sleep(SECOND * 60).await;
            subject.apply_with(world, object, &shared);
            subject.until(world, object, "Conflict").await;
        }),
        situation!(
            "record-of-others",
            "RecordConflict",
            &["pdr"],
            |world, subject, object| {
                subject.begin(world).await;
                world.make_outside(&subject.id(object), (subject.existing)(object));
                subject.apply(world, object);
                subject.until(world, object, "RecordConflict").await;
            }
        ),
        situation!("rejected", "Rejected", &["pe"], |world, subject, object| {
            world.start();
            subject.apply_with(world, object, &manual());
            subject.until(world, object, "AwaitingApproval").await;
            world.decide(&endpoint_id(object), ConnectionStatus::Rejected);
            subject.until(world, object, "Rejected").await;
        }),
        situation!(
            "new-member",
            "MembersChanged",
            &["pe"],
            |world, subject, object| {
                world.start();
                let addresses = json!([{"memberName": "blob", "address": "10.1.0.10"}]);
                subject.apply_with(world, object, &json!({"spec": {"ipAddresses": addresses}}));
                subject.until(world, object, "Succeeded").await;
                let change = json!({
                    "id": target("orders"),
                    "addMember": {"groupId": "blob", "member": "blob-northeurope", "fqdn": "orders-northeurope.blob.core.windows.net"},
                });
                let change = serde_json::from_value(change).expect("a change");
                world.emulator.change(change).expect("the target grows");
                subject.until(world, object, "MembersChanged").await;
            }
        ),
        situation!(
            "disconnected",
            "Disconnected",
            &["pe"],
            |world, subject, object| {
                subject.succeed(world, object).await;
                world.decide(&endpoint_id(object), ConnectionStatus::Disconnected);
                subject.until(world, object, "Disconnected").await;
            }
        ),
        situation!("in-use", "InUse", &["pdz"], |world, subject, object| {
            subject.succeed(world, object).await;
            world.apply(link("net", json!({"name": object}), &network()));
            sleep(SECOND * 60).await;
            world.delete_of(subject.plural, object);
            subject.until(world, object, "InUse").await;
        }),
        situation!("in-use", "InUse", &["nsg", "rt"], |world, subject, object| {
            subject.succeed(world, object).await;
            let field = if subject.short == "nsg" {
                "networkSecurityGroup"
            } else {
                "routeTable"
            };
            let subnet = subnet_id("endpoints");
            world.apply(dns_object(
                "SubnetBinding",
                "endpoints",
                json!({"subnet": {"id": subnet}, field: {"name": object}}),
            ));
            sleep(SECOND * 60).await;
            world.delete_of(subject.plural, object);
            subject.until(world, object, "InUse").await;
        }),
        situation!("in-use", "InUse", &["asg"], |world, subject, object| {
            subject.succeed(world, object).await;
            world.apply(endpoint(
                "orders-blob",
                json!({"spec": {"applicationSecurityGroups": [{"name": object}]}}),
            ));
            sleep(SECOND * 60).await;
            world.delete_of(subject.plural, object);
            subject.until(world, object, "InUse").await;
        }),
        situation!(
            "deletion-held",
            "DeletionHeld",
            OWNERS,
            |world, subject, object| {
                subject.succeed(world, object).await;
                let others: Vec<String> = (0..25).map(|number| format!("other-{number}")).collect();
                for name in &others {
                    world.apply(dns_object("ApplicationSecurityGroup", name, json!({})));
                }
                sleep(SECOND * 120).await;
                for name in &others {
                    world.delete_of("applicationsecuritygroups.privatelink.dev", name);
                }
                world.delete_of(subject.plural, object);
                subject.until(world, object, "DeletionHeld").await;
            }
        ),
    ]
}
