//! What scopes allow, worked out anew from the words of the API's description, and whether one call to Azure is within that.
//!
//! Nothing here is shared with the product: neither its scopes nor its resource ids. A path is a list of segments in lower
//! case. Where the description leaves room, the judgement is the stricter one for writes.

use std::collections::BTreeSet;

use serde_json::Value;

/// The segments of a path or an id, in lower case.
pub type Segments = Vec<String>;

/// One entry of `allow`.
#[derive(Clone, Debug)]
struct Entry {
    on: Segments,
    verbs: BTreeSet<String>,
    record_names: Vec<String>,
}

/// What one scope allows.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    entries: Vec<Entry>,
    zone_names: Vec<String>,
    service_aliases: Vec<String>,
}

/// One request, as it left.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Scheme and authority.
    pub origin: String,
    /// As it stands on the wire, without the query.
    pub path: String,
    pub token: String,
    pub body: Value,
    /// What was there before a write.
    pub before: Value,
    /// What was there then that it is in: the endpoint of a zone group.
    pub above: Value,
}

impl std::fmt::Display for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}{}", self.method, self.origin, self.path)?;
        if !self.body.is_null() {
            write!(formatter, " {}", self.body)?;
        }
        Ok(())
    }
}

/// The segments of an id that somebody wrote. None for a text that could mean more than one place.
pub fn segments(id: &str) -> Option<Segments> {
    let rest = id.strip_prefix('/')?;
    let plain = |segment: &&str| {
        !segment.is_empty()
            && *segment != "."
            && *segment != ".."
            && segment.trim() == *segment
            && !segment.contains(['%', '?', '#', '\\'])
            && !segment.chars().any(char::is_control)
    };
    let all: Vec<&str> = rest.split('/').collect();
    let clear = all.iter().all(plain);
    clear.then(|| all.iter().map(|segment| segment.to_ascii_lowercase()).collect())
}

/// The segments of a path on the wire: what had to be encoded is decoded, and nothing that a server could take for more.
fn on_the_wire(path: &str) -> Option<Segments> {
    let lower = path.to_ascii_lowercase();
    if ["%2f", "%5c", "%2e", "%25", "%00"]
        .iter()
        .any(|coded| lower.contains(coded))
    {
        return None;
    }
    let bytes = path.as_bytes();
    let (mut decoded, mut at) = (Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let coded = (*byte == b'%').then(|| path.get(at + 1..at + 3)).flatten();
        match coded.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    segments(&String::from_utf8(decoded).ok()?)
}

fn strings(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn id_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    at(value, pointer).as_str()
}

fn ids_in<'a>(value: &'a Value, list: &str) -> Vec<&'a str> {
    let all = at(value, list).as_array().into_iter().flatten();
    all.filter_map(|entry| id_at(entry, "/id")).collect()
}

/// Whether a name fits a pattern whose `*` stands for any characters: by trying every length for each star.
fn fits(pattern: &[char], name: &[char]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), None) => fits(rest, name),
        (Some(('*', rest)), Some((_, shorter))) => fits(rest, name) || fits(pattern, shorter),
        (Some((wanted, pattern)), Some((found, name))) => wanted == found && fits(pattern, name),
        _ => false,
    }
}

fn named_by(pattern: &str, name: &str) -> bool {
    let letters = |text: &str| text.to_ascii_lowercase().chars().collect::<Vec<_>>();
    fits(&letters(pattern), &letters(name))
}

fn is_under(id: &[String], on: &[String]) -> bool {
    id.len() >= on.len() && on.iter().zip(id).all(|(one, other)| one == other)
}

/// Ids of the resources that a resource lives in, down from its subscription.
fn is_parent(id: &[String], on: &[String]) -> bool {
    let resource = id.len().is_multiple_of(2)
        && id
            .len()
            .checked_sub(2)
            .and_then(|at| id.get(at))
            .is_some_and(|kind| kind != "providers");
    resource && id.len() < on.len() && is_under(on, id)
}

