//! What Azure Monitor answered to other clients, as it was recorded.

#![allow(clippy::indexing_slicing, reason = "test code")]

use crate::support::{Bench, SUBSCRIPTION, id, network};
use jiff::SignedDuration;
use serde_json::{Value, json};

fn at(path: &str, version: &str) -> String {
    format!("{path}?api-version={version}")
}

/// A security group `nsg`, a storage account and a workspace, all in one region.
fn with_sinks() -> Bench {
    let bench = Bench::with_network();
    for (kind, body) in [
        (
            "Microsoft.Network/networkSecurityGroups/nsg",
            json!({"location": "westus"}),
        ),
        (
            "Microsoft.Storage/storageAccounts/sink",
            json!({"location": "westus", "kind": "Storage", "sku": {"name": "Standard_LRS"}}),
        ),
        (
            "Microsoft.OperationalInsights/workspaces/ws",
            json!({"location": "westus"}),
        ),
    ] {
        bench.ok("PUT", &id(kind), body);
    }
    bench.pass();
    bench
}

/// The id of what is in the group, as settings show it.
fn lowered(rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourcegroups/g/providers/{rest}")
}

fn setting(properties: &Value) -> Value {
    let scope = lowered("microsoft.network/networksecuritygroups/nsg");
    json!({
        "id": format!("{scope}/providers/microsoft.insights/diagnosticSettings/test01"),
        "type": "Microsoft.Insights/diagnosticSettings", "name": "test01",
        "location": null, "kind": null, "tags": null, "properties": properties, "identity": null,
    })
}

#[test]
fn a_setting_shows_all_that_it_could_have() {
    let bench = with_sinks();
    let list = network("networkSecurityGroups/nsg/providers/Microsoft.Insights/diagnosticSettings");
    let path = at(&format!("{list}/test01"), "2021-05-01-preview");
    let account = id("microsoft.Storage/storageAccounts/sink");
    let workspace = id("microsoft.OperationalInsights/workspaces/ws");
    // Neither logs nor metrics.
    let (status, answer, _) = bench.send("PUT", &path, json!({"properties": {"storageAccountId": account}}));
    assert_eq!(status, 200);
    assert_eq!(
        answer,
        setting(&json!({
            "storageAccountId": account, "serviceBusRuleId": null, "workspaceId": null,
            "eventHubAuthorizationRuleId": null, "eventHubName": null, "metrics": [], "logs": [],
            "logAnalyticsDestinationType": null,
        }))
    );
    let log = |category: &str| json!({"category": category, "categoryGroup": null, "enabled": true, "retentionPolicy": {"enabled": false, "days": 0}});
    let logs = json!([
        log("NetworkSecurityGroupEvent"),
        log("NetworkSecurityGroupRuleCounter")
    ]);
    let wanted = json!({"properties": {
        "logs": logs, "workspaceId": workspace, "logAnalyticsDestinationType": "Dedicated",
    }});
    let shown = setting(&json!({
        "storageAccountId": null, "serviceBusRuleId": null, "workspaceId": workspace,
        "eventHubAuthorizationRuleId": null, "eventHubName": null, "metrics": [], "logs": logs,
        "logAnalyticsDestinationType": "Dedicated",
    }));
    assert_eq!(bench.ok("PUT", &path, wanted), shown);
    // Older versions do not say where the resource is.
    assert_eq!(
        bench.get(&at(&format!("{list}/test01"), "2017-05-01-preview")),
        shown
    );
    let mut read = shown;
    read["location"] = json!("westus");
    assert_eq!(bench.get(&path), read);
    assert_eq!(
        bench.get(&at(&list, "2021-05-01-preview")),
        json!({"value": [read]})
    );
    bench.ok("PUT", &path, read);
    assert!(!bench.last_changed(), "what is read can be written back");
    let (status, body, _) = bench.send("DELETE", &path, Value::Null);
    assert_eq!((status, body), (200, Value::Null));
    assert_eq!(bench.get(&at(&list, "2021-05-01-preview")), json!({"value": []}));
    let (status, body, _) = bench.send("GET", &path, Value::Null);
    assert_eq!(status, 404);
    assert_eq!(
        body,
        json!({"code": "ResourceNotFound", "message": "The diagnostic setting 'test01' doesn't exist."})
    );
}

