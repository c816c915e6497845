//! A record set in a private DNS zone.

#![expect(
    clippy::duplicated_attributes,
    reason = "each printer column repeats the attribute and its keys"
)]

use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::managed::{ManagedResource, ManagedSpec, ManagedStatus, NEW_OBJECT, managed_rules};
use crate::reference::{ObjectReference, zone_reference_rules};
use crate::rule::{exactly_one, immutable, rule, rule_at, same_presence, text_matches};

/// The fields of which a record set has exactly one.
const DATA: [&str; 8] = [
    "a",
    "aaaa",
    "cname",
    "mx",
    "ptr",
    "srv",
    "txt",
    "fromPrivateEndpoint",
];

/// What the record set should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "privatelink.dev",
    version = "v1alpha1",
    kind = "PrivateDnsRecordSet",
    plural = "privatednsrecordsets",
    singular = "privatednsrecordset",
    shortname = "pdr",
    category = "azure",
    category = "privatelink",
    namespaced,
    status = "PrivateDnsRecordSetStatus",
    derive = "PartialEq",
    doc = "A record set in a private DNS zone in Azure.",
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
    printcolumn(name = "FQDN", type_ = "string", json_path = ".status.effective.fqdn"),
    printcolumn(name = "TYPE", type_ = "string", json_path = ".status.effective.recordType"),
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
pub struct PrivateDnsRecordSetSpec {
    #[serde(flatten)]
    pub managed: ManagedSpec,
    /// The zone. Immutable. Azure: id (after privateDnsZones).
    #[schemars(extend("x-kubernetes-validations" = zone_reference_rules()))]
    pub zone: ObjectReference,
    /// The name in the zone: relative to it, such as `orders`, or absolute, with the zone's name at its end. `@` is the
    /// zone itself. Default: `@`. Immutable. Azure: name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 254))]
    pub record_name: Option<String>,
    /// For how long an answer may be kept. Unit: seconds. Default: 300. Azure: properties.ttl.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub ttl: Option<i64>,
    /// IPv4 addresses. One of a, aaaa, cname, mx, ptr, srv, txt and fromPrivateEndpoint. Azure:
    /// properties.aRecords[].ipv4Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "ipv4_schema")]
    pub a: Option<Vec<String>>,
    /// IPv6 addresses. One of a, aaaa, cname, mx, ptr, srv, txt and fromPrivateEndpoint. Azure:
    /// properties.aaaaRecords[].ipv6Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "ipv6_schema")]
    pub aaaa: Option<Vec<String>>,
    /// The name that this one stands for. One of a, aaaa, cname, mx, ptr, srv, txt and fromPrivateEndpoint. Azure:
    /// properties.cnameRecord.cname.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 254), extend("x-kubernetes-validations" = [host_name("spec.cname")]))]
    pub cname: Option<String>,
    /// Mail exchangers. One of a, aaaa, cname, mx, ptr, srv, txt and fromPrivateEndpoint. Azure:
    /// properties.mxRecords[].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["exchange"]))]
    pub mx: Option<Vec<MailExchanger>>,
    /// Names that an address stands for. One of a, aaaa, cname, mx, ptr, srv, txt and fromPrivateEndpoint. Azure:
    /// properties.ptrRecords[].ptrdname.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "names_schema")]
    pub ptr: Option<Vec<String>>,
    /// Servers of a service. One of a, aaaa, cname, mx, ptr, srv, txt and fromPrivateEndpoint. Azure:
    /// properties.srvRecords[].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["target", "port"]))]
    pub srv: Option<Vec<Server>>,
    /// Texts; one of more than 255 characters is split into strings of that length. One of a, aaaa, cname, mx, ptr,
    /// srv, txt and fromPrivateEndpoint. Azure: properties.txtRecords[].value[].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 1024)), extend("x-kubernetes-list-type" = "set"))]
    pub txt: Option<Vec<String>>,
    /// The addresses of a private endpoint of this namespace, as they are and become. One of a, aaaa, cname, mx, ptr,
    /// srv, txt and fromPrivateEndpoint. Azure: properties.aRecords[].ipv4Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_private_endpoint: Option<EndpointAddresses>,
}

