//! Deletion: preconditions, finalizers, and what the server's own controllers do for definitions and namespaces.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::admission::bump_generation;
use super::object;
use super::refusal::Refusal;
use super::resource::{CLEANUP_FINALIZER, DEFINITIONS, NAMESPACES, ResourceType};
use super::store::{ObjectKey, Store, Stored};
use super::write::{Accepted, Target};

/// What a delete asks for beyond the deletion.
#[derive(Debug, Clone, Default)]
pub(super) struct Preconditions {
    pub(super) uid: Option<String>,
    pub(super) resource_version: Option<String>,
}

impl Store {
    /// DELETE.
    pub(super) fn delete(
        &mut self,
        target: &Target,
        preconditions: &Preconditions,
    ) -> Result<Accepted, Refusal> {
        let old = self
            .objects
            .get(&target.key())
            .cloned()
            .ok_or_else(|| target.not_found())?;
        for (label, asked, actual) in [
            (
                "UID",
                preconditions.uid.as_deref(),
                object::text(&old.object, "/metadata/uid"),
            ),
            (
                "ResourceVersion",
                preconditions.resource_version.as_deref(),
                object::resource_version(&old.object),
            ),
        ] {
            if let Some(asked) = asked
                && Some(asked) != actual
            {
                let actual = actual.unwrap_or_default();
                let why = format!(
                    "Precondition failed: {label} in precondition: {asked}, {label} in object meta: {actual}"
                );
                let mut refusal = Refusal::conflict(&target.resource, &target.name, &why);
                if let Some(details) = &mut refusal.details {
                    object::set_root(details, "kind", Some(json!(target.resource.kind)));
                }
                return Err(refusal);
            }
        }
        let lingers =
            !object::finalizers(&old.object).is_empty() || target.resource.qualified() == NAMESPACES;
        if !lingers {
            let uid = object::text(&old.object, "/metadata/uid").map(str::to_owned);
            self.commit(target.key(), None);
            self.settle();
            return Ok(Accepted {
                code: 200,
                body: Arc::new(deleted(target, uid)),
                changed: true,
            });
        }
        if object::is_deleting(&old.object) {
            if old.status_unwritten || !old.hidden_metadata.is_empty() {
                let written = Stored {
                    status_unwritten: false,
                    hidden_metadata: BTreeMap::new(),
                    ..old
                };
                let body = self.commit(target.key(), Some(written));
                return Ok(Accepted {
                    code: 200,
                    body,
                    changed: true,
                });
            }
            return Ok(Accepted {
                code: 200,
                body: Arc::clone(&old.object),
                changed: false,
            });
        }
        let body = self.mark_deleting(&target.key(), old);
        self.settle();
        Ok(Accepted {
            code: 200,
            body,
            changed: true,
        })
    }

    pub(super) fn mark_deleting(&mut self, key: &ObjectKey, old: Stored) -> Arc<Value> {
        let mut new = (*old.object).clone();
        object::set_metadata(&mut new, "deletionTimestamp", Some(json!(self.now())));
        if key.0 == NAMESPACES {
            object::set_root(&mut new, "status", Some(json!({ "phase": "Terminating" })));
        } else {
            object::set_metadata(&mut new, "deletionGracePeriodSeconds", Some(json!(0)));
        }
        bump_generation(&mut new);
        self.commit(
            key.clone(),
            Some(Stored {
                object: Arc::new(new),
                managers: old.managers,
                status_unwritten: false,
                hidden_metadata: BTreeMap::new(),
            }),
        )
    }

    pub(super) fn definition_is_terminating(&self, resource: &ResourceType) -> bool {
        let key = (DEFINITIONS.to_owned(), String::new(), resource.qualified());
        self.objects
            .get(&key)
            .is_some_and(|stored| object::is_deleting(&stored.object))
    }

    /// Does what the server's own controllers do: empties definitions and namespaces that are being deleted.
    pub(super) fn settle(&mut self) {
        let deleting: Vec<ObjectKey> = [DEFINITIONS, NAMESPACES]
            .iter()
            .flat_map(|resource| self.of_resource(resource, None))
            .filter(|(key, stored)| {
                object::is_deleting(&stored.object) && !self.held_cleanups.contains(&key.2)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for owner in deleting {
            let belongs = |key: &ObjectKey| {
                if owner.0 == NAMESPACES {
                    key.1 == owner.2
                } else {
                    key.0 == owner.2
                }
            };
            let content: Vec<ObjectKey> = self.objects.keys().filter(|key| belongs(key)).cloned().collect();
            for key in content {
                let Some(stored) = self.objects.get(&key).cloned() else {
                    continue;
                };
                if object::finalizers(&stored.object).is_empty() {
                    self.commit(key, None);
                } else if !object::is_deleting(&stored.object) {
                    self.mark_deleting(&key, stored);
                }
            }
            if self.objects.keys().any(belongs) {
                continue;
            }
            let others = self.objects.get(&owner).is_some_and(|stored| {
                object::finalizers(&stored.object)
                    .iter()
                    .any(|finalizer| *finalizer != CLEANUP_FINALIZER)
            });
            if !others {
                self.commit(owner, None);
            }
        }
    }
}

fn deleted(target: &Target, uid: Option<String>) -> Value {
    let mut details = json!({ "name": target.name, "kind": target.resource.plural, "uid": uid });
    if !target.resource.group.is_empty() {
        object::set_root(&mut details, "group", Some(json!(target.resource.group)));
    }
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details })
}