impl Allowed {
    /// Reads a scope's manifest.
    pub fn of(scope: &Value) -> Self {
        let spec = at(scope, "/spec");
        let entries = at(spec, "/allow").as_array().into_iter().flatten();
        let entry = |entry: &Value| {
            let mut verbs: BTreeSet<String> = strings(at(entry, "/verbs")).into_iter().collect();
            if verbs.contains("Manage") {
                verbs.insert("Use".to_owned());
            }
            Some(Entry {
                on: segments(at(entry, "/on").as_str()?)?,
                verbs,
                record_names: strings(at(entry, "/recordNames")),
            })
        };
        Allowed {
            entries: entries.filter_map(entry).collect(),
            zone_names: strings(at(spec, "/zoneNames")),
            service_aliases: strings(at(spec, "/serviceAliases")),
        }
    }

    fn may(&self, verb: &str, id: &[String]) -> bool {
        let entry = |entry: &Entry| entry.verbs.contains(verb) && is_under(id, &entry.on);
        self.entries.iter().any(entry)
    }

    /// The same for an id that a body names.
    fn may_with(&self, verb: &str, id: &str) -> bool {
        segments(id).is_some_and(|id| self.may(verb, &id))
    }

    fn zone(&self, name: &str) -> bool {
        self.zone_names.iter().any(|pattern| named_by(pattern, name))
    }

    fn record(&self, zone: &[String], name: &str) -> bool {
        let special = name == "@" || name == "*" || name.starts_with("*.");
        let named = |pattern: &String| {
            if special {
                pattern.eq_ignore_ascii_case(name)
            } else {
                named_by(pattern, name)
            }
        };
        let entry = |entry: &Entry| {
            entry.verbs.contains("WriteRecords")
                && is_under(zone, &entry.on)
                && entry.record_names.iter().any(named)
        };
        self.entries.iter().any(entry)
    }

    fn may_read(&self, path: &[String]) -> bool {
        let near = self
            .entries
            .iter()
            .any(|entry| is_under(path, &entry.on) || is_parent(path, &entry.on));
        near || self.may_read_of_subscription(path)
    }

    /// Provider registration, permissions, and results of operations.
    fn may_read_of_subscription(&self, path: &[String]) -> bool {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let ["subscriptions", subscription, rest @ ..] = words.as_slice() else {
            return false;
        };
        let known = |entry: &Entry| matches!(entry.on.as_slice(), [kind, id, ..] if kind == "subscriptions" && id == subscription);
        if !self.entries.iter().any(known) {
            return false;
        }
        let operations = |kind: &str| {
            [
                "operations",
                "operationresults",
                "operationstatuses",
                "operationsstatus",
            ]
            .iter()
            .any(|word| kind.ends_with(word))
        };
        match rest {
            ["providers", _] | [.., "providers", "microsoft.authorization", "permissions"] => true,
            [kind, _]
            | ["providers", _, kind, _]
            | ["providers", _, "locations", _, kind, _]
            | ["resourcegroups", _, "providers", _, kind, _] => operations(kind),
            _ => false,
        }
    }
}

/// What a scope asks for itself, whether or not anybody may use it.
pub fn is_about_the_identity(request: &Request) -> bool {
    let path = request.path.to_ascii_lowercase();
    let registration = path.ends_with("/providers/microsoft.network") && path.matches('/').count() == 4;
    request.method == "GET"
        && (registration || path.ends_with("/providers/microsoft.authorization/permissions"))
}

/// Whether the scope allows the request; the text says what it lacks.
pub fn judge(request: &Request, allowed: &Allowed) -> Result<(), String> {
    if request.origin != "https://management.azure.com" {
        return Err(format!("it goes to {}", request.origin));
    }
    let Some(path) = on_the_wire(&request.path) else {
        return Err("its path could mean more than one place".to_owned());
    };
    match request.method.as_str() {
        "GET" if allowed.may_read(&path) => Ok(()),
        "GET" => Err("reading that is not allowed".to_owned()),
        "PUT" => may_put(&path, request, allowed),
        "DELETE" => may_delete(&path, allowed),
        other => Err(format!("nothing is done by {other}")),
    }
}

