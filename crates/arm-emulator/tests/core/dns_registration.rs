//! Machines in a zone that registers their network: which records come, change and go.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::support::estate::{Estate, line, machine_id, net};
use crate::support::network;
use privatelink_arm_emulator::dns::RecordType;
use proptest::prelude::*;
use serde_json::{Value, json};

const ZONE: &str = "corp.example";

fn zone(rest: &str) -> String {
    network(&format!("privateDnsZones/{ZONE}{rest}"))
}

/// A network `n1` that the zone registers.
fn registering() -> Estate {
    let estate = Estate::new();
    estate.network(1, &[]);
    estate.zone(ZONE);
    estate.link(ZONE, 1, true);
    estate
}

/// Names and addresses of the A records in the zone; those of machines have a `*`.
fn records(estate: &Estate) -> Vec<String> {
    let listed = estate.bench.get(&zone("/A"));
    let shown = |record: &Value| {
        let properties = &record["properties"];
        let star = if properties["isAutoRegistered"] == json!(true) {
            "*"
        } else {
            ""
        };
        let address = properties["aRecords"][0]["ipv4Address"].as_str().unwrap();
        format!("{}{star} {address}", record["name"].as_str().unwrap())
    };
    listed["value"].as_array().unwrap().iter().map(shown).collect()
}

fn count(estate: &Estate) -> Value {
    estate.bench.get(&zone(""))["properties"]["numberOfRecordSets"].clone()
}

#[test]
fn a_machine_has_a_record_as_long_as_it_is_there() {
    let estate = registering();
    estate.interface("nic", 1, json!({}));
    assert_eq!(
        records(&estate),
        Vec::<String>::new(),
        "an interface is no machine"
    );
    assert_eq!(count(&estate), 1, "the SOA");
    estate.machine("Web-01", &["nic"]);
    assert_eq!(records(&estate), ["web-01* 10.1.0.4"]);
    assert_eq!(count(&estate), 2);
    assert_eq!(estate.a(1, "web-01.corp.example"), "NOERROR 10.1.0.4");
    let shown = estate.bench.get(&zone("/A/web-01"));
    assert_eq!(shown["properties"]["ttl"], 10);
    assert_eq!(shown["properties"]["fqdn"], "web-01.corp.example.");
    assert_eq!(shown["type"], "Microsoft.Network/privateDnsZones/A");

    let interface = network("networkInterfaces/nic");
    assert_eq!(
        estate.bench.get(&interface)["properties"]["virtualMachine"]["id"],
        machine_id("Web-01")
    );
    assert_eq!(
        estate.bench.refused("DELETE", &interface, Value::Null),
        (400, "NicInUse".to_owned())
    );
    // Another address.
    estate.put(
        &interface,
        json!({"location": "westeurope", "properties": {"ipConfigurations": [{"name": "c", "properties": {
            "subnet": {"id": format!("{}/subnets/a", net(1))},
            "privateIPAllocationMethod": "Static", "privateIPAddress": "10.1.0.77"}}]}}),
    );
    assert_eq!(records(&estate), ["web-01* 10.1.0.77"]);

    estate.delete(&machine_id("web-01"));
    assert_eq!(records(&estate), Vec::<String>::new());
    assert_eq!(count(&estate), 1);
    assert_eq!(estate.a(1, "web-01.corp.example"), "NXDOMAIN");
    estate.delete(&interface);
}

#[test]
fn an_address_leads_back_to_the_machine_in_its_own_network() {
    let estate = registering();
    estate.network(2, &[]);
    estate.link(ZONE, 2, false);
    estate.interface("nic", 1, json!({}));
    estate.interface("second", 1, json!({}));
    estate.machine("Web", &["nic", "second"]);
    let shown = estate.bench.get(&network("networkInterfaces/nic"));
    let suffix = shown["properties"]["dnsSettings"]["internalDomainNameSuffix"]
        .as_str()
        .unwrap();
    let internal = format!("web.{suffix}");
    let ask = |number: u8, name: &str, record_type| {
        line(&estate.bench.emulator.resolve(&net(number), name, record_type))
    };
    let back = "4.0.1.10.in-addr.arpa";
    assert_eq!(
        ask(1, back, RecordType::Ptr),
        format!("NOERROR {internal} web.corp.example")
    );
    assert_eq!(ask(1, back, RecordType::A), "NOERROR");
    assert_eq!(ask(1, &internal, RecordType::A), "NOERROR 10.1.0.4");
    assert_eq!(ask(1, &internal, RecordType::Aaaa), "NOERROR");
    for (number, name) in [
        (2, back),
        (2, internal.as_str()),
        (1, "5.0.1.10.in-addr.arpa"),
        (1, "9.0.1.10.in-addr.arpa"),
        (1, "0.1.10.in-addr.arpa"),
        (1, "x.4.0.1.10.in-addr.arpa"),
        (1, "other.internal.cloudapp.net"),
    ] {
        assert_eq!(
            ask(number, name, RecordType::Ptr),
            "NXDOMAIN",
            "{name} in n{number}"
        );
    }
    // Without registration there is the name that Azure gives.
    estate.link(ZONE, 1, false);
    assert_eq!(ask(1, back, RecordType::Ptr), format!("NOERROR {internal}"));
    // A zone of somebody's comes first.
    estate.zone("1.10.in-addr.arpa");
    estate.link("1.10.in-addr.arpa", 1, false);
    assert_eq!(ask(1, back, RecordType::Ptr), "NXDOMAIN");
}

