//! Every CEL rule of every definition has cases that pass and cases that fail (`rules.yaml`), evaluated offline.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};

use kube::core::cel::{CompiledSchema, Validator, compile_schema};
use privatelink_api::crds;
use serde::Deserialize;
use serde_json::{Value, json};

/// Changes to a manifest: a JSON pointer and what comes there; null removes it.
type Edits = BTreeMap<String, Value>;

/// One rule, what it accepts and what it refuses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// The kind and where the rule stands in its schema: `PrivateEndpoint.spec.target`, `AzureScope.spec.allow[]`.
    at: String,
    /// A part of the rule's message that no other rule at the same place has.
    message: String,
    /// `[created]` or `[before, after]`, each as changes to the kind's manifest.
    pass: Vec<Vec<Edits>>,
    fail: Vec<Vec<Edits>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    manifests: BTreeMap<String, Value>,
    rules: Vec<Rule>,
}

/// A rule as it stands in a definition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Standing {
    at: String,
    message: String,
}

fn table() -> Table {
    serde_saphyr::from_str(include_str!("rules.yaml")).unwrap()
}

fn schemas() -> BTreeMap<String, Value> {
    let schema = |definition| {
        let definition: Value = serde_json::to_value(definition).unwrap();
        definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
    };
    crds()
        .into_iter()
        .map(|definition| (definition.spec.names.kind.clone(), schema(definition)))
        .collect()
}

/// Calls `visit` with the place and each rule that stands there.
fn each_rule(at: &str, schema: &mut Value, visit: &mut impl FnMut(&str, &mut Value)) {
    for rule in schema["x-kubernetes-validations"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        visit(at, rule);
    }
    for (name, property) in schema["properties"].as_object_mut().into_iter().flatten() {
        each_rule(&format!("{at}.{name}"), property, visit);
    }
    for (key, suffix) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[key].is_object() {
            each_rule(&format!("{at}{suffix}"), &mut schema[key], visit);
        }
    }
}

fn standing() -> Vec<Standing> {
    let mut found = Vec::new();
    for (kind, mut schema) in schemas() {
        each_rule(&kind, &mut schema, &mut |at, rule| {
            found.push(Standing {
                at: at.to_owned(),
                message: rule["message"].as_str().unwrap().to_owned(),
            });
        });
    }
    found
}

fn edited(base: &Value, edits: &Edits) -> Value {
    let mut value = base.clone();
    for (pointer, to) in edits {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = value
            .pointer_mut(parent)
            .unwrap_or_else(|| panic!("nothing at {pointer}"));
        let parent = parent.as_object_mut().unwrap();
        if to.is_null() {
            parent.remove(name)
        } else {
            parent.insert(name.to_owned(), to.clone())
        };
    }
    value
}

/// The messages of the rules that refuse the last of the manifests.
fn refusals(
    validator: &Validator,
    schema: &CompiledSchema,
    base: &Value,
    manifests: &[Edits],
) -> Vec<String> {
    let manifests: Vec<Value> = manifests.iter().map(|edits| edited(base, edits)).collect();
    let (new, old) = match manifests.as_slice() {
        [new] => (new, None),
        [old, new] => (new, Some(old)),
        _ => panic!("a case has one manifest or two"),
    };
    match validator.validate_compiled(schema, new, old) {
        Ok(()) => Vec::new(),
        Err(errors) => errors.iter().map(|error| error.message.clone()).collect(),
    }
}

#[test]
fn every_rule_has_cases_and_every_case_has_a_rule() {
    let standing = standing();
    let mut covered = BTreeSet::new();
    for rule in table().rules {
        assert!(
            !rule.pass.is_empty() && !rule.fail.is_empty(),
            "{}: {}: needs pass and fail",
            rule.at,
            rule.message
        );
        let matching: Vec<_> = standing
            .iter()
            .filter(|one| one.at == rule.at && one.message.contains(&rule.message))
            .collect();
        assert_eq!(
            matching.len(),
            1,
            "{}: {:?} must match one rule",
            rule.at,
            rule.message
        );
        assert!(
            covered.insert(matching[0].clone()),
            "{}: {:?} stands twice in rules.yaml",
            rule.at,
            rule.message
        );
    }
    let missing: Vec<_> = standing.iter().filter(|one| !covered.contains(one)).collect();
    assert!(missing.is_empty(), "rules without a case: {missing:#?}");
    assert_eq!(
        standing.len(),
        covered.len(),
        "two rules at one place have the same message"
    );
}

#[test]
fn each_rule_accepts_and_refuses_what_its_cases_say() {
    let (table, schemas) = (table(), schemas());
    let validator = Validator::new();
    let mut cases = 0;
    for rule in &table.rules {
        let kind = rule.at.split('.').next().unwrap();
        let (base, schema) = (&table.manifests[kind], &schemas[kind]);
        let compiled = compile_schema(schema);
        assert!(!compiled.has_errors());
        // The rule made to refuse everything: a passing case must reach it, else it proves nothing.
        let mut refusing = schema.clone();
        each_rule(kind, &mut refusing, &mut |at, standing| {
            if at == rule.at && standing["message"].as_str().unwrap().contains(&rule.message) {
                let transition = standing["rule"].as_str().unwrap().contains("oldSelf");
                standing["rule"] = json!(if transition {
                    "self != self && oldSelf != oldSelf"
                } else {
                    "false"
                });
            }
        });
        let refusing = compile_schema(&refusing);
        for manifests in &rule.pass {
            let found = refusals(&validator, &compiled, base, manifests);
            assert!(
                found.is_empty(),
                "{}: {}: {manifests:?} was refused: {found:#?}",
                rule.at,
                rule.message
            );
            let found = refusals(&validator, &refusing, base, manifests);
            assert!(
                found.iter().any(|message| message.contains(&rule.message)),
                "{}: {}: {manifests:?} does not reach the rule",
                rule.at,
                rule.message
            );
            cases += 1;
        }
        for manifests in &rule.fail {
            let found = refusals(&validator, &compiled, base, manifests);
            assert!(
                found.len() == 1 && found[0].contains(&rule.message),
                "{}: {}: {manifests:?} must be refused by this rule alone, got {found:#?}",
                rule.at,
                rule.message
            );
            cases += 1;
        }
    }
    println!("{} rules, {cases} cases", table.rules.len());
}

#[test]
fn every_message_names_a_field_and_a_remedy() {
    for rule in standing() {
        let last = rule
            .at
            .rsplit('.')
            .next()
            .unwrap()
            .trim_end_matches(['[', ']', '{', '}'])
            .to_owned();
        let names_field = rule.message.contains("spec")
            || rule.message.contains("metadata")
            || rule.message.contains(&last);
        let remedies = [
            "must",
            "only",
            "cannot",
            "required",
            "remove",
            "choose",
            "create",
            "can be added",
        ];
        assert!(names_field, "{rule:?} names no field");
        assert!(
            remedies.iter().any(|word| rule.message.contains(word)),
            "{rule:?} names no remedy"
        );
        assert!(rule.message.len() <= 2048 && !rule.message.contains('\n'));
    }
}
