//! The situations of all kinds, and how each comes about.

mod failing;
mod names;
mod ordinary;
mod refused;
mod scopes;

use std::time::Duration;

use privatelink_testkit::scenario::{GROUP, dns_object};
use serde_json::{Value, json};

use crate::play::Situation;

const SECOND: Duration = Duration::from_secs(1);
const BLOB: &str = "privatelink.blob.core.windows.net";

/// Kinds with a resource of their own.
const OWNERS: &[&str] = &["pe", "pdz", "pdl", "pdr", "nsg", "asg", "rt"];
/// Kinds that write to Azure.
const WRITERS: &[&str] = &["pe", "pdz", "pdl", "pdr", "nsg", "asg", "rt", "snb"];
const NAMESPACED: &[&str] = &["pe", "pdz", "pdl", "pdr", "nsg", "asg", "rt", "snb", "asgb"];
const ALL: &[&str] = &[
    "pe", "pdz", "pdl", "pdr", "nsg", "asg", "rt", "snb", "asgb", "azs",
];

macro_rules! situation {
    ($name:literal, $reason:literal, $kinds:expr, |$world:ident, $subject:ident, $object:ident| $body:block) => {
        Situation {
            name: $name,
            reason: $reason,
            kinds: $kinds,
            play: |$world, $subject, $object| async move $body.boxed(),
        }
    };
}

fn network() -> String {
    format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet")
}

fn link(name: &str, zone: Value, network: &str) -> Value {
    dns_object(
        "PrivateDnsZoneLink",
        name,
        json!({"zone": zone, "virtualNetwork": {"id": network}}),
    )
}

fn dns(dns: Value) -> Value {
    json!({"spec": {"dns": dns}})
}

fn manual() -> Value {
    json!({"spec": {"target": {"approval": "Manual", "requestMessage": "orders team"}}})
}

/// All of them.
pub fn situations() -> Vec<Situation> {
    let mut all = ordinary::ordinary();
    all.extend(failing::failing());
    all.extend(refused::refused());
    all.extend(names::names());
    all.extend(scopes::scopes());
    all
}

use situation;
