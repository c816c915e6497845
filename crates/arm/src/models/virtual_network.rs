//! `Microsoft.Network/virtualNetworks`: what we read of a network that somebody else owns.

use serde_json::Value;

/// The api-version that reads use.
pub const API_VERSION: &str = super::private_endpoint::API_VERSION;

/// What of a network is read here, as JSON pointers. The rest names every endpoint in it.
pub const READ: &[&str] = &[
    "/location",
    "/properties/dhcpOptions",
    "/properties/addressSpace",
    "/properties/virtualNetworkPeerings",
];

/// The region of a network, as Azure spells it.
pub fn location(body: &Value) -> Option<&str> {
    body.get("location").and_then(Value::as_str)
}

/// The DNS servers that a network's clients ask instead of Azure's own.
pub fn dns_servers(body: &Value) -> Vec<&str> {
    let servers = body
        .pointer("/properties/dhcpOptions/dnsServers")
        .and_then(Value::as_array);
    servers.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The prefixes of a network.
pub fn address_space(body: &Value) -> Vec<String> {
    let prefixes = body
        .pointer("/properties/addressSpace/addressPrefixes")
        .and_then(Value::as_array);
    let prefixes = prefixes.into_iter().flatten().filter_map(Value::as_str);
    prefixes.map(str::to_owned).collect()
}

/// The networks that a network is connected to by a peering.
pub fn peers(body: &Value) -> Vec<&str> {
    let peerings = body
        .pointer("/properties/virtualNetworkPeerings")
        .and_then(Value::as_array);
    let connected = peerings.into_iter().flatten().filter(|peering| {
        let state = peering
            .pointer("/properties/peeringState")
            .and_then(Value::as_str);
        state.is_none_or(|state| state.eq_ignore_ascii_case("Connected"))
    });
    connected
        .filter_map(|peering| peering.pointer("/properties/remoteVirtualNetwork/id")?.as_str())
        .collect()
}
