//! What `kubectl explain` says of every field: its unit where it is a number, what it amounts to where it is left out,
//! whether it can be changed, and what Azure calls it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use privatelink_api::crds;
use privatelink_api::description::Description;
use serde_json::{Value, json};

/// Fields that Azure knows nothing of: the controller's own wishes and records, and what only Kubernetes knows. A path
/// stands for everything below it; `*` stands for every kind. A new field has Azure's name or a place here.
const OUR_OWN: &[(&str, &str)] = &[
    // A scope has nothing in Azure.
    ("AzureScope", "spec"),
    ("AzureScope", "status"),
    // How the controller deals with the resource.
    ("*", "spec.scopeName"),
    ("*", "spec.managementPolicy"),
    ("*", "spec.deletionPolicy"),
    ("*", "spec.adoptionPolicy"),
    ("*", "spec.adoptFrom"),
    ("*", "spec.onContest"),
    ("*", "spec.allowedNamespaces"),
    ("PrivateEndpoint", "spec.recovery"),
    ("PrivateEndpoint", "spec.dns.mode"),
    ("PrivateEndpoint", "spec.dns.verify"),
    ("PrivateEndpoint", "spec.dns.resolvedFrom"),
    ("NetworkSecurityGroup", "spec.unmanagedRules"),
    ("ApplicationSecurityGroupBinding", "spec.privateEndpointSelector"),
    ("PrivateDnsRecordSet", "spec.fromPrivateEndpoint.name"),
    ("PrivateDnsRecordSet", "spec.fromPrivateEndpoint.memberName"),
    // What the controller found and remembers.
    ("*", "status.observedGeneration"),
    ("*", "status.conditions"),
    ("*", "status.lastHandledReconcileAt"),
    ("*", "status.effective"),
    ("*", "status.applied"),
    ("*", "status.previous"),
    ("*", "status.operations"),
    ("*", "status.differences"),
    ("PrivateEndpoint", "status.targetIdentity"),
    ("PrivateEndpoint", "status.access"),
    ("SubnetBinding", "status.left"),
    // Counted over the objects of the cluster.
    ("ApplicationSecurityGroup", "status.members"),
    ("ApplicationSecurityGroup", "status.privateEndpoints"),
    ("ApplicationSecurityGroupBinding", "status.selected"),
    ("ApplicationSecurityGroupBinding", "status.privateEndpoints"),
];

/// A named field of a schema.
struct Field<'a> {
    /// Such as `spec.rules[].priority`.
    path: String,
    name: &'a str,
    schema: &'a Value,
    /// The schema that has it among its properties.
    parent: &'a Value,
}

impl Field<'_> {
    fn description(&self) -> &str {
        self.schema["description"].as_str().unwrap_or_default()
    }

    fn is_required(&self) -> bool {
        let required = self.parent["required"].as_array();
        required.is_some_and(|required| required.contains(&json!(self.name)))
    }
}

/// Every field of a schema, those of references to other resources left out: they say what they are where they are used.
fn fields<'a>(path: &str, schema: &'a Value, found: &mut Vec<Field<'a>>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        found.push(Field {
            path: path.clone(),
            name,
            schema: property,
            parent: schema,
        });
        fields(&path, property, found);
    }
    for (below, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[below].is_object() {
            fields(&format!("{path}{mark}"), &schema[below], found);
        }
    }
}

fn of_schema(root: &Value) -> Vec<Field<'_>> {
    let mut found = Vec::new();
    for part in ["spec", "status"] {
        fields(part, &root["properties"][part], &mut found);
    }
    found
}

/// The schemas by kind.
fn schemas() -> Vec<(String, Value)> {
    let schema = |definition| {
        let definition: Value = serde_json::to_value(definition).unwrap();
        let kind = definition["spec"]["names"]["kind"].as_str().unwrap().to_owned();
        (
            kind,
            definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone(),
        )
    };
    crds().into_iter().map(schema).collect()
}

/// A reference is a union whose members mean the same resource; the field that holds it has Azure's name.
fn is_reference(schema: &Value) -> bool {
    let names = schema["properties"].as_object();
    names.is_some_and(|names| {
        names.contains_key("id")
            && names.contains_key("alias")
            && names
                .keys()
                .all(|name| ["id", "alias", "name", "namespace"].contains(&name.as_str()))
    })
}

