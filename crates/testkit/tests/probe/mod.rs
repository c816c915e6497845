//! A small definition with everything that the rules of status, defaults and lists depend on.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

/// The definition as JSON.
pub fn definition() -> Value {
    serde_saphyr::from_str(include_str!("definition.yaml")).expect("the definition is well formed")
}

/// The definition as the simulation wants it.
pub fn typed_definition() -> CustomResourceDefinition {
    serde_json::from_value(definition()).expect("the definition is well formed")
}
