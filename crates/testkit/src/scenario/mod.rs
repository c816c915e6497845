//! Whole scenarios in milliseconds: the real engine on a paused clock and one thread, between a simulated Kubernetes
//! API and the ARM emulator in process.
//!
//! Everything is deterministic: the same seed gives the same calls in the same order, so a fault can be put at one of
//! them and a failure replayed by the line that names it.

mod allowed;
mod arm_door;
mod conditions;
mod foreigners;
mod judge;
mod manifests;
mod stand_ins;
mod stories;
mod subject;
pub mod sweep;
mod traffic;
pub mod under_rights;
mod world;

pub use allowed::Allowed;
pub use arm_door::{ArmCall, ArmDoor, ArmFault};
pub use conditions::condition;
pub use foreigners::Foreigner;
pub use judge::Violation;
pub use manifests::{
    APPLICATION_GROUPS, ENDPOINTS, GROUP, GROUP_BINDINGS, LINKS, NAMESPACE, RECORD_SETS, ROUTE_TABLES,
    SECURITY_GROUPS, SUBNET_BINDINGS, ZONES, dns_object, endpoint, endpoint_id, one_of_each, scope,
    subnet_id, target, zone_id,
};
pub use stories::{Story, stories};
pub use traffic::SHARED_SUBNETS;
pub use world::{DRIFT, KubernetesFault, Mutant, World};

/// Plays on a clock that stands still until everybody waits.
///
/// # Errors
/// A message where there is no runtime, or the play's own.
pub fn in_virtual_time<T>(play: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(play)
}

/// Plays a scenario in a world of its own, whose first controller has been started.
///
/// # Errors
/// A message where the world cannot be made.
pub fn simulate(scenario: impl AsyncFnOnce(World)) -> Result<(), String> {
    in_virtual_time(async {
        let mut world = World::new()?;
        world.start();
        scenario(world).await;
        Ok(())
    })
}
