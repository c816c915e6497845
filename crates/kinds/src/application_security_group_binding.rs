//! `ApplicationSecurityGroupBinding`: endpoints that join groups. It has nothing of its own in Azure: each endpoint's own pass
//! writes what all bindings and its own list come to, and the binding says how far that is.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use kube::ResourceExt;
use kube::core::Selector;
use privatelink_api::{
    ApplicationSecurityGroup, ApplicationSecurityGroupBinding, ConditionType, ManagedResource,
    PrivateEndpoint, Reason,
};
use privatelink_arm::ResourceId;
use privatelink_arm::model::ResourceModel;
use privatelink_engine::{
    Claim, Finding, Kind, Missing, ObjectKey, Outputs, Resolved, Right, Snapshots, Truth, Unresolved, World,
    all,
};
use serde_json::{Map, Value, json};

use crate::membership::{self, Around, Hindrance};
use crate::reference;

/// At most so many endpoints are named.
const MOST_NAMED: usize = 100;
/// In a message, so many.
const MOST_TOLD: usize = 5;

/// The kind `ApplicationSecurityGroupBinding`.
pub struct ApplicationSecurityGroupBindingKind;

impl Kind for ApplicationSecurityGroupBindingKind {
    type Object = ApplicationSecurityGroupBinding;

    const MAIN_NODE: &'static str = "";
    const IN_AZURE: bool = false;
    const SHOWS_STATUS_TO_ALL: bool = false;

    fn model(_id: &ResourceId) -> Option<&'static ResourceModel> {
        None
    }

    fn references(object: &ApplicationSecurityGroupBinding) -> Vec<ObjectKey> {
        let namespace = object.namespace().unwrap_or_default();
        let groups = object.spec.application_security_groups.iter();
        let groups = groups
            .filter_map(|group| reference::object_key(ApplicationSecurityGroup::KIND, group, &namespace));
        let endpoints = ObjectKey::all(PrivateEndpoint::KIND, Some(&namespace));
        groups.chain([endpoints]).collect()
    }

    fn azure_rights() -> Vec<Right> {
        // What it asks for the endpoints' own passes do.
        Vec::new()
    }

    fn claim(_object: &ApplicationSecurityGroupBinding, _world: &World<'_>) -> Result<Claim, Unresolved> {
        Err(Unresolved::invalid(
            "a binding of groups has nothing of its own in Azure",
        ))
    }

    fn resolve(
        _object: &ApplicationSecurityGroupBinding,
        _id: &ResourceId,
        _world: &World<'_>,
    ) -> Result<Resolved, Missing> {
        Ok(Resolved {
            nodes: Vec::new(),
            effective: BTreeMap::new(),
        })
    }

    fn outputs(
        object: &ApplicationSecurityGroupBinding,
        _resolved: &Resolved,
        _observed: &Snapshots,
        _recorded: &Map<String, Value>,
        world: &World<'_>,
    ) -> Result<Outputs, Missing> {
        let namespace = object.namespace().unwrap_or_default();
        if let Err(error) = Selector::try_from(object.spec.private_endpoint_selector.clone()) {
            let message = format!(
                "spec.privateEndpointSelector: {error}; In and NotIn need values, Exists and DoesNotExist take none"
            );
            return Err(Unresolved::invalid(message).into());
        }
        let mut endpoints = Vec::new();
        world
            .objects
            .each(Some(&namespace), |endpoint: &PrivateEndpoint| {
                if endpoint.metadata.deletion_timestamp.is_none() && membership::is_selected(endpoint, object)
                {
                    endpoints.push(endpoint.clone());
                }
            });
        let around = LazyCell::new(|| Around::of(world));
        let mut standing = Standing::default();
        for group in &object.spec.application_security_groups {
            // Said of the groups themselves too, where nobody is selected yet.
            reference::group("spec.applicationSecurityGroups", group, &namespace, world)
                .and_then(|id| world.scope.check(&[reference::uses(&id)]))?;
            let verdicts = endpoints
                .iter()
                .map(|endpoint| membership::joins(endpoint, group, &around, world));
            for (endpoint, verdict) in endpoints.iter().zip(all(verdicts)?) {
                standing.note(endpoint, verdict);
            }
        }
        let joined = endpoints.len() - standing.outside.len();
        let mut outputs = Outputs {
            findings: standing.finding(joined, endpoints.len()).into_iter().collect(),
            ..Outputs::default()
        };
        let names: Vec<String> = endpoints
            .iter()
            .take(MOST_NAMED)
            .map(ResourceExt::name_any)
            .collect();
        outputs
            .status
            .insert("selected".to_owned(), json!(endpoints.len()));
        outputs.status.insert("joined".to_owned(), json!(joined));
        if !names.is_empty() {
            outputs.status.insert("privateEndpoints".to_owned(), json!(names));
        }
        Ok(outputs)
    }
}

/// How the selected endpoints are.
#[derive(Default)]
struct Standing {
    /// Those that are not in all the groups.
    outside: BTreeMap<String, Hindered>,
}

/// What keeps an endpoint out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hindered {
    /// Its own pass has not come to it.
    NotYet,
    Full,
    Never(String),
}

impl Standing {
    fn note(&mut self, endpoint: &PrivateEndpoint, verdict: Result<ResourceId, Hindrance>) {
        let hindered = match verdict {
            Ok(id) if membership::is_in(endpoint, &id) => return,
            Ok(_) | Err(Hindrance::Waits(_)) => Hindered::NotYet,
            Err(Hindrance::Full) => Hindered::Full,
            Err(Hindrance::Never(why)) => Hindered::Never(why),
        };
        let worst = self
            .outside
            .entry(endpoint.name_any())
            .or_insert(Hindered::NotYet);
        *worst = hindered.max(worst.clone());
    }

    /// The gravest of what keeps endpoints out.
    fn finding(&self, joined: usize, selected: usize) -> Option<Finding> {
        let worst = self.outside.values().max()?;
        let names: Vec<&str> = self
            .outside
            .iter()
            .filter(|(_, hindered)| *hindered == worst)
            .map(|(name, _)| name.as_str())
            .collect();
        let more = names.len().saturating_sub(MOST_TOLD);
        let mut told = names
            .iter()
            .take(MOST_TOLD)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        if more > 0 {
            told.push_str(&format!(" and {more} more"));
        }
        let (reason, message) = match worst {
            Hindered::NotYet => (
                Reason::Updating,
                format!("{joined} of {selected} endpoints are in the groups; still to join: {told}"),
            ),
            Hindered::Full => (
                Reason::QuotaExceeded,
                format!(
                    "{told} cannot join: Azure takes 50 private endpoints in a group; narrow spec.privateEndpointSelector, or use several groups (a rule takes ten)"
                ),
            ),
            Hindered::Never(why) => (
                Reason::InvalidSpec,
                format!(
                    "{told} cannot join: {why}; narrow spec.privateEndpointSelector, or use another group for them"
                ),
            ),
        };
        Some(Finding::new(
            ConditionType::Programmed,
            Truth::False,
            reason,
            message,
        ))
    }
}
