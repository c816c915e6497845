//! The variable parts of a zone's name, such as `{regionName}`: filled to make a name, and recognised in one.
//!
//! In a zone a placeholder is always a whole label. (In the domains of the forwarders it need not be; those are shown
//! and never filled.)

use super::zone_name::is_label;

/// A variable part of a zone's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placeholder {
    RegionName,
    RegionCode,
    DnsPrefix,
    Subzone,
    PartitionId,
    InstanceName,
    WorkspaceName,
}

impl Placeholder {
    /// The placeholder that a label is, for instance of `{regionName}`.
    fn of_label(label: &str) -> Option<Self> {
        Some(match label.strip_prefix('{')?.strip_suffix('}')? {
            "regionName" => Self::RegionName,
            "regionCode" => Self::RegionCode,
            "dnsPrefix" => Self::DnsPrefix,
            "subzone" => Self::Subzone,
            "partitionId" => Self::PartitionId,
            "instanceName" => Self::InstanceName,
            "workspaceName" => Self::WorkspaceName,
            _ => return None,
        })
    }

    /// Whether a label can be what the placeholder stands for.
    pub(super) fn accepts(self, label: &str) -> bool {
        is_label(label)
            && match self {
                Self::RegionName | Self::RegionCode => label.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                Self::PartitionId => label.bytes().all(|byte| byte.is_ascii_digit()),
                Self::DnsPrefix | Self::Subzone | Self::InstanceName | Self::WorkspaceName => true,
            }
    }
}

/// The placeholders of a zone, in their order.
pub(super) fn placeholders(template: &str) -> impl Iterator<Item = Placeholder> {
    template.split('.').filter_map(Placeholder::of_label)
}

/// A zone's name with every placeholder replaced by what `value` says, in lower case.
///
/// # Errors
/// The first that `value` returns.
pub(super) fn fill<Error>(
    template: &str,
    mut value: impl FnMut(Placeholder) -> Result<String, Error>,
) -> Result<String, Error> {
    let mut name = String::with_capacity(template.len());
    for label in template.split('.') {
        if !name.is_empty() {
            name.push('.');
        }
        match Placeholder::of_label(label) {
            Some(placeholder) => name.push_str(&value(placeholder)?),
            None => name.push_str(label),
        }
    }
    name.make_ascii_lowercase();
    Ok(name)
}

/// Whether a name is one that the template makes.
pub(super) fn makes(template: &str, name: &str) -> bool {
    template.split('.').count() == name.split('.').count() && ends_with(template, name).is_some()
}

/// How a name ends where it ends as the template does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ending {
    /// How many labels of the name it takes: the more, the better the template suits.
    pub(super) labels: usize,
    /// How many of them the template spells out.
    pub(super) literal: usize,
}

/// Compares the last labels of a name with the template's, without case.
pub(super) fn ends_with(template: &str, name: &str) -> Option<Ending> {
    let mut ending = Ending {
        labels: 0,
        literal: 0,
    };
    let mut labels = name.rsplit('.');
    for expected in template.rsplit('.') {
        let label = labels.next()?;
        match Placeholder::of_label(expected) {
            Some(placeholder) if placeholder.accepts(label) => {}
            None if expected.eq_ignore_ascii_case(label) => ending.literal += 1,
            _ => return None,
        }
        ending.labels += 1;
    }
    Some(ending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::rows;

    #[test]
    fn every_placeholder_of_the_data_is_known_and_a_whole_label() {
        for zone in rows().flat_map(|row| row.zones()) {
            let braces = zone.matches(['{', '}']).count();
            assert_eq!(braces, 2 * placeholders(zone).count(), "{zone}");
        }
        for forwarder in rows().flat_map(|row| row.forwarders().iter().chain(row.suffixes())) {
            for part in forwarder.split('{').skip(1) {
                let name = part.split('}').next().unwrap();
                assert!(
                    Placeholder::of_label(&format!("{{{name}}}")).is_some(),
                    "{forwarder}"
                );
            }
        }
    }

    #[test]
    fn a_template_makes_names_and_knows_them_again() {
        let template = "{subzone}.privatelink.{regionName}.azmk8s.io";
        let name = fill(template, |placeholder| {
            Ok::<_, ()>(match placeholder {
                Placeholder::Subzone => "Team-a".to_owned(),
                _ => "westeurope".to_owned(),
            })
        })
        .unwrap();
        assert_eq!(name, "team-a.privatelink.westeurope.azmk8s.io");
        assert!(makes(template, &name));
        assert!(!makes(template, "privatelink.westeurope.azmk8s.io"));
        assert!(!makes(template, "a.b.privatelink.westeurope.azmk8s.io"));
        assert!(!makes(template, "a.privatelink.west-europe.azmk8s.io"));
        assert!(makes(
            "privatelink.{partitionId}.azurestaticapps.net",
            "privatelink.12.AzureStaticApps.net"
        ));
        assert!(!makes(
            "privatelink.{partitionId}.azurestaticapps.net",
            "privatelink.x.azurestaticapps.net"
        ));
        assert_eq!(fill(template, |_| Err(7)), Err(7));
    }
}
