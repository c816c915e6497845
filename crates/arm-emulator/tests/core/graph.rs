//! Resource Graph.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use crate::support::{Bench, Limited, SUBSCRIPTION, endpoint_body, id, network};
use proptest::prelude::*;
use serde_json::{Value, json};

const GRAPH: &str =
    "https://management.azure.com/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01";
const PAGE: &str = include_str!("../../../../docs/emulator/resource-graph.md");

/// The estate of the page's examples.
fn estate() -> Bench {
    let bench = Bench::with_network();
    let zone = network("privateDnsZones/privatelink.blob.core.windows.net");
    bench.ok("PUT", &zone, json!({"location": "global"}));
    bench.pass();
    bench.ok(
        "PUT",
        &format!("{zone}/virtualNetworkLinks/l"),
        json!({"location": "global", "properties": {
            "registrationEnabled": false, "virtualNetwork": {"id": network("virtualNetworks/vnet")}}}),
    );
    bench.ok("PUT", &network("privateEndpoints/pe"), endpoint_body("a"));
    bench.pass();
    bench.ok(
        "PUT",
        &network("privateEndpoints/pe/privateDnsZoneGroups/default"),
        json!({"properties": {"privateDnsZoneConfigs": [{"name": "c", "properties": {"privateDnsZoneId": zone}}]}}),
    );
    bench.pass();
    bench
}

fn ask(bench: &Bench, query: &str) -> Value {
    bench.ok("POST", GRAPH, json!({"query": query}))["data"].clone()
}

/// The details of the refusal of a query: the codes, and the last of them.
fn refused(bench: &Bench, body: Value) -> (Vec<String>, Value) {
    let (status, answer, _) = bench.send("POST", GRAPH, body);
    assert_eq!(status, 400, "{answer}");
    assert_eq!(answer["error"]["code"], "BadRequest");
    let details = answer["error"]["details"].as_array().unwrap();
    let codes = details
        .iter()
        .map(|detail| detail["code"].as_str().unwrap().to_owned())
        .collect();
    (codes, details.last().unwrap().clone())
}

/// The page's queries, and their answers.
fn examples() -> Vec<(&'static str, Value)> {
    PAGE.split("```kql\n")
        .skip(1)
        .map(|rest| {
            let (query, rest) = rest.split_once("```").unwrap();
            let (_, rest) = rest.split_once("```json\n").unwrap();
            let (answer, _) = rest.split_once("```").unwrap();
            (query, serde_json::from_str(answer).unwrap())
        })
        .collect()
}

#[test]
fn the_pages_examples_are_answered_as_the_page_says() {
    let bench = estate();
    let examples = examples();
    assert!(examples.len() >= 6);
    for (query, expected) in examples {
        assert_eq!(ask(&bench, query), expected, "{query}");
    }
}

#[test]
fn resources_have_the_generic_columns() {
    let bench = estate();
    let all = ask(&bench, "Resources | order by id asc");
    let names: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"vnet") && names.contains(&"l") && !names.contains(&"a"),
        "{names:?}"
    );
    let endpoint = all
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "pe")
        .unwrap();
    for (column, expected) in [
        ("id", json!(network("privateEndpoints/pe"))),
        ("type", json!("microsoft.network/privateendpoints")),
        ("resourceGroup", json!("g")),
        ("subscriptionId", json!(SUBSCRIPTION)),
        ("location", json!("westeurope")),
        ("kind", json!("")),
        ("sku", json!(null)),
        ("zones", json!(null)),
    ] {
        assert_eq!(endpoint[column], expected, "{column}");
    }
    assert_eq!(
        endpoint["properties"],
        bench.get(&network("privateEndpoints/pe"))["properties"]
    );
    let account = ask(
        &bench,
        "where name == 'acct' and sku.tier == 'Standard' | project sku, kind",
    );
    assert_eq!(
        account,
        json!([{"sku": {"name": "Standard_LRS", "tier": "Standard"}, "kind": "StorageV2"}])
    );
}

