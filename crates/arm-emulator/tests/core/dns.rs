//! What names resolve to in a virtual network, before and after a private endpoint.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::support::{Bench, SUBSCRIPTION, endpoint_body, endpoint_on, id, network, target_body};
use privatelink_arm_emulator::dns::{Answer, Rcode, RecordType, Transport, respond};
use proptest::prelude::*;
use serde_json::{Value, json};

const ZONE: &str = "privatelink.blob.core.windows.net";
const NAME: &str = "acct.blob.core.windows.net";
const PRIVATE: &str = "acct.privatelink.blob.core.windows.net";

/// Resources with the network `vnet`, the account `acct` and whatever a test puts.
struct Names {
    bench: Bench,
}

impl Names {
    fn new() -> Self {
        Names {
            bench: Bench::with_network(),
        }
    }

    fn put(&self, id: &str, body: Value) {
        self.bench.emulator.put(id, &body).unwrap();
    }

    fn delete(&self, id: &str) {
        self.bench.emulator.delete_as_someone_else(id).unwrap();
    }

    fn zone(&self, name: &str) {
        self.put(
            &network(&format!("privateDnsZones/{name}")),
            json!({"location": "global"}),
        );
    }

    fn link(&self, zone: &str, policy: &str) {
        self.put(
            &network(&format!("privateDnsZones/{zone}/virtualNetworkLinks/l")),
            json!({"location": "global", "properties": {
                "virtualNetwork": {"id": network("virtualNetworks/vnet")}, "resolutionPolicy": policy,
            }}),
        );
    }

    fn record(&self, zone: &str, rest: &str, properties: Value) {
        self.put(
            &network(&format!("privateDnsZones/{zone}/{rest}")),
            json!({"properties": properties}),
        );
    }

    fn address(&self, zone: &str, name: &str, address: &str) {
        self.record(
            zone,
            &format!("A/{name}"),
            json!({"ttl": 30, "aRecords": [{"ipv4Address": address}]}),
        );
    }

    fn alias(&self, zone: &str, name: &str, target: &str) {
        self.record(
            zone,
            &format!("CNAME/{name}"),
            json!({"ttl": 30, "cnameRecord": {"cname": target}}),
        );
    }

    fn endpoint(&self) {
        self.put(&network("privateEndpoints/pe"), endpoint_body("a"));
    }

    fn zone_group(&self) {
        self.put(
            &network("privateEndpoints/pe/privateDnsZoneGroups/default"),
            json!({"properties": {"privateDnsZoneConfigs": [
                {"name": "z", "properties": {"privateDnsZoneId": network(&format!("privateDnsZones/{ZONE}"))}},
            ]}}),
        );
    }

    fn ask(&self, name: &str, record_type: RecordType) -> Answer {
        self.bench
            .emulator
            .resolve(&network("virtualNetworks/vnet"), name, record_type)
    }

    /// The answer in one line: its code, then owner and data of each record.
    fn line(&self, name: &str, record_type: RecordType) -> String {
        let answer = self.ask(name, record_type);
        let mut line = serde_json::to_value(answer.rcode)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned();
        for record in answer.answers {
            line.push_str(&format!("; {} {}", record.name, record.data));
        }
        line
    }

    fn a(&self, name: &str) -> String {
        self.line(name, RecordType::A)
    }

    /// The public address of the account's blobs.
    fn public(&self) -> String {
        let answer = Bench::with_network()
            .emulator
            .resolve("/none", NAME, RecordType::A);
        answer.answers[0].data.to_string()
    }
}

#[test]
fn before_an_endpoint_the_name_is_public() {
    let names = Names::new();
    let public = names.public();
    assert!(
        public.starts_with("203.0.113.") || public.starts_with("198.51.100."),
        "{public}"
    );
    assert_eq!(names.a(NAME), format!("NOERROR; {NAME} {public}"));
    assert_eq!(
        names.a("ACCT.Blob.core.windows.net."),
        format!("NOERROR; {NAME} {public}")
    );
    assert_eq!(names.line(NAME, RecordType::Aaaa), "NOERROR");
    for missing in [
        PRIVATE,
        "other.blob.core.windows.net",
        "blob.core.windows.net",
        "example.com",
        "@",
        "",
    ] {
        assert_eq!(names.a(missing), "NXDOMAIN", "{missing}");
    }
    names.delete(&id("Microsoft.Storage/storageAccounts/acct"));
    assert_eq!(names.a(NAME), "NXDOMAIN");
}

