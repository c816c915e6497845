//! Puts a seed into an emulator.

use super::{Seed, SeedError, SeededResource};
use crate::Emulator;
use crate::change::{Change, ChangeError, ConnectionChange};
use crate::identity::DEFAULT_TENANT;
use crate::state::Subscription;

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
        for resource in &seed.resources {
            self.put_seeded(resource)
                .map_err(|ChangeError { code, message }| seed.refused(resource, &code, &message))?;
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
        put?;
        let Some(decision) = &resource.decision else {
            return Ok(());
        };
        self.change(Change {
            id: resource.id.clone(),
            connection: Some(ConnectionChange {
                status: decision.status,
                description: decision.description.clone(),
            }),
            ..Change::default()
        })
    }
}
