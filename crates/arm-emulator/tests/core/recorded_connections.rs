//! How the providers of targets tell of connections on them, as Azure's command line recorded it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{Bench, endpoint_on, id, network, target_body};

const STATE: &str = "privateLinkServiceConnectionState";

/// A target with an endpoint `pe` on it, whose connection is called `c` there; and the connection that it has.
fn connected(bench: &Bench, target: &str, group: &str, manual: bool) -> Value {
    bench.ok("PUT", target, target_body(&json!({})));
    bench.pass();
    let endpoint = network("privateEndpoints/pe");
    bench.ok("PUT", &endpoint, endpoint_on("a", target, &[group], manual));
    bench.pass();
    only(bench, target)
}

/// The only connection on a target.
fn only(bench: &Bench, target: &str) -> Value {
    let listed = bench.get(&format!("{target}/privateEndpointConnections"));
    listed.pointer("/value/0").cloned().unwrap_or_default()
}

fn header(headers: &http::HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    value.to_str().ok().map(str::to_owned)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What a client sends that has read the connection and decided: all of it.
fn decided(connection: &Value, status: &str, description: &Value) -> Value {
    let mut body = connection.clone();
    for (name, value) in [("status", &json!(status)), ("description", description)] {
        let state = body
            .pointer_mut(&format!("/properties/{STATE}"))
            .and_then(Value::as_object_mut);
        if let Some(state) = state {
            state.insert(name.to_owned(), value.clone());
        }
    }
    body
}

#[test]
fn a_search_service_lets_a_connection_wait_again() {
    let bench = Bench::with_network();
    let target = id("Microsoft.Search/searchServices/finder");
    let made = connected(&bench, &target, "searchService", false);
    let path = text(&made["id"]);
    assert_eq!(
        made["properties"],
        json!({
            "privateEndpoint": {"id": network("privateEndpoints/pe")},
            STATE: {"status": "Approved", "description": "Auto-approved", "actionsRequired": "None"},
            "provisioningState": "Succeeded", "groupId": "searchService",
        })
    );
    for status in ["Rejected", "Pending", "Approved"] {
        let description = format!("{status} by test");
        let sent =
            json!({"status": status, "description": description, "actionsRequired": "No action required"});
        let (told, answer, headers) = bench.send("PUT", &path, json!({"properties": {STATE: sent}}));
        assert_eq!(told, 200, "{answer}");
        assert!(!headers.contains_key("azure-asyncoperation"));
        assert_eq!(
            answer["properties"][STATE],
            json!({"status": status, "description": description, "actionsRequired": "None"})
        );
    }
    let (told, gone, _) = bench.send("DELETE", &path, Value::Null);
    assert_eq!(told, 200);
    assert_eq!(
        gone["properties"],
        json!({
            "privateEndpoint": {"id": network("privateEndpoints/pe")},
            STATE: {"status": "Disconnected", "description": "Remove request from customer.", "actionsRequired": "None"},
            "provisioningState": "Succeeded", "groupId": "searchService",
        })
    );
    assert_eq!(bench.refused("GET", &path, Value::Null).0, 404);
}

#[test]
fn a_namespace_calls_its_connections_by_guids_and_tells_of_them_there() {
    for namespace in ["Microsoft.EventHub", "Microsoft.ServiceBus"] {
        let bench = Bench::with_network();
        let target = id(&format!("{namespace}/namespaces/queues"));
        let made = connected(&bench, &target, "namespace", false);
        let (path, name) = (text(&made["id"]), text(&made["name"]));
        assert_eq!(name.len(), 36, "{name}");
        assert_eq!(
            made,
            json!({
                "id": format!("{target}/privateEndpointConnections/{name}"), "name": name,
                "type": format!("{namespace}/Namespaces/PrivateEndpointConnections"), "location": "westeurope",
                "properties": {
                    "provisioningState": "Succeeded",
                    "privateEndpoint": {"id": network("privateEndpoints/pe")},
                    STATE: {"status": "Approved", "description": "Auto-Approved"},
                    "groupIds": ["namespace"],
                },
            })
        );
        let rejected = json!({"properties": {STATE: {"status": "Rejected"}}});
        let (told, answer, headers) = bench.send("PUT", &path, rejected);
        assert_eq!(told, 202);
        assert_eq!(answer["properties"]["provisioningState"], "Updating");
        assert_eq!(
            answer["properties"][STATE],
            json!({"status": "Rejected", "description": ""})
        );
        let status = header(&headers, "azure-asyncoperation").unwrap_or_default();
        assert!(
            status.contains(&format!("{path}/operationStatus/{name}?")),
            "{status}"
        );
        assert_eq!(header(&headers, "location"), None);
        assert_eq!(header(&headers, "retry-after"), None);
        assert_eq!(bench.get(&status)["status"], "Updating");
        // A deletion does not wait, and has the same name.
        let (told, answer, headers) = bench.send("DELETE", &path, Value::Null);
        assert_eq!((told, answer), (202, Value::Null));
        assert_eq!(header(&headers, "location"), None);
        assert_eq!(header(&headers, "retry-after"), None);
        let status = header(&headers, "azure-asyncoperation").unwrap_or_default();
        let (told, running, headers) = bench.send("GET", &status, Value::Null);
        assert_eq!((told, &running["status"]), (200, &json!("Deleting")));
        assert_eq!(running["name"], json!(name));
        assert!(headers.contains_key("azure-asyncoperation") && !headers.contains_key("location"));
        bench.pass();
        assert_eq!(bench.get(&status)["status"], "Succeeded");
        assert_eq!(bench.refused("GET", &path, Value::Null).0, 404);
    }
}

#[test]
fn an_operation_of_the_same_name_has_its_own_time() {
    let bench = Bench::with_network();
    let target = id("Microsoft.ServiceBus/namespaces/queues");
    let path = text(&connected(&bench, &target, "namespace", false)["id"]);
    let rejected = json!({"properties": {STATE: {"status": "Rejected"}}});
    bench.ok("PUT", &path, rejected);
    bench.emulator.advance(SignedDuration::from_secs(1));
    bench.ok("DELETE", &path, Value::Null);
    // The end of what was stopped.
    bench.emulator.advance(SignedDuration::from_secs(2));
    assert_eq!(bench.get(&path)["properties"]["provisioningState"], "Deleting");
    bench.emulator.advance(SignedDuration::from_secs(2));
    assert_eq!(bench.refused("GET", &path, Value::Null).0, 404);
}

#[test]
fn a_site_says_that_it_is_about_to() {
    let bench = Bench::with_network();
    let target = id("Microsoft.Web/sites/site");
    let made = connected(&bench, &target, "sites", true);
    let path = text(&made["id"]);
    let waiting = json!({
        "provisioningState": "Pending",
        "privateEndpoint": {"id": network("privateEndpoints/pe")},
        "groupIds": ["sites"],
        STATE: {"status": "Pending", "description": "", "actionsRequired": "None"},
        "ipAddresses": [],
    });
    assert_eq!(
        (&made["properties"], &made["location"]),
        (&waiting, &json!("westeurope"))
    );
    let (told, answer, headers) = bench.send("PUT", &path, decided(&made, "Rejected", &Value::Null));
    assert_eq!(told, 202);
    let mut rejecting = waiting.clone();
    rejecting[STATE]["status"] = json!("Rejecting");
    assert_eq!(answer["properties"], rejecting);
    let status = header(&headers, "azure-asyncoperation").unwrap_or_default();
    assert!(status.contains("/providers/Microsoft.Web/locations/westeurope/operationResults/"));
    assert_eq!(header(&headers, "location"), Some(status));
    assert_eq!(header(&headers, "retry-after"), None);
    assert_eq!(bench.get(&path)["properties"], rejecting);
    bench.pass();
    let mut rejected = waiting;
    rejected[STATE]["status"] = json!("Rejected");
    assert_eq!(bench.get(&path)["properties"], rejected);
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 202);
    let leaving = bench.get(&path);
    assert_eq!(
        (
            &leaving["properties"]["provisioningState"],
            &leaving["properties"][STATE]["status"]
        ),
        (&json!("Deleting"), &json!("Disconnecting"))
    );

    let bench = Bench::with_network();
    let approved = connected(&bench, &target, "sites", false);
    assert_eq!(
        approved["properties"][STATE],
        json!({"status": "Approved", "description": "", "actionsRequired": "None"})
    );
    assert_eq!(approved["properties"]["provisioningState"], "Succeeded");
    assert_eq!(approved["properties"]["ipAddresses"], json!(["10.0.0.4"]));
}

