//! Scopes and objects at random: who may what, and what is asked for; with every field of status that somebody could forge.

use fastrand::Rng;
use privatelink_testkit::scenario::{
    APPLICATION_GROUPS, ENDPOINTS, GROUP_BINDINGS, LINKS, RECORD_SETS, ROUTE_TABLES, SECURITY_GROUPS,
    SUBNET_BINDINGS, ZONES,
};
use serde_json::{Value, json};

use crate::words::{self, OWN, What, chance, one};

/// The namespace whose objects ask.
pub const NAMESPACE: &str = "orders";
/// Namespaces of others, whose objects are paused: whatever is called is called for [`NAMESPACE`].
pub const OTHERS: [&str; 2] = ["platform", "hub"];
/// In the Azure name of every object of others.
pub const MARK: &str = "of-others-";
const VERBS: [&str; 10] = [
    "Manage",
    "Use",
    "Join",
    "Bind",
    "Connect",
    "AutoApprove",
    "Approve",
    "Link",
    "LinkZones",
    "WriteRecords",
];

/// A kind of object.
#[derive(Clone, Copy, Debug)]
pub struct Sort {
    pub kind: &'static str,
    pub plural: &'static str,
    pub short: &'static str,
    /// The main node's name in status.
    pub node: &'static str,
    /// The segment of its type in paths, in lower case.
    pub segment: &'static str,
    pub what: What,
}

const fn sort(
    kind: &'static str,
    plural: &'static str,
    short: &'static str,
    node: &'static str,
    segment: &'static str,
    what: What,
) -> Sort {
    Sort {
        kind,
        plural,
        short,
        node,
        segment,
        what,
    }
}

pub const SORTS: [Sort; 9] = [
    sort(
        "PrivateEndpoint",
        ENDPOINTS,
        "pe",
        "endpoint",
        "privateendpoints",
        What::Endpoint,
    ),
    sort(
        "PrivateDnsZone",
        ZONES,
        "pdz",
        "zone",
        "privatednszones",
        What::Zone,
    ),
    sort(
        "PrivateDnsZoneLink",
        LINKS,
        "pdl",
        "link",
        "virtualnetworklinks",
        What::Link,
    ),
    sort(
        "PrivateDnsRecordSet",
        RECORD_SETS,
        "pdr",
        "recordSet",
        "a",
        What::Record,
    ),
    sort(
        "NetworkSecurityGroup",
        SECURITY_GROUPS,
        "nsg",
        "group",
        "networksecuritygroups",
        What::SecurityGroup,
    ),
    sort(
        "ApplicationSecurityGroup",
        APPLICATION_GROUPS,
        "asg",
        "group",
        "applicationsecuritygroups",
        What::ApplicationGroup,
    ),
    sort(
        "RouteTable",
        ROUTE_TABLES,
        "rt",
        "table",
        "routetables",
        What::RouteTable,
    ),
    sort(
        "SubnetBinding",
        SUBNET_BINDINGS,
        "snb",
        "subnet",
        "subnets",
        What::Subnet,
    ),
    sort(
        "ApplicationSecurityGroupBinding",
        GROUP_BINDINGS,
        "asgb",
        "none",
        "none",
        What::Zone,
    ),
];

/// An object, and the status that somebody forged for it.
#[derive(Clone, Debug)]
pub struct Object {
    pub sort: Sort,
    pub name: String,
    pub manifest: Value,
    pub status: Option<Value>,
}

pub fn some<'a>(random: &mut Rng, of: &[&'a str], percent: u32) -> Vec<&'a str> {
    of.iter().filter(|_| chance(random, percent)).copied().collect()
}

/// A scope. `matches` is what it says of namespaces.
pub fn scope(random: &mut Rng, name: &str, matches: Value) -> Value {
    let mut allow = Vec::new();
    if chance(random, 75) {
        let mut verbs = some(random, &VERBS, 88);
        verbs.push("ClosePublicAccess");
        let on = format!("/subscriptions/{OWN}/resourceGroups/rg-a");
        allow.push(json!({"on": on, "verbs": verbs, "recordNames": some(random, &["orders-*", "*", "@", "*.orders"], 50)}));
    }
    for _ in 0..random.usize(..6) {
        let mut verbs = some(random, &VERBS, 35);
        if verbs.is_empty() {
            verbs.push(one(random, &VERBS));
        }
        let names = if verbs.contains(&"WriteRecords") {
            some(random, &["orders-*", "*", "@", "*", "ORDERS"], 40)
        } else {
            Vec::new()
        };
        let names: std::collections::BTreeSet<&str> = names.into_iter().collect();
        allow.push(json!({"on": words::on(random), "verbs": verbs, "recordNames": names}));
    }
    let mut defaults = json!({"subscriptionId": OWN, "resourceGroup": "rg-a"});
    if chance(random, 15) {
        defaults["resourceGroup"] = json!(words::group(random));
    }
    if chance(random, 30) {
        defaults["dnsResourceGroup"] = json!(words::group(random));
    }
    if chance(random, 20) {
        defaults["dns"] = json!({"resolverNetworks": [{"id": words::id(random, What::Network)}]});
    }
    let mut spec = json!({
        "defaults": defaults,
        "allow": allow,
        "aliases": {
            "subnet": words::id(random, What::Subnet), "network": words::id(random, What::Network), "zone": words::id(random, What::Zone),
            "target": words::id(random, What::Target), "elsewhere": words::any(random),
        },
        "zoneNames": some(random, &["privatelink.*", "*.internal", "orders?internal", "internal"], 65),
        "serviceAliases": some(random, words::ALIASES.get(..1).unwrap_or_default(), 60),
    });
    if let (Some(spec), Some(matches)) = (spec.as_object_mut(), matches.as_object()) {
        spec.extend(matches.clone());
    }
    json!({"apiVersion": "privatelink.dev/v1alpha1", "kind": "AzureScope", "metadata": {"name": name}, "spec": spec})
}

