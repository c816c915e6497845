//! The catalogue's table: Microsoft's page as data, parsed once and kept small.
//!
//! The text of `data/private-dns-zones.json` is part of the program. What is kept of it are slices of that text: one
//! list that holds the elements of all rows' lists, and per row the places where its lists start.

use std::sync::LazyLock;

use serde::Deserialize;

use super::KnownCloud;
use super::written::{Row, Span, Table};

pub(super) const TEXT: &str = include_str!("../../data/private-dns-zones.json");

/// A table that does not parse is an empty one; a test sees to it that this one parses.
static TABLE: LazyLock<Table<'static>> = LazyLock::new(|| Table::parse(TEXT).unwrap_or_default());

/// Which of a row's zones an endpoint needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// Every zone: the service answers under a name in each.
    All,
    /// One zone, chosen by a property of the target.
    OneOf,
    /// The zones that [`CatalogueRow::optional`] does not name; those it names serve a use that not everybody has.
    Optional,
}

/// The property of the target that chooses its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ChosenBy {
    /// AKS: the zone that the cluster was made with.
    PrivateDnsZone,
    /// SQL Managed Instance: the label that instances of one network share.
    DnsZone,
    /// Static Web Apps: the partition, a number in the default host name.
    DefaultHostname,
    /// Redis: Enterprise or Managed, one type and group with two rows.
    Sku,
}

/// One row of the table. Copying it is cheap.
#[derive(Clone, Copy, Debug)]
pub struct CatalogueRow {
    row: &'static Row<'static>,
}

/// Every row, the clouds one after the other, in the order of Microsoft's page.
pub fn rows() -> impl Iterator<Item = CatalogueRow> {
    TABLE.rows.iter().map(|row| CatalogueRow { row })
}

impl CatalogueRow {
    fn list(self, span: Span) -> &'static [&'static str] {
        TABLE.list(span)
    }

    /// The cloud whose table this row is of.
    pub fn cloud(self) -> KnownCloud {
        self.row.cloud
    }

    /// What the service is called, for instance `Azure Key Vault`.
    pub fn service(self) -> &'static str {
        self.row.service
    }

    /// For instance `Microsoft.KeyVault/vaults`. Compare without case.
    pub fn resource_type(self) -> &'static str {
        self.row.resource_type
    }

    /// The group ids. One may hold a variable part, as `sites-<slot>` does: ask [`matches_group`](Self::matches_group).
    pub fn groups(self) -> impl Iterator<Item = &'static str> {
        self.list(self.row.groups).iter().copied()
    }

    /// Whether the row speaks of a group, compared without case; a part such as `<slot>` stands for one character
    /// or more.
    pub fn matches_group(self, group: &str) -> bool {
        self.groups().any(|known| match known.split_once('<') {
            None => known.eq_ignore_ascii_case(group),
            Some((fixed, _)) => {
                group.len() > fixed.len()
                    && group
                        .get(..fixed.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(fixed))
            }
        })
    }

    /// Which of the zones are needed.
    pub fn rule(self) -> Rule {
        self.row.rule
    }

    /// The property that chooses the zone, where the rule is [`Rule::OneOf`].
    pub fn chosen_by(self) -> Option<ChosenBy> {
        self.row.by
    }

    /// The SKUs that a row chosen by SKU is for, as the start of their names, for instance `Balanced_`.
    pub fn skus(self) -> &'static [&'static str] {
        self.list(self.row.skus)
    }

    /// The zones, with placeholders such as `{regionName}`.
    pub fn zones(self) -> &'static [&'static str] {
        self.list(self.row.zones)
    }

    /// Those of the zones that only some uses of the service need.
    pub fn optional(self) -> &'static [&'static str] {
        self.list(self.row.optional)
    }

    /// The public domains of the service, as Microsoft's page lists them for conditional forwarders.
    pub fn forwarders(self) -> &'static [&'static str] {
        self.list(self.row.forwarders)
    }

    /// Public domains that are spelt unlike the row's first zone although names keep their record name in it:
    /// `vault.azure.net` for `privatelink.vaultcore.azure.net`.
    pub fn suffixes(self) -> &'static [&'static str] {
        self.list(self.row.suffixes)
    }

    /// The api-version with which the target is read where a zone depends on it.
    pub fn api_version(self) -> Option<&'static str> {
        self.row.api_version
    }

    /// What is odd about the row.
    pub fn note(self) -> Option<&'static str> {
        self.row.note
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_parses_and_has_every_row() {
        let table = Table::parse(TEXT).unwrap();
        let count = |cloud| table.rows.iter().filter(|row| row.cloud == cloud).count();
        assert_eq!(table.rows.len(), 186);
        assert_eq!(count(KnownCloud::Public), 93);
        assert_eq!(count(KnownCloud::Government), 55);
        assert_eq!(count(KnownCloud::China), 38);
        assert!(TEXT.contains("https://learn.microsoft.com/azure/private-link/private-endpoint-dns"));
    }

    /// Each row is consistent in itself.
    #[test]
    fn every_row_is_whole() {
        for row in rows() {
            let name = format!("{} {}", row.cloud(), row.service());
            assert!(row.groups().count() > 0 && !row.zones().is_empty(), "{name}");
            assert!(!row.forwarders().is_empty(), "{name}");
            assert_eq!(row.rule() == Rule::OneOf, row.chosen_by().is_some(), "{name}");
            assert_eq!(row.rule() == Rule::Optional, !row.optional().is_empty(), "{name}");
            assert!(
                row.optional().iter().all(|zone| row.zones().contains(zone)),
                "{name}"
            );
            assert!(row.optional().len() < row.zones().len(), "{name}");
            assert_eq!(
                row.chosen_by() == Some(ChosenBy::Sku),
                !row.skus().is_empty(),
                "{name}"
            );
            let depends = row.chosen_by().is_some() || row.zones().iter().any(|zone| zone.contains('{'));
            assert_eq!(depends, row.api_version().is_some(), "{name}");
        }
    }

    /// A type and group is in one row of a cloud, or in several that a property tells apart.
    #[test]
    fn no_two_rows_contradict_each_other() {
        for row in rows() {
            for other in rows().filter(|other| {
                other.cloud() == row.cloud()
                    && other.resource_type().eq_ignore_ascii_case(row.resource_type())
                    && !std::ptr::eq(other.row, row.row)
            }) {
                let shared = row.groups().any(|group| other.matches_group(group));
                assert!(
                    !shared
                        || (row.chosen_by() == Some(ChosenBy::Sku) && other.chosen_by() == row.chosen_by()),
                    "{} {}",
                    row.cloud(),
                    row.resource_type()
                );
            }
        }
    }

    #[test]
    fn groups_match_without_case_and_by_pattern() {
        let sites = rows()
            .find(|row| row.resource_type() == "Microsoft.Web/sites")
            .unwrap();
        for (group, expected) in [
            ("sites", true),
            ("Sites", true),
            ("sites-staging", true),
            ("SITES-b", true),
            ("sites-", false),
            ("site", false),
            ("", false),
            ("sitesé", false),
            ("staging", false),
        ] {
            assert_eq!(sites.matches_group(group), expected, "{group}");
        }
    }
}
