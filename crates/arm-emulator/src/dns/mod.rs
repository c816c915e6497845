//! Names as a virtual network sees them: the answers of Azure's resolver (168.63.129.16) to a client in the network.
//!
//! The zones that are linked to the network come first, then what the Internet knows: the public names of the targets that
//! exist. Nothing else has a name.

mod data;
pub(crate) mod index;
mod listen;
mod message;
mod public;
mod resolver;
mod zone;

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

pub use data::RecordData;
pub(crate) use listen::is_network;
pub use listen::{Listen, Listener};
pub use message::{Transport, respond};

use crate::private_dns::names::is_label;
use crate::{Emulator, completion};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    A,
    Aaaa,
    Cname,
    Mx,
    Ptr,
    Soa,
    Srv,
    Txt,
    /// A type of which no zone has records: only whether the name exists can be told.
    Other,
}

const TYPE_NAMES: [(RecordType, &str); 8] = [
    (RecordType::A, "A"),
    (RecordType::Aaaa, "AAAA"),
    (RecordType::Cname, "CNAME"),
    (RecordType::Mx, "MX"),
    (RecordType::Ptr, "PTR"),
    (RecordType::Soa, "SOA"),
    (RecordType::Srv, "SRV"),
    (RecordType::Txt, "TXT"),
];

impl RecordType {
    /// The types of which a private DNS zone has records.
    pub(crate) fn all() -> impl Iterator<Item = RecordType> {
        TYPE_NAMES.into_iter().map(|(record_type, _)| record_type)
    }

    /// The name of the type as zone files have it.
    pub fn name(self) -> &'static str {
        TYPE_NAMES
            .iter()
            .find(|(known, _)| *known == self)
            .map_or("other", |(_, name)| name)
    }
}

/// A record type that the resolver does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is none of A, AAAA, CNAME, MX, PTR, SOA, SRV and TXT")]
pub struct UnknownType(String);

impl FromStr for RecordType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        TYPE_NAMES
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(text))
            .map(|(record_type, _)| *record_type)
            .ok_or_else(|| UnknownType(text.to_owned()))
    }
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Rcode {
    NoError,
    NxDomain,
    /// The aliases go round in a circle, or never end.
    ServFail,
}

/// The resolver's answer: the aliases on the way, then what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    pub rcode: Rcode,
    pub answers: Vec<AnswerRecord>,
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRecord {
    /// In lower case, without a dot at its end.
    pub name: String,
    pub ttl: u32,
    pub data: RecordData,
}

impl Serialize for AnswerRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            name: &'a str,
            #[serde(rename = "type")]
            record_type: &'static str,
            ttl: u32,
            data: String,
        }
        Shown {
            name: &self.name,
            record_type: self.data.record_type().name(),
            ttl: self.ttl,
            data: self.data.to_string(),
        }
        .serialize(serializer)
    }
}

impl fmt::Display for AnswerRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record_type = self.data.record_type().name();
        write!(
            formatter,
            "{} {} {record_type} {}",
            self.name, self.ttl, self.data
        )
    }
}

impl Emulator {
    /// What Azure's resolver answers to a client in the virtual network with this id. A network that does not exist has no
    /// linked zones.
    pub fn resolve(&self, network_id: &str, name: &str, record_type: RecordType) -> Answer {
        let now = self.now();
        let network = network_id.trim_end_matches('/').to_ascii_lowercase();
        self.with(|inner, _| {
            completion::settle(&mut inner.state, now);
            resolver::resolve(&inner.state, &network, name, record_type)
        })
    }
}

/// A name as names are compared: in lower case, without the dot at its end. `None`: no zone can have such a name.
pub(crate) fn normal(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let fits = name.len() <= 253 && name.split('.').all(|label| label == "*" || is_label(label));
    fits.then(|| name.to_ascii_lowercase())
}

/// The name and what is left of it without its first labels, one by one.
fn suffixes(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, rest)| rest))
}
