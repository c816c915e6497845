//! `docs/start.md` as its reader lives it: the two files that it says to save, applied with its own words, on an Azure that
//! holds what its commands make.

use privatelink_testkit::environment::{Environment, seeded};
use privatelink_tests::markdown::pages;
use serde_json::{Value, json};

use crate::installation::*;

/// What stands in the page for the reader's subscription.
const PLACEHOLDER: &str = "00000000-0000-0000-0000-000000000000";

/// The page's manifests, as `sed` leaves them, and the lines that it shows of `kubectl get privatelink`.
struct Page {
    scope: String,
    objects: String,
    shown: Vec<String>,
}

impl Page {
    fn read() -> Self {
        let page = pages()
            .into_iter()
            .find(|page| page.path.ends_with("docs/start.md"));
        let blocks = page.expect("docs/start.md").blocks();
        let mut manifests = blocks
            .iter()
            .filter(|block| block.language == "yaml" && block.marks.is_empty())
            .map(|block| block.text.replace(PLACEHOLDER, seeded::SUBSCRIPTION_ID));
        let (scope, objects) = (manifests.next().unwrap(), manifests.next().unwrap());
        let shown = blocks
            .iter()
            .find(|block| {
                block.language == "console" && block.text.contains("privateendpoint.privatelink.dev/")
            })
            .expect("what kubectl get privatelink prints");
        let is_row = |line: &&str| line.contains(".privatelink.dev/");
        Self {
            scope,
            objects,
            shown: shown.text.lines().filter(is_row).map(without_age).collect(),
        }
    }
}

/// The cells of a row but for the last, which is an age.
fn without_age(row: &str) -> String {
    let mut cells: Vec<&str> = row.split_whitespace().collect();
    cells.pop();
    cells.join(" ")
}

fn in_orders(environment: &Environment, arguments: &[&str], input: &str) -> String {
    let kubectl = environment.kubectl().expect("the API server runs");
    let output = kubectl.run_with_input(arguments, input).expect("kubectl runs");
    assert!(
        output.success,
        "kubectl {arguments:?}: {}{}",
        output.stdout, output.stderr
    );
    output.stdout
}

/// What the page's `az` commands make.
async fn prepare(environment: &Environment) {
    let group = format!(
        "/subscriptions/{}/resourceGroups/rg-orders",
        seeded::SUBSCRIPTION_ID
    );
    let network = format!("{group}/providers/Microsoft.Network/virtualNetworks/vnet-orders");
    let subnet = |name: &str, prefix: &str| json!({"name": name, "properties": {"addressPrefix": prefix}});
    let storage = format!("{group}/providers/Microsoft.Storage/storageAccounts/stordersprod");
    let made: [(&str, Value); 3] = [
        (&group, json!({"location": "westeurope"})),
        (
            &network,
            json!({"location": "westeurope", "properties": {
                "addressSpace": {"addressPrefixes": ["10.60.0.0/16"]},
                "subnets": [subnet("snet-nodes", "10.60.0.0/20"), subnet("snet-endpoints", "10.60.16.0/24")],
            }}),
        ),
        (
            &storage,
            json!({
                "location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
                "properties": {"publicNetworkAccess": "Disabled"},
            }),
        ),
    ];
    for (id, body) in made {
        change(environment, &json!({"id": id, "put": body})).await;
    }
}

#[test]
fn the_first_hour_ends_with_what_the_page_shows() {
    scenario(async |environment| {
        prepare(environment).await;
        let page = Page::read();
        let apply = ["apply", "--server-side", "-f", "-"];
        in_orders(environment, &apply, &page.scope);
        let wait = [
            "wait",
            "azurescope/orders",
            "--for=condition=Ready",
            "--timeout=60s",
        ];
        in_orders(environment, &wait, "");
        in_orders(environment, &apply, &page.objects);
        let wait = [
            "wait",
            "privateendpoint/orders-blob",
            "--namespace",
            "orders",
            "--for=condition=Ready",
            "--timeout=60s",
        ];
        in_orders(environment, &wait, "");
        let shown = until("what the page shows", async || {
            let table = in_orders(environment, &["get", "privatelink", "--namespace", "orders"], "");
            let rows: Vec<String> = table.lines().map(without_age).collect();
            page.shown.iter().all(|row| rows.contains(row)).then_some(rows)
        })
        .await;
        assert!(page.shown.len() >= 4, "{:?} of {shown:?}", page.shown);

        in_orders(environment, &["delete", "--wait=false", "-f", "-"], &page.objects);
        for name in [
            "privateendpoint/orders-blob",
            "privatednszone/privatelink.blob.core.windows.net",
        ] {
            let wait = [
                "wait",
                "--for=delete",
                name,
                "--namespace",
                "orders",
                "--timeout=60s",
            ];
            in_orders(environment, &wait, "");
        }
        // The namespace would stay: who empties namespaces is not part of the API server.
        in_orders(environment, &["delete", "--timeout=60s", "azurescope/orders"], "");
    });
}