/// The Azure name of an object of others.
pub fn name_of_others(sort: &Sort, namespace: &str, number: usize) -> String {
    format!("{MARK}{}-{namespace}-{number}", sort.short)
}

/// Objects of other namespaces, some of which admit us. They are paused, and say that all is well with them.
pub fn objects_of_others(random: &mut Rng) -> Vec<Object> {
    let mut all = Vec::new();
    for namespace in OTHERS {
        for sort in SORTS
            .iter()
            .filter(|sort| ["pdz", "nsg", "asg", "rt"].contains(&sort.short))
        {
            for number in 0..3 {
                let azure_name = name_of_others(sort, namespace, number);
                let mut spec = json!({});
                match random.u32(..4) {
                    0 => spec["allowedNamespaces"] = json!({"names": [NAMESPACE]}),
                    1 => spec["allowedNamespaces"] = json!({"names": ["order", "orders-2", "hub"]}),
                    2 => {
                        spec["allowedNamespaces"] =
                            json!({"selector": {"matchLabels": {"team": one(random, &["orders", "others"])}}})
                    }
                    _ => {}
                }
                let kind = match sort.what {
                    What::Zone => "privateDnsZones",
                    What::SecurityGroup => "networkSecurityGroups",
                    What::RouteTable => "routeTables",
                    _ => "applicationSecurityGroups",
                };
                let id = format!(
                    "/subscriptions/{OWN}/resourceGroups/rg-a/providers/Microsoft.Network/{kind}/{azure_name}"
                );
                let conditions = json!([{"type": "Programmed", "status": "True", "reason": "Succeeded", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1}]);
                let name = format!("shared-{number}");
                all.push(Object {
                    sort: *sort,
                    manifest: json!({"apiVersion": "privatelink.dev/v1alpha1", "kind": sort.kind, "metadata": {"name": name, "namespace": namespace, "annotations": {"privatelink.dev/paused": "true"}}, "spec": spec}),
                    name,
                    status: Some(json!({"observedGeneration": 1, "resourceId": id, "conditions": conditions})),
                });
            }
        }
    }
    all
}

/// A reference to a resource or an object.
fn reference(random: &mut Rng, what: What, short: Option<&str>, aliases: &[&str]) -> Value {
    match (random.u32(..100), short) {
        (0..=14, Some(short)) => json!({"name": format!("{short}-{}", random.u32(..12))}),
        (15..=34, Some(_)) => {
            json!({"name": format!("shared-{}", random.u32(..3)), "namespace": one(random, &OTHERS)})
        }
        (35..=49, _) => json!({"alias": one(random, aliases)}),
        _ => json!({"id": words::id(random, what)}),
    }
}

fn zone(random: &mut Rng) -> Value {
    reference(
        random,
        What::Zone,
        Some("pdz"),
        &["zone", "zone", "elsewhere", "none"],
    )
}

fn application_group(random: &mut Rng) -> Value {
    reference(random, What::ApplicationGroup, Some("asg"), &["elsewhere"])
}

