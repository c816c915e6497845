//! Private DNS zones as a network sees them: which zone answers for a name, and what it says.

use std::iter;

use serde_json::Value;

use crate::dns::{AnswerRecord, RecordData, RecordType, is_in_force, suffixes};
use crate::private_dns::{link, record_set};
use crate::request::place::parent_key;
use crate::state::State;

/// The private DNS zone that answers for a name.
pub(super) struct Zone<'a> {
    state: &'a State,
    key: String,
    pub(super) id: String,
    /// In lower case.
    name: String,
    /// Whether the Internet is asked about names that the zone does not have.
    pub(super) redirects: bool,
}

/// What a zone says about a name.
pub(super) enum Found {
    /// Records of the type that was asked for, or the alias that stands in their place; with how long they live.
    Records(u32, Vec<RecordData>),
    /// The name exists, without records of the type.
    NoData,
    Missing,
}

impl<'a> Zone<'a> {
    /// Of the zones that are linked to the network the one with the longest name that the name ends with.
    pub(super) fn of(state: &'a State, network_key: &str, name: &str) -> Option<Self> {
        suffixes(name).find_map(|suffix| {
            let link = state.claimant(&link::claim(suffix, network_key))?;
            if !is_in_force(link) {
                return None;
            }
            let key = parent_key(&link.key())?.to_owned();
            let zone = state.get(&key)?;
            Some(Zone {
                state,
                id: zone.id.clone(),
                name: zone.name().to_ascii_lowercase(),
                key,
                redirects: link.text(&["properties", "resolutionPolicy"]) == Some("NxDomainRedirect"),
            })
        })
    }

    /// What the zone says about a name that ends with the zone's.
    pub(super) fn lookup(&self, name: &str, record_type: RecordType) -> Found {
        let relative = name
            .strip_suffix(&self.name)
            .and_then(|rest| rest.strip_suffix('.'))
            .unwrap_or("@");
        let Some(node) = self.node(relative) else {
            return Found::Missing;
        };
        [RecordType::Cname, record_type]
            .into_iter()
            .find_map(|record_type| self.records(&node, record_type))
            .map_or(Found::NoData, |(ttl, records)| Found::Records(ttl, records))
    }

    /// The SOA record that goes with an answer that there is nothing; it lives as long as the answer may be kept (RFC 2308).
    pub(super) fn start(&self) -> Option<AnswerRecord> {
        let (ttl, records) = self.records("@", RecordType::Soa)?;
        let data = records.into_iter().next()?;
        let ttl = match &data {
            RecordData::Soa { minimum, .. } => ttl.min(*minimum),
            _ => ttl,
        };
        Some(AnswerRecord {
            name: self.name.clone(),
            ttl,
            data,
        })
    }

    /// The relative name whose records answer for a relative name: itself, or the wildcard of the closest name above that
    /// exists (RFC 4592).
    fn node(&self, relative: &str) -> Option<String> {
        if self.exists(relative) {
            return Some(relative.to_owned());
        }
        let wildcard = suffixes(relative)
            .skip(1)
            .find(|above| self.exists(above))
            .map_or_else(|| "*".to_owned(), |above| format!("*.{above}"));
        self.exists(&wildcard).then_some(wildcard)
    }

    fn exists(&self, relative: &str) -> bool {
        relative == "@"
            || RecordType::all().any(|record_type| self.records(relative, record_type).is_some())
            || self.state.names().has_below(&self.key, relative)
    }

    /// The records of one type and how long they live. A record set without records is as good as none.
    fn records(&self, relative: &str, record_type: RecordType) -> Option<(u32, Vec<RecordData>)> {
        let kind = record_type.name();
        let key = format!("{}/{}/{relative}", self.key, kind.to_ascii_lowercase());
        let properties = self.state.get(&key)?.body.get("properties")?;
        let (_, field) = record_set::TYPES.iter().find(|(known, _)| *known == kind)?;
        let records: Vec<RecordData> = match properties.get(*field)? {
            Value::Array(records) => records
                .iter()
                .filter_map(|record| RecordData::read(record_type, record))
                .collect(),
            record => iter::once(record)
                .filter_map(|record| RecordData::read(record_type, record))
                .collect(),
        };
        let ttl = properties.get("ttl").and_then(Value::as_u64).unwrap_or_default();
        (!records.is_empty()).then(|| (u32::try_from(ttl).unwrap_or(u32::MAX), records))
    }
}
