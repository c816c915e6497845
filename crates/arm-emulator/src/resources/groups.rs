//! Subscriptions, resource groups and resource providers.

use std::sync::Arc;

use base64::Engine;
use serde_json::{Value, json};

use crate::body;
use crate::cloud::Cloud;
use crate::operations::completion;
use crate::operations::{self, OperationKind, Progress, styles};
use crate::request::errors::{self, Failure};
use crate::request::outcome::Outcome;
use crate::request::place::is_extension_type;
use crate::resolver::endpoint;
use crate::resources::tagging;
use crate::resources::tags;
use crate::state::record::{Facts, Record};
use crate::state::world::{World, fresh};
use crate::state::{State, Subscription};
use crate::targets::{TARGETS, squeezed};
use crate::types::{self, LocationRule, TagRule};

const GROUP_TYPE: &str = "Microsoft.Resources/resourceGroups";
/// Seconds that the deletion of a group takes, and that a client waits between polls.
const DELETION: (f64, u64) = (15.0, 15);
/// How many deleted groups are remembered: clients ask about them right after the deletion, if ever.
const ENDED_GROUPS: usize = 1000;

/// The subscription, when it exists.
pub(crate) fn subscription(state: &State, id: &str, tenant: &str) -> Option<Subscription> {
    let known = state.subscriptions.get(&id.to_ascii_lowercase()).cloned();
    if known.is_some() || !state.open_subscriptions {
        return known;
    }
    Some(Subscription {
        id: id.to_owned(),
        name: format!("Subscription {id}"),
        tenant_id: tenant.to_owned(),
        unregistered: Default::default(),
    })
}

/// A subscription as ARM shows it.
pub(crate) fn shown_subscription(state: &State, subscription: &Subscription) -> Value {
    let mut shown = json!({
        "id": format!("/subscriptions/{}", subscription.id),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant_id,
        "displayName": subscription.name,
        "state": "Enabled",
        "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
    });
    let tags = tagging::of_subscription(state, &subscription.id);
    if !tags.is_empty() {
        body::put(&mut shown, "tags", Value::Object(tags));
    }
    shown
}

/// A resource group as ARM shows it.
pub(crate) fn shown_group(record: &Record) -> Value {
    let mut shown = Value::clone(&record.body);
    body::edit(&mut shown, |fields| {
        fields.insert("id".into(), json!(record.id));
        fields.insert("name".into(), json!(record.name()));
        fields.insert("type".into(), json!(GROUP_TYPE));
        fields.insert(
            "properties".into(),
            json!({"provisioningState": record.provisioning_state}),
        );
    });
    shown
}

/// Answers a request about one group; the gateway has looked after reads of groups that are not there.
pub(crate) fn run(world: &mut World<'_, '_>, subscription: &str, name: &str) -> Result<Outcome, Failure> {
    let existing = world.state.get(&world.call.key).cloned();
    match (world.call.method.as_str(), existing) {
        ("PUT", existing) => put(world, name, existing),
        (_, None) => Err(errors::group_not_found(name)),
        ("GET", Some(record)) => Ok(Outcome::json(200, shown_group(&record))),
        ("HEAD", Some(_)) => Ok(Outcome::empty(204)),
        ("PATCH", Some(record)) => {
            let request = world.call.json()?;
            tags::check(request.get("tags"), TagRule::Usual)?;
            let mut changed = false;
            if let Some(tags) = request.get("tags") {
                changed = record.body.get("tags") != Some(tags);
                world.state.update(&record.key(), |record| {
                    body::put(&mut record.body, "tags", tags.clone())
                });
            }
            let shown = world
                .state
                .get(&record.key())
                .map_or(Value::Null, |record| shown_group(record));
            Ok(Outcome::json(200, shown).changed(changed))
        }
        ("DELETE", Some(record)) => Ok(delete(world, subscription, &record)),
        (other, Some(_)) => Err(Failure::gateway(
            405,
            "MethodNotAllowed",
            format!("The requested resource does not support http method '{other}'."),
        )),
    }
}

