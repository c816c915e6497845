//! Others who write to Azure between two calls of the controller, and stop after a while.

use std::time::Duration;

use privatelink_arm_emulator::Emulator;
use privatelink_arm_emulator::change::Change;
use serde_json::{Value, json};

use super::judge::Judge;
use super::stories::{BLOB, existing_body, group_id, zone_group};
use super::world::{endpoint_id, zone_id};

/// After this time they take back what would keep us from our end.
const STAY: Duration = Duration::from_secs(200);

/// Who writes, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreigner {
    /// Changes a tag of ours, and the address of a record.
    Person,
    /// Puts a zone group of its own on the endpoint.
    AzurePolicy,
    /// Puts a tag of its own on the endpoint and on the zone.
    Controller,
    /// A second endpoint of the same target, whose names are in the same zone.
    Endpoint,
}

impl Foreigner {
    pub const ALL: [(&'static str, Foreigner); 4] = [
        ("person", Foreigner::Person),
        ("azure-policy", Foreigner::AzurePolicy),
        ("other-controller", Foreigner::Controller),
        ("second-endpoint", Foreigner::Endpoint),
    ];
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
        let zone = zone_id(BLOB);
        match foreigner {
            Foreigner::Person => {
                let record = json!({"properties": {"aRecords": [{"ipv4Address": "10.9.9.9"}]}});
                self.patch(&format!("{zone}/A/orders"), record);
                self.patch(&endpoint_id("one"), json!({"tags": {"team": "somebody else"}}));
            }
            Foreigner::AzurePolicy => {
                let id = group_id("one", "deployedByPolicy");
                self.put(&id, zone_group());
                self.later(move |outside| outside.delete(&id));
            }
            Foreigner::Controller => {
                for id in [endpoint_id("one"), zone] {
                    self.patch(&id, json!({"tags": {"theirs": "stays"}}));
                    self.later(move |outside| {
                        outside.judge.let_go(&id, "/tags/theirs");
                        outside.patch(&id, json!({"tags": {"theirs": null}}));
                    });
                }
            }
            Foreigner::Endpoint => {
                let id = endpoint_id("rival");
                self.put(&id, existing_body("rival", json!({})));
                self.judge.protect(&id);
                // Azure makes an endpoint in a few seconds, and takes a group then.
                let outside = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(30)).await;
                    outside.put(&group_id("rival", "theirs"), zone_group());
                });
                self.later(move |outside| outside.delete(&id));
            }
        }
    }

    fn later(&self, act: impl FnOnce(&Outside) + Send + 'static) {
        let outside = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(STAY).await;
            act(&outside);
        });
    }

    fn put(&self, id: &str, body: Value) {
        self.judge.foreign_change(id, &Value::Null);
        if let Err(error) = self.emulator.put(id, &body) {
            self.judge.note(format!("{id}: {error}"));
        }
    }

    fn patch(&self, id: &str, patch: Value) {
        if self.emulator.resource(id).is_none() {
            return;
        }
        self.judge.foreign_change(id, &patch);
        self.change(Change {
            id: id.to_owned(),
            patch: Some(patch),
            ..Change::default()
        });
    }

    fn delete(&self, id: &str) {
        self.judge.foreign_deletion(id);
        self.change(Change {
            id: id.to_owned(),
            delete: true,
            ..Change::default()
        });
    }

    fn change(&self, change: Change) {
        if let Err(error) = self.emulator.change(change.clone()) {
            self.judge.note(format!("{change:?}: {error}"));
        }
    }
}
