//! Networks with resolvers, rulesets, peerings and zones, each in one line.

use privatelink_arm_emulator::dns::{Answer, RecordType};
use serde_json::{Value, json};

use super::{Bench, id, network};

/// Networks by number: the network `n3` is 10.3.0.0/16, with the subnets `a` (10.3.0.0/24), `in` (10.3.100.0/28) and `out`
/// (10.3.101.0/28).
pub struct Estate {
    pub bench: Bench,
}

pub fn net(number: u8) -> String {
    network(&format!("virtualNetworks/n{number}"))
}

/// The address of the inbound endpoint in a network.
pub fn inbound(number: u8) -> String {
    format!("10.{number}.100.4")
}

impl Estate {
    pub fn new() -> Self {
        Estate {
            bench: Bench::with_network(),
        }
    }

    pub fn put(&self, id: &str, body: Value) {
        self.bench.emulator.put(id, &body).unwrap();
    }

    pub fn delete(&self, id: &str) {
        self.bench.emulator.delete_as_someone_else(id).unwrap();
    }

    /// A network with DNS servers of its own; none are Azure's.
    pub fn network(&self, number: u8, servers: &[&str]) {
        self.put(
            &net(number),
            json!({"location": "westeurope", "properties": {
                "addressSpace": {"addressPrefixes": [format!("10.{number}.0.0/16")]},
                "dhcpOptions": {"dnsServers": servers},
                "subnets": [
                    {"name": "a", "properties": {"addressPrefix": format!("10.{number}.0.0/24")}},
                    {"name": "in", "properties": {"addressPrefix": format!("10.{number}.100.0/28")}},
                    {"name": "out", "properties": {"addressPrefix": format!("10.{number}.101.0/28")}},
                ],
            }}),
        );
    }

    /// One side of a peering, and the other.
    pub fn peer(&self, one: u8, other: u8) {
        for (from, to) in [(one, other), (other, one)] {
            self.put(
                &format!("{}/virtualNetworkPeerings/to{to}", net(from)),
                json!({"properties": {"remoteVirtualNetwork": {"id": net(to)}, "allowVirtualNetworkAccess": true}}),
            );
        }
    }

    /// The resolver of a network, with one endpoint of each kind.
    pub fn resolver(&self, number: u8) {
        let resolver = network(&format!("dnsResolvers/r{number}"));
        self.put(
            &resolver,
            json!({"location": "westeurope", "properties": {"virtualNetwork": {"id": net(number)}}}),
        );
        self.put(
            &format!("{resolver}/inboundEndpoints/in"),
            json!({"location": "westeurope", "properties": {"ipConfigurations": [
                {"subnet": {"id": format!("{}/subnets/in", net(number))}}]}}),
        );
        self.put(
            &format!("{resolver}/outboundEndpoints/out"),
            json!({"location": "westeurope", "properties": {"subnet": {"id": format!("{}/subnets/out", net(number))}}}),
        );
    }

    /// The ruleset `s3` of the resolver in `n3`.
    pub fn ruleset(&self, number: u8) {
        self.put(
            &network(&format!("dnsForwardingRulesets/s{number}")),
            json!({"location": "westeurope", "properties": {"dnsResolverOutboundEndpoints": [
                {"id": network(&format!("dnsResolvers/r{number}/outboundEndpoints/out"))}]}}),
        );
    }

    pub fn rule(&self, ruleset: u8, name: &str, domain: &str, targets: &[&str], state: &str) {
        let targets: Vec<Value> = targets
            .iter()
            .map(|target| json!({"ipAddress": target}))
            .collect();
        self.put(
            &network(&format!("dnsForwardingRulesets/s{ruleset}/forwardingRules/{name}")),
            json!({"properties": {"domainName": domain, "targetDnsServers": targets, "forwardingRuleState": state}}),
        );
    }

    pub fn use_ruleset(&self, ruleset: u8, number: u8) {
        self.put(
            &network(&format!(
                "dnsForwardingRulesets/s{ruleset}/virtualNetworkLinks/l{number}"
            )),
            json!({"properties": {"virtualNetwork": {"id": net(number)}}}),
        );
    }

    pub fn zone(&self, name: &str) {
        self.put(
            &network(&format!("privateDnsZones/{name}")),
            json!({"location": "global"}),
        );
    }

    pub fn link(&self, zone: &str, number: u8, registers: bool) {
        self.put(
            &network(&format!("privateDnsZones/{zone}/virtualNetworkLinks/l{number}")),
            json!({"location": "global", "properties": {"virtualNetwork": {"id": net(number)}, "registrationEnabled": registers}}),
        );
    }

    pub fn address(&self, zone: &str, name: &str, address: &str) {
        self.put(
            &network(&format!("privateDnsZones/{zone}/A/{name}")),
            json!({"properties": {"ttl": 30, "aRecords": [{"ipv4Address": address}]}}),
        );
    }

    pub fn alias(&self, zone: &str, name: &str, target: &str) {
        self.put(
            &network(&format!("privateDnsZones/{zone}/CNAME/{name}")),
            json!({"properties": {"ttl": 30, "cnameRecord": {"cname": target}}}),
        );
    }

    /// An interface in subnet `a` of a network, with more in its properties.
    pub fn interface(&self, name: &str, number: u8, more: Value) {
        let mut properties = json!({"ipConfigurations": [
            {"name": "c", "properties": {"subnet": {"id": format!("{}/subnets/a", net(number))}}}]});
        for (name, value) in more.as_object().into_iter().flatten() {
            properties[name] = value.clone();
        }
        self.put(
            &network(&format!("networkInterfaces/{name}")),
            json!({"location": "westeurope", "properties": properties}),
        );
    }

    /// A machine with interfaces; the first of several is primary.
    pub fn machine(&self, name: &str, interfaces: &[&str]) {
        let listed: Vec<Value> = interfaces
            .iter()
            .enumerate()
            .map(|(number, interface)| {
                json!({"id": network(&format!("networkInterfaces/{interface}")), "properties": {"primary": number == 0}})
            })
            .collect();
        self.put(
            &machine_id(name),
            json!({"location": "westeurope", "properties": {"networkProfile": {"networkInterfaces": listed}}}),
        );
    }

    pub fn ask(&self, number: u8, name: &str) -> Answer {
        self.bench.emulator.resolve(&net(number), name, RecordType::A)
    }

    /// The answer in one line: its code, then the data of each record.
    pub fn a(&self, number: u8, name: &str) -> String {
        line(&self.ask(number, name))
    }
}

pub fn machine_id(name: &str) -> String {
    id(&format!("Microsoft.Compute/virtualMachines/{name}"))
}

/// An answer in one line: its code, then the data of each record.
pub fn line(answer: &Answer) -> String {
    let mut line = serde_json::to_value(answer.rcode)
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned();
    for record in &answer.answers {
        line.push_str(&format!(" {}", record.data));
    }
    line
}
