//! An endpoint's names as records: where each belongs, what is there, and whose it is.

use std::collections::BTreeMap;

use privatelink_api::{IpConfiguration, Reason};
use privatelink_arm::catalogue;
use privatelink_arm::{ResourceId, models::private_dns_zone::API_VERSION};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::{Missing, World, all};
use serde_json::Value;

use super::LOOK_AGAIN;

/// What of a record is read, as JSON pointers.
const READ: &[&str] = &["/properties/aRecords", "/properties/metadata"];

/// A record that should hold addresses of the endpoint.
pub(super) struct Wanted {
    pub(super) fqdn: String,
    pub(super) zone: ResourceId,
    pub(super) name: String,
    /// Sorted.
    pub(super) addresses: Vec<String>,
}

impl Wanted {
    /// The record in Azure; none where the name is none that a record can have.
    pub(super) fn id(&self) -> Option<ResourceId> {
        self.zone.child("A", &self.name).ok()
    }
}

/// The endpoint as Azure's records name it.
pub(super) struct Creator<'a> {
    pub(super) name: &'a str,
    pub(super) guid: Option<&'a str>,
}

impl Creator<'_> {
    /// Whether Azure's words `created by private endpoint .. with resource guid ..` mean this endpoint.
    fn is_meant_by(&self, creator: &str) -> bool {
        match self.guid {
            Some(guid) => creator.to_ascii_lowercase().contains(&guid.to_ascii_lowercase()),
            None => creator
                .split_whitespace()
                .any(|word| word.eq_ignore_ascii_case(self.name)),
        }
    }
}

/// What a record is found to be.
pub(super) enum Found {
    AsWanted,
    /// There is none.
    None,
    /// It has other addresses, and nobody else's mark.
    Differs {
        addresses: Vec<String>,
        /// It has the endpoint's mark; else nobody's.
        marked: bool,
    },
    /// It is somebody else's; the text says whose.
    Others {
        owner: String,
        addresses: Vec<String>,
    },
    Unreadable(String),
}

/// The endpoint's names with the addresses of each, sorted.
fn by_name(addresses: &[IpConfiguration]) -> BTreeMap<String, Vec<String>> {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for configuration in addresses {
        for fqdn in &configuration.fqdns {
            let of_name = names.entry(fqdn.to_ascii_lowercase()).or_default();
            of_name.push(configuration.ip_address.clone());
        }
    }
    names.values_mut().for_each(|addresses| {
        addresses.sort();
        addresses.dedup();
    });
    names
}

/// Where each of the endpoint's names is answered. None without a table of zones for the cloud.
///
/// # Errors
/// The first name that none of the zones is for.
pub(super) fn wanted(
    addresses: &[IpConfiguration],
    zones: &[ResourceId],
    world: &World<'_>,
) -> Option<Result<Vec<Wanted>, String>> {
    let cloud = world.catalogue?;
    let place = |(fqdn, addresses): (String, Vec<String>)| {
        let found = catalogue::record_in(cloud, &fqdn, zones.iter().map(ResourceId::name));
        let zone = found.as_ref().and_then(|found| {
            zones
                .iter()
                .find(|zone| zone.name().eq_ignore_ascii_case(&found.zone))
        });
        match (found, zone) {
            (Some(found), Some(zone)) => Ok(Wanted {
                fqdn,
                zone: zone.clone(),
                name: found.record_name,
                addresses,
            }),
            _ => Err(fqdn),
        }
    };
    Some(by_name(addresses).into_iter().map(place).collect())
}

/// Why records are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// They are looked at now and then.
    Rest,
    /// They are about to be written.
    BeforeWrite,
    /// They may have been written just now.
    AfterWrite,
}

/// Whether none of the zones is for any of the endpoint's names.
pub(super) fn are_all_elsewhere(
    addresses: &[IpConfiguration],
    zones: &[ResourceId],
    world: &World<'_>,
) -> bool {
    let names = by_name(addresses);
    let is_placed = |fqdn: &String| {
        let cloud = world.catalogue;
        cloud.is_none_or(|cloud| {
            catalogue::record_in(cloud, fqdn, zones.iter().map(ResourceId::name)).is_some()
        })
    };
    !names.is_empty() && !names.keys().any(is_placed)
}

