//! `release`: lets go of every object, without one call to Azure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::gvk::GroupVersionKind;
use kube::{Client, ResourceExt, api::ApiResource};
use privatelink_api::names::{FIELD_MANAGER, FINALIZER};
use privatelink_api::{GROUP, VERSION, crds};
use serde_json::json;

use crate::Failure;

/// Takes the finalizer off every object of every kind; without `really`, only lists them.
pub(crate) async fn release(client: Client, really: bool) -> Result<(), Failure> {
    let (mut released, mut failed) = (0_usize, 0_usize);
    for definition in crds() {
        let names = definition.spec.names;
        let kind = GroupVersionKind::gvk(GROUP, VERSION, &names.kind);
        let resource = ApiResource::from_gvk_with_plural(&kind, &names.plural);
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        let mut parameters = ListParams::default().limit(500);
        loop {
            let page = match api.list(&parameters).await {
                Ok(page) => page,
                Err(kube::Error::Api(status)) if status.is_not_found() => break,
                Err(error) => return Err(Failure::Kubernetes(Box::new(error))),
            };
            let held = page
                .items
                .iter()
                .filter(|object| object.finalizers().iter().any(|finalizer| finalizer == FINALIZER));
            for object in held {
                let name = object.namespace().map_or_else(
                    || object.name_any(),
                    |namespace| format!("{namespace}/{}", object.name_any()),
                );
                if !really {
                    println!("{} {name}", names.kind);
                    released += 1;
                    continue;
                }
                match let_go(&client, &resource, &object.metadata).await {
                    Ok(()) => {
                        println!("released {} {name}", names.kind);
                        released += 1;
                    }
                    Err(error) => {
                        eprintln!("{} {name}: {error}", names.kind);
                        failed += 1;
                    }
                }
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters = ListParams::default().limit(500).continue_token(&token),
                None => break,
            }
        }
    }
    if failed > 0 {
        return Err(Failure::NotReleased(failed));
    }
    if really {
        println!("{released} objects released; nothing was changed in Azure");
    } else {
        println!("{released} objects hold a finalizer; run again with --yes to let them go");
    }
    Ok(())
}

async fn let_go(client: &Client, resource: &ApiResource, object: &ObjectMeta) -> Result<(), kube::Error> {
    let api: Api<DynamicObject> = match object.namespace.as_deref() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
        None => Api::all_with(client.clone(), resource),
    };
    let left: Vec<&String> = object
        .finalizers
        .iter()
        .flatten()
        .filter(|finalizer| *finalizer != FINALIZER)
        .collect();
    let patch = json!({"metadata": {"finalizers": left, "resourceVersion": object.resource_version}});
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    api.patch(
        object.name.as_deref().unwrap_or_default(),
        &parameters,
        &Patch::Merge(patch),
    )
    .await
    .map(|_| ())
}
