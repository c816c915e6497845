//! `PrivateDnsRecordSet`: one record set in a private DNS zone, with data of its own or a private endpoint's addresses.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use kube::ResourceExt;
use privatelink_api::{ManagedResource, PrivateDnsRecordSet, PrivateEndpoint, Reason, Verb};
use privatelink_arm::ResourceId;
use privatelink_arm::model::ResourceModel;
use privatelink_arm::models::private_dns_record_set as models;
use privatelink_engine::plan::{DesiredNode, Want};
use privatelink_engine::{
    Claim, Grant, Kind, Missing, ObjectKey, Outputs, Resolved, Right, Snapshots, Unresolved, World,
};
use serde_json::{Map, Value, json};

use crate::reference;

const NODE: &str = "recordSet";
/// For how long an answer may be kept where spec does not say.
const TTL: i64 = 300;
/// A string of a TXT record has at most this many characters.
const TEXT: usize = 255;

/// The kind `PrivateDnsRecordSet`.
pub struct PrivateDnsRecordSetKind;

impl Kind for PrivateDnsRecordSetKind {
    type Object = PrivateDnsRecordSet;

    const MAIN_NODE: &'static str = NODE;
    const ADOPTS_FROM_OTHERS: bool = false;
    const NOT_OWNED: Reason = Reason::RecordConflict;

    fn model(id: &ResourceId) -> Option<&'static ResourceModel> {
        models::of_type(&id.resource_type())
    }

    fn rights(id: &ResourceId) -> Vec<Grant> {
        vec![Grant::Record {
            zone: id.parent().unwrap_or_else(|| id.clone()),
            name: id.name().to_owned(),
        }]
    }

    fn references(object: &PrivateDnsRecordSet) -> Vec<ObjectKey> {
        let namespace = object.namespace().unwrap_or_default();
        let zone = reference::zone_key(&object.spec.zone, &namespace);
        zone.into_iter().chain(endpoint_key(object)).collect()
    }

    fn azure_rights() -> Vec<Right> {
        let models = models::all().into_iter();
        models
            .flat_map(|model| Right::keeping(Verb::WriteRecords, model, "the zone"))
            .collect()
    }

    fn claim(object: &PrivateDnsRecordSet, world: &World<'_>) -> Result<Claim, Unresolved> {
        let namespace = object.namespace().unwrap_or_default();
        let (zone, _) = reference::zone(&object.spec.zone, &namespace, world)?;
        let name = relative_name(object.spec.record_name.as_deref().unwrap_or("@"), zone.name())?;
        let id = zone
            .child(record_type(object)?, &name)
            .map_err(|error| Unresolved::invalid(format!("spec.recordName: {error}")))?;
        Ok(Claim {
            grants: Vec::new(),
            effective: effective(&id, world),
            id,
        })
    }

    fn resolve(
        object: &PrivateDnsRecordSet,
        id: &ResourceId,
        world: &World<'_>,
    ) -> Result<Resolved, Missing> {
        let namespace = object.namespace().unwrap_or_default();
        let (zone, there) = reference::zone(&object.spec.zone, &namespace, world)?;
        if !there {
            return Err(Unresolved::object(format!(
                "spec.zone: the zone {zone} is not ready yet, or is being deleted"
            ))
            .into());
        }
        let model = Self::model(id)
            .ok_or_else(|| Unresolved::invalid(format!("{id} is not a record set of a private DNS zone")))?;
        if object.spec.cname.is_some() && id.name() == "@" {
            let message = "spec.recordName: the zone itself cannot be a CNAME; give a name in the zone, or addresses in spec.a";
            return Err(Unresolved::invalid(message).into());
        }
        let (field, data) = data(object, world)?;
        let mut properties = Map::from_iter([("ttl".to_owned(), json!(object.spec.ttl.unwrap_or(TTL)))]);
        properties.insert(field.to_owned(), data);
        Ok(Resolved {
            nodes: vec![DesiredNode {
                name: NODE,
                id: id.clone(),
                model,
                want: Want::Present(json!({"properties": properties})),
            }],
            effective: effective(id, world),
        })
    }

    fn outputs(
        _object: &PrivateDnsRecordSet,
        _resolved: &Resolved,
        _observed: &Snapshots,
        _recorded: &Map<String, Value>,
        _world: &World<'_>,
    ) -> Result<Outputs, Missing> {
        Ok(Outputs::default())
    }
}