#[test]
fn with_endpoint_zone_and_link_the_name_leads_to_the_private_address() {
    let names = Names::new();
    names.zone(ZONE);
    names.endpoint();
    names.link(ZONE, "Default");
    names.zone_group();
    let private = format!("NOERROR; {NAME} {PRIVATE}; {PRIVATE} 10.0.0.4");
    assert_eq!(names.a(NAME), private);
    assert_eq!(
        names.line(NAME, RecordType::Cname),
        format!("NOERROR; {NAME} {PRIVATE}")
    );
    assert_eq!(
        names.line(NAME, RecordType::Aaaa),
        format!("NOERROR; {NAME} {PRIVATE}")
    );
    // The other services of the account have no endpoint.
    assert!(!names.a("acct.queue.core.windows.net").contains("privatelink"));
    // Another network sees the public address.
    let elsewhere = names
        .bench
        .emulator
        .resolve(&network("virtualNetworks/elsewhere"), NAME, RecordType::A);
    assert_eq!(elsewhere.answers[1].data.to_string(), names.public());

    names.delete(&network("privateEndpoints/pe"));
    assert_eq!(names.a(NAME), format!("NOERROR; {NAME} {}", names.public()));
}

#[test]
fn without_a_link_the_private_name_leads_to_the_public_address() {
    let names = Names::new();
    names.zone(ZONE);
    names.put(
        &network("privateEndpoints/pe"),
        endpoint_on(
            "a",
            &id("Microsoft.Storage/storageAccounts/acct"),
            &["blob"],
            true,
        ),
    );
    let public = format!(
        "NOERROR; {NAME} {PRIVATE}; {PRIVATE} {address}",
        address = names.public()
    );
    assert_eq!(names.a(NAME), public);
    // A link that is still being made is none yet.
    names.bench.ok(
        "PUT",
        &network(&format!("privateDnsZones/{ZONE}/virtualNetworkLinks/l")),
        json!({"location": "global", "properties": {"virtualNetwork": {"id": network("virtualNetworks/vnet")}}}),
    );
    assert_eq!(names.a(NAME), public);
    names.bench.pass();
    assert_eq!(names.a(NAME), format!("NXDOMAIN; {NAME} {PRIVATE}"));
}

#[test]
fn a_linked_zone_without_the_record_hides_the_public_name_unless_it_redirects() {
    let names = Names::new();
    names.zone(ZONE);
    names.endpoint();
    names.link(ZONE, "Default");
    assert_eq!(names.a(NAME), format!("NXDOMAIN; {NAME} {PRIVATE}"));
    names.link(ZONE, "NxDomainRedirect");
    let public = format!(
        "NOERROR; {NAME} {PRIVATE}; {PRIVATE} {address}",
        address = names.public()
    );
    assert_eq!(names.a(NAME), public);
    assert_eq!(
        names.line(PRIVATE, RecordType::Txt),
        "NXDOMAIN",
        "only A, AAAA and CNAME are redirected"
    );
    names.zone_group();
    assert_eq!(
        names.a(NAME),
        format!("NOERROR; {NAME} {PRIVATE}; {PRIVATE} 10.0.0.4")
    );
    assert_eq!(
        names.a("nobody.privatelink.blob.core.windows.net"),
        "NXDOMAIN",
        "a redirect to a name that the Internet does not have either"
    );
}

