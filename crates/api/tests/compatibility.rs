//! Today's definitions accept everything that a released one accepted: a schema only grows.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod compatibility {
    pub(crate) mod breaks;
}

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use compatibility::breaks::breaks;
use privatelink_api::crds;
use serde_json::{Value, json};

fn released() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds/released")
}

/// The definitions under a folder, by file.
fn definitions_under(folder: &Path, found: &mut BTreeMap<PathBuf, Value>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            definitions_under(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.insert(path.clone(), serde_saphyr::from_str(&text).unwrap());
        }
    }
}

fn current() -> Vec<Value> {
    crds()
        .iter()
        .map(|definition| serde_json::to_value(definition).unwrap())
        .collect()
}

#[test]
fn nothing_that_a_release_accepted_is_refused_today() {
    let mut files = BTreeMap::new();
    definitions_under(&released(), &mut files);
    let current = current();
    for (file, old) in files {
        let name = &old["metadata"]["name"];
        let new = current.iter().find(|new| &new["metadata"]["name"] == name);
        let new = new.unwrap_or_else(|| panic!("{}: the kind {name} is gone", file.display()));
        let found = breaks(&old, new);
        assert!(found.is_empty(), "{}:\n{}", file.display(), found.join("\n"));
    }
}

#[test]
fn a_definition_is_compatible_with_itself() {
    for definition in current() {
        assert_eq!(breaks(&definition, &definition), Vec::<String>::new());
    }
}

/// A definition with one field of each sort.
fn example() -> Value {
    json!({
        "metadata": {"name": "things.example"},
        "spec": {
            "group": "example", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things", "shortNames": ["th"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {
                    "type": "object",
                    "required": ["name"],
                    "x-kubernetes-validations": [{"rule": "has(self.name)"}],
                    "properties": {
                        "name": {"type": "string", "maxLength": 10, "minLength": 1, "pattern": "^a"},
                        "open": {"type": "string"},
                        "note": {"type": "string", "nullable": true, "default": "x"},
                        "mode": {"type": "string", "enum": ["A", "B"]},
                        "count": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 9},
                        "list": {
                            "type": "array", "maxItems": 5, "minItems": 0, "x-kubernetes-list-type": "map",
                            "x-kubernetes-list-map-keys": ["key"],
                            "items": {"type": "object", "x-kubernetes-map-type": "granular", "properties": {"key": {"type": "string"}}},
                        },
                        "map": {"type": "object", "maxProperties": 5, "additionalProperties": {"type": "string", "maxLength": 5}},
                        "loose": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    },
                }}}},
            }],
        },
    })
}

const SPEC: &str = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";

/// The example with one value set, or removed where it is null.
fn changed(pointer: &str, to: Value) -> Value {
    let mut value = example();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap() {
        Value::Object(map) if to.is_null() => drop(map.remove(name).unwrap()),
        Value::Object(map) => drop(map.insert(name.to_owned(), to)),
        Value::Array(list) => list.push(to),
        other => panic!("{other} has no members"),
    }
    value
}

