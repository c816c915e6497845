//! The life of an endpoint, from the first manifest to nothing.

use std::time::Duration;

use serde_json::json;

use crate::installation::*;
use crate::manifests::{endpoint, endpoint_id, existing};

/// The installation's drift interval of 5 s, and what a loaded machine may add to it.
const DRIFT: Duration = Duration::from_secs(5 + 5);

#[test]
fn an_endpoint_lives_from_its_manifest_to_nothing() {
    scenario(async |environment| {
        let name = "life";
        apply(environment, &endpoint(name, json!({})));
        until_ready(environment, name);
        let created = object(environment, name);
        assert_eq!(created["status"]["connection"]["status"], "Approved");
        let address = created["status"]["ipConfigurations"][0]["ipAddress"]
            .as_str()
            .unwrap();
        assert!(address.starts_with("10.20."), "{address}");
        assert_eq!(
            requests(environment, "PUT", name, 0).await.len(),
            1,
            "one PUT makes an endpoint"
        );
        let events = run(environment, &["get", "events", "-o", "name"]);
        assert!(
            events.contains(&format!("event/{name}.")),
            "transitions are told: {events}"
        );

        // The user changes a tag.
        let before = now(environment).await;
        apply(
            environment,
            &endpoint(name, json!({"tags": {"team": "payments"}})),
        );
        until("the tag in Azure", async || {
            let resource = in_azure(environment, name).await?;
            (resource["tags"]["team"] == "payments").then_some(())
        })
        .await;
        until_ready(environment, name);
        assert_eq!(requests(environment, "PUT", name, before).await.len(), 1);

        // Someone else changes the same tag, and adds one of their own.
        let before = now(environment).await;
        let theirs = json!({"tags": {"team": "somebody else", "theirs": "stays"}});
        change(environment, &json!({"id": endpoint_id(name), "patch": theirs})).await;
        let (_, took) = eventually("the drift is corrected", DRIFT, async || {
            let resource = in_azure(environment, name).await?;
            (resource["tags"]["team"] == "payments").then_some(())
        })
        .await;
        println!("drift was corrected after {} ms", took.as_millis());
        assert_eq!(
            in_azure(environment, name).await.unwrap()["tags"]["theirs"],
            "stays"
        );
        assert_eq!(requests(environment, "PUT", name, before).await.len(), 1);
        until_ready(environment, name);

        // Someone else deletes it.
        let before = now(environment).await;
        change(environment, &json!({"id": endpoint_id(name), "delete": true})).await;
        let (_, took) = eventually("the deletion is found", DRIFT, async || {
            let made = requests(environment, "PUT", name, before).await;
            (!made.is_empty()).then_some(())
        })
        .await;
        println!("the deletion was found after {} ms", took.as_millis());
        until("the endpoint is back", async || {
            let resource = in_azure(environment, name).await?;
            (resource["properties"]["provisioningState"] == "Succeeded").then_some(())
        })
        .await;
        until_ready(environment, name);
        assert_eq!(requests(environment, "PUT", name, before).await.len(), 1);

        gone_without_a_trace(environment, name).await;
    });
}

#[test]
fn an_existing_endpoint_is_refused_then_adopted_as_it_is() {
    scenario(async |environment| {
        let name = "adopted";
        change(environment, &existing(name)).await;
        let interface = in_azure(environment, name).await.unwrap()["properties"]["networkInterfaces"].clone();
        apply(environment, &endpoint(name, json!({})));
        let refused = until_reason(environment, name, "NotOwned").await;
        assert!(
            ready(&refused, "message").contains("adoptionPolicy"),
            "the message names the way out: {}",
            ready(&refused, "message")
        );
        assert!(requests(environment, "PUT", name, 0).await.is_empty());

        apply(environment, &endpoint(name, json!({"adoptionPolicy": "Adopt"})));
        until_ready(environment, name);
        let resource = in_azure(environment, name).await.unwrap();
        assert_eq!(resource["tags"]["theirs"], "stays");
        assert_eq!(resource["tags"]["team"], "orders");
        assert_eq!(
            resource["properties"]["networkInterfaces"], interface,
            "it is still the same endpoint"
        );
        gone_without_a_trace(environment, name).await;
    });
}

/// Deletes the object; the endpoint, its interface and its connection go too.
async fn gone_without_a_trace(environment: &privatelink_testkit::environment::Environment, name: &str) {
    let connection = object(environment, name)["status"]["networkInterfaceId"].clone();
    let interface = connection
        .as_str()
        .expect("a Ready endpoint has an interface")
        .to_lowercase();
    run(environment, &["delete", "pe", name, "--timeout=60s"]);
    assert!(
        in_azure(environment, name).await.is_none(),
        "{name} is still in Azure"
    );
    let emulator = environment.emulator().unwrap();
    let left = emulator.remains(environment.token()).await.unwrap();
    let ours: Vec<&String> = left
        .iter()
        .filter(|id| {
            let id = id.to_lowercase();
            id == interface
                || id
                    .rsplit('/')
                    .next()
                    .is_some_and(|last| last.starts_with(&format!("{name}.")))
        })
        .collect();
    assert!(ours.is_empty(), "left in Azure: {ours:?}");
}
