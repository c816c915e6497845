//! The wire bodies of the resource types that we write or read: one file per type.

pub mod application_security_group;
pub mod network_interface;
pub mod network_security_group;
pub mod private_dns_record_set;
pub mod private_dns_zone;
pub mod private_dns_zone_group;
pub mod private_dns_zone_link;
pub mod private_endpoint;
pub mod private_link_resource;
pub mod route_table;
pub mod subnet;
pub mod virtual_network;
