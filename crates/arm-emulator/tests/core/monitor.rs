//! Diagnostic settings, alerts and action groups.

use crate::support::{Bench, SUBSCRIPTION, id, network};
use serde_json::{Value, json};

/// A path with the version that diagnostic settings have.
fn at(path: &str) -> String {
    format!("https://management.azure.com{path}?api-version=2021-05-01-preview")
}

fn with_sinks() -> Bench {
    let bench = Bench::with_network();
    for name in ["one", "two"] {
        bench.ok(
            "PUT",
            &id(&format!("Microsoft.OperationalInsights/workspaces/{name}")),
            json!({"location": "westeurope"}),
        );
    }
    bench.ok(
        "PUT",
        &id("Microsoft.KeyVault/vaults/kvlt"),
        json!({"location": "westeurope", "properties": {"tenantId": SUBSCRIPTION, "accessPolicies": [], "sku": {"family": "A", "name": "standard"}}}),
    );
    bench.pass();
    bench
}

fn workspace(name: &str) -> String {
    id(&format!("Microsoft.OperationalInsights/workspaces/{name}"))
}

fn settings() -> String {
    id("Microsoft.KeyVault/vaults/kvlt/providers/Microsoft.Insights/diagnosticSettings")
}

fn to_workspace(name: &str, logs: Value) -> Value {
    json!({"properties": {"workspaceId": workspace(name), "logs": logs}})
}

