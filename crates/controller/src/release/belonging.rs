//! Whose an object is, where several installations share a cluster: the scopes that are open to it say so.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DynamicObject, ListParams};
use kube::{Client, ResourceExt};
use privatelink_api::AzureScope;
use privatelink_api::names::DEFAULT_CONTROLLER_NAME;
use privatelink_engine::Scopes;
use serde_json::Value;

use super::{SCOPE, is_absent, list, patiently, resource};
use crate::Failure;

/// The scopes of this installation, and those of others.
pub(super) struct Belonging {
    controller_name: String,
    ours: Scopes,
    others: Scopes,
}

impl Belonging {
    /// Reads the scopes and the labels of namespaces.
    pub(super) async fn read(client: &Client, controller_name: &str) -> Result<Self, Failure> {
        let belonging = Self::new(controller_name);
        let failed = |error| Failure::Kubernetes(Box::new(error));
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource(SCOPE, "azurescopes"));
        let mut page_token: Option<String> = None;
        loop {
            let page = match list(&api, page_token.as_deref()).await {
                Ok(page) => page,
                // Without the definition there is no scope that could be anybody's.
                Err(kube::Error::Api(status)) if is_absent(&status) => return Ok(belonging),
                Err(error) => return Err(failed(error)),
            };
            page.items.iter().for_each(|scope| belonging.add(scope));
            page_token = page.metadata.continue_.filter(|token| !token.is_empty());
            if page_token.is_none() {
                break;
            }
        }
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let every = ListParams::default();
        for namespace in patiently(|| namespaces.list(&every)).await.map_err(failed)? {
            let labels = namespace.labels().clone();
            belonging
                .ours
                .put_namespace(&namespace.name_any(), Some(labels.clone()));
            belonging
                .others
                .put_namespace(&namespace.name_any(), Some(labels));
        }
        Ok(belonging)
    }

    fn new(controller_name: &str) -> Self {
        Self {
            controller_name: controller_name.to_owned(),
            ours: Scopes::default(),
            others: Scopes::default(),
        }
    }

    /// A scope that cannot be understood is open to nobody, as for the controller.
    fn add(&self, scope: &DynamicObject) {
        let Ok(scope) = scope.clone().try_parse::<AzureScope>() else {
            return;
        };
        let serving = scope.spec.controller_name().to_owned();
        let scopes = if serving == self.controller_name {
            &self.ours
        } else {
            &self.others
        };
        scopes.put(&scope, &serving);
    }

    /// Whether this installation has to let an object go. What no scope is open to (any more) belongs to nobody else, and
    /// nobody else would let it go: it is taken for ours.
    pub(super) fn is_ours(&self, kind: &str, object: &DynamicObject) -> bool {
        if kind == SCOPE {
            let named = object
                .data
                .pointer("/spec/controllerName")
                .and_then(Value::as_str);
            return named.unwrap_or(DEFAULT_CONTROLLER_NAME) == self.controller_name;
        }
        let namespace = object.namespace().unwrap_or_default();
        let scope_name = object.data.pointer("/spec/scopeName").and_then(Value::as_str);
        let open = |scopes: &Scopes| {
            let mut names = scopes.names().into_iter();
            names.any(|scope| scopes.may_use(&scope, &namespace, scope_name))
        };
        open(&self.ours) || !open(&self.others)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope(name: &str, controller_name: Option<&str>, namespaces: &[&str]) -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": "privatelink.dev/v1alpha1", "kind": "AzureScope", "metadata": {"name": name},
            "spec": {"controllerName": controller_name, "namespaces": namespaces},
        }))
        .unwrap()
    }

    fn endpoint(namespace: &str, scope_name: Option<&str>) -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": "privatelink.dev/v1alpha1", "kind": "PrivateEndpoint",
            "metadata": {"name": "one", "namespace": namespace}, "spec": {"scopeName": scope_name},
        }))
        .unwrap()
    }

    #[test]
    fn an_object_is_ours_unless_only_a_scope_of_another_installation_is_open_to_it() {
        let belonging = Belonging::new(DEFAULT_CONTROLLER_NAME);
        let scopes = [
            scope("orders", None, &["orders", "both"]),
            scope("payments", Some("example.com/payments"), &["payments", "both"]),
        ];
        scopes.iter().for_each(|scope| belonging.add(scope));
        let is_ours = |object: &DynamicObject| belonging.is_ours("PrivateEndpoint", object);
        assert!(is_ours(&endpoint("orders", None)));
        assert!(!is_ours(&endpoint("payments", None)));
        assert!(is_ours(&endpoint("nowhere", None)), "nobody else lets it go");
        assert!(is_ours(&endpoint("both", None)), "it may hold our finalizer");
        assert!(is_ours(&endpoint("both", Some("orders"))));
        assert!(!is_ours(&endpoint("both", Some("payments"))));
        assert!(belonging.is_ours(SCOPE, &scopes[0]));
        assert!(!belonging.is_ours(SCOPE, &scopes[1]));
    }
}
