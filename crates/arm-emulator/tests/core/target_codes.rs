//! How targets answer writes: the statuses and headers that the clients of Azure's own packages take, and no others.

#![allow(clippy::indexing_slicing, reason = "tests")]

use crate::support::{Bench, id, target_body};
use http::HeaderMap;
use serde_json::{Value, json};

/// What tells how far a write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    AtOnce,
    /// `provisioningState` alone.
    State,
    Location,
    /// `Azure-AsyncOperation`.
    Status,
    Both,
}
use Told::{AtOnce, Both, Location, State, Status};

struct Codes {
    kind: &'static str,
    /// Of a PUT that creates, of one that changes, of a PATCH, and of a DELETE.
    create: (u16, Told),
    update: (u16, Told),
    patch: (u16, Told),
    delete: u16,
}

const fn codes(
    kind: &'static str,
    create: (u16, Told),
    update: (u16, Told),
    patch: (u16, Told),
    delete: u16,
) -> Codes {
    Codes {
        kind,
        create,
        update,
        patch,
        delete,
    }
}

const CODES: &[Codes] = &[
    codes(
        "Microsoft.KeyVault/managedHSMs",
        (202, Location),
        (202, Location),
        (202, Location),
        202,
    ),
    codes(
        "Microsoft.DocumentDB/databaseAccounts",
        (200, Both),
        (200, Both),
        (200, Both),
        202,
    ),
    codes(
        "Microsoft.ContainerRegistry/registries",
        (201, Status),
        (200, Status),
        (200, Status),
        200,
    ),
    codes(
        "Microsoft.AppConfiguration/configurationStores",
        (201, Status),
        (200, Status),
        (200, Status),
        202,
    ),
    codes(
        "Microsoft.EventHub/namespaces",
        (201, Status),
        (200, AtOnce),
        (200, AtOnce),
        202,
    ),
    codes(
        "Microsoft.ServiceBus/namespaces",
        (201, Location),
        (200, AtOnce),
        (200, AtOnce),
        202,
    ),
    codes(
        "Microsoft.EventGrid/topics",
        (201, Both),
        (201, Both),
        (201, Both),
        202,
    ),
    codes(
        "Microsoft.EventGrid/domains",
        (201, Both),
        (201, Both),
        (201, Both),
        202,
    ),
    codes(
        "Microsoft.EventGrid/partnerNamespaces",
        (201, Both),
        (201, Both),
        (201, Both),
        202,
    ),
    codes(
        "Microsoft.EventGrid/namespaces",
        (201, Both),
        (200, Both),
        (200, Both),
        202,
    ),
    codes(
        "Microsoft.DBforPostgreSQL/flexibleServers",
        (202, Both),
        (202, Both),
        (202, Both),
        202,
    ),
    codes(
        "Microsoft.DBforMySQL/flexibleServers",
        (202, Both),
        (202, Both),
        (202, Both),
        202,
    ),
    codes(
        "Microsoft.Cache/redis",
        (201, Status),
        (200, Status),
        (200, Status),
        202,
    ),
    codes(
        "Microsoft.Cache/redisEnterprise",
        (201, Status),
        (200, Status),
        (200, Status),
        202,
    ),
    codes(
        "Microsoft.Batch/batchAccounts",
        (202, Location),
        (200, AtOnce),
        (200, AtOnce),
        202,
    ),
    codes(
        "Microsoft.ContainerService/managedClusters",
        (201, Status),
        (200, Status),
        (200, Status),
        202,
    ),
    codes(
        "Microsoft.CognitiveServices/accounts",
        (201, State),
        (200, AtOnce),
        (200, AtOnce),
        202,
    ),
    codes(
        "Microsoft.Search/searchServices",
        (201, State),
        (200, AtOnce),
        (200, AtOnce),
        200,
    ),
    codes(
        "Microsoft.Web/sites",
        (200, AtOnce),
        (200, AtOnce),
        (200, AtOnce),
        200,
    ),
    codes(
        "Microsoft.Web/serverfarms",
        (200, AtOnce),
        (200, AtOnce),
        (200, AtOnce),
        200,
    ),
];

