//! What Flux's source-controller does, played: an artifact over HTTP, and the object that names it.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// An artifact that is served as long as the process lives.
pub struct Artifact {
    pub url: String,
    pub digest: String,
    pub size: usize,
}

impl Artifact {
    /// Packs files, by their paths in the artifact, and serves the archive on a port of its own.
    pub fn serve(folder: &Path, files: &BTreeMap<String, PathBuf>) -> Self {
        let content = folder.join("artifact");
        drop(std::fs::remove_dir_all(&content));
        for (path, source) in files {
            let place = content.join(path);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::copy(source, place).unwrap();
        }
        let archive = folder.join("artifact.tar.gz");
        let status = Command::new("tar")
            .arg("-czf")
            .arg(&archive)
            .arg("-C")
            .arg(&content)
            .arg(".")
            .status()
            .expect("tar runs");
        assert!(status.success(), "tar: {status}");
        let archive = std::fs::read(archive).unwrap();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &archive);
        let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let size = archive.len();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/artifact.tar.gz", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                drop(answer(connection, &archive));
            }
        });
        Self { url, digest, size }
    }

    /// The status of a GitRepository whose commit this is.
    pub fn status(&self) -> Value {
        let now = "2026-01-01T00:00:00Z";
        json!({"status": {
            "observedGeneration": 1,
            "artifact": {
                "url": self.url,
                "path": "gitrepository/flux-system/privatelink/artifact.tar.gz",
                "revision": self.revision(),
                "digest": format!("sha256:{}", self.digest),
                "lastUpdateTime": now,
                "size": self.size,
            },
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored artifact",
                "observedGeneration": 1, "lastTransitionTime": now,
            }],
        }})
    }

    /// The revision as a source tells it: the branch and the commit.
    pub fn revision(&self) -> String {
        format!("main@sha1:{}", self.digest.chars().take(40).collect::<String>())
    }
}

/// One request, whatever it asks, is answered with the archive.
fn answer(mut connection: std::net::TcpStream, archive: &[u8]) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0_u8; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match connection.read(&mut buffer)? {
            0 => return Ok(()),
            read => request.extend(&buffer[..read]),
        }
    }
    write!(
        connection,
        "HTTP/1.1 200 OK\r\nContent-Type: application/gzip\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        archive.len()
    )?;
    connection.write_all(archive)
}
