//! The kinds: what each claims, resolves, wants and shows. Pure: nothing here reads or writes anything.

pub mod private_endpoint;
pub mod reference;

use privatelink_engine::Runtime;

/// All kinds, in one list.
#[must_use]
pub fn register(runtime: Runtime) -> Runtime {
    runtime.with::<private_endpoint::PrivateEndpointKind>()
}
