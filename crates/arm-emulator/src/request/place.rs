//! Where a request goes: a resource, a collection of resources, or an action on one; and what ids say by their form.

/// Whether a text has the form of a GUID, such as a subscription's id.
pub(crate) fn is_guid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let is_hexadecimal = |character: char| character == '-' || character.is_ascii_hexdigit();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(is_hexadecimal)
}

/// One resource, taken apart from its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// With the casing of the request.
    pub(crate) id: String,
    pub(crate) key: String,
    /// Empty above subscriptions.
    pub(crate) subscription: String,
    pub(crate) group: Option<String>,
    pub(crate) namespace: String,
    /// As the path spells it.
    pub(crate) resource_type: String,
    pub(crate) name: String,
    /// What it is a child or an extension of.
    pub(crate) parent: Option<String>,
    /// Whether the parent is one by its type, and not what an extension is on.
    pub(crate) parent_is_type: bool,
    /// Types and names interleaved: `Microsoft.Network/virtualNetworks/v/subnets/s`.
    pub(crate) named: String,
}

impl Place {
    /// The place of a resource: in a subscription or group, below a management group, of the tenant itself, or an extension
    /// of another resource; `None` for anything else.
    pub(crate) fn parse(id: &str) -> Option<Self> {
        let (scope, tail) = split_provider(id)?;
        let mut pieces = tail.split('/');
        let namespace = pieces.next()?.to_owned();
        let pairs: Vec<&str> = pieces.collect();
        if pairs.is_empty() || !pairs.len().is_multiple_of(2) || pairs.iter().any(|piece| piece.is_empty()) {
            return None;
        }
        let mut resource_type = namespace.clone();
        for (number, piece) in pairs.iter().enumerate() {
            if number % 2 == 0 {
                resource_type.push('/');
                resource_type.push_str(piece);
            }
        }
        let scope_segments: Vec<&str> = scope.split('/').skip(1).collect();
        let subscription = match scope_segments.as_slice() {
            [first, subscription, ..] if first.eq_ignore_ascii_case("subscriptions") => {
                (*subscription).to_owned()
            }
            // The tenant itself, or what is a resource of it: a management group.
            [] | ["providers", ..] => String::new(),
            _ => return None,
        };
        let group = match scope_segments.get(2..4) {
            Some([word, group]) if word.eq_ignore_ascii_case("resourceGroups") => Some((*group).to_owned()),
            _ => None,
        };
        // A management group is there without being made.
        let is_extension = split_provider(scope).is_some_and(|(_, of)| !is_management_group(of));
        let parent = if pairs.len() > 2 {
            id.rsplitn(3, '/').nth(2).map(str::to_owned)
        } else {
            is_extension.then(|| scope.to_owned())
        };
        Some(Place {
            id: id.to_owned(),
            key: id.to_ascii_lowercase(),
            subscription,
            group,
            namespace,
            resource_type,
            name: pairs.last().map(|name| (*name).to_owned()).unwrap_or_default(),
            parent,
            parent_is_type: pairs.len() > 2,
            named: tail.to_owned(),
        })
    }
}

impl Place {
    /// Whether it is a management group itself: those are there without being made.
    pub(crate) fn is_management_group(&self) -> bool {
        is_management_group(&self.named)
    }
}

/// Whether it is a management group by its type and name.
fn is_management_group(named: &str) -> bool {
    named
        .to_ascii_lowercase()
        .starts_with("microsoft.management/managementgroups/")
}

/// The part before the last `/providers/` and the part after it.
pub(crate) fn split_provider(path: &str) -> Option<(&str, &str)> {
    let at = path.to_ascii_lowercase().rfind("/providers/")?;
    Some((path.get(..at)?, path.get(at + "/providers/".len()..)?))
}

/// What an id is a child of in the sense of types: `…/virtualNetworks/v` for `…/virtualNetworks/v/subnets/s`.
pub(crate) fn parent_key(key: &str) -> Option<&str> {
    key.rsplitn(3, '/').nth(2)
}

/// Lists of parts that have ids and are no resources: each stands in the body of the resource that the id begins with.
const PARTS: &[&str] = &[
    "frontendipconfigurations",
    "inboundnatpools",
    "ipconfigurations",
    "loadbalancingrules",
    "outboundrules",
    "probes",
];

