//! What a namespace may touch in Azure: the compiled form of an `AzureScope`, and which scope an object has.
//!
//! Default deny. Ids are compared by whole segments and without case. Nothing here calls anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use kube::ResourceExt;
use privatelink_api::names::ALLOW_MASS_DELETION_ANNOTATION;
use privatelink_api::{AzureScope, AzureScopeSpec, ConditionType, DeletionPolicy, Reason, Verb};
use privatelink_arm::ResourceId;

use crate::kind::{Grant, Unresolved};
use crate::selector;

/// One scope, compiled.
#[derive(Debug)]
pub struct Scope {
    name: String,
    spec: AzureScopeSpec,
    allow: Vec<(ResourceId, BTreeSet<Verb>)>,
    /// The names of records of each entry of `allow`.
    record_names: Vec<Vec<String>>,
    aliases: BTreeMap<String, ResourceId>,
    /// What is wrong with the spec beyond what the API server checks; such entries grant nothing.
    pub problems: Vec<String>,
    pub mass_deletion_allowed: bool,
}

/// The id that stands in a scope. What is of an id's form and can be nobody's was left in from an example, or means several.
fn understood(text: &str) -> Result<ResourceId, String> {
    let id = ResourceId::parse(text).map_err(|error| error.to_string())?;
    if let Some(subscription) = id.subscription_id()
        && !is_guid(subscription)
    {
        return Err(format!(
            "{subscription:?} is no subscription's id, such as 6f1c0000-0000-0000-0000-000000000000 (az account show --query id)"
        ));
    }
    let of_record_sets = id.resource_type().to_ascii_lowercase();
    let of_record_sets = of_record_sets.starts_with("microsoft.network/privatednszones/");
    if text.contains(['<', '>']) || (text.contains('*') && !of_record_sets) {
        return Err(format!(
            "{text:?} has one of < > *: an entry is for one id and whatever is below it; a subscription or a resource group stands for all that is in it"
        ));
    }
    Ok(id)
}

fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let is_hexadecimal = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(is_hexadecimal)
}