#[test]
fn each_kind_of_break_is_found() {
    let at = |path: &str| format!("{SPEC}/{path}");
    let cases = [
        (at("properties/open"), Value::Null, "spec.open: the field is gone"),
        (
            at("properties/list/items/properties/key"),
            Value::Null,
            "spec.list[].key: the field is gone",
        ),
        (
            at("required"),
            json!(["name", "mode"]),
            "spec.mode: is now required",
        ),
        (
            at("properties/list/items/required"),
            json!(["key"]),
            "spec.list[].key: is now required",
        ),
        (
            at("properties/name/type"),
            json!("integer"),
            "spec.name: type was \"string\", is \"integer\"",
        ),
        (
            at("properties/count/format"),
            json!("int32"),
            "spec.count: format was \"int64\", is \"int32\"",
        ),
        (
            at("properties/mode/enum"),
            json!(["A"]),
            "spec.mode: \"B\" is no longer among its values",
        ),
        (
            at("properties/open/enum"),
            json!(["A"]),
            "spec.open: has now a list of values",
        ),
        (
            at("properties/name/maxLength"),
            json!(9),
            "spec.name: maxLength was 10, is 9",
        ),
        (
            at("properties/open/maxLength"),
            json!(9),
            "spec.open: maxLength was none, is 9",
        ),
        (
            at("properties/name/minLength"),
            json!(2),
            "spec.name: minLength was 1, is 2",
        ),
        (
            at("properties/open/minLength"),
            json!(1),
            "spec.open: minLength was none, is 1",
        ),
        (
            at("properties/count/maximum"),
            json!(8),
            "spec.count: maximum was 9, is 8",
        ),
        (
            at("properties/count/minimum"),
            json!(1),
            "spec.count: minimum was 0, is 1",
        ),
        (
            at("properties/list/maxItems"),
            json!(4),
            "spec.list: maxItems was 5, is 4",
        ),
        (
            at("properties/list/minItems"),
            json!(1),
            "spec.list: minItems was 0, is 1",
        ),
        (
            at("properties/map/maxProperties"),
            json!(4),
            "spec.map: maxProperties was 5, is 4",
        ),
        (
            at("properties/map/minProperties"),
            json!(1),
            "spec.map: minProperties was none, is 1",
        ),
        (
            at("properties/map/additionalProperties/maxLength"),
            json!(4),
            "spec.map{}: maxLength was 5, is 4",
        ),
        (
            at("properties/map/additionalProperties"),
            Value::Null,
            "spec.map: additionalProperties is gone",
        ),
        (
            at("properties/list/items"),
            Value::Null,
            "spec.list: items is gone",
        ),
        (
            at("properties/name/pattern"),
            json!("^b"),
            "spec.name: pattern was \"^a\", is \"^b\"",
        ),
        (
            at("properties/open/pattern"),
            json!("^b"),
            "spec.open: pattern was none, is \"^b\"",
        ),
        (
            at("properties/note/nullable"),
            Value::Null,
            "spec.note: nullable was true, is none",
        ),
        (
            at("properties/note/default"),
            json!("y"),
            "spec.note: default was \"x\", is \"y\"",
        ),
        (
            at("properties/open/default"),
            json!("y"),
            "spec.open: default was none, is \"y\"",
        ),
        (
            at("properties/loose/x-kubernetes-preserve-unknown-fields"),
            Value::Null,
            "spec.loose: x-kubernetes-preserve-unknown-fields was true, is none",
        ),
        (
            at("properties/list/x-kubernetes-list-type"),
            json!("atomic"),
            "spec.list: x-kubernetes-list-type was \"map\", is \"atomic\"",
        ),
        (
            at("properties/list/x-kubernetes-list-map-keys"),
            json!(["other"]),
            "spec.list: x-kubernetes-list-map-keys was [\"key\"], is [\"other\"]",
        ),
        (
            at("properties/list/items/x-kubernetes-map-type"),
            json!("atomic"),
            "spec.list[]: x-kubernetes-map-type was \"granular\", is \"atomic\"",
        ),
        (
            at("x-kubernetes-validations/1"),
            json!({"rule": "self.name != 'b'"}),
            "spec: a new rule on fields that were there: self.name != 'b'",
        ),
        (
            "/spec/group".to_owned(),
            json!("other"),
            "spec.group was \"example\", is \"other\"",
        ),
        (
            "/spec/scope".to_owned(),
            json!("Cluster"),
            "spec.scope was \"Namespaced\", is \"Cluster\"",
        ),
        (
            "/spec/names/plural".to_owned(),
            json!("thingies"),
            "spec.names.plural was \"things\", is \"thingies\"",
        ),
        (
            "/spec/names/kind".to_owned(),
            json!("Other"),
            "spec.names.kind was \"Thing\", is \"Other\"",
        ),
        (
            "/spec/names/shortNames".to_owned(),
            Value::Null,
            "the short name \"th\" is gone",
        ),
        (
            "/spec/versions/0/name".to_owned(),
            json!("v2"),
            "version \"v1\" is gone",
        ),
        (
            "/spec/versions/0/served".to_owned(),
            json!(false),
            "version \"v1\" is no longer served",
        ),
        (
            "/spec/versions/0/subresources".to_owned(),
            Value::Null,
            "version \"v1\" has lost the subresource status",
        ),
    ];
    for (pointer, to, expected) in cases {
        assert_eq!(
            breaks(&example(), &changed(&pointer, to)),
            [expected],
            "{pointer}"
        );
    }
}

#[test]
fn growth_is_no_break() {
    let at = |path: &str| format!("{SPEC}/{path}");
    let cases = [
        (
            at("properties/fresh"),
            json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}),
        ),
        (at("required"), json!([])),
        (at("properties/mode/enum"), json!(["A", "B", "C"])),
        (at("properties/mode/enum"), Value::Null),
        (at("properties/name/maxLength"), json!(11)),
        (at("properties/name/maxLength"), Value::Null),
        (at("properties/name/minLength"), json!(0)),
        (at("properties/name/pattern"), Value::Null),
        (at("properties/name/description"), json!("new words")),
        (at("x-kubernetes-validations"), Value::Null),
        ("/spec/names/categories".to_owned(), json!(["all"])),
        (
            "/spec/versions/0/additionalPrinterColumns".to_owned(),
            json!([{"name": "AGE"}]),
        ),
        (
            "/spec/versions/1".to_owned(),
            json!({"name": "v2", "served": true}),
        ),
    ];
    for (pointer, to) in cases {
        assert_eq!(
            breaks(&example(), &changed(&pointer, to)),
            Vec::<String>::new(),
            "{pointer}"
        );
    }
}

#[test]
fn a_new_rule_about_a_new_field_is_no_break() {
    // A field whose name is a word of CEL stands between underscores in rules.
    for (name, mention, expected) in [
        ("fresh", "fresh", 0),
        ("true", "__true__", 0),
        ("fresh", "fresher", 1),
    ] {
        let mut new = changed(&format!("{SPEC}/properties/{name}"), json!({"type": "string"}));
        let rules = new
            .pointer_mut(&format!("{SPEC}/x-kubernetes-validations"))
            .unwrap()
            .as_array_mut()
            .unwrap();
        rules.push(json!({"rule": format!("!has(self.{mention}) || has(self.name)")}));
        let found = breaks(&example(), &new);
        assert_eq!(found.len(), expected, "{mention}: {found:?}");
    }
}
