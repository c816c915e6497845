//! Seed files: what is there when the emulator starts, as YAML.
//!
//! Owns the form of the file and its checks. Resources are put in through the same path as a client's PUT, so that all
//! their side effects happen.

mod apply;
pub mod estate;
mod expand;
mod export;
mod file;
mod names;
mod order;
mod yaml;

use std::collections::HashMap;

use serde_json::{Map, Value};
use serde_saphyr::{Location, Spanned};

pub use file::{Group, Principal, Resource, RoleGrant, SeedFile, SeededSubscription, Throttle};

use crate::authorization::rbac::{self, RoleAssignment, RoleDefinition};
use crate::identity::{DEFAULT_TENANT, PrincipalRecord};
use crate::request::place::is_guid;

/// A mistake in a seed file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct SeedError {
    pub file: String,
    /// From 1; 0 when the file as a whole is meant.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// What is wrong and what to do.
    pub message: String,
}

/// A seed file without mistakes of its own. What only the state machine can refuse is found when it is put in.
#[derive(Clone, Debug, Default)]
pub struct Seed {
    /// The name of the file, for messages.
    pub file: String,
    /// Empty: any subscription exists.
    pub subscriptions: Vec<SeededSubscription>,
    /// Whether any other subscription exists too.
    pub any_subscription: bool,
    /// Groups first, then resources in the order of the file; with an estate, what is referred to first.
    pub resources: Vec<SeededResource>,
    pub principals: Vec<PrincipalRecord>,
    /// The seed's own roles.
    pub role_definitions: Vec<(String, RoleDefinition)>,
    /// Object id and role.
    pub assignments: Vec<(String, RoleAssignment)>,
    pub throttle: Option<Throttle>,
}

/// One resource to put in.
#[derive(Clone, Debug)]
pub struct SeededResource {
    pub id: String,
    pub body: Value,
    pub line: u64,
    pub column: u64,
    /// What an endpoint comes back with.
    pub made: Option<estate::Made>,
    /// What the owner of an endpoint's target decided.
    pub decision: Option<estate::Decision>,
}

impl Seed {
    /// The mistake that the state machine found in `resource`.
    pub fn refused(&self, resource: &SeededResource, code: &str, message: &str) -> SeedError {
        SeedError {
            file: self.file.clone(),
            line: resource.line,
            column: resource.column,
            message: format!("{} is refused with {code}: {message}", resource.id),
        }
    }
}

/// Reads a seed file.
///
/// # Errors
/// The first mistake, with its place.
pub fn parse(file: &str, text: &str) -> Result<Seed, SeedError> {
    let content: SeedFile = serde_saphyr::from_str(text).map_err(|error| {
        let (line, column) = error
            .location()
            .map_or((0, 0), |location| (location.line(), location.column()));
        let error = error.without_snippet();
        let rendered = match error {
            serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } => {
                format!("the key '{key}' is given twice")
            }
            other => other.to_string(),
        };
        // The place is in front of the message already.
        let place = format!(" at line {line}, column {column}");
        SeedError {
            file: file.to_owned(),
            line,
            column,
            message: rendered.strip_suffix(&place).unwrap_or(&rendered).to_owned(),
        }
    })?;
    Reader { file }.read(content)
}

struct Reader<'a> {
    file: &'a str,
}