fn put(world: &mut World<'_, '_>, name: &str, existing: Option<Arc<Record>>) -> Result<Outcome, Failure> {
    let mut request = world.call.json()?;
    body::without_nulls(&mut request);
    let good = (1..=90).contains(&name.chars().count())
        && !name.ends_with('.')
        && name
            .chars()
            .all(|character| character.is_alphanumeric() || "_-.()".contains(character));
    if !good {
        return Err(Failure::gateway(
            400,
            "InvalidResourceGroup",
            format!(
                "The provided resource group name '{name}' has these invalid characters or is too long. The name can only be a letter, digit, '-', '.', '(', ')' or '_', and does not end with '.'."
            ),
        ));
    }
    tags::check(request.get("tags"), TagRule::Usual)?;
    let Some(location) = body::text(&request, "location").map(squeezed) else {
        return Err(Failure::gateway(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    };
    if world.state.cloud().foreign(&location).is_some() {
        return Err(Failure::gateway(
            400,
            "LocationNotAvailableForResourceGroup",
            format!(
                "The provided location '{location}' is not available for resource group. List of available regions is '{}'.",
                world.state.cloud().endpoints().regions.join(",")
            ),
        ));
    }
    if let Some(old) = &existing {
        if old.deleting {
            return Err(being_deleted(old.name()));
        }
        let before = old.location().map(squeezed).unwrap_or_default();
        if before != location {
            return Err(Failure::gateway(
                409,
                "InvalidResourceGroupLocation",
                format!(
                    "Invalid resource group location '{location}'. The Resource group already exists in location '{before}'."
                ),
            ));
        }
    }
    body::edit(&mut request, |fields| {
        fields.retain(|name, _| ["location", "tags", "managedBy"].contains(&name.as_str()))
    });
    body::put(&mut request, "location", Value::String(location));
    let created = existing.is_none();
    let id = existing
        .as_ref()
        .map_or_else(|| world.call.path.clone(), |old| old.id.clone());
    let mut record = match &existing {
        Some(old) => Record::clone(old),
        None => fresh(world, &id, GROUP_TYPE),
    };
    let changed = created || *record.body != request;
    record.body = request.into();
    record.writers.last_modified_by = Arc::from(world.call.principal.name.as_str());
    let shown = shown_group(&record);
    world.state.ended_groups.remove(&record.key());
    remember_subscription(world, &record.id);
    world.state.insert(Arc::new(record));
    Ok(Outcome::json(if created { 201 } else { 200 }, shown).changed(changed))
}

/// While any subscription exists, those are listed that somebody made something in.
fn remember_subscription(world: &mut World<'_, '_>, id: &str) {
    let given = id.split('/').nth(2).unwrap_or_default();
    if let Some(known) = subscription(world.state, given, &world.call.principal.tenant_id) {
        world
            .state
            .subscriptions
            .entry(given.to_ascii_lowercase())
            .or_insert(known);
    }
}

/// ARM behaviour: 202 with `Location` alone; the operation's name is readable base64 JSON.
fn delete(world: &mut World<'_, '_>, subscription: &str, record: &Record) -> Outcome {
    let call = world.call;
    let group = record.name().to_uppercase().replace('-', ":2D");
    let region = record.location().map(squeezed).unwrap_or_default();
    let job = json!({"jobId": format!("RESOURCEGROUPDELETIONJOB-{group}-{}", region.to_uppercase()), "jobLocation": region, "run": call.request_id});
    let name = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(job.to_string());
    let due = call.due(DELETION.0);
    let operation = operations::Operation {
        name: name.clone(),
        style: &styles::RESOURCE_GROUP,
        kind: OperationKind::Delete,
        label: "DeleteResourceGroup".to_owned(),
        target: record.id.clone(),
        subscription: subscription.to_owned(),
        namespace: "Microsoft.Resources".to_owned(),
        location: region,
        api_version: call.api_version.clone(),
        started: call.wall,
        due,
        ends: call.on_the_wall(due),
        retry_after: call.scaled(DELETION.1),
        progress: Progress::Running,
        will_end: call.plan.operation_ends.as_ref().map(|end| Progress::Ended {
            status: end.status.text().to_owned(),
            code: end.code.clone(),
            message: end.message.clone(),
        }),
        answer: None,
    };
    let url = operations::status_url(&operation, &call.origin);
    let changed = !record.deleting;
    world.state.update(&record.key(), |record| {
        record.deleting = true;
        record.provisioning_state = "Deleting".to_owned();
        record.operation = Some(name);
    });
    world.state.begin(operation);
    Outcome::empty(202)
        .header("location", url)
        .header("retry-after", call.scaled(DELETION.1).to_string())
        .changed(changed)
}

pub(crate) fn being_deleted(name: &str) -> Failure {
    Failure::gateway(
        409,
        "ResourceGroupBeingDeleted",
        format!("The resource group '{name}' is in deprovisioning state and cannot perform this operation."),
    )
}

/// Takes a group away with all that is in it; what a resource of another group uses stays, and is given back as the reason
/// why the group stays too.
pub(crate) fn remove(state: &mut State, key: &str) -> Option<String> {
    let inside = |id: &str| id.to_ascii_lowercase().starts_with(&format!("{key}/"));
    let mut blocker = None;
    let mut staying: Vec<String> = Vec::new();
    // Endpoints go first, so that the subnets that they use are free.
    let mut members: Vec<Arc<Record>> = state.descendants(key).map(|(_, record)| record.clone()).collect();
    members.sort_by_key(|record| !matches!(record.facts, Facts::Endpoint(_)));
    for record in members {
        let own = record.key();
        // What stays keeps its children.
        if staying.iter().any(|above| own.starts_with(above)) {
            continue;
        }
        let used = state
            .descendants(&own)
            .map(|(key, _)| key.to_string())
            .chain([own.clone()])
            .any(|part| {
                state
                    .referrers(&part)
                    .any(|user| !inside(&user.id) && keeps(user, &part))
                    || connected_from_elsewhere(state, &part, inside)
            });
        if used {
            blocker = Some(record.id.clone());
            staying.push(format!("{own}/"));
        } else if state.get(&record.key()).is_some() {
            completion::remove_resource(state, &record);
        }
    }
    if blocker.is_none() {
        state.remove(key);
        state.ended_groups.insert(key.to_owned(), 0);
        if state.ended_groups.len() > ENDED_GROUPS {
            state.ended_groups.pop_first();
        }
    }
    blocker
}

/// Whether a user of a part of a group keeps it from being deleted: what has an address its subnet, whatever security groups,
/// route tables, load balancers and public addresses are on them.
fn keeps(user: &Record, part: &str) -> bool {
    let kind = part.rsplit('/').nth(1).unwrap_or_default();
    match kind {
        "subnets" => {
            user.addresses.iter().any(|(subnet, _)| **subnet == *part)
                || user.claims.contains(&endpoint::claim(part))
        }
        "networksecuritygroups" | "routetables" | "applicationsecuritygroups" => true,
        "loadbalancers" | "backendaddresspools" | "inboundnatrules" | "publicipaddresses" => true,
        _ => false,
    }
}

/// Whether it is a connection of a private link service with an endpoint that is not in the group.
///
/// ARM behaviour: a service with connections is not deleted.
fn connected_from_elsewhere(state: &State, key: &str, inside: impl Fn(&str) -> bool) -> bool {
    key.contains("/privatelinkservices/")
        && state.get(key).is_some_and(
            |part| matches!(&part.facts, Facts::Connection(facts) if !inside(&facts.endpoint_id)),
        )
}

/// The namespaces that the emulator knows types of.
pub(crate) fn namespaces() -> Vec<&'static str> {
    let mut names: Vec<&str> = TARGETS
        .iter()
        .map(|target| target.resource_type)
        .chain(types::rows().map(|row| row.name))
        .filter_map(|name| name.split('/').next())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Where resources of a type can be: the regions as people call them.
///
/// ARM behaviour: children are where their parents can be; what stands on other resources is nowhere.
fn locations(cloud: Cloud, name: &str) -> Vec<&'static str> {
    match types::find(name).table.location {
        LocationRule::Required => cloud.region_names(),
        LocationRule::Global => vec!["global"],
        LocationRule::None | LocationRule::Free => match name.rsplit_once('/') {
            Some((parent, _)) if parent.contains('/') && !types::find(parent).generic => {
                locations(cloud, parent)
            }
            _ => Vec::new(),
        },
    }
}

/// A type as its provider is shown with it.
fn shown_type(cloud: Cloud, name: &str, short: &str) -> Value {
    let found = types::find(name);
    let lower = name.to_ascii_lowercase();
    let extends = lower
        .split_once('/')
        .is_some_and(|(namespace, kind)| is_extension_type(namespace, kind));
    let capabilities = if found.table.is_tracked() {
        "SupportsTags, SupportsLocation"
    } else if extends {
        "SupportsExtension"
    } else {
        "None"
    };
    // Clients that have no version of their own take the first.
    let versions = found
        .api_versions
        .map_or_else(Vec::new, |known| known.newest_first());
    let mut shown = json!({
        "resourceType": short,
        "locations": locations(cloud, name),
        "apiVersions": versions,
        "capabilities": capabilities,
    });
    if let Some(known) = found.api_versions {
        body::put(&mut shown, "defaultApiVersion", json!(known.newest));
    }
    shown
}

/// A provider as ARM shows it.
pub(crate) fn shown_provider(cloud: Cloud, subscription: &Subscription, namespace: &str) -> Value {
    let registered = !subscription
        .unregistered
        .contains(&namespace.to_ascii_lowercase());
    let mut types: Vec<Value> = Vec::new();
    let rows = types::rows().map(|row| row.name);
    let mut known: Vec<&str> = TARGETS
        .iter()
        .map(|target| target.resource_type)
        .chain(rows)
        .collect();
    known.sort_unstable();
    known.dedup();
    let mut canonical = namespace.to_owned();
    for name in known {
        if let Some((own, short)) = name.split_once('/')
            && own.eq_ignore_ascii_case(namespace)
        {
            own.clone_into(&mut canonical);
            types.push(shown_type(cloud, name, short));
        }
    }
    json!({
        "id": format!("/subscriptions/{}/providers/{canonical}", subscription.id),
        "namespace": canonical,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": if registered { "Registered" } else { "NotRegistered" },
        "resourceTypes": types,
    })
}

/// Registers a provider, or takes the registration away. Whether that changed anything.
pub(crate) fn register(
    state: &mut State,
    subscription: &Subscription,
    namespace: &str,
    registered: bool,
) -> bool {
    let entry = state
        .subscriptions
        .entry(subscription.id.to_ascii_lowercase())
        .or_insert_with(|| subscription.clone());
    let namespace = namespace.to_ascii_lowercase();
    if registered {
        entry.unregistered.remove(&namespace)
    } else {
        entry.unregistered.insert(namespace)
    }
}
