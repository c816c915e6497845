//! What a principal may do: role assignments at scopes.
//!
//! Owns Azure's roles, the roles and assignments that the seed gives, and the matching of actions. Those that requests make are
//! records of the state. Never knows which action a request needs (the callers say).

use std::collections::{BTreeMap, BTreeSet};

use privatelink_arm::ResourceId;
use serde::{Deserialize, Serialize};

use crate::identity::Principal;

/// What a role allows: the union of `actions` without `not_actions`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleDefinition {
    /// Patterns such as `Microsoft.Network/*/read`; `*` stands for any text, case does not matter.
    pub actions: Vec<String>,
    #[serde(default)]
    pub not_actions: Vec<String>,
}

impl RoleDefinition {
    /// Whether the role allows `action`.
    pub fn allows(&self, action: &str) -> bool {
        self.allowed_by(action).is_some()
    }

    /// The first of the role's actions that allows `action`, as the role spells it.
    pub fn allowed_by(&self, action: &str) -> Option<&str> {
        let allowed = self
            .actions
            .iter()
            .find(|pattern| matches_pattern(pattern, action))?;
        let taken_away = self
            .not_actions
            .iter()
            .any(|pattern| matches_pattern(pattern, action));
        (!taken_away).then_some(allowed)
    }
}

/// One role at one scope.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct RoleAssignment {
    /// `/`, a subscription, a resource group or a resource; it holds for everything below.
    pub scope: String,
    pub role: RoleDefinition,
}

/// All role assignments, by the object id of the principal (lower case).
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct RbacState {
    assignments: BTreeMap<String, Vec<RoleAssignment>>,
    /// What requests have taken away, with the object ids: a reset gives it back.
    #[serde(default)]
    taken_away: Vec<(String, RoleAssignment)>,
    /// The seed's own roles, by name.
    #[serde(default)]
    definitions: BTreeMap<String, RoleDefinition>,
    /// The object ids of who can sign in, in lower case; none: anybody.
    #[serde(default)]
    known: BTreeSet<String>,
}

impl RbacState {
    /// Gives a principal a role.
    pub fn assign(&mut self, object_id: &str, assignment: RoleAssignment) {
        self.assignments
            .entry(object_id.to_ascii_lowercase())
            .or_default()
            .push(assignment);
    }

    /// Takes all roles away from a principal.
    pub fn revoke_all(&mut self, object_id: &str) {
        self.assignments.remove(&object_id.to_ascii_lowercase());
    }

    /// Takes those of a principal's roles away that are chosen.
    pub(crate) fn take_away(&mut self, object_id: &str, chosen: impl Fn(&RoleAssignment) -> bool) {
        if let Some(assignments) = self.assignments.get_mut(&object_id.to_ascii_lowercase()) {
            let (taken, left) = std::mem::take(assignments).into_iter().partition(chosen);
            *assignments = left;
            let taken: Vec<RoleAssignment> = taken;
            let taken = taken
                .into_iter()
                .map(|assignment| (object_id.to_owned(), assignment));
            self.taken_away.extend(taken);
        }
    }

    /// Gives back what requests have taken away.
    pub(crate) fn give_back(&mut self) {
        for (object_id, assignment) in std::mem::take(&mut self.taken_away) {
            self.assign(&object_id, assignment);
        }
    }

    /// Gives a role a name, under which it is listed.
    pub fn define(&mut self, name: &str, role: RoleDefinition) {
        self.definitions.insert(name.to_owned(), role);
    }

    /// The roles that have a name, by it.
    pub(crate) fn named(&self) -> &BTreeMap<String, RoleDefinition> {
        &self.definitions
    }

    /// Names who there is.
    pub(crate) fn set_known(&mut self, object_ids: impl Iterator<Item = String>) {
        self.known = object_ids.map(|id| id.to_ascii_lowercase()).collect();
    }

    /// Whether a principal is there.
    pub(crate) fn knows(&self, object_id: &str) -> bool {
        self.known.is_empty() || self.known.contains(&object_id.to_ascii_lowercase())
    }

    /// All assignments, with the object ids of their principals, in a fixed order.
    pub(crate) fn assignments(&self) -> impl Iterator<Item = (&str, &RoleAssignment)> {
        self.assignments
            .iter()
            .flat_map(|(principal, assignments)| assignments.iter().map(|one| (principal.as_str(), one)))
    }

