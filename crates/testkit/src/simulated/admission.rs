//! What the server checks and completes in an object before it stores it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::apply::{ManagerKey, Managers};
use super::field_set::FieldSet;
use super::object;
use super::refusal::Refusal;
use super::resource::ResourceType;
use super::write::Target;

/// Group, kind, name and namespace of the body must be those of the URL; what is left out is filled in.
pub(super) fn check_identity(target: &Target, body: &mut Value) -> Result<(), Refusal> {
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
pub(super) fn part_of(target: &Target, body: &Value) -> Value {
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

/// An apply that is not forced may not change what others own.
pub(super) fn refuse_conflicts(
    managers: &Managers,
    me: &ManagerKey,
    wanted: &FieldSet,
) -> Result<(), Refusal> {
    for (key, managed) in managers.iter().filter(|(key, _)| *key != me) {
        let conflict = managed.fields.intersection(wanted);
        if !conflict.is_empty() {
            let (manager, field) = (&key.manager, conflict.first_path());
            let message = format!("Apply failed with 1 conflict: conflict with \"{manager}\": {field}");
            let cause = format!("conflict with \"{manager}\"");
            let mut refusal = Refusal::new(409, "Conflict", message);
            refusal.details = Some(
                json!({ "causes": [{ "reason": "FieldManagerConflict", "message": cause, "field": field }] }),
            );
            return Err(refusal);
        }
    }
    Ok(())
}

pub(super) fn refuse_new_finalizers(target: &Target, old: &Value, new: &Value) -> Result<(), Refusal> {
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

pub(super) fn validate(target: &Target, new: &Value) -> Result<(), Refusal> {
    let mut causes = Vec::new();
    target.resource.schema.validate(new, "", &mut causes);
    if causes.is_empty() {
        Ok(())
    } else {
        Err(Refusal::invalid(&target.resource, &target.name, &causes))
    }
}

pub(super) fn bump_generation(new: &mut Value) {
    if let Some(generation) = new
        .pointer("/metadata/generation")
        .and_then(Value::as_i64)
        .filter(|now| *now > 0)
    {
        object::set_metadata(new, "generation", Some(json!(generation + 1)));
    }
}

/// Typed metadata has no empty lists and maps: the server does not show them. Answers what was dropped.
pub(super) fn drop_empty_metadata(new: &mut Value) -> BTreeMap<String, Value> {
    let mut dropped = BTreeMap::new();
    if let Some(metadata) = object::metadata_mut(new) {
        for field in ["finalizers", "labels", "annotations", "ownerReferences"] {
            let empty = match metadata.get(field) {
                Some(Value::Array(list)) => list.is_empty(),
                Some(Value::Object(map)) => map.is_empty(),
                Some(Value::Null) => true,
                _ => false,
            };
            if empty && let Some(value) = metadata.remove(field) {
                dropped.insert(field.to_owned(), value);
            }
        }
    }
    dropped
}

pub(super) fn complete_namespace(namespace: &mut Value, name: &str) {
    object::set_root(namespace, "spec", Some(json!({ "finalizers": ["kubernetes"] })));
    object::set_root(namespace, "status", Some(json!({ "phase": "Active" })));
    if let Some(metadata) = object::metadata_mut(namespace) {
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        if let Some(labels) = labels.as_object_mut() {
            labels.insert("kubernetes.io/metadata.name".to_owned(), json!(name));
        }
    }
}

pub(super) fn render_managers(new: &mut Value, managers: &Managers, resource: &ResourceType) {
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
        (!entries.is_empty()).then_some(Value::Array(entries)),
    );
}
