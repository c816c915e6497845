//! What Azure says of a scope: whether its identity works, which subscriptions it reaches, and what it may not do that
//! the scope allows. Reads only, and only what the scope's entries imply.

use std::collections::{BTreeMap, BTreeSet};

use privatelink_api::{ConditionType, Reason, SubscriptionStatus, Verb};
use privatelink_arm::{ArmError, ArmErrorKind, Priority, ResourceId};
use serde::Deserialize;
use serde_json::Value;

use crate::failure::{Doing, Failure, Retry};
use crate::identity::Session;
use crate::kind::{Finding, Truth};
use crate::scope::Scope;

/// The actions in Azure that verbs on an id come to.
pub type RequiredActions = fn(&ResourceId, &BTreeSet<Verb>) -> BTreeSet<String>;

const PROVIDERS_ACTION: &str = "Microsoft.Resources/subscriptions/providers/read";
const PROVIDERS_VERSION: &str = "2021-04-01";
const PERMISSIONS_VERSION: &str = "2022-04-01";

/// At most so many subscriptions and missing actions are shown.
const MOST_SUBSCRIPTIONS: usize = 256;
const MOST_ACTIONS: usize = 256;
/// A message names at most so many.
const MOST_NAMED: usize = 5;

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probe {
    /// What is wrong with the identity, or on the way to Azure.
    pub(crate) failure: Option<Failure>,
    /// By subscription, in the order of their ids.
    pub(crate) subscriptions: Vec<SubscriptionStatus>,
    /// What keeps the scope from being of use: a condition's reason and message.
    pub(crate) broken: Option<(Reason, String)>,
    /// What an owner should know, although nothing is broken by it.
    pub(crate) warning: Option<String>,
    /// What could not be asked, and for want of which right; nobody has to do anything about it.
    pub(crate) unasked: Option<String>,
}

impl Probe {
    /// The finding about the identity.
    pub(crate) fn finding(&self, session: &Session) -> Finding {
        let of = |status, reason, message: String| {
            Finding::new(ConditionType::IdentityReady, status, reason, message)
        };
        match (&self.failure, &self.broken) {
            (Some(failure), _) => of(
                Truth::False,
                failure.finding.reason,
                failure.finding.message.clone(),
            ),
            (None, Some((reason, message))) => of(Truth::False, *reason, message.clone()),
            (None, None) => {
                let unasked = self.unasked.iter().map(|unasked| format!("; {unasked}"));
                let unasked: String = unasked.collect();
                of(
                    Truth::True,
                    Reason::Succeeded,
                    format!("Azure is called as {}{unasked}", session.acting_as()),
                )
            }
        }
    }

    /// Whether nothing keeps the scope from being of use.
    pub(crate) fn is_good(&self) -> bool {
        self.failure.is_none() && self.broken.is_none()
    }
}

/// Asks Azure. A failure that says nothing about the identity is told as such.
pub(crate) async fn probe(session: &Session, scope: &Scope, required: RequiredActions) -> Probe {
    match ask(session, scope, required).await {
        Ok(probe) => probe,
        Err(error) => Probe {
            failure: Some(session.explain(&error, Doing::Reading)),
            ..Probe::default()
        },
    }
}

async fn ask(session: &Session, scope: &Scope, required: RequiredActions) -> Result<Probe, ArmError> {
    session.arm.sign_in().await?;
    session.works();
    let mut subscriptions: BTreeMap<String, Seen> = BTreeMap::new();
    let mut failed: Option<ArmError> = None;
    let mut refused: Vec<String> = Vec::new();
    for (on, verbs) in scope.entries() {
        let Some(subscription) = on.subscription_root() else {
            continue;
        };
        let key = subscription.key().to_owned();
        if !subscriptions.contains_key(&key) {
            if subscriptions.len() == MOST_SUBSCRIPTIONS {
                continue;
            }
            match look(session, &subscription).await {
                Ok(seen) => drop(subscriptions.insert(key.clone(), seen)),
                Err(error) => {
                    failed.get_or_insert(error);
                    continue;
                }
            }
        }
        let Some(seen) = subscriptions.get_mut(&key) else {
            continue;
        };
        if seen.reachable == Some(false) {
            continue;
        }
        let permissions = match permissions(session, on).await {
            Ok(permissions) => permissions,
            Err(error) => {
                failed.get_or_insert(error);
                continue;
            }
        };
        match permissions {
            Permissions::Known(permissions) => {
                seen.reachable = Some(true);
                let needed = required(on, verbs).into_iter();
                seen.missing
                    .extend(needed.filter(|action| !permissions.iter().any(|one| one.allows(action))));
            }
            Permissions::Unknown => seen.unknown.push(on.to_string()),
            Permissions::Refused => {
                seen.unknown.push(on.to_string());
                refused.push(on.to_string());
            }
        }
    }
    let mut probe = judge(subscriptions);
    // Who may do something somewhere is told so there.
    if let Some(first) = refused.first()
        && refused.len() == scope.entries().count()
        && probe.broken.is_none()
    {
        probe.broken = Some((Reason::Forbidden, without_role(first, refused.len(), session)));
        probe.warning = None;
    }
    // What could be asked is told, also where something could not.
    probe.failure = failed.map(|error| session.explain(&error, Doing::Reading));
    Ok(probe)
}

