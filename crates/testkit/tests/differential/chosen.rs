//! Requests that the random ones seldom or never reach.

use serde_json::{Value, json};

use crate::generator::{APPLY, JSON, MERGE, Step};

/// Leases, events, refusals.
pub fn chosen(namespace: &str) -> Vec<Step> {
    let leases = format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases");
    let events = format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events");
    let probes = format!("/apis/example.dev/v1/namespaces/{namespace}/probes");
    let lease = |version: Option<&str>, holder: &str| {
        let mut lease = json!({ "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": "lock" },
            "spec": { "holderIdentity": holder, "leaseDurationSeconds": 15,
                      "acquireTime": "2030-01-01T00:00:00.000000Z", "renewTime": "2030-01-01T00:00:00.000000Z" } });
        if let Some(version) = version {
            lease["metadata"]["resourceVersion"] = json!(version);
        }
        Some(lease)
    };
    let event = json!({ "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": { "name": "note" },
        "action": "Reconcile", "reason": "Created", "type": "Normal", "note": "created",
        "eventTime": "2030-01-01T00:00:00.000000Z", "reportingController": "controller",
        "reportingInstance": "one", "regarding": { "kind": "Probe", "name": "one", "namespace": namespace } });
    let again = json!({ "apiVersion": "events.k8s.io/v1", "kind": "Event",
        "series": { "count": 2, "lastObservedTime": "2030-01-01T00:01:00.000000Z" } });
    let probe = |name: &str| json!({ "apiVersion": "example.dev/v1", "kind": "Probe", "metadata": { "name": name }, "spec": {} });
    let step = |label, method, path: String, content_type, body: Option<Value>| Step {
        label,
        method,
        object: path.split('?').next().unwrap_or_default().to_owned(),
        path,
        content_type,
        body,
    };
    let one = format!("{leases}/lock?fieldManager=controller");
    let of_lease = |method, version, holder| Step {
        object: "lease".to_owned(),
        ..step(
            "lease",
            method,
            if method == "POST" {
                leases.clone()
            } else {
                one.clone()
            },
            JSON,
            lease(version, holder),
        )
    };
    let of_object = |name: &str, method, suffix: String, content_type, body| Step {
        object: format!("{probes}/{name}"),
        ..step(
            "still",
            method,
            format!("{probes}/{name}{suffix}"),
            content_type,
            body,
        )
    };
    let nothing = |name: &str| {
        of_object(
            name,
            "PATCH",
            "?fieldManager=unknown".to_owned(),
            MERGE,
            Some(json!({ "spec": {} })),
        )
    };
    let mut versioned = probe("versioned");
    versioned["metadata"]["resourceVersion"] = json!("7");
    vec![
        Step {
            ..step("create", "POST", probes.clone(), JSON, Some(probe("early")))
        },
        Step::namespace(namespace),
        Step::namespace(namespace),
        of_lease("POST", None, "a"),
        of_lease("POST", None, "b"),
        of_lease("PUT", Some("$current"), "b"),
        of_lease("PUT", Some("$stale"), "a"),
        of_lease("PUT", Some("$current"), "b"),
        of_lease("PUT", None, "c"),
        step(
            "event",
            "POST",
            format!("{events}?fieldManager=controller"),
            JSON,
            Some(event.clone()),
        ),
        step(
            "event",
            "POST",
            format!("{events}?fieldManager=controller"),
            JSON,
            Some(event),
        ),
        step(
            "event",
            "PATCH",
            format!("{events}/note?fieldManager=controller"),
            MERGE,
            Some(again),
        ),
        step("create", "POST", probes.clone(), JSON, Some(versioned)),
        step("create", "POST", probes.clone(), JSON, Some(probe("one"))),
        step(
            "apply",
            "PATCH",
            format!("{probes}/one?force=true"),
            APPLY,
            Some(probe("one")),
        ),
        step(
            "apply",
            "PATCH",
            format!("{probes}/one?fieldManager=a&force=true"),
            APPLY,
            {
                let mut body = probe("one");
                body["spec"]["unknown"] = json!(1);
                Some(body)
            },
        ),
        step(
            "apply",
            "PATCH",
            format!("{probes}/one?fieldManager=a&force=true"),
            APPLY,
            {
                let mut body = probe("one");
                body["metadata"]["managedFields"] = json!([{}]);
                Some(body)
            },
        ),
        step(
            "apply",
            "PATCH",
            format!("{probes}/two?fieldManager=a&force=true"),
            APPLY,
            Some(probe("one")),
        ),
        step(
            "apply",
            "PATCH",
            format!("{probes}/none/status?fieldManager=a&force=true"),
            APPLY,
            Some(probe("none")),
        ),
        step(
            "get",
            "GET",
            "/apis/example.dev/v1/namespaces/none/probes/one".to_owned(),
            "",
            None,
        ),
        step("list", "GET", format!("{probes}?limit=1"), "", None),
        step(
            "list",
            "GET",
            "/apis/example.dev/v1/nothings".to_owned(),
            "",
            None,
        ),
        // The first update writes the defaults of status, the second writes nothing.
        Step {
            object: format!("{probes}/still"),
            ..step("create", "POST", probes.clone(), JSON, Some(probe("still")))
        },
        nothing("still"),
        nothing("still"),
        of_object("still", "GET", String::new(), "", None),
        step("delete", "DELETE", format!("{leases}/lock"), JSON, None),
    ]
}