#[test]
fn a_setting_s_metrics_have_a_grain_as_they_are_written() {
    let bench = with_sinks();
    let setting = network("virtualNetworks/vnet/providers/Microsoft.Insights/diagnosticSettings/s");
    let path = at(&setting, "2021-05-01-preview");
    let body = json!({"properties": {
        "metrics": [{"category": "AllMetrics", "enabled": true}],
        "logs": [{"category": "VMProtectionAlerts", "enabled": true}],
        "workspaceId": id("Microsoft.OperationalInsights/workspaces/ws"),
    }});
    let metric =
        json!({"category": "AllMetrics", "enabled": true, "retentionPolicy": {"enabled": false, "days": 0}});
    let mut written = metric.clone();
    written["timeGrain"] = json!("PT1M");
    let answer = bench.ok("PUT", &path, body);
    assert_eq!(answer["properties"]["metrics"], json!([written]));
    assert_eq!(answer["location"], Value::Null);
    let shown = bench.get(&path);
    assert_eq!(shown["properties"]["metrics"], json!([metric]));
    assert_eq!(shown["location"], "westeurope");
}

#[test]
fn a_subscription_s_setting_shows_what_there_is() {
    let bench = with_sinks();
    let list = format!("/subscriptions/{SUBSCRIPTION}/providers/microsoft.insights/diagnosticSettings");
    let path = at(&format!("{list}/s"), "2021-05-01-preview");
    let workspace = id("Microsoft.OperationalInsights/workspaces/ws");
    let log = |category: &str, enabled: bool| json!({"category": category, "enabled": enabled, "categoryGroup": null});
    let body = json!({"location": "southcentralus", "properties": {
        "logs": [{"category": "Recommendation", "enabled": true}], "workspaceId": workspace,
    }});
    let (status, answer, _) = bench.send("PUT", &path, body);
    assert_eq!(status, 200);
    assert_eq!(
        answer,
        json!({
            "id": format!("{list}/s"), "type": "Microsoft.Insights/diagnosticSettings", "name": "s", "location": "global",
            "properties": {"workspaceId": workspace, "logs": [log("Recommendation", true)]},
        })
    );
    let mut logs = vec![log("Recommendation", true)];
    for category in [
        "Administrative",
        "Security",
        "ServiceHealth",
        "Alert",
        "Policy",
        "Autoscale",
        "ResourceHealth",
    ] {
        logs.push(log(category, false));
    }
    assert_eq!(bench.get(&path)["properties"]["logs"], json!(logs));
    let listed = bench.get(&at(&list, "2021-05-01-preview"));
    assert_eq!(listed["value"][0]["properties"]["logs"], json!(logs));
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 200);
}

#[test]
fn categories_show_all_that_they_could_have() {
    let bench = with_sinks();
    let list = network("virtualNetworks/vnet/providers/Microsoft.Insights/diagnosticSettingsCategories");
    let scope = lowered("microsoft.network/virtualnetworks/vnet");
    let shown = |name: &str, properties: Value| {
        json!({
            "id": format!("{scope}/providers/microsoft.insights/diagnosticSettingsCategories/{name}"),
            "type": "microsoft.insights/diagnosticSettingsCategories", "name": name,
            "location": null, "kind": null, "tags": null, "properties": properties, "identity": null,
        })
    };
    assert_eq!(
        bench.get(&at(&list, "2021-05-01-preview")),
        json!({"value": [
            shown("VMProtectionAlerts", json!({
                "displayName": "VM protection alerts", "categoryType": "Logs", "categoryGroups": ["allLogs"],
            })),
            shown("AllMetrics", json!({"displayName": "AllMetrics", "categoryType": "Metrics"})),
        ]})
    );
    assert_eq!(
        bench.get(&at(&format!("{list}/VMProtectionAlerts"), "2017-05-01-preview")),
        shown("VMProtectionAlerts", json!({"categoryType": "Logs"}))
    );
}