/// What was seen of a subscription.
#[derive(Default)]
struct Seen {
    id: String,
    reachable: Option<bool>,
    registered: Option<bool>,
    /// It may not be asked whether the provider is registered.
    unasked: bool,
    missing: BTreeSet<String>,
    /// The entries at which Azure does not tell what this identity may do.
    unknown: Vec<String>,
}

/// One read says both whether the subscription is seen and whether it has the provider.
async fn look(session: &Session, subscription: &ResourceId) -> Result<Seen, ArmError> {
    let mut seen = Seen {
        id: subscription.subscription_id().unwrap_or_default().to_owned(),
        ..Seen::default()
    };
    let answer = session
        .arm
        .get_under(
            subscription,
            "providers/Microsoft.Network",
            PROVIDERS_VERSION,
            Priority::Drift,
        )
        .await;
    match answer {
        Ok(reply) => {
            let state = reply.body.as_ref().and_then(|body| body.get("registrationState"));
            let state = state
                .and_then(Value::as_str)
                .ok_or_else(|| malformed("registrationState"))?;
            seen.reachable = Some(true);
            seen.registered = Some(state.eq_ignore_ascii_case("Registered"));
        }
        // A cloud may not know the provider; that says nothing about the subscription.
        Err(error) if error.has_code("InvalidResourceNamespace") => {}
        Err(error) if error.kind == ArmErrorKind::NotFound => seen.reachable = Some(false),
        // With a role on a group alone, Azure may keep what is the subscription's to itself.
        Err(error) if error.kind == ArmErrorKind::Forbidden => seen.unasked = true,
        Err(error) => return Err(error),
    }
    Ok(seen)
}

/// One role's actions, as Azure tells them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Permission {
    actions: Vec<String>,
    not_actions: Vec<String>,
}

impl Permission {
    fn allows(&self, action: &str) -> bool {
        let one_of = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, action));
        one_of(&self.actions) && !one_of(&self.not_actions)
    }
}

/// What answers between us and Azure may answer anything.
fn malformed(lack: &str) -> ArmError {
    let message = format!("the answer has no {lack}");
    ArmError::new(ArmErrorKind::Malformed, "UnexpectedAnswer", message)
}

enum Permissions {
    Known(Vec<Permission>),
    /// Azure does not say, or not all of it.
    Unknown,
    /// Azure does not let the identity ask, as where it has no role.
    Refused,
}

/// What to do about an identity that may not even ask anywhere what it may do.
fn without_role(first: &str, entries: usize, session: &Session) -> String {
    format!(
        "the identity has no role at any of the {entries} entries of spec.allow, {first} the first of them, or none with Microsoft.Authorization/permissions/read: give {} a role there; a new one takes Azure some minutes, and is looked for every minute",
        session.acting_as().grantee()
    )
}

async fn permissions(session: &Session, on: &ResourceId) -> Result<Permissions, ArmError> {
    let answer = session
        .arm
        .get_under(
            on,
            "providers/Microsoft.Authorization/permissions",
            PERMISSIONS_VERSION,
            Priority::Drift,
        )
        .await;
    match answer {
        Ok(reply) => {
            let body = reply.body.unwrap_or_default();
            // A page of a list says nothing about what is not there.
            let whole = body
                .get("nextLink")
                .and_then(Value::as_str)
                .is_none_or(str::is_empty);
            let listed = body.get("value").filter(|value| value.is_array());
            let listed = listed.cloned().ok_or_else(|| malformed("value"))?;
            Ok(match serde_json::from_value(listed) {
                Ok(permissions) if whole => Permissions::Known(permissions),
                _ => Permissions::Unknown,
            })
        }
        Err(error) if error.kind == ArmErrorKind::Forbidden => Ok(Permissions::Refused),
        // What an entry names may be made later.
        Err(error) if matches!(error.kind, ArmErrorKind::NotFound | ArmErrorKind::Invalid) => {
            Ok(Permissions::Unknown)
        }
        Err(error) => Err(error),
    }
}

/// Whether an action fits one of a role's, in which `*` stands for any characters. Without case.
fn fits(pattern: &str, action: &str) -> bool {
    crate::scope::matches(pattern, action)
}

