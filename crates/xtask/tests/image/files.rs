//! What stands in an image, and that it is told in the ways that registries and engines read.

use serde_json::{Value, json};

use crate::archive::{Archive, Entry, sha256};
use crate::container::USER;

const AUTHORITIES: &str = "etc/ssl/certs/ca-certificates.crt";
/// What `e_machine` of an ELF file says, by the name of the processor in images.
const MACHINES: [(&str, u16); 2] = [("amd64", 62), ("arm64", 183)];
/// The program header that names a dynamic loader.
const PT_INTERP: u32 = 3;

/// The layout and its documents.
pub fn layout(archive: &Archive) {
    let marker: Value = serde_json::from_slice(&archive.files["oci-layout"]).unwrap();
    assert_eq!(marker, json!({"imageLayoutVersion": "1.0.0"}));
    assert_eq!(archive.manifest["schemaVersion"], 2);
    let configuration = &archive.configuration;
    let index: Value = serde_json::from_slice(&archive.files["index.json"]).unwrap();
    let platform = &index["manifests"][0]["platform"];
    assert_eq!(platform["os"], "linux");
    assert_eq!(platform["architecture"], configuration["architecture"]);
    // No blob that nothing names, and none that is named and missing: reading has looked each of them up.
    let named = 2 + archive.layers.len();
    let blobs = archive
        .files
        .keys()
        .filter(|name| name.starts_with("blobs/"))
        .count();
    assert_eq!(blobs, named);
    let ids = configuration["rootfs"]["diff_ids"].as_array().unwrap();
    let found: Vec<String> = archive
        .layers
        .iter()
        .map(|layer| format!("sha256:{}", sha256(layer)))
        .collect();
    assert_eq!(ids, &found);
    assert_eq!(configuration["history"].as_array().unwrap().len(), found.len());
    for label in ["title", "description", "version", "licenses"] {
        let label = format!("org.opencontainers.image.{label}");
        assert!(configuration["config"]["Labels"][&label].is_string(), "{label}");
        assert_eq!(
            archive.manifest["annotations"][&label],
            configuration["config"]["Labels"][&label]
        );
    }
}

/// A static program, authorities, the names of its user and a licence; nothing that the user could write, but its state.
pub fn contents(archive: &Archive, program: &str) {
    let config = &archive.configuration["config"];
    assert_eq!(config["User"], format!("{USER}:{USER}"));
    assert_eq!(archive.words("Entrypoint"), [program]);
    let entries = archive.entries();
    let mut files: Vec<&str> = entries
        .iter()
        .filter(|entry| !entry.folder)
        .map(|entry| entry.path.as_str())
        .collect();
    files.sort_unstable();
    let program = program.trim_start_matches('/');
    let mut wanted = ["LICENSE", "etc/group", "etc/passwd", AUTHORITIES, program];
    wanted.sort_unstable();
    assert_eq!(files, wanted);
    for entry in &entries {
        assert_eq!(entry.time, 0, "{}", entry.path);
        if entry.owner == (0, 0) {
            assert_eq!(entry.mode & 0o7022, 0, "{} may be written", entry.path);
        } else {
            assert!(entry.folder, "{} belongs to the user", entry.path);
            assert_eq!(config["Volumes"], json!({format!("/{}", entry.path): {}}));
        }
    }
    let find = |path: &str| entries.iter().find(|entry| entry.path == path).unwrap();
    assert_eq!(find(program).mode, 0o755);
    is_static(
        find(program),
        archive.configuration["architecture"].as_str().unwrap(),
    );
    let pem = String::from_utf8_lossy(&find(AUTHORITIES).content).into_owned();
    let authorities = reqwest::Certificate::from_pem_bundle(pem.as_bytes()).unwrap();
    assert!(authorities.len() > 100, "{} authorities", authorities.len());
}