impl Reader<'_> {
    fn mistake(&self, at: Location, message: impl Into<String>) -> SeedError {
        SeedError {
            file: self.file.to_owned(),
            line: at.line(),
            column: at.column(),
            message: message.into(),
        }
    }

    fn read(&self, content: SeedFile) -> Result<Seed, SeedError> {
        let mut seed = Seed {
            file: self.file.to_owned(),
            throttle: content.throttle,
            any_subscription: content.any_subscription,
            ..Seed::default()
        };
        for subscription in &content.subscriptions {
            if !is_guid(&subscription.id.value) {
                return Err(self.mistake(
                    subscription.id.referenced,
                    format!("'{}' is no subscription id; write a GUID such as 00000000-0000-0000-0000-000000000001", subscription.id.value),
                ));
            }
            let same =
                |known: &SeededSubscription| known.id.value.eq_ignore_ascii_case(&subscription.id.value);
            if seed.subscriptions.iter().any(same) {
                return Err(self.mistake(
                    subscription.id.referenced,
                    "this subscription is named twice; take one of the entries out",
                ));
            }
            seed.subscriptions.push(subscription.clone());
        }
        for group in &content.resource_groups {
            seed.resources.push(self.group(group, &seed.subscriptions)?);
        }
        for resource in &content.resources {
            seed.resources.push(self.resource(resource, &seed.subscriptions)?);
        }
        let estate = self.expand(&seed.subscriptions)?;
        if !estate.is_empty() {
            seed.resources.extend(estate);
            seed.resources = order::sorted(std::mem::take(&mut seed.resources));
        }
        let mut seen: HashMap<String, u64> = HashMap::new();
        for resource in &seed.resources {
            if let Some(line) = seen.insert(resource.id.to_ascii_lowercase(), resource.line) {
                return Err(SeedError {
                    file: self.file.to_owned(),
                    line: resource.line,
                    column: resource.column,
                    message: format!(
                        "{} is already seeded in line {line}; take one of the entries out",
                        resource.id
                    ),
                });
            }
        }
        seed.role_definitions = content
            .role_definitions
            .iter()
            .map(|(name, role)| (name.clone(), role.clone()))
            .collect();
        for principal in &content.principals {
            self.principal(principal, &content.role_definitions, &mut seed)?;
        }
        Ok(seed)
    }

    fn subscription(
        &self,
        given: Option<&Spanned<String>>,
        at: Location,
        known: &[SeededSubscription],
    ) -> Result<String, SeedError> {
        match (given, known) {
            (Some(given), known) => {
                if known.is_empty() || known.iter().any(|one| one.id.value.eq_ignore_ascii_case(&given.value)) {
                    Ok(given.value.clone())
                } else {
                    Err(self.mistake(given.referenced, format!("subscription '{}' is not among the seed's subscriptions; add it there", given.value)))
                }
            }
            (None, [only]) => Ok(only.id.value.clone()),
            (None, _) => Err(self.mistake(at, "say which subscription this belongs to: add 'subscription: GUID' (it may be left out only when the seed names exactly one)")),
        }
    }

    fn group(&self, group: &Group, known: &[SeededSubscription]) -> Result<SeededResource, SeedError> {
        let at = group.name.referenced;
        let subscription = self.subscription(group.subscription.as_ref(), at, known)?;
        let mut body = Map::new();
        body.insert("location".to_owned(), Value::String(group.location.clone()));
        if let Some(tags) = &group.tags {
            body.insert("tags".to_owned(), tags_value(tags));
        }
        Ok(SeededResource {
            id: format!(
                "/subscriptions/{subscription}/resourceGroups/{}",
                group.name.value
            ),
            body: Value::Object(body),
            line: at.line(),
            column: at.column(),
            made: None,
            decision: None,
        })
    }

    fn resource(
        &self,
        spanned: &Spanned<Resource>,
        known: &[SeededSubscription],
    ) -> Result<SeededResource, SeedError> {
        let resource = &spanned.value;
        let (id, at) = match (&resource.id, &resource.r#type, &resource.name, &resource.group) {
            (Some(id), None, None, None) => (id.value.clone(), id.referenced),
            (None, Some(kind), Some(name), Some(group)) => {
                let subscription =
                    self.subscription(resource.subscription.as_ref(), kind.referenced, known)?;
                let path = typed_path(&kind.value, &name.value).ok_or_else(|| {
                    self.mistake(
                        name.referenced,
                        format!(
                            "type '{}' and name '{}' do not fit: a type is Namespace/type[/subtype], and the name has as many parts as the type has after the namespace",
                            kind.value, name.value
                        ),
                    )
                })?;
                (
                    format!(
                        "/subscriptions/{subscription}/resourceGroups/{}/providers/{path}",
                        group.value
                    ),
                    kind.referenced,
                )
            }
            _ => {
                return Err(self.mistake(
                    spanned.referenced,
                    "a resource is named either by 'id' alone, or by 'type', 'name' and 'group' together",
                ));
            }
        };
        if let Err(error) = privatelink_arm::ResourceId::parse(&id) {
            return Err(self.mistake(at, format!("'{id}' is no resource id: {error}")));
        }
        let mut body = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        set("location", resource.location.clone().map(Value::String));
        set("kind", resource.kind.clone().map(Value::String));
        set("sku", resource.sku.clone());
        set("identity", resource.identity.clone());
        set("tags", resource.tags.as_ref().map(tags_value));
        set("properties", resource.properties.clone());
        Ok(SeededResource {
            id,
            body: resource.body.clone().unwrap_or(Value::Object(body)),
            line: at.line(),
            column: at.column(),
            made: None,
            decision: None,
        })
    }

    fn principal(
        &self,
        principal: &Principal,
        definitions: &std::collections::BTreeMap<String, RoleDefinition>,
        seed: &mut Seed,
    ) -> Result<(), SeedError> {
        let at = principal.name.referenced;
        let (object_id, client_id) = match (&principal.object_id, &principal.client_id) {
            (Some(object), Some(client)) => (object.value.clone(), client.value.clone()),
            (Some(object), None) => (object.value.clone(), object.value.clone()),
            (None, Some(client)) => (client.value.clone(), client.value.clone()),
            (None, None) => {
                return Err(self.mistake(
                    at,
                    "a principal needs 'objectId' or 'clientId' (a GUID); one alone stands for both",
                ));
            }
        };
        for given in [&principal.object_id, &principal.client_id, &principal.tenant_id]
            .into_iter()
            .flatten()
        {
            if !is_guid(&given.value) {
                return Err(self.mistake(given.referenced, format!("'{}' is no GUID", given.value)));
            }
        }
        for known in &seed.principals {
            if known.name == principal.name.value
                || known.object_id.eq_ignore_ascii_case(&object_id)
                || known.client_id.eq_ignore_ascii_case(&client_id)
            {
                return Err(self.mistake(
                    at,
                    format!(
                        "principal '{}' has the name, objectId or clientId of '{}'",
                        principal.name.value, known.name
                    ),
                ));
            }
        }
        for grant in &principal.roles {
            let assignment = self.grant(grant, definitions)?;
            seed.assignments.push((object_id.clone(), assignment));
        }
        seed.principals.push(PrincipalRecord {
            name: principal.name.value.clone(),
            object_id,
            tenant_id: principal
                .tenant_id
                .as_ref()
                .map_or_else(|| DEFAULT_TENANT.to_owned(), |tenant| tenant.value.clone()),
            client_id,
            client_secret: principal.client_secret.clone(),
            federated_credentials: principal.federated_credentials.clone(),
            managed_identity: principal.managed_identity,
        });
        Ok(())
    }

    fn grant(
        &self,
        grant: &RoleGrant,
        definitions: &std::collections::BTreeMap<String, RoleDefinition>,
    ) -> Result<RoleAssignment, SeedError> {
        let scope = &grant.scope;
        if !scope.value.starts_with('/') {
            return Err(self.mistake(
                scope.referenced,
                format!("scope '{}' is not valid: write '/', '/subscriptions/GUID', a resource group's id or a resource's id", scope.value),
            ));
        }
        let role = match (&grant.role, &grant.actions) {
            (Some(name), None) => definitions
                .get(&name.value)
                .cloned()
                .or_else(|| rbac::built_in(&name.value))
                .ok_or_else(|| {
                    let known: Vec<&str> = definitions
                        .keys()
                        .map(String::as_str)
                        .chain(rbac::built_in_names())
                        .collect();
                    self.mistake(
                        name.referenced,
                        format!(
                            "role '{}' is not known; known are: {}",
                            name.value,
                            known.join(", ")
                        ),
                    )
                })?,
            (None, Some(actions)) => RoleDefinition {
                actions: actions.clone(),
                not_actions: grant.not_actions.clone(),
            },
            _ => {
                return Err(self.mistake(
                    scope.referenced,
                    "a role is given either by 'role' (a name) or by 'actions' (and 'notActions')",
                ));
            }
        };
        Ok(RoleAssignment {
            scope: scope.value.clone(),
            role,
        })
    }
}

/// `Microsoft.Network/virtualNetworks/subnets` and `v/s` make `Microsoft.Network/virtualNetworks/v/subnets/s`.
fn typed_path(kind: &str, name: &str) -> Option<String> {
    let (namespace, types) = kind.split_once('/')?;
    let types: Vec<&str> = types.split('/').collect();
    let names: Vec<&str> = name.split('/').collect();
    if types.len() != names.len() || types.iter().chain(&names).any(|part| part.is_empty()) {
        return None;
    }
    let pairs: Vec<String> = types
        .iter()
        .zip(names)
        .map(|(kind, name)| format!("{kind}/{name}"))
        .collect();
    Some(format!("{namespace}/{}", pairs.join("/")))
}

fn tags_value(tags: &std::collections::BTreeMap<String, String>) -> Value {
    Value::Object(
        tags.iter()
            .map(|(name, value)| (name.clone(), Value::String(value.clone())))
            .collect(),
    )
}
