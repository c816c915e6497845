//! Resource providers in a subscription: what they are, their registration, lists, and what can be asked of them.

use serde_json::{Value, json};

use crate::request::errors::{self, Failure};
use crate::request::exchange::no_such;
use crate::request::listing;
use crate::request::outcome::Outcome;
use crate::resources::generic;
use crate::resources::groups;
use crate::state::world::World;
use crate::types;

/// Answers what is asked of a provider in a subscription: what follows `…/providers/` in the path.
pub(crate) fn run(world: &mut World<'_, '_>, id: &str, rest: &[&str]) -> Result<Outcome, Failure> {
    let call = world.call;
    let known = groups::subscription(world.state, id, &call.principal.tenant_id)
        .ok_or_else(|| errors::subscription_not_found(id))?;
    let cloud = world.state.cloud();
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let value: Vec<Value> = groups::namespaces()
                .into_iter()
                .map(|name| groups::shown_provider(cloud, &known, name))
                .collect();
            Ok(Outcome::json(200, json!({"value": value})))
        }
        ("GET", [namespace]) => Ok(Outcome::json(
            200,
            groups::shown_provider(cloud, &known, namespace),
        )),
        ("POST", [namespace, action])
            if action.eq_ignore_ascii_case("register") || action.eq_ignore_ascii_case("unregister") =>
        {
            let changed = groups::register(
                world.state,
                &known,
                namespace,
                action.eq_ignore_ascii_case("register"),
            );
            let known = groups::subscription(world.state, id, &call.principal.tenant_id).unwrap_or(known);
            Ok(Outcome::json(200, groups::shown_provider(cloud, &known, namespace)).changed(changed))
        }
        ("POST", [namespace, action]) if let Some(known) = types::at_provider(namespace, action) => {
            (known.run)(world)
        }
        ("GET", [_, _]) => {
            generic::check_other(call, world.strict)?;
            listing::instead(world).unwrap_or_else(|| listing::list(world))
        }
        _ => Err(no_such(call)),
    }
}
