//! A route table: where a subnet's traffic goes next.

#![expect(
    clippy::duplicated_attributes,
    reason = "each printer column repeats the attribute and its keys"
)]

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::managed::{
    ManagedResource, ManagedSpec, ManagedStatus, Placement, managed_rules, placement_rules,
};
use crate::reference::AllowedNamespaces;
use crate::rule::{rule, rule_at};

/// What the table should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "privatelink.dev",
    version = "v1alpha1",
    kind = "RouteTable",
    plural = "routetables",
    singular = "routetable",
    shortname = "rt",
    category = "azure",
    category = "privatelink",
    namespaced,
    status = "RouteTableStatus",
    derive = "PartialEq",
    doc = "A route table in Azure: where the traffic of the subnets that use it goes next.",
    printcolumn(
        name = "READY",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "REASON",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason"
    ),
    printcolumn(name = "ROUTES", type_ = "integer", json_path = ".status.routes"),
    printcolumn(
        name = "EFFECTIVE",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"RoutesEffective\")].status"
    ),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "MESSAGE",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1
    ),
    printcolumn(name = "ID", type_ = "string", json_path = ".status.resourceId", priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = spec_rules()))]
pub struct RouteTableSpec {
    #[serde(flatten)]
    pub managed: ManagedSpec,
    #[serde(flatten)]
    pub placement: Placement,
    /// The routes, by name. Others in the table are removed. Default: none. Azure: properties.routes[].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 400), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub routes: Vec<Route>,
    /// Whether routes that gateways learn by BGP stay out of the subnets. Default: false. Azure:
    /// properties.disableBgpRoutePropagation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_bgp_route_propagation: Option<bool>,
    /// The namespaces whose objects may refer to this one by name. Default: its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
}

/// One route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = route_rules()))]
pub struct Route {
    /// The route's name. Azure: properties.routes[].name.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// Where the traffic is meant for: a prefix such as 10.1.0.0/16, or a service tag. Azure:
    /// properties.routes[].properties.addressPrefix.
    #[schemars(length(min = 1, max = 64))]
    pub address_prefix: String,
    /// What kind of hop comes next. Azure: properties.routes[].properties.nextHopType.
    pub next_hop_type: NextHopType,
    /// The address of the next hop; for VirtualAppliance only. Default: none. Azure:
    /// properties.routes[].properties.nextHopIpAddress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 45))]
    pub next_hop_ip_address: Option<String>,
}

/// What kind of hop comes next, in Azure's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum NextHopType {
    VirtualNetworkGateway,
    VnetLocal,
    Internet,
    VirtualAppliance,
    /// The traffic is dropped.
    #[default]
    None,
}

/// What it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RouteTableStatus {
    #[serde(flatten)]
    pub managed: ManagedStatus,
    /// How many routes the table has. Unit: routes. Azure: properties.routes[].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub routes: Option<i64>,
    /// The ARM ids of the subnets that use it; at most 100 are shown. Azure: properties.subnets[].id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 2048)), extend("x-kubernetes-list-type" = "set"))]
    pub subnets: Vec<String>,
}

impl ManagedResource for RouteTable {
    const KIND: &'static str = "RouteTable";
    const SHORT_NAME: &'static str = "rt";

    fn managed(&self) -> &ManagedSpec {
        &self.spec.managed
    }

    fn managed_status(&self) -> Option<&ManagedStatus> {
        self.status.as_ref().map(|status| &status.managed)
    }

    fn allowed_namespaces(&self) -> Option<&AllowedNamespaces> {
        self.spec.allowed_namespaces.as_ref()
    }
}

fn spec_rules() -> Vec<Value> {
    let mut rules = managed_rules();
    rules.extend(placement_rules());
    rules
}

fn route_rules() -> Vec<Value> {
    vec![
        rule_at(
            "name",
            "self.name.matches('^[A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9_])?$')",
            "spec.routes: name of a route must begin with a letter or digit, end with a letter, digit or '_', and have only letters, digits, '.', '_' and '-' in between",
        ),
        rule_at(
            "addressPrefix",
            "isCIDR(self.addressPrefix) || self.addressPrefix.matches('^[A-Za-z][A-Za-z0-9]*([.][A-Za-z0-9]+)?$')",
            "spec.routes: addressPrefix of a route must be a prefix such as 10.1.0.0/16, or a service tag such as Storage.WestEurope",
        ),
        rule(
            "(self.nextHopType == 'VirtualAppliance') == has(self.nextHopIpAddress)",
            "spec.routes: nextHopIpAddress of a route is needed for VirtualAppliance and for nothing else: set or remove it",
        ),
        rule_at(
            "nextHopIpAddress",
            "!has(self.nextHopIpAddress) || isIP(self.nextHopIpAddress)",
            "spec.routes: nextHopIpAddress of a route must be an IP address such as 10.0.0.4",
        ),
    ]
}
