//! Others who write to Azure between two calls of the controller, and stop after a while.

use std::time::Duration;

use privatelink_arm_emulator::Emulator;
use privatelink_arm_emulator::change::Change;
use serde_json::{Value, json};

use super::judge::Judge;
use super::manifests::{endpoint_id, subnet_id, zone_id};
use super::stories::{BLOB, existing_body, group_id, zone_group};

const INTERNAL: &str = "orders.internal";
/// The address of the second endpoint, which leaves the next free one to others.
const RIVAL: &str = "10.1.9.9";
/// Where the record of both endpoints has its address.
const ADDRESS: &str = "/properties/aRecords/0/ipv4Address";
/// Something of a subnet that Azure knows and we do not, with anything in it.
const GATEWAYS: &str = "applicationGatewayIPConfigurations";
/// After this time they take back what would keep us from our end.
const STAY: Duration = Duration::from_secs(200);

/// Who writes, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreigner {
    /// Changes what is ours: a tag, the address and the time to live of records. Where the record is not there yet, makes
    /// one of its own.
    Person,
    /// Puts a zone group of its own on the endpoint.
    AzurePolicy,
    /// Puts tags of its own on what is ours, and a record of its own into the zones.
    Controller,
    /// A second endpoint of the same target, whose names are in the same zone.
    Endpoint,
    /// Writes the endpoints' subnet whole, as its own files have it: without what we set, and with what nobody has heard of.
    Terraform,
    /// Changes a little of the subnet: a policy of ours, and a property of its own.
    Portal,
}

