//! What a client asks first when it only knows the resource manager's address: `/metadata/endpoints`.
//!
//! The addresses of the resource manager and of the authority are the emulator's; all others are those of the cloud that it
//! is, so that a client that goes there is told no lie. Evidence: what Azure's CLI and Terraform's provider read of it.

use serde_json::{Map, Value, json};

use crate::cloud::Cloud;

/// The cloud, in the form of an API version: the oldest had four fields, those in the middle a list of clouds.
pub(super) fn endpoints(cloud: Cloud, origin: &str, api_version: &str) -> Value {
    let known = cloud.endpoints();
    match api_version {
        "" | "2015-01-01" | "2018-05-01" => json!({
            "galleryEndpoint": known.gallery,
            "graphEndpoint": known.graph,
            "portalEndpoint": format!("{}/", known.portal),
            "authentication": {"loginEndpoint": format!("{origin}/"), "audiences": audiences(cloud)},
        }),
        "2019-05-01" | "2020-06-01" => json!([whole(cloud, origin)]),
        _ => whole(cloud, origin),
    }
}

fn audiences(cloud: Cloud) -> [String; 2] {
    cloud.endpoints().audiences.map(|audience| format!("{audience}/"))
}

fn whole(cloud: Cloud, origin: &str) -> Value {
    let known = cloud.endpoints();
    let fields = |list: &[(&str, &str)]| -> Map<String, Value> {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect()
    };
    let mut shown = fields(known.others);
    for (name, value) in [
        ("name", json!(known.name)),
        ("resourceManager", json!(format!("{origin}/"))),
        ("portal", json!(known.portal)),
        ("graph", json!(known.graph)),
        ("graphAudience", json!(known.graph)),
        ("gallery", json!(known.gallery)),
        (
            "authentication",
            json!({
                "loginEndpoint": origin,
                "audiences": audiences(cloud),
                "tenant": "common",
                "identityProvider": "AAD",
            }),
        ),
        ("suffixes", Value::Object(fields(known.suffixes))),
    ] {
        shown.insert(name.to_owned(), value);
    }
    Value::Object(shown)
}