/// A mail exchanger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailExchanger {
    /// The lower, the earlier it is tried. Unit: rank. Azure: properties.mxRecords[].preference.
    #[schemars(range(min = 0, max = 65_535))]
    pub preference: i32,
    /// The server's name. Azure: properties.mxRecords[].exchange.
    #[schemars(length(min = 1, max = 254), extend("x-kubernetes-validations" = [host_name("exchange of spec.mx")]))]
    pub exchange: String,
}

/// A server of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// The lower, the earlier it is tried. Unit: rank. Azure: properties.srvRecords[].priority.
    #[schemars(range(min = 0, max = 65_535))]
    pub priority: i32,
    /// The share of requests among servers of one priority. Unit: share. Azure: properties.srvRecords[].weight.
    #[schemars(range(min = 0, max = 65_535))]
    pub weight: i32,
    /// The server's port. Unit: port number. Azure: properties.srvRecords[].port.
    #[schemars(range(min = 1, max = 65_535))]
    pub port: i32,
    /// The server's name. Azure: properties.srvRecords[].target.
    #[schemars(length(min = 1, max = 254), extend("x-kubernetes-validations" = [host_name("target of spec.srv")]))]
    pub target: String,
}

/// The addresses of a private endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointAddresses {
    /// The name of a PrivateEndpoint of this namespace.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// The member whose addresses count. Default: all members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub member_name: Option<String>,
}

/// What the record set is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateDnsRecordSetStatus {
    #[serde(flatten)]
    pub managed: ManagedStatus,
}

impl ManagedResource for PrivateDnsRecordSet {
    const KIND: &'static str = "PrivateDnsRecordSet";
    const SHORT_NAME: &'static str = "pdr";

    fn managed(&self) -> &ManagedSpec {
        &self.spec.managed
    }

    fn managed_status(&self) -> Option<&ManagedStatus> {
        self.status.as_ref().map(|status| &status.managed)
    }
}

fn spec_rules() -> Vec<Value> {
    let mut rules = managed_rules();
    let same_kind = DATA.map(same_presence).join(" && ");
    rules.extend([
        immutable("recordName", NEW_OBJECT),
        text_matches(
            "recordName",
            "^(@|([*]|[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?)([.][A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?)*[.]?)$",
            "spec.recordName must be @, or labels of 1 to 63 letters, digits, '-' and '_' with dots between them, the first of which may be *, such as orders",
        ),
        rule(
            exactly_one(&DATA),
            format!(
                "spec must have exactly one of {}: set one and remove the others",
                DATA.join(", ")
            ),
        ),
        rule(
            same_kind,
            format!("the field that holds the records, such as spec.a, cannot be exchanged for another after creation: {NEW_OBJECT}"),
        ),
        rule_at(
            "cname",
            "!has(self.cname) || (has(self.recordName) && self.recordName != '@')",
            "spec.cname cannot be at the zone itself: set spec.recordName to a name in the zone",
        ),
    ]);
    rules
}

/// A name of a host that a record leads to.
fn host_name(field: &str) -> Value {
    rule(
        "self.matches('^[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?([.][A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?)*[.]?$')",
        format!(
            "{field} must be a name: labels of 1 to 63 letters, digits, '-' and '_' with dots between them, such as orders.example.com"
        ),
    )
}

fn names_schema(_generator: &mut SchemaGenerator) -> Schema {
    texts(254, &host_name("an entry of spec.ptr"))
}

/// A set of texts that a rule holds for.
fn texts(longest: usize, rule: &Value) -> Schema {
    json_schema!({
        "type": "array",
        "minItems": 1,
        "maxItems": 20,
        "x-kubernetes-list-type": "set",
        "items": {
            "type": "string",
            "minLength": 1,
            "maxLength": longest,
            "x-kubernetes-validations": [rule],
        },
    })
}

fn addresses(family: u8, example: &str, name: &str) -> Schema {
    let is_address = rule(
        format!("isIP(self) && ip(self).family() == {family}"),
        format!("an entry of spec.{name} must be an IPv{family} address such as {example}"),
    );
    texts(45, &is_address)
}

fn ipv4_schema(_generator: &mut SchemaGenerator) -> Schema {
    addresses(4, "10.1.0.10", "a")
}

fn ipv6_schema(_generator: &mut SchemaGenerator) -> Schema {
    addresses(6, "fd00::10", "aaaa")
}
