//! The custom resource types of the Azure Private Link Controller: one file per kind, and what kinds share.
//!
//! This crate owns the API: types, schemas, rules, names, conditions and reasons. It knows nothing of Azure's wire
//! format and calls nobody.

mod application_security_group;
mod application_security_group_binding;
mod azure_scope;
mod condition;
mod definition;
pub mod description;
mod lean;
mod managed;
pub mod names;
mod network_security_group;
mod private_dns_record_set;
mod private_dns_zone;
mod private_dns_zone_link;
mod private_endpoint;
mod reference;
mod route_table;
mod rule;
mod subnet_binding;

pub use application_security_group::{
    ApplicationSecurityGroup, ApplicationSecurityGroupSpec, ApplicationSecurityGroupStatus,
};
pub use application_security_group_binding::{
    ApplicationSecurityGroupBinding, ApplicationSecurityGroupBindingSpec,
    ApplicationSecurityGroupBindingStatus,
};
pub use azure_scope::{
    AllowEntry, AzureScope, AzureScopeSpec, AzureScopeStatus, DnsDefaults, Identity, IdentityType,
    MANAGED_IDENTITY_PATTERN, ScopeDefaults, ServiceAccountReference, SubscriptionStatus, Verb,
};
pub use condition::{ConditionType, MESSAGE_MAX_LENGTH, Reason, Stance};
pub use definition::{crds, file_name, to_yaml};
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
pub use managed::{
    AdoptionPolicy, DeletionPolicy, Difference, ManagedResource, ManagedSpec, ManagedStatus,
    ManagementPolicy, OnContest, Operation, OperationKind, Placement, PreviousValue,
};
pub use names::{GROUP, VERSION};
pub use network_security_group::{
    Access, Direction, NetworkSecurityGroup, NetworkSecurityGroupSpec, NetworkSecurityGroupStatus, Protocol,
    SecurityRule, Side, UnmanagedRules,
};
pub use private_dns_record_set::{
    EndpointAddresses, MailExchanger, PrivateDnsRecordSet, PrivateDnsRecordSetSpec,
    PrivateDnsRecordSetStatus, Server,
};
pub use private_dns_zone::{ForeignLink, PrivateDnsZone, PrivateDnsZoneSpec, PrivateDnsZoneStatus};
pub use private_dns_zone_link::{
    PrivateDnsZoneLink, PrivateDnsZoneLinkSpec, PrivateDnsZoneLinkStatus, ResolutionPolicy,
};
pub use private_endpoint::{
    Approval, Connection, DnsMode, DnsRecord, DnsVerification, EffectiveAccess, EndpointDns, IpConfiguration,
    PrivateEndpoint, PrivateEndpointSpec, PrivateEndpointStatus, Recovery, StaticAddress, Target,
};
pub use reference::{AllowedNamespaces, ArmReference, ObjectReference};
pub use route_table::{NextHopType, Route, RouteTable, RouteTableSpec, RouteTableStatus};
pub use rule::GUID_PATTERN;
pub use subnet_binding::{
    EndpointPolicies, ServicePolicies, SubnetBinding, SubnetBindingSpec, SubnetBindingStatus,
};
