//! The examples about traffic in `deploy/examples`, each applied as it stands: what Azure then has, who is said to reach the
//! endpoints, and that every subnet is as before when everything is deleted.
//!
//! What is said of an endpoint depends on the bound subnets of its whole namespace, so each has the installation alone.

use privatelink_testkit::environment::{Environment, seeded};
use serde_json::{Value, json};

use crate::columns::{golden, masked};
use crate::example::{Example, network_resource, text};
use crate::installation::*;

fn network_id(path: &str) -> String {
    format!("{}/providers/Microsoft.Network/{path}", seeded::group_id())
}

/// What Azure has of a seeded network's subnet, of what people set there.
async fn subnet(environment: &Environment, network: &str, name: &str) -> Value {
    let id = network_id(&format!("virtualNetworks/{network}/subnets/{name}"));
    let found = network_resource(environment, &id).await.expect("a subnet");
    let properties = &found["properties"];
    let of = |list: &str, field: &str| -> Vec<Value> {
        let elements = properties[list].as_array().cloned().unwrap_or_default();
        let named = |element: &Value| element.pointer(field).cloned();
        elements.iter().filter_map(named).collect()
    };
    let name_of = |field: &str| {
        let id = properties[field]["id"].as_str()?;
        id.rsplit('/').next().map(str::to_owned)
    };
    json!({
        "group": name_of("networkSecurityGroup"),
        "table": name_of("routeTable"),
        "policies": properties["privateEndpointNetworkPolicies"],
        "services": of("serviceEndpoints", "/service"),
        "delegations": of("delegations", "/properties/serviceName"),
    })
}

/// What Azure has of all subnets of a seeded network.
async fn subnets(environment: &Environment, network: &str) -> Vec<(String, Value)> {
    let id = network_id(&format!("virtualNetworks/{network}"));
    let found = network_resource(environment, &id).await.expect("a network");
    let mut subnets = Vec::new();
    for listed in found["properties"]["subnets"].as_array().expect("subnets") {
        let name = text(listed, "name");
        subnets.push((name.to_owned(), subnet(environment, network, name).await));
    }
    subnets
}

/// The names of the application security groups that an endpoint is in.
async fn groups(environment: &Environment, endpoint: &str) -> Vec<String> {
    let endpoint = in_azure(environment, endpoint).await.expect("an endpoint");
    let groups = endpoint["properties"]["applicationSecurityGroups"].as_array();
    let names = groups.into_iter().flatten().map(|group| {
        let id = text(group, "id");
        id.rsplit('/').next().unwrap_or(id).to_owned()
    });
    names.collect()
}

/// Waits until an endpoint's status says who reaches it, which is worked out after it is Ready.
async fn is_reached(environment: &Environment, endpoint: &str, count: u64, summary: &str) {
    let mut said = Value::Null;
    let wanted = json!({"count": count, "summary": summary});
    let asked = format!("status.access of {endpoint} says {summary}");
    // What was last said is in the log of a test that fails.
    until(&asked, async || {
        let access = object(environment, endpoint)["status"]["access"].clone();
        if access != said {
            eprintln!("{endpoint}: {access}");
            said = access;
        }
        (said == wanted).then_some(())
    })
    .await;
}

/// The condition of an object (`snb/shop`), where it has it.
fn condition(environment: &Environment, name: &str, wanted: &str) -> Option<Value> {
    let shown: Value = serde_json::from_str(&run(environment, &["get", name, "-o", "json"])).unwrap();
    let conditions = shown["status"]["conditions"].as_array()?;
    conditions
        .iter()
        .find(|condition| condition["type"] == wanted)
        .cloned()
}

fn is_not_warned_about(environment: &Environment, name: &str, wanted: &str) {
    assert_eq!(condition(environment, name, wanted), None, "{name}");
}

/// Waits until a condition of an object is False, and gives its reason and message.
async fn until_warned(environment: &Environment, name: &str, wanted: &str) -> (String, String) {
    until(&format!("{name} warns: {wanted}"), async || {
        let found = condition(environment, name, wanted)?;
        let said = (
            text(&found, "reason").to_owned(),
            text(&found, "message").to_owned(),
        );
        (found["status"] == "False").then_some(said)
    })
    .await
}

/// Holds what kubectl prints of a kind against `golden/`.
fn prints(environment: &Environment, kind: &str) {
    let table = masked(&run(environment, &["get", kind]));
    golden(&format!("get-{kind}.txt"), &table);
}

