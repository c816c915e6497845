//! A private endpoint: a private address in a subnet for a service behind Azure Private Link.

#![expect(
    clippy::duplicated_attributes,
    reason = "each printer column repeats the attribute and its keys"
)]

mod status;

use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::status::{Connection, DnsRecord, EffectiveAccess, IpConfiguration, PrivateEndpointStatus};
use crate::managed::{
    ManagedResource, ManagedSpec, ManagedStatus, NEW_OBJECT, Placement, managed_rules, placement_rules,
};
use crate::reference::{
    APPLICATION_SECURITY_GROUP_ID_EXAMPLE, APPLICATION_SECURITY_GROUP_ID_PATTERN, ArmReference,
    ObjectReference, ZONE_ID_EXAMPLE, ZONE_ID_PATTERN, object_references_schema, references_schema,
    subnet_reference_rules,
};
use crate::rule::{RESOURCE_ID_PATTERN, immutable, rule, rule_at, same_presence, same_text, text_matches};

/// What the private endpoint should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "privatelink.dev",
    version = "v1alpha1",
    kind = "PrivateEndpoint",
    plural = "privateendpoints",
    singular = "privateendpoint",
    shortname = "pe",
    category = "azure",
    category = "privatelink",
    namespaced,
    status = "PrivateEndpointStatus",
    derive = "PartialEq",
    doc = "A private endpoint in Azure: a private address in a subnet for a service behind Azure Private Link.",
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
    printcolumn(
        name = "IP",
        type_ = "string",
        json_path = ".status.ipConfigurations[*].ipAddress"
    ),
    printcolumn(
        name = "CONNECTION",
        type_ = "string",
        json_path = ".status.connection.status"
    ),
    printcolumn(
        name = "DNS",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"DNSReady\")].status"
    ),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "MESSAGE",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1
    ),
    printcolumn(
        name = "ENFORCED",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"NetworkPolicyEnforced\")].status",
        priority = 1
    ),
    printcolumn(
        name = "ACCESS",
        type_ = "string",
        json_path = ".status.access.summary",
        priority = 1
    ),
    printcolumn(
        name = "TARGET",
        type_ = "string",
        json_path = ".status.effective.target",
        priority = 1
    ),
    printcolumn(name = "ID", type_ = "string", json_path = ".status.resourceId", priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = spec_rules()))]
pub struct PrivateEndpointSpec {
    #[serde(flatten)]
    pub managed: ManagedSpec,
    #[serde(flatten)]
    pub placement: Placement,
    /// The subnet that the endpoint's addresses come from. Immutable. Azure: properties.subnet.id.
    #[schemars(extend("x-kubernetes-validations" = subnet_reference_rules()))]
    pub subnet: ArmReference,
    /// What the endpoint connects to. Immutable. Azure: properties.privateLinkServiceConnections[],
    /// properties.manualPrivateLinkServiceConnections[].
    pub target: Target,
    /// Static addresses by member of the target. Members can be added, none changed or removed. Default: Azure's
    /// choice. Azure: properties.ipConfigurations[].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["memberName"]))]
    pub ip_addresses: Vec<StaticAddress>,
    /// The name of the network interface that Azure makes for the endpoint. Default: Azure's choice. Immutable. Azure:
    /// properties.customNetworkInterfaceName.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 80))]
    pub network_interface_name: Option<String>,
    /// Application security groups that the endpoint is a member of, beside those that others put it in. Default: none.
    /// Azure: properties.applicationSecurityGroups[].id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "application_security_groups_schema")]
    pub application_security_groups: Vec<ObjectReference>,
    /// How clients come to resolve the target's names to the endpoint's addresses. Left out where the recommended zone
    /// is not there, nobody sees to the names, and DNSReady says so without holding Ready back. Default: mode Managed
    /// where the zone that Microsoft recommends for the target is in the scope's DNS resource group; for a private link
    /// service mode None.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<EndpointDns>,
    /// What happens when the connection is Disconnected, which no endpoint survives: Never makes it anew;
    /// IfTargetRecreated does where the target's own identity changed. A revocation is never overridden. Default:
    /// Never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
}

/// How clients come to resolve the target's names to the endpoint's addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = dns_rules()))]
pub struct EndpointDns {
    /// Managed keeps the endpoint's records in private DNS zones; Adopt waits for the zone group that Azure Policy makes and
    /// checks it; External checks the records that others write; None does and says nothing. Default: Managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<DnsMode>,
    /// The zones, at most 5. Under Adopt they are those of the zone group. Default: those that Microsoft recommends for
    /// the target, in the scope's DNS resource group. Azure:
    /// properties.privateDnsZoneConfigs[].properties.privateDnsZoneId of privateDnsZoneGroups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "zones_schema")]
    pub zones: Vec<ObjectReference>,
    /// The virtual networks whose resolvers answer the clients. Default: the scope's resolver networks, else the endpoint's
    /// own network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "resolved_from_schema")]
    pub resolved_from: Vec<ArmReference>,
    /// Record looks whether the zones hold the endpoint's addresses and are linked to those networks; Lookup asks the scope's
    /// lookup servers too; None looks at nothing. Default: Record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<DnsVerification>,
}

