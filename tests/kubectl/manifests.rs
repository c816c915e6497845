//! Every YAML block of every page is what it says: manifests are applied to the real API server as a dry run, and the others
//! are held against what reads them. What a block is stands after its language:
//!
//! | Block | Is | Held against |
//! |---|---|---|
//! | `yaml` | one or more whole manifests | the API server, with strict validation |
//! | `yaml part=PrivateEndpoint` | a part of an object of a kind | the fields of the kind's definition |
//! | `yaml emulator-seed` | a seed of the emulator | the emulator |
//! | `yaml helm-values` | values of a chart | `values.schema.json` of the charts |
//! | `yaml other-api` | manifests of an API that this server does not serve (Argo CD, Flux, Prometheus) | their form |

use std::collections::BTreeSet;
use std::path::Path;

use privatelink_api::{GROUP, crds};
use privatelink_tests::markdown::{Block, pages, project};
use serde_json::Value;

use crate::cluster::{make_namespace, try_kubectl};

/// How many there were of each.
#[derive(Default, Debug)]
struct Count {
    blocks: usize,
    applied: usize,
    objects: usize,
}

#[test]
fn every_yaml_block_of_every_page_is_what_it_says() {
    let (mut count, mut faults) = (Count::default(), Vec::new());
    for page in pages() {
        for block in page.blocks() {
            let outcome = look_at(&block, &mut count);
            faults.extend(
                outcome
                    .err()
                    .map(|fault| format!("{}:{}: {fault}", page.path.display(), block.line)),
            );
        }
    }
    assert!(
        faults.is_empty(),
        "{} blocks are not what they say:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert!(count.applied >= 7 && count.objects > count.applied, "{count:?}");
    println!(
        "{} YAML blocks, of which {} were applied with {} objects",
        count.blocks, count.applied, count.objects
    );
}

fn look_at(block: &Block, count: &mut Count) -> Result<(), String> {
    if !["yaml", "yml"].contains(&block.language.as_str()) {
        let manifest = block.text.lines().any(|line| line.starts_with("apiVersion:"));
        return if manifest {
            Err(format!(
                "a manifest whose language is {:?}, not yaml",
                block.language
            ))
        } else {
            Ok(())
        };
    }
    count.blocks += 1;
    let marks: Vec<&str> = block.marks.iter().map(String::as_str).collect();
    match marks[..] {
        [] => {
            let objects = objects(&block.text)?;
            apply(&block.text, &objects)?;
            count.applied += 1;
            count.objects += objects.len();
            Ok(())
        }
        ["emulator-seed"] => seed(&block.text),
        ["helm-values"] => values(&block.text),
        ["other-api"] => other_api(&block.text),
        [mark] if mark.starts_with("part=") => part(&block.text, mark.trim_start_matches("part=")),
        _ => Err(format!(
            "nobody knows what a block with {marks:?} is held against (see tests/kubectl/manifests.rs)"
        )),
    }
}

fn parse(text: &str) -> Result<Vec<Value>, String> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| error.to_string())?;
    if documents.is_empty() {
        Err("there is nothing in it".to_owned())
    } else {
        Ok(documents)
    }
}

/// The documents of a block of manifests, each of which has to be a whole one.
fn objects(text: &str) -> Result<Vec<Value>, String> {
    let objects = parse(text)?;
    for object in &objects {
        for pointer in ["/apiVersion", "/kind", "/metadata/name"] {
            if object.pointer(pointer).is_none_or(|value| !value.is_string()) {
                return Err(format!(
                    "a manifest without {pointer}; a part of one is marked `yaml part=KIND`"
                ));
            }
        }
    }
    Ok(objects)
}

fn apply(text: &str, objects: &[Value]) -> Result<(), String> {
    let namespaces: BTreeSet<&str> = objects
        .iter()
        .filter_map(|object| object["metadata"]["namespace"].as_str())
        .collect();
    namespaces.into_iter().for_each(make_namespace);
    let arguments = [
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "--validate=strict",
        "-f",
        "-",
    ];
    match try_kubectl(&arguments, text) {
        (true, answer, _) if answer.lines().count() == objects.len() => Ok(()),
        (_, answer, refusal) => Err(format!("{answer}{refusal}")),
    }
}

