//! The wire bodies of the resource types that we write or read: one file per type.

pub mod network_interface;
pub mod private_endpoint;
pub mod private_link_resource;
pub mod virtual_network;
