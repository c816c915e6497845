//! DNS messages: a question in, the resolver's answer out. Whatever the bytes are, nothing here panics.

use hickory_proto::ProtoError;
use hickory_proto::op::{Edns, Header, Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, SOA, SRV, TXT};
use hickory_proto::rr::{self, DNSClass, Name, RData, Record};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

use crate::Emulator;
use crate::dns::{Answer, AnswerRecord, Rcode, RecordData, RecordType, normal};

/// What a message over UDP may have when the question does not say.
const PLAIN_LIMIT: u16 = 512;
/// What a message over UDP has at most, whatever the question says.
const LARGEST_PAYLOAD: u16 = 4096;
/// The option that says more about a failure, and the code in it (RFC 8914).
const EXTENDED_ERROR: u16 = 15;
const NO_REACHABLE_AUTHORITY: u16 = 22;
/// So that the words fit into the smallest message.
const LONGEST_REASON: usize = 200;

/// What a message comes and goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
}

/// The answer to one message from a client in the network; `None` when it gets none.
pub fn respond(
    emulator: &Emulator,
    network_id: &str,
    request: &[u8],
    transport: Transport,
) -> Option<Vec<u8>> {
    let Header { metadata, .. } = Header::read(&mut BinDecoder::new(request)).ok()?;
    if metadata.message_type == MessageType::Response {
        return None;
    }
    let mut response = Message::response(metadata.id, metadata.op_code);
    response.metadata = Metadata::response_from_request(&metadata);
    response.metadata.recursion_available = true;
    let limit = match read(&metadata, request) {
        Err(refusal) => {
            response.metadata.response_code = refusal;
            PLAIN_LIMIT
        }
        Ok(question) => {
            response.add_query(question.query.clone());
            if question.edns.is_some() {
                let mut edns = Edns::new();
                edns.set_max_payload(LARGEST_PAYLOAD);
                response.set_edns(edns);
            }
            response.metadata.response_code = match question.refusal() {
                Some(refusal) => refusal,
                None => answer(emulator, network_id, &question.query, &mut response),
            };
            question.payload()
        }
    };
    encode(&response, limit, transport)
}

/// What a message asks.
struct Question {
    query: Query,
    edns: Option<Edns>,
}

/// The one question of a message, or with which code it is refused.
fn read(metadata: &Metadata, request: &[u8]) -> Result<Question, ResponseCode> {
    if metadata.op_code != OpCode::Query {
        return Err(ResponseCode::NotImp);
    }
    let message = Message::from_vec(request).map_err(|_| ResponseCode::FormErr)?;
    let mut queries = message.queries.into_iter();
    match (queries.next(), queries.next()) {
        (Some(query), None) => Ok(Question {
            query,
            edns: message.edns,
        }),
        _ => Err(ResponseCode::FormErr),
    }
}

impl Question {
    fn refusal(&self) -> Option<ResponseCode> {
        let transfer = [rr::RecordType::AXFR, rr::RecordType::IXFR].contains(&self.query.query_type());
        if self.edns.as_ref().is_some_and(|edns| edns.version() != 0) {
            Some(ResponseCode::BADVERS)
        } else if transfer || self.query.query_class() != DNSClass::IN {
            Some(ResponseCode::Refused)
        } else {
            None
        }
    }

    /// The size of an answer that the client takes over UDP.
    fn payload(&self) -> u16 {
        self.edns.as_ref().map_or(PLAIN_LIMIT, |edns| {
            edns.max_payload().clamp(PLAIN_LIMIT, LARGEST_PAYLOAD)
        })
    }
}

