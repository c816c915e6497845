//! The definitions as they are installed: committed, small, bounded and without what the API's rules forbid.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::PathBuf;

use privatelink_api::{
    AllowEntry, ApplicationSecurityGroup, ApplicationSecurityGroupBinding, AzureScope, ConditionType,
    ManagedResource, NetworkSecurityGroup, PrivateDnsRecordSet, PrivateDnsZone, PrivateDnsZoneLink,
    PrivateEndpoint, Reason, RouteTable, SubnetBinding, crds, file_name, names, to_yaml,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The most bytes of a definition's file.
const MOST_BYTES: usize = 60 * 1024;

fn committed(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../crds")
        .join(name)
}

/// The schema of a definition's only version.
fn schema(definition: &impl serde::Serialize) -> Value {
    let definition = serde_json::to_value(definition).unwrap();
    assert_eq!(definition["spec"]["versions"].as_array().unwrap().len(), 1);
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// Calls `visit` with the path and the schema of each node.
fn walk(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{path}.{name}"), property, visit);
    }
    if schema["items"].is_object() {
        walk(&format!("{path}[]"), &schema["items"], visit);
    }
    if schema["additionalProperties"].is_object() {
        walk(&format!("{path}{{}}"), &schema["additionalProperties"], visit);
    }
}

/// What is wrong with one node, by the rules that hold for every kind.
fn faults(path: &str, node: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |what: &str| faults.push(format!("{path}: {what}"));
    match node["type"].as_str() {
        Some("string")
            if node["maxLength"].is_null() && node["enum"].is_null() && node["format"] != "date-time" =>
        {
            fault("a string without maxLength");
        }
        Some("array") => {
            if node["maxItems"].is_null() {
                fault("a list without maxItems");
            }
            if node["x-kubernetes-list-type"].is_null() {
                fault("a list without x-kubernetes-list-type");
            }
            if node["x-kubernetes-list-type"] == "set" && node["items"]["type"] != "string" {
                // The API server takes such a definition, and then refuses server-side apply of its objects.
                fault("a set of other things than texts");
            }
        }
        Some("object") => {
            if !node["additionalProperties"].is_null() && node["maxProperties"].is_null() {
                fault("a map without maxProperties");
            }
            if node["additionalProperties"].is_null() && node["properties"].is_null() && path != ".metadata" {
                fault("an object without a schema");
            }
        }
        Some(_) => {}
        None => fault("no type"),
    }
    if !node["nullable"].is_null() {
        fault("nullable");
    }
    if node["enum"]
        .as_array()
        .is_some_and(|values| values.contains(&Value::Null))
    {
        fault("null among the enum's values");
    }
    if node["format"]
        .as_str()
        .is_some_and(|format| format.starts_with("uint"))
    {
        fault("an unsigned format, which Kubernetes does not know");
    }
    for keyword in ["oneOf", "anyOf", "allOf", "not"] {
        if !node[keyword].is_null() {
            fault(keyword);
        }
    }
    if node["x-kubernetes-preserve-unknown-fields"] == true {
        fault("keeps unknown fields");
    }
    if !node["default"].is_null() && path != ".status" {
        fault("a default");
    }
    let described = path.is_empty() || path.ends_with("[]") || path.ends_with("{}");
    let named_by_kubernetes = [".apiVersion", ".kind", ".metadata", ".spec", ".status"].contains(&path);
    if !described && !named_by_kubernetes && node["description"].as_str().is_none_or(str::is_empty) {
        fault("no description");
    }
    faults
}

#[test]
fn the_committed_definitions_are_those_of_the_types() {
    for definition in crds() {
        let path = committed(&file_name(&definition));
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        let expected = to_yaml(&definition).unwrap();
        assert!(
            found == expected,
            "{} is out of date: run `cargo xtask crds`",
            path.display()
        );
        assert!(
            expected.len() <= MOST_BYTES,
            "{} has {} bytes, more than {MOST_BYTES}",
            path.display(),
            expected.len()
        );
    }
}

#[test]
fn no_committed_definition_is_left_over() {
    let expected: Vec<_> = crds().iter().map(file_name).collect();
    for entry in std::fs::read_dir(committed("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            !name.ends_with(".yaml") || expected.contains(&name),
            "crds/{name} belongs to no kind"
        );
    }
}

#[test]
fn every_node_is_bounded_and_described_and_none_has_what_the_rules_forbid() {
    for definition in crds() {
        let mut found = Vec::new();
        let root = schema(&definition);
        walk("", &root, &mut |path, node| {
            if path != ".apiVersion" && path != ".kind" {
                found.extend(faults(path, node));
            }
        });
        assert!(
            found.is_empty(),
            "{}:\n{}",
            definition.spec.names.kind,
            found.join("\n")
        );
    }
}

#[test]
fn the_walk_finds_each_fault() {
    let bad = json!({"type": "object", "properties": {
        "text": {"type": "string", "description": "x", "nullable": true},
        "list": {"type": "array", "description": "x", "items": {"type": "string", "maxLength": 1}},
        "set": {"type": "array", "description": "x", "maxItems": 1, "x-kubernetes-list-type": "set",
            "items": {"type": "object", "properties": {"a": {"type": "integer", "format": "uint32", "default": 1}}}},
        "map": {"type": "object", "description": "x", "additionalProperties": {"type": "string", "enum": ["a", null]}},
        "loose": {"type": "object", "description": "x", "x-kubernetes-preserve-unknown-fields": true},
        "union": {"description": "x", "anyOf": []},
    }});
    let mut found = Vec::new();
    walk("", &bad, &mut |path, node| found.extend(faults(path, node)));
    found.sort();
    assert_eq!(
        found,
        [
            ".list: a list without maxItems",
            ".list: a list without x-kubernetes-list-type",
            ".loose: an object without a schema",
            ".loose: keeps unknown fields",
            ".map: a map without maxProperties",
            ".map{}: null among the enum's values",
            ".set: a set of other things than texts",
            ".set[].a: a default",
            ".set[].a: an unsigned format, which Kubernetes does not know",
            ".set[].a: no description",
            ".text: a string without maxLength",
            ".text: nullable",
            ".union: anyOf",
            ".union: no type",
        ]
    );
}

#[test]
fn a_fresh_object_is_not_ready_by_default() {
    for definition in crds() {
        let status = &schema(&definition)["properties"]["status"]["default"];
        assert_eq!(status["observedGeneration"], -1);
        let condition = &status["conditions"][0];
        assert_eq!(condition["type"], ConditionType::Ready.as_str());
        assert_eq!(condition["status"], "Unknown");
        assert_eq!(condition["reason"], Reason::Pending.as_str());
        assert_eq!(condition["lastTransitionTime"], "1970-01-01T00:00:00Z");
        let conditions: Vec<privatelink_api::Condition> =
            serde_json::from_value(status["conditions"].clone()).expect("a complete condition");
        assert_eq!(conditions.len(), 1);
    }
}

#[test]
fn group_version_and_names_are_those_of_the_constants() {
    for definition in crds() {
        assert_eq!(definition.spec.group, names::GROUP);
        assert_eq!(definition.spec.versions[0].name, names::VERSION);
        let categories = definition.spec.names.categories.clone().unwrap();
        assert_eq!(categories, [names::CATEGORY_AZURE, names::CATEGORY_PRIVATE_LINK]);
    }
    let endpoint = crds()
        .into_iter()
        .find(|definition| definition.spec.names.kind == PrivateEndpoint::KIND)
        .unwrap();
    assert_eq!(
        endpoint.spec.names.short_names.as_deref(),
        Some(&[PrivateEndpoint::SHORT_NAME.to_owned()][..])
    );
}

#[test]
fn a_full_manifest_survives_the_types_and_no_field_of_the_schema_is_missing_in_them() {
    fn back<K: DeserializeOwned + Serialize>(manifest: &Value) -> Value {
        serde_json::to_value(serde_json::from_value::<K>(manifest.clone()).unwrap()).unwrap()
    }
    type Back = fn(&Value) -> Value;
    let kinds: [(&str, &str, Back); 10] = [
        ("PrivateEndpoint", FULL_ENDPOINT, back::<PrivateEndpoint>),
        ("AzureScope", FULL_SCOPE, back::<AzureScope>),
        ("PrivateDnsZone", FULL_ZONE, back::<PrivateDnsZone>),
        ("PrivateDnsZoneLink", FULL_LINK, back::<PrivateDnsZoneLink>),
        (
            "PrivateDnsRecordSet",
            FULL_RECORD_SET,
            back::<PrivateDnsRecordSet>,
        ),
        (
            "NetworkSecurityGroup",
            FULL_SECURITY_GROUP,
            back::<NetworkSecurityGroup>,
        ),
        (
            "ApplicationSecurityGroup",
            FULL_APPLICATION_GROUP,
            back::<ApplicationSecurityGroup>,
        ),
        ("RouteTable", FULL_ROUTE_TABLE, back::<RouteTable>),
        ("SubnetBinding", FULL_SUBNET_BINDING, back::<SubnetBinding>),
        (
            "ApplicationSecurityGroupBinding",
            FULL_APPLICATION_GROUP_BINDING,
            back::<ApplicationSecurityGroupBinding>,
        ),
    ];
    for (kind, manifest, back) in kinds {
        let manifest: Value = serde_saphyr::from_str(manifest).unwrap();
        assert_eq!(back(&manifest), manifest);
        let definition = crds()
            .into_iter()
            .find(|definition| definition.spec.names.kind == kind)
            .unwrap();
        let mut absent = Vec::new();
        let root = schema(&definition);
        for part in ["spec", "status"] {
            for name in root["properties"][part]["properties"].as_object().unwrap().keys() {
                if manifest[part][name].is_null() {
                    absent.push(format!("{part}.{name}"));
                }
            }
        }
        // A selector excludes the list of namespaces.
        absent.retain(|field| field != "spec.namespaceSelector");
        assert!(
            absent.is_empty(),
            "{kind}: the manifest of this test lacks {absent:?}"
        );
    }
}

#[test]
fn the_cluster_role_has_every_kind() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/cluster-role.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let role: Value = serde_saphyr::from_str(text.split("\n---\n").next().unwrap()).unwrap();
    for definition in crds() {
        let plural = &definition.spec.names.plural;
        for (group, field, wanted) in [
            (names::GROUP, "resources", plural.clone()),
            (names::GROUP, "resources", format!("{plural}/status")),
            (
                "apiextensions.k8s.io",
                "resourceNames",
                format!("{plural}.{}", names::GROUP),
            ),
        ] {
            // A scope has nothing in Azure: whether its definition stays is asked by nobody.
            if field == "resourceNames" && definition.spec.names.kind == "AzureScope" {
                continue;
            }
            let granted = role["rules"].as_array().unwrap().iter().any(|rule| {
                rule["apiGroups"] == json!([group])
                    && rule[field]
                        .as_array()
                        .is_some_and(|all| all.contains(&json!(wanted)))
            });
            assert!(granted, "deploy/cluster-role.yaml lacks {wanted}");
        }
    }
}

