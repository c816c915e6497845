//! The examples about names in `deploy/examples`, each applied as it stands: what clients are told before, and after; then
//! everything is deleted, and nothing is left in Azure.

use privatelink_testkit::environment::{Environment, seeded};
use serde_json::{Value, json};

use crate::example::{Example, text};
use crate::installation::*;
use crate::manifests::endpoint_id;
use crate::names::{Told, ask};

/// The network whose resolver `DIR/env` names by a variable.
fn network(variable: &str) -> String {
    let mut networks = seeded::resolvers().into_iter();
    networks.find(|(name, _)| *name == variable).unwrap().1
}

/// Every name of an endpoint with its address, as status has them.
fn names_of(endpoint: &Value) -> Vec<(String, String)> {
    let configurations = endpoint["status"]["ipConfigurations"].as_array().unwrap();
    let names = configurations.iter().flat_map(|configuration| {
        let address = text(configuration, "ipAddress").to_owned();
        let fqdns = configuration["fqdns"].as_array().cloned().unwrap_or_default();
        fqdns
            .into_iter()
            .map(move |fqdn| (fqdn.as_str().unwrap().to_owned(), address.clone()))
    });
    names.collect()
}

/// The clients of a network get an endpoint's own address for each of these names.
async fn are_private(environment: &Environment, network: &str, endpoint: &Value, names: &[&str]) {
    let known = names_of(endpoint);
    assert_eq!(known.len(), names.len(), "{known:?}");
    for name in names {
        let (_, address) = known.iter().find(|(fqdn, _)| fqdn == name).expect(name);
        assert_eq!(
            ask(environment, network, name).await,
            Told::address(address),
            "{name} in {network}"
        );
    }
}

async fn are_public(environment: &Environment, network: &str, names: &[&str]) {
    for name in names {
        let told = ask(environment, network, name).await;
        assert!(told.is_public(), "{name} in {network}: {told:?}");
    }
}

#[test]
fn hub_and_spoke() {
    scenario(async |environment| {
        let names = ["kv-demo-payments.vault.azure.net"];
        let networks = [network("DNS_PORT"), network("DNS_PORT_HUB")];
        for network in &networks {
            are_public(environment, network, &names).await;
        }
        let example = Example::apply(environment, "dns-hub-and-spoke.yaml");
        let endpoints = example.until_ready();
        for network in &networks {
            are_private(environment, network, &endpoints[0], &names).await;
        }
        example.delete().await;
        for network in &networks {
            are_public(environment, network, &names).await;
        }
    });
}

#[test]
fn azure_policy() {
    scenario(async |environment| {
        let names = ["sql-demo-orders.database.windows.net"];
        let hub = network("DNS_PORT_HUB");
        are_public(environment, &hub, &names).await;
        let example = Example::apply(environment, "dns-azure-policy.yaml");
        let waiting = until_reason(environment, "orders-sql", "RecordMissing").await;
        assert!(
            ready(&waiting, "message").contains("Azure Policy"),
            "{}",
            ready(&waiting, "message")
        );
        // The price of a zone without the record.
        assert_eq!(ask(environment, &hub, names[0]).await, Told::NxDomain);

        let zone = format!(
            "/subscriptions/{}/resourceGroups/rg-hub-dns/providers/Microsoft.Network/privateDnsZones/privatelink.database.windows.net",
            seeded::HUB_SUBSCRIPTION_ID
        );
        let group = format!(
            "{}/privateDnsZoneGroups/deployedByPolicy",
            endpoint_id("orders-sql")
        );
        let config = json!({"name": "sql", "properties": {"privateDnsZoneId": zone}});
        change(
            environment,
            &json!({"id": group, "put": {"properties": {"privateDnsZoneConfigs": [config]}}}),
        )
        .await;
        let endpoints = example.until_ready();
        are_private(environment, &hub, &endpoints[0], &names).await;
        example.delete().await;
        are_public(environment, &hub, &names).await;
    });
}

#[test]
fn several_members() {
    scenario(async |environment| {
        let network = network("DNS_PORT");
        let registry = [
            "crdemoorders.azurecr.io",
            "crdemoorders.westeurope.data.azurecr.io",
        ];
        let cosmos = [
            "cosmos-demo-orders.documents.azure.com",
            "cosmos-demo-orders-westeurope.documents.azure.com",
            "cosmos-demo-orders-northeurope.documents.azure.com",
        ];
        are_public(environment, &network, &registry).await;
        are_public(environment, &network, &cosmos).await;
        let example = Example::apply(environment, "dns-several-members.yaml");
        let endpoints = example.until_ready();
        are_private(environment, &network, &endpoints[0], &registry).await;
        are_private(environment, &network, &endpoints[1], &cosmos).await;
        example.delete().await;
        are_public(environment, &network, &registry).await;
        are_public(environment, &network, &cosmos).await;
    });
}

#[test]
fn private_link_service() {
    scenario(async |environment| {
        let (network, name) = (network("DNS_PORT"), "api.orders.internal");
        assert_eq!(ask(environment, &network, name).await, Told::NxDomain);
        let example = Example::apply(environment, "dns-private-link-service.yaml");
        until_reason(environment, "partner-orders", "AwaitingApproval").await;
        let approved = json!({"status": "Approved", "description": "welcome"});
        change(
            environment,
            &json!({"id": endpoint_id("partner-orders"), "connection": approved}),
        )
        .await;
        let endpoints = example.until_ready();
        assert_eq!(endpoints[0]["status"]["connection"]["description"], "welcome");
        let address = text(&endpoints[0]["status"]["ipConfigurations"][0], "ipAddress");
        assert_eq!(
            ask(environment, &network, name).await,
            Told::address(address),
            "{name}"
        );
        example.delete().await;
        assert_eq!(ask(environment, &network, name).await, Told::NxDomain);
    });
}

#[test]
fn split_horizon() {
    scenario(async |environment| {
        let network = network("DNS_PORT");
        let ours = ["stdemoorders.queue.core.windows.net"];
        // Its owner gave it a private endpoint, so its public name is an alias into the zone.
        let partners = ["stdemopartner.queue.core.windows.net"];
        are_public(environment, &network, &ours).await;
        are_public(environment, &network, &partners).await;
        let example = Example::apply(environment, "dns-split-horizon.yaml");
        let endpoints = example.until_ready();
        are_private(environment, &network, &endpoints[0], &ours).await;
        are_public(environment, &network, &partners).await;
        example.delete().await;
        are_public(environment, &network, &ours).await;
        are_public(environment, &network, &partners).await;
    });
}

#[test]
fn two_regions() {
    scenario(async |environment| {
        let names = ["stdemoorders.blob.core.windows.net"];
        let networks = [network("DNS_PORT_WEST"), network("DNS_PORT_NORTH")];
        for network in &networks {
            are_public(environment, network, &names).await;
        }
        let example = Example::apply(environment, "dns-two-regions.yaml");
        let endpoints = example.until_ready();
        assert_ne!(names_of(&endpoints[0]), names_of(&endpoints[1]));
        for (network, endpoint) in networks.iter().zip(&endpoints) {
            are_private(environment, network, endpoint, &names).await;
        }
        example.delete().await;
        for network in &networks {
            are_public(environment, network, &names).await;
        }
    });
}
