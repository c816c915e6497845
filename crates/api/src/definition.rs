//! The custom resource definitions as they are installed.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::{AzureScope, PrivateEndpoint};

/// Every kind's definition.
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![AzureScope::crd(), PrivateEndpoint::crd()]
}
