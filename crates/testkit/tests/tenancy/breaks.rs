//! Deliberate breaks, each as a controller would behave that understood what is written in another way than it is meant.

use serde_json::{Value, json};

use crate::estate::{NAMESPACE, OTHERS};
use crate::play::IDENTITY;

/// A deliberate break, as if the controller understood a scope, or an object of others, in another way than it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    None,
    /// `on` is for every id that begins with the same characters.
    PrefixByCharacters,
    /// Whatever an entry's verbs are, it allows everything.
    AnyVerb,
    /// An entry is for its whole resource group.
    WholeGroup,
    /// An entry lets others' things be read in its resource group.
    ReadsAround,
    AnyRecord,
    AnyZoneName,
    /// A service alias is for every alias that begins with it.
    AliasBeginnings,
    /// Scopes that change are not looked at again.
    LateNarrowing,
    /// Objects of others may be referred to by everybody.
    AdmitsEverybody,
    /// A scope of others is for everybody.
    EveryNamespace,
    /// The token of another scope's identity.
    AnotherToken,
}

pub const BREAKS: [Break; 11] = [
    Break::PrefixByCharacters,
    Break::AnyVerb,
    Break::WholeGroup,
    Break::ReadsAround,
    Break::AnyRecord,
    Break::AnyZoneName,
    Break::AliasBeginnings,
    Break::LateNarrowing,
    Break::AdmitsEverybody,
    Break::EveryNamespace,
    Break::AnotherToken,
];

/// An identity of a scope's own.
pub fn identity(scope: &str) -> Value {
    json!({"type": "ManagedIdentity", "clientId": format!("{IDENTITY}{scope}")})
}

/// A scope as the controller sees it.
pub fn as_seen(scope: &Value, broken: Break) -> Value {
    let mut seen = scope.clone();
    let others = scope["metadata"]["name"] == "others";
    let entries = scope["spec"]["allow"].as_array().cloned().unwrap_or_default();
    let text = |entry: &Value| entry["on"].as_str().unwrap_or_default().to_owned();
    let group = |entry: &Value| text(entry).split('/').take(5).collect::<Vec<_>>().join("/");
    let mut allow = entries.clone();
    match broken {
        Break::PrefixByCharacters => {
            for entry in &entries {
                for more in ["b", "-2", "2"] {
                    let mut longer = entry.clone();
                    longer["on"] = json!(format!("{}{more}", text(entry)));
                    allow.push(longer);
                }
            }
        }
        Break::AnyVerb => allow.iter_mut().for_each(|entry| {
            entry["verbs"] = json!([
                "Manage",
                "Use",
                "Join",
                "Bind",
                "Connect",
                "AutoApprove",
                "Link",
                "LinkZones",
                "WriteRecords"
            ]);
        }),
        Break::WholeGroup => allow
            .iter_mut()
            .for_each(|entry| entry["on"] = json!(group(entry))),
        Break::ReadsAround => {
            let around = entries
                .iter()
                .map(|entry| json!({"on": group(entry), "verbs": ["Approve"]}));
            allow.extend(around.collect::<Vec<_>>());
        }
        Break::AnyRecord => allow
            .iter_mut()
            .for_each(|entry| entry["recordNames"] = json!(["*", "@", "*.orders"])),
        Break::AnyZoneName => seen["spec"]["zoneNames"] = json!(["*"]),
        Break::AliasBeginnings => seen["spec"]["serviceAliases"] = json!(crate::words::ALIASES),
        Break::AnotherToken if !others => seen["spec"]["identity"] = identity("others"),
        Break::EveryNamespace if others => {
            seen["spec"]["namespaces"] = json!([OTHERS[0], OTHERS[1], NAMESPACE])
        }
        _ => {}
    }
    seen["spec"]["allow"] = json!(allow);
    seen
}
