//! Resolvers of networks that are opened and ended at the door, asked over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::estate::{Estate, inbound, net};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RecordType};
use serde_json::{Value, json};

const NAME: &str = "app.corp.example.";
const PATIENCE: Duration = Duration::from_secs(20);

/// A hub `n1` with the zone `corp.example` and a resolver, and a spoke `n2` that asks it.
fn hub_and_spoke() -> Estate {
    let estate = Estate::new();
    estate.network(1, &[]);
    estate.network(2, &[&inbound(1)]);
    estate.resolver(1);
    estate.zone("corp.example");
    estate.link("corp.example", 1, false);
    estate.address("corp.example", "app", "10.1.0.9");
    estate
}

fn door(estate: &Estate, method: &str, query: &str, body: &Value) -> (u16, Value) {
    let url = format!("https://management.azure.com/_emulator/dns{query}");
    let text = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let response = estate.bench.send_with(method, &url, text.as_bytes(), &[]);
    (
        response.status.as_u16(),
        serde_json::from_slice(&response.body).unwrap(),
    )
}

fn open(estate: &Estate, number: u8) -> SocketAddr {
    let (status, body) = door(estate, "POST", "", &json!({"network": net(number)}));
    assert_eq!(status, 201, "{body}");
    assert_eq!(body["network"], net(number));
    body["address"].as_str().unwrap().parse().unwrap()
}

fn question(name: &str) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    message
}

/// What comes back over UDP; `None` when nothing does.
fn udp(address: SocketAddr, bytes: &[u8], patience: Duration) -> Option<Message> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(address).unwrap();
    socket.set_read_timeout(Some(patience)).unwrap();
    socket.send(bytes).ok()?;
    let mut buffer = [0_u8; 8192];
    let length = socket.recv(&mut buffer).ok()?;
    Some(Message::from_vec(&buffer[..length]).unwrap())
}

fn tcp(address: SocketAddr, bytes: &[u8]) -> Option<Message> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    stream.write_all(&[length.as_slice(), bytes].concat()).ok()?;
    let mut length = [0_u8; 2];
    stream.read_exact(&mut length).ok()?;
    let mut answer = vec![0_u8; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer).ok()?;
    Some(Message::from_vec(&answer).unwrap())
}

/// Code and records in one line.
fn line(message: &Message) -> String {
    let records = message.answers.iter().map(|record| format!(" {}", record.data));
    format!(
        "{}{}",
        message.metadata.response_code,
        records.collect::<String>()
    )
}

fn ask(address: SocketAddr, name: &str) -> String {
    let bytes = question(name).to_vec().unwrap();
    let over_udp = line(&udp(address, &bytes, PATIENCE).unwrap());
    assert_eq!(over_udp, line(&tcp(address, &bytes).unwrap()));
    over_udp
}