    /// GUID, name and content of the roles that are not Azure's own: those with a name, and those that somebody has
    /// without one.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = (String, &str, &RoleDefinition)> {
        let named = self
            .definitions
            .iter()
            .map(|(name, role)| (guid_from(name), name.as_str(), role));
        let mut seen: Vec<&RoleDefinition> = Vec::new();
        let unnamed = self.assignments().filter_map(move |(_, assignment)| {
            let role = &assignment.role;
            let known = self.definitions.values().any(|known| known == role)
                || built_in_roles().any(|(_, _, known)| known == *role)
                || seen.contains(&role);
            if known {
                return None;
            }
            seen.push(role);
            let text: Vec<&str> = role
                .actions
                .iter()
                .chain(&role.not_actions)
                .map(String::as_str)
                .collect();
            Some((guid_from(&text.join(" ")), "Role without a name", role))
        });
        named.chain(unnamed)
    }

    /// Where a principal has roles.
    pub(crate) fn scopes_of(&self, object_id: &str) -> impl Iterator<Item = &str> {
        self.of(object_id)
            .iter()
            .map(|assignment| assignment.scope.as_str())
    }

    pub(crate) fn of(&self, object_id: &str) -> &[RoleAssignment] {
        self.assignments
            .get(&object_id.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }
}

/// Whether `principal` may do `action` at `scope`; see [`authorize_at`].
pub fn authorize(rbac: &RbacState, principal: &Principal, action: &str, scope: &ResourceId) -> bool {
    authorize_at(rbac, principal, action, scope.as_str())
}

/// Whether `principal` may do `action` at `scope`: `/`, or the path of a subscription, group or resource.
///
/// ARM behaviour: an assignment holds at its scope and everything below; several add up; what one role's `notActions`
/// leave out another role can still give.
pub fn authorize_at(rbac: &RbacState, principal: &Principal, action: &str, scope: &str) -> bool {
    principal.is_open_owner || allowed_by(rbac, principal, action, scope).is_some()
}

/// By which action of which of its roles `principal` may do `action` at `scope`; none where it may not. Says nothing of the
/// owner of an open emulator, who has no role.
pub fn allowed_by<'a>(
    rbac: &'a RbacState,
    principal: &Principal,
    action: &str,
    scope: &str,
) -> Option<&'a str> {
    let assignments = rbac.of(&principal.object_id).iter();
    assignments
        .filter(|assignment| is_within(scope, &assignment.scope))
        .find_map(|assignment| assignment.role.allowed_by(action))
}

/// The roles that a principal has at a scope.
pub fn roles_at(rbac: &RbacState, principal: &Principal, scope: &str) -> Vec<RoleDefinition> {
    if principal.is_open_owner {
        return built_in("Owner").into_iter().collect();
    }
    let assignments = rbac.of(&principal.object_id).iter();
    assignments
        .filter(|assignment| is_within(scope, &assignment.scope))
        .map(|assignment| assignment.role.clone())
        .collect()
}

/// Whether `scope` is `outer` or below it; ids compare without case.
pub fn is_within(scope: &str, outer: &str) -> bool {
    let outer = outer.trim_end_matches('/');
    match (scope.get(..outer.len()), scope.get(outer.len()..)) {
        (Some(head), Some(rest)) => {
            head.eq_ignore_ascii_case(outer) && (rest.is_empty() || rest.starts_with('/'))
        }
        _ => false,
    }
}

/// Whether `text` matches a pattern in which `*` stands for any text; case does not matter.
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at_pattern, mut at_text) = (0_usize, 0_usize);
    // Where to go back to when the text after the last star does not match: linear in practice, never exponential.
    let mut star: Option<(usize, usize)> = None;
    while let Some(character) = text.get(at_text) {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                star = Some((at_pattern, at_text));
                at_pattern += 1;
            }
            Some(expected) if expected.eq_ignore_ascii_case(character) => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => match star {
                Some((pattern_at, text_at)) => {
                    at_pattern = pattern_at + 1;
                    at_text = text_at + 1;
                    star = Some((pattern_at, text_at + 1));
                }
                None => return false,
            },
        }
    }
    pattern
        .get(at_pattern..)
        .unwrap_or_default()
        .iter()
        .all(|rest| *rest == b'*')
}

/// A built-in role by its name or its GUID, with the actions that Azure gives it.
pub fn built_in(name: &str) -> Option<RoleDefinition> {
    BUILT_IN
        .iter()
        .find(|(id, title, _, _)| id.eq_ignore_ascii_case(name) || title.eq_ignore_ascii_case(name))
        .map(|(_, _, actions, not_actions)| RoleDefinition {
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            not_actions: not_actions.iter().map(|action| (*action).to_owned()).collect(),
        })
}

/// GUID, name and content of the built-in roles.
pub(crate) fn built_in_roles() -> impl Iterator<Item = (&'static str, &'static str, RoleDefinition)> {
    let owned = |list: &[&str]| list.iter().map(|action| (*action).to_owned()).collect();
    BUILT_IN.iter().map(move |(guid, name, actions, not_actions)| {
        let definition = RoleDefinition {
            actions: owned(actions),
            not_actions: owned(not_actions),
        };
        (*guid, *name, definition)
    })
}

