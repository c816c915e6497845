//! Regions: their names, and the short codes that a few zones carry in place of a name.
//!
//! The codes are data with a source of its own, `data/region-codes.json`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

const TEXT: &str = include_str!("../../data/region-codes.json");

/// Sorted by name, so that a look-up needs no map: about 80 pairs.
static CODES: LazyLock<Box<[(&'static str, &'static str)]>> =
    LazyLock::new(|| parse(TEXT).unwrap_or_default());

#[derive(Deserialize)]
struct Document<'text> {
    #[serde(borrow)]
    codes: BTreeMap<&'text str, &'text str>,
}

fn parse(text: &str) -> Result<Box<[(&str, &str)]>, serde_json::Error> {
    let document: Document<'_> = serde_json::from_str(text)?;
    Ok(document.codes.into_iter().collect())
}

/// The short code of a region, for instance `we` for `westeurope`; none for a region that the list does not have.
/// Takes a region's name or its display name.
pub fn region_code(region: &str) -> Option<&'static str> {
    let name = region_name(region);
    let found = CODES
        .binary_search_by(|(known, _)| (*known).cmp(name.as_str()))
        .ok()?;
    CODES.get(found).map(|(_, code)| *code)
}

/// Every region that has a code, with its code, by name.
pub fn region_codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    CODES.iter().copied()
}

/// `West Europe` and `westeurope` are one region; zones spell it the second way.
pub(super) fn region_name(region: &str) -> String {
    region
        .chars()
        .filter(|character| !character.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::zone_name::is_label;

    #[test]
    fn the_data_parses_and_every_code_is_a_label_of_its_own() {
        let codes = parse(TEXT).unwrap();
        assert_eq!(codes.len(), 81);
        assert!(codes.is_sorted_by(|left, right| left.0 < right.0));
        let mut seen = std::collections::BTreeSet::new();
        for (name, code) in &codes {
            assert!(
                is_label(code) && is_label(name) && *name == region_name(name),
                "{name}"
            );
            assert!(seen.insert(code), "{code} is the code of two regions");
        }
    }

    #[test]
    fn a_region_is_found_by_its_name_and_its_display_name() {
        for (region, code) in [
            ("westeurope", Some("we")),
            ("West Europe", Some("we")),
            ("EASTUS", Some("eus")),
            ("usgovvirginia", Some("ugv")),
            ("chinanorth3", None),
            ("", None),
        ] {
            assert_eq!(region_code(region), code, "{region}");
        }
    }
}