/// What is in place of each record.
///
/// # Errors
/// What has to be read first.
pub(super) fn found(
    wanted: &[Wanted],
    creator: &Creator<'_>,
    occasion: Occasion,
    world: &World<'_>,
) -> Result<Vec<Found>, Missing> {
    let found = wanted.iter().map(|wanted| {
        let Some(id) = wanted.id() else {
            return Ok(Found::None);
        };
        let query = FactQuery::of(&id, API_VERSION)
            .keeping(READ)
            .believed_for(LOOK_AGAIN)
            .by_list();
        let of = |query: &FactQuery| {
            Ok(match world.fact(query)? {
                Fact::Absent => Found::None,
                Fact::Unreadable(why) => Found::Unreadable(why.clone()),
                Fact::Known(body) => judge(body, wanted, creator),
            })
        };
        match occasion {
            Occasion::Rest => of(&query),
            Occasion::BeforeWrite => of(&query.now()),
            Occasion::AfterWrite => match of(&query.clone().since_written())? {
                Found::AsWanted => Ok(Found::AsWanted),
                _ => of(&query.now()),
            },
        }
    });
    all(found)
}

fn judge(body: &Value, wanted: &Wanted, creator: &Creator<'_>) -> Found {
    let mut addresses: Vec<String> = body
        .pointer("/properties/aRecords")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|record| record.get("ipv4Address")?.as_str().map(str::to_owned))
        .collect();
    addresses.sort();
    let metadata = body.pointer("/properties/metadata").and_then(Value::as_object);
    let mark = |name: &str| {
        let mut marks = metadata.into_iter().flatten();
        marks
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value.as_str())
    };
    let owner = match (mark("creator"), mark(A_OWNER)) {
        (Some(words), _) if creator.is_meant_by(words) => None,
        (Some(words), _) => Some(words.to_owned()),
        (None, Some(owner)) => Some(format!("owned by {owner}")),
        (None, None) => None,
    };
    match owner {
        Some(owner) if addresses != wanted.addresses => Found::Others { owner, addresses },
        _ if addresses == wanted.addresses => Found::AsWanted,
        _ => Found::Differs {
            addresses,
            marked: mark("creator").is_some(),
        },
    }
}

/// The mark that installations of this controller put on records.
const A_OWNER: &str = privatelink_engine::OWNER_TAG;

/// A hop on the way of a name that does not lead on.
pub(super) struct Broken {
    pub(super) reason: Reason,
    pub(super) message: String,
    /// Whether Azure would mend it if it wrote our zone group again.
    pub(super) mends: bool,
}

impl Found {
    /// What it is where Azure is about to write: a record without a mark is somebody else's.
    pub(super) fn before_write(self) -> Self {
        match self {
            Found::Differs {
                addresses,
                marked: false,
            } => Found::Others {
                owner: "whoever wrote it left no mark".to_owned(),
                addresses,
            },
            found => found,
        }
    }
}

impl Broken {
    /// What writing our zone group again would not mend.
    pub(super) fn for_good(reason: Reason, message: String) -> Self {
        Broken {
            reason,
            message,
            mends: false,
        }
    }
}

