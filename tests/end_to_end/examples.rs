//! The examples about names in `deploy/examples`, each applied as it stands: what clients are told before, and after; then
//! everything is deleted, and nothing is left in Azure.

use std::path::Path;

use privatelink_testkit::environment::{Environment, seeded};
use serde_json::{Value, json};

use crate::installation::*;
use crate::manifests::endpoint_id;
use crate::names::{Told, ask};

/// An example that was applied.
struct Example<'a> {
    environment: &'a Environment,
    path: String,
    /// As kubectl names them: `privateendpoint.privatelink.dev/orders-blob`.
    objects: Vec<String>,
}

impl<'a> Example<'a> {
    fn apply(environment: &'a Environment, file: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/examples");
        let path = path.join(file).display().to_string();
        let objects = run(environment, &["apply", "-f", &path, "-o", "name"]);
        Self {
            environment,
            path,
            objects: objects.lines().map(str::to_owned).collect(),
        }
    }

    fn objects(&self, kind: &str) -> Vec<&str> {
        let of_kind = |name: &&str| name.split('.').next() == Some(kind);
        self.objects.iter().map(String::as_str).filter(of_kind).collect()
    }

    /// Waits until every object is Ready, and gives their endpoints.
    fn until_ready(&self) -> Vec<Value> {
        let endpoints = self.objects("privateendpoint");
        let others = self.objects.iter().map(String::as_str);
        self.wait(others.filter(|name| !endpoints.contains(name)));
        // Zones and links are looked at again after a minute; whoever asks has the answer now.
        self.look_again(&endpoints);
        self.wait(endpoints.iter().copied());
        let endpoint = |name: &&str| object(self.environment, name.rsplit('/').next().unwrap());
        endpoints.iter().map(endpoint).collect()
    }

    fn wait<'b>(&self, names: impl Iterator<Item = &'b str>) {
        let mut arguments = vec!["wait", "--for=condition=Ready", "--timeout=60s"];
        let options = arguments.len();
        arguments.extend(names);
        if arguments.len() == options {
            return;
        }
        let output = kubectl(self.environment, &arguments, "");
        if !output.success {
            let state = kubectl(self.environment, &["get", "-f", &self.path, "-o", "wide"], "").stdout;
            panic!("{} is not Ready: {}\n{state}", self.path, output.stderr);
        }
    }

    fn look_again(&self, names: &[&str]) {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let wish = format!("privatelink.dev/reconcile-requested-at={}", now.as_nanos());
        let mut arguments = vec!["annotate", "--overwrite"];
        arguments.extend(names);
        arguments.push(&wish);
        let output = kubectl(self.environment, &arguments, "");
        assert!(
            output.success || output.stderr.contains("not found"),
            "{}",
            output.stderr
        );
    }

    /// Deletes the objects in the order of the file; nothing of theirs stays in Azure.
    async fn delete(self) {
        let made = self.in_azure();
        run(self.environment, &["delete", "--wait=false", "-f", &self.path]);
        let zones = self.objects("privatednszone");
        for name in self.objects.iter().map(String::as_str) {
            if !zones.contains(&name) {
                run(self.environment, &["wait", "--for=delete", name, "--timeout=60s"]);
            }
        }
        if !zones.is_empty() {
            // A zone looks only now and then whether it still holds something.
            self.look_again(&zones);
            let mut arguments = vec!["wait", "--for=delete", "--timeout=60s"];
            arguments.extend(&zones);
            run(self.environment, &arguments);
        }
        for id in made {
            let left = match id.contains("/privateDnsZones/") {
                true => resource(self.environment, &id).await,
                false => network_resource(self.environment, &id).await,
            };
            assert!(left.is_none(), "{id} is left in Azure");
        }
    }

    /// What the objects have made: themselves, interfaces of endpoints, and their records.
    fn in_azure(&self) -> Vec<String> {
        let shown = run(self.environment, &["get", "-f", &self.path, "-o", "json"]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let objects = match shown["items"].as_array() {
            Some(objects) => objects.clone(),
            None => vec![shown],
        };
        let mut ids = Vec::new();
        for object in &objects {
            let status = &object["status"];
            ids.push(status["resourceId"].as_str().expect("an id").to_owned());
            ids.extend(status["networkInterfaceId"].as_str().map(str::to_owned));
            for record in status["dnsRecords"].as_array().into_iter().flatten() {
                let (zone, fqdn) = (text(record, "zone"), text(record, "fqdn"));
                let (_, zone_name) = zone.rsplit_once('/').unwrap();
                let name = fqdn.trim_end_matches('.').strip_suffix(&format!(".{zone_name}"));
                ids.push(format!("{zone}/A/{}", name.unwrap()));
            }
        }
        ids
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

async fn network_resource(environment: &Environment, id: &str) -> Option<Value> {
    let emulator = environment.emulator().expect("the emulator runs");
    let path = format!("{id}?api-version=2024-05-01");
    emulator.get(&path, Some(environment.token())).await.ok()
}

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