#[test]
fn operators_do_what_the_language_says() {
    let bench = estate();
    let few = "Resources | where name in ('vnet', 'acct') | project name, type, location";
    for (more, expected) in [
        ("order by name", json!([{"name": "vnet"}, {"name": "acct"}])),
        ("sort by name asc | take 1", json!([{"name": "acct"}])),
        ("top 1 by strlen(name) desc, name", json!([{"name": "vnet"}])),
        (
            "where name !contains 'C' or type endswith 'ACCOUNTS' | count",
            json!([{"Count": 2}]),
        ),
        (
            "where location in~ ('NorthEurope') | project-keep na*",
            json!([{"name": "acct"}]),
        ),
        (
            "where location startswith_cs 'North' | count",
            json!([{"Count": 0}]),
        ),
        (
            "project-rename n = name | where n has 'acct' | project-away type, loc*",
            json!([{"n": "acct"}]),
        ),
        (
            "extend name = strcat(name, '-', 1) | where name =~ 'ACCT-1' | project name",
            json!([{"name": "acct-1"}]),
        ),
        (
            "summarize n = count(), list = make_set(location) by kind = iff(type has 'network', 'net', 'other') | where kind == 'net'",
            json!([{"kind": "net", "n": 1, "list": ["westeurope"]}]),
        ),
        (
            "summarize count(), max(name)",
            json!([{"count_": 2, "max_name": "vnet"}]),
        ),
        (
            "distinct tolower('X') | extend b = 1 + 2 * 3",
            json!([{"Column1": "x", "b": 7}]),
        ),
        (
            "where name matches regex '^a.*t$' | project found = extract('(c+)t', 1, name)",
            json!([{"found": "cc"}]),
        ),
        (
            "where strlen(name) between (4 .. 4) and not(name == 'vnet') | project name",
            json!([{"name": "acct"}]),
        ),
        (
            "mv-expand x = dynamic([1, 2]) to typeof(int) limit 2 | summarize sum(x) by name | order by name asc",
            json!([{"name": "acct", "sum_x": 3}, {"name": "vnet", "sum_x": 3}]),
        ),
        (
            "mv-expand x = dynamic([]) | where isnull(x) | count",
            json!([{"Count": 2}]),
        ),
        (
            "join kind=fullouter (Resources | where name == 'pe' | project name, other = name) on name | order by name asc | project name, name1, other",
            json!([{"name": "", "name1": "pe", "other": "pe"}, {"name": "acct", "name1": "", "other": ""}, {"name": "vnet", "name1": "", "other": ""}]),
        ),
        (
            "extend one = 1 | join (Resources | where name in ('pe', 'l') | project one = 1) on one | count",
            json!([{"Count": 2}]),
        ),
        (
            "extend one = 1 | join kind=inner (Resources | where name in ('pe', 'l') | project one = 1) on one | count",
            json!([{"Count": 4}]),
        ),
    ] {
        let found = ask(&bench, &format!("{few} | {more}"));
        let wanted = expected.as_array().unwrap();
        let rows = found.as_array().unwrap();
        assert_eq!(rows.len(), wanted.len(), "{more}: {found}");
        for (row, wanted) in rows.iter().zip(wanted) {
            for (column, value) in wanted.as_object().unwrap() {
                assert_eq!(&row[column], value, "{more}: {found}");
            }
        }
    }
}