#[test]
fn an_ai_service_decides_at_once() {
    let bench = Bench::with_network();
    let target = id("Microsoft.CognitiveServices/accounts/mind");
    let made = connected(&bench, &target, "account", false);
    let path = text(&made["id"]);
    let name = path.rsplit('/').next().unwrap_or_default();
    assert!(name.starts_with("pe.") && name.len() == 39, "{name}");
    let etag = text(&made["etag"]);
    assert_eq!(
        made,
        json!({
            "id": path, "name": format!("mind/{name}"), "etag": etag, "location": "westeurope",
            "type": "Microsoft.CognitiveServices/accounts/privateEndpointConnections",
            "properties": {
                "privateEndpoint": {"id": network("privateEndpoints/pe")},
                "groupIds": ["account"],
                STATE: {"status": "Approved", "description": "Approved", "actionsRequired": "None"},
                "provisioningState": "Succeeded",
            },
        })
    );
    assert!(etag.starts_with('"') && etag.len() == 38, "{etag}");
    let (told, _, headers) = bench.send("GET", &path, Value::Null);
    assert_eq!((told, header(&headers, "etag")), (200, Some(etag.clone())));
    let (told, answer, headers) = bench.send("PUT", &path, decided(&made, "Rejected", &Value::Null));
    assert_eq!(told, 200, "{answer}");
    assert!(!headers.contains_key("azure-asyncoperation"));
    assert_eq!(header(&headers, "etag"), Some(text(&answer["etag"])));
    assert_ne!(text(&answer["etag"]), etag);
    assert_eq!(
        answer["properties"][STATE],
        json!({"status": "Rejected", "actionsRequired": "None"}),
        "no description"
    );
    assert_eq!(bench.get(&path), answer);
    let (told, gone, _) = bench.send("DELETE", &path, Value::Null);
    assert_eq!((told, gone), (200, Value::Null));
    let listed = bench.get(&format!("{target}/privateEndpointConnections"));
    assert_eq!(listed, json!({"value": []}));
}