impl Scope {
    /// Compiles a scope. Entries that cannot be understood are reported and grant nothing.
    pub fn compile(object: &AzureScope) -> Self {
        let spec = object.spec.clone();
        let mut problems = Vec::new();
        let (mut allow, mut record_names) = (Vec::new(), Vec::new());
        for (index, entry) in spec.allow.iter().enumerate() {
            match understood(&entry.on) {
                Ok(on) => {
                    let mut verbs: BTreeSet<Verb> = entry.verbs.iter().copied().collect();
                    if verbs.contains(&Verb::Manage) {
                        verbs.insert(Verb::Use);
                    }
                    allow.push((on, verbs));
                    record_names.push(entry.record_names.clone());
                }
                Err(error) => problems.push(format!("spec.allow[{index}].on: {error}")),
            }
        }
        let mut aliases = BTreeMap::new();
        for (alias, id) in &spec.aliases {
            match understood(id) {
                Ok(id) => drop(aliases.insert(alias.clone(), id)),
                Err(error) => problems.push(format!("spec.aliases.{alias}: {error}")),
            }
        }
        let annotation = object.annotations().get(ALLOW_MASS_DELETION_ANNOTATION);
        let mass_deletion_allowed = annotation.is_some_and(|value| value == "true");
        Scope {
            name: object.name_any(),
            spec,
            allow,
            record_names,
            aliases,
            problems,
            mass_deletion_allowed,
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn spec(&self) -> &AzureScopeSpec {
        &self.spec
    }

    /// What may be done where: each entry that could be understood.
    pub fn entries(&self) -> impl Iterator<Item = (&ResourceId, &BTreeSet<Verb>)> {
        self.allow.iter().map(|(on, verbs)| (on, verbs))
    }

    /// The id behind a short name.
    pub fn alias(&self, alias: &str) -> Option<&ResourceId> {
        self.aliases.get(alias)
    }

    /// Whether the scope grants a right.
    pub fn grants(&self, grant: &Grant) -> bool {
        match grant {
            Grant::On { id, verb } => self
                .allow
                .iter()
                .any(|(on, verbs)| verbs.contains(verb) && id.is_at_or_under(on)),
            Grant::ServiceAlias(alias) => self
                .spec
                .service_aliases
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(alias)),
            Grant::ZoneName(name) => self.spec.zone_names.iter().any(|pattern| matches(pattern, name)),
            Grant::Record { zone, name } => {
                self.allow
                    .iter()
                    .zip(&self.record_names)
                    .any(|((on, verbs), names)| {
                        verbs.contains(&Verb::WriteRecords)
                            && zone.is_at_or_under(on)
                            && names.iter().any(|pattern| matches_record(pattern, name))
                    })
            }
        }
    }

    /// Refuses an object that needs more than the scope grants.
    ///
    /// # Errors
    /// `ForbiddenByScope` with every missing right and what to add.
    pub fn check(&self, grants: &[Grant]) -> Result<(), Unresolved> {
        let missing: Vec<String> = grants
            .iter()
            .filter(|grant| !self.grants(grant))
            .map(describe)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let message = format!(
            "AzureScope {} does not allow {}; add it to the scope, or change spec",
            self.name,
            missing.join(" and ")
        );
        Err(Unresolved {
            condition: ConditionType::Accepted,
            reason: Reason::ForbiddenByScope,
            message,
            on_object: false,
            unreadable: None,
        })
    }

    /// Whether a resource may be read: at and under what is allowed, and the parents of it.
    pub fn may_read(&self, id: &ResourceId) -> bool {
        self.allow
            .iter()
            .any(|(on, _)| id.is_at_or_under(on) || on.is_at_or_under(id))
    }

    /// Whether everything in a resource group or below a resource may be read, so that a LIST shows nothing that is not allowed.
    pub fn may_list(&self, parent: &ResourceId) -> bool {
        self.allow.iter().any(|(on, _)| parent.is_at_or_under(on))
    }

    /// Whether anything in a subscription is allowed: operation results there may be read.
    pub fn knows_subscription(&self, subscription_id: &str) -> bool {
        self.allow.iter().any(|(on, _)| {
            on.subscription_id()
                .is_some_and(|id| id.eq_ignore_ascii_case(subscription_id))
        })
    }

    /// What happens to Azure when an object goes: the object's wish, else the scope's default, else deletion.
    pub fn deletion_policy(&self, wish: Option<DeletionPolicy>) -> DeletionPolicy {
        let default = self
            .spec
            .defaults
            .as_ref()
            .and_then(|defaults| defaults.deletion_policy);
        wish.or(default).unwrap_or(DeletionPolicy::Delete)
    }
}

fn describe(grant: &Grant) -> String {
    match grant {
        Grant::On { id, verb } => format!("{verb:?} on {id}"),
        Grant::ServiceAlias(alias) => {
            format!("connecting to the service alias {alias} (spec.serviceAliases)")
        }
        Grant::ZoneName(name) => format!("a zone of the name {name} (spec.zoneNames)"),
        Grant::Record { zone, name } => {
            format!("WriteRecords on {zone} for the name {name} (recordNames of an entry of spec.allow)")
        }
    }
}

/// Whether a name fits a pattern in which `*` stands for any characters; without case.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    if !pattern.contains('*') {
        return rest.is_empty();
    }
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The zone's own name and the one that stands for all others count only where they are named exactly.
fn matches_record(pattern: &str, name: &str) -> bool {
    if name == "@" || name.starts_with('*') {
        pattern.eq_ignore_ascii_case(name)
    } else {
        matches(pattern, name)
    }
}

/// All scopes that this installation serves, those that it leaves to others, and the labels of namespaces.
#[derive(Default)]
pub struct Scopes {
    index: RwLock<Index>,
}

#[derive(Default)]
struct Index {
    scopes: BTreeMap<String, Arc<Scope>>,
    /// Those that another installation serves: their objects are its own.
    of_others: BTreeMap<String, Arc<Scope>>,
    labels: BTreeMap<String, BTreeMap<String, String>>,
}

impl Scopes {
    /// Takes in a scope as a watch shows it. True when what it grants or holds may have changed.
    pub fn put(&self, object: &AzureScope, controller_name: &str) -> bool {
        let name = object.name_any();
        let scope = Scope::compile(object);
        let mut index = self.write();
        if object.spec.controller_name() != controller_name {
            index.of_others.insert(name.clone(), Arc::new(scope));
            return index.scopes.remove(&name).is_some();
        }
        index.of_others.remove(&name);
        let unchanged = index.scopes.get(&name).is_some_and(|last| {
            last.spec == scope.spec && last.mass_deletion_allowed == scope.mass_deletion_allowed
        });
        index.scopes.insert(name, Arc::new(scope));
        !unchanged
    }