impl EndpointDns {
    /// The mode, with its default.
    pub fn mode(&self) -> DnsMode {
        self.mode.unwrap_or_default()
    }

    /// What is looked at, with its default.
    pub fn verify(&self) -> DnsVerification {
        self.verify.unwrap_or_default()
    }
}

/// Who sees to the records.
//
// The values have no doc comments: with them, the schema would have these words in place of the field's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum DnsMode {
    // We do, by a zone group.
    #[default]
    Managed,
    // A zone group that Azure Policy makes.
    Adopt,
    // Somebody, by whatever means.
    External,
    // Nobody asks.
    None,
}

/// How it is verified that names resolve.
//
// The values have no doc comments: with them, the schema would have these words in place of the field's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum DnsVerification {
    // By the records and the links of the zones.
    #[default]
    Record,
    // By real queries too.
    Lookup,
    // Not at all.
    None,
}

/// What a private endpoint connects to: exactly one of `id`, `alias` and `serviceAlias`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = target_rules()))]
pub struct Target {
    /// The full ARM id of the target. One of id, alias and serviceAlias. Azure:
    /// properties.privateLinkServiceConnections[].properties.privateLinkServiceId,
    /// properties.manualPrivateLinkServiceConnections[].properties.privateLinkServiceId.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub id: Option<String>,
    /// A short name from `spec.aliases` of the AzureScope. One of id, alias and serviceAlias. Azure:
    /// properties.privateLinkServiceConnections[].properties.privateLinkServiceId,
    /// properties.manualPrivateLinkServiceConnections[].properties.privateLinkServiceId.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub alias: Option<String>,
    /// The alias of somebody's private link service, such as `orders.<guid>.westeurope.azure.privatelinkservice`. One
    /// of id, alias and serviceAlias. Azure:
    /// properties.manualPrivateLinkServiceConnections[].properties.privateLinkServiceId.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub service_alias: Option<String>,
    /// The part of the target to connect to, such as `blob`. Needed but for private link services, which have none.
    /// Default: none. Azure: properties.privateLinkServiceConnections[].properties.groupIds[],
    /// properties.manualPrivateLinkServiceConnections[].properties.groupIds[].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub group_id: Option<String>,
    /// Automatic needs the right to approve at the target; Manual waits for the target's owner. Default: Manual for a
    /// serviceAlias, else Automatic. Azure: properties.privateLinkServiceConnections[] (Automatic),
    /// properties.manualPrivateLinkServiceConnections[] (Manual).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// What the target's owner reads before approving. Only with Manual approval; at most 140 characters. Default:
    /// none. Azure: properties.manualPrivateLinkServiceConnections[].properties.requestMessage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 140))]
    pub request_message: Option<String>,
}

impl Target {
    /// The approval, with its default. An alias is never approved by the right of whoever asks: no scope grants that for
    /// one, whatever an object says that no rule has looked at.
    pub fn approval(&self) -> Approval {
        match (self.approval, &self.service_alias) {
            (_, Some(_)) => Approval::Manual,
            (Some(approval), None) => approval,
            (None, None) => Approval::Automatic,
        }
    }
}

/// Who approves the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum Approval {
    Automatic,
    Manual,
}

/// A static address for one member of the target.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = address_rules()))]
pub struct StaticAddress {
    /// The member of the target, such as `blob`. Azure: properties.ipConfigurations[].properties.memberName.
    #[schemars(length(min = 1, max = 128))]
    pub member_name: String,
    /// An address of the subnet, such as 10.1.0.10. Azure: properties.ipConfigurations[].properties.privateIPAddress.
    #[schemars(length(min = 1, max = 45))]
    pub address: String,
}

/// What happens when the connection is Disconnected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum Recovery {
    #[default]
    Never,
    IfTargetRecreated,
}

impl ManagedResource for PrivateEndpoint {
    const KIND: &'static str = "PrivateEndpoint";
    const SHORT_NAME: &'static str = "pe";

    fn managed(&self) -> &ManagedSpec {
        &self.spec.managed
    }

    fn managed_status(&self) -> Option<&ManagedStatus> {
        self.status.as_ref().map(|status| &status.managed)
    }
}

