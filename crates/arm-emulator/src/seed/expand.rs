//! Makes resources of an estate: ids from names, and bodies as a client would send them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use serde_saphyr::{Location, Spanned};

use super::estate::{Endpoint, EstateGroup, Link, Network, Other, Peering, RecordSet, Subnet, Target, Zone};
use super::names::{Kind, Names};
use super::{Reader, SeedError, SeededResource, SeededSubscription, tags_value, typed_path};
use crate::body;
use crate::identity::DEFAULT_TENANT;

/// The time to live of a record set for which the estate gives none.
const TTL: u64 = 3600;

pub(super) fn scope(subscription: &str, group: &EstateGroup) -> String {
    format!(
        "/subscriptions/{subscription}/resourceGroups/{}",
        group.name.value
    )
}

/// A group that is being made into resources.
struct Work<'a> {
    reader: &'a Reader<'a>,
    names: &'a Names,
    group: &'a EstateGroup,
    scope: String,
    /// The subscription's tenant.
    tenant: &'a str,
    made: Vec<SeededResource>,
}

impl Reader<'_> {
    /// The resources of all estates, the groups among them, in the order of the file.
    pub(super) fn expand(
        &self,
        subscriptions: &[SeededSubscription],
    ) -> Result<Vec<SeededResource>, SeedError> {
        let names = Names::of(subscriptions);
        let mut found = Vec::new();
        for subscription in subscriptions {
            for group in &subscription.resource_groups {
                let mut work = Work {
                    reader: self,
                    names: &names,
                    group,
                    scope: scope(&subscription.id.value, group),
                    tenant: subscription.tenant_id.as_deref().unwrap_or(DEFAULT_TENANT),
                    made: Vec::new(),
                };
                work.all()?;
                found.append(&mut work.made);
            }
        }
        Ok(found)
    }
}

