//! The OCI image layout as one tar: blobs by their digest, and an index that names the manifest.
//!
//! Never decides what an image is made of. The same image gives the same bytes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::layer::{Entry, Layer, tar};
use crate::Failure;

/// Content that is known by its digest.
#[derive(Clone)]
pub(super) struct Blob {
    media_type: &'static str,
    digest: String,
    bytes: Vec<u8>,
}

impl Blob {
    pub(super) fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            media_type,
            digest: digest(&bytes),
            bytes,
        }
    }

    fn json(media_type: &'static str, document: &Value) -> Self {
        Self::new(media_type, document.to_string().into_bytes())
    }

    fn descriptor(&self) -> Value {
        json!({"mediaType": self.media_type, "digest": self.digest, "size": self.bytes.len()})
    }
}

/// `sha256:` and the digest in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest
        .as_ref()
        .iter()
        .fold("sha256:".to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// A manifest, its configuration and its layers.
pub(super) struct Image {
    manifest: Blob,
    others: Vec<Blob>,
    platform: Value,
}

impl Image {
    pub(super) fn new(layers: &[Layer], configuration: &Value) -> Self {
        let config = Blob::json("application/vnd.oci.image.config.v1+json", configuration);
        let descriptors: Vec<Value> = layers.iter().map(|layer| layer.blob.descriptor()).collect();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config.descriptor(),
            "layers": descriptors,
        });
        // Registries read annotations; engines read labels.
        if let (Some(labels), Some(fields)) =
            (configuration.pointer("/config/Labels"), manifest.as_object_mut())
        {
            fields.insert("annotations".to_owned(), labels.clone());
        }
        let mut others = vec![config];
        others.extend(layers.iter().map(|layer| layer.blob.clone()));
        Self {
            manifest: Blob::json("application/vnd.oci.image.manifest.v1+json", &manifest),
            others,
            platform: json!({
                "os": configuration.get("os"),
                "architecture": configuration.get("architecture"),
            }),
        }
    }

    /// What registries know the image by.
    pub(super) fn digest(&self) -> &str {
        &self.manifest.digest
    }

    /// The layout as a tar; `reference` is what tools call the image in it.
    pub(super) fn archive(&self, reference: &str) -> Result<Vec<u8>, Failure> {
        let mut descriptor = self.manifest.descriptor();
        if let Some(fields) = descriptor.as_object_mut() {
            fields.insert("platform".to_owned(), self.platform.clone());
            fields.insert(
                "annotations".to_owned(),
                json!({"org.opencontainers.image.ref.name": reference}),
            );
        }
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [descriptor],
        });
        let mut entries = vec![
            Entry::file("oci-layout", json!({"imageLayoutVersion": "1.0.0"}).to_string()),
            Entry::file("index.json", index.to_string()),
            Entry::folder("blobs", 0),
            Entry::folder("blobs/sha256", 0),
        ];
        // Two layers may be one and the same blob.
        let blobs: BTreeMap<&str, &Blob> = std::iter::once(&self.manifest)
            .chain(&self.others)
            .map(|blob| (blob.digest.as_str(), blob))
            .collect();
        entries.extend(blobs.into_values().map(|blob| {
            let name = blob.digest.trim_start_matches("sha256:");
            Entry::file(&format!("blobs/sha256/{name}"), blob.bytes.clone())
        }));
        tar(&entries).map_err(|error| Failure::Message(format!("packing the archive: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_sha256() {
        assert_eq!(
            digest(b""),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn what_goes_in_decides_the_digest_and_nothing_else_does() {
        let image = |content: &str| {
            let layer = Layer::pack("a layer", &[Entry::file("a", content)]).unwrap();
            Image::new(&[layer], &json!({"os": "linux", "architecture": "amd64"}))
        };
        let first = image("one");
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let again = image("one");
        assert_eq!(first.digest(), again.digest());
        assert_eq!(first.archive("1").unwrap(), again.archive("1").unwrap());
        assert_ne!(first.digest(), image("two").digest());
    }
}
