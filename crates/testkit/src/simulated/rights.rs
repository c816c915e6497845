//! What clients of the simulated API may do: the rules of roles, taken apart into single rights.
//!
//! As RBAC decides: a request is allowed when one rule has its verb, group, resource and name. Without rights everything is
//! allowed. It is never asked about what people do by [`SimulatedApi`](super::SimulatedApi)'s own methods.

use std::collections::BTreeSet;
use std::fmt;

use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};

use super::journal::Verb;
use super::refusal::Refusal;
use super::request::ApiRequest;

/// One verb on one resource: what can be taken out of a role by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The only namespace where it holds; none: everywhere.
    pub namespace: Option<String>,
    /// Empty: the core group.
    pub group: String,
    /// A plural, with `/status` where it is about that alone.
    pub resource: String,
    /// The only object that it is about; none: all.
    pub name: Option<String>,
    /// As RBAC knows it: `get`, `patch`.
    pub verb: String,
}

impl fmt::Display for Right {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(formatter, " of {}", self.group)?;
        }
        if let Some(name) = &self.name {
            write!(formatter, " named {name}")?;
        }
        match &self.namespace {
            Some(namespace) => write!(formatter, " in {namespace}"),
            None => Ok(()),
        }
    }
}

/// A set of rights.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights(pub BTreeSet<Right>);

impl Rights {
    /// What a ClusterRole gives everywhere.
    ///
    /// # Errors
    /// The text is no ClusterRole, or has a wildcard, which nothing here is to have.
    pub fn of_cluster_role(text: &str) -> Result<Self, String> {
        let role: ClusterRole = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        Self::of_rules(role.rules.unwrap_or_default(), None)
    }

    /// What a Role gives in a namespace.
    ///
    /// # Errors
    /// As [`Rights::of_cluster_role`].
    pub fn of_role(text: &str, namespace: &str) -> Result<Self, String> {
        let role: Role = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        Self::of_rules(role.rules.unwrap_or_default(), Some(namespace))
    }

    fn of_rules(rules: Vec<PolicyRule>, namespace: Option<&str>) -> Result<Self, String> {
        let mut rights = BTreeSet::new();
        for rule in rules {
            if rule.non_resource_urls.is_some_and(|urls| !urls.is_empty()) {
                return Err("a rule is about URLs that are no resources".to_owned());
            }
            let names: Vec<Option<String>> = match rule.resource_names {
                Some(names) if !names.is_empty() => names.into_iter().map(Some).collect(),
                _ => vec![None],
            };
            for group in rule.api_groups.unwrap_or_default() {
                for resource in rule.resources.iter().flatten() {
                    for name in &names {
                        for verb in &rule.verbs {
                            rights.insert(Right {
                                namespace: namespace.map(str::to_owned),
                                group: group.clone(),
                                resource: resource.clone(),
                                name: name.clone(),
                                verb: verb.clone(),
                            });
                        }
                    }
                }
            }
        }
        let wild = rights
            .iter()
            .find(|right| [&right.group, &right.resource, &right.verb].contains(&&"*".to_owned()));
        match wild {
            Some(right) => Err(format!("a rule has a wildcard: {right}")),
            None => Ok(Self(rights)),
        }
    }

    /// Both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// All but one.
    #[must_use]
    pub fn without(&self, right: &Right) -> Self {
        let mut rights = self.0.clone();
        rights.remove(right);
        Self(rights)
    }

    /// The right by which a verb is allowed to a request.
    fn allowed_by(&self, request: &ApiRequest, verb: &str) -> Option<&Right> {
        let resource = if request.status {
            format!("{}/status", request.plural)
        } else {
            request.plural.clone()
        };
        self.0.iter().find(|right| {
            right.verb == verb
                && right.group == request.group
                && right.resource == resource
                && right
                    .namespace
                    .as_ref()
                    .is_none_or(|namespace| *namespace == request.namespace)
                && right.name.as_ref().is_none_or(|name| *name == request.name)
        })
    }

    /// The rights that a request uses. `makes`: it names an object that is not there, and would make it.
    ///
    /// # Errors
    /// What the server answers to a request that it does not allow.
    pub(super) fn admit(
        &self,
        client: &str,
        request: &ApiRequest,
        makes: bool,
    ) -> Result<Vec<&Right>, Refusal> {
        let verb = verb_of(request.verb);
        let mut used = Vec::new();
        for verb in [Some(verb), (makes && verb != "create").then_some("create")]
            .into_iter()
            .flatten()
        {
            match self.allowed_by(request, verb) {
                Some(right) => used.push(right),
                None => return Err(refusal(client, request, verb)),
            }
        }
        Ok(used)
    }
}

/// RBAC's word for what a request does.
fn verb_of(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "get",
        Verb::List => "list",
        Verb::Watch => "watch",
        Verb::Create | Verb::Token => "create",
        Verb::Update => "update",
        Verb::MergePatch | Verb::JsonPatch | Verb::Apply => "patch",
        Verb::Delete => "delete",
        // The simulation refuses it by itself.
        Verb::Unexpected => "",
    }
}

fn refusal(client: &str, request: &ApiRequest, verb: &str) -> Refusal {
    let (plural, name) = (&request.plural, &request.name);
    let about = if request.group.is_empty() {
        plural.clone()
    } else {
        format!("{plural}.{}", request.group)
    };
    let named = if name.is_empty() {
        String::new()
    } else {
        format!(" \"{name}\"")
    };
    let status = if request.status { "/status" } else { "" };
    let place = if request.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace \"{}\"", request.namespace)
    };
    let message = format!(
        "{about}{named} is forbidden: User \"{client}\" cannot {verb} resource \"{plural}{status}\" in API group \"{}\" {place}",
        request.group
    );
    Refusal::new(403, "Forbidden", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: some}
rules:
  - {apiGroups: [example.dev], resources: [things, things/status], verbs: [get, patch]}
  - {apiGroups: [''], resources: [namespaces], resourceNames: [kube-system], verbs: [get]}
";

    #[test]
    fn a_role_is_as_many_rights_as_it_has_verbs_on_resources() {
        let rights = Rights::of_cluster_role(ROLE).unwrap();
        let shown: Vec<String> = rights.0.iter().map(Right::to_string).collect();
        assert_eq!(
            shown,
            [
                "get namespaces named kube-system",
                "get things of example.dev",
                "patch things of example.dev",
                "get things/status of example.dev",
                "patch things/status of example.dev",
            ]
        );
    }

    #[test]
    fn a_wildcard_is_refused() {
        for (from, to) in [("example.dev", "'*'"), ("get, patch", "'*'"), ("things,", "'*',")] {
            let refused = Rights::of_cluster_role(&ROLE.replace(from, to)).unwrap_err();
            assert!(refused.contains("wildcard"), "{refused}");
        }
    }
}
