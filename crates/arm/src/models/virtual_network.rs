//! `Microsoft.Network/virtualNetworks`: what we read of a network that somebody else owns.

use serde_json::Value;

/// The api-version that reads use.
pub const API_VERSION: &str = super::private_endpoint::API_VERSION;

/// The region of a network, as Azure spells it.
pub fn location(body: &Value) -> Option<&str> {
    body.get("location").and_then(Value::as_str)
}
