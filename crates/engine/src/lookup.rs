//! Real DNS queries: what a client would be told.

use std::net::IpAddr;

use async_trait::async_trait;

/// One question to a DNS server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lookup {
    pub server: IpAddr,
    /// A host name, without a dot at the end.
    pub name: String,
}

/// What a server says of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupAnswer {
    Addresses {
        /// Sorted.
        addresses: Vec<IpAddr>,
        /// The names that the chain of CNAMEs leads over, the last one being that of the addresses.
        over: Vec<String>,
    },
    /// There is no such name, or it has no address.
    NoAddress,
    /// No answer, or none that counts; the text says why.
    Unreachable(String),
}

/// Asks DNS servers.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// Asks a server once; within a few seconds there is an answer or there is none.
    async fn lookup(&self, lookup: &Lookup) -> LookupAnswer;
}