#[test]
fn an_entry_of_allow_reads_the_same_whether_yaml_took_on_for_true_or_not() {
    let entry = |name: &str| -> AllowEntry {
        serde_json::from_value(json!({name: "/subscriptions/s", "verbs": ["Use"]})).unwrap()
    };
    assert_eq!(entry("true"), entry("on"));
    assert_eq!(
        serde_json::to_value(entry("true")).unwrap(),
        json!({"on": "/subscriptions/s", "verbs": ["Use"]})
    );
    let scope = crds()
        .into_iter()
        .find(|definition| definition.spec.names.kind == "AzureScope")
        .unwrap();
    let allow = &schema(&scope)["properties"]["spec"]["properties"]["allow"];
    // With two names for one field there is no key for a map, and server-side apply refuses entries that lack the key.
    assert_eq!(allow["x-kubernetes-list-type"], "atomic");
    assert_eq!(allow["items"]["required"], json!(["verbs"]));
    let without_description = |name: &str| {
        let mut field = allow["items"]["properties"][name].clone();
        field.as_object_mut().unwrap().remove("description").unwrap();
        field
    };
    assert_eq!(without_description("true"), without_description("on"));
    // Unquoted, the definition's own YAML would be read as it is meant to prevent.
    assert!(
        to_yaml(&scope)
            .unwrap()
            .contains("\n                    \"true\":\n")
    );
}

