//! `Microsoft.Network/networkInterfaces`: what we read of the interface that Azure makes for a private endpoint.

use serde::Deserialize;

/// The api-version that reads use.
pub const API_VERSION: &str = super::private_endpoint::API_VERSION;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    pub properties: Properties,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Properties {
    pub ip_configurations: Vec<IpConfiguration>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IpConfiguration {
    pub properties: IpConfigurationProperties,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct IpConfigurationProperties {
    #[serde(rename = "privateIPAddress")]
    pub private_ip_address: String,
    pub private_link_connection_properties: Option<PrivateLinkConnectionProperties>,
}

/// Which member of the target an address belongs to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PrivateLinkConnectionProperties {
    pub group_id: String,
    pub required_member_name: String,
    pub fqdns: Vec<String>,
}
