//! What the table of Redis Enterprise cannot say.

use http::Method;

use crate::body;
use crate::request::errors::Failure;
use crate::request::refusals::Wrong;
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::types;

const ACCESS: &str = "properties.publicNetworkAccess";

/// ARM behaviour: from this API version on a request has to say whether the public may reach the cluster.
pub(crate) fn check_access(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let record = &draft.record;
    let asked = *world.call.method == Method::PUT && world.call.api_version.as_str() >= "2025-07-01";
    if asked && body::at(&record.body, ACCESS).is_none() {
        let table = types::find(&record.resource_type).table;
        let wrong = Wrong::Missing {
            path: ACCESS,
            id: &record.id,
        };
        return Err((table.hooks.refused)(table, &wrong));
    }
    Ok(())
}
