//! Writes what is there as a seed: an estate that a person can read, and from which the same comes into being.

mod form;
mod group;

use std::collections::BTreeMap;

use serde_json::json;

use super::yaml::Node;
use crate::operations::completion;
use crate::state::Subscription;
use crate::{Emulator, Inner};
use form::{by_id, is_written};
use group::Group;

impl Emulator {
    /// What is there as a seed file: subscriptions with their groups and resources, principals with their roles, limits.
    /// Operations that run are written as if they had ended. What is being deleted is left out, and so are, by name in a comment,
    /// endpoints, peerings and the like that lead to what is gone: nobody could make them.
    ///
    /// # Errors
    /// Never in practice: everything that is there can be written as YAML.
    pub fn export_seed(&self) -> Result<String, serde_saphyr::SerializeError> {
        let now = self.now();
        let (document, left_out) = self.with(|inner, _| {
            completion::settle(&mut inner.state, now);
            document(inner)
        });
        let mut text = String::new();
        for id in left_out {
            text.push_str(&format!(
                "# Left out, because what it leads to is gone: {}\n",
                id.escape_default()
            ));
        }
        text.push_str(&serde_saphyr::to_string(&document)?);
        Ok(text)
    }
}

fn document(inner: &Inner) -> (Node, Vec<String>) {
    let state = &inner.state;
    let mut estates: BTreeMap<String, Vec<Node>> = BTreeMap::new();
    let (mut rest, mut left_out) = (Vec::new(), Vec::new());
    for (id, _) in state.groups().counts() {
        match state
            .get(&id.to_ascii_lowercase())
            .filter(|group| !group.deleting)
        {
            Some(group) => {
                let subscription = id.split('/').nth(2).unwrap_or_default().to_ascii_lowercase();
                let (estate, others, gone) = Group::of(state, group).written();
                left_out.extend(gone);
                estates.entry(subscription).or_default().push(estate);
                rest.extend(others);
            }
            None if id.is_empty() => {
                let above = state.groups().above().filter_map(|key| state.get(key));
                rest.extend(above.filter(|record| is_written(record)).map(by_id));
            }
            None => {}
        }
    }
    let subscriptions = state
        .subscriptions
        .iter()
        .map(|(key, subscription)| written_subscription(subscription, estates.remove(key)))
        .collect();
    let document = Node::map([
        ("subscriptions", Node::list(subscriptions)),
        (
            "anySubscription",
            state.open_subscriptions.then_some(Node::Value(json!(true))),
        ),
        ("resources", Node::list(rest)),
        ("roleDefinitions", definitions(inner)),
        ("principals", Node::list(principals(inner))),
        (
            "throttle",
            inner.throttle.limits().map(|limits| Node::Value(json!(limits))),
        ),
    ]);
    (document, left_out)
}

fn written_subscription(subscription: &Subscription, groups: Option<Vec<Node>>) -> Node {
    let unregistered = &subscription.unregistered;
    Node::map([
        ("id", Node::text(&subscription.id)),
        ("name", Node::text(&subscription.name)),
        ("tenantId", Node::text(&subscription.tenant_id)),
        (
            "unregisteredProviders",
            (!unregistered.is_empty()).then(|| Node::Value(json!(unregistered))),
        ),
        ("resourceGroups", Node::list(groups.unwrap_or_default())),
    ])
}

fn definitions(inner: &Inner) -> Option<Node> {
    let named = inner.rbac.named();
    (!named.is_empty()).then(|| Node::Value(json!(named)))
}

fn principals(inner: &Inner) -> Vec<Node> {
    let principals = inner.identity.principals().iter();
    principals
        .map(|principal| {
            let roles = inner.rbac.of(&principal.object_id).iter().map(|assignment| {
                Node::map([
                    ("scope", Node::text(&assignment.scope)),
                    ("actions", Some(Node::Value(json!(assignment.role.actions)))),
                    (
                        "notActions",
                        Some(Node::Value(json!(assignment.role.not_actions))),
                    ),
                ])
            });
            let credentials = &principal.federated_credentials;
            Node::map([
                ("name", Node::text(&principal.name)),
                ("objectId", Node::text(&principal.object_id)),
                ("tenantId", Node::text(&principal.tenant_id)),
                ("clientId", Node::text(&principal.client_id)),
                (
                    "clientSecret",
                    principal.client_secret.as_ref().and_then(Node::text),
                ),
                (
                    "federatedCredentials",
                    (!credentials.is_empty()).then(|| Node::Value(json!(credentials))),
                ),
                (
                    "managedIdentity",
                    principal.managed_identity.then_some(Node::Value(json!(true))),
                ),
                ("roles", Node::list(roles.collect())),
            ])
        })
        .collect()
}