/// The key of the resource that an id of one of its parts belongs to: a frontend configuration lies in its load balancer.
pub(crate) fn whole(id: &str) -> String {
    let key = id.to_ascii_lowercase();
    match (parent_key(&key), key.rsplit('/').nth(1)) {
        (Some(owner), Some(list)) if PARTS.contains(&list) => owner.to_owned(),
        _ => key,
    }
}

/// A path with the words that ARM itself knows in ARM's spelling.
///
/// ARM behaviour: ids in answers say `resourceGroups`, whatever the request said.
pub(crate) fn with_known_words(path: &str) -> String {
    let mut spelled = String::with_capacity(path.len());
    for (number, segment) in path.split('/').enumerate() {
        if number > 0 {
            spelled.push('/');
        }
        let word = match number {
            1 => ["subscriptions", "providers"].as_slice(),
            3 => ["resourceGroups", "providers"].as_slice(),
            _ if number % 2 == 1 => ["providers"].as_slice(),
            _ => [].as_slice(),
        };
        match word.iter().find(|word| word.eq_ignore_ascii_case(segment)) {
            Some(word) => spelled.push_str(word),
            None => spelled.push_str(segment),
        }
    }
    spelled
}

/// The lower-cased paths of the list requests that a record with this key belongs to.
///
/// ARM behaviour: a resource is listed by its own collection; a top-level one also by its type in the subscription and by
/// `/resources` of its group and subscription; a group by its subscription; a record set also by its zone's `/ALL`.
pub(crate) fn collections_of(key: &str) -> Vec<String> {
    let Some((own, _)) = key.rsplit_once('/') else {
        return Vec::new();
    };
    let mut found = vec![own.to_owned()];
    let segments: Vec<&str> = key.split('/').skip(1).collect();
    if let [
        "subscriptions",
        subscription,
        "resourcegroups",
        group,
        "providers",
        namespace,
        kind,
        _,
    ] = segments.as_slice()
        && !is_extension_type(namespace, kind)
    {
        found.push(format!(
            "/subscriptions/{subscription}/providers/{namespace}/{kind}"
        ));
        found.push(format!(
            "/subscriptions/{subscription}/resourcegroups/{group}/resources"
        ));
        found.push(format!("/subscriptions/{subscription}/resources"));
    }
    if let [.., "privatednszones", _, kind, _] = segments.as_slice()
        && *kind != "virtualnetworklinks"
        && let Some((zone, _)) = own.rsplit_once('/')
    {
        found.push(format!("{zone}/all"));
    }
    found
}

/// Whether a type is about what it stands on, a group for instance, and is no resource in it; in lower case.
pub(crate) fn is_extension_type(namespace: &str, kind: &str) -> bool {
    namespace == "microsoft.authorization"
        || (namespace == "microsoft.insights" && kind == "diagnosticsettings")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_every_scope() {
        let place = |id: &str| {
            Place::parse(id).map(|place| (place.subscription, place.group, place.resource_type, place.parent))
        };
        let some = |subscription: &str, group: Option<&str>, kind: &str, parent: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            Some((
                subscription.to_owned(),
                owned(group),
                kind.to_owned(),
                owned(parent),
            ))
        };
        let vault = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v";
        let setting = "Microsoft.Insights/diagnosticSettings";
        let assignment = "Microsoft.Authorization/policyAssignments";
        assert_eq!(
            place(&format!("{vault}/providers/{setting}/x")),
            some("s", Some("g"), setting, Some(vault))
        );
        assert_eq!(
            place(&format!("/subscriptions/s/providers/{setting}/x")),
            some("s", None, setting, None)
        );
        assert_eq!(
            place(&format!("/providers/{assignment}/x")),
            some("", None, assignment, None)
        );
        let group = "/providers/Microsoft.Management/managementGroups/m";
        assert_eq!(
            place(&format!("{group}/providers/{assignment}/x")),
            some("", None, assignment, None)
        );
        assert_eq!(
            place(group),
            some("", None, "Microsoft.Management/managementGroups", None)
        );
        assert_eq!(place("/subscriptions/s"), None);
        assert_eq!(place("/nowhere/providers/a/b/c"), None);
    }

    #[test]
    fn parts_belong_to_their_resource() {
        assert_eq!(
            whole("/a/loadBalancers/L/frontendIPConfigurations/F"),
            "/a/loadbalancers/l"
        );
        assert_eq!(
            whole("/a/virtualNetworks/V/subnets/S"),
            "/a/virtualnetworks/v/subnets/s"
        );
    }
}
