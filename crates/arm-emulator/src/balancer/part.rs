//! The parts of a load balancer that can be read like resources, and are written with the balancer only.

use serde_json::{Value, json};

use crate::body;
use crate::request::answer;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::state::world::World;
use crate::types::hooks::Instead;

fn shown(world: &World<'_, '_>, balancer: &str, list: &str) -> Option<Vec<Value>> {
    let balancer = world.state.get(balancer)?;
    let shown = answer::render(world.state, balancer);
    let all = body::all(&shown, &format!("properties.{list}.*"));
    Some(all.into_iter().cloned().collect())
}

/// One part.
pub(crate) fn read(world: &World<'_, '_>, place: &Place) -> Instead {
    let parent = place.parent.as_deref()?.to_ascii_lowercase();
    let canonical = crate::types::canonical(&place.resource_type);
    let list = canonical.rsplit('/').next()?;
    let part = shown(world, &parent, list)?
        .into_iter()
        .find(|part| body::text(part, "name").is_some_and(|name| name.eq_ignore_ascii_case(&place.name)))?;
    let etag = body::text(&part, "etag").unwrap_or_default().to_owned();
    Some(Ok(Outcome::json(200, part).header("etag", etag)))
}

fn list(world: &World<'_, '_>, balancer: &str, list: &str) -> Instead {
    let value = shown(world, balancer, list)?;
    Some(Ok(Outcome::json(200, json!({"value": value}))))
}

/// The frontends of a balancer as a list.
pub(crate) fn list_frontends(world: &World<'_, '_>, balancer: &str) -> Instead {
    list(world, balancer, "frontendIPConfigurations")
}

/// Its rules.
pub(crate) fn list_rules(world: &World<'_, '_>, balancer: &str) -> Instead {
    list(world, balancer, "loadBalancingRules")
}

/// Its probes.
pub(crate) fn list_probes(world: &World<'_, '_>, balancer: &str) -> Instead {
    list(world, balancer, "probes")
}

/// Its outbound rules.
pub(crate) fn list_outbound(world: &World<'_, '_>, balancer: &str) -> Instead {
    list(world, balancer, "outboundRules")
}
