//! Values that YAML would take for something else than text, and examples that stand in comments: what a chart shows and takes
//! is what comes out.

use privatelink_testkit::charts::{CONTROLLER, EXAMPLES, workspace};
use serde_json::{Value, json};

use crate::charts::objects;
use crate::cluster::{folder, helm};

/// A word that YAML reads as text, and that is nowhere else in the charts.
const WORD: &str = "wxyz";

/// What a chart renders to with values, as a release of this name in a namespace of this name.
fn rendered(chart: &str, name: &str, values: &str) -> Result<Vec<Value>, String> {
    let path = folder().join(format!("words-{:?}.yaml", std::thread::current().id()));
    std::fs::create_dir_all(folder()).unwrap();
    std::fs::write(&path, values).unwrap();
    let (chart, path) = (
        workspace().join(chart).display().to_string(),
        path.display().to_string(),
    );
    let output = helm()
        .run(&["template", name, &chart, "--namespace", name, "--values", &path])
        .unwrap();
    if output.success {
        Ok(objects(&output.stdout))
    } else {
        Err(output.stderr)
    }
}

/// Every value of the controller's chart that is text of the user's, with a credential that uses its part of them.
fn controller(word: &str, credential: &str) -> Value {
    let map = json!({word: word});
    let azure = json!({
        "credential": credential,
        "clientId": "11111111-2222-3333-4444-555555555555",
        "tenantId": "66666666-7777-8888-9999-000000000000",
    });
    let mut values = json!({
        "crds": {"install": false},
        "image": {"repository": word, "tag": word},
        "imagePullSecrets": [{"name": word}],
        "ownerId": word, "controllerName": format!("{word}/{word}"), "nameOverride": word, "fullnameOverride": word,
        "cloud": {"name": "custom", "armEndpoint": "https://a.example.com", "authority": "https://b.example.com",
            "armAudience": format!("https://{word}")},
        "azure": azure,
        "workloadIdentities": [{"namespace": word, "name": word}],
        "caBundle": {"configMap": word, "key": word},
        "proxy": {"noProxy": word},
        "serviceAccount": {"name": word, "annotations": map},
        "podLabels": map, "podAnnotations": map, "nodeSelector": map, "priorityClassName": word,
        "tolerations": [{"key": word, "value": word}],
        "metrics": {
            "service": {"annotations": map},
            "serviceMonitor": {"enabled": true, "labels": map},
            "prometheusRule": {"enabled": true, "labels": map},
            "dashboard": {"enabled": true, "labels": map},
        },
    });
    if credential == "client-secret" {
        values["azure"]["clientSecret"] = json!({"name": word, "key": word});
    } else {
        values["azure"]["workloadIdentity"] = json!({"audience": word});
    }
    values
}

fn examples(word: &str) -> Value {
    json!({
        "scope": {"name": word, "controllerName": format!("{word}/{word}"), "aliases": {word: "/subscriptions/s"}, "zoneNames": [word]},
        "zones": {word: []},
        "endpoints": {word: {"subnet": {"alias": word}, "target": {"alias": word}}},
    })
}

#[test]
fn text_of_the_users_stays_text() {
    let charts = [
        (CONTROLLER, controller(WORD, "workload-identity")),
        (CONTROLLER, controller(WORD, "client-secret")),
        (EXAMPLES, examples(WORD)),
    ];
    for (chart, values) in charts {
        let values = values.to_string();
        let tame = rendered(chart, WORD, &values).unwrap();
        assert!(tame.len() > 2, "{tame:?}");
        for word in ["on", "no", "123", "1e3", "0x1f", "null"] {
            let found = rendered(chart, word, &values.replace(WORD, word)).unwrap();
            assert_eq!(found.len(), tame.len(), "{chart}: {word}");
            for object in &tame {
                let expected: Value = serde_json::from_str(&object.to_string().replace(WORD, word)).unwrap();
                assert!(
                    found.contains(&expected),
                    "{chart}: {word} in {expected:#} is not the same text in {:#}",
                    found
                        .iter()
                        .find(|found| found["kind"] == expected["kind"])
                        .unwrap()
                );
            }
        }
    }
}