fn patch(environment: &Environment, name: &str, spec: &Value) {
    let patch = json!({"spec": spec}).to_string();
    run(environment, &["patch", name, "--type=merge", "-p", &patch]);
}

#[test]
fn three_tiers() {
    scenario_alone(async |environment| {
        let network = "vnet-shop";
        let before = subnets(environment, network).await;
        let example = Example::apply(environment, "traffic-three-tiers.yaml");
        example.until_ready();

        assert_eq!(
            subnet(environment, network, "snet-endpoints").await,
            json!({"group": "shop-endpoints", "table": null, "policies": "NetworkSecurityGroupEnabled", "services": [], "delegations": []})
        );
        // What the owner has there stays.
        assert_eq!(
            subnet(environment, network, "snet-web").await,
            json!({"group": "shop-tiers", "table": null, "policies": "Disabled", "services": [], "delegations": ["Microsoft.Web/serverFarms"]})
        );
        assert_eq!(
            subnet(environment, network, "snet-data").await,
            json!({"group": "shop-tiers", "table": null, "policies": "Disabled", "services": ["Microsoft.Sql"], "delegations": []})
        );
        for (endpoint, group, summary) in [
            (
                "shop-pictures",
                "shop-web",
                "reached on 443 from snet-web (web-to-web); not from snet-app, snet-data, snet-endpoints (nobody-else)",
            ),
            (
                "shop-secrets",
                "shop-app",
                "reached on 443 from snet-app (app-to-app); not from snet-data, snet-endpoints, snet-web (nobody-else)",
            ),
            (
                "shop-orders",
                "shop-data",
                "reached on 1433, 11000-11999 from snet-app (app-to-data); not from snet-data, snet-endpoints, snet-web (nobody-else)",
            ),
        ] {
            assert_eq!(groups(environment, endpoint).await, [group], "{endpoint}");
            is_reached(environment, endpoint, 1, summary).await;
        }
        is_not_warned_about(environment, "snb/shop-endpoints", "NetworkPolicyEnforced");
        for kind in ["nsg", "asg", "asgb"] {
            prints(environment, kind);
        }

        // Another label, another group, other clients.
        run(
            environment,
            &["label", "--overwrite", "pe", "shop-secrets", "tier=web"],
        );
        until("shop-secrets joins shop-web", async || {
            (groups(environment, "shop-secrets").await == ["shop-web"]).then_some(())
        })
        .await;
        let summary = "reached on 443 from snet-web (web-to-web); not from snet-app, snet-data, snet-endpoints (nobody-else)";
        is_reached(environment, "shop-secrets", 1, summary).await;

        // The trap: without the policy Azure ignores the group, and both objects say so.
        let spec = json!({"privateEndpointNetworkPolicies": "Disabled"});
        patch(environment, "snb/shop-endpoints", &spec);
        let (reason, message) =
            until_warned(environment, "snb/shop-endpoints", "NetworkPolicyEnforced").await;
        assert_eq!(reason, "PolicyDisabled");
        assert!(message.contains("NetworkSecurityGroupEnabled"), "{message}");
        until_said(environment, "snb/shop-endpoints", "Succeeded").await;
        prints(environment, "snb");
        until("the endpoint says that the group does not count", async || {
            let access = object(environment, "shop-orders")["status"]["access"].clone();
            text(&access, "summary")
                .contains("its NSG does not apply")
                .then_some(())
        })
        .await;

        example.delete().await;
        assert_eq!(subnets(environment, network).await, before);
    });
}

