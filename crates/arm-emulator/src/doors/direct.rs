//! What a test reads and does without sending requests: resources as they are, and changes in someone else's name.

use serde_json::Value;

use crate::Emulator;
use crate::doors::change::{Change, ChangeError, ConnectionChange, ConnectionStatus, MemberChange};
use crate::operations::completion;
use crate::request::answer;
use crate::resources::groups;
use crate::state::Subscription;
use crate::state::record::Writers;

impl Emulator {
    /// A resource as a GET would answer it; `None` when there is none.
    pub fn resource(&self, id: &str) -> Option<Value> {
        let now = self.now();
        self.with(|inner, _| {
            completion::settle(&mut inner.state, now);
            let record = inner.state.get(&id.to_ascii_lowercase())?;
            Some(if record.id.contains("/providers/") {
                answer::render(&inner.state, record)
            } else {
                groups::shown_group(record)
            })
        })
    }

    /// Whether an operation on the resource itself runs. What it shows may be the state of another: a subnet is `Updating` with
    /// those beside it.
    pub fn is_written(&self, id: &str) -> bool {
        let now = self.now();
        self.with(|inner, _| {
            completion::settle(&mut inner.state, now);
            let record = inner.state.get(&id.to_ascii_lowercase());
            record.is_some_and(|record| record.operation.is_some())
        })
    }

    /// Who wrote a resource: principals' names, and for each part of the body who changed it last.
    pub fn writers(&self, id: &str) -> Option<Writers> {
        self.with(|inner, _| {
            inner
                .state
                .get(&id.to_ascii_lowercase())
                .map(|record| record.writers.whole(&record.body))
        })
    }

    /// The ids of all resources and groups, in the order of their lower-cased ids.
    pub fn resource_ids(&self) -> Vec<String> {
        let now = self.now();
        self.with(|inner, _| {
            completion::settle(&mut inner.state, now);
            inner.state.records().map(|record| record.id.clone()).collect()
        })
    }

    /// Everything in which the store disagrees with itself, in words: indexes and records, both ends of a reference, addresses
    /// and their subnets. Nothing, whatever was asked of it before.
    pub fn audit(&self) -> Vec<String> {
        let now = self.now();
        self.with(|inner, _| {
            completion::settle(&mut inner.state, now);
            inner.state.disagreements()
        })
    }

    /// The types that have a table of their own, and the methods of their resources.
    pub fn modelled_types() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        crate::types::rows().map(|row| (row.name, row.methods))
    }

    /// Changes a resource in someone else's name: `mutate` gets what a GET answers, the result is put.
    ///
    /// # Errors
    /// ARM's code and message when the resource is not there or the change is refused.
    pub fn put_as_someone_else(&self, id: &str, mutate: impl FnOnce(&mut Value)) -> Result<(), ChangeError> {
        let mut body = self
            .resource(id)
            .unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        mutate(&mut body);
        self.put(id, &body)
    }

    /// Deletes a resource in someone else's name.
    ///
    /// # Errors
    /// ARM's code and message.
    pub fn delete_as_someone_else(&self, id: &str) -> Result<(), ChangeError> {
        self.change(Change {
            id: id.to_owned(),
            delete: true,
            ..Change::default()
        })
    }

    /// Approves the connection of a private endpoint (or the connection with this id) as its target's owner does.
    ///
    /// # Errors
    /// ARM's code and message.
    pub fn approve(&self, id: &str, description: &str) -> Result<(), ChangeError> {
        self.decide(id, ConnectionStatus::Approved, description)
    }

    /// Rejects it.
    ///
    /// # Errors
    /// ARM's code and message.
    pub fn reject(&self, id: &str, description: &str) -> Result<(), ChangeError> {
        self.decide(id, ConnectionStatus::Rejected, description)
    }

    /// Takes the connection away on the target: the endpoint is disconnected for good.
    ///
    /// # Errors
    /// ARM's code and message.
    pub fn disconnect(&self, id: &str) -> Result<(), ChangeError> {
        self.decide(id, ConnectionStatus::Disconnected, "")
    }

    fn decide(&self, id: &str, status: ConnectionStatus, description: &str) -> Result<(), ChangeError> {
        let connection = Some(ConnectionChange {
            status,
            description: Some(description.to_owned()),
        });
        self.change(Change {
            id: id.to_owned(),
            connection,
            ..Change::default()
        })
    }

    /// Adds a member to a target's group, as Azure does when a registry or account gets another region: every endpoint on
    /// the group gets one more address.
    ///
    /// # Errors
    /// When the target is not there.
    pub fn add_member(
        &self,
        target: &str,
        group_id: &str,
        member: &str,
        fqdn: &str,
    ) -> Result<(), ChangeError> {
        let add_member = Some(MemberChange {
            group_id: group_id.to_owned(),
            member: member.to_owned(),
            fqdn: fqdn.to_owned(),
        });
        self.change(Change {
            id: target.to_owned(),
            add_member,
            ..Change::default()
        })
    }

    /// Makes a subscription exist, with its name and what is registered in it.
    pub fn provide_subscription(&self, subscription: Subscription) {
        self.with(|inner, _| {
            inner
                .state
                .subscriptions
                .insert(subscription.id.to_ascii_lowercase(), subscription);
        });
    }

    /// From now on only the subscriptions exist that were provided.
    pub fn close_subscriptions(&self) {
        self.with(|inner, _| inner.state.open_subscriptions = false);
    }
}
