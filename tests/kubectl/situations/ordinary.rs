//! What every object lives through.

use futures::future::FutureExt;
use privatelink_testkit::scenario::NAMESPACE;
use serde_json::json;
use tokio::time::sleep;

use super::{ALL, NAMESPACED, OWNERS, SECOND, WRITERS, manual, situation};
use crate::play::Situation;

pub(super) fn ordinary() -> Vec<Situation> {
    vec![
        situation!("new", "Pending", ALL, |world, subject, object| {
            subject.apply(world, object);
        }),
        // A record set is written within one call, and a subnet is there already.
        situation!(
            "creating",
            "Creating",
            &["pe", "pdz", "pdl", "nsg", "asg", "rt"],
            |world, subject, object| {
                subject.begin(world).await;
                subject.apply(world, object);
                subject.until(world, object, "Creating").await;
            }
        ),
        situation!(
            "updating",
            "Updating",
            &["pe", "pdz", "pdl", "nsg", "asg", "rt", "snb"],
            |world, subject, object| {
                subject.succeed(world, object).await;
                world.patch_spec_of(subject.plural, object, (subject.update)());
                subject.until(world, object, "Updating").await;
            }
        ),
        situation!(
            "deleting",
            "Deleting",
            &["pe", "pdz", "pdl", "nsg", "asg", "rt"],
            |world, subject, object| {
                subject.succeed(world, object).await;
                world.delete_of(subject.plural, object);
                subject.until(world, object, "Deleting").await;
            }
        ),
        situation!("succeeded", "Succeeded", ALL, |world, subject, object| {
            subject.succeed(world, object).await;
        }),
        situation!("paused", "Paused", NAMESPACED, |world, subject, object| {
            subject.succeed(world, object).await;
            let paused = world.api.annotate(
                subject.plural,
                NAMESPACE,
                object,
                "privatelink.dev/paused",
                Some("true"),
            );
            paused.expect("the annotation is taken");
            subject.until(world, object, "Paused").await;
        }),
        situation!(
            "waiting",
            "DependencyNotReady",
            &["pdl", "pdr", "snb", "asgb"],
            |world, subject, object| {
                world.start();
                subject.apply(world, object);
                subject.until(world, object, "DependencyNotReady").await;
            }
        ),
        situation!(
            "waiting-for-a-group",
            "DependencyNotReady",
            &["pe"],
            |world, subject, object| {
                world.start();
                subject.apply_with(
                    world,
                    object,
                    &json!({"spec": {"applicationSecurityGroups": [{"name": "web"}]}}),
                );
                subject.until(world, object, "DependencyNotReady").await;
            }
        ),
        situation!(
            "waiting-for-a-group",
            "DependencyNotReady",
            &["nsg"],
            |world, subject, object| {
                world.start();
                let rule = json!({"name": "web", "direction": "Inbound", "priority": 100, "access": "Allow",
                "destination": {"applicationSecurityGroups": [{"name": "web"}]}});
                subject.apply_with(world, object, &json!({"spec": {"rules": [rule]}}));
                subject.until(world, object, "DependencyNotReady").await;
            }
        ),
        situation!(
            "awaiting-approval",
            "AwaitingApproval",
            &["pe"],
            |world, subject, object| {
                world.start();
                subject.apply_with(world, object, &manual());
                subject.until(world, object, "AwaitingApproval").await;
            }
        ),
        situation!(
            "changed-by-others",
            "DriftDetected",
            WRITERS,
            |world, subject, object| {
                subject.succeed(world, object).await;
                world.meddle(&subject.id(object), (subject.meddling)());
                subject.until(world, object, "DriftDetected").await;
            }
        ),
        situation!(
            "only-observed",
            "DriftDetected",
            OWNERS,
            |world, subject, object| {
                subject.begin(world).await;
                world.make_outside(&subject.id(object), (subject.existing)(object));
                subject.apply_with(
                    world,
                    object,
                    &json!({"spec": {"managementPolicy": "ObserveOnly"}}),
                );
                subject.until(world, object, "DriftDetected").await;
            }
        ),
        situation!(
            "only-observed",
            "DriftDetected",
            &["snb"],
            |world, subject, object| {
                subject.begin(world).await;
                subject.apply_with(
                    world,
                    object,
                    &json!({"spec": {"managementPolicy": "ObserveOnly"}}),
                );
                subject.until(world, object, "DriftDetected").await;
            }
        ),
        situation!("contested", "Contested", WRITERS, |world, subject, object| {
            subject.succeed(world, object).await;
            for _ in 0..8 {
                if subject.says(world, object, "Contested") {
                    break;
                }
                world.meddle(&subject.id(object), (subject.meddling)());
                sleep(SECOND * 200).await;
            }
        }),
    ]
}
