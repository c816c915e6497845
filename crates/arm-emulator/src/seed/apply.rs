//! Puts a seed into an emulator.

use std::collections::BTreeMap;

use super::{Seed, SeedError, SeededResource};
use crate::Emulator;
use crate::doors::change::{Change, ChangeError, ConnectionChange, ConnectionStatus};
use crate::identity::DEFAULT_TENANT;
use crate::request::place::parent_key;
use crate::state::Subscription;
use crate::state::record::Facts;

impl Emulator {
    /// Puts a seed in. Operations that its resources begin have ended afterwards.
    ///
    /// # Errors
    /// The first resource that the resource manager refuses, with its place in the file.
    pub fn apply_seed(&self, seed: &Seed) -> Result<(), SeedError> {
        self.with(|inner, _| {
            for subscription in &seed.subscriptions {
                inner.state.open_subscriptions = false;
                inner.state.subscriptions.insert(
                    subscription.id.value.to_ascii_lowercase(),
                    Subscription {
                        id: subscription.id.value.clone(),
                        name: subscription
                            .name
                            .clone()
                            .unwrap_or_else(|| subscription.id.value.clone()),
                        tenant_id: subscription
                            .tenant_id
                            .clone()
                            .unwrap_or_else(|| DEFAULT_TENANT.to_owned()),
                        unregistered: subscription
                            .unregistered_providers
                            .iter()
                            .map(|namespace| namespace.to_ascii_lowercase())
                            .collect(),
                    },
                );
            }
        });
        self.with(|inner, _| inner.state.open_subscriptions |= seed.any_subscription);
        let refused = |resource| {
            move |ChangeError { code, message }: ChangeError| seed.refused(resource, &code, &message)
        };
        // Endpoints, by their keys, that are decided about once their names are in their zones.
        let mut later: BTreeMap<String, &SeededResource> = BTreeMap::new();
        for resource in &seed.resources {
            self.put_seeded(resource).map_err(refused(resource))?;
            let key = resource.id.to_ascii_lowercase();
            if resource
                .decision
                .as_ref()
                .is_some_and(|decision| decision.after_names)
            {
                self.approve_what_waits(resource).map_err(refused(resource))?;
                later.insert(key, resource);
            } else if let Some(endpoint) = parent_key(&key).and_then(|endpoint| later.remove(endpoint)) {
                self.decide_seeded(endpoint).map_err(refused(endpoint))?;
            } else {
                self.decide_seeded(resource).map_err(refused(resource))?;
            }
        }
        for endpoint in later.into_values() {
            self.decide_seeded(endpoint).map_err(refused(endpoint))?;
        }
        let tenants = seed
            .subscriptions
            .iter()
            .filter_map(|subscription| subscription.tenant_id.clone())
            .collect();
        self.set_principals(seed.principals.clone(), tenants);
        for (name, role) in &seed.role_definitions {
            self.define_role(name, role.clone());
        }
        for (object_id, assignment) in &seed.assignments {
            self.assign_role(object_id, assignment.clone());
        }
        if let (Some(throttle), crate::ThrottleMode::Azure) = (seed.throttle, self.options().throttle) {
            self.set_limits(Some(throttle.limits()));
        }
        Ok(())
    }

    fn put_seeded(&self, resource: &SeededResource) -> Result<(), ChangeError> {
        let key = resource.id.to_ascii_lowercase();
        if let Some(made) = &resource.made {
            self.with(|inner, _| inner.state.made.insert(key.clone(), made.clone()));
        }
        let put = self.put(&resource.id, &resource.body);
        self.with(|inner, _| inner.state.made.remove(&key));
        put
    }

    fn decide_seeded(&self, resource: &SeededResource) -> Result<(), ChangeError> {
        let Some(decision) = &resource.decision else {
            return Ok(());
        };
        self.change_connection(&resource.id, decision.status, decision.description.clone())
    }

    /// Only an endpoint that is approved has names.
    fn approve_what_waits(&self, resource: &SeededResource) -> Result<(), ChangeError> {
        let waits = self.with(|inner, _| {
            let endpoint = inner.state.get(&resource.id.to_ascii_lowercase());
            endpoint.is_some_and(
                |endpoint| matches!(&endpoint.facts, Facts::Endpoint(facts) if facts.status == "Pending"),
            )
        });
        if !waits {
            return Ok(());
        }
        self.change_connection(&resource.id, ConnectionStatus::Approved, None)
    }

    fn change_connection(
        &self,
        id: &str,
        status: ConnectionStatus,
        description: Option<String>,
    ) -> Result<(), ChangeError> {
        self.change(Change {
            id: id.to_owned(),
            connection: Some(ConnectionChange { status, description }),
            ..Change::default()
        })
    }
}
