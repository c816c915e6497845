//! Which rules name which part of a load balancer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::balancer::rule;
use crate::body;
use crate::network::parts;
use crate::state::State;
use crate::state::record::{Body, Record};

/// Who names a part of a balancer: by the part's id in lower case and the users' list.
#[derive(Debug, Default)]
pub(crate) struct Users(BTreeMap<String, BTreeMap<&'static str, Vec<Value>>>);

impl Users {
    /// Who names the part with this key: references, by the lists that the users are in.
    pub(crate) fn of(&self, key: &str) -> impl Iterator<Item = (&'static str, &Vec<Value>)> {
        let lists = self.0.get(key).into_iter().flatten();
        lists.map(|(list, users)| (*list, users))
    }

    fn note(&mut self, list: &'static str, id: &str, part: &Value) {
        for (named, _) in rule::named(part) {
            self.0
                .entry(named.to_ascii_lowercase())
                .or_default()
                .entry(list)
                .or_default()
                .push(json!({"id": id}));
        }
    }
}

/// The users of the balancer that was looked at last: a balancer with many pools is shown by looking at it once, not once for
/// each pool.
#[derive(Debug, Default)]
pub(crate) struct LastUsers(Mutex<Option<Seen>>);

#[derive(Debug)]
struct Seen {
    revision: u64,
    balancer: String,
    body: Body,
    users: Arc<Users>,
}

/// A copy looks for itself: its state goes its own way.
impl Clone for LastUsers {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Who names which part of a balancer that is stored.
pub(crate) fn users_of(state: &State, balancer: &Record) -> Arc<Users> {
    let revision = state.revision();
    let mut last = state.last_users.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(seen) = &*last
        && seen.revision == revision
        && seen.balancer == balancer.id
        && seen.body.is_same(&balancer.body)
    {
        return seen.users.clone();
    }
    let users = Arc::new(look(state, balancer));
    *last = Some(Seen {
        revision,
        balancer: balancer.id.clone(),
        body: balancer.body.clone(),
        users: users.clone(),
    });
    users
}

fn look(state: &State, balancer: &Record) -> Users {
    let mut users = Users::default();
    for list in ["loadBalancingRules", "outboundRules", "inboundNatPools"] {
        for part in parts::parts(balancer, list) {
            let name = body::text(part, "name").unwrap_or_default();
            users.note(list, &format!("{}/{list}/{name}", balancer.id), part);
        }
    }
    for rule in state.collection(&format!("{}/inboundnatrules", balancer.key())) {
        users.note("inboundNatRules", &rule.id, &rule.body);
    }
    users
}