    /// Forgets a scope. True when this installation served it.
    pub fn remove(&self, name: &str) -> bool {
        let mut index = self.write();
        index.of_others.remove(name);
        index.scopes.remove(name).is_some()
    }

    /// Takes in a namespace's labels; `None` forgets it. True when they changed.
    pub fn put_namespace(&self, name: &str, labels: Option<BTreeMap<String, String>>) -> bool {
        let mut index = self.write();
        match labels {
            Some(labels) => index.labels.insert(name.to_owned(), labels.clone()) != Some(labels),
            None => index.labels.remove(name).is_some(),
        }
    }

    /// A scope by its name.
    pub fn get(&self, name: &str) -> Option<Arc<Scope>> {
        self.read().scopes.get(name).cloned()
    }

    /// The names of all scopes that this installation serves.
    pub fn names(&self) -> Vec<String> {
        self.read().scopes.keys().cloned().collect()
    }

    /// The names of all scopes, whoever serves them.
    pub fn known(&self) -> Vec<String> {
        let index = self.read();
        index
            .scopes
            .keys()
            .chain(index.of_others.keys())
            .cloned()
            .collect()
    }

    /// Whether an object is for another installation: one of its scopes is open to the object, and none of ours.
    pub fn is_of_another(&self, namespace: &str, scope_name: Option<&str>) -> bool {
        let index = self.read();
        let open = |scopes: &BTreeMap<String, Arc<Scope>>| {
            scopes.values().any(|scope| {
                index.matches(scope, namespace) && scope_name.is_none_or(|name| name == scope.name)
            })
        };
        !open(&index.scopes) && open(&index.of_others)
    }

    /// The namespaces that a scope matches: those it names, or those whose labels it selects.
    pub fn namespaces(&self, scope: &Scope) -> Vec<String> {
        let index = self.read();
        index
            .labels
            .keys()
            .filter(|namespace| index.matches(scope, namespace))
            .cloned()
            .collect()
    }

    /// Whether an object may use a scope: it matches the namespace, and the object names it or none.
    pub fn may_use(&self, scope: &str, namespace: &str, scope_name: Option<&str>) -> bool {
        let index = self.read();
        let matches = index
            .scopes
            .get(scope)
            .is_some_and(|scope| index.matches(scope, namespace));
        matches && scope_name.is_none_or(|name| name == scope)
    }

