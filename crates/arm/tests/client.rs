//! The client against a scripted transport: what is sent, and what each answer is taken for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod scripted;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use azure_core::error::ErrorKind;
use privatelink_arm::{
    ArmClient, ArmErrorKind, Clock, Cloud, ListTarget, Precondition, Priority, RequestBudget,
    RequestObserver, ResourceId, transport,
};
use scripted::{SECRET, Scripted, answer, client, endpoint_id, json, options};
use serde_json::{Value, json as value};

const VERSION: &str = "2025-05-01";

#[tokio::test]
async fn a_get_is_sent_as_arm_wants_it() {
    let headers = [
        ("etag", "W/\"1\""),
        ("x-ms-request-id", "request"),
        ("x-ms-correlation-request-id", "theirs"),
        ("retry-after", "7"),
    ];
    let (script, client) = client([answer(200, &headers, r#"{"id":"/x","etag":"body"}"#)]);
    let reply = client.get(&endpoint_id(), VERSION, Priority::Read).await.unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.etag.as_deref(), Some("W/\"1\""));
    assert_eq!(reply.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(
        (reply.correlation_id.as_str(), reply.request_id.as_deref()),
        ("theirs", Some("request"))
    );
    let seen = &script.seen()[0];
    assert_eq!(seen.method, "GET");
    assert_eq!(
        seen.url,
        "https://management.azure.com/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/Rg/providers/Microsoft.Network/privateEndpoints/one?api-version=2025-05-01"
    );
    assert_eq!(
        seen.header("authorization"),
        Some(format!("Bearer {SECRET}0").as_str())
    );
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert!(
        seen.header("user-agent")
            .unwrap()
            .starts_with("privatelink-controller/")
    );
    let guid = seen.header("x-ms-correlation-request-id").unwrap();
    assert!(
        guid.len() == 36 && guid.as_bytes()[14] == b'4' && guid.split('-').count() == 5,
        "{guid}"
    );
    assert_ne!(seen.header("x-ms-client-request-id").unwrap(), guid);
}

#[tokio::test]
async fn writes_carry_their_body_and_precondition() {
    let body = value!({"location": "westeurope"});
    let (script, client) = client([
        json(201, value!({"id": "/x", "etag": "e2"})),
        json(200, value!({"id": "/x"})),
        answer(202, &[], ""),
        answer(200, &[], "[1]"),
    ]);
    let id = endpoint_id();
    let reply = client
        .put(
            &id,
            VERSION,
            &body,
            Precondition::IfMatch("e1".into()),
            Priority::Update,
        )
        .await
        .unwrap();
    assert_eq!((reply.status, reply.etag.as_deref()), (201, Some("e2")));
    client
        .patch(
            &id,
            VERSION,
            &body,
            Precondition::IfNoneMatchAny,
            Priority::Update,
        )
        .await
        .unwrap();
    client
        .delete(&id, VERSION, Precondition::None, Priority::Delete)
        .await
        .unwrap();
    let reply = client
        .post(&id, "listKeys", VERSION, None, Priority::Update)
        .await
        .unwrap();
    assert_eq!(reply.body, None);
    let seen = script.seen();
    assert_eq!(
        seen.iter().map(|seen| seen.method.as_str()).collect::<Vec<_>>(),
        ["PUT", "PATCH", "DELETE", "POST"]
    );
    assert_eq!(serde_json::from_str::<Value>(&seen[0].body).unwrap(), body);
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[0].header("if-match"), Some("e1"));
    assert_eq!(seen[1].header("if-none-match"), Some("*"));
    assert!(
        seen[3]
            .url
            .contains("/privateEndpoints/one/listKeys?api-version=")
    );
}

#[tokio::test]
async fn what_is_not_there_is_deleted() {
    let gone = value!({"error": {"code": "ResourceNotFound", "message": "gone"}});
    let invisible = value!({"error": {"code": "SubscriptionNotFound", "message": "The subscription 's' could not be found."}});
    let (_, client) = client([
        answer(204, &[], ""),
        json(404, gone),
        json(404, invisible),
        answer(404, &[], "<html>"),
    ]);
    let id = endpoint_id();
    let mut statuses = Vec::new();
    for _ in 0..2 {
        statuses.push(
            client
                .delete(&id, VERSION, Precondition::None, Priority::Delete)
                .await
                .unwrap()
                .status,
        );
    }
    assert_eq!(statuses, [204, 404]);
    let error = client
        .delete(&id, VERSION, Precondition::None, Priority::Delete)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.code.as_str()),
        (ArmErrorKind::NotFound, "SubscriptionNotFound")
    );
    let error = client
        .delete(&id, VERSION, Precondition::None, Priority::Delete)
        .await
        .unwrap_err();
    assert_eq!(
        error.kind,
        ArmErrorKind::Malformed,
        "a proxy's page does not say that a resource is gone"
    );
}

