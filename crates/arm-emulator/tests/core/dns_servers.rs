//! DNS servers of networks, inbound endpoints and forwarding rulesets: who answers a question.

use crate::support::estate::{Estate, inbound, line, net};
use crate::support::{id, network};
use privatelink_arm_emulator::dns::{Asker, Rcode, RecordType, Source};
use serde_json::{Value, json};

const NAME: &str = "app.corp.example";

/// A hub `n1` with a resolver and the zone `corp.example`, and a spoke `n2` that asks these servers.
fn hub_and_spoke(servers: &[&str]) -> Estate {
    let estate = Estate::new();
    estate.network(1, &[]);
    estate.network(2, servers);
    estate.resolver(1);
    estate.zone("corp.example");
    estate.link("corp.example", 1, false);
    estate.address("corp.example", "app", "10.1.0.9");
    estate
}

#[test]
fn servers_of_a_network_are_asked_in_place_of_azure() {
    let estate = hub_and_spoke(&["10.1.100.4"]);
    estate.link("corp.example", 2, false);
    // The zone is linked to the spoke too, and is not looked into: nobody can be reached yet.
    let answer = estate.ask(2, NAME);
    assert_eq!(answer.rcode, Rcode::ServFail);
    assert_eq!(
        answer.reason.unwrap(),
        format!(
            "no DNS server of the virtual network {} answers: 10.1.100.4",
            net(2)
        )
    );
    assert_eq!(answer.hops.len(), 1);
    assert_eq!(answer.hops[0].source, Source::Nobody);
    assert_eq!(answer.hops[0].server, "10.1.100.4");

    estate.peer(1, 2);
    assert_eq!(estate.a(2, NAME), "NOERROR 10.1.0.9");
    estate.network(2, &[]);
    assert_eq!(estate.ask(2, NAME).hops.len(), 1, "its own zone");
    estate.network(2, &["168.63.129.16"]);
    assert_eq!(estate.a(2, NAME), "NOERROR 10.1.0.9");
}

#[test]
fn the_first_server_that_answers_is_the_one() {
    let estate = hub_and_spoke(&["10.9.9.9", "10.1.100.4", "168.63.129.16"]);
    estate.peer(1, 2);
    let answer = estate.ask(2, NAME);
    assert_eq!(line(&answer), "NOERROR 10.1.0.9");
    let servers: Vec<&str> = answer.hops.iter().map(|hop| hop.server.as_str()).collect();
    assert_eq!(servers, ["10.9.9.9", "10.1.100.4", "168.63.129.16"]);
    // What it says counts, whatever others would say.
    assert_eq!(estate.a(2, "nobody.corp.example"), "NXDOMAIN");
}

#[test]
fn a_server_is_reached_through_a_peering_that_lets_traffic_pass() {
    let estate = hub_and_spoke(&["10.1.100.4"]);
    let side = |from: u8, to: u8, open: bool| {
        estate.put(
            &format!("{}/virtualNetworkPeerings/to{to}", net(from)),
            json!({"properties": {"remoteVirtualNetwork": {"id": net(to)}, "allowVirtualNetworkAccess": open}}),
        );
    };
    side(2, 1, true);
    assert_eq!(estate.a(2, NAME), "SERVFAIL", "one side only: Initiated");
    side(1, 2, true);
    assert_eq!(estate.a(2, NAME), "NOERROR 10.1.0.9");
    side(1, 2, false);
    assert_eq!(estate.a(2, NAME), "SERVFAIL", "one side lets nothing pass");
    side(1, 2, true);
    estate.delete(&format!("{}/virtualNetworkPeerings/to2", net(1)));
    assert_eq!(estate.a(2, NAME), "SERVFAIL", "disconnected");
    estate.delete(&format!("{}/virtualNetworkPeerings/to1", net(2)));

    // Peerings do not lead on.
    estate.network(3, &[&inbound(1)]);
    estate.peer(1, 2);
    estate.peer(2, 3);
    assert_eq!(estate.a(2, NAME), "NOERROR 10.1.0.9");
    assert_eq!(estate.a(3, NAME), "SERVFAIL");
}

