//! Who a resource belongs to: two tags that name the installation and the object.
//!
//! The owner decides; the uid only informs, so that a restored or re-applied object resumes with what it made.

use privatelink_api::names::{OWNER_TAG, UID_TAG};
use privatelink_arm::model::ResourceModel;
use serde_json::Value;

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};

use crate::diff::at;

/// The metadata of a record that Azure writes for a zone group.
const CREATOR: &str = "creator";

/// What names an installation where its user does not: the uid of the namespace kube-system, which lives as long as the
/// cluster. None where that has no uid.
///
/// # Errors
/// What the API server says.
pub async fn cluster_id(kube: &Client) -> Result<Option<String>, kube::Error> {
    let namespaces: Api<Namespace> = Api::all(kube.clone());
    let namespace = namespaces.get("kube-system").await?;
    Ok(namespace.metadata.uid)
}

/// The object that a resource is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Names the installation; at most 63 characters.
    pub owner_id: String,
    pub kind: String,
    /// Empty for cluster-scoped kinds.
    pub namespace: String,
    pub name: String,
    pub uid: String,
}

impl Owner {
    /// The value of the owner tag: `<owner-id>/<kind>/<namespace>/<name>`.
    pub fn tag(&self) -> String {
        format!("{}/{}/{}/{}", self.owner_id, self.kind, self.namespace, self.name)
    }

    /// Both tags.
    pub fn tags(&self) -> [(&'static str, String); 2] {
        [(OWNER_TAG, self.tag()), (UID_TAG, self.uid.clone())]
    }

    /// Whether a difference's path is one of our own marks.
    pub fn is_mark(&self, path: &str) -> bool {
        [OWNER_TAG, UID_TAG].iter().any(|name| {
            path.strip_suffix(']')
                .is_some_and(|path| path.ends_with(&format!("[{name}")))
        })
    }
}

/// What the owner tag of a resource says, from one object's point of view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerTag {
    Ours,
    None,
    /// Another installation, or another object of ours.
    Other {
        owner_id: String,
    },
    /// Azure wrote it for a private endpoint's zone group.
    Azure {
        /// In Azure's words: `created by private endpoint .. with resource guid ..`.
        creator: String,
    },
}

impl OwnerTag {
    /// Reads the owner off a resource. ARM compares tag names without case.
    pub fn of(body: &Value, model: &ResourceModel, owner: &Owner) -> Self {
        let marks = model
            .mark
            .and_then(|path| at(body, path))
            .and_then(Value::as_object);
        let mark = |wanted: &str| {
            let found = marks
                .into_iter()
                .flatten()
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.and_then(|(_, value)| value.as_str())
        };
        match mark(OWNER_TAG) {
            // Azure's own mark on the records that it writes for a private endpoint.
            None if model.mark != Some(&["tags"]) && mark(CREATOR).is_some() => OwnerTag::Azure {
                creator: mark(CREATOR).unwrap_or_default().to_owned(),
            },
            None => OwnerTag::None,
            Some(value) if value == owner.tag() => OwnerTag::Ours,
            Some(value) => OwnerTag::Other {
                owner_id: value.split('/').next().unwrap_or_default().to_owned(),
            },
        }
    }
}