#[test]
fn the_longest_zone_wins_by_whole_labels() {
    let names = Names::new();
    for zone in ["corp.example", "eu.corp.example", "u.corp.example"] {
        names.zone(zone);
        names.link(zone, "Default");
    }
    names.address("corp.example", "app.eu", "10.9.9.1");
    names.address("eu.corp.example", "app", "10.9.9.2");
    assert_eq!(
        names.a("App.EU.corp.example"),
        "NOERROR; app.eu.corp.example 10.9.9.2"
    );
    assert_eq!(names.a("other.eu.corp.example"), "NXDOMAIN");
    names.delete(&network("privateDnsZones/eu.corp.example/virtualNetworkLinks/l"));
    assert_eq!(
        names.a("app.eu.corp.example"),
        "NOERROR; app.eu.corp.example 10.9.9.1"
    );
}

#[test]
fn wildcards_stand_for_what_does_not_exist() {
    let names = Names::new();
    names.zone("corp.example");
    names.link("corp.example", "Default");
    names.address("corp.example", "*", "10.9.9.1");
    names.address("corp.example", "deep.down", "10.9.9.2");
    names.record(
        "corp.example",
        "TXT/mail",
        json!({"ttl": 5, "txtRecords": [{"value": ["a", "b\""]}]}),
    );
    assert_eq!(names.a("x.corp.example"), "NOERROR; x.corp.example 10.9.9.1");
    assert_eq!(names.a("x.y.corp.example"), "NOERROR; x.y.corp.example 10.9.9.1");
    assert_eq!(names.a("mail.corp.example"), "NOERROR", "other types only");
    assert_eq!(names.a("down.corp.example"), "NOERROR", "names below it only");
    assert_eq!(
        names.a("x.down.corp.example"),
        "NXDOMAIN",
        "the closest name has no wildcard"
    );
    assert_eq!(names.a("@.corp.example"), "NXDOMAIN");
    let nothing = names.ask("mail.corp.example", RecordType::A);
    let start = nothing.authority.unwrap();
    assert_eq!((start.name.as_str(), start.ttl), ("corp.example", 10));
    assert_eq!(names.ask("x.corp.example", RecordType::A).authority, None);
    assert_eq!(names.ask("example.com", RecordType::A).authority, None);
    assert_eq!(
        names.line("mail.corp.example", RecordType::Txt),
        "NOERROR; mail.corp.example \"a\" \"b\\\"\""
    );
    assert!(
        names
            .line("corp.example", RecordType::Soa)
            .starts_with("NOERROR; corp.example azureprivatedns.net ")
    );
    names.delete(&network("privateDnsZones/corp.example/A/deep.down"));
    assert_eq!(
        names.a("down.corp.example"),
        "NOERROR; down.corp.example 10.9.9.1"
    );
}

#[test]
fn aliases_are_followed_as_long_as_they_lead_on() {
    let names = Names::new();
    names.zone("corp.example");
    names.link("corp.example", "Default");
    names.alias("corp.example", "files", &format!("{NAME}."));
    names.alias("corp.example", "one", "two.corp.example");
    names.alias("corp.example", "two", "one.corp.example");
    for number in 0..17 {
        names.alias(
            "corp.example",
            &format!("n{number}"),
            &format!("n{}.corp.example", number + 1),
        );
    }
    names.address("corp.example", "n17", "10.9.9.1");
    assert_eq!(
        names.a("files.corp.example"),
        format!("NOERROR; files.corp.example {NAME}; {NAME} {}", names.public())
    );
    assert_eq!(
        names.ask("one.corp.example", RecordType::A).rcode,
        Rcode::ServFail
    );
    assert_eq!(names.ask("n0.corp.example", RecordType::A).rcode, Rcode::ServFail);
    assert_eq!(names.ask("n1.corp.example", RecordType::A).answers.len(), 17);
    assert_eq!(
        names.line("one.corp.example", RecordType::Cname),
        "NOERROR; one.corp.example two.corp.example"
    );
}

