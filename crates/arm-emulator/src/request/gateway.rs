//! ARM's gateway: what every request passes before a provider sees it, in ARM's order.
//!
//! Token, API version, subscription, registration of the provider, authorization, resource group, limits, locks, policies.
//! (The rule about locations comes with the type's table, right after.) A principal without rights gets 403 for absent groups
//! too.

use serde_json::Value;

use crate::authorization::rbac::{self, RbacState};
use crate::authorization::{assignments, locks};
use crate::body;
use crate::journal::Entry;
use crate::policy;
use crate::request::call::Call;
use crate::request::errors::{self, Failure};
use crate::request::form;
use crate::request::place::{Place, is_guid, split_provider};
use crate::resources::generic;
use crate::resources::groups;
use crate::state::State;
use crate::targets::Target;
use crate::throttle::{
    self, ClassOfRequest, OperationClass, PrivateDnsRequest, ProviderRequest, RateHeaders, ThrottleState,
};
use crate::types::{self, AfterGroup, ResourceType};

/// What the gateway needs to know besides the state.
pub(crate) struct Gates<'a> {
    pub(crate) rbac: &'a RbacState,
    pub(crate) throttle: &'a mut ThrottleState,
    /// Where it is written down by which right a request passed, or for want of which it did not.
    pub(crate) entry: &'a mut Entry,
    /// What remains of the limits, for the answer, whatever it is.
    pub(crate) rates: &'a mut RateHeaders,
}

/// Lets a request through or refuses it.
pub(crate) fn pass(state: &mut State, gates: Gates<'_>, call: &Call<'_>) -> Result<(), Failure> {
    check_api_version(call)?;
    form::check_names(call)?;
    let segments = call.segments();
    let subscription = match segments.as_slice() {
        [first, id, ..] if first.eq_ignore_ascii_case("subscriptions") => Some(*id),
        _ => None,
    };
    if let Some(id) = subscription {
        if !is_guid(id) {
            return Err(errors::invalid_subscription(id));
        }
        let known = groups::subscription(state, id, &call.principal.tenant_id)
            .ok_or_else(|| errors::subscription_not_found(id))?;
        if let Some((scope, tail)) = split_provider(&call.path)
            && let Some((namespace, _)) = tail.split_once('/')
            && scope.split('/').count() > 3
            && known.unregistered.contains(&namespace.to_ascii_lowercase())
        {
            return Err(Failure::gateway(
                409,
                "MissingSubscriptionRegistration",
                format!(
                    "The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions."
                ),
            ));
        }
    }
    check_rights(state, gates.rbac, call, gates.entry)?;
    check_group(state, call, &segments)?;
    let operation = OperationClass::of(call.method);
    let private_dns = PrivateDnsRequest::of(&call.key, operation);
    let of_network = call.key.contains("/providers/microsoft.network/") && !dns_like(&call.key);
    let of_storage = call.key.contains("/providers/microsoft.storage/");
    let region = (of_network || of_storage)
        .then(|| region_of(state, call))
        .flatten();
    let tenant = &call.principal.tenant_id;
    let provider = ProviderRequest::of(&call.key, operation, region.as_deref(), tenant);
    let class = ClassOfRequest {
        subscription,
        principal: &call.principal.object_id,
        operation,
        network_region: region.as_deref().filter(|_| of_network),
        private_dns: private_dns.as_ref(),
        provider: provider.as_ref(),
    };
    match throttle::admit(gates.throttle, call.now, class) {
        Ok(rates) => *gates.rates = rates,
        Err(throttled) => {
            let mut failure = throttled_failure(call, &throttled);
            failure
                .headers
                .push(("retry-after", throttled.retry_after.to_string()));
            *gates.rates = throttled.headers;
            return Err(failure);
        }
    }
    locks::check(state, call)?;
    policy::effects::check(state, call)
}