#[test]
fn text_with_signs_of_yaml_stays_text() {
    let mut values = controller(WORD, "workload-identity");
    values["azure"]["workloadIdentity"]["audience"] = json!("foo:");
    values["cloud"]["armAudience"] = json!("https://a/{a");
    values["image"]["repository"] = json!("{a}#b");
    values["metrics"]["service"]["annotations"] = json!({"a": "b: c #d"});
    let objects = rendered(CONTROLLER, WORD, &values.to_string()).unwrap();
    let of_kind = |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap();
    let pod = &of_kind("Deployment")["spec"]["template"]["spec"];
    let source = &pod["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
    assert_eq!(source["audience"], "foo:", "{pod:#}");
    assert_eq!(pod["containers"][0]["image"], "{a}#b:wxyz");
    assert_eq!(
        of_kind("Service")["metadata"]["annotations"],
        json!({"a": "b: c #d"})
    );
    let network = "/subscriptions/a, b: #c";
    let values = json!({"zones": {"example.com": [network]}});
    let objects = rendered(EXAMPLES, WORD, &values.to_string()).unwrap();
    let link = objects
        .iter()
        .find(|object| object["kind"] == "PrivateDnsZoneLink");
    assert_eq!(
        link.unwrap()["spec"]["virtualNetwork"],
        json!({"id": network}),
        "{objects:#?}"
    );
}

/// The values of a chart with every example that stands in a comment: two spaces or more behind the sign, below the empty
/// value that it is one of.
fn with_examples(chart: &str) -> (String, usize) {
    let file = std::fs::read_to_string(workspace().join(chart).join("values.yaml")).unwrap();
    let (mut lines, mut count) = (Vec::<String>::new(), 0);
    let mut before = false;
    for line in file.lines() {
        let is_example = line.trim_start().starts_with("#  ");
        if is_example && !before {
            let value = lines.last_mut().unwrap();
            let empty = value.trim_end_matches(" []").trim_end_matches(" {}").to_owned();
            assert_ne!(*value, empty, "an example is below an empty value");
            *value = empty;
            count += 1;
        }
        before = is_example;
        lines.push(if is_example {
            line.replacen('#', " ", 1)
        } else {
            line.to_owned()
        });
    }
    (lines.join("\n"), count)
}

#[test]
fn what_stands_in_comments_as_an_example_is_taken() {
    let (values, count) = with_examples(CONTROLLER);
    assert_eq!(count, 1);
    let values = values.replace("clientId: \"\"", "clientId: 11111111-2222-3333-4444-555555555555");
    let values = values.replace("tenantId: \"\"", "tenantId: 66666666-7777-8888-9999-000000000000");
    let objects = rendered(CONTROLLER, WORD, &values).unwrap();
    let named = json!([{"apiGroups": [""], "resources": ["serviceaccounts/token"], "resourceNames": ["azure"], "verbs": ["create"]}]);
    let roles = objects
        .iter()
        .filter(|object| object["metadata"]["namespace"] == "orders");
    assert!(roles.clone().any(|role| role["rules"] == named), "{objects:#?}");

    let (values, count) = with_examples(EXAMPLES);
    assert_eq!(count, 3);
    // With and without the quotes, which YAML 1.1 needs.
    let unquoted = values.replace("{\"on\":", "{on:");
    assert_ne!(unquoted, values);
    for (values, key) in [(values, "on"), (unquoted, "true")] {
        let objects = rendered(EXAMPLES, WORD, &values).unwrap_or_else(|said| panic!("{key}: {said}"));
        let mut kinds: Vec<&str> = objects
            .iter()
            .map(|object| object["kind"].as_str().unwrap())
            .collect();
        kinds.sort_unstable();
        let expected = [
            "AzureScope",
            "PrivateDnsZone",
            "PrivateDnsZoneLink",
            "PrivateEndpoint",
        ];
        assert_eq!(kinds, expected, "{key}");
        let scope = objects
            .iter()
            .find(|object| object["kind"] == "AzureScope")
            .unwrap();
        let allowed = scope["spec"]["allow"][0][key].as_str();
        assert!(
            allowed.is_some_and(|id| id.ends_with("/resourceGroups/rg-orders")),
            "{scope:#}"
        );
        // As the API server and the controller read it.
        serde_json::from_value::<privatelink_api::AzureScope>(scope.clone()).unwrap();
    }
}