#[test]
fn a_setting_is_written_at_once_and_shown_with_defaults() {
    let bench = with_sinks();
    let path = at(&format!("{}/s", settings()));
    let body = to_workspace("one", json!([{"categoryGroup": "allLogs", "enabled": true}]));
    let (status, mut answer, _) = bench.send("PUT", &path, body.clone());
    assert_eq!(status, 200);
    assert_eq!(answer["type"], "Microsoft.Insights/diagnosticSettings");
    assert_eq!(answer["properties"]["metrics"], json!([]));
    assert_eq!(
        answer["properties"]["logs"][0]["retentionPolicy"],
        json!({"enabled": false, "days": 0})
    );
    assert_eq!(answer["properties"]["provisioningState"], Value::Null);
    assert_eq!(answer["systemData"], Value::Null);
    answer["location"] = json!("westeurope");
    assert_eq!(bench.get(&path), answer);
    assert_eq!(bench.send("PUT", &path, body).0, 200);
    assert!(!bench.last_changed());
    assert_eq!(bench.send("PATCH", &path, json!({})).0, 405);
    let list = bench.get(&at(&settings()));
    assert_eq!(list["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 200);
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 204);
    let later = format!(
        "https://management.azure.com{}?api-version=2024-05-01",
        settings()
    );
    assert_eq!(
        bench
            .refused(
                "GET",
                &format!("{later}&x=1").replace("diagnosticSettings?", "diagnosticSettings/s?"),
                Value::Null
            )
            .1,
        "InvalidResourceType"
    );
}

#[test]
fn a_setting_needs_a_sink_and_categories_that_exist() {
    let bench = with_sinks();
    let path = at(&format!("{}/s", settings()));
    let log = |entry: Value| to_workspace("one", json!([entry]));
    let account = id("Microsoft.Storage/storageAccounts/acct");
    for (body, words) in [
        (
            json!({"properties": {"logs": [{"category": "AuditEvent", "enabled": true}]}}),
            "At least one data sink",
        ),
        (
            to_workspace("none", json!([{"category": "AuditEvent", "enabled": true}])),
            "could not be found",
        ),
        (
            json!({"properties": {"workspaceId": account, "logs": [{"category": "AuditEvent", "enabled": true}]}}),
            "could not be found",
        ),
        (
            json!({"properties": {"storageAccountId": account, "logs": [{"category": "AuditEvent", "enabled": true}]}}),
            "has to be in the region",
        ),
        (
            json!({"properties": {"workspaceId": workspace("one"), "marketplacePartnerId": "/subscriptions/x"}}),
            "The marketplace partner resource: /subscriptions/x was not found or does not support",
        ),
        (
            log(json!({"category": "AuditEvent", "categoryGroup": "audit", "enabled": true})),
            "and not both",
        ),
        (log(json!({"enabled": true})), "and not both"),
        (log(json!({"category": "AuditEvent"})), "'enabled' is required"),
        (
            log(json!({"category": "Nothing", "enabled": true})),
            "Category 'Nothing' is not supported.",
        ),
        (
            log(json!({"categoryGroup": "some", "enabled": true})),
            "Category group 'some'",
        ),
        (
            json!({"properties": {"workspaceId": workspace("one"), "metrics": [{"category": "X", "enabled": true}]}}),
            "Metric category 'X' is not supported, supported categories are: 'AllMetrics'.",
        ),
        (
            json!({"properties": {"workspaceId": workspace("one"), "logs": "x"}}),
            "a list of objects",
        ),
    ] {
        let (status, answer, _) = bench.send("PUT", &path, body);
        assert_eq!(
            (status, answer["code"].as_str()),
            (400, Some("BadRequest")),
            "{answer}"
        );
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{message}");
    }
    // Of a type whose categories are not known any is taken.
    let other = at(&format!(
        "{}/providers/Microsoft.Insights/diagnosticSettings/s",
        workspace("two")
    ));
    bench.ok(
        "PUT",
        &other,
        log(json!({"category": "Whatever", "enabled": true})),
    );
}

#[test]
fn a_sink_gets_a_category_once_and_a_resource_has_five_settings() {
    let bench = with_sinks();
    let path = |name: &str| at(&format!("{}/{name}", settings()));
    let audit = json!([{"category": "auditevent", "enabled": true}]);
    bench.ok("PUT", &path("a"), to_workspace("one", audit.clone()));
    let all = json!([{"categoryGroup": "allLogs", "enabled": true}]);
    let (status, answer, _) = bench.send("PUT", &path("b"), to_workspace("one", all.clone()));
    assert_eq!((status, answer["code"].as_str()), (409, Some("Conflict")));
    assert_eq!(
        answer["message"],
        format!(
            "Data sink '{}' is already used in diagnostic setting 'a' for category 'AuditEvent'. Data sinks can't be reused in different settings on the same category for the same resource.",
            workspace("one")
        )
    );
    // What is switched off, or goes elsewhere, does not count.
    let off = json!([{"category": "AuditEvent", "enabled": false}]);
    bench.ok("PUT", &path("b"), to_workspace("one", off.clone()));
    bench.ok("PUT", &path("c"), to_workspace("two", all));
    for name in ["d", "e"] {
        bench.ok("PUT", &path(name), to_workspace("one", off.clone()));
    }
    assert_eq!(
        bench
            .refused("PUT", &path("f"), to_workspace("one", off.clone()))
            .0,
        409
    );
    bench.ok("PUT", &path("e"), to_workspace("two", off));
}

#[test]
fn categories_can_be_read() {
    let bench = with_sinks();
    let list = id("Microsoft.KeyVault/vaults/kvlt/providers/Microsoft.Insights/diagnosticSettingsCategories");
    let answer = bench.get(&at(&list));
    let names: Vec<&str> = answer["value"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|category| category["name"].as_str())
        .collect();
    assert_eq!(
        names,
        ["AuditEvent", "AzurePolicyEvaluationDetails", "AllMetrics"]
    );
    let one = bench.get(&at(&format!("{list}/auditevent")));
    assert_eq!(one["properties"]["categoryType"], "Logs");
    assert_eq!(one["properties"]["categoryGroups"], json!(["audit", "allLogs"]));
    assert_eq!(
        bench.refused("GET", &at(&format!("{list}/none")), Value::Null).0,
        404
    );
    assert_eq!(bench.refused("PUT", &at(&format!("{list}/x")), json!({})).0, 405);
    let none = id("Microsoft.KeyVault/vaults/no/providers/Microsoft.Insights/diagnosticSettingsCategories");
    assert_eq!(bench.refused("GET", &at(&none), Value::Null).0, 404);
}

fn metric_alert(change: impl Fn(&mut Value)) -> Value {
    let mut body = json!({"location": "global", "properties": {
        "severity": 3, "enabled": true, "evaluationFrequency": "PT5M", "windowSize": "PT15M",
        "scopes": [network("virtualNetworks/vnet")],
        "criteria": {"odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", "allOf": [
            {"name": "c", "criterionType": "StaticThresholdCriterion", "metricName": "m", "operator": "GreaterThan",
             "threshold": 5, "timeAggregation": "Average"}]},
    }});
    if let Some(properties) = body.get_mut("properties") {
        change(properties);
    }
    body
}

#[test]
fn metric_alerts_answer_as_recorded() {
    let bench = Bench::with_network();
    let path = id("Microsoft.Insights/metricAlerts/alert");
    let (status, answer, _) = bench.send("PUT", &path, metric_alert(|_| {}));
    assert_eq!(status, 200);
    assert_eq!(
        answer["properties"]["criteria"]["allOf"][0]["threshold"].to_string(),
        "5.0"
    );
    assert_eq!(answer["properties"]["actions"], json!([]));
    bench.ok("PATCH", &path, json!({"properties": {"enabled": false}}));
    assert_eq!(bench.get(&path)["properties"]["enabled"], false);
    let everywhere = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/metricAlerts");
    assert_eq!(bench.get(&everywhere)["value"][0]["name"], "alert");
    for (change, words) in [
        (
            (|alert| alert["severity"] = json!(5)) as fn(&mut Value),
            "Allowed range: 0 to 4",
        ),
        (|alert| alert["evaluationFrequency"] = json!("PT2M"), "PT1M, PT5M"),
        (|alert| alert["windowSize"] = json!("PT1M"), "at least as long"),
        (|alert| alert["windowSize"] = Value::Null, "windowSize"),
        (|alert| alert["scopes"] = json!(["x"]), "not a valid resource id"),
        (|alert| alert["scopes"] = json!([]), "scopes"),
        (|alert| alert["criteria"]["odata.type"] = json!("x"), "odata.type"),
        (|alert| alert["criteria"]["allOf"] = json!([]), "allOf"),
        (
            |alert| alert["criteria"]["allOf"][0]["operator"] = json!("x"),
            "operator",
        ),
        (
            |alert| alert["criteria"]["allOf"][0]["threshold"] = json!("x"),
            "not a number",
        ),
        (
            |alert| alert["criteria"]["allOf"][0]["criterionType"] = json!("DynamicThresholdCriterion"),
            "alertSensitivity",
        ),
        (
            |alert| alert["actions"] = json!([{"actionGroupId": "/subscriptions/x"}]),
            "action group",
        ),
    ] {
        let (status, answer, _) = bench.send("PUT", &path, metric_alert(change));
        assert_eq!(
            (status, answer["error"]["code"].as_str()),
            (400, Some("BadRequest")),
            "{answer}"
        );
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{message}");
    }
    let odd = id("Microsoft.Insights/metricAlerts/a.");
    assert_eq!(bench.refused("PUT", &odd, metric_alert(|_| {})).0, 400);
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 200);
    let (_, answer, _) = bench.send("GET", &path, Value::Null);
    let message = answer["error"]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("'Microsoft.Insights/metricalerts/alert'"),
        "{message}"
    );
}