#[test]
fn a_query_that_is_wrong_says_where_and_what_is_known() {
    let bench = estate();
    let (codes, detail) = refused(&bench, json!({"query": "Resources\n| where name = 'x'"}));
    assert_eq!(codes, ["InvalidQuery", "ParserFailure"]);
    assert_eq!(
        (&detail["line"], &detail["characterPositionInLine"]),
        (&json!(2), &json!(13))
    );
    assert_eq!(
        (&detail["token"], &detail["expectedToken"]),
        (&json!("="), &json!("|"))
    );

    let (codes, detail) = refused(&bench, json!({"query": "Resources | parse id with *"}));
    assert_eq!(codes, ["InvalidQuery", "InvalidQueryLanguage"]);
    assert_eq!((&detail["token"], &detail["line"]), (&json!("parse"), &json!(-1)));
    assert!(
        detail["message"].as_str().unwrap().contains("mv-expand"),
        "{detail}"
    );

    for (query, token, word) in [
        ("SecurityResources", "SecurityResources", "ResourceContainers"),
        ("Resources | project now()", "now", "tostring"),
        ("Resources | project nope", "nope", "subscriptionId"),
        ("Resources | summarize stdev(name)", "stdev", "dcount"),
        ("Resources | order by properties.x", "properties_x", "tostring"),
        ("Resources | distinct tags", "tags", "cast"),
        ("Resources | join (Resources) on tags", "tags", "cast"),
        ("Resources | summarize count() by tags", "tags", "cast"),
        ("Resources | where name", "where", "true or false"),
        ("Resources | where name matches regex '('", "(", "regular"),
        ("Resources | project strlen()", "strlen", "arguments"),
        ("Resources | mv-expand name", "name", "dynamic"),
        ("Resources | project-rename id = name", "id", "already"),
    ] {
        let (_, detail) = refused(&bench, json!({"query": query}));
        assert_eq!(detail["token"], token, "{query}: {detail}");
        assert!(
            detail["message"].as_str().unwrap().contains(word),
            "{query}: {detail}"
        );
    }
    for body in [
        json!({}),
        json!({"query": " "}),
        json!({"query": "Resources", "subscriptions": "x"}),
        json!({"query": "Resources", "subscriptions": ["x"], "managementGroups": ["y"]}),
        json!({"query": "Resources", "facets": [{"expression": "location"}]}),
        json!({"query": "Resources", "options": {"$top": 1001}}),
        json!({"query": "Resources", "options": {"$top": 0}}),
        json!({"query": "Resources", "options": {"$skip": -1}}),
        json!({"query": "Resources", "options": {"resultFormat": "csv"}}),
        json!({"query": "Resources", "options": {"$skipToken": "bm8"}}),
    ] {
        refused(&bench, body);
    }
    refused(&bench, json!({"query": "Resources", "options": "x"}));
    let (_, body, _) = bench.send(
        "POST",
        GRAPH,
        json!({"query": "Resources", "subscriptions": [SUBSCRIPTION, "x", "y"]}),
    );
    assert_eq!(
        body["error"]["details"],
        json!([{
            "code": "SubscriptionsContainInvalidGuids",
            "message": "Subscription ids have to be valid GUIDs. Given: 'x, y'.",
        }])
    );
    for older in ["2019-04-01", "2020-04-01-preview", "2021-06-01-preview"] {
        let url = GRAPH.replace("2022-10-01", older);
        let (status, answer, _) = bench.send("POST", &url, json!({"query": "Resources | count"}));
        assert_eq!(status, 200, "{older}: {answer}");
    }
    let old = GRAPH.replace("2022-10-01", "2018-09-01");
    let (status, code) = bench.refused("POST", &old, json!({"query": "Resources"}));
    assert_eq!((status, code.as_str()), (404, "InvalidResourceType"));
}

