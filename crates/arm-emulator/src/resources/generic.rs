//! The generic resource: which requests it would answer, and that strict mode refuses them.

use http::Method;

use crate::request::call::Call;
use crate::request::errors::{self, Failure};
use crate::request::place::Place;
use crate::targets::Target;
use crate::types;

/// A list of all record sets of a zone, whatever their type.
const RECORD_SETS: &str = "microsoft.network/privatednszones/all";

/// Whether only the generic resource knows a type.
pub(crate) fn is_generic(resource_type: &str) -> bool {
    types::find(resource_type).generic && !is_read_only(resource_type)
}

/// Whether there is no such type, for certain: the tables have all kinds of records that a private zone can hold.
pub(crate) fn is_unknown(resource_type: &str) -> bool {
    let in_zone = resource_type
        .to_ascii_lowercase()
        .starts_with("microsoft.network/privatednszones/");
    in_zone && is_generic(resource_type)
}

/// Types that can be read and nothing else: what a target offers to endpoints, and the list of all record sets.
fn is_read_only(resource_type: &str) -> bool {
    let lower = resource_type.to_ascii_lowercase();
    lower == RECORD_SETS
        || lower
            .strip_suffix("/privatelinkresources")
            .is_some_and(|owner| Target::of(owner).is_some())
}

/// The type that a list is of, by its path: of the names that would come next.
pub(crate) fn listed_type(path: &str) -> Option<String> {
    Place::parse(&format!("{path}/-")).map(|place| place.resource_type)
}

/// Refuses a request about a resource that only the generic resource would answer, or that writes what can only be read.
pub(crate) fn check_resource(place: &Place, method: &str, strict: bool) -> Result<(), Failure> {
    if is_read_only(&place.resource_type) {
        return if method == "GET" {
            Ok(())
        } else {
            Err(errors::method_not_allowed(method))
        };
    }
    refuse(&place.resource_type, strict)
}

/// Refuses a list or an action that only the generic resource would answer.
pub(crate) fn check_other(call: &Call<'_>, strict: bool) -> Result<(), Failure> {
    let asked = if *call.method == Method::POST {
        let owner = call.path.rsplit_once('/').map_or("", |(owner, _)| owner);
        Place::parse(owner).map(|place| place.resource_type)
    } else {
        listed_type(&call.path)
    };
    asked.map_or(Ok(()), |asked| refuse(&asked, strict))
}

fn refuse(resource_type: &str, strict: bool) -> Result<(), Failure> {
    if !strict || !is_generic(resource_type) {
        return Ok(());
    }
    Err(Failure::gateway(
        400,
        "EmulatorTypeNotSupported",
        format!("The emulator runs in strict mode and has no table for the resource type '{resource_type}'."),
    ))
}