#[test]
fn activity_log_alerts_tell_action_groups() {
    let bench = Bench::with_network();
    let group = id("Microsoft.Insights/actionGroups/ops");
    let alert = id("Microsoft.Insights/activityLogAlerts/alert");
    let body = |conditions: Value| {
        json!({"location": "global", "properties": {
            "scopes": [format!("/subscriptions/{SUBSCRIPTION}")],
            "condition": {"allOf": conditions},
            "actions": {"actionGroups": [{"actionGroupId": group}]},
        }})
    };
    let category = json!({"field": "category", "equals": "Administrative"});
    assert_eq!(bench.refused("PUT", &alert, body(json!([category]))).0, 400);
    let named = |name: &str| {
        json!({"location": "Global", "properties": {"groupShortName": name, "enabled": true,
        "emailReceivers": [{"name": "a", "emailAddress": "a@example.org"}]}})
    };
    assert_eq!(bench.refused("PUT", &group, named("thirteen-char")).0, 400);
    let (status, answer, _) = bench.send("PUT", &group, named("ops"));
    assert_eq!(status, 201);
    let shown = group.replace("Microsoft.Insights", "microsoft.insights");
    assert_eq!(
        (&answer["id"], &answer["type"]),
        (&json!(shown), &json!("Microsoft.Insights/ActionGroups"))
    );
    assert_eq!(answer["location"], "Global");
    assert!(answer["kind"].is_null() && answer.get("kind").is_some());
    assert!(answer["tags"].is_null() && answer.get("tags").is_some());
    assert_eq!(answer["properties"]["webhookReceivers"], json!([]));
    assert_eq!(answer["properties"]["eventHubReceivers"], json!([]));
    bench.ok("PUT", &group, answer.clone());
    assert!(!bench.last_changed(), "what is read can be written back");
    let (_, refusal, _) = bench.send("GET", &id("microsoft.insights/actionGroups/x"), Value::Null);
    let message = refusal["error"]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("'microsoft.insights/actiongroups/x'"),
        "{message}"
    );
    assert_eq!(answer["properties"]["emailReceivers"][0]["status"], "Enabled");
    assert_eq!(bench.send("PUT", &group, named("ops")).0, 200);
    let mut twice = named("ops");
    twice["properties"]["smsReceivers"] = json!([{"name": "A", "countryCode": "1", "phoneNumber": "1"}]);
    assert_eq!(bench.refused("PUT", &group, twice).0, 400);

    let (status, answer, _) = bench.send("PUT", &alert, body(json!([category])));
    assert_eq!((status, &answer["properties"]["enabled"]), (201, &json!(false)));
    let either =
        json!({"anyOf": [{"field": "status", "equals": "a"}, {"field": "level", "containsAny": ["b"]}]});
    assert_eq!(bench.send("PUT", &alert, body(json!([category, either]))).0, 200);
    for conditions in [
        json!([{"field": "status", "equals": "Failed"}]),
        json!([category, {"field": "status"}]),
        json!([category, {"field": "status", "equals": "a", "containsAny": ["a"]}]),
        json!([category, {"field": "status", "equals": "a", "anyOf": [category]}]),
        json!([]),
    ] {
        assert_eq!(
            bench.refused("PUT", &alert, body(conditions)),
            (400, "BadRequest".to_owned())
        );
    }
    bench.ok(
        "PATCH",
        &alert,
        json!({"tags": {"a": "b"}, "properties": {"enabled": true}}),
    );
    assert_eq!(bench.get(&alert)["properties"]["enabled"], true);
}