fn endpoint_key(object: &PrivateDnsRecordSet) -> Option<ObjectKey> {
    let endpoint = object.spec.from_private_endpoint.as_ref()?;
    Some(ObjectKey {
        kind: PrivateEndpoint::KIND,
        namespace: object.namespace().unwrap_or_default(),
        name: endpoint.name.clone(),
    })
}

fn record_type(object: &PrivateDnsRecordSet) -> Result<&'static str, Unresolved> {
    let spec = &object.spec;
    let types = [
        ("A", spec.a.is_some() || spec.from_private_endpoint.is_some()),
        ("AAAA", spec.aaaa.is_some()),
        ("CNAME", spec.cname.is_some()),
        ("MX", spec.mx.is_some()),
        ("PTR", spec.ptr.is_some()),
        ("SRV", spec.srv.is_some()),
        ("TXT", spec.txt.is_some()),
    ];
    let there = types.iter().find(|(_, there)| *there);
    there.map(|(name, _)| *name).ok_or_else(|| {
        Unresolved::invalid(
            "spec must have exactly one of a, aaaa, cname, mx, ptr, srv, txt and fromPrivateEndpoint",
        )
    })
}

/// A name as Azure has it: lower case and relative to the zone; `@` for the zone itself.
fn relative_name(name: &str, zone: &str) -> Result<String, Unresolved> {
    let absolute = name.ends_with('.');
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let zone = zone.to_ascii_lowercase();
    if name == zone {
        return Ok("@".to_owned());
    }
    match name.strip_suffix(&format!(".{zone}")) {
        Some(relative) => Ok(relative.to_owned()),
        None if absolute => Err(Unresolved::invalid(format!(
            "spec.recordName: {name}. is not in the zone {zone}; give a name that ends with the zone's, or one relative to it"
        ))),
        None => Ok(name),
    }
}

/// The field of the wire body that holds the records, and the records.
fn data(object: &PrivateDnsRecordSet, world: &World<'_>) -> Result<(&'static str, Value), Unresolved> {
    let spec = &object.spec;
    // One way to write each name and address: what is the same is not written again.
    let name = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    if let Some(addresses) = &spec.a {
        return Ok((
            "aRecords",
            each(addresses, |address| json!({"ipv4Address": address})),
        ));
    }
    if let Some(addresses) = &spec.aaaa {
        return Ok((
            "aaaaRecords",
            each(addresses, |address| {
                let address = address
                    .parse::<Ipv6Addr>()
                    .map_or_else(|_| address.clone(), |parsed| parsed.to_string());
                json!({"ipv6Address": address})
            }),
        ));
    }
    if let Some(cname) = &spec.cname {
        return Ok(("cnameRecord", json!({"cname": name(cname)})));
    }
    if let Some(exchangers) = &spec.mx {
        let record = |mx: &privatelink_api::MailExchanger| json!({"preference": mx.preference, "exchange": name(&mx.exchange)});
        return Ok(("mxRecords", each(exchangers, record)));
    }
    if let Some(names) = &spec.ptr {
        return Ok(("ptrRecords", each(names, |ptr| json!({"ptrdname": name(ptr)}))));
    }
    if let Some(servers) = &spec.srv {
        let record = |server: &privatelink_api::Server| json!({"priority": server.priority, "weight": server.weight, "port": server.port, "target": name(&server.target)});
        return Ok(("srvRecords", each(servers, record)));
    }
    if let Some(texts) = &spec.txt {
        return Ok(("txtRecords", each(texts, |text| json!({"value": strings(text)}))));
    }
    let addresses = endpoint_addresses(object, world)?;
    Ok((
        "aRecords",
        each(&addresses, |address| json!({"ipv4Address": address})),
    ))
}

/// Each record once.
fn each<T>(records: &[T], record: impl Fn(&T) -> Value) -> Value {
    let mut all: Vec<Value> = Vec::with_capacity(records.len());
    for record in records.iter().map(record) {
        if !all.contains(&record) {
            all.push(record);
        }
    }
    Value::Array(all)
}

/// A text in strings of the length that DNS allows.
fn strings(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters
        .chunks(TEXT)
        .map(|chunk| chunk.iter().collect())
        .collect()
}

