//! What kubectl prints, held against `golden/`. `UPDATE_GOLDEN=1` writes the files anew.

use serde_json::json;

pub use privatelink_tests::golden::{golden, masked};

use crate::installation::*;
use crate::manifests::endpoint;

const NAMES: [&str; 3] = ["columns-approved", "columns-invalid", "columns-pending"];

#[test]
fn kubectl_get_prints_the_columns_of_the_golden_files() {
    scenario(async |environment| {
        let address = json!([{"memberName": "blob", "address": "10.20.0.210"}]);
        apply(environment, &endpoint(NAMES[0], json!({"ipAddresses": address})));
        let nowhere = json!({"alias": "nowhere", "groupId": "blob"});
        apply(environment, &endpoint(NAMES[1], json!({"target": nowhere})));
        let manual = json!({"alias": "orders-storage", "groupId": "blob", "approval": "Manual", "requestMessage": "for orders"});
        let address = json!([{"memberName": "blob", "address": "10.20.0.211"}]);
        apply(
            environment,
            &endpoint(NAMES[2], json!({"target": manual, "ipAddresses": address})),
        );
        until_ready(environment, NAMES[0]);
        until_reason(environment, NAMES[1], "InvalidSpec").await;
        until_reason(environment, NAMES[2], "AwaitingApproval").await;

        let listed = |more: &[&str]| {
            let mut arguments = vec!["get", "pe"];
            arguments.extend(NAMES);
            arguments.extend(more);
            masked(&run(environment, &arguments))
        };
        golden("get-pe.txt", &listed(&[]));
        golden("get-pe-wide.txt", &listed(&["-o", "wide"]));
        golden("get-azs.txt", &masked(&run(environment, &["get", "azs"])));
        let mut arguments = vec!["delete", "pe", "--timeout=60s"];
        arguments.extend(NAMES);
        run(environment, &arguments);
    });
}