    /// The scope of an object.
    ///
    /// # Errors
    /// `ForbiddenByScope` without one, `AmbiguousScope` with several and no `spec.scopeName`.
    pub fn find(&self, namespace: &str, scope_name: Option<&str>) -> Result<Arc<Scope>, Unresolved> {
        let refuse = |reason, message| Unresolved {
            condition: ConditionType::Accepted,
            reason,
            message,
            on_object: false,
            unreadable: None,
        };
        let index = self.read();
        let matching: Vec<&Arc<Scope>> = index
            .scopes
            .values()
            .filter(|scope| index.matches(scope, namespace))
            .collect();
        if let Some(name) = scope_name {
            let found = matching.into_iter().find(|scope| scope.name == name).cloned();
            return found.ok_or_else(|| {
                let message = format!("spec.scopeName: no AzureScope {name} is open to namespace {namespace}; name one that is, or add the namespace to its spec.namespaces");
                refuse(Reason::ForbiddenByScope, message)
            });
        }
        match matching.as_slice() {
            [scope] => Ok(Arc::clone(scope)),
            [] => {
                let message = format!(
                    "no AzureScope is open to namespace {namespace}; a platform team has to make one that names it in spec.namespaces"
                );
                Err(refuse(Reason::ForbiddenByScope, message))
            }
            several => {
                let names: Vec<&str> = several.iter().map(|scope| scope.name()).collect();
                let message = format!(
                    "several AzureScopes are open to namespace {namespace} ({}); choose one in spec.scopeName",
                    names.join(", ")
                );
                Err(refuse(Reason::AmbiguousScope, message))
            }
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn matches(&self, scope: &Scope, namespace: &str) -> bool {
        if let Some(names) = &scope.spec.namespaces {
            return names.iter().any(|name| name == namespace);
        }
        match (&scope.spec.namespace_selector, self.labels.get(namespace)) {
            (Some(selector), Some(labels)) => selector::matches(selector, labels),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use privatelink_api::AllowEntry;

    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, fits) in [
            ("privatelink.*", "privatelink.blob.core.windows.net", true),
            ("privatelink.*", "PrivateLink.x", true),
            ("privatelink.*", "evil-privatelink.x", false),
            ("*.internal", "a.b.internal", true),
            ("*.internal", "internal", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("orders.internal", "orders.internal", true),
            ("orders.internal", "orders.internal.evil", false),
            ("ab*ba", "aba", false),
            ("*", "anything", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
        assert!(!matches_record("*", "@") && matches_record("@", "@"));
        assert!(matches_record("*", "*") && !matches_record("o*", "*.orders"));
    }

    #[test]
    fn an_entry_that_can_be_nobodys_is_told_and_grants_nothing() {
        const S: &str = "/subscriptions/6f1c0000-0000-0000-0000-000000000000";
        let problems = |on: &str| {
            let allow = vec![AllowEntry {
                on: on.to_owned(),
                verbs: vec![Verb::Manage],
                record_names: Vec::new(),
            }];
            let scope = Scope::compile(&AzureScope::new(
                "orders",
                AzureScopeSpec {
                    allow,
                    ..AzureScopeSpec::default()
                },
            ));
            assert_eq!(scope.entries().count() + scope.problems.len(), 1, "{on}");
            scope.problems.join(" ")
        };
        let zone = format!("{S}/resourceGroups/g/providers/Microsoft.Network/privateDnsZones/z");
        for good in [
            S,
            &format!("{S}/resourceGroups/rg (x).1"),
            &zone,
            &format!("{zone}/A/*"),
        ] {
            assert_eq!(problems(good), "");
        }
        for (bad, word) in [
            ("/subscriptions/prod", "az account show"),
            (
                "/subscriptions/<subscription>/resourceGroups/rg",
                "az account show",
            ),
            ("/subscriptions/*/resourceGroups/rg", "az account show"),
            (&format!("{S}/resourceGroups/*"), "< > *"),
            (&format!("{S}/resourceGroups/<group>"), "< > *"),
            (&format!("{S}/resourceGroups"), "no name after it"),
        ] {
            let said = problems(bad);
            assert!(
                said.starts_with("spec.allow[0].on: ") && said.contains(word),
                "{bad}: {said}"
            );
        }
    }

    #[test]
    fn an_object_is_of_another_installation_where_only_a_scope_of_that_is_open_to_it() {
        let scope = |name: &str, controller_name: Option<&str>, namespaces: &[&str]| {
            let spec = AzureScopeSpec {
                controller_name: controller_name.map(str::to_owned),
                namespaces: Some(namespaces.iter().map(|&name| name.to_owned()).collect()),
                ..AzureScopeSpec::default()
            };
            AzureScope::new(name, spec)
        };
        let (ours, other) = ("privatelink.dev/controller", Some("example.com/payments"));
        let scopes = Scopes::default();
        for name in ["orders", "payments", "both"] {
            scopes.put_namespace(name, Some(BTreeMap::new()));
        }
        scopes.put(&scope("orders", None, &["orders", "both"]), ours);
        scopes.put(&scope("payments", other, &["payments", "both"]), ours);
        assert!(scopes.is_of_another("payments", None));
        assert!(scopes.is_of_another("both", Some("payments")));
        assert!(!scopes.is_of_another("both", None) && !scopes.is_of_another("orders", None));
        assert!(!scopes.is_of_another("nowhere", None) && !scopes.is_of_another("payments", Some("none")));
        scopes.put(&scope("payments", None, &["payments"]), ours);
        assert!(!scopes.is_of_another("payments", None), "it is served here now");
        scopes.put(&scope("payments", other, &["payments"]), ours);
        assert!(scopes.known().contains(&"payments".to_owned()) && scopes.names() == ["orders"]);
        scopes.remove("payments");
        assert!(!scopes.is_of_another("payments", None), "it is gone");
    }
}