#[test]
fn event_grid_leaves_out_whose_connection_it_is_while_it_decides() {
    let bench = Bench::with_network();
    let target = id("Microsoft.EventGrid/topics/topic");
    let made = connected(&bench, &target, "topic", false);
    let path = text(&made["id"]);
    let approved = json!({"status": "Approved", "description": "Auto-approved", "actionsRequired": "None"});
    assert_eq!(made["properties"][STATE], approved);
    let (told, answer, headers) = bench.send(
        "PUT",
        &path,
        decided(&made, "Rejected", &json!("You are rejected!")),
    );
    assert_eq!(told, 201);
    let rejected =
        json!({"status": "Rejected", "description": "You are rejected!", "actionsRequired": "None"});
    assert_eq!(
        answer["properties"],
        json!({"privateEndpoint": null, "groupIds": null, STATE: rejected, "provisioningState": "Updating"})
    );
    let status = header(&headers, "azure-asyncoperation").unwrap_or_default();
    let name = status
        .split_once("/providers/Microsoft.EventGrid/locations/westeurope/operationsStatus/")
        .and_then(|(_, rest)| rest.split('?').next())
        .unwrap_or_default()
        .to_owned();
    assert!(name.len() == 36 && name == name.to_uppercase(), "{status}");
    assert_eq!(header(&headers, "location"), None);
    assert_eq!(header(&headers, "retry-after"), None);
    bench.pass();
    let polled = bench.get(&status);
    assert_eq!(
        (&polled["status"], &polled["name"]),
        (&json!("Succeeded"), &json!(name.to_lowercase()))
    );
    let shown = bench.get(&path);
    assert_eq!(shown["properties"][STATE], rejected);
    assert_eq!(shown["properties"]["groupIds"], json!(["topic"]));
    let (told, _, headers) = bench.send("DELETE", &path, Value::Null);
    assert_eq!(told, 202);
    let result = header(&headers, "location").unwrap_or_default();
    assert!(
        result.contains("/locations/westeurope/operationResults/"),
        "{result}"
    );
    assert!(headers.contains_key("azure-asyncoperation") && !headers.contains_key("retry-after"));
}

