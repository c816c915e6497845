//! Create, update, patch and apply, with the rules that the API server applies to every object.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::admission::{
    bump_generation, check_identity, complete_namespace, drop_empty_metadata, part_of, refuse_conflicts,
    refuse_new_finalizers, render_managers, validate,
};
use super::apply::{self, Managed, ManagerKey, Managers};
use super::field_set::compare;
use super::object;
use super::refusal::Refusal;
use super::resource::{NAMESPACES, ResourceType};
use super::store::{ObjectKey, Store, Stored};

/// A write that was accepted.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    pub(super) code: u16,
    /// What the server answers.
    pub(super) body: Arc<Value>,
    /// The store is another one now.
    pub(super) changed: bool,
}

/// Which part of an object a write is for, and who writes.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) resource: Arc<ResourceType>,
    pub(super) namespace: String,
    pub(super) name: String,
    /// The write is for `/status`.
    pub(super) status: bool,
    pub(super) manager: String,
}

impl Target {
    pub(super) fn key(&self) -> ObjectKey {
        (
            self.resource.qualified(),
            self.namespace.clone(),
            self.name.clone(),
        )
    }

    pub(super) fn manager_key(&self, operation: &'static str) -> ManagerKey {
        let subresource = if self.status {
            "status".to_owned()
        } else {
            String::new()
        };
        ManagerKey {
            manager: self.manager.clone(),
            operation,
            subresource,
        }
    }

    pub(super) fn not_found(&self) -> Refusal {
        Refusal::not_found(&self.resource, &self.name)
    }
}

impl Store {
    /// POST.
    pub(super) fn create(&mut self, target: &Target, body: Value) -> Result<Accepted, Refusal> {
        self.insert(target, body, None)
    }