/// What a path stands for, among what the controller writes.
enum Place<'a> {
    Endpoint,
    ZoneGroup(&'a [String]),
    Zone(&'a str),
    Link(&'a [String], &'a str),
    Record(&'a [String], &'a str),
    SecurityGroup,
    Other,
    Subnet,
}

fn place(path: &[String]) -> Result<Place<'_>, String> {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let inner = |less: usize| path.get(..path.len() - less).unwrap_or_default();
    let ([.., "providers", "microsoft.network", _, _] | [.., "providers", "microsoft.network", _, _, _, _]) =
        words.as_slice()
    else {
        return Err("it is of no type that is written".to_owned());
    };
    Ok(match words.as_slice() {
        [.., "microsoft.network", "privateendpoints", _] => Place::Endpoint,
        [
            ..,
            "microsoft.network",
            "privateendpoints",
            _,
            "privatednszonegroups",
            _,
        ] => Place::ZoneGroup(inner(2)),
        [.., "microsoft.network", "privatednszones", zone] => Place::Zone(zone),
        [
            ..,
            "microsoft.network",
            "privatednszones",
            zone,
            "virtualnetworklinks",
            _,
        ] => Place::Link(inner(2), zone),
        [.., "microsoft.network", "privatednszones", _, kind, _] if RECORDS.contains(kind) => {
            Place::Record(inner(2), path.last().map_or("", String::as_str))
        }
        [.., "microsoft.network", "networksecuritygroups", _] => Place::SecurityGroup,
        [
            ..,
            "microsoft.network",
            "applicationsecuritygroups" | "routetables",
            _,
        ] => Place::Other,
        [.., "microsoft.network", "virtualnetworks", _, "subnets", _] => Place::Subnet,
        _ => return Err("it is of no type that is written".to_owned()),
    })
}

const RECORDS: [&str; 7] = ["a", "aaaa", "cname", "mx", "ptr", "srv", "txt"];

fn need(has: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if has {
        Ok(())
    } else {
        Err(format!("it lacks {}", what()))
    }
}

fn may_delete(path: &[String], allowed: &Allowed) -> Result<(), String> {
    match place(path)? {
        Place::Endpoint | Place::ZoneGroup(_) | Place::SecurityGroup | Place::Other => {
            need(allowed.may("Manage", path), || "Manage".to_owned())
        }
        Place::Zone(name) => {
            need(allowed.may("Manage", path), || "Manage".to_owned())?;
            need(allowed.zone(name), || "the zone's name".to_owned())
        }
        Place::Link(zone, name) => {
            need(allowed.may("Link", zone), || "Link on the zone".to_owned())?;
            need(allowed.zone(name), || "the zone's name".to_owned())
        }
        Place::Record(zone, name) => need(allowed.record(zone, name), || "the record's name".to_owned()),
        Place::Subnet => Err("no subnet is deleted".to_owned()),
    }
}

