//! The behaviour of `Microsoft.Network` that no table can say: subnets inside networks, addresses, private endpoints and
//! what they bring into being elsewhere.

pub(crate) mod connection;
mod endpoint_request;
pub(crate) mod interface;
pub(crate) mod link_service;
pub(crate) mod private_endpoint;
pub(crate) mod subnet;
pub(crate) mod virtual_network;
pub(crate) mod zone_group;

/// Back references spell the names of groups and resources in capitals, and nothing else.
///
/// ARM behaviour: a subnet's `privateEndpoints` and `ipConfigurations` are so; ids have to be compared without case.
pub(crate) fn capital_names(id: &str) -> String {
    let mut shown = String::with_capacity(id.len());
    for (number, segment) in id.split('/').enumerate() {
        if number > 0 {
            shown.push('/');
        }
        // /subscriptions/{2}/resourceGroups/{4}/providers/{6}/type/{8}/type/{10}
        if number == 4 || (number >= 8 && number % 2 == 0) {
            shown.push_str(&segment.to_uppercase());
        } else {
            shown.push_str(segment);
        }
    }
    shown
}