#[test]
fn an_endpoint_answers_once_it_is_made_and_until_it_goes() {
    let estate = Estate::new();
    estate.network(1, &[&inbound(1)]);
    estate.zone("corp.example");
    estate.link("corp.example", 1, false);
    estate.address("corp.example", "app", "10.1.0.9");
    let resolver = network("dnsResolvers/r1");
    estate.put(
        &resolver,
        json!({"location": "westeurope", "properties": {"virtualNetwork": {"id": net(1)}}}),
    );
    estate.bench.ok(
        "PUT",
        &format!("{resolver}/inboundEndpoints/in"),
        json!({"location": "westeurope", "properties": {"ipConfigurations": [
            {"subnet": {"id": format!("{}/subnets/in", net(1))}}]}}),
    );
    assert_eq!(estate.a(1, NAME), "SERVFAIL");
    estate.bench.pass();
    // A resolver asks Azure in its network, whatever servers the network has: no circle.
    assert_eq!(estate.a(1, NAME), "NOERROR 10.1.0.9");
    estate.delete(&format!("{resolver}/inboundEndpoints/in"));
    assert_eq!(estate.a(1, NAME), "SERVFAIL");
}

#[test]
fn an_interface_can_have_servers_of_its_own() {
    let estate = hub_and_spoke(&["10.9.9.9"]);
    estate.link("corp.example", 2, false);
    estate.peer(1, 2);
    estate.interface("plain", 2, json!({}));
    estate.interface("hub", 2, json!({"dnsSettings": {"dnsServers": ["10.1.100.4"]}}));
    estate.interface(
        "azure",
        2,
        json!({"dnsSettings": {"dnsServers": ["AzureProvidedDNS"]}}),
    );
    let ask = |interface: &str| {
        let interface = network(&format!("networkInterfaces/{interface}"));
        let asker = Asker::Interface(&interface);
        estate
            .bench
            .emulator
            .resolve_as(asker, NAME, RecordType::A)
            .map(|answer| (line(&answer), answer.hops.len()))
    };
    assert_eq!(ask("plain").unwrap().0, "SERVFAIL");
    assert_eq!(ask("hub"), Some(("NOERROR 10.1.0.9".to_owned(), 2)));
    assert_eq!(ask("azure"), Some(("NOERROR 10.1.0.9".to_owned(), 1)));
    assert_eq!(ask("nobody"), None);
}

#[test]
fn linked_zones_come_before_the_ruleset_and_the_longest_enabled_rule_before_others() {
    let estate = hub_and_spoke(&[]);
    estate.ruleset(1);
    estate.use_ruleset(1, 2);
    for (name, domain, targets, state) in [
        ("corp", "corp.example.", ["10.1.100.4"], "Enabled"),
        ("eu", "EU.corp.example.", ["10.9.9.9"], "Enabled"),
        ("deep", "very.eu.corp.example.", ["10.1.100.4"], "Disabled"),
        ("all", ".", ["10.9.9.8"], "Enabled"),
    ] {
        estate.rule(1, name, domain, &targets, state);
    }
    // No peering is needed: the outbound endpoint is in the hub.
    let answer = estate.ask(2, NAME);
    assert_eq!(line(&answer), "NOERROR 10.1.0.9");
    let shown: Vec<(String, Source)> = answer
        .hops
        .iter()
        .map(|hop| (hop.network.rsplit('/').next().unwrap().to_owned(), hop.source))
        .collect();
    let hop = |network: &str, source| (network.to_owned(), source);
    assert_eq!(
        shown,
        [
            hop("n2", Source::Rule),
            hop("n1", Source::InboundEndpoint),
            hop("n1", Source::Zone)
        ]
    );
    assert!(
        answer.hops[0]
            .id
            .as_ref()
            .unwrap()
            .ends_with("forwardingRules/corp")
    );

    let rule_for = |name: &str| {
        let answer = estate.ask(2, name);
        assert_eq!(answer.rcode, Rcode::ServFail, "{name}");
        let id = answer.hops[0].id.clone().unwrap();
        assert!(answer.reason.unwrap().contains(&id), "{name}");
        id.rsplit('/').next().unwrap().to_owned()
    };
    assert_eq!(rule_for("x.eu.corp.example"), "eu");
    assert_eq!(
        rule_for("x.very.eu.corp.example"),
        "eu",
        "the longer one is disabled"
    );
    assert_eq!(rule_for("elsewhere.example"), "all");
    // `.` is not for names that are Azure's own.
    assert!(estate.a(2, "acct.blob.core.windows.net").starts_with("NOERROR"));
    // A zone that is linked to the spoke comes before every rule, also for names that it does not have.
    estate.zone("eu.corp.example");
    estate.link("eu.corp.example", 2, false);
    assert_eq!(estate.a(2, "x.eu.corp.example"), "NXDOMAIN");
    assert_eq!(rule_for("elsewhere.example"), "all");

    // Changed rules and links count at once.
    estate.rule(1, "all", ".", &["10.9.9.8"], "Disabled");
    assert_eq!(estate.a(2, "elsewhere.example"), "NXDOMAIN");
    estate.delete(&network("dnsForwardingRulesets/s1/forwardingRules/corp"));
    assert_eq!(estate.a(2, NAME), "NXDOMAIN");
    estate.rule(1, "again", "corp.example.", &["10.1.100.4"], "Enabled");
    assert_eq!(estate.a(2, NAME), "NOERROR 10.1.0.9");
    estate.delete(&network("dnsForwardingRulesets/s1/virtualNetworkLinks/l2"));
    assert_eq!(estate.a(2, NAME), "NXDOMAIN");
}