const FULL_ENDPOINT: &str = r#"
apiVersion: privatelink.dev/v1alpha1
kind: PrivateEndpoint
metadata: {name: orders-blob, namespace: orders}
spec:
  scopeName: orders
  azureName: orders-blob
  resourceGroup: rg-orders
  location: westeurope
  tags: {team: orders}
  managementPolicy: Manage
  deletionPolicy: Retain
  adoptionPolicy: Adopt
  adoptFrom: old-cluster
  onContest: Yield
  subnet: {id: /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n}
  target:
    id: /subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a
    groupId: blob
    approval: Manual
    requestMessage: orders team
  ipAddresses: [{memberName: blob, address: 10.1.0.10}]
  networkInterfaceName: orders-blob-nic
  applicationSecurityGroups: [{name: orders, namespace: network}, {alias: orders}]
  recovery: IfTargetRecreated
  dns: {mode: Managed, zones: [{alias: dns}], resolvedFrom: [{alias: hub}], verify: Record}
status:
  observedGeneration: 3
  conditions:
    - {type: Ready, status: "True", reason: Succeeded, message: fine, observedGeneration: 3, lastTransitionTime: "2026-01-02T03:04:05Z"}
  lastHandledReconcileAt: now
  resourceId: /subscriptions/s/resourceGroups/rg-orders/providers/Microsoft.Network/privateEndpoints/orders-blob
  effective: {location: westeurope}
  applied: {endpoint: {tags: [team]}}
  operations: [{node: endpoint, url: "https://management.azure.com/x", startedAt: "2026-01-02T03:04:05Z", kind: Update, supersedes: W/"1"}]
  differences: [{path: tags.team, wanted: '"orders"', found: "null"}]
  previous: [{path: properties.routeTable, value: '{"id":"/subscriptions/s"}', put: ['{"id":"/subscriptions/t"}']}]
  connection: {status: Approved, description: Auto-Approved, actionsRequired: None}
  networkInterfaceId: /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/n
  ipConfigurations: [{memberName: blob, ipAddress: 10.1.0.10, fqdns: [a.blob.core.windows.net]}]
  dnsRecords: [{fqdn: a.privatelink.blob.core.windows.net, zone: /subscriptions/s, ipAddresses: [10.1.0.10]}]
  targetIdentity: "2026-01-02T03:04:05Z"
  applicationSecurityGroups: [/subscriptions/s]
  access: {summary: "snet-web by allow-https", count: 1}