#[tokio::test]
async fn answers_that_arm_does_not_give_are_malformed() {
    for body in [
        "",
        "  ",
        "<html><title>Sign in</title></html>",
        "{\"id\":",
        "[]",
        "null",
        "\"x\"",
        "\u{feff}{}",
    ] {
        let (_, client) = client([
            answer(200, &[], body),
            answer(200, &[], body),
            answer(200, &[], body),
        ]);
        let id = endpoint_id();
        let error = client.get(&id, VERSION, Priority::Read).await.unwrap_err();
        assert_eq!(
            (error.kind, error.status),
            (ArmErrorKind::Malformed, Some(200)),
            "GET {body:?}"
        );
        let written = client
            .put(&id, VERSION, &value!({}), Precondition::None, Priority::Create)
            .await;
        assert_eq!(written.unwrap_err().kind, ArmErrorKind::Malformed, "PUT {body:?}");
        let target = ListTarget::in_group(
            &id.resource_group_id().unwrap(),
            "Microsoft.Network/privateEndpoints",
        );
        let listed = client.list(&target, VERSION, Priority::Drift).await;
        assert_eq!(listed.unwrap_err().kind, ArmErrorKind::Malformed, "LIST {body:?}");
    }
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let (_, client) = client([answer(200, &[], &deep)]);
    assert_eq!(
        client
            .get(&endpoint_id(), VERSION, Priority::Read)
            .await
            .unwrap_err()
            .kind,
        ArmErrorKind::Malformed
    );
}

#[tokio::test(start_paused = true)]
async fn it_is_known_whether_a_request_was_sent() {
    let script = [
        Scripted::Fails(ErrorKind::Connection),
        Scripted::Fails(ErrorKind::Io),
        Scripted::CutBody { status: 200 },
        Scripted::Hangs,
        Scripted::CutBody { status: 409 },
    ];
    let (script, client) = client(script);
    let mut kinds = Vec::new();
    for _ in 0..5 {
        let body = value!({});
        let error = client
            .put(
                &endpoint_id(),
                VERSION,
                &body,
                Precondition::None,
                Priority::Create,
            )
            .await
            .unwrap_err();
        assert!(error.correlation_id.is_some());
        kinds.push((error.kind, error.status));
    }
    use ArmErrorKind::{Conflict, Interrupted, NotSent};
    let expected = [
        (NotSent, None),
        (Interrupted, None),
        (Interrupted, Some(200)),
        (Interrupted, None),
        (Conflict, Some(409)),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(script.seen().len(), 5, "nothing is tried again");
}

#[tokio::test]
async fn a_401_is_tried_once_more_with_a_fresh_token() {
    let refusal = || {
        json(
            401,
            value!({"error": {"code": "ExpiredAuthenticationToken", "message": "expired"}}),
        )
    };
    // Azure signs what it answers, by which it is known that it has taken the token.
    let signed = [("content-type", "application/json"), ("x-ms-request-id", "1")];
    let taken = answer(200, &signed, "{}");
    let (script, client) = client([refusal(), taken, refusal(), refusal()]);
    let id = endpoint_id();
    client
        .put(
            &id,
            VERSION,
            &value!({"a": 1}),
            Precondition::None,
            Priority::Create,
        )
        .await
        .unwrap();
    let error = client.get(&id, VERSION, Priority::Read).await.unwrap_err();
    assert_eq!(
        (error.kind, error.code.as_str()),
        (ArmErrorKind::Unauthorized, "ExpiredAuthenticationToken")
    );
    let seen = script.seen();
    let tokens: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("authorization").unwrap().chars().last().unwrap())
        .collect();
    assert_eq!(tokens, ['0', '1', '1', '2']);
    assert_eq!(seen[0].body, seen[1].body);
    let correlation = |index: usize| {
        seen[index]
            .header("x-ms-correlation-request-id")
            .unwrap()
            .to_owned()
    };
    assert_eq!(correlation(0), correlation(1));
}

