//! What a kind's passes may do in Azure: which actions they need, on what, and which verb of a scope stands for each.
//!
//! Owns the form in which kinds say so. From it the roles are made that users assign; nothing here asks Azure what it allows.

use privatelink_api::Verb;
use privatelink_arm::model::ResourceModel;

/// One action that the controller's identity has to be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// As role definitions spell it, for instance `Microsoft.Network/privateEndpoints/read`.
    pub action: String,
    /// The verb of a scope without which it is not asked for; none where any entry of the scope implies it.
    pub verb: Option<Verb>,
    /// What it is needed on, in words.
    pub on: &'static str,
    /// What it is for, in words.
    pub purpose: &'static str,
}

impl Right {
    /// A right that a verb of the scope stands for.
    pub fn by(verb: Verb, action: impl Into<String>, on: &'static str, purpose: &'static str) -> Self {
        Right {
            action: action.into(),
            verb: Some(verb),
            on,
            purpose,
        }
    }

    /// A read of what belongs to somebody else, which any entry of a scope at, above or below it implies.
    pub fn reading(action: impl Into<String>, on: &'static str, purpose: &'static str) -> Self {
        Right {
            action: action.into(),
            verb: None,
            on,
            purpose,
        }
    }

    /// The rights on resources that objects make, change and delete.
    pub fn keeping(verb: Verb, model: &ResourceModel, on: &'static str) -> Vec<Self> {
        let mut rights = Right::changing(verb, model, on);
        rights.push(Right::by(verb, model.delete_action(), on, "take it away"));
        rights
    }

    /// The rights on resources that objects change and never make or delete.
    pub fn changing(verb: Verb, model: &ResourceModel, on: &'static str) -> Vec<Self> {
        let mut rights = vec![
            Right::by(verb, model.read_action(), on, "see whether it is as wanted"),
            Right::by(verb, model.write_action(), on, "make it as wanted"),
        ];
        rights.extend(model.operations.map(|action| {
            let on = if action == privatelink_arm::model::NETWORK_OPERATIONS {
                "the subscription: Azure asks for it there, whatever the resource group"
            } else {
                "the zone's resource group"
            };
            Right::reading(action, on, "learn how a write ended, and why it failed")
        }));
        rights
    }
}