/// The sets of fields of which a schema's rules ask for exactly one.
fn unions(schema: &Value) -> Vec<BTreeSet<String>> {
    let rules = schema["x-kubernetes-validations"].as_array();
    let expression = |rule: &Value| {
        let text = rule["rule"]
            .as_str()?
            .strip_suffix("].filter(x, x).size() == 1")?;
        let members = text.strip_prefix('[')?.split(", ");
        let name = |member: &str| {
            let name = member.strip_prefix("has(self.")?.strip_suffix(')')?;
            Some(name.trim_matches('_').to_owned())
        };
        members.map(name).collect()
    };
    rules.into_iter().flatten().filter_map(expression).collect()
}

/// What of a field's description is missing or wrong.
fn faults(kind: &str, field: &Field<'_>, ours: &mut BTreeSet<(String, String)>) -> Vec<String> {
    let mut faults = Vec::new();
    let description = Description::read(field.description());
    let mut fault = |what: String| faults.push(format!("{kind} {}: {what}", field.path));
    if description.text.is_empty() {
        fault("no description".to_owned());
    }
    for (words, fact) in [
        ("Unit: ", "a unit"),
        ("Default: ", "a default"),
        ("Azure: ", "a name in Azure"),
        ("Immutable.", "that it is immutable"),
        ("One of ", "a union"),
    ] {
        if description.text.contains(words) {
            fault(format!(
                "says {fact} in another form than the end of the description has"
            ));
        }
    }
    let is_number = ["integer", "number"]
        .map(Value::from)
        .contains(&field.schema["type"]);
    if is_number != description.unit.is_some() {
        fault("a number has a unit (`Unit: seconds.`), and nothing else has".to_owned());
    }
    let in_spec = field.path.starts_with("spec.");
    if in_spec && !field.is_required() && description.default.is_none() && description.one_of.is_empty() {
        fault("an optional field without a default (`Default: none.`)".to_owned());
    }
    if field.is_required() && description.default.is_some() {
        fault("a required field with a default".to_owned());
    }
    let members: BTreeSet<String> = description
        .one_of
        .iter()
        .map(|&member| member.to_owned())
        .collect();
    if !members.is_empty() {
        let known = |member: &String| field.parent["properties"][member].is_object();
        if !members.contains(field.name) || !members.iter().all(known) {
            fault("is one of others than stand beside it".to_owned());
        }
    }
    let unions = unions(field.parent);
    let asked = unions.iter().find(|union| union.contains(field.name));
    if asked.is_some_and(|asked| *asked != members) {
        fault(format!("a rule asks for one of {asked:?}"));
    }
    let own = OUR_OWN.iter().find(|(of, path)| {
        let below = field.path.strip_prefix(path);
        (*of == "*" || *of == kind)
            && below.is_some_and(|below| below.is_empty() || below.starts_with(['.', '[', '{']))
    });
    match (own, description.azure.is_empty()) {
        (Some((of, path)), true) => {
            ours.insert(((*of).to_owned(), (*path).to_owned()));
        }
        (Some(_), false) => {
            // `resourceId` and its like stand below nothing that is our own.
            fault("has a name in Azure, and is our own".to_owned());
        }
        // Of what is in `dns`, only the zones are in Azure, and they say so themselves.
        (None, true) if !is_reference(field.parent) && field.path != "spec.dns" => {
            fault("no name in Azure (`Azure: properties.ttl.`), and not among our own".to_owned());
        }
        (None, _) => {}
    }
    for name in &description.azure {
        let segments = name.path.split('.').map(|segment| segment.trim_end_matches("[]"));
        let first = name.path.split(['.', '[']).next().unwrap();
        let is_path = segments
            .clone()
            .all(|segment| !segment.is_empty() && segment.chars().all(char::is_alphanumeric));
        if !is_path || !["id", "name", "location", "tags", "properties"].contains(&first) {
            fault(format!("{} is no place in a resource", name.path));
        }
    }
    faults
}

