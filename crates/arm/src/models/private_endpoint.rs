//! `Microsoft.Network/privateEndpoints`: the body we write, and the parts of an answer that we read.

use serde::{Deserialize, Serialize};

use crate::model::{
    Change, Compare, Conditional, Field, Key, NETWORK_OPERATIONS, Ownership, ResourceModel, SERVER_NAMES,
};

/// ARM's name of the type.
pub const RESOURCE_TYPE: &str = "Microsoft.Network/privateEndpoints";
/// Pinned: present in every public region and in both SDK generations that were compared.
pub const API_VERSION: &str = "2025-05-01";

const CONNECTION_FIELDS: &[Field] = &[
    Field::atomic(
        &["properties", "privateLinkServiceId"],
        Compare::IgnoreCase,
        Change::OnCreation,
    ),
    Field {
        path: &["properties", "groupIds"],
        ownership: Ownership::Whole(Key::Element),
        compare: Compare::IgnoreCase,
        change: Change::OnCreation,
        elements: &[],
    },
    Field::atomic(
        &["properties", "requestMessage"],
        Compare::Exact,
        Change::OnCreation,
    ),
];

const IP_CONFIGURATION_FIELDS: &[Field] = &[
    Field::atomic(
        &["properties", "groupId"],
        Compare::IgnoreCase,
        Change::OnCreation,
    ),
    Field::atomic(
        &["properties", "privateIPAddress"],
        Compare::Exact,
        Change::OnCreation,
    ),
];

/// Tags are shared with others.
pub(super) const TAGS: Field = Field {
    path: &["tags"],
    ownership: Ownership::OwnedKeys(Key::MapKey),
    compare: Compare::Exact,
    change: Change::Allowed,
    elements: &[],
};

/// What of a private endpoint is ours, and how.
pub static MODEL: ResourceModel = ResourceModel {
    resource_type: RESOURCE_TYPE,
    api_version: API_VERSION,
    mark: Some(&["tags"]),
    conditional: Conditional::Updates,
    alone: false,
    one_at_a_time: false,
    operations: Some(NETWORK_OPERATIONS),
    joins: &[
        "Microsoft.Network/virtualNetworks/subnets/join/action",
        "Microsoft.Network/applicationSecurityGroups/joinIpConfiguration/action",
    ],
    server_names: SERVER_NAMES,
    fields: &[
        Field::atomic(&["location"], Compare::Location, Change::OnCreation),
        TAGS,
        Field::atomic(
            &["properties", "subnet", "id"],
            Compare::IgnoreCase,
            Change::OnCreation,
        ),
        Field {
            path: &["properties", "privateLinkServiceConnections"],
            ownership: Ownership::Whole(Key::Field(&["properties", "privateLinkServiceId"])),
            compare: Compare::Exact,
            change: Change::OnCreation,
            elements: CONNECTION_FIELDS,
        },
        Field {
            path: &["properties", "manualPrivateLinkServiceConnections"],
            ownership: Ownership::Whole(Key::Field(&["properties", "privateLinkServiceId"])),
            compare: Compare::Exact,
            change: Change::OnCreation,
            elements: CONNECTION_FIELDS,
        },
        Field {
            path: &["properties", "applicationSecurityGroups"],
            ownership: Ownership::OwnedKeys(Key::Field(&["id"])),
            compare: Compare::Exact,
            change: Change::Allowed,
            elements: &[],
        },
        Field {
            path: &["properties", "ipConfigurations"],
            ownership: Ownership::Whole(Key::Field(&["properties", "memberName"])),
            compare: Compare::Exact,
            change: Change::Allowed,
            elements: IP_CONFIGURATION_FIELDS,
        },
        Field::atomic(
            &["properties", "customNetworkInterfaceName"],
            Compare::IgnoreCase,
            Change::OnCreation,
        ),
    ],
    read_only: &[
        &["properties", "networkInterfaces"],
        &["properties", "customDnsConfigs"],
        &["properties", "resourceGuid"],
    ],
};

/// The body of a PUT: only what we own.
#[derive(Clone, Debug, Serialize)]
pub struct PrivateEndpoint {
    pub location: String,
    pub tags: std::collections::BTreeMap<String, String>,
    pub properties: Properties,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Properties {
    pub subnet: SubResource,
    /// Connections that are approved automatically. Exactly one of the two lists has one entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_link_service_connections: Option<Vec<Connection>>,
    /// Connections that wait for somebody's approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manual_private_link_service_connections: Option<Vec<Connection>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub application_security_groups: Vec<SubResource>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ip_configurations: Vec<IpConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_network_interface_name: Option<String>,
}

/// A reference to another resource by its ARM id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubResource {
    #[serde(default)]
    pub id: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Connection {
    pub name: String,
    pub properties: ConnectionProperties,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionProperties {
    /// The target's ARM id, or a private link service's alias.
    pub private_link_service_id: String,
    /// At most one; empty for private link services.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_message: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct IpConfiguration {
    pub name: String,
    pub properties: IpConfigurationProperties,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IpConfigurationProperties {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    pub member_name: String,
    #[serde(rename = "privateIPAddress")]
    pub private_ip_address: String,
}

/// What we read of an answer. Every field may be missing: a strange body never fails to parse as a whole.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    pub properties: AnswerProperties,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AnswerProperties {
    pub network_interfaces: Vec<SubResource>,
    pub private_link_service_connections: Vec<AnswerConnection>,
    pub manual_private_link_service_connections: Vec<AnswerConnection>,
    pub custom_dns_configs: Vec<CustomDnsConfig>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AnswerConnection {
    pub properties: AnswerConnectionProperties,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AnswerConnectionProperties {
    pub group_ids: Vec<String>,
    pub private_link_service_connection_state: Option<ConnectionState>,
}

/// `status` is `Pending`, `Approved`, `Rejected`, `Disconnected`, or a service's own word.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
pub struct ConnectionState {
    pub status: String,
    pub description: Option<String>,
    pub actions_required: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CustomDnsConfig {
    pub fqdn: String,
    pub ip_addresses: Vec<String>,
}

impl Answer {
    /// Reads an answer leniently.
    ///
    /// # Errors
    /// A message where a known field has a shape that nobody documented.
    pub fn read(body: &serde_json::Value) -> Result<Self, String> {
        Answer::deserialize(body).map_err(|error| error.to_string())
    }

    /// The one connection's state, whichever list it is in.
    pub fn connection_state(&self) -> Option<&ConnectionState> {
        self.properties
            .private_link_service_connections
            .iter()
            .chain(&self.properties.manual_private_link_service_connections)
            .find_map(|connection| {
                connection
                    .properties
                    .private_link_service_connection_state
                    .as_ref()
            })
    }
}
