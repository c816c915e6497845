//! Policies: what they refuse, and what they deploy.

use crate::support::{Bench, SUBSCRIPTION, endpoint_body, id, network};
use serde_json::{Value, json};

const BLOB: &str =
    "/providers/Microsoft.Authorization/policyDefinitions/75973700-529f-4de2-b794-fb9b6781b6b0";
const STORAGE: &str =
    "/providers/Microsoft.Authorization/policyDefinitions/b2982f36-99f2-4db5-8eff-283140c09693";
const LOCATIONS: &str =
    "/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c";
const ABOVE: &str = "/providers/Microsoft.Management/managementGroups/mine";

fn group() -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g")
}

fn assignment(scope: &str, name: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/policyAssignments/{name}")
}

fn of(definition: &str, parameters: Value) -> Value {
    json!({"location": "westeurope", "identity": {"type": "SystemAssigned"},
        "properties": {"policyDefinitionId": definition, "displayName": "Title", "parameters": parameters}})
}

fn deny() -> Value {
    of(STORAGE, json!({"effect": {"value": "Deny"}}))
}

fn account(access: &str) -> Value {
    json!({"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
        "properties": {"publicNetworkAccess": access}})
}

fn disallowed() -> (u16, String) {
    (403, "RequestDisallowedByPolicy".to_owned())
}

#[test]
fn a_denied_write_says_by_which_assignment() {
    let bench = Bench::with_network();
    let path = assignment(&group(), "no-public");
    let (status, answer, _) = bench.send("PUT", &path, deny());
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["properties"]["enforcementMode"], "Default");
    assert_eq!(answer["properties"]["scope"], group());
    assert!(answer["identity"]["principalId"].is_string());
    let open = id("Microsoft.Storage/storageAccounts/openacct");
    let (status, answer, headers) = bench.send("PUT", &open, account("Enabled"));
    assert_eq!(status, 403);
    assert!(headers.contains_key("x-ms-failure-cause"));
    let error = &answer["error"];
    assert_eq!(error["code"], "RequestDisallowedByPolicy");
    assert_eq!(error["target"], "openacct");
    let violation = &error["additionalInfo"][0];
    assert_eq!(violation["type"], "PolicyViolation");
    assert_eq!(violation["info"]["policyAssignmentId"], path);
    assert_eq!(violation["info"]["policyDefinitionId"], STORAGE);
    assert_eq!(violation["info"]["policyDefinitionEffect"], "deny");
    bench.ok("PUT", &open, account("Disabled"));
    bench.pass();
    // A change of one that was there, too.
    let acct = id("Microsoft.Storage/storageAccounts/acct");
    assert_eq!(bench.refused("PATCH", &acct, json!({"tags": {}})), disallowed());
    bench.ok(
        "PATCH",
        &acct,
        json!({"properties": {"publicNetworkAccess": "disabled"}}),
    );
    // The assignment's own words; and what is left out.
    let mut body = deny();
    body["properties"]["nonComplianceMessages"] = json!([{"message": "Ask the network team."}]);
    bench.ok("PUT", &path, body.clone());
    let (_, answer, _) = bench.send("PUT", &open, account("Enabled"));
    let message = answer["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("Reasons: 'Ask the network team.'"), "{message}");
    body["properties"]["notScopes"] = json!([open]);
    bench.ok("PUT", &path, body);
    bench.ok("PUT", &open, account("Enabled"));
    let mut body = deny();
    body["properties"]["enforcementMode"] = json!("DoNotEnforce");
    bench.ok("PUT", &path, body);
    bench.ok(
        "PUT",
        &id("Microsoft.Storage/storageAccounts/other"),
        account("Enabled"),
    );
    bench.ok("PUT", &path, deny());
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 200);
    bench.ok(
        "PUT",
        &id("Microsoft.Storage/storageAccounts/another"),
        account("Enabled"),
    );
}