/// An object of the asking namespace.
pub fn object(random: &mut Rng, number: usize, sort: Sort, scopes: &[&str]) -> Object {
    let name = format!("{}-{number}", sort.short);
    let mut spec = spec_of(random, &sort);
    if chance(random, if scopes.len() > 1 { 70 } else { 10 }) {
        spec["scopeName"] = json!(one(random, scopes));
    }
    if chance(random, 12) {
        spec["managementPolicy"] = json!("ObserveOnly");
    }
    let placed = matches!(sort.short, "pe" | "nsg" | "asg" | "rt");
    if placed && chance(random, 25) {
        spec["resourceGroup"] = json!(match random.u32(..6) {
            0 => one(
                random,
                &["rg-a", "rg-ab", "rg-b", "rg-a/../rg-b", "..", "rg-a%2F"]
            )
            .to_owned(),
            _ => words::group(random),
        });
    }
    if placed && chance(random, 10) {
        spec["azureName"] = json!(one(
            random,
            &[
                "pe-1",
                "../x",
                "x/../../y",
                "a%2Fb",
                "nsg",
                "asg",
                "rt",
                "x/privateDnsZoneGroups/y",
                "..",
                "n\u{e4}me"
            ]
        ));
    }
    if placed && chance(random, 30) {
        spec["location"] = json!("westeurope");
    }
    if sort.kind != "ApplicationSecurityGroupBinding" && chance(random, 10) {
        spec["adoptionPolicy"] = json!("Adopt");
    }
    if chance(random, 15) {
        spec["deletionPolicy"] = json!("Retain");
    }
    let mut metadata =
        json!({"name": name, "namespace": NAMESPACE, "labels": {"tier": one(random, &["front", "back"])}});
    if chance(random, 30) {
        metadata["finalizers"] = json!(["privatelink.dev/finalizer"]);
    }
    let status = chance(random, 55).then(|| crate::forged::forged(random, &sort));
    Object {
        sort,
        manifest: json!({"apiVersion": "privatelink.dev/v1alpha1", "kind": sort.kind, "metadata": metadata, "spec": spec}),
        name,
        status,
    }
}

fn spec_of(random: &mut Rng, sort: &Sort) -> Value {
    match sort.short {
        "pe" => {
            let target = match random.u32(..10) {
                0..=5 => json!({"id": words::id(random, What::Target), "groupId": "blob"}),
                6 => json!({"alias": one(random, &["target", "elsewhere"]), "groupId": "blob"}),
                _ => json!({"serviceAlias": one(random, &words::ALIASES)}),
            };
            let mut spec = json!({
                "subnet": reference(random, What::Subnet, None, &["subnet", "subnet", "elsewhere"]),
                "target": target,
                "recovery": one(random, &["Never", "IfTargetRecreated"]),
            });
            if chance(random, 30) {
                spec["target"]["approval"] = json!(one(random, &["Manual", "Automatic"]));
            }
            if chance(random, 40) {
                spec["applicationSecurityGroups"] = json!([application_group(random)]);
            }
            if chance(random, 60) {
                let mut dns =
                    json!({"mode": one(random, &["Managed", "Managed", "Adopt", "External", "None"])});
                if chance(random, 60) {
                    dns["zones"] = json!([zone(random)]);
                }
                if chance(random, 40) {
                    dns["resolvedFrom"] =
                        json!([reference(random, What::Network, None, &["network", "elsewhere"])]);
                }
                spec["dns"] = dns;
            }
            spec
        }
        "pdz" => {
            let mut spec = json!({"zoneName": one(random, &words::ZONES)});
            if chance(random, 50) {
                spec["resourceGroup"] = json!(words::group(random));
            }
            spec
        }
        "pdl" => json!({
            "zone": zone(random),
            "virtualNetwork": reference(random, What::Network, None, &["network", "elsewhere"]),
            "registrationEnabled": chance(random, 30),
        }),
        "pdr" => {
            let mut spec = json!({"zone": zone(random), "recordName": one(random, &words::RECORDS)});
            match random.u32(..4) {
                0 => spec["txt"] = json!(["text"]),
                1 => spec["cname"] = json!("elsewhere.example"),
                2 => spec["fromPrivateEndpoint"] = json!({"name": format!("pe-{}", random.u32(..12))}),
                _ => spec["a"] = json!(["10.1.0.4"]),
            }
            spec
        }
        "nsg" => {
            let mut rule = json!({"name": "one", "direction": "Inbound", "priority": 100, "access": "Allow"});
            if chance(random, 50) {
                rule["source"] = json!({"applicationSecurityGroups": [application_group(random)]});
            }
            json!({"rules": [rule], "unmanagedRules": one(random, &["Keep", "Delete"])})
        }
        "rt" => json!({"routes": [{"name": "out", "addressPrefix": "10.9.0.0/16", "nextHopType": "None"}]}),
        "snb" => {
            let mut spec = json!({"subnet": reference(random, What::Subnet, None, &["subnet", "elsewhere"])});
            if chance(random, 60) {
                spec["networkSecurityGroup"] =
                    reference(random, What::SecurityGroup, Some("nsg"), &["elsewhere"]);
            }
            if chance(random, 40) {
                spec["routeTable"] = reference(random, What::RouteTable, Some("rt"), &["elsewhere"]);
            }
            if chance(random, 40) {
                spec["privateEndpointNetworkPolicies"] =
                    json!(one(random, &["Disabled", "NetworkSecurityGroupEnabled"]));
            }
            spec
        }
        "asgb" => json!({
            "applicationSecurityGroups": [application_group(random)],
            "privateEndpointSelector": {"matchLabels": {"tier": "front"}},
        }),
        _ => json!({}),
    }
}