#[test]
fn targets_are_asked_from_the_outbound_endpoints_one_after_the_other() {
    let estate = hub_and_spoke(&[]);
    estate.network(3, &[]);
    estate.resolver(3);
    estate.link("corp.example", 3, false);
    estate.ruleset(1);
    estate.use_ruleset(1, 2);
    estate.rule(1, "corp", "corp.example.", &["10.3.100.4"], "Enabled");
    estate.peer(2, 3);
    assert_eq!(
        estate.a(2, NAME),
        "SERVFAIL",
        "the spoke could reach it, the hub with the outbound endpoint cannot"
    );
    estate.peer(1, 3);
    assert_eq!(estate.a(2, NAME), "NOERROR 10.1.0.9");
    let targets = json!([{"ipAddress": "10.9.9.9"}, {"ipAddress": "10.3.100.4", "port": 5353}, {"ipAddress": "10.1.100.4", "port": 53}]);
    estate.put(
        &network("dnsForwardingRulesets/s1/forwardingRules/corp"),
        json!({"properties": {"domainName": "corp.example.", "targetDnsServers": targets}}),
    );
    let answer = estate.ask(2, NAME);
    assert_eq!(line(&answer), "NOERROR 10.1.0.9");
    let servers: Vec<&str> = answer.hops.iter().map(|hop| hop.server.as_str()).collect();
    assert_eq!(
        servers,
        [
            "168.63.129.16",
            "10.9.9.9",
            "10.3.100.4:5353",
            "10.1.100.4",
            "168.63.129.16"
        ]
    );
}

#[test]
fn rules_apply_to_aliases_and_inside_the_resolvers_network() {
    let estate = hub_and_spoke(&[]);
    // The spoke: an alias of its own zone leads to a name of the hub's.
    estate.zone("spoke.example");
    estate.link("spoke.example", 2, false);
    estate.alias("spoke.example", "www", NAME);
    estate.ruleset(1);
    estate.use_ruleset(1, 2);
    estate.rule(1, "corp", "corp.example.", &["10.1.100.4"], "Enabled");
    assert_eq!(
        estate.a(2, "www.spoke.example"),
        format!("NOERROR {NAME} 10.1.0.9")
    );

    // The hub's own ruleset is asked behind its inbound endpoint.
    estate.network(3, &[]);
    estate.resolver(3);
    estate.peer(1, 3);
    estate.zone("far.example");
    estate.link("far.example", 3, false);
    estate.address("far.example", "x", "10.3.0.7");
    estate.rule(1, "far", "far.example.", &["10.3.100.4"], "Enabled");
    estate.use_ruleset(1, 1);
    let through = |network: &str| {
        let asker = Asker::Server(network, "10.1.100.4");
        let answer = estate
            .bench
            .emulator
            .resolve_as(asker, "x.far.example", RecordType::A);
        line(&answer.unwrap())
    };
    assert_eq!(through(&net(1)), "NOERROR 10.3.0.7");
    assert_eq!(through(&net(3)), "NOERROR 10.3.0.7");
    assert_eq!(through(&net(2)), "SERVFAIL", "not peered");
}

