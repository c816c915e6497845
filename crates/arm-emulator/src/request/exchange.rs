//! The way of one request through the emulator: faults, sign-in, gateway, provider, journal.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::authorization::assignments;
use crate::authorization::rbac::{self, RbacState};
use crate::doors::wire::{Exchange, Request, Response};
use crate::faults::{FaultPlan, RequestKind};
use crate::identity;
use crate::journal::{self, Entry};
use crate::monitor::activity_log;
use crate::operations::completion;
use crate::request::call::{self, Call};
use crate::request::errors::{self, Failure, Source};
use crate::request::form;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, split_provider};
use crate::request::{gateway, listing, resource};
use crate::resources::generic;
use crate::resources::{groups, providers, tagging};
use crate::state::State;
use crate::state::world::World;
use crate::targets::{links, storage, vault};
use crate::throttle::RateHeaders;
use crate::{Emulator, Inner, Options, graph, operations, types};

/// Answers a request that is not for the test door.
pub(crate) fn run(emulator: &Emulator, request: &Request) -> Exchange {
    emulator.with(|inner, options| {
        if let Some(step) = options.step {
            inner.stepped = inner.stepped.saturating_add(step);
        }
        let (now, wall) = inner.times(options);
        completion::settle(&mut inner.state, now);
        let signed_in = identity::respond(&inner.identity, request, wall, &mut inner.state.random);
        let kind = if signed_in.is_some() {
            RequestKind::Token
        } else {
            call::kind_of(&request.method, request.url.path())
        };
        let plan = inner.faults.decide(&request.method, &request.url, kind);
        let mut entry = entry_of(request, now);
        let response = match (plan.before_effect(), signed_in) {
            (Some(instead), _) => instead,
            (None, Some(response)) => plan.finish(response),
            (None, None) => {
                let response = answer(inner, options, request, &plan, (now, wall), &mut entry);
                plan.finish(response)
            }
        };
        entry.status = response.as_ref().map(|response| response.status.as_u16());
        if let Some(response) = &response
            && response.status.as_u16() >= 400
        {
            entry.error_code = error_code(&response.body);
        }
        inner.journal.record(entry);
        Exchange {
            delay: plan.delay,
            response,
        }
    })
}

fn entry_of(request: &Request, now: Timestamp) -> Entry {
    let path = request.url.path();
    Entry {
        sequence: 0,
        time: now.to_string(),
        method: request.method.to_string(),
        path: match request.url.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        },
        resource_id: ((path.starts_with("/subscriptions/") || path.starts_with("/providers/"))
            && call::is_resource(path)
            && !operations::is_poll(path))
        .then(|| form::decoded_path(path).ok())
        .flatten(),
        status: None,
        principal: None,
        error_code: None,
        changed: false,
        body_sha256: journal::body_digest(&request.body),
        generic: false,
        allowed_by: Vec::new(),
        denied: None,
    }
}

fn error_code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error").unwrap_or(&body);
    error
        .get("code")
        .or(body.get("error"))
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// Answers an ARM request.
fn answer(
    inner: &mut Inner,
    options: &Options,
    request: &Request,
    plan: &FaultPlan,
    (now, wall): (Timestamp, Timestamp),
    entry: &mut Entry,
) -> Response {
    let ids = Ids {
        request: inner.state.random.guid(),
        correlation: String::new(),
    }
    .with_correlation(request, inner);
    let principal = match identity::authenticate(&inner.identity, &request.headers, wall) {
        Ok(principal) => principal,
        Err(refused) => {
            let mut failure = Failure::gateway(401, refused.code, refused.message.clone());
            failure.headers.push(("www-authenticate", refused.challenge()));
            return into_response(Err(failure), &ids, request, now, &RateHeaders::default());
        }
    };
    entry.principal = Some(principal.name.clone());
    let read = form::decoded_path(request.url.path())
        .and_then(|path| form::check_media_type(request).map(|()| path));
    let path = match read {
        Ok(path) => path,
        Err(failure) => return into_response(Err(failure), &ids, request, now, &RateHeaders::default()),
    };
    let call = Call {
        method: &request.method,
        key: path.to_ascii_lowercase(),
        path: crate::request::place::with_known_words(&path),
        api_version: form::api_version(request),
        request,
        principal,
        now,
        wall,
        origin: origin_of(request, options),
        plan: plan.clone(),
        time_scale: if options.time_scale.is_finite() && options.time_scale > 0.0 {
            options.time_scale
        } else {
            1.0
        },
        request_id: ids.request.clone(),
    };
    let mut rates = RateHeaders::default();
    let gates = gateway::Gates {
        rbac: &inner.rbac,
        throttle: &mut inner.throttle,
        entry,
        rates: &mut rates,
    };
    if let Err(failure) = gateway::pass(&mut inner.state, gates, &call) {
        return into_response(Err(failure), &ids, request, now, &rates);
    }
    let mut world = World {
        state: &mut inner.state,
        rbac: &mut inner.rbac,
        call: &call,
        strict: options.strict,
    };
    storage::children::bring_about(&mut world);
    vault::looked_at(&mut world);
    let outcome = match permissions(world.state, world.rbac, &call) {
        Some(outcome) => Ok(outcome),
        None => match activity_log::answer(&inner.journal, &call) {
            Some(outcome) => outcome,
            None => dispatch(&mut world),
        },
    };
    if let Ok(outcome) = &outcome {
        entry.changed = outcome.changed;
        entry.generic = outcome.generic;
        entry.error_code.clone_from(&outcome.will_fail);
    }
    into_response(outcome, &ids, request, now, &rates)
}

