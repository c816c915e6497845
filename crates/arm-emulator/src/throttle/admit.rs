//! Counts a request against all that limits it, or refuses it.

use jiff::Timestamp;

use super::OperationClass;
use super::bucket::{Key, Rule};
use super::{ClassOfRequest, Limits, ProviderRequest, RateHeaders, StorageClass, ThrottleState, Throttled};

/// Counts a request, or refuses it.
///
/// A refused request counts against nothing.
///
/// # Errors
/// [`Throttled`] says how long to wait until the bucket that is empty admits one request.
pub fn admit(
    state: &mut ThrottleState,
    now: Timestamp,
    class: ClassOfRequest<'_>,
) -> Result<RateHeaders, Throttled> {
    let Some(limits) = state.limits else {
        return Ok(RateHeaders::default());
    };
    let wanted = wanted(&limits, &class);
    let buckets = &mut state.buckets;
    let empty = wanted
        .iter()
        .filter(|(key, _)| key.refuses())
        .find_map(|(key, rule)| Some((key, buckets.wait(key, *rule, now)?)));
    let refusal = empty.map(|(key, wait)| refused(key, &class, wait));
    if refusal.is_none() {
        for (key, rule) in &wanted {
            buckets.take(&limits, key.clone(), *rule, now);
        }
    }
    let headers = headers(state, &wanted, &class, now);
    match refusal {
        None => Ok(headers),
        Some(refusal) => Err(Throttled { headers, ..refusal }),
    }
}

/// What a request counts against: ARM's limits first, then its provider's.
fn wanted(limits: &Limits, class: &ClassOfRequest<'_>) -> Vec<(Key, Rule)> {
    let subscription = class.subscription.unwrap_or_default().to_ascii_lowercase();
    let principal = class.principal.to_ascii_lowercase();
    let mut keys = vec![
        Key::Principal(subscription.clone(), principal.clone(), class.operation),
        Key::Subscription(subscription.clone(), class.operation),
    ];
    if let Some(region) = class.network_region {
        let reads = class.operation == OperationClass::Read;
        keys.push(Key::Network(
            subscription.clone(),
            region.to_ascii_lowercase(),
            reads,
        ));
    }
    if let Some(request) = class.private_dns {
        keys.push(Key::PrivateDns(request.clone()));
    }
    match class.provider {
        Some(ProviderRequest::Storage { class, region }) => {
            keys.push(Key::Storage(subscription.clone(), region.clone(), *class));
            if *class == StorageClass::Write {
                keys.push(Key::StorageSecond(subscription, region.clone()));
            }
        }
        Some(ProviderRequest::ResourceGraph { tenant }) => {
            keys.push(Key::ResourceGraph(tenant.clone(), principal));
        }
        Some(request @ ProviderRequest::Type { .. }) => keys.push(Key::Told(subscription, request.clone())),
        None => {}
    }
    keys.into_iter()
        .map(|key| {
            let rule = key.rule(limits);
            (key, rule)
        })
        .collect()
}

/// What is left of the limits that headers tell of.
fn headers(
    state: &ThrottleState,
    wanted: &[(Key, Rule)],
    class: &ClassOfRequest<'_>,
    now: Timestamp,
) -> RateHeaders {
    let scope = if class.subscription.is_some() {
        "subscription"
    } else {
        "tenant"
    };
    let noun = class.operation.noun();
    let mut headers = Vec::with_capacity(3);
    for (key, rule) in wanted {
        let left = state.buckets.tokens(key, *rule, now).max(0.0).floor();
        let name = match key {
            Key::Principal(..) => format!("x-ms-ratelimit-remaining-{scope}-{noun}s"),
            Key::Subscription(..) => format!("x-ms-ratelimit-remaining-{scope}-global-{noun}s"),
            Key::Told(..) => "x-ms-ratelimit-remaining-subscription-resource-requests".to_owned(),
            Key::ResourceGraph(..) => {
                let seconds = state.buckets.resets_after(key, *rule, now);
                headers.push((
                    "x-ms-user-quota-resets-after".to_owned(),
                    format!(
                        "{:02}:{:02}:{:02}",
                        seconds / 3_600,
                        seconds / 60 % 60,
                        seconds % 60
                    ),
                ));
                "x-ms-user-quota-remaining".to_owned()
            }
            _ => continue,
        };
        headers.push((name, format!("{left}")));
    }
    RateHeaders(headers)
}

/// The refusal of a request that meets an empty bucket, without its headers.
fn refused(empty: &Key, class: &ClassOfRequest<'_>, retry_after: u64) -> Throttled {
    let noun = class.operation.noun();
    let subscription = class.subscription.unwrap_or_default().to_ascii_lowercase();
    let too_many = "TooManyRequests";
    let (code, message) = match empty {
        Key::Network(..) => (
            too_many,
            format!(
                "Number of {noun} requests for subscription {subscription} in location {} exceeded the limit of the resource provider 'Microsoft.Network'. Please try again after {retry_after} seconds.",
                class.network_region.unwrap_or_default()
            ),
        ),
        Key::PrivateDns(request) => (
            too_many,
            format!(
                "Number of {noun} requests to private DNS for '{}' exceeded its limit. Please try again after {retry_after} seconds.",
                request.scope
            ),
        ),
        Key::Storage(_, _, class) => (too_many, storage(match class {
            StorageClass::Read => "Read_ObservationWindow_00:05:00",
            StorageClass::List => "List_ObservationWindow_00:05:00",
            StorageClass::Write => "Write_ObservationWindow_01:00:00",
        })),
        Key::StorageSecond(..) => (too_many, storage("Write_ObservationWindow_00:00:01")),
        Key::ResourceGraph(..) => (
            "RateLimiting",
            "Client application has been throttled and should not attempt to repeat the request until an amount of time has elapsed. Please see https://aka.ms/resourcegraph-throttling for help.".to_owned(),
        ),
        Key::Principal(..) | Key::Subscription(..) | Key::Told(..) => {
            let (code, scope) = if class.subscription.is_some() {
                ("SubscriptionRequestsThrottled", "subscription")
            } else {
                ("TenantRequestsThrottled", "tenant")
            };
            (code, format!(
                "Number of '{noun}' requests for {scope} '{subscription}' actor '{}' exceeded. Please try again after '{retry_after}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.",
                class.principal
            ))
        }
    };
    Throttled {
        code,
        message,
        retry_after,
        headers: RateHeaders::default(),
        by_provider: !matches!(empty, Key::Principal(..) | Key::Subscription(..)),
    }
}

fn storage(operation: &str) -> String {
    format!(
        "The request is being throttled as the limit has been reached for operation type - {operation}. For more information, see - https://aka.ms/srpthrottlinglimits"
    )
}
