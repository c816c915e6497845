//! Names as a virtual network sees them: what a client in the network is told by its DNS servers, or by Azure's resolver
//! (168.63.129.16).
//!
//! In Azure's resolver the zones that are linked to the network come first, then the linked forwarding ruleset, then what the
//! Internet knows: the public names of the targets that exist. Nothing else has a name. The only other servers that answer
//! are the inbound endpoints of DNS resolvers.

mod answer;
mod data;
mod forward;
pub(crate) mod index;
mod listen;
mod listeners;
mod machine;
mod message;
mod public;
mod resolver;
mod zone;

use std::str::FromStr;

pub use answer::{Answer, AnswerRecord, Hop, Rcode, Source};
pub use data::RecordData;
pub(crate) use listen::is_network;
pub use listen::{Listen, Listener};
pub(crate) use listeners::Listeners;
pub use listeners::{ListenError, Listening};
pub use message::{Transport, respond};

use crate::Emulator;
use crate::operations::completion;
use crate::private_dns::names::is_label;
use crate::state::State;
use crate::state::record::Record;

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

/// Who asks a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker<'a> {
    /// A client in the virtual network with this id, of the servers that its network says.
    Network(&'a str),
    /// A client on the network interface with this id, of the servers that the interface or its network says.
    Interface(&'a str),
    /// A client in a virtual network, of the server at this address: `(id, address)`.
    Server(&'a str, &'a str),
}

impl Emulator {
    /// What a client in the virtual network with this id is told: by its network's DNS servers, or by Azure's resolver when
    /// it has none. A network that does not exist has no linked zones.
    pub fn resolve(&self, network_id: &str, name: &str, record_type: RecordType) -> Answer {
        self.settled(|state| {
            let network = network_key(network_id);
            let servers = forward::servers_of_network(state, &network);
            resolver::resolve(state, &network, &servers, name, record_type)
        })
    }

    /// The same for others who ask. `None`: there is no such network interface.
    pub fn resolve_as(&self, asker: Asker<'_>, name: &str, record_type: RecordType) -> Option<Answer> {
        match asker {
            Asker::Network(id) => Some(self.resolve(id, name, record_type)),
            Asker::Interface(id) => self.settled(|state| {
                let (network, servers) = forward::of_interface(state, id)?;
                Some(resolver::resolve(state, &network, &servers, name, record_type))
            }),
            Asker::Server(id, address) => {
                let servers = [address.to_owned()];
                Some(
                    self.settled(|state| {
                        resolver::resolve(state, &network_key(id), &servers, name, record_type)
                    }),
                )
            }
        }
    }

    /// Reads the state once the operations have ended whose time has come.
    fn settled<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        let now = self.now();
        self.with(|inner, _| {
            completion::settle(&mut inner.state, now);
            read(&inner.state)
        })
    }
}

fn network_key(id: &str) -> String {
    id.trim_end_matches('/').to_ascii_lowercase()
}

/// Whether a link or endpoint is made. One that is being changed stays in force meanwhile.
pub(crate) fn is_in_force(record: &Record) -> bool {
    !record.deleting && ["Succeeded", "Updating"].contains(&record.provisioning_state.as_str())
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
