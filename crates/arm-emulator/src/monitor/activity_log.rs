//! The activity log of a subscription: the writes that the journal has.
//!
//! Owns the filter and the form of events. What nobody but the emulator's journal knows is not made up: an event has the
//! caller's name, and no claims.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::authorization::rbac::guid_from;
use crate::journal::{Entry, Journal};
use crate::request::call::Call;
use crate::request::errors::Failure;
use crate::request::form;
use crate::request::gateway::action_at;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, split_provider};
use crate::types;

/// How many events a page has.
const PAGE: usize = 200;

/// ARM behaviour: older events are gone.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Answers `GET …/providers/Microsoft.Insights/eventtypes/management/values`; `None` for other requests.
pub(crate) fn answer(journal: &Journal, call: &Call<'_>) -> Option<Result<Outcome, Failure>> {
    let subscription = call
        .key
        .strip_suffix("/providers/microsoft.insights/eventtypes/management/values")
        .filter(|scope| scope.starts_with("/subscriptions/") && scope.split('/').count() == 3)
        .filter(|_| *call.method == http::Method::GET)?;
    Some(events(journal, call, subscription))
}

fn events(journal: &Journal, call: &Call<'_>, subscription: &str) -> Result<Outcome, Failure> {
    let filter = Filter::parse(&call.query("$filter").unwrap_or_default(), call.now)?;
    let selected = call.query("$select").unwrap_or_default();
    let before = match call.query("$skipToken") {
        Some(token) => token.parse::<u64>().map_err(|_| {
            bad_request(format!(
                "The value '{token}' of the query parameter '$skipToken' is not valid."
            ))
        })?,
        None => u64::MAX,
    };
    let mut found: Vec<(u64, Event)> = journal
        .since(0)
        .entries
        .iter()
        .rev()
        .filter(|entry| entry.sequence < before)
        .filter_map(|entry| Some((entry.sequence, Event::of(entry, subscription)?)))
        .filter(|(_, event)| filter.admits(event))
        .take(PAGE.saturating_add(1))
        .collect();
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let value: Vec<Value> = found
        .iter()
        .map(|(_, event)| chosen(event.shown(&call.principal.tenant_id), &selected))
        .collect();
    let mut answer = json!({"value": value});
    if more && let Some((last, _)) = found.last() {
        crate::body::put(&mut answer, "nextLink", json!(next_link(call, *last)));
    }
    Ok(Outcome::json(200, answer))
}

fn next_link(call: &Call<'_>, last: u64) -> String {
    let mut link = format!("{}{}?api-version={}", call.origin, call.path, call.api_version);
    for name in ["$filter", "$select"] {
        if let Some(value) = call.query(name) {
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            link.push_str(&format!("&{name}={value}"));
        }
    }
    format!("{link}&$skipToken={last}")
}

/// An event with the fields of `$select` alone, where there is one.
fn chosen(event: Value, selected: &str) -> Value {
    let wanted: Vec<&str> = selected
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    match event {
        Value::Object(fields) if !wanted.is_empty() => Value::Object(
            fields
                .into_iter()
                .filter(|(name, _)| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)))
                .collect(),
        ),
        other => other,
    }
}

/// ARM behaviour: these refusals are spelled with capitals, and have no `error` around them.
fn bad_request(message: impl Into<String>) -> Failure {
    let failure = Failure::provider(400, "BadRequest", message);
    Failure {
        whole: Some(Box::new(
            json!({"Code": failure.code, "Message": failure.message}),
        )),
        ..failure
    }
}

/// What events are chosen by.
struct Filter {
    from: Timestamp,
    to: Option<Timestamp>,
    /// Fields in lower case, with the values that they have to have.
    fields: Vec<(String, String)>,
}

/// The fields that can be asked for, in lower case.
const FIELDS: &[&str] = &[
    "resourcegroupname",
    "resourceid",
    "resourceuri",
    "resourceprovider",
    "resourcetype",
    "caller",
    "status",
    "operations",
    "correlationid",
];

impl Filter {
    /// Reads `eventTimestamp ge '2026-01-01T00:00:00Z' and eventTimestamp le '…' and resourceGroupName eq 'g'`.
    ///
    /// # Errors
    /// Anything but `eventTimestamp ge`, `eventTimestamp le`, `eventChannels eq` and the fields above with `eq`; a beginning
    /// that is missing or more than 90 days ago.
    fn parse(text: &str, now: Timestamp) -> Result<Self, Failure> {
        let mut from = None;
        let mut filter = Filter {
            from: Timestamp::UNIX_EPOCH,
            to: None,
            fields: Vec::new(),
        };
        for term in text.split(" and ").map(str::trim).filter(|term| !term.is_empty()) {
            let (field, operator, value) = taken_apart(term).ok_or_else(|| unknown(term))?;
            match (field.as_str(), operator) {
                ("eventtimestamp", "ge") => from = Some(moment(value)?),
                ("eventtimestamp", "le") => filter.to = Some(moment(value)?),
                // All events of the emulator are of these.
                ("eventchannels", "eq") => {}
                (known, "eq") if FIELDS.contains(&known) => {
                    filter.fields.push((field, value.to_owned()));
                }
                _ => return Err(unknown(term)),
            }
        }
        filter.from = from.ok_or_else(|| {
            bad_request("The $filter has to have a condition 'eventTimestamp ge' with the beginning of the time that is asked for.")
        })?;
        if now.duration_since(filter.from) > KEPT {
            return Err(bad_request(
                "The start time cannot be more than 90 days in the past.",
            ));
        }
        Ok(filter)
    }

