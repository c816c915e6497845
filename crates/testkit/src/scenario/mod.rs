//! Whole scenarios in milliseconds: the real engine on a paused clock and one thread, between a simulated Kubernetes
//! API and the ARM emulator in process.
//!
//! Everything is deterministic: the same seed gives the same calls in the same order, so a fault can be put at one of
//! them and a failure replayed by the line that names it.

mod arm_door;
mod foreigners;
mod judge;
mod stories;
mod subject;
pub mod sweep;
mod world;

pub use arm_door::{ArmCall, ArmDoor, ArmFault};
pub use judge::Violation;
pub use stories::{Story, stories};
pub use world::{
    ENDPOINTS, GROUP, KubernetesFault, LINKS, Mutant, NAMESPACE, RECORD_SETS, World, ZONES, dns_object,
    endpoint, endpoint_id, scope, target, zone_id,
};