#[test]
fn every_field_says_its_unit_its_default_and_what_azure_calls_it() {
    let (mut found, mut ours) = (Vec::new(), BTreeSet::new());
    for (kind, schema) in schemas() {
        for field in of_schema(&schema) {
            found.extend(faults(&kind, &field, &mut ours));
        }
    }
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
    let idle = OUR_OWN
        .iter()
        .filter(|(kind, path)| !ours.contains(&((*kind).to_owned(), (*path).to_owned())));
    assert_eq!(
        idle.collect::<Vec<_>>(),
        Vec::<&(&str, &str)>::new(),
        "of no field"
    );
}

/// Paths of the fields that a rule keeps from being changed.
fn fixed(fields: &[Field<'_>]) -> BTreeSet<String> {
    let mut fixed = BTreeSet::new();
    let rules = |schema: &Value| {
        schema["x-kubernetes-validations"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    };
    let forbids = |rule: &Value| {
        let message = rule["message"].as_str().unwrap_or_default();
        message.contains("cannot be changed after creation")
            || message.contains("cannot be added, changed or removed")
    };
    for field in fields {
        let own = rules(field.schema)
            .iter()
            .any(|rule| forbids(rule) && rule["fieldPath"].is_null());
        let by_parent = rules(field.parent)
            .iter()
            .any(|rule| forbids(rule) && rule["fieldPath"] == format!(".{}", field.name));
        if own || by_parent {
            fixed.insert(field.path.clone());
        }
    }
    fixed
}

#[test]
fn fields_that_cannot_be_changed_are_those_that_say_so() {
    let mut count = 0;
    for (kind, schema) in schemas() {
        let fields = of_schema(&schema);
        let said = fields
            .iter()
            .filter(|field| Description::read(field.description()).immutable);
        let said: BTreeSet<String> = said.map(|field| field.path.clone()).collect();
        count += said.len();
        assert_eq!(
            said,
            fixed(&fields),
            "{kind}: what says Immutable, and what a rule keeps"
        );
    }
    assert!(count > 20, "{count}");
}

#[test]
fn each_fault_is_found() {
    let bad = json!({"properties": {"status": {}, "spec": {
        "required": ["needed"],
        "x-kubernetes-validations": [{"rule": "[has(self.id), has(self.alias)].filter(x, x).size() == 1"}],
        "properties": {
            "silent": {"type": "string"},
            "ttl": {"type": "integer", "description": "How long. Default: 300. Azure: properties.ttl."},
            "text": {"type": "string", "description": "A text. Unit: seconds. Default: none. Azure: properties.text."},
            "optional": {"type": "string", "description": "A text. Azure: properties.text."},
            "needed": {"type": "string", "description": "A text. Default: none. Azure: properties.text."},
            "astray": {"type": "string", "description": "A text. Default: none. Then more."},
            "place": {"type": "string", "description": "A text. Default: none. Azure: spec.text."},
            "id": {"type": "string", "description": "An id. One of id and name. Azure: id."},
            "alias": {"type": "string", "description": "An id. Default: none. Azure: id."},
        },
    }}});
    let mut ours = BTreeSet::new();
    let mut found: Vec<String> = of_schema(&bad)
        .iter()
        .flat_map(|field| faults("Bad", field, &mut ours))
        .collect();
    found.sort();
    let expected = [
        "Bad spec.alias: a rule asks for one of Some({\"alias\", \"id\"})",
        "Bad spec.astray: an optional field without a default (`Default: none.`)",
        "Bad spec.astray: no name in Azure (`Azure: properties.ttl.`), and not among our own",
        "Bad spec.astray: says a default in another form than the end of the description has",
        "Bad spec.id: a rule asks for one of Some({\"alias\", \"id\"})",
        "Bad spec.id: is one of others than stand beside it",
        "Bad spec.needed: a required field with a default",
        "Bad spec.optional: an optional field without a default (`Default: none.`)",
        "Bad spec.place: spec.text is no place in a resource",
        "Bad spec.silent: an optional field without a default (`Default: none.`)",
        "Bad spec.silent: no description",
        "Bad spec.silent: no name in Azure (`Azure: properties.ttl.`), and not among our own",
        "Bad spec.text: a number has a unit (`Unit: seconds.`), and nothing else has",
        "Bad spec.ttl: a number has a unit (`Unit: seconds.`), and nothing else has",
    ];
    assert_eq!(found, expected);
}