#[test]
fn a_batch_account_tells_of_a_deletion_beside_the_connection() {
    let bench = Bench::with_network();
    let target = id("Microsoft.Batch/batchAccounts/batch");
    let made = connected(&bench, &target, "batchAccount", false);
    let (path, name, etag) = (text(&made["id"]), text(&made["name"]), text(&made["etag"]));
    assert!(etag.starts_with("W/\"0x8") && etag.len() == 21, "{etag}");
    assert_eq!(
        made["properties"],
        json!({
            "provisioningState": "Succeeded",
            "privateEndpoint": {"id": network("privateEndpoints/pe")},
            STATE: {"status": "Approved", "description": "Auto-approved", "actionsRequired": "None"},
            "groupIds": ["batchAccount"],
        })
    );
    let (_, _, headers) = bench.send("GET", &path, Value::Null);
    assert_eq!(header(&headers, "etag"), Some(etag));
    let (told, answer, headers) = bench.send("DELETE", &path, Value::Null);
    assert_eq!((told, answer), (202, Value::Null));
    let below = format!("{target}/privateEndpointConnectionResults/Deleting${name}$");
    for url in ["azure-asyncoperation", "location"] {
        let url = header(&headers, url).unwrap_or_default();
        assert!(url.contains(&below), "{url}");
        assert_eq!(bench.send("GET", &url, Value::Null).0, 200);
    }
    assert_eq!(header(&headers, "retry-after"), None);
    bench.pass();
    assert_eq!(bench.refused("GET", &path, Value::Null).0, 404);
}

#[test]
fn a_storage_account_shows_a_description_that_nobody_gave() {
    let bench = Bench::with_network();
    let target = id("Microsoft.Storage/storageAccounts/acct");
    let endpoint = network("privateEndpoints/pe");
    bench.ok("PUT", &endpoint, endpoint_on("a", &target, &["blob"], false));
    bench.pass();
    let made = only(&bench, &target);
    let path = text(&made["id"]);
    let (told, answer, headers) = bench.send("PUT", &path, decided(&made, "Rejected", &Value::Null));
    assert_eq!(told, 200);
    assert!(!headers.contains_key("azure-asyncoperation"));
    assert_eq!(
        answer["properties"][STATE],
        json!({"status": "Rejected", "description": "", "actionRequired": "None"})
    );
    let (told, gone, _) = bench.send("DELETE", &path, Value::Null);
    assert_eq!((told, gone), (200, Value::Null));
}