"#;

const FULL_ZONE: &str = r#"
apiVersion: privatelink.dev/v1alpha1
kind: PrivateDnsZone
metadata: {name: one, namespace: orders}
spec:
  scopeName: orders
  managementPolicy: Manage
  deletionPolicy: Retain
  adoptionPolicy: Adopt
  adoptFrom: old-cluster
  onContest: Yield
  zoneName: z.internal
  resourceGroup: rg-dns
  tags: {team: orders}
  allowedNamespaces: {names: [payments]}
status:
  observedGeneration: 3
  conditions:
    - {type: Ready, status: "True", reason: Succeeded, message: fine, observedGeneration: 3, lastTransitionTime: "2026-01-02T03:04:05Z"}
  lastHandledReconcileAt: now
  resourceId: /subscriptions/s/resourceGroups/rg-dns/providers/Microsoft.Network/privateDnsZones/z.internal
  effective: {scope: orders}
  applied: {zone: {tags: [team]}}
  operations: [{node: zone, url: "https://management.azure.com/x", startedAt: "2026-01-02T03:04:05Z", kind: Update, supersedes: "1"}]
  differences: [{path: tags.team, wanted: '"orders"', found: "null"}]
  previous: [{path: properties.routeTable, value: '{"id":"/subscriptions/s"}', put: ['{"id":"/subscriptions/t"}']}]
  numberOfRecordSets: 2500
  numberOfLinks: 100
  foreignLinks: [{name: theirs, virtualNetwork: /subscriptions/s}]
"#;