#[test]
fn public_names_follow_what_becomes_of_a_target() {
    let names = Names::new();
    let vault = id("Microsoft.KeyVault/vaults/kv1");
    names.put(
        &vault,
        json!({"location": "westeurope", "properties": {"tenantId": SUBSCRIPTION, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}}),
    );
    names.put(
        &network("privateEndpoints/kv"),
        endpoint_on("a", &vault, &["vault"], false),
    );
    let chain = names.a("kv1.vault.azure.net");
    assert!(
        chain.starts_with(
            "NOERROR; kv1.vault.azure.net kv1.privatelink.vaultcore.azure.net; kv1.privatelink.vaultcore.azure.net "
        ),
        "{chain}"
    );
    let cosmos = id("Microsoft.DocumentDB/databaseAccounts/cosmo");
    let regions = |second: &str| {
        target_body(&json!({"locations": [{"locationName": "West Europe"}, {"locationName": second}]}))
    };
    names.put(&cosmos, regions("North Europe"));
    assert_ne!(names.a("cosmo-northeurope.documents.azure.com"), "NXDOMAIN");
    names.put(&cosmos, regions("France Central"));
    assert_eq!(names.a("cosmo-northeurope.documents.azure.com"), "NXDOMAIN");
    assert_ne!(names.a("cosmo-francecentral.documents.azure.com"), "NXDOMAIN");

    let change = json!({"id": id("Microsoft.Storage/storageAccounts/acct"), "addMember":
        {"groupId": "blob", "member": "blob_new", "fqdn": "New.blob.core.windows.net"}});
    names
        .bench
        .emulator
        .change(serde_json::from_value(change).unwrap())
        .unwrap();
    assert_ne!(names.a("new.blob.core.windows.net"), "NXDOMAIN");
    let snapshot = serde_json::to_value(names.bench.emulator.snapshot()).unwrap();
    let restored = Names {
        bench: Bench::empty(),
    };
    restored
        .bench
        .emulator
        .restore(&serde_json::from_value(snapshot).unwrap());
    assert_ne!(restored.a("new.blob.core.windows.net"), "NXDOMAIN");
    names.delete(&id("Microsoft.Storage/storageAccounts/acct"));
    assert_eq!(names.a("new.blob.core.windows.net"), "NXDOMAIN");
}

#[test]
fn the_door_answers_and_says_what_is_wrong() {
    let names = Names::new();
    let door = |query: &str| {
        let response = names.bench.send_with(
            "GET",
            &format!("https://management.azure.com/_emulator/resolve?{query}"),
            b"",
            &[],
        );
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        (response.status.as_u16(), body)
    };
    let net = network("virtualNetworks/vnet");
    let public = names.public();
    let expected = json!({
        "rcode": "NOERROR",
        "answers": [{"name": NAME, "type": "A", "ttl": 60, "data": public}],
        "hops": [{"network": net, "server": "168.63.129.16", "name": NAME, "source": "internet", "answer": format!("A {public}")}],
    });
    assert_eq!(
        door(&format!("network={net}&name={NAME}")),
        (200, expected.clone())
    );
    assert_eq!(
        door(&format!("network={net}&name={NAME}&type=a")),
        (200, expected)
    );
    for (query, word) in [
        (format!("name={NAME}"), "network: is missing"),
        (
            format!("network=/subscriptions/x&name={NAME}"),
            "is no id of a virtual network",
        ),
        (format!("network={net}"), "name: is missing"),
        (format!("network={net}&name=a..b"), "'a..b' is no domain name"),
        (
            format!("network={net}&name={NAME}&type=NS"),
            "type: 'NS' is none of A,",
        ),
    ] {
        let (status, body) = door(&query);
        assert_eq!(status, 400, "{query}");
        assert!(
            body["error"]["message"].as_str().unwrap().contains(word),
            "{query}: {body}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_bring_the_resolver_down(mut bytes in prop::collection::vec(any::<u8>(), 0..600), ask in any::<bool>()) {
        // Half of the messages begin as questions do.
        if ask && let Some(head) = bytes.get_mut(2..12) {
            head.copy_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
        }
        let emulator = Bench::empty().emulator;
        for transport in [Transport::Udp, Transport::Tcp] {
            if let Some(answer) = respond(&emulator, &network("virtualNetworks/vnet"), &bytes, transport) {
                prop_assert_eq!(answer.get(..2), bytes.get(..2), "the id of the question");
                prop_assert!(answer.len() >= 12);
            }
        }
    }
}
