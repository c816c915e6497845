//! How the table is written down, and how it is read: row by row, so that no second copy of it ever exists.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};

use super::KnownCloud;
use super::table::{ChosenBy, Rule};

/// One row, as the file has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenRow<'text> {
    cloud: KnownCloud,
    service: &'text str,
    #[serde(rename = "type")]
    resource_type: &'text str,
    #[serde(borrow)]
    groups: Vec<&'text str>,
    rule: Rule,
    by: Option<ChosenBy>,
    #[serde(borrow, default)]
    skus: Vec<&'text str>,
    #[serde(borrow)]
    zones: Vec<&'text str>,
    #[serde(borrow, default)]
    optional: Vec<&'text str>,
    #[serde(borrow)]
    forwarders: Vec<&'text str>,
    #[serde(borrow, default)]
    suffixes: Vec<&'text str>,
    api_version: Option<&'text str>,
    note: Option<&'text str>,
}

/// The file.
#[derive(Deserialize)]
struct Document<'text> {
    #[serde(borrow)]
    rows: Table<'text>,
}

/// Where a list lies among the elements.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    start: u16,
    length: u16,
}

/// One row, as it is kept.
#[derive(Debug)]
pub(super) struct Row<'text> {
    pub(super) cloud: KnownCloud,
    pub(super) rule: Rule,
    pub(super) by: Option<ChosenBy>,
    pub(super) groups: Span,
    pub(super) skus: Span,
    pub(super) zones: Span,
    pub(super) optional: Span,
    pub(super) forwarders: Span,
    pub(super) suffixes: Span,
    pub(super) resource_type: &'text str,
    pub(super) service: &'text str,
    pub(super) api_version: Option<&'text str>,
    pub(super) note: Option<&'text str>,
}

/// The rows, and the elements of all their lists one after the other.
#[derive(Debug, Default)]
pub(super) struct Table<'text> {
    pub(super) rows: Vec<Row<'text>>,
    elements: Vec<&'text str>,
}

impl<'text> Table<'text> {
    /// Reads the file.
    ///
    /// # Errors
    /// A text that is not of the file's shape.
    pub(super) fn parse(text: &'text str) -> Result<Self, serde_json::Error> {
        let mut table = serde_json::from_str::<Document<'text>>(text)?.rows;
        table.rows.shrink_to_fit();
        table.elements.shrink_to_fit();
        Ok(table)
    }

    /// The elements of a list.
    pub(super) fn list(&self, span: Span) -> &[&'text str] {
        let start = usize::from(span.start);
        self.elements
            .get(start..start + usize::from(span.length))
            .unwrap_or_default()
    }

    /// None where there are more elements than a span can count.
    fn keep(&mut self, list: Vec<&'text str>) -> Option<Span> {
        let span = Span {
            start: u16::try_from(self.elements.len()).ok()?,
            length: u16::try_from(list.len()).ok()?,
        };
        self.elements.extend(list);
        Some(span)
    }

    fn push(&mut self, row: WrittenRow<'text>) -> Option<()> {
        let row = Row {
            cloud: row.cloud,
            rule: row.rule,
            by: row.by,
            groups: self.keep(row.groups)?,
            skus: self.keep(row.skus)?,
            zones: self.keep(row.zones)?,
            optional: self.keep(row.optional)?,
            forwarders: self.keep(row.forwarders)?,
            suffixes: self.keep(row.suffixes)?,
            resource_type: row.resource_type,
            service: row.service,
            api_version: row.api_version,
            note: row.note,
        };
        self.rows.push(row);
        Some(())
    }
}

impl<'de: 'text, 'text> Deserialize<'de> for Table<'text> {
    fn deserialize<Source: Deserializer<'de>>(source: Source) -> Result<Self, Source::Error> {
        struct Rows;

        impl<'de> Visitor<'de> for Rows {
            type Value = Table<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of rows")
            }

            fn visit_seq<Access: SeqAccess<'de>>(
                self,
                mut rows: Access,
            ) -> Result<Table<'de>, Access::Error> {
                let mut table = Table::default();
                while let Some(row) = rows.next_element::<WrittenRow<'de>>()? {
                    table
                        .push(row)
                        .ok_or_else(|| Access::Error::custom("more elements than a span can count"))?;
                }
                Ok(table)
            }
        }

        source.deserialize_seq(Rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::table::TEXT;

    /// The controller's memory has a budget.
    #[test]
    fn the_table_is_small() {
        let table = Table::parse(TEXT).unwrap();
        let bytes =
            table.rows.capacity() * size_of::<Row<'_>>() + table.elements.capacity() * size_of::<&str>();
        println!("{bytes} bytes besides {} of text", TEXT.len());
        assert!(bytes <= 32 * 1024, "{bytes}");
        assert!(TEXT.len() <= 56 * 1024, "{}", TEXT.len());
    }

    #[test]
    fn a_damaged_table_is_an_error_and_not_a_panic() {
        for text in ["", "[]", "{\"rows\":[{}]}", "{\"rows\":[1]}", "{\"rows\":{}}"] {
            assert!(Table::parse(text).is_err(), "{text}");
        }
        assert!(Table::parse("{\"rows\":[]}").is_ok());
    }
}