/// Who refuses a request for its number decides how it is worded.
fn throttled_failure(call: &Call<'_>, throttled: &throttle::Throttled) -> Failure {
    if throttled.code == "RateLimiting" {
        crate::graph::throttled(call, &throttled.message)
    } else if throttled.by_provider {
        Failure::provider(429, throttled.code, throttled.message.clone())
    } else {
        Failure::gateway(429, throttled.code, throttled.message.clone())
    }
}

/// ARM behaviour: `yyyy-MM-dd`, with or without a suffix such as `-preview`, inside what the type knows.
fn check_api_version(call: &Call<'_>) -> Result<(), Failure> {
    if call.api_version.is_empty() {
        return Err(Failure::gateway(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    }
    let (date, suffix) = call
        .api_version
        .split_at_checked(10)
        .unwrap_or((&call.api_version, ""));
    let has_form = date.bytes().enumerate().all(|(at, byte)| {
        if at == 4 || at == 7 {
            byte == b'-'
        } else {
            byte.is_ascii_digit()
        }
    });
    let is_date = has_form && date.parse::<jiff::civil::Date>().is_ok();
    let suffix_known = suffix.is_empty()
        || (suffix.starts_with('-')
            && suffix.len() > 1
            && suffix
                .chars()
                .skip(1)
                .all(|character| character.is_ascii_alphanumeric() || character == '.'));
    if !is_date || !suffix_known {
        return Err(Failure::gateway(
            400,
            "InvalidApiVersionParameter",
            format!(
                "The api-version '{}' is invalid. The supported versions are dates in the form 'yyyy-MM-dd'.",
                call.api_version
            ),
        ));
    }
    // A list is of the type whose names would come next.
    let place = Place::parse(&call.path).or_else(|| Place::parse(&format!("{}/-", call.path)));
    if let Some(place) = place {
        if generic::is_unknown(&place.resource_type) && Place::parse(&call.path).is_some() {
            return Err(errors::no_such_type(&place.resource_type, &call.api_version));
        }
        let known = types::find(&place.resource_type).api_versions;
        if let Some(known) = known.filter(|known| !known.answers(date, &today(call))) {
            let mut versions = known.newest_first();
            versions.reverse();
            return Err(errors::no_such_version(
                &place.resource_type,
                &call.api_version,
                &versions,
            ));
        }
    }
    Ok(())
}

/// The day of the emulator's clock.
fn today(call: &Call<'_>) -> String {
    call.now.strftime("%Y-%m-%d").to_string()
}

/// The action that a request needs, and where.
pub(crate) fn action_of(call: &Call<'_>) -> (String, String) {
    action_at(call.method.as_str(), &call.path)
}

/// The action that a request of a method to a path needs, and where.
pub(crate) fn action_at(method: &str, path: &str) -> (String, String) {
    let verb = match method {
        "GET" | "HEAD" => "read",
        "DELETE" => "delete",
        "POST" => "action",
        _ => "write",
    };
    let Some((scope, tail)) = split_provider(path) else {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let base = match segments.get(2) {
            Some(word) if word.eq_ignore_ascii_case("locations") => {
                "Microsoft.Resources/subscriptions/locations"
            }
            Some(word) if word.eq_ignore_ascii_case("tagNames") => {
                "Microsoft.Resources/subscriptions/tagNames"
            }
            Some(_) => "Microsoft.Resources/subscriptions/resourceGroups",
            None => "Microsoft.Resources/subscriptions",
        };
        return (format!("{base}/{verb}"), path.to_owned());
    };
    let mut pieces = tail.split('/');
    let namespace = pieces.next().unwrap_or_default();
    let rest: Vec<&str> = pieces.collect();
    // ARM behaviour: whether a subscription is registered with a provider is the subscription's matter.
    if rest.is_empty() && verb == "read" {
        return (
            "Microsoft.Resources/subscriptions/providers/read".to_owned(),
            scope.to_owned(),
        );
    }
    let mut action = namespace.to_owned();
    for (number, piece) in rest.iter().enumerate() {
        if number % 2 == 0 {
            action.push('/');
            action.push_str(piece);
        }
    }
    let is_collection = rest.len() % 2 == 1;
    let place = if is_collection {
        path.rsplit_once('/').map_or(scope, |(above, _)| above)
    } else {
        path
    };
    // A collection or an operation below a location is asked for at the subscription or group.
    let place = if rest
        .first()
        .is_some_and(|first| first.eq_ignore_ascii_case("locations"))
        || rest.len() <= 1
    {
        scope
    } else {
        place
    };
    (format!("{action}/{verb}"), place.to_owned())
}

fn check_rights(
    state: &State,
    rights: &RbacState,
    call: &Call<'_>,
    entry: &mut Entry,
) -> Result<(), Failure> {
    if call.principal.is_open_owner {
        return Ok(());
    }
    let (action, scope) = action_of(call);
    // ARM behaviour: everybody may list the subscriptions: the list has those that they can see.
    // What belongs to the tenant itself everybody may read.
    let of_tenant = call.key.starts_with("/providers/")
        && !call.key.starts_with("/providers/microsoft.management/")
        && matches!(
            *call.method,
            http::Method::GET | http::Method::HEAD | http::Method::POST
        );
    if of_tenant || matches!(call.key.as_str(), "/subscriptions" | "/tenants") {
        return Ok(());
    }
    if !is_allowed((state, rights), call, &action, &scope, entry) {
        return Err(Failure::gateway(
            403,
            "AuthorizationFailed",
            format!(
                "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
                call.principal.name, call.principal.object_id
            ),
        ));
    }
    if call.method != http::Method::PUT {
        return Ok(());
    }
    for (linked, linked_scope) in linked(call) {
        if !is_allowed((state, rights), call, &linked, &linked_scope, entry) {
            return Err(Failure::gateway(
                403,
                "LinkedAuthorizationFailed",
                format!(
                    "The client '{}' with object id '{}' has permission to perform action '{action}' on scope '{scope}'; however, it does not have permission to perform action(s) '{linked}' on the linked scope(s) '{linked_scope}' (respectively) or the linked scope(s) are invalid.",
                    call.principal.name, call.principal.object_id
                ),
            ));
        }
    }
    Ok(())
}

/// Whether the caller may do an action somewhere; writes down by which right, or that it has none.
fn is_allowed(
    (state, rights): (&State, &RbacState),
    call: &Call<'_>,
    action: &str,
    scope: &str,
    entry: &mut Entry,
) -> bool {
    let granted = rbac::allowed_by(rights, &call.principal, action, scope)
        .map(str::to_owned)
        .or_else(|| assignments::allowed_by(state, rights, &call.principal, action, scope));
    match granted {
        Some(granted) => {
            if !entry.allowed_by.contains(&granted) {
                entry.allowed_by.push(granted);
            }
            true
        }
        None => {
            entry.denied = Some(action.to_owned());
            false
        }
    }
}

/// The actions that a PUT needs on what its body refers to.
fn linked(call: &Call<'_>) -> Vec<(String, String)> {
    let (Some(place), Ok(request)) = (Place::parse(&call.path), call.json()) else {
        return Vec::new();
    };
    let table = types::find(&place.resource_type).table;
    let mut needed = linked_by(table, &request, "");
    for inline in table.inline {
        let children = types::find(&format!("{}/{}", table.name, inline.list)).table;
        needed.extend(linked_by(
            children,
            &request,
            &format!("properties.{}.*.", inline.list),
        ));
    }
    // ARM behaviour: an endpoint that is not to wait for approval needs the right to approve.
    if place
        .resource_type
        .eq_ignore_ascii_case("Microsoft.Network/privateEndpoints")
    {
        for id in body::all(
            &request,
            "properties.privateLinkServiceConnections.*.properties.privateLinkServiceId",
        )
        .into_iter()
        .filter_map(Value::as_str)
        {
            if let Some(target) = Place::parse(id) {
                let known = Target::of(&target.resource_type);
                let resource_type = known.map_or(target.resource_type.as_str(), |known| known.resource_type);
                needed.push((
                    format!("{resource_type}/privateEndpointConnectionsApproval/action"),
                    id.to_owned(),
                ));
            }
        }
    }
    needed
}

/// The actions that a table's references need, where the body of its type is at `within`.
fn linked_by(table: &ResourceType, request: &Value, within: &str) -> Vec<(String, String)> {
    table
        .references
        .iter()
        .filter(|reference| !reference.action.is_empty())
        .flat_map(|reference| {
            body::all(request, &format!("{within}{}", reference.path))
                .into_iter()
                .filter_map(Value::as_str)
                .map(|id| (action_on(reference.action, id), id.to_owned()))
        })
        .collect()
}

/// An action on what an id names, where the action's own name depends on its type.
fn action_on(action: &str, id: &str) -> String {
    if !action.contains("{type}") {
        return action.to_owned();
    }
    let resource_type =
        Place::parse(id).map_or_else(String::new, |place| types::canonical(&place.resource_type));
    action.replace("{type}", &resource_type)
}

/// How many requests about a deleted group's own resources it takes until those about their children are answered about
/// the group too.
///
/// ARM behaviour: recorded traffic shows requests about children answered about the missing parent, as long as not many
/// others were answered about the missing group.
const ANSWERS_ABOUT_GROUP: u32 = 3;

fn check_group(state: &mut State, call: &Call<'_>, segments: &[&str]) -> Result<(), Failure> {
    let [_, _, word, group, _, ..] = segments else {
        return Ok(());
    };
    if !word.eq_ignore_ascii_case("resourceGroups") {
        return Ok(());
    }
    let key: String = segments
        .iter()
        .take(4)
        .flat_map(|segment| ["/", segment])
        .collect::<String>()
        .to_ascii_lowercase();
    match state.get(&key) {
        Some(record) if record.deleting && call.method == http::Method::PUT => {
            Err(groups::being_deleted(record.name()))
        }
        Some(_) => Ok(()),
        None => {
            let Some(place) = Place::parse(&call.path) else {
                return Err(errors::group_not_found(group));
            };
            let Some(parent) = &place.parent else {
                if let Some(answered) = state.ended_groups.get_mut(&key) {
                    *answered = answered.saturating_add(1);
                    if *answered >= ANSWERS_ABOUT_GROUP {
                        state.ended_groups.remove(&key);
                    }
                }
                return Err(errors::group_not_found(group));
            };
            let answered = state.ended_groups.get(&key);
            if answered.is_none() {
                return Err(errors::group_not_found(group));
            }
            let above = Place::parse(parent).map_or_else(|| place.named.clone(), |above| above.named);
            match types::find(&place.resource_type).table.after_group {
                AfterGroup::Resource => Err(errors::resource_not_found(&above, group)),
                AfterGroup::Group => Err(errors::group_not_found(group)),
                AfterGroup::Parent => {
                    let short = place.resource_type.split_once('/').map_or("", |(_, short)| short);
                    let verb = if call.method == http::Method::DELETE {
                        "delete"
                    } else {
                        "read"
                    };
                    Err(errors::parent_not_found(verb, short, parent))
                }
            }
        }
    }
}

/// The DNS types of `Microsoft.Network` are run by another provider.
fn dns_like(resource_type: &str) -> bool {
    let lower = resource_type.to_ascii_lowercase();
    lower.contains("/privatednszones")
        || lower.contains("/privatednsoperation")
        || lower.contains("/dnsresolver")
        || lower.contains("/dnsforwardingrulesets")
}

/// The region whose network provider a request goes to: the resource's, else the group's.
fn region_of(state: &State, call: &Call<'_>) -> Option<String> {
    let mut key = call.key.as_str();
    loop {
        if let Some(location) = state.get(key).and_then(|record| record.location()) {
            return Some(crate::targets::squeezed(location));
        }
        key = key
            .rsplit_once('/')
            .map(|(above, _)| above)
            .filter(|above| !above.is_empty())?;
    }
}