fn may_put(path: &[String], request: &Request, allowed: &Allowed) -> Result<(), String> {
    let (body, before) = (&request.body, &request.before);
    let with = |verb: &str, id: &str| need(allowed.may_with(verb, id), || format!("{verb} on {id}"));
    match place(path)? {
        Place::Subnet => {
            need(allowed.may("Bind", path), || "Bind".to_owned())?;
            may_bind(body, before, allowed)
        }
        Place::Endpoint => {
            need(allowed.may("Manage", path), || "Manage".to_owned())?;
            with("Join", id_at(body, "/properties/subnet/id").unwrap_or_default())?;
            for list in [
                "privateLinkServiceConnections",
                "manualPrivateLinkServiceConnections",
            ] {
                let connections = at(body, &format!("/properties/{list}")).as_array();
                for connection in connections.into_iter().flatten() {
                    let target = id_at(connection, "/properties/privateLinkServiceId").unwrap_or_default();
                    let manual = list.starts_with("manual");
                    if !target.starts_with('/') {
                        let listed = allowed
                            .service_aliases
                            .iter()
                            .any(|alias| alias.eq_ignore_ascii_case(target));
                        need(manual && listed, || format!("the service alias {target}"))?;
                        continue;
                    }
                    with("Connect", target)?;
                    if !manual {
                        with("AutoApprove", target)?;
                    }
                }
            }
            let groups = "/properties/applicationSecurityGroups";
            let had = ids_in(before, groups);
            let added = ids_in(body, groups)
                .into_iter()
                .filter(|id| !had.iter().any(|had| had.eq_ignore_ascii_case(id)));
            added.into_iter().try_for_each(|id| with("Use", id))
        }
        Place::ZoneGroup(endpoint) => {
            need(allowed.may("Manage", endpoint), || {
                "Manage on the endpoint".to_owned()
            })?;
            let configs = at(body, "/properties/privateDnsZoneConfigs").as_array();
            let zones = configs.into_iter().flatten();
            let mut zones =
                zones.map(|config| id_at(config, "/properties/privateDnsZoneId").unwrap_or_default());
            zones.try_for_each(|zone| with("Join", zone))
        }
        Place::Link(zone, name) => {
            need(allowed.may("Link", zone), || "Link on the zone".to_owned())?;
            need(allowed.zone(name), || "the zone's name".to_owned())?;
            with(
                "LinkZones",
                id_at(body, "/properties/virtualNetwork/id").unwrap_or_default(),
            )
        }
        Place::SecurityGroup => {
            need(allowed.may("Manage", path), || "Manage".to_owned())?;
            let had = groups_of_rules(before);
            let added = groups_of_rules(body).into_iter().filter(|id| !had.contains(id));
            added.into_iter().try_for_each(|id| with("Use", &id))
        }
        Place::Zone(_) | Place::Record(..) | Place::Other => may_delete(path, allowed),
    }
}

fn groups_of_rules(body: &Value) -> Vec<String> {
    let rules = at(body, "/properties/securityRules")
        .as_array()
        .into_iter()
        .flatten();
    let of_rule = |rule: &Value| {
        let sides = [
            "/properties/sourceApplicationSecurityGroups",
            "/properties/destinationApplicationSecurityGroups",
        ];
        sides
            .iter()
            .flat_map(|side| ids_in(rule, side))
            .map(str::to_ascii_lowercase)
            .collect::<Vec<_>>()
    };
    rules.flat_map(of_rule).collect()
}

/// Only the fields that a binding is for, and only groups and tables that the scope lets be used: those that are put there and
/// those that are taken away for nothing.
fn may_bind(body: &Value, before: &Value, allowed: &Allowed) -> Result<(), String> {
    const OURS: [&str; 5] = [
        "networkSecurityGroup",
        "routeTable",
        "privateEndpointNetworkPolicies",
        "privateLinkServiceNetworkPolicies",
        "serviceEndpoints",
    ];
    // What Azure shows and nobody sets.
    const SERVERS: [&str; 7] = [
        "provisioningState",
        "purpose",
        "ipConfigurations",
        "ipConfigurationProfiles",
        "privateEndpoints",
        "resourceNavigationLinks",
        "serviceAssociationLinks",
    ];
    let (new, old) = (at(body, "/properties"), at(before, "/properties"));
    let others = |value: &Value| {
        let mut value = value.as_object().cloned().unwrap_or_default();
        value.retain(|name, _| !OURS.contains(&name.as_str()) && !SERVERS.contains(&name.as_str()));
        value
    };
    if others(new) != others(old) {
        return Err("it changes what others own of the subnet".to_owned());
    }
    for field in ["networkSecurityGroup", "routeTable"] {
        let (new, old) = (
            id_at(new, &format!("/{field}/id")),
            id_at(old, &format!("/{field}/id")),
        );
        let same = match (new, old) {
            (Some(new), Some(old)) => new.eq_ignore_ascii_case(old),
            (None, None) => true,
            _ => false,
        };
        if !same && let Some(id) = new.or(old) {
            need(allowed.may_with("Use", id), || format!("Use on {id}"))?;
        }
    }
    Ok(())
}
