//! The kinds: what each claims, resolves, wants and shows. Pure: nothing here reads or writes anything.

pub mod access;
pub mod application_security_group;
pub mod application_security_group_binding;
pub mod membership;
pub mod network_security_group;
pub mod private_dns_record_set;
pub mod private_dns_zone;
pub mod private_dns_zone_link;
pub mod private_endpoint;
pub mod reference;
pub mod route_table;
mod shadowed_names;
pub mod subnet_binding;

use privatelink_engine::Runtime;

/// All kinds, in one list.
#[must_use]
pub fn register(runtime: Runtime) -> Runtime {
    runtime
        .with::<private_endpoint::PrivateEndpointKind>()
        .with::<private_dns_zone::PrivateDnsZoneKind>()
        .with::<private_dns_zone_link::PrivateDnsZoneLinkKind>()
        .with::<private_dns_record_set::PrivateDnsRecordSetKind>()
        .with::<network_security_group::NetworkSecurityGroupKind>()
        .with::<application_security_group::ApplicationSecurityGroupKind>()
        .with::<application_security_group_binding::ApplicationSecurityGroupBindingKind>()
        .with::<route_table::RouteTableKind>()
        .with::<subnet_binding::SubnetBindingKind>()
}