const FULL_LINK: &str = r#"
apiVersion: privatelink.dev/v1alpha1
kind: PrivateDnsZoneLink
metadata: {name: one, namespace: orders}
spec:
  scopeName: orders
  managementPolicy: Manage
  deletionPolicy: Retain
  adoptionPolicy: Adopt
  adoptFrom: old-cluster
  onContest: Yield
  azureName: hub
  zone: {name: z.internal, namespace: dns}
  virtualNetwork: {alias: hub}
  registrationEnabled: true
  resolutionPolicy: NxDomainRedirect
  tags: {team: orders}
status:
  observedGeneration: 3
  conditions:
    - {type: Ready, status: "True", reason: Succeeded, message: fine, observedGeneration: 3, lastTransitionTime: "2026-01-02T03:04:05Z"}
  lastHandledReconcileAt: now
  resourceId: /subscriptions/s/resourceGroups/rg-dns/providers/Microsoft.Network/privateDnsZones/z.internal
  effective: {scope: orders}
  applied: {zone: {tags: [team]}}
  operations: [{node: zone, url: "https://management.azure.com/x", startedAt: "2026-01-02T03:04:05Z", kind: Update, supersedes: "1"}]
  differences: [{path: tags.team, wanted: '"orders"', found: "null"}]
  previous: [{path: properties.routeTable, value: '{"id":"/subscriptions/s"}', put: ['{"id":"/subscriptions/t"}']}]
  state: Completed
"#;

const FULL_RECORD_SET: &str = r#"
apiVersion: privatelink.dev/v1alpha1
kind: PrivateDnsRecordSet
metadata: {name: one, namespace: orders}
spec:
  scopeName: orders
  managementPolicy: Manage
  deletionPolicy: Retain
  adoptionPolicy: Adopt
  adoptFrom: old-cluster
  onContest: Yield
  zone: {alias: dns}
  recordName: www
  ttl: 60
  a: [10.1.0.10]
  aaaa: ["fd00::1"]
  cname: other.example
  mx: [{preference: 10, exchange: mail.example}]
  ptr: [host.example]
  srv: [{priority: 1, weight: 2, port: 443, target: host.example}]
  txt: [hello]
  fromPrivateEndpoint: {name: orders-blob, memberName: blob}
status:
  observedGeneration: 3
  conditions:
    - {type: Ready, status: "True", reason: Succeeded, message: fine, observedGeneration: 3, lastTransitionTime: "2026-01-02T03:04:05Z"}
  lastHandledReconcileAt: now
  resourceId: /subscriptions/s/resourceGroups/rg-dns/providers/Microsoft.Network/privateDnsZones/z.internal
  effective: {scope: orders}
  applied: {zone: {tags: [team]}}
  operations: [{node: zone, url: "https://management.azure.com/x", startedAt: "2026-01-02T03:04:05Z", kind: Update, supersedes: "1"}]
  differences: [{path: tags.team, wanted: '"orders"', found: "null"}]
  previous: [{path: properties.routeTable, value: '{"id":"/subscriptions/s"}', put: ['{"id":"/subscriptions/t"}']}]
"#;

const FULL_SCOPE: &str = r#"
apiVersion: privatelink.dev/v1alpha1
kind: AzureScope
metadata: {name: orders}
spec:
  controllerName: privatelink.dev/controller
  namespaces: [orders]
  identity:
    type: WorkloadIdentity
    clientId: 6f1c0000-0000-0000-0000-000000000001
    tenantId: 6f1c0000-0000-0000-0000-000000000002
    serviceAccount: {namespace: platform, name: orders-azure}
  defaults:
    subscriptionId: 6f1c0000-0000-0000-0000-000000000000
    resourceGroup: rg-orders
    dnsResourceGroup: /subscriptions/s/resourceGroups/rg-dns
    tags: {team: orders}
    deletionPolicy: Retain
    dns: {resolverNetworks: [{alias: hub}], lookupServers: [10.0.0.4]}
  aliases: {hub: /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/hub}
  allow:
    - {on: /subscriptions/s/resourceGroups/rg-dns, verbs: [Join, Link, WriteRecords], recordNames: ["orders-*"]}
  zoneNames: ["privatelink.*"]
  serviceAliases: [orders.6f1c.westeurope.azure.privatelinkservice]