#[test]
fn the_cheaper_skus_have_no_endpoints() {
    for (kind, group, without, with) in [
        (
            "Microsoft.ContainerRegistry/registries",
            "registry",
            "Basic",
            "Premium",
        ),
        (
            "Microsoft.ServiceBus/namespaces",
            "namespace",
            "Standard",
            "Premium",
        ),
        ("Microsoft.EventHub/namespaces", "namespace", "Basic", "Standard"),
        (
            "Microsoft.Search/searchServices",
            "searchService",
            "free",
            "basic",
        ),
    ] {
        let bench = Bench::with_network();
        let target = id(&format!("{kind}/target"));
        let endpoint = network("privateEndpoints/pe");
        for (sku, taken) in [(without, false), (with, true)] {
            let mut body = target_body(&json!({}));
            body["sku"] = json!({"name": sku});
            bench.ok("PUT", &target, body);
            bench.pass();
            let wanted = endpoint_on("a", &target, &[group], false);
            if taken {
                bench.ok("PUT", &endpoint, wanted);
            } else {
                assert_eq!(
                    bench.refused("PUT", &endpoint, wanted),
                    (400, "BadRequest".to_owned()),
                    "{kind}"
                );
            }
        }
    }
}

#[test]
fn targets_list_their_groups_in_their_own_way() {
    let bench = Bench::with_network();
    let listed = |target: &str, more: &Value, kind: &str| {
        let path = id(target);
        let mut body = target_body(more);
        body["kind"] = json!(kind);
        bench.ok("PUT", &path, body);
        bench.pass();
        bench.get(&format!("{path}/privateLinkResources"))["value"].clone()
    };
    let item = |target: &str, group: &str, properties: Value| {
        let (kind, _) = target.rsplit_once('/').unwrap_or_default();
        json!({
            "id": format!("{}/privateLinkResources/{group}", id(target)), "name": group,
            "type": format!("{kind}/privateLinkResources"), "properties": properties,
        })
    };
    let site = "Microsoft.Web/sites/site";
    let offered = json!({"groupId": "sites", "requiredMembers": ["sites"], "requiredZoneNames": ["privatelink.azurewebsites.net"]});
    assert_eq!(
        listed(site, &json!({}), "app"),
        json!([item(site, "sites", offered)])
    );
    let domain = "Microsoft.EventGrid/domains/domain";
    let offered = json!({
        "groupId": "domain", "displayName": "Event Grid domain",
        "requiredMembers": ["domain"], "requiredZoneNames": ["privatelink.eventgrid.azure.net"],
    });
    assert_eq!(
        listed(domain, &json!({}), ""),
        json!([item(domain, "domain", offered)])
    );
    let account = "Microsoft.DocumentDB/databaseAccounts/cos";
    let offered = json!({
        "groupId": "Sql", "requiredMembers": ["cos-westeurope", "cos"],
        "requiredZoneNames": ["privatelink.documents.azure.com"],
    });
    assert_eq!(
        listed(account, &json!({}), "GlobalDocumentDB"),
        json!([item(account, "Sql", offered)])
    );
    for (name, kind, more, groups) in [
        ("mongo", "MongoDB", json!({}), &["MongoDB"][..]),
        (
            "cassandra",
            "GlobalDocumentDB",
            json!({"capabilities": [{"name": "EnableCassandra"}]}),
            &["Cassandra"],
        ),
        (
            "gremlin",
            "GlobalDocumentDB",
            json!({"capabilities": [{"name": "EnableGremlin"}]}),
            &["Sql", "Gremlin"],
        ),
        (
            "tables",
            "GlobalDocumentDB",
            json!({"capabilities": [{"name": "EnableTable"}]}),
            &["Sql", "Table"],
        ),
        (
            "analysed",
            "GlobalDocumentDB",
            json!({"enableAnalyticalStorage": true}),
            &["Sql", "Analytical"],
        ),
    ] {
        let all = listed(
            &format!("Microsoft.DocumentDB/databaseAccounts/{name}"),
            &more,
            kind,
        );
        let names: Vec<&str> = all
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["name"].as_str())
            .collect();
        assert_eq!(names, groups, "{name}");
    }
}
