//! The program's resolvers, asked over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};

const PROGRAM: &str = env!("CARGO_BIN_EXE_arm-emulator");
const NETWORK: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/demo/providers/Microsoft.Network/virtualNetworks/net";
const SEED: &str = "
resourceGroups:
  - {name: demo, location: westeurope}
subscriptions:
  - id: 00000000-0000-0000-0000-000000000001
resources:
  - type: Microsoft.Storage/storageAccounts
    name: acct
    group: demo
    location: westeurope
    kind: StorageV2
    sku: {name: Standard_LRS}
  - type: Microsoft.Network/virtualNetworks
    name: net
    group: demo
    location: westeurope
    properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
  - type: Microsoft.Network/privateDnsZones
    name: corp.example
    group: demo
    location: global
  - type: Microsoft.Network/privateDnsZones/TXT
    name: corp.example/long
    group: demo
    properties: {ttl: 60, txtRecords: [{value: [LONG, LONG, LONG, LONG]}]}
  - type: Microsoft.Network/privateDnsZones/virtualNetworkLinks
    name: corp.example/net
    group: demo
    location: global
    properties: {virtualNetwork: {id: NETWORK}}
";

/// A running emulator with one network's resolver; it is killed when the test ends.
struct Running {
    child: Child,
    resolver: SocketAddr,
    _directory: tempfile::TempDir,
}

impl Running {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let seed = directory.path().join("seed.yaml");
        let text = SEED.replace("LONG", &"x".repeat(200)).replace("NETWORK", NETWORK);
        std::fs::write(&seed, text).unwrap();
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--state-dir"])
            .arg(directory.path())
            .arg("--seed")
            .arg(&seed)
            .arg(format!("--dns=127.0.0.1:0={NETWORK}"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let text = std::fs::read_to_string(directory.path().join("endpoint.json")).unwrap();
        let description: serde_json::Value = serde_json::from_str(&text).unwrap();
        Self {
            child,
            resolver: description["dns"][NETWORK].as_str().unwrap().parse().unwrap(),
            _directory: directory,
        }
    }

    /// What comes back over UDP; `None` when nothing does.
    fn udp(&self, bytes: &[u8], patience: Duration) -> Option<Message> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(patience)).unwrap();
        socket.send_to(bytes, self.resolver).unwrap();
        let mut buffer = [0_u8; 8192];
        let length = socket.recv(&mut buffer).ok()?;
        Some(Message::from_vec(&buffer[..length]).unwrap())
    }

    fn ask(&self, message: &Message) -> Message {
        self.udp(&message.to_vec().unwrap(), Duration::from_secs(20))
            .unwrap()
    }

    /// What comes back over one TCP connection to each of the questions.
    fn tcp(&self, questions: &[Message]) -> Vec<Message> {
        let mut stream = TcpStream::connect(self.resolver).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        questions
            .iter()
            .map(|question| {
                let bytes = question.to_vec().unwrap();
                stream
                    .write_all(&u16::try_from(bytes.len()).unwrap().to_be_bytes())
                    .unwrap();
                stream.write_all(&bytes).unwrap();
                let mut length = [0_u8; 2];
                stream.read_exact(&mut length).unwrap();
                let mut answer = vec![0_u8; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut answer).unwrap();
                Message::from_vec(&answer).unwrap()
            })
            .collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn question(name: &str, record_type: RecordType) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), record_type));
    message
}