fn endpoint_addresses(object: &PrivateDnsRecordSet, world: &World<'_>) -> Result<Vec<String>, Unresolved> {
    let (Some(wanted), Some(key)) = (&object.spec.from_private_endpoint, endpoint_key(object)) else {
        return Err(Unresolved::invalid("spec has no records"));
    };
    let seen = world
        .objects
        .get("spec.fromPrivateEndpoint", &key, &key.namespace)
        .map_err(|gone| still_there(object, gone))?;
    let configurations = seen.status.get("ipConfigurations").and_then(Value::as_array);
    let text = |value: &Value, field: &str| {
        value
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let mut addresses: Vec<String> = configurations
        .into_iter()
        .flatten()
        .filter(|configuration| {
            let member = text(configuration, "memberName");
            wanted
                .member_name
                .as_ref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(&member))
        })
        .map(|configuration| text(configuration, "ipAddress"))
        .filter(|address| !address.is_empty())
        .collect();
    addresses.sort();
    addresses.dedup();
    if addresses.is_empty() {
        let of = wanted
            .member_name
            .as_ref()
            .map(|member| format!(" for the member {member}"))
            .unwrap_or_default();
        return Err(Unresolved::object(format!(
            "spec.fromPrivateEndpoint: {key} has no address{of} yet"
        )));
    }
    Ok(addresses)
}

/// A record that was made keeps the addresses that it had: that is worth a word where the endpoint has gone.
fn still_there(object: &PrivateDnsRecordSet, mut gone: Unresolved) -> Unresolved {
    let made = object
        .status
        .as_ref()
        .is_some_and(|status| !status.managed.applied.is_empty());
    if made {
        gone.message
            .push_str("; the record keeps the addresses that it had, which may be somebody else's by now: delete this object to remove it");
    }
    gone
}

fn effective(id: &ResourceId, world: &World<'_>) -> BTreeMap<String, String> {
    let zone = id.parent();
    let zone_name = zone.as_ref().map_or("", |zone| zone.name());
    let fqdn = match id.name() {
        "@" => format!("{zone_name}."),
        name => format!("{name}.{zone_name}."),
    };
    let kind = id.resource_type();
    let kind = kind.rsplit('/').next().unwrap_or_default();
    let effective = [
        ("fqdn", fqdn.as_str()),
        ("recordType", kind),
        ("scope", world.scope.name()),
        ("zone", zone.as_ref().map_or("", |zone| zone.as_str())),
    ];
    effective
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn relative_and_absolute_names_are_one() {
        for (name, wanted) in [
            ("@", Some("@")),
            ("Orders", Some("orders")),
            ("orders.example.internal", Some("orders")),
            ("orders.example.internal.", Some("orders")),
            ("example.internal.", Some("@")),
            ("a.b", Some("a.b")),
            ("*.orders", Some("*.orders")),
            ("orders.elsewhere.", None),
            ("notexample.internal.", None),
        ] {
            assert_eq!(
                relative_name(name, "example.internal").ok().as_deref(),
                wanted,
                "{name}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_name_at_random_is_relative_once_for_all(name in "[ -~]{0,40}|[a-z.*@]{0,20}", inside in "[a-z]{1,9}") {
            if let Ok(relative) = relative_name(&name, "example.internal") {
                let absolute = match relative.as_str() {
                    "@" => "example.internal.".to_owned(),
                    relative => format!("{relative}.example.internal."),
                };
                prop_assert_eq!(relative_name(&absolute, "example.internal").ok(), Some(relative));
            }
            prop_assert_eq!(
                relative_name(&format!("{inside}.example.internal"), "Example.Internal").ok(),
                Some(inside)
            );
        }

        #[test]
        fn texts_at_random_come_back_whole(text in ".{0,700}") {
            let parts = strings(&text);
            prop_assert!(parts.iter().all(|part| (1..=255).contains(&part.chars().count())));
            prop_assert_eq!(parts.concat(), text);
        }
    }

    #[test]
    fn a_long_text_is_split_by_characters() {
        let parts = strings(&"ä".repeat(600));
        assert_eq!(
            parts.iter().map(|part| part.chars().count()).collect::<Vec<_>>(),
            [255, 255, 90]
        );
    }
}
