//! Names: which zone names are allowed, and under which name of a zone an endpoint's name belongs.

/// Zones that nobody may make.
///
/// ARM behaviour: the lists of the three clouds in the documentation of private DNS zones; only these names themselves are
/// reserved, names below them are not.
const RESERVED: &[&str] = &[
    "azclient.ms",
    "azure.com",
    "cloudapp.net",
    "core.windows.net",
    "microsoft.com",
    "msidentity.com",
    "trafficmanager.net",
    "windows.net",
    "azclient.us",
    "azure.us",
    "usgovcloudapp.net",
    "core.usgovcloudapi.net",
    "microsoft.us",
    "msidentity.us",
    "usgovtrafficmanager.net",
    "usgovcloudapi.net",
    "azclient.cn",
    "azure.cn",
    "chinacloudapp.cn",
    "core.chinacloudapi.cn",
    "microsoft.cn",
    "msidentity.cn",
    "trafficmanager.cn",
    "chinacloudapi.cn",
];

/// Zones whose public names end differently from the zone's name without `privatelink`.
const OTHER_ENDINGS: &[(&str, &str)] = &[
    ("privatelink.vaultcore.azure.net", "vault.azure.net"),
    (
        "privatelink.vaultcore.usgovcloudapi.net",
        "vault.usgovcloudapi.net",
    ),
    ("privatelink.vaultcore.azure.cn", "vault.azure.cn"),
    (
        "privatelink.servicebus.windows.us",
        "servicebus.usgovcloudapi.net",
    ),
    ("privatelink.purviewstudio.azure.us", "purview.azure.com"),
    ("privatelink.signalr.azure.cn", "service.signalr.azure.cn"),
];

/// Why a zone cannot have a name; `None` when it can.
pub(crate) fn refusal_of_zone(name: &str) -> Option<String> {
    let labels: Vec<&str> = name.split('.').collect();
    if !(2..=34).contains(&labels.len()) {
        return Some(format!(
            "The zone name '{name}' is invalid: a private DNS zone has between 2 and 34 labels, separated by dots."
        ));
    }
    if let Some(label) = labels.iter().find(|label| !is_label(label)) {
        return Some(format!(
            "The zone name '{name}' is invalid: the label '{label}' has to be of 1 to 63 letters, digits, '-' and '_'."
        ));
    }
    if name.len() > 253 {
        return Some(format!("The zone name '{name}' is invalid: it is too long."));
    }
    RESERVED
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(name))
        .then(|| format!("The zone name '{name}' is reserved and cannot be used."))
}

/// Whether the text can be one label of a name.
pub(crate) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "-_".contains(character))
}

/// Whether the text can be a domain name that a record points to; a dot at its end does not matter.
pub(crate) fn is_domain(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    text.len() <= 253 && text.split('.').all(is_label)
}

/// The relative name under which an endpoint's name belongs into a zone; `None` when it does not belong there.
///
/// ARM behaviour: `acct.blob.core.windows.net` is `acct` in `privatelink.blob.core.windows.net`; a registry's data endpoint
/// `reg.westeurope.data.azurecr.io` is `reg.westeurope.data` in `privatelink.azurecr.io`.
pub(crate) fn relative_name(fqdn: &str, zone: &str) -> Option<String> {
    let (fqdn, zone) = (fqdn.to_ascii_lowercase(), zone.to_ascii_lowercase());
    let fqdn = fqdn.trim_end_matches('.');
    // The zone itself comes first: an AKS server's name has `privatelink` in it already.
    std::iter::once(zone.clone())
        .chain(public_endings(&zone))
        .find_map(|ending| {
            let rest = fqdn.strip_suffix(&ending)?;
            match rest.strip_suffix('.') {
                Some(relative) if !relative.is_empty() => Some(relative.to_owned()),
                None if rest.is_empty() => Some("@".to_owned()),
                _ => None,
            }
        })
}

/// The full name that an endpoint's name has in a zone; `None` when it does not belong there.
pub(crate) fn private_name(fqdn: &str, zone: &str) -> Option<String> {
    relative_name(fqdn, zone).map(|relative| full_name(&relative, zone))
}

/// The full name of a relative name in a zone.
pub(crate) fn full_name(relative: &str, zone: &str) -> String {
    match relative {
        "@" => zone.to_owned(),
        _ => format!("{relative}.{zone}"),
    }
}

/// The public names that a lower-cased name in a zone of private endpoints can stand for: [`private_name`] the other way.
pub(crate) fn public_names(private: &str) -> Vec<String> {
    let Some(at) = private.find(".privatelink.") else {
        return Vec::new();
    };
    let (relative, zone) = private.split_at(at);
    public_endings(zone.trim_start_matches('.'))
        .map(|ending| format!("{relative}.{ending}"))
        .collect()
}

/// What public names end with whose private names end with the lower-cased name of a zone.
fn public_endings(zone: &str) -> impl Iterator<Item = String> {
    let labels: Vec<&str> = zone
        .split('.')
        .filter(|label| *label != "privatelink" && *label != "privatelink-global")
        .collect();
    let others = OTHER_ENDINGS
        .iter()
        .filter(|(known, _)| *known == zone)
        .map(|(_, ending)| (*ending).to_owned())
        .collect::<Vec<_>>();
    std::iter::once(labels.join(".")).chain(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_belong_under_what_is_left_of_the_public_name() {
        for (fqdn, zone, expected) in [
            (
                "acct.blob.core.windows.net",
                "privatelink.blob.core.windows.net",
                Some("acct"),
            ),
            (
                "ACCT.blob.core.windows.net.",
                "Privatelink.Blob.core.windows.net",
                Some("acct"),
            ),
            (
                "acct.blob.core.windows.net",
                "privatelink.file.core.windows.net",
                None,
            ),
            ("reg.azurecr.io", "privatelink.azurecr.io", Some("reg")),
            (
                "reg.westeurope.data.azurecr.io",
                "privatelink.azurecr.io",
                Some("reg.westeurope.data"),
            ),
            (
                "kv.vault.azure.net",
                "privatelink.vaultcore.azure.net",
                Some("kv"),
            ),
            (
                "x.privatelink.westeurope.azmk8s.io",
                "privatelink.westeurope.azmk8s.io",
                Some("x"),
            ),
            ("svc.example.com", "example.com", Some("svc")),
            ("example.com", "example.com", Some("@")),
            ("notexample.com", "example.com", None),
            (
                "site.scm.azurewebsites.net",
                "privatelink.azurewebsites.net",
                Some("site.scm"),
            ),
        ] {
            assert_eq!(relative_name(fqdn, zone).as_deref(), expected, "{fqdn} in {zone}");
        }
    }

    #[test]
    fn zones_have_labels_and_no_reserved_names() {
        for good in ["a.b", "privatelink.blob.core.windows.net", "_x.y-z.com"] {
            assert_eq!(refusal_of_zone(good), None, "{good}");
        }
        let long = format!("{}.com", "a".repeat(64));
        let many = vec!["a"; 35].join(".");
        for bad in [
            "com",
            "a..b",
            "a b.com",
            ".a.b",
            "a.b.",
            "windows.net",
            "Azure.COM",
            &long,
            &many,
        ] {
            assert!(refusal_of_zone(bad).is_some(), "{bad}");
        }
    }
}