#[test]
fn the_primary_interface_is_registered_in_its_own_network() {
    let estate = registering();
    estate.network(2, &[]);
    estate.interface("one", 1, json!({}));
    estate.interface("two", 1, json!({}));
    estate.interface("far", 2, json!({}));
    estate.machine("vm", &["two", "one"]);
    assert_eq!(records(&estate), ["vm* 10.1.0.5"]);
    estate.machine("vm", &["far", "one"]);
    assert_eq!(records(&estate), Vec::<String>::new());
    estate.machine("vm", &["one", "far"]);
    assert_eq!(records(&estate), ["vm* 10.1.0.4"]);
    // One zone registers several networks.
    estate.link(ZONE, 2, true);
    estate.machine("vm", &["far", "one"]);
    assert_eq!(records(&estate), ["vm* 10.2.0.4"]);
    assert_eq!(estate.a(1, "vm.corp.example"), "NOERROR 10.2.0.4");
}

#[test]
fn machines_come_and_go_with_the_link() {
    let estate = Estate::new();
    estate.network(1, &[]);
    estate.zone(ZONE);
    for name in ["a", "b"] {
        estate.interface(&format!("nic-{name}"), 1, json!({}));
        estate.machine(name, &[&format!("nic-{name}")]);
    }
    estate.link(ZONE, 1, false);
    assert_eq!(records(&estate), Vec::<String>::new());
    estate.link(ZONE, 1, true);
    assert_eq!(records(&estate), ["a* 10.1.0.4", "b* 10.1.0.5"]);
    estate.link(ZONE, 1, false);
    assert_eq!(records(&estate), Vec::<String>::new());
    // While a link is being made it registers nobody yet.
    estate.delete(&zone("/virtualNetworkLinks/l1"));
    estate.bench.ok(
        "PUT",
        &zone("/virtualNetworkLinks/l1"),
        json!({"location": "global", "properties": {"virtualNetwork": {"id": net(1)}, "registrationEnabled": true}}),
    );
    assert_eq!(records(&estate), Vec::<String>::new());
    estate.bench.pass();
    assert_eq!(records(&estate).len(), 2);
    estate
        .bench
        .ok("DELETE", &zone("/virtualNetworkLinks/l1"), Value::Null);
    assert_eq!(records(&estate), Vec::<String>::new());
}

