//! How a test drives its own code against the emulator: an estate from a seed, a client without sockets, a fault, somebody
//! who approves, names as a network resolves them, and the journal of what was asked.
//!
//!     cargo run --package privatelink-arm-emulator --example in_a_test

use std::error::Error;

use azure_core::http::{HttpClient as _, Method, Request, StatusCode, Url};
use jiff::{SignedDuration, Timestamp};
use privatelink_arm_emulator::client::InProcessClient;
use privatelink_arm_emulator::dns::RecordType;
use privatelink_arm_emulator::faults::{FaultAction, FaultRule, When};
use privatelink_arm_emulator::{Emulator, Options, seed};
use serde_json::{Value, json};

const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/demo";

const ESTATE: &str = "
subscriptions: [{id: 00000000-0000-0000-0000-000000000001}]
resourceGroups:
  - {name: demo, location: westeurope}
resources:
  - type: Microsoft.Network/virtualNetworks
    name: net
    group: demo
    location: westeurope
    properties:
      addressSpace: {addressPrefixes: [10.0.0.0/16]}
      subnets: [{name: endpoints, properties: {addressPrefix: 10.0.0.0/24}}]
  - {type: Microsoft.Storage/storageAccounts, name: acct, group: demo, location: westeurope, kind: StorageV2, sku: {name: Standard_LRS}}
  - {type: Microsoft.Network/privateDnsZones, name: privatelink.blob.core.windows.net, group: demo, location: global}
  - type: Microsoft.Network/privateDnsZones/virtualNetworkLinks
    name: privatelink.blob.core.windows.net/net
    group: demo
    location: global
    properties:
      registrationEnabled: false
      virtualNetwork: {id: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/demo/providers/Microsoft.Network/virtualNetworks/net}
";

/// What the code under test speaks to Azure with; yours has a credential and clients of `azure_core`, which take the same
/// transport.
struct Azure {
    transport: InProcessClient,
    token: String,
}

/// The code under test: it makes an endpoint, and tries once more when the connection breaks.
async fn make_endpoint(azure: &Azure) -> azure_core::Result<()> {
    let endpoint = format!("{GROUP}/providers/Microsoft.Network/privateEndpoints/acct");
    let connection = json!({
        "privateLinkServiceId": format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/acct"),
        "groupIds": ["blob"],
        "requestMessage": "for the example",
    });
    let body = json!({"location": "westeurope", "properties": {
        "subnet": {"id": format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/endpoints")},
        "manualPrivateLinkServiceConnections": [{"name": "acct", "properties": connection}],
    }});
    if put(azure, &endpoint, &body).await.is_err() {
        put(azure, &endpoint, &body).await?;
    }
    let zone =
        format!("{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net");
    let zones = json!({"properties": {"privateDnsZoneConfigs": [{"name": "blob", "properties": {"privateDnsZoneId": zone}}]}});
    while put(azure, &format!("{endpoint}/privateDnsZoneGroups/default"), &zones).await?
        == StatusCode::TooManyRequests
    {
        // The endpoint is still being made.
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    }
    Ok(())
}

async fn put(azure: &Azure, id: &str, body: &Value) -> azure_core::Result<StatusCode> {
    let url = Url::parse(&format!(
        "https://management.azure.com{id}?api-version=2024-05-01"
    ))?;
    let mut request = Request::new(url, Method::Put);
    request.insert_header("authorization", format!("Bearer {}", azure.token));
    request.insert_header("content-type", "application/json");
    request.set_body(body.to_string());
    Ok(azure.transport.execute_request(&request).await?.status())
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    // The emulator's clock follows tokio's, which is paused: what takes minutes in Azure takes none here.
    let start: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    let emulator = Emulator::new(Options::new(privatelink_arm_emulator::clock::simulated(start))?);
    emulator.apply_seed(&seed::parse("estate", ESTATE)?)?;
    let seeded = emulator.journal_since(0).entries.len() as u64;

    // The first PUT takes effect, but nobody hears of it.
    emulator.add_fault(
        FaultRule::new(FaultAction::Cut(When::AfterEffect))
            .method("PUT")
            .only(1),
    );
    let (token, _) = emulator
        .issue_token(None, None, SignedDuration::from_hours(1))
        .ok_or("no token")?;
    let transport = InProcessClient::new(emulator.clone());
    make_endpoint(&Azure { transport, token }).await?;
    emulator.advance(SignedDuration::from_mins(1));

    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/net");
    let addresses = || -> Vec<String> {
        let answer = emulator.resolve(&network, "acct.blob.core.windows.net", RecordType::A);
        answer.answers.iter().map(ToString::to_string).collect()
    };
    let before = addresses();
    let endpoint = format!("{GROUP}/providers/Microsoft.Network/privateEndpoints/acct");
    emulator.approve(&endpoint, "fine")?;
    let after = addresses();
    println!("before the approval: {before:?}\nafter it: {after:?}");
    assert!(
        after.iter().any(|record| record.ends_with(" A 10.0.0.4")),
        "{after:?}"
    );
    assert_ne!(before, after);

    let asked: Vec<String> = emulator
        .journal_since(seeded)
        .entries
        .iter()
        .map(|entry| format!("{} {} -> {:?}", entry.method, entry.path, entry.status))
        .collect();
    println!("{}", asked.join("\n"));
    assert!(
        asked.first().is_some_and(|first| first.ends_with("-> None")),
        "the first was cut: {asked:?}"
    );
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn Error>> {
    main()
}
