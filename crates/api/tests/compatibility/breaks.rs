//! What a later definition refuses that an earlier one accepted.

use serde_json::Value;

/// Keywords whose value may grow or go, but not shrink or come.
const UPPER: [&str; 4] = ["maxLength", "maxItems", "maxProperties", "maximum"];
/// Keywords whose value may shrink or go, but not grow or come.
const LOWER: [&str; 4] = ["minLength", "minItems", "minProperties", "minimum"];
/// Keywords that may not change in any way.
const FIXED: [&str; 8] = [
    "type",
    "format",
    "nullable",
    "default",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
];

/// Every break between two definitions of one kind, in words.
pub(crate) fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, pointer) in [
        ("spec.group", "/spec/group"),
        ("spec.scope", "/spec/scope"),
        ("spec.names.plural", "/spec/names/plural"),
        ("spec.names.kind", "/spec/names/kind"),
    ] {
        let (was, is) = (old.pointer(pointer), new.pointer(pointer));
        if was != is {
            found.push(format!("{path} was {}, is {}", shown(was), shown(is)));
        }
    }
    for name in list(&old["spec"]["names"]["shortNames"]) {
        if !list(&new["spec"]["names"]["shortNames"]).contains(name) {
            found.push(format!("the short name {name} is gone"));
        }
    }
    for was in list(&old["spec"]["versions"]) {
        let name = &was["name"];
        match list(&new["spec"]["versions"])
            .iter()
            .find(|is| &is["name"] == name)
        {
            None => found.push(format!("version {name} is gone")),
            Some(is) => version_breaks(name, was, is, &mut found),
        }
    }
    found
}

fn version_breaks(name: &Value, old: &Value, new: &Value, found: &mut Vec<String>) {
    if old["served"] == true && new["served"] != true {
        found.push(format!("version {name} is no longer served"));
    }
    for subresource in old["subresources"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.keys())
    {
        if new["subresources"][subresource].is_null() {
            found.push(format!("version {name} has lost the subresource {subresource}"));
        }
    }
    schema_breaks(
        "",
        &old["schema"]["openAPIV3Schema"],
        &new["schema"]["openAPIV3Schema"],
        found,
    );
}

fn schema_breaks(path: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let shown_path = path.trim_start_matches('.');
    for keyword in FIXED {
        if old.get(keyword) != new.get(keyword) {
            found.push(changed(shown_path, keyword, old, new));
        }
    }
    for (keywords, narrower) in [(UPPER, less as fn(f64, f64) -> bool), (LOWER, more)] {
        for keyword in keywords {
            match (old[keyword].as_f64(), new[keyword].as_f64()) {
                (_, None) => {}
                // A lower bound of none is one of nothing, for a length or a count.
                (None, Some(0.0)) if keyword.starts_with("min") && keyword != "minimum" => {}
                (Some(was), Some(is)) if !narrower(is, was) => {}
                _ => found.push(changed(shown_path, keyword, old, new)),
            }
        }
    }
    if new
        .get("pattern")
        .is_some_and(|is| Some(is) != old.get("pattern"))
    {
        found.push(changed(shown_path, "pattern", old, new));
    }
    match (old["enum"].as_array(), new["enum"].as_array()) {
        (_, None) => {}
        (None, Some(_)) => found.push(format!("{shown_path}: has now a list of values")),
        (Some(was), Some(is)) => {
            let gone = was.iter().filter(|value| !is.contains(value));
            found.extend(gone.map(|value| format!("{shown_path}: {value} is no longer among its values")));
        }
    }
    for name in list(&new["required"]) {
        if !list(&old["required"]).contains(name) {
            found.push(format!(
                "{}: is now required",
                format!("{path}.{}", text(name)).trim_start_matches('.')
            ));
        }
    }
    for rule in list(&new["x-kubernetes-validations"]) {
        let known = list(&old["x-kubernetes-validations"])
            .iter()
            .any(|was| was["rule"] == rule["rule"]);
        if !known && !about_new_fields(text(&rule["rule"]), old, new) {
            found.push(format!(
                "{shown_path}: a new rule on fields that were there: {}",
                text(&rule["rule"])
            ));
        }
    }
    for (name, was) in old["properties"].as_object().into_iter().flatten() {
        let below = format!("{path}.{name}");
        match new["properties"].get(name) {
            Some(is) => schema_breaks(&below, was, is, found),
            None => found.push(format!("{}: the field is gone", below.trim_start_matches('.'))),
        }
    }
    for (keyword, suffix) in [("items", "[]"), ("additionalProperties", "{}")] {
        match (old.get(keyword), new.get(keyword)) {
            (None, _) => {}
            (Some(_), None) => found.push(format!("{shown_path}: {keyword} is gone")),
            (Some(was), Some(is)) => schema_breaks(&format!("{path}{suffix}"), was, is, found),
        }
    }
}

/// Whether a rule speaks of a field that the earlier schema did not have.
fn about_new_fields(rule: &str, old: &Value, new: &Value) -> bool {
    let fresh = new["properties"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.keys());
    fresh
        .filter(|name| old["properties"].get(name).is_none())
        // Names that are words of CEL stand between underscores.
        .any(|name| mentions(rule, &format!("self.{name}")) || mentions(rule, &format!("self.__{name}__")))
}

fn mentions(rule: &str, field: &str) -> bool {
    rule.match_indices(field).any(|(start, _)| {
        let after = rule[start + field.len()..].chars().next();
        after.is_none_or(|next| !next.is_ascii_alphanumeric() && next != '_')
    })
}

fn changed(path: &str, keyword: &str, old: &Value, new: &Value) -> String {
    format!(
        "{path}: {keyword} was {}, is {}",
        shown(old.get(keyword)),
        shown(new.get(keyword))
    )
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "none".to_owned(), Value::to_string)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn less(is: f64, was: f64) -> bool {
    is < was
}

fn more(is: f64, was: f64) -> bool {
    is > was
}