    fn insert(
        &mut self,
        target: &Target,
        mut new: Value,
        applied: Option<Managers>,
    ) -> Result<Accepted, Refusal> {
        let resource = Arc::clone(&target.resource);
        check_identity(target, &mut new)?;
        if target.name.is_empty() {
            return Err(Refusal::unexpected("an object without a name"));
        }
        self.check_namespace(target)?;
        if object::resource_version(&new).is_some() {
            return Err(Refusal::new(
                500,
                "",
                "resourceVersion should not be set on objects to be created",
            ));
        }
        if resource.custom && self.definition_is_terminating(&resource) {
            return Err(Refusal::new(
                405,
                "MethodNotAllowed",
                "create not allowed while custom resource definition is terminating",
            ));
        }
        let (now, uid) = (self.now(), self.next_uid());
        resource.schema.prune(&mut new);
        let mut hidden_metadata = drop_empty_metadata(&mut new);
        if applied.is_none() {
            hidden_metadata.clear();
        }
        if resource.status_subresource && resource.custom {
            object::set_root(&mut new, "status", None);
        }
        let is_apply = applied.is_some();
        let mut managers = applied.unwrap_or_default();
        managers.retain(|_, managed| !managed.fields.is_empty());
        let mut defaulted = new.clone();
        resource.schema.apply_defaults(&mut defaulted);
        let status_unwritten = new.get("status") != defaulted.get("status");
        if !is_apply && resource.custom {
            let mut owned = defaulted.clone();
            if resource.status_subresource {
                object::set_root(&mut owned, "status", None);
            }
            let empty = Value::Object(Map::new());
            apply::record_update(
                &mut managers,
                target.manager_key("Update"),
                &empty,
                &owned,
                &resource.schema,
                &now,
            );
        }
        let mut new = defaulted;
        validate(target, &new)?;
        if self.objects.contains_key(&target.key()) {
            return Err(Refusal::already_exists(&resource, &target.name));
        }
        object::set_metadata(&mut new, "uid", Some(json!(uid)));
        object::set_metadata(&mut new, "creationTimestamp", Some(json!(now)));
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "generation"] {
            object::set_metadata(&mut new, field, None);
        }
        if resource.has_generation {
            object::set_metadata(&mut new, "generation", Some(json!(1)));
        }
        if resource.qualified() == NAMESPACES {
            complete_namespace(&mut new, &target.name);
        }
        render_managers(&mut new, &managers, &resource);
        let body = self.commit(
            target.key(),
            Some(Stored {
                object: Arc::new(new),
                managers,
                status_unwritten,
                hidden_metadata,
            }),
        );
        Ok(Accepted {
            code: 201,
            body,
            changed: true,
        })
    }

    /// PUT.
    pub(super) fn replace(&mut self, target: &Target, body: Value) -> Result<Accepted, Refusal> {
        if !self.objects.contains_key(&target.key()) && target.resource.create_on_update && !target.status {
            return self.insert(target, body, None);
        }
        let old = self
            .objects
            .get(&target.key())
            .cloned()
            .ok_or_else(|| target.not_found())?;
        let mut new = body;
        check_identity(target, &mut new)?;
        if object::resource_version(&new).is_none() {
            if !target.resource.unconditional_update {
                let cause = "Invalid value: 0: must be specified for an update".to_owned();
                let field = "metadata.resourceVersion".to_owned();
                let cause = (field, "FieldValueInvalid", cause);
                let mut refusal = Refusal::invalid(&target.resource, &target.name, &[cause]);
                if let Some(details) = &mut refusal.details {
                    object::set_root(details, "kind", Some(json!(target.resource.plural)));
                }
                return Err(refusal);
            }
            let current = object::resource_version(&old.object).map(|version| json!(version));
            object::set_metadata(&mut new, "resourceVersion", current);
        }
        self.update(target, &old, new, None)
    }

    /// A merge patch or a JSON patch, given as a function from the live object to the patched one.
    pub(super) fn patch(
        &mut self,
        target: &Target,
        change: impl FnOnce(&mut Value) -> Result<(), Refusal>,
    ) -> Result<Accepted, Refusal> {
        let old = self
            .objects
            .get(&target.key())
            .cloned()
            .ok_or_else(|| target.not_found())?;
        let mut new = (*old.object).clone();
        change(&mut new)?;
        check_identity(target, &mut new)?;
        self.update(target, &old, new, None)
    }

    /// A server-side apply.
    pub(super) fn apply(
        &mut self,
        target: &Target,
        mut body: Value,
        force: bool,
    ) -> Result<Accepted, Refusal> {
        check_identity(target, &mut body)?;
        if body
            .pointer("/metadata/managedFields")
            .is_some_and(|fields| !fields.is_null())
        {
            return Err(Refusal::bad_request("metadata.managedFields must be nil"));
        }
        let schema = &target.resource.schema;
        let me = target.manager_key("Apply");
        let old = self.objects.get(&target.key()).cloned();
        if let Some(path) = schema.undeclared(&body, "") {
            let message = format!(
                "failed to create typed patch object ({}/{}; {}, Kind={}): {path}: field not declared in schema",
                target.namespace,
                target.name,
                target.resource.api_version(),
                target.resource.kind
            );
            return Err(Refusal::new(500, "", message));
        }
        let configuration = part_of(target, &body);
        let time = self.now();
        let Some(old) = old else {
            if target.status {
                return Err(target.not_found());
            }
            let applied = apply::apply(
                &Value::Object(Map::new()),
                &configuration,
                schema,
                &Managers::new(),
                &me,
            );
            let managers = Managers::from([(
                me,
                Managed {
                    fields: applied.fields,
                    time,
                },
            )]);
            return self.insert(target, body, Some(managers));
        };
        let mut managers = old.managers.clone();
        if managers.is_empty() && target.resource.custom {
            // What was there before the first apply belongs to a manager of its own.
            let first = ManagerKey {
                manager: "before-first-apply".to_owned(),
                ..target.manager_key("Update")
            };
            let part = part_of(target, &old.object);
            let empty = Value::Object(Map::new());
            apply::record_update(&mut managers, first, &empty, &part, schema, &time);
        }
        let applied = apply::apply(&old.object, &configuration, schema, &managers, &me);
        let comparison = compare(&old.object, &applied.object, schema);
        if !force {
            refuse_conflicts(&managers, &me, &comparison.changed.intersection(&applied.fields))?;
        }
        apply::take_over(&mut managers, &me, &comparison);
        match managers.get(&me) {
            Some(managed) if managed.fields == applied.fields => {}
            _ if applied.fields.is_empty() => {
                managers.remove(&me);
            }
            _ => {
                managers.insert(
                    me,
                    Managed {
                        fields: applied.fields,
                        time,
                    },
                );
            }
        }
        let mut new = applied.object;
        let version = object::resource_version(&body).map(|version| json!(version));
        if version.is_some() {
            object::set_metadata(&mut new, "resourceVersion", version);
        }
        self.update(target, &old, new, Some(managers))
    }

    /// What PUT, patch and apply have in common.
    fn update(
        &mut self,
        target: &Target,
        old: &Stored,
        mut new: Value,
        applied: Option<Managers>,
    ) -> Result<Accepted, Refusal> {
        let resource = &target.resource;
        if object::resource_version(&new) != object::resource_version(&old.object) {
            return Err(Refusal::stale(resource, &target.name));
        }
        let uid = |object: &Value| object::text(object, "/metadata/uid").map(str::to_owned);
        if let (Some(asked), Some(actual)) = (uid(&new), uid(&old.object))
            && asked != actual
        {
            let why =
                format!("Precondition failed: UID in precondition: {asked}, UID in object meta: {actual}");
            return Err(Refusal::conflict(resource, &target.name, &why));
        }
        resource.schema.prune(&mut new);
        if target.status {
            let status = new.get("status").cloned();
            new = (*old.object).clone();
            object::set_root(&mut new, "status", status);
        } else if resource.status_subresource {
            object::set_root(&mut new, "status", old.object.get("status").cloned());
        }
        resource.schema.apply_defaults(&mut new);
        for field in [
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
        ] {
            let kept = old
                .object
                .pointer("/metadata")
                .and_then(|metadata| metadata.get(field))
                .cloned();
            object::set_metadata(&mut new, field, kept);
        }
        let mut hidden_metadata = drop_empty_metadata(&mut new);
        if applied.is_none() {
            hidden_metadata.clear();
        }
        let content = |value: &Value| object::generation_content(value, resource.status_subresource);
        if resource.has_generation && content(&new) != content(&old.object) {
            bump_generation(&mut new);
        }
        validate(target, &new)?;
        refuse_new_finalizers(target, &old.object, &new)?;
        let managers = applied.unwrap_or_else(|| {
            let mut managers = old.managers.clone();
            // An object that lost all its managers stays without until somebody applies.
            if resource.custom && !managers.is_empty() {
                let me = target.manager_key("Update");
                apply::record_update(
                    &mut managers,
                    me,
                    &old.object,
                    &new,
                    &resource.schema,
                    &self.now(),
                );
            }
            managers
        });
        let same = object::without_volatile(&new) == object::without_volatile(&old.object);
        let stored = !old.status_unwritten && old.hidden_metadata == hidden_metadata;
        if same && stored && managers == old.managers {
            return Ok(Accepted {
                code: 200,
                body: Arc::clone(&old.object),
                changed: false,
            });
        }
        render_managers(&mut new, &managers, resource);
        if object::is_deleting(&old.object)
            && object::finalizers(&new).is_empty()
            && resource.qualified() != NAMESPACES
        {
            self.commit(target.key(), None);
            self.settle();
            return Ok(Accepted {
                code: 200,
                body: Arc::new(new),
                changed: true,
            });
        }
        let body = self.commit(
            target.key(),
            Some(Stored {
                object: Arc::new(new),
                managers,
                status_unwritten: false,
                hidden_metadata,
            }),
        );
        self.settle();
        Ok(Accepted {
            code: 200,
            body,
            changed: true,
        })
    }

    fn check_namespace(&self, target: &Target) -> Result<(), Refusal> {
        if !target.resource.namespaced {
            return Ok(());
        }
        let key = (NAMESPACES.to_owned(), String::new(), target.namespace.clone());
        match (self.objects.get(&key), self.types.get(NAMESPACES)) {
            (Some(namespace), _) if object::is_deleting(&namespace.object) => Err(Refusal::new(
                403,
                "Forbidden",
                format!(
                    "{} \"{}\" is forbidden: unable to create new content in namespace {} because it is being terminated",
                    target.resource.qualified(),
                    target.name,
                    target.namespace
                ),
            )),
            (None, Some(namespaces)) => Err(Refusal::not_found(namespaces, &target.namespace)),
            _ => Ok(()),
        }
    }
}
