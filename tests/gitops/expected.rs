//! What every judge has to say of an object, by the promises of its status alone.

use std::collections::BTreeSet;

use privatelink_api::Reason;
use serde_json::Value;

/// What the judges should say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    pub kstatus: &'static str,
    pub argo: &'static str,
    /// What the health script alone says: of an object under deletion, Argo CD before 3.6 does not ask it.
    pub script: &'static str,
}

pub const HEALTHY: Sight = Sight::alike("Current", "Healthy");
pub const PROGRESSING: Sight = Sight::alike("InProgress", "Progressing");
pub const DEGRADED: Sight = Sight::alike("Failed", "Degraded");

impl Sight {
    const fn alike(kstatus: &'static str, argo: &'static str) -> Self {
        Self {
            kstatus,
            argo,
            script: argo,
        }
    }

    /// The same of an object under deletion.
    pub fn under_deletion(self) -> Self {
        Self {
            kstatus: "Terminating",
            argo: "Progressing",
            script: if self.argo == "Healthy" {
                "Progressing"
            } else {
                self.argo
            },
        }
    }

    /// The same of an object that is paused and says so. That a user must act stays what it is; whatever else there is,
    /// nothing happens to it.
    pub fn paused(self) -> Self {
        match self.argo {
            "Degraded" => self,
            _ => Self {
                argo: "Suspended",
                script: "Suspended",
                ..self
            },
        }
    }
}

/// What should be seen of an object.
pub fn sight(object: &Value) -> Sight {
    let generation = &object["metadata"]["generation"];
    let seen = object["status"]["observedGeneration"] == *generation;
    let holds = |name: &str| {
        condition(object, name).is_some_and(|condition| {
            seen && condition["status"] == "True" && condition["observedGeneration"] == *generation
        })
    };
    let mut sight = match (holds("Stalled"), holds("Ready")) {
        (true, _) => DEGRADED,
        (false, true) => HEALTHY,
        (false, false) => PROGRESSING,
    };
    let annotation = &object["metadata"]["annotations"]["privatelink.dev/paused"];
    if annotation == "true" && condition(object, "Ready").is_some_and(|ready| ready["reason"] == "Paused") {
        sight = sight.paused();
    }
    if object["metadata"]["deletionTimestamp"].is_string() {
        sight = sight.under_deletion();
    }
    sight
}

/// What is wrong with an object's conditions whoever judges them.
pub fn malformed(object: &Value) -> Option<&'static str> {
    let status_of = |name: &str| {
        condition(object, name).map(|condition| condition["status"].as_str().unwrap_or_default().to_owned())
    };
    let reasons: BTreeSet<&str> = Reason::ALL.iter().map(Reason::as_str).collect();
    let (reconciling, stalled) = (status_of("Reconciling"), status_of("Stalled"));
    let Some(ready) = status_of("Ready") else {
        return Some("there is no Ready");
    };
    let known = |condition: &Value| reasons.contains(condition["reason"].as_str().unwrap_or_default());
    if !conditions(object).iter().all(known) {
        return Some("a reason is not in the closed list");
    }
    if [&reconciling, &stalled]
        .into_iter()
        .flatten()
        .any(|status| status != "True")
    {
        return Some("Reconciling and Stalled stand only while True");
    }
    if reconciling.is_some() && stalled.is_some() {
        return Some("it is Reconciling and Stalled");
    }
    if ready == "True" && (reconciling.is_some() || stalled.is_some()) {
        return Some("it is Ready and not");
    }
    if ready == "False" && reconciling.is_none() && stalled.is_none() {
        return Some("it is not Ready, and neither Reconciling nor Stalled");
    }
    None
}

fn conditions(object: &Value) -> Vec<Value> {
    object["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

fn condition(object: &Value, name: &str) -> Option<Value> {
    conditions(object)
        .into_iter()
        .find(|condition| condition["type"] == name)
}

/// All that a judge goes by, in one line: two objects with the same line are one state.
pub fn shown(object: &Value) -> String {
    let generation = &object["metadata"]["generation"];
    let of_now = |observed: &Value| match observed {
        Value::Null => "of none",
        observed if observed == generation => "of now",
        _ => "of earlier",
    };
    let mut words: Vec<String> = conditions(object)
        .iter()
        .map(|condition| {
            let text = |field: &str| condition[field].as_str().unwrap_or_default();
            format!(
                "{}={}/{} {}",
                text("type"),
                text("status"),
                text("reason"),
                of_now(&condition["observedGeneration"])
            )
        })
        .collect();
    words.sort();
    let deleting = if object["metadata"]["deletionTimestamp"].is_string() {
        ", deleting"
    } else {
        ""
    };
    let annotation = &object["metadata"]["annotations"]["privatelink.dev/paused"];
    let paused = if annotation == "true" { ", paused" } else { "" };
    format!(
        "{} (status {}{deleting}{paused}): {}",
        object["kind"].as_str().unwrap_or_default(),
        of_now(&object["status"]["observedGeneration"]),
        words.join(", ")
    )
}

/// One object for each state, with what should be seen of it; states that are malformed are told beside.
pub fn states(objects: impl IntoIterator<Item = Value>) -> (Vec<(Value, Sight)>, Vec<String>) {
    let mut known = BTreeSet::new();
    let (mut states, mut malformed_ones) = (Vec::new(), Vec::new());
    for object in objects {
        let shown = shown(&object);
        if known.insert(shown.clone()) {
            malformed_ones.extend(malformed(&object).map(|what| format!("{what}: {shown}")));
            let sight = sight(&object);
            states.push((object, sight));
        }
    }
    (states, malformed_ones)
}
