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
pub mod required;
pub mod rights;
pub mod route_table;
mod shadowed_names;
pub mod subnet_binding;

use privatelink_engine::Runtime;

use crate::required::required_actions;
use crate::rights::KindRights;

macro_rules! kinds {
    ($($kind:path),* $(,)?) => {
        /// Adds all kinds.
        #[must_use]
        pub fn register(runtime: Runtime) -> Runtime {
            runtime$(.with::<$kind>())*.requiring(required_actions)
        }

        /// What each kind needs to be allowed in Azure, scopes first.
        #[must_use]
        pub fn azure_rights() -> Vec<KindRights> {
            vec![KindRights::of_scope(), $(KindRights::of::<$kind>()),*]
        }
    };
}

// All kinds, in one list.
kinds![
    private_endpoint::PrivateEndpointKind,
    private_dns_zone::PrivateDnsZoneKind,
    private_dns_zone_link::PrivateDnsZoneLinkKind,
    private_dns_record_set::PrivateDnsRecordSetKind,
    network_security_group::NetworkSecurityGroupKind,
    application_security_group::ApplicationSecurityGroupKind,
    application_security_group_binding::ApplicationSecurityGroupBindingKind,
    route_table::RouteTableKind,
    subnet_binding::SubnetBindingKind,
];