impl Foreigner {
    /// Those who write where names are kept.
    pub const OF_NAMES: &[(&'static str, Foreigner)] = &[
        ("person", Foreigner::Person),
        ("azure-policy", Foreigner::AzurePolicy),
        ("other-controller", Foreigner::Controller),
        ("second-endpoint", Foreigner::Endpoint),
    ];
    /// Those who write to subnets.
    pub const OF_SUBNETS: &[(&'static str, Foreigner)] =
        &[("terraform", Foreigner::Terraform), ("portal", Foreigner::Portal)];
}

/// The part of a world that others reach.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) emulator: Emulator,
    pub(crate) judge: Judge,
}

impl Outside {
    /// Acts now, and takes it back later where it would stay in our way. What is not there yet is nobody's loss.
    pub(crate) fn act(&self, foreigner: Foreigner) {
        let zones = [zone_id(BLOB), zone_id(INTERNAL)];
        match foreigner {
            Foreigner::Person => {
                let changed =
                    |ttl| json!({"properties": {"ttl": ttl, "aRecords": [{"ipv4Address": "10.9.9.9"}]}});
                if self.emulator.resource(&record()).is_some() {
                    self.patch(&record(), changed(10));
                } else {
                    // At the endpoint's name, before Azure wrote anything for it.
                    self.put(&record(), changed(77));
                    self.hold_to("10.9.9.9", Duration::from_secs(30));
                    self.later(|outside| {
                        outside.judge.let_go(&record(), ADDRESS);
                        if outside.address().as_deref() == Some("10.9.9.9") {
                            outside.delete(&record());
                        }
                    });
                }
                self.patch(&format!("{}/A/www", zone_id(INTERNAL)), changed(5));
                self.patch(&endpoint_id("one"), json!({"tags": {"team": "somebody else"}}));
            }
            Foreigner::Terraform => {
                let id = subnet_id("endpoints");
                let gateways = json!([{"name": "gateway", "etag": "theirs", "recordSets": 1}, null]);
                let path = format!("/properties/{GATEWAYS}");
                let taken = self.patch(
                    &id,
                    json!({"properties": {
                        "networkSecurityGroup": null, "routeTable": null,
                        "serviceEndpoints": [{"service": "Microsoft.Sql"}],
                        GATEWAYS: gateways,
                    }}),
                );
                if !taken {
                    return;
                }
                self.judge.keep(&id, &path, gateways);
                self.later(move |outside| {
                    outside.judge.let_go(&id, &path);
                    outside.without_service(&id, "Microsoft.Sql");
                    outside.patch(&id, json!({"properties": {GATEWAYS: null}}));
                });
            }
            Foreigner::Portal => {
                let id = subnet_id("endpoints");
                let policies = "privateEndpointNetworkPolicies";
                let mut patch = json!({"properties": {"defaultOutboundAccess": false}});
                let subnet = self.emulator.resource(&id).unwrap_or_default();
                if subnet.pointer(&format!("/properties/{policies}")) != Some(&json!("Disabled")) {
                    super::manifests::merge(
                        &mut patch,
                        &json!({"properties": {policies: "RouteTableEnabled"}}),
                    );
                }
                if !self.patch(&id, patch) {
                    return;
                }
                self.judge
                    .keep(&id, "/properties/defaultOutboundAccess", json!(false));
                self.later(move |outside| {
                    outside.judge.let_go(&id, "/properties/defaultOutboundAccess");
                    let policies = "privateEndpointNetworkPolicies";
                    let mut patch = json!({"properties": {"defaultOutboundAccess": null}});
                    let subnet = outside.emulator.resource(&id).unwrap_or_default();
                    if subnet.pointer(&format!("/properties/{policies}")) == Some(&json!("RouteTableEnabled"))
                    {
                        super::manifests::merge(&mut patch, &json!({"properties": {policies: "Disabled"}}));
                    }
                    outside.patch(&id, patch);
                });
            }
            Foreigner::AzurePolicy => {
                let id = group_id("one", "deployedByPolicy");
                self.put(&id, zone_group());
                self.judge.protect(&id);
                self.later(move |outside| outside.delete(&id));
            }
            Foreigner::Controller => {
                let links = zones.iter().map(|zone| format!("{zone}/virtualNetworkLinks/net"));
                for id in zones.iter().cloned().chain(links).chain([endpoint_id("one")]) {
                    self.patch(&id, json!({"tags": {"theirs": "stays"}}));
                    self.later(move |outside| {
                        outside.judge.let_go(&id, "/tags/theirs");
                        outside.patch(&id, json!({"tags": {"theirs": null}}));
                    });
                }
                for zone in zones {
                    let id = format!("{zone}/TXT/theirs");
                    self.put(
                        &id,
                        json!({"properties": {"ttl": 77, "txtRecords": [{"value": ["stays"]}]}}),
                    );
                    self.judge.protect(&id);
                    self.later(move |outside| outside.delete(&id));
                }
            }
            Foreigner::Endpoint => {
                let id = endpoint_id("rival");
                self.put(&id, rival());
                self.judge.protect(&id);
                // Azure makes an endpoint in a few seconds, and takes a group then.
                let outside = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(30)).await;
                    // What others do to one another is theirs.
                    outside.judge.let_go(&record(), ADDRESS);
                    outside.put(&group_id("rival", "theirs"), zone_group());
                    outside.judge.protect(&group_id("rival", "theirs"));
                    outside.hold_to(RIVAL, Duration::from_secs(10));
                });
                self.later(move |outside| {
                    outside.judge.let_go(&record(), ADDRESS);
                    outside.delete(&id);
                });
            }
        }
    }

    /// Takes a service endpoint out of a subnet.
    fn without_service(&self, id: &str, service: &str) {
        let list = self.emulator.resource(id).unwrap_or_default();
        let list = list
            .pointer("/properties/serviceEndpoints")
            .and_then(Value::as_array);
        let mut list = list.cloned().unwrap_or_default();
        list.retain(|element| element.get("service") != Some(&json!(service)));
        self.patch(id, json!({"properties": {"serviceEndpoints": list}}));
    }

    fn address(&self) -> Option<String> {
        let record = self.emulator.resource(&record())?;
        record.pointer(ADDRESS)?.as_str().map(str::to_owned)
    }

    /// From then on the record's address is to stay, if it is there by then. Azure takes no condition on the records of a
    /// zone group: what somebody writes between our look and the end of Azure's
    /// operation is lost, as between any two clients.
    fn hold_to(&self, address: &'static str, after: Duration) {
        let outside = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            if outside.address().as_deref() == Some(address) {
                outside.judge.keep(&record(), ADDRESS, json!(address));
            }
        });
    }

    fn later(&self, act: impl FnOnce(&Outside) + Send + 'static) {
        let outside = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(STAY).await;
            act(&outside);
        });
    }

    /// Makes or replaces a resource. In a run with faults what it needs may not be there yet: then it stays away.
    pub(crate) fn put(&self, id: &str, body: Value) {
        self.judge.foreign_change(id, &Value::Null);
        if let Err(error) = self.emulator.put(id, &body) {
            self.judge.note(format!("{id}: {error}"));
        }
    }

    /// Changes what is there by a merge patch. Whether Azure took it.
    pub(crate) fn patch(&self, id: &str, patch: Value) -> bool {
        let change = Change {
            id: id.to_owned(),
            patch: Some(patch.clone()),
            ..Change::default()
        };
        // What Azure refused is not there to stay.
        let taken = self.change(change);
        self.judge
            .foreign_change(id, if taken { &patch } else { &Value::Null });
        taken
    }

    pub(crate) fn delete(&self, id: &str) {
        self.judge.foreign_deletion(id);
        self.change(Change {
            id: id.to_owned(),
            delete: true,
            ..Change::default()
        });
    }

    /// Whether it was done. In a run with faults the resource may not be there yet: the story goes on.
    pub(crate) fn change(&self, change: Change) -> bool {
        let done = self.emulator.change(change.clone());
        if let Err(error) = &done {
            self.judge.note(format!("{change:?}: {error}"));
        }
        done.is_ok()
    }
}

/// The record of every endpoint of the target.
fn record() -> String {
    format!("{}/A/orders", zone_id(BLOB))
}

/// Another endpoint of the same target.
fn rival() -> Value {
    let mut body = existing_body("rival", json!({}));
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(
            "ipConfigurations".to_owned(),
            json!([{"name": "blob", "properties": {
                "groupId": "blob", "memberName": "blob", "privateIPAddress": RIVAL,
            }}]),
        );
    }
    body
}
