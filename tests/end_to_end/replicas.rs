//! A controller that dies, and one that takes over.

use privatelink_testkit::environment::Environment;
use serde_json::{Value, json};

use crate::installation::*;
use crate::manifests::endpoint;

#[test]
fn a_controller_killed_in_the_middle_of_a_creation_goes_on_where_it_was() {
    scenario_alone(async |environment| {
        let name = "restarted";
        apply(environment, &endpoint(name, json!({})));
        until_put(environment, name).await;
        environment.kill_controller();
        assert_ne!(
            ready(&object(environment, name), "status"),
            "True",
            "it was killed too late to prove anything"
        );
        environment.start_controller().await.unwrap();
        until_ready(environment, name);
        assert_eq!(
            requests(environment, "PUT", name, 0).await.len(),
            1,
            "the creation is taken up, not repeated"
        );
        run(environment, &["delete", "pe", name, "--timeout=60s"]);
    });
}

#[test]
fn a_standby_takes_over_from_a_leader_that_was_killed() {
    scenario_alone(async |environment| {
        let name = "failover";
        let leader = until("a leader", async || holder(environment)).await;
        let standby = environment.start_replica("replica.log").await.unwrap();
        assert_eq!(
            holder(environment).as_ref(),
            Some(&leader),
            "a standby leaves a living leader alone"
        );
        apply(environment, &endpoint(name, json!({})));
        until_put(environment, name).await;
        environment.kill_controller();
        assert_ne!(
            ready(&object(environment, name), "status"),
            "True",
            "it was killed too late to prove anything"
        );
        let (follower, took) = eventually(
            "the standby leads",
            std::time::Duration::from_secs(30),
            async || holder(environment).filter(|holder| *holder != leader),
        )
        .await;
        println!("the standby took over after {} ms", took.as_millis());
        until_ready(environment, name);
        assert_eq!(
            requests(environment, "PUT", name, 0).await.len(),
            1,
            "the creation is taken up, not repeated"
        );

        // One that ends in order hands over without anybody waiting for the lease to run out.
        environment.start_controller().await.unwrap();
        let code = standby.stop(std::time::Duration::from_secs(10)).await;
        assert_eq!(code, 0, "SIGTERM is no failure");
        let (_, took) = eventually(
            "the lease is handed over",
            std::time::Duration::from_secs(8),
            async || holder(environment).filter(|holder| *holder != follower),
        )
        .await;
        println!("the lease was handed over after {} ms", took.as_millis());
        apply(
            environment,
            &endpoint(name, json!({"tags": {"team": "payments"}})),
        );
        until("the new leader works", async || {
            let resource = in_azure(environment, name).await?;
            (resource["tags"]["team"] == "payments").then_some(())
        })
        .await;
        assert_eq!(requests(environment, "PUT", name, 0).await.len(), 2);
        until_ready(environment, name);
        run(environment, &["delete", "pe", name, "--timeout=60s"]);
    });
}

/// Waits until Azure has accepted the creation.
async fn until_put(environment: &Environment, name: &str) {
    until("a PUT of the endpoint", async || {
        (!requests(environment, "PUT", name, 0).await.is_empty()).then_some(())
    })
    .await;
}

/// Who holds the leader's lease; nobody where it was released.
fn holder(environment: &Environment) -> Option<String> {
    let leases: Value = serde_json::from_str(&run(
        environment,
        &["get", "leases", "-n", "default", "-o", "json"],
    ))
    .unwrap();
    let holder = leases["items"][0]["spec"]["holderIdentity"].as_str()?;
    (!holder.is_empty()).then(|| holder.to_owned())
}
