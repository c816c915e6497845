//! One play for each type of target: an endpoint of a group that it offers, and one of a group that it does not.

use std::time::Duration;

use futures::future::FutureExt;
use privatelink_arm::models::private_link_resource::{approval_action, is_published, target_types};
use privatelink_arm_emulator::change::ConnectionStatus;
use privatelink_testkit::scenario::{GROUP, World, endpoint, endpoint_id};
use serde_json::json;

use crate::plays::Play;

/// A group that a target of each type offers.
pub(crate) const GROUPS: &[(&str, &str)] = &[
    ("Microsoft.Storage/storageAccounts", "blob"),
    ("Microsoft.KeyVault/vaults", "vault"),
    ("Microsoft.KeyVault/managedHSMs", "managedhsm"),
    ("Microsoft.Sql/servers", "sqlServer"),
    ("Microsoft.DocumentDB/databaseAccounts", "Sql"),
    ("Microsoft.ContainerRegistry/registries", "registry"),
    ("Microsoft.EventHub/namespaces", "namespace"),
    ("Microsoft.ServiceBus/namespaces", "namespace"),
    ("Microsoft.Web/sites", "sites"),
    ("Microsoft.CognitiveServices/accounts", "account"),
    ("Microsoft.Search/searchServices", "searchService"),
    ("Microsoft.DBforPostgreSQL/flexibleServers", "postgresqlServer"),
    ("Microsoft.DBforMySQL/flexibleServers", "mysqlServer"),
    ("Microsoft.Cache/redis", "redisCache"),
    ("Microsoft.Cache/redisEnterprise", "redisEnterprise"),
    (
        "Microsoft.AppConfiguration/configurationStores",
        "configurationStores",
    ),
    ("Microsoft.Batch/batchAccounts", "batchAccount"),
    ("Microsoft.EventGrid/topics", "topic"),
    ("Microsoft.EventGrid/domains", "domain"),
    ("Microsoft.EventGrid/partnerNamespaces", "partnernamespace"),
    ("Microsoft.EventGrid/namespaces", "topic"),
    ("Microsoft.ContainerService/managedClusters", "management"),
];

pub(crate) fn plays() -> impl Iterator<Item = Play> {
    let types = target_types().map(|target| {
        let group = GROUPS.iter().find(|(known, _)| *known == target);
        let Some((_, group)) = group else {
            panic!("this test knows no group of {target}");
        };
        Play {
            name: target.to_owned(),
            act: Box::new(move |world| connect(world, target, group).boxed()),
        }
    });
    types.chain([Play {
        name: "private link service".to_owned(),
        act: Box::new(|world| connect_to_service(world).boxed()),
    }])
}

fn make(world: &World, id: &str, body: &serde_json::Value) {
    if let Err(error) = world.emulator.put(id, body) {
        world.judge.complain("bench", format!("{id}: {error}"));
    }
}

/// A target of a type that can be connected to. Its id.
pub(crate) async fn make_target(world: &mut World, target: &str) -> String {
    let id = format!("{GROUP}/providers/{target}/something");
    // What any type asks for.
    let body = json!({
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS", "tier": "Standard", "family": "B"},
        "properties": {
            "tenantId": "00000000-0000-0000-0000-000000000001",
            "sku": {"name": "standard", "family": "A", "capacity": 1},
            "locations": [{"locationName": "westeurope", "failoverPriority": 0}],
            "databaseAccountOfferType": "Standard",
            "publicNetworkAccess": "Enabled",
        },
    });
    make(world, &id, &body);
    // A target that is still being made takes no endpoint.
    world.pass(Duration::from_secs(30)).await;
    id
}

async fn connect(world: &mut World, target: &str, group: &str) {
    let id = make_target(world, target).await;
    let to = |group: &str, approval: &str| {
        let target = json!({"id": id, "groupId": group, "approval": approval});
        json!({"spec": {"target": target, "recovery": "IfTargetRecreated"}})
    };
    // Where no role can have the right to approve, the owner does it.
    let is_manual = !is_published(&approval_action(target));
    world.apply(endpoint(
        "one",
        to(group, if is_manual { "Manual" } else { "Automatic" }),
    ));
    // A group that the target does not offer is told before anything is written.
    world.apply(endpoint("wrong", to("nonsense", "Automatic")));
    world.pass(Duration::from_secs(30)).await;
    if is_manual {
        world.decide(&endpoint_id("one"), ConnectionStatus::Approved);
    }
    world.pass(Duration::from_secs(60)).await;
}

async fn connect_to_service(world: &mut World) {
    let id = format!("{GROUP}/providers/Microsoft.Network/privateLinkServices/some");
    let subnet = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nat");
    let policies = json!({"properties": {"addressPrefix": "10.1.200.0/24", "privateLinkServiceNetworkPolicies": "Disabled"}});
    make(world, &subnet, &policies);
    let balancer = format!("{GROUP}/providers/Microsoft.Network/loadBalancers/nat");
    let frontend = json!({"name": "fe", "properties": {"subnet": {"id": subnet}}});
    let body = json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {"frontendIPConfigurations": [frontend]}});
    make(world, &balancer, &body);
    let open = json!({"subscriptions": ["*"]});
    let body = json!({"location": "westeurope", "properties": {
        "visibility": open,
        "autoApproval": open,
        "loadBalancerFrontendIpConfigurations": [{"id": format!("{balancer}/frontendIPConfigurations/fe")}],
        "ipConfigurations": [{"name": "nat", "properties": {"subnet": {"id": subnet}}}],
    }});
    make(world, &id, &body);
    world.pass(Duration::from_secs(30)).await;
    let target = json!({"id": id, "groupId": null, "approval": "Automatic"});
    world.apply(endpoint("one", json!({"spec": {"target": target}})));
    world.pass(Duration::from_secs(60)).await;
}