fn spec_rules() -> Vec<Value> {
    let mut rules = managed_rules();
    rules.extend(placement_rules());
    rules.extend([
        rule_at(
            "azureName",
            "!has(self.azureName) || self.azureName.size() >= 2",
            "spec.azureName of a private endpoint must have 2 to 80 characters: choose a longer name",
        ),
        immutable("networkInterfaceName", NEW_OBJECT),
        text_matches(
            "networkInterfaceName",
            "^[A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9_])?$",
            "spec.networkInterfaceName must begin with a letter or digit, end with a letter, digit or underscore, and have only letters, digits, '.', '_' and '-' in between, such as orders-blob-nic",
        ),
        rule_at(
            "ipAddresses",
            "!has(oldSelf.ipAddresses) || (has(self.ipAddresses) && oldSelf.ipAddresses.all(old, self.ipAddresses.exists(new, new.memberName == old.memberName && new.address == old.address)))",
            format!("members can be added to spec.ipAddresses, but none changed or removed: put the former ones back, or {NEW_OBJECT}"),
        ),
    ]);
    rules
}

fn application_security_groups_schema(generator: &mut SchemaGenerator) -> Schema {
    object_references_schema(
        generator,
        (0, 32),
        "an entry of spec.applicationSecurityGroups",
        APPLICATION_SECURITY_GROUP_ID_PATTERN,
        APPLICATION_SECURITY_GROUP_ID_EXAMPLE,
    )
}

fn dns_rules() -> Vec<Value> {
    let not_none = |field: &str, what: &str| {
        rule_at(
            field,
            format!("!has(self.{field}) || !has(self.mode) || self.mode != 'None'"),
            format!(
                "spec.dns.{field} says {what}, which mode None does not: choose another spec.dns.mode, or remove {field}"
            ),
        )
    };
    vec![
        rule_at(
            "zones",
            "!has(self.zones) || !has(self.mode) || self.mode == 'Managed' || self.mode == 'External'",
            "spec.dns.zones is only for the modes Managed and External: choose one of them as spec.dns.mode, or remove the zones",
        ),
        not_none("resolvedFrom", "where names are checked"),
        not_none("verify", "how names are checked"),
    ]
}

fn resolved_from_schema(generator: &mut SchemaGenerator) -> Schema {
    references_schema(
        generator,
        8,
        "an entry of spec.dns.resolvedFrom",
        "(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft[.]Network/virtualNetworks/[^/]+$",
        "/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/virtualNetworks/<network>",
    )
}

fn zones_schema(generator: &mut SchemaGenerator) -> Schema {
    object_references_schema(
        generator,
        (1, 5),
        "an entry of spec.dns.zones",
        ZONE_ID_PATTERN,
        ZONE_ID_EXAMPLE,
    )
}

fn target_rules() -> Vec<Value> {
    let same = [
        "id",
        "alias",
        "serviceAlias",
        "groupId",
        "approval",
        "requestMessage",
    ]
    .map(|field| match field {
        "id" => format!("{} && {}", same_presence(field), same_text(field)),
        _ => format!(
            "{} && (!has(self.{field}) || !has(oldSelf.{field}) || self.{field} == oldSelf.{field})",
            same_presence(field)
        ),
    })
    .join(" && ");
    let is_service = "self.id.lowerAscii().contains('/providers/microsoft.network/privatelinkservices/')";
    vec![
        rule(
            crate::rule::exactly_one(&["id", "alias", "serviceAlias"]),
            "spec.target must have exactly one of id, alias and serviceAlias: set one and remove the others",
        ),
        text_matches(
            "id",
            RESOURCE_ID_PATTERN,
            "spec.target.id must be a full ARM id such as /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Storage/storageAccounts/<name>",
        ),
        text_matches(
            "serviceAlias",
            "^[^/]+[.]azure[.]privatelinkservice$",
            "spec.target.serviceAlias must end with .azure.privatelinkservice, such as orders.<guid>.westeurope.azure.privatelinkservice",
        ),
        rule_at(
            "groupId",
            format!("!has(self.id) || {is_service} || has(self.groupId)"),
            "spec.target.groupId is required for this target: name the part to connect to, such as blob or vault",
        ),
        rule_at(
            "groupId",
            format!("!has(self.groupId) || !(has(self.serviceAlias) || (has(self.id) && {is_service}))"),
            "spec.target.groupId must be left out: a private link service has no groups",
        ),
        rule_at(
            "approval",
            "!(has(self.serviceAlias) && has(self.approval) && self.approval == 'Automatic')",
            "spec.target.approval must be Manual or left out with spec.target.serviceAlias: the service's owner decides",
        ),
        rule_at(
            "requestMessage",
            "!has(self.requestMessage) || (has(self.approval) ? self.approval == 'Manual' : has(self.serviceAlias))",
            "spec.target.requestMessage is only for manual approval: set spec.target.approval to Manual, or remove it",
        ),
        rule(
            same,
            format!("spec.target cannot be changed after creation: {NEW_OBJECT}"),
        ),
    ]
}

fn address_rules() -> Vec<Value> {
    vec![rule_at(
        "address",
        "isIP(self.address) && ip(self.address).family() == 4",
        "address in spec.ipAddresses must be an IPv4 address of the subnet, such as 10.1.0.10",
    )]
}