#[test]
fn action_groups_show_all_that_receivers_could_have() {
    let bench = Bench::with_network();
    let path = id("Microsoft.Insights/actionGroups/ops");
    let empty = json!({
        "groupShortName": "ops", "enabled": true, "emailReceivers": [], "smsReceivers": [], "webhookReceivers": [],
        "eventHubReceivers": [], "itsmReceivers": [], "azureAppPushReceivers": [], "automationRunbookReceivers": [],
        "voiceReceivers": [], "logicAppReceivers": [], "azureFunctionReceivers": [], "armRoleReceivers": [],
    });
    let (status, answer, _) = bench.send(
        "PUT",
        &path,
        json!({"location": "Global", "properties": {"enabled": true, "groupShortName": "ops"}}),
    );
    assert_eq!(status, 201);
    assert_eq!(
        answer,
        json!({
            "id": id("microsoft.insights/actionGroups/ops"), "type": "Microsoft.Insights/ActionGroups", "name": "ops",
            "location": "Global", "kind": null, "tags": null, "properties": empty, "identity": null,
        })
    );
    let mut filled = json!({"location": "Global", "properties": empty});
    filled["properties"]["emailReceivers"] =
        json!([{"emailAddress": "alice@example.com", "name": "alice", "useCommonAlertSchema": true}]);
    filled["properties"]["webhookReceivers"] = json!([
        {"name": "alice_web", "serviceUri": "https://www.example.com/alert", "useAadAuth": false, "useCommonAlertSchema": true},
    ]);
    filled["properties"]["eventHubReceivers"] = json!([
        {"eventHubName": "hub", "eventHubNameSpace": "space", "name": "alice_eventhub", "subscriptionId": "sub", "useCommonAlertSchema": false},
    ]);
    let shown = bench.ok("PUT", &path, filled);
    assert_eq!(
        shown["properties"]["webhookReceivers"][0],
        json!({
            "name": "alice_web", "serviceUri": "https://www.example.com/alert", "useCommonAlertSchema": true,
            "useAadAuth": false, "objectId": null, "identifierUri": null, "tenantId": null,
        })
    );
    assert_eq!(shown["properties"]["emailReceivers"][0]["status"], "Enabled");
    let tenant = &shown["properties"]["eventHubReceivers"][0]["tenantId"];
    assert!(tenant.is_string(), "{tenant}");
    for (name, status, refusal) in [
        (
            "nonexist",
            404,
            json!({"code": "ReceiverNotFound", "message": "Could not find receiver with name nonexist in action group with Id G-OPS"}),
        ),
        (
            "alice",
            409,
            json!({"code": "ReceiverAlreadyEnabled", "message": "Receiver with name alice in action group with Id G-OPS is already enabled"}),
        ),
    ] {
        let (code, answer, _) = bench.send(
            "POST",
            &format!("{path}/subscribe"),
            json!({"receiverName": name}),
        );
        assert_eq!((code, answer), (status, refusal));
    }
    let mut off = shown;
    off["properties"]["emailReceivers"][0]["status"] = json!("Disabled");
    bench.ok("PUT", &path, off);
    let subscribe = format!("{path}/subscribe");
    assert_eq!(
        bench.send("POST", &subscribe, json!({"receiverName": "alice"})).0,
        200
    );
    assert_eq!(
        bench.get(&path)["properties"]["emailReceivers"][0]["status"],
        "Enabled"
    );
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 200);
}

