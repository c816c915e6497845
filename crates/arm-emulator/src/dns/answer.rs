//! What a question about a name comes to, and how.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::dns::RecordData;

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Rcode {
    NoError,
    NxDomain,
    /// The aliases or forwarders go round in a circle, or never end, or no server answers.
    ServFail,
}

/// The resolver's answer: the aliases on the way, then what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    pub rcode: Rcode,
    pub answers: Vec<AnswerRecord>,
    /// The SOA record of the private zone that says that there is nothing: for how long that may be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<AnswerRecord>,
    /// Why it is a failure, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How the answer came about, in order.
    pub hops: Vec<Hop>,
}

/// One step on the way to an answer: who was asked for which name, and what said something about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// The id of the network from which the server is asked.
    pub network: String,
    /// The address of the server; 168.63.129.16 is Azure's own.
    pub server: String,
    /// In lower case, without a dot at its end.
    pub name: String,
    pub source: Source,
    /// The id of the zone, rule or inbound endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// In words: records as in zone files, a code, or who is asked next.
    pub answer: String,
}

/// What said something about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// A private DNS zone that is linked to the network.
    Zone,
    /// A virtual machine of the network, under a name that Azure gives it.
    Machine,
    /// The Internet.
    Internet,
    /// A forwarding rule of the ruleset that is linked to the network.
    Rule,
    /// An inbound endpoint has the server's address.
    InboundEndpoint,
    /// Nothing answers at the server's address.
    Nobody,
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
