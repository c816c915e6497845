//! Create, update, patch, apply and delete, with the rules that the API server applies to every object.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::apply::{self, Managed, ManagerKey, Managers};
use super::field_set::compare;
use super::object;
use super::refusal::Refusal;
use super::resource::{CLEANUP_FINALIZER, DEFINITIONS, NAMESPACES, ResourceType};
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

    fn manager_key(&self, operation: &'static str) -> ManagerKey {
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

    fn not_found(&self) -> Refusal {
        Refusal::not_found(&self.resource, &self.name)
    }
}

/// What a delete asks for beyond the deletion.
#[derive(Debug, Clone, Default)]
pub(super) struct Preconditions {
    pub(super) uid: Option<String>,
    pub(super) resource_version: Option<String>,
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
        if self.objects.contains_key(&target.key()) {
            return Err(Refusal::already_exists(&resource, &target.name));
        }
        if object::resource_version(&new).is_some() {
            return Err(Refusal::new(
                500,
                "InternalError",
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
        if resource.status_subresource && resource.custom {
            object::set_root(&mut new, "status", None);
        }
        let mut managers = applied.unwrap_or_default();
        let mut defaulted = new.clone();
        resource.schema.apply_defaults(&mut defaulted);
        if managers.is_empty() && resource.custom {
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
                return Err(Refusal::invalid(
                    &target.resource,
                    &target.name,
                    &[(field, "FieldValueInvalid", cause)],
                ));
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
        let applied = apply::apply(&old.object, &configuration, schema, &old.managers, &me);
        let comparison = compare(&old.object, &applied.object, schema);
        let mut managers = old.managers.clone();
        if !force {
            refuse_conflicts(
                target,
                &managers,
                &me,
                &comparison.changed.intersection(&applied.fields),
            )?;
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
        drop_empty_metadata(&mut new);
        let content = |value: &Value| object::generation_content(value, resource.status_subresource);
        if resource.has_generation && content(&new) != content(&old.object) {
            bump_generation(&mut new);
        }
        validate(target, &new)?;
        refuse_new_finalizers(target, &old.object, &new)?;
        let managers = applied.unwrap_or_else(|| {
            let mut managers = old.managers.clone();
            if resource.custom {
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
        if same && managers == old.managers {
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
            }),
        );
        self.settle();
        Ok(Accepted {
            code: 200,
            body,
            changed: true,
        })
    }

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
                return Err(Refusal::conflict(&target.resource, &target.name, &why));
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

    fn mark_deleting(&mut self, key: &ObjectKey, old: Stored) -> Arc<Value> {
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
            }),
        )
    }

    fn definition_is_terminating(&self, resource: &ResourceType) -> bool {
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

/// Group, kind, name and namespace of the body must be those of the URL; what is left out is filled in.
fn check_identity(target: &Target, body: &mut Value) -> Result<(), Refusal> {
    if !body.is_object() {
        return Err(Refusal::bad_request("the body is not an object"));
    }
    let wanted = [
        ("apiVersion", target.resource.api_version()),
        ("kind", target.resource.kind.clone()),
    ];
    for (field, wanted) in wanted {
        match body.get(field).and_then(Value::as_str) {
            None => object::set_root(body, field, Some(json!(wanted))),
            Some(found) if found == wanted => {}
            Some(found) => {
                return Err(Refusal::bad_request(format!(
                    "{field} {found} in the body, {wanted} in the URL"
                )));
            }
        }
    }
    let namespace = target.resource.namespaced.then_some(target.namespace.as_str());
    for (field, wanted) in [("name", Some(target.name.as_str())), ("namespace", namespace)] {
        let Some(wanted) = wanted else { continue };
        match object::text(body, &format!("/metadata/{field}")).filter(|found| !found.is_empty()) {
            None => object::set_metadata(body, field, Some(json!(wanted))),
            Some(found) if found == wanted => {}
            Some(found) => {
                return Err(Refusal::bad_request(format!(
                    "the {field} of the object ({found}) does not match the {field} on the URL ({wanted})"
                )));
            }
        }
    }
    Ok(())
}

/// The part of an applied body that the target may set.
fn part_of(target: &Target, body: &Value) -> Value {
    let mut part = body.clone();
    if target.status {
        let status = body.get("status").cloned();
        part = Value::Object(Map::new());
        object::set_root(&mut part, "status", status);
    } else if target.resource.status_subresource {
        object::set_root(&mut part, "status", None);
    }
    part
}

fn refuse_conflicts(
    target: &Target,
    managers: &Managers,
    me: &ManagerKey,
    wanted: &super::field_set::FieldSet,
) -> Result<(), Refusal> {
    for (key, managed) in managers.iter().filter(|(key, _)| *key != me) {
        let conflict = managed.fields.intersection(wanted);
        if !conflict.is_empty() {
            let message = format!(
                "Apply failed with 1 conflict: conflict with \"{}\": {}",
                key.manager,
                conflict.first_path()
            );
            let mut refusal = Refusal::conflict(&target.resource, &target.name, "");
            refusal.message = message;
            return Err(refusal);
        }
    }
    Ok(())
}

fn refuse_new_finalizers(target: &Target, old: &Value, new: &Value) -> Result<(), Refusal> {
    if !object::is_deleting(old) {
        return Ok(());
    }
    let before = object::finalizers(old);
    let added: Vec<&str> = object::finalizers(new)
        .into_iter()
        .filter(|finalizer| !before.contains(finalizer))
        .collect();
    if added.is_empty() {
        return Ok(());
    }
    let listed: Vec<String> = added.iter().map(|finalizer| format!("{finalizer:?}")).collect();
    let message = format!(
        "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        listed.join(", ")
    );
    let cause = ("metadata.finalizers".to_owned(), "FieldValueForbidden", message);
    Err(Refusal::invalid(&target.resource, &target.name, &[cause]))
}

fn validate(target: &Target, new: &Value) -> Result<(), Refusal> {
    let mut causes = Vec::new();
    target.resource.schema.validate(new, "", &mut causes);
    if causes.is_empty() {
        Ok(())
    } else {
        Err(Refusal::invalid(&target.resource, &target.name, &causes))
    }
}

fn bump_generation(new: &mut Value) {
    if let Some(generation) = new
        .pointer("/metadata/generation")
        .and_then(Value::as_i64)
        .filter(|now| *now > 0)
    {
        object::set_metadata(new, "generation", Some(json!(generation + 1)));
    }
}

/// Typed metadata has no empty lists and maps: the server leaves them out.
fn drop_empty_metadata(new: &mut Value) {
    if let Some(metadata) = object::metadata_mut(new) {
        for field in ["finalizers", "labels", "annotations", "ownerReferences"] {
            let empty = match metadata.get(field) {
                Some(Value::Array(list)) => list.is_empty(),
                Some(Value::Object(map)) => map.is_empty(),
                Some(Value::Null) => true,
                _ => false,
            };
            if empty {
                metadata.remove(field);
            }
        }
    }
}

fn complete_namespace(namespace: &mut Value, name: &str) {
    object::set_root(namespace, "spec", Some(json!({ "finalizers": ["kubernetes"] })));
    object::set_root(namespace, "status", Some(json!({ "phase": "Active" })));
    if let Some(metadata) = object::metadata_mut(namespace) {
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        if let Some(labels) = labels.as_object_mut() {
            labels.insert("kubernetes.io/metadata.name".to_owned(), json!(name));
        }
    }
}

fn render_managers(new: &mut Value, managers: &Managers, resource: &ResourceType) {
    let entries: Vec<Value> = managers
        .iter()
        .map(|(key, managed)| {
            let mut entry = json!({
                "manager": key.manager,
                "operation": key.operation,
                "apiVersion": resource.api_version(),
                "time": managed.time,
                "fieldsType": "FieldsV1",
                "fieldsV1": managed.fields.render(),
            });
            if !key.subresource.is_empty() {
                object::set_root(&mut entry, "subresource", Some(json!(key.subresource)));
            }
            entry
        })
        .collect();
    object::set_metadata(
        new,
        "managedFields",
        (!entries.is_empty()).then(|| Value::Array(entries)),
    );
}

fn deleted(target: &Target, uid: Option<String>) -> Value {
    let mut details = json!({ "name": target.name, "kind": target.resource.plural, "uid": uid });
    if !target.resource.group.is_empty() {
        object::set_root(&mut details, "group", Some(json!(target.resource.group)));
    }
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details })
}
