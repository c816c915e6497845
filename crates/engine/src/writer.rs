//! The engine's writes to Kubernetes: the finalizer and status. Nothing else of an object is ever written.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams};
use kube::{Client, Resource};
use privatelink_api::names::{FIELD_MANAGER, FINALIZER};
use serde_json::{Value, json};

/// Why a write did not happen.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The object changed, or is gone: the next pass sees it as it is.
    #[error("the object has changed since it was read")]
    Changed,
    #[error("the Kubernetes API did not answer in time")]
    Timeout,
    #[error("the Kubernetes API refused the write")]
    Kubernetes(#[source] kube::Error),
}

/// Writes objects of one kind.
pub struct Writer {
    client: Client,
    resource: ApiResource,
    timeout: Duration,
}

impl Writer {
    pub fn new<K: Resource<DynamicType = ()>>(client: Client, timeout: Duration) -> Self {
        Writer {
            client,
            resource: ApiResource::erase::<K>(&()),
            timeout,
        }
    }

    /// Puts our finalizer on an object, or takes it off.
    ///
    /// # Errors
    /// [`WriteError::Changed`] when somebody else wrote first.
    pub async fn set_finalizer(
        &self,
        object: &ObjectMeta,
        present: bool,
    ) -> Result<DynamicObject, WriteError> {
        let others = object
            .finalizers
            .iter()
            .flatten()
            .filter(|finalizer| *finalizer != FINALIZER);
        let mut finalizers: Vec<&str> = others.map(String::as_str).collect();
        if present {
            finalizers.push(FINALIZER);
        }
        // The version guards against a list of finalizers that somebody changed meanwhile.
        let patch =
            json!({"metadata": {"finalizers": finalizers, "resourceVersion": object.resource_version}});
        let parameters = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let name = object.name.as_deref().unwrap_or_default();
        self.bounded(self.api(object).patch(name, &parameters, &Patch::Merge(patch)))
            .await
    }

    /// Writes status by server-side apply: what is left out of it and was ours goes.
    ///
    /// # Errors
    /// [`WriteError::Changed`] when somebody else wrote first.
    pub async fn apply_status(
        &self,
        object: &ObjectMeta,
        status: &Value,
    ) -> Result<DynamicObject, WriteError> {
        let patch = json!({
            "apiVersion": self.resource.api_version,
            "kind": self.resource.kind,
            "metadata": {"name": object.name, "resourceVersion": object.resource_version},
            "status": status,
        });
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        let name = object.name.as_deref().unwrap_or_default();
        self.bounded(
            self.api(object)
                .patch_status(name, &parameters, &Patch::Apply(patch)),
        )
        .await
    }

    /// Takes out of status what others put there: server-side apply leaves their fields and elements alone.
    ///
    /// # Errors
    /// [`WriteError::Changed`] when somebody else wrote first.
    pub async fn clear_status(
        &self,
        object: &ObjectMeta,
        leftovers: Value,
    ) -> Result<DynamicObject, WriteError> {
        let patch = json!({"metadata": {"resourceVersion": object.resource_version}, "status": leftovers});
        let parameters = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let name = object.name.as_deref().unwrap_or_default();
        self.bounded(
            self.api(object)
                .patch_status(name, &parameters, &Patch::Merge(patch)),
        )
        .await
    }

    /// Reads an object as it is, whether or not it is one of its kind.
    ///
    /// # Errors
    /// [`WriteError::Changed`] when it is gone.
    pub async fn get(&self, object: &ObjectMeta) -> Result<DynamicObject, WriteError> {
        self.bounded(self.api(object).get(object.name.as_deref().unwrap_or_default()))
            .await
    }

    fn api(&self, object: &ObjectMeta) -> Api<DynamicObject> {
        match object.namespace.as_deref() {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &self.resource),
            None => Api::all_with(self.client.clone(), &self.resource),
        }
    }

    async fn bounded(
        &self,
        call: impl Future<Output = Result<DynamicObject, kube::Error>>,
    ) -> Result<DynamicObject, WriteError> {
        match tokio::time::timeout(self.timeout, call).await {
            Err(_) => Err(WriteError::Timeout),
            Ok(Ok(object)) => Ok(object),
            Ok(Err(kube::Error::Api(status))) if status.is_conflict() || status.is_not_found() => {
                Err(WriteError::Changed)
            }
            Ok(Err(error)) => Err(WriteError::Kubernetes(error)),
        }
    }
}

/// Whether our finalizer is on an object.
pub fn has_finalizer(object: &ObjectMeta) -> bool {
    object
        .finalizers
        .iter()
        .flatten()
        .any(|finalizer| finalizer == FINALIZER)
}
