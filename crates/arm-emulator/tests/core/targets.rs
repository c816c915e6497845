//! What is known about the targets of private endpoints, fact by fact, as Azure's types and clients have it.

use crate::support::{Bench, endpoint_on, id, network, target_body};
use serde_json::{Value, json};

/// How a connection is approved: method and status.
type Approved = (&'static str, u16);

struct Fact {
    kind: &'static str,
    /// Below `properties`.
    access: &'static str,
    secured_by_perimeter: bool,
    /// What is shown of the access where nothing was said.
    shown: Option<&'static str>,
    /// Below `properties`; the values that it has, without those that no target has.
    tls: Option<(&'static str, &'static [&'static str])>,
    approved: Approved,
    deleted: u16,
    /// `provisioningState` of a connection while it is approved and once it is, where that takes a while.
    states: (&'static str, &'static str),
    group: Option<&'static str>,
}

const FACT: Fact = Fact {
    kind: "",
    access: "publicNetworkAccess",
    secured_by_perimeter: false,
    shown: Some("Enabled"),
    tls: None,
    approved: ("PUT", 200),
    deleted: 200,
    states: ("Succeeded", "Succeeded"),
    group: None,
};

const OLD_TLS: &[&str] = &["1.0", "1.1", "1.2"];
const NEW_TLS: &[&str] = &["1.0", "1.1", "1.2", "1.3"];

const EVENT_GRID: Fact = Fact {
    tls: Some(("minimumTlsVersionAllowed", OLD_TLS)),
    approved: ("PUT", 201),
    deleted: 202,
    states: ("Updating", "Succeeded"),
    group: Some("groupIds"),
    ..FACT
};

const MESSAGING: Fact = Fact {
    secured_by_perimeter: true,
    tls: Some(("minimumTlsVersion", NEW_TLS)),
    approved: ("PUT", 202),
    deleted: 202,
    states: ("Updating", "Succeeded"),
    group: Some("groupIds"),
    ..FACT
};

const DATABASE: Fact = Fact {
    access: "network.publicNetworkAccess",
    approved: ("PUT", 202),
    deleted: 202,
    states: ("Updating", "Succeeded"),
    group: Some("groupIds"),
    ..FACT
};

const FACTS: &[Fact] = &[
    Fact {
        kind: "Microsoft.Storage/storageAccounts",
        secured_by_perimeter: true,
        shown: None,
        tls: Some(("minimumTlsVersion", &["TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"])),
        ..FACT
    },
    Fact {
        kind: "Microsoft.KeyVault/vaults",
        secured_by_perimeter: true,
        deleted: 202,
        states: ("Updating", "Succeeded"),
        ..FACT
    },
    Fact {
        kind: "Microsoft.KeyVault/managedHSMs",
        deleted: 202,
        ..FACT
    },
    Fact {
        kind: "Microsoft.Sql/servers",
        secured_by_perimeter: true,
        tls: Some(("minimalTlsVersion", &["None", "1.0", "1.1", "1.2", "1.3"])),
        approved: ("PUT", 202),
        deleted: 202,
        states: ("Approving", "Ready"),
        group: Some("groupIds"),
        ..FACT
    },
    Fact {
        kind: "Microsoft.DocumentDB/databaseAccounts",
        secured_by_perimeter: true,
        tls: Some(("minimalTlsVersion", &["Tls", "Tls11", "Tls12"])),
        approved: ("PUT", 202),
        deleted: 202,
        states: ("Updating", "Succeeded"),
        group: Some("groupId"),
        ..FACT
    },
    Fact {
        kind: "Microsoft.ContainerRegistry/registries",
        approved: ("PUT", 201),
        deleted: 202,
        states: ("Updating", "Succeeded"),
        ..FACT
    },
    Fact {
        kind: "Microsoft.EventHub/namespaces",
        ..MESSAGING
    },
    Fact {
        kind: "Microsoft.ServiceBus/namespaces",
        ..MESSAGING
    },
    Fact {
        kind: "Microsoft.Web/sites",
        shown: None,
        tls: Some(("siteConfig.minTlsVersion", NEW_TLS)),
        approved: ("PUT", 202),
        deleted: 202,
        states: ("Pending", "Succeeded"),
        group: Some("groupIds"),
        ..FACT
    },
    Fact {
        kind: "Microsoft.CognitiveServices/accounts",
        group: Some("groupIds"),
        ..FACT
    },
    Fact {
        kind: "Microsoft.Search/searchServices",
        secured_by_perimeter: true,
        group: Some("groupId"),
        ..FACT
    },
    Fact {
        kind: "Microsoft.DBforPostgreSQL/flexibleServers",
        ..DATABASE
    },
    Fact {
        kind: "Microsoft.DBforMySQL/flexibleServers",
        ..DATABASE
    },
    Fact {
        kind: "Microsoft.Cache/redis",
        tls: Some(("minimumTlsVersion", OLD_TLS)),
        group: Some("groupIds"),
        ..FACT
    },
    Fact {
        kind: "Microsoft.Cache/redisEnterprise",
        shown: None,
        tls: Some(("minimumTlsVersion", OLD_TLS)),
        deleted: 202,
        ..FACT
    },
    Fact {
        kind: "Microsoft.AppConfiguration/configurationStores",
        shown: None,
        approved: ("PUT", 201),
        deleted: 202,
        states: ("Updating", "Succeeded"),
        ..FACT
    },
    Fact {
        kind: "Microsoft.Batch/batchAccounts",
        secured_by_perimeter: true,
        approved: ("PATCH", 200),
        deleted: 202,
        group: Some("groupIds"),
        ..FACT
    },
    Fact {
        kind: "Microsoft.EventGrid/topics",
        ..EVENT_GRID
    },
    Fact {
        kind: "Microsoft.EventGrid/domains",
        ..EVENT_GRID
    },
    Fact {
        kind: "Microsoft.EventGrid/partnerNamespaces",
        ..EVENT_GRID
    },
    Fact {
        kind: "Microsoft.EventGrid/namespaces",
        ..EVENT_GRID
    },
    Fact {
        kind: "Microsoft.ContainerService/managedClusters",
        shown: None,
        ..FACT
    },
];

fn resource(kind: &str) -> String {
    id(&format!("{kind}/target"))
}

/// A body with a value at a path below `properties`.
fn body(path: &str, value: &Value) -> Value {
    let mut inner = value.clone();
    for name in path.split('.').rev().filter(|name| !name.is_empty()) {
        inner = json!({name: inner});
    }
    target_body(&inner)
}

fn at<'a>(shown: &'a Value, path: &str) -> &'a Value {
    path.split('.')
        .fold(&shown["properties"], |value, name| &value[name])
}

#[test]
fn all_targets_are_here() {
    let bench = Bench::empty();
    let path = format!(
        "/subscriptions/{}/providers/Microsoft.Network/locations/westeurope/availablePrivateEndpointTypes",
        crate::support::SUBSCRIPTION
    );
    let answer = bench.get(&path);
    let vault = answer["value"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["name"] == "Microsoft.KeyVault.vaults")
        .cloned()
        .unwrap_or_default();
    assert_eq!(
        vault,
        json!({
            "name": "Microsoft.KeyVault.vaults",
            "id": format!("/subscriptions/{}/providers/Microsoft.Network/AvailablePrivateEndpointTypes/Microsoft.KeyVault.vaults", crate::support::SUBSCRIPTION),
            "type": "Microsoft.Network/AvailablePrivateEndpointTypes",
            "resourceName": "Microsoft.KeyVault/vaults", "displayName": "Microsoft.KeyVault/vaults",
            "apiVersion": vault["apiVersion"],
        })
    );
    for one in answer["value"].as_array().into_iter().flatten() {
        assert!(one["apiVersion"].is_string(), "{one}");
    }
    let known: Vec<&str> = answer["value"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["resourceName"].as_str())
        .filter(|name| *name != "Microsoft.Network/privateLinkServices")
        .collect();
    let facts: Vec<&str> = FACTS.iter().map(|fact| fact.kind).collect();
    assert_eq!(known.len(), 22);
    for kind in known {
        assert!(facts.contains(&kind), "{kind}");
    }
}

#[test]
fn each_says_whether_it_is_public() {
    for fact in FACTS {
        let bench = Bench::with_network();
        let path = resource(fact.kind);
        bench.ok("PUT", &path, body("", &json!({})));
        bench.pass();
        let shown = bench.get(&path);
        assert_eq!(at(&shown, fact.access).as_str(), fact.shown, "{}", fact.kind);
        for value in ["Disabled", "Enabled", "SecuredByPerimeter", "disabled"] {
            let wanted = fact.secured_by_perimeter || value != "SecuredByPerimeter";
            let (status, answer, _) = bench.send("PUT", &path, body(fact.access, &json!(value)));
            assert_eq!(status < 300, wanted, "{} {value}: {answer}", fact.kind);
            bench.pass();
            if wanted {
                let shown = bench.get(&path);
                let shown = at(&shown, fact.access).as_str().unwrap_or_default();
                assert!(shown.eq_ignore_ascii_case(value), "{} {shown}", fact.kind);
                assert!(shown.starts_with(|first: char| first.is_ascii_uppercase()));
            } else {
                assert_eq!(answer["error"]["code"], "InvalidPropertyValue", "{}", fact.kind);
            }
        }
        for wrong in [
            json!("Open"),
            json!(""),
            json!(true),
            json!({}),
            json!(["Enabled"]),
        ] {
            let (status, answer, _) = bench.send("PUT", &path, body(fact.access, &wrong));
            assert_eq!(status, 400, "{} {wrong}: {answer}", fact.kind);
        }
    }
}

#[test]
fn each_asks_for_a_version_of_tls_or_for_none() {
    for fact in FACTS {
        let Some((path, values)) = fact.tls else {
            continue;
        };
        let bench = Bench::with_network();
        let target = resource(fact.kind);
        for value in values {
            bench.ok("PUT", &target, body(path, &json!(value)));
            bench.pass();
            assert_eq!(at(&bench.get(&target), path), *value, "{}", fact.kind);
        }
        for wrong in ["TLS9", "1.4", "SSL3", ""] {
            assert_eq!(
                bench.refused("PUT", &target, body(path, &json!(wrong))),
                (400, "InvalidPropertyValue".to_owned()),
                "{} {wrong}",
                fact.kind
            );
        }
    }
}

#[test]
fn each_is_approved_and_left_in_its_own_way() {
    for fact in FACTS {
        let bench = Bench::with_network();
        let target = resource(fact.kind);
        bench.ok("PUT", &target, body("", &json!({})));
        bench.pass();
        let offered = bench.get(&format!("{target}/privateLinkResources"));
        let first = &offered["value"][0];
        let group = first["properties"]["groupId"]
            .as_str()
            .or(first["groupId"].as_str())
            .unwrap_or_default();
        let endpoint = network("privateEndpoints/pe");
        bench.ok("PUT", &endpoint, endpoint_on("a", &target, &[group], true));
        bench.pass();
        let listed = bench.get(&format!("{target}/privateEndpointConnections"));
        let connection = listed["value"][0]["id"].as_str().unwrap_or_default().to_owned();
        let wanted = json!({"properties": {"privateLinkServiceConnectionState": {"status": "Approved", "description": "yes"}}});
        let (method, status) = fact.approved;
        let (told, answer, headers) = bench.send(method, &connection, wanted.clone());
        assert_eq!(told, status, "{}: {answer}", fact.kind);
        let runs = fact.states.0 != fact.states.1;
        assert_eq!(
            headers.contains_key("azure-asyncoperation") || headers.contains_key("location"),
            status > 200 || runs,
            "{}",
            fact.kind
        );
        let shown = bench.get(&connection);
        assert_eq!(shown["properties"]["provisioningState"], fact.states.0);
        if runs {
            let (told, _, _) = bench.send(method, &connection, wanted.clone());
            assert_eq!(told, 409, "{}", fact.kind);
        }
        bench.pass();
        let shown = bench.get(&connection);
        assert_eq!(shown["properties"]["provisioningState"], fact.states.1);
        let groups = (&shown["properties"]["groupId"], &shown["properties"]["groupIds"]);
        match fact.group {
            Some("groupId") => assert_eq!(groups, (&json!(group), &Value::Null), "{}", fact.kind),
            Some(_) => assert_eq!(groups, (&Value::Null, &json!([group])), "{}", fact.kind),
            None => assert_eq!(groups, (&Value::Null, &Value::Null), "{}", fact.kind),
        }
        assert_eq!(
            shown["properties"]["ipAddresses"].is_array(),
            fact.kind == "Microsoft.Web/sites"
        );
        let state = |shown: &Value| {
            let list = "manualPrivateLinkServiceConnections";
            shown["properties"][list][0]["properties"]["privateLinkServiceConnectionState"]["status"].clone()
        };
        assert_eq!(state(&bench.get(&endpoint)), "Approved", "{}", fact.kind);
        // The same again changes nothing.
        assert_eq!(bench.send(method, &connection, wanted).0, 200, "{}", fact.kind);
        let (told, _, _) = bench.send("DELETE", &connection, Value::Null);
        assert_eq!(told, fact.deleted, "{}", fact.kind);
        bench.pass();
        assert_eq!(
            bench.send("GET", &connection, Value::Null).0,
            404,
            "{}",
            fact.kind
        );
        assert_eq!(
            bench.send("DELETE", &connection, Value::Null).0,
            204,
            "{}",
            fact.kind
        );
        assert_eq!(state(&bench.get(&endpoint)), "Disconnected", "{}", fact.kind);
    }
}

#[test]
fn a_server_says_whether_it_approves_or_rejects() {
    let bench = Bench::with_network();
    let target = resource("Microsoft.Sql/servers");
    bench.ok("PUT", &target, body("", &json!({})));
    let endpoint = network("privateEndpoints/pe");
    bench.ok("PUT", &endpoint, endpoint_on("a", &target, &["sqlServer"], true));
    bench.pass();
    let listed = bench.get(&format!("{target}/privateEndpointConnections"));
    let connection = listed["value"][0]["id"].as_str().unwrap_or_default().to_owned();
    let state = |status: &str, description: &str| json!({"properties": {"privateLinkServiceConnectionState": {"status": status, "description": description}}});
    assert_eq!(bench.send("PUT", &connection, state("Approved", "")).0, 400);
    for (status, word) in [("Approved", "Approving"), ("Rejected", "Rejecting")] {
        assert_eq!(
            bench.ok("PUT", &connection, state(status, "why"))["properties"]["provisioningState"],
            word
        );
        bench.pass();
        assert_eq!(bench.get(&connection)["properties"]["provisioningState"], "Ready");
    }
    bench.ok("DELETE", &connection, Value::Null);
    assert_eq!(
        bench.get(&connection)["properties"]["provisioningState"],
        "Dropping"
    );
}

#[test]
fn rules_of_networks_have_a_form() {
    let bench = Bench::with_network();
    let subnet = network("virtualNetworks/vnet/subnets/a");
    bench.ok(
        "PUT",
        &subnet,
        json!({"properties": {"addressPrefix": "10.0.0.0/24", "serviceEndpoints": [{"service": "Microsoft.Storage"}]}}),
    );
    bench.pass();
    for (kind, path, good, wrong) in [
        (
            "Microsoft.Storage/storageAccounts",
            "networkAcls",
            json!({"defaultAction": "Deny", "bypass": "AzureServices, Logging", "ipRules": [{"value": "1.2.3.4", "action": "Allow"}],
                "virtualNetworkRules": [{"id": subnet, "action": "Allow"}]}),
            vec![
                json!({}),
                json!({"bypass": "None"}),
                json!({"defaultAction": "Maybe"}),
                json!({"defaultAction": "Deny", "ipRules": [{}]}),
                json!({"defaultAction": "Deny", "ipRules": [{"value": "everybody"}]}),
                json!({"defaultAction": "Deny", "ipRules": "1.2.3.4"}),
                json!({"defaultAction": "Deny", "virtualNetworkRules": [{"action": "Allow"}]}),
                json!([]),
            ],
        ),
        (
            "Microsoft.KeyVault/vaults",
            "networkAcls",
            json!({"bypass": "None", "ipRules": [{"value": "1.2.3.0/24"}]}),
            vec![
                json!({"bypass": "Some"}),
                json!({"ipRules": [{"value": 7}]}),
                json!("x"),
            ],
        ),
        (
            "Microsoft.ContainerRegistry/registries",
            "networkRuleSet",
            json!({"defaultAction": "Deny", "ipRules": [{"action": "Allow", "value": "1.2.3.4"}]}),
            vec![
                json!({"ipRules": []}),
                json!({"defaultAction": "Deny", "ipRules": [{"action": "Allow"}]}),
            ],
        ),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            "ipRules",
            json!([{"ipAddressOrRange": "1.2.3.4"}]),
            vec![json!([{"ipAddressOrRange": "x"}]), json!({}), json!(["1.2.3.4"])],
        ),
        (
            "Microsoft.Batch/batchAccounts",
            "networkProfile.accountAccess",
            json!({"defaultAction": "Deny", "ipRules": [{"action": "Allow", "value": "1.2.3.4"}]}),
            vec![
                json!({}),
                json!({"defaultAction": "Deny", "ipRules": [{"action": "Allow"}]}),
            ],
        ),
    ] {
        let target = resource(kind);
        bench.ok("PUT", &target, body(path, &good));
        bench.pass();
        assert_eq!(
            at(&bench.get(&target), path)["ipRules"],
            good["ipRules"],
            "{kind}"
        );
        for one in wrong {
            let (status, answer, _) = bench.send("PUT", &target, body(path, &one));
            assert_eq!(status, 400, "{kind} {one}: {answer}");
        }
        assert_eq!(
            at(&bench.get(&target), path)["ipRules"],
            good["ipRules"],
            "{kind}"
        );
    }
    // Both have their names in one zone.
    for namespace in [
        "Microsoft.EventHub/namespaces/hubs-a",
        "Microsoft.ServiceBus/namespaces/bus-abc",
    ]
    .map(id)
    {
        let rules = format!("{namespace}/networkRuleSets");
        bench.ok("PUT", &namespace, body("", &json!({})));
        bench.ok(
            "PUT",
            &format!("{rules}/default"),
            json!({"properties": {"defaultAction": "Deny", "publicNetworkAccess": "Disabled"}}),
        );
        assert_eq!(
            bench
                .send("PUT", &format!("{rules}/other"), json!({"properties": {}}))
                .0,
            400
        );
    }
}