#[test]
fn assignments_hold_below_subscriptions_and_management_groups() {
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    for scope in [subscription.as_str(), ABOVE] {
        let bench = Bench::with_network();
        let path = assignment(scope, "locations");
        bench.ok(
            "PUT",
            &path,
            of(
                LOCATIONS,
                json!({"listOfAllowedLocations": {"value": ["westeurope"]}}),
            ),
        );
        let open = id("Microsoft.Storage/storageAccounts/openacct");
        let mut body = account("Enabled");
        body["location"] = json!("North Europe");
        assert_eq!(bench.refused("PUT", &open, body), disallowed(), "{scope}");
        bench.ok("PUT", &open, account("Enabled"));
        bench.pass();
        // What has no location is not looked at.
        bench.ok(
            "PUT",
            &format!("{}?x=1", network("virtualNetworks/vnet/subnets/b")),
            json!({"properties": {"addressPrefix": "10.0.1.0/28"}}),
        );
        let list = |scope: &str, filter: &str| {
            let path = format!("{scope}/providers/Microsoft.Authorization/policyAssignments{filter}");
            bench.get(&path)["value"].as_array().map(Vec::len)
        };
        assert_eq!(list(&group(), ""), Some(1), "{scope}");
        assert_eq!(list(&group(), "?$filter=atScope()"), Some(1));
        assert_eq!(list(&group(), "?$filter=atExactScope()"), Some(0));
        assert_eq!(list(scope, "?$filter=atExactScope()"), Some(1));
        assert_eq!(
            list(&group(), &format!("?$filter=policyDefinitionId eq '{BLOB}'")),
            Some(0)
        );
        let snapshot = bench.emulator.snapshot();
        bench.ok("DELETE", &path, Value::Null);
        bench.emulator.restore(&snapshot);
        assert_eq!(list(&group(), ""), Some(1));
    }
}

fn with_zone() -> (Bench, String) {
    let bench = Bench::with_network();
    let zone = network("privateDnsZones/privatelink.blob.core.windows.net");
    bench.ok("PUT", &zone, json!({"location": "global"}));
    bench.pass();
    (bench, zone)
}

#[test]
fn an_endpoint_gets_its_zone_group() {
    let (bench, zone) = with_zone();
    bench.ok(
        "PUT",
        &assignment(ABOVE, "dns-blob"),
        of(BLOB, json!({"privateDnsZoneId": {"value": zone}})),
    );
    let endpoint = network("privateEndpoints/pe");
    bench.ok("PUT", &endpoint, endpoint_body("a"));
    let groups = format!("{endpoint}/privateDnsZoneGroups");
    assert_eq!(bench.get(&groups)["value"], json!([]));
    bench.pass();
    let made = bench.get(&groups);
    assert_eq!(made["value"][0]["name"], "deployedByPolicy");
    assert_eq!(
        made["value"][0]["properties"]["privateDnsZoneConfigs"][0]["properties"]["privateDnsZoneId"],
        zone
    );
    let record = bench.get(&format!("{zone}/A/acct"));
    assert_eq!(record["properties"]["aRecords"][0]["ipv4Address"], "10.0.0.4");
    // It goes as any other, and an endpoint on something else gets none.
    bench.ok("DELETE", &endpoint, Value::Null);
    bench.pass();
    assert_eq!(
        bench.refused("GET", &format!("{zone}/A/acct"), Value::Null).0,
        404
    );
    let file = crate::support::endpoint_on(
        "a",
        &id("Microsoft.Storage/storageAccounts/acct"),
        &["file"],
        false,
    );
    bench.ok("PUT", &endpoint, file);
    bench.pass();
    assert_eq!(bench.get(&groups)["value"], json!([]));
}