fn seed(text: &str) -> Result<(), String> {
    privatelink_arm_emulator::seed::parse("the block", text)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// Every value has a place in the schema of one of the charts.
fn values(text: &str) -> Result<(), String> {
    let charts = std::fs::read_dir(project().join("charts")).map_err(|error| format!("charts/: {error}"))?;
    let schemas: Vec<Value> = charts
        .flatten()
        .filter_map(|chart| schema_of(&chart.path()))
        .collect();
    for document in parse(text)? {
        let mut unknown: Vec<String> = schemas
            .iter()
            .filter_map(|schema| unknown_field("", &document, schema, schema))
            .collect();
        if unknown.len() == schemas.len() {
            return Err(unknown
                .pop()
                .unwrap_or_else(|| "no chart has a values.schema.json".to_owned()));
        }
    }
    Ok(())
}

fn schema_of(chart: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(chart.join("values.schema.json")).ok()?;
    serde_json::from_str(&text).ok()
}

/// Whole manifests of an API that is not ours.
fn other_api(text: &str) -> Result<(), String> {
    for object in objects(text)? {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        let group = version.split_once('/').map(|(group, _)| group);
        if group.is_none_or(|group| group == GROUP || !group.contains('.') || group.ends_with(".k8s.io")) {
            return Err(format!(
                "{version} is an API that the server has: leave the mark out"
            ));
        }
    }
    Ok(())
}

/// Fields of a kind, from the top of the object on.
fn part(text: &str, kind: &str) -> Result<(), String> {
    let definition = crds()
        .into_iter()
        .find(|definition| definition.spec.names.kind == kind);
    let definition = definition.ok_or_else(|| format!("there is no kind {kind}"))?;
    let definition = serde_json::to_value(definition).map_err(|error| error.to_string())?;
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    for document in parse(text)? {
        if let Some(unknown) = unknown_field("", &document, schema, schema) {
            return Err(format!("{kind} has no field {unknown}"));
        }
    }
    Ok(())
}

/// The first field that a JSON schema does not know, or that has another type there.
fn unknown_field(path: &str, value: &Value, schema: &Value, root: &Value) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#'))?;
        return unknown_field(path, value, target, root);
    }
    match value {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let path = format!("{path}.{name}");
            let known = &schema["properties"][name];
            let any = &schema["additionalProperties"];
            match (known.is_null(), any.is_object()) {
                (false, _) => unknown_field(&path, value, known, root),
                (true, true) => unknown_field(&path, value, any, root),
                // What Kubernetes itself checks, such as metadata, and free-form values have no schema of their own.
                (true, false)
                    if schema["properties"].is_null() && schema["type"] == "object" && *any != false =>
                {
                    None
                }
                (true, false) => Some(path),
            }
        }),
        Value::Array(items) if schema["type"] == "array" => {
            items.iter().enumerate().find_map(|(index, item)| {
                unknown_field(&format!("{path}[{index}]"), item, &schema["items"], root)
            })
        }
        Value::Array(_) => Some(format!("{path} (a list)")),
        _ => None,
    }
}

#[test]
fn what_is_not_what_it_says_is_found() {
    let mut count = Count::default();
    let mut found = |language: &str, mark: &str, text: &str| {
        let marks = mark.split_whitespace().map(str::to_owned).collect();
        let block = Block {
            language: language.to_owned(),
            marks,
            text: text.to_owned(),
            line: 1,
        };
        look_at(&block, &mut count)
    };
    let zone = "apiVersion: privatelink.dev/v1alpha1\nkind: PrivateDnsZone\nmetadata: {name: z.internal, namespace: found}\nspec: {";
    assert_eq!(found("yaml", "", &format!("{zone}}}\n")), Ok(()));
    for (language, mark, text, words) in [
        (
            "yaml",
            "",
            format!("{zone}zoneNames: [a.internal]}}\n"),
            ".spec.zoneNames: field not declared in schema",
        ),
        (
            "yaml",
            "",
            format!("{zone}zoneName: UPPER.internal}}\n"),
            "spec.zoneName",
        ),
        (
            "yaml",
            "",
            "kind: PrivateDnsZone\nspec: {}\n".to_owned(),
            "without /apiVersion",
        ),
        ("yaml", "", "a: [\n".to_owned(), "line"),
        ("yaml", "", String::new(), "nothing"),
        ("sh", "", format!("{zone}}}\n"), "not yaml"),
        ("yaml", "ignore", format!("{zone}}}\n"), "nobody knows"),
        (
            "yaml",
            "part=PrivateDnsZone",
            "spec: {tag: {}}\n".to_owned(),
            ".spec.tag",
        ),
        (
            "yaml",
            "part=PrivateZone",
            "spec: {}\n".to_owned(),
            "no kind PrivateZone",
        ),
        ("yaml", "other-api", format!("{zone}}}\n"), "leave the mark out"),
        ("yaml", "emulator-seed", "resource: 1\n".to_owned(), "resource"),
    ] {
        let fault = found(language, mark, &text).unwrap_err();
        assert!(fault.contains(words), "{text}: {fault}");
    }
    assert_eq!(
        found("yaml", "part=PrivateDnsZone", "spec: {tags: {team: orders}}\n"),
        Ok(())
    );
}