status:
  observedGeneration: 1
  conditions:
    - {type: Ready, status: "True", reason: Succeeded, message: fine, observedGeneration: 1, lastTransitionTime: "2026-01-02T03:04:05Z"}
  lastHandledReconcileAt: now
  namespaces: [orders]
  objects: 4
  subscriptions: [{id: s, reachable: true, networkRegistered: true, missingActions: [a/b/read]}]
"#;

const FULL_SECURITY_GROUP: &str = r#"
apiVersion: privatelink.dev/v1alpha1
kind: NetworkSecurityGroup
metadata: {name: one, namespace: orders}
spec:
  scopeName: orders
  managementPolicy: Manage
  deletionPolicy: Retain
  adoptionPolicy: Adopt
  adoptFrom: old-cluster
  onContest: Yield
  azureName: one
  resourceGroup: rg-network
  location: westeurope
  tags: {team: orders}
  rules:
    - name: allow-https
      direction: Inbound
      priority: 100
      protocol: Tcp
      access: Allow
      source: {prefixes: [10.0.0.0/8]}
      destination: {applicationSecurityGroups: [{name: web}]}
      sourcePorts: ["*"]
      ports: ["443"]
      description: clients
  unmanagedRules: Keep
  allowedNamespaces: {names: [payments]}
status:
  observedGeneration: 3
  conditions:
    - {type: Ready, status: "True", reason: Succeeded, message: fine, observedGeneration: 3, lastTransitionTime: "2026-01-02T03:04:05Z"}
  lastHandledReconcileAt: now
  resourceId: /subscriptions/s/resourceGroups/rg-network/providers/Microsoft.Network/networkSecurityGroups/one
  effective: {scope: orders}
  applied: {group: {tags: [team]}}
  operations: [{node: group, url: "https://management.azure.com/x", startedAt: "2026-01-02T03:04:05Z", kind: Update, supersedes: "1"}]
  differences: [{path: tags.team, wanted: '"orders"', found: "null"}]
  previous: [{path: properties.routeTable, value: '{"id":"/subscriptions/s"}', put: ['{"id":"/subscriptions/t"}']}]
  rules: 1
  subnets: [/subscriptions/s]
  networkInterfaces: [/subscriptions/s]
"#;

const FULL_APPLICATION_GROUP: &str = r#"
apiVersion: privatelink.dev/v1alpha1
kind: ApplicationSecurityGroup
metadata: {name: one, namespace: orders}
spec:
  scopeName: orders
  managementPolicy: Manage
  deletionPolicy: Retain
  adoptionPolicy: Adopt
  adoptFrom: old-cluster
  onContest: Yield
  azureName: one
  resourceGroup: rg-network
  location: westeurope
  tags: {team: orders}
  allowedNamespaces: {names: [payments]}
status:
  observedGeneration: 3
  conditions:
    - {type: Ready, status: "True", reason: Succeeded, message: fine, observedGeneration: 3, lastTransitionTime: "2026-01-02T03:04:05Z"}
  lastHandledReconcileAt: now
  resourceId: /subscriptions/s/resourceGroups/rg-network/providers/Microsoft.Network/applicationSecurityGroups/one
  effective: {scope: orders}
  applied: {group: {tags: [team]}}
  operations: [{node: group, url: "https://management.azure.com/x", startedAt: "2026-01-02T03:04:05Z", kind: Update, supersedes: "1"}]
  differences: [{path: tags.team, wanted: '"orders"', found: "null"}]
  previous: [{path: properties.routeTable, value: '{"id":"/subscriptions/s"}', put: ['{"id":"/subscriptions/t"}']}]
  members: 1
  privateEndpoints: [orders/orders-blob]
"#;

const FULL_ROUTE_TABLE: &str = r#"
apiVersion: privatelink.dev/v1alpha1
kind: RouteTable
metadata: {name: one, namespace: orders}
spec:
  scopeName: orders
  managementPolicy: Manage
  deletionPolicy: Retain
  adoptionPolicy: Adopt
  adoptFrom: old-cluster
  onContest: Yield
  azureName: one
  resourceGroup: rg-network
  location: westeurope
  tags: {team: orders}
  routes: [{name: all, addressPrefix: 0.0.0.0/0, nextHopType: VirtualAppliance, nextHopIpAddress: 10.0.0.4}]
  disableBgpRoutePropagation: true
  allowedNamespaces: {names: [payments]}