fn a_resource() -> Value {
    value!({"id": endpoint_id().as_str()})
}

#[tokio::test]
async fn an_object_without_an_id_is_no_resource() {
    let (_, client) = client([
        json(200, value!({"status": "ok"})),
        json(200, value!({"id": 7})),
        json(200, value!({"value": []})),
    ]);
    let id = endpoint_id();
    for _ in 0..2 {
        let error = client.get(&id, VERSION, Priority::Read).await.unwrap_err();
        assert_eq!(error.kind, ArmErrorKind::Malformed);
        assert_eq!(error.message, "the answer is no resource: it has no id");
    }
    // What is asked of a resource is none.
    let under = client
        .get_under(&id, "privateLinkResources", VERSION, Priority::Read)
        .await;
    assert!(under.is_ok());
}

#[tokio::test]
async fn what_answers_between_us_and_azure_has_taken_no_token() {
    let refusal = || {
        let error = value!({"error": {"code": "InvalidAuthenticationToken", "message": "invalid"}});
        json(401, error)
    };
    let (script, client) = client([refusal(), json(200, a_resource()), refusal()]);
    let id = endpoint_id();
    client.get(&id, VERSION, Priority::Read).await.unwrap();
    client.get(&id, VERSION, Priority::Read).await.unwrap_err();
    assert_eq!(
        script.seen().len(),
        3,
        "a token that Azure never took is not replaced at once"
    );
}

#[tokio::test]
async fn a_fenced_process_reads_and_does_not_write() {
    let script = scripted::Script::new([json(200, a_resource())]);
    let mut options = options(&script);
    options.write_permit = Some(Arc::new(|| Err("the lease is lost".to_owned())));
    let client = ArmClient::new(options);
    let id = endpoint_id();
    client.get(&id, VERSION, Priority::Read).await.unwrap();
    for error in [
        client
            .put(&id, VERSION, &value!({}), Precondition::None, Priority::Create)
            .await
            .unwrap_err(),
        client
            .delete(&id, VERSION, Precondition::None, Priority::Delete)
            .await
            .unwrap_err(),
        client
            .post(&id, "x", VERSION, None, Priority::Update)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ArmErrorKind::Fenced, "the lease is lost")
        );
        assert!(error.had_no_effect());
    }
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_asked_and_taught() {
    let throttled = value!({"error": {"code": "SubscriptionRequestsThrottled", "message": "Number of 'write' requests exceeded"}});
    let script = scripted::Script::new([
        answer(
            200,
            &[("x-ms-ratelimit-remaining-subscription-reads", "61")],
            &a_resource().to_string(),
        ),
        json(200, a_resource()),
        answer(429, &[("retry-after", "17")], &throttled.to_string()),
    ]);
    let mut options = options(&script);
    options.budget = Arc::new(RequestBudget::azure(Clock::simulated(
        "2026-01-01T00:00:00Z".parse().unwrap(),
    )));
    let client = ArmClient::new(options);
    let id = endpoint_id();
    // Sixty reads are kept back for work that has begun.
    for _ in 0..2 {
        client.get(&id, VERSION, Priority::Read).await.unwrap();
    }
    let error = client.get(&id, VERSION, Priority::Read).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retry_after),
        (ArmErrorKind::BudgetExhausted, Some(Duration::from_millis(40)))
    );
    let error = client
        .put(&id, VERSION, &value!({}), Precondition::None, Priority::Create)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.retry_after),
        (ArmErrorKind::Throttled, Some(Duration::from_secs(17)))
    );
    let error = client
        .put(&id, VERSION, &value!({}), Precondition::None, Priority::Create)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.retry_after),
        (ArmErrorKind::BudgetExhausted, Some(Duration::from_secs(17)))
    );
    assert_eq!(script.seen().len(), 3);
}

#[derive(Default)]
struct Observed {
    calls: AtomicU32,
    last: Mutex<String>,
}

