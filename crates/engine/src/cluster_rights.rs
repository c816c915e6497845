//! What the controller may do in Kubernetes: one rule for each thing that it does there, and nothing else.
//!
//! Owns the list that the roles in `deploy/` and in the chart are made from. No Secrets, no tokens of service accounts, no
//! webhooks, no wildcard: the right to ask for a service account's token is given for each by name, where it is wanted.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use privatelink_api::names::{DEFAULT_CONTROLLER_NAME, GROUP};

use crate::lease::lease_name;
use crate::scope_runner::SCOPE_KIND;

/// What may be done to some resources of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterRule {
    /// What it is for.
    pub purpose: &'static str,
    pub group: &'static str,
    pub resources: Vec<String>,
    /// The only objects that it is about; none: all.
    pub names: Vec<String>,
    pub verbs: &'static [&'static str],
}

/// What it may do in the whole cluster, with these definitions of its own kinds. `never_held` are the kinds whose objects
/// get no finalizer, because they have nothing in Azure.
pub fn cluster_rules(definitions: &[CustomResourceDefinition], never_held: &[&str]) -> Vec<ClusterRule> {
    let plural = |definition: &CustomResourceDefinition| definition.spec.names.plural.clone();
    let all: Vec<String> = definitions.iter().map(plural).collect();
    let is_scope = |definition: &&CustomResourceDefinition| definition.spec.names.kind == SCOPE_KIND;
    let managed: Vec<String> = definitions
        .iter()
        .filter(|definition| !is_scope(definition))
        .map(plural)
        .collect();
    let is_held =
        |definition: &&CustomResourceDefinition| !never_held.contains(&definition.spec.names.kind.as_str());
    let rule = |purpose, group, resources: Vec<String>, verbs| ClusterRule {
        purpose,
        group,
        resources,
        names: Vec::new(),
        verbs,
    };
    vec![
        rule(
            "Its own kinds, everywhere.",
            GROUP,
            all.clone(),
            &["list", "watch"],
        ),
        rule(
            "The finalizer that it puts on those that have something in Azure. It never writes spec.",
            GROUP,
            definitions.iter().filter(is_held).map(plural).collect(),
            &["patch"],
        ),
        rule(
            "An object that cannot be read as one of its kind is read once more as it is, to say so in its status.",
            GROUP,
            managed.clone(),
            &["get"],
        ),
        rule(
            "What it has to say of them.",
            GROUP,
            all.iter().map(|plural| format!("{plural}/status")).collect(),
            &["patch"],
        ),
        rule(
            "Names and labels of namespaces: which of them an AzureScope is for.",
            "",
            vec!["namespaces".to_owned()],
            &["list", "watch"],
        ),
        ClusterRule {
            names: vec!["kube-system".to_owned()],
            ..rule(
                "The cluster's name in owner tags, where no --owner-id is given: the uid of this namespace.",
                "",
                vec!["namespaces".to_owned()],
                &["get"],
            )
        },
        ClusterRule {
            names: managed.iter().map(|plural| format!("{plural}.{GROUP}")).collect(),
            ..rule(
                "A definition that is being deleted means that nothing is deleted in Azure.",
                "apiextensions.k8s.io",
                vec!["customresourcedefinitions".to_owned()],
                &["get"],
            )
        },
        rule(
            "Events about its own objects, in their namespaces.",
            "events.k8s.io",
            vec!["events".to_owned()],
            &["create"],
        ),
    ]
}

/// What it may do in the namespace that it runs in, under the default controller name: hold the one Lease of that name. An
/// installation of another name has another Lease.
pub fn lease_rules() -> Vec<ClusterRule> {
    let rule = |purpose, names, verbs| ClusterRule {
        purpose,
        group: "coordination.k8s.io",
        resources: vec!["leases".to_owned()],
        names,
        verbs,
    };
    vec![
        rule(
            "Leader election: its own Lease is read, renewed and left.",
            vec![lease_name(DEFAULT_CONTROLLER_NAME)],
            &["get", "update"],
        ),
        rule(
            "Leader election: the Lease is made where there is none; Kubernetes knows no name when it judges this verb.",
            Vec::new(),
            &["create"],
        ),
    ]
}