#[test]
fn through_a_firewall() {
    scenario_alone(async |environment| {
        let network = "vnet-inspected";
        let before = subnets(environment, network).await;
        let example = Example::apply(environment, "traffic-through-firewall.yaml");
        example.until_ready();

        let bound = |table: &str, policies: &str| json!({"group": null, "table": table, "policies": policies, "services": [], "delegations": []});
        assert_eq!(
            subnet(environment, network, "snet-workloads").await,
            bound("inspected-workloads", "Disabled")
        );
        assert_eq!(
            subnet(environment, network, "GatewaySubnet").await,
            bound("inspected-gateway", "Disabled")
        );
        let endpoints = subnet(environment, network, "snet-endpoints").await;
        assert_eq!(endpoints["policies"], "RouteTableEnabled");
        let table = network_id("routeTables/inspected-workloads");
        let table = network_resource(environment, &table).await.expect("a table");
        assert_eq!(table["properties"]["disableBgpRoutePropagation"], true);
        let routes = table["properties"]["routes"].as_array().unwrap();
        let hops = routes.iter().map(|route| {
            let properties = &route["properties"];
            (
                text(properties, "addressPrefix"),
                text(properties, "nextHopType"),
                text(properties, "nextHopIpAddress"),
            )
        });
        assert_eq!(
            hops.collect::<Vec<_>>(),
            [
                ("0.0.0.0/0", "VirtualAppliance", "10.50.0.68"),
                ("10.50.0.0/16", "VirtualAppliance", "10.50.0.68"),
                ("10.50.1.0/24", "VnetLocal", ""),
            ]
        );
        let summary = "reached on all ports from snet-endpoints (network policies); perhaps from GatewaySubnet, snet-workloads, if the appliance 10.50.0.68 lets it through; others by inbound rules: anything else";
        is_reached(environment, "inspected-vault", 1, summary).await;
        for table in ["rt/inspected-workloads", "rt/inspected-gateway"] {
            is_not_warned_about(environment, table, "RoutesEffective");
        }

        // Without the network's own prefix the firewall sees nothing of it.
        let routes = json!([{"name": "internet", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.50.0.68"}]);
        patch(environment, "rt/inspected-workloads", &json!({"routes": routes}));
        let (reason, message) = until_warned(environment, "rt/inspected-workloads", "RoutesEffective").await;
        assert_eq!(reason, "RouteTooWide");
        until_said(environment, "rt/inspected-workloads", "Succeeded").await;
        prints(environment, "rt");
        assert!(
            message.contains("inspected-vault") && message.contains("10.50.0.0/16"),
            "{message}"
        );

        example.delete().await;
        assert_eq!(subnets(environment, network).await, before);
    });
}

#[test]
fn locked_down_subnet() {
    scenario_alone(async |environment| {
        let network = "vnet-locked";
        let before = subnets(environment, network).await;
        let example = Example::apply(environment, "traffic-locked-down-subnet.yaml");
        example.until_ready();

        let locked = json!({"group": "locked-payments", "table": null, "policies": "Enabled", "services": ["Microsoft.Sql", "Microsoft.Storage"], "delegations": []});
        assert_eq!(subnet(environment, network, "snet-payments").await, locked);
        let summary = "reached on 443 from snet-clients (https-from-clients); not from snet-payments (nothing-else-out)";
        is_reached(environment, "locked-vault", 1, summary).await;
        is_not_warned_about(environment, "snb/locked-payments", "NetworkPolicyEnforced");

        // The owner's Terraform knows nothing of the binding, and puts the whole subnet three times.
        let group = network_id("networkSecurityGroups/nsg-platform");
        let subnet_id = network_id("virtualNetworks/vnet-locked/subnets/snet-payments");
        let whole = json!({"id": subnet_id, "put": {"properties": {
            "addressPrefix": "10.60.2.0/24",
            "networkSecurityGroup": {"id": group},
            "serviceEndpoints": [{"service": "Microsoft.Sql"}],
        }}});
        let look = |times: usize| {
            let wish = format!("privatelink.dev/seen={times}");
            run(
                environment,
                &["label", "--overwrite", "snb", "locked-payments", &wish],
            )
        };
        for times in 1..3 {
            change(environment, &whole).await;
            look(times);
            until("the subnet is put right", async || {
                (subnet(environment, network, "snet-payments").await == locked).then_some(())
            })
            .await;
            until_said(environment, "snb/locked-payments", "Succeeded").await;
        }
        change(environment, &whole).await;
        look(3);
        let message = until_said(environment, "snb/locked-payments", "Contested").await;
        assert!(
            message.contains("properties.networkSecurityGroup") && message.contains("onContest: Yield"),
            "{message}"
        );

        // Who reaches the endpoint is what Azure makes of it now, and not what the binding wants.
        let now = "privatelink.dev/reconcile-requested-at=contested";
        run(
            environment,
            &["annotate", "--overwrite", "pe", "locked-vault", now],
        );
        until("the endpoint says that no group counts", async || {
            let access = object(environment, "locked-vault")["status"]["access"].clone();
            text(&access, "summary")
                .contains("reached on all ports from snet-clients")
                .then_some(())
        })
        .await;

        // Whoever has found out who it is, has it put right at once.
        run(
            environment,
            &[
                "annotate",
                "snb",
                "locked-payments",
                "privatelink.dev/reconcile-requested-at=now",
            ],
        );
        until_said(environment, "snb/locked-payments", "Succeeded").await;
        assert_eq!(subnet(environment, network, "snet-payments").await, locked);
        is_reached(environment, "locked-vault", 1, summary).await;

        example.delete().await;
        assert_eq!(subnets(environment, network).await, before);
    });
}
