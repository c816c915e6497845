//! What the clients in a network are told of a name: real questions over UDP, as `dig` sends them.

use std::net::Ipv4Addr;
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use privatelink_testkit::environment::Environment;
use tokio::net::UdpSocket;

const PATIENCE: Duration = Duration::from_secs(5);

/// What a resolver said.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// The addresses at the end of all aliases, sorted.
    Addresses(Vec<String>),
    /// There is no such name.
    NxDomain,
}

impl Told {
    pub fn address(address: &str) -> Self {
        Self::Addresses(vec![address.to_owned()])
    }

    /// Whether the only address is one that the emulator gives to public names.
    pub fn is_public(&self) -> bool {
        match self {
            Self::Addresses(addresses) => {
                let [address] = addresses.as_slice() else {
                    return false;
                };
                address
                    .parse()
                    .is_ok_and(|address: Ipv4Addr| address.is_documentation())
            }
            Self::NxDomain => false,
        }
    }
}

/// Asks the resolver of a network for the addresses of a name.
pub async fn ask(environment: &Environment, network_id: &str, name: &str) -> Told {
    let emulator = environment.emulator().expect("the emulator runs");
    let resolver = emulator.resolver(network_id).expect("the network has a resolver");
    let mut question = Message::query();
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    socket.connect(resolver).await.unwrap();
    socket.send(&question.to_vec().unwrap()).await.unwrap();
    let mut buffer = [0_u8; 4096];
    let length = tokio::time::timeout(PATIENCE, socket.recv(&mut buffer))
        .await
        .expect("the resolver answers")
        .unwrap();
    let answer = Message::from_vec(&buffer[..length]).unwrap();
    assert_eq!(answer.metadata.id, question.metadata.id);
    match answer.metadata.response_code {
        ResponseCode::NoError => {
            let mut addresses: Vec<String> = answer
                .answers
                .iter()
                .filter_map(|record| match &record.data {
                    RData::A(address) => Some(address.to_string()),
                    _ => None,
                })
                .collect();
            addresses.sort();
            Told::Addresses(addresses)
        }
        ResponseCode::NXDomain => Told::NxDomain,
        code => panic!("{name}: {code}"),
    }
}