/// What URLs of the answer begin with: the host that the request was sent to.
fn origin_of(request: &Request, options: &Options) -> String {
    let origin = request.url.origin();
    if origin.is_tuple() {
        origin.ascii_serialization()
    } else {
        options.endpoint.origin().ascii_serialization()
    }
}

/// What the caller may do at a scope, where that is what is asked.
///
/// ARM behaviour: one entry for each of the caller's role assignments that holds there.
fn permissions(state: &State, rights: &RbacState, call: &Call<'_>) -> Option<Outcome> {
    let scope = call
        .key
        .strip_suffix("/providers/microsoft.authorization/permissions")
        .filter(|_| *call.method == Method::GET)?;
    let value: Vec<Value> = rbac::roles_at(rights, &call.principal, scope)
        .into_iter()
        .chain(assignments::roles_at(state, rights, &call.principal, scope))
        .map(|role| {
            json!({
                "actions": role.actions,
                "notActions": role.not_actions,
                "dataActions": [],
                "notDataActions": [],
            })
        })
        .collect();
    Some(Outcome::json(200, json!({"value": value})))
}

fn dispatch(world: &mut World<'_, '_>) -> Result<Outcome, Failure> {
    let call = world.call;
    if operations::is_poll(&call.path) {
        return operations::poll(world);
    }
    let segments = call.segments();
    let lower: Vec<String> = segments
        .iter()
        .map(|segment| segment.to_ascii_lowercase())
        .collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    let is_get = *call.method == Method::GET;
    let tenant = &call.principal.tenant_id;
    match (words.as_slice(), segments.as_slice()) {
        (["subscriptions"], _) if is_get => {
            let value: Vec<Value> = world
                .state
                .subscriptions
                .values()
                .filter(|subscription| {
                    let scope = format!("/subscriptions/{}", subscription.id);
                    assignments::sees(world.state, world.rbac, &call.principal, &scope)
                })
                .map(|subscription| groups::shown_subscription(world.state, subscription))
                .collect();
            Ok(Outcome::json(
                200,
                json!({"value": value, "count": {"type": "Total", "value": value.len()}}),
            ))
        }
        (["providers", "microsoft.resourcegraph", "resources"], _) if *call.method == Method::POST => {
            graph::run(world)
        }
        (["tenants"], _) if is_get => Ok(Outcome::json(
            200,
            json!({"value": [{"id": format!("/tenants/{tenant}"), "tenantId": tenant, "tenantCategory": "Home"}]}),
        )),
        (["providers"] | ["providers", _], _) if is_get => Ok(Outcome::json(200, json!({"value": []}))),
        (["subscriptions", _], [_, id]) if is_get => {
            let known = groups::subscription(world.state, id, tenant)
                .ok_or_else(|| errors::subscription_not_found(id))?;
            Ok(Outcome::json(
                200,
                groups::shown_subscription(world.state, &known),
            ))
        }
        (["subscriptions", _, "locations"], [_, id, _]) if is_get => {
            let value = world.state.cloud().shown_regions(id);
            Ok(Outcome::json(200, json!({"value": value})))
        }
        (["subscriptions", _, "tagnames"], [_, id, _]) if is_get => {
            Ok(Outcome::json(200, tagging::names(world.state, id)))
        }
        (["subscriptions", _, "resourcegroups"], _) if is_get => listing::groups(world),
        (["subscriptions", _, "resourcegroups", _], [_, subscription, _, name]) => {
            groups::run(world, subscription, name)
        }
        (["subscriptions", _, "resources"] | ["subscriptions", _, "resourcegroups", _, "resources"], _)
            if is_get =>
        {
            listing::resources(world)
        }
        ([.., "providers", "microsoft.resources", "tags", "default"], [scope @ .., _, _, _, _]) => {
            tagging::run(world, &format!("/{}", scope.join("/")))
        }
        (["subscriptions", _, "providers", ..], [_, id, _, rest @ ..]) if rest.len() <= 2 => {
            providers::run(world, id, rest)
        }
        (
            ["subscriptions", _, "providers", namespace, "locations", _, _]
            | [
                "subscriptions",
                _,
                "resourcegroups",
                _,
                "providers",
                namespace,
                "locations",
                _,
                _,
            ],
            [_, subscription, .., region, what],
        ) if let Some(known) = types::at_location(namespace, call.method.as_str(), what) => {
            (known.run)(world, subscription, region)
        }
        _ => match Place::parse(&call.path) {
            Some(place) => resource::run(world, &place),
            None => collection_or_action(world),
        },
    }
}