#[test]
fn pages_follow_each_other_and_tables_have_typed_columns() {
    let bench = estate();
    let query = "Resources | project id, n = strlen(name), properties, yes = true";
    let whole = ask(&bench, query);
    let total = whole.as_array().unwrap().len();
    let mut found = Vec::new();
    let mut options = json!({"$top": 2});
    loop {
        let answer = bench.ok("POST", GRAPH, json!({"query": query, "options": options}));
        assert_eq!(answer["totalRecords"], total);
        found.extend(answer["data"].as_array().unwrap().clone());
        match answer.get("$skipToken") {
            Some(token) => {
                assert_eq!(answer["resultTruncated"], "true");
                options = json!({"$skipToken": token});
            }
            None => {
                assert_eq!(answer["resultTruncated"], "false");
                break;
            }
        }
    }
    assert_eq!(Value::Array(found), whole);

    let without_id = json!({"query": "Resources | project name", "options": {"$top": 1}});
    let answer = bench.ok("POST", GRAPH, without_id);
    assert_eq!(
        (&answer["resultTruncated"], &answer["$skipToken"]),
        (&json!("true"), &Value::Null)
    );

    let table = json!({"query": query, "options": {"resultFormat": "table", "$top": 1, "$skip": 1}});
    let data = bench.ok("POST", GRAPH, table)["data"].clone();
    let kinds: Vec<&Value> = data["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| &column["type"])
        .collect();
    assert_eq!(kinds, ["string", "integer", "object", "boolean"]);
    assert_eq!(data["rows"][0][0], whole[1]["id"]);
    assert_eq!(data["rows"][0][2], whole[1]["properties"]);
}

#[test]
fn rows_are_only_of_what_the_caller_may_read() {
    let bench = estate();
    let limited = Limited::of(&bench);
    let ask = |body: Value| {
        let response = bench.send_with("POST", GRAPH, body.to_string().as_bytes(), &limited.headers());
        let answer: Value = serde_json::from_slice(&response.body).unwrap();
        (response.status.as_u16(), answer)
    };
    let query = json!({"query": "Resources | project name | order by name asc"});
    let (status, answer) = ask(query.clone());
    assert_eq!(status, 400);
    assert_eq!(
        answer["error"]["details"][0]["code"],
        "NoValidSubscriptionsInQueryRequest"
    );

    limited.grant(&id("Microsoft.Storage/storageAccounts/acct"), &["*/read"]);
    assert_eq!(ask(query.clone()).1["data"], json!([{"name": "acct"}]));
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g");
    limited.grant(&group, &["Microsoft.Network/privateEndpoints/read"]);
    assert_eq!(ask(query).1["data"], json!([{"name": "acct"}, {"name": "pe"}]));
    let containers = json!({"query": "ResourceContainers | project name"});
    assert_eq!(ask(containers.clone()).1["data"], json!([]));
    limited.grant(&group, &["Microsoft.Resources/subscriptions/resourceGroups/read"]);
    assert_eq!(ask(containers).1["data"], json!([{"name": "g"}]));
    let other = json!({"query": "Resources", "subscriptions": ["99999999-0000-0000-0000-000000000000"]});
    assert_eq!(ask(other).0, 400);
}

#[test]
fn a_query_that_grows_without_end_is_refused() {
    let bench = estate();
    let doubled = format!(
        "Resources | extend a = name {}",
        "| extend a = strcat(a, a)".repeat(60)
    );
    let (codes, _) = refused(&bench, json!({"query": doubled}));
    assert_eq!(codes, ["InvalidQuery", "QueryTooComplex"]);
    for more in [
        format!(
            "extend a = dynamic([1]) {}",
            "| extend a = pack_array(a, a, a, a)".repeat(40)
        ),
        format!(
            "extend a = 'aaaaaaaa' {}",
            "| extend a = replace_string(a, 'a', 'aaaaaaaa')".repeat(20)
        ),
        format!("project {} name", "name, ".repeat(5_000)),
        format!("order by {} name", "name, ".repeat(5_000)),
        format!("summarize {} count()", "count(), ".repeat(5_000)),
        format!("where {} true", "strlen(name) > 0 and ".repeat(3_000)),
    ] {
        let (codes, _) = refused(&bench, json!({"query": format!("Resources | {more}")}));
        assert_eq!(codes, ["InvalidQuery", "QueryTooComplex"], "{}", &more[..60]);
    }
}

/// Words that queries are made of, and what stands between them.
const WORDS: &[&str] = &[
    "Resources",
    "ResourceContainers",
    "|",
    "where",
    "project",
    "extend",
    "summarize",
    "by",
    "order",
    "sort",
    "limit",
    "take",
    "top",
    "count",
    "distinct",
    "mv-expand",
    "join",
    "kind=inner",
    "on",
    "$left.id",
    "==",
    "$right.id",
    "id",
    "name",
    "properties",
    "properties.a[0].b",
    "tags",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "'x'",
    "\"y",
    "1",
    "-1",
    "2.5",
    "0",
    "tostring(id)",
    "split(id, '/')",
    "[-1]",
    "dynamic([1, {\"a\": null}])",
    "dynamic(",
    "and",
    "or",
    "not(",
    "!",
    "in",
    "~",
    "contains",
    "has",
    "=~",
    "!=",
    "<",
    "+",
    "*",
    "/",
    "%",
    "count()",
    "make_set(name)",
    "true",
    "null",
    "asc",
    "desc",
    "nulls",
    "first",
    "project-away",
    "project-rename",
    "a = name",
    "strcat(name, name)",
    "substring(name, 1)",
    "matches regex",
    "'(a|b)*'",
    "iff(true, 1, 'x')",
    "case(",
    "// note\n",
    ";",
    "é",
    "@'v'",
    "between (1 .. 2)",
    "9223372036854775807",
    "*=",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_is_answered_or_refused(
        words in prop::collection::vec(prop::sample::select(WORDS), 0..16),
        noise in ".{0,24}",
        begins in any::<bool>(),
    ) {
        thread_local! { static BENCH: Bench = estate(); }
        let query = format!("{}{} {noise}", if begins { "Resources | " } else { "" }, words.join(" "));
        let bare = words.join(" ");
        BENCH.with(|bench| {
            for query in [&query, &bare] {
                let (status, answer, _) = bench.send("POST", GRAPH, json!({"query": query}));
                prop_assert!(status == 200 || status == 400, "{query}: {status} {answer}");
                let whole = if status == 200 { answer["data"].is_array() } else { answer["error"]["details"].is_array() };
                prop_assert!(whole, "{query}: {answer}");
            }
            Ok(())
        })?;
    }
}
