//! Network security perimeters: their parts, what is in them, links, and the mirrors of both.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use crate::support::perimeters::{ACCOUNT, Perimeters, association_body, link_body, perimeter, url};
use crate::support::{Limited, SUBSCRIPTION, comes_back_and_goes, id, network, target_body};
use serde_json::{Value, json};

fn denied() -> (u16, String) {
    (400, "BadRequest".to_owned())
}

fn in_conflict() -> (u16, String) {
    (409, "Conflict".to_owned())
}

#[test]
fn a_perimeter_is_written_at_once() {
    let bench = Perimeters::new();
    let (status, made, headers) = bench.send("PUT", &perimeter("r"), json!({"location": "westeurope"}));
    assert_eq!(status, 200, "also where it is new");
    assert!(!headers.contains_key("azure-asyncoperation") && !headers.contains_key("etag"));
    let guid = made["properties"]["perimeterGuid"].as_str().unwrap();
    assert_eq!(guid.len(), 36);
    assert_eq!(
        made,
        json!({
            "id": perimeter("r"), "name": "r", "type": "Microsoft.Network/networkSecurityPerimeters",
            "location": "westeurope", "tags": {}, "etag": "", "systemData": made["systemData"],
            "properties": {"perimeterGuid": guid, "provisioningState": "Succeeded"},
        })
    );
    let tagged = bench.ok("PATCH", &perimeter("r"), json!({"tags": {"a": "b"}}));
    assert_eq!(
        (&tagged["tags"], &tagged["properties"]),
        (&json!({"a": "b"}), &made["properties"])
    );
    assert_eq!(
        bench.get(&network("networkSecurityPerimeters"))["value"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let (status, gone, headers) = bench.send("DELETE", &perimeter("r"), Value::Null);
    assert_eq!((status, gone), (202, Value::Null));
    assert_eq!(headers["location"], headers["azure-asyncoperation"]);
    assert!(
        !headers.contains_key("retry-after"),
        "a client waits as long as it likes"
    );
    let (_, _, polls) = bench
        .0
        .send("GET", headers["location"].to_str().unwrap(), Value::Null);
    assert!(!polls.contains_key("retry-after"));
    let polled = bench.poll(&headers);
    assert_eq!(
        (&polled["status"], &polled["properties"]["resourceId"]),
        (&json!("Deleting"), &json!(perimeter("r")))
    );
    bench.0.pass();
    let polled = bench.poll(&headers);
    assert_eq!(polled["status"], "Succeeded");
    assert!(polled["endTime"].is_string());
    assert!(
        polled["id"]
            .as_str()
            .unwrap()
            .contains("/networkSecurityPerimeterOperationStatuses/")
    );
    assert_eq!(
        bench.refused("GET", &perimeter("r"), Value::Null),
        (404, "ResourceNotFound".into())
    );
    assert_eq!(bench.send("DELETE", &perimeter("r"), Value::Null).0, 204);
}

#[test]
fn names_and_versions_are_checked() {
    let bench = Perimeters::new();
    let body = json!({"location": "westeurope"});
    for name in ["_a", "a-", "a%20b", &"x".repeat(81)] {
        assert_eq!(
            bench.refused("PUT", &perimeter(name), body.clone()),
            (400, "InvalidResourceName".into()),
            "{name}"
        );
    }
    assert_eq!(bench.refused("PUT", &perimeter("r"), json!({})).0, 400);
    assert_eq!(
        bench.0.refused("PUT", &perimeter("r"), body),
        (404, "InvalidResourceType".into()),
        "there were none before 2024-07-01"
    );
    assert_eq!(
        bench.refused("PATCH", &perimeter("p/profiles/f"), json!({})).0,
        405
    );
}

#[test]
fn a_profile_counts_the_changes_of_its_rules() {
    let bench = Perimeters::new();
    let profile = perimeter("p/profiles/f");
    let shown = bench.get(&profile);
    assert_eq!(shown["location"], "westeurope");
    assert_eq!(
        shown["properties"],
        json!({"accessRulesVersion": "0", "diagnosticSettingsVersion": "0"})
    );
    let version = || bench.get(&profile)["properties"]["accessRulesVersion"].clone();
    let rule = format!("{profile}/accessRules/r");
    let body = json!({"properties": {"addressPrefixes": ["10.10.0.0/16"]}});
    let (status, made, _) = bench.send("PUT", &rule, body.clone());
    assert_eq!(status, 200);
    assert_eq!(
        made["properties"],
        json!({
            "provisioningState": "Succeeded", "direction": "Inbound", "addressPrefixes": ["10.10.0.0/16"],
            "fullyQualifiedDomainNames": [], "subscriptions": [], "networkSecurityPerimeters": [], "emailAddresses": [],
            "phoneNumbers": [], "appliesTo": [{"resourceType": "*", "features": ["*"]}],
        })
    );
    assert_eq!(version(), "1");
    let rules = format!("{profile}/accessRules");
    assert_eq!(bench.get(&rules), json!({"value": [made], "nextLink": ""}));
    assert!(bench.get(&perimeter("")).get("nextLink").is_none());
    bench.ok("PUT", &rule, body);
    assert_eq!(version(), "1", "nothing changed");
    bench.ok("PUT", &rule, made);
    assert_eq!(version(), "1", "nor with the body of the answer");
    bench.ok("PUT", &profile, json!({}));
    assert_eq!(version(), "1", "a write of the profile keeps it");
    assert_eq!(
        bench.send("POST", &format!("{rule}/reconcile"), Value::Null).0,
        200
    );
    assert_eq!(bench.send("DELETE", &rule, Value::Null).0, 200);
    assert_eq!(bench.send("DELETE", &rule, Value::Null).0, 204);
    assert_eq!(version(), "2");
    let (status, answer, _) = bench.send("GET", &rule, Value::Null);
    assert_eq!(status, 404);
    assert_eq!(
        answer,
        json!({"error": {"code": "NotFound", "message": format!("Resource [{rule}] does not exist or has been deleted")}})
    );
}

#[test]
fn wrong_rules_are_refused() {
    let bench = Perimeters::new();
    let rule = perimeter("p/profiles/f/accessRules/r");
    for properties in [
        json!({}),
        json!({"addressPrefixes": []}),
        json!({"addressPrefixes": ["10.0.0.0/33"]}),
        json!({"addressPrefixes": ["Internet"]}),
        json!({"addressPrefixes": ["1.2.3.4"], "subscriptions": [{"id": format!("/subscriptions/{SUBSCRIPTION}")}]}),
        json!({"direction": "Outbound", "addressPrefixes": ["1.2.3.4"]}),
        json!({"direction": "Sideways", "addressPrefixes": ["1.2.3.4"]}),
        json!({"fullyQualifiedDomainNames": ["a.example"]}),
        json!({"direction": "Outbound", "fullyQualifiedDomainNames": ["a..example"]}),
        json!({"subscriptions": [{"id": "/subscriptions/mine"}]}),
        json!({"direction": "Outbound", "emailAddresses": ["nobody"]}),
        json!({"direction": "Outbound", "phoneNumbers": ["12"]}),
    ] {
        assert_eq!(
            bench.refused("PUT", &rule, json!({"properties": properties})),
            denied(),
            "{properties}"
        );
    }
    for properties in [
        json!({"addressPrefixes": ["1.2.3.4", "2001:db8::/32"]}),
        json!({"subscriptions": [{"id": format!("/subscriptions/{SUBSCRIPTION}")}]}),
        json!({"serviceTags": ["MicrosoftPublicIPSpace"]}),
        json!({"direction": "outbound", "fullyQualifiedDomainNames": ["*.a.example"]}),
        json!({"direction": "Outbound", "emailAddresses": ["a@b.example"]}),
        json!({"direction": "Outbound", "phoneNumbers": ["+919898989898"]}),
    ] {
        bench.ok("PUT", &rule, json!({"properties": properties}));
    }
    assert_eq!(
        bench.get(&rule)["properties"]["phoneNumbers"],
        json!(["+91 9898989898"])
    );
    let many: Vec<String> = (0..199).map(|number| format!("10.0.{number}.0/24")).collect();
    let other = perimeter("p/profiles/f/accessRules/s");
    bench.ok("PUT", &other, json!({"properties": {"addressPrefixes": many}}));
    let two = json!({"properties": {"addressPrefixes": ["1.2.3.4", "1.2.3.5"]}});
    assert_eq!(
        bench.refused("PUT", &rule, two),
        denied(),
        "200 elements in a profile"
    );
}

#[test]
fn logging_has_one_configuration_and_a_version() {
    let bench = Perimeters::new();
    let body =
        |categories: Value| json!({"properties": {"enabledLogCategories": categories, "version": "9"}});
    let path = perimeter("p/loggingConfigurations/instance");
    let denied_inbound = json!(["NspPublicInboundPerimeterRulesDenied"]);
    let made = bench.ok("PUT", &path, body(denied_inbound.clone()));
    assert_eq!(
        made["properties"],
        json!({"version": "1", "enabledLogCategories": denied_inbound, "destinationType": []})
    );
    let version = |categories| bench.ok("PUT", &path, body(categories))["properties"]["version"].clone();
    assert_eq!(version(denied_inbound), "1");
    assert_eq!(version(json!(["NspPrivateInboundAllowed"])), "2");
    assert_eq!(bench.refused("PUT", &path, body(json!(["Everything"]))), denied());
    let other = perimeter("p/loggingConfigurations/other");
    assert_eq!(bench.refused("PUT", &other, body(json!([]))), denied());
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 200);
}

#[test]
fn an_association_is_mirrored_on_its_resource() {
    let bench = Perimeters::new();
    let rule = json!({"properties": {"addressPrefixes": ["10.10.0.0/16"]}});
    bench.ok("PUT", &perimeter("p/profiles/f/accessRules/r"), rule);
    let logging = json!({"properties": {"enabledLogCategories": ["NspOutboundAttempt"]}});
    bench.ok("PUT", &perimeter("p/loggingConfigurations/instance"), logging);
    let (status, made, headers) = bench.associate("p/resourceAssociations/a", ACCOUNT, "p/profiles/f");
    assert_eq!(status, 202);
    assert!(!headers.contains_key("location") && !headers.contains_key("retry-after"));
    assert!(made["systemData"].is_object());
    assert_eq!(
        (
            &made["properties"]["provisioningState"],
            &made["properties"]["hasProvisioningIssues"]
        ),
        (&json!("Creating"), &json!("no"))
    );
    assert_eq!(bench.poll(&headers)["status"], "Creating");
    let list = format!("{}/networkSecurityPerimeterConfigurations", id(ACCOUNT));
    let guid = bench.get(&perimeter("p"))["properties"]["perimeterGuid"].clone();
    let name = format!("{}.a", guid.as_str().unwrap());
    let one = format!("{list}/{name}");
    assert_eq!(bench.get(&one)["properties"]["provisioningState"], "Accepted");
    bench.0.pass();
    assert_eq!(bench.poll(&headers)["status"], "Succeeded");
    let shown = bench.get(&one);
    assert_eq!(bench.get(&list), json!({"value": [shown]}));
    assert_eq!(
        shown,
        json!({
            "id": one, "name": name, "type": "Microsoft.Storage/storageAccounts/networkSecurityPerimeterConfigurations",
            "properties": {
                "provisioningState": "Succeeded",
                "provisioningIssues": [],
                "networkSecurityPerimeter": {"id": perimeter("p"), "perimeterGuid": guid, "location": "westeurope"},
                "resourceAssociation": {"name": "a", "accessMode": "Learning"},
                "profile": {
                    "name": "f", "accessRulesVersion": 1, "diagnosticSettingsVersion": 0,
                    "enabledLogCategories": ["NspOutboundAttempt"],
                    "accessRules": [{"name": "r", "properties": shown["properties"]["profile"]["accessRules"][0]["properties"]}],
                },
            },
        })
    );
    assert_eq!(
        shown["properties"]["profile"]["accessRules"][0]["properties"]["addressPrefixes"],
        json!(["10.10.0.0/16"])
    );

    let enforced = association_body(ACCOUNT, "p/profiles/f", "enforced");
    let (status, changed, _) = bench.send("PUT", &perimeter("p/resourceAssociations/a"), enforced);
    assert_eq!(
        (status, &changed["properties"]["provisioningState"]),
        (202, &json!("Updating"))
    );
    bench.0.pass();
    assert_eq!(
        bench.get(&one)["properties"]["resourceAssociation"]["accessMode"],
        "Enforced"
    );
    for method in ["PUT", "DELETE"] {
        assert_eq!(bench.refused(method, &one, json!({})).0, 405);
    }
    let (status, _, headers) = bench.send("POST", &format!("{one}/reconcile"), Value::Null);
    assert_eq!(status, 202);
    let location = headers["location"].to_str().unwrap();
    assert_eq!(bench.0.send("GET", location, Value::Null).0, 202);
    bench.0.pass();
    assert_eq!(bench.0.send("GET", location, Value::Null).0, 200);

    let profile = perimeter("p/profiles/f");
    assert_eq!(bench.refused("DELETE", &profile, Value::Null), in_conflict());
    let association = perimeter("p/resourceAssociations/a");
    let before = bench.get(&association);
    let (status, gone, headers) = bench.send("DELETE", &association, Value::Null);
    assert_eq!(status, 202);
    assert!(!headers.contains_key("location") && !headers.contains_key("retry-after"));
    // What goes is shown, without those who wrote it.
    let mut properties = before["properties"].clone();
    properties["provisioningState"] = json!("Deleting");
    assert_eq!(
        gone,
        json!({
            "id": association, "name": "a", "type": "Microsoft.Network/networkSecurityPerimeters/resourceAssociations",
            "properties": properties,
        })
    );
    assert_eq!(bench.poll(&headers)["status"], "Deleting");
    assert_eq!(bench.get(&one)["properties"]["provisioningState"], "Deleting");
    bench.0.pass();
    assert_eq!(bench.get(&list), json!({"value": []}));
    assert_eq!(
        bench.refused("GET", &association, Value::Null),
        (404, "NotFound".into())
    );
    bench.ok("DELETE", &profile, Value::Null);
}

#[test]
fn a_resource_is_in_one_perimeter() {
    let bench = Perimeters::new();
    bench.associate("p/resourceAssociations/a", ACCOUNT, "p/profiles/f");
    bench.0.pass();
    let (status, _, headers) = bench.associate("q/resourceAssociations/b", ACCOUNT, "q/profiles/f");
    assert_eq!(status, 202, "it is accepted");
    bench.0.pass();
    let polled = bench.poll(&headers);
    assert_eq!(
        (&polled["status"], &polled["error"]["code"]),
        (&json!("Failed"), &json!("Conflict"))
    );
    assert_eq!(
        polled["error"]["message"],
        format!(
            "Only a single association with access mode 'learning' is allowed. Association 'a' already uses access mode 'learning' on resource {}.",
            id(ACCOUNT)
        )
    );
    assert_eq!(
        bench.refused("GET", &perimeter("q/resourceAssociations/b"), Value::Null),
        (404, "NotFound".into())
    );
    let list = format!("{}/networkSecurityPerimeterConfigurations", id(ACCOUNT));
    assert_eq!(bench.get(&list)["value"].as_array().unwrap().len(), 1);
    bench.ok("DELETE", &perimeter("p/resourceAssociations/a"), Value::Null);
    bench.0.pass();
    bench.associate("q/resourceAssociations/b", ACCOUNT, "q/profiles/f");
    bench.0.pass();
    assert_eq!(
        bench.get(&perimeter("q/resourceAssociations/b"))["properties"]["provisioningState"],
        "Succeeded"
    );
    bench.ok("DELETE", &id(ACCOUNT), Value::Null);
    bench.0.pass();
    assert_eq!(
        bench.get(&perimeter("q/resourceAssociations"))["value"],
        json!([]),
        "an association goes with its resource"
    );
}

#[test]
fn wrong_associations_are_refused() {
    let bench = Perimeters::new();
    let path = perimeter("p/resourceAssociations/a");
    let vnet = "Microsoft.Network/virtualNetworks/vnet";
    for body in [
        json!({"properties": {"profile": {"id": perimeter("p/profiles/f")}}}),
        json!({"properties": {"privateLinkResource": {"id": id(ACCOUNT)}}}),
        association_body(
            "Microsoft.Storage/storageAccounts/none",
            "p/profiles/f",
            "Learning",
        ),
        association_body(vnet, "p/profiles/f", "Learning"),
        association_body(ACCOUNT, "p/profiles/none", "Learning"),
        association_body(ACCOUNT, "q/profiles/f", "Learning"),
        association_body(ACCOUNT, "p", "Learning"),
        association_body(ACCOUNT, "p/profiles/f", "Transition"),
    ] {
        assert_eq!(bench.refused("PUT", &path, body.clone()), denied(), "{body}");
    }
    let vault = "Microsoft.KeyVault/vaults/vault";
    bench.ok("PUT", &id(vault), target_body(&json!({})));
    bench.0.pass();
    bench.associate("p/resourceAssociations/a", ACCOUNT, "p/profiles/f");
    bench.0.pass();
    let other = association_body(vault, "p/profiles/f", "Learning");
    assert_eq!(bench.refused("PUT", &path, other), denied(), "its resource stays");
}

#[test]
fn a_failed_association_has_issues_until_it_is_reconciled() {
    let bench = Perimeters::new();
    bench.0.emulator.add_fault(
        serde_json::from_value(json!({
            "match": {"method": "PUT", "path": "*/resourceAssociations/*"},
            "then": {"operationEnds": {"status": "Failed", "code": "InternalServerError", "message": "m"}},
        }))
        .unwrap(),
    );
    bench.associate("p/resourceAssociations/a", ACCOUNT, "p/profiles/f");
    bench.0.pass();
    let path = perimeter("p/resourceAssociations/a");
    let issues = || bench.get(&path)["properties"]["hasProvisioningIssues"].clone();
    let list = format!("{}/networkSecurityPerimeterConfigurations", id(ACCOUNT));
    let first = || bench.get(&list)["value"][0].clone();
    assert_eq!(issues(), "yes");
    let properties = &first()["properties"];
    assert_eq!(properties["provisioningState"], "Failed");
    assert_eq!(
        properties["provisioningIssues"][0]["properties"]["issueType"],
        "ConfigurationPropagationFailure"
    );
    assert_eq!(
        bench.send("POST", &format!("{path}/reconcile"), Value::Null).0,
        200
    );
    assert_eq!(issues(), "no");
    assert_eq!(first()["properties"]["provisioningIssues"], json!([]));
}

#[test]
fn a_perimeter_with_associations_goes_by_force() {
    let bench = Perimeters::new();
    bench.associate("p/resourceAssociations/a", ACCOUNT, "p/profiles/f");
    bench.0.pass();
    let path = perimeter("p");
    assert_eq!(bench.refused("DELETE", &path, Value::Null), in_conflict());
    let unforced = format!("{path}?forceDeletion=false");
    assert_eq!(bench.refused("DELETE", &unforced, Value::Null), in_conflict());
    let (status, ..) = bench.send("DELETE", &format!("{path}?forceDeletion=true"), Value::Null);
    assert_eq!(status, 202);
    bench.0.pass();
    assert_eq!(bench.refused("GET", &path, Value::Null).0, 404);
    let list = format!("{}/networkSecurityPerimeterConfigurations", id(ACCOUNT));
    assert_eq!(bench.get(&list)["value"], json!([]));
    bench.associate("q/resourceAssociations/b", ACCOUNT, "q/profiles/f");
    bench.0.pass();
    assert_eq!(
        bench.get(&list)["value"][0]["properties"]["resourceAssociation"]["name"],
        "b"
    );
}

#[test]
fn a_link_has_a_reference_in_the_other_perimeter() {
    let bench = Perimeters::new();
    let guid = |name: &str| bench.get(&perimeter(name))["properties"]["perimeterGuid"].clone();
    let link = perimeter("p/links/l");
    let (status, made, _) = bench.send("PUT", &link, link_body("q"));
    assert_eq!(status, 200);
    assert_eq!(
        made["properties"],
        json!({
            "provisioningState": "Accepted", "autoApprovedRemotePerimeterResourceId": perimeter("q"),
            "remotePerimeterGuid": guid("q"), "remotePerimeterLocation": "westeurope",
            "localInboundProfiles": ["*"], "localOutboundProfiles": ["*"],
            "remoteInboundProfiles": ["f"], "remoteOutboundProfiles": ["*"],
            "status": "Approved", "description": "Auto Approved.",
        })
    );
    bench.ok("PUT", &link, made);
    assert!(!bench.0.last_changed());
    let name = format!("Ref-from-l-{}", guid("p").as_str().unwrap());
    let reference = perimeter(&format!("q/linkReferences/{name}"));
    let shown = bench.get(&reference);
    assert_eq!(
        shown["properties"],
        json!({
            "provisioningState": "Accepted", "remotePerimeterResourceId": perimeter("p"),
            "remotePerimeterGuid": guid("p"), "remotePerimeterLocation": "westeurope",
            "localInboundProfiles": ["f"], "localOutboundProfiles": ["*"],
            "remoteInboundProfiles": ["*"], "remoteOutboundProfiles": ["*"],
            "status": "Approved", "description": "Auto Approved.",
        })
    );
    assert_eq!(bench.refused("PUT", &reference, shown).0, 405);

    let (status, _, headers) = bench.send("DELETE", &link, Value::Null);
    assert_eq!(status, 202);
    assert!(!headers.contains_key("azure-asyncoperation"));
    let location = headers["location"].to_str().unwrap();
    assert!(
        location.contains(&format!("{link}/operationResults/")),
        "{location}"
    );
    let (told, _, polls) = bench.0.send("GET", location, Value::Null);
    assert_eq!(told, 202);
    assert!(polls.contains_key("location") && !polls.contains_key("retry-after"));
    bench.0.pass();
    assert_eq!(bench.0.send("GET", location, Value::Null).0, 204);
    let status_of = |path: &str| bench.get(path)["properties"]["status"].clone();
    assert_eq!(status_of(&reference), "Disconnected");

    bench.ok("PUT", &link, link_body("q"));
    assert_eq!(status_of(&reference), "Approved");
    assert_eq!(bench.send("DELETE", &reference, Value::Null).0, 202);
    bench.0.pass();
    assert_eq!(bench.get(&perimeter("q/linkReferences"))["value"], json!([]));
    assert_eq!(status_of(&link), "Disconnected");
    bench.ok("PUT", &link, link_body("q"));
    assert_eq!(
        (status_of(&link), status_of(&reference)),
        (json!("Approved"), json!("Approved"))
    );
    bench.ok("DELETE", &perimeter("q"), Value::Null);
    bench.0.pass();
    assert_eq!(status_of(&link), "Disconnected");
}

#[test]
fn wrong_links_are_refused() {
    let bench = Perimeters::new();
    let link = perimeter("p/links/l");
    let with = |field: &str, value: Value| {
        let mut body = link_body("q");
        body["properties"][field] = value;
        body
    };
    for body in [
        json!({"properties": {}}),
        link_body("none"),
        link_body("p"),
        with("autoApprovedRemotePerimeterResourceId", json!(id(ACCOUNT))),
        with("localInboundProfiles", json!(["none"])),
        with("remoteInboundProfiles", json!(["none"])),
        with("description", json!("x".repeat(141))),
    ] {
        assert_eq!(bench.refused("PUT", &link, body.clone()), denied(), "{body}");
    }
    bench.ok("PUT", &perimeter("r"), json!({"location": "westeurope"}));
    bench.ok("PUT", &perimeter("r/profiles/f"), json!({}));
    bench.ok("PUT", &link, link_body("q"));
    assert_eq!(bench.refused("PUT", &link, link_body("r")), denied());
}

#[test]
fn a_region_says_what_can_be_in_a_perimeter() {
    let bench = Perimeters::new();
    let at = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/locations/westeurope");
    let mut next = url(&format!("{at}/perimeterAssociableResourceTypes"));
    let mut names = Vec::new();
    let mut pages = 0;
    while !next.is_empty() {
        let answer = bench.0.ok("GET", &next, Value::Null);
        for item in answer["value"].as_array().unwrap() {
            names.push(item["properties"]["displayName"].as_str().unwrap().to_owned());
        }
        answer["nextLink"].as_str().unwrap().clone_into(&mut next);
        pages += 1;
    }
    assert_eq!((names.len(), pages), (29, 3));
    assert!(names.contains(&"Microsoft.KeyVault/vaults".to_owned()));
    let tags = bench.get(&format!("{at}/nspServiceTags"));
    let tags = tags["value"][0]["serviceTags"].as_array().unwrap();
    assert!(tags.contains(&json!("ActionGroup")));
    let unknown = format!("{at}/networkSecurityPerimeterOperationStatuses/none");
    assert_eq!(bench.refused("GET", &unknown, Value::Null).0, 404);
}

#[test]
fn limits() {
    let bench = Perimeters::new();
    for number in 2..100 {
        bench.ok(
            "PUT",
            &perimeter(&format!("n{number}")),
            json!({"location": "westeurope"}),
        );
    }
    let over = (400, "QuotaExceeded".to_owned());
    let one_more = json!({"location": "westeurope"});
    assert_eq!(bench.refused("PUT", &perimeter("more"), one_more.clone()), over);
    bench.ok("PUT", &perimeter("p"), one_more);
    for number in 1..200 {
        bench.ok("PUT", &perimeter(&format!("p/profiles/n{number}")), json!({}));
    }
    assert_eq!(
        bench.refused("PUT", &perimeter("p/profiles/more"), json!({})),
        over
    );
}

#[test]
fn targets_that_know_perimeters_can_be_secured_by_them() {
    let bench = Perimeters::new();
    for (kind, path, known) in [
        ("Microsoft.KeyVault/vaults", "publicNetworkAccess", true),
        ("Microsoft.Sql/servers", "publicNetworkAccess", true),
        ("Microsoft.Search/searchServices", "publicNetworkAccess", true),
        (
            "Microsoft.ContainerRegistry/registries",
            "publicNetworkAccess",
            false,
        ),
        ("Microsoft.Cache/redis", "publicNetworkAccess", false),
    ] {
        let target = format!("{kind}/secured");
        let body = |value: &str| target_body(&json!({path: value}));
        let (status, answer, _) = bench.0.send("PUT", &id(&target), body("SecuredByPerimeter"));
        assert_eq!(status < 300, known, "{target}: {answer}");
        bench.0.pass();
        bench.0.ok("PUT", &id(&target), body("Disabled"));
    }
}

#[test]
fn it_comes_back_from_a_snapshot_and_goes_with_its_group() {
    let bench = Perimeters::new();
    bench.associate("p/resourceAssociations/a", ACCOUNT, "p/profiles/f");
    bench.ok("PUT", &perimeter("p/links/l"), link_body("q"));
    bench.0.pass();
    comes_back_and_goes(&bench.0).unwrap();
}

#[test]
fn who_brings_something_into_a_perimeter_needs_rights_on_both_sides() {
    let Perimeters(bench) = Perimeters::new();
    let limited = Limited::of(&bench);
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    let grant = |action: &str| limited.grant(&subscription, &[action]);
    let put = |path: &str, body: &Value| {
        let response = bench.send_with(
            "PUT",
            &url(&perimeter(path)),
            body.to_string().as_bytes(),
            &limited.headers(),
        );
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        (
            response.status.as_u16(),
            answer["error"]["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let unlinked = (403, "LinkedAuthorizationFailed".to_owned());
    for one in ["resourceAssociations", "links", "profiles/accessRules"] {
        grant(&format!(
            "Microsoft.Network/networkSecurityPerimeters/{one}/write"
        ));
    }
    let association = association_body(ACCOUNT, "p/profiles/f", "Learning");
    let rule = json!({"properties": {"subscriptions": [{"id": subscription}]}});
    let link = link_body("q");
    for (path, body, actions) in [
        (
            "p/resourceAssociations/a",
            association,
            vec![
                "Microsoft.Network/networkSecurityPerimeters/profiles/join/action",
                "Microsoft.Storage/storageAccounts/joinPerimeter/action",
            ],
        ),
        (
            "p/links/l",
            link,
            vec!["Microsoft.Network/networkSecurityPerimeters/linkPerimeter/action"],
        ),
        (
            "p/profiles/f/accessRules/r",
            rule,
            vec!["Microsoft.Resources/subscriptions/joinPerimeterRule/action"],
        ),
    ] {
        for action in actions {
            assert_eq!(put(path, &body), unlinked, "{path} without {action}");
            grant(action);
        }
        assert!(put(path, &body).0 < 300, "{path}");
    }
}
