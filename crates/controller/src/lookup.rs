//! Asks DNS servers by hickory-resolver.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use privatelink_engine::lookup::{Lookup, LookupAnswer, Resolver};

/// One server has this long for one try; there are two.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks the servers that scopes name, and no other: neither the system's nor its table of hosts.
pub(crate) struct DnsClient {
    /// 53, except in tests.
    pub(crate) port: u16,
}

impl DnsClient {
    fn resolver(&self, server: IpAddr) -> Result<TokioResolver, NetError> {
        let mut name_server = NameServerConfig::udp_and_tcp(server);
        for connection in &mut name_server.connections {
            connection.port = self.port;
        }
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![name_server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        options.timeout = TIMEOUT;
        options.attempts = 2;
        // What was true a minute ago is not what is asked.
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.preserve_intermediates = true;
        builder.build()
    }
}

#[async_trait]
impl Resolver for DnsClient {
    async fn lookup(&self, lookup: &Lookup) -> LookupAnswer {
        let resolver = match self.resolver(lookup.server) {
            Ok(resolver) => resolver,
            Err(error) => return LookupAnswer::Unreachable(error.to_string()),
        };
        let name = format!("{}.", lookup.name.trim_end_matches('.'));
        match resolver.lookup(name, RecordType::A).await {
            Ok(answer) => read(answer.answers().iter().map(|record| &record.data)),
            Err(error) if error.is_no_records_found() => LookupAnswer::NoAddress,
            Err(error) => LookupAnswer::Unreachable(error.to_string()),
        }
    }
}

fn read<'a>(records: impl Iterator<Item = &'a RData>) -> LookupAnswer {
    let (mut addresses, mut over) = (Vec::new(), Vec::new());
    for data in records {
        match data {
            RData::A(address) => addresses.push(IpAddr::V4(address.0)),
            RData::CNAME(name) => over.push(name.0.to_utf8().trim_end_matches('.').to_owned()),
            _ => {}
        }
    }
    addresses.sort();
    addresses.dedup();
    if addresses.is_empty() {
        LookupAnswer::NoAddress
    } else {
        LookupAnswer::Addresses { addresses, over }
    }
}