/// A GUID that always is the same for a text.
pub(crate) fn guid_from(text: &str) -> String {
    let number = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    crate::random::Random::new(number).guid()
}

/// The names of the built-in roles.
pub fn built_in_names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(_, title, _, _)| *title).collect()
}

type BuiltIn = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// Azure's built-in roles: id, name, actions, not-actions.
const BUILT_IN: &[BuiltIn] = &[
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", &["*"], &[]),
    (
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        "Contributor",
        &["*"],
        &[
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Blueprint/blueprintAssignments/write",
            "Microsoft.Blueprint/blueprintAssignments/delete",
            "Microsoft.Compute/galleries/share/action",
            "Microsoft.Purview/consents/write",
            "Microsoft.Purview/consents/delete",
        ],
    ),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", &["*/read"], &[]),
    (
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "User Access Administrator",
        &["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
        &[],
    ),
    (
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        "Network Contributor",
        &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Network/*",
            "Microsoft.ResourceHealth/availabilityStatuses/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Support/*",
        ],
        &[],
    ),
    (
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
        "Private DNS Zone Contributor",
        &[
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Support/*",
            "Microsoft.Network/privateDnsZones/*",
            "Microsoft.Network/privateDnsOperationResults/*",
            "Microsoft.Network/privateDnsOperationStatuses/*",
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/virtualNetworks/join/action",
            "Microsoft.Authorization/*/read",
        ],
        &[],
    ),
    (
        "0f2ebee7-ffd4-4fc0-b3b7-664099fdad5d",
        "DNS Resolver Contributor",
        &[
            "Microsoft.Network/dnsResolvers/*",
            "Microsoft.Network/dnsForwardingRulesets/*",
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/virtualNetworks/join/action",
            "Microsoft.Network/virtualNetworks/subnets/read",
            "Microsoft.Network/virtualNetworks/subnets/join/action",
            "Microsoft.Network/locations/dnsResolverOperationStatuses/read",
            "Microsoft.Network/locations/dnsResolverOperationResults/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
        &[],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody() -> Principal {
        Principal {
            object_id: "O".into(),
            name: "n".into(),
            tenant_id: "t".into(),
            is_open_owner: false,
        }
    }

    #[test]
    fn patterns() {
        for (pattern, action, expected) in [
            ("*", "Microsoft.Network/privateEndpoints/read", true),
            ("*/read", "microsoft.network/privateendpoints/READ", true),
            ("*/read", "Microsoft.Network/privateEndpoints/write", false),
            ("Microsoft.Network/*", "Microsoft.NetworkX/a/read", false),
            (
                "Microsoft.Network/*/read",
                "Microsoft.Network/virtualNetworks/subnets/read",
                true,
            ),
            (
                "Microsoft.Network/*/join/action",
                "Microsoft.Network/virtualNetworks/subnets/join/action",
                true,
            ),
            (
                "Microsoft.Network/privateEndpoints/read",
                "Microsoft.Network/privateEndpoints/readall",
                false,
            ),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZd", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches_pattern(pattern, action), expected, "{pattern} {action}");
        }
    }

    #[test]
    fn assignments_are_inherited_and_not_actions_take_away() {
        let mut rbac = RbacState::default();
        let scope = "/subscriptions/S/resourceGroups/rg";
        rbac.assign(
            "o",
            RoleAssignment {
                scope: scope.into(),
                role: built_in("contributor").unwrap(),
            },
        );
        let may = |action: &str, at: &str| authorize_at(&rbac, &somebody(), action, at);
        assert!(may(
            "Microsoft.Network/privateEndpoints/write",
            "/Subscriptions/s/resourcegroups/RG/providers/Microsoft.Network/privateEndpoints/p"
        ));
        assert!(may(
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            scope
        ));
        assert!(!may(
            "Microsoft.Network/privateEndpoints/write",
            "/subscriptions/S/resourceGroups/rg2/providers/Microsoft.Network/privateEndpoints/p"
        ));
        assert!(!may(
            "Microsoft.Network/privateEndpoints/write",
            "/subscriptions/S"
        ));
        assert!(!may("Microsoft.Authorization/roleAssignments/write", scope));
        assert!(!authorize_at(
            &rbac,
            &Principal {
                object_id: "other".into(),
                ..somebody()
            },
            "x/read",
            scope
        ));
        assert!(authorize_at(
            &rbac,
            &Principal {
                is_open_owner: true,
                ..somebody()
            },
            "x/read",
            "/"
        ));
    }

    #[test]
    fn the_root_scope_holds_everywhere() {
        assert!(is_within("/subscriptions/s", "/"));
        assert!(is_within("/", "/"));
        assert!(!is_within("/subscriptions/s2", "/subscriptions/s"));
    }
}
