//! What people and other programs do to the cluster, without HTTP, journal and faults.
//!
//! A resource is named by its plural (`things`), by plural and group, or by its kind.

use std::sync::Arc;

use serde_json::{Value, json};

use super::SimulatedApi;
use super::deletion::Preconditions;
use super::object;
use super::patch::merge_patch;
use super::refusal::Refusal;
use super::resource::{DEFINITIONS, NAMESPACES, ResourceType};
use super::store::Store;
use super::write::{Accepted, Target};

/// The field manager of the direct methods.
const USER: &str = "kubectl";

fn find(store: &Store, name: &str) -> Result<Arc<ResourceType>, Refusal> {
    store
        .types
        .values()
        .find(|resource| resource.plural == name || resource.qualified() == name || resource.kind == name)
        .cloned()
        .ok_or_else(|| Refusal::new(404, "NotFound", format!("no resource {name}")))
}

fn target_of(store: &Store, object: &Value) -> Result<Target, Refusal> {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    target(
        store,
        kind,
        object::text(object, "/metadata/namespace").unwrap_or("default"),
        object::name(object),
    )
}

fn target(store: &Store, resource: &str, namespace: &str, name: &str) -> Result<Target, Refusal> {
    let resource = find(store, resource)?;
    let namespace = if resource.namespaced {
        namespace.to_owned()
    } else {
        String::new()
    };
    Ok(Target {
        resource,
        namespace,
        name: name.to_owned(),
        status: false,
        manager: USER.to_owned(),
    })
}

impl SimulatedApi {
    fn act(&self, action: impl FnOnce(&mut Store) -> Result<Accepted, Refusal>) -> Result<Value, Refusal> {
        let accepted = action(&mut self.shared.lock().store)?;
        self.shared.notify();
        Ok((*accepted.body).clone())
    }

    /// `kubectl create`: the object is found by `kind`, `metadata.namespace` and `metadata.name`.
    pub fn create(&self, object: Value) -> Result<Value, Refusal> {
        self.act(|store| {
            let target = target_of(store, &object)?;
            store.create(&target, object)
        })
    }

    /// `kubectl apply --server-side --force-conflicts`.
    pub fn apply(&self, object: Value) -> Result<Value, Refusal> {
        self.act(|store| {
            let target = target_of(store, &object)?;
            store.apply(&target, object, true)
        })
    }

    /// A merge patch of the whole object.
    pub fn patch(
        &self,
        resource: &str,
        namespace: &str,
        name: &str,
        patch: &Value,
    ) -> Result<Value, Refusal> {
        self.act(|store| {
            let target = target(store, resource, namespace, name)?;
            store.patch(&target, |object| {
                merge_patch(object, patch);
                Ok(())
            })
        })
    }

    /// A merge patch of `spec`.
    pub fn patch_spec(
        &self,
        resource: &str,
        namespace: &str,
        name: &str,
        spec: &Value,
    ) -> Result<Value, Refusal> {
        self.patch(resource, namespace, name, &json!({ "spec": spec }))
    }

    /// Sets an annotation, or removes it when the value is `None`.
    pub fn annotate(
        &self,
        resource: &str,
        namespace: &str,
        name: &str,
        annotation: &str,
        value: Option<&str>,
    ) -> Result<Value, Refusal> {
        let patch = json!({ "metadata": { "annotations": { annotation: value } } });
        self.patch(resource, namespace, name, &patch)
    }

    /// Replaces the finalizers.
    pub fn set_finalizers(
        &self,
        resource: &str,
        namespace: &str,
        name: &str,
        finalizers: &[&str],
    ) -> Result<Value, Refusal> {
        self.patch(
            resource,
            namespace,
            name,
            &json!({ "metadata": { "finalizers": finalizers } }),
        )
    }

    /// Replaces the whole status, as somebody with the right to patch it could.
    pub fn force_status(
        &self,
        resource: &str,
        namespace: &str,
        name: &str,
        status: &Value,
    ) -> Result<Value, Refusal> {
        self.act(|store| {
            let mut target = target(store, resource, namespace, name)?;
            target.status = true;
            store.patch(&target, |object| {
                object::set_root(object, "status", Some(status.clone()));
                Ok(())
            })
        })
    }

    /// `kubectl delete`, without waiting.
    pub fn delete(&self, resource: &str, namespace: &str, name: &str) -> Result<Value, Refusal> {
        self.act(|store| {
            let target = target(store, resource, namespace, name)?;
            store.delete(&target, &Preconditions::default())
        })
    }

    /// The object, or `None` where there is none.
    #[must_use]
    pub fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let state = self.shared.lock();
        let target = target(&state.store, resource, namespace, name).ok()?;
        state
            .store
            .objects
            .get(&target.key())
            .map(|stored| (*stored.object).clone())
    }

    /// All objects of a resource, in one namespace or in all, ordered by namespace and name.
    #[must_use]
    pub fn list(&self, resource: &str, namespace: Option<&str>) -> Vec<Value> {
        let shared = self.shared_list(resource, namespace);
        shared.into_iter().map(|object| (*object).clone()).collect()
    }

    /// The same, without a copy of each: for whoever looks often. Where nothing has changed, it is the same object.
    #[must_use]
    pub fn shared_list(&self, resource: &str, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let state = self.shared.lock();
        let Ok(resource) = find(&state.store, resource) else {
            return Vec::new();
        };
        let qualified = resource.qualified();
        state
            .store
            .of_resource(&qualified, namespace)
            .map(|(_, stored)| Arc::clone(&stored.object))
            .collect()
    }

    /// A namespace.
    pub fn create_namespace(&self, name: &str) -> Result<Value, Refusal> {
        self.create(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }))
    }

    /// Deletes a namespace and, as the namespace controller does, all that is in it.
    pub fn delete_namespace(&self, name: &str) -> Result<Value, Refusal> {
        self.delete(NAMESPACES, "", name)
    }

    /// Sets `deletionTimestamp` on a definition (`plural.group`) and keeps its instances for now, as the server does
    /// until its own finalizer runs.
    pub fn mark_definition_deleting(&self, definition: &str) -> Result<Value, Refusal> {
        self.act(|store| {
            store.held_cleanups.insert(definition.to_owned());
            let target = target(store, DEFINITIONS, "", definition)?;
            store.delete(&target, &Preconditions::default())
        })
    }

    /// Lets the server delete the instances of a definition that is being deleted, and then the definition.
    pub fn finish_definition_cleanup(&self, definition: &str) {
        {
            let store = &mut self.shared.lock().store;
            store.held_cleanups.remove(definition);
            store.settle();
        }
        self.shared.notify();
    }
}