/// Adds the resolver's answer.
fn answer(emulator: &Emulator, network_id: &str, query: &Query, response: &mut Message) -> ResponseCode {
    let asked = query.name().to_ascii();
    let Answer {
        rcode,
        answers,
        authority,
        reason,
        ..
    } = emulator.resolve(network_id, &asked, record_type(query.query_type()));
    if let Some(reason) = reason {
        explain(response, &reason);
    }
    let asked = normal(&asked);
    for record in answers {
        // Clients that vary the case of what they ask want to find it again.
        let owner = if asked.as_ref() == Some(&record.name) {
            Ok(query.name().clone())
        } else {
            domain(&record.name)
        };
        match owner.and_then(|owner| encoded(owner, record)) {
            Ok(record) => response.add_answer(record),
            Err(_) => return ResponseCode::ServFail,
        };
    }
    let authority = authority.map(|record| domain(&record.name).and_then(|owner| encoded(owner, record)));
    if let Some(Ok(record)) = authority {
        response.add_authority(record);
    }
    match rcode {
        Rcode::NoError => ResponseCode::NoError,
        Rcode::NxDomain => ResponseCode::NXDomain,
        Rcode::ServFail => ResponseCode::ServFail,
    }
}

/// Says why it is a failure, to a client that takes options (RFC 8914).
fn explain(response: &mut Message, reason: &str) {
    let Some(edns) = response.edns.as_mut() else {
        return;
    };
    let mut words = reason.to_owned();
    words.truncate(reason.floor_char_boundary(LONGEST_REASON));
    let data = [NO_REACHABLE_AUTHORITY.to_be_bytes().as_slice(), words.as_bytes()].concat();
    edns.options_mut()
        .insert(EdnsOption::Unknown(EXTENDED_ERROR, data));
}

fn record_type(asked: rr::RecordType) -> RecordType {
    match asked {
        rr::RecordType::A => RecordType::A,
        rr::RecordType::AAAA => RecordType::Aaaa,
        rr::RecordType::CNAME => RecordType::Cname,
        rr::RecordType::MX => RecordType::Mx,
        rr::RecordType::PTR => RecordType::Ptr,
        rr::RecordType::SOA => RecordType::Soa,
        rr::RecordType::SRV => RecordType::Srv,
        rr::RecordType::TXT => RecordType::Txt,
        _ => RecordType::Other,
    }
}

fn encoded(owner: Name, record: AnswerRecord) -> Result<Record, ProtoError> {
    let data = match record.data {
        RecordData::A(address) => RData::A(A(address)),
        RecordData::Aaaa(address) => RData::AAAA(AAAA(address)),
        RecordData::Cname(name) => RData::CNAME(CNAME(domain(&name)?)),
        RecordData::Mx { preference, exchange } => RData::MX(MX::new(preference, domain(&exchange)?)),
        RecordData::Ptr(name) => RData::PTR(PTR(domain(&name)?)),
        RecordData::Soa {
            host,
            email,
            serial,
            refresh,
            retry,
            expire,
            minimum,
        } => {
            let seconds = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
            RData::SOA(SOA::new(
                domain(&host)?,
                domain(&email)?,
                serial,
                seconds(refresh),
                seconds(retry),
                seconds(expire),
                minimum,
            ))
        }
        RecordData::Srv {
            priority,
            weight,
            port,
            target,
        } => RData::SRV(SRV::new(priority, weight, port, domain(&target)?)),
        // A TXT record has at least one string.
        RecordData::Txt(parts) if parts.is_empty() => RData::TXT(TXT::new(vec![String::new()])),
        RecordData::Txt(parts) => RData::TXT(TXT::new(parts)),
    };
    Ok(Record::from_rdata(owner, record.ttl, data))
}

fn domain(name: &str) -> Result<Name, ProtoError> {
    let mut name = Name::from_ascii(name)?;
    name.set_fqdn(true);
    Ok(name)
}

/// The message's bytes. What is too long loses its records and says so: the client asks again over TCP.
fn encode(response: &Message, limit: u16, transport: Transport) -> Option<Vec<u8>> {
    let limit = match transport {
        Transport::Udp => usize::from(limit),
        Transport::Tcp => usize::from(u16::MAX),
    };
    match response.to_vec() {
        Ok(bytes) if bytes.len() <= limit => Some(bytes),
        _ => response.truncate().to_vec().ok(),
    }
}
