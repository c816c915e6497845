//! Manifests from files: which documents there are, and what is wrong with one.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Failure;

/// One document of a file.
pub(crate) struct Document {
    /// Where it stands, for messages.
    pub(crate) place: String,
    pub(crate) content: Value,
}

/// The documents of files, of the files of directories, and of the standard input (`-`). What a `List` holds are
/// documents of their own.
///
/// # Errors
/// What cannot be read.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<Document>, Failure> {
    let mut documents = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut text = String::new();
            let read = std::io::stdin().lock().read_to_string(&mut text);
            read.map_err(|error| Failure::Manifests(format!("standard input: {error}")))?;
            add("standard input", &text, &mut documents)?;
            continue;
        }
        for file in files(path)? {
            let place = file.display().to_string();
            let text = std::fs::read_to_string(&file)
                .map_err(|error| Failure::Manifests(format!("{place}: {error}")))?;
            add(&place, &text, &mut documents)?;
        }
    }
    Ok(documents)
}

/// The file, or the manifests in the directory in the order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let failure = |error| Failure::Manifests(format!("{}: {error}", path.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failure)? {
        let file = entry.map_err(failure)?.path();
        let extension = file.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("yaml" | "yml" | "json")) && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn add(file: &str, text: &str, documents: &mut Vec<Document>) -> Result<(), Failure> {
    let failure = |error: String| Failure::Manifests(format!("{file}: {error}"));
    // JSON may be indented by tabs, which YAML does not take.
    let contents: Vec<Value> = if text.trim_start().starts_with(['{', '[']) {
        let values = serde_json::Deserializer::from_str(text).into_iter();
        values
            .collect::<Result<_, _>>()
            .map_err(|error| failure(error.to_string()))?
    } else {
        serde_saphyr::from_multiple(text).map_err(|error| failure(error.to_string()))?
    };
    for (index, content) in contents.into_iter().enumerate() {
        let place = format!("{file}, document {}", index + 1);
        match content {
            Value::Object(mut list) if is_list(&list) => {
                let Some(Value::Array(items)) = list.remove("items") else {
                    continue;
                };
                let items = items.into_iter().enumerate();
                documents.extend(items.map(|(index, content)| Document {
                    place: format!("{place}, item {}", index + 1),
                    content,
                }));
            }
            content => documents.push(Document { place, content }),
        }
    }
    Ok(())
}

fn is_list(object: &serde_json::Map<String, Value>) -> bool {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    kind.ends_with("List") && object.contains_key("items")
}

impl Document {
    /// The document as an object of a kind.
    ///
    /// # Errors
    /// The place, the field and what is wrong with it.
    pub(crate) fn object<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_value(self.content.clone()).map_err(|error| {
            let name = self
                .content
                .pointer("/metadata/name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let message = error.to_string();
            let field = culprit::<T>(&self.content, &message);
            let field = if field.is_empty() {
                field
            } else {
                format!(" {field}:")
            };
            Failure::Manifests(format!("{}: {name}:{field} {message}", self.place))
        })
    }
}

/// The field that an error is about: the innermost one without which there is another error or none. (What reads the
/// document says what is wrong, but not where.)
fn culprit<T: DeserializeOwned>(content: &Value, message: &str) -> String {
    let (mut path, mut pointer) = (String::new(), String::new());
    let missing = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'));
    while let Some(found) = content.pointer(&pointer) {
        if let Some(field) = missing.filter(|field| is_missed_at::<T>(content, &pointer, field, message)) {
            return format!("{path}.{field}");
        }
        let keys: Vec<String> = match found {
            Value::Object(fields) => fields.keys().cloned().collect(),
            Value::Array(items) => (0..items.len()).map(|index| index.to_string()).collect(),
            _ => break,
        };
        let without = |key: &String| error_without::<T>(content, &pointer, key);
        // A field that is needed is missed when it is gone, which proves less than that the error is gone.
        let is_missed = |error: &String| error.starts_with("missing field");
        let gone = keys
            .iter()
            .find(|key| without(key).is_none_or(|error| error != message && !is_missed(&error)));
        let gone = gone.or_else(|| {
            keys.iter()
                .find(|key| without(key).is_none_or(|error| error != message))
        });
        let Some(key) = gone else { break };
        match found {
            Value::Array(_) => path.push_str(&format!("[{key}]")),
            _ if path.is_empty() => path.push_str(key),
            _ => path.push_str(&format!(".{key}")),
        }
        pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")));
    }
    path
}

/// Whether it is at this place that a field is missed.
fn is_missed_at<T: DeserializeOwned>(content: &Value, pointer: &str, field: &str, message: &str) -> bool {
    let mut with = content.clone();
    if let Some(Value::Object(fields)) = with.pointer_mut(pointer) {
        fields.entry(field).or_insert(Value::Null);
    }
    serde_json::from_value::<T>(with)
        .err()
        .is_none_or(|error| error.to_string() != message)
}

/// What is wrong with a document without one of the fields or items at a place in it.
fn error_without<T: DeserializeOwned>(content: &Value, pointer: &str, key: &str) -> Option<String> {
    let mut without = content.clone();
    match without.pointer_mut(pointer) {
        Some(Value::Object(fields)) => drop(fields.remove(key)),
        Some(Value::Array(items)) => drop(key.parse().map(|index: usize| items.remove(index))),
        _ => {}
    }
    serde_json::from_value::<T>(without)
        .err()
        .map(|error| error.to_string())
}