/// A list of resources, or a POST on one.
fn collection_or_action(world: &mut World<'_, '_>) -> Result<Outcome, Failure> {
    let call = world.call;
    if let Some(answer) = links::list(world.state, &call.key).filter(|_| *call.method == Method::GET) {
        return answer.map(|answer| Outcome::json(200, answer));
    }
    generic::check_other(call, world.strict)?;
    if *call.method == Method::GET
        && let Some(answer) = listing::instead(world)
    {
        return answer;
    }
    if let Some(answer) = resource::act(world) {
        return answer;
    }
    let Some((_, tail)) = split_provider(&call.path) else {
        return Err(no_such(call));
    };
    if *call.method != Method::GET || tail.split('/').count() < 2 {
        return Err(no_such(call));
    }
    // ARM behaviour: the children of something that is not there are no empty list, nor is what extends it.
    let owner = match tail.split('/').count() {
        2 => split_provider(&call.path).map(|(scope, _)| scope),
        _ => call.path.rsplit_once('/').map(|(owner, _)| owner),
    };
    // ARM behaviour: what can be asked of a provider in a region is a type of its own, and one that it does not have.
    if let Some(listed) = generic::listed_type(&call.path)
        && generic::is_generic(&listed)
        && types::is_at_location(&listed)
    {
        return Err(errors::no_such_type(&listed, &call.api_version));
    }
    if let Some(owner) = owner.and_then(Place::parse)
        && !owner.is_management_group()
        && world.state.get(&owner.key).is_none()
    {
        return Err(errors::resource_not_found(
            &owner.named,
            owner.group.as_deref().unwrap_or_default(),
        ));
    }
    listing::list(world)
}

pub(crate) fn no_such(call: &Call<'_>) -> Failure {
    Failure::gateway(
        404,
        "NotFound",
        format!(
            "No HTTP resource was found that matches the request URI '{}' and method '{}'.",
            call.path, call.method
        ),
    )
}

/// The ids that mark a request.
struct Ids {
    request: String,
    correlation: String,
}

impl Ids {
    fn with_correlation(mut self, request: &Request, inner: &mut Inner) -> Self {
        let given = request
            .headers
            .get("x-ms-correlation-request-id")
            .and_then(|value| value.to_str().ok());
        self.correlation = given.map_or_else(|| inner.state.random.guid(), str::to_owned);
        self
    }
}

/// What the paths of the DNS resolver's provider have in them.
const RESOLVER_PATHS: [&str; 3] = [
    "/microsoft.network/dnsresolvers",
    "/microsoft.network/dnsforwardingrulesets",
    "/dnsresolveroperation",
];

fn into_response(
    result: Result<Outcome, Failure>,
    ids: &Ids,
    request: &Request,
    now: Timestamp,
    rates: &RateHeaders,
) -> Response {
    let mut headers = HeaderMap::new();
    let mut set = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    };
    for (name, value) in [
        ("cache-control", "no-cache"),
        ("pragma", "no-cache"),
        ("expires", "-1"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("x-content-type-options", "nosniff"),
        ("x-ms-request-id", &ids.request),
        ("x-ms-correlation-request-id", &ids.correlation),
        (
            "x-ms-routing-request-id",
            &format!("EMULATOR:{}:{}", now.strftime("%Y%m%dT%H%M%SZ"), ids.request),
        ),
    ] {
        set(name, value);
    }
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(client) = header("x-ms-client-request-id")
        && header("x-ms-return-client-request-id").is_some_and(|wanted| wanted.eq_ignore_ascii_case("true"))
    {
        set("x-ms-client-request-id", client);
    }
    for (name, value) in &rates.0 {
        set(name, value);
    }
    let headers_given = match &result {
        Ok(outcome) => &outcome.headers,
        Err(failure) => &failure.headers,
    };
    let by_gateway = result
        .as_ref()
        .is_err_and(|failure| failure.source == Source::Gateway);
    let typed = headers_given.iter().any(|(name, _)| *name == "content-type");
    let (status, body) = match result {
        Ok(outcome) => {
            for (name, value) in &outcome.headers {
                set(name, value);
            }
            if outcome.generic {
                set("x-emulator-generic", "true");
            }
            (outcome.status, outcome.body)
        }
        Err(failure) => {
            for (name, value) in &failure.headers {
                set(name, value);
            }
            if failure.source == Source::Gateway {
                set("x-ms-failure-cause", "gateway");
            }
            (failure.status, Some(failure.body()))
        }
    };
    let path = request.url.path().to_ascii_lowercase();
    if path.contains("/microsoft.network/") {
        set("x-ms-arm-service-request-id", &ids.request);
    }
    // ARM behaviour: the DNS resolver's provider marks its own answers.
    if !by_gateway && RESOLVER_PATHS.iter().any(|known| path.contains(known)) {
        set("x-ms-activity-id", &ids.request);
    }
    let body = match body {
        Some(body) => {
            if !typed {
                set("content-type", "application/json; charset=utf-8");
            }
            if request.method == Method::HEAD {
                Bytes::new()
            } else {
                Bytes::from(body.to_string())
            }
        }
        None => Bytes::new(),
    };
    Response {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        headers,
        body,
    }
}
