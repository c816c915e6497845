//! What records say: read out of a record set's body, shown as zone files show it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use crate::dns::{RecordType, normal};

/// The data of one record. Domain names are in lower case, without a dot at their end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordData {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Cname(String),
    Mx {
        preference: u16,
        exchange: String,
    },
    Ptr(String),
    Soa {
        host: String,
        email: String,
        serial: u32,
        refresh: u32,
        retry: u32,
        expire: u32,
        minimum: u32,
    },
    Srv {
        priority: u16,
        weight: u16,
        port: u16,
        target: String,
    },
    Txt(Vec<String>),
}

impl RecordData {
    /// The type of record that has such data.
    pub fn record_type(&self) -> RecordType {
        match self {
            RecordData::A(_) => RecordType::A,
            RecordData::Aaaa(_) => RecordType::Aaaa,
            RecordData::Cname(_) => RecordType::Cname,
            RecordData::Mx { .. } => RecordType::Mx,
            RecordData::Ptr(_) => RecordType::Ptr,
            RecordData::Soa { .. } => RecordType::Soa,
            RecordData::Srv { .. } => RecordType::Srv,
            RecordData::Txt(_) => RecordType::Txt,
        }
    }

    /// The data of one record in the form that private DNS zones keep it in.
    pub(super) fn read(record_type: RecordType, record: &Value) -> Option<Self> {
        let text = |field: &str| record.get(field).and_then(Value::as_str);
        let domain = |field: &str| text(field).and_then(normal);
        let number = |field: &str| record.get(field).and_then(Value::as_u64);
        let short = |field: &str| number(field).and_then(|number| u16::try_from(number).ok());
        let seconds = |field: &str| number(field).and_then(|number| u32::try_from(number).ok());
        Some(match record_type {
            RecordType::A => RecordData::A(text("ipv4Address")?.parse().ok()?),
            RecordType::Aaaa => RecordData::Aaaa(text("ipv6Address")?.parse().ok()?),
            RecordType::Cname => RecordData::Cname(domain("cname")?),
            RecordType::Mx => RecordData::Mx {
                preference: short("preference")?,
                exchange: domain("exchange")?,
            },
            RecordType::Ptr => RecordData::Ptr(domain("ptrdname")?),
            RecordType::Soa => RecordData::Soa {
                host: domain("host")?,
                email: domain("email")?,
                serial: seconds("serialNumber")?,
                refresh: seconds("refreshTime")?,
                retry: seconds("retryTime")?,
                expire: seconds("expireTime")?,
                minimum: seconds("minimumTtl")?,
            },
            RecordType::Srv => RecordData::Srv {
                priority: short("priority")?,
                weight: short("weight")?,
                port: short("port")?,
                target: domain("target")?,
            },
            RecordType::Txt => RecordData::Txt(
                record
                    .get("value")?
                    .as_array()?
                    .iter()
                    .filter_map(|part| part.as_str().map(str::to_owned))
                    .collect(),
            ),
            RecordType::Other => return None,
        })
    }
}

impl fmt::Display for RecordData {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordData::A(address) => address.fmt(formatter),
            RecordData::Aaaa(address) => address.fmt(formatter),
            RecordData::Cname(name) | RecordData::Ptr(name) => formatter.write_str(name),
            RecordData::Mx { preference, exchange } => write!(formatter, "{preference} {exchange}"),
            RecordData::Soa {
                host,
                email,
                serial,
                refresh,
                retry,
                expire,
                minimum,
            } => write!(
                formatter,
                "{host} {email} {serial} {refresh} {retry} {expire} {minimum}"
            ),
            RecordData::Srv {
                priority,
                weight,
                port,
                target,
            } => write!(formatter, "{priority} {weight} {port} {target}"),
            RecordData::Txt(parts) => {
                let quoted: Vec<String> = parts
                    .iter()
                    .map(|part| format!("\"{}\"", part.replace('\\', "\\\\").replace('"', "\\\"")))
                    .collect();
                formatter.write_str(&quoted.join(" "))
            }
        }
    }
}