#[test]
fn servers_that_ask_each_other_in_a_circle_fail() {
    let estate = hub_and_spoke(&[]);
    estate.ruleset(1);
    estate.use_ruleset(1, 1);
    // ARM's documentation warns of this: the ruleset is linked to the network of the endpoint that its rule names.
    estate.rule(1, "loop", "loop.example.", &["10.1.100.4"], "Enabled");
    let answer = estate.ask(1, "x.loop.example");
    assert_eq!(line(&answer), "SERVFAIL");
    assert!(answer.reason.unwrap().contains("in a circle"));
    assert!(answer.hops.len() < 40, "{}", answer.hops.len());
    // The zone of the endpoint's network ends it.
    estate.zone("loop.example");
    estate.link("loop.example", 1, false);
    assert_eq!(estate.a(1, "x.loop.example"), "NXDOMAIN");
}

#[test]
fn the_door_shows_every_hop() {
    let estate = hub_and_spoke(&["10.9.9.9", "10.1.100.4"]);
    estate.peer(1, 2);
    estate.interface("nic", 2, json!({}));
    let door = |query: &str| {
        let url = format!("https://management.azure.com/_emulator/resolve?{query}");
        let response = estate.bench.send_with("GET", &url, b"", &[]);
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        (response.status.as_u16(), body)
    };
    let (spoke, hub) = (net(2), net(1));
    let expected = json!({
        "rcode": "NOERROR",
        "answers": [{"name": NAME, "type": "A", "ttl": 30, "data": "10.1.0.9"}],
        "hops": [
            {"network": spoke, "server": "10.9.9.9", "name": NAME, "source": "nobody",
             "answer": "no answer: no inbound endpoint in this virtual network, or in one that is peered with it, has the address"},
            {"network": spoke, "server": "10.1.100.4", "name": NAME, "source": "inboundEndpoint",
             "id": network("dnsResolvers/r1/inboundEndpoints/in"), "answer": format!("asks 168.63.129.16 in {hub}")},
            {"network": hub, "server": "168.63.129.16", "name": NAME, "source": "zone",
             "id": network("privateDnsZones/corp.example"), "answer": "A 10.1.0.9"},
        ],
    });
    let (network_id, interface) = (net(2), network("networkInterfaces/nic"));
    assert_eq!(
        door(&format!("network={network_id}&name={NAME}")),
        (200, expected.clone())
    );
    assert_eq!(
        door(&format!("interface={interface}&name={NAME}")),
        (200, expected)
    );
    let (status, body) = door(&format!("network={network_id}&server=10.9.9.9&name={NAME}"));
    assert_eq!((status, &body["rcode"]), (200, &json!("SERVFAIL")));
    assert!(body["reason"].as_str().unwrap().ends_with("answers: 10.9.9.9"));
    for (query, status, word) in [
        (
            format!(
                "interface={}&name=x",
                id("Microsoft.Network/networkInterfaces/no")
            ),
            404,
            "There is no network interface",
        ),
        (
            format!("interface={interface}&server=10.0.0.1&name=x"),
            400,
            "asked from a network",
        ),
        (
            format!("network={network_id}&server=ns1&name=x"),
            400,
            "'ns1' is no address",
        ),
    ] {
        let (seen, body) = door(&query);
        assert_eq!(seen, status, "{query}");
        assert!(
            body["error"]["message"].as_str().unwrap().contains(word),
            "{query}: {body}"
        );
    }
}
