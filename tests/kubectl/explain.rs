//! `kubectl explain`: what it says of fields is what the definitions say, and how that looks.

use privatelink_api::{crds, file_name};
use privatelink_tests::golden::golden;
use serde_json::Value;

use crate::cluster::kubectl;

#[test]
fn explain_tells_of_every_kinds_fields_as_in_the_golden_files() {
    for definition in crds() {
        let names = &definition.spec.names;
        let short = names.short_names.as_ref().unwrap().first().unwrap();
        golden(
            &format!("kubectl/{short}/explain.txt"),
            &kubectl(&["explain", &format!("{}.spec", names.plural)]),
        );
    }
    golden(
        "kubectl/pe/explain-target.txt",
        &kubectl(&["explain", "pe.spec.target"]),
    );
}

/// kubectl reads the server's OpenAPI document, which the server makes of the definitions.
#[test]
fn what_explain_reads_has_every_description_of_the_definitions() {
    let document: Value = serde_json::from_str(&kubectl(&[
        "get",
        "--raw",
        "/openapi/v3/apis/privatelink.dev/v1alpha1",
    ]))
    .unwrap();
    let mut count = 0;
    for definition in crds() {
        let schema =
            serde_json::to_value(&definition).unwrap()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
                .clone();
        let kind = &definition.spec.names.kind;
        let served = &document["components"]["schemas"][format!("dev.privatelink.v1alpha1.{kind}")];
        assert!(served.is_object(), "the server tells nothing of {kind}");
        for part in ["spec", "status"] {
            count += compare(
                &file_name(&definition),
                &schema["properties"][part],
                &served["properties"][part],
            );
        }
    }
    assert!(count > 300, "{count} descriptions");
}

/// How many descriptions are the same.
fn compare(at: &str, ours: &Value, served: &Value) -> usize {
    assert_eq!(ours["description"], served["description"], "{at}");
    let mut count = usize::from(ours["description"].is_string());
    for (name, property) in ours["properties"].as_object().into_iter().flatten() {
        count += compare(&format!("{at}.{name}"), property, &served["properties"][name]);
    }
    for below in ["items", "additionalProperties"] {
        if ours[below].is_object() {
            count += compare(&format!("{at}[]"), &ours[below], &served[below]);
        }
    }
    count
}
