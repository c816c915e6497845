//! Layers: files with fixed owners, modes and times, as a compressed tar that is the same on every machine.

use std::io::Write as _;

use flate2::{Compression, GzBuilder};

use super::layout::{Blob, digest};
use crate::Failure;

/// A file or a folder of a layer.
pub(super) struct Entry {
    /// Its path, without a slash in front.
    pub(super) path: String,
    /// What stands in it; a folder has none.
    pub(super) content: Option<Vec<u8>>,
    pub(super) mode: u32,
    /// The numeric user and group.
    pub(super) owner: u64,
}

impl Entry {
    /// A folder that everybody may read and its owner may write.
    pub(super) fn folder(path: &str, owner: u64) -> Self {
        Self {
            path: format!("{path}/"),
            content: None,
            mode: 0o755,
            owner,
        }
    }

    /// A file of root's that everybody may read.
    pub(super) fn file(path: &str, content: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.to_owned(),
            content: Some(content.into()),
            mode: 0o644,
            owner: 0,
        }
    }

    /// A program of root's that everybody may run.
    pub(super) fn program(path: &str, content: Vec<u8>) -> Self {
        Self {
            mode: 0o755,
            ..Self::file(path, content)
        }
    }
}

/// A layer, ready for a registry.
pub(super) struct Layer {
    pub(super) blob: Blob,
    /// The digest of the tar before it was compressed.
    pub(super) diff_id: String,
    /// The bytes of the tar before it was compressed.
    pub(super) uncompressed: usize,
    /// What the layer is, for people.
    pub(super) about: &'static str,
}

impl Layer {
    /// Packs entries in the order given. No time of this machine gets into it.
    pub(super) fn pack(about: &'static str, entries: &[Entry]) -> Result<Self, Failure> {
        let tar = tar(entries).map_err(|error| Failure::Message(format!("packing {about}: {error}")))?;
        let mut compressed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        let bytes = compressed
            .write_all(&tar)
            .and_then(|()| compressed.finish())
            .map_err(|error| Failure::Message(format!("compressing {about}: {error}")))?;
        Ok(Self {
            diff_id: digest(&tar),
            uncompressed: tar.len(),
            blob: Blob::new("application/vnd.oci.image.layer.v1.tar+gzip", bytes),
            about,
        })
    }
}

/// A tar of entries, with the beginning of time on each.
pub(super) fn tar(entries: &[Entry]) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for entry in entries {
        let content = entry.content.as_deref().unwrap_or_default();
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(match entry.content {
            Some(_) => tar::EntryType::Regular,
            None => tar::EntryType::Directory,
        });
        header.set_mode(entry.mode);
        header.set_uid(entry.owner);
        header.set_gid(entry.owner);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, &entry.path, content)?;
    }
    builder.into_inner()
}