    fn admits(&self, event: &Event) -> bool {
        event.time >= self.from
            && self.to.is_none_or(|to| event.time <= to)
            && self.fields.iter().all(|(field, wanted)| {
                let value = match field.as_str() {
                    "resourcegroupname" => event.group.as_deref().unwrap_or_default(),
                    "resourceid" | "resourceuri" => &event.resource_id,
                    "resourceprovider" => &event.provider,
                    "resourcetype" => &event.resource_type,
                    "caller" => &event.caller,
                    "status" => event.status(),
                    "operations" => &event.action,
                    _ => &event.guid,
                };
                value.eq_ignore_ascii_case(wanted)
            })
    }
}

/// Field in lower case, operator and value of a condition.
fn taken_apart(term: &str) -> Option<(String, &str, &str)> {
    let (field, rest) = term.split_once(' ')?;
    let (operator, value) = rest.trim_start().split_once(' ')?;
    Some((
        field.to_ascii_lowercase(),
        operator,
        value.trim().trim_matches('\''),
    ))
}

fn unknown(term: &str) -> Failure {
    bad_request(format!("The condition '{term}' of the $filter is not supported."))
}

/// A time without a zone, as Azure's command line sends it, is one of UTC.
fn moment(text: &str) -> Result<Timestamp, Failure> {
    let of_utc = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse()
        .or_else(|error| of_utc().map(|zoned| zoned.timestamp()).ok_or(error))
        .map_err(|_| bad_request(format!("The time '{text}' of the $filter is not valid.")))
}

/// One write.
struct Event {
    time: Timestamp,
    caller: String,
    action: String,
    scope: String,
    resource_id: String,
    resource_type: String,
    provider: String,
    group: Option<String>,
    subscription: String,
    answered: u16,
    error: Option<String>,
    guid: String,
}

impl Event {
    /// The event of a request, where it was a write in the subscription that was answered.
    fn of(entry: &Entry, subscription: &str) -> Option<Self> {
        if !["PUT", "PATCH", "DELETE", "POST"].contains(&entry.method.as_str()) {
            return None;
        }
        let path = entry.path.split('?').next().unwrap_or_default();
        let path = form::decoded_path(path).ok()?;
        let within = path.to_ascii_lowercase();
        within
            .strip_prefix(subscription)
            .filter(|rest| rest.starts_with('/'))?;
        let (action, scope) = action_at(&entry.method, &path);
        // An action is about what it is an action on.
        let resource_id = if entry.method == "POST" {
            path.rsplit_once('/').map_or("", |(owner, _)| owner).to_owned()
        } else {
            path.clone()
        };
        let place = Place::parse(&resource_id);
        let group = within
            .split('/')
            .nth(3)
            .filter(|word| *word == "resourcegroups")
            .and_then(|_| path.split('/').nth(4));
        let resource_type = match &place {
            Some(place) => types::canonical(&place.resource_type),
            None => "Microsoft.Resources/subscriptions/resourceGroups".to_owned(),
        };
        let provider = match split_provider(&path) {
            Some((_, tail)) => tail.split('/').next().unwrap_or_default().to_owned(),
            None => "Microsoft.Resources".to_owned(),
        };
        Some(Event {
            time: entry.time.parse().ok()?,
            caller: entry.principal.clone().unwrap_or_default(),
            group: group.map(str::to_owned),
            guid: guid_from(&format!("event {} {}", entry.sequence, entry.time)),
            subscription: subscription.rsplit('/').next().unwrap_or_default().to_owned(),
            answered: entry.status?,
            error: entry.error_code.clone(),
            action,
            scope,
            resource_id,
            resource_type,
            provider,
        })
    }

    fn status(&self) -> &'static str {
        match self.answered {
            400.. => "Failed",
            202 => "Accepted",
            _ => "Succeeded",
        }
    }

    fn shown(&self, tenant: &str) -> Value {
        let named = |value: &str| json!({"value": value, "localizedValue": value});
        let code = http::StatusCode::from_u16(self.answered)
            .ok()
            .and_then(|code| code.canonical_reason())
            .unwrap_or_default()
            .replace(' ', "");
        let time = self.time.to_string();
        let mut properties = json!({"statusCode": code});
        if let Some(error) = &self.error {
            crate::body::put(&mut properties, "errorCode", json!(error));
        }
        json!({
            "authorization": {"action": self.action, "scope": self.scope},
            "caller": self.caller,
            "channels": "Operation",
            "claims": {},
            "correlationId": self.guid,
            "description": "",
            "eventDataId": self.guid,
            "eventName": {"value": "EndRequest", "localizedValue": "End request"},
            "category": named("Administrative"),
            "eventTimestamp": time,
            "id": format!("{}/events/{}/ticks/{}", self.resource_id, self.guid, self.time.as_millisecond()),
            "level": if self.answered >= 400 { "Error" } else { "Informational" },
            "operationId": self.guid,
            "operationName": named(&self.action),
            "properties": properties,
            "resourceGroupName": self.group.clone().unwrap_or_default(),
            "resourceId": self.resource_id,
            "resourceProviderName": named(&self.provider),
            "resourceType": named(&self.resource_type),
            "status": named(self.status()),
            "subStatus": {
                "value": code,
                "localizedValue": format!("{code} (HTTP Status Code: {})", self.answered),
            },
            "submissionTimestamp": time,
            "subscriptionId": self.subscription,
            "tenantId": tenant,
        })
    }
}