#[test]
fn nothing_is_deployed_over_a_group_or_without_a_zone() {
    let (bench, zone) = with_zone();
    let path = assignment(&group(), "dns-blob");
    bench.ok(
        "PUT",
        &path,
        of(
            BLOB,
            json!({"privateDnsZoneId": {"value": network("privateDnsZones/none.example")}}),
        ),
    );
    let endpoint = network("privateEndpoints/pe");
    bench.ok("PUT", &endpoint, endpoint_body("a"));
    bench.pass();
    let groups = format!("{endpoint}/privateDnsZoneGroups");
    assert_eq!(bench.get(&groups)["value"], json!([]));
    let own = json!({"properties": {"privateDnsZoneConfigs": [{"name": "own", "properties": {"privateDnsZoneId": zone}}]}});
    bench.ok("PUT", &format!("{groups}/own"), own);
    bench.pass();
    bench.ok(
        "PUT",
        &path,
        of(BLOB, json!({"privateDnsZoneId": {"value": zone}})),
    );
    let mut changed = endpoint_body("a");
    changed["properties"]["customNetworkInterfaceName"] = Value::Null;
    changed["tags"] = json!({"a": "b"});
    bench.ok("PUT", &endpoint, changed);
    bench.pass();
    let names = bench.get(&groups);
    assert_eq!(names["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(names["value"][0]["name"], "own");
}

#[test]
fn definitions_are_read_made_and_checked() {
    let bench = Bench::with_network();
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    let list = format!("{subscription}/providers/Microsoft.Authorization/policyDefinitions");
    assert_eq!(bench.get(BLOB)["properties"]["policyType"], "BuiltIn");
    assert_eq!(bench.get(&format!("{subscription}{BLOB}"))["id"], BLOB);
    let built_in = bench.get(&list)["value"].as_array().map_or(0, Vec::len);
    assert!(built_in > 10);
    let custom = format!("{list}/no-tags");
    assert_eq!(
        bench.refused("GET", &custom, Value::Null),
        (404, "PolicyDefinitionNotFound".to_owned())
    );
    let body = |condition: Value| {
        json!({"properties": {"mode": "All", "policyRule": {"if": condition, "then": {"effect": "deny"}},
            "parameters": {"tag": {"type": "String"}}}})
    };
    let condition = json!({"allOf": [
        {"not": {"field": "[concat('tags[', parameters('tag'), ']')]", "exists": "true"}},
        {"anyOf": [{"field": "type", "in": ["Microsoft.Network/routeTables", "x"]}, {"field": "name", "like": "rt-*"}]},
    ]});
    assert_eq!(bench.send("PUT", &custom, body(condition)).0, 201);
    assert_eq!(
        bench.refused(
            "PUT",
            &format!("{list}/odd"),
            body(json!({"field": "type", "sounds": "x"}))
        ),
        (400, "InvalidPolicyRule".to_owned())
    );
    assert_eq!(
        bench.get(&format!("{list}?$filter=policyType eq 'Custom'"))["value"][0]["name"],
        "no-tags"
    );
    let path = assignment(&group(), "tags");
    let expected = |status: u16, code: &str| (status, code.to_owned());
    for (body, refusal) in [
        (
            of(&format!("{list}/none"), json!({})),
            expected(404, "PolicyDefinitionNotFound"),
        ),
        (of(&custom, json!({})), expected(400, "MissingPolicyParameter")),
        (
            of(&custom, json!({"tag": {"value": "a"}, "b": {"value": "c"}})),
            expected(400, "UndefinedPolicyParameter"),
        ),
        (
            of(STORAGE, json!({"effect": {"value": "deny"}})),
            expected(400, "PolicyParameterValueNotAllowed"),
        ),
        (
            json!({"properties": {"policyDefinitionId": BLOB, "parameters": {"privateDnsZoneId": {"value": "x"}}}}),
            expected(400, "ResourceIdentityRequired"),
        ),
    ] {
        assert_eq!(bench.refused("PUT", &path, body), refusal);
    }
    assert_eq!(
        bench.refused("PUT", &assignment(ABOVE, &"n".repeat(25)), deny()),
        expected(400, "InvalidPolicyAssignmentName")
    );
    assert_eq!(
        bench.refused("GET", &path, Value::Null),
        expected(404, "PolicyAssignmentNotFound")
    );
    bench.ok("PUT", &path, of(&custom, json!({"tag": {"value": "owner"}})));
    let table = network("routeTables/t");
    assert_eq!(
        bench.refused("PUT", &table, json!({"location": "westeurope"})),
        disallowed()
    );
    bench.ok(
        "PUT",
        &table,
        json!({"location": "westeurope", "tags": {"Owner": "me"}}),
    );
    assert_eq!(
        bench.refused("DELETE", &custom, Value::Null),
        expected(409, "PolicyDefinitionInUse")
    );
    // A set of definitions.
    let set = format!("{subscription}/providers/Microsoft.Authorization/policySetDefinitions/set");
    bench.ok(
        "PUT",
        &set,
        json!({"properties": {"parameters": {"how": {"type": "String"}}, "policyDefinitions": [
        {"policyDefinitionId": STORAGE, "policyDefinitionReferenceId": "storage",
         "parameters": {"effect": {"value": "[parameters('how')]"}}}]}}),
    );
    bench.ok(
        "PUT",
        &assignment(&group(), "set"),
        of(&set, json!({"how": {"value": "Deny"}})),
    );
    let open = id("Microsoft.Storage/storageAccounts/openacct");
    let mut tagged = account("Enabled");
    tagged["tags"] = json!({"owner": "me"});
    let (_, answer, _) = bench.send("PUT", &open, tagged);
    let info = &answer["error"]["additionalInfo"][0]["info"];
    assert_eq!(info["policyDefinitionReferenceId"], "storage", "{answer}");
}

#[test]
fn parameters_are_found_in_any_spelling() {
    let bench = Bench::with_network();
    let given = of(STORAGE, json!({"EFFECT": {"value": "Deny"}}));
    bench.ok("PUT", &assignment(&group(), "no-public"), given);
    let open = id("Microsoft.Storage/storageAccounts/openacct");
    assert_eq!(bench.refused("PUT", &open, account("Enabled")), disallowed());
}
