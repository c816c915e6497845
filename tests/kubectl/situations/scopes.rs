//! What a scope itself says.

use futures::future::FutureExt;
use privatelink_testkit::scenario::{GROUP, endpoint};
use serde_json::json;
use tokio::time::sleep;

use super::{SECOND, situation};
use crate::play::{Situation, fail_reads};

pub(super) fn scopes() -> Vec<Situation> {
    vec![
        situation!(
            "not-understood",
            "InvalidSpec",
            &["azs"],
            |world, subject, object| {
                world.start();
                // Neither a resource nor a group: nothing can be under it.
                let half = format!("{GROUP}/providers/Microsoft.Network");
                let mut manifest = (subject.manifest)(object);
                manifest["spec"]["allow"] = json!([{"on": half, "verbs": ["Manage"]}]);
                world.apply(manifest);
                subject.until(world, object, "InvalidSpec").await;
            }
        ),
        situation!(
            "no-identity",
            "IdentityFailed",
            &["azs"],
            |world, subject, object| {
                subject.begin(world).await;
                fail_reads(world, 401, "InvalidAuthenticationToken");
                subject.apply(world, object);
                subject.until(world, object, "IdentityFailed").await;
            }
        ),
        situation!("in-use", "InUse", &["azs"], |world, subject, object| {
            subject.begin(world).await;
            subject.apply(world, object);
            world.api.create_namespace("payments").expect("a namespace");
            world.apply(endpoint(
                "orders-blob",
                json!({"metadata": {"namespace": "payments"}}),
            ));
            sleep(SECOND * 120).await;
            world.api.delete(subject.plural, "", object).expect("the scope");
            subject.until(world, object, "InUse").await;
        }),
    ]
}