/// Waits until both sockets of an address are free again.
fn wait_for_free(address: SocketAddr) {
    let begun = Instant::now();
    while TcpListener::bind(address).is_err() || UdpSocket::bind(address).is_err() {
        assert!(begun.elapsed() < PATIENCE, "{address} stays taken");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_network_has_a_resolver_of_its_own() {
    let estate = hub_and_spoke();
    assert_eq!(door(&estate, "GET", "", &Value::Null).1, json!({"listeners": []}));
    let (hub, spoke) = (open(&estate, 1), open(&estate, 2));
    assert!(hub.ip().is_loopback() && hub != spoke);
    assert_eq!(ask(hub, NAME), "No Error 10.1.0.9");
    assert_eq!(ask(spoke, NAME), "Server Failure", "the hub cannot be reached");
    estate.peer(1, 2);
    assert_eq!(ask(spoke, NAME), "No Error 10.1.0.9");
    assert_eq!(ask(spoke, "nobody.corp.example."), "Non-Existent Domain");
    assert_eq!(
        door(&estate, "GET", "", &Value::Null).1,
        json!({"listeners": [
            {"network": net(1), "address": hub.to_string()},
            {"network": net(2), "address": spoke.to_string()},
        ]})
    );
    // One for a network: the same again, or a refusal.
    for wanted in [
        json!({"network": net(1)}),
        json!({"network": net(1).to_uppercase(), "listen": hub.to_string()}),
    ] {
        let (status, body) = door(&estate, "POST", "", &wanted);
        assert_eq!((status, &body["address"]), (200, &json!(hub.to_string())));
    }
    let (status, body) = door(
        &estate,
        "POST",
        "",
        &json!({"network": net(1), "listen": "[::1]:0"}),
    );
    assert_eq!((status, &body["error"]["code"]), (409, &json!("ListensAlready")));

    let query = format!("?network={}", net(1));
    assert_eq!(door(&estate, "DELETE", &query, &Value::Null), (200, json!({})));
    assert_eq!(door(&estate, "DELETE", &query, &Value::Null).0, 404);
    wait_for_free(hub);
    assert_eq!(ask(spoke, NAME), "No Error 10.1.0.9", "the other one stays");
    let (status, body) = door(
        &estate,
        "POST",
        "",
        &json!({"network": net(1), "listen": hub.to_string()}),
    );
    assert_eq!((status, &body["address"]), (201, &json!(hub.to_string())));
    assert_eq!(ask(hub, NAME), "No Error 10.1.0.9");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resolver_goes_with_its_network() {
    let estate = hub_and_spoke();
    let spoke = open(&estate, 2);
    let deletion = estate.bench.send("DELETE", &net(2), Value::Null);
    assert_eq!(deletion.0, 202);
    assert_eq!(
        ask(spoke, "acct.blob.core.windows.net."),
        "Server Failure",
        "the deletion runs"
    );
    estate.bench.pass();
    // The question finds that the network has gone.
    let bytes = question(NAME).to_vec().unwrap();
    assert!(udp(spoke, &bytes, Duration::from_millis(300)).is_none());
    wait_for_free(spoke);
    assert_eq!(door(&estate, "GET", "", &Value::Null).1, json!({"listeners": []}));
    assert_eq!(
        door(&estate, "POST", "", &json!({"network": net(2)})).0,
        404,
        "nor comes it back"
    );

    // Nor does it outlive a state in which the network never was.
    let hub = open(&estate, 1);
    estate.bench.emulator.reset();
    wait_for_free(hub);
    assert_eq!(door(&estate, "GET", "", &Value::Null).1, json!({"listeners": []}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_opened_is_refused() {
    let estate = hub_and_spoke();
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let busy = taken.local_addr().unwrap().to_string();
    for (body, status, code, word) in [
        (
            json!({"network": net(9)}),
            404,
            "NetworkNotFound",
            "there is no virtual network",
        ),
        (
            json!({"network": "/x"}),
            400,
            "InvalidRequest",
            "'/x' is no id of a virtual network",
        ),
        (json!({}), 400, "InvalidRequest", "missing field `network`"),
        (
            json!({"network": net(1), "port": 1}),
            400,
            "InvalidRequest",
            "unknown field `port`",
        ),
        (
            json!({"network": net(1), "listen": "here"}),
            400,
            "InvalidRequest",
            "invalid socket address",
        ),
        (
            json!({"network": net(1), "listen": "0.0.0.0:0"}),
            400,
            "LoopbackOnly",
            "beyondLoopback",
        ),
        (
            json!({"network": net(1), "listen": busy}),
            409,
            "AddressNotAvailable",
            "in use",
        ),
        (
            json!({"network": net(1), "listen": "192.0.2.1:53", "beyondLoopback": true}),
            409,
            "AddressNotAvailable",
            "cannot listen on 192.0.2.1:53",
        ),
    ] {
        let (seen, answer) = door(&estate, "POST", "", &body);
        assert_eq!(
            (seen, &answer["error"]["code"]),
            (status, &json!(code)),
            "{body}: {answer}"
        );
        assert!(
            answer["error"]["message"].as_str().unwrap().contains(word),
            "{body}: {answer}"
        );
    }
    assert_eq!(door(&estate, "DELETE", "", &Value::Null).0, 400);
    let (status, body) = door(
        &estate,
        "POST",
        "",
        &json!({"network": net(1), "listen": "0.0.0.0:0", "beyondLoopback": true}),
    );
    assert_eq!(status, 201, "{body}");
    let port = body["address"]
        .as_str()
        .unwrap()
        .rsplit_once(':')
        .unwrap()
        .1
        .to_owned();
    assert_eq!(
        ask(format!("127.0.0.1:{port}").parse().unwrap(), NAME),
        "No Error 10.1.0.9"
    );
}

#[test]
fn outside_of_a_runtime_nothing_listens() {
    let estate = hub_and_spoke();
    let (status, body) = door(&estate, "POST", "", &json!({"network": net(1)}));
    assert_eq!((status, &body["error"]["code"]), (501, &json!("NoRuntime")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_64_resolvers_at_most() {
    let estate = Estate::new();
    for number in 1..=65 {
        estate.network(number, &[]);
        let (status, body) = door(&estate, "POST", "", &json!({"network": net(number)}));
        let expected = if number <= 64 { 201 } else { 409 };
        assert_eq!(status, expected, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_garbage_nor_silence_stops_a_resolver() {
    let estate = hub_and_spoke();
    let hub = open(&estate, 1);
    let good = question(NAME).to_vec().unwrap();
    let mut seed = 1_u64;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for round in 0..500_usize {
        let mut bytes: Vec<u8> = (0..round)
            .map(|_| {
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                seed.to_be_bytes()[0]
            })
            .collect();
        // Every other message begins as a question does.
        if round % 2 == 0 && bytes.len() > good.len() {
            bytes[..good.len() - 5].copy_from_slice(&good[..good.len() - 5]);
        }
        socket.send_to(&bytes, hub).unwrap();
    }
    let mut silent: Vec<TcpStream> = (0..80).map(|_| TcpStream::connect(hub).unwrap()).collect();
    for stream in &mut silent[..40] {
        // A message that never comes to its end.
        stream.write_all(&[0xff, 0xff, 1, 2, 3]).unwrap();
    }
    // So many messages at once fill the socket's buffer, and the system drops what comes then: clients ask again.
    let answer = (0..10).find_map(|_| udp(hub, &good, Duration::from_secs(1)));
    assert_eq!(line(&answer.unwrap()), "No Error 10.1.0.9");
    drop(silent);
    assert_eq!(line(&tcp(hub, &good).unwrap()), "No Error 10.1.0.9");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_says_why_to_clients_that_take_options() {
    let estate = hub_and_spoke();
    let spoke = open(&estate, 2);
    let mut asked = question(NAME);
    asked.set_edns(Edns::new());
    let answer = udp(spoke, &asked.to_vec().unwrap(), PATIENCE).unwrap();
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
    let edns = answer.edns.unwrap();
    let Some(EdnsOption::Unknown(15, data)) = edns.option(EdnsCode::Unknown(15)) else {
        panic!("no extended error: {edns:?}");
    };
    assert_eq!(data[..2], [0, 22]);
    assert!(String::from_utf8_lossy(&data[2..]).starts_with("no DNS server of the virtual network"));
}

/// The program that everybody has at hand, where it is installed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dig_sees_the_private_address() {
    let estate = hub_and_spoke();
    estate.peer(1, 2);
    let address = open(&estate, 2);
    let dig = |more: &str| {
        Command::new("dig")
            .arg(format!("@{}", address.ip()))
            .args(["-p", &address.port().to_string(), NAME, "+short", more])
            .output()
    };
    let Ok(over_udp) = dig("+notcp") else {
        eprintln!("dig is not installed: nothing is asked with it");
        return;
    };
    assert_eq!(String::from_utf8_lossy(&over_udp.stdout), "10.1.0.9\n");
    assert_eq!(
        String::from_utf8_lossy(&dig("+tcp").unwrap().stdout),
        "10.1.0.9\n"
    );
}