#[test]
fn questions_are_answered_over_udp_and_tcp() {
    let running = Running::start();
    let asked = question("Acct.Blob.core.windows.net.", RecordType::A);
    let answer = running.ask(&asked);
    assert_eq!(answer.metadata.id, 4711);
    assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
    assert!(answer.metadata.recursion_available && answer.metadata.recursion_desired);
    assert!(!answer.metadata.authoritative && !answer.metadata.truncation);
    assert_eq!(answer.queries, asked.queries);
    assert_eq!(answer.answers.len(), 1);
    assert_eq!(answer.answers[0].record_type(), RecordType::A);

    let missing = question("nobody.corp.example.", RecordType::A);
    let nothing = running.ask(&missing);
    assert_eq!(nothing.metadata.response_code, ResponseCode::NXDomain);
    // For how long that may be kept.
    assert_eq!(nothing.authorities.len(), 1);
    assert_eq!(nothing.authorities[0].record_type(), RecordType::SOA);
    assert_eq!(nothing.authorities[0].name.to_ascii(), "corp.example.");
    assert_eq!(nothing.authorities[0].ttl, 10);
    assert!(answer.authorities.is_empty());

    let long = question("long.corp.example.", RecordType::TXT);
    let cut = running.ask(&long);
    assert!(cut.metadata.truncation && cut.answers.is_empty());
    let mut roomy = long.clone();
    roomy.set_edns(Edns::new());
    roomy.edns.as_mut().unwrap().set_max_payload(1232);
    let whole = running.ask(&roomy);
    assert!(!whole.metadata.truncation && whole.edns.is_some());
    assert_eq!(whole.answers.len(), 1);
    let over_tcp = running.tcp(&[asked, long]);
    assert_eq!(over_tcp[0].answers, answer.answers);
    assert_eq!(over_tcp[1].answers, whole.answers);
    assert!(!over_tcp[1].metadata.truncation);
}

#[test]
fn what_is_no_question_is_refused_or_gets_no_answer() {
    let running = Running::start();
    let patience = Duration::from_secs(20);
    let code = |bytes: &[u8]| running.udp(bytes, patience).unwrap().metadata.response_code;
    let good = question("acct.blob.core.windows.net.", RecordType::A)
        .to_vec()
        .unwrap();
    assert_eq!(code(&good[..good.len() - 3]), ResponseCode::FormErr);
    let status = Message::new(1, MessageType::Query, OpCode::Status);
    assert_eq!(code(&status.to_vec().unwrap()), ResponseCode::NotImp);
    let nothing = Message::new(1, MessageType::Query, OpCode::Query);
    assert_eq!(code(&nothing.to_vec().unwrap()), ResponseCode::FormErr);
    let transfer = question("corp.example.", RecordType::AXFR);
    assert_eq!(code(&transfer.to_vec().unwrap()), ResponseCode::Refused);
    let mut versioned = question("acct.blob.core.windows.net.", RecordType::A);
    versioned.set_edns(Edns::new());
    versioned.edns.as_mut().unwrap().set_version(1);
    // BADVERS and BADSIG are one number.
    assert_eq!(
        u16::from(code(&versioned.to_vec().unwrap())),
        u16::from(ResponseCode::BADVERS)
    );
    let mut response = question("acct.blob.core.windows.net.", RecordType::A);
    response.metadata.message_type = MessageType::Response;
    for silent in [response.to_vec().unwrap(), vec![1, 2, 3]] {
        assert!(running.udp(&silent, Duration::from_millis(200)).is_none());
    }
    assert_eq!(code(&good), ResponseCode::NoError);
}

#[test]
fn a_flag_with_a_mistake_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let start = |flags: &[String]| -> Output {
        Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--state-dir"])
            .arg(directory.path())
            .args(flags)
            .output()
            .unwrap()
    };
    for (flags, word) in [
        (vec!["--dns=127.0.0.1:0".to_owned()], "ADDRESS:PORT=NETWORK_ID"),
        (
            vec![format!("--dns=here={NETWORK}")],
            "'here' is no address with a port",
        ),
        (
            vec!["--dns=127.0.0.1:0=/x".to_owned()],
            "'/x' is no id of a virtual network",
        ),
        (
            vec![
                format!("--dns=127.0.0.1:0={NETWORK}"),
                format!("--dns=127.0.0.1:0={}", NETWORK.to_lowercase()),
            ],
            "is there twice",
        ),
    ] {
        let output = start(&flags);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(word),
            "{flags:?}: {said}"
        );
    }
}