impl Work<'_> {
    fn all(&mut self) -> Result<(), SeedError> {
        let group = self.group;
        let body = with_tags(json!({"location": group.location}), group.tags.as_ref());
        self.push(self.scope.clone(), body, group.name.referenced);
        for network in &group.networks {
            self.network(network)?;
        }
        for zone in &group.zones {
            self.zone(zone)?;
        }
        for target in &group.targets {
            self.target(target)?;
        }
        for endpoint in &group.endpoints {
            self.endpoint(endpoint)?;
        }
        for other in &group.resources {
            self.other(other)?;
        }
        Ok(())
    }

    fn push(&mut self, id: String, body: Value, at: Location) {
        self.made.push(SeededResource {
            id,
            body,
            line: at.line(),
            column: at.column(),
            made: None,
            decision: None,
        });
    }

    fn id(&self, resource_type: &str, name: &Spanned<String>) -> Result<String, SeedError> {
        let path = typed_path(resource_type, &name.value).ok_or_else(|| {
            self.reader.mistake(
                name.referenced,
                format!(
                    "type '{resource_type}' and name '{}' do not fit: a type is Namespace/type[/subtype], and the name has as many parts as the type has after the namespace",
                    name.value
                ),
            )
        })?;
        let id = format!("{}/providers/{path}", self.scope);
        match privatelink_arm::ResourceId::parse(&id) {
            Ok(_) => Ok(id),
            Err(error) => Err(self
                .reader
                .mistake(name.referenced, format!("'{id}' is no resource id: {error}"))),
        }
    }

    fn region(&self, given: Option<&String>) -> String {
        given.unwrap_or(&self.group.location).clone()
    }

    /// The id that a name, `group/name` or an id stands for.
    fn resolve(&self, kind: Kind, given: &str, at: Location) -> Result<String, SeedError> {
        if given.starts_with('/') {
            return Ok(given.to_owned());
        }
        let words = kind.words();
        match self.names.find(kind, &self.group.name.value, given).as_slice() {
            [id] => Ok((*id).to_owned()),
            [] => Err(self.reader.mistake(
                at,
                format!(
                    "this file has no {words} '{given}'; write the name of one that it has, or a resource id"
                ),
            )),
            _ => Err(self.reader.mistake(
                at,
                format!(
                    "this file has more than one {words} '{given}'; write 'group/name', or a resource id"
                ),
            )),
        }
    }

    fn network(&mut self, network: &Network) -> Result<(), SeedError> {
        let id = self.id("Microsoft.Network/virtualNetworks", &network.name)?;
        let mut properties = json!({"addressSpace": {"addressPrefixes": network.address_space}});
        if !network.dns_servers.is_empty() {
            body::put(
                &mut properties,
                "dhcpOptions",
                json!({"dnsServers": network.dns_servers}),
            );
        }
        let body = json!({"location": self.region(network.location.as_ref()), "properties": properties});
        let body = with_tags(
            with_more(body, network.properties.as_ref()),
            network.tags.as_ref(),
        );
        self.push(id.clone(), body, network.name.referenced);
        for Subnet {
            name,
            prefix,
            properties,
        } in &network.subnets
        {
            let mut body = json!({"properties": {}});
            if let Some(prefix) = prefix {
                body::put(&mut body, "properties.addressPrefix", json!(prefix));
            }
            let child = format!("{id}/subnets/{}", self.plain(name)?);
            self.push(child, with_more(body, properties.as_ref()), name.referenced);
        }
        for Peering {
            network: other,
            name,
            properties,
        } in &network.peerings
        {
            let remote = self.resolve(Kind::Network, &other.value, other.referenced)?;
            let name = name.as_deref().unwrap_or(last(&remote));
            let child = format!("{id}/virtualNetworkPeerings/{name}");
            let body = json!({"properties": {"remoteVirtualNetwork": {"id": remote}, "allowVirtualNetworkAccess": true}});
            self.push(child, with_more(body, properties.as_ref()), other.referenced);
        }
        Ok(())
    }

    /// A name that is to be one segment of an id.
    fn plain<'a>(&self, name: &'a Spanned<String>) -> Result<&'a str, SeedError> {
        if name.value.is_empty() || name.value.contains('/') {
            return Err(self.reader.mistake(
                name.referenced,
                format!(
                    "'{}' is no name: a name is one part of an id, without '/'",
                    name.value
                ),
            ));
        }
        Ok(&name.value)
    }

    fn zone(&mut self, zone: &Zone) -> Result<(), SeedError> {
        let id = self.id("Microsoft.Network/privateDnsZones", &zone.name)?;
        let body = with_more(json!({"location": "global"}), zone.properties.as_ref());
        self.push(
            id.clone(),
            with_tags(body, zone.tags.as_ref()),
            zone.name.referenced,
        );
        for Link {
            network,
            name,
            registration,
            tags,
            properties,
        } in &zone.links
        {
            let linked = self.resolve(Kind::Network, &network.value, network.referenced)?;
            let name = name.as_deref().unwrap_or(last(&linked));
            let child = format!("{id}/virtualNetworkLinks/{name}");
            let body = json!({"location": "global", "properties": {
                "virtualNetwork": {"id": linked}, "registrationEnabled": registration}});
            let body = with_tags(with_more(body, properties.as_ref()), tags.as_ref());
            self.push(child, body, network.referenced);
        }
        for set in &zone.records {
            self.record(&id, set)?;
        }
        Ok(())
    }

    fn record(&mut self, zone: &str, set: &RecordSet) -> Result<(), SeedError> {
        let (kind, values) = (&set.r#type, &set.values);
        let one_each = |field: &str| -> Vec<Value> {
            values
                .iter()
                .map(|value| Value::Object(Map::from_iter([(field.to_owned(), json!(value))])))
                .collect()
        };
        let records = match (kind.value.to_ascii_uppercase().as_str(), values.as_slice()) {
            (_, []) => None,
            ("A", _) => Some(("aRecords", json!(one_each("ipv4Address")))),
            ("AAAA", _) => Some(("aaaaRecords", json!(one_each("ipv6Address")))),
            ("PTR", _) => Some(("ptrRecords", json!(one_each("ptrdname")))),
            ("CNAME", [target]) => Some(("cnameRecord", json!({"cname": target}))),
            ("TXT", _) => {
                let texts: Vec<Value> = values.iter().map(|text| json!({"value": [text]})).collect();
                Some(("txtRecords", json!(texts)))
            }
            ("CNAME", _) => {
                return Err(self
                    .reader
                    .mistake(kind.referenced, "a CNAME has one value; take the others out"));
            }
            _ => {
                return Err(self.reader.mistake(
                    kind.referenced,
                    format!(
                        "records of type '{}' have no 'values'; give them in 'properties' as a request has them",
                        kind.value
                    ),
                ));
            }
        };
        let mut body = json!({"properties": {"ttl": set.ttl.unwrap_or(TTL)}});
        if let Some((list, records)) = records {
            body::put(&mut body, &format!("properties.{list}"), records);
        }
        let id = format!("{zone}/{}/{}", kind.value, self.plain(&set.name)?);
        self.push(id, with_more(body, set.properties.as_ref()), set.name.referenced);
        Ok(())
    }

    fn target(&mut self, target: &Spanned<Target>) -> Result<(), SeedError> {
        let given = &target.value;
        let named = given.named();
        let [(resource_type, name)] = named.as_slice() else {
            let kinds: Vec<&str> = super::estate::SHORT_KINDS.iter().map(|(kind, _)| *kind).collect();
            return Err(self.reader.mistake(
                target.referenced,
                format!(
                    "a target has one name, under one of {}; anything else goes under 'resources'",
                    kinds.join(", ")
                ),
            ));
        };
        let id = self.id(resource_type, name)?;
        let region = self.region(given.location.as_ref());
        let (usual_kind, usual_sku, properties) = self.usual(resource_type, &region);
        let mut body = json!({"location": region, "properties": properties});
        let kind = given.kind.as_deref().or(usual_kind);
        for (field, value) in [
            ("kind", kind.map(|kind| json!(kind))),
            ("sku", given.sku.clone().or(usual_sku)),
            ("identity", given.identity.clone()),
        ] {
            if let Some(value) = value {
                body::put(&mut body, field, value);
            }
        }
        let body = with_tags(with_more(body, given.properties.as_ref()), given.tags.as_ref());
        self.push(id, body, name.referenced);
        Ok(())
    }

    /// Kind, SKU and properties that a target of a type has to have, where the file gives none.
    fn usual(&self, resource_type: &str, region: &str) -> (Option<&'static str>, Option<Value>, Value) {
        let named = |name: &str| Some(json!({"name": name}));
        match resource_type {
            "Microsoft.Storage/storageAccounts" => (Some("StorageV2"), named("Standard_LRS"), json!({})),
            // Only these take private endpoints.
            "Microsoft.ContainerRegistry/registries" => (None, named("Premium"), json!({})),
            "Microsoft.KeyVault/vaults" => {
                let sku = json!({"family": "A", "name": "standard"});
                (None, None, json!({"tenantId": self.tenant, "sku": sku}))
            }
            "Microsoft.DocumentDB/databaseAccounts" => {
                let only = json!([{"locationName": region, "failoverPriority": 0}]);
                let properties = json!({"databaseAccountOfferType": "Standard", "locations": only});
                (None, None, properties)
            }
            _ => (None, None, json!({})),
        }
    }

    /// The id of a subnet, from `network/subnet`, `group/network/subnet` or an id.
    fn subnet(&self, given: &Spanned<String>) -> Result<String, SeedError> {
        if given.value.starts_with('/') {
            return Ok(given.value.clone());
        }
        let Some((network, subnet)) = given.value.rsplit_once('/') else {
            return Err(self.reader.mistake(
                given.referenced,
                format!(
                    "'{}' names no subnet; write 'network/subnet', or a resource id",
                    given.value
                ),
            ));
        };
        let network = self.resolve(Kind::Network, network, given.referenced)?;
        Ok(format!("{network}/subnets/{subnet}"))
    }

    fn endpoint(&mut self, endpoint: &Endpoint) -> Result<(), SeedError> {
        let at = endpoint.name.referenced;
        let id = self.id("Microsoft.Network/privateEndpoints", &endpoint.name)?;
        let mut properties = json!({"subnet": {"id": self.subnet(&endpoint.subnet)?}});
        if let Some(target) = &endpoint.target {
            let is_alias = target.value.contains(".azure.privatelinkservice");
            let target = if is_alias {
                target.value.clone()
            } else {
                self.resolve(Kind::Target, &target.value, target.referenced)?
            };
            let mut wanted = json!({"privateLinkServiceId": target});
            if !endpoint.groups.is_empty() {
                body::put(&mut wanted, "groupIds", json!(endpoint.groups));
            }
            if let Some(message) = &endpoint.message {
                body::put(&mut wanted, "requestMessage", json!(message));
            }
            let list = if endpoint.manual {
                "manualPrivateLinkServiceConnections"
            } else {
                "privateLinkServiceConnections"
            };
            let name = endpoint.connection_name.as_ref().unwrap_or(&endpoint.name.value);
            body::put(
                &mut properties,
                list,
                json!([{"name": name, "properties": wanted}]),
            );
        }
        let body = json!({"location": self.region(endpoint.location.as_ref()), "properties": properties});
        let body = with_more(body, endpoint.properties.as_ref());
        self.push(id.clone(), with_tags(body, endpoint.tags.as_ref()), at);
        if let Some(pushed) = self.made.last_mut() {
            pushed.made = endpoint.made.clone();
            pushed.decision = endpoint.decision.clone();
        }
        let mut configurations = Vec::new();
        for zone in &endpoint.zones {
            let zone_id = self.resolve(Kind::Zone, &zone.value, zone.referenced)?;
            let name = last(&zone_id).replace('.', "-");
            configurations.push(json!({"name": name, "properties": {"privateDnsZoneId": zone_id}}));
        }
        if let Some(first) = endpoint.zones.first() {
            let body = json!({"properties": {"privateDnsZoneConfigs": configurations}});
            self.push(
                format!("{id}/privateDnsZoneGroups/default"),
                body,
                first.referenced,
            );
        }
        Ok(())
    }

    fn other(&mut self, other: &Other) -> Result<(), SeedError> {
        let id = self.id(&other.r#type.value, &other.name)?;
        let body = match &other.body {
            Some(body) => body.clone(),
            None => {
                let mut body = json!({"location": self.region(other.location.as_ref())});
                for (field, value) in [
                    ("kind", other.kind.clone().map(Value::String)),
                    ("sku", other.sku.clone()),
                    ("identity", other.identity.clone()),
                    ("properties", other.properties.clone()),
                ] {
                    if let Some(value) = value {
                        body::put(&mut body, field, value);
                    }
                }
                with_tags(body, other.tags.as_ref())
            }
        };
        self.push(id, body, other.r#type.referenced);
        Ok(())
    }
}

fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

/// A body with further properties; what is given goes before what the estate says.
fn with_more(mut body: Value, more: Option<&Value>) -> Value {
    for (name, value) in more.and_then(Value::as_object).into_iter().flatten() {
        body::edit(&mut body, |fields| {
            let properties = fields.entry("properties").or_insert_with(|| json!({}));
            body::edit(properties, |properties| {
                properties.insert(name.clone(), value.clone());
            });
        });
    }
    body
}

fn with_tags(mut body: Value, tags: Option<&BTreeMap<String, String>>) -> Value {
    if let Some(tags) = tags {
        body::put(&mut body, "tags", tags_value(tags));
    }
    body
}
