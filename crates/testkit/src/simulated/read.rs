//! Get and list.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::object;
use super::refusal::Refusal;
use super::request::ApiRequest;
use super::resource::ResourceType;
use super::store::{ObjectKey, Store};

/// The object as the client wants to see it: whole, or its metadata alone.
pub(super) fn present(object: &Value, metadata_only: bool) -> Value {
    if !metadata_only {
        return object.clone();
    }
    json!({
        "apiVersion": "meta.k8s.io/v1",
        "kind": "PartialObjectMetadata",
        "metadata": object.get("metadata").cloned().unwrap_or_default(),
    })
}

impl Store {
    pub(super) fn get(
        &self,
        resource: &ResourceType,
        namespace: &str,
        name: &str,
    ) -> Result<Arc<Value>, Refusal> {
        let key = (resource.qualified(), namespace.to_owned(), name.to_owned());
        match self.objects.get(&key) {
            Some(stored) => Ok(Arc::clone(&stored.object)),
            None => Err(Refusal::not_found(resource, name)),
        }
    }

    pub(super) fn list(&self, resource: &ResourceType, request: &ApiRequest) -> Result<Value, Refusal> {
        let qualified = resource.qualified();
        let selector = request.selector()?;
        let token = request.parameter("continue").map(decode_token).transpose()?;
        // A list at version 0 may come from the server's cache, which lags as watches do.
        let revision = match (&token, request.resource_version()?) {
            (Some((revision, _)), _) => *revision,
            (None, Some(0)) => self.visible().0,
            (None, Some(asked)) if request.parameter("resourceVersionMatch") == Some("Exact") => asked,
            _ => self.revision,
        };
        if revision < self.compacted {
            return Err(match token {
                Some(_) => Refusal::new(
                    410,
                    "Expired",
                    "The provided continue parameter is too old to display a consistent list result.",
                ),
                None => Refusal::expired(revision, self.compacted),
            });
        }
        let after = token.map(|(_, (namespace, name))| (qualified.clone(), namespace, name));
        let selected: Vec<(ObjectKey, Arc<Value>)> = self
            .snapshot(&qualified, revision)
            .into_iter()
            .filter(|(key, _)| after.as_ref().is_none_or(|after| key > after))
            .filter(|((_, namespace, name), _)| selector.selects(namespace, name))
            .collect();
        let limit = request
            .parameter("limit")
            .map(|text| {
                text.parse::<usize>()
                    .map_err(|_| Refusal::bad_request(format!("limit {text}")))
            })
            .transpose()?
            .filter(|limit| *limit > 0);
        let page = selected
            .get(..limit.unwrap_or(usize::MAX).min(selected.len()))
            .unwrap_or_default();
        let mut metadata = json!({ "resourceVersion": revision.to_string() });
        if let (true, Some(fields)) = (resource.custom, metadata.as_object_mut()) {
            fields.insert("continue".to_owned(), json!(""));
        }
        let rest = selected.len() - page.len();
        if let (true, Some(((_, namespace, name), _)), Some(fields)) =
            (rest > 0, page.last(), metadata.as_object_mut())
        {
            fields.insert(
                "continue".to_owned(),
                json!(encode_token(revision, namespace, name)),
            );
            fields.insert("remainingItemCount".to_owned(), json!(rest));
        }
        let (api_version, kind) = if request.metadata_only {
            (
                "meta.k8s.io/v1".to_owned(),
                "PartialObjectMetadataList".to_owned(),
            )
        } else {
            (resource.api_version(), format!("{}List", resource.kind))
        };
        let items: Vec<Value> = page
            .iter()
            .map(|(_, object)| {
                let mut item = present(object, request.metadata_only);
                if !resource.custom && !request.metadata_only {
                    // Typed lists of the server carry no type in their items.
                    object::set_root(&mut item, "apiVersion", None);
                    object::set_root(&mut item, "kind", None);
                }
                item
            })
            .collect();
        Ok(json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata, "items": items }))
    }
}

fn encode_token(revision: u64, namespace: &str, name: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{revision}/{namespace}/{name}"))
}

fn decode_token(token: &str) -> Result<(u64, (String, String)), Refusal> {
    let parse = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (revision, rest) = text.split_once('/')?;
        let (namespace, name) = rest.split_once('/')?;
        Some((revision.parse().ok()?, (namespace.to_owned(), name.to_owned())))
    };
    parse().ok_or_else(|| Refusal::bad_request("continue key is not valid"))
}
