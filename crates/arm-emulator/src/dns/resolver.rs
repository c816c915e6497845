//! The way from a name to its records: linked zones first, then the Internet, again for every alias on the way.

use crate::dns::public::{self, Public};
use crate::dns::zone::{Found, Zone};
use crate::dns::{Answer, AnswerRecord, Rcode, RecordData, RecordType, normal};
use crate::state::State;

/// How many aliases are followed.
const ALIASES: usize = 16;

/// What Azure's resolver answers to a client in a network. Depends on nothing but the state.
pub(crate) fn resolve(state: &State, network_key: &str, name: &str, record_type: RecordType) -> Answer {
    let mut answers: Vec<AnswerRecord> = Vec::new();
    let rcode = match normal(name) {
        Some(name) => follow(state, network_key, name, record_type, &mut answers),
        None => Rcode::NxDomain,
    };
    Answer { rcode, answers }
}

fn follow(
    state: &State,
    network_key: &str,
    name: String,
    record_type: RecordType,
    answers: &mut Vec<AnswerRecord>,
) -> Rcode {
    let mut name = name;
    for _ in 0..=ALIASES {
        let (ttl, records) = match step(state, network_key, &name, record_type) {
            Found::Records(ttl, records) => (ttl, records),
            Found::NoData => return Rcode::NoError,
            Found::Missing => return Rcode::NxDomain,
        };
        let alias = match records.first() {
            Some(RecordData::Cname(alias)) if record_type != RecordType::Cname => Some(alias.clone()),
            _ => None,
        };
        answers.extend(records.into_iter().map(|data| AnswerRecord {
            name: name.clone(),
            ttl,
            data,
        }));
        match alias {
            None => return Rcode::NoError,
            Some(alias) if answers.iter().any(|known| known.name == alias) => return Rcode::ServFail,
            Some(alias) => name = alias,
        }
    }
    Rcode::ServFail
}

fn step(state: &State, network_key: &str, name: &str, record_type: RecordType) -> Found {
    match Zone::of(state, network_key, name) {
        None => on_the_internet(state, name, record_type),
        Some(zone) => match zone.lookup(name, record_type) {
            Found::Missing if zone.redirects => on_the_internet(state, name, record_type),
            found => found,
        },
    }
}

fn on_the_internet(state: &State, name: &str, record_type: RecordType) -> Found {
    match public::lookup(state, name) {
        Public::Alias(alias) => Found::Records(public::TTL, vec![RecordData::Cname(alias)]),
        Public::Address(address) if record_type == RecordType::A => {
            Found::Records(public::TTL, vec![RecordData::A(address)])
        }
        Public::Address(_) => Found::NoData,
        Public::Missing => Found::Missing,
    }
}