fn url(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Follows a write to its end, as a client does.
fn ends(bench: &Bench, path: &str, told: Told, answer: &(u16, Value, HeaderMap)) {
    let (_, body, headers) = answer;
    let (status, result) = (url(headers, "azure-asyncoperation"), url(headers, "location"));
    let says = (status.is_some(), result.is_some());
    let waits = headers.contains_key("retry-after");
    let running = |body: &Value| {
        let state = body["properties"]["provisioningState"].as_str();
        !state.is_some_and(|state| state.eq_ignore_ascii_case("Succeeded"))
    };
    match told {
        AtOnce => assert!(
            says == (false, false) && !waits && !running(body),
            "{path}: {answer:?}"
        ),
        State => assert!(
            says == (false, false) && waits && running(body),
            "{path}: {answer:?}"
        ),
        Location => assert!(says == (false, true) && waits, "{path}: {answer:?}"),
        Status => assert!(says == (true, false) && waits, "{path}: {answer:?}"),
        Both => assert!(says == (true, true) && waits, "{path}: {answer:?}"),
    }
    assert_eq!(running(&bench.get(path)), told != AtOnce, "{path}");
    if let Some(status) = &status {
        assert_eq!(bench.get(status)["status"], "InProgress", "{path}");
    }
    if let Some(result) = &result {
        assert_eq!(bench.send("GET", result, Value::Null).0, 202, "{path}");
    }
    bench.pass();
    if let Some(status) = &status {
        assert_eq!(bench.get(status)["status"], "Succeeded", "{path}");
    }
    if let Some(result) = &result {
        let name = path.rsplit('/').next().unwrap_or_default();
        assert_eq!(bench.get(result)["name"], name, "{path}");
    }
    assert!(!running(&bench.get(path)), "{path}");
}

#[test]
fn targets_answer_as_their_clients_take_it() {
    for one in CODES {
        let bench = Bench::with_network();
        let path = id(&format!("{}/target", one.kind));
        let body = target_body(&json!({}));
        let told = [
            ("PUT", one.create, body.clone()),
            ("PUT", one.update, with_tag(&body, "put")),
            ("PATCH", one.patch, json!({"tags": {"by": "patch"}})),
        ];
        for (method, (status, told), body) in told {
            let answer = bench.send(method, &path, body);
            assert_eq!(answer.0, status, "{method} {}: {}", one.kind, answer.1);
            ends(&bench, &path, told, &answer);
        }
        assert_eq!(bench.get(&path)["tags"]["by"], "patch");
        let (status, _, headers) = bench.send("DELETE", &path, Value::Null);
        assert_eq!(status, one.delete, "{}", one.kind);
        assert_eq!(url(&headers, "location").is_some(), status == 202, "{}", one.kind);
        bench.pass();
        if let Some(result) = url(&headers, "location") {
            assert_eq!(bench.send("GET", &result, Value::Null).0, 204, "{}", one.kind);
        }
        assert_eq!(bench.send("GET", &path, Value::Null).0, 404, "{}", one.kind);
        assert_eq!(bench.send("DELETE", &path, Value::Null).0, 204, "{}", one.kind);
    }
}

fn with_tag(body: &Value, value: &str) -> Value {
    let mut body = body.clone();
    body["tags"] = json!({"by": value});
    body
}

#[test]
fn a_search_service_writes_its_states_in_lower_case() {
    let bench = Bench::with_network();
    let path = id("Microsoft.Search/searchServices/target");
    let made = bench.ok("PUT", &path, target_body(&json!({})));
    assert_eq!(made["properties"]["provisioningState"], "provisioning");
    bench.pass();
    let shown = bench.get(&path);
    assert_eq!(shown["properties"]["provisioningState"], "succeeded");
    // What was read can be written.
    bench.ok("PUT", &path, shown);
}
