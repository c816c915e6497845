//! An OCI archive, read as a registry or an engine would: nothing here is shared with what wrote it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path};

use serde_json::Value;

use crate::container::Way;

/// An archive whose digests are right.
pub struct Archive {
    pub files: BTreeMap<String, Vec<u8>>,
    pub digest: String,
    pub manifest: Value,
    pub configuration: Value,
    /// The layers as tars.
    pub layers: Vec<Vec<u8>>,
}

/// A file or folder of a layer.
pub struct Entry {
    pub path: String,
    pub folder: bool,
    pub mode: u32,
    pub owner: (u64, u64),
    pub time: u64,
    pub content: Vec<u8>,
}

impl Archive {
    pub fn read(path: &Path) -> Self {
        let files: BTreeMap<String, Vec<u8>> = entries(&fs::read(path).unwrap())
            .into_iter()
            .filter(|entry| !entry.folder)
            .map(|entry| (entry.path, entry.content))
            .collect();
        let index: Value = serde_json::from_slice(&files["index.json"]).unwrap();
        let manifests = index["manifests"].as_array().unwrap();
        assert_eq!(manifests.len(), 1);
        let manifest_bytes = blob(&files, &manifests[0]);
        let manifest: Value = serde_json::from_slice(manifest_bytes).unwrap();
        let configuration: Value = serde_json::from_slice(blob(&files, &manifest["config"])).unwrap();
        let layers = manifest["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|layer| {
                assert_eq!(layer["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
                let mut tar = Vec::new();
                flate2::read::GzDecoder::new(blob(&files, layer))
                    .read_to_end(&mut tar)
                    .unwrap();
                tar
            })
            .collect();
        Self {
            digest: manifests[0]["digest"].as_str().unwrap().to_owned(),
            manifest,
            configuration,
            layers,
            files,
        }
    }

    /// All entries, of the lowest layer first.
    pub fn entries(&self) -> Vec<Entry> {
        self.layers.iter().flat_map(|layer| entries(layer)).collect()
    }

    /// A list of words of the configuration.
    pub fn words(&self, field: &str) -> Vec<String> {
        let words = self.configuration["config"][field].as_array();
        words
            .into_iter()
            .flatten()
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    }

    /// Unpacks into an empty root. What belongs to root in the image cannot be written in there, whoever we are.
    pub fn unpack(&self, root: &Path, way: Way) {
        fs::create_dir(root).unwrap();
        fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
        let entries = self.entries();
        for entry in &entries {
            let path = inside(root, &entry.path);
            if entry.folder {
                fs::create_dir(&path).unwrap();
            } else {
                fs::write(&path, &entry.content).unwrap();
            }
            way.give(&path, entry.owner);
        }
        // Folders last, and the deepest first: they may lose the right to write into them.
        for entry in entries.iter().rev() {
            let writable = if entry.owner.0 == 0 { 0o555 } else { 0o777 };
            let mode = fs::Permissions::from_mode(entry.mode & writable);
            fs::set_permissions(inside(root, &entry.path), mode).unwrap();
        }
    }
}

/// A path of a tar below a root, and nowhere else.
fn inside(root: &Path, path: &str) -> std::path::PathBuf {
    let path = Path::new(path);
    assert!(
        path.components().all(|part| matches!(part, Component::Normal(_))),
        "{} leads out of the root",
        path.display()
    );
    root.join(path)
}

fn blob<'a>(files: &'a BTreeMap<String, Vec<u8>>, descriptor: &Value) -> &'a [u8] {
    let digest = descriptor["digest"].as_str().unwrap();
    let name = digest.strip_prefix("sha256:").unwrap();
    let bytes = &files[&format!("blobs/sha256/{name}")];
    assert_eq!(sha256(bytes), name, "the digest of a blob");
    assert_eq!(descriptor["size"].as_u64(), Some(bytes.len() as u64));
    bytes
}

/// In hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn entries(tar: &[u8]) -> Vec<Entry> {
    tar::Archive::new(tar)
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            let header = entry.header();
            assert!(
                header.entry_type().is_file() || header.entry_type().is_dir(),
                "neither a file nor a folder"
            );
            Entry {
                path: entry
                    .path()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .trim_end_matches('/')
                    .to_owned(),
                folder: header.entry_type().is_dir(),
                mode: header.mode().unwrap(),
                owner: (header.uid().unwrap(), header.gid().unwrap()),
                time: header.mtime().unwrap(),
                content,
            }
        })
        .collect()
}
