//! The cluster's DNS, as far as a program in an image sees it: a few names over UDP and TCP, and what was asked.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, Metadata, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// An address of this machine alone that is hardly taken: resolvers have no other port than 53.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(127, 77, 53, 1);
/// The names that there are; all lead to this machine.
pub const NAMES: [&str; 2] = ["management.azure.example", "login.azure.example"];
/// The one whose answer is too long for UDP.
pub const LONG: &str = NAMES[1];

/// A question: over which protocol, and for which name.
pub type Asked = Arc<Mutex<Vec<(&'static str, String)>>>;

/// Serves as long as the runtime lives. Fails where the port cannot be had.
pub async fn serve() -> Asked {
    let asked = Asked::default();
    let address = SocketAddr::from((SERVER, 53));
    let udp = UdpSocket::bind(address).await.expect("port 53 over UDP");
    let tcp = TcpListener::bind(address).await.expect("port 53 over TCP");
    let log = asked.clone();
    tokio::spawn(async move {
        let mut buffer = [0_u8; 4096];
        while let Ok((length, client)) = udp.recv_from(&mut buffer).await {
            if let Some(answer) = answer(&buffer[..length], "udp", &log) {
                let _ = udp.send_to(&answer, client).await;
            }
        }
    });
    let log = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = tcp.accept().await {
            tokio::spawn(talk(stream, log.clone()));
        }
    });
    asked
}

async fn talk(mut stream: TcpStream, asked: Asked) -> std::io::Result<()> {
    loop {
        let mut question = vec![0_u8; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        let Some(answer) = answer(&question, "tcp", &asked) else {
            return Ok(());
        };
        // One write: there are clients that take the length for the whole message.
        let mut message = u16::try_from(answer.len()).unwrap().to_be_bytes().to_vec();
        message.extend(answer);
        stream.write_all(&message).await?;
    }
}

fn answer(question: &[u8], protocol: &'static str, asked: &Asked) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?;
    let name = query.name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
    asked.lock().unwrap().push((protocol, name.clone()));
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata = Metadata::response_from_request(&question.metadata);
    answer.metadata.recursion_available = true;
    answer.add_query(query.clone());
    if !NAMES.contains(&name.as_str()) {
        answer.metadata.response_code = ResponseCode::NXDomain;
    } else if name == LONG && protocol == "udp" {
        answer.metadata.truncation = true;
    } else if query.query_type() == RecordType::A {
        let address = RData::A(A(Ipv4Addr::LOCALHOST));
        answer.add_answer(Record::from_rdata(query.name().clone(), 5, address));
    }
    answer.to_vec().ok()
}
