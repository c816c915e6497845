//! What the lookup servers of the scope tell clients of the endpoint's names.

use std::net::IpAddr;

use privatelink_api::Reason;
use privatelink_engine::lookup::{Lookup, LookupAnswer};
use privatelink_engine::{Missing, World, all};

use super::records::Wanted;

/// What the servers say.
pub(super) enum Told {
    AsWanted,
    Broken(Reason, String),
    /// Nobody said which servers to ask.
    NobodyToAsk(String),
}

/// Asks every server for every name.
///
/// # Errors
/// What has to be asked first.
pub(super) fn told(wanted: &[Wanted], world: &World<'_>) -> Result<Told, Missing> {
    let defaults = world.scope.spec().defaults.as_ref();
    let servers = defaults
        .and_then(|defaults| defaults.dns.as_ref())
        .map(|dns| dns.lookup_servers.as_slice())
        .unwrap_or_default();
    let servers: Vec<IpAddr> = servers.iter().filter_map(|server| server.parse().ok()).collect();
    if servers.is_empty() {
        return Ok(Told::NobodyToAsk(format!(
            "AzureScope {} names no server to ask (spec.defaults.dns.lookupServers), and spec.dns.verify is Lookup",
            world.scope.name()
        )));
    }
    let questions: Vec<(&Wanted, Lookup)> = wanted
        .iter()
        .flat_map(|wanted| {
            servers.iter().map(move |server| {
                let name = wanted.fqdn.clone();
                (
                    wanted,
                    Lookup {
                        server: *server,
                        name,
                    },
                )
            })
        })
        .collect();
    let answers = all(questions.iter().map(|(_, lookup)| world.lookup(lookup)))?;
    for ((wanted, lookup), answer) in questions.iter().zip(answers) {
        if let Some((reason, message)) = broken(wanted, lookup, answer) {
            return Ok(Told::Broken(reason, message));
        }
    }
    Ok(Told::AsWanted)
}

fn broken(wanted: &Wanted, lookup: &Lookup, answer: &LookupAnswer) -> Option<(Reason, String)> {
    let Lookup { server, name } = lookup;
    let ours = wanted.addresses.join(", ");
    match answer {
        LookupAnswer::Unreachable(why) => Some((
            Reason::Unreachable,
            format!("the DNS server {server} does not answer for {name}: {why}"),
        )),
        LookupAnswer::NoAddress => Some((
            Reason::NxDomain,
            format!(
                "the DNS server {server} knows no address of {name}, and the endpoint has {ours}: a private DNS zone that it asks has no record for the name"
            ),
        )),
        LookupAnswer::Addresses { addresses, over } => {
            let mut right: Vec<IpAddr> = wanted
                .addresses
                .iter()
                .filter_map(|address| address.parse().ok())
                .collect();
            right.sort();
            if *addresses == right {
                return None;
            }
            let text: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            let over: String = over.iter().map(|name| format!(" by {name}")).collect();
            let told = format!(
                "the DNS server {server} answers {}{over} for {name}, and the endpoint has {ours}",
                text.join(", ")
            );
            if addresses.iter().any(is_private) {
                return Some((Reason::WrongAddress, told));
            }
            Some((
                Reason::PublicAnswer,
                format!(
                    "{told}: that is the public address; the server does not ask the private DNS zone {} (link it to the network of the server, or forward to Azure's resolver there)",
                    wanted.zone.name()
                ),
            ))
        }
    }
}

fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            // RFC 1918, and RFC 6598 (100.64.0.0/10), which networks in Azure may use too.
            let shared = matches!(address.octets(), [100, 64..=127, _, _]);
            address.is_private() || address.is_link_local() || address.is_loopback() || shared
        }
        IpAddr::V6(address) => address.is_unique_local() || address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use privatelink_arm::ResourceId;

    fn wanted() -> Wanted {
        let zone = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net";
        Wanted {
            fqdn: "orders.blob.core.windows.net".to_owned(),
            zone: ResourceId::parse(zone).unwrap(),
            name: "orders".to_owned(),
            addresses: vec!["10.1.0.10".to_owned(), "10.1.0.9".to_owned()],
        }
    }

    fn reason(answer: &LookupAnswer) -> Option<Reason> {
        let lookup = Lookup {
            server: "10.0.0.4".parse().unwrap(),
            name: "orders.blob.core.windows.net".to_owned(),
        };
        broken(&wanted(), &lookup, answer).map(|(reason, message)| {
            assert!(
                message.contains("10.0.0.4"),
                "the answer says who gave it: {message}"
            );
            assert!(message.contains("orders.blob.core.windows.net"), "{message}");
            reason
        })
    }

    fn answer(addresses: &[&str]) -> LookupAnswer {
        let mut addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        addresses.sort();
        LookupAnswer::Addresses {
            addresses,
            over: vec!["orders.privatelink.blob.core.windows.net".to_owned()],
        }
    }

    #[test]
    fn an_answer_is_right_only_with_exactly_the_endpoints_addresses() {
        assert_eq!(reason(&answer(&["10.1.0.9", "10.1.0.10"])), None, "in any order");
        assert_eq!(reason(&answer(&["10.1.0.9"])), Some(Reason::WrongAddress));
        assert_eq!(
            reason(&answer(&["10.1.0.9", "10.1.0.10", "10.1.0.11"])),
            Some(Reason::WrongAddress)
        );
        assert_eq!(reason(&answer(&["100.64.0.1"])), Some(Reason::WrongAddress));
        assert_eq!(reason(&answer(&["20.60.1.2"])), Some(Reason::PublicAnswer));
        assert_eq!(reason(&LookupAnswer::NoAddress), Some(Reason::NxDomain));
        assert_eq!(
            reason(&LookupAnswer::Unreachable("timed out".to_owned())),
            Some(Reason::Unreachable)
        );
    }
}