/// A 64-bit ELF file for the processor that asks for no loader.
fn is_static(program: &Entry, architecture: &str) {
    let bytes = &program.content;
    let short = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    assert_eq!(bytes[..5], [0x7f, b'E', b'L', b'F', 2], "a 64-bit ELF file");
    let machine = MACHINES.iter().find(|(name, _)| *name == architecture).unwrap().1;
    assert_eq!(short(18), machine);
    let headers = usize::try_from(u64::from_le_bytes(bytes[32..40].try_into().unwrap())).unwrap();
    let (size, count) = (usize::from(short(54)), usize::from(short(56)));
    for at in (0..count).map(|number| headers + number * size) {
        let kind = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_ne!(kind, PT_INTERP, "the program asks for a dynamic loader");
    }
    // No path of the machine that built it: images of two machines would differ.
    for folder in [env!("CARGO_MANIFEST_DIR"), "/.cargo/registry", "/.rustup/"] {
        let found = bytes.windows(folder.len()).any(|part| part == folder.as_bytes());
        assert!(!found, "{folder} stands in {}", program.path);
    }
}

/// The Dockerfile says of its targets what the archives say: user, entry point, command, port and volume.
pub fn dockerfile(archives: &[Archive]) {
    let text = include_str!("../../../../Dockerfile");
    let instructions = instructions(text);
    for archive in archives {
        let config = &archive.configuration["config"];
        let target = config["Labels"]["org.opencontainers.image.title"]
            .as_str()
            .unwrap()
            .trim_start_matches("privatelink-")
            .trim_start_matches("arm-")
            .to_owned();
        let stage: Vec<&(String, String)> = instructions
            .iter()
            .skip_while(|(word, rest)| word != "FROM" || !rest.ends_with(&format!(" AS {target}")))
            .enumerate()
            .take_while(|(number, (word, _))| *number == 0 || word != "FROM")
            .map(|(_, instruction)| instruction)
            .collect();
        assert!(!stage.is_empty(), "the Dockerfile has no target {target}");
        assert!(stage[0].1.starts_with("scratch "), "{target}: {}", stage[0].1);
        let said = |word: &str| {
            stage
                .iter()
                .filter(|(instruction, _)| instruction == word)
                .map(|(_, rest)| rest.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(said("USER"), [config["User"].as_str().unwrap()], "{target}");
        for (word, field) in [("ENTRYPOINT", "Entrypoint"), ("CMD", "Cmd")] {
            let words: Vec<String> = serde_json::from_str(said(word)[0]).unwrap();
            assert_eq!(words, archive.words(field), "{target}: {word}");
        }
        for (word, field) in [("EXPOSE", "ExposedPorts"), ("VOLUME", "Volumes")] {
            let keys: Vec<&str> = config[field]
                .as_object()
                .map(|map| map.keys().map(String::as_str).collect())
                .unwrap_or_default();
            assert_eq!(said(word), keys, "{target}: {word}");
        }
        let labels = said("LABEL").join(" ");
        for (key, value) in config["Labels"].as_object().unwrap() {
            // The version is that of Cargo.toml, which a Dockerfile cannot read.
            if !key.ends_with(".version") {
                let label = format!("{key}=\"{}\"", value.as_str().unwrap());
                assert!(labels.contains(&label), "{target}: no LABEL {label}");
            }
        }
        // The base is prepared in the first stage, below /image; the program is copied by itself.
        let program = archive.words("Entrypoint")[0].clone();
        assert!(
            said("COPY")
                .iter()
                .any(|copy| copy.ends_with(&format!(" {program}"))),
            "{target}: {program}"
        );
        let base = archive.entries().into_iter().filter(|entry| !entry.folder);
        for path in base
            .map(|entry| format!("/{}", entry.path))
            .filter(|path| *path != program)
        {
            assert!(
                text.contains(&format!("/image{path}")),
                "{target}: {path} is not prepared"
            );
        }
    }
}

/// The instructions, with lines that go on put together.
fn instructions(text: &str) -> Vec<(String, String)> {
    let lines: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    lines
        .replace("\\\n", " ")
        .lines()
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(word, rest)| {
            (
                word.to_owned(),
                rest.split_whitespace().collect::<Vec<_>>().join(" "),
            )
        })
        .collect()
}