impl RequestObserver for Observed {
    fn observe(&self, method: &'static str, resource_type: &str, status: Option<u16>, _: Duration) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        *self.last.lock().unwrap() = format!("{method} {resource_type} {status:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_request_is_observed_also_one_without_an_answer() {
    let script = scripted::Script::new([json(200, value!({"value": []})), Scripted::Hangs]);
    let mut options = options(&script);
    let observed = Arc::new(Observed::default());
    options.observer = Some(observed.clone());
    let client = ArmClient::new(options);
    client
        .get_under(&endpoint_id(), "privateLinkResources", VERSION, Priority::Read)
        .await
        .unwrap();
    assert_eq!(
        *observed.last.lock().unwrap(),
        "GET Microsoft.Network/privateEndpoints/privateLinkResources Some(200)"
    );
    client
        .get(&endpoint_id(), VERSION, Priority::Read)
        .await
        .unwrap_err();
    assert_eq!(
        *observed.last.lock().unwrap(),
        "GET Microsoft.Network/privateEndpoints None"
    );
    assert_eq!(observed.calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_list_follows_its_pages() {
    let page = |next: &str, values: Value| json(200, value!({"value": values, "nextLink": next}));
    let next = "https://management.azure.com:443/subscriptions/s/page2?api-version=1&$skiptoken=a%2Fb";
    let (script, client) = client([
        page(next, value!([{"name": "a"}])),
        page("https://MANAGEMENT.azure.com/3", value!([])),
        page("", value!([{"name": "b"}])),
    ]);
    let id = endpoint_id();
    let target = ListTarget::in_group(
        &id.resource_group_id().unwrap(),
        "Microsoft.Network/privateEndpoints",
    );
    let listed = client.list(&target, VERSION, Priority::Drift).await.unwrap();
    let texts: Vec<&str> = listed.iter().map(|resource| resource.get()).collect();
    assert_eq!(texts, [r#"{"name":"a"}"#, r#"{"name":"b"}"#]);
    let seen = script.seen();
    assert!(
        seen[0].url.ends_with(
            "/resourceGroups/Rg/providers/Microsoft.Network/privateEndpoints?api-version=2025-05-01"
        )
    );
    assert!(
        seen[1]
            .url
            .ends_with("/subscriptions/s/page2?api-version=1&$skiptoken=a%2Fb"),
        "{}",
        seen[1].url
    );
    assert_eq!(script.hosts(), ["management.azure.com"]);
}

#[tokio::test]
async fn a_list_in_a_zone_asks_for_large_pages_and_goes_on_where_it_gets_none() {
    let page = |next: &str| json(200, value!({"value": [], "nextLink": next}));
    let refusal = json(400, value!({"code": "BadRequest", "message": "$top"}));
    let zone = ResourceId::parse(
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateDnsZones/a.b",
    )
    .unwrap();
    let target = ListTarget::children(&zone, "A");
    let (script, client) = client([
        page("https://management.azure.com/2?$top=1000"),
        page(""),
        refusal,
        page(""),
    ]);
    for _ in 0..2 {
        client.list(&target, VERSION, Priority::Drift).await.unwrap();
    }
    let asked: Vec<bool> = script
        .seen()
        .iter()
        .map(|seen| seen.url.contains("top=1000"))
        .collect();
    assert_eq!(asked, [true, true, true, false]);
}

#[tokio::test]
async fn an_endless_or_broken_list_is_an_error() {
    let same = "https://management.azure.com/subscriptions/s/again";
    let looping = || json(200, value!({"value": [], "nextLink": same}));
    for script in [
        vec![looping(), looping()],
        vec![json(200, value!({"value": {}}))],
        vec![json(200, value!({"value": [], "nextLink": 5}))],
    ] {
        let (_, client) = client(script);
        let target = ListTarget::in_subscription(&endpoint_id().subscription_root().unwrap(), "A.B/c");
        assert_eq!(
            client
                .list(&target, VERSION, Priority::Drift)
                .await
                .unwrap_err()
                .kind,
            ArmErrorKind::Malformed
        );
    }
}

#[tokio::test]
async fn the_real_transport_says_that_nothing_was_sent_where_nobody_listens() {
    // Bound and closed again: a port that refuses.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let endpoint = format!("https://127.0.0.1:{port}");
    let mut options = options(&scripted::Script::new([]));
    options.cloud = Cloud::custom("nowhere", &endpoint, None, &endpoint).unwrap();
    options.transport = transport(None).unwrap();
    let client = ArmClient::new(options);
    let body = value!({});
    let error = client
        .put(
            &endpoint_id(),
            VERSION,
            &body,
            Precondition::None,
            Priority::Create,
        )
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.code.as_str()),
        (ArmErrorKind::NotSent, "NotConnected"),
        "{error}"
    );
    assert!(error.message.contains("refused"), "{error}");
}