/// What is wrong with a record as it was found.
///
/// # Errors
/// It cannot be read: why.
pub(super) fn broken(wanted: &Wanted, found: &Found) -> Result<Option<Broken>, String> {
    let Wanted {
        fqdn,
        zone,
        name,
        addresses,
    } = wanted;
    let record = format!("the record {name} in the zone {zone}");
    let ours = addresses.join(", ");
    let broken = |reason, message, mends| {
        Ok(Some(Broken {
            reason,
            message,
            mends,
        }))
    };
    match found {
        Found::AsWanted => Ok(None),
        Found::None => broken(
            Reason::RecordMissing,
            format!(
                "the zone {zone} has no record {name} for {fqdn}, so clients that ask it get no address (NXDOMAIN)"
            ),
            true,
        ),
        Found::Differs {
            addresses: others,
            marked,
        } => {
            let remedy = if *marked {
                ""
            } else {
                "; whoever wrote it left no mark, so it is not overwritten: once it is deleted, the endpoint's is written"
            };
            broken(
                Reason::WrongAddress,
                format!(
                    "{record} for {fqdn} has {}, and the endpoint {ours}{remedy}",
                    others.join(", ")
                ),
                *marked,
            )
        }
        Found::Others {
            owner,
            addresses: others,
        } => broken(
            Reason::RecordConflict,
            format!(
                "{record} for {fqdn} belongs to another ({owner}): it has {}, and this endpoint {ours}. Two endpoints cannot share a record: use a zone for each network or region, or spec.dns.mode: External where the other's address serves these clients too",
                others.join(", ")
            ),
            false,
        ),
        Found::Unreadable(why) => Err(format!(
            "{record} cannot be read ({why}), so whether {fqdn} resolves to the endpoint is not verified"
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const OURS: Creator<'_> = Creator {
        name: "one",
        guid: Some("AB12"),
    };

    fn wanted() -> Wanted {
        let zone = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateDnsZones/z.internal";
        Wanted {
            fqdn: "orders.blob.core.windows.net".to_owned(),
            zone: ResourceId::parse(zone).unwrap(),
            name: "orders".to_owned(),
            addresses: vec!["10.1.0.4".to_owned()],
        }
    }

    fn record(address: &str, metadata: Value) -> Value {
        json!({"properties": {"aRecords": [{"ipv4Address": address}], "metadata": metadata}})
    }

    fn reason(body: &Value) -> Option<(Reason, bool)> {
        let broken = broken(&wanted(), &judge(body, &wanted(), &OURS)).unwrap();
        broken.map(|broken| (broken.reason, broken.mends))
    }

    #[test]
    fn a_record_with_another_address_is_ours_to_mend_or_somebody_elses() {
        let creator = |guid: &str| json!({"creator": format!("created by private endpoint two with resource guid {guid}")});
        assert_eq!(
            reason(&record("10.1.0.4", creator("cd34"))),
            None,
            "the address counts"
        );
        assert_eq!(
            reason(&record("10.1.0.5", creator("ab12"))),
            Some((Reason::WrongAddress, true)),
            "guids compare without case"
        );
        assert_eq!(
            reason(&record("10.1.0.5", creator("cd34"))),
            Some((Reason::RecordConflict, false))
        );
        assert_eq!(
            reason(&record(
                "10.1.0.5",
                json!({"privatelink.dev_owner": "x/PrivateDnsRecordSet/n/r"})
            )),
            Some((Reason::RecordConflict, false))
        );
        assert_eq!(
            broken(&wanted(), &Found::None)
                .unwrap()
                .map(|broken| broken.mends),
            Some(true)
        );
        assert!(broken(&wanted(), &Found::Unreadable("no".to_owned())).is_err());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~]{0,12}".prop_map(Value::from),
            Just(json!("10.1.0.4")),
        ];
        let name = prop_oneof![
            Just("properties"),
            Just("aRecords"),
            Just("metadata"),
            Just("ipv4Address"),
            Just("creator"),
        ];
        leaf.prop_recursive(5, 40, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name.clone(), inner, 0..4).prop_map(|map| map
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_azure_answers_only_the_very_address_is_as_wanted(body in any_json()) {
            let as_wanted = matches!(judge(&body, &wanted(), &OURS), Found::AsWanted);
            let records = body.pointer("/properties/aRecords").and_then(Value::as_array);
            let addresses: Vec<&str> = records
                .into_iter()
                .flatten()
                .filter_map(|record| record.get("ipv4Address")?.as_str())
                .collect();
            prop_assert_eq!(as_wanted, addresses == ["10.1.0.4"]);
        }
    }
}