fn judge(subscriptions: BTreeMap<String, Seen>) -> Probe {
    let named = |seen: &[&Seen]| {
        let ids: Vec<&str> = seen
            .iter()
            .map(|seen| seen.id.as_str())
            .take(MOST_NAMED)
            .collect();
        let more = seen.len().saturating_sub(ids.len());
        match more {
            0 => ids.join(", "),
            more => format!("{} and {more} more", ids.join(", ")),
        }
    };
    let those = |what: fn(&Seen) -> bool| {
        subscriptions
            .values()
            .filter(|seen| what(seen))
            .collect::<Vec<_>>()
    };
    let unreachable = those(|seen| seen.reachable == Some(false));
    let unregistered = those(|seen| seen.registered == Some(false));
    let broken = if !unreachable.is_empty() {
        Some((
            Reason::Forbidden,
            format!(
                "the identity does not see the subscription {}: give it a role there, or correct spec.allow; a wrong tenantId looks the same",
                named(&unreachable)
            ),
        ))
    } else if !unregistered.is_empty() {
        Some((
            Reason::Forbidden,
            format!(
                "the resource provider Microsoft.Network is not registered in the subscription {}: register it (az provider register --namespace Microsoft.Network --subscription <id>)",
                named(&unregistered)
            ),
        ))
    } else {
        None
    };
    let unasked = those(|seen| seen.unasked);
    let unasked = (!unasked.is_empty()).then(|| {
        format!(
            "whether Microsoft.Network is registered in the subscription {} is not known: the identity has no {PROVIDERS_ACTION} there, and needs it for nothing else",
            named(&unasked)
        )
    });
    let missing: BTreeSet<&String> = subscriptions.values().flat_map(|seen| &seen.missing).collect();
    let warning = if !missing.is_empty() {
        let first: Vec<&str> = missing
            .iter()
            .take(MOST_NAMED)
            .map(|action| action.as_str())
            .collect();
        Some(format!(
            "the identity has no right to {} of the actions that the scope allows, {} among them: give it a role with these, or allow less (status.subscriptions names them)",
            missing.len(),
            first.join(", ")
        ))
    } else {
        let unknown: Vec<&str> = subscriptions
            .values()
            .flat_map(|seen| seen.unknown.iter().map(String::as_str))
            .collect();
        unknown.first().map(|first| {
            format!(
                "Azure does not tell what the identity may do at {} entries of spec.allow, {first} the first of them: it has no role there, or none with Microsoft.Authorization/permissions/read",
                unknown.len()
            )
        })
    };
    Probe {
        failure: None,
        broken,
        warning,
        unasked,
        subscriptions: subscriptions
            .into_values()
            .map(|seen| SubscriptionStatus {
                id: seen.id,
                reachable: seen.reachable,
                network_registered: seen.registered,
                missing_actions: seen.missing.into_iter().take(MOST_ACTIONS).collect(),
            })
            .collect(),
    }
}

impl Probe {
    /// Whether Azure could not be asked, which says nothing about the scope.
    pub(crate) fn says_nothing(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| {
            failure.waits_for_turn
                || matches!(failure.finding.reason, Reason::Throttled | Reason::ParentBusy)
                || failure.finding.reason == Reason::Retrying && matches!(failure.retry, Retry::After(_))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_is_there_where_a_role_has_it_and_does_not_take_it_back() {
        let role = |actions: &[&str], not_actions: &[&str]| Permission {
            actions: actions.iter().map(|&action| action.to_owned()).collect(),
            not_actions: not_actions.iter().map(|&action| action.to_owned()).collect(),
        };
        let action = "Microsoft.Network/privateEndpoints/write";
        assert!(role(&["*"], &[]).allows(action));
        assert!(role(&["microsoft.network/*/write"], &[]).allows(action));
        assert!(role(&["*/write"], &[]).allows(action));
        assert!(!role(&["*/read"], &[]).allows(action));
        assert!(!role(&["*"], &["Microsoft.Network/privateEndpoints/*"]).allows(action));
    }

    #[test]
    fn a_subscription_that_is_not_seen_comes_before_one_without_the_provider() {
        let seen = |id: &str, reachable, registered| {
            let seen = Seen {
                id: id.to_owned(),
                reachable,
                registered,
                ..Seen::default()
            };
            (id.to_owned(), seen)
        };
        let probe = judge(BTreeMap::from([
            seen("a", Some(true), Some(false)),
            seen("b", Some(false), None),
        ]));
        let (reason, message) = probe.broken.clone().unwrap();
        assert_eq!(reason, Reason::Forbidden);
        assert!(message.contains("does not see the subscription b:"), "{message}");
        assert!(!probe.is_good());
        let probe = judge(BTreeMap::from([seen("a", Some(true), None)]));
        assert!(probe.is_good() && probe.warning.is_none());
    }
}
