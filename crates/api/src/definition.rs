//! The custom resource definitions as they are installed: what the derived schemas lack is added, and what the API's
//! rules forbid is taken away.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
    ValidationRule,
};
use kube::CustomResourceExt;
use serde_json::{Value, json};

use crate::condition::{ConditionType, Reason};
use crate::{
    ApplicationSecurityGroup, ApplicationSecurityGroupBinding, AzureScope, NetworkSecurityGroup,
    PrivateDnsRecordSet, PrivateDnsZone, PrivateDnsZoneLink, PrivateEndpoint, RouteTable, SubnetBinding,
};

/// Every kind's definition, in the order in which they are installed.
pub fn crds() -> Vec<CustomResourceDefinition> {
    let definitions = [
        AzureScope::crd(),
        PrivateEndpoint::crd(),
        PrivateDnsZone::crd(),
        PrivateDnsZoneLink::crd(),
        PrivateDnsRecordSet::crd(),
        NetworkSecurityGroup::crd(),
        ApplicationSecurityGroup::crd(),
        RouteTable::crd(),
        SubnetBinding::crd(),
        ApplicationSecurityGroupBinding::crd(),
    ];
    definitions.into_iter().map(finished).collect()
}

/// The name of a definition's file, as in `crds/privateendpoints.yaml`.
pub fn file_name(definition: &CustomResourceDefinition) -> String {
    format!("{}.yaml", definition.spec.names.plural)
}

/// A definition as YAML, with a note that it is generated.
///
/// # Errors
/// Where the serialiser refuses the document, which no definition of [`crds`] makes it do.
pub fn to_yaml(definition: &CustomResourceDefinition) -> Result<String, serde_saphyr::ser::Error> {
    let document = serde_saphyr::to_string(definition)?;
    Ok(format!(
        "# Generated from the types in crates/api by `cargo xtask crds`; do not edit.\n{document}"
    ))
}

fn finished(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        let Some(root) = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
        else {
            continue;
        };
        tidy(root);
        root.title = None;
        root.x_kubernetes_validations
            .get_or_insert_default()
            .push(ValidationRule {
                rule: "size(self.metadata.name) <= 80".to_owned(),
                message: Some(
                    "metadata.name must have at most 80 characters: choose a shorter name".to_owned(),
                ),
                ..ValidationRule::default()
            });
        if let Some(status) = root
            .properties
            .as_mut()
            .and_then(|properties| properties.get_mut("status"))
        {
            status.default = Some(JSON(initial_status()));
        }
    }
    definition
}

/// What a fresh object's status says, so that nothing takes it for finished before the controller has seen it.
fn initial_status() -> Value {
    json!({
        "observedGeneration": -1,
        "conditions": [{
            "type": ConditionType::Ready.as_str(),
            "status": "Unknown",
            "reason": Reason::Pending.as_str(),
            "message": "Waits for the controller",
            "observedGeneration": -1,
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        }],
    })
}

/// Takes out what optional fields of the types bring along: `nullable`, a null among enum values, and defaults (tools
/// that compare manifests with the cluster would show a difference for ever). Joins the lines of descriptions.
fn tidy(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    schema.default = None;
    if let Some(values) = &mut schema.enum_ {
        values.retain(|value| !value.0.is_null());
    }
    if let Some(description) = &mut schema.description {
        *description = description
            .split("\n\n")
            .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
            .join("\n\n");
    }
    schema
        .properties
        .iter_mut()
        .flat_map(|properties| properties.values_mut())
        .for_each(tidy);
    match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(items)) => tidy(items),
        Some(JSONSchemaPropsOrArray::Schemas(several)) => several.iter_mut().for_each(tidy),
        None => {}
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        tidy(values);
    }
}