#[test]
fn activity_log_alerts_answer_as_recorded() {
    let bench = Bench::with_network();
    let path = id("Microsoft.Insights/activityLogAlerts/test-alert");
    let conditions = json!([
        {"field": "category", "equals": "Administrative"},
        {"field": "level", "equals": "Error"},
        {"anyOf": [
            {"field": "properties.incidentType", "equals": "Maintenance"},
            {"field": "properties.incidentType", "equals": "Incident"},
        ]},
    ]);
    let scopes = json!([format!("subscriptions/{SUBSCRIPTION}")]);
    let properties = json!({
        "scopes": scopes, "condition": {"allOf": conditions}, "actions": {"actionGroups": []}, "enabled": false,
    });
    let (status, answer, _) = bench.send(
        "PUT",
        &path,
        json!({"location": "global", "properties": {
            "condition": {"allOf": conditions}, "actions": {"actionGroups": []}, "scopes": scopes,
        }}),
    );
    assert_eq!(status, 201);
    let mut shown = json!({
        "id": path, "name": "test-alert", "type": "Microsoft.Insights/ActivityLogAlerts", "location": "global",
        "properties": properties,
    });
    assert_eq!(answer, shown);
    assert_eq!(bench.get(&path), shown);
    shown["tags"] = json!({"key": "val"});
    let (status, answer, _) = bench.send("PATCH", &path, json!({"tags": {"key": "val"}}));
    assert_eq!((status, answer), (200, shown));
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 200);
}

fn events(bench: &Bench, filter: &str) -> Value {
    let encoded: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let path =
        format!("/subscriptions/{SUBSCRIPTION}/providers/microsoft.insights/eventtypes/management/values");
    bench
        .send(
            "GET",
            &format!("{path}?api-version=2015-04-01&$filter={encoded}"),
            Value::Null,
        )
        .1
}

#[test]
fn the_activity_log_has_what_was_written() {
    let bench = with_sinks();
    let since = "eventTimestamp ge '2026-01-01T00:00:00Z'";
    let nsg = network("networkSecurityGroups/nsg");
    let all = events(&bench, since);
    let without_zone = events(&bench, "eventTimestamp ge '2025-12-31T23:59:59.074385'");
    assert_eq!(without_zone, all);
    let newest = &all["value"][0];
    assert_eq!(
        newest["resourceId"],
        id("Microsoft.OperationalInsights/workspaces/ws")
    );
    let of_group = events(
        &bench,
        &format!("{since} and eventChannels eq 'Admin, Operation' and resourceUri eq '{nsg}'"),
    );
    let list = of_group["value"].as_array().cloned().unwrap_or_default();
    assert_eq!(list.len(), 1, "{of_group}");
    let event = &list[0];
    assert_eq!(
        event["operationName"]["value"],
        "Microsoft.Network/networkSecurityGroups/write"
    );
    assert_eq!(event["status"]["value"], "Succeeded");
    assert_eq!(
        event["subStatus"],
        json!({"value": "Created", "localizedValue": "Created (HTTP Status Code: 201)"})
    );
    assert_eq!(event["resourceGroupName"], "g");
    assert_eq!(event["authorization"]["scope"], json!(nsg));
    bench.refused("PUT", &network("networkSecurityGroups/bad"), json!({}));
    let failed = events(&bench, &format!("{since} and status eq 'Failed'"));
    assert_eq!(failed["value"][0]["properties"]["errorCode"], "LocationRequired");
    assert_eq!(failed["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        events(
            &bench,
            "eventTimestamp ge 2018-01-01T00:00:00+00:00 and eventTimestamp le 2999-01-01T00:00:00+00:00"
        ),
        json!({"Code": "BadRequest", "Message": "The start time cannot be more than 90 days in the past."})
    );
    for wrong in [
        "",
        "eventTimestamp le '2026-02-01T00:00:00Z'",
        "color eq 'red'",
        "eventTimestamp ge 'then'",
    ] {
        assert_eq!(events(&bench, wrong)["Code"], "BadRequest", "{wrong}");
    }
    bench.emulator.advance(SignedDuration::from_hours(24));
    let later = events(&bench, "eventTimestamp ge '2026-01-01T12:00:00Z'");
    assert_eq!(later, json!({"value": []}));
}