#[test]
fn what_somebody_writes_takes_the_place_of_a_machines_record_until_it_goes() {
    let estate = registering();
    estate.interface("nic", 1, json!({}));
    estate.machine("vm", &["nic"]);
    let (status, body, _) = estate.bench.send(
        "PUT",
        &zone("/A/vm"),
        json!({"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "10.1.9.9"}]}}),
    );
    assert_eq!(
        (status, &body["properties"]["isAutoRegistered"]),
        (200, &json!(false))
    );
    assert_eq!(records(&estate), ["vm 10.1.9.9"]);
    // Whatever becomes of the machine meanwhile.
    estate.machine("vm", &["nic"]);
    estate.link(ZONE, 1, true);
    assert_eq!(records(&estate), ["vm 10.1.9.9"]);
    estate.bench.ok("DELETE", &zone("/A/vm"), Value::Null);
    assert_eq!(records(&estate), ["vm* 10.1.0.4"], "registered again");
    estate.bench.ok("DELETE", &zone("/A/vm"), Value::Null);
    assert_eq!(
        records(&estate),
        ["vm* 10.1.0.4"],
        "deleted, and registered again"
    );

    // The same body, written by somebody, is somebody's.
    let same = estate.bench.get(&zone("/A/vm"))["properties"]["aRecords"].clone();
    estate.bench.ok(
        "PUT",
        &zone("/A/vm"),
        json!({"properties": {"ttl": 10, "aRecords": same}}),
    );
    assert!(estate.bench.last_changed());
    estate.delete(&machine_id("vm"));
    assert_eq!(records(&estate), ["vm 10.1.0.4"]);

    // An alias has its name for itself.
    estate.alias(ZONE, "box", "elsewhere.example");
    estate.interface("nic2", 1, json!({}));
    estate.machine("box", &["nic2"]);
    assert_eq!(records(&estate), ["vm 10.1.0.4"]);
    estate.delete(&zone("/CNAME/box"));
    assert_eq!(records(&estate), ["box* 10.1.0.5", "vm 10.1.0.4"]);
}

#[test]
fn of_two_machines_with_one_name_the_first_has_the_record() {
    let estate = registering();
    let other = machine_id("vm").replace("resourceGroups/g", "resourceGroups/other");
    estate.bench.ok(
        "PUT",
        other.split("/providers/").next().unwrap(),
        json!({"location": "westeurope"}),
    );
    estate.interface("one", 1, json!({}));
    estate.interface("two", 1, json!({}));
    estate.machine("vm", &["one"]);
    estate.put(
        &other,
        json!({"location": "westeurope", "properties": {"networkProfile": {"networkInterfaces": [{"id": network("networkInterfaces/two")}]}}}),
    );
    assert_eq!(records(&estate), ["vm* 10.1.0.4"]);
    estate.delete(&machine_id("vm"));
    assert_eq!(records(&estate), ["vm* 10.1.0.5"]);
}

/// What somebody does.
#[derive(Clone, Debug)]
enum Deed {
    Machine(u8, u8),
    Unmake(u8),
    Link(u8, bool),
    Unlink(u8),
    Write(u8),
    Alias(u8),
    Erase(u8, bool),
    Restore,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => (0..3_u8, 0..4_u8).prop_map(|(machine, interface)| Deed::Machine(machine, interface)),
        2 => (0..3_u8).prop_map(Deed::Unmake),
        2 => (1..3_u8, any::<bool>()).prop_map(|(network, registers)| Deed::Link(network, registers)),
        1 => (1..3_u8).prop_map(Deed::Unlink),
        2 => (0..3_u8).prop_map(Deed::Write),
        1 => (0..3_u8).prop_map(Deed::Alias),
        2 => (0..3_u8, any::<bool>()).prop_map(|(name, alias)| Deed::Erase(name, alias)),
        1 => Just(Deed::Restore),
    ];
    prop::collection::vec(deed, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// A name is somebody's record, somebody's alias, or the machine's while its primary interface is in a network that the
    /// zone registers.
    #[test]
    fn records_follow_machines_whatever_is_done(deeds in deeds()) {
        let estate = Estate::new();
        estate.zone(ZONE);
        for number in [1, 2] {
            estate.network(number, &[]);
            estate.interface(&format!("nic{}", 2 * number - 2), number, json!({}));
            estate.interface(&format!("nic{}", 2 * number - 1), number, json!({}));
        }
        let mut machines: [Option<u8>; 3] = [None; 3];
        let mut registers = [false; 2];
        let mut written = [false; 3];
        let mut aliases = [false; 3];
        for deed in deeds {
            match deed {
                Deed::Machine(machine, interface) => {
                    estate.machine(&format!("m{machine}"), &[&format!("nic{interface}")]);
                    machines[usize::from(machine)] = Some(interface);
                }
                Deed::Unmake(machine) => {
                    estate.bench.ok("DELETE", &machine_id(&format!("m{machine}")), Value::Null);
                    machines[usize::from(machine)] = None;
                }
                Deed::Link(number, on) => {
                    estate.link(ZONE, number, on);
                    registers[usize::from(number) - 1] = on;
                }
                Deed::Unlink(number) => {
                    estate.bench.ok("DELETE", &zone(&format!("/virtualNetworkLinks/l{number}")), Value::Null);
                    estate.bench.pass();
                    registers[usize::from(number) - 1] = false;
                }
                Deed::Write(name) if !aliases[usize::from(name)] => {
                    estate.address(ZONE, &format!("m{name}"), "10.9.9.9");
                    written[usize::from(name)] = true;
                }
                Deed::Alias(name) => {
                    let (status, ..) = estate.bench.send(
                        "PUT",
                        &zone(&format!("/CNAME/m{name}")),
                        json!({"properties": {"ttl": 1, "cnameRecord": {"cname": "x.example"}}}),
                    );
                    aliases[usize::from(name)] |= status < 300;
                }
                Deed::Erase(name, alias) => {
                    let kind = if alias { "CNAME" } else { "A" };
                    estate.bench.ok("DELETE", &zone(&format!("/{kind}/m{name}")), Value::Null);
                    let list = if alias { &mut aliases } else { &mut written };
                    list[usize::from(name)] = false;
                }
                Deed::Restore => {
                    let text = serde_json::to_string(&estate.bench.emulator.snapshot()).unwrap();
                    estate.bench.emulator.restore(&serde_json::from_str(&text).unwrap());
                }
                Deed::Write(_) => {}
            }
            let mut expected = Vec::new();
            for name in 0..3 {
                let machine = machines[name].filter(|interface| registers[usize::from(interface / 2)]);
                match machine {
                    _ if written[name] => expected.push(format!("m{name} 10.9.9.9")),
                    Some(interface) if !aliases[name] => {
                        expected.push(format!("m{name}* 10.{}.0.{}", interface / 2 + 1, 4 + interface % 2));
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(&records(&estate), &expected);
            let all = 1 + expected.len() + aliases.iter().filter(|alias| **alias).count();
            prop_assert_eq!(count(&estate), json!(all));
        }
    }
}