status:
  observedGeneration: 3
  conditions:
    - {type: Ready, status: "True", reason: Succeeded, message: fine, observedGeneration: 3, lastTransitionTime: "2026-01-02T03:04:05Z"}
  lastHandledReconcileAt: now
  resourceId: /subscriptions/s/resourceGroups/rg-network/providers/Microsoft.Network/routeTables/one
  effective: {scope: orders}
  applied: {group: {tags: [team]}}
  operations: [{node: group, url: "https://management.azure.com/x", startedAt: "2026-01-02T03:04:05Z", kind: Update, supersedes: "1"}]
  differences: [{path: tags.team, wanted: '"orders"', found: "null"}]
  previous: [{path: properties.routeTable, value: '{"id":"/subscriptions/s"}', put: ['{"id":"/subscriptions/t"}']}]
  routes: 1
  subnets: [/subscriptions/s]
"#;

const FULL_SUBNET_BINDING: &str = r#"
apiVersion: privatelink.dev/v1alpha1
kind: SubnetBinding
metadata: {name: one, namespace: orders}
spec:
  scopeName: orders
  managementPolicy: Manage
  deletionPolicy: Retain
  adoptionPolicy: Refuse
  adoptFrom: old-cluster
  onContest: Yield
  subnet: {alias: endpoints}
  networkSecurityGroup: {name: guard, namespace: network}
  routeTable: {name: firewall}
  privateEndpointNetworkPolicies: Enabled
  privateLinkServiceNetworkPolicies: Disabled
  serviceEndpoints: [Microsoft.Storage.Global]
status:
  observedGeneration: 3
  conditions:
    - {type: Ready, status: "True", reason: Succeeded, message: fine, observedGeneration: 3, lastTransitionTime: "2026-01-02T03:04:05Z"}
  lastHandledReconcileAt: now
  resourceId: /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n
  effective: {subnetName: snet-endpoints}
  applied: {subnet: {serviceEndpoints: [Microsoft.Storage.Global]}}
  operations: [{node: subnet, url: "https://management.azure.com/x", startedAt: "2026-01-02T03:04:05Z", kind: Update, supersedes: "1"}]
  differences: [{path: properties.routeTable.id, wanted: '"/subscriptions/s"', found: "null"}]
  previous: [{path: properties.routeTable, value: '{"id":"/subscriptions/s"}', put: ['{"id":"/subscriptions/t"}']}]
  addressPrefixes: [10.1.0.0/24]
  networkSecurityGroupId: /subscriptions/s
  routeTableId: /subscriptions/s
  left: ["networkSecurityGroup: the former one is gone"]
"#;

const FULL_APPLICATION_GROUP_BINDING: &str = r#"
apiVersion: privatelink.dev/v1alpha1
kind: ApplicationSecurityGroupBinding
metadata: {name: one, namespace: orders}
spec:
  scopeName: orders
  managementPolicy: Manage
  deletionPolicy: Retain
  adoptionPolicy: Refuse
  adoptFrom: old-cluster
  onContest: Yield
  applicationSecurityGroups: [{name: web, namespace: network}, {alias: orders}]
  privateEndpointSelector:
    matchLabels: {team: orders}
    matchExpressions: [{key: tier, operator: In, values: [web]}]
status:
  observedGeneration: 3
  conditions:
    - {type: Ready, status: "True", reason: Succeeded, message: fine, observedGeneration: 3, lastTransitionTime: "2026-01-02T03:04:05Z"}
  lastHandledReconcileAt: now
  resourceId: /subscriptions/s
  effective: {scope: orders}
  applied: {group: {members: [orders-blob]}}
  operations: [{node: group, url: "https://management.azure.com/x", startedAt: "2026-01-02T03:04:05Z", kind: Update, supersedes: "1"}]
  differences: [{path: tags.team, wanted: '"orders"', found: "null"}]
  previous: [{path: properties.routeTable, value: '{"id":"/subscriptions/s"}', put: ['{"id":"/subscriptions/t"}']}]
  selected: 2
  joined: 1
  privateEndpoints: [orders-blob]
"#;
